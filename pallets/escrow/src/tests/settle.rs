use crate::{mock::*, Escrows, Event};
use frame_support::assert_ok;

/// What `Settled` says of job 0 of account 1.
fn settled(payouts: &[(u64, u128)], burnt: u128, treasury: u128, refund: u128) -> Event<Test> {
    Event::Settled { job: 0, requester: 1, payouts: payouts.to_vec(), burnt, treasury, refund }
}

fn undelivered(payee: u64, amount: u128) -> Event<Test> {
    Event::Undelivered { job: 0, payee, amount }
}

/// The events after that of opening.
fn said() -> Vec<Event<Test>> {
    events().split_off(1)
}

#[test]
fn settlement_pays_everybody_and_gives_the_rest_back() {
    run(|| {
        requester(1, 1_000, 0, 600);
        endow(2, 50);
        endow(3, 50);
        endow(TREASURY, 50);
        let issuance = Balances::total_issuance();
        settle(0, &[(2, 100), (3, 150)], 20, 30);

        assert_eq!(said(), [settled(&[(2, 100), (3, 150)], 20, 30, 300)]);
        assert_eq!((free(1), held(1)), (700, 0));
        assert_eq!((free(2), free(3), free(TREASURY)), (150, 200, 80));
        assert_eq!(Balances::total_issuance(), issuance - 20);
        assert_eq!(held_for(0), 0);
    });
}

#[test]
fn settlement_of_nothing_gives_everything_back() {
    run(|| {
        requester(1, 1_000, 0, 600);
        settle(0, &[], 0, 0);
        assert_eq!(said(), [settled(&[], 0, 0, 600)]);
        assert_eq!(free(1), 1_000);
    });
}

#[test]
fn settlement_of_everything_gives_nothing_back() {
    run(|| {
        requester(1, 1_000, 0, 600);
        endow(2, DEPOSIT);
        settle(0, &[(2, 600)], 0, 0);
        assert_eq!(said(), [settled(&[(2, 600)], 0, 0, 0)]);
        assert_eq!((free(1), free(2)), (400, 610));
    });
}

#[test]
fn other_jobs_of_the_requester_keep_their_money() {
    run(|| {
        requester(1, 1_000, 0, 300);
        assert_ok!(open(5, 1, 200));
        endow(2, DEPOSIT);
        settle(0, &[(2, 100)], 0, 0);
        assert_eq!((held(1), held_for(5), free(1)), (200, 200, 700));
    });
}

#[test]
fn requester_may_be_a_payee() {
    run(|| {
        requester(1, 1_000, 0, 600);
        settle(0, &[(1, 100)], 20, 0);
        assert_eq!(said(), [settled(&[(1, 100)], 20, 0, 480)]);
        assert_eq!(free(1), 980);
    });
}

#[test]
fn treasury_may_be_a_payee() {
    run(|| {
        requester(1, 1_000, 0, 600);
        settle(0, &[(TREASURY, 100)], 0, 50);
        assert_eq!(said(), [settled(&[(TREASURY, 100)], 0, 50, 450)]);
        assert_eq!(free(TREASURY), 150);
    });
}

#[test]
fn payee_of_several_legs_gets_all_of_them() {
    run(|| {
        requester(1, 1_000, 0, 600);
        settle(0, &[(2, 100), (3, 50), (2, 7)], 0, 0);
        assert_eq!(said(), [settled(&[(2, 100), (3, 50), (2, 7)], 0, 0, 443)]);
        assert_eq!((free(2), free(3)), (107, 50));
    });
}

#[test]
fn legs_of_zero_are_passed_over() {
    run(|| {
        requester(1, 1_000, 0, 600);
        settle(0, &[(2, 0), (3, 50)], 0, 0);
        assert_eq!(said(), [settled(&[(3, 50)], 0, 0, 550)]);
    });
}

#[test]
fn reaped_payee_is_made_anew_by_what_it_gets() {
    run(|| {
        requester(1, 1_000, 0, 600);
        endow(2, 100);
        empty(2);
        assert!(!frame_system::Account::<Test>::contains_key(2));
        settle(0, &[(2, DEPOSIT)], 0, 0);
        assert_eq!(free(2), DEPOSIT);
    });
}

#[test]
fn payment_that_keeps_no_account_alive_goes_to_the_treasury() {
    run(|| {
        requester(1, 1_000, 0, 600);
        endow(2, 100);
        empty(2);
        endow(3, 100);
        endow(TREASURY, 50);
        let issuance = Balances::total_issuance();
        settle(0, &[(2, DEPOSIT - 1), (3, 100)], 0, 30);

        // One that comes after it gets its own.
        assert_eq!(said(), [undelivered(2, 9), settled(&[(3, 100)], 0, 39, 461)]);
        assert_eq!((free(2), free(3), free(TREASURY)), (0, 200, 89));
        assert_eq!(Balances::total_issuance(), issuance);
    });
}

