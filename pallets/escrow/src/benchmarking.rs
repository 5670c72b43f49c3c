//! Benchmarks of escrow.

use super::*;
use alloc::vec::Vec;
use assay_primitives::{Balance, Escrow, JobId, MarketBlock, Settlement};
use frame_benchmarking::v2::*;
use frame_support::traits::{
    fungible::{Balanced, Inspect},
    Get,
};
use sp_runtime::traits::BlockNumberProvider;

/// The most payees of one settlement: all seats of a job, and the owner of a listing.
const MAX_PAYEES: u32 = 49;

const JOB: JobId = 0;

/// Many times the existential deposit.
fn unit<T: Config>() -> Balance {
    T::Currency::minimum_balance().max(1).saturating_mul(1_000)
}

fn endow<T: Config>(who: &T::AccountId, amount: Balance) {
    T::Currency::resolve(who, T::Currency::issue(amount)).expect("the account can be made");
}

/// Opens an escrow of 100 units until a block.
fn put_in_escrow<T: Config>(expires: MarketBlock) {
    let requester: T::AccountId = account("requester", 0, 0);
    endow::<T>(&requester, unit::<T>().saturating_mul(200));
    <Pallet<T> as Escrow<T::AccountId>>::open(JOB, &requester, unit::<T>().saturating_mul(100), expires)
        .expect("the requester has as much");
}

fn later<T: Config>(blocks: u32) -> MarketBlock {
    T::Clock::current_block_number().saturating_add(blocks)
}

#[benchmarks]
mod benches {
    use super::*;

    #[benchmark]
    fn open() -> Result<(), BenchmarkError> {
        let requester: T::AccountId = account("requester", 0, 0);
        endow::<T>(&requester, unit::<T>().saturating_mul(2));
        let expires = later::<T>(10);

        #[block]
        {
            <Pallet<T> as Escrow<T::AccountId>>::open(JOB, &requester, unit::<T>(), expires)?;
        }

        assert_eq!(<Pallet<T> as Escrow<T::AccountId>>::held(JOB), unit::<T>());
        Ok(())
    }

    /// Every payee is there, and something is left to give back.
    #[benchmark]
    fn settle(n: Linear<0, MAX_PAYEES>) {
        put_in_escrow::<T>(later::<T>(10));
        endow::<T>(&T::Treasury::get(), unit::<T>());
        let payouts: Vec<_> = (0..n).map(|index| (account("payee", index, 0), unit::<T>())).collect();
        payouts.iter().for_each(|(payee, amount)| endow::<T>(payee, *amount));
        let settlement = Settlement { payouts, burnt: unit::<T>(), treasury: unit::<T>() };

        #[block]
        {
            <Pallet<T> as Escrow<T::AccountId>>::settle(JOB, settlement);
        }

        assert!(!Escrows::<T>::contains_key(JOB));
    }

    #[benchmark]
    fn expire() {
        put_in_escrow::<T>(later::<T>(10));
        T::Clock::set_block_number(later::<T>(11));
        let caller: T::AccountId = whitelisted_caller();

        #[extrinsic_call]
        _(frame_system::RawOrigin::Signed(caller), JOB);

        assert!(!Escrows::<T>::contains_key(JOB));
    }

    impl_benchmark_test_suite!(Pallet, mock::chain(), mock::Test);
}
