//! The one validator of a network, with slots of a second, or a fork of it.

use super::{free_port, home::ASSAY, process::Process, until};
use assay_chain::{Chain, ChainClient};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The preset `test` with Alice as its only validator.
const CHAIN: &str = "test-1";
/// What nodes have compiled and built once, for all tests.
const CACHE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/node-cache");

/// A node that keeps its port and its data from one run to the next.
pub struct Node {
    directory: PathBuf,
    options: &'static [&'static str],
    p2p_port: u16,
    /// Where clients connect to.
    pub rpc_port: u16,
    process: Option<Process>,
}

impl Node {
    /// Starts a node with its data in a directory.
    pub fn start_in(directory: &Path) -> Self {
        let mut node = Self::new(directory, &[]);
        node.start();
        node
    }

    fn new(directory: &Path, options: &'static [&'static str]) -> Self {
        let (p2p_port, rpc_port) = (free_port(), free_port());
        Self { directory: directory.into(), options, p2p_port, rpc_port, process: None }
    }

    /// Ends the node and starts it again, and beside it one that has the same blocks and the same key. Neither knows of
    /// the other, and the second one casts no votes: of the blocks that it makes none becomes final.
    pub fn fork_into(&mut self, directory: &Path) -> Self {
        // In order, so that all that workers were told is final is in the copy.
        self.process.take().expect("the node runs").stop();
        let mut fork = Self::new(directory, &["--no-grandpa"]);
        fs::create_dir_all(directory).expect("a directory can be made");
        let copied = Command::new("/bin/cp").arg("-r").args([self.data(), fork.data()]).status();
        assert!(copied.expect("cp is there").success(), "{} can't be copied", self.data().display());
        self.start();
        fork.start();
        fork
    }

    fn data(&self) -> PathBuf {
        self.directory.join("node")
    }

    /// Where it logs to, over all its runs.
    pub fn log(&self) -> PathBuf {
        self.directory.join("node.log")
    }

    /// Where it answers to plain HTTP.
    pub fn http_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.rpc_port)
    }

    /// Where it answers to clients that stay.
    pub fn url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.rpc_port)
    }

    /// Starts the node, for the first time or again.
    pub fn start(&mut self) {
        let mut command = Command::new(program());
        command.args(["--alice", "--no-mdns", "--no-prometheus", "--no-telemetry", "--rpc-cors=all"]);
        // For the audit, which looks back to the first block.
        command.arg("--state-pruning=archive").args([
            format!("--chain={CHAIN}"),
            format!("--base-path={}", self.data().display()),
            format!("--cache-path={CACHE}"),
            format!("--node-key={:064x}", 1),
            format!("--listen-addr=/ip4/127.0.0.1/tcp/{}", self.p2p_port),
            format!("--rpc-port={}", self.rpc_port),
        ]);
        command.args(self.options);
        self.process = Some(Process::start(command, &self.log()));
    }

    /// Its process.
    pub fn process(&self) -> u32 {
        self.process.as_ref().expect("the node runs").id()
    }

    /// Ends the node as a power cut would.
    pub fn kill(&mut self) {
        self.process.take().expect("the node runs").kill();
    }

    /// Waits until the node answers and blocks are final.
    pub async fn connect(&mut self) -> Chain {
        let (url, log) = (self.url(), self.log());
        let process = self.process.as_mut().expect("the node runs");
        let chain = until("an answer of the node", async || {
            let ended = process.ended();
            assert!(ended.is_none(), "the node ended before it answered ({ended:?}): see {}", log.display());
            Chain::connect(std::slice::from_ref(&url)).await.ok()
        })
        .await;
        until("a final block", async || {
            chain.tip().await.ok().filter(|tip| tip.finalized.number > 0).map(|_| ())
        })
        .await;
        chain
    }
}

/// The node's binary, which is built beside the worker's.
fn program() -> PathBuf {
    let path = Path::new(ASSAY).with_file_name("assay-node");
    assert!(
        path.exists(),
        "{} is missing, and a network needs a node: build the whole workspace, as scripts/build does",
        path.display()
    );
    path
}
