use crate::{mock::*, Error, Kind};
use assay_primitives::Royalty;
use frame_support::{assert_noop, assert_ok};

#[test]
fn program_is_used_by_its_root() {
    run(|| {
        let id = program(1, 1);
        assert_eq!(royalty(at(id, 0), 1, 9), Ok(Royalty { owner: 1, share: percent(10) }));
        // As an input it is nobody's program.
        assert_noop!(royalty(at(id, 0), 9, 1), Error::<Test>::OtherRoot);
    });
}

#[test]
fn dataset_is_used_by_its_root() {
    run(|| {
        let id = list(1, Kind::Dataset, 1);
        assert_eq!(royalty(at(id, 0), 9, 1), Ok(Royalty { owner: 1, share: percent(10) }));
        assert_noop!(royalty(at(id, 0), 1, 9), Error::<Test>::OtherRoot);
    });
}

#[test]
fn other_version_of_a_listing_is_not_the_one_that_is_used() {
    run(|| {
        let id = program(1, 1);
        assert_ok!(add(1, id, 2));
        assert_noop!(royalty(at(id, 0), 2, 9), Error::<Test>::OtherRoot);
        assert_ok!(royalty(at(id, 1), 2, 9));
    });
}

#[test]
fn what_is_not_listed_has_no_royalty() {
    run(|| {
        assert_noop!(royalty(at(0, 0), 1, 9), Error::<Test>::NoSuchListing);
        let id = program(1, 1);
        assert_noop!(royalty(at(id, 1), 1, 9), Error::<Test>::NoSuchVersion);
        assert_noop!(royalty(at(id + 1, 0), 1, 9), Error::<Test>::NoSuchListing);
        assert_ok!(Registry::delist(signed(1), id));
        assert_noop!(royalty(at(id, 0), 1, 9), Error::<Test>::Delisted);
        assert_ok!(prune(id, 1));
        assert_noop!(royalty(at(id, 0), 1, 9), Error::<Test>::NoSuchListing);
    });
}

#[test]
fn royalty_is_the_new_owners_after_a_transfer() {
    run(|| {
        let id = program(1, 1);
        assert_ok!(Registry::offer(signed(1), id, Some(2)));
        assert_eq!(royalty(at(id, 0), 1, 9).map(|royalty| royalty.owner), Ok(1));
        assert_ok!(Registry::accept(signed(2), id));
        assert_eq!(royalty(at(id, 0), 1, 9), Ok(Royalty { owner: 2, share: percent(10) }));
    });
}
