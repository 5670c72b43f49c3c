//! `assay worker check`: tries everything that a worker needs, before a bond is at risk.

use std::fs;
use std::future::Future;
use std::path::Path;
use std::time::Duration;

use assay_chain::{Account, AccountId, Balance, Chain, ChainClient, Pair};
use assay_primitives::Machine;
use assay_store::StoreError;
use bytes::Bytes;
use reqwest::Client;
use serde::Serialize;
use sp_core::Pair as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{limits, open_store, probe, send};
use crate::amount::Amount;
use crate::config::{Config, WorkerConfig};
use crate::context::Context;
use crate::error::CliError;
use crate::machine::{self, has_gpu, SMALLEST};
use crate::output::fields;
use crate::runner::gpu::{self, Found};
use crate::runner::{BackendChoice, GemmChoice};

/// A worker has fees for so many transactions at hand.
const TRANSACTIONS: Balance = 100;
/// Servers have so long to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What was tried, and what came of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tried {
    name: &'static str,
    passed: bool,
    /// It works here, but others may not reach it.
    is_warning: bool,
    found: String,
}

/// All that was tried.
#[derive(Default, Serialize)]
struct Report {
    checks: Vec<Tried>,
}

impl Report {
    /// Tries something; gives what it found, for what needs that.
    async fn check<T>(
        &mut self,
        name: &'static str,
        tried: impl Future<Output = Result<(T, String), CliError>>,
    ) -> Option<T> {
        let (value, passed, found) = match tried.await {
            Ok((value, found)) => (Some(value), true, found),
            Err(error) => (None, false, error.line()),
        };
        self.checks.push(Tried { name, passed, is_warning: false, found });
        value
    }

    /// Tries something that may be in order all the same: a failure is a warning.
    async fn warn(&mut self, name: &'static str, tried: impl Future<Output = Result<String, String>>) {
        let tried = tried.await;
        let is_warning = tried.is_err();
        let found = tried.unwrap_or_else(|problem| problem);
        self.checks.push(Tried { name, passed: true, is_warning, found });
    }

    /// Tries something that fails the check where it is needed, and is a warning where it is not.
    async fn check_or_warn(
        &mut self,
        name: &'static str,
        is_needed: bool,
        tried: impl Future<Output = Result<String, CliError>>,
    ) {
        if is_needed {
            self.check(name, async { Ok(((), tried.await?)) }).await;
        } else {
            self.warn(name, async { tried.await.map_err(|error| error.line()) }).await;
        }
    }

    fn text(&self) -> String {
        let row = |tried: &Tried| {
            let mark = match (tried.passed, tried.is_warning) {
                (true, false) => "ok",
                (true, true) => "WARNING",
                (false, _) => "FAILED",
            };
            (tried.name, format!("{mark}: {}", tried.found))
        };
        fields(&self.checks.iter().map(row).collect::<Vec<_>>())
    }
}

/// Tries everything, and shows it.
///
/// # Errors
///
/// Something of it failed.
pub async fn run(context: &Context) -> Result<(), CliError> {
    let mut report = Report::default();
    let Config { data, worker, .. } = &context.config;
    let (mut offered, mut held) = (None, 0);
    let key = report.check("key", async { key(context) }).await;
    let chain = report.check("node", node(context)).await;
    if let (Some(pair), Some(chain)) = (&key, &chain) {
        let account = AccountId::from(pair.public());
        offered = report.check("provider", provider(chain, &account, worker.jobs)).await.flatten();
        report.check("fees", fees(chain, &account)).await;
        held = report.check("database", database(context, chain, &account)).await.unwrap_or(0);
    }
    let offered = offered.unwrap_or(SMALLEST);
    report.check("memory", async { Ok(((), limits::memory(worker, offered, machine::memory()?)?)) }).await;
    report.check("disk", async { Ok(((), limits::disk(&context.config, held)?)) }).await;
    report.check("numbers", async { golden() }).await;
    gpus(&mut report, context, offered).await;
    report.check("backend", backend(context, data)).await;
    report.check("blobs", blobs(context)).await;
    report.warn("blob server", blob_server(context)).await;
    for peer in &context.config.blobs.peers {
        report.warn("blob peer", answers(peer)).await;
    }
    context.output.value(&report, || report.text());
    let failed = report.checks.iter().filter(|tried| !tried.passed).count();
    match failed {
        0 => Ok(()),
        _ => Err(CliError::Worker(format!("{failed} of {} checks failed", report.checks.len()))),
    }
}

fn key(context: &Context) -> Result<(Pair, String), CliError> {
    let pair = context.pair()?;
    let account = AccountId::from(pair.public());
    Ok((pair, account.to_string()))
}

