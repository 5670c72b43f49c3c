//! Attempts to be drawn more often, to steer a draw, or to lose less, each of which fails.

use crate::{mock::*, Error, Event, Leaves, MachineEntry, Nodes, State};
use assay_primitives::{mock, Conduct, Machine, Role, Sortition};
use assay_rules::price::PriceRule;
use frame_support::{assert_noop, assert_ok};
use std::collections::BTreeMap;

type Trees = (BTreeMap<(Machine, u8, u32), Vec<u64>>, BTreeMap<(Machine, u32), u64>);

/// All that decides who holds a ticket.
fn trees() -> Trees {
    let nodes = Nodes::<Test>::iter().map(|(key, node)| (key, node.into_inner())).collect();
    (nodes, Leaves::<Test>::iter().collect())
}

/// A crowd on both machines, one of it silent, one with a term in jail that is over.
fn crowd() {
    for owner in 1..=20 {
        bond(owner, u128::from(owner) * 10);
        assert_ok!(register(owner, if owner % 3 == 0 { GPU } else { CPU }, 2));
    }
    advance(DELAY + 3);
    serve(7, 1, Conduct::NoShow);
    serve(8, 2, Conduct::Cheated);
    advance(100);
}

#[test]
fn nothing_that_providers_do_after_a_draw_became_due_steers_it() {
    run(|| {
        crowd();
        let before = trees();
        set_oldest_draw(Some(System::block_number()));
        for round in 0..3 {
            // In the block of the draw, and in later ones, when its seed can be known.
            assert_ok!(update(1 + round, GPU, 1));
            assert_ok!(Providers::retire(signed(10 + round)));
            bond(15 + round, 900);
            bond(30 + round, 50);
            assert_ok!(register(30 + round, CPU, 5));
            advance(40);
            assert_noop!(Providers::apply(signed(1), 100), Error::<Test>::NothingToApply);
        }
        assert_ok!(Providers::heartbeat(signed(7), 7));
        assert_ok!(Providers::release(signed(8)));
        bond(20, 0);
        advance(200);
        assert_eq!(trees(), before);

        // When it has run, all of that comes into force.
        set_oldest_draw(None);
        advance(DELAY);
        assert_ne!(trees(), before);
        assert_eq!(Providers::queue_length(), 0);
    });
}

/// The trees while a draw is due, with or without verdicts in between, and those after it.
fn trees_with(verdicts: bool) -> [Trees; 2] {
    chain().execute_with(|| {
        System::set_block_number(1);
        provide_on(1, 50, CPU, 1);
        provide_on(2, 30, CPU, 2);
        provide_on(3, 40, CPU, 2);
        assert_ok!(seat(1, 7));
        assert_ok!(seat(2, 8));
        set_oldest_draw(Some(System::block_number()));
        // Its seed can be known now.
        advance(3);
        if verdicts {
            unseat(1, 7, Conduct::Right);
            unseat(2, 8, Conduct::Declined);
        }
        advance(40);
        // An older draw falls on the second one.
        assert_ok!(seat(2, 9));
        let due = trees();
        set_oldest_draw(None);
        advance(2 * DELAY);
        Providers::do_try_state().expect("invariants hold");
        [due, trees()]
    })
}

#[test]
fn verdict_after_a_draw_became_due_does_not_steer_it() {
    // Whoever reveals last, or cancels its job, chooses between the two: they must be one as long as the draw is due.
    let [due, after] = trees_with(true);
    let [due_without, after_without] = trees_with(false);
    assert_eq!(due, due_without);
    assert_ne!(after, after_without);
}

#[test]
fn full_providers_of_one_hand_give_no_choice_of_trees() {
    run(|| {
        for owner in 1..=10 {
            provide_on(owner, 10, CPU, 1);
        }
        // All but two are full by jobs of somebody who can end each of them at will, and who knows the seed.
        for owner in 1..=8 {
            assert_ok!(seat(owner, owner));
        }
        let before = trees();
        set_oldest_draw(Some(System::block_number()));
        for owner in 1..=8 {
            advance(1);
            unseat(owner, owner, Conduct::Neutral);
            assert_eq!(trees(), before);
        }
        advance(50);
        assert_eq!((trees(), drawable(CPU), in_play(CPU)), (before, 2, 100));
        // Nobody is stuck afterwards.
        set_oldest_draw(None);
        advance(1);
        assert_eq!((weight(CPU), drawable(CPU)), (100, 10));
    });
}

