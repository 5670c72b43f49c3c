//! One token holder votes for others; and what people ask about votes, on a chain.

use crate::harness::{holders::Holders, home::Home, until, Network};
use serde_json::{json, Value};

/// Together a third of all tokens: enough to have something paused at once, which one of them is not.
const VOTERS: [&str; 3] = ["Alice", "Bob", "Charlie"];
/// What each of them votes with, in ASY.
const VOTE: &str = "110000000";
const TRACK: &str = "emergency_stop";
/// `System.remark` of four bytes.
const REMARK: &str = "0x00001061626364";

#[tokio::test(flavor = "multi_thread")]
async fn a_delegate_has_a_call_paused_for_a_time_and_all_that_was_locked_is_freed() {
    let network = Network::start(0).await;
    let holders = network.holders(&VOTERS);
    let delegate = holders.first();
    calls_are_kept(delegate);
    delegated(&holders);
    let pause = holders.propose(&["pause", "Staking.bond", "20b", "--no-deposit"]);
    let number = pause.to_string();
    assert_eq!(delegate.assay(&["gov", "show", &number])["isPassing"], false);
    delegate.assay(&["gov", "vote", &number, "aye", VOTE]);
    has_all_votes(&delegate.assay(&["gov", "show", &number]));
    let listed = &delegate.assay(&["gov", "list", "--limit", "1"])["referenda"][0];
    assert_eq!((&listed["referendum"], &listed["call"]), (&json!(pause), &json!("Dao.pause")), "{listed}");

    holders.deposit(&[pause]);
    holders.ended(pause, "approved").await;
    let bond = ["stake", "bond", "1000", "--role", "provider"];
    let refused = delegate.try_assay(&bond).unwrap_err();
    assert!(refused.contains("System.CallFiltered"), "{refused}");
    assert_eq!(pauses(delegate)[0]["call"], "Staking.bond");
    taken_back(&holders);
    until("the pause to be over", async || (pauses(delegate) == json!([])).then_some(())).await;
    delegate.assay(&bond);
    all_is_freed(&holders).await;
}

/// Keeps a call on the chain, and takes it back.
fn calls_are_kept(home: &Home) {
    let kept = home.assay(&["gov", "preimage", "note", "--call", REMARK]);
    let hash = kept["hash"].as_str().expect("it has a hash");
    let shown = home.assay(&["gov", "preimage", "show", hash]);
    assert_eq!((&shown["call"], &shown["bytes"]), (&json!("System.remark"), &json!(7)), "{shown}");
    assert_eq!(shown["depositor"], home.account.to_string());
    home.assay(&["gov", "preimage", "remove", hash]);
    let gone = home.try_assay(&["gov", "preimage", "show", hash]).unwrap_err();
    assert!(gone.contains("keeps nothing under"), "{gone}");
}

/// The others have the first one vote for them on a track.
fn delegated(holders: &Holders) {
    let delegate = &holders.first().account;
    let tracks = holders.first().assay(&["gov", "tracks"])["tracks"].take();
    let mut tracks = tracks.as_array().expect("tracks").iter();
    let track = tracks.find(|track| track["name"] == TRACK).expect("there is such a track");
    assert_eq!(track["decisionDeposit"], "10000", "{track}");
    holders.each(|holder| {
        if holder.account != *delegate {
            holder.assay(&["gov", "delegate", TRACK, &delegate.to_string(), VOTE]);
            let votes = holder.assay(&["gov", "votes"])["tracks"].take();
            assert_eq!((&votes[0]["track"], &votes[0]["locked"]), (&json!(TRACK), &json!(VOTE)), "{votes}");
            assert_eq!(votes[0]["delegatedTo"], delegate.to_string());
        }
    });
}

/// A referendum has the votes of all three, and would pass.
fn has_all_votes(shown: &Value) {
    assert_eq!((&shown["ayes"], &shown["backing"]), (&json!("330000000"), &json!("330000000")), "{shown}");
    assert_eq!((&shown["isPassing"], &shown["state"]), (&json!(true), &json!("preparing")), "{shown}");
    let next = shown["next"]["what"].as_str().expect("something comes next");
    assert!(next.contains("needs a deposit of 10000 ASY"), "{shown}");
}

/// What is paused.
fn pauses(home: &Home) -> Value {
    home.assay(&["gov", "status"])["pauses"].take()
}

/// The others vote themselves again: what they delegated is locked for a period more.
fn taken_back(holders: &Holders) {
    holders.each(|holder| {
        if holder.account != holders.first().account {
            holder.assay(&["gov", "undelegate", TRACK]);
            assert_eq!(holder.assay(&["gov", "votes"])["tracks"][0]["prior"]["amount"], VOTE);
            let early = holder.try_assay(&["gov", "unlock"]).unwrap_err();
            assert!(early.contains("the next lock is over in block"), "{early}");
        }
    });
}

async fn all_is_freed(holders: &Holders) {
    for holder in holders.others().iter().chain([holders.first()]) {
        let unlock = async || holder.try_assay(&["gov", "unlock"]).ok();
        until("the end of the lock", unlock).await;
        assert_eq!(holder.assay(&["gov", "votes"])["tracks"], json!([]), "nothing is locked any more");
    }
}
