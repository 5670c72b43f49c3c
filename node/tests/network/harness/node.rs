//! A node that keeps its identity, its ports and its data from one run to the next.

use super::{free_port, process::Process, until, Client};
use sc_network::{config::ed25519, PeerId};
use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitStatus,
    thread,
};

/// What nodes have compiled and built once, for all tests: without it, each would spend seconds on it at its start.
const CACHE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/node-cache");
/// How much of a log is printed when a story fails.
const TAIL_LINES: usize = 60;

/// A node of a network, running or not.
pub struct Node {
    arguments: Vec<String>,
    address: String,
    p2p_port: u16,
    rpc_port: u16,
    log: PathBuf,
    process: Option<Process>,
    client: Option<Client>,
}

impl Node {
    /// A node that does not run yet, with its data in `home/name` and its log beside it.
    ///
    /// `place` is its number in the network, from which its identity follows; `peers` are the addresses it keeps
    /// connections to.
    pub fn new(home: &Path, name: &str, place: usize, options: &[&str], peers: &[String]) -> Self {
        let (p2p_port, rpc_port) = (free_port(), free_port());
        let listen_on = format!("/ip4/127.0.0.1/tcp/{p2p_port}");
        let mut arguments = vec![
            format!("--base-path={}", home.join(name).display()),
            format!("--name={name}"),
            format!("--cache-path={CACHE}"),
            format!("--node-key={place:064x}"),
            format!("--listen-addr={listen_on}"),
            format!("--rpc-port={rpc_port}"),
            "--no-mdns".into(),
            "--no-prometheus".into(),
            "--no-telemetry".into(),
        ];
        if !options.iter().any(|option| option.starts_with("--rpc-methods")) {
            arguments.push("--rpc-methods=unsafe".into());
        }
        arguments.extend(options.iter().map(|option| option.to_string()));
        arguments.extend(peers.iter().map(|peer| format!("--reserved-nodes={peer}")));
        Self {
            arguments,
            address: format!("{listen_on}/p2p/{}", peer_id(place)),
            p2p_port,
            rpc_port,
            log: home.join(format!("{name}.log")),
            process: None,
            client: None,
        }
    }

    /// Where other nodes reach this one.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The port it listens on for peers.
    pub fn p2p_port(&self) -> u16 {
        self.p2p_port
    }

    /// The port it listens on for clients.
    pub fn rpc_port(&self) -> u16 {
        self.rpc_port
    }

    /// Where the node keeps its log, over all its runs.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Whether the node has been started and not ended since.
    pub fn is_running(&self) -> bool {
        self.client.is_some()
    }

    /// Starts the node without waiting for it.
    pub fn launch(&mut self) {
        self.process = Some(Process::start(&self.arguments, &self.log));
    }

    /// Waits until the launched node answers.
    pub async fn connect(&mut self) {
        let (port, process) = (self.rpc_port, self.process.as_mut().expect("the node has been launched"));
        let what = format!("an answer of the node that logs to {}", self.log.display());
        let client = until(&what, async || {
            let ended = process.ended();
            assert!(ended.is_none(), "{} ended before it answered: {ended:?}", self.log.display());
            Client::connect(port).await.ok()
        })
        .await;
        self.client = Some(client);
    }

    /// Starts the node and waits until it answers.
    pub async fn start(&mut self) {
        self.launch();
        self.connect().await;
    }

    /// Ends the node at once, with no chance to put anything in order.
    pub fn kill(&mut self) {
        self.client = None;
        self.process.take().expect("the node runs").kill();
    }

    /// Ends the node as an operator would.
    pub async fn stop(&mut self) {
        self.client = None;
        self.process.take().expect("the node runs").stop().await;
    }

    /// Runs the node, which is expected to end by itself; returns how it ended and what it printed meanwhile.
    pub async fn run_to_end(&self) -> (ExitStatus, String) {
        Process::run_to_end(&self.arguments, &self.log).await
    }

    /// A connection to the running node.
    pub fn client(&self) -> &Client {
        self.client.as_ref().unwrap_or_else(|| panic!("{} does not run", self.log.display()))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if thread::panicking() {
            let log = fs::read(&self.log).unwrap_or_default();
            let log = String::from_utf8_lossy(&log);
            let lines: Vec<_> = log.lines().collect();
            let tail = &lines[lines.len().saturating_sub(TAIL_LINES)..];
            eprintln!("--- end of {}:\n{}", self.log.display(), tail.join("\n"));
        }
    }
}

/// Who a node is to its peers; its secret is `place` as a number of 32 bytes.
fn peer_id(place: usize) -> PeerId {
    let mut secret = [0; 32];
    secret[24..].copy_from_slice(&(place as u64).to_be_bytes());
    let secret = ed25519::SecretKey::try_from_bytes(secret).expect("32 bytes are a secret");
    ed25519::Keypair::from(secret).public().to_peer_id()
}
