//! Benchmarks of escrow.

use super::*;
use assay_primitives::{Balance, Escrow, JobId, MarketBlock};
use frame_benchmarking::v2::*;
use frame_support::traits::fungible::{Balanced, Inspect};
use sp_runtime::traits::BlockNumberProvider;

const JOB: JobId = 0;

/// Many times the existential deposit.
fn unit<T: Config>() -> Balance {
    T::Currency::minimum_balance().max(1).saturating_mul(1_000)
}

fn endow<T: Config>(who: &T::AccountId, amount: Balance) {
    T::Currency::resolve(who, T::Currency::issue(amount)).expect("the account can be made");
}

/// Opens an escrow of 100 units until a block, on an account that votes and vests.
fn put_in_escrow<T: Config>(expires: MarketBlock) {
    let requester: T::AccountId = account("requester", 0, 0);
    endow::<T>(&requester, unit::<T>().saturating_mul(200));
    T::Frozen::freeze(&requester);
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
    fn expire() {
        put_in_escrow::<T>(later::<T>(10));
        T::Clock::set_block_number(later::<T>(11));
        let caller: T::AccountId = whitelisted_caller();

        #[extrinsic_call]
        _(frame_system::RawOrigin::Signed(caller), JOB);

        assert!(!Escrows::<T>::contains_key(JOB));
    }

    #[benchmark]
    fn follow() {
        let requester: T::AccountId = account("requester", 0, 0);
        endow::<T>(&requester, unit::<T>().saturating_mul(200));
        T::Frozen::freeze(&requester);
        T::Frozen::escrow_changed(&requester, 0, unit::<T>());

        #[block]
        {
            T::Frozen::escrow_changed(&requester, unit::<T>(), unit::<T>().saturating_mul(2));
        }
    }

    impl_benchmark_test_suite!(Pallet, mock::chain(), mock::Test);
}
