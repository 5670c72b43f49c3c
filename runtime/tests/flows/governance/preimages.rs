//! Absurd preimages: too long, none at all, not a call, withdrawn. Those that are nested too deep are in `nesting`.

use super::ballots::{self, approval, done, freeze, inline, root, submit, LONG};
use crate::chain::{self, Chain};
use assay_runtime::{
    configs::{PreimageBaseDeposit, PreimageByteDeposit},
    genesis, AccountId, Balances, Hash, Runtime, RuntimeHoldReason, RuntimeOrigin,
};
use codec::Encode;
use frame_support::{
    assert_noop,
    traits::{fungible::InspectHold, Bounded},
};
use frame_system::RawOrigin;
use pallet_clock::Frozen;
use pallet_preimage::{Call as Preimage, Error, HoldReason, MAX_SIZE};
use sp_keyring::Sr25519Keyring::Two;
use sp_runtime::traits::{BlakeTwo256, Hash as _};

fn hash(bytes: &[u8]) -> Hash {
    BlakeTwo256::hash(bytes)
}

/// A referendum of root's on what has these bytes as its preimage, for which most vote.
fn vote_on(chain: &mut Chain, bytes: &[u8]) -> u32 {
    let len = u32::try_from(bytes.len()).expect("a short one");
    ballots::vote_on(chain, root(), Bounded::Lookup { hash: hash(bytes), len })
}

/// The chain goes on, and so do votes.
fn assert_goes_on(chain: &mut Chain) {
    assert!(!Frozen::<Runtime>::get());
    chain.open();
    ballots::vote_on(chain, root(), inline(&freeze()));
    chain.close();
    chain.pass(LONG);
    assert!(Frozen::<Runtime>::get());
}

#[test]
fn preimage_that_is_no_call_is_dropped_when_it_was_approved() {
    chain::on(genesis::TEST, |chain| {
        let bytes = vec![255; 200];
        chain.open();
        done(chain, Two, Preimage::<Runtime>::note_preimage { bytes: bytes.clone() });
        let index = vote_on(chain, &bytes);
        chain.close();
        chain.pass(LONG);
        assert!(approval(index).is_some());
        assert_goes_on(chain);
        // Nobody needs it any more: whoever noted it has the deposit back.
        chain.open();
        done(chain, Two, Preimage::<Runtime>::unnote_preimage { hash: hash(&bytes) });
        chain.close();
    });
}

#[test]
fn approval_of_what_nobody_has_shown_does_nothing() {
    chain::on(genesis::TEST, |chain| {
        let call = freeze().encode();
        chain.open();
        let index = vote_on(chain, &call);
        chain.close();
        chain.pass(LONG);
        assert!(approval(index).is_some());
        chain.open();
        done(chain, Two, Preimage::<Runtime>::note_preimage { bytes: call });
        chain.close();
        chain.pass(LONG);
        assert_goes_on(chain);
    });
}

#[test]
fn preimage_of_another_length_is_not_proposed() {
    chain::on(genesis::TEST, |chain| {
        let bytes = vec![7; 200];
        chain.open();
        done(chain, Two, Preimage::<Runtime>::note_preimage { bytes: bytes.clone() });
        let proposal = Bounded::Lookup { hash: hash(&bytes), len: 4_000_000 };
        let submit_it = pallet_referenda::Call::<Runtime>::submit {
            proposal_origin: Box::new(root()),
            proposal,
            enactment_moment: frame_support::traits::schedule::DispatchTime::After(0),
        };
        let wrong = pallet_referenda::Error::<Runtime>::PreimageStoredWithDifferentLength;
        assert_eq!(submit(chain, Two, submit_it), Err(wrong.into()));
        chain.close();
    });
}

#[test]
fn preimage_takes_a_deposit_for_each_byte_and_has_an_end() {
    chain::on(genesis::TEST, |chain| {
        chain.open();
        let two = Two.to_account_id();
        let length: u32 = 3_500_000;
        done(chain, Two, Preimage::<Runtime>::note_preimage { bytes: vec![0; length as usize] });
        let reason = RuntimeHoldReason::Preimage(HoldReason::Preimage);
        let held = <Balances as InspectHold<AccountId>>::balance_on_hold(&reason, &two);
        assert_eq!(held, PreimageBaseDeposit::get() + PreimageByteDeposit::get() * u128::from(length));
        let bytes = vec![0; MAX_SIZE as usize + 1];
        let signed = RuntimeOrigin::from(RawOrigin::Signed(two));
        assert_noop!(assay_runtime::Preimage::note_preimage(signed, bytes), Error::<Runtime>::TooBig);
        chain.close();
    });
}
