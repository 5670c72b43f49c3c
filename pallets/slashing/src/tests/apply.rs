use crate::{mock::*, Error, Event, Pending, WeightInfo};
use assay_primitives::{FaultKind, Role};
use frame_support::{
    assert_noop, assert_ok,
    dispatch::GetDispatchInfo,
    traits::Hooks,
    weights::{Weight, WeightMeter},
};
use sp_runtime::DispatchError;

type Priced = ();

fn applied(taken: u128, missing: u128, reporter: Option<u64>, shares: [u128; 3]) -> Event<Test> {
    let [reward, burnt, treasury] = shares;
    let (owner, role, kind) = (1, Role::Validator, FaultKind::Equivocation);
    Event::Applied { id: 0, owner, role, kind, taken, missing, reporter, reward, burnt, treasury }
}

/// Lets seats of as many providers fail at once, at 100 planck each.
fn fail_seats(providers: u64) {
    for provider in 1..=providers {
        assert_ok!(fail_seat(seat(provider, 100), 100));
    }
}

fn pending() -> usize {
    Pending::<Test>::iter().count()
}

#[test]
fn slash_is_applied_when_its_window_ends_and_not_before() {
    run(|| {
        elect(1, 0, 1_000);
        assert_ok!(equivocate(1, 0, percent(30), None));
        advance_to(20);
        assert_eq!(bonded(1, Role::Validator), 1_000);
        advance_to(21);
        assert_eq!(bonded(1, Role::Validator), 700);
        assert_eq!(accused(1, Role::Validator), 0);
    });
}

#[test]
fn slash_waits_while_the_clock_stands_still() {
    run(|| {
        elect(1, 0, 1_000);
        assert_ok!(equivocate(1, 0, percent(30), None));
        for block in 2..100 {
            System::set_block_number(block);
            <Slashing as Hooks<u64>>::on_poll(block, &mut WeightMeter::new());
        }
        assert_eq!(pending(), 1);
    });
}

#[test]
fn what_is_taken_is_split_between_reporter_fire_and_treasury() {
    run(|| {
        elect(1, 0, 1_000);
        endow(2, 100);
        endow(TREASURY, 100);
        let issuance = Balances::total_issuance();
        assert_ok!(equivocate(1, 0, percent(50), Some(2)));
        advance_to(21);

        // A tenth of 500 to the reporter; of the other 450, six tenths burnt.
        assert_eq!(last_event(), applied(500, 0, Some(2), [50, 270, 180]));
        assert_eq!(Balances::free_balance(1), DEPOSIT + 500);
        assert_eq!(Balances::free_balance(2), 150);
        assert_eq!(Balances::free_balance(TREASURY), 280);
        assert_eq!(Balances::total_issuance(), issuance - 270);
        let heard = HeardSlash {
            owner: 1,
            role: Role::Validator,
            kind: FaultKind::Equivocation,
            taken: 500,
            missing: 0,
        };
        assert_eq!(heard_slashes(), [heard]);
    });
}

#[test]
fn fault_without_a_reporter_leaves_all_to_fire_and_treasury() {
    run(|| {
        elect(1, 0, 1_000);
        endow(TREASURY, 100);
        assert_ok!(equivocate(1, 0, percent(50), None));
        advance_to(21);
        assert_eq!(last_event(), applied(500, 0, None, [0, 300, 200]));
    });
}

#[test]
fn reporter_that_cannot_be_paid_leaves_its_share_to_the_rest() {
    run(|| {
        elect(1, 0, 100);
        endow(TREASURY, 100);
        let issuance = Balances::total_issuance();
        // Its share of 50 would be 5, which does not keep an account alive.
        assert_ok!(equivocate(1, 0, percent(50), Some(2)));
        advance_to(21);
        assert_eq!(last_event(), applied(50, 0, Some(2), [0, 30, 20]));
        assert_eq!(Balances::free_balance(2), 0);
        assert_eq!(Balances::free_balance(TREASURY), 120);
        assert_eq!(Balances::total_issuance(), issuance - 30);
    });
}

