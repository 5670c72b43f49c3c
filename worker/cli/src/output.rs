//! What is shown: a value as text for people or as JSON for machines on stdout, and progress on stderr.

use crate::printable;
use assay_blobs::Progress;
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Serialize, Serializer};
use std::{
    collections::BTreeMap,
    io::{self, Write},
    time::Duration,
};

/// How often a spinner turns.
const TURN: Duration = Duration::from_millis(120);

/// Where a verb shows what it found.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
}

impl Output {
    /// As JSON, or as text.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether it is for machines.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Shows a value: as one JSON document, or as the text that `human` makes.
    pub fn value(&self, value: &impl Serialize, human: impl FnOnce() -> String) {
        let text = match self.json {
            true => printable::json(
                &serde_json::to_string_pretty(value).expect("what is shown has strings for keys"),
            ),
            false => printable::lines(&human()),
        };
        // Whoever reads it may have seen enough.
        let _ = writeln!(io::stdout(), "{}", text.trim_end());
    }

    /// Shows a list: as JSON under its name, so that what comes to stand beside it later breaks no program.
    pub fn list(&self, name: &str, rows: &[impl Serialize], human: impl FnOnce() -> String) {
        self.value(&BTreeMap::from([(name, rows)]), human);
    }

    /// Tells people something beside the value.
    pub fn note(&self, text: &str) {
        if !self.json {
            eprintln!("{}", printable::lines(text));
        }
    }

    /// A bar of bytes.
    pub fn bytes(&self, what: &str) -> Bar {
        self.bar(what, "{msg:24} [{bar:30}] {bytes}/{total_bytes}, {bytes_per_sec}")
    }

    /// Something whose end can't be seen; [`Bar::say`] tells where it is.
    pub fn spinner(&self, what: &str) -> Bar {
        let bar = self.bar(what, "{spinner} {msg} ({elapsed})");
        bar.0.enable_steady_tick(TURN);
        bar
    }

    /// A bar is drawn on a terminal only.
    fn bar(&self, what: &str, template: &str) -> Bar {
        let bar = if self.json { ProgressBar::hidden() } else { ProgressBar::new(0) };
        bar.set_style(ProgressStyle::with_template(template).expect("the template is a constant"));
        bar.set_message(what.to_string());
        Bar(bar)
    }
}

/// How far something is. Goes away when it is dropped.
pub struct Bar(ProgressBar);

impl Bar {
    /// Says where it is.
    pub fn say(&self, what: impl Into<String>) {
        self.0.set_message(printable::line(&what.into()));
    }
}

impl Progress for Bar {
    fn start(&self, total: u64) {
        self.0.set_length(total);
        self.0.set_position(0);
    }

    fn add(&self, amount: u64) {
        self.0.inc(amount);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// 32 bytes as `0x` and 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hex(pub [u8; 32]);

impl std::fmt::Display for Hex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Bytes with the unit that people would use.
pub fn size(bytes: u64) -> String {
    indicatif::HumanBytes(bytes).to_string()
}

/// Lines of names and values, the values below one another.
pub fn fields(rows: &[(&str, String)]) -> String {
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    rows.iter().map(|(name, value)| format!("{name:width$}  {}\n", printable::line(value))).collect()
}

/// Rows below a header, in columns.
pub fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let cell = |row: usize, column: usize| match row {
        0 => header[column].into(),
        row => printable::line(&rows[row - 1][column]),
    };
    let width = |column| (0..=rows.len()).map(|row| cell(row, column).chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |row: usize| {
        let cells = widths.iter().enumerate().map(|(column, width)| format!("{:width$}", cell(row, column)));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    (0..=rows.len()).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_stand_in_columns() {
        assert_eq!(fields(&[("a", "1".into()), ("long", "2".into())]), "a     1\nlong  2\n");
        let rows = [vec!["1".to_string(), "agreed".into()], vec!["10".into(), "open".into()]];
        assert_eq!(table(&["id", "state"], &rows), "id  state\n1   agreed\n10  open\n");
        assert_eq!(table(&["id"], &[]), "id\n");
        assert_eq!(fields(&[("a", "1\nb  2".into())]), "a  1\\nb  2\n", "a value makes no row of its own");
    }

    #[test]
    fn hashes_are_written_in_full() {
        let text = serde_json::to_string(&Hex([0xab; 32])).unwrap();
        assert_eq!(text, format!("\"0x{}\"", "ab".repeat(32)));
    }

    #[test]
    fn bars_count_what_they_are_told() {
        let bar = Output::new(true).bytes("test");
        bar.start(10);
        bar.add(4);
        bar.add(3);
        assert_eq!((bar.0.position(), bar.0.length()), (7, Some(10)));
        bar.start(5);
        assert_eq!(bar.0.position(), 0);
    }
}
