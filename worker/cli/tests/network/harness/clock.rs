//! Clocks that are wrong.
//!
//! The system's clock is everybody's, and a namespace only shifts clocks that count durations. So a process is started
//! with a library that answers in the place of the C library's: whatever of it asks for the time of day is told another
//! one, whether we know of it or not.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// In C, since no crate here may have unsafe code; every build needs its compiler anyway.
const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/network/harness/clock.c");

/// Builds a library in a directory. What is started with it in `LD_PRELOAD` has a clock that is so many seconds ahead,
/// or behind where they are below zero.
pub fn shifted(directory: &Path, seconds: i64) -> PathBuf {
    let library = directory.join(format!("clock{seconds:+}.so"));
    let mut compiler = Command::new("clang");
    compiler.args(["-shared", "-fPIC", SOURCE, "-o"]).arg(&library).arg(format!("-DSHIFT={seconds}L"));
    let status = compiler.status().expect("clang is there, or scripts/setup installs it");
    assert!(status.success(), "{SOURCE} does not compile");
    library
}
