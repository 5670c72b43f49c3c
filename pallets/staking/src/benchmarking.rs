//! Benchmarks of staking. Bonds and lists are put into storage as calls would leave them, so that only the call
//! measured is run.

use super::*;
use codec::Decode;
use frame_benchmarking::v2::*;
use frame_support::traits::{
    fungible::{Balanced, MutateHold},
    EnsureOrigin, Get,
};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use pallet_session::{SessionInterface, SessionManager};
use sp_runtime::{
    traits::{Saturating, TrailingZeroInput, Zero},
    SaturatedConversion,
};
use sp_staking::offence::OffenceSeverity;

/// What benchmarks cannot make by themselves.
pub trait BenchmarkHelper<AccountId, Keys> {
    /// Session keys that nobody has yet, and the proof that they are the owner's.
    fn keys(owner: &AccountId) -> (Keys, Vec<u8>);
}

/// Ten times the minimum bond in a role.
fn ample<T: Config>(role: Role) -> BalanceOf<T> {
    Pallet::<T>::minimum(role).saturating_mul(10u32.into())
}

/// An account with a thousand times the minimum bonds.
fn funded<T: Config>(index: u32) -> T::AccountId {
    let owner: T::AccountId = account("owner", index, 0);
    let least = Pallet::<T>::minimum(Role::Validator).saturating_add(Pallet::<T>::minimum(Role::Provider));
    let credit = <T as Config>::Currency::issue(least.saturating_mul(1_000u32.into()));
    assert!(<T as Config>::Currency::resolve(&owner, credit).is_ok());
    owner
}

/// An account with ten times the minimum bond in a role.
fn bonded<T: Config>(role: Role) -> Result<T::AccountId, BenchmarkError> {
    let owner = funded::<T>(0);
    Pallet::<T>::do_bond(&owner, role, ample::<T>(role))?;
    Ok(owner)
}

fn give_keys<T: Config>(owner: &T::AccountId) {
    let keys = T::Keys::decode(&mut TrailingZeroInput::zeroes()).expect("keys are bytes");
    pallet_session::NextKeys::<T>::insert(owner, keys);
}

/// Fills the list with so many candidates that have keys, one minimum bond each, and no ledger.
fn fill<T: Config>(candidates: u32) {
    let bond = Pallet::<T>::minimum(Role::Validator);
    let list: Vec<_> = (0..candidates)
        .map(|index| {
            let owner: T::AccountId = account("candidate", index, 0);
            give_keys::<T>(&owner);
            Staker { owner, bond }
        })
        .collect();
    Candidates::<T>::put(Stakers::<T>::truncate_from(list));
}

/// A bonded validator with keys, last of a list of so many candidates, where it stands as if it had the least.
fn last_of<T: Config>(candidates: u32) -> Result<T::AccountId, BenchmarkError> {
    let owner = bonded::<T>(Role::Validator)?;
    give_keys::<T>(&owner);
    fill::<T>(candidates.saturating_sub(1));
    let last = Staker { owner: owner.clone(), bond: Pallet::<T>::minimum(Role::Validator) };
    Candidates::<T>::mutate(|list| list.try_push(last)).map_err(|_| BenchmarkError::Stop("no room"))?;
    Ok(owner)
}

/// Makes a ledger as long as can be: in each role as many parts on their way out as there can be, all of them due, and
/// as many locks.
fn fill_up<T: Config>(owner: &T::AccountId) {
    slice_up::<T>(owner);
    lock_up::<T>(owner);
}

/// Adds as many parts on their way out to each role as there can be.
fn slice_up<T: Config>(owner: &T::AccountId) {
    for role in [Role::Validator, Role::Provider] {
        slice::<T>(owner, role, T::MaxChunks::get());
    }
}

/// Adds as many locks as there can be, of a planck each.
fn lock_up<T: Config>(owner: &T::AccountId) {
    Ledgers::<T>::mutate(owner, |ledger| {
        let ledger = ledger.as_mut().expect("it is bonded");
        for id in 0..T::MaxLocks::get() {
            let lock = OpenLock { id: id.into(), amount: 1u32.into() };
            assert!(ledger.locks.try_push(lock).is_ok());
        }
        ledger.locked = T::MaxLocks::get().into();
    });
}

