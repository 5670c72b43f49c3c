//! Workers that are killed in each phase of a job, and come back.

use crate::harness::{Network, Start};
use assay_chain::market::{Outcome, Stage};

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_are_killed_before_the_commit_before_the_reveal_and_after_it_are_paid() {
    let mut network = Network::start(5).await;
    network.hold_content();
    let job = network.post(&[]);
    let [first, second] = network.drawn(job).await;
    network.kill(first);
    network.release_content();
    network.start_worker(first, Start::Honest);

    network.commits(job, first).await;
    network.kill(first);

    // While the first one is dead, the others' reveals don't end the job.
    network.reaches(job, second, "reveal", |stage| matches!(stage, Stage::Revealed(_))).await;
    network.kill(second);
    network.start_worker(first, Start::Honest);

    assert_eq!(network.ends(job).await.outcome, Outcome::Agreed);
    network.start_worker(second, Start::Honest);
    network.logs(second, "result published").await;
    network.verify(job);
    let audit = network.audit().await;
    assert!(audit.faults.is_empty(), "{:?}", audit.faults);
    let paid = audit.paid(job);
    assert_eq!(paid.len(), 3, "two first seats, and the audit's: {paid:?}");
    for name in [first, second] {
        assert!(paid.contains(&name), "{name} was right, and is not among {paid:?}");
        assert_eq!(audit.commits_of(job, name).len(), 1);
    }
}
