//! Runs the program in a directory of its own, with nothing of the user's environment.

use crate::documented;
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// A key file of another program; its password is `correct horse`.
pub const ALICE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/alice.json");
/// Alice's address on a development chain.
pub const ALICE_ADDRESS: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
/// Nobody listens there.
pub const NO_NODE: &str = "ws://127.0.0.1:1";

/// A directory to run in.
pub struct Home(tempfile::TempDir);

impl Home {
    /// An empty one.
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file into it.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// Runs the program with arguments and variables.
    pub fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_assay"))
            .args(arguments)
            .current_dir(self.0.path())
            .env_clear()
            .env("HOME", self.0.path())
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// What it shows when all is well.
    pub fn shown(&self, arguments: &[&str], variables: &[(&str, &str)]) -> String {
        let output = self.run(arguments, variables);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments:?}: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The same as JSON, which is what the README says.
    pub fn json(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Value {
        let text = self.shown(&[&["--json"][..], arguments].concat(), variables);
        let shown: Value =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {text}"));
        documented::check(arguments, &shown);
        shown
    }

    /// The one line that it ends with, and its exit code.
    pub fn refused(&self, arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String) {
        let output = self.run(arguments, variables);
        let (shown, error) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert_eq!(shown, "", "{arguments:?}");
        let line = error.strip_suffix('\n').unwrap_or(&error);
        assert_eq!(line.lines().count(), 1, "{arguments:?}: {error}");
        let line = line.strip_prefix("Error: ").unwrap_or_else(|| panic!("{arguments:?}: {error}"));
        (output.status.code().unwrap(), line.into())
    }

    /// A text and the directory of a model that can be trained on it.
    pub fn training(&self) {
        self.write("text", &"the quick brown fox jumps over the lazy dog\n".repeat(10));
        self.shown(&["model", "import", "decoder:tiny", "training", "--steps", "40"], &[]);
    }
}

/// A path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
