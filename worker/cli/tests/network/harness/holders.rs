//! Token holders, who have things decided from the command line.

use super::{home::Home, until, Network};
use serde_json::Value;
use std::thread;

/// What each of them votes with, of the 125 million ASY that it begins with.
const VOTE: &str = "110000000";

/// Accounts that vote alike; the first one proposes.
pub struct Holders(Vec<Home>);

impl Network {
    /// Development accounts, by name, to vote with.
    pub fn holders(&self, names: &[&str]) -> Holders {
        Holders(names.iter().map(|name| self.home(&format!("holder-{name}"), &format!("//{name}"))).collect())
    }
}

impl Holders {
    /// The first of them.
    pub fn first(&self) -> &Home {
        &self.0[0]
    }

    /// Those after the first.
    pub fn others(&self) -> &[Home] {
        &self.0[1..]
    }

    /// Proposes; gives the number of the referendum.
    pub fn propose(&self, what: &[&str]) -> u64 {
        propose(self.first(), what)
    }

    /// Has referenda decided on which all have voted: one makes the deposit for each, side by side. A decision that has
    /// begun may be over before the last vote is in.
    ///
    /// # Panics
    ///
    /// There are more referenda than holders.
    pub fn deposit(&self, referenda: &[u64]) {
        assert!(referenda.len() <= self.0.len(), "there is a holder for each of {referenda:?}");
        thread::scope(|scope| {
            for (holder, referendum) in self.0.iter().zip(referenda) {
                scope.spawn(move || holder.assay(&["gov", "deposit", &referendum.to_string()]));
            }
        });
    }

    /// Those after the first propose something each, side by side; gives the numbers.
    pub fn propose_together<const N: usize>(&self, proposals: [&[&str]; N]) -> [u64; N] {
        let mut others = self.others().iter();
        thread::scope(|scope| {
            let proposed = proposals.map(|what| {
                let home = others.next().expect("there is a holder for each proposal");
                scope.spawn(move || propose(home, what))
            });
            proposed.map(|proposal| proposal.join().expect("it is proposed"))
        })
    }

    /// All of them vote on referenda, in order and side by side. Nothing is locked once a vote counts no more.
    pub fn vote(&self, votes: &[(u64, &str)]) {
        self.each(|holder| {
            for (referendum, says) in votes {
                let number = referendum.to_string();
                holder.assay(&["gov", "vote", &number, says, VOTE, "--conviction", "0x"]);
            }
        });
    }

    /// Does something with each of them, side by side.
    pub fn each(&self, act: impl Fn(&Home) + Sync) {
        let act = &act;
        thread::scope(|scope| {
            for holder in &self.0 {
                scope.spawn(move || act(holder));
            }
        });
    }

    /// Waits until a referendum is over and what it decided, if anything, is done. Gives what is shown of it.
    ///
    /// # Panics
    ///
    /// It ends in another way.
    pub async fn ended(&self, referendum: u64, state: &str) -> Value {
        self.over(&[&referendum.to_string()], state).await
    }

    /// The same for one of the fellowship.
    pub async fn fellows_ended(&self, referendum: u64, state: &str) -> Value {
        self.over(&[&referendum.to_string(), "--fellowship"], state).await
    }

    async fn over(&self, target: &[&str], state: &str) -> Value {
        let verb = [&["gov", "show"][..], target].concat();
        until(&format!("referendum {target:?} to be {state}"), async || {
            let shown = self.first().assay(&verb);
            let is_over = !shown["ended"].is_null();
            assert!(!is_over || shown["state"] == state, "{target:?} is not {state}: {shown}");
            let is_done = shown["next"]["block"].is_null();
            (is_over && is_done).then_some(shown)
        })
        .await
    }

    /// Has something decided and done.
    pub async fn decide(&self, what: &[&str]) {
        let referendum = self.propose(&[what, &["--no-deposit"]].concat());
        self.vote(&[(referendum, "aye")]);
        self.deposit(&[referendum]);
        self.ended(referendum, "approved").await;
    }
}

/// Somebody proposes; gives the number of the referendum.
pub fn propose(home: &Home, what: &[&str]) -> u64 {
    let proposed = home.assay(&[&["gov", "propose"][..], what].concat());
    proposed["referendum"].as_u64().unwrap_or_else(|| panic!("{what:?} has no number: {proposed}"))
}
