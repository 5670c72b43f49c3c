//! Benchmarks of slashing, over the bonds that the runtime has.

use super::*;
use alloc::{vec, vec::Vec};
use assay_primitives::{Bonds, Fault, FaultKind, ReportFault, SlashId};
use frame_benchmarking::v2::*;
use frame_support::{
    traits::{EnsureOrigin, Get},
    weights::WeightMeter,
};
use sp_runtime::{
    traits::{BlockNumberProvider, One, Saturating},
    Perbill,
};
use sp_staking::{
    offence::{OffenceDetails, OnOffenceHandler},
    SessionIndex,
};

/// What has to be there before a fault can be reported.
pub trait BenchmarkHelper<AccountId> {
    /// A validator, another one for each index, and a session in which it had something at stake, the same for all. Its
    /// ledger has as many unbonding chunks as it can. It validates in a set as large as can be, so that it can be
    /// disabled.
    fn validator(index: u32) -> (AccountId, SessionIndex);

    /// Puts a validator back on the list of candidates, from which a report takes it.
    fn stand(validator: &AccountId);

    /// Makes an account that money can be paid to.
    fn endow(account: &AccountId);
}

fn install_params<T: Config>() -> Parameters<BlockNumberFor<T>> {
    let params = Parameters {
        window: 10_u32.into(),
        longest_suspension: 100_u32.into(),
        max_equivocation: Perbill::from_percent(50),
        reporter_share: Perbill::from_percent(10),
        burn_share: Perbill::from_percent(50),
    };
    Params::<T>::put(params);
    params
}

/// A slash of a validator, with a reporter that is there to be paid, and so is the treasury: a provider's has neither a
/// reporter nor a record.
fn report<T: Config>() -> SlashId {
    install_params::<T>();
    let (validator, session) = T::BenchmarkHelper::validator(0);
    let reporter: T::AccountId = account("reporter", 0, 0);
    T::BenchmarkHelper::endow(&reporter);
    T::BenchmarkHelper::endow(&T::Treasury::get());
    let fault = Fault::Validator {
        validator,
        session,
        kind: FaultKind::Equivocation,
        fraction: Perbill::from_percent(50),
        reporter: Some(reporter),
    };
    Pallet::<T>::report(fault).expect("the validator has a stake").expect("there is something to take")
}

/// A slash that is ready.
fn report_ready<T: Config>() -> SlashId {
    let id = report::<T>();
    let due = Pending::<T>::get(id).expect("it was reported").due;
    T::Clock::set_block_number(due);
    id
}

fn appeal_origin<T: Config>() -> Result<T::RuntimeOrigin, BenchmarkError> {
    T::AppealOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)
}

#[benchmarks]
mod benches {
    use super::*;

    #[benchmark]
    fn set_params() -> Result<(), BenchmarkError> {
        let origin = T::ParamsOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
        let least = T::LeastWindow::get().max(One::one());
        let longest_suspension = T::LeastSuspension::get();
        let params = Parameters { window: least, longest_suspension, ..install_params::<T>() };

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, params);

        assert_eq!(Params::<T>::get(), params);
        Ok(())
    }

    #[benchmark]
    fn suspend() -> Result<(), BenchmarkError> {
        let origin = appeal_origin::<T>()?;
        let id = report::<T>();
        let until = Pending::<T>::get(id).expect("it was reported").due.saturating_add(One::one());

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, id, until);

        assert!(Pending::<T>::get(id).is_some_and(|slash| slash.state == State::Suspended { until }));
        Ok(())
    }

    #[benchmark]
    fn resume() -> Result<(), BenchmarkError> {
        let origin = appeal_origin::<T>()?;
        let id = report::<T>();
        let until = Pending::<T>::get(id).expect("it was reported").due.saturating_add(One::one());
        Pallet::<T>::suspend(appeal_origin::<T>()?, id, until)?;

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, id);

        assert!(Pending::<T>::get(id).is_some_and(|slash| slash.state == State::Waiting));
        Ok(())
    }

    #[benchmark]
    fn cancel() -> Result<(), BenchmarkError> {
        let origin = appeal_origin::<T>()?;
        let id = report::<T>();

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, id);

        assert!(!Pending::<T>::contains_key(id));
        Ok(())
    }

    #[benchmark]
    fn reduce() -> Result<(), BenchmarkError> {
        let origin = appeal_origin::<T>()?;
        let id = report::<T>();
        let amount: BalanceOf<T> = One::one();

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, id, amount);

        assert!(Pending::<T>::get(id).is_some_and(|slash| slash.amount == amount));
        Ok(())
    }

    #[benchmark]
    fn apply() {
        let id = report_ready::<T>();
        let caller: T::AccountId = whitelisted_caller();

        #[extrinsic_call]
        _(frame_system::RawOrigin::Signed(caller), id);

        assert!(!Pending::<T>::contains_key(id));
    }

    /// Reports offenders for each of whom a lower slash waits, which is superseded: that writes more than a first one.
    /// None is disabled yet, and all stand in elections, which is more than can come together.
    #[benchmark]
    fn on_offence(n: Linear<1, 100>) {
        install_params::<T>();
        let offenders: Vec<_> = (0..n).map(T::BenchmarkHelper::validator).collect();
        let session = offenders.iter().map(|(_, session)| *session).next().expect("there is one at least");
        for (validator, _) in &offenders {
            let lower = Fault::Validator {
                validator: validator.clone(),
                session,
                kind: FaultKind::Equivocation,
                fraction: Perbill::from_percent(25),
                reporter: None,
            };
            Pallet::<T>::report(lower).expect("the validator has a stake");
            T::BenchmarkHelper::stand(validator);
        }
        let reports: Vec<_> = offenders
            .into_iter()
            .map(|(validator, _)| OffenceDetails {
                offender: (validator, ()),
                reporters: vec![account::<T::AccountId>("reporter", 0, 0)],
            })
            .collect();
        let fractions = vec![Perbill::from_percent(50); reports.len()];

        #[block]
        {
            Pallet::<T>::on_offence(&reports, &fractions, session);
        }

        assert_eq!(Pending::<T>::iter().count(), reports.len());
        assert_eq!(NextSlash::<T>::get(), SlashId::from(2 * n));
    }

    #[benchmark]
    fn tick_base() {
        let mut meter = WeightMeter::new();

        #[block]
        {
            Pallet::<T>::tick(&mut meter);
        }

        assert_eq!(meter.consumed(), T::WeightInfo::tick_base());
    }

    #[benchmark]
    fn tick_slash() {
        let id = report_ready::<T>();
        let mut meter = WeightMeter::new();

        #[block]
        {
            Pallet::<T>::tick(&mut meter);
        }

        assert!(!Pending::<T>::contains_key(id));
    }

    /// Forgets the record of an era whose set is full and still known, of a validator that is not in it.
    #[benchmark]
    fn tick_record() {
        install_params::<T>();
        let (_, session) = T::BenchmarkHelper::validator(0);
        let validator: T::AccountId = account("stranger", 0, 0);
        let era = T::Bonds::era(session);
        let record = EraRecord { applied: One::one(), pending: None, cancelled: false };
        EraRecords::<T>::insert(era, &validator, record);
        Pallet::<T>::queue_record(0, validator.clone(), session);
        T::Clock::set_block_number(T::Clock::current_block_number().saturating_add(10_u32.into()));
        let mut meter = WeightMeter::new();

        #[block]
        {
            Pallet::<T>::tick(&mut meter);
        }

        assert!(!EraRecords::<T>::contains_key(era, &validator));
    }

    impl_benchmark_test_suite!(Pallet, mock::chain(), mock::Test);
}
