use crate::{mock::*, Event, Fees, ShareFees};
use frame_support::traits::OnUnbalanced;

#[test]
fn fees_are_shared_when_the_block_ends() {
    run(|| {
        open(Some(1));
        pay_fee(HOLDER, 1_000, 100);
        assert_eq!((free(1), free(TREASURY), issued()), (0, 0, ISSUANCE - 1_100));
        close();
        assert_eq!((free(1), free(TREASURY), issued()), (300 + 100, 200, ISSUANCE - 500));
        assert_eq!(last_event(), Event::FeesShared { treasury: 200, author: Some(1), amount: 400 });
        assert!(!Fees::<Test>::exists());
    });
}

#[test]
fn fee_without_a_tip_is_shared_too() {
    run(|| {
        open(Some(1));
        ShareFees::<Test>::on_unbalanced(take(HOLDER, 1_000));
        close();
        assert_eq!((free(1), free(TREASURY), issued()), (300, 200, ISSUANCE - 500));
    });
}

#[test]
fn fees_that_are_each_too_small_for_an_account_add_up() {
    run(|| {
        open(Some(1));
        (0..5).for_each(|_| pay_fee(HOLDER, 15, 0));
        close();
        assert_eq!((free(1), free(TREASURY)), (20, 15));
    });
}

#[test]
fn share_too_small_for_an_account_stays_burnt() {
    run(|| {
        open(Some(1));
        pay_fee(HOLDER, 20, 0);
        close();
        assert_eq!((free(1), free(TREASURY), issued()), (0, 0, ISSUANCE - 20));
        assert!(events().is_empty());
    });
}

#[test]
fn share_of_an_author_that_is_not_there_stays_burnt() {
    run(|| {
        open(None);
        pay_fee(HOLDER, 1_000, 100);
        close();
        assert_eq!(issued(), ISSUANCE - 900);
        assert_eq!(last_event(), Event::FeesShared { treasury: 200, author: None, amount: 0 });
    });
}

#[test]
fn fees_of_one_block_are_not_paid_in_the_next() {
    run(|| {
        open(Some(1));
        pay_fee(HOLDER, 1_000, 0);
        close();
        block(Some(2));
        assert_eq!((free(1), free(2)), (300, 0));
    });
}
