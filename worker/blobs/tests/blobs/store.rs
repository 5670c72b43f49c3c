//! Keeping blobs and results in a directory.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use assay_blobs::{BlobError, BlobRef, Progress, Store, GROUP};
use bytes::Bytes;

use crate::{blob_of, content, new_store, open, values_of};

/// Where a blob lies in a store's directory.
fn file_of(directory: &Path, blob: &BlobRef) -> std::path::PathBuf {
    directory.join("blobs").join(hex::encode(blob.blake3))
}

fn entries(directory: &Path, name: &str) -> usize {
    fs::read_dir(directory.join(name)).expect("it is there").count()
}

#[tokio::test]
async fn blobs_are_named_by_their_hash() {
    let (store, directory) = new_store();
    for size in [1, GROUP, GROUP + 1, 3 * GROUP + 5] {
        let bytes = content(size);
        let blob = store.put(bytes.clone()).await.expect("it is stored");
        assert_eq!(blob, blob_of(&bytes));
        assert_eq!(store.read(&blob).await.expect("it is there"), bytes);
        assert_eq!(store.size(&blob.blake3).await.expect("it can be asked"), Some(size));
        assert!(store.has(&blob).await.expect("it can be asked"));
    }
    assert_eq!(store.list().await.expect("it can be listed").len(), 4);
    assert_eq!(entries(directory.path(), "staging"), 0);
}

#[tokio::test]
async fn a_file_and_its_bytes_are_the_same_blob() {
    let (store, directory) = new_store();
    let bytes = content(2 * GROUP + 77);
    let file = directory.path().join("file");
    fs::write(&file, &bytes).expect("it is ours");
    let blob = store.put_file(&file, &()).await.expect("it is stored");
    assert_eq!(blob, blob_of(&bytes));
    let groups = directory.path().join("groups").join(hex::encode(blob.blake3));
    assert_eq!(fs::read(groups).expect("they are kept"), values_of(&bytes));
    let (other, _other) = new_store();
    assert_eq!(other.put(bytes).await.expect("it is stored"), blob);
}

#[tokio::test]
async fn blobs_outlast_their_store() {
    let (store, directory) = new_store();
    let blob = store.put(content(100)).await.expect("it is stored");
    drop(store);
    assert_eq!(open(&directory).read(&blob).await.expect("it is there"), content(100));
}

#[tokio::test]
async fn copies_are_whole_and_verified() {
    let (store, directory) = new_store();
    let bytes = content(GROUP + 10);
    let blob = store.put(bytes.clone()).await.expect("it is stored");
    let copy = directory.path().join("copy");
    fs::write(&copy, b"what was there before").expect("it is ours");
    store.copy_to(&blob, &copy, &()).await.expect("it is there");
    assert_eq!(fs::read(&copy).expect("it is there"), bytes);

    let mut damaged = bytes.to_vec();
    damaged[GROUP as usize] ^= 1;
    fs::write(file_of(directory.path(), &blob), damaged).expect("it is ours");
    let before = fs::read_dir(directory.path()).expect("it is there").count();
    let refused = store.copy_to(&blob, &copy, &()).await;
    assert!(matches!(refused, Err(BlobError::Damaged(id)) if id == blob.blake3), "{refused:?}");
    assert_eq!(fs::read(&copy).expect("it is still there"), bytes);
    assert_eq!(fs::read_dir(directory.path()).expect("it is there").count(), before, "nothing is left over");
    let refused = store.read(&blob).await;
    assert!(matches!(refused, Err(BlobError::Damaged(id)) if id == blob.blake3), "{refused:?}");
}

#[tokio::test]
async fn references_that_are_wrong_are_refused() {
    let (store, _directory) = new_store();
    let blob = store.put(content(100)).await.expect("it is stored");
    let wrong = BlobRef { size: 99, ..blob };
    assert!(!store.has(&wrong).await.expect("it can be asked"));
    let refused = store.read(&wrong).await;
    assert!(matches!(refused, Err(BlobError::WrongSize { claimed: 99, actual: 100, .. })), "{refused:?}");
    let refused = store.read(&BlobRef { blake3: [0; 32], size: 1 }).await;
    assert!(matches!(refused, Err(BlobError::Missing(id)) if id == [0; 32]), "{refused:?}");
}

#[tokio::test]
async fn nothing_is_no_blob() {
    let (store, directory) = new_store();
    let file = directory.path().join("file");
    fs::write(&file, b"").expect("it is ours");
    assert!(matches!(store.put(Bytes::new()).await, Err(BlobError::Empty)));
    assert!(matches!(store.put_file(&file, &()).await, Err(BlobError::Empty)));
    assert!(matches!(store.put_result(&[1; 32], Bytes::new()).await, Err(BlobError::Empty)));
    assert_eq!(entries(directory.path(), "staging"), 0);
}

#[tokio::test]
async fn files_that_cannot_be_read_are_named() {
    let (store, directory) = new_store();
    let missing = directory.path().join("missing");
    let text = store.put_file(&missing, &()).await.expect_err("it is not there").to_string();
    assert!(text.starts_with(&format!("cannot read {}: ", missing.display())), "{text}");
}

/// Stops as a crash would, in the middle of the second group.
#[derive(Default)]
struct Crash(AtomicU64);

impl Progress for Crash {
    fn start(&self, _total: u64) {}

