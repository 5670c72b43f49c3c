use crate::{mock::*, Error, Event};
use assay_primitives::Royalty;
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{DispatchError, Perbill};

#[test]
fn owner_lowers_the_royalty_of_one_version() {
    run(|| {
        let id = program(1, 1);
        assert_ok!(add(1, id, 2));
        assert_ok!(Registry::lower_royalty(signed(1), at(id, 0), percent(4)));
        assert_eq!(royalty(at(id, 0), 1, 9), Ok(Royalty { owner: 1, share: percent(4) }));
        assert_eq!(royalty(at(id, 1), 2, 9), Ok(Royalty { owner: 1, share: percent(10) }));
        assert_eq!(last_event(), Event::RoyaltyLowered { version: at(id, 0), royalty: percent(4) });
        assert_ok!(Registry::lower_royalty(signed(1), at(id, 0), Perbill::zero()));
    });
}

#[test]
fn royalty_is_never_raised() {
    run(|| {
        let id = program(1, 1);
        for royalty in [percent(10), percent(11), percent(30), Perbill::one()] {
            assert_noop!(Registry::lower_royalty(signed(1), at(id, 0), royalty), Error::<Test>::NotLower);
        }
        assert_ok!(Registry::lower_royalty(signed(1), at(id, 0), percent(2)));
        // Not even to what it was.
        assert_noop!(Registry::lower_royalty(signed(1), at(id, 0), percent(10)), Error::<Test>::NotLower);
    });
}

#[test]
fn lower_royalty_of_what_is_not_there_is_refused() {
    run(|| {
        let lower = |version| Registry::lower_royalty(signed(1), version, percent(1));
        assert_noop!(lower(at(0, 0)), Error::<Test>::NoSuchListing);
        let id = program(1, 1);
        assert_noop!(lower(at(id, 1)), Error::<Test>::NoSuchVersion);
        assert_ok!(Registry::delist(signed(1), id));
        assert_noop!(lower(at(id, 0)), Error::<Test>::Delisted);
    });
}

#[test]
fn lower_royalty_by_another_is_refused() {
    run(|| {
        let id = program(1, 1);
        let lower = |origin| Registry::lower_royalty(origin, at(id, 0), percent(1));
        assert_noop!(lower(signed(2)), Error::<Test>::NotOwner);
        assert_noop!(lower(RuntimeOrigin::root()), DispatchError::BadOrigin);
        assert_noop!(lower(RuntimeOrigin::none()), DispatchError::BadOrigin);
    });
}
