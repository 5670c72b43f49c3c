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

    /// A block that forgets two VRFs, as long as there are more of them than the history holds.
    #[benchmark]
    fn on_finalize() {
        let expired: [BlockNumberFor<T>; 3] = [1u32.into(), 2u32.into(), 3u32.into()];
        for block in expired {
            BlockVrfs::<T>::insert(block, [1; 32]);
        }
        OldestVrf::<T>::put(expired[0]);
        let now = T::VrfHistory::get().saturating_add(expired[2]);

        #[block]
        {
            <Pallet<T> as Hooks<_>>::on_finalize(now);
        }

        assert_eq!(expired.map(BlockVrfs::<T>::contains_key), [false, false, true]);
        assert_eq!(OldestVrf::<T>::get(), expired[2]);
    }

    impl_benchmark_test_suite!(Pallet, mock::chain(), mock::Test);
}
