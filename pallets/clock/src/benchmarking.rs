//! Benchmarks of the clock.

use super::*;
use frame_benchmarking::v2::*;
use frame_support::traits::{EnsureOrigin, Get, Hooks};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::traits::{One, Saturating};

#[benchmarks]
mod benches {
    use super::*;

    #[benchmark]
    fn set_frozen() -> Result<(), BenchmarkError> {
        let origin = T::FreezeOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, true);

        assert!(Frozen::<T>::get());
        Ok(())
    }

    #[benchmark]
    fn on_initialize() {
        let before = MarketBlock::<T>::get();

        #[block]
        {
            Pallet::<T>::tick();
        }

        assert_eq!(MarketBlock::<T>::get(), before.saturating_add(One::one()));
    }

    #[benchmark]
    fn on_finalize() {
        let expired: BlockNumberFor<T> = One::one();
        BlockVrfs::<T>::insert(expired, [1; 32]);
        let now = T::VrfHistory::get().saturating_add(expired);

        #[block]
        {
            <Pallet<T> as Hooks<_>>::on_finalize(now);
        }

        assert!(!BlockVrfs::<T>::contains_key(expired));
    }

    impl_benchmark_test_suite!(Pallet, mock::chain(), mock::Test);
}
