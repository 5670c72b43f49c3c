//! What the server answers, and to how many at a time.

use std::time::{Duration, Instant};

use assay_blobs::{serve_with, Limits, GROUP};
use bytes::Bytes;
use reqwest::{Client, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::servers::{real, real_with};
use crate::{content, new_store, values_of};

/// Far more than sockets hold, so that a server has to wait for whoever does not read.
const LARGE: u64 = 32 << 20;

/// Patience for what should happen at once.
const SOON: Duration = Duration::from_secs(5);

async fn get(url: &str, range: Option<&str>) -> Response {
    let client = Client::builder().no_proxy().build().expect("a client");
    let request = client.get(url);
    let request = match range {
        Some(range) => request.header("range", range),
        None => request,
    };
    request.send().await.expect("an answer")
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().expect("ASCII"))
}

/// A server with one blob of these bytes, its URL, the blob's URL.
async fn serving(bytes: &Bytes, limits: Limits) -> (String, String, tempfile::TempDir) {
    let (store, directory) = new_store();
    let blob = store.put(bytes.clone()).await.expect("it is stored");
    let url = real_with(store, limits).await;
    let path = format!("{url}/blobs/{}", hex::encode(blob.blake3));
    (url, path, directory)
}

/// A connection that has sent `request` and does not read.
async fn connect(url: &str, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).await.expect("it listens");
    stream.write_all(request.as_bytes()).await.expect("it reads");
    stream
}

fn request_for(blob: &str) -> String {
    let path = blob.trim_start_matches("http://").split_once('/').expect("it has a path").1;
    format!("GET /{path} HTTP/1.1\r\nHost: x\r\n\r\n")
}

#[tokio::test]
async fn blobs_come_whole_or_in_ranges() {
    let bytes = content(GROUP + 100);
    let (_, blob, _directory) = serving(&bytes, Limits::default()).await;
    let whole = get(&blob, None).await;
    assert_eq!(whole.status(), 200);
    assert_eq!(header(&whole, "content-length"), (GROUP + 100).to_string());
    assert_eq!(header(&whole, "accept-ranges"), "bytes");
    assert_eq!(header(&whole, "x-content-type-options"), "nosniff");
    assert_eq!(whole.bytes().await.expect("a body"), bytes);

    for (range, first, last) in [
        ("bytes=0-9", 0, 9),
        ("bytes=1048570-1048590", GROUP - 6, GROUP + 14),
        ("bytes=1048576-", GROUP, GROUP + 99),
        ("bytes=-5", GROUP + 95, GROUP + 99),
    ] {
        let part = get(&blob, Some(range)).await;
        assert_eq!(part.status(), 206, "{range}");
        assert_eq!(header(&part, "content-range"), format!("bytes {first}-{last}/{}", GROUP + 100));
        assert_eq!(part.bytes().await.expect("a body"), bytes.slice(first as usize..=last as usize));
    }
    let outside = get(&blob, Some("bytes=1048676-")).await;
    assert_eq!(outside.status(), 416);
    assert_eq!(header(&outside, "content-range"), format!("bytes */{}", GROUP + 100));
}

#[tokio::test]
async fn head_tells_the_size_alone() {
    let bytes = content(1000);
    let (_, blob, _directory) = serving(&bytes, Limits::default()).await;
    let client = Client::builder().no_proxy().build().expect("a client");
    let head = client.head(&blob).send().await.expect("an answer");
    assert_eq!((head.status().as_u16(), header(&head, "content-length")), (200, "1000"));
    assert!(head.bytes().await.expect("no body").is_empty());
}

#[tokio::test]
async fn each_range_of_groups_can_be_verified_by_the_groups_alone() {
    use blake3::hazmat::HasherExt;
    let bytes = content(4 * GROUP + 5);
    let (_, blob, _directory) = serving(&bytes, Limits::default()).await;
    let values = get(&format!("{blob}/groups"), None).await.bytes().await.expect("a body");
    assert_eq!(values, values_of(&bytes));
    for (index, value) in values.chunks(32).enumerate() {
        let start = index as u64 * GROUP;
        let group = get(&blob, Some(&format!("bytes={start}-{}", start + GROUP - 1))).await;
        let mut hasher = blake3::Hasher::new();
        hasher.set_input_offset(start).update(&group.bytes().await.expect("a body"));
        assert_eq!(hasher.finalize_non_root(), value, "{index}");
    }
    let one = get(&format!("{blob}/groups"), Some("bytes=32-63")).await;
    assert_eq!(one.bytes().await.expect("a body"), values.slice(32..64));
}

