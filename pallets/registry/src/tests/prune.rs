use crate::{mock::*, Error, Event, Listings, Roots, Versions, WeightInfo};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::DispatchError;

/// A delisted listing of account 1 with so many versions, of roots from 1 on.
fn delisted(versions: u8) -> u64 {
    let id = program(1, 1);
    for number in 2..=versions {
        assert_ok!(add(1, id, number));
    }
    assert_ok!(Registry::delist(signed(1), id));
    id
}

fn weight_of(versions: u32) -> frame_support::weights::Weight {
    <Test as crate::Config>::WeightInfo::prune(versions)
}

#[test]
fn pruned_listing_is_gone_and_its_deposit_is_back() {
    run(|| {
        let id = delisted(3);
        let deposit = FIRST_DEPOSIT + 2 * VERSION_DEPOSIT;
        assert_eq!(held(1), deposit);
        assert_ok!(prune(id, 3));
        assert_eq!((held(1), free(1)), (0, ENDOWMENT));
        assert_eq!(last_event(), Event::Removed { listing: id, owner: 1, deposit });
        assert_eq!(Listings::<Test>::iter().count(), 0);
        assert_eq!(Versions::<Test>::iter().count(), 0);
        assert_eq!(Roots::<Test>::iter().count(), 0);
        // Its number is not used again.
        assert_eq!(program(1, 1), id + 1);
    });
}

#[test]
fn listing_is_pruned_bit_by_bit_from_the_last_version_on() {
    run(|| {
        let id = delisted(5);
        assert_ok!(prune(id, 2));
        assert_eq!(last_event(), Event::Pruned { listing: id, left: 3 });
        assert_eq!(Registry::versions(id, 0, 9), [(0, version(1)), (1, version(2)), (2, version(3))]);
        assert_eq!(held(1), FIRST_DEPOSIT + 4 * VERSION_DEPOSIT);
        assert_ok!(prune(id, 1));
        assert_ok!(prune(id, u32::MAX));
        assert_eq!(held(1), 0);
    });
}

#[test]
fn prune_costs_what_was_pruned() {
    run(|| {
        let id = delisted(3);
        let weight = |limit| {
            let done = Registry::prune(signed(6), id, limit).expect("it is delisted");
            done.actual_weight.expect("it is known")
        };
        assert_eq!(weight(1), weight_of(1));
        assert_eq!(weight(1_000), weight_of(2));
        assert!(weight_of(2).all_gt(weight_of(1)));
    });
}

#[test]
fn prune_of_what_is_listed_is_refused() {
    run(|| {
        let id = program(1, 1);
        assert_noop!(prune(id, 1), Error::<Test>::NotDelisted);
    });
}

#[test]
fn prune_of_what_is_not_there_is_refused() {
    run(|| {
        assert_noop!(prune(0, 1), Error::<Test>::NoSuchListing);
        let id = delisted(1);
        assert_ok!(prune(id, 1));
        assert_noop!(prune(id, 1), Error::<Test>::NoSuchListing);
    });
}

#[test]
fn prune_of_nothing_is_refused() {
    run(|| {
        let id = delisted(1);
        assert_noop!(prune(id, 0), Error::<Test>::ZeroLimit);
    });
}

#[test]
fn prune_without_a_signature_is_refused() {
    run(|| {
        let id = delisted(1);
        for origin in [RuntimeOrigin::root(), RuntimeOrigin::none()] {
            assert_noop!(Registry::prune(origin, id, 1), DispatchError::BadOrigin);
        }
    });
}

#[test]
fn prune_leaves_a_root_to_who_has_listed_it_since() {
    run(|| {
        let old = delisted(2);
        let new = program(2, 2);
        assert_ok!(prune(old, 2));
        assert_eq!(Registry::listed(root(2)), Some(at(new, 0)));
        assert_noop!(try_list(3, crate::Kind::Program, 2), Error::<Test>::RootTaken);
        assert_eq!(Registry::listed(root(1)), None);
    });
}

#[test]
fn prune_pays_who_owned_it_last() {
    run(|| {
        let id = program(1, 1);
        assert_ok!(Registry::offer(signed(1), id, Some(2)));
        assert_ok!(Registry::accept(signed(2), id));
        assert_ok!(Registry::delist(signed(2), id));
        assert_ok!(prune(id, 1));
        assert_eq!((free(1), free(2)), (ENDOWMENT, ENDOWMENT));
    });
}
