use crate::{mock::*, MAX_PAGE};
use assay_primitives::ListingId;
use frame_support::assert_ok;

fn numbers(from: ListingId, ids: u32) -> Vec<ListingId> {
    Registry::listings(from, ids).into_iter().map(|(id, _)| id).collect()
}

#[test]
fn views_tell_of_a_listing() {
    run(|| {
        let id = program(1, 1);
        assert_eq!(Registry::listing(id).map(|listing| listing.owner), Some(1));
        assert_eq!(Registry::listing(id + 1), None);
        assert_eq!(Registry::version(at(id, 0)), Some(version(1)));
        assert_eq!(Registry::version(at(id, 1)), None);
        assert_eq!(Registry::listed(root(1)), Some(at(id, 0)));
        assert_eq!(Registry::listed(root(2)), None);
    });
}

#[test]
fn listings_are_paged_by_their_numbers() {
    run(|| {
        (1..=5_u8).for_each(|number| assert_eq!(program(number.into(), number), u64::from(number) - 1));
        assert_ok!(Registry::delist(signed(2), 1));
        assert_ok!(prune(1, 1));
        assert_eq!(numbers(0, 10), [0, 2, 3, 4]);
        assert_eq!(numbers(0, 3), [0, 2]);
        assert_eq!(numbers(3, 3), [3, 4]);
        assert!(numbers(5, 10).is_empty() && numbers(0, 0).is_empty() && numbers(u64::MAX, 10).is_empty());
    });
}

#[test]
fn versions_are_paged_by_their_numbers() {
    run(|| {
        let id = program(1, 1);
        for number in 2..=5 {
            assert_ok!(add(1, id, number));
        }
        assert_eq!(Registry::versions(id, 1, 2), [(1, version(2)), (2, version(3))]);
        assert_eq!(Registry::versions(id, 3, 9), [(3, version(4)), (4, version(5))]);
        assert!(Registry::versions(id, 5, 9).is_empty());
        assert!(Registry::versions(id, u32::MAX, u32::MAX).is_empty());
        assert!(Registry::versions(id + 1, 0, 9).is_empty());
    });
}

#[test]
fn page_has_a_limit_of_its_own() {
    run(|| {
        endow(7, 1_000_000);
        for number in 0..=MAX_PAGE {
            let mut root = [0; 32];
            root[..4].copy_from_slice(&number.to_le_bytes());
            let (kind, licence) = (crate::Kind::Program, licence(LICENCE));
            assert_ok!(Registry::list(signed(7), kind, root, blob(1), licence, percent(1)));
        }
        assert_eq!(Registry::listings(0, u32::MAX).len(), 1_000);
    });
}
