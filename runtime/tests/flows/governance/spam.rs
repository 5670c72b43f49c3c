//! Proposals that only stand in the way of others: each takes a deposit, none takes the way.

use super::ballots::{
    approval, aye, freeze, inline, ongoing, place_deposit, propose, remark, root, submit, vote, vote_on,
    votes_of, LONG,
};
use crate::chain;
use assay_runtime::{
    configs::Treasury, genesis, token::ASY, Balance, Balances, Runtime, RuntimeCall, System,
};
use pallet_assay_dao::DaoOrigin;
use pallet_clock::Frozen;
use pallet_referenda::{Call as Referenda, Error, ReferendumInfo, ReferendumInfoFor};
use sp_keyring::Sr25519Keyring::{Dave, Ferdie, One, Two};

/// Proposals of a spammer.
const SPAM: u32 = 60;
/// More of them than the scheduler has places in nine blocks.
const FLOOD: u32 = 460;
/// As many as an account can vote on.
const BALLOTS: u32 = 120;
/// What it takes to submit one.
const SUBMISSION: Balance = 10 * ASY;
/// What it takes to have one decided on root's track.
const DECISION: Balance = 100_000 * ASY;

fn timed_out() -> usize {
    let infos = ReferendumInfoFor::<Runtime>::iter_values();
    infos.filter(|info| matches!(info, ReferendumInfo::TimedOut(..))).count()
}

#[test]
fn spam_of_proposals_takes_a_deposit_each_and_keeps_no_referendum_from_its_end() {
    chain::on(genesis::TEST, |chain| {
        chain.open();
        let reserved = || Balances::reserved_balance(Two.to_account_id());
        for _ in 0..SPAM {
            propose(chain, Two, root(), &remark());
        }
        assert_eq!(reserved(), Balance::from(SPAM) * SUBMISSION);
        vote_on(chain, root(), inline(&freeze()));
        chain.close();
        // Each vote wants an alarm in the next block.
        while !Frozen::<Runtime>::get() {
            chain.open();
            for spam in 0..SPAM {
                assert_eq!(vote(chain, Two, spam, aye(0)), Ok(()));
            }
            chain.close();
            assert!(System::block_number() < 4 * LONG, "what most have voted for is not done");
        }
        println!("enacted in block {}", System::block_number());
        chain.pass(60);
        assert_eq!(timed_out(), SPAM as usize, "each has its alarm in the end");
        chain.open();
        let refund = Referenda::<Runtime>::refund_submission_deposit { index: 0 };
        assert_eq!(submit(chain, Two, refund), Err(Error::<Runtime>::BadStatus.into()));
        assert_eq!(reserved(), Balance::from(SPAM) * SUBMISSION, "what nobody had decided is kept for good");
        chain.close();
    });
}

#[test]
fn flood_of_proposals_takes_no_referendum_its_alarm_and_no_track_its_place() {
    let spammers = [Two, One, Ferdie, Dave];
    chain::on(genesis::TEST, |chain| {
        chain.open();
        for _ in 0..FLOOD {
            propose(chain, Two, root(), &remark());
        }
        chain.close();
        chain.open();
        for spam in 0..FLOOD {
            let spammer = spammers[(spam / BALLOTS) as usize];
            assert_eq!(vote(chain, spammer, spam, aye(0)), Ok(()));
        }
        for _ in 0..2 {
            let index = vote_on(chain, root(), inline(&freeze()));
            let wakes = |index| ongoing(index).is_some_and(|status| status.alarm.is_some());
            assert!((0..FLOOD).filter_map(ongoing).all(|status| status.alarm.is_some()));
            assert!(wakes(index));
            chain.close();
            chain.pass(LONG);
            assert!(approval(index).is_some(), "each in its turn: root decides one at a time");
            chain.open();
        }
        chain.close();
        assert!(Frozen::<Runtime>::get());
        chain.pass(60);
        assert_eq!(timed_out(), FLOOD as usize, "each has its alarm in the end");
    });
}

#[test]
fn spam_that_takes_the_only_place_is_killed_and_pays_for_it() {
    chain::on_genesis(chain::without_issues(genesis::TEST), |chain| {
        chain.open();
        let spam = propose(chain, Two, root(), &remark());
        place_deposit(chain, Two, spam);
        chain.close();
        chain.pass(2);
        chain.open();
        let index = vote_on(chain, root(), inline(&freeze()));
        chain.close();
        chain.pass(LONG);
        assert!(ongoing(index).expect("it waits").in_queue, "root decides one at a time");

        let (had, before) = (votes_of(Two), Balances::free_balance(Treasury::get()));
        chain.open();
        let kill = RuntimeCall::Referenda(Referenda::kill { index: spam });
        vote_on(chain, DaoOrigin::ReferendumAdmin, inline(&kill));
        chain.close();
        chain.pass(LONG);
        assert!(matches!(ReferendumInfoFor::<Runtime>::get(spam), Some(ReferendumInfo::Killed(_))));
        let lost = had - votes_of(Two);
        assert_eq!(lost, SUBMISSION + DECISION);
        assert_eq!(Balances::free_balance(Treasury::get()), before + lost);
        chain.pass(LONG);
        assert!(Frozen::<Runtime>::get(), "the next one has the place");
    });
}
