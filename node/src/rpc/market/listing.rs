//! Listings of programs and datasets.

use super::spec::Blob;
use crate::rpc::answers::{address, Hex, Planck};
use assay_runtime::market::{self, DelistedBy, Kind, ListingState};
use serde::Serialize;

/// Answer of `assay_listing`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Listing {
    /// Who gets the royalties.
    owner: String,
    /// `program` or `dataset`.
    kind: &'static str,
    /// As an SPDX expression.
    licence: String,
    state: State,
    /// What is on hold for it and its versions.
    deposit: Planck,
    /// Who may take it over.
    offered_to: Option<String>,
    /// How many versions there are.
    versions: u32,
    /// The last of them, at most 100, by number.
    newest: Vec<Version>,
}

impl From<market::Listing> for Listing {
    fn from(listing: market::Listing) -> Self {
        let entry = listing.entry;
        Self {
            owner: address(&entry.owner),
            kind: kind(entry.kind),
            licence: String::from_utf8_lossy(&entry.licence).into_owned(),
            state: entry.state.into(),
            deposit: Planck(entry.deposit),
            offered_to: entry.offered_to.as_ref().map(address),
            versions: entry.versions,
            newest: listing.newest.into_iter().map(Into::into).collect(),
        }
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Program => "program",
        Kind::Dataset => "dataset",
    }
}

/// Whether new jobs can name a listing.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum State {
    /// They can.
    Listed,
    /// They can't. By `owner` or `governance`, which says why: the root of a document.
    Delisted { by: &'static str, reason: Option<Hex> },
}

impl From<ListingState> for State {
    fn from(state: ListingState) -> Self {
        let (by, reason) = match state {
            ListingState::Listed => return Self::Listed,
            ListingState::Delisted { by: DelistedBy::Owner } => ("owner", None),
            ListingState::Delisted { by: DelistedBy::Governance { reason } } => {
                ("governance", Some(Hex(reason)))
            }
        };
        Self::Delisted { by, reason }
    }
}

/// A version of a listing.
#[derive(Clone, Debug, Serialize)]
pub struct Version {
    version: u32,
    /// What a job names.
    root: Hex,
    /// Where the content is.
    blob: Blob,
    /// The owner's share of one seat's payment, in parts per billion.
    royalty: u32,
}

impl From<(u32, market::Version)> for Version {
    fn from((number, version): (u32, market::Version)) -> Self {
        Self {
            version: number,
            root: Hex(version.root),
            blob: version.blob.into(),
            royalty: version.royalty.deconstruct(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::{
        market::spec::tests::hex,
        params::tests::{ALICE, BOB},
    };
    use assay_runtime::token::ASY;
    use serde_json::{json, to_value, Value};
    use sp_keyring::Sr25519Keyring::{Alice, Bob};
    use sp_runtime::Perbill;

    fn listing(state: ListingState) -> market::Listing {
        let version = market::Version {
            root: [1; 32],
            blob: market::BlobRef { blake3: [2; 32], size: 300 },
            royalty: Perbill::from_percent(10),
        };
        market::Listing {
            entry: market::ListingEntry {
                owner: Alice.to_account_id(),
                kind: Kind::Program,
                licence: b"MIT".to_vec().try_into().unwrap(),
                versions: 102,
                state,
                deposit: 11 * ASY,
                offered_to: Some(Bob.to_account_id()),
            },
            newest: vec![(101, version)],
        }
    }

    fn state(state: ListingState) -> Value {
        to_value(Listing::from(listing(state))).unwrap()["state"].clone()
    }

    #[test]
    fn a_listing_is_told_with_its_newest_versions() {
        let expected = json!({
            "owner": ALICE,
            "kind": "program",
            "licence": "MIT",
            "state": { "kind": "listed" },
            "deposit": "11000000000000",
            "offeredTo": BOB,
            "versions": 102,
            "newest": [{
                "version": 101,
                "root": hex(1),
                "blob": { "blake3": hex(2), "size": 300 },
                "royalty": 100_000_000,
            }],
        });
        assert_eq!(to_value(Listing::from(listing(ListingState::Listed))).unwrap(), expected);
        assert_eq!(kind(Kind::Dataset), "dataset");
    }

    #[test]
    fn who_delisted_it_is_told() {
        let by_owner = ListingState::Delisted { by: DelistedBy::Owner };
        assert_eq!(state(by_owner), json!({ "kind": "delisted", "by": "owner", "reason": null }));
        let by_governance = ListingState::Delisted { by: DelistedBy::Governance { reason: [7; 32] } };
        assert_eq!(state(by_governance), json!({ "kind": "delisted", "by": "governance", "reason": hex(7) }));
    }
}
