//! What the worker says while it works: a line an event, with fields, on standard error; with `--json`, an object a line.

use std::fmt;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::EnvFilter;

use crate::error::CliError;
use crate::printable;

/// Names what is said: a level, or levels of parts.
const FILTER: &str = "ASSAY_LOG";

/// Begins to say things: as text for people, or as JSON for machines.
///
/// # Errors
///
/// The filter is none, or this was done before.
pub fn start(json: bool) -> Result<(), CliError> {
    let text = std::env::var(FILTER).unwrap_or_else(|_| "info".into());
    let filter = EnvFilter::try_new(&text).map_err(|error| {
        CliError::Usage(format!("{FILTER} is {text:?}, expected a level such as info: {error}"))
    })?;
    let escape = if json { printable::json } else { printable::line };
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || Escaped { writer: io::stderr(), escape })
        // Colours could not be told from what others put into a text.
        .with_ansi(false);
    let begun = if json { log.event_format(Json).try_init() } else { log.try_init() };
    begun.map_err(|error| CliError::Worker(format!("nothing can be logged: {error}")))
}

/// Writes a line at a time, as the subscriber gives them; what others put into it stays visible and in that line.
struct Escaped<W> {
    writer: W,
    escape: fn(&str) -> String,
}

impl<W: Write> Write for Escaped<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let shown = (self.escape)(text.strip_suffix('\n').unwrap_or(&text));
        self.writer.write_all(format!("{shown}\n").as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Makes an event one JSON object.
struct Json;

/// An event as machines read it.
#[derive(Serialize)]
struct Line<'a> {
    timestamp: String,
    level: &'a str,
    target: &'a str,
    fields: Fields,
}

/// The message and what is beside it, by name.
#[derive(Default, Serialize)]
struct Fields(Map<String, Value>);

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let (mut timestamp, mut fields) = (String::new(), Fields::default());
        SystemTime.format_time(&mut Writer::new(&mut timestamp))?;
        event.record(&mut fields);
        let about = event.metadata();
        let line = Line { timestamp, level: about.level().as_str(), target: about.target(), fields };
        writeln!(writer, "{}", serde_json::to_string(&line).map_err(|_| fmt::Error)?)
    }
}

impl Fields {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().into(), value.into());
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::subscriber::with_default;

    use super::*;

    /// What is written, for a test to read.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no panic").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_event_is_one_line_whatever_is_in_it() {
        let mut log = Escaped { writer: Vec::new(), escape: printable::line };
        log.write_all(b"WARN left \x1b[2J\nERROR made up\n").expect("memory");
        assert_eq!(log.writer, b"WARN left \\u{1b}[2J\\nERROR made up\n");
    }

    #[test]
    fn machines_read_an_event_as_an_object_whatever_is_in_it() {
        let written = Written::default();
        let writer = written.clone();
        let log = tracing_subscriber::fmt()
            .with_writer(move || Escaped { writer: writer.clone(), escape: printable::json })
            .event_format(Json)
            .finish();
        let error = "broken \u{9b}2J\n\"{}\"";
        with_default(log, || {
            tracing::warn!(job = 7_u64, ready = false, lag = -1_i64, share = 0.5, %error, name = "x", "left it");
        });
        let bytes = written.0.lock().expect("no panic").clone();
        let text = String::from_utf8(bytes).expect("text");
        assert!(text.ends_with('\n') && text.lines().count() == 1 && !text.contains('\u{9b}'), "{text}");
        let line: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["target"], module_path!());
        let fields = serde_json::json!({
            "message": "left it", "job": 7, "ready": false, "lag": -1, "share": 0.5, "error": error, "name": "x",
        });
        assert_eq!(line["fields"], fields);
        let timestamp = line["timestamp"].as_str().expect("a time");
        assert!(timestamp.starts_with("20") && timestamp.ends_with('Z'), "{timestamp}");
    }
}
