//! Content that nobody has.

use crate::harness::Network;
use assay_chain::market::Outcome;

/// Each of two first slots ends the job by its fourth decline, and nobody sits in a job twice.
const ENOUGH: usize = 7;
const DECLINES: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_content_is_gone_ends_unavailable_and_the_requesters_bond_pays() {
    let mut network = Network::start(ENOUGH).await;
    network.lose_content();
    let job = network.post(&[]);

    let receipt = network.ends(job).await;
    assert_eq!((receipt.outcome, receipt.claim), (Outcome::Unavailable, None));
    let audit = network.audit().await;
    assert!(audit.faults.is_empty(), "{:?}", audit.faults);
    assert!(audit.commits.is_empty(), "{:?}", audit.commits);
    let paid = audit.paid(job);
    assert_eq!(paid.len(), DECLINES, "those of the slot that ended it: {paid:?}");
    for name in paid {
        let log = network.provider(name).worker.log();
        let line = log.lines().find(|line| line.contains("no server gave"));
        let line = line.unwrap_or_else(|| panic!("{name} does not say what it has not got"));
        assert!(line.contains(&network.requester.url), "{line}");
    }
}
