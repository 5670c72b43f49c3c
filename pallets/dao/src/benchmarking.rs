//! Benchmarks of governance, over what the runtime wires to it.

use super::*;
use assay_primitives::{Curated, JobClass, Policies, Policy, SlashId, Subject};
use frame_benchmarking::v2::*;
use frame_support::{
    assert_ok,
    traits::{EnsureOrigin, Get},
    weights::WeightMeter,
};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use sp_runtime::traits::{BlockNumberProvider, One, Saturating};

/// What has to be there.
pub trait BenchmarkHelper<AccountId, CallName, Alarm> {
    /// An account with money for deposits.
    fn appellant() -> AccountId;

    /// A slash that waits and can be held up.
    fn slash() -> SlashId;

    /// Ends it.
    fn end_slash(id: SlashId);

    /// Something to curate, the dearest to open again.
    fn subject() -> Subject;

    /// A call that can be paused, another one for each index.
    fn call(index: u32) -> CallName;

    /// An alarm, the longest that there is.
    fn alarm() -> Alarm;
}

const CLASS: JobClass = JobClass::ExactV1;

fn appealed<T: Config>() -> (T::AccountId, SlashId) {
    let (appellant, slash) = (T::BenchmarkHelper::appellant(), T::BenchmarkHelper::slash());
    assert_ok!(Pallet::<T>::do_appeal(appellant.clone(), slash, [1; 32]));
    (appellant, slash)
}

fn policy<T: Config>() -> Policy {
    T::Policies::current(CLASS).expect("genesis has one").1
}

fn origin<O, E: EnsureOrigin<O>>() -> Result<O, BenchmarkError> {
    E::try_successful_origin().map_err(|()| BenchmarkError::Weightless)
}

#[benchmarks]
mod benches {
    use super::*;

    #[benchmark]
    fn set_params() -> Result<(), BenchmarkError> {
        let origin = origin::<T::RuntimeOrigin, T::ParamsOrigin>()?;
        let params = Parameters { longest_pause: 7, ..Params::<T>::get() };

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, params);

