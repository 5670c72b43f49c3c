use crate::{mock::*, Error, Event, WeightInfo};
use frame_support::{assert_noop, assert_ok, dispatch::GetDispatchInfo};
use sp_runtime::DispatchError;

/// Moves chain and clock without any hook, as where blocks have no room for one.
fn pass(blocks: u32) {
    System::set_block_number(System::block_number() + blocks);
    Now::set(Now::get() + blocks);
}

fn register_all(owners: std::ops::RangeInclusive<u64>) {
    for owner in owners {
        bond(owner, 1);
        assert_ok!(register(owner, CPU, 1));
    }
}

#[test]
fn anyone_applies_what_is_ready_in_order() {
    run(|| {
        register_all(1..=5);
        pass(DELAY);
        assert_ok!(Providers::apply(signed(99), 3));
        assert_eq!((holders(CPU), Providers::queue_length()), (vec![1, 2, 3], 2));
        assert_ok!(Providers::apply(signed(99), u32::MAX));
        assert_eq!((holders(CPU), Providers::queue_length()), (vec![1, 2, 3, 4, 5], 0));
    });
}

#[test]
fn call_pays_for_what_it_has_applied() {
    run(|| {
        register_all(1..=2);
        pass(DELAY);
        let weight = |limit| crate::Call::<Test>::apply { limit }.get_dispatch_info().call_weight;
        assert!(weight(50).all_gt(weight(2)));
        let paid = Providers::apply(signed(99), 50).expect("two are ready").actual_weight;
        assert_eq!(paid, Some(weight(2)));
        assert_eq!(weight(2), <() as WeightInfo>::apply(2));
    });
}

#[test]
fn nothing_is_applied_before_its_time() {
    run(|| {
        assert_noop!(Providers::apply(signed(99), 1), Error::<Test>::NothingToApply);
        assert_noop!(Providers::apply(RuntimeOrigin::none(), 1), DispatchError::BadOrigin);
        register_all(1..=2);
        pass(DELAY - 1);
        assert_noop!(Providers::apply(signed(99), 9), Error::<Test>::NothingToApply);
        pass(1);
        assert_noop!(Providers::apply(signed(99), 0), Error::<Test>::NothingToApply);
        assert_ok!(Providers::apply(signed(99), 1));
    });
}

#[test]
fn change_waits_for_draws_that_were_due_before_it() {
    run(|| {
        pass(9);
        register_all(1..=1);
        // A draw of an earlier block, then one of the block in which the change was asked for.
        for due in [5, 10] {
            set_oldest_draw(Some(due));
            pass(100);
            assert_noop!(Providers::apply(signed(99), 1), Error::<Test>::NothingToApply);
        }
        // One that became due later does not hold it up.
        set_oldest_draw(Some(11));
        assert_ok!(Providers::apply(signed(99), 1));
        assert_eq!(holders(CPU), [1]);
    });
}

#[test]
fn change_that_waits_holds_up_those_behind_it() {
    run(|| {
        register_all(1..=1);
        pass(1);
        register_all(2..=2);
        set_oldest_draw(Some(1));
        pass(50);
        assert_noop!(Providers::apply(signed(99), 2), Error::<Test>::NothingToApply);
        set_oldest_draw(Some(2));
        assert_ok!(Providers::apply(signed(99), 2));
        assert_eq!(holders(CPU), [1]);
    });
}

#[test]
fn longer_delay_counts_for_what_waits() {
    run(|| {
        register_all(1..=1);
        assert_ok!(set_params(|params| params.change_delay = 10));
        pass(10);
        assert_noop!(Providers::apply(signed(99), 1), Error::<Test>::NothingToApply);
        pass(1);
        assert_ok!(Providers::apply(signed(99), 1));
        assert!(events().iter().any(|event| matches!(event, Event::ChangeApplied { owner: 1, .. })));
    });
}