    fn add(&self, bytes: u64) {
        assert!(self.0.fetch_add(bytes, Ordering::Relaxed) == 0, "the crash");
    }
}

#[tokio::test]
async fn a_put_that_crashes_leaves_nothing() {
    let (store, directory) = new_store();
    let bytes = content(3 * GROUP);
    let file = directory.path().join("file");
    fs::write(&file, &bytes).expect("it is ours");
    let crashing = store.clone();
    let crashed = tokio::spawn(async move { crashing.put_file(&file, &Crash::default()).await }).await;
    assert!(crashed.expect_err("it panics").is_panic());
    for name in ["blobs", "groups", "staging"] {
        assert_eq!(entries(directory.path(), name), 0, "{name}");
    }
    store.put(bytes).await.expect("it is stored");
}

#[tokio::test]
async fn what_a_killed_process_left_is_no_blob_and_goes_in_time() {
    let (store, directory) = new_store();
    drop(store);
    let left = directory.path().join("staging/.put-killed");
    fs::write(&left, b"half").expect("it is ours");
    let store = open(&directory);
    assert!(store.list().await.expect("it can be listed").is_empty());
    assert!(left.exists(), "it may be another process's");
    let two_days = Duration::from_secs(48 * 60 * 60);
    let file = fs::File::options().write(true).open(&left).expect("it is there");
    file.set_modified(SystemTime::now() - two_days).expect("it is ours");
    drop(file);
    open(&directory);
    assert!(!left.exists());
}

#[tokio::test]
async fn what_is_removed_is_gone() {
    let (store, directory) = new_store();
    let blob = store.put(content(2 * GROUP)).await.expect("it is stored");
    let kept = store.put(content(10)).await.expect("it is stored");
    store.remove(&blob.blake3).await.expect("it is there");
    store.remove(&blob.blake3).await.expect("that it is gone is fine");
    assert_eq!(store.list().await.expect("it can be listed"), [kept]);
    assert_eq!(entries(directory.path(), "groups"), 0);
}

#[tokio::test]
async fn files_of_others_are_not_blobs() {
    let (store, directory) = new_store();
    fs::write(directory.path().join("blobs/notes.txt"), b"mine").expect("it is ours");
    let blob = store.put(content(10)).await.expect("it is stored");
    assert_eq!(store.list().await.expect("it can be listed"), [blob]);
}

#[tokio::test]
async fn results_are_named_by_their_root() {
    let (store, directory) = new_store();
    let root = [9; 32];
    assert_eq!(store.result(&root).await.expect("it can be asked"), None);
    store.put_result(&root, content(50)).await.expect("it is stored");
    store.put_result(&root, content(50)).await.expect("again is fine");
    assert_eq!(store.result(&root).await.expect("it can be asked"), Some(content(50)));
    assert_eq!(store.result_size(&root).await.expect("it can be asked"), Some(50));
    assert_eq!(store.result_size(&[2; 32]).await.expect("it can be asked"), None);
    assert!(store.list().await.expect("it can be listed").is_empty(), "a result is no blob");
    store.remove_result(&root).await.expect("it is there");
    store.remove_result(&root).await.expect("that it is gone is fine");
    assert_eq!(entries(directory.path(), "results"), 0);
}

#[tokio::test]
async fn a_results_file_is_published_if_it_is_what_was_computed() {
    let (store, directory) = new_store();
    let (root, bytes) = ([9; 32], content(GROUP + 5));
    let file = directory.path().join("outputs");
    fs::write(&file, &bytes).expect("it is ours");
    let refused = store.put_result_file(&root, &file, &[1; 32]).await;
    assert!(matches!(refused, Err(BlobError::Changed(_))), "{refused:?}");
    assert_eq!(store.result(&root).await.expect("it can be asked"), None);
    assert_eq!(entries(directory.path(), "staging"), 0);
    store.put_result_file(&root, &file, &blob_of(&bytes).blake3).await.expect("it is stored");
    assert_eq!(store.result(&root).await.expect("it can be asked"), Some(bytes));
}

#[tokio::test]
async fn damage_is_found_without_a_copy() {
    let (store, directory) = new_store();
    let blob = store.put(content(GROUP + 10)).await.expect("it is stored");
    store.verify(&blob).await.expect("it is whole");
    fs::write(file_of(directory.path(), &blob), content(GROUP + 9)).expect("it is ours");
    let short = BlobRef { size: GROUP + 9, ..blob };
    assert!(matches!(store.verify(&short).await, Err(BlobError::Damaged(_))));
    fs::write(file_of(directory.path(), &blob), "").expect("it is ours");
    let empty = BlobRef { size: 0, ..blob };
    assert!(matches!(store.verify(&empty).await, Err(BlobError::Damaged(_))));
}

#[test]
fn locations_of_other_kinds_are_refused() {
    for location in ["", "gs://bucket", "http://host/x", "s3://"] {
        assert!(matches!(Store::open(location), Err(BlobError::Location(_))), "{location}");
    }
    #[cfg(not(feature = "s3"))]
    assert!(matches!(Store::open("s3://bucket/prefix"), Err(BlobError::NoS3)));
}

#[test]
fn a_store_that_cannot_be_made_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("file");
    fs::write(&file, b"in the way").expect("it is ours");
    let text = Store::open(file.to_str().expect("UTF-8")).expect_err("a file is in the way").to_string();
    assert!(text.starts_with(&format!("cannot open the blob store at {}: ", file.display())), "{text}");
}
