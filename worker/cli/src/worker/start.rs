//! `assay worker start`: puts a worker together, and ends it in order.

use std::sync::Arc;
use std::time::Duration;

use assay_chain::{Chain, Submitter};
use assay_primitives::BlobRef;
use assay_store::Store;
use tokio::signal::unix::{signal, SignalKind};
use tokio::sync::{watch, Mutex, Semaphore};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::cache::{bound, Cache};
use super::daemon::Daemon;
use super::hands::Hands;
use super::http::{self, Answers};
use super::metrics::Metrics;
use super::results::Results;
use super::salts::Salts;
use super::status::Status;
use super::{logs, open_store};
use crate::context::Context;
use crate::error::CliError;
use crate::runner::this_program;

/// So many jobs more than run at a time are fetched at a time.
const FETCHES_AHEAD: usize = 1;

/// How long what was asked last may take to be answered.
const LAST_ANSWER: Duration = Duration::from_secs(1);

/// Works until it has drained after SIGTERM or SIGINT, or until a second one.
///
/// # Errors
///
/// The key, the node, the database, the blob store or an address is of no use.
pub async fn run(context: &Context) -> Result<(), CliError> {
    logs::start(context.output.is_json())?;
    let hands = Arc::new(hands(context).await?);
    let (drain, stop) = (CancellationToken::new(), CancellationToken::new());
    let (shown, status) = watch::channel(Status::default());
    let answers = Answers { status, metrics: hands.metrics.clone(), drain: drain.clone() };
    let served = CancellationToken::new();
    let _served = served.clone().drop_guard();
    let admin = serve(context, &hands, answers, &served).await?;
    signals(drain.clone(), stop.clone())?;
    tracing::info!(account = %hands.submitter.account(), jobs = context.config.worker.jobs, "worker starts");
    let daemon = Daemon::new(hands, shown).await.map_err(|error| CliError::Worker(error.to_string()))?;
    daemon.run(drain, stop).await?;
    served.cancel();
    // Who asked for the end hears of it, unless it does not listen.
    let _ = tokio::time::timeout(LAST_ANSWER, admin).await;
    Ok(())
}

async fn hands(context: &Context) -> Result<Hands<Chain>, CliError> {
    let config = &context.config;
    let pair = context.pair()?;
    let chain = context.chain().await?;
    let figures = |error: prometheus::Error| CliError::Worker(error.to_string());
    let salts = Salts::new(&pair, chain.genesis().into());
    let submitter = Submitter::new(chain.clone(), pair);
    let store = open_store(config, &chain, &submitter.account())?;
    let blobs = context.store()?;
    Ok(Hands {
        cache: cache(bound(&config.worker), &store, &blobs).await?,
        results: Mutex::new(results(config.worker.results, &store, &blobs).await?),
        submitter,
        salts,
        store,
        chain,
        blobs,
        fetcher: context.fetcher()?,
        peers: config.blobs.peers.clone(),
        limits: config.worker.clone(),
        jobs: config.data.join("jobs"),
        program: this_program().map_err(CliError::file("this program"))?,
        slots: Semaphore::new(config.worker.jobs as usize),
        fetches: Semaphore::new(config.worker.jobs as usize + FETCHES_AHEAD),
        openings: Semaphore::new(1),
        metrics: Metrics::new().map_err(figures)?,
    })
}

/// What was fetched before the last start.
async fn cache(most: u64, store: &Store, blobs: &assay_blobs::Store) -> Result<Cache, CliError> {
    let kept = store.kept_blobs().map_err(|error| CliError::Worker(error.to_string()))?;
    let mut fetched = Vec::new();
    for blake3 in kept {
        let size = blobs.size(&blake3).await?;
        fetched.extend(size.map(|size| BlobRef { blake3, size }));
    }
    Ok(Cache::new(most, &fetched))
}

/// What is kept for requesters since before the last start.
pub(super) async fn results(
    most: u64,
    store: &Store,
    blobs: &assay_blobs::Store,
) -> Result<Results, CliError> {
    let listed = store.kept_results().map_err(|error| CliError::Worker(error.to_string()))?;
    let mut kept = Vec::new();
    for root in listed {
        let bytes = blobs.result_size(&root).await?;
        kept.extend(bytes.map(|bytes| (root, bytes)));
    }
    Ok(Results::new(most, kept))
}

/// Opens the addresses of the configuration. Gives what serves the operator's.
async fn serve(
    context: &Context,
    hands: &Hands<Chain>,
    answers: Answers,
    stop: &CancellationToken,
) -> Result<JoinHandle<()>, CliError> {
    let config = &context.config;
    if let Some(address) = config.worker.metrics {
        http::serve(address, http::metrics(answers.clone()), stop.clone()).await?;
    }
    let admin = http::serve(config.worker.admin, http::admin(answers), stop.clone()).await?;
    if let Some(address) = config.blobs.listen {
        let (listener, blobs, stop) = (http::listen(address).await?, hands.blobs.clone(), stop.clone());
        tokio::spawn(async move {
            if let Err(error) = assay_blobs::serve(listener, blobs, stop.cancelled_owned()).await {
                tracing::error!(%error, "blobs are no longer served");
            }
        });
    }
    Ok(admin)
}

/// The first signal drains, the second stops.
fn signals(drain: CancellationToken, stop: CancellationToken) -> Result<(), CliError> {
    let failed = |error: std::io::Error| CliError::Worker(format!("signals can't be heard: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    tokio::spawn(async move {
        for token in [drain, stop] {
            tokio::select! {
                _ = terminate.recv() => (),
                _ = interrupt.recv() => (),
            }
            token.cancel();
        }
    });
    Ok(())
}