/// Adds so many parts on their way out to a role, all of them due, a minimum bond each.
fn slice<T: Config>(owner: &T::AccountId, role: Role, parts: u32) {
    let value = Pallet::<T>::minimum(role);
    Ledgers::<T>::mutate(owner, |ledger| {
        let stake = ledger.as_mut().expect("it is bonded").stake_mut(role);
        for _ in 0..parts {
            let chunk = Chunk { value, at: BlockNumberFor::<T>::zero() };
            assert!(stake.unbonding.try_push(chunk).is_ok());
        }
    });
    let sliced = value.saturating_mul(parts.into());
    assert!(<T as Config>::Currency::hold(&HoldReason::from(role).into(), owner, sliced).is_ok());
}

fn governance<T: Config>() -> Result<T::RuntimeOrigin, BenchmarkError> {
    T::GovernanceOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)
}

/// Fills the set of this session with so many validators.
fn validators<T: Config>(count: u32) -> Vec<T::AccountId> {
    let validators: Vec<T::AccountId> = (0..count).map(|index| account("validator", index, 0)).collect();
    pallet_session::Validators::<T>::put(&validators);
    validators
}

/// Fills the list of candidates, the set of this session and that of the next with so many others.
fn fill_sets<T: Config>(count: u32) {
    fill::<T>(count);
    validators::<T>(count);
    let next = pallet_session::Pallet::<T>::current_index().saturating_add(1);
    Elected::<T>::insert(Pallet::<T>::era_of(next), Candidates::<T>::get());
}

/// Notes validators as found out.
fn note<T: Config>(validators: impl Iterator<Item = T::AccountId>) {
    let until = Pallet::<T>::era_of(pallet_session::Pallet::<T>::current_index().saturating_add(1));
    let severity = OffenceSeverity::default();
    let noted = validators.map(|validator| Offender { validator, severity, until });
    Offenders::<T>::put(OffenderList::<T>::truncate_from(noted.collect()));
}

#[benchmarks]
mod benches {
    use super::*;

    #[benchmark]
    fn bond() -> Result<(), BenchmarkError> {
        // A worker that bonds for itself is the longest way.
        let owner = bonded::<T>(Role::Provider)?;
        fill_up::<T>(&owner);
        let worker = funded::<T>(1);
        Pallet::<T>::do_set_worker(&owner, Some(worker.clone()))?;

        #[extrinsic_call]
        _(RawOrigin::Signed(worker.clone()), Role::Validator, ample::<T>(Role::Validator));

        assert!(Ledgers::<T>::contains_key(&worker));
        Ok(())
    }

    #[benchmark]
    fn bond_extra(c: Linear<1, { T::MaxCandidates::get() }>) -> Result<(), BenchmarkError> {
        let owner = last_of::<T>(c)?;
        fill_up::<T>(&owner);
        let amount = ample::<T>(Role::Validator);

        #[extrinsic_call]
        _(RawOrigin::Signed(owner.clone()), Role::Validator, amount);

        assert_eq!(Candidates::<T>::get()[0].owner, owner);
        Ok(())
    }

    #[benchmark]
    fn unbond(c: Linear<1, { T::MaxCandidates::get() }>) -> Result<(), BenchmarkError> {
        let owner = last_of::<T>(c)?;
        // There is room for one more part.
        slice::<T>(&owner, Role::Validator, T::MaxChunks::get().saturating_sub(1));
        slice::<T>(&owner, Role::Provider, T::MaxChunks::get());
        lock_up::<T>(&owner);
        let amount = Pallet::<T>::minimum(Role::Validator);

        #[extrinsic_call]
        _(RawOrigin::Signed(owner.clone()), Role::Validator, amount);

        assert_eq!(Candidates::<T>::get()[0].owner, owner);
        Ok(())
    }

    #[benchmark]
    fn rebond(c: Linear<1, { T::MaxCandidates::get() }>) -> Result<(), BenchmarkError> {
        let owner = last_of::<T>(c)?;
        fill_up::<T>(&owner);
        let amount = Pallet::<T>::minimum(Role::Validator).saturating_mul(T::MaxChunks::get().into());

        #[extrinsic_call]
        _(RawOrigin::Signed(owner.clone()), Role::Validator, amount);

        assert_eq!(Candidates::<T>::get()[0].owner, owner);
        Ok(())
    }

