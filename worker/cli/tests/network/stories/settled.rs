//! Jobs that nothing happens to but what has to be expected of other people's servers.

use crate::harness::{corrupter::corrupt, until, Network};
use assay_chain::market::{JobId, Outcome};
use std::fs;

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_agreed_and_paid_and_a_corrupted_source_harms_nobody() {
    let network = Network::start(5).await;
    let job = network.post(&[]);
    // Another text: of content that is at hand already nothing is fetched.
    fs::write(network.requester.path("other"), "words that no worker has fetched\n".repeat(3)).unwrap();
    let damaged = corrupt(network.requester.url.clone()).await;
    let over_damaged_line = network.try_post("model", "other", &["--source", &damaged]).unwrap();

    for job in [job, over_damaged_line] {
        assert_eq!(network.ends(job).await.outcome, Outcome::Agreed);
        network.verify(job);
        can_be_fetched(&network, job).await;
    }
    let audit = network.audit().await;
    assert!(audit.faults.is_empty(), "{:?}", audit.faults);
    assert_eq!(audit.paid(job).len(), 3, "two first seats, and the audit's");
    let paid = audit.paid(over_damaged_line);
    assert_eq!(paid.len(), 3);
    for name in paid {
        let log = network.provider(name).worker.log();
        let left = log.lines().find(|line| line.contains("left a blob server") && line.contains(&damaged));
        let left = left.unwrap_or_else(|| panic!("{name} has not asked {damaged}"));
        assert!(left.contains("lies: MiB 0 is not the blob's"), "{left}");
    }
}

/// Waits until the requester gets the result: workers show it once the verdict is final.
async fn can_be_fetched(network: &Network, job: JobId) {
    let (job, file) = (job.to_string(), network.requester.path("result.safetensors"));
    let file = file.display().to_string();
    let verb = ["job", "result", &job, "--out", &file];
    until(&format!("the result of job {job}"), async || network.requester.try_assay(&verb).ok()).await;
}
