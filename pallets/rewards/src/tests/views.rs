use crate::{mock::*, Pot, Progress};
use frame_support::assert_ok;

#[test]
fn views_tell_what_is_stored() {
    run(|| {
        era_of(&[1, 2, 1]);
        block(Some(3));
        assert_eq!(Rewards::params(), params());
        assert_eq!(Rewards::running(), Progress { era: 1, blocks: 1, oldest: 0 });
        assert_eq!(Rewards::pot(0), Some(Pot { blocks: 3, amount: 240, paid: 0 }));
        assert_eq!(Rewards::pot(1), None);
    });
}

#[test]
fn page_tells_what_a_claim_would_pay() {
    run(|| {
        era_of(&[1, 2, 1]);
        assert_eq!(Rewards::page(0, 0), [(1, 160), (2, 80)]);
        assert_ok!(claim(0, 0));
        assert!(Rewards::page(0, 0).is_empty());
        assert!(Rewards::page(9, 0).is_empty());
    });
}

#[test]
fn validator_learns_what_waits_for_it_and_where() {
    run(|| {
        era_of(&[1, 40]);
        era_of(&[40]);
        era_of(&[1]);
        let of = |validator| Rewards::unclaimed(validator, 0, 100);
        assert_eq!(of(40), [(0, 1, 80), (1, 1, 80)]);
        assert_eq!(of(1), [(0, 0, 80), (2, 0, 80)]);
        assert_eq!(Rewards::unclaimed(40, 1, 1), [(1, 1, 80)]);
        assert!(Rewards::unclaimed(40, 1, 0).is_empty());
        assert_ok!(claim(0, 1));
        assert_eq!(of(40), [(1, 1, 80)]);
        assert!(of(2).is_empty());
    });
}

#[test]
fn answer_goes_through_a_hundred_eras_at_most() {
    run(|| {
        set(|params| params.expiry = MAX_EXPIRY);
        (0..90).for_each(|_| end_era());
        era_of(&[1]);
        assert_eq!(Rewards::unclaimed(1, 0, u32::MAX).len(), 1);
        assert!(Rewards::unclaimed(1, u32::MAX, u32::MAX).is_empty());
        (0..15).for_each(|_| end_era());
        era_of(&[1]);
        assert_eq!(Rewards::unclaimed(1, 0, u32::MAX).len(), 1, "era 106 is in the next answer");
        assert_eq!(Rewards::unclaimed(1, 100, u32::MAX).len(), 1);
    });
}
