//! Attempts to profit, or to lose less, each of which fails.

use crate::{mock::*, Error, Parameters, Pending};
use assay_primitives::{mock::MockCollateral, Collateral, Role};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::Perbill;

#[test]
fn self_report_for_the_share_loses_more_than_the_share() {
    run(|| {
        let (validator, friend) = (1, 2);
        elect(validator, 0, 1_000_000);
        endow(friend, DEPOSIT);
        let wealth = || Balances::free_balance(validator) + Balances::free_balance(friend);
        let before = wealth();
        offend(&[(validator, friend)], percent(50), 0);
        advance_to(21);

        let reward = Balances::free_balance(friend) - DEPOSIT;
        assert_eq!(reward, 50_000);
        assert_eq!(before - wealth(), 500_000 - reward);
        assert!(before - wealth() >= 9 * reward);
    });
}

#[test]
fn low_fault_reported_first_does_not_earn_the_share_of_a_higher_one() {
    run(|| {
        elect(1, 0, 1_000);
        endow(7, DEPOSIT);
        endow(8, DEPOSIT);
        offend(&[(1, 7)], percent(1), 0);
        offend(&[(1, 8)], percent(50), 0);
        advance_to(21);
        assert_eq!((Balances::free_balance(7), Balances::free_balance(8)), (DEPOSIT, DEPOSIT + 50));
    });
}

#[test]
fn same_offence_by_another_reporter_or_time_slot_counts_once() {
    run(|| {
        elect(1, 0, 1_000);
        offend(&[(1, 7)], percent(30), 0);
        for reporter in 8..30 {
            offend(&[(1, reporter)], percent(30), 0);
        }
        assert_eq!(Pending::<Test>::iter().count(), 1);
        assert_eq!(waiting(0).reporter, Some(7));
        advance_to(21);
        offend(&[(1, 30)], percent(30), 0);
        advance_to(100);
        assert_eq!(bonded(1, Role::Validator), 700);
    });
}

#[test]
fn several_faults_of_an_era_cost_the_highest_not_the_sum() {
    run(|| {
        set_sessions_per_era(6);
        elect(1, 0, 1_000);
        for (session, fraction) in [(0, 10), (3, 40), (1, 25), (5, 40), (2, 5)] {
            offend(&[(1, 7)], percent(fraction), session);
        }
        advance_to(100);
        assert_eq!(bonded(1, Role::Validator), 600);
    });
}

#[test]
fn funds_bonded_after_the_offence_do_not_raise_the_slash() {
    run(|| {
        elect(1, 0, 1_000);
        bond(1, Role::Validator, 9_000);
        offend(&[(1, 7)], percent(50), 0);
        bond(1, Role::Validator, 9_000);
        advance_to(21);
        assert_eq!(bonded(1, Role::Validator), 18_500);
    });
}

#[test]
fn leaving_while_accused_ends_no_accusation() {
    run(|| {
        elect(1, 0, 1_000);
        offend(&[(1, 7)], percent(50), 0);
        // Staking refuses withdrawals for as long as the accusation stands: through window and suspension.
        assert_ok!(Slashing::suspend(RuntimeOrigin::root(), 0, 121));
        advance_to(120);
        assert_eq!(accused(1, Role::Validator), 1);
        advance_to(121);
        assert_eq!((accused(1, Role::Validator), bonded(1, Role::Validator)), (0, 500));
    });
}

#[test]
fn fault_of_a_validator_leaves_its_collateral_as_a_provider_alone() {
    run(|| {
        elect(1, 0, 100);
        let lock = seat(1, 1_000);
        offend(&[(1, 7)], percent(50), 0);
        set_bond(1, Role::Validator, 0);
        advance_to(21);
        assert_eq!(bonded(1, Role::Provider), 1_000);
        assert_ok!(MockCollateral::release(&1, lock));
    });
}

#[test]
fn honest_restart_cancelled_in_the_window_loses_nothing() {
    run(|| {
        set_sessions_per_era(6);
        elect(1, 0, 1_000);
        let (money, issuance) = (Balances::free_balance(1), Balances::total_issuance());
        // Two instances of one node ran side by side for a while: many slots, one slash.
        for session in [2, 2, 2, 3, 3] {
            offend(&[(1, 7)], percent(50), session);
        }
        advance_to(20);
        assert_ok!(Slashing::cancel(RuntimeOrigin::root(), 0));
        advance_to(100);
        assert_eq!((bonded(1, Role::Validator), accused(1, Role::Validator)), (1_000, 0));
        assert_eq!((Balances::free_balance(1), Balances::total_issuance()), (money, issuance));
    });
}

#[test]
fn appeal_for_a_low_fault_does_not_free_a_high_one() {
    run(|| {
        elect(1, 0, 1_000);
        offend(&[(1, 7)], percent(1), 0);
        // The vote on slash 0 is under way when the validator attacks.
        offend(&[(1, 7)], percent(50), 0);
        assert_noop!(Slashing::cancel(RuntimeOrigin::root(), 0), Error::<Test>::NoSuchSlash);
        advance_to(21);
        assert_eq!(bonded(1, Role::Validator), 500);
    });
}

#[test]
fn cancelled_fault_is_no_licence_for_another() {
    run(|| {
        elect(1, 0, 1_000);
        offend(&[(1, 7)], percent(50), 0);
        assert_ok!(Slashing::cancel(RuntimeOrigin::root(), 0));
        offend(&[(1, 7)], percent(50), 0);
        advance_to(21);
        assert_eq!(bonded(1, Role::Validator), 500);
    });
}

#[test]
fn raising_a_fault_bit_by_bit_does_not_put_the_slash_off_for_less() {
    run(|| {
        elect(1, 0, 1_000);
        for step in 1..=10 {
            offend(&[(1, 7)], percent(step), 0);
            advance_to(1 + u64::from(step) * 19);
            assert_eq!(accused(1, Role::Validator), 1);
        }
        advance_to(300);
        assert_eq!(bonded(1, Role::Validator), 900);
    });
}

#[test]
fn flood_of_small_slashes_does_not_hold_up_a_large_one_for_anyone_who_cares() {
    run(|| {
        for provider in 100..200 {
            assert_ok!(fail_seat(seat(provider, 1), 1));
        }
        elect(1, 0, 1_000);
        offend(&[(1, 7)], percent(50), 0);
        Now::set(21);
        assert_ok!(Slashing::apply(RuntimeOrigin::signed(9), 100));
        assert_eq!(bonded(1, Role::Validator), 500);
    });
}

#[test]
fn slash_of_all_the_money_there_can_be_does_not_overflow() {
    run(|| {
        let everything = Parameters { max_equivocation: Perbill::one(), ..params() };
        assert_ok!(Slashing::set_params(RuntimeOrigin::root(), everything));
        endow(TREASURY, DEPOSIT);
        endow(7, DEPOSIT);
        let stake = u128::MAX - Balances::total_issuance() - DEPOSIT;
        elect(1, 0, stake);
        assert_eq!(Balances::total_issuance(), u128::MAX);

        offend(&[(1, 7)], percent(60), 0);
        advance_to(21);
        offend(&[(1, 7)], Perbill::one(), 0);
        advance_to(41);

        assert_eq!(bonded(1, Role::Validator), 0);
        let paid = Balances::free_balance(7) + Balances::free_balance(TREASURY) - 2 * DEPOSIT;
        let burnt = u128::MAX - Balances::total_issuance();
        assert_eq!(paid + burnt, stake);
        assert_eq!(heard_slashes().iter().map(|heard| heard.taken).sum::<u128>(), stake);
    });
}
