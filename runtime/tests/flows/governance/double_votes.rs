//! Attempts to vote twice with one token, each of which fails: whatever is done with it, all that has voted is there.

use super::ballots::{
    aye, done, freeze, propose, root, submit, take_back, tally, unlock, vote, votes_of, MILLION,
};
use crate::{
    chain::{self, free, transfer, Chain},
    staking::{report_bob, staking},
};
use assay_primitives::{Escrow as EscrowOf, JobId, Role, Settlement};
use assay_runtime::{
    genesis, token::ASY, AccountId, Balance, Escrow, Runtime, RuntimeCall, RuntimeOrigin, System,
};
use pallet_assay_dao::ROOT;
use pallet_assay_slashing::Pending;
use pallet_assay_staking::Call as Staking;
use pallet_conviction_voting::{Call as Voting, Conviction, Error};
use pallet_referenda::Call as Referenda;
use serde_json::json;
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Eve, Ferdie, One, Two};
use sp_runtime::{
    traits::{BlockNumberProvider, Dispatchable},
    transaction_validity::InvalidTransaction,
    DispatchError, DispatchResult, MultiAddress, TokenError,
};

const JOB: JobId = 77;
const ROLE: Role = Role::Provider;

/// A referendum to vote on.
fn poll(chain: &mut Chain) -> u32 {
    propose(chain, Alice, root(), &freeze())
}

fn frozen() -> DispatchResult {
    Err(TokenError::Frozen.into())
}

fn refused(error: Error<Runtime>) -> DispatchResult {
    Err(DispatchError::from(error))
}

fn move_all(to: Sr25519Keyring) -> RuntimeCall {
    let dest = MultiAddress::Id(to.to_account_id());
    RuntimeCall::Balances(pallet_balances::Call::transfer_all { dest, keep_alive: false })
}

fn delegate(to: Sr25519Keyring, balance: Balance) -> Voting<Runtime> {
    let (class, to) = (ROOT, to.to_account_id().into());
    Voting::delegate { class, to, conviction: Conviction::Locked1x, balance }
}

/// Whatever they did: no more has voted than they have together.
fn assert_all_is_there(index: u32, voters: &[Sr25519Keyring]) {
    let (voted, all) = (tally(index).support, voters.iter().map(|voter| votes_of(*voter)).sum::<Balance>());
    assert!(voted <= all, "{voted} of {all}");
}

#[test]
fn token_that_moves_takes_its_vote_along() {
    chain::on(genesis::TEST, |chain| {
        chain.open();
        let index = poll(chain);
        assert_eq!(vote(chain, Eve, index, aye(120 * MILLION)), Ok(()));
        assert_eq!(submit(chain, Eve, transfer(Ferdie, 6 * MILLION)), frozen());
        done(chain, Eve, move_all(Ferdie));
        assert_eq!(free(Eve) / ASY, 120 * MILLION / ASY, "only the rest has moved");
        assert_all_is_there(index, &[Eve]);

        // She has nothing to pay fees with any more.
        done(chain, Ferdie, transfer(Eve, MILLION));
        take_back(chain, Eve, ROOT, index);
        done(chain, Eve, transfer(Ferdie, 119 * MILLION));
        assert_eq!(vote(chain, Ferdie, index, aye(240 * MILLION)), Ok(()));
        assert_eq!(tally(index).support, 240 * MILLION);
        assert_eq!(vote(chain, Eve, index, aye(2 * MILLION)), refused(Error::InsufficientFunds));
        assert_all_is_there(index, &[Eve, Ferdie]);
        chain.close();
    });
}

