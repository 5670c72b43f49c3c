//! What the worker says while it works: a line an event, with fields, on standard error.

use std::io::{self, Write};

use tracing_subscriber::EnvFilter;

use crate::error::CliError;
use crate::printable;

/// Names what is said: a level, or levels of parts.
const FILTER: &str = "ASSAY_LOG";

/// Begins to say things.
///
/// # Errors
///
/// The filter is none, or this was done before.
pub fn start() -> Result<(), CliError> {
    let text = std::env::var(FILTER).unwrap_or_else(|_| "info".into());
    let filter = EnvFilter::try_new(&text).map_err(|error| {
        CliError::Usage(format!("{FILTER} is {text:?}, expected a level such as info: {error}"))
    })?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Escaped(io::stderr()))
        // Colours could not be told from what others put into a text.
        .with_ansi(false)
        .try_init()
        .map_err(|error| CliError::Worker(format!("nothing can be logged: {error}")))
}

/// Writes a line at a time, as the subscriber gives them; what others put into it stays visible and in that line.
struct Escaped<W>(W);

impl<W: Write> Write for Escaped<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let shown = printable::line(text.strip_suffix('\n').unwrap_or(&text));
        self.0.write_all(format!("{shown}\n").as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_whatever_is_in_it() {
        let mut log = Escaped(Vec::new());
        log.write_all(b"WARN left \x1b[2J\nERROR made up\n").expect("memory");
        assert_eq!(log.0, b"WARN left \\u{1b}[2J\\nERROR made up\n");
    }
}
