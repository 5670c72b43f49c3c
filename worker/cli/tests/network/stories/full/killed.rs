//! A worker that is killed and stays away, and one that loses its database.

use crate::harness::{Network, Start};
use assay_chain::{bonds::FaultKind, market::Outcome};
use std::fs;

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stays_away_before_its_commit_is_replaced_and_pays_for_a_no_show() {
    let mut network = Network::start(5).await;
    network.hold_content();
    let job = network.post(&[]);
    let [first, second] = network.drawn(job).await;
    network.kill(first);
    network.release_content();

    assert_eq!(network.ends(job).await.outcome, Outcome::Agreed);
    network.verify(job);
    let audit = network.audit().await;
    assert_eq!(audit.faults, [(job, first, FaultKind::NoShow)]);
    let paid = audit.paid(job);
    assert_eq!(paid.len(), 3);
    assert!(paid.contains(&second) && !paid.contains(&first), "{first} was replaced: {paid:?}");
    // Its next sign of life brings it back into play.
    network.start_worker(first, Start::Honest);
    network.logs(first, "sign of life given after a no-show").await;
}

/// The salt follows from the key: the worker computes again what it committed to.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_deleted_after_the_commit_costs_nobody_anything() {
    let mut network = Network::start(5).await;
    network.hold_content();
    let job = network.post(&[]);
    let [first, _] = network.drawn(job).await;
    network.release_content();
    network.commits(job, first).await;
    network.kill(first);
    fs::remove_file(network.provider(first).worker.path("worker.redb")).unwrap();
    network.start_worker(first, Start::Honest);

    assert_eq!(network.ends(job).await.outcome, Outcome::Agreed);
    network.verify(job);
    let audit = network.audit().await;
    assert!(audit.faults.is_empty(), "{:?}", audit.faults);
    assert_eq!(audit.commits_of(job, first).len(), 1, "a worker without its database commits no second time");
    assert!(audit.paid(job).contains(&first));
}
