//! Getting blobs: whole, in parts, again.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use assay_blobs::{BlobError, BlobRef, FetchRules, Fetcher, Progress, SourceError, Store, GROUP};
use bytes::Bytes;

use crate::servers::{about_bytes, honest, real, Asked, Fake, Reply};
use crate::{blob_of, content, new_store, open};

pub const RULES: FetchRules =
    FetchRules { allow_private: true, max_size: 64 << 20, timeout: Duration::from_secs(5) };

/// Counts what it is told.
#[derive(Default)]
struct Count {
    total: AtomicU64,
    done: AtomicU64,
}

impl Progress for Count {
    fn start(&self, total: u64) {
        self.total.store(total, Ordering::Relaxed);
    }

    fn add(&self, bytes: u64) {
        self.done.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// Fetches from servers that can't give the blob; why each was left.
pub async fn fetch_in_vain(fetcher: &Fetcher, blob: &BlobRef, sources: &[String]) -> Vec<SourceError> {
    match fetcher.fetch(blob, sources, &()).await {
        Err(BlobError::Unavailable { id, tried }) => {
            assert_eq!(id, blob.blake3);
            tried.into_iter().map(|tried| tried.why).collect()
        }
        other => panic!("expected that no server helps, got {other:?}"),
    }
}

/// Answers as an honest server, but hangs up in the middle of the third group from where it began; after `times`
/// times it has nothing.
fn breaking(bytes: &Bytes, times: usize) -> impl Fn(&Asked) -> Reply + Send + Sync + 'static {
    let (whole, asked_before) = (bytes.clone(), AtomicUsize::new(0));
    about_bytes(bytes, move |asked| {
        if asked_before.fetch_add(1, Ordering::Relaxed) >= times {
            return Reply::Status("404 Not Found".to_owned());
        }
        let rest = whole.slice(asked.offset as usize..);
        let cut = rest.len().min(2 * GROUP as usize + 1000);
        Reply::Announced(rest.len() as u64, rest.slice(..cut))
    })
}

async fn assert_has(store: &Store, bytes: &Bytes) {
    assert_eq!(store.read(&blob_of(bytes)).await.expect("it was fetched"), bytes);
}

#[tokio::test]
async fn blobs_of_all_sizes_come_from_a_real_server() {
    let (from, _from) = new_store();
    let (to, _to) = new_store();
    let urls = [real(from.clone()).await];
    let fetcher = Fetcher::new(to.clone(), RULES);
    for size in [1, 1025, GROUP - 1, GROUP, GROUP + 1, 3 * GROUP, 5 * GROUP + 7] {
        let bytes = content(size);
        let blob = from.put(bytes.clone()).await.expect("it is stored");
        let count = Count::default();
        fetcher.fetch(&blob, &urls, &count).await.expect("it is there");
        assert_has(&to, &bytes).await;
        assert_eq!((count.total.into_inner(), count.done.into_inner()), (size, size));
    }
}

#[tokio::test]
async fn a_fetched_blob_can_be_fetched_from_its_new_place() {
    let bytes = content(2 * GROUP + 1);
    let first = Fake::start(honest(&bytes)).await;
    let (middle, _middle) = new_store();
    Fetcher::new(middle.clone(), RULES)
        .fetch(&blob_of(&bytes), &first.urls(), &())
        .await
        .expect("it is there");
    let (last, _last) = new_store();
    let url = real(middle).await;
    Fetcher::new(last.clone(), RULES).fetch(&blob_of(&bytes), &[url], &()).await.expect("it is there");
    assert_has(&last, &bytes).await;
}

#[tokio::test]
async fn what_is_here_is_not_fetched() {
    let (store, _directory) = new_store();
    let bytes = content(10);
    let blob = store.put(bytes.clone()).await.expect("it is stored");
    let server = Fake::start(honest(&bytes)).await;
    let fetcher = Fetcher::new(store, RULES);
    fetcher.fetch(&blob, &server.urls(), &()).await.expect("it is here");
    fetcher.fetch(&blob, &[], &()).await.expect("it is here");
    assert!(server.asked().is_empty());
    let wrong = fetcher.fetch(&BlobRef { size: 11, ..blob }, &server.urls(), &()).await;
    assert!(matches!(wrong, Err(BlobError::WrongSize { claimed: 11, actual: 10, .. })), "{wrong:?}");
}

#[tokio::test]
async fn a_download_goes_on_at_the_next_server() {
    let bytes = content(5 * GROUP);
    let (first, second) = (Fake::start(breaking(&bytes, 1)).await, Fake::start(honest(&bytes)).await);
    let (store, directory) = new_store();
    let count = Count::default();
    let sources = [first.url.clone(), second.url.clone()];
    Fetcher::new(store.clone(), RULES).fetch(&blob_of(&bytes), &sources, &count).await.expect("it is there");
    assert_has(&store, &bytes).await;
    assert_eq!((first.offsets(), second.offsets()), (vec![0], vec![2 * GROUP]));
    assert_eq!(count.done.into_inner(), 5 * GROUP);
    let left = fs::read_dir(directory.path().join("staging")).expect("it is there");
    assert_eq!(left.count(), 0, "the part has become the blob");
}

#[tokio::test]
async fn one_server_that_keeps_breaking_is_enough() {
    let bytes = content(5 * GROUP);
    let server = Fake::start(breaking(&bytes, 9)).await;
    let (store, _directory) = new_store();
    Fetcher::new(store.clone(), RULES)
        .fetch(&blob_of(&bytes), &server.urls(), &())
        .await
        .expect("it is there");
    assert_has(&store, &bytes).await;
    assert_eq!(server.offsets(), [0, 2 * GROUP, 4 * GROUP]);
}

#[tokio::test]
async fn a_download_goes_on_after_a_restart() {
    let bytes = content(5 * GROUP);
    let blob = blob_of(&bytes);
    let (store, directory) = new_store();
    let first = Fake::start(breaking(&bytes, 1)).await;
    let why = fetch_in_vain(&Fetcher::new(store.clone(), RULES), &blob, &first.urls()).await;
    assert_eq!(why, [SourceError::Missing], "in the second round");
    assert_eq!(store.size(&blob.blake3).await.expect("it can be asked"), None, "a part is no blob");
    drop(store);

    let store = open(&directory);
    let second = Fake::start(honest(&bytes)).await;
    let count = Count::default();
    Fetcher::new(store.clone(), RULES).fetch(&blob, &second.urls(), &count).await.expect("it is there");
    assert_has(&store, &bytes).await;
    assert_eq!(second.offsets(), [2 * GROUP]);
    assert_eq!(count.done.into_inner(), 5 * GROUP);
}

#[tokio::test]
async fn a_part_that_was_torn_is_fetched_again() {
    let bytes = content(5 * GROUP);
    let blob = blob_of(&bytes);
    let (store, directory) = new_store();
    let first = Fake::start(breaking(&bytes, 1)).await;
    fetch_in_vain(&Fetcher::new(store.clone(), RULES), &blob, &first.urls()).await;
    let part = directory.path().join("staging").join(hex::encode(blob.blake3));
    let mut torn = fs::read(&part).expect("it is kept");
    torn[GROUP as usize + 5] ^= 1;
    // And something after the end, which must not stay.
    torn.resize(6 * GROUP as usize, 9);
    fs::write(&part, torn).expect("it is ours");

    let second = Fake::start(honest(&bytes)).await;
    Fetcher::new(store.clone(), RULES).fetch(&blob, &second.urls(), &()).await.expect("it is there");
    assert_has(&store, &bytes).await;
    assert_eq!(second.offsets(), [GROUP]);
}

#[tokio::test]
async fn a_part_that_is_whole_asks_for_no_bytes() {
    let bytes = content(2 * GROUP);
    let blob = blob_of(&bytes);
    let (store, directory) = new_store();
    let part = directory.path().join("staging").join(hex::encode(blob.blake3));
    fs::write(part, &bytes).expect("it is ours");
    let server = Fake::start(honest(&bytes)).await;
    Fetcher::new(store.clone(), RULES).fetch(&blob, &server.urls(), &()).await.expect("it is there");
    assert_has(&store, &bytes).await;
    assert!(server.offsets().is_empty());
}

#[tokio::test]
async fn the_same_blob_is_downloaded_once_at_a_time() {
    let bytes = content(3 * GROUP);
    let blob = blob_of(&bytes);
    let server = Fake::start(honest(&bytes)).await;
    let (store, directory) = new_store();
    // As another process would: with a store of its own.
    let fetchers = [Fetcher::new(store.clone(), RULES), Fetcher::new(open(&directory), RULES)];
    let urls = server.urls();
    let both = tokio::join!(fetchers[0].fetch(&blob, &urls, &()), fetchers[1].fetch(&blob, &urls, &()));
    assert!(both.0.is_ok() && both.1.is_ok(), "{both:?}");
    assert_has(&store, &bytes).await;
    assert_eq!(server.offsets(), [0]);
}

#[tokio::test]
async fn limits_hold_before_anyone_is_asked() {
    let (store, _directory) = new_store();
    let bytes = content(1000);
    let server = Fake::start(honest(&bytes)).await;
    let fetcher = Fetcher::new(store, FetchRules { max_size: 999, ..RULES });
    let large = fetcher.fetch(&blob_of(&bytes), &server.urls(), &()).await;
    assert!(matches!(large, Err(BlobError::TooLarge { size: 1000, limit: 999, .. })), "{large:?}");
    let empty = fetcher.fetch(&blob_of(b""), &server.urls(), &()).await;
    assert!(matches!(empty, Err(BlobError::Empty)), "{empty:?}");
    let alone = fetcher.fetch(&blob_of(b"x"), &[], &()).await;
    assert!(matches!(alone, Err(BlobError::NoSource(_))), "{alone:?}");
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn private_addresses_are_refused_unless_allowed() {
    let bytes = content(1000);
    let blob = blob_of(&bytes);
    let server = Fake::start(honest(&bytes)).await;
    let by_name = [server.url.replace("127.0.0.1", "localhost")];
    let (store, _directory) = new_store();
    let strict = Fetcher::new(store.clone(), FetchRules { allow_private: false, ..RULES });

    let why = fetch_in_vain(&strict, &blob, &server.urls()).await;
    assert_eq!(why, [SourceError::Private(IpAddr::V4(Ipv4Addr::LOCALHOST))]);
    let why = fetch_in_vain(&strict, &blob, &by_name).await;
    assert!(matches!(why[..], [SourceError::Private(address)] if address.is_loopback()), "{why:?}");
    let result = strict.fetch_result(&blob.blake3, 1000, &by_name, &()).await;
    assert!(matches!(result, Err(BlobError::Unavailable { .. })), "{result:?}");
    assert!(server.asked().is_empty(), "nobody connected");

    Fetcher::new(store.clone(), RULES).fetch(&blob, &by_name, &()).await.expect("it is allowed");
    assert_has(&store, &bytes).await;
}

#[tokio::test]
async fn results_come_from_the_first_server_that_has_one() {
    let (empty, _empty) = new_store();
    let (full, _full) = new_store();
    let (root, result) = ([3; 32], content(2 * GROUP + 9));
    full.put_result(&root, result.clone()).await.expect("it is stored");
    let sources = [real(empty.clone()).await, real(full).await];
    let fetcher = Fetcher::new(empty, RULES);
    let (most, count) = (result.len() as u64, Count::default());
    let got = fetcher.fetch_result(&root, most, &sources, &count).await.expect("the second has it");
    assert_eq!(got, result);
    assert_eq!((count.total.into_inner(), count.done.into_inner()), (most, most));
    let missing = fetcher.fetch_result(&[4; 32], 100, &sources, &()).await;
    assert!(matches!(missing, Err(BlobError::Unavailable { tried, .. }) if tried.len() == 2));
    let alone = fetcher.fetch_result(&root, 100, &[], &()).await;
    assert!(matches!(alone, Err(BlobError::NoSource(_))), "{alone:?}");
}