#[test]
fn treasury_that_cannot_be_paid_leaves_its_share_to_the_fire() {
    run(|| {
        elect(1, 0, 40);
        let issuance = Balances::total_issuance();
        assert_ok!(equivocate(1, 0, percent(50), None));
        advance_to(21);
        assert_eq!(last_event(), applied(20, 0, None, [0, 20, 0]));
        assert_eq!(Balances::total_issuance(), issuance - 20);
    });
}

#[test]
fn what_is_missing_is_said() {
    run(|| {
        elect(1, 0, 1_000);
        endow(TREASURY, 100);
        assert_ok!(equivocate(1, 0, percent(50), None));
        set_bond(1, Role::Validator, 100);
        advance_to(21);
        assert_eq!(last_event(), applied(100, 400, None, [0, 60, 40]));
        assert_eq!(heard_slashes()[0].missing, 400);
        assert_eq!(accused(1, Role::Validator), 0);
    });
}

#[test]
fn slash_of_an_empty_ledger_ends_all_the_same() {
    run(|| {
        elect(1, 0, 1_000);
        assert_ok!(equivocate(1, 0, percent(50), Some(2)));
        set_bond(1, Role::Validator, 0);
        advance_to(21);
        assert_eq!(last_event(), applied(0, 500, Some(2), [0, 0, 0]));
        assert_eq!(pending(), 0);
    });
}

#[test]
fn applied_slash_of_a_provider_ends_its_lock() {
    run(|| {
        let lock = seat(3, 500);
        assert_ok!(fail_seat(lock, 200));
        advance_to(21);
        assert_eq!(bonded(3, Role::Provider), 300);
        assert_eq!(lock_is_accused(lock), None);
        assert_eq!(heard_slashes()[0].kind, FaultKind::WrongResult);
    });
}

#[test]
fn anyone_applies_a_slash_that_is_ready() {
    run(|| {
        elect(1, 0, 1_000);
        assert_ok!(equivocate(1, 0, percent(30), None));
        Now::set(21);
        assert_ok!(Slashing::apply(RuntimeOrigin::signed(9), 0));
        assert_eq!(bonded(1, Role::Validator), 700);
        // Not a second time, by nobody.
        assert_noop!(Slashing::apply(RuntimeOrigin::signed(9), 0), Error::<Test>::NoSuchSlash);
        advance_to(50);
        assert_eq!(heard_slashes().len(), 1);
    });
}

#[test]
fn apply_before_a_slash_is_ready_is_refused() {
    run(|| {
        elect(1, 0, 1_000);
        assert_ok!(equivocate(1, 0, percent(30), None));
        Now::set(20);
        assert_noop!(Slashing::apply(RuntimeOrigin::signed(9), 0), Error::<Test>::NotReady);
        assert_ok!(Slashing::suspend(RuntimeOrigin::root(), 0, 50));
        Now::set(49);
        assert_noop!(Slashing::apply(RuntimeOrigin::signed(9), 0), Error::<Test>::NotReady);
        Now::set(50);
        assert_ok!(Slashing::apply(RuntimeOrigin::signed(9), 0));
    });
}

#[test]
fn apply_without_a_signature_is_refused() {
    run(|| {
        assert_noop!(Slashing::apply(RuntimeOrigin::none(), 0), DispatchError::BadOrigin);
        assert_noop!(Slashing::apply(RuntimeOrigin::root(), 0), DispatchError::BadOrigin);
        assert_noop!(Slashing::apply(RuntimeOrigin::signed(1), 0), Error::<Test>::NoSuchSlash);
    });
}

