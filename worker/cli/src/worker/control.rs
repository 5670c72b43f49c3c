//! What an operator asks a running worker: status and drain, over its admin address.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::{Client, RequestBuilder};

use super::http::OPERATOR;
use super::status::Status;
use crate::context::Context;
use crate::error::CliError;
use crate::output::fields;

/// A worker on this machine answers at once.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How often it is asked whether it has drained.
const PAUSE: Duration = Duration::from_secs(1);

/// Shows where the worker is.
///
/// # Errors
///
/// None answers.
pub async fn status(context: &Context) -> Result<(), CliError> {
    let status = ask(context.config.worker.admin).await?;
    context.output.value(&status, || text(&status));
    Ok(())
}

/// Makes the worker take no new seats, and waits until it has ended if asked to.
///
/// # Errors
///
/// None answers.
pub async fn drain(context: &Context, wait: bool) -> Result<(), CliError> {
    let admin = context.config.worker.admin;
    let url = format!("http://{admin}/drain");
    // Asked before: one without seats ends at once.
    let mut status = ask(admin).await?;
    send(admin, client()?.post(url).header(OPERATOR, "drain")).await?;
    let waiting = context.output.spinner("draining");
    if wait {
        // It answers until it has ended.
        while let Ok(later) = ask(admin).await {
            waiting.say(format!("draining: {} seats are left", later.seats.len()));
            tokio::time::sleep(PAUSE).await;
        }
        status.seats.clear();
    }
    status.draining = true;
    drop(waiting);
    context.output.value(&status, || text(&status));
    Ok(())
}

async fn ask(admin: SocketAddr) -> Result<Status, CliError> {
    let text = send(admin, client()?.get(format!("http://{admin}/status"))).await?;
    serde_json::from_str(&text)
        .map_err(|error| CliError::Worker(format!("what answers at {admin} is no worker ({error})")))
}

async fn send(admin: SocketAddr, request: RequestBuilder) -> Result<String, CliError> {
    let failed = |error: reqwest::Error| {
        CliError::Worker(format!(
            "no worker answers at {admin} ({}): start one with `assay worker start`, or set worker.admin",
            error.without_url()
        ))
    };
    let answer = request.send().await.and_then(reqwest::Response::error_for_status).map_err(failed)?;
    answer.text().await.map_err(failed)
}

fn client() -> Result<Client, CliError> {
    let client = Client::builder().no_proxy().timeout(TIMEOUT).build();
    client.map_err(|error| CliError::Worker(format!("no request can be made: {error}")))
}

fn text(status: &Status) -> String {
    let state = match (status.draining, status.ready) {
        (true, _) => "draining",
        (false, true) => "ready",
        (false, false) => "not ready",
    };
    let mut rows = vec![
        ("account", status.account.clone()),
        ("state", state.to_string()),
        ("best block", status.best.to_string()),
        ("final block", status.last_final.to_string()),
        ("seats", status.seats.len().to_string()),
    ];
    rows.extend(status.trouble.clone().map(|trouble| ("trouble", trouble)));
    let mut text = fields(&rows);
    for seat in &status.seats {
        let (job, index, units) = (seat.job, seat.seat, seat.units);
        text += &format!("  job {job}, seat {index}: {}, {units} units\n", seat.progress);
    }
    text
}
