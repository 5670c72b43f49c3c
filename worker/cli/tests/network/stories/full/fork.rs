//! A node that shows blocks which never become final.

use crate::harness::{
    network::{pass_blocks_on, see_on},
    until, Network,
};
use assay_chain::{
    market::{JobId, Outcome, Phase, Stage},
    ChainClient,
};

/// The first job of its chain, on the fork and on the real one: the same transaction comes into both.
const JOB: JobId = 0;
/// Who does not wait for finality has revealed by then. Where there is none, half of the 40 blocks are waited for.
const BLOCKS_TO_REVEAL: u32 = 5;

#[tokio::test(flavor = "multi_thread")]
async fn seats_of_a_fork_are_not_revealed_and_cost_nothing_and_those_of_the_real_chain_are_served() {
    let mut network = Network::start(5).await;
    let (node, fork) = network.fork().await;
    network.gate.lead_to(node.rpc_port).await;
    let mut post = network.post_through_gate();

    see_on(&fork, JOB, "reveals", |case| matches!(case.phase, Phase::Revealing { .. }).then_some(())).await;
    pass_blocks_on(&fork, BLOCKS_TO_REVEAL).await;
    let stages: Vec<_> =
        see_on(&fork, JOB, "seats", |case| Some(case.seats.iter().map(|seat| seat.stage).collect())).await;
    let sealed = stages.iter().filter(|stage| matches!(stage, Stage::Committed(_))).count();
    let revealed = stages.iter().filter(|stage| matches!(stage, Stage::Revealed(_))).count();
    assert_eq!((sealed, revealed), (3, 0), "what nobody can take back waits for finality: {stages:?}");
    let best = network.chain.tip().await.unwrap().best.hash;
    assert!(network.chain.job(best, JOB).await.unwrap().is_none(), "the real chain knows nothing of the job");

    network.gate.lead_to(network.node.rpc_port).await;
    drop(node);
    assert_eq!(network.ends(JOB).await.outcome, Outcome::Agreed);
    let posted = until("the end of the post", async || post.ended()).await;
    assert!(posted.success(), "the post is final, and its sender says {posted}");
    network.verify(JOB);
    let audit = network.audit().await;
    assert!(audit.faults.is_empty(), "{:?}", audit.faults);
    let paid = audit.paid(JOB);
    assert_eq!(paid.len(), 3);
    for name in paid {
        assert_eq!(audit.commits_of(JOB, name).len(), 1, "{name} commits once");
    }
}
