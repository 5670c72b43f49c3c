//! Input that no node can be started with: one clear line each, a failure as exit code, and nothing overwritten.

use crate::harness::{node::Node, process::Process, until};
use assay_runtime::{BlockNumber, Hash};
use sp_runtime::traits::{BlakeTwo256, Hash as _};
use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::ExitStatus,
};
use tempfile::TempDir;

const SPECIFICATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../chain-spec/development.json");

/// A directory for a node, and for what it is started with.
fn home() -> TempDir {
    tempfile::tempdir().expect("a temporary directory can be made")
}

/// A node in `home`, the same one each time but for its options.
fn node(home: &Path, options: &[&str]) -> Node {
    Node::new(home, "node", 1, options, &[])
}

/// Runs a node that has to refuse to start, and returns the one line in which it says why.
async fn refusal(node: &Node) -> String {
    let (status, printed) = node.run_to_end().await;
    only_line(status, &printed)
}

/// The one line that a process has to end with when it fails.
fn only_line(status: ExitStatus, printed: &str) -> String {
    assert!(status.code().is_some_and(|code| code != 0), "{status}: {printed}");
    for noise in ["panicked", "backtrace", "Backtrace"] {
        assert!(!printed.contains(noise), "{printed}");
    }
    let errors: Vec<_> = printed.lines().filter(|line| line.starts_with("Error")).collect();
    assert_eq!(errors.len(), 1, "{printed}");
    assert_eq!(printed.lines().last(), Some(errors[0]), "nothing follows the line that says why: {printed}");
    errors[0].strip_prefix("Error: ").unwrap_or_else(|| panic!("{printed}")).to_owned()
}