#[test]
fn change_asked_for_before_a_draw_can_not_be_taken_back_once_its_seed_is_known() {
    run(|| {
        provide(1, 50);
        provide(2, 50);
        assert_ok!(update(1, GPU, 1));
        // The draw becomes due one block later; what waits will be in force when it runs, whatever its owner does.
        advance(1);
        set_oldest_draw(Some(System::block_number()));
        assert_noop!(update(1, CPU, 1), Error::<Test>::ChangePending);
        assert_noop!(Providers::retire(signed(1)), Error::<Test>::ChangePending);
        bond(1, 0);
        bond(1, 500);
        advance(DELAY - 1);
        assert_eq!((holders(CPU), holders(GPU)), (vec![2; 50], vec![1; 50]));
    });
}

#[test]
fn flood_of_changes_gives_nobody_a_choice_of_how_many_a_draw_sees() {
    run(|| {
        let settled = |due| <Providers as Sortition<u64>>::is_settled_before(due);
        // More than a block applies, one block before the draw becomes due; and one in the same block as that.
        for owner in 1..=20 {
            bond(owner, 1);
            assert_ok!(register(owner, CPU, 1));
        }
        advance(1);
        let due = System::block_number();
        set_oldest_draw(Some(due));
        bond(21, 1);
        assert_ok!(register(21, CPU, 1));
        advance(DELAY - 1);
        // Whoever knows the seed by now may apply some of the others, and the draw waits for all of them.
        assert!(!settled(due));
        assert_ok!(Providers::apply(signed(99), 5));
        assert_eq!((holders(CPU).len(), settled(due)), (13, false));
        advance(1);
        assert!(settled(due) && !settled(due + 1));
        advance(100);
        assert_eq!(holders(CPU), (1..=20).collect::<Vec<u64>>());
    });
}

#[test]
fn bond_added_late_does_not_ride_on_an_older_change() {
    run(|| {
        provide(1, 10);
        assert_ok!(update(1, CPU, 5));
        advance(1);
        set_oldest_draw(Some(System::block_number()));
        bond(1, 1_000);
        advance(100);
        // The update is in force, the bond is not: the draw is older than it.
        assert_eq!((provider(1).terms.capacity, weight(CPU)), (5, 10));
        set_oldest_draw(None);
        advance(1);
        assert_eq!(weight(CPU), 1_000);
    });
}

#[test]
fn unbonding_after_the_draw_does_not_move_the_tickets() {
    run(|| {
        provide(1, 50);
        provide(2, 50);
        set_oldest_draw(Some(System::block_number()));
        bond(1, 0);
        advance(300);
        assert_eq!(weight(CPU), 100);
        assert_eq!(holder(CPU, 0).map(|candidate| candidate.owner), Some(1));
        set_oldest_draw(None);
        advance(1);
        assert_eq!(holders(CPU), [2; 50]);
    });
}

#[test]
fn draws_that_keep_coming_do_not_hold_a_change_up_for_ever() {
    run(|| {
        provide(1, 50);
        assert_ok!(Providers::retire(signed(1)));
        // In each block a draw becomes due, and the one of two blocks ago runs.
        for _ in 0..DELAY {
            set_oldest_draw(Some(System::block_number().saturating_sub(1)));
            advance(1);
        }
        assert_eq!(weight(CPU), 0);
    });
}

#[test]
fn thousand_dust_providers_weigh_no_more_than_one_with_all_their_bonds() {
    run(|| {
        assert_ok!(set_params(|params| params.max_bond = 2_000 * UNIT));
        provide(1_000_000, 1_900);
        for owner in 0..1_000 {
            // What is not whole is lost: a bond of 1.9 units weighs 1.
            mock::set_bond(owner, Role::Provider, UNIT * 19 / 10);
            assert_ok!(register(owner, CPU, 64));
        }
        advance(DELAY + 1_000 / PER_BLOCK);
        assert_eq!(Providers::pool(CPU).map(|pool| pool.leaves), Some(1_001));
        let held = |owner: u64| holders(CPU).into_iter().filter(|holder| *holder == owner).count();
        assert_eq!((weight(CPU), held(1_000_000), held(0)), (2_900, 1_900, 1));
    });
}