    /// Takes out all that a provider with a worker has bonded, which is its worker's no more then. What leaves its bond
    /// as a validator stays. Of a bond that all goes nothing is locked.
    #[benchmark]
    fn withdraw() -> Result<(), BenchmarkError> {
        let owner = bonded::<T>(Role::Provider)?;
        let worker: T::AccountId = account("worker", 0, 0);
        Pallet::<T>::do_set_worker(&owner, Some(worker.clone()))?;
        slice_up::<T>(&owner);
        Ledgers::<T>::mutate(&owner, |ledger| {
            let stake = &mut ledger.as_mut().expect("it is bonded").provider;
            let active = core::mem::take(&mut stake.active);
            let last = stake.unbonding.last_mut().expect("it is sliced");
            last.value = last.value.saturating_add(active);
        });

        #[extrinsic_call]
        _(RawOrigin::Signed(owner.clone()), Role::Provider);

        assert!(Ledgers::<T>::get(&owner).is_some_and(|ledger| !ledger.provider.is_bonded()));
        assert!(!Workers::<T>::contains_key(&worker));
        Ok(())
    }

    #[benchmark]
    fn validate(c: Linear<1, { T::MaxCandidates::get() }>) -> Result<(), BenchmarkError> {
        let owner = bonded::<T>(Role::Validator)?;
        fill_up::<T>(&owner);
        give_keys::<T>(&owner);
        fill::<T>(c);

        #[extrinsic_call]
        _(RawOrigin::Signed(owner.clone()));

        assert_eq!(Candidates::<T>::get()[0].owner, owner);
        Ok(())
    }

    #[benchmark]
    fn chill(c: Linear<1, { T::MaxCandidates::get() }>) -> Result<(), BenchmarkError> {
        let owner = last_of::<T>(c)?;

        #[extrinsic_call]
        _(RawOrigin::Signed(owner.clone()));

        assert!(!Pallet::<T>::is_candidate(&owner));
        Ok(())
    }

