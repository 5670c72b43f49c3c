use crate::{mock::*, Event, Pages, Pot, Pots, Progress};
use frame_support::{assert_ok, weights::Weight};
use sp_runtime::Perbill;

#[test]
fn era_that_ends_pays_the_treasury_and_leaves_a_pot() {
    run(|| {
        era_of(&[1, 2, 1]);
        assert_eq!(Rewards::pot(0), Some(Pot { blocks: 3, amount: 240, paid: 0 }));
        assert_eq!((free(TREASURY), issued()), (60, ISSUANCE + 60));
        assert_eq!(last_event(), Event::EraEnded { era: 0, blocks: 3, pot: 240, treasury: 60 });
        assert_eq!(Rewards::running(), Progress { era: 1, blocks: 0, oldest: 0 });
    });
}

#[test]
fn era_without_blocks_leaves_nothing_behind() {
    run(|| {
        end_era();
        assert_eq!((Rewards::pot(0), issued(), events()), (None, ISSUANCE, vec![]));
        assert_eq!(Rewards::running().era, 1);
    });
}

#[test]
fn inflation_is_that_of_the_end_of_the_era() {
    run(|| {
        block(Some(1));
        set(|params| params.inflation = Perbill::from_percent(5));
        end_era();
        assert_eq!(Rewards::pot(0), Some(Pot { blocks: 1, amount: 40, paid: 0 }));
    });
}

#[test]
fn what_the_treasury_can_not_get_is_not_issued() {
    run(|| {
        set(|params| params.treasury_share = Perbill::from_percent(9));
        era_of(&[1]);
        assert_eq!(last_event(), Event::EraEnded { era: 0, blocks: 1, pot: 91, treasury: 0 });
        assert_eq!(issued(), ISSUANCE);
    });
}

#[test]
fn era_is_forgotten_when_its_time_has_passed() {
    run(|| {
        era_of(&[1, 40]);
        assert_ok!(claim(0, 1));
        (1..4).for_each(|_| end_era());
        assert_eq!(Rewards::pot(0), None, "the block that begins era 4 forgets era 0");
        assert_eq!(last_event(), Event::EraForgotten { era: 0, unclaimed: 80 });
        assert!(Pages::<Test>::iter_key_prefix(0).next().is_none());
        assert_eq!(Rewards::running(), Progress { era: 4, blocks: 0, oldest: 1 });
        assert_eq!(issued(), ISSUANCE + 40 + 80, "what nobody claimed was never issued");
    });
}

#[test]
fn era_is_kept_until_then() {
    run(|| {
        era_of(&[1]);
        (1..3).for_each(|_| end_era());
        assert_eq!(Rewards::running(), Progress { era: 3, blocks: 0, oldest: 0 });
        assert!(Rewards::pot(0).is_some());
    });
}

#[test]
fn eras_are_forgotten_one_in_a_block_and_only_where_it_has_room() {
    run(|| {
        (0..3).for_each(|_| era_of(&[1]));
        set(|params| params.expiry = 1);
        poll(FORGET);
        assert_eq!(Pots::<Test>::iter_keys().count(), 3, "looking takes something too");
        poll(FORGET.saturating_add(Weight::from_parts(1, 0)));
        assert_eq!(Pots::<Test>::iter_keys().count(), 2);
        poll(Weight::MAX);
        assert_eq!(Pots::<Test>::iter_keys().collect::<Vec<_>>(), [2]);
        poll(Weight::MAX);
        assert!(Rewards::pot(2).is_some(), "its time has not passed");
    });
}