#[test]
fn whale_counts_up_to_the_cap_and_is_not_drawn_at_capacity() {
    run(|| {
        provide_on(1, 1_000_000, CPU, 1);
        provide(2, 1_000);
        assert_eq!(weight(CPU), 2_000);
        assert_ok!(seat(1, 7));
        // Full, it spoils no tries: every ticket is somebody's who has room.
        assert_eq!((weight(CPU), holder(CPU, 0).map(|candidate| candidate.owner)), (1_000, Some(2)));
        unseat(1, 7, Conduct::Right);
        advance(DELAY);
        assert_eq!(weight(CPU), 2_010);
    });
}

#[test]
fn thin_jobs_earn_no_reputation() {
    run(|| {
        provide(1, 100);
        for job in 0..200 {
            serve_out(1, job, Conduct::Neutral);
        }
        assert_eq!((provider(1).score, weight(CPU)), (0, 100));
    });
}

#[test]
fn long_clean_record_then_one_lie_costs_all_of_it() {
    run(|| {
        provide(1, 100);
        for job in 0..500 {
            serve_out(1, job, Conduct::Right);
        }
        assert_eq!((provider(1).score, weight(CPU)), (100, 200));
        serve(1, 500, Conduct::Cheated);
        assert_eq!((provider(1).score, weight(CPU)), (0, 0));
    });
}

#[test]
fn jail_is_not_left_by_retiring_and_registering_again() {
    run(|| {
        provide(1, 100);
        serve(1, 7, Conduct::Cheated);
        let jail = provider(1).state;
        assert_ok!(Providers::retire(signed(1)));
        advance(DELAY);
        assert_noop!(register(1, CPU, 1), Error::<Test>::AlreadyRegistered);
        assert_noop!(Providers::release(signed(1)), Error::<Test>::StillJailed);
        assert_ok!(update(1, GPU, 1));
        advance(DELAY);
        assert_eq!((provider(1).state, weight(GPU)), (jail, 0));
    });
}

#[test]
fn seat_is_not_left_by_retiring() {
    run(|| {
        provide(1, 100);
        assert_ok!(seat(1, 7));
        assert_ok!(Providers::retire(signed(1)));
        advance(DELAY);
        unseat(1, 7, Conduct::Cheated);
        assert!(matches!(provider(1).state, State::Jailed { .. }));
        assert_noop!(register(1, CPU, 1), Error::<Test>::AlreadyRegistered);
    });
}

#[test]
fn storage_is_not_kept_by_money_that_has_moved_on() {
    run(|| {
        // One bond, passed on from account to account.
        for owner in 1..=50 {
            bond(owner, 10);
            assert_ok!(register(owner, CPU, 1));
            advance(DELAY);
            bond(owner, 0);
            advance(DELAY);
        }
        assert_eq!(crate::pallet::Providers::<Test>::iter_keys().count(), 0);
        assert_eq!((Nodes::<Test>::iter_keys().count(), Leaves::<Test>::iter_keys().count()), (0, 0));
    });
}

#[test]
fn flood_of_changes_is_worked_off_in_order_and_within_bounds() {
    run(|| {
        for owner in 1..=100 {
            bond(owner, 1);
            assert_ok!(register(owner, CPU, 1));
        }
        let mut applied = 0;
        while Providers::queue_length() > 0 {
            let before = Providers::queue_length();
            advance(1);
            applied = applied.max(before - Providers::queue_length());
        }
        assert_eq!(applied, u64::from(PER_BLOCK));
        assert_eq!(holders(CPU), (1..=100).collect::<Vec<u64>>());
    });
}

#[test]
fn own_jobs_push_the_price_by_a_hundredth_an_hour_at_most() {
    run(|| {
        let rule = PriceRule { floor: 100_000, ceiling: 1_000_000, ..rule() };
        assert_ok!(set_machine(CPU, MachineEntry { price: rule, ..entry() }));
        // All there is on the machine, and all of it busy, for a day.
        provide_on(1, 1_000, CPU, 64);
        for job in 0..64 {
            assert_ok!(seat(1, job));
        }
        let mut most = 100_000;
        for _ in 0..24 {
            most += most / 100;
            advance(60);
            assert!(price(CPU) <= most, "{} of {most}", price(CPU));
        }
        assert!(price(CPU) > 120_000);
        let moved = |event: &Event<Test>| matches!(event, Event::PriceMoved { machine: CPU, .. });
        assert_eq!(events().into_iter().filter(moved).count(), 24);
    });
}
