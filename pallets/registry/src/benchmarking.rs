//! Benchmarks of the registry.

use super::*;
use alloc::vec;
use assay_primitives::{Balance, BlobRef, Digest, ListedVersion, ListingId};
use frame_benchmarking::v2::*;
use frame_support::{
    pallet_prelude::DispatchResult,
    traits::{
        fungible::{Inspect, Unbalanced},
        tokens::Precision,
        EnsureOrigin, Get,
    },
};
use frame_system::RawOrigin;
use sp_runtime::Perbill;

/// The most versions that one benchmark makes.
const MAX_VERSIONS: u32 = 100;

const FIRST: ListingId = 0;

fn version(index: u32) -> Version {
    let mut root: Digest = [0; 32];
    root.iter_mut().zip(index.to_le_bytes()).for_each(|(byte, of_index)| *byte = of_index);
    Version { root, blob: BlobRef { blake3: root, size: 1 }, royalty: Perbill::from_percent(10) }
}

fn licence(bytes: u32) -> Licence {
    vec![b'a'; bytes as usize].try_into().expect("so long is a licence")
}

/// An account that can pay for a listing with all its versions.
fn rich<T: Config>(name: &'static str) -> T::AccountId {
    let who: T::AccountId = account(name, 0, 0);
    let of_licence = T::ByteDeposit::get().saturating_mul(MAX_LICENCE.into());
    let of_versions = T::VersionDeposit::get().saturating_mul(Balance::from(MAX_VERSIONS).saturating_add(1));
    let deposits = T::ListingDeposit::get().saturating_add(of_licence).saturating_add(of_versions);
    let amount = deposits.saturating_add(T::Currency::minimum_balance()).saturating_mul(2);
    T::Currency::increase_balance(&who, amount, Precision::Exact).expect("the account can be made");
    T::Currency::set_total_issuance(T::Currency::total_issuance().saturating_add(amount));
    who
}

/// An owner with a listing of so many versions.
fn listed<T: Config>(versions: u32) -> Result<T::AccountId, BenchmarkError> {
    let owner = rich::<T>("owner");
    let id = NextListing::<T>::get();
    Pallet::<T>::do_list(owner.clone(), Kind::Program, licence(MAX_LICENCE), version(0))?;
    (1..versions).try_for_each(|index| Pallet::<T>::do_add_version(&owner, id, version(index)))?;
    Ok(owner)
}

/// A delisted listing that had a root, which is free again.
fn free_root<T: Config>(index: u32) -> DispatchResult {
    let (owner, id) = (rich::<T>("other"), NextListing::<T>::get());
    Pallet::<T>::do_list(owner.clone(), Kind::Program, licence(MAX_LICENCE), version(index))?;
    Pallet::<T>::do_delist(&owner, id)
}

#[benchmarks]
mod benches {
    use super::*;

    #[benchmark]
    fn list(l: Linear<1, MAX_LICENCE>) -> Result<(), BenchmarkError> {
        free_root::<T>(0)?;
        let owner = rich::<T>("owner");
        let id = NextListing::<T>::get();
        let Version { root, blob, royalty: share } = version(0);

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), Kind::Program, root, blob, licence(l), share);

        assert!(Listings::<T>::contains_key(id));
        Ok(())
    }

    #[benchmark]
    fn add_version() -> Result<(), BenchmarkError> {
        let owner = listed::<T>(1)?;
        free_root::<T>(1)?;
        let Version { root, blob, royalty: share } = version(1);

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), FIRST, root, blob, share);

        assert!(Versions::<T>::contains_key(FIRST, 1));
        Ok(())
    }

    #[benchmark]
    fn lower_royalty() -> Result<(), BenchmarkError> {
        let owner = listed::<T>(1)?;
        let lowered = ListedVersion { listing: FIRST, version: 0 };

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), lowered, Perbill::zero());

        assert!(Versions::<T>::get(FIRST, 0).is_some_and(|lowered| lowered.royalty == Perbill::zero()));
        Ok(())
    }

    #[benchmark]
    fn offer() -> Result<(), BenchmarkError> {
        let owner = listed::<T>(1)?;
        let heir = rich::<T>("heir");

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), FIRST, Some(heir.clone()));

        assert!(Listings::<T>::get(FIRST).is_some_and(|listing| listing.offered_to == Some(heir)));
        Ok(())
    }

    #[benchmark]
    fn accept() -> Result<(), BenchmarkError> {
        let owner = listed::<T>(1)?;
        let heir = rich::<T>("heir");
        Pallet::<T>::do_offer(&owner, FIRST, Some(heir.clone()))?;

        #[extrinsic_call]
        _(RawOrigin::Signed(heir.clone()), FIRST);

        assert!(Listings::<T>::get(FIRST).is_some_and(|listing| listing.owner == heir));
        Ok(())
    }

    /// By governance, whose origin may cost more to check than a signature.
    #[benchmark]
    fn delist() -> Result<(), BenchmarkError> {
        listed::<T>(1)?;
        let origin = T::CurationOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;

        #[block]
        {
            Pallet::<T>::force_delist(origin, FIRST, [1; 32])?;
        }

        assert!(Listings::<T>::get(FIRST).is_some_and(|listing| listing.state != State::Listed));
        Ok(())
    }

    #[benchmark]
    fn prune(v: Linear<1, MAX_VERSIONS>) -> Result<(), BenchmarkError> {
        let owner = listed::<T>(v)?;
        Pallet::<T>::do_delist(&owner, FIRST)?;
        let caller: T::AccountId = whitelisted_caller();

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), FIRST, v);

        assert!(!Listings::<T>::contains_key(FIRST));
        Ok(())
    }

    #[benchmark]
    fn royalty() -> Result<(), BenchmarkError> {
        let owner = listed::<T>(1)?;
        let (used, root) = (ListedVersion { listing: FIRST, version: 0 }, version(0).root);
        let found;

        #[block]
        {
            found = <Pallet<T> as assay_primitives::Listings<T::AccountId>>::royalty(used, &root, &root)?;
        }

        assert!(found.owner == owner);
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, mock::chain(), mock::Test);
}