#[tokio::test]
async fn a_lone_group_has_no_values() {
    let (_, blob, _directory) = serving(&content(GROUP), Limits::default()).await;
    let groups = get(&format!("{blob}/groups"), None).await;
    assert_eq!(groups.status(), 200);
    assert!(groups.bytes().await.expect("a body").is_empty());
}

#[tokio::test]
async fn only_blobs_and_results_are_served() {
    let (store, directory) = new_store();
    std::fs::write(directory.path().join("staging").join("ab".repeat(32)), b"half").expect("it is ours");
    let root = [5; 32];
    store.put_result(&root, content(60)).await.expect("it is stored");
    let url = real(store).await;
    let result = get(&format!("{url}/results/{}", hex::encode(root)), None).await;
    assert_eq!(result.bytes().await.expect("a body"), content(60));
    assert_eq!(get(&format!("{url}/healthz"), None).await.text().await.expect("a body"), "ok");
    let nobody = "ab".repeat(32);
    for (path, status) in [
        (format!("blobs/{nobody}"), 404),
        (format!("blobs/{nobody}/groups"), 404),
        (format!("results/{nobody}"), 404),
        (format!("blobs/{}", hex::encode(root)), 404),
        (format!("staging/{nobody}"), 404),
        (format!("groups/{nobody}"), 404),
        ("blobs/short".to_owned(), 400),
        ("blobs/..%2Fstaging".to_owned(), 400),
        (format!("results/{nobody}00"), 400),
    ] {
        assert_eq!(get(&format!("{url}/{path}"), None).await.status(), status, "{path}");
    }
}

#[tokio::test]
async fn more_connections_than_allowed_wait() {
    let limits = Limits { connections: 2, idle: Duration::from_secs(60) };
    let (url, _, _directory) = serving(&content(10), limits).await;
    let first = connect(&url, "GET /healthz HTTP/1.1\r\n").await;
    let _second = connect(&url, "GET /healthz HTTP/1.1\r\n").await;
    // Both are accepted by then, in the order in which they came.
    let healthz = format!("{url}/healthz");
    let mut third = tokio::spawn(async move { get(&healthz, None).await.status() });
    assert!(timeout(Duration::from_millis(500), &mut third).await.is_err(), "there is no slot");
    drop(first);
    let status = timeout(SOON, third).await.expect("there is a slot").expect("no panic");
    assert_eq!(status, 200);
}

#[tokio::test]
async fn clients_that_stand_still_are_cut_off() {
    let limits = Limits { connections: 1, idle: Duration::from_millis(300) };
    let (url, blob, _directory) = serving(&content(LARGE), limits).await;
    // One that never asks, one that never ends asking, one that never reads.
    for request in ["", "GET /healthz HTTP/1.1\r\n", &request_for(&blob)] {
        let _still = connect(&url, request).await;
        let healthy =
            timeout(SOON, get(&format!("{url}/healthz"), None)).await.expect("the slot is free again");
        assert_eq!(healthy.status(), 200, "{request}");
    }
}

/// A server with one large blob, that is told to stop by the sender; done when it has stopped.
async fn stoppable(
    idle: Duration,
) -> (String, oneshot::Sender<()>, tokio::task::JoinHandle<()>, tempfile::TempDir) {
    let (store, directory) = new_store();
    let blob = store.put(content(LARGE)).await.expect("it is stored");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let (stop, stopped) = oneshot::channel();
    let limits = Limits { idle, ..Limits::default() };
    let server = tokio::spawn(async move {
        serve_with(listener, store, limits, stopped).await.expect("it serves");
    });
    (format!("{url}/blobs/{}", hex::encode(blob.blake3)), stop, server, directory)
}

#[tokio::test]
async fn a_download_under_way_is_finished_before_the_server_stops() {
    let (blob, stop, server, _directory) = stoppable(Duration::from_secs(60)).await;
    let answer = get(&blob, None).await;
    stop.send(()).expect("it listens");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!server.is_finished());
    assert_eq!(answer.bytes().await.expect("all of it"), content(LARGE));
    timeout(SOON, server).await.expect("nothing keeps it").expect("no panic");
}

#[tokio::test]
async fn a_server_does_not_wait_for_ever() {
    let (blob, stop, server, _directory) = stoppable(Duration::from_secs(600)).await;
    let url = blob.split("/blobs/").next().expect("it has a host").to_owned();
    let mut stuck = connect(&url, &request_for(&blob)).await;
    stuck.read_u8().await.expect("an answer has begun");
    stop.send(()).expect("it listens");
    let begun = Instant::now();
    timeout(Duration::from_secs(20), server).await.expect("it gives up").expect("no panic");
    assert!(begun.elapsed() >= Duration::from_secs(4), "downloads get some time");
    assert!(TcpStream::connect(url.trim_start_matches("http://")).await.is_err(), "nobody listens");
}
