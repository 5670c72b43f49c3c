//! Workers without room for a job.

use crate::harness::{model, Network, Start};
use assay_chain::market::{Outcome, Stage};

/// Learning rates of a program of 8 MiB.
const RATES: u64 = 2 << 20;
/// The database and the log fit into it, the program does not.
const ROOM_KIB: u32 = 6 << 10;

#[tokio::test(flavor = "multi_thread")]
async fn workers_without_room_give_their_seats_back_and_lose_nothing() {
    let mut network = Network::start(6).await;
    model::write(&network.requester.path("large"), RATES);
    network.hold_content();
    let job = network.try_post("large", "text", &[]).unwrap();
    let [by_quota, by_disk] = network.drawn(job).await;
    for (name, how) in [(by_quota, Start::Quota("64 KiB")), (by_disk, Start::FullDisk(ROOM_KIB))] {
        network.kill(name);
        network.start_worker(name, how);
    }
    network.release_content();
    for (name, words) in [(by_quota, "65536 are taken: see worker.disk"), (by_disk, "File too large")] {
        let declined = |stage: &Stage| matches!(stage, Stage::Declined | Stage::Replaced);
        network.reaches(job, name, "decline", declined).await;
        network.logs(name, words).await;
    }

    assert_eq!(network.ends(job).await.outcome, Outcome::Agreed);
    network.verify(job);
    let audit = network.audit().await;
    assert!(audit.faults.is_empty(), "{:?}", audit.faults);
    let paid = audit.paid(job);
    assert_eq!(paid.len(), 3);
    assert!(!paid.contains(&by_quota) && !paid.contains(&by_disk), "{paid:?}");
}
