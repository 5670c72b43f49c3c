use crate::{mock::*, Error, Event, GenesisConfig, Parameters};
use assay_rules::{fees::FeeShares, inflation::MAX_INFLATION};
use frame_support::{assert_noop, assert_ok, dispatch::DispatchResult};
use sp_runtime::{BuildStorage, DispatchError, Perbill};

fn try_set(params: Parameters) -> DispatchResult {
    Rewards::set_params(RuntimeOrigin::root(), params)
}

/// A fraction as only a file can have it.
fn double() -> Perbill {
    serde_json::from_str("2000000000").expect("a number of parts")
}

#[test]
fn parameters_of_genesis_are_in_force() {
    run(|| assert_eq!(Rewards::params(), params()));
}

#[test]
fn without_genesis_nothing_is_issued_and_fees_are_burnt() {
    sp_io::TestExternalities::default().execute_with(|| {
        let params = Rewards::params();
        assert_eq!((params.inflation, params.fees.burn), (Perbill::zero(), Perbill::one()));
        assert!(Rewards::check(&params).is_ok());
    });
}

#[test]
fn governance_sets_parameters() {
    run(|| {
        let params = Parameters { expiry: 7, ..params() };
        assert_ok!(try_set(params));
        assert_eq!(Rewards::params(), params);
        assert_eq!(last_event(), Event::ParamsSet { params });
    });
}

#[test]
fn parameters_set_by_anybody_else_are_refused() {
    run(|| {
        for origin in [RuntimeOrigin::signed(1), RuntimeOrigin::none()] {
            assert_noop!(Rewards::set_params(origin, params()), DispatchError::BadOrigin);
        }
    });
}

#[test]
fn inflation_above_the_highest_is_refused() {
    run(|| {
        let just_above = Perbill::from_parts(MAX_INFLATION.deconstruct() + 1);
        let refused = Error::<Test>::InflationTooHigh;
        assert_noop!(try_set(Parameters { inflation: just_above, ..params() }), refused);
        assert_ok!(try_set(Parameters { inflation: MAX_INFLATION, ..params() }));
    });
}

#[test]
fn shares_above_one_are_refused() {
    run(|| {
        let refused = |params| {
            assert_noop!(try_set(params), Error::<Test>::ShareAboveOne);
        };
        refused(Parameters { treasury_share: double(), ..params() });
        let fees = FeeShares { burn: Perbill::one(), treasury: Perbill::from_parts(1) };
        refused(Parameters { fees, ..params() });
        assert_ok!(try_set(Parameters { treasury_share: Perbill::one(), ..params() }));
    });
}

#[test]
fn more_than_half_for_authors_is_refused() {
    run(|| {
        let fees = FeeShares { burn: Perbill::from_percent(30), treasury: Perbill::from_percent(19) };
        assert_noop!(try_set(Parameters { fees, ..params() }), Error::<Test>::AuthorShareTooHigh);
    });
}

#[test]
fn expiry_has_a_range() {
    run(|| {
        for expiry in [0, MAX_EXPIRY + 1] {
            assert_noop!(try_set(Parameters { expiry, ..params() }), Error::<Test>::ExpiryOutOfRange);
        }
        assert_ok!(try_set(Parameters { expiry: MAX_EXPIRY, ..params() }));
    });
}

#[test]
#[should_panic(expected = "rewards.params: ExpiryOutOfRange")]
fn genesis_without_an_expiry_is_refused() {
    let params = Parameters { expiry: 0, ..params() };
    let _ = GenesisConfig::<Test> { params, ..Default::default() }.build_storage();
}
