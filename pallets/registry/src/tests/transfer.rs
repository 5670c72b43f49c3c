use crate::{mock::*, Error, Event};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{DispatchError, TokenError};

#[test]
fn offered_listing_changes_hands_with_its_deposit() {
    run(|| {
        let id = program(1, 1);
        assert_ok!(add(1, id, 2));
        assert_ok!(Registry::offer(signed(1), id, Some(2)));
        assert_eq!(last_event(), Event::Offered { listing: id, to: Some(2) });
        assert_ok!(Registry::accept(signed(2), id));
        assert_eq!(last_event(), Event::Transferred { listing: id, from: 1, to: 2 });
        let deposit = FIRST_DEPOSIT + VERSION_DEPOSIT;
        assert_eq!((held(1), free(1)), (0, ENDOWMENT));
        assert_eq!((held(2), free(2)), (deposit, ENDOWMENT - deposit));
        assert_eq!((listing(id).owner, listing(id).offered_to), (2, None));
        assert_ok!(add(2, id, 3));
    });
}

#[test]
fn offer_alone_changes_nothing() {
    run(|| {
        let id = program(1, 1);
        assert_ok!(Registry::offer(signed(1), id, Some(2)));
        assert_eq!((held(1), held(2)), (FIRST_DEPOSIT, 0));
        assert_noop!(add(2, id, 2), Error::<Test>::NotOwner);
        assert_ok!(add(1, id, 2));
    });
}

#[test]
fn offer_is_withdrawn_or_made_to_somebody_else() {
    run(|| {
        let id = program(1, 1);
        assert_ok!(Registry::offer(signed(1), id, Some(2)));
        assert_ok!(Registry::offer(signed(1), id, Some(3)));
        assert_noop!(Registry::accept(signed(2), id), Error::<Test>::NotOffered);
        assert_ok!(Registry::offer(signed(1), id, None));
        assert_eq!(last_event(), Event::Offered { listing: id, to: None });
        assert_noop!(Registry::accept(signed(3), id), Error::<Test>::NotOffered);
    });
}

#[test]
fn offer_to_the_owner_is_refused() {
    run(|| {
        let id = program(1, 1);
        assert_noop!(Registry::offer(signed(1), id, Some(1)), Error::<Test>::AlreadyOwner);
    });
}

#[test]
fn offer_by_another_is_refused() {
    run(|| {
        let id = program(1, 1);
        assert_noop!(Registry::offer(signed(2), id, Some(2)), Error::<Test>::NotOwner);
        assert_noop!(Registry::offer(RuntimeOrigin::root(), id, Some(2)), DispatchError::BadOrigin);
        assert_noop!(Registry::offer(RuntimeOrigin::none(), id, Some(2)), DispatchError::BadOrigin);
    });
}

#[test]
fn offer_of_what_is_not_listed_is_refused() {
    run(|| {
        assert_noop!(Registry::offer(signed(1), 0, Some(2)), Error::<Test>::NoSuchListing);
        let id = program(1, 1);
        assert_ok!(Registry::delist(signed(1), id));
        assert_noop!(Registry::offer(signed(1), id, Some(2)), Error::<Test>::Delisted);
    });
}

#[test]
fn accept_of_what_is_not_offered_is_refused() {
    run(|| {
        assert_noop!(Registry::accept(signed(2), 0), Error::<Test>::NoSuchListing);
        let id = program(1, 1);
        assert_noop!(Registry::accept(signed(2), id), Error::<Test>::NotOffered);
        assert_noop!(Registry::accept(signed(1), id), Error::<Test>::NotOffered);
        assert_noop!(Registry::accept(RuntimeOrigin::root(), id), DispatchError::BadOrigin);
        assert_ok!(Registry::offer(signed(1), id, Some(2)));
        assert_ok!(Registry::accept(signed(2), id));
        assert_noop!(Registry::accept(signed(2), id), Error::<Test>::NotOffered);
    });
}

#[test]
fn accept_after_delisting_is_refused() {
    run(|| {
        let id = program(1, 1);
        assert_ok!(Registry::offer(signed(1), id, Some(2)));
        assert_ok!(force_delist(id));
        assert_noop!(Registry::accept(signed(2), id), Error::<Test>::Delisted);
        assert_eq!(listing(id).offered_to, None);
    });
}

#[test]
fn accept_without_money_for_the_deposit_is_refused() {
    run(|| {
        let id = program(1, 1);
        assert_ok!(Registry::offer(signed(1), id, Some(7)));
        assert_noop!(Registry::accept(signed(7), id), TokenError::FundsUnavailable);
        endow(7, DEPOSIT + FIRST_DEPOSIT - 1);
        assert_noop!(Registry::accept(signed(7), id), TokenError::FundsUnavailable);
        assert_eq!(listing(id).owner, 1);
        endow(7, 1);
        assert_ok!(Registry::accept(signed(7), id));
    });
}
