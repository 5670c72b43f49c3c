use crate::{mock::*, Funds, WeightInfo};
use frame_support::{assert_ok, traits::ReservableCurrency, weights::Weight};

#[test]
fn views_tell_of_an_escrow() {
    run(|| {
        endow(1, 1_000);
        assert_ok!(open_until(3, 1, 400, 70));
        assert_ok!(open(4, 1, 100));
        assert_eq!(Escrow::escrow(3), Some(Funds { requester: 1, amount: 400, expires: 70 }));
        assert_eq!(Escrow::escrow(5), None);
        assert_eq!((Escrow::total(1), Escrow::total(2)), (500, 0));
    });
}

#[test]
fn locks_are_charged_for_where_there_are_some() {
    run(|| {
        endow(1, 1_000);
        endow(2, 1_000);
        lock(2, 500);
        let weight = <Escrow as assay_primitives::Escrow<u64>>::locks_weight;
        let follow = <() as WeightInfo>::follow();
        assert_eq!([None, Some(&1), Some(&2)].map(weight), [follow, Weight::zero(), follow]);
    });
}

/// So much can be put in, and no planck more.
fn most(who: u64, amount: u128) {
    assert_eq!(Escrow::available(who), amount);
    assert!(open(999, who, amount + 1).is_err());
    if amount > 0 {
        assert_ok!(open(999, who, amount));
        settle(999, &[], 0, 0);
    }
}

#[test]
fn available_is_the_most_that_can_be_put_in() {
    run(|| {
        most(1, 0);
        endow(1, 1_000);
        most(1, 990);
        assert_ok!(open(0, 1, 300));
        most(1, 690);
        lock(1, 500);
        most(1, 200);
        assert_ok!(<Balances as ReservableCurrency<u64>>::reserve(&1, 150));
        most(1, 200);
        lock(1, 800);
        most(1, 0);
        endow_guest(2, 1_000);
        most(2, 1_000);
    });
}