    #[benchmark]
    fn kick(c: Linear<1, { T::MaxCandidates::get() }>) -> Result<(), BenchmarkError> {
        let owner = last_of::<T>(c)?;
        fill_up::<T>(&owner);
        pallet_session::NextKeys::<T>::remove(&owner);
        let caller: T::AccountId = whitelisted_caller();

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), owner.clone());

        assert!(!Pallet::<T>::is_candidate(&owner));
        Ok(())
    }

    #[benchmark]
    fn force_chill(c: Linear<1, { T::MaxCandidates::get() }>) -> Result<(), BenchmarkError> {
        let owner = last_of::<T>(c)?;
        let origin = governance::<T>()?;

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, owner.clone());

        assert!(!Pallet::<T>::is_candidate(&owner));
        Ok(())
    }

    #[benchmark]
    fn set_worker() -> Result<(), BenchmarkError> {
        let owner = bonded::<T>(Role::Provider)?;
        fill_up::<T>(&owner);
        Pallet::<T>::do_set_worker(&owner, Some(account("worker", 0, 0)))?;
        let worker: T::AccountId = account("worker", 1, 0);

        #[extrinsic_call]
        _(RawOrigin::Signed(owner.clone()), Some(worker.clone()));

        assert_eq!(Workers::<T>::get(worker), Some(owner));
        Ok(())
    }

    #[benchmark]
    fn resign() -> Result<(), BenchmarkError> {
        let owner = bonded::<T>(Role::Provider)?;
        fill_up::<T>(&owner);
        let worker: T::AccountId = account("worker", 0, 0);
        Pallet::<T>::do_set_worker(&owner, Some(worker.clone()))?;

        #[extrinsic_call]
        _(RawOrigin::Signed(worker.clone()));

        assert!(!Workers::<T>::contains_key(&worker));
        Ok(())
    }

    /// Replaces keys that were registered from outside, which takes the deposit too: more than any owner can bring
    /// about, who either registers keys or replaces them.
    #[benchmark]
    fn set_keys(c: Linear<1, { T::MaxCandidates::get() }>) -> Result<(), BenchmarkError> {
        let owner = funded::<T>(0);
        pallet_session::Pallet::<T>::ensure_can_pay_key_deposit(&owner)?;
        let (before, _) = T::BenchmarkHelper::keys(&owner);
        <pallet_session::Pallet<T> as SessionInterface>::set_keys(&owner, before)?;
        let (keys, proof) = T::BenchmarkHelper::keys(&owner);
        fill_sets::<T>(c);

        #[extrinsic_call]
        _(RawOrigin::Signed(owner.clone()), keys.clone(), proof);

        assert_eq!(pallet_session::NextKeys::<T>::get(&owner), Some(keys));
        Ok(())
    }

    #[benchmark]
    fn purge_keys(c: Linear<1, { T::MaxCandidates::get() }>) -> Result<(), BenchmarkError> {
        let owner = funded::<T>(0);
        pallet_session::Pallet::<T>::ensure_can_pay_key_deposit(&owner)?;
        let (keys, proof) = T::BenchmarkHelper::keys(&owner);
        pallet_session::Pallet::<T>::set_keys(RawOrigin::Signed(owner.clone()).into(), keys, proof)?;
        fill_sets::<T>(c);

        #[extrinsic_call]
        _(RawOrigin::Signed(owner.clone()));

        assert!(!Pallet::<T>::has_keys(&owner));
        Ok(())
    }

    #[benchmark]
    fn set_params() -> Result<(), BenchmarkError> {
        let origin = governance::<T>()?;
        let params = StakingParams { max_validators: T::MaxValidators::get(), ..Params::<T>::get() };

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, params.clone());

        assert_eq!(Params::<T>::get(), params);
        Ok(())
    }

    /// An election in which `v` candidates are looked at, and `k` of the era before stay on because no candidate has
    /// keys. As many validators were found out as can be noted, first those that stay on.
    #[benchmark]
    fn new_session(
        v: Linear<1, { T::MaxCandidates::get() }>,
        k: Linear<0, { T::MaxCandidates::get() }>,
    ) -> Result<(), BenchmarkError> {
        fill::<T>(v);
        let era = Elected::<T>::iter_keys().max().unwrap_or_default().saturating_add(1);
        let before: Vec<_> = (0..k)
            .map(|index| {
                let owner = funded::<T>(index.saturating_add(1));
                give_keys::<T>(&owner);
                Ledgers::<T>::insert(&owner, Ledger::<T>::default());
                fill_up::<T>(&owner);
                Staker { owner, bond: Zero::zero() }
            })
            .collect();
        let others = (k..T::MaxCandidates::get()).map(|index| account::<T::AccountId>("validator", index, 0));
        note::<T>(before.iter().map(|staker| staker.owner.clone()).chain(others));
        Elected::<T>::insert(era.saturating_sub(1), Stakers::<T>::truncate_from(before));
        if k > 0 {
            for candidate in Candidates::<T>::get() {
                pallet_session::NextKeys::<T>::remove(candidate.owner);
            }
        }
        Params::<T>::mutate(|params| {
            params.min_validators = k.max(1);
            params.max_validators = T::MaxCandidates::get();
        });
        let index = era.saturating_mul(SessionsPerEra::<T>::get());

        #[block]
        {
            <Pallet<T> as SessionManager<T::AccountId>>::new_session(index);
        }

        let elected: u32 = Elected::<T>::get(era).len().saturated_into();
        assert_eq!(elected, if k > 0 { k } else { v });
        Ok(())
    }

    /// Disables `o` of a full set, the last ones: as many as the limit of a third lets. More, who are noted and not
    /// disabled, take less each.
    #[benchmark]
    fn start_session(o: Linear<1, { T::MaxCandidates::get() / 3 }>) {
        let validators = validators::<T>(T::MaxCandidates::get());
        note::<T>(validators.into_iter().rev().take(o.saturated_into()));
        let index = pallet_session::Pallet::<T>::current_index().saturating_add(1);

        #[block]
        {
            <Pallet<T> as SessionManager<T::AccountId>>::start_session(index);
        }

        let noted: u32 = Offenders::<T>::get().len().saturated_into();
        assert_eq!(noted, o);
    }

    #[benchmark]
    fn end_session(r: Linear<0, { crate::session::MOST_FORGOTTEN * 2 }>) {
        let (roots, sets) = (r.saturating_sub(r / 2), r / 2);
        fill::<T>(T::MaxCandidates::get());
        for era in 0..sets {
            Elected::<T>::insert(era, Candidates::<T>::get());
        }
        Params::<T>::mutate(|params| params.report_sessions = 0);
        OldestEra::<T>::put(0);
        let ended = roots.max(sets.saturating_mul(SessionsPerEra::<T>::get()));
        let first = ended.saturating_sub(roots);
        pallet_session::historical::StoredRange::<T>::put((first, ended.saturating_add(2)));
        for session in first..ended {
            let root = (T::Hash::default(), 1);
            pallet_session::historical::HistoricalSessions::<T>::insert(session, root);
        }

        #[block]
        {
            <Pallet<T> as SessionManager<T::AccountId>>::end_session(ended);
        }

        assert!(OldestEra::<T>::get() >= sets);
        assert_eq!(
            pallet_session::historical::StoredRange::<T>::get(),
            Some((ended, ended.saturating_add(2)))
        );
    }

    impl_benchmark_test_suite!(Pallet, mock::chain(), mock::Test);
}