#[test]
fn treasury_that_cannot_be_paid_leaves_its_part_to_the_fire() {
    run(|| {
        requester(1, 1_000, 0, 600);
        let issuance = Balances::total_issuance();
        settle(0, &[(2, 4)], 20, 5);
        assert_eq!(said(), [undelivered(2, 4), undelivered(TREASURY, 9), settled(&[], 29, 0, 571)]);
        assert_eq!(Balances::total_issuance(), issuance - 29);
        assert_eq!(free(TREASURY), 0);
    });
}

#[test]
fn treasury_gets_all_its_parts_at_once() {
    run(|| {
        requester(1, 1_000, 0, 600);
        // Neither part alone would keep its account alive.
        settle(0, &[(2, 6)], 0, 6);
        assert_eq!(said(), [undelivered(2, 6), settled(&[], 0, 12, 588)]);
        assert_eq!(free(TREASURY), 12);
    });
}

#[test]
fn what_the_escrow_has_not_is_not_paid_the_last_first() {
    run(|| {
        let cases = [(40, 0, 0), (100, 0, 0), (150, 0, 0), (160, 10, 0), (170, 20, 0), (175, 20, 5)];
        for (job, (paid, burnt, treasury)) in (0..).zip(cases) {
            let who = 10 + job;
            requester(who, 1_000, job, paid);
            let payees = [100 + 2 * job, 101 + 2 * job];
            payees.iter().for_each(|payee| endow(*payee, DEPOSIT));
            endow(TREASURY, DEPOSIT);
            let issuance = Balances::total_issuance();
            settle(job, &[(payees[0], 100), (payees[1], 50)], 20, 30);

            let first = paid.min(100);
            let second = (paid - first).min(50);
            assert_eq!((free(payees[0]), free(payees[1])), (DEPOSIT + first, DEPOSIT + second));
            assert_eq!(Balances::total_issuance(), issuance - burnt);
            assert_eq!(last_event(), Event::Short { job, missing: 200 - paid });
            assert_eq!((free(who), held(who)), (1_000 - paid, 0));
            assert_eq!(first + second + burnt + treasury, paid);
        }
    });
}

#[test]
fn settlement_beyond_what_a_balance_can_be_pays_what_is_held() {
    run(|| {
        requester(1, 1_000, 0, 600);
        settle(0, &[(2, u128::MAX), (3, u128::MAX)], u128::MAX, u128::MAX);
        assert_eq!(
            said(),
            [settled(&[(2, 600)], 0, 0, 0), Event::Short { job: 0, missing: u128::MAX - 600 }]
        );
        assert_eq!((free(2), free(3)), (600, 0));
    });
}

#[test]
fn second_settlement_of_a_job_pays_nothing() {
    run(|| {
        requester(1, 1_000, 0, 300);
        assert_ok!(open(1, 1, 300));
        settle(0, &[(2, 100)], 20, 30);
        settle(0, &[(2, 100)], 20, 30);
        assert_eq!(last_event(), Event::Short { job: 0, missing: 150 });
        assert_eq!((free(2), held(1)), (100, 300));
    });
}

#[test]
fn settlement_of_an_unknown_job_does_nothing() {
    run(|| {
        settle(7, &[(2, 100)], 0, 0);
        assert_eq!(events(), [Event::Short { job: 7, missing: 100 }]);
        settle(7, &[], 0, 0);
        assert_eq!(events().len(), 1);
    });
}

#[test]
fn what_was_locked_later_is_paid_all_the_same() {
    run(|| {
        requester(1, 1_000, 0, 600);
        lock(1, 1_000);
        settle(0, &[(2, 100)], 20, 30);
        assert_eq!((free(2), free(TREASURY)), (100, 30));
        assert_eq!((free(1), held(1)), (850, 0));
    });
}

#[test]
fn account_with_nothing_but_holds_is_given_its_rest_back() {
    run(|| {
        endow_guest(1, 1_000);
        assert_ok!(open(0, 1, 600));
        assert_ok!(open(1, 1, 400));
        settle(0, &[(2, 500)], 50, 0);
        assert_eq!((free(1), held(1)), (50, 400));
        settle(1, &[(2, 400)], 0, 0);
        assert_eq!((free(1), held(1)), (50, 0));
    });
}

#[test]
fn account_with_nothing_but_holds_may_be_a_payee() {
    run(|| {
        endow_guest(1, 1_000);
        assert_ok!(open(0, 1, 1_000));
        settle(0, &[(1, 100), (2, 900)], 0, 0);
        assert_eq!((free(1), held(1), free(2)), (100, 0, 900));
    });
}

#[test]
fn rest_that_keeps_no_account_alive_goes_to_the_treasury() {
    run(|| {
        endow_guest(1, 1_000);
        assert_ok!(open(0, 1, 1_000));
        endow(TREASURY, 50);
        settle(0, &[(2, 991)], 0, 0);
        assert_eq!(said(), [undelivered(1, 9), settled(&[(2, 991)], 0, 9, 0)]);
        assert_eq!((free(1), held(1), free(TREASURY)), (0, 0, 59));
        assert!(!Escrows::<Test>::contains_key(0));
    });
}
