//! What the worker answers on its own addresses: figures and health to anyone who may reach them, status and drain to
//! its operator on loopback.

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::State;
use axum::http::{header, HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use prometheus::TEXT_FORMAT;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::metrics::Metrics;
use super::status::Status;
use crate::error::CliError;

/// Without a sign of life for so long the worker is not healthy.
const STUCK: Duration = Duration::from_secs(60);
/// What has to come with a call that changes something: a page in a browser can't send it to another site.
pub const OPERATOR: &str = "x-assay-operator";

/// What is answered from.
#[derive(Clone)]
pub struct Answers {
    /// Where the worker is.
    pub status: watch::Receiver<Status>,
    /// Figures.
    pub metrics: Metrics,
    /// Makes the worker drain.
    pub drain: CancellationToken,
}

/// Figures and health.
pub fn metrics(answers: Answers) -> Router {
    Router::new()
        .route("/healthz", get(health))
        .route("/readyz", get(readiness))
        .route("/metrics", get(figures))
        .with_state(answers)
}

/// The same, status and drain.
pub fn admin(answers: Answers) -> Router {
    let operator =
        Router::new().route("/status", get(status)).route("/drain", post(drain)).with_state(answers.clone());
    metrics(answers).merge(operator)
}

/// Serves on an address until it is to stop and has answered what it was asked.
///
/// # Errors
///
/// The address is in use, or not this machine's.
pub async fn serve(
    address: SocketAddr,
    router: Router,
    stop: CancellationToken,
) -> Result<JoinHandle<()>, CliError> {
    let listener = listen(address).await?;
    Ok(tokio::spawn(async move {
        let served = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await;
        if let Err(error) = served {
            tracing::error!(%address, %error, "no longer served");
        }
    }))
}

/// Listens on an address.
///
/// # Errors
///
/// It is in use, or not this machine's.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, CliError> {
    let failed = |error| CliError::Worker(format!("{address} can't be listened on: {error}"));
    TcpListener::bind(address).await.map_err(failed)
}

async fn health(State(answers): State<Answers>) -> (StatusCode, &'static str) {
    let pulse = answers.status.borrow().pulse;
    match pulse.is_some_and(|pulse| pulse.elapsed() < STUCK) {
        true => (StatusCode::OK, "ok\n"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "the worker is stuck\n"),
    }
}

async fn readiness(State(answers): State<Answers>) -> (StatusCode, String) {
    let status = answers.status.borrow().clone();
    match (status.draining, status.ready, status.trouble) {
        (true, ..) => (StatusCode::SERVICE_UNAVAILABLE, "draining\n".into()),
        (false, true, _) => (StatusCode::OK, "ready\n".into()),
        (false, false, trouble) => {
            let trouble = trouble.unwrap_or_else(|| "no block was seen yet".into());
            (StatusCode::SERVICE_UNAVAILABLE, format!("{trouble}\n"))
        }
    }
}

async fn figures(State(answers): State<Answers>) -> Response {
    match answers.metrics.text() {
        Ok(text) => ([(header::CONTENT_TYPE, TEXT_FORMAT)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}

async fn status(State(answers): State<Answers>) -> Json<Status> {
    let status = answers.status.borrow().clone();
    Json(status)
}

async fn drain(State(answers): State<Answers>, headers: HeaderMap) -> (StatusCode, &'static str) {
    if !headers.contains_key(OPERATOR) {
        return (StatusCode::FORBIDDEN, "use `assay worker drain`\n");
    }
    answers.drain.cancel();
    (StatusCode::ACCEPTED, "draining\n")
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::super::status::SeatStatus;
    use super::*;

    fn answers(status: Status) -> (watch::Sender<Status>, Answers) {
        let (sender, status) = watch::channel(status);
        let metrics = Metrics::new().expect("metrics");
        (sender, Answers { status, metrics, drain: CancellationToken::new() })
    }

    #[tokio::test]
    async fn a_worker_is_healthy_while_it_moves() {
        let (sender, answers) = answers(Status::default());
        assert_eq!(health(State(answers.clone())).await.0, StatusCode::SERVICE_UNAVAILABLE);
        sender.send_modify(|status| status.pulse = Some(Instant::now()));
        assert_eq!(health(State(answers)).await.0, StatusCode::OK);
    }

    #[tokio::test]
    async fn readiness_says_what_is_missing() {
        let (sender, answers) = answers(Status::default());
        let (code, text) = readiness(State(answers.clone())).await;
        assert_eq!((code, text.as_str()), (StatusCode::SERVICE_UNAVAILABLE, "no block was seen yet\n"));
        sender.send_modify(|status| status.trouble = Some("no node".into()));
        assert_eq!(readiness(State(answers.clone())).await.1, "no node\n");
        sender.send_modify(|status| status.ready = true);
        assert_eq!(readiness(State(answers.clone())).await.0, StatusCode::OK);
        sender.send_modify(|status| status.draining = true);
        assert_eq!(readiness(State(answers)).await.1, "draining\n");
    }

    #[tokio::test]
    async fn only_an_operator_drains() {
        let (_sender, answers) = answers(Status::default());
        let mut headers = HeaderMap::new();
        assert_eq!(drain(State(answers.clone()), headers.clone()).await.0, StatusCode::FORBIDDEN);
        assert!(!answers.drain.is_cancelled());
        headers.insert(OPERATOR, header::HeaderValue::from_static("drain"));
        assert_eq!(drain(State(answers.clone()), headers).await.0, StatusCode::ACCEPTED);
        assert!(answers.drain.is_cancelled());
    }

    #[tokio::test]
    async fn figures_tell_seats_by_progress() {
        let (sender, answers) = answers(Status::default());
        let seat = SeatStatus { job: 1, seat: 0, progress: "committed".into(), units: 1 };
        sender.send_modify(|status| status.seats = vec![seat.clone(), seat]);
        answers.metrics.show(&sender.borrow());
        let text = answers.metrics.text().expect("text");
        assert!(text.contains("assay_worker_seats{progress=\"committed\"} 2"), "{text}");
        assert!(text.contains("assay_worker_seats{progress=\"running\"} 0"), "{text}");
    }
}
