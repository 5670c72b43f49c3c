//! A key file and a configuration that uses it: what a person, or a machine, runs `assay` with.

use super::{free_port, process::Process};
use crate::documented;
use assay_chain::{AccountId, Pair};
use serde_json::Value;
use sp_core::Pair as _;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The binary under test.
pub const ASSAY: &str = env!("CARGO_BIN_EXE_assay");

/// A directory with a key, a configuration and everything that is kept for them.
pub struct Home {
    directory: PathBuf,
    admin_port: u16,
    /// Where its blobs are served, if it serves any.
    pub url: String,
    /// Whose key it is.
    pub account: AccountId,
}

impl Home {
    /// A home below a directory, with the key of a secret URI. It asks the node at `node`, and the blob servers at
    /// `peers` after those that the chain names.
    pub fn new(parent: &Path, name: &str, uri: &str, node: &str, peers: &[&str]) -> Self {
        let directory = parent.join(name);
        fs::create_dir_all(&directory).expect("a directory can be made");
        let (blobs_port, admin_port) = (free_port(), free_port());
        let (home, key) = (directory.display(), directory.join("key"));
        let config = format!(
            r#"nodes = ["{node}"]
data = "{home}"
[key]
file = "{home}/key"
[blobs]
listen = "127.0.0.1:{blobs_port}"
public_url = "http://127.0.0.1:{blobs_port}"
peers = {peers:?}
allow_private = true
[worker]
jobs = 2
threads = 1
admin = "127.0.0.1:{admin_port}"
"#
        );
        fs::write(&key, format!("{uri}\n")).expect("the key can be written");
        fs::write(directory.join("assay.toml"), config).expect("the configuration can be written");
        let pair = Pair::from_string(uri, None).expect("the URI is that of a key");
        let url = format!("http://127.0.0.1:{blobs_port}");
        Self { directory, admin_port, url, account: pair.public().into() }
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Where its processes log to.
    pub fn log_file(&self) -> PathBuf {
        self.path("log")
    }

    /// What its processes have logged so far.
    pub fn log(&self) -> String {
        fs::read(self.log_file()).map(|log| String::from_utf8_lossy(&log).into_owned()).unwrap_or_default()
    }

    /// Where its worker answers to its operator.
    pub fn admin(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.admin_port)
    }

    /// A call of the program, with nothing of the environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(ASSAY);
        command.env_clear().arg("--json").arg("--config").arg(self.path("assay.toml")).args(arguments);
        command
    }

    /// What a verb shows, which is what the README says; the line that it ends with where it fails.
    pub fn try_assay(&self, arguments: &[&str]) -> Result<Value, String> {
        let output = self.command(arguments).stdin(Stdio::null()).output().expect("the built program runs");
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).trim().to_string());
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let shown: Value =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {text}"));
        documented::check(arguments, &shown);
        Ok(shown)
    }

    /// What a verb shows.
    pub fn assay(&self, arguments: &[&str]) -> Value {
        self.try_assay(arguments).unwrap_or_else(|line| panic!("assay {arguments:?}: {line}"))
    }

    /// Starts a verb that goes on.
    pub fn start(&self, arguments: &[&str]) -> Process {
        Process::start(self.command(arguments), &self.log_file())
    }
}
