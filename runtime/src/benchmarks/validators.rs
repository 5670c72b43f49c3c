//! Validators to be slashed.

use crate::{
    configs::{ExistentialDeposit, MAX_VALIDATORS},
    *,
};
use alloc::vec::Vec;
use frame_support::{
    assert_ok,
    traits::{
        fungible::{Mutate, MutateHold},
        Get,
    },
};
use pallet_assay_staking::{Candidates, Chunk, Elected, HoldReason, Ledger, Ledgers, Staker};
use sp_staking::SessionIndex;

/// What each part of a validator's bond is worth, in planck.
const PART: Balance = 1_000 * crate::token::ASY;

/// Room that is left on the list of candidates for those that benchmarks accuse.
const ACCUSED: u32 = 100;

/// Validators as expensive to slash as can be: at the end of a full list of candidates, with as many parts of the bond
/// on their way out as there can be, and so much at stake that a slash of half of it reaches all of these.
pub struct Validators;

impl pallet_assay_slashing::BenchmarkHelper<AccountId> for Validators {
    fn validator(index: u32) -> (AccountId, SessionIndex) {
        let owner: AccountId = frame_benchmarking::account("validator", index, 0);
        let bond = bond_in_parts(&owner);
        let session = 0;
        let staker = Staker { owner: owner.clone(), bond: bond.saturating_mul(2) };
        fill_candidates();
        let candidate = Staker { bond: PART, ..staker.clone() };
        Candidates::<Runtime>::mutate(|list| list.try_push(candidate)).expect("room was left");
        Elected::<Runtime>::mutate(session, |set| set.try_push(staker)).expect("a preset elects few");
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

fn fill_candidates() {
    let there = Candidates::<Runtime>::decode_len().unwrap_or_default();
    let wanted = MAX_VALIDATORS.saturating_sub(ACCUSED);
    if there < usize::try_from(wanted).unwrap_or_default() {
        let list: Vec<_> = (0..wanted)
            .map(|index| Staker {
                owner: frame_benchmarking::account("candidate", index, 0),
                bond: PART.saturating_mul(2),
            })
            .collect();
        Candidates::<Runtime>::put(pallet_assay_staking::Stakers::<Runtime>::truncate_from(list));
    }
}
