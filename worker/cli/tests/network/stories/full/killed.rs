//! A worker that is killed and stays away, and one that loses its database.

use crate::harness::{Network, Start};
use assay_chain::{
    bonds::FaultKind,
    market::{Outcome, Phase},
};
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

/// What was sealed is in the database alone, so that a commitment without it can't be opened: the stated reason for the
/// one slash of an operator who has not lied.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_deleted_after_the_commit_costs_the_seat_and_harms_nobody_else() {
    let mut network = Network::start(5).await;
    network.hold_content();
    let job = network.post(&[]);
    let [first, _] = network.drawn(job).await;
    network.release_content();
    network.commits(job, first).await;
    network.kill(first);
    fs::remove_file(network.provider(first).worker.path("worker.redb")).unwrap();
    network.start_worker(first, Start::Honest);

    network.see(job, "reveals", |case| matches!(case.phase, Phase::Revealing { .. }).then_some(())).await;
    network.is_ready(first).await;
    let status = network.provider(first).worker.assay(&["worker", "status"]);
    assert_eq!(status["seats"][0]["progress"], "foreign", "{status}");

    assert_eq!(network.ends(job).await.outcome, Outcome::Decided);
    network.verify(job);
    let audit = network.audit().await;
    assert_eq!(audit.faults, [(job, first, FaultKind::WithheldReveal)]);
    assert_eq!(audit.commits_of(job, first).len(), 1, "a worker without its database commits no second time");
    assert_eq!(audit.paid(job), network.all_but(&[first]));
}
