//! Each invariant notices when it is broken.

use crate::{mock::*, Listing, Listings, NextListing, Roots, Version, Versions};
use frame_support::assert_ok;
use sp_runtime::{DispatchError, TryRuntimeError};

/// Breaks something on a sound chain: listing 0 has roots 1 and 2, listing 1 has root 3 and is delisted.
fn broken(by: impl FnOnce(), says: &'static str) {
    chain().execute_with(|| {
        (1..=3).for_each(|account| endow(account, ENDOWMENT));
        let id = program(1, 1);
        assert_ok!(add(1, id, 2));
        assert_ok!(Registry::offer(signed(1), id, Some(3)));
        let id = program(2, 3);
        assert_ok!(force_delist(id));
        assert_ok!(Registry::do_try_state());
        by();
        let error: TryRuntimeError = DispatchError::Other(says);
        assert_eq!(Registry::do_try_state(), Err(error));
    });
}

fn change(id: u64, by: impl FnOnce(&mut Listing<u64>)) {
    Listings::<Test>::mutate(id, |listing| by(listing.as_mut().expect("it is there")));
}

fn change_version(number: u32, by: impl FnOnce(&mut Version)) {
    Versions::<Test>::mutate(0, number, |version| by(version.as_mut().expect("it is there")));
}

#[test]
fn listings() {
    broken(|| NextListing::<Test>::put(1), "a listing has a number that was not given yet");
    broken(|| change(0, |listing| listing.licence.clear()), "a listing has a licence that is none");
    broken(|| change(0, |listing| listing.versions = 0), "a listing has no version");
    broken(|| change(1, |listing| listing.offered_to = Some(3)), "a delisted listing is on offer");
    broken(|| change(0, |listing| listing.offered_to = Some(1)), "a listing is on offer to its owner");
}

#[test]
fn versions() {
    broken(|| change_version(1, |version| version.blob.size = 0), "a version has no bytes");
    broken(|| change_version(1, |version| version.royalty = percent(31)), "a royalty is too high");
    broken(|| change(0, |listing| listing.versions = 1), "a version is kept that its listing has not");
    broken(|| change(0, |listing| listing.versions = 3), "a version of a listing is missing");
    broken(|| Versions::<Test>::insert(7, 0, version(9)), "a version is kept that its listing has not");
}

#[test]
fn roots() {
    broken(|| Roots::<Test>::insert(root(9), at(0, 2)), "a root names no version");
    broken(|| Roots::<Test>::insert(root(9), at(0, 1)), "a root names a version of another one");
    broken(|| Roots::<Test>::remove(root(1)), "a listed version is not the one that its root names");
    broken(
        || {
            Roots::<Test>::remove(root(2));
            change_version(1, |version| version.root = root(1));
        },
        "a listed version is not the one that its root names",
    );
}

#[test]
fn deposits() {
    broken(|| change(0, |listing| listing.deposit += 1), "deposits are not what is on hold");
    broken(|| change(0, |listing| listing.owner = 2), "deposits are not what is on hold");
    broken(
        || {
            change(0, |listing| {
                listing.owner = 2;
                listing.deposit = u128::MAX;
            })
        },
        "deposits are more than a balance can be",
    );
}
