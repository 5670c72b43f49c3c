//! Attempts to take others' credit or money, each of which fails.

use crate::{mock::*, Error, Kind};
use assay_primitives::Royalty;
use frame_support::{assert_noop, assert_ok};

#[test]
fn copied_root_earns_the_copier_nothing() {
    run(|| {
        let original = program(1, 1);
        let thief = program(2, 2);
        for kind in [Kind::Program, Kind::Dataset] {
            assert_noop!(try_list(2, kind, 1), Error::<Test>::RootTaken);
        }
        assert_noop!(add(2, thief, 1), Error::<Test>::RootTaken);
        // A job with the root can't name the thief's listing either.
        assert_noop!(royalty(at(thief, 0), 1, 9), Error::<Test>::OtherRoot);
        assert_eq!(royalty(at(original, 0), 1, 9), Ok(Royalty { owner: 1, share: percent(10) }));
    });
}

#[test]
fn root_comes_back_to_its_author_from_one_who_was_faster() {
    run(|| {
        let stolen = program(2, 1);
        assert_noop!(try_list(1, Kind::Program, 1), Error::<Test>::RootTaken);
        assert_ok!(force_delist(stolen));
        let id = program(1, 1);
        // The thief can't have it back, nor can pruning take it away.
        assert_noop!(try_list(2, Kind::Program, 1), Error::<Test>::RootTaken);
        assert_ok!(prune(stolen, 1));
        assert_eq!(Registry::listed(root(1)), Some(at(id, 0)));
        assert_noop!(add(2, stolen, 1), Error::<Test>::NoSuchListing);
    });
}

#[test]
fn royalty_does_not_rise_under_a_job_about_to_be_posted() {
    run(|| {
        let id = program(1, 1);
        let seen = royalty(at(id, 0), 1, 9);
        // All that the owner can do before the job comes in.
        assert_noop!(Registry::lower_royalty(signed(1), at(id, 0), percent(30)), Error::<Test>::NotLower);
        assert_noop!(
            Registry::add_version(signed(1), id, root(1), blob(1), percent(30)),
            Error::<Test>::RootTaken
        );
        assert_ok!(Registry::add_version(signed(1), id, root(2), blob(2), percent(30)));
        assert_eq!(royalty(at(id, 0), 1, 9), seen);
        // Listed anew, it is another listing: the job is refused, not charged more.
        assert_ok!(Registry::delist(signed(1), id));
        let dearer =
            Registry::list(signed(1), Kind::Program, root(1), blob(1), licence(LICENCE), percent(30));
        assert_ok!(dearer);
        assert_noop!(royalty(at(id, 0), 1, 9), Error::<Test>::Delisted);
    });
}

#[test]
fn deposit_comes_back_once() {
    run(|| {
        let ids = [program(1, 1), program(1, 2)];
        assert_ok!(Registry::delist(signed(1), ids[0]));
        assert_ok!(prune(ids[0], 9));
        assert_noop!(prune(ids[0], 9), Error::<Test>::NoSuchListing);
        assert_noop!(Registry::delist(signed(1), ids[0]), Error::<Test>::NoSuchListing);
        assert_eq!((held(1), free(1)), (FIRST_DEPOSIT, ENDOWMENT - FIRST_DEPOSIT));
    });
}

#[test]
fn deposit_is_not_spent() {
    run(|| {
        let id = program(1, 1);
        let send = |amount| Balances::transfer_allow_death(RuntimeOrigin::signed(1), 2, amount);
        assert!(send(ENDOWMENT - FIRST_DEPOSIT).is_err());
        assert_ok!(send(ENDOWMENT - FIRST_DEPOSIT - DEPOSIT));
        assert_ok!(Registry::delist(signed(1), id));
        assert_ok!(prune(id, 1));
        assert_eq!(free(1), FIRST_DEPOSIT + DEPOSIT);
    });
}

#[test]
fn nobody_is_given_a_listing_against_its_will() {
    run(|| {
        let id = program(1, 1);
        assert_ok!(Registry::offer(signed(1), id, Some(2)));
        assert_eq!((listing(id).owner, held(2)), (1, 0));
        assert_eq!(royalty(at(id, 0), 1, 9).map(|royalty| royalty.owner), Ok(1));
    });
}

#[test]
fn old_owner_has_no_say_after_a_transfer() {
    run(|| {
        let id = program(1, 1);
        assert_ok!(Registry::offer(signed(1), id, Some(2)));
        assert_ok!(Registry::accept(signed(2), id));
        assert_noop!(add(1, id, 2), Error::<Test>::NotOwner);
        assert_noop!(Registry::lower_royalty(signed(1), at(id, 0), percent(1)), Error::<Test>::NotOwner);
        assert_noop!(Registry::offer(signed(1), id, Some(1)), Error::<Test>::NotOwner);
        assert_noop!(Registry::delist(signed(1), id), Error::<Test>::NotOwner);
        assert_noop!(Registry::accept(signed(1), id), Error::<Test>::NotOffered);
    });
}

#[test]
fn flood_of_versions_is_paid_for() {
    run(|| {
        let id = program(1, 1);
        let mut added = 0;
        while add(1, id, 2 + added).is_ok() {
            added += 1;
        }
        let room = (ENDOWMENT - DEPOSIT - FIRST_DEPOSIT) / VERSION_DEPOSIT;
        assert_eq!(u128::from(added), room);
        assert_eq!(held(1), FIRST_DEPOSIT + room * VERSION_DEPOSIT);
    });
}
