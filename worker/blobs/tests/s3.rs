//! A store in an S3 bucket. `scripts/test-s3` runs this with a server of its own. Another one is named by `AWS_ENDPOINT`,
//! with `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_ALLOW_HTTP=true`; the bucket is made here.
#![cfg(feature = "s3")]

use std::fs;
use std::time::Duration;

use assay_blobs::{serve, FetchRules, Fetcher, Store};
use bytes::Bytes;
use tokio::net::TcpListener;

const BUCKET: &str = "assay-test";

/// More than goes up in one part.
const LARGE: u64 = 25 << 20;

async fn bucket() -> Store {
    let endpoint = std::env::var("AWS_ENDPOINT").expect("AWS_ENDPOINT is set: scripts/test-s3 does that");
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let made = client.put(format!("{endpoint}/{BUCKET}")).send().await.expect("the S3 server answers");
    // The other test may have made it.
    assert!(made.status().is_success() || made.status() == 409, "{}", made.status());
    Store::open(&format!("s3://{BUCKET}/some/prefix")).expect("the environment has the keys")
}

fn content(size: u64, seed: u8) -> Bytes {
    (0..size).map(|i| (i % 251) as u8 ^ (i >> 20) as u8 ^ seed).collect()
}

#[tokio::test]
async fn a_bucket_keeps_blobs_and_results() {
    let store = bucket().await;
    let directory = tempfile::tempdir().expect("a directory");
    let (from, to) = (directory.path().join("from"), directory.path().join("to"));
    let bytes = content(LARGE, 1);
    fs::write(&from, &bytes).expect("it is ours");
    let large = store.put_file(&from, &()).await.expect("it is stored");
    let small = store.put(content(10, 1)).await.expect("it is stored");
    assert_eq!(store.size(&large.blake3).await.expect("it can be asked"), Some(LARGE));
    assert_eq!(store.read(&small).await.expect("it is there"), content(10, 1));
    store.copy_to(&large, &to, &()).await.expect("it is there");
    assert_eq!(fs::read(&to).expect("it is there"), bytes);
    let listed = store.list().await.expect("it can be listed");
    assert!(listed.contains(&large) && listed.contains(&small));
    store.remove(&large.blake3).await.expect("it is there");
    store.remove(&large.blake3).await.expect("that it is gone is fine");
    assert_eq!(store.size(&large.blake3).await.expect("it can be asked"), None);
    store.put_result(&[1; 32], content(20, 1)).await.expect("it is stored");
    assert_eq!(store.result(&[1; 32]).await.expect("it can be asked"), Some(content(20, 1)));
    assert_eq!(store.result(&[2; 32]).await.expect("it can be asked"), None);
}

#[tokio::test]
async fn blobs_go_from_bucket_to_directory_and_back() {
    let store = bucket().await;
    let bytes = content(LARGE, 2);
    let blob = store.put(bytes.clone()).await.expect("it is stored");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    tokio::spawn(serve(listener, store.clone(), std::future::pending::<()>()));

    let directory = tempfile::tempdir().expect("a directory");
    let local = Store::open(directory.path().to_str().expect("UTF-8")).expect("it is ours");
    let rules = FetchRules { allow_private: true, max_size: LARGE, timeout: Duration::from_secs(30) };
    Fetcher::new(local.clone(), rules).fetch(&blob, &[url], &()).await.expect("it is there");
    assert_eq!(local.read(&blob).await.expect("it was fetched"), bytes);

    store.remove(&blob.blake3).await.expect("it is there");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    tokio::spawn(serve(listener, local, std::future::pending::<()>()));
    Fetcher::new(store.clone(), rules).fetch(&blob, &[url], &()).await.expect("it is there");
    assert_eq!(store.read(&blob).await.expect("it was fetched"), bytes);
}
