//! Servers that lie, waste time or do not work: each is left and named, and the next one helps.

use std::time::{Duration, Instant};

use assay_blobs::{BlobError, FetchRules, Fetcher, SourceError, GROUP};
use bytes::Bytes;
use tokio::net::TcpListener;

use crate::fetch::{fetch_in_vain, RULES};
use crate::servers::{about_bytes, honest, Asked, Fake, Reply};
use crate::{blob_of, content, new_store};

/// A server is left for a reason, alone; an honest one after it gives the blob.
async fn assert_left(
    bytes: &Bytes,
    answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    why: SourceError,
) {
    let bad = Fake::start(answer).await;
    let (store, _directory) = new_store();
    // Long enough for an honest server on a busy machine.
    let fetcher = Fetcher::new(store.clone(), FetchRules { timeout: Duration::from_secs(2), ..RULES });
    assert_eq!(fetch_in_vain(&fetcher, &blob_of(bytes), &bad.urls()).await, [why]);
    assert!(store.list().await.expect("it can be listed").is_empty(), "nothing of it is kept as a blob");
    let good = Fake::start(honest(bytes)).await;
    let sources = [bad.url.clone(), good.url.clone()];
    fetcher.fetch(&blob_of(bytes), &sources, &()).await.expect("the second one is honest");
    assert_eq!(store.read(&blob_of(bytes)).await.expect("it was fetched"), bytes);
}

/// `bytes` with one of them changed.
fn changed(bytes: &Bytes, at: u64) -> Bytes {
    let mut bytes = bytes.to_vec();
    bytes[at as usize] ^= 1;
    bytes.into()
}

#[tokio::test]
async fn corrupted_bytes_are_found_in_their_group() {
    let bytes = content(4 * GROUP);
    let wrong = changed(&bytes, 2 * GROUP + 17);
    let answer = about_bytes(&bytes, move |asked| Reply::Bytes(wrong.slice(asked.offset as usize..)));
    assert_left(&bytes, answer, SourceError::Group(2)).await;

    let small = content(100);
    let wrong = changed(&small, 99);
    assert_left(&small, move |_| Reply::Bytes(wrong.clone()), SourceError::Group(0)).await;
}

#[tokio::test]
async fn a_liar_is_not_asked_again() {
    let bytes = content(4 * GROUP);
    let wrong = changed(&bytes, 2 * GROUP);
    let liar = Fake::start(about_bytes(&bytes, move |_| Reply::Bytes(wrong.clone()))).await;
    let (store, _directory) = new_store();
    fetch_in_vain(&Fetcher::new(store, RULES), &blob_of(&bytes), &liar.urls()).await;
    assert_eq!(liar.offsets(), [0], "although it gave two good groups");
}

#[tokio::test]
async fn chaining_values_of_something_else_are_refused() {
    let bytes = content(2 * GROUP);
    let other = honest(&changed(&bytes, 0));
    let path = format!("/blobs/{}/groups", hex::encode(blob_of(&changed(&bytes, 0)).blake3));
    let answer = move |_: &Asked| other(&Asked { path: path.clone(), offset: 0 });
    assert_left(&bytes, answer, SourceError::Groups).await;
}

#[tokio::test]
async fn a_lying_size_is_refused_at_once() {
    let bytes = content(GROUP);
    let (sent, size) = (bytes.clone(), bytes.len() as u64);
    let answer = move |_: &Asked| Reply::Announced(size + 1, sent.clone());
    assert_left(&bytes, answer, SourceError::Size { actual: size + 1, expected: size }).await;
    let short = bytes.slice(1..);
    let answer = move |_: &Asked| Reply::Bytes(short.clone());
    assert_left(&bytes, answer, SourceError::Size { actual: size - 1, expected: size }).await;
    let bytes = content(2 * GROUP);
    let answer = |_: &Asked| Reply::Bytes(Bytes::from_static(&[0; 96]));
    assert_left(&bytes, answer, SourceError::Size { actual: 96, expected: 64 }).await;
}

#[tokio::test]
async fn endless_bodies_end() {
    let bytes = content(2 * GROUP);
    let answer = about_bytes(&bytes, |_| Reply::Endless(Bytes::new()));
    assert_left(&bytes, answer, SourceError::Group(0)).await;

    // What is right about it is taken.
    let right = bytes.clone();
    let server = Fake::start(about_bytes(&bytes, move |_| Reply::Endless(right.clone()))).await;
    let (store, _directory) = new_store();
    let fetcher = Fetcher::new(store.clone(), RULES);
    fetcher.fetch(&blob_of(&bytes), &server.urls(), &()).await.expect("the bytes are right");
    assert_eq!(store.read(&blob_of(&bytes)).await.expect("it was fetched"), bytes);
}

