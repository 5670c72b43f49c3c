//! Benchmarks of rewards, with pages, sets and accounts as large as can be.

use super::*;
use assay_primitives::Balance;
use frame_benchmarking::v2::*;
use frame_support::{
    assert_ok,
    traits::{
        fungible::{Balanced, Inspect},
        EnsureOrigin, Get,
    },
    weights::WeightMeter,
};
use frame_system::RawOrigin;
use sp_runtime::Perbill;

/// What has to be there.
pub trait BenchmarkHelper<AccountId> {
    /// Makes somebody the author of this block, as the last one of the largest set, and gives the place and the account.
    fn set_author() -> (u32, AccountId);
}

/// The era that is over.
const ERA: u32 = 0;

/// Many times the existential deposit.
fn unit<T: Config>() -> Balance {
    T::Currency::minimum_balance().max(1).saturating_mul(1_000_000)
}

fn endow<T: Config>(who: &T::AccountId) {
    T::Currency::resolve(who, T::Currency::issue(unit::<T>())).expect("the account can be made");
}

fn fill_page<T: Config>(era: u32, page: u32, validators: u32) {
    let share = |index| {
        let validator: T::AccountId = account("validator", index, page);
        endow::<T>(&validator);
        Share { validator, blocks: 1 }
    };
    let shares: alloc::vec::Vec<_> = (0..validators).map(share).collect();
    Pages::<T>::insert(era, page, PageOf::<T>::truncate_from(shares));
}

/// An era that is over, with a page of so many validators.
fn ended<T: Config>(validators: u32) {
    fill_page::<T>(ERA, 0, validators);
    Pots::<T>::insert(ERA, Pot { blocks: validators, amount: unit::<T>(), paid: 0 });
    Running::<T>::put(Progress { era: ERA.saturating_add(1), blocks: 0, oldest: ERA });
}

/// Every share is more than nothing.
fn share_all<T: Config>() {
    let third = Perbill::from_percent(33);
    let fees = assay_rules::fees::FeeShares { burn: third, treasury: third };
    let inflation = assay_rules::inflation::MAX_INFLATION;
    Params::<T>::put(Parameters { inflation, treasury_share: third, fees, expiry: 1 });
}

#[benchmarks]
mod benches {
    use super::*;

    #[benchmark]
    fn set_params() -> Result<(), BenchmarkError> {
        let origin = T::ParamsOrigin::try_successful_origin().map_err(|()| BenchmarkError::Weightless)?;
        let params = Parameters { expiry: T::MaxExpiry::get(), ..Parameters::default() };

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, params);

        assert_eq!(Params::<T>::get(), params);
        Ok(())
    }

    #[benchmark]
    fn claim(n: Linear<1, PAGE_SIZE>) {
        ended::<T>(n);
        let caller: T::AccountId = whitelisted_caller();

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), ERA, 0);

        assert_eq!(Pots::<T>::get(ERA).map(|pot| pot.paid > 0), Some(true));
    }

    /// The author is the last one of a page that is full, and gets a share of fees, as does the treasury.
    #[benchmark]
    fn count_block() {
        let (place, author) = T::BenchmarkHelper::set_author();
        let page = place.checked_div(PAGE_SIZE).unwrap_or_default();
        let era = T::Era::get();
        Running::<T>::put(Progress { era, blocks: PAGE_SIZE, oldest: era });
        fill_page::<T>(era, page, PAGE_SIZE.saturating_sub(1));
        assert_ok!(Pages::<T>::try_append(era, page, Share { validator: author.clone(), blocks: 1 }));
        endow::<T>(&author);
        endow::<T>(&T::Treasury::get());
        Fees::<T>::put(Collected { treasury: unit::<T>(), author: unit::<T>() });

        #[block]
        {
            Pallet::<T>::begin_block();
            Pallet::<T>::pay_fees();
        }

        assert_eq!(Running::<T>::get().blocks, PAGE_SIZE.saturating_add(1));
        assert!(!Fees::<T>::exists());
    }

    #[benchmark]
    fn end_era() {
        share_all::<T>();
        endow::<T>(&T::Treasury::get());
        Running::<T>::put(Progress { era: ERA, blocks: 7_200, oldest: ERA });

        #[block]
        {
            Pallet::<T>::end_era(ERA.saturating_add(1));
        }

        assert!(Pots::<T>::contains_key(ERA));
    }

    #[benchmark]
    fn poll() {
        let era = T::Era::get();
        Running::<T>::put(Progress { era, blocks: 0, oldest: era });
        let mut meter = WeightMeter::new();

        #[block]
        {
            Pallet::<T>::forget_expired(&mut meter);
        }

        assert_eq!(Running::<T>::get().oldest, era);
    }

    #[benchmark]
    fn forget_era() {
        ended::<T>(PAGE_SIZE);
        (1..T::MaxPages::get()).for_each(|page| fill_page::<T>(ERA, page, PAGE_SIZE));

        #[block]
        {
            Pallet::<T>::forget_oldest();
        }

        assert!(Pages::<T>::iter_key_prefix(ERA).next().is_none());
    }

    impl_benchmark_test_suite!(Pallet, mock::chain(), mock::Test);
}
