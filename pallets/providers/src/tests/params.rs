use crate::{mock::*, Error, Event, Pallet, Parameters, MAX_BOND_CAP, MIN_BOND_CAP};
use assay_rules::reputation;
use frame_support::{assert_noop, assert_ok, traits::Hooks};
use sp_runtime::DispatchError;

fn set(params: Parameters) -> sp_runtime::DispatchResult {
    Providers::set_params(RuntimeOrigin::root(), params)
}

#[test]
fn governance_sets_parameters() {
    run(|| {
        assert_eq!(Providers::params(), params());
        let params = Parameters { jail_blocks: 7, ..params() };
        assert_ok!(set(params));
        assert_eq!((Providers::params(), events()), (params, vec![Event::ParamsSet { params }]));
    });
}

#[test]
fn parameters_set_by_anyone_else_are_refused() {
    run(|| {
        assert_noop!(Providers::set_params(signed(1), params()), DispatchError::BadOrigin);
        assert_noop!(Providers::set_params(RuntimeOrigin::none(), params()), DispatchError::BadOrigin);
    });
}

#[test]
fn parameters_that_break_a_rule_are_refused() {
    run(|| {
        let refused = |params, error: Error<Test>| {
            assert_noop!(set(params), error);
        };
        refused(Parameters { price_blocks: 0, ..params() }, Error::PricePeriodIsZero);
        let price_blocks = LEAST_PRICE_PERIOD - 1;
        refused(Parameters { price_blocks, ..params() }, Error::PricePeriodTooShort);
        assert_ok!(set(Parameters { price_blocks: LEAST_PRICE_PERIOD, ..params() }));
        refused(Parameters { jail_blocks: 0, ..params() }, Error::JailTermIsZero);
        for max_bond in [0, MIN_BOND_CAP - 1, MAX_BOND_CAP + 1, u128::MAX] {
            refused(Parameters { max_bond, ..params() }, Error::BadBondCap);
        }
        for change_delay in [0, 1, 2] {
            refused(Parameters { change_delay, ..params() }, Error::DelayTooShort);
        }
        for max_bond in [MIN_BOND_CAP, MAX_BOND_CAP] {
            assert_ok!(set(Parameters { max_bond, ..params() }));
        }
    });
}

#[test]
fn cap_that_leaves_no_room_for_a_seat_is_refused() {
    run(|| {
        LeastCollateral::set(500 * UNIT);
        assert_noop!(
            set(Parameters { max_bond: 500 * UNIT - 1, ..params() }),
            Error::<Test>::CapBelowCollateral
        );
        assert_ok!(set(Parameters { max_bond: 500 * UNIT, ..params() }));
    });
}

#[test]
fn invariants_catch_a_cap_that_leaves_no_room_for_a_seat() {
    run(|| {
        LeastCollateral::set(params().max_bond + 1);
        assert!(Providers::do_try_state().is_err());
        LeastCollateral::set(0);
    });
}

#[test]
fn least_cap_weighs_something_and_the_highest_fits_full_trees() {
    assert_eq!(reputation::weight(MIN_BOND_CAP, MIN_BOND_CAP, 0), 1);
    assert_eq!(reputation::weight(MIN_BOND_CAP - 1, MIN_BOND_CAP, 0), 0);
    let most = reputation::weight(u128::MAX, MAX_BOND_CAP, reputation::MAX_SCORE);
    let leaves = u64::from(crate::MAX_LEAVES) * u64::from(crate::MAX_MACHINES);
    assert!(most.checked_mul(leaves).is_some());
    assert!((most + 1).checked_mul(leaves).is_none());
}

#[test]
fn defaults_are_sound() {
    assert!(Pallet::<Test>::check(&Parameters::default()).is_ok());
}

#[test]
fn invariants_catch_a_delay_that_draws_outlast() {
    run(|| {
        DrawBlocks::set(3);
        assert!(Providers::do_try_state().is_err());
        DrawBlocks::set(2);
    });
}

#[test]
fn relations_between_constants_hold() {
    run(<Providers as Hooks<u32>>::integrity_test);
}
