//! Texts of others on their way to a terminal or a log: what would move the cursor, colour or reorder the rest, or begin
//! a line of its own, is shown as what it is.

/// Whether a character does something else than to be seen.
fn is_hidden(c: char) -> bool {
    // The marks of direction are no control characters.
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn escaped(text: &str, keep: impl Fn(char) -> bool, escape: impl Fn(char) -> String) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match is_hidden(c) && !keep(c) {
            true => shown += &escape(c),
            false => shown.push(c),
        }
    }
    shown
}

/// A text in one line.
pub fn line(text: &str) -> String {
    escaped(text, |_| false, |c| c.escape_default().to_string())
}

/// A text that may have several lines, and tabs in them.
pub fn lines(text: &str) -> String {
    escaped(text, |c| matches!(c, '\n' | '\t'), |c| c.escape_default().to_string())
}

/// A JSON document. In strings a JSON escape means the same; breaks of lines are between values only.
pub fn json(document: &str) -> String {
    escaped(document, |c| c == '\n', |c| format!("\\u{:04x}", u32::from(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_things_to_a_terminal_is_shown_as_what_it_is() {
        assert_eq!(line("a\u{1b}[2J\nb\u{9b}1m\u{202e}é"), r"a\u{1b}[2J\nb\u{9b}1m\u{202e}é");
        assert_eq!(lines("a\n\tb\r\u{7f}"), "a\n\tb\\r\\u{7f}");
    }

    #[test]
    fn json_stays_what_it_means() {
        let value = serde_json::json!({ "text": "\u{9b}31m\u{202e}\u{1b}" });
        let shown = json(&serde_json::to_string_pretty(&value).expect("JSON"));
        assert!(!shown.contains(['\u{9b}', '\u{202e}', '\u{1b}']), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).expect("JSON"), value);
    }
}
