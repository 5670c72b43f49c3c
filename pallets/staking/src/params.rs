//! The parameters and the rules between them, and what is derived from them.

use crate::*;
use core::marker::PhantomData;
use frame_support::{
    ensure,
    pallet_prelude::DispatchResult,
    traits::{fungible::Inspect, Contains, Get},
};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::traits::{CheckedAdd, CheckedMul, One};
use sp_staking::SessionIndex;

/// Unbonding period where genesis names none, in blocks: 28 days of blocks of three seconds.
const DEFAULT_UNBONDING_BLOCKS: u32 = 806_400;

/// Lengths that parameters have to fit, and that others decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Periods<BlockNumber> {
    /// How many sessions an era has.
    pub sessions_per_era: u32,
    /// The most blocks of a session.
    pub session_blocks: BlockNumber,
    /// For how many blocks a slash waits.
    pub slash_window: BlockNumber,
}

/// The slash windows, in blocks, that fit the unbonding period as it is: for the pallet that decides the window.
pub struct WithinUnbonding<T>(PhantomData<T>);

impl<T: Config> Contains<BlockNumberFor<T>> for WithinUnbonding<T> {
    fn contains(slash_window: &BlockNumberFor<T>) -> bool {
        let periods = Periods { slash_window: *slash_window, ..Pallet::<T>::periods() };
        Pallet::<T>::check_params(&Params::<T>::get(), &periods).is_ok()
    }
}

impl<T: Config> Pallet<T> {
    /// The parameters of a chain whose genesis names none.
    pub(crate) fn default_params() -> StakingParamsOf<T> {
        let least = <T as Config>::Currency::minimum_balance();
        StakingParams {
            min_validator_bond: least,
            min_provider_bond: least,
            max_validators: T::MaxValidators::get(),
            min_validators: 1,
            unbonding_blocks: DEFAULT_UNBONDING_BLOCKS.into(),
            report_sessions: T::MaxReportSessions::get(),
        }
    }

    /// The least bond in a role, in planck.
    pub(crate) fn minimum(role: Role) -> BalanceOf<T> {
        let params = Params::<T>::get();
        match role {
            Role::Validator => params.min_validator_bond,
            Role::Provider => params.min_provider_bond,
        }
    }

    /// How many candidates a change of a bond in a role may have to go through.
    pub(crate) fn most_candidates(role: Role) -> u32 {
        match role {
            Role::Validator => T::MaxCandidates::get(),
            Role::Provider => 0,
        }
    }

    /// The era of a session.
    pub(crate) fn era_of(session: SessionIndex) -> u32 {
        session.checked_div(SessionsPerEra::<T>::get()).unwrap_or(session)
    }

    /// The first session of which offences are accepted after a session has ended.
    pub(crate) fn oldest_session(ended: SessionIndex) -> SessionIndex {
        ended.saturating_sub(Params::<T>::get().report_sessions)
    }

    pub(crate) fn do_set_params(params: StakingParamsOf<T>) -> DispatchResult {
        Self::check_params(&params, &Self::periods()).map_err(|(broken, _)| broken)?;
        Params::<T>::put(&params);
        Self::deposit_event(Event::ParamsSet { params });
        Ok(())
    }

    /// The lengths that parameters have to fit at present.
    pub(crate) fn periods() -> Periods<BlockNumberFor<T>> {
        Periods {
            sessions_per_era: SessionsPerEra::<T>::get(),
            session_blocks: T::SessionBlocks::get(),
            slash_window: T::SlashWindow::get(),
        }
    }

    /// The first rule that parameters break, if they break one, and how to say so of a genesis.
    pub(crate) fn check_params(
        params: &StakingParamsOf<T>,
        periods: &Periods<BlockNumberFor<T>>,
    ) -> Result<(), (Error<T>, &'static str)> {
        let most = params.max_validators;
        ensure!(
            (1..=most).contains(&params.min_validators) && most <= T::MaxValidators::get(),
            (
                Error::<T>::BadValidatorCount,
                "staking.params: minValidators has to be 1 to maxValidators, and that at most MaxValidators"
            )
        );
        ensure!(
            params.min_validator_bond.min(params.min_provider_bond)
                >= <T as Config>::Currency::minimum_balance(),
            (Error::<T>::MinimumTooSmall, "staking.params: a minimum bond is below the existential deposit")
        );
        ensure!(
            params.report_sessions <= T::MaxReportSessions::get(),
            (Error::<T>::ReportAgeTooLong, "staking.params: reportSessions is above MaxReportSessions")
        );
        ensure!(
            Self::least_unbonding(params.report_sessions, periods)
                .is_some_and(|least| params.unbonding_blocks >= least),
            (
                Error::<T>::UnbondingTooShort,
                "staking.params: unbondingBlocks does not cover reportSessions, an era and the slash window"
            )
        );
        Ok(())
    }

    /// The shortest unbonding period with which no bond gets away, in blocks.
    ///
    /// A validator may unbond right after its election, which is a session before the era begins, and do wrong in the
    /// last session of that era: after one session and an era. That can be reported until `report_sessions` sessions
    /// more have ended; one more is the session in which it is reported. From the report on, what waits for the bond
    /// holds it. Apart from that, the period is longer than report age, slash window and a session together.
    fn least_unbonding(
        report_sessions: SessionIndex,
        periods: &Periods<BlockNumberFor<T>>,
    ) -> Option<BlockNumberFor<T>> {
        let blocks =
            |sessions: SessionIndex| periods.session_blocks.checked_mul(&BlockNumberFor::<T>::from(sessions));
        let until_reported = blocks(report_sessions.checked_add(periods.sessions_per_era)?.checked_add(2)?)?;
        let until_slashed = blocks(report_sessions.checked_add(1)?)?
            .checked_add(&periods.slash_window)?
            .checked_add(&BlockNumberFor::<T>::one())?;
        Some(until_reported.max(until_slashed))
    }
}
