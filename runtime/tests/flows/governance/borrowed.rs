//! Borrowed tokens vote as others do, and only as long as they are locked. What that leaves to a lender and a borrower is
//! measured here: a referendum takes them for all of its confirmation, at a tenth of a vote for each token; who would
//! stop one in the last block has to do it again, and has to outvote its voters when the decision ends.

use super::ballots::{
    approval, aye, ballot, done, freeze, inline, is_rejected, ongoing, place_deposit, propose, root, submit,
    take_back, tally, vote, vote_on, LONG, MILLION,
};
use crate::chain::{self, transfer, Chain};
use assay_runtime::{genesis, OriginCaller, Runtime, System};
use pallet_assay_dao::{DaoOrigin, CURATOR, EMERGENCY_STOP, ROOT};
use pallet_clock::Frozen;
use pallet_conviction_voting::Conviction::{Locked1x, None as Unlocked};
use serde_json::json;
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave, Ferdie, One, Two};
use sp_runtime::TokenError;

/// A hundred million from each lender for Ferdie, or back.
fn lend(chain: &mut Chain, lenders: &[Sr25519Keyring]) {
    for lender in lenders {
        done(chain, *lender, transfer(Ferdie, 100 * MILLION));
    }
}

fn pay_back(chain: &mut Chain, lenders: &[Sr25519Keyring]) {
    for lender in lenders {
        done(chain, Ferdie, transfer(*lender, 100 * MILLION));
    }
}

/// A referendum of Alice's with its deposit.
fn decided(chain: &mut Chain, origin: impl Into<OriginCaller>) -> u32 {
    let index = propose(chain, Alice, origin, &freeze());
    place_deposit(chain, Alice, index);
    index
}

/// When a referendum is approved if it still passes then.
fn confirmed(index: u32) -> Option<u32> {
    ongoing(index).expect("it goes on").deciding.expect("it is being decided").confirming
}

#[test]
fn loan_of_one_block_decides_nothing() {
    chain::on(genesis::TEST, |chain| {
        chain.open();
        let index = decided(chain, DaoOrigin::EmergencyStop);
        chain.close();
        chain.pass(2);
        let block = chain.open();
        lend(chain, &[Bob, Charlie]);
        assert_eq!(vote(chain, Ferdie, index, aye(320 * MILLION)), Ok(()));
        take_back(chain, Ferdie, EMERGENCY_STOP, index);
        pay_back(chain, &[Bob, Charlie]);
        assert_eq!(System::block_number(), block, "all of it was in one block");
        chain.close();
        chain.pass(1);
        assert_eq!((tally(index).support, confirmed(index)), (0, None));

        // A vote that stays begins the confirmation.
        chain.open();
        lend(chain, &[Bob, Charlie]);
        assert_eq!(vote(chain, Ferdie, index, aye(320 * MILLION)), Ok(()));
        chain.close();
        chain.pass(1);
        assert!(confirmed(index).is_some());
    });
}

#[test]
fn loan_stays_locked_through_the_confirmation_or_decides_nothing() {
    let lenders = [Bob, Charlie, Dave, One];
    let mut preset = genesis::preset(genesis::TEST).expect("the preset exists");
    // So that root's confirmation takes 14 blocks, and its decision 400.
    preset["dao"]["shortening"] = json!(2_016);
    chain::on_genesis(preset, |chain| {
        chain.open();
        let index = decided(chain, root());
        chain.close();
        chain.pass(3);
        chain.open();
        lend(chain, &lenders);
        assert_eq!(vote(chain, Ferdie, index, aye(520 * MILLION)), Ok(()));
        chain.close();
        chain.pass(1);
        let end = confirmed(index).expect("more than half have voted aye");
        while System::block_number() + 2 < end {
            chain.pass(1);
        }
        chain.open();
        let early = submit(chain, Ferdie, transfer(Bob, 100 * MILLION));
        assert_eq!(early, Err(TokenError::Frozen.into()));
        take_back(chain, Ferdie, ROOT, index);
        pay_back(chain, &lenders);
        chain.close();
        chain.pass(3);
        assert_eq!(confirmed(index), None, "it took the vote for as long");
        chain.pass(400);
        assert!(is_rejected(index));
    });
}

#[test]
fn borrowed_ayes_lose_against_a_tenth_of_them_that_stay_locked() {
    chain::on(genesis::TEST, |chain| {
        chain.open();
        lend(chain, &[Bob, Charlie]);
        let index = decided(chain, DaoOrigin::Curator);
        // Whoever has to give them back can't have them locked for a week.
        assert_eq!(vote(chain, Ferdie, index, ballot(true, Unlocked, 320 * MILLION)), Ok(()));
        assert_eq!(vote(chain, Alice, index, ballot(false, Locked1x, 33 * MILLION)), Ok(()));
        assert_eq!((tally(index).ayes, tally(index).nays), (32 * MILLION, 33 * MILLION));
        chain.close();
        chain.pass(50);
        assert!(is_rejected(index));
        chain.open();
        take_back(chain, Ferdie, CURATOR, index);
        pay_back(chain, &[Bob, Charlie]);
        chain.close();
    });
}

/// The block in which a referendum of most holders is approved, where somebody borrows enough to say no in the block
/// before, or does not.
fn approved_in(nay: bool) -> u32 {
    let mut approved = None;
    chain::on(genesis::TEST, |chain| {
        chain.open();
        let index = vote_on(chain, root(), inline(&freeze()));
        chain.close();
        chain.pass(1);
        let end = confirmed(index).expect("it passes");
        while System::block_number() + 2 < end {
            chain.pass(1);
        }
        chain.open();
        if nay {
            assert_eq!(vote(chain, Two, index, ballot(false, Locked1x, 90 * MILLION)), Ok(()));
        }
        chain.close();
        chain.open();
        if nay {
            take_back(chain, Two, ROOT, index);
        }
        chain.close();
        chain.pass(LONG);
        approved = approval(index);
        assert!(Frozen::<Runtime>::get());
    });
    approved.expect("most have voted for it")
}

#[test]
fn nays_of_a_block_delay_by_a_confirmation_and_no_more() {
    let (usual, delayed) = (approved_in(false), approved_in(true));
    println!("approved in block {usual}, with nays in the last block in {delayed}");
    // Root's confirmation takes two blocks here.
    assert!(usual < delayed && delayed <= usual + 4, "{usual} and {delayed}");
}
