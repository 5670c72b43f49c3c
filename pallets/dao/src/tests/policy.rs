use crate::{mock::*, Change, Changes, DaoOrigin, Error, Event, Retired};
use assay_primitives::{mock::governance::*, JobClass, MarketBlock, Policies, Policy};
use frame_support::{assert_noop, assert_ok, dispatch::DispatchResult, traits::Hooks, weights::WeightMeter};
use sp_runtime::DispatchError;

const CLASS: JobClass = JobClass::ExactV1;

fn change(policy: Policy, delay: MarketBlock) -> DispatchResult {
    Dao::change_policy(DaoOrigin::Policy.into(), CLASS, policy, delay)
}

fn dearer(collateral: u32) -> Policy {
    Policy { collateral, ..policy() }
}

#[test]
fn policy_comes_into_force_after_the_delay_that_was_stated() {
    run(|| {
        assert_ok!(change(dearer(11), 30));
        let announced = Change { policy: dearer(11), at: 31 };
        assert_eq!(last_event(), Event::PolicyAnnounced { class: CLASS, change: announced });
        advance_to(30);
        assert_eq!(MockPolicies::current(CLASS), Some((0, policy())));
        advance_to(31);
        assert_eq!(MockPolicies::current(CLASS), Some((1, dearer(11))));
        assert_eq!(last_event(), Event::PolicyEnacted { class: CLASS });
        assert!(!Changes::<Test>::contains_key(CLASS));
    });
}

#[test]
fn delay_stands_still_with_the_market_clock() {
    run(|| {
        assert_ok!(change(dearer(11), 20));
        (0..100).for_each(|_| next_block());
        assert_eq!(MockPolicies::current(CLASS), Some((0, policy())));
    });
}

#[test]
fn policy_before_is_kept_until_no_job_names_it() {
    run(|| {
        assert_ok!(change(dearer(11), 20));
        advance_to(21);
        assert_eq!(Retired::<Test>::get(CLASS, 0), Some(policy()));

        set_referenced(CLASS, 0, true);
        assert_noop!(Dao::forget_policy(signed(1), CLASS, 0), Error::<Test>::VersionInUse);
        set_referenced(CLASS, 0, false);
        assert_ok!(Dao::forget_policy(signed(1), CLASS, 0));
        assert_eq!(Retired::<Test>::get(CLASS, 0), None);
        assert_eq!(last_event(), Event::PolicyForgotten { class: CLASS, version: 0 });
    });
}

#[test]
fn policy_that_was_replaced_at_once_is_kept_too() {
    run(|| {
        assert_ok!(Wired::set(CLASS, dearer(11)));
        assert_ok!(change(dearer(12), 20));
        advance_to(21);
        for (version, policy) in [(0, policy()), (1, dearer(11)), (2, dearer(12))] {
            assert_eq!(Dao::policy(CLASS, version), Some(policy));
        }
    });
}

#[test]
fn policy_in_force_is_not_forgotten() {
    run(|| {
        for version in [0, 1] {
            assert_noop!(Dao::forget_policy(signed(1), CLASS, version), Error::<Test>::NoSuchVersion);
        }
        assert_noop!(Dao::forget_policy(RuntimeOrigin::none(), CLASS, 0), DispatchError::BadOrigin);
    });
}

#[test]
fn policy_sooner_than_the_least_delay_is_refused() {
    run(|| {
        assert_noop!(change(dearer(11), 19), Error::<Test>::DelayTooShort);
        assert_noop!(change(dearer(11), MarketBlock::MAX), Error::<Test>::DelayTooLong);
        assert_ok!(change(dearer(11), 20));
    });
}

#[test]
fn second_policy_waits_for_the_first() {
    run(|| {
        assert_ok!(change(dearer(11), 20));
        assert_noop!(change(dearer(12), 20), Error::<Test>::ChangeWaits);
        assert_ok!(Dao::withdraw_policy(DaoOrigin::Policy.into(), CLASS));
        assert_eq!(last_event(), Event::PolicyWithdrawn { class: CLASS });
        assert_ok!(change(dearer(12), 20));
    });
}

#[test]
fn policy_that_was_withdrawn_never_comes() {
    run(|| {
        assert_ok!(change(dearer(11), 20));
        assert_ok!(Dao::withdraw_policy(DaoOrigin::Policy.into(), CLASS));
        assert_noop!(Dao::withdraw_policy(DaoOrigin::Policy.into(), CLASS), Error::<Test>::NoChange);
        advance_to(50);
        assert_eq!(MockPolicies::current(CLASS), Some((0, policy())));
    });
}

#[test]
fn policy_by_which_cheating_pays_is_refused() {
    run(|| {
        set_least_collateral(8);
        assert_noop!(change(dearer(7), 20), CHEATING_PAYS);
        assert_ok!(change(dearer(8), 20));
    });
}

#[test]
fn policy_that_is_unsound_by_then_is_dropped() {
    run(|| {
        assert_ok!(change(dearer(8), 20));
        set_least_collateral(9);
        advance_to(21);
        assert_eq!(MockPolicies::current(CLASS), Some((0, policy())));
        // The text of an error is not encoded, and so not in the event.
        let error = DispatchError::Other("");
        assert_eq!(last_event(), Event::PolicyDropped { class: CLASS, error });
        assert_eq!(Retired::<Test>::iter().count(), 0);
        assert_ok!(change(dearer(9), 20));
    });
}

#[test]
fn policy_waits_for_a_block_with_room() {
    run(|| {
        assert_ok!(change(dearer(11), 20));
        Now::set(21);
        <Dao as Hooks<u32>>::on_poll(2, &mut WeightMeter::with_limit(Default::default()));
        assert_eq!(MockPolicies::current(CLASS), Some((0, policy())));
        next_block();
        assert_eq!(MockPolicies::current(CLASS), Some((1, dearer(11))));
    });
}

#[test]
fn policy_of_any_other_origin_is_refused() {
    run(|| {
        for origin in all_but(DaoOrigin::Policy) {
            let changed = Dao::change_policy(origin.clone(), CLASS, policy(), 20);
            assert_eq!(changed, Err(DispatchError::BadOrigin));
            assert_noop!(Dao::withdraw_policy(origin, CLASS), DispatchError::BadOrigin);
        }
    });
}