        assert_eq!(Params::<T>::get(), params);
        Ok(())
    }

    #[benchmark]
    fn appeal() {
        let (appellant, slash) = (T::BenchmarkHelper::appellant(), T::BenchmarkHelper::slash());

        #[extrinsic_call]
        _(RawOrigin::Signed(appellant), slash, [1; 32]);

        assert!(Appeals::<T>::contains_key(slash));
    }

    #[benchmark]
    fn decide() -> Result<(), BenchmarkError> {
        let origin = origin::<T::RuntimeOrigin, T::AppealOrigin>()?;
        let (_, slash) = appealed::<T>();

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, slash, Ruling::Cancel);

        assert!(!Appeals::<T>::contains_key(slash));
        Ok(())
    }

    #[benchmark]
    fn close() {
        let (appellant, slash) = appealed::<T>();
        T::BenchmarkHelper::end_slash(slash);

        #[extrinsic_call]
        _(RawOrigin::Signed(appellant), slash);

        assert!(!Appeals::<T>::contains_key(slash));
    }

    #[benchmark]
    fn change_policy() -> Result<(), BenchmarkError> {
        let origin = origin::<T::RuntimeOrigin, T::PolicyOrigin>()?;
        let delay = Params::<T>::get().policy_delay;

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, CLASS, policy::<T>(), delay);

        assert!(Changes::<T>::contains_key(CLASS));
        Ok(())
    }

    #[benchmark]
    fn withdraw_policy() -> Result<(), BenchmarkError> {
        let origin = origin::<T::RuntimeOrigin, T::PolicyOrigin>()?;
        assert_ok!(Pallet::<T>::do_change_policy(CLASS, policy::<T>(), Params::<T>::get().policy_delay));

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, CLASS);

        assert!(!Changes::<T>::contains_key(CLASS));
        Ok(())
    }

    #[benchmark]
    fn forget_policy() {
        Retired::<T>::insert(CLASS, u32::MAX, policy::<T>());

        #[extrinsic_call]
        _(RawOrigin::Signed(T::BenchmarkHelper::appellant()), CLASS, u32::MAX);

        assert!(!Retired::<T>::contains_key(CLASS, u32::MAX));
    }

    /// Opening takes more than closing, and a note that is written more than one that is taken away.
    #[benchmark]
    fn curate() -> Result<(), BenchmarkError> {
        let origin = origin::<T::RuntimeOrigin, T::CurationOrigin>()?;
        let subject = T::BenchmarkHelper::subject();
        assert!(T::Curated::exists(subject));
        assert_ok!(Pallet::<T>::do_curate(subject, Standing::Delisted, [1; 32]));

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, subject, Standing::Warned, [2; 32]);

        assert_eq!(Pallet::<T>::standing_of(subject), Standing::Warned);
        Ok(())
    }

    #[benchmark]
    fn pause(p: Linear<0, { T::MaxPauses::get().saturating_sub(1) }>) -> Result<(), BenchmarkError> {
        let origin = origin::<T::RuntimeOrigin, T::StopOrigin>()?;
        for index in 0..p {
            assert_ok!(Pallet::<T>::do_pause(T::BenchmarkHelper::call(index), 1));
        }

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, T::BenchmarkHelper::call(p), 1);

        assert_eq!(Pauses::<T>::decode_len(), usize::try_from(p).ok().map(|others| others.saturating_add(1)));
        Ok(())
    }

    /// As much waits as can, and nothing is due.
    #[benchmark]
    fn tick_base() {
        let Parameters { longest_pause, policy_delay, .. } = Params::<T>::get();
        for index in 0..T::MaxPauses::get() {
            assert_ok!(Pallet::<T>::do_pause(T::BenchmarkHelper::call(index), longest_pause));
        }
        assert_ok!(Pallet::<T>::do_change_policy(CLASS, policy::<T>(), policy_delay));
        let now = BlockNumberFor::<T>::one();
        // All alarms have rung.
        NextAlarm::<T>::put((now.saturating_add(One::one()), 0_u32));
        let mut meter = WeightMeter::new();

        #[block]
        {
            Pallet::<T>::tick(now, &mut meter);
        }

        assert_eq!(meter.consumed(), T::WeightInfo::tick_base());
    }

    #[benchmark]
    fn tick_pause() {
        assert_ok!(Pallet::<T>::do_pause(T::BenchmarkHelper::call(0), 1));
        let until = frame_system::Pallet::<T>::block_number().saturating_add(One::one());
        let mut meter = WeightMeter::new();

        #[block]
        {
            Pallet::<T>::lift_pauses(until, &mut meter, T::WeightInfo::tick_pause());
        }

        assert!(Pauses::<T>::get().is_empty());
    }

    #[benchmark]
    fn tick_policy() {
        let delay = Params::<T>::get().policy_delay;
        assert_ok!(Pallet::<T>::do_change_policy(CLASS, policy::<T>(), delay));
        T::Clock::set_block_number(T::Clock::current_block_number().saturating_add(delay));
        let mut meter = WeightMeter::new();

        #[block]
        {
            Pallet::<T>::enact_policies(&mut meter, T::WeightInfo::tick_policy());
        }

        assert!(!Changes::<T>::contains_key(CLASS));
        assert!(Retired::<T>::iter_key_prefix(CLASS).next().is_some(), "it is in force, not dropped");
    }

    #[benchmark]
    fn alarms_of_block() {
        let now = frame_system::Pallet::<T>::block_number();
        NextAlarm::<T>::put((now, 0_u32));
        let mut meter = WeightMeter::new();

        #[block]
        {
            Pallet::<T>::ring(now, &mut meter);
        }

        assert_eq!(meter.consumed(), T::WeightInfo::alarms_of_block());
    }

    #[benchmark]
    fn alarm() {
        // Not named as the benchmark, of which a unit struct is made.
        let longest = T::BenchmarkHelper::alarm();
        let (at, place) = Pallet::<T>::set_alarm(One::one(), longest.clone());
        let weight;

        #[block]
        {
            // As when it rings: read, weighed, then taken away.
            weight = Alarms::<T>::get(at, place).map(|rung| rung.weight());
            Alarms::<T>::remove(at, place);
        }

        assert_eq!(weight, Some(longest.weight()));
        assert!(!Alarms::<T>::contains_key(at, place));
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::chain(), crate::mock::Test);
}
