use crate::{mock::*, Error, Event, GenesisConfig, Pallet, Parameters, Params};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{BuildStorage, DispatchError};

fn set(params: Parameters) -> sp_runtime::DispatchResult {
    Jobs::set_params(RuntimeOrigin::root(), params)
}

#[test]
fn parameters_of_genesis_are_in_force() {
    run(|| assert_eq!(Jobs::params(), params()));
}

#[test]
fn parameters_without_genesis_are_those_of_production() {
    sp_io::TestExternalities::default().execute_with(|| {
        let params = Params::<Test>::get();
        assert_eq!(params.retention, 7 * 24 * 60 * 20);
        assert!(Pallet::<Test>::check(&params).is_ok());
        assert_eq!(GenesisConfig::<Test>::default().params, params);
    });
}

#[test]
#[should_panic(expected = "jobs.params: MaxUnitsIsZero")]
fn genesis_that_allows_no_job_is_refused() {
    let params = Parameters { max_units: 0, ..params() };
    let _ = GenesisConfig::<Test> { params, ..Default::default() }.build_storage();
}

#[test]
fn governance_sets_parameters() {
    run(|| {
        let params = Parameters { retention: 1, max_units: 1, max_output_bytes: 1 };
        assert_ok!(set(params));
        assert_eq!(Jobs::params(), params);
        assert_eq!(last_event(), Event::ParamsSet { params });
    });
}

#[test]
fn parameters_set_by_anyone_else_are_refused() {
    run(|| {
        let by = |origin| Jobs::set_params(origin, params());
        assert_noop!(by(RuntimeOrigin::signed(REQUESTER)), DispatchError::BadOrigin);
        assert_noop!(by(RuntimeOrigin::none()), DispatchError::BadOrigin);
    });
}

#[test]
fn parameters_that_break_a_rule_are_refused() {
    run(|| {
        let wrong = [
            (Parameters { retention: 0, ..params() }, Error::<Test>::RetentionIsZero),
            (Parameters { max_units: 0, ..params() }, Error::MaxUnitsIsZero),
            (Parameters { max_output_bytes: 0, ..params() }, Error::MaxOutputIsZero),
        ];
        for (params, error) in wrong {
            assert_noop!(set(params), error);
        }
    });
}