#[test]
fn token_that_is_delegated_votes_where_it_is_delegated_to_and_nowhere_else() {
    chain::on(genesis::TEST, |chain| {
        chain.open();
        let index = poll(chain);
        assert_eq!(vote(chain, Eve, index, aye(100 * MILLION)), Ok(()));
        assert_eq!(submit(chain, Eve, delegate(Ferdie, 100 * MILLION)), refused(Error::AlreadyVoting));
        take_back(chain, Eve, ROOT, index);
        done(chain, Eve, delegate(Ferdie, 120 * MILLION));
        assert_eq!(vote(chain, Ferdie, index, aye(100 * MILLION)), Ok(()));
        assert_eq!(tally(index).support, 220 * MILLION);

        assert_eq!(vote(chain, Eve, index, aye(1)), refused(Error::AlreadyDelegating));
        assert_eq!(submit(chain, Eve, delegate(One, 1)), refused(Error::AlreadyDelegating));
        assert_eq!(submit(chain, Eve, transfer(One, 6 * MILLION)), frozen());
        // What is delegated to one who delegates goes no further.
        done(chain, One, delegate(Eve, 100 * MILLION));
        assert_eq!(tally(index).support, 220 * MILLION);

        done(chain, Eve, Voting::<Runtime>::undelegate { class: ROOT });
        assert_eq!(tally(index).support, 100 * MILLION);
        unlock(chain, Eve, ROOT);
        let early = submit(chain, Eve, transfer(Ferdie, 100 * MILLION));
        assert_eq!(early, frozen(), "its conviction outlives the delegation");
        chain.close();
        // A week of production.
        chain.pass(21);
        chain.open();
        unlock(chain, Eve, ROOT);
        done(chain, Eve, transfer(Ferdie, 100 * MILLION));
        assert_all_is_there(index, &[Eve, Ferdie, One]);
        chain.close();
    });
}

#[test]
fn token_that_is_bonded_votes_once_and_stays_when_it_is_withdrawn() {
    let mut preset = genesis::preset(genesis::TEST).expect("the preset exists");
    // A referendum has to outlast unbonding.
    preset["dao"]["shortening"] = json!(2_016);
    chain::on_genesis(preset, |chain| {
        chain.open();
        done(chain, Ferdie, staking(Staking::bond { role: ROLE, amount: 50 * MILLION }));
        let index = poll(chain);
        assert_eq!(vote(chain, Ferdie, index, aye(126 * MILLION)), refused(Error::InsufficientFunds));
        assert_eq!(vote(chain, Ferdie, index, aye(120 * MILLION)), Ok(()));
        done(chain, Ferdie, staking(Staking::unbond { role: ROLE, amount: 50 * MILLION }));
        chain.close();
        chain.pass(120);
        chain.open();
        done(chain, Ferdie, staking(Staking::withdraw { role: ROLE }));
        assert!(free(Ferdie) > 124 * MILLION, "the bond is back");
        assert_eq!(submit(chain, Ferdie, transfer(Eve, 50 * MILLION)), frozen());
        assert_eq!(tally(index).support, 120 * MILLION);
        take_back(chain, Ferdie, ROOT, index);
        done(chain, Ferdie, transfer(Eve, 50 * MILLION));
        assert_eq!(tally(index).support, 0);
        chain.close();
    });
}

#[test]
fn token_that_was_slashed_votes_no_more_once_its_owner_votes_anew() {
    let mut preset = genesis::preset(genesis::TEST).expect("the preset exists");
    // A referendum has to outlast the window of slashes.
    preset["dao"]["shortening"] = json!(2_016);
    chain::on_genesis(preset, |chain| {
        chain.open();
        let poll_index = poll(chain);
        let all = votes_of(Bob) - ASY;
        assert_eq!(vote(chain, Bob, poll_index, aye(all)), Ok(()));
        chain.close();
        while System::block_number() < 3 {
            chain.pass(1);
        }
        let slash = report_bob(chain);
        while Pending::<Runtime>::contains_key(slash) {
            chain.pass(1);
        }
        let left = votes_of(Bob);
        assert!(left < all, "{left} of {all}");
        assert_eq!(tally(poll_index).support, all);
        chain.open();
        // Without a fee: all that is free is locked.
        let by_bob = |balance| -> DispatchResult {
            let call = RuntimeCall::from(Voting::<Runtime>::vote { poll_index, vote: aye(balance) });
            let outcome = call.dispatch(RuntimeOrigin::signed(Bob.to_account_id()));
            outcome.map(drop).map_err(|refused| refused.error)
        };
        assert_eq!(by_bob(all), refused(Error::InsufficientFunds));
        assert_eq!(by_bob(left), Ok(()));
        assert_eq!(tally(poll_index).support, left);
        chain.close();
    });
}

#[test]
fn token_on_deposit_votes_once() {
    chain::on(genesis::TEST, |chain| {
        chain.open();
        let index = poll(chain);
        assert_eq!(vote(chain, Eve, index, aye(124 * MILLION)), Ok(()));
        done(chain, Eve, Referenda::<Runtime>::place_decision_deposit { index });
        done(chain, Eve, move_all(Ferdie));
        assert!(votes_of(Eve) >= 124 * MILLION, "a deposit may be of what votes, and stays hers");
        assert_all_is_there(index, &[Eve]);
        chain.close();
    });
}

