use crate::{mock::*, Error, Event, Listings};
use assay_primitives::BlobRef;
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{DispatchError, Perbill, TokenError};

#[test]
fn versions_are_numbered_from_nought() {
    run(|| {
        let id = program(1, 1);
        assert_ok!(add(1, id, 2));
        assert_ok!(add(1, id, 3));
        assert_eq!(Registry::versions(id, 0, 10), [(0, version(1)), (1, version(2)), (2, version(3))]);
        assert_eq!(listing(id).versions, 3);
        let (root, blob, royalty) = (root(3), blob(3), percent(10));
        assert_eq!(last_event(), Event::VersionAdded { version: at(id, 2), root, blob, royalty });
    });
}

#[test]
fn each_version_takes_a_deposit() {
    run(|| {
        let id = program(1, 1);
        assert_ok!(add(1, id, 2));
        assert_eq!(held(1), FIRST_DEPOSIT + VERSION_DEPOSIT);
        assert_eq!(listing(id).deposit, held(1));
    });
}

#[test]
fn version_may_cost_more_than_those_before_it_which_stay_as_they_are() {
    run(|| {
        let id = program(1, 1);
        assert_ok!(Registry::add_version(signed(1), id, root(2), blob(2), percent(30)));
        assert_eq!(royalty(at(id, 0), 1, 9).map(|royalty| royalty.share), Ok(percent(10)));
        assert_eq!(royalty(at(id, 1), 2, 9).map(|royalty| royalty.share), Ok(percent(30)));
    });
}

#[test]
fn add_version_by_another_is_refused() {
    run(|| {
        let id = program(1, 1);
        assert_noop!(add(2, id, 2), Error::<Test>::NotOwner);
        for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
            assert_noop!(
                Registry::add_version(origin, id, root(2), blob(2), percent(10)),
                DispatchError::BadOrigin
            );
        }
    });
}

#[test]
fn add_version_to_what_is_not_listed_is_refused() {
    run(|| {
        assert_noop!(add(1, 0, 2), Error::<Test>::NoSuchListing);
        let id = program(1, 1);
        assert_ok!(Registry::delist(signed(1), id));
        assert_noop!(add(1, id, 2), Error::<Test>::Delisted);
    });
}

#[test]
fn add_version_of_a_listed_root_is_refused() {
    run(|| {
        let id = program(1, 1);
        program(2, 2);
        // Its own, and another's.
        assert_noop!(add(1, id, 1), Error::<Test>::RootTaken);
        assert_noop!(add(1, id, 2), Error::<Test>::RootTaken);
    });
}

#[test]
fn add_version_that_is_not_sound_is_refused() {
    run(|| {
        let id = program(1, 1);
        let empty = BlobRef { blake3: [2; 32], size: 0 };
        assert_noop!(
            Registry::add_version(signed(1), id, root(2), empty, percent(10)),
            Error::<Test>::EmptyBlob
        );
        let above = Perbill::from_parts(300_000_001);
        assert_noop!(
            Registry::add_version(signed(1), id, root(2), blob(2), above),
            Error::<Test>::RoyaltyTooHigh
        );
    });
}

#[test]
fn add_version_without_money_for_the_deposit_is_refused() {
    run(|| {
        endow(7, DEPOSIT + FIRST_DEPOSIT + VERSION_DEPOSIT - 1);
        let id = program(7, 1);
        assert_noop!(add(7, id, 2), TokenError::FundsUnavailable);
        endow(7, 1);
        assert_ok!(add(7, id, 2));
    });
}

#[test]
fn version_beyond_all_counting_is_refused() {
    run(|| {
        let id = program(1, 1);
        let set = |versions| {
            Listings::<Test>::mutate(id, |listing| {
                listing.as_mut().expect("it is there").versions = versions
            });
        };
        set(u32::MAX);
        assert_noop!(add(1, id, 2), Error::<Test>::TooManyVersions);
        set(1);
    });
}
