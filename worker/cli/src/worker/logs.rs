//! What the worker says while it works: a line an event, with fields, on standard error.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

use crate::error::CliError;

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
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .try_init()
        .map_err(|error| CliError::Worker(format!("nothing can be logged: {error}")))
}
