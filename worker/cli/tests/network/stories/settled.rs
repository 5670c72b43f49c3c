//! Jobs that nothing happens to but what has to be expected of other people's servers.

use crate::harness::{corrupter::corrupt, model, until, Network};
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

    too_poor_to_post(&network);
    for job in [job, over_damaged_line] {
        assert_eq!(network.ends(job).await.outcome, Outcome::Agreed);
        network.verify(job);
        is_signed(&network, job);
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

/// Who has no money is told so before anything is sent, with what it would take.
fn too_poor_to_post(network: &Network) {
    let [model, text] = ["model", "text"].map(|name| network.requester.path(name).display().to_string());
    let submit = ["job", "submit", "train", &model, &text, "--steps", model::STEPS];
    let line = network.stranger.try_assay(&submit).expect_err("it has no money");
    let address = &network.stranger.account;
    assert!(line.contains("not enough money: the job puts"), "{line}");
    assert!(line.contains(&format!("{address} has 0 ASY free; lower --cap from")), "{line}");
}

/// The receipt tells what each of the three seats has signed, whose worker did, and in which block.
fn is_signed(network: &Network, job: JobId) {
    let receipt = network.stranger.assay(&["job", "watch", &job.to_string()]);
    let seats = receipt["seats"].as_array().expect("seats").iter();
    let sealed: Vec<_> = seats.filter(|seat| !seat["commit"].is_null()).collect();
    assert_eq!(sealed.len(), 3, "{receipt}");
    for seat in sealed {
        let mut providers = network.providers().map(|(_, provider)| provider);
        let provider = providers.find(|provider| seat["owner"] == provider.owner.account.to_string());
        let worker = provider.expect("a seat is a provider's").worker.account.to_string();
        for act in ["commit", "reveal"] {
            let act = &seat[act];
            assert_eq!(act["signer"].as_str(), Some(worker.as_str()), "{seat}");
            // The kind of the signature, and 64 bytes.
            assert_eq!(act["signature"].as_str().map(str::len), Some(2 + 2 * 65), "{seat}");
        }
        assert!(seat["commit"]["block"].as_u64() < seat["reveal"]["block"].as_u64(), "{seat}");
    }
}

/// Waits until the requester gets the result: workers show it once the verdict is final.
async fn can_be_fetched(network: &Network, job: JobId) {
    let (job, file) = (job.to_string(), network.requester.path("result.safetensors"));
    let file = file.display().to_string();
    let verb = ["job", "result", &job, "--out", &file];
    until(&format!("the result of job {job}"), async || network.requester.try_assay(&verb).ok()).await;
}
