//! Two workers with one key.

use crate::harness::{until, Network};
use assay_chain::market::Outcome;

#[tokio::test(flavor = "multi_thread")]
async fn of_two_workers_with_one_key_one_commits_and_nobody_is_slashed() {
    let network = Network::start(5).await;
    network.hold_content();
    let job = network.post(&[]);
    let [first, second] = network.drawn(job).await;
    let (twin, process) = network.twin(first);
    // Both have the seat before either can compute.
    until("the twin's seat", async || twin.log().contains("seat taken").then_some(())).await;
    let (owner, heir) = (&network.provider(first).owner, network.stranger.account.to_string());
    let refused = owner.try_assay(&["provider", "update", "--worker", &heir]).unwrap_err();
    assert!(refused.contains("open seats: 1") && refused.contains("--lose-seats"), "{refused}");
    network.release_content();

    assert_eq!(network.ends(job).await.outcome, Outcome::Agreed);
    network.verify(job);
    let audit = network.audit().await;
    drop(process);
    assert!(audit.faults.is_empty(), "{:?}", audit.faults);
    assert_eq!(audit.commits_of(job, first).len(), 1, "one key commits once");
    let paid = audit.paid(job);
    assert_eq!(paid.len(), 3);
    assert!(paid.contains(&first) && paid.contains(&second), "{paid:?}");
}
