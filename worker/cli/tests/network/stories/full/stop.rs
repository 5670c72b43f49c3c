//! The market is stopped for a time, with a job on its way.

use crate::harness::{holders::Holders, until, Network, Start};
use assay_chain::{market::Outcome, ChainClient};

/// Those who have no bond that the audit looks at: together a third of all tokens.
const VOTERS: [&str; 3] = ["Alice", "One", "Two"];
/// Longer than a seat has to commit.
const BLOCKS_WITHOUT_SEATS: u32 = 30;

#[tokio::test(flavor = "multi_thread")]
async fn seats_that_are_gone_while_the_market_is_stopped_lose_nothing_and_it_goes_on_by_itself() {
    let mut network = Network::start(5).await;
    let holders = network.holders(&VOTERS);
    holders.decide(&["params", "dao", "longestPause=60"]).await;
    // All have voted before there is a job: from the deposit on it takes three blocks, of the twenty that seats have.
    let stop = holders.propose(&["stop", "--no-deposit"]);
    holders.vote(&[(stop, "aye")]);
    network.hold_content();
    let job = network.post(&[]);
    let seats = network.drawn(job).await;
    seats.iter().for_each(|name| network.kill(name));
    network.release_content();
    holders.deposit(&[stop]);
    holders.ended(stop, "approved").await;

    assert!(is_stopped(&holders));
    let market = market_block(&network).await;
    let refused = network.try_post("model", "text", &[]).unwrap_err();
    assert!(refused.contains("System.CallFiltered"), "{refused}");
    network.pass_blocks(BLOCKS_WITHOUT_SEATS).await;
    assert_eq!(market_block(&network).await, market, "the market clock stands still");
    assert!(is_stopped(&holders));

    seats.iter().for_each(|name| network.start_worker(name, Start::Honest));
    until("the stop to be over", async || (!is_stopped(&holders)).then_some(())).await;
    assert_eq!(network.ends(job).await.outcome, Outcome::Agreed);
    network.verify(job);
    let next = network.post(&[]);
    assert_eq!(network.ends(next).await.outcome, Outcome::Agreed, "the market takes jobs again");
    let audit = network.audit().await;
    assert!(audit.faults.is_empty(), "{:?}", audit.faults);
    let paid = audit.paid(job);
    assert_eq!(paid.len(), 3);
    assert!(seats.iter().all(|name| paid.contains(name)), "{seats:?} were right, and {paid:?} are paid");
}

fn is_stopped(holders: &Holders) -> bool {
    !holders.first().assay(&["gov", "status"])["stoppedUntil"].is_null()
}

async fn market_block(network: &Network) -> u32 {
    let best = network.chain.tip().await.expect("the node answers").best.hash;
    network.chain.market_block(best).await.expect("the node answers")
}
