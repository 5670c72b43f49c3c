//! Files of settings: JSON, of which we read the fields that we know.

use std::path::Path;

use serde_json::{Map, Value};

use crate::canonical::MAX_BYTES;
use crate::error::{Invalid, Problem};
use crate::package::read_file;

/// A JSON object of a file.
pub(super) struct Settings {
    file: String,
    /// What errors put before a field: the field that these are within.
    within: String,
    fields: Map<String, Value>,
}

impl Settings {
    pub(super) fn read(path: &Path) -> Result<Self, Invalid> {
        let file = path.display().to_string();
        match read_json(path)? {
            Value::Object(fields) => Ok(Self { file, within: String::new(), fields }),
            _ => Err(Problem::Format("is no JSON object".into()).at(&file, "contents")),
        }
    }

    pub(super) fn invalid(&self, field: &str, problem: Problem) -> Invalid {
        problem.at(&self.file, format!("{}{field}", self.within))
    }

    /// A field that is there; null counts as absent.
    pub(super) fn get(&self, field: &str) -> Option<&Value> {
        self.fields.get(field).filter(|value| !value.is_null())
    }

    /// The names of the fields that are true.
    pub(super) fn flags(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(|(_, value)| value.as_bool() == Some(true)).map(|(field, _)| field.as_str())
    }

    /// An integer of at least 1.
    pub(super) fn size(&self, field: &str) -> Result<u64, Invalid> {
        let value = self.required(field)?;
        let size = value.as_u64().filter(|size| *size > 0);
        size.ok_or_else(|| self.invalid(field, Problem::mismatch("an integer of at least 1", value)))
    }

    /// As the frameworks that models come from read it: rounded to binary64, and then to binary32.
    pub(super) fn float(&self, field: &str) -> Result<f32, Invalid> {
        Ok(self.number(field)? as f32)
    }

    /// Rounded to binary64, which is right by the feature `float_roundtrip` of `serde_json`, or where some crate turns on
    /// `arbitrary_precision`.
    pub(super) fn number(&self, field: &str) -> Result<f64, Invalid> {
        let value = self.required(field)?;
        value.as_f64().ok_or_else(|| self.invalid(field, Problem::mismatch("a number", value)))
    }

    /// A number that is finite and not below another one.
    pub(super) fn at_least(&self, field: &str, least: f64) -> Result<f64, Invalid> {
        let number = self.number(field)?;
        if !(number.is_finite() && number >= least) {
            let problem = Problem::mismatch(format!("a number of at least {least}"), number);
            return Err(self.invalid(field, problem));
        }
        Ok(number)
    }

    /// The fields of a field that is there. Errors name both.
    pub(super) fn object(&self, field: &str) -> Result<Option<Self>, Invalid> {
        match self.get(field) {
            None => Ok(None),
            Some(Value::Object(fields)) => {
                let within = format!("{}{field}, ", self.within);
                Ok(Some(Self { file: self.file.clone(), within, fields: fields.clone() }))
            }
            Some(other) => Err(self.invalid(field, Problem::mismatch("an object", other))),
        }
    }

    /// Refuses any other value, and its absence too.
    pub(super) fn expect(&self, field: &str, expected: &str) -> Result<(), Invalid> {
        match self.required(field)? {
            value if *value == expected => Ok(()),
            other => Err(self.invalid(field, Problem::mismatch(format!("{expected:?}"), other))),
        }
    }

    /// A text.
    pub(super) fn text(&self, field: &str) -> Result<&str, Invalid> {
        let value = self.required(field)?;
        value.as_str().ok_or_else(|| self.invalid(field, Problem::mismatch("a text", value)))
    }

    /// True or false; absent is false.
    pub(super) fn flag(&self, field: &str) -> Result<bool, Invalid> {
        match self.get(field) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => Err(self.invalid(field, Problem::mismatch("true or false", other))),
        }
    }

    fn required(&self, field: &str) -> Result<&Value, Invalid> {
        self.get(field).ok_or_else(|| self.invalid(field, Problem::Missing))
    }
}

/// A whole file, of at most [`MAX_BYTES`].
pub(super) fn read_json(path: &Path) -> Result<Value, Invalid> {
    let bytes = read_file(path, |size| Problem::limit(MAX_BYTES, size))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Problem::Format(error.to_string()).at(&path.display().to_string(), "contents"))
}