async fn node(context: &Context) -> Result<(Chain, String), CliError> {
    let chain = context.chain().await?;
    let tip = chain.tip().await?;
    let lag = tip.best.number.saturating_sub(tip.finalized.number);
    let found = format!("best block {}, {lag} of them not final", tip.best.number);
    Ok((chain, found))
}

/// Whom the key works for, and what that one offers. That it is nobody yet is no fault: the check comes before the bond.
async fn provider(
    chain: &Chain,
    account: &AccountId,
    jobs: u32,
) -> Result<(Option<Machine>, String), CliError> {
    let at = chain.tip().await?.best.hash;
    let owner = chain.owner_of(at, account).await?.unwrap_or_else(|| account.clone());
    let provider = chain.provider(at, &owner).await?;
    let offered = provider.as_ref().map(|provider| provider.terms.machine);
    let found = match provider {
        None => format!("{owner} offers nothing yet: `assay provider register` does that"),
        Some(provider) if provider.silent => {
            format!("{owner} missed a commit: a running worker reports back")
        }
        Some(provider) if provider.terms.capacity > jobs => {
            let capacity = provider.terms.capacity;
            format!("{owner} offers {capacity} seats, this worker takes {jobs} at a time: raise worker.jobs")
        }
        Some(provider) => format!("{owner} offers {} seats", provider.terms.capacity),
    };
    Ok((offered, found))
}

/// What the key can pay. Before it is named as a worker it may have nothing: registering pays it.
async fn fees(chain: &Chain, account: &AccountId) -> Result<((), String), CliError> {
    let fee = chain.fee(&send::heartbeat(account.clone()), account).await?;
    let at = chain.tip().await?.best.hash;
    let Account { free, on_hold, frozen, .. } = chain.account(at, account).await?;
    // What is on hold may be frozen first.
    let usable = free.saturating_sub(frozen.saturating_sub(on_hold));
    let needed = fee.saturating_mul(TRANSACTIONS);
    let works = chain.owner_of(at, account).await?.is_some() || chain.provider(at, account).await?.is_some();
    if usable < needed && !works {
        return Ok(((), format!("{} so far: `assay provider register --endow` pays it", Amount(usable))));
    }
    if usable < needed {
        let (usable, needed) = (Amount(usable), Amount(needed));
        let problem =
            format!("{account} can pay {usable} of fees, and should be able to pay {needed}: send it more");
        return Err(CliError::Worker(problem));
    }
    Ok(((), format!("{} for fees, a transaction costs about {}", Amount(usable), Amount(fee))))
}

/// The database, and how many bytes it lists as fetched, or as kept for requesters.
async fn database(context: &Context, chain: &Chain, account: &AccountId) -> Result<(u64, String), CliError> {
    let failed = |error: StoreError| CliError::Worker(error.to_string());
    let store = open_store(&context.config, chain, account)?;
    let seats = store.taken().map_err(failed)?;
    let (fetched, results) = (store.kept_blobs().map_err(failed)?, store.kept_results().map_err(failed)?);
    let mut held = 0;
    // Whether the blobs can be had is tried by itself.
    if let Ok(blobs) = context.store() {
        for blake3 in fetched {
            held += blobs.size(&blake3).await.ok().flatten().unwrap_or(0);
        }
        for root in results {
            held += blobs.result_size(&root).await.ok().flatten().unwrap_or(0);
        }
    }
    Ok((held, format!("{} seats to go on with", seats.len())))
}

fn golden() -> Result<((), String), CliError> {
    let count = probe::golden()?;
    Ok(((), format!("{count} golden vectors of exact-v1")))
}

/// What GPUs there are, and whether each computes what the contract does; whether that is needed for what is offered.
async fn gpus(report: &mut Report, context: &Context, offered: Machine) {
    let worker = &context.config.worker;
    let found = gpu::find();
    report.check("gpu", async { Ok(((), limits::gpu(worker, offered, &found)?)) }).await;
    for gpu in found.unwrap_or_default() {
        let some_is_needed = worker.backend == BackendChoice::Cuda || has_gpu(offered);
        let is_needed = some_is_needed && gpu.index() == worker.device.index;
        report.check_or_warn("gpu", is_needed, gpu_computes(context, &gpu)).await;
        let taken = gpu.taken(worker.device.gemm);
        for gemm in gpu.ways() {
            let tried = golden_roots(context, gpu.index(), gemm);
            report.check_or_warn("gpu", is_needed && gemm == taken, tried).await;
        }
    }
}

