//! Token holders vote, and what they voted for is done.

mod agenda;
mod appeals;
pub mod ballots;
mod borrowed;
mod bounties;
mod double_votes;
mod nesting;
mod origins;
mod preimages;
mod random;
mod samples;
mod spam;
mod spending;

use crate::chain::{self, transfer, Chain};
use assay_runtime::{
    configs::FellowshipScheduler, genesis, BlockNumber, OriginCaller, Runtime, RuntimeCall, Scheduler,
};
use ballots::{aye, done, freeze, inline, place_deposit, propose, root, vote, LONG, MILLION};
use frame_support::traits::schedule::{
    v3::{Named, TaskName},
    DispatchTime,
};
use pallet_assay_dao::DaoOrigin;
use pallet_clock::Frozen;
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave, Eve, Ferdie};
use sp_runtime::traits::BlakeTwo256;

/// A referendum on whether the market should freeze: submitted, its deposit placed, and these vote aye.
fn freeze_by_vote(chain: &mut Chain, origin: impl Into<OriginCaller>, voters: &[Sr25519Keyring]) {
    chain.open();
    let index = propose(chain, Alice, origin, &freeze());
    place_deposit(chain, Alice, index);
    for voter in voters {
        assert_eq!(vote(chain, *voter, index, aye(110 * MILLION)), Ok(()), "{voter:?}");
    }
    chain.close();
}

#[test]
fn most_of_the_tokens_do_what_root_may() {
    chain::on(genesis::TEST, |chain| {
        freeze_by_vote(chain, root(), &[Alice, Bob, Charlie, Dave, Eve]);
        chain.pass(LONG);
        assert!(Frozen::<Runtime>::get());
    });
}

#[test]
fn few_of_the_tokens_do_not() {
    chain::on(genesis::TEST, |chain| {
        freeze_by_vote(chain, root(), &[Alice]);
        chain.pass(LONG);
        assert!(!Frozen::<Runtime>::get());
    });
}

#[test]
fn a_track_does_nothing_that_is_not_its_own() {
    chain::on(genesis::TEST, |chain| {
        freeze_by_vote(chain, DaoOrigin::Curator, &[Alice, Bob, Charlie, Dave, Eve]);
        chain.pass(LONG);
        assert!(!Frozen::<Runtime>::get());
    });
}

#[test]
fn what_votes_stays_where_it_is() {
    chain::on(genesis::TEST, |chain| {
        freeze_by_vote(chain, root(), &[Alice]);
        chain.open();
        let refused = chain.submit(Alice, transfer(Ferdie, 20 * MILLION)).expect("valid");
        refused.expect_err("Ferdie could vote with it too");
        done(chain, Alice, transfer(Ferdie, 10 * MILLION));
        chain.close();
    });
}

/// Schedules a task under a name; whether the scheduler takes it.
fn schedule<S>(name: TaskName) -> bool
where
    S: Named<BlockNumber, RuntimeCall, OriginCaller, Hasher = BlakeTwo256>,
{
    S::schedule_named(name, DispatchTime::At(9), None, 63, root(), inline(&freeze())).is_ok()
}

#[test]
fn tasks_of_holders_and_of_fellows_may_have_one_name() {
    chain::on(genesis::TEST, |chain| {
        chain.open();
        assert!(schedule::<Scheduler>([7; 32]));
        assert!(schedule::<FellowshipScheduler>([7; 32]));
        assert!(!schedule::<Scheduler>([7; 32]));
        assert!(!schedule::<FellowshipScheduler>([7; 32]));
        chain.close();
    });
}
