use crate::{mock::*, Error, Event, GenesisConfig, Pallet, Parameters, Params, SlashWindow};
use frame_support::{assert_noop, assert_ok, traits::Get};
use sp_runtime::{BuildStorage, DispatchError, Perbill};

fn set(params: Parameters<u64>) -> sp_runtime::DispatchResult {
    Slashing::set_params(RuntimeOrigin::root(), params)
}

#[test]
fn parameters_of_genesis_are_in_force() {
    run(|| {
        assert_eq!(Slashing::params(), params());
        assert_eq!(<SlashWindow<Test> as Get<u64>>::get(), 20);
    });
}

#[test]
fn parameters_without_genesis_are_those_of_production() {
    sp_io::TestExternalities::default().execute_with(|| {
        let params = Params::<Test>::get();
        assert_eq!(params.window, 7 * 24 * 60 * 20);
        assert!(Pallet::<Test>::check(&params).is_ok());
    });
}

#[test]
#[should_panic(expected = "slashing.params: WindowIsZero")]
fn genesis_without_a_window_is_refused() {
    let _ = GenesisConfig::<Test> { params: Parameters { window: 0, ..params() } }.build_storage();
}

#[test]
fn governance_sets_parameters() {
    run(|| {
        let params = Parameters { window: 30, ..params() };
        assert_ok!(set(params));
        assert_eq!(Slashing::params(), params);
        assert_eq!(last_event(), Event::ParamsSet { params });
    });
}

#[test]
fn parameters_set_by_anyone_else_are_refused() {
    run(|| {
        let by = |origin| Slashing::set_params(origin, params());
        assert_noop!(by(RuntimeOrigin::signed(1)), DispatchError::BadOrigin);
        assert_noop!(by(RuntimeOrigin::none()), DispatchError::BadOrigin);
    });
}

#[test]
fn parameters_that_break_a_rule_are_refused() {
    run(|| {
        let window = |window| set(Parameters { window, ..params() });
        assert_noop!(window(0), Error::<Test>::WindowIsZero);
        assert_noop!(window(1_001), Error::<Test>::WindowTooLong);
        assert_ok!(window(1_000));

        let free = Parameters { max_equivocation: Perbill::zero(), ..params() };
        assert_noop!(set(free), Error::<Test>::EquivocationIsFree);

        let greedy = Parameters { reporter_share: Perbill::from_parts(100_000_001), ..params() };
        assert_noop!(set(greedy), Error::<Test>::ReporterShareTooHigh);
    });
}

#[test]
fn parameters_that_leave_no_time_for_appeals_are_refused() {
    run(|| {
        LeastWindow::set(7);
        LeastSuspension::set(30);
        let times = |window, longest_suspension| set(Parameters { window, longest_suspension, ..params() });
        assert_noop!(times(6, 30), Error::<Test>::WindowTooShort);
        assert_noop!(times(7, 29), Error::<Test>::SuspensionsTooShort);
        assert_ok!(times(7, 30));
    });
}

#[test]
fn a_new_window_is_for_faults_to_come() {
    run(|| {
        elect(1, 0, 1_000);
        elect(2, 0, 1_000);
        let old = equivocate(1, 0, percent(10), None).unwrap().unwrap();
        assert_ok!(set(Parameters { window: 5, ..params() }));
        let new = equivocate(2, 0, percent(10), None).unwrap().unwrap();
        assert_eq!((waiting(old).due, waiting(new).due), (21, 6));

        advance_to(6);
        assert_eq!(heard_slashes().len(), 1);
        assert_eq!(waiting(old).owner, 1);
    });
}

#[test]
fn invariants_catch_a_window_that_unbonding_leaves_no_room_for() {
    run(|| {
        MaxWindow::set(19);
        assert!(Slashing::do_try_state().is_err());
        MaxWindow::set(20);
    });
}
