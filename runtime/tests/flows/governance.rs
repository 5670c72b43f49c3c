//! Token holders vote, and what they voted for is done.

mod agenda;
mod appeals;
mod ballots;
mod borrowed;
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
    configs::FellowshipScheduler, genesis, token, Balance, BlockNumber, OriginCaller, Runtime, RuntimeCall,
    Scheduler,
};
use codec::Encode;
use frame_support::traits::{
    schedule::{
        v3::{Named, TaskName},
        DispatchTime,
    },
    Bounded,
};
use frame_system::RawOrigin;
use pallet_clock::Frozen;
use pallet_conviction_voting::{AccountVote, Call as Voting, Conviction, Vote};
use pallet_referenda::Call as Referenda;
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave, Eve, Ferdie};
use sp_runtime::traits::BlakeTwo256;

/// What each voter votes with, of the 125 million that it begins with.
const VOTE: Balance = 110_000_000 * token::ASY;
/// More than any referendum with the ayes of half of all tokens takes from its submission to its enactment.
const LONG: u32 = 12;

fn inline(call: &RuntimeCall) -> Bounded<RuntimeCall, BlakeTwo256> {
    Bounded::Inline(call.encode().try_into().expect("a short call"))
}

/// A call that only root may make.
fn freeze() -> RuntimeCall {
    RuntimeCall::Clock(pallet_clock::Call::set_frozen { frozen: true })
}

fn done(chain: &mut Chain, signer: Sr25519Keyring, call: RuntimeCall) {
    chain.submit(signer, call).expect("valid").expect("succeeds");
}

/// Referendum 0, on whether the market should freeze: submitted, its deposit placed, and these vote aye.
fn freeze_by_vote(chain: &mut Chain, origin: OriginCaller, voters: &[Sr25519Keyring]) {
    let (proposal_origin, proposal) = (Box::new(origin), inline(&freeze()));
    let submit = Referenda::submit { proposal_origin, proposal, enactment_moment: DispatchTime::After(0) };
    chain.open();
    done(chain, Alice, RuntimeCall::Referenda(submit));
    done(chain, Alice, RuntimeCall::Referenda(Referenda::place_decision_deposit { index: 0 }));
    for voter in voters {
        let vote = Vote { aye: true, conviction: Conviction::None };
        let vote = AccountVote::Standard { vote, balance: VOTE };
        done(chain, *voter, RuntimeCall::ConvictionVoting(Voting::vote { poll_index: 0, vote }));
    }
    chain.close();
}

#[test]
fn most_of_the_tokens_do_what_root_may() {
    chain::on(genesis::TEST, |chain| {
        freeze_by_vote(chain, RawOrigin::Root.into(), &[Alice, Bob, Charlie, Dave, Eve]);
        chain.pass(LONG);
        assert!(Frozen::<Runtime>::get());
    });
}

#[test]
fn few_of_the_tokens_do_not() {
    chain::on(genesis::TEST, |chain| {
        freeze_by_vote(chain, RawOrigin::Root.into(), &[Alice]);
        chain.pass(LONG);
        assert!(!Frozen::<Runtime>::get());
    });
}

#[test]
fn a_track_does_nothing_that_is_not_its_own() {
    chain::on(genesis::TEST, |chain| {
        let curator = pallet_assay_dao::DaoOrigin::Curator;
        freeze_by_vote(chain, curator.into(), &[Alice, Bob, Charlie, Dave, Eve]);
        chain.pass(LONG);
        assert!(!Frozen::<Runtime>::get());
    });
}

#[test]
fn what_votes_stays_where_it_is() {
    chain::on(genesis::TEST, |chain| {
        freeze_by_vote(chain, RawOrigin::Root.into(), &[Alice]);
        chain.open();
        let refused = chain.submit(Alice, transfer(Ferdie, 20_000_000 * token::ASY)).expect("valid");
        refused.expect_err("Ferdie could vote with it too");
        done(chain, Alice, transfer(Ferdie, 10_000_000 * token::ASY));
        chain.close();
    });
}

/// Schedules a task under a name; whether the scheduler takes it.
fn schedule<S>(name: TaskName) -> bool
where
    S: Named<BlockNumber, RuntimeCall, OriginCaller, Hasher = BlakeTwo256>,
{
    let (at, root) = (DispatchTime::At(9), RawOrigin::Root.into());
    S::schedule_named(name, at, None, 63, root, inline(&freeze())).is_ok()
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
