//! What only this crate can look at of a store.

use std::sync::atomic::{AtomicU64, Ordering};

use object_store::memory::InMemory;

use super::*;

/// Counts transfers, and their bytes.
#[derive(Default)]
struct Told {
    transfers: AtomicU64,
    bytes: AtomicU64,
}

impl Progress for Told {
    fn start(&self, _: u64) {
        self.transfers.fetch_add(1, Ordering::Relaxed);
    }

    fn add(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Told {
    fn so_far(&self) -> (u64, u64) {
        (self.transfers.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }
}

#[tokio::test]
async fn whoever_stores_is_told_of_each_byte_on_each_of_its_ways() {
    let directory = tempfile::tempdir().expect("a directory");
    let bytes = Bytes::from(vec![5; 3 * GROUP as usize + 7]);
    let len = bytes.len() as u64;
    let location = directory.path().to_str().expect("text");
    let there = Store::open(location).expect("a store");
    let elsewhere = Store::remote("memory", Arc::new(InMemory::new())).expect("a directory for staging");
    // Where it is not a directory, it is written here and uploaded from there.
    for (store, ways) in [(there, 1), (elsewhere, 2)] {
        let told = Told::default();
        store.put_with(bytes.clone(), &told).await.expect("it is stored");
        assert_eq!(told.so_far(), (ways, ways * len));
    }
}

#[tokio::test]
async fn store_without_a_directory_keeps_no_files() {
    let store = Store::remote("memory", Arc::new(InMemory::new())).expect("a directory for staging");
    // Over the size from which an upload goes in parts.
    let bytes = Bytes::from(vec![5; 11 << 20]);
    let blob = store.put(bytes.clone()).await.expect("it is stored");
    assert_eq!(store.read(&blob).await.expect("it is there"), bytes);
    assert_eq!(store.list().await.expect("it can be listed"), [blob]);
    let groups = store.bytes(Kind::Groups, &blob.blake3).await.expect("it can be read");
    assert_eq!(groups.map(|groups| groups.len()), Some(11 * 32));
    assert_eq!(fs::read_dir(store.staging()).expect("it is there").count(), 0);

    let copy = tempfile::tempdir().expect("a directory");
    store.copy_to(&blob, &copy.path().join("copy"), &()).await.expect("it is there");
    assert_eq!(fs::read(copy.path().join("copy")).expect("it is there"), bytes);

    store.remove(&blob.blake3).await.expect("it is there");
    store.remove(&blob.blake3).await.expect("that it is gone is fine");
    assert_eq!(store.size(&blob.blake3).await.expect("it can be asked"), None);
    assert_eq!(store.len(Kind::Groups, &blob.blake3).await.expect("it can be asked"), None);
}
