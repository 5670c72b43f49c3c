//! A slash that token holders find wrong.

use crate::harness::{until, Network};
use assay_chain::{bonds::FaultKind, market::Outcome};
use serde_json::json;
use std::fs;

/// Those who have no bond that the audit looks at: together a third of all tokens.
const VOTERS: [&str; 3] = ["Alice", "One", "Two"];

#[tokio::test(flavor = "multi_thread")]
async fn a_slash_is_appealed_against_within_its_window_and_cancelled_by_a_vote() {
    let mut network = Network::start(5).await;
    let holders = network.holders(&VOTERS);
    network.hold_content();
    let job = network.post(&[]);
    let [accused, _] = network.drawn(job).await;
    network.kill(accused);
    network.release_content();

    let owner = &network.provider(accused).owner;
    let waiting = async || owner.assay(&["stake", "status"])["slashes"][0]["id"].as_u64();
    let slash = until(&format!("a slash for {accused}'s no-show"), waiting).await.to_string();
    let evidence = network.stranger.path("evidence");
    fs::write(&evidence, "the carrier's own report: every line of the town was dead for an hour\n").unwrap();
    let evidence = evidence.display().to_string();
    let appeal = ["gov", "appeal", &slash, "--evidence", &evidence];
    // Anyone may, for the accused.
    holders.first().assay(&appeal);
    assert_eq!(owner.assay(&["stake", "status"])["slashes"][0]["isSuspended"], true);
    let appeals = holders.first().assay(&["gov", "appeals"])["appeals"].take();
    assert_eq!(
        (&appeals[0]["deposit"], &appeals[0]["isDecided"]),
        (&json!("100"), &json!(false)),
        "{appeals}"
    );
    let again = holders.first().try_assay(&appeal).unwrap_err();
    assert!(again.contains("which can be done once"), "{again}");

    holders.decide(&["cancel-slash", &slash]).await;
    assert_eq!(holders.first().assay(&["gov", "appeals"])["appeals"], json!([]), "the deposit is back");
    assert_eq!(owner.assay(&["stake", "status"])["slashes"], json!([]));

    assert_eq!(network.ends(job).await.outcome, Outcome::Agreed);
    network.verify(job);
    let audit = network.audit().await;
    assert_eq!(audit.faults, [(job, accused, FaultKind::NoShow)]);
    assert_eq!(audit.forgiven.keys().collect::<Vec<_>>(), [&accused], "it has its whole bond");
}
