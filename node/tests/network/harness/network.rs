//! Nodes of one chain that know each other.

use super::{node::Node, until};
use assay_runtime::{BlockNumber, Hash};
use std::{
    ops::{Index, IndexMut},
    path::PathBuf,
};
use tempfile::TempDir;

/// A network on loopback, with all its data in a directory that goes when it goes.
pub struct Network {
    // Dropped before the directory that they write to.
    nodes: Vec<(String, Node)>,
    chain: String,
    home: TempDir,
}

impl Network {
    /// A network of a chain, without any node yet.
    pub fn new(chain: &str) -> Self {
        let home = tempfile::tempdir().expect("a temporary directory can be made");
        Self { nodes: Vec::new(), chain: format!("--chain={chain}"), home }
    }

    /// A network of a chain and these development accounts as its validators, all of which answer.
    pub async fn of_validators(chain: &str, names: &[&str]) -> Self {
        let mut network = Self::new(chain);
        for name in names {
            network.add(name, &[&format!("--{name}")]).launch();
        }
        for (_, node) in &mut network.nodes {
            node.connect().await;
        }
        network
    }

    /// Adds a node that keeps connections to all nodes so far, without starting it.
    pub fn add(&mut self, name: &str, options: &[&str]) -> &mut Node {
        let peers: Vec<_> = self.nodes.iter().map(|(_, node)| node.address().to_owned()).collect();
        let mut all = vec![self.chain.as_str()];
        all.extend(options);
        let node = Node::new(self.home.path(), name, peers.len() + 1, &all, &peers);
        self.nodes.push((name.to_owned(), node));
        &mut self.nodes.last_mut().expect("a node has been added").1
    }

    /// Where a node keeps its data.
    pub fn base_path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// The nodes that run.
    pub fn running(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().map(|(_, node)| node).filter(|node| node.is_running())
    }

    /// Waits until every running node has finalized block `height`, and returns its hash, the same on all of them.
    pub async fn all_finalize(&self, height: BlockNumber) -> Hash {
        let mut hashes = Vec::new();
        for node in self.running() {
            let what = format!("{} to finalize block {height}", node.log().display());
            until(&what, async || (node.client().finalized().await >= height).then_some(())).await;
            hashes.push(node.client().hash(height).await);
        }
        assert!(hashes.windows(2).all(|pair| pair[0] == pair[1]), "two chains at block {height}: {hashes:?}");
        hashes[0]
    }

    /// Waits until every running node has finalized `blocks` blocks that none of them has yet.
    pub async fn all_finalize_new(&self, blocks: BlockNumber) -> BlockNumber {
        let mut highest = 0;
        for node in self.running() {
            highest = highest.max(node.client().best().await);
        }
        self.all_finalize(highest + blocks).await;
        highest + blocks
    }
}

impl Index<&str> for Network {
    type Output = Node;

    fn index(&self, name: &str) -> &Node {
        let node = self.nodes.iter().find(|(known, _)| known == name);
        &node.unwrap_or_else(|| panic!("{name} is no node of the network")).1
    }
}

impl IndexMut<&str> for Network {
    fn index_mut(&mut self, name: &str) -> &mut Node {
        let node = self.nodes.iter_mut().find(|(known, _)| known == name);
        &mut node.unwrap_or_else(|| panic!("{name} is no node of the network")).1
    }
}
