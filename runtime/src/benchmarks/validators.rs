//! Validators to be slashed, and session keys.

use crate::{
    configs::{ExistentialDeposit, MAX_CANDIDATES, MAX_VALIDATORS},
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
    Candidates, Chunk, Elected, HoldReason, Ledger, Ledgers, Offender, OffenderList, Offenders, OpenLock,
    Staker, StakerOf, Stakers,
};
use sp_runtime::SaturatedConversion;
use sp_staking::{offence::OffenceSeverity, SessionIndex};

/// What each part of a validator's bond is worth, in planck.
const PART: Balance = 1_000 * crate::token::ASY;

/// The era of session 0.
const ERA: u32 = 0;

/// Room that is left in the list of offenders for those that benchmarks accuse.
const ACCUSED: u32 = 100;

/// Validators as expensive to slash as can be: at the end of a full set and of a full list of candidates, with as many
/// parts of both bonds on their way out as there can be and as many locks, and so much at stake that a slash of half of
/// it reaches all of the parts. Others are noted as offenders and none is disabled, which is more than can come together.
pub struct Validators;

impl pallet_assay_slashing::BenchmarkHelper<AccountId> for Validators {
    fn validator(index: u32) -> (AccountId, SessionIndex) {
        let owner: AccountId = frame_benchmarking::account("validator", index, 0);
        let bond = bond_in_parts(&owner);
        let session = 0;
        let staker = Staker { owner: owner.clone(), bond: bond.saturating_mul(2) };
        fill_lists();
        let candidate = Staker { bond: PART, ..staker.clone() };
        Candidates::<Runtime>::mutate(|list| put_last(list, candidate));
        Elected::<Runtime>::mutate(ERA, |set| put_last(set, staker));
        pallet_session::Validators::<Runtime>::mutate(|set| {
            set.remove(0);
            set.push(owner.clone());
        });
        (owner, session)
    }

    fn stand(validator: &AccountId) {
        let candidate = Staker { owner: validator.clone(), bond: PART };
        Candidates::<Runtime>::mutate(|list| list.try_push(candidate)).expect("it was taken off before");
    }

    fn endow(account: &AccountId) {
        assert_ok!(Balances::mint_into(account, ExistentialDeposit::get()));
    }
}

fn bond_in_parts(owner: &AccountId) -> Balance {
    let parts = <Runtime as pallet_assay_staking::Config>::MaxChunks::get();
    let mut ledger = Ledger::<Runtime>::default();
    ledger.validator.active = PART;
    for stake in [&mut ledger.validator, &mut ledger.provider] {
        for part in 0..parts {
            let at = BlockNumber::MAX.saturating_sub(parts).saturating_add(part);
            assert_ok!(stake.unbonding.try_push(Chunk { value: PART, at }));
        }
    }
    let locks = <Runtime as pallet_assay_staking::Config>::MaxLocks::get();
    for id in 0..locks {
        assert_ok!(ledger.locks.try_push(OpenLock { id: id.into(), amount: 1 }));
    }
    ledger.locked = locks.into();
    let (bond, other) = (ledger.validator.total(), ledger.provider.total());
    Ledgers::<Runtime>::insert(owner, ledger);
    let all = bond.saturating_add(other).saturating_add(ExistentialDeposit::get());
    assert_ok!(Balances::mint_into(owner, all));
    assert_ok!(Balances::hold(&HoldReason::ValidatorBond.into(), owner, bond));
    assert_ok!(Balances::hold(&HoldReason::ProviderBond.into(), owner, other));
    bond
}

/// Puts an entry behind all others of a full list, of which the first gives way.
fn put_last(list: &mut Stakers<Runtime>, staker: StakerOf<Runtime>) {
    list.remove(0);
    list.try_push(staker).expect("one gave way");
}

/// Fills lists and the set of the first session, unless that is done.
fn fill_lists() {
    if Candidates::<Runtime>::get().is_full() {
        return;
    }
    let others: Vec<AccountId> =
        (0..MAX_CANDIDATES).map(|index| frame_benchmarking::account("candidate", index, 0)).collect();
    let bond = PART.saturating_mul(2);
    let stakers: Vec<_> = others.iter().map(|owner| Staker { owner: owner.clone(), bond }).collect();
    let most: usize = MAX_VALIDATORS.saturated_into();
    let set = stakers.iter().take(most).cloned().collect();
    let severity = OffenceSeverity::default();
    let offender = |validator: &AccountId| Offender { validator: validator.clone(), severity, until: ERA };
    let room = MAX_CANDIDATES.saturating_sub(ACCUSED).saturated_into();
    let offenders = others.iter().take(room).map(offender).collect();

    Candidates::<Runtime>::put(Stakers::<Runtime>::truncate_from(stakers));
    Elected::<Runtime>::insert(ERA, Stakers::<Runtime>::truncate_from(set));
    Offenders::<Runtime>::put(OffenderList::<Runtime>::truncate_from(offenders));
    pallet_session::Validators::<Runtime>::put(others.into_iter().take(most).collect::<Vec<_>>());
}

impl pallet_assay_staking::BenchmarkHelper<AccountId, opaque::SessionKeys> for Validators {
    fn keys(owner: &AccountId) -> (opaque::SessionKeys, Vec<u8>) {
        let generated = opaque::SessionKeys::generate(&owner.encode(), None);
        (generated.keys, generated.proof.encode())
    }
}