async fn golden_roots(context: &Context, index: usize, gemm: GemmChoice) -> Result<String, CliError> {
    let data = &context.config.data;
    fs::create_dir_all(data).map_err(CliError::file(data))?;
    let directory = tempfile::tempdir_in(data).map_err(CliError::file(data))?;
    let tried = probe::golden_roots(&context.config.worker, index, gemm, directory.path()).await;
    let place = format!("device {index}, products by {gemm}");
    let count = tried.map_err(|error| CliError::Worker(format!("{place}: {}", error.line())))?;
    Ok(format!("{place}: {count} golden jobs of exact-v1 have their roots"))
}

async fn gpu_computes(context: &Context, found: &Found) -> Result<String, CliError> {
    let data = &context.config.data;
    fs::create_dir_all(data).map_err(CliError::file(data))?;
    let directory = tempfile::tempdir_in(data).map_err(CliError::file(data))?;
    let worker = &context.config.worker;
    probe::try_gpu(worker, found.index(), directory.path()).await?;
    let description = found.describe(worker.device.gemm);
    Ok(format!(
        "{description}: a training and a generation in processes of their own, as the contract has it"
    ))
}

async fn backend(context: &Context, data: &Path) -> Result<((), String), CliError> {
    fs::create_dir_all(data).map_err(CliError::file(data))?;
    let directory = tempfile::tempdir_in(data).map_err(CliError::file(data))?;
    let worker = &context.config.worker;
    probe::run(worker, directory.path()).await?;
    let name = computes(worker)?;
    Ok(((), format!("{name}: a training and a generation in processes of their own, as the contract has it")))
}

/// What computes. The device itself is opened by processes of jobs only: what spoils one must not spoil the key's.
fn computes(worker: &WorkerConfig) -> Result<String, CliError> {
    if worker.backend.takes_gpu() {
        if let Ok(found) = gpu::chosen(&worker.device) {
            return Ok(format!("{}, {}", worker.backend, found.describe(worker.device.gemm)));
        }
    }
    let started = worker.backend.start(worker.threads, &worker.device);
    Ok(started.map_err(|error| CliError::Worker(error.to_string()))?.describe())
}

async fn blobs(context: &Context) -> Result<((), String), CliError> {
    let store = context.store()?;
    let content = format!("probe of process {}", std::process::id());
    let blob = store.put(Bytes::from(content.clone())).await?;
    let read = store.read(&blob).await?;
    store.remove(&blob.blake3).await?;
    if read != content.as_bytes() {
        return Err(CliError::Mismatch("the blob store gave back something else than was stored".into()));
    }
    Ok(((), context.config.blobs.store.clone()))
}

/// Whether others could reach what the worker serves. That it serves nothing yet is no fault.
async fn blob_server(context: &Context) -> Result<String, String> {
    let blobs = &context.config.blobs;
    let Some(listen) = blobs.listen else {
        return Err("none: set blobs.listen to serve inputs and results".into());
    };
    let Some(url) = &blobs.public_url else {
        return Err(format!("listens on {listen}: set blobs.public_url, so that others find it"));
    };
    // Where something listens already, that is the worker.
    let stop = CancellationToken::new();
    let _stop = stop.clone().drop_guard();
    if let Ok(listener) = TcpListener::bind(listen).await {
        let store = context.store().map_err(|error| error.line())?;
        tokio::spawn(assay_blobs::serve(listener, store, stop.cancelled_owned()));
    }
    let found = answers(url).await?;
    Ok(format!("listens on {listen}; {found}"))
}

/// Whether a blob server answers, from here.
async fn answers(url: &str) -> Result<String, String> {
    let health = format!("{}/healthz", url.trim_end_matches('/'));
    let client = Client::builder().no_proxy().timeout(TIMEOUT).build().map_err(|error| error.to_string())?;
    let answer = client.get(health).send().await.and_then(reqwest::Response::error_for_status);
    match answer {
        Ok(_) => Ok(format!("{url:?} answers")),
        Err(error) => {
            let reason = error.without_url();
            Err(format!("{url:?} does not answer from here ({reason}): check it from another machine"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_that_does_not_answer_is_a_warning() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = assay_blobs::Store::open(directory.path().to_str().expect("text")).expect("a store");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("an address"));
        let mut report = Report::default();
        let stop = CancellationToken::new();
        let server = tokio::spawn(assay_blobs::serve(listener, store, stop.clone().cancelled_owned()));
        report.warn("blob peer", answers(&url)).await;
        stop.cancel();
        server.await.expect("no panic").expect("it ends in order");
        report.warn("blob peer", answers(&url)).await;
        let found: Vec<_> = report.checks.iter().map(|tried| (tried.passed, tried.is_warning)).collect();
        assert_eq!(found, [(true, false), (true, true)]);
        assert!(report.text().contains("WARNING: \"http://127.0.0.1:"), "{}", report.text());
    }
}
