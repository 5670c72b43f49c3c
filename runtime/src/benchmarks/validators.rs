//! Validators to be slashed, and session keys.

use crate::{
    configs::{ExistentialDeposit, MAX_VALIDATORS},
    *,
};
use alloc::vec::Vec;
use codec::Encode;
use frame_support::{
    assert_ok,
    traits::{
        fungible::{Mutate, MutateHold},
        Get,
    },
};
use pallet_assay_staking::{
    Candidates, Chunk, Elected, HoldReason, Ledger, Ledgers, Offender, OffenderList, Offenders, Staker,
    Stakers,
};
use sp_staking::{offence::OffenceSeverity, SessionIndex};

/// What each part of a validator's bond is worth, in planck.
const PART: Balance = 1_000 * crate::token::ASY;

/// The era of session 0.
const ERA: u32 = 0;

/// Room that is left in lists and sets for those that benchmarks accuse.
const ACCUSED: u32 = 100;

/// Validators as expensive to slash as can be: at the end of a full set and of a full list of candidates, with as many
/// parts of the bond on their way out as there can be, and so much at stake that a slash of half of it reaches all of
/// these. All others are noted as offenders and none is disabled, which is more than can come together.
pub struct Validators;

impl pallet_assay_slashing::BenchmarkHelper<AccountId> for Validators {
    fn validator(index: u32) -> (AccountId, SessionIndex) {
        let owner: AccountId = frame_benchmarking::account("validator", index, 0);
        let bond = bond_in_parts(&owner);
        let session = 0;
        let staker = Staker { owner: owner.clone(), bond: bond.saturating_mul(2) };
        fill_lists();
        let candidate = Staker { bond: PART, ..staker.clone() };
        Candidates::<Runtime>::mutate(|list| list.try_push(candidate)).expect("room was left");
        Elected::<Runtime>::mutate(ERA, |set| set.try_push(staker)).expect("room was left");
        pallet_session::Validators::<Runtime>::mutate(|set| set.push(owner.clone()));
        (owner, session)
    }

    fn endow(account: &AccountId) {
        assert_ok!(Balances::mint_into(account, ExistentialDeposit::get()));
    }
}

fn bond_in_parts(owner: &AccountId) -> Balance {
    let parts = <Runtime as pallet_assay_staking::Config>::MaxChunks::get();
    let mut ledger = Ledger::<Runtime>::default();
    ledger.validator.active = PART;
    for part in 0..parts {
        let chunk = Chunk { value: PART, at: BlockNumber::MAX.saturating_sub(parts).saturating_add(part) };
        assert_ok!(ledger.validator.unbonding.try_push(chunk));
    }
    let bond = ledger.validator.total();
    Ledgers::<Runtime>::insert(owner, ledger);
    assert_ok!(Balances::mint_into(owner, bond.saturating_add(ExistentialDeposit::get())));
    assert_ok!(Balances::hold(&HoldReason::ValidatorBond.into(), owner, bond));
    bond
}

/// Fills lists and the set of the first session, but for the room that is left.
fn fill_lists() {
    let there = Candidates::<Runtime>::decode_len().unwrap_or_default();
    let wanted = MAX_VALIDATORS.saturating_sub(ACCUSED);
    if there >= usize::try_from(wanted).unwrap_or_default() {
        return;
    }
    let others: Vec<AccountId> =
        (0..wanted).map(|index| frame_benchmarking::account("candidate", index, 0)).collect();
    let bond = PART.saturating_mul(2);
    let stakers = others.iter().map(|owner| Staker { owner: owner.clone(), bond }).collect();
    let stakers = Stakers::<Runtime>::truncate_from(stakers);
    let severity = OffenceSeverity::default();
    let offender = |validator: &AccountId| Offender { validator: validator.clone(), severity, until: ERA };
    let offenders = others.iter().map(offender).collect();

    Candidates::<Runtime>::put(stakers.clone());
    Elected::<Runtime>::insert(ERA, stakers);
    Offenders::<Runtime>::put(OffenderList::<Runtime>::truncate_from(offenders));
    pallet_session::Validators::<Runtime>::put(others);
}

impl pallet_assay_staking::BenchmarkHelper<AccountId, opaque::SessionKeys> for Validators {
    fn keys(owner: &AccountId) -> (opaque::SessionKeys, Vec<u8>) {
        let generated = opaque::SessionKeys::generate(&owner.encode(), None);
        (generated.keys, generated.proof.encode())
    }
}
