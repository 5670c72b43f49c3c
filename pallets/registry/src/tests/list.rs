use crate::{mock::*, Error, Event, Kind, Listing, NextListing, State, Versions};
use assay_primitives::{BlobRef, ListingId};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{ArithmeticError, DispatchError, DispatchResult, Perbill, TokenError};

/// Lists root 1 under a licence.
fn under(expression: &str) -> DispatchResult {
    Registry::list(signed(1), Kind::Program, root(1), blob(1), licence(expression), percent(10))
}

#[test]
fn list_makes_a_listing_with_a_version() {
    run(|| {
        assert_ok!(try_list(1, Kind::Dataset, 7));
        let expected = Listing {
            owner: 1,
            kind: Kind::Dataset,
            licence: licence(LICENCE),
            versions: 1,
            state: State::Listed,
            deposit: FIRST_DEPOSIT,
            offered_to: None,
        };
        assert_eq!(listing(0), expected);
        assert_eq!(Versions::<Test>::get(0, 0), Some(version(7)));
        assert_eq!(Registry::listed(root(7)), Some(at(0, 0)));
        let (owner, kind, licence) = (1, Kind::Dataset, licence(LICENCE));
        let listed = Event::Listed { listing: 0, owner, kind, licence };
        let version =
            Event::VersionAdded { version: at(0, 0), root: root(7), blob: blob(7), royalty: percent(10) };
        assert_eq!(events(), [listed, version]);
    });
}

#[test]
fn listings_are_numbered_in_order() {
    run(|| {
        assert_eq!([program(1, 1), program(2, 2), program(1, 3)], [0, 1, 2]);
    });
}

#[test]
fn list_takes_a_deposit_by_the_length_of_the_licence() {
    run(|| {
        assert_ok!(under("MIT"));
        assert_eq!(held(1), LISTING_DEPOSIT + 3 * BYTE_DEPOSIT + VERSION_DEPOSIT);
        program(2, 2);
        assert_eq!((held(2), free(2)), (FIRST_DEPOSIT, ENDOWMENT - FIRST_DEPOSIT));
    });
}

#[test]
fn list_without_money_for_the_deposit_is_refused() {
    run(|| {
        assert_noop!(try_list(7, Kind::Program, 1), TokenError::FundsUnavailable);
        endow(7, DEPOSIT + FIRST_DEPOSIT - 1);
        assert_noop!(try_list(7, Kind::Program, 1), TokenError::FundsUnavailable);
        endow(7, 1);
        assert_ok!(try_list(7, Kind::Program, 1));
    });
}

#[test]
fn root_that_is_listed_is_refused_to_everybody() {
    run(|| {
        program(1, 1);
        for (owner, kind) in [(1, Kind::Program), (2, Kind::Program), (2, Kind::Dataset)] {
            assert_noop!(try_list(owner, kind, 1), Error::<Test>::RootTaken);
        }
    });
}

#[test]
fn licence_that_is_no_spdx_expression_is_refused() {
    run(|| {
        let long = "a".repeat(64);
        for wrong in ["", " ", "MIT ", " MIT", "MIT  OR ISC", "MIT\n", "MIT;", "Liz\u{e9}", "<script>"] {
            assert_noop!(under(wrong), Error::<Test>::BadLicence);
        }
        let right = [
            "MIT",
            "MIT OR Apache-2.0",
            "(GPL-2.0+ WITH Classpath-exception-2.0)",
            "DocumentRef-spdx:LicenseRef-1",
            long.as_str(),
        ];
        for (listing, expression) in (0..).zip(right) {
            assert_ok!(under(expression));
            assert_ok!(Registry::delist(signed(1), listing));
            assert_ok!(prune(listing, 1));
        }
    });
}

#[test]
fn blob_without_bytes_is_refused() {
    run(|| {
        let blob = BlobRef { blake3: [1; 32], size: 0 };
        assert_noop!(
            Registry::list(signed(1), Kind::Program, root(1), blob, licence(LICENCE), percent(10)),
            Error::<Test>::EmptyBlob
        );
    });
}

#[test]
fn royalty_above_the_most_is_refused() {
    run(|| {
        let list =
            |royalty| Registry::list(signed(1), Kind::Program, root(1), blob(1), licence(LICENCE), royalty);
        let most = Perbill::from_percent(30);
        let above = Perbill::from_parts(most.deconstruct() + 1);
        for royalty in [above, Perbill::one()] {
            assert_noop!(list(royalty), Error::<Test>::RoyaltyTooHigh);
        }
        assert_ok!(list(most));
    });
}

#[test]
fn royalty_of_nothing_is_accepted() {
    run(|| {
        let free = Perbill::zero();
        assert_ok!(Registry::list(signed(1), Kind::Program, root(1), blob(1), licence(LICENCE), free));
        assert_eq!(royalty(at(0, 0), 1, 9).expect("it is listed").share, free);
    });
}

#[test]
fn list_when_numbers_have_run_out_is_refused() {
    run(|| {
        NextListing::<Test>::put(ListingId::MAX);
        assert_noop!(try_list(1, Kind::Program, 1), ArithmeticError::Overflow);
    });
}

#[test]
fn list_without_a_signature_is_refused() {
    run(|| {
        for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
            let list =
                || Registry::list(origin, Kind::Program, root(1), blob(1), licence(LICENCE), percent(10));
            assert_noop!(list(), DispatchError::BadOrigin);
        }
    });
}
