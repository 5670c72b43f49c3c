//! Holds what verbs show with `--json` against the tables of the README.

use serde_json::Value;

const README: &str = include_str!("../../README.md");

/// What stands for a value in the README: `{a, b?: {c}, d: [e]}`, where `e` is a row of its own.
enum Shape<'a> {
    /// A text, a number, a truth, or a list of them.
    Plain,
    /// Anything.
    Any,
    Object(Vec<Field<'a>>),
    List(Box<Shape<'a>>),
    Named(&'a str),
}

struct Field<'a> {
    name: &'a str,
    may_be_missing: bool,
    shape: Shape<'a>,
}

/// The rest of a shape that is read.
struct Text<'a>(&'a str);

impl<'a> Text<'a> {
    fn eat(&mut self, sign: char) -> bool {
        let rest = self.0.trim_start();
        self.0 = rest.strip_prefix(sign).unwrap_or(rest);
        self.0.len() < rest.len()
    }

    fn word(&mut self) -> &'a str {
        let text = self.0.trim_start();
        let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        assert!(!word.is_empty(), "no name before {rest:?}");
        self.0 = rest;
        word
    }

    fn shape(&mut self) -> Shape<'a> {
        if self.eat('[') {
            let of = self.shape();
            assert!(self.eat(']'), "no ] before {:?}", self.0);
            return Shape::List(Box::new(of));
        }
        if !self.eat('{') {
            return match self.word() {
                "any" => Shape::Any,
                name => Shape::Named(name),
            };
        }
        let mut fields = Vec::new();
        loop {
            let name = self.word();
            let may_be_missing = self.eat('?');
            let shape = if self.eat(':') { self.shape() } else { Shape::Plain };
            fields.push(Field { name, may_be_missing, shape });
            if !self.eat(',') {
                break;
            }
        }
        assert!(self.eat('}'), "no }} before {:?}", self.0);
        Shape::Object(fields)
    }
}

fn shape(text: &str) -> Shape<'_> {
    let mut rest = Text(text);
    let shape = rest.shape();
    assert_eq!(rest.0, "", "behind the shape of {text}");
    shape
}

/// What is between backticks.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// Names and shapes of each row.
fn rows() -> impl Iterator<Item = (Vec<&'static str>, Vec<&'static str>)> {
    let (_, json) = README.split_once("## JSON\n").expect("a section on JSON");
    let (json, _) = json.split_once("\n## ").expect("and one behind it");
    let rows = json.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "));
    rows.map(|(names, shapes)| (quoted(names), quoted(shapes)))
}

/// The shapes of the row that a name is in.
fn named(is_it: impl Fn(&str) -> bool) -> Option<Vec<&'static str>> {
    rows().find(|(names, _)| names.iter().any(|name| is_it(name))).map(|(_, shapes)| shapes)
}

/// Where a value is not of a shape, if it is not. What there is none of is null, whatever it would be.
fn difference(shape: &Shape<'_>, value: &Value, place: &str) -> Option<String> {
    match (shape, value) {
        (Shape::Any, _) | (_, Value::Null) => None,
        (Shape::Named(name), _) => {
            let shapes = named(|row| row == *name).unwrap_or_else(|| panic!("{name} is no row"));
            fits_none(&shapes, value, place)
        }
        (Shape::List(of), Value::Array(all)) => all.iter().find_map(|item| difference(of, item, place)),
        (Shape::Object(fields), Value::Object(found)) => {
            let is_missing = |field: &&Field<'_>| !field.may_be_missing && !found.contains_key(field.name);
            if let Some(Field { name, .. }) = fields.iter().find(is_missing) {
                return Some(format!("{place} has no {name}"));
            }
            found.iter().find_map(|(key, value)| match fields.iter().find(|field| field.name == key) {
                Some(field) => difference(&field.shape, value, &format!("{place}.{key}")),
                None => Some(format!("{place}.{key} is not in the README")),
            })
        }
        (Shape::Plain, Value::Array(all)) => all.iter().find_map(|item| difference(shape, item, place)),
        (Shape::Plain, Value::Bool(_) | Value::Number(_) | Value::String(_)) => None,
        _ => Some(format!("{place} is {value}")),
    }
}

/// What is wrong where a value is of none of some shapes.
fn fits_none(shapes: &[&str], value: &Value, place: &str) -> Option<String> {
    let wrong: Option<Vec<_>> = shapes.iter().map(|text| difference(&shape(text), value, place)).collect();
    wrong.map(|wrong| wrong.join("; or "))
}

/// Panics where a verb shows something else than the README says.
pub fn check(arguments: &[&str], shown: &Value) {
    let is_it = |name: &str| {
        let words: Vec<_> = name.split(' ').collect();
        words.len() > 1 && arguments.windows(words.len()).any(|part| part == words)
    };
    let shapes = named(is_it).unwrap_or_else(|| panic!("the README does not say what {arguments:?} shows"));
    assert!(!shown.is_null(), "{arguments:?} shows nothing");
    if let Some(wrong) = fits_none(&shapes, shown, "it") {
        panic!("{arguments:?} shows something else than the README says: {wrong}: {shown:#}");
    }
}
