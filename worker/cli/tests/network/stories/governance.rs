//! Token holders decide, from the command line alone.

use crate::harness::{until, Network};
use assay_chain::{token::ASY, Balance, ChainClient, GovernanceClient};
use serde_json::json;

/// Together more than half of all tokens, so that every track passes at once.
const VOTERS: [&str; 5] = ["Alice", "Bob", "Charlie", "Dave", "Eve"];
/// What the referendum that is killed has on deposit, for its submission and for its decision.
const KILLED: Balance = 20_010 * ASY;

#[tokio::test(flavor = "multi_thread")]
async fn holders_change_a_policy_kill_a_grab_pay_a_spend_with_its_deposits_and_reject_a_stop() {
    let network = Network::start(0).await;
    let holders = network.holders(&VOTERS);
    let stranger = network.stranger.account.to_string();
    let before = treasury(&network).await;
    let [grab, policy, spend] = holders.propose_together([
        &["spend", &stranger, "9000000"],
        // Longer than it has to be, so that it is seen to come.
        &["policy", "--collateral", "12", "--delay", "40b", "--no-deposit"],
        &["spend", &stranger, "2500", "--no-deposit"],
    ]);
    holders.vote(&[(policy, "aye"), (spend, "aye")]);
    holders.deposit(&[policy, spend]);
    holders.ended(policy, "approved").await;
    let status = holders.first().assay(&["gov", "status"]);
    let [now, coming] = ["inForce", "policies"].map(|which| status[which][0]["policy"].to_string());
    assert!(now.contains("collateral 10×") && coming.contains("collateral 12×"), "{status}");

    let number = grab.to_string();
    let [kill, stop] =
        holders.propose_together([&["kill", &number, "--no-deposit"], &["stop", "--no-deposit"]]);
    holders.vote(&[(kill, "aye"), (stop, "nay")]);
    holders.deposit(&[kill, stop]);
    holders.ended(kill, "approved").await;
    holders.ended(grab, "killed").await;
    assert!(treasury(&network).await >= before + KILLED, "the treasury has what was on deposit");
    let none = refund(&network, grab).unwrap_err();
    assert!(none.contains("no deposit to give back"), "{none}");

    let rejected = holders.ended(stop, "rejected").await;
    assert_eq!(rejected["decisionDeposit"]["amount"], "10000", "{rejected}");
    refund(&network, stop).unwrap();
    let status = holders.first().assay(&["gov", "status"]);
    assert!(status["stoppedUntil"].is_null(), "{status}");

    // The treasury of a new network has less than that by itself.
    holders.ended(spend, "approved").await;
    is_paid_once(&network, &holders.first().assay(&["treasury", "spends"])["spends"]).await;
    until("the policy to be in force", async || {
        let status = holders.first().assay(&["gov", "status"]);
        let now = &status["inForce"][0];
        (now["version"] == 1 && now["policy"].as_str()?.contains("collateral 12×")).then_some(())
    })
    .await;

    holders.each(|holder| {
        holder.assay(&["gov", "unlock"]);
        assert_eq!(holder.assay(&["gov", "votes"])["tracks"], json!([]), "nothing is locked any more");
    });
}

/// What the treasury has.
async fn treasury(network: &Network) -> Balance {
    let best = network.chain.tip().await.expect("the node answers").best.hash;
    network.chain.treasury(best).await.expect("the node answers").pot
}

/// Anyone has deposits of a referendum given back.
fn refund(network: &Network, referendum: u64) -> Result<(), String> {
    network.requester.try_assay(&["gov", "refund", &referendum.to_string()]).map(|_| ())
}

/// The one spend goes to the stranger, who had nothing, once.
async fn is_paid_once(network: &Network, spends: &serde_json::Value) {
    assert_eq!((&spends[0]["state"], &spends[0]["amount"]), (&json!("payable"), &json!("2500")), "{spends}");
    let spend = spends[0]["spend"].to_string();
    let payout = ["treasury", "payout", &spend];
    network.requester.assay(&payout);
    let last = network.chain.tip().await.unwrap().finalized.hash;
    let paid = network.chain.account(last, &network.stranger.account).await.unwrap();
    assert_eq!(paid.free, 2_500 * ASY);
    let again = network.requester.try_assay(&payout).unwrap_err();
    assert!(again.contains("was paid out"), "{again}");
    network.requester.assay(&["treasury", "clear", &spend]);
    assert_eq!(network.stranger.assay(&["treasury", "spends"])["spends"], json!([]));
}
