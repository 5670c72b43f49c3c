//! What somebody could try, and what comes of it.

use crate::{mock::*, Error};
use assay_rules::fees::FeeShares;
use frame_support::{assert_noop, assert_ok};
use sp_runtime::Perbill;

#[test]
fn author_that_fills_its_own_blocks_loses_half_at_least() {
    run(|| {
        set(|params| params.fees = FeeShares { burn: Perbill::from_percent(50), treasury: Perbill::zero() });
        endow(1, 100_000);
        open(Some(1));
        // What goes as a tip comes back, and moves no price.
        (0..10).for_each(|_| pay_fee(1, 1_001, 500));
        close();
        assert!(free(1) <= 100_000 - 10 * 1_001 / 2, "{}", free(1));
    });
}

#[test]
fn slots_that_others_miss_pay_nobody_more() {
    let reward = |others: &[u64]| {
        let mut got = 0;
        run(|| {
            era_of(&[&[1, 1][..], others].concat());
            assert_ok!(claim(0, 0));
            got = free(1);
        });
        got
    };
    assert_eq!(reward(&[2, 2, 3, 3]), reward(&[]));
}

#[test]
fn chain_that_stood_still_has_nothing_to_make_up_for() {
    run(|| {
        block(Some(1));
        RunningEra::set(40);
        block(None);
        assert_eq!(issued(), ISSUANCE + 20, "one block's share for the treasury");
        assert_noop!(claim(39, 0), Error::<Test>::NoSuchPot);
    });
}

#[test]
fn one_that_can_not_be_paid_keeps_nobody_from_being_paid() {
    run(|| {
        set(|params| params.inflation = Perbill::from_percent(1));
        (2..=32).for_each(|validator| endow(validator, DEPOSIT));
        era_of(&(1..=32).collect::<Vec<u64>>());
        assert_ok!(claim(0, 0));
        assert!((2..=32).all(|validator| free(validator) == DEPOSIT + 8));
        assert_eq!(free(1), 0);
    });
}

#[test]
fn era_whose_time_was_cut_short_is_not_claimed_in_the_blocks_that_it_waits() {
    run(|| {
        (0..3).for_each(|_| era_of(&[1]));
        set(|params| params.expiry = 1);
        assert_noop!(claim(0, 0), Error::<Test>::NoSuchPot);
        assert_noop!(claim(1, 0), Error::<Test>::NoSuchPot);
        assert_ok!(claim(2, 0));
    });
}

#[test]
fn a_year_issues_no_more_than_its_inflation() {
    run(|| {
        for era in 0..20 {
            era_of(&[1, 2, 3, 4, 5]);
            assert_ok!(claim(era, 0));
        }
        // 100 of the year's 1,000 slots, at 10% of what there was at each era's end.
        let most = ISSUANCE + ISSUANCE / 100 * 101 / 100;
        assert!(issued() > ISSUANCE + ISSUANCE / 101 && issued() <= most, "{}", issued());
    });
}
