//! The Assay node: a validator or a full node of the chain, in one binary.
//!
//! [`cli`] says what can be asked of it, [`command`] does that, [`service`] puts a running node together, and [`rpc`]
//! adds our own methods to the standard ones. No rule of the chain is decided here: those are in the runtime.

mod cli;
mod command;
mod error;
mod rpc;
mod service;

use std::{process::ExitCode, thread, time::Duration};

/// Longer than the SDK's logger keeps a line back, which it offers no way to ask for.
const LOG_WRITTEN: Duration = Duration::from_millis(120);

fn main() -> ExitCode {
    match command::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The line that matters comes last.
            thread::sleep(LOG_WRITTEN);
            eprintln!("Error: {}", error.line());
            ExitCode::FAILURE
        }
    }
}
