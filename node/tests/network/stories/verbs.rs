//! What operators do with a database while no node runs on it.

use crate::harness::{process::Process, until, Network};
use serde_json::Value;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// How many blocks the chain of this story has.
const BLOCKS: u64 = 3;

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_is_exported_purged_imported_and_reverted() {
    // Sealed no faster than in its slots, since blocks of slots to come are refused on import.
    let mut network = Network::new("dev");
    network.add("sealer", &["--dev", "--sealing=3000"]).start().await;
    until("blocks", async || (u64::from(network["sealer"].client().best().await) >= BLOCKS).then_some(()))
        .await;
    network["sealer"].stop().await;

    let chain = Database::new(network.base_path("sealer"));
    let before = chain.info().await;
    assert!(before["best_number"].as_u64() >= Some(BLOCKS), "{before}");

    let file = chain.home.path().join("blocks").display().to_string();
    chain.run("export-blocks", &["--to=3", &file]).await;
    chain.run("purge-chain", &["-y"]).await;
    let told = chain.refused("chain-info", &[]).await;
    assert!(told.contains("there is none"), "{told}");

    chain.run("import-blocks", &[&file]).await;
    let imported = chain.info().await;
    assert_eq!(
        (&imported["best_number"], &imported["genesis_hash"]),
        (&BLOCKS.into(), &before["genesis_hash"])
    );

    chain.run("check-block", &["2"]).await;
    chain.run("revert", &["1"]).await;
    assert_eq!(chain.info().await["best_number"], BLOCKS - 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_specification_is_exported_whole() {
    let chain = Database::new(PathBuf::new());
    let file = chain.home.path().join("raw.json");
    let arguments = ["export-chain-spec", "--raw", "--chain=test", "--output", &file.display().to_string()];
    let (status, printed) = Process::run_to_end(&arguments.map(String::from), &chain.log()).await;
    assert!(status.success(), "{printed}");
    let raw: Value =
        serde_json::from_slice(&std::fs::read(file).expect("it was written")).expect("it is JSON");
    let state = raw["genesis"]["raw"]["top"].as_object().expect("a raw specification lists the state");
    assert!(state.contains_key("0x3a636f6465"), "the runtime's code is part of it");
}

/// The database of a node that does not run.
struct Database {
    base_path: PathBuf,
    home: TempDir,
}

impl Database {
    fn new(base_path: PathBuf) -> Self {
        Self { base_path, home: tempfile::tempdir().expect("a temporary directory can be made") }
    }

    fn log(&self) -> PathBuf {
        Path::join(self.home.path(), "log")
    }

    /// Runs a verb that has to succeed, and returns what it printed.
    async fn run(&self, verb: &str, arguments: &[&str]) -> String {
        let (succeeded, printed) = self.try_run(verb, arguments).await;
        assert!(succeeded, "{verb}: {printed}");
        printed
    }

    /// Runs a verb that has to fail, and returns what it printed.
    async fn refused(&self, verb: &str, arguments: &[&str]) -> String {
        let (succeeded, printed) = self.try_run(verb, arguments).await;
        assert!(!succeeded, "{verb}: {printed}");
        printed
    }

    async fn try_run(&self, verb: &str, arguments: &[&str]) -> (bool, String) {
        let mut all =
            vec![verb.to_owned(), "--chain=dev".into(), format!("--base-path={}", self.base_path.display())];
        all.extend(arguments.iter().map(|argument| argument.to_string()));
        let (status, printed) = Process::run_to_end(&all, &self.log()).await;
        (status.success(), printed)
    }

    /// What `chain-info` prints, which is JSON after some lines of log.
    async fn info(&self) -> Value {
        let printed = self.run("chain-info", &[]).await;
        let json = printed.find('{').and_then(|begin| Some(&printed[begin..=printed.rfind('}')?]));
        serde_json::from_str(json.unwrap_or_else(|| panic!("{printed}"))).expect("it is JSON")
    }
}