/// Checks that a node with these options refuses to start and says `named`.
async fn is_refused(options: &[&str], named: &str) {
    let home = home();
    let line = refusal(&node(home.path(), options)).await;
    assert!(line.contains(named), "{line:?} does not say {named:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_nobody_knows_is_refused() {
    is_refused(&["--chain=nowhere"], "nowhere").await;
    is_refused(&["--chain=test-99"], "test-99").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_specification_that_cannot_be_read_is_refused() {
    let home = home();
    let directory = home.path().display().to_string();
    is_refused(&[&format!("--chain={directory}")], &directory).await;

    let broken = home.path().join("broken.json");
    fs::write(&broken, "{ \"name\": \"Broken\", ").expect("a file can be written");
    is_refused(&[&format!("--chain={}", broken.display())], "broken.json").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_genesis_that_no_chain_can_start_from_is_refused() {
    is_refused(&["--chain=production"], "session.keys names no validator").await;

    let home = home();
    let ours = fs::read_to_string(SPECIFICATION).expect("the specification is in the repository");
    let odd = home.path().join("odd.json");
    fs::write(&odd, ours.replace("\"slotMillis\": 3000", "\"slotMillis\": 2999"))
        .expect("a file can be written");
    is_refused(&[&format!("--chain={}", odd.display())], "clock.slotMillis is odd").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_refused() {
    let home = home();
    let node = node(home.path(), &["--chain=dev", "--alice"]);
    let port = node.p2p_port();
    let _taken = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("the port was free");
    let line = refusal(&node).await;
    assert!(line.contains(&port.to_string()), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_for_clients_that_is_taken_is_refused() {
    let home = home();
    let node = node(home.path(), &["--chain=dev", "--alice"]);
    let port = node.rpc_port();
    let _taken = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("the port was free");
    let line = refusal(&node).await;
    assert!(line.contains(&port.to_string()), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_without_session_keys_is_refused() {
    is_refused(&["--chain=test", "--validator"], "session keys").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_without_a_network_key_is_refused() {
    let home = home();
    let arguments = ["--chain=test", "--alice", &format!("--base-path={}", home.path().display())];
    let (status, printed) =
        Process::run_to_end(&arguments.map(String::from), &home.path().join("node.log")).await;
    let line = only_line(status, &printed);
    assert!(line.contains("network key") && line.contains("--node-key"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrupt_database_is_refused_and_left_as_it_is() {
    let home = home();
    let options = ["--dev", "--sealing=200"];
    run_until_there_are_blocks(&mut node(home.path(), &options)).await;
    let metadata = database(home.path()).join("metadata");

    fs::write(&metadata, "neither a version nor columns").expect("the database can be damaged");
    is_refused_and_left_alone(home.path(), &options).await;

    fs::remove_file(&metadata).expect("the database can be damaged");
    is_refused_and_left_alone(home.path(), &options).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_full_of_noise_is_refused_time_and_again() {
    let home = home();
    let options = ["--dev", "--sealing=200"];
    // What is written goes to a log first, and from there to the tables when the node ends or starts again.
    let tables = || files(&database(home.path())).into_iter().filter(|path| is_named(path, "table"));
    let mut seeded = node(home.path(), &options);
    until("tables in the database", async || {
        run_until_there_are_blocks(&mut seeded).await;
        tables().next().map(drop)
    })
    .await;
    for table in tables() {
        let noise = vec![0x5a; fs::read(&table).expect("the file can be read").len()];
        fs::write(&table, noise).expect("the database can be damaged");
    }
    // Had the first start made a new chain of it, the second would take it.
    for _ in 0..2 {
        let line = refusal(&node(home.path(), &options)).await;
        assert!(line.contains("database"), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_genesis_is_refused_and_still_there_for_its_own() {
    let home = home();
    let options = ["--dev", "--sealing=200"];
    let height = run_until_there_are_blocks(&mut node(home.path(), &options)).await;

    let foreign = foreign_specification(home.path());
    let foreign = format!("--chain={}", foreign.display());
    let line = refusal(&node(home.path(), &[&foreign, "--dev", "--sealing=200"])).await;
    assert!(line.contains("genesis"), "{line}");

    let mut node = node(home.path(), &options);
    node.start().await;
    assert!(node.client().best().await >= height, "the chain is still there");
}

/// Makes a database with a few blocks, and returns how many.
async fn run_until_there_are_blocks(node: &mut Node) -> BlockNumber {
    const BLOCKS: BlockNumber = 3;
    node.start().await;
    until("blocks", async || (node.client().best().await >= BLOCKS).then_some(())).await;
    node.stop().await;
    BLOCKS
}

async fn is_refused_and_left_alone(home: &Path, options: &[&str]) {
    let before = contents(&database(home));
    let line = refusal(&node(home, options)).await;
    assert!(line.contains("database"), "{line}");
    assert_eq!(contents(&database(home)), before);
}

/// Where a node of the development chain keeps its database.
fn database(home: &Path) -> PathBuf {
    home.join("node/chains/assay_development/paritydb/full")
}

/// A specification of the development chain, by the same name, but with epochs of another length.
fn foreign_specification(home: &Path) -> PathBuf {
    let ours = fs::read_to_string(SPECIFICATION).expect("the specification is in the repository");
    let foreign = ours.replace("\"epochSlots\": 20", "\"epochSlots\": 25");
    assert_ne!(foreign, ours);
    let path = home.join("foreign.json");
    fs::write(&path, foreign).expect("a file can be written");
    path
}

/// The files of a database. The lock is none of the data.
fn files(database: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(database).expect("the database is a directory");
    let paths = entries.map(|entry| entry.expect("the directory can be read").path());
    paths.filter(|path| !is_named(path, "lock")).collect()
}

fn is_named(path: &Path, start: &str) -> bool {
    path.file_name().and_then(OsStr::to_str).is_some_and(|name| name.starts_with(start))
}

/// Hash of what each file of a database holds.
fn contents(database: &Path) -> BTreeMap<PathBuf, Hash> {
    let hash = |path: PathBuf| {
        let content = fs::read(&path).expect("the file can be read");
        (path, BlakeTwo256::hash(&content))
    };
    files(database).into_iter().map(hash).collect()
}
