use crate::{mock::*, DelistedBy, Error, Event, State};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::DispatchError;

#[test]
fn owner_delists_its_listing() {
    run(|| {
        let id = program(1, 1);
        assert_ok!(Registry::delist(signed(1), id));
        assert_eq!(listing(id).state, State::Delisted { by: DelistedBy::Owner });
        assert_eq!(last_event(), Event::Delisted { listing: id, by: DelistedBy::Owner });
        assert_eq!(Registry::listed(root(1)), None);
        // The deposit stays for as long as it takes up room.
        assert_eq!(held(1), FIRST_DEPOSIT);
    });
}

#[test]
fn governance_delists_a_listing_and_says_why() {
    run(|| {
        let id = program(1, 1);
        assert_ok!(Registry::force_delist(RuntimeOrigin::root(), id, [5; 32]));
        let by = DelistedBy::Governance { reason: [5; 32] };
        assert_eq!(listing(id).state, State::Delisted { by });
        assert_eq!(last_event(), Event::Delisted { listing: id, by });
    });
}

#[test]
fn delist_by_another_is_refused() {
    run(|| {
        let id = program(1, 1);
        assert_noop!(Registry::delist(signed(2), id), Error::<Test>::NotOwner);
        assert_noop!(Registry::delist(RuntimeOrigin::root(), id), DispatchError::BadOrigin);
        assert_noop!(Registry::delist(RuntimeOrigin::none(), id), DispatchError::BadOrigin);
        for origin in [signed(1), signed(2), RuntimeOrigin::none()] {
            assert_noop!(Registry::force_delist(origin, id, [5; 32]), DispatchError::BadOrigin);
        }
    });
}

#[test]
fn delist_of_what_is_not_there_is_refused() {
    run(|| {
        assert_noop!(Registry::delist(signed(1), 0), Error::<Test>::NoSuchListing);
        assert_noop!(force_delist(0), Error::<Test>::NoSuchListing);
    });
}

#[test]
fn delist_twice_is_refused() {
    run(|| {
        let ids = [program(1, 1), program(1, 2)];
        assert_ok!(Registry::delist(signed(1), ids[0]));
        assert_ok!(force_delist(ids[1]));
        for id in ids {
            assert_noop!(Registry::delist(signed(1), id), Error::<Test>::Delisted);
            // The reason of governance is not the owner's to overwrite, nor the other way round.
            assert_noop!(force_delist(id), Error::<Test>::Delisted);
        }
    });
}

#[test]
fn root_of_a_delisted_listing_is_free_for_anyone() {
    run(|| {
        let old = program(1, 1);
        assert_ok!(add(1, old, 2));
        assert_ok!(Registry::delist(signed(1), old));
        let new = program(2, 1);
        assert_ok!(add(2, new, 2));
        assert_eq!(Registry::listed(root(1)), Some(at(new, 0)));
        assert_eq!(royalty(at(new, 1), 2, 9).map(|royalty| royalty.owner), Ok(2));
        assert_noop!(royalty(at(old, 1), 2, 9), Error::<Test>::Delisted);
    });
}

#[test]
fn owner_may_list_anew_what_it_has_delisted() {
    run(|| {
        let old = program(1, 1);
        assert_ok!(Registry::delist(signed(1), old));
        let new = program(1, 1);
        assert_ne!(old, new);
        assert_eq!(held(1), 2 * FIRST_DEPOSIT);
    });
}
