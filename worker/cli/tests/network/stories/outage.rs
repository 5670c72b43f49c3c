//! Nodes that can't be reached.

use crate::harness::Network;
use assay_chain::market::{JobId, Outcome};
use std::time::Duration;

/// Fewer than a seat has to commit.
const BLOCKS_WITHOUT_NODE: u32 = 6;
const SECONDS_WITHOUT_CHAIN: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_lose_their_node_and_a_node_that_is_killed_go_on_where_they_were() {
    let mut network = Network::start(5).await;

    let cut_off = network.post(&[]);
    a_seat_commits(&network, cut_off).await;
    network.gate.shut();
    network.pass_blocks(BLOCKS_WITHOUT_NODE).await;
    network.gate.open().await;
    assert_eq!(network.ends(cut_off).await.outcome, Outcome::Agreed);
    for (name, provider) in network.providers() {
        let log = provider.worker.log();
        assert!(log.contains("no answer from the node"), "{name} has not lost its node");
    }

    let stopped = network.post(&[]);
    a_seat_commits(&network, stopped).await;
    network.node.kill();
    tokio::time::sleep(SECONDS_WITHOUT_CHAIN).await;
    network.node.start();
    assert_eq!(network.ends(stopped).await.outcome, Outcome::Agreed);

    let audit = network.audit().await;
    assert!(audit.faults.is_empty(), "{:?}", audit.faults);
    for job in [cut_off, stopped] {
        assert_eq!(audit.paid(job).len(), 3);
        network.verify(job);
    }
}

/// From then on a job's other seats have to commit, an audit is drawn, and reveals come after that.
async fn a_seat_commits(network: &Network, job: JobId) {
    network.see(job, "a commit", |case| case.has_commit().then_some(())).await;
}