#[test]
fn block_applies_a_few_slashes_and_spills_the_rest_in_order() {
    run(|| {
        fail_seats(10);
        advance_to(21);
        assert_eq!(heard_slashes().len(), 4);
        advance_to(22);
        assert_eq!(heard_slashes().len(), 8);
        advance_to(23);
        let owners: Vec<_> = heard_slashes().iter().map(|heard| heard.owner).collect();
        assert_eq!(owners, (1..=10).collect::<Vec<_>>());
        assert_eq!(pending(), 0);
    });
}

#[test]
fn slashes_are_applied_in_the_order_in_which_they_get_ready() {
    run(|| {
        let locks: Vec<_> = (1..=3).map(|provider| seat(provider, 100)).collect();
        assert_ok!(fail_seat(locks[0], 100));
        advance_to(10);
        assert_ok!(fail_seat(locks[1], 100));
        assert_ok!(Slashing::suspend(RuntimeOrigin::root(), 0, 120));
        assert_ok!(Slashing::suspend(RuntimeOrigin::root(), 1, 119));
        advance_to(15);
        assert_ok!(fail_seat(locks[2], 100));
        Now::set(299);
        advance_to(300);
        let owners: Vec<_> = heard_slashes().iter().map(|heard| heard.owner).collect();
        assert_eq!(owners, [3, 2, 1]);
    });
}

#[test]
fn order_of_time_holds_across_bytes() {
    run(|| {
        for (provider, at) in [(1, 60_000), (2, 255), (3, 256), (4, 65_536)] {
            Now::set(at);
            let lock = seat(provider, 100);
            assert_ok!(fail_seat(lock, 100));
        }
        advance_to(65_560);
        let owners: Vec<_> = heard_slashes().iter().map(|heard| heard.owner).collect();
        assert_eq!(owners, [2, 3, 1, 4]);
    });
}

#[test]
fn block_without_weight_to_spare_applies_nothing() {
    run(|| {
        fail_seats(2);
        Now::set(21);
        let base = Priced::tick_base();
        let mut none = WeightMeter::with_limit(base.saturating_div(2));
        Slashing::tick(&mut none);
        assert_eq!(none.consumed(), Weight::zero());

        let mut nearly_one =
            WeightMeter::with_limit(base.saturating_add(Priced::tick_slash().saturating_div(2)));
        Slashing::tick(&mut nearly_one);
        assert_eq!(nearly_one.consumed(), base);
        assert_eq!(pending(), 2);
    });
}

#[test]
fn block_applies_what_its_weight_allows() {
    run(|| {
        fail_seats(3);
        Now::set(21);
        let two = Priced::tick_base().saturating_add(Priced::tick_slash().saturating_mul(2));
        let mut meter = WeightMeter::with_limit(two);
        Slashing::tick(&mut meter);
        assert_eq!(meter.consumed(), two);
        assert_eq!(pending(), 1);
    });
}

#[test]
fn weight_of_a_slash_counts_who_hears_of_it() {
    run(|| {
        let heard = Weight::from_parts(7_000, 70);
        set_slash_weight(heard);
        let call = crate::Call::<Test>::apply { id: 0 };
        assert_eq!(call.get_dispatch_info().call_weight, Priced::apply() + heard);

        fail_seats(1);
        Now::set(21);
        let mut too_little = WeightMeter::with_limit(Priced::tick_base() + Priced::tick_slash());
        Slashing::tick(&mut too_little);
        assert_eq!(pending(), 1);
        let mut meter = WeightMeter::new();
        Slashing::tick(&mut meter);
        assert_eq!(meter.consumed(), Priced::tick_base() + Priced::tick_slash() + heard);
        assert_eq!(pending(), 0);
    });
}

#[test]
fn block_in_which_nothing_is_due_costs_the_base() {
    run(|| {
        fail_seats(1);
        let mut meter = WeightMeter::new();
        Slashing::tick(&mut meter);
        assert_eq!(meter.consumed(), Priced::tick_base());
        assert_eq!(pending(), 1);
    });
}
