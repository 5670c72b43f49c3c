//! The store, the server and the client, with real connections on loopback.

mod fetch;
mod lies;
mod servers;
mod serving;
mod store;

use assay_blobs::{BlobRef, Store, GROUP};
use bytes::Bytes;
use tempfile::TempDir;

/// A store in a directory of its own, which goes with the second value.
fn new_store() -> (Store, TempDir) {
    let directory = tempfile::tempdir().expect("a directory");
    let store = open(&directory);
    (store, directory)
}

/// The store in a directory.
fn open(directory: &TempDir) -> Store {
    Store::open(directory.path().to_str().expect("UTF-8")).expect("it is ours")
}

/// Bytes of which no two groups are equal.
fn content(size: u64) -> Bytes {
    (0..size).map(|i| (i % 251) as u8 ^ (i / GROUP) as u8).collect()
}

/// What `bytes` are called.
fn blob_of(bytes: &[u8]) -> BlobRef {
    BlobRef { blake3: *blake3::hash(bytes).as_bytes(), size: bytes.len() as u64 }
}

/// The chaining values of the groups of `bytes`, one after the other.
fn values_of(bytes: &[u8]) -> Vec<u8> {
    use blake3::hazmat::HasherExt;
    let value = |(index, group): (usize, &[u8])| {
        let mut hasher = blake3::Hasher::new();
        hasher.set_input_offset(index as u64 * GROUP).update(group);
        hasher.finalize_non_root()
    };
    bytes.chunks(GROUP as usize).enumerate().flat_map(value).collect()
}