#[tokio::test]
async fn results_over_their_bound_are_refused() {
    let (store, _directory) = new_store();
    let fetcher = Fetcher::new(store, RULES);
    let endless = Fake::start(|_: &Asked| Reply::Endless(Bytes::new())).await;
    let large = Fake::start(|_: &Asked| Reply::Announced(3001, Bytes::new())).await;
    for server in [endless, large] {
        let got = fetcher.fetch_result(&[1; 32], 3000, &server.urls(), &()).await;
        let Err(BlobError::Unavailable { tried, .. }) = &got else { panic!("refused, not {got:?}") };
        assert_eq!(tried[0].why, SourceError::TooLong(3000));
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let bytes = content(100);
    let target = Fake::start(honest(&bytes)).await;
    let to = format!("{}/blobs/{}", target.url, hex::encode(blob_of(&bytes).blake3));
    let answer = move |_: &Asked| Reply::Status(format!("302 Found\r\nLocation: {to}"));
    assert_left(&bytes, answer, SourceError::Redirects).await;
    assert!(target.asked().is_empty());
}

#[tokio::test]
async fn servers_that_fail_are_left() {
    let bytes = content(100);
    let answer = |_: &Asked| Reply::Status("404 Not Found".to_owned());
    assert_left(&bytes, answer, SourceError::Missing).await;
    let answer = |_: &Asked| Reply::Status("500 Internal Server Error".to_owned());
    assert_left(&bytes, answer, SourceError::Status(500)).await;
}

#[tokio::test]
async fn slow_servers_are_left_in_time() {
    let bytes = content(1000);
    let (store, _directory) = new_store();
    let timeout = Duration::from_millis(500);
    let fetcher = Fetcher::new(store, FetchRules { timeout, ..RULES });
    let silent = Fake::start(|_: &Asked| Reply::Silence).await;
    // Never silent for long, and yet it would take 20 s.
    let dripping = Fake::start(|_: &Asked| Reply::Drip(1000)).await;
    for server in [silent, dripping] {
        let begun = Instant::now();
        let why = fetch_in_vain(&fetcher, &blob_of(&bytes), &server.urls()).await;
        assert_eq!(why, [SourceError::Slow(timeout)]);
        assert!(begun.elapsed() < Duration::from_secs(8));
    }
}

#[tokio::test]
async fn a_server_without_ranges_cannot_go_on() {
    let bytes = content(3 * GROUP);
    let (whole, begun) = (bytes.clone(), bytes.slice(..GROUP as usize + 1));
    let (store, directory) = new_store();
    let part = directory.path().join("staging").join(hex::encode(blob_of(&bytes).blake3));
    std::fs::write(part, begun).expect("it is ours");
    let server = Fake::start(about_bytes(&bytes, move |_| Reply::Whole(whole.clone()))).await;
    let why = fetch_in_vain(&Fetcher::new(store, RULES), &blob_of(&bytes), &server.urls()).await;
    // The first round counts as one that got something: the part that was here.
    assert_eq!(why, [SourceError::NoRanges]);
    assert_eq!(server.offsets(), [GROUP, GROUP]);
}

#[tokio::test]
async fn servers_that_are_not_there_are_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    drop(listener);
    let (store, _directory) = new_store();
    let fetcher = Fetcher::new(store, RULES);
    let sources = [url.clone(), "ftp://elsewhere".to_owned()];
    let error = fetcher.fetch(&blob_of(b"x"), &sources, &()).await.expect_err("nobody is there");
    let text = error.to_string();
    assert!(text.contains(&format!("{url:?} cannot be reached")), "{text}");
    assert!(text.contains("\"ftp://elsewhere\" is not a URL"), "{text}");
}

#[tokio::test]
async fn a_server_that_hangs_up_early_is_left() {
    let bytes = content(1000);
    let sent = bytes.slice(..999);
    let server = Fake::start(move |_: &Asked| Reply::Announced(1000, sent.clone())).await;
    let (store, _directory) = new_store();
    let why = fetch_in_vain(&Fetcher::new(store, RULES), &blob_of(&bytes), &server.urls()).await;
    assert!(matches!(why[..], [SourceError::Stopped(_)]), "{why:?}");
}
