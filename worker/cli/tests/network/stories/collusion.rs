//! Workers that all tell the same lie: the chain sees that they agree, and nothing else.

use crate::harness::{network::Variables, Network};
use assay_chain::market::{Claim, Outcome};
use std::process::Stdio;

/// Each flips the same bit.
const LYING: Variables = &[("ASSAY_DEBUG_LIE", "1")];

#[tokio::test(flavor = "multi_thread")]
async fn a_lie_that_all_seats_agree_on_is_paid_and_found_out_by_anyone_who_computes_again() {
    let network = Network::start_with(5, LYING).await;
    let job = network.post(&[]);
    let receipt = network.ends(job).await;
    assert_eq!(receipt.outcome, Outcome::Agreed);
    let Some(Claim::Computed { result, .. }) = receipt.claim else { panic!("it was computed: {receipt:?}") };

    let mut verify = network.stranger.command(&["job", "verify", &job.to_string()]);
    let output = verify.stdin(Stdio::null()).output().expect("the built program runs");
    let line = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(5), "{line}");
    assert!(output.stdout.is_empty(), "nothing is shown as right");
    let root = hex::encode(result);
    let wrong = format!("job {job} is wrong on the chain: it has result 0x{root}, computed here is 0x");
    assert!(line.contains(&wrong) && line.trim().lines().count() == 1, "{line}");

    let audit = network.audit().await;
    assert!(audit.faults.is_empty(), "{:?}", audit.faults);
    assert_eq!(audit.paid(job).len(), 3);
}
