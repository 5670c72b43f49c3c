//! Packages on their way into a blob store.

use crate::{error::CliError, output::Bar};
use assay_blobs::{BlobRef, Store};
use assay_graph::package::Package;
use bytes::Bytes;

/// Puts a package into a store; gives the reference to its manifest, which comes last: where it is, its blobs are.
pub async fn put(store: &Store, package: Package, bar: &Bar) -> Result<BlobRef, CliError> {
    for blob in package.blobs {
        store.put_with(Bytes::from(blob), bar).await?;
    }
    Ok(store.put(Bytes::from(package.manifest)).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Output;
    use assay_graph::job::{Input, Kind};

    #[tokio::test]
    async fn a_package_is_in_the_store_blob_by_blob() {
        let package = Input::pack(Kind::Embed, &Input::sequences(&[vec![1, 2, 3]])).unwrap();
        let scratch = tempfile::tempdir().unwrap();
        let store = Store::open(scratch.path().to_str().unwrap()).unwrap();
        let manifest = put(&store, package.clone(), &Output::new(true).bytes("input")).await.unwrap();
        assert_eq!(store.read(&manifest).await.unwrap(), package.manifest);
        let listed = Input::load("input", &package).unwrap().manifest.blobs;
        let blob = BlobRef { blake3: listed[0].blake3.0, size: listed[0].size };
        assert_eq!(store.read(&blob).await.unwrap(), package.blobs[0]);
    }
}
