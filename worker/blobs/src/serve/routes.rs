//! What is answered.

use std::ops::Range;

use assay_primitives::Digest;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{
    ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, RANGE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::Router;

use crate::error::BlobError;
use crate::store::{Kind, Store};

/// All paths.
pub(super) fn routes(store: Store) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/blobs/{id}", get(blob))
        .route("/blobs/{id}/groups", get(groups))
        .route("/results/{id}", get(result))
        .with_state(store)
}

async fn blob(
    State(store): State<Store>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    object(&store, Kind::Blob, digest(&id)?, &headers).await
}

async fn result(
    State(store): State<Store>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    object(&store, Kind::Result, digest(&id)?, &headers).await
}

async fn groups(
    State(store): State<Store>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let id = digest(&id)?;
    if store.len(Kind::Groups, &id).await?.is_some() {
        return object(&store, Kind::Groups, id, &headers).await;
    }
    match store.len(Kind::Blob, &id).await? {
        Some(_) => Ok(bytes(StatusCode::OK, 0, Body::empty())),
        None => Err(Refusal::Missing),
    }
}

/// An object or a range of it, streamed.
async fn object(store: &Store, kind: Kind, id: Digest, headers: &HeaderMap) -> Result<Response, Refusal> {
    let size = store.len(kind, &id).await?.ok_or(Refusal::Missing)?;
    let asked = asked(headers, size)?;
    let range = asked.clone().unwrap_or(0..size);
    let len = range.end - range.start;
    let body = Body::from_stream(store.stream(kind, &id, range.clone()).await?);
    if asked.is_none() {
        return Ok(bytes(StatusCode::OK, len, body));
    }
    let mut response = bytes(StatusCode::PARTIAL_CONTENT, len, body);
    response.headers_mut().insert(CONTENT_RANGE, content_range(Some(&range), size)?);
    Ok(response)
}

fn bytes(status: StatusCode, len: u64, body: Body) -> Response {
    let headers = [
        (ACCEPT_RANGES, HeaderValue::from_static("bytes")),
        (CONTENT_LENGTH, HeaderValue::from(len)),
        (CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
        // A browser must not take what strangers uploaded for a page.
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (status, headers, body).into_response()
}

/// The value of Content-Range for a part of `size` bytes, or for a range that is not there.
fn content_range(range: Option<&Range<u64>>, size: u64) -> Result<HeaderValue, Refusal> {
    let value = match range {
        Some(range) => format!("bytes {}-{}/{size}", range.start, range.end - 1),
        None => format!("bytes */{size}"),
    };
    HeaderValue::try_from(value).map_err(|_| Refusal::Broken)
}

fn digest(hex: &str) -> Result<Digest, Refusal> {
    let mut digest = [0; 32];
    hex::decode_to_slice(hex, &mut digest).map_err(|_| Refusal::NoHash)?;
    Ok(digest)
}

/// The range that is asked for. None for the whole; that is also the answer to what is no single range.
fn asked(headers: &HeaderMap, size: u64) -> Result<Option<Range<u64>>, Refusal> {
    let spec = headers.get(RANGE).and_then(|value| value.to_str().ok()?.strip_prefix("bytes="));
    let Some((first, last)) = spec.and_then(|spec| spec.split_once('-')) else { return Ok(None) };
    let range = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..size.min(last.saturating_add(1)),
        (Ok(first), Err(_)) if last.is_empty() => first..size,
        (Err(_), Ok(last)) if first.is_empty() => size.saturating_sub(last)..size,
        _ => return Ok(None),
    };
    if range.is_empty() {
        return Err(Refusal::NoSuchRange(size));
    }
    Ok(Some(range))
}

/// Why nothing is given.
#[derive(Debug)]
enum Refusal {
    /// It is not here.
    Missing,
    /// The path names no hash.
    NoHash,
    /// The range is not in it; of how many bytes.
    NoSuchRange(u64),
    /// The store fails. Why is nobody's business but the operator's.
    Broken,
}

impl From<BlobError> for Refusal {
    fn from(error: BlobError) -> Self {
        tracing::error!(%error, "cannot serve");
        Self::Broken
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Missing => (StatusCode::NOT_FOUND, "not here").into_response(),
            Self::NoHash => (StatusCode::BAD_REQUEST, "a hash has 64 hexadecimal digits").into_response(),
            Self::NoSuchRange(size) => match content_range(None, size) {
                Ok(value) => (StatusCode::RANGE_NOT_SATISFIABLE, [(CONTENT_RANGE, value)]).into_response(),
                Err(_) => StatusCode::RANGE_NOT_SATISFIABLE.into_response(),
            },
            Self::Broken => (StatusCode::INTERNAL_SERVER_ERROR, "the store does not work").into_response(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(asked_for: &'static str) -> Result<Option<Range<u64>>, Refusal> {
        asked(&HeaderMap::from_iter([(RANGE, HeaderValue::from_static(asked_for))]), 10)
    }

    #[test]
    fn ranges_are_read() {
        for (asked_for, expected) in [
            ("bytes=0-0", 0..1),
            ("bytes=2-5", 2..6),
            ("bytes=2-", 2..10),
            ("bytes=-3", 7..10),
            ("bytes=-30", 0..10),
            ("bytes=5-18446744073709551615", 5..10),
        ] {
            assert_eq!(range(asked_for).expect(asked_for), Some(expected), "{asked_for}");
        }
    }

    #[test]
    fn what_is_no_single_range_gives_the_whole() {
        for asked_for in ["bytes=5-2", "bytes=0-1,3-4", "bytes=-", "bytes=a-b", "lines=0-1", "bytes=3"] {
            assert_eq!(range(asked_for).expect(asked_for), None, "{asked_for}");
        }
        assert_eq!(asked(&HeaderMap::new(), 10).expect("no range"), None);
    }

    #[test]
    fn ranges_outside_are_refused() {
        for asked_for in ["bytes=10-", "bytes=10-12", "bytes=-0"] {
            assert!(matches!(range(asked_for), Err(Refusal::NoSuchRange(10))), "{asked_for}");
        }
    }
}