fn escrow(requester: Sr25519Keyring, amount: Balance) -> DispatchResult {
    let expires = pallet_clock::MarketClock::<Runtime>::current_block_number() + 1_000;
    <Escrow as EscrowOf<AccountId>>::open(JOB, &requester.to_account_id(), amount, expires)
}

/// A job ends: its money goes to the provider.
fn pay(provider: Sr25519Keyring, amount: Balance) {
    let settlement = Settlement { payouts: vec![(provider.to_account_id(), amount)], burnt: 0, treasury: 0 };
    <Escrow as EscrowOf<AccountId>>::settle(JOB, settlement);
}

#[test]
fn token_that_pays_for_a_job_does_not_vote() {
    chain::on(genesis::TEST, |chain| {
        chain.open();
        let index = poll(chain);
        assert_eq!(escrow(Eve, 20 * MILLION), Ok(()));
        assert_eq!(vote(chain, Eve, index, aye(106 * MILLION)), refused(Error::InsufficientFunds));
        assert_eq!(vote(chain, Eve, index, aye(100 * MILLION)), Ok(()));
        // Of what is free, 5 million do not vote.
        assert_eq!(submit(chain, Eve, transfer(Ferdie, 6 * MILLION)), frozen());
        assert_all_is_there(index, &[Eve]);
        // Her own provider votes with what it was paid, and she with what is left.
        pay(Ferdie, 20 * MILLION);
        assert_eq!(vote(chain, Ferdie, index, aye(144 * MILLION)), Ok(()));
        assert_eq!(submit(chain, Eve, transfer(Ferdie, 6 * MILLION)), frozen());
        assert_all_is_there(index, &[Eve, Ferdie]);
        chain.close();
    });
}

#[test]
fn token_that_votes_does_not_pay_for_a_job() {
    chain::on(genesis::TEST, |chain| {
        chain.open();
        let index = poll(chain);
        assert_eq!(vote(chain, Eve, index, aye(100 * MILLION)), Ok(()));
        let too_much = pallet_assay_escrow::Error::<Runtime>::Frozen;
        assert_eq!(escrow(Eve, 26 * MILLION), Err(too_much.into()));
        assert_eq!(escrow(Eve, 20 * MILLION), Ok(()));
        // Else 20 million of what is free could go, and vote, and those of the job once more.
        assert_eq!(submit(chain, Eve, transfer(Ferdie, 6 * MILLION)), frozen());
        done(chain, Eve, move_all(Ferdie));
        assert_all_is_there(index, &[Eve]);
        pay(Ferdie, 20 * MILLION);
        assert_all_is_there(index, &[Eve]);
        assert_eq!(votes_of(Eve) / ASY, 100 * MILLION / ASY);
        let unpaid = chain.submit(Eve, move_all(Ferdie));
        assert_eq!(unpaid, Err(InvalidTransaction::Payment.into()), "what votes pays not even fees");
        chain.close();
    });
}

#[test]
fn lock_of_a_vote_lets_go_of_what_escrow_had_when_the_job_is_over() {
    chain::on(genesis::TEST, |chain| {
        chain.open();
        let index = poll(chain);
        assert_eq!(escrow(Eve, 20 * MILLION), Ok(()));
        assert_eq!(vote(chain, Eve, index, aye(100 * MILLION)), Ok(()));
        pay(Eve, 20 * MILLION);
        done(chain, Eve, transfer(Ferdie, 24 * MILLION));
        take_back(chain, Eve, ROOT, index);
        done(chain, Eve, transfer(Ferdie, 99 * MILLION));
        chain.close();
    });
}

#[test]
fn what_has_not_vested_does_not_leave_beside_a_job() {
    chain::on(genesis::TEST, |chain| {
        chain.open();
        // A fifth of 125 million has not vested, all but the first block's.
        assert_eq!(escrow(Two, 90 * MILLION), Ok(()));
        assert_eq!(submit(chain, Two, transfer(Ferdie, 11 * MILLION)), frozen());
        done(chain, Two, transfer(Ferdie, 9 * MILLION));
        pay(Two, 90 * MILLION);
        chain.close();
    });
}
