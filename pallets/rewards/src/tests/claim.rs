use crate::{mock::*, Error, Event, Pot, PAGE_SIZE};
use frame_support::{assert_noop, assert_ok, weights::Weight};
use sp_runtime::{DispatchError, Perbill};

fn rewarded(validator: u64, amount: u128) -> Event<Test> {
    Event::Rewarded { validator, era: 0, amount, missing: 0 }
}

#[test]
fn page_is_paid_by_blocks() {
    run(|| {
        era_of(&[1, 2, 1]);
        let before = issued();
        assert_ok!(claim(0, 0));
        assert_eq!((free(1), free(2), issued()), (160, 80, before + 240));
        assert_eq!(Rewards::pot(0), Some(Pot { blocks: 3, amount: 240, paid: 240 }));
        assert!(events().ends_with(&[rewarded(1, 160), rewarded(2, 80)]));
    });
}

#[test]
fn pages_are_claimed_each_by_itself() {
    run(|| {
        let other = u64::from(PAGE_SIZE) + 1;
        era_of(&[1, other]);
        assert_ok!(claim(0, 1));
        assert_eq!((free(1), free(other)), (0, 80));
        assert_ok!(claim(0, 0));
        assert_eq!((free(1), free(other)), (80, 80));
    });
}

#[test]
fn claim_is_charged_for_those_on_the_page() {
    run(|| {
        era_of(&[1, 2, 1]);
        let post = claim(0, 0).expect("there is something");
        assert_eq!(post.actual_weight, Some(Weight::from_parts(2_000, 0)));
    });
}

#[test]
fn claim_takes_a_signature() {
    run(|| {
        era_of(&[1]);
        assert_noop!(Rewards::claim(RuntimeOrigin::none(), 0, 0), DispatchError::BadOrigin);
    });
}

#[test]
fn page_is_claimed_once() {
    run(|| {
        era_of(&[1]);
        assert_ok!(claim(0, 0));
        assert_noop!(claim(0, 0), Error::<Test>::NothingToClaim);
    });
}

#[test]
fn page_without_blocks_is_refused() {
    run(|| {
        era_of(&[1]);
        assert_noop!(claim(0, 1), Error::<Test>::NothingToClaim);
        assert_noop!(claim(0, u32::MAX), Error::<Test>::NothingToClaim);
    });
}

#[test]
fn era_that_runs_or_is_to_come_is_refused() {
    run(|| {
        block(Some(1));
        assert_noop!(claim(0, 0), Error::<Test>::NoSuchPot);
        assert_noop!(claim(1, 0), Error::<Test>::NoSuchPot);
    });
}

#[test]
fn era_can_be_claimed_until_its_time_has_passed() {
    let after = |eras: u32| {
        era_of(&[1]);
        (0..eras).for_each(|_| {
            RunningEra::mutate(|era| *era += 1);
            // Nothing is forgotten: there is no room.
            open(None);
            close();
        });
        claim(0, 0)
    };
    run(|| {
        assert_ok!(after(2));
    });
    run(|| {
        assert_eq!(after(3), Err(Error::<Test>::NoSuchPot.into()));
        assert!(Rewards::pot(0).is_some(), "it is still there, and waits to be forgotten");
    });
}

#[test]
fn reward_too_small_for_an_account_that_is_gone_is_not_issued() {
    run(|| {
        set(|params| params.inflation = Perbill::from_percent(1));
        endow(2, DEPOSIT);
        era_of(&[1, 2]);
        let before = issued();
        assert_ok!(claim(0, 0));
        assert_eq!((free(1), free(2)), (0, DEPOSIT + 8));
        assert_eq!(issued(), before + 8);
        assert!(events().contains(&Event::Rewarded { validator: 1, era: 0, amount: 0, missing: 8 }));
        assert_eq!(Rewards::pot(0), Some(Pot { blocks: 2, amount: 16, paid: 8 }));
    });
}

#[test]
fn what_rounding_leaves_is_not_issued() {
    run(|| {
        set(|params| params.treasury_share = Perbill::from_rational(1_u32, 7));
        era_of(&[1, 2, 3, 4, 5, 6, 7]);
        assert_ok!(claim(0, 0));
        assert_eq!(Rewards::pot(0), Some(Pot { blocks: 7, amount: 601, paid: 7 * 85 }));
    });
}
