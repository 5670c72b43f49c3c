//! A process that ends with its test.

use std::{
    fs::File,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
};

/// A running process. Ends with this handle, whatever becomes of the test.
pub struct Process(Child);

impl Process {
    /// Starts a program. Whatever it prints is appended to the file `log`.
    pub fn start(mut command: Command, log: &Path) -> Self {
        let output = File::options().create(true).append(true).open(log).expect("the log can be written");
        let errors = output.try_clone().expect("the log can be written twice");
        let started = command.stdin(Stdio::null()).stdout(output).stderr(errors).spawn();
        Self(started.expect("the built program runs"))
    }

    /// Its number, as the system knows it.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// How the process has ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().expect("a child can be asked for its status")
    }

    /// Ends the process at once, with no chance to put anything in order (SIGKILL).
    pub fn kill(&mut self) {
        self.0.kill().expect("a child can be killed");
        self.0.wait().expect("a killed child ends");
    }

    /// Asks the process to end, and waits until it has (SIGTERM).
    pub fn stop(&mut self) {
        self.signal("TERM");
        self.0.wait().expect("a child can be waited for");
    }

    /// Holds the process up where it is: who connects to it waits (SIGSTOP).
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// Lets it go on (SIGCONT).
    pub fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let id = self.id().to_string();
        let sent = Command::new("/bin/sh").args(["-c", "kill -\"$0\" \"$1\"", name, &id]).status();
        assert!(sent.expect("a shell is there").success(), "process {id} can't be sent SIG{name}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only where the process has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
