//! Servers on loopback: the real one, and ones that do what a test says.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use assay_blobs::{serve_with, Limits, Store};
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::{blob_of, values_of};

/// Serves a store for as long as the runtime lives; its URL.
pub async fn real(store: Store) -> String {
    real_with(store, Limits::default()).await
}

/// The same with limits of its own.
pub async fn real_with(store: Store, limits: Limits) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    tokio::spawn(serve_with(listener, store, limits, std::future::pending::<()>()));
    url
}

/// What a server was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub path: String,
    /// Where the range begins; 0 without one.
    pub offset: u64,
}

/// What a server does.
pub enum Reply {
    /// Sends these bytes with status 200, or 206 if a range was asked for.
    Bytes(Bytes),
    /// Announces a length, sends these bytes, hangs up.
    Announced(u64, Bytes),
    /// Sends these bytes with status 200 whatever was asked for.
    Whole(Bytes),
    /// Sends these bytes and then zeros for ever, without a length.
    Endless(Bytes),
    /// Announces a length and sends a byte now and then.
    Drip(u64),
    /// Sends this status and these headers.
    Status(String),
    /// Does not answer.
    Silence,
}

/// A server of which a test knows what it was asked.
pub struct Fake {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Fake {
    /// Starts a server that answers as told.
    pub async fn start(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answer, log) = (Arc::new(answer), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
                tokio::spawn(async move {
                    let (mut stream, asked) = read_request(stream).await;
                    log.lock().expect("no test panicked with it").push(asked.clone());
                    // A client that has seen enough hangs up.
                    let _ = reply(&mut stream, asked.offset, answer(&asked)).await;
                });
            }
        });
        Self { url, asked }
    }

    /// All it was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no test panicked with it").clone()
    }

    /// Where the ranges of the blob began that it was asked for.
    pub fn offsets(&self) -> Vec<u64> {
        self.asked()
            .iter()
            .filter(|asked| !asked.path.ends_with("/groups"))
            .map(|asked| asked.offset)
            .collect()
    }

    /// Its URL, as the client takes them.
    pub fn urls(&self) -> Vec<String> {
        vec![self.url.clone()]
    }
}

/// What an honest server answers that has `bytes`.
pub fn honest(bytes: &Bytes) -> impl Fn(&Asked) -> Reply + Send + Sync + 'static {
    let path = format!("/blobs/{}", hex::encode(blob_of(bytes).blake3));
    let (bytes, values) = (bytes.clone(), Bytes::from(values_of(bytes)));
    move |asked| match asked.path.strip_prefix(&path) {
        Some("") => Reply::Bytes(bytes.slice(asked.offset as usize..)),
        Some("/groups") => Reply::Bytes(values.clone()),
        _ => Reply::Status("404 Not Found".to_owned()),
    }
}

/// What a server answers that has `bytes`, tells the truth about their groups, and `otherwise` about the rest.
pub fn about_bytes(
    bytes: &Bytes,
    otherwise: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
) -> impl Fn(&Asked) -> Reply + Send + Sync + 'static {
    let honest = honest(bytes);
    move |asked| if asked.path.ends_with("/groups") { honest(asked) } else { otherwise(asked) }
}

async fn read_request(mut stream: TcpStream) -> (TcpStream, Asked) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let range = head.split("range: bytes=").nth(1).and_then(|range| range.split('-').next());
    let offset = range.map_or(0, |offset| offset.parse().expect("a number"));
    (stream, Asked { path, offset })
}

async fn reply(stream: &mut TcpStream, offset: u64, reply: Reply) -> std::io::Result<()> {
    let status = if offset > 0 { "206 Partial Content" } else { "200 OK" };
    match reply {
        Reply::Bytes(bytes) => send(stream, status, Some(bytes.len() as u64), &bytes).await,
        Reply::Announced(length, bytes) => send(stream, status, Some(length), &bytes).await,
        Reply::Whole(bytes) => send(stream, "200 OK", Some(bytes.len() as u64), &bytes).await,
        Reply::Status(status) => send(stream, &status, Some(0), b"").await,
        Reply::Endless(bytes) => {
            send(stream, status, None, &bytes).await?;
            loop {
                stream.write_all(&[0; 4096]).await?;
            }
        }
        Reply::Drip(length) => {
            send(stream, status, Some(length), b"").await?;
            loop {
                tokio::time::sleep(Duration::from_millis(20)).await;
                stream.write_all(b"x").await?;
            }
        }
        Reply::Silence => std::future::pending().await,
    }
}

async fn send(
    stream: &mut TcpStream,
    status: &str,
    length: Option<u64>,
    bytes: &[u8],
) -> std::io::Result<()> {
    let length = length.map_or_else(String::new, |length| format!("Content-Length: {length}\r\n"));
    stream.write_all(format!("HTTP/1.1 {status}\r\nConnection: close\r\n{length}\r\n").as_bytes()).await?;
    stream.write_all(bytes).await?;
    stream.flush().await
}
