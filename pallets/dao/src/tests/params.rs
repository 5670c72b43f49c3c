use crate::{
    mock::*, Blocks, DaoOrigin, Error, Event, GenesisConfig, Pallet, Parameters, Params, Shortening,
    MAX_PAUSE, MIN_APPEAL_SHARE,
};
use frame_support::{assert_noop, assert_ok, dispatch::DispatchResult, traits::Get};
use sp_runtime::{BuildStorage, DispatchError, Perbill};

fn set(params: Parameters) -> DispatchResult {
    Dao::set_params(DaoOrigin::Parameters.into(), params)
}

#[test]
fn parameters_of_genesis_are_in_force() {
    run(|| assert_eq!(Dao::params(), params()));
}

#[test]
fn without_genesis_all_is_as_in_production() {
    sp_io::TestExternalities::default().execute_with(|| {
        assert_eq!(Params::<Test>::get().policy_delay, 7 * 24 * 60 * 20);
        assert!(Pallet::<Test>::check(&Params::<Test>::get()).is_ok());
        assert_eq!(<Blocks<Test, 1_200> as Get<u32>>::get(), 1_200);
    });
}

#[test]
fn periods_are_shortened_and_never_nothing() {
    run(|| {
        assert_eq!(Dao::shortened(1_200), 120);
        assert_eq!(Dao::shortened(9), 1);
        assert_eq!(Dao::shortened(0), 1);
        assert_eq!(<Blocks<Test, 1_205> as Get<u32>>::get(), 120);
    });
}

#[test]
fn governance_sets_parameters() {
    run(|| {
        let params = Parameters { longest_pause: 7, ..params() };
        assert_ok!(set(params));
        assert_eq!(Dao::params(), params);
        assert_eq!(last_event(), Event::ParamsSet { params });
    });
}

#[test]
fn parameters_set_by_any_other_origin_are_refused() {
    run(|| {
        for origin in all_but(DaoOrigin::Parameters) {
            assert_noop!(Dao::set_params(origin, params()), DispatchError::BadOrigin);
        }
    });
}

#[test]
fn parameters_that_break_a_rule_are_refused() {
    run(|| {
        let refused = |params, error: Error<Test>| {
            assert_noop!(set(params), error);
        };
        refused(Parameters { policy_delay: 0, ..params() }, Error::DelayIsZero);
        refused(Parameters { policy_delay: LEAST_DELAY - 1, ..params() }, Error::PolicyDelayTooShort);
        assert_ok!(set(Parameters { policy_delay: LEAST_DELAY, ..params() }));
        refused(Parameters { appeal_deposit: LEAST_DEPOSIT - 1, ..params() }, Error::AppealTooCheap);
        refused(Parameters { appeal_deposit: MOST_DEPOSIT + 1, ..params() }, Error::AppealTooDear);
        assert_ok!(set(Parameters { appeal_deposit: MOST_DEPOSIT, ..params() }));
        let share = Perbill::from_parts(MIN_APPEAL_SHARE.deconstruct() - 1);
        refused(Parameters { appeal_share: share, ..params() }, Error::AppealTooCheap);
        assert_ok!(set(Parameters {
            appeal_deposit: LEAST_DEPOSIT,
            appeal_share: MIN_APPEAL_SHARE,
            ..params()
        }));
        // Only in JSON can a share be above one.
        let double: Perbill = serde_json::from_str("2000000000").unwrap();
        refused(Parameters { appeal_share: double, ..params() }, Error::ShareAboveOne);
        refused(Parameters { longest_pause: 0, ..params() }, Error::PauseIsZero);
        refused(Parameters { longest_pause: MAX_PAUSE + 1, ..params() }, Error::PauseOutOfRange);
        assert_ok!(set(Parameters { longest_pause: MAX_PAUSE, ..params() }));
        assert_ok!(set(Parameters { appeal_share: Perbill::one(), ..params() }));
    });
}

#[test]
#[should_panic(expected = "dao.params: DelayIsZero")]
fn genesis_without_a_delay_is_refused() {
    let params = Parameters { policy_delay: 0, ..params() };
    let _ = GenesisConfig::<Test> { params, ..Default::default() }.build_storage();
}

#[test]
#[should_panic(expected = "dao.shortening is zero")]
fn genesis_whose_periods_are_divided_by_zero_is_refused() {
    let _ = GenesisConfig::<Test> { shortening: 0, ..Default::default() }.build_storage();
}

#[test]
fn invariants_catch_periods_divided_by_zero() {
    run(|| {
        Shortening::<Test>::put(0);
        assert!(Dao::do_try_state().is_err());
        assert_eq!(Dao::shortened(5), 5);
        Shortening::<Test>::put(1);
    });
}
