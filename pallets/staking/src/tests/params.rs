use crate::{mock::*, Error, Event, StakingParams, WithinUnbonding};
use frame_support::{assert_noop, assert_ok, traits::Contains};
use sp_runtime::DispatchError;

fn refuses(change: impl FnOnce(&mut crate::StakingParamsOf<Test>), error: Error<Test>) {
    let mut params = genesis_params();
    change(&mut params);
    assert_noop!(Staking::set_params(RuntimeOrigin::root(), params), error);
}

#[test]
fn governance_sets_the_parameters() {
    run(|| {
        let params = StakingParams { max_validators: 3, ..genesis_params() };
        assert_noop!(Staking::set_params(signed(1), params.clone()), DispatchError::BadOrigin);
        assert_ok!(Staking::set_params(RuntimeOrigin::root(), params.clone()));
        System::assert_last_event(Event::<Test>::ParamsSet { params: params.clone() }.into());
        assert_eq!(Staking::params(), params);
    });
}

#[test]
fn set_has_at_least_one_validator_and_at_most_as_many_as_candidates() {
    run(|| {
        refuses(|params| params.min_validators = 0, Error::BadValidatorCount);
        refuses(|params| params.min_validators = 5, Error::BadValidatorCount);
        refuses(|params| params.max_validators = 9, Error::BadValidatorCount);
        set_params(|params| params.max_validators = 8);
    });
}

#[test]
fn minimum_bonds_are_at_least_the_existential_deposit() {
    run(|| {
        refuses(|params| params.min_validator_bond = 0, Error::MinimumTooSmall);
        refuses(|params| params.min_provider_bond = 0, Error::MinimumTooSmall);
        set_params(|params| (params.min_validator_bond, params.min_provider_bond) = (1, 1));
    });
}

#[test]
fn report_age_is_at_most_what_the_chain_remembers() {
    run(|| {
        set_params(|params| params.unbonding_blocks = 1_000);
        refuses(|params| params.report_sessions = 21, Error::ReportAgeTooLong);
        set_params(|params| params.report_sessions = 20);
    });
}

#[test]
fn unbonding_covers_an_era_and_the_report_age() {
    run(|| {
        // Elected in session 0 for sessions 1 and 2 of an era of two, reported in the fifth session after that.
        refuses(|params| params.unbonding_blocks = 79, Error::UnbondingTooShort);
        refuses(|params| params.report_sessions = 5, Error::UnbondingTooShort);
        refuses(|params| params.unbonding_blocks = 0, Error::UnbondingTooShort);
        set_params(|params| params.unbonding_blocks = 80);
    });
}

#[test]
fn unbonding_is_longer_than_report_age_slash_window_and_a_session() {
    run(|| {
        SlashWindow::set(29);
        set_params(|params| params.unbonding_blocks = 80);
        SlashWindow::set(30);
        refuses(|_| (), Error::UnbondingTooShort);
        set_params(|params| params.unbonding_blocks = 81);
    });
}

#[test]
fn periods_that_no_number_can_hold_are_refused() {
    run(|| {
        SlashWindow::set(u64::MAX);
        refuses(|params| params.unbonding_blocks = u64::MAX, Error::UnbondingTooShort);
        SlashWindow::set(20);
    });
}

#[test]
fn slash_window_has_to_fit_the_unbonding_period() {
    run(|| {
        assert!(WithinUnbonding::<Test>::contains(&29));
        assert!(!WithinUnbonding::<Test>::contains(&30));
        set_params(|params| params.unbonding_blocks = 100);
        assert!(WithinUnbonding::<Test>::contains(&49));
        assert!(!WithinUnbonding::<Test>::contains(&u64::MAX));
    });
}
