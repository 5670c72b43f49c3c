//! One run of the binary.

use super::until;
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
};

/// The binary under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_assay-node");

/// A running process of the binary. Ends with this handle, whatever becomes of the test.
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts the binary. Whatever it prints is appended to the file `log`.
    pub fn start(arguments: &[String], log: &Path) -> Self {
        let output = File::options().create(true).append(true).open(log).expect("the log can be written");
        let errors = output.try_clone().expect("the log can be written twice");
        let child = Command::new(BINARY)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .expect("the built binary runs");
        Self { child, log: log.to_owned() }
    }

    /// Runs the binary until it ends by itself; returns how it ended and what it printed.
    pub async fn run_to_end(arguments: &[String], log: &Path) -> (ExitStatus, String) {
        let printed_before = fs::read(log).map_or(0, |log| log.len());
        let status = Self::start(arguments, log).end().await;
        let log = fs::read(log).expect("the log of the run is there");
        (status, String::from_utf8_lossy(&log[printed_before..]).into_owned())
    }

    /// How the process has ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be asked for its status")
    }

    async fn end(&mut self) -> ExitStatus {
        let what = format!("the end of the process that logs to {}", self.log.display());
        until(&what, async || self.ended()).await
    }

    /// Ends the process at once, with no chance to put anything in order (SIGKILL).
    pub fn kill(&mut self) {
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("a killed child ends");
    }

    /// Asks the process to end and waits until it has (SIGTERM).
    pub async fn stop(&mut self) {
        let asked = Command::new("sh")
            .args(["-c", "kill -TERM \"$0\"", &self.child.id().to_string()])
            .status()
            .expect("a shell is there");
        assert!(asked.success(), "{} has no process to stop", self.log.display());
        self.end().await;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only where the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
