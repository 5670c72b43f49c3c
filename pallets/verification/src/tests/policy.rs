use crate::{mock::*, Error, Event, GenesisConfig, Policies};
use assay_primitives::{JobClass, Outcome, Pay, Policy};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{BuildStorage, DispatchError, DispatchResult, Perbill};

const CLASS: JobClass = JobClass::ExactV1;

fn set(policy: Policy) -> DispatchResult {
    Verification::set_policy(RuntimeOrigin::root(), CLASS, policy)
}

#[test]
fn policy_of_genesis_has_version_zero() {
    run(|| assert_eq!(Verification::policy(CLASS), Some((0, policy()))));
}

#[test]
fn genesis_without_a_policy_takes_no_jobs_of_the_class() {
    let storage = GenesisConfig::<Test>::default().build_storage().unwrap();
    sp_io::TestExternalities::new(storage).execute_with(|| {
        assert_eq!(Verification::policy(CLASS), None);
        assert_eq!(Verification::earliest_deadline(CLASS, 1), None);
    });
}

#[test]
#[should_panic(expected = "verification.exactV1: the chance of an audit is zero")]
fn genesis_with_a_policy_that_breaks_a_rule_is_refused() {
    let policy = Policy { audit: Perbill::zero(), ..policy() };
    let genesis = GenesisConfig::<Test> { exact_v1: Some(policy), ..Default::default() };
    let _ = genesis.build_storage();
}

#[test]
fn genesis_reads_its_policy_by_name() {
    let json = serde_json::json!({ "exactV1": policy() });
    let genesis: GenesisConfig<Test> = serde_json::from_value(json).unwrap();
    assert_eq!(genesis.exact_v1, Some(policy()));
    assert!(serde_json::from_str::<GenesisConfig<Test>>(r#"{ "exactV2": null }"#).is_err());
}

#[test]
fn policy_set_has_the_next_version_and_the_one_before_is_told() {
    run(|| {
        Replaced::set(vec![]);
        let mut before = policy();
        for version in 1..4 {
            let policy = Policy { reveal_blocks: 10 + version, ..policy() };
            assert_ok!(set(policy));
            assert_eq!(Verification::policy(CLASS), Some((version, policy)));
            assert_eq!(last_event(), Event::PolicySet { class: CLASS, version, policy });
            assert_eq!(Replaced::get().last(), Some(&(CLASS, version - 1, before)));
            before = policy;
        }
        assert_eq!(Replaced::get().len(), 3);
    });
}

#[test]
fn policy_set_by_anyone_but_governance_is_refused() {
    run(|| {
        for origin in [RuntimeOrigin::none(), signed(1)] {
            assert_noop!(Verification::set_policy(origin, CLASS, policy()), DispatchError::BadOrigin);
        }
    });
}

#[test]
fn policy_that_breaks_a_rule_is_refused_by_name() {
    run(|| {
        // Only in JSON can a fraction be above one.
        let double: Perbill = serde_json::from_str("2000000000").unwrap();
        let fit = policy();
        let refused = [
            (Policy { fee: double, ..fit }, Error::<Test>::FractionAboveOne),
            (Policy { audit: Perbill::zero(), ..fit }, Error::NoAudit),
            (Policy { collateral: 0, ..fit }, Error::NoCollateral),
            (Policy { draw_blocks: 1, ..fit }, Error::DrawBlocksOutOfRange),
            (Policy { draw_blocks: 65, ..fit }, Error::DrawBlocksOutOfRange),
            (Policy { draw_blocks: 21, ..fit }, Error::DrawsOutlastChanges),
            (Policy { commit_blocks: 3, ..fit }, Error::WindowTooShort),
            (Policy { reveal_blocks: 3, ..fit }, Error::WindowTooShort),
            (Policy { units_per_block: 0, ..fit }, Error::NoUnitsPerBlock),
            (Policy { no_show: Perbill::from_parts(9_999_999), ..fit }, Error::NoShowTooCheap),
            (Policy { no_show: Perbill::one(), ..fit }, Error::FaultsOutOfOrder),
            (Policy { withheld: Perbill::from_percent(99), ..fit }, Error::FaultsOutOfOrder),
            (Policy { collateral: 1, ..fit }, Error::LyingPays),
            (Policy { min_payment: 0, ..fit }, Error::MinPaymentIsZero),
        ];
        for (policy, error) in refused {
            assert_noop!(set(policy), error);
        }
        assert_eq!(Policies::<Test>::get(CLASS), Some((0, fit)));
    });
}

#[test]
fn draws_take_fewer_blocks_than_changes_of_providers_wait() {
    run(|| {
        let policy = Policy { draw_blocks: 20, ..policy() };
        assert_ok!(set(policy));
        MaxDrawBlocks::set(19);
        assert_noop!(set(policy), Error::<Test>::DrawsOutlastChanges);
        MaxDrawBlocks::set(20);
    });
}

#[test]
fn seat_of_the_least_payment_takes_no_more_than_counts_of_a_bond() {
    run(|| {
        let policy = Policy { min_payment: 500, ..policy() };
        MaxStake::set(5_000);
        assert_ok!(set(policy));
        for policy in [Policy { collateral: 11, ..policy }, Policy { min_payment: 501, ..policy }] {
            assert_noop!(set(policy), Error::<Test>::CollateralAboveStakes);
        }
        assert_noop!(set(Policy { min_payment: u128::MAX, ..policy }), Error::<Test>::CollateralAboveStakes);
    });
}

#[test]
fn job_under_way_keeps_its_policy() {
    run(|| {
        let right = Run::new(1);
        let job = post(plain());
        let stricter =
            Policy { commit_blocks: 4, reveal_blocks: 4, collateral: 50, draw_blocks: 9, ..policy() };
        assert_ok!(set(stricter));
        assert_ok!(decline(job, 0));
        advance(DRAW);
        assert_eq!(seat(job, 2).collateral, LOCKED);
        assert_eq!(seat(job, 2).commit_by, Now::get() + COMMIT);
        commit_all(job, &right);
        advance(DRAW);
        advance(REVEAL - 1);
        let [one, other] = [owner(job, 1), owner(job, 2)];
        reveal_all(job, &right);
        assert_ended(job, Outcome::Agreed, &[(one, Pay::Whole), (other, Pay::Whole)]);
    });
}
