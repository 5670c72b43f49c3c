//! A line that damages what comes over it.

use axum::{
    extract::State,
    http::{header::RANGE, HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
    Router,
};
use std::net::Ipv4Addr;
use tokio::net::TcpListener;

/// Serves what the server at `upstream` has with a bit of each answer flipped, as long as the test lives; gives its URL.
pub async fn corrupt(upstream: String) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port is free");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let router = Router::new().fallback(damage).with_state(upstream);
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn damage(State(upstream): State<String>, uri: Uri, headers: HeaderMap) -> Response {
    match fetch(&format!("{upstream}{uri}"), &headers).await {
        Ok((status, mut body)) => {
            if let Some(byte) = body.last_mut() {
                *byte ^= 1;
            }
            (status, body).into_response()
        }
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

async fn fetch(url: &str, headers: &HeaderMap) -> Result<(StatusCode, Vec<u8>), reqwest::Error> {
    let mut request = reqwest::Client::builder().no_proxy().build()?.get(url);
    if let Some(range) = headers.get(RANGE) {
        request = request.header(RANGE, range.clone());
    }
    let answer = request.send().await?;
    let status = answer.status();
    Ok((status, answer.bytes().await?.to_vec()))
}
