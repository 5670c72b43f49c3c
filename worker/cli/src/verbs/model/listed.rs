//! Models in the blob store and on the chain's list.

use super::Blob;
use crate::{
    amount::Amount,
    calls, content,
    context::Context,
    error::CliError,
    model::Model,
    output::{fields, table, Hex},
    percent,
};
use assay_chain::{
    market::{self, Kind, Listing, ListingState},
    AccountId, ChainClient,
};
use assay_primitives::ListingId;
use pallet_assay_registry::Licence;
use serde::Serialize;
use sp_core::crypto::Ss58Codec;
use sp_runtime::Perbill;
use std::path::Path;

/// Where a model is after it was published.
#[derive(Serialize)]
struct Published {
    root: Hex,
    blob: Blob,
    listing: Option<ListingId>,
    version: Option<u32>,
}

/// Puts a model into the store, and on the list if that is asked for.
pub async fn publish(
    context: &Context,
    directory: &Path,
    licence: Option<String>,
    listing: Option<ListingId>,
    royalty: Perbill,
) -> Result<(), CliError> {
    let licence = licence.map(|text| spdx(&text)).transpose()?;
    let Model { program, package, .. } = Model::open(directory)?;
    let root = program.root;
    let blob = content::put(&context.store()?, package, &context.output.bytes("storing the model")).await?;
    let call = match (licence, listing) {
        (Some(licence), _) => Some(calls::list(root, blob, licence, royalty)),
        (None, Some(listing)) => Some(calls::add_version(listing, root, blob, royalty)),
        (None, None) => None,
    };
    let version = match call {
        None => None,
        Some(call) => {
            let included = context.send(&context.chain().await?, call).await?;
            calls::added_version(&included.events)
        }
    };
    let published = Published {
        root: Hex(root),
        blob: blob.into(),
        listing: version.map(|version| version.listing),
        version: version.map(|version| version.version),
    };
    context.output.value(&published, || published.text());
    Ok(())
}

fn spdx(text: &str) -> Result<Licence, CliError> {
    Licence::try_from(text.as_bytes().to_vec()).map_err(|bytes| {
        CliError::Usage(format!("--licence has {} bytes, and the chain takes 64", bytes.len()))
    })
}

impl Published {
    fn text(&self) -> String {
        let listed = match (self.listing, self.version) {
            (Some(listing), Some(version)) => format!("as {listing}, version {version}"),
            _ => "no: --licence lists it".into(),
        };
        fields(&[
            ("root", self.root.to_string()),
            ("manifest", format!("{}, {} bytes", self.blob.blake3, self.blob.size)),
            ("listed", listed),
        ])
    }
}

/// Shows a listing.
pub async fn show(context: &Context, id: ListingId) -> Result<(), CliError> {
    let chain = context.chain().await?;
    let listing = chain.listing(chain.tip().await?.best.hash, id).await?;
    let listing = listing.ok_or_else(|| CliError::Refused(format!("there is no listing {id}")))?;
    let shown = Shown::new(id, listing);
    context.output.value(&shown, || shown.text());
    Ok(())
}

/// Shows the listings among some numbers.
pub async fn list(
    context: &Context,
    from: ListingId,
    count: u64,
    owner: Option<AccountId>,
) -> Result<(), CliError> {
    let chain = context.chain().await?;
    let at = chain.tip().await?.best.hash;
    let mut found = Vec::new();
    for id in from..from.saturating_add(count) {
        found.extend(chain.listing(at, id).await?.map(|listing| Shown::new(id, listing)));
    }
    found.retain(|shown| owner.as_ref().is_none_or(|owner| shown.owner == *owner));
    context.output.list("listings", &found, || {
        let rows: Vec<_> = found.iter().map(Shown::row).collect();
        table(&["listing", "kind", "owner", "licence", "versions", "state"], &rows)
    });
    Ok(())
}

/// What is shown of a listing.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    listing: ListingId,
    kind: &'static str,
    owner: AccountId,
    licence: String,
    is_listed: bool,
    deposit: Amount,
    versions: u32,
    /// The newest of them.
    newest: Vec<Version>,
}

#[derive(Serialize)]
struct Version {
    version: u32,
    root: Hex,
    blob: Blob,
    royalty: String,
}

impl From<(u32, market::Version)> for Version {
    fn from((version, content): (u32, market::Version)) -> Self {
        let market::Version { root, blob, royalty } = content;
        Self { version, root: Hex(root), blob: blob.into(), royalty: percent::write(royalty) }
    }
}

impl Shown {
    fn new(listing: ListingId, found: Listing) -> Self {
        let Listing { entry, newest } = found;
        Self {
            listing,
            kind: match entry.kind {
                Kind::Program => "program",
                Kind::Dataset => "dataset",
            },
            licence: String::from_utf8_lossy(&entry.licence).into_owned(),
            is_listed: entry.state == ListingState::Listed,
            deposit: Amount(entry.deposit),
            versions: entry.versions,
            owner: entry.owner,
            newest: newest.into_iter().map(Version::from).collect(),
        }
    }

    fn state(&self) -> &'static str {
        if self.is_listed {
            "listed"
        } else {
            "delisted"
        }
    }

    fn row(&self) -> Vec<String> {
        vec![
            self.listing.to_string(),
            self.kind.into(),
            self.owner.to_ss58check(),
            self.licence.clone(),
            self.versions.to_string(),
            self.state().into(),
        ]
    }

    fn text(&self) -> String {
        let head = fields(&[
            ("listing", self.listing.to_string()),
            ("kind", self.kind.into()),
            ("owner", self.owner.to_ss58check()),
            ("licence", self.licence.clone()),
            ("state", self.state().into()),
            ("deposit", self.deposit.to_string()),
        ]);
        let row = |version: &Version| {
            vec![version.version.to_string(), version.root.to_string(), version.royalty.clone()]
        };
        let versions: Vec<_> = self.newest.iter().map(row).collect();
        format!("{head}\n{}", table(&["version", "root", "royalty"], &versions))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_that_the_chain_can_not_keep_is_refused() {
        assert_eq!(spdx("MIT OR Apache-2.0").unwrap().to_vec(), b"MIT OR Apache-2.0");
        let error = spdx(&"x".repeat(65)).unwrap_err();
        assert_eq!(
            (error.exit_code(), error.line().as_str()),
            (2, "--licence has 65 bytes, and the chain takes 64")
        );
    }
}
