//! What does what the state machine of a seat asks for. Each task ends in an event.

use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use assay_blobs::Fetcher;
use assay_chain::{AccountId, ChainClient, ChainError, Submitter};
use assay_core::{Action, Call, Event, Seal};
use assay_primitives::{commitment, BlobRef, Claim, Digest};
use assay_store::{Kept, Permit, Sealed, Store, StoreError};
use tokio::fs;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::cache::Cache;
use super::fetch::{FetchError, Keeper, Part, Sources};
use super::metrics::Metrics;
use super::place::{Id, Place};
use super::results::Results;
use super::salts::Salts;
use super::send;
use super::tasks::failed;
use crate::config::WorkerConfig;
use crate::runner::{self, files, Drawn, Report, RunError, Task};

/// What was sealed is kept for at least so long after its job: a node may lie about the end.
const SEALS_KEPT: Duration = Duration::from_secs(7 * 24 * 3_600);

/// Everything that tasks need.
pub struct Hands<C> {
    /// The chain.
    pub chain: C,
    /// What signs.
    pub submitter: Submitter<C>,
    /// What makes the salts of commitments.
    pub salts: Salts,
    /// What must not be forgotten.
    pub store: Store,
    /// Content.
    pub blobs: assay_blobs::Store,
    /// Content of others.
    pub fetcher: Fetcher,
    /// Servers that are asked beside those that the chain names.
    pub peers: Vec<String>,
    /// Bounds what is fetched.
    pub cache: Cache,
    /// Bounds what is kept for requesters. Whoever publishes or removes a result has it meanwhile: what makes room for
    /// the next one must be whole.
    pub results: Mutex<Results>,
    /// What jobs may take.
    pub limits: WorkerConfig,
    /// Directory of the jobs' files.
    pub jobs: PathBuf,
    /// The program whose verb `run-task` runs a job.
    pub program: PathBuf,
    /// Places for runs.
    pub slots: Semaphore,
    /// Places for fetches.
    pub fetches: Semaphore,
    /// A place for runs that are repeated to open leaves: reveals must not wait for other jobs.
    pub openings: Semaphore,
    /// Figures.
    pub metrics: Metrics,
}

/// Why a task did not come to its end.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}")]
    Other(String),
    /// Nobody needs it any more.
    #[error("cancelled")]
    Cancelled,
}

impl Failed {
    fn other(error: impl ToString) -> Self {
        Self::Other(error.to_string())
    }

    /// Whether trying again would not help.
    fn is_final(&self) -> bool {
        matches!(self, Self::Fetch(FetchError::Unfit(_)) | Self::Run(RunError::Refused(_)))
    }
}

impl<C: ChainClient> Hands<C> {
    /// Does what a seat asks for; gives what came of it.
    pub async fn perform(
        self: Arc<Self>,
        place: &Place,
        action: Action,
        cancel: &CancellationToken,
    ) -> Option<Event> {
        let (job, seat) = (place.job(), place.index());
        tracing::debug!(job, seat, ?action, "begins");
        let otherwise = failed(action)?;
        let done = match action {
            Action::Fetch => self.fetch_in_turn(place, cancel).await.map(|()| Event::Fetched),
            Action::Run => self.run(place, cancel).await.map(Event::Sealed),
            Action::Open { leaves } => {
                self.open(place, &leaves, cancel).await.map(|()| Event::Opened { leaves })
            }
            Action::Commit(digest) => self.commit(place, digest).await,
            Action::Reveal { leaves } => self.reveal(place, leaves).await,
            Action::Decline => {
                let call = send::decline(place);
                Ok(send::send(&self.submitter, &self.metrics, place, Call::Decline, call).await)
            }
            Action::Publish => self.publish(place).await.map(|()| Event::Published),
            Action::Stop | Action::Clean { .. } => return None,
        };
        Some(done.unwrap_or_else(|error| match error {
            Failed::Cancelled | Failed::Run(RunError::Cancelled) => otherwise,
            error => {
                tracing::warn!(job, seat, ?action, %error, "failed");
                if error.is_final() && matches!(action, Action::Fetch | Action::Run) {
                    Event::Unfit
                } else {
                    otherwise
                }
            }
        }))
    }

    /// Uses the database beside other tasks: a write waits for the disk.
    pub async fn stored<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let hands = Arc::clone(self);
        match spawn_blocking(move || work(&hands.store)).await {
            Ok(result) => result,
            Err(panicked) => resume_unwind(panicked.into_panic()),
        }
    }

    /// What is stored of a seat's commitment.
    pub async fn permit(self: &Arc<Self>, place: &Place) -> Result<Option<Permit>, StoreError> {
        let key = place.record.key;
        self.stored(move |store| store.sealed(&key)).await
    }

    /// Fetches when there is a place for that: seats that wait need no disk.
    async fn fetch_in_turn(
        self: &Arc<Self>,
        place: &Place,
        cancel: &CancellationToken,
    ) -> Result<(), Failed> {
        let slot = cancel.run_until_cancelled(self.fetches.acquire()).await.ok_or(Failed::Cancelled)?;
        let _slot = slot.map_err(Failed::other)?;
        self.fetch(place, cancel).await
    }

    async fn fetch(self: &Arc<Self>, place: &Place, cancel: &CancellationToken) -> Result<(), Failed> {
        cancel.run_until_cancelled(self.fetch_both(place)).await.ok_or(Failed::Cancelled)?
    }

    async fn fetch_both(self: &Arc<Self>, place: &Place) -> Result<(), Failed> {
        let at = self.chain.tip().await?.best.hash;
        let mut urls = self.chain.sources(at, place.job()).await?;
        urls.extend(self.peers.iter().cloned());
        let sources = Sources {
            fetcher: &self.fetcher,
            store: &self.blobs,
            urls: &urls,
            most: self.limits.disk,
            progress: &self.metrics,
            keeper: Shelf { hands: Arc::clone(self), seat: place.id() },
        };
        let spec = &place.record.spec;
        sources.package(Part::Program, spec, &place.program()).await?;
        sources.package(Part::Input, spec, &place.input()).await?;
        Ok(())
    }

    async fn run(self: &Arc<Self>, place: &Place, cancel: &CancellationToken) -> Result<Seal, Failed> {
        let slot = cancel.run_until_cancelled(self.slots.acquire()).await.ok_or(Failed::Cancelled)?;
        let _slot = slot.map_err(Failed::other)?;
        if let Some(permit) = self.permit(place).await? {
            return Ok(seal(&permit));
        }
        let report = self.run_task(self.task(place, place.work(), None), cancel).await?;
        Ok(seal(&self.seal(place, &report).await?))
    }

    /// Runs a job again to show leaves of its trace. What it gives must be what was committed to.
    async fn open(
        self: &Arc<Self>,
        place: &Place,
        leaves: &Digest,
        cancel: &CancellationToken,
    ) -> Result<(), Failed> {
        let permit = self.permit(place).await?.ok_or_else(|| Failed::other("nothing is sealed"))?;
        if let Err(error) = self.fetch(place, cancel).await {
            // A blob server that is gone must not cost the bond: what the first run was given is still there, as a rule.
            if matches!(error, Failed::Cancelled) || !place.is_fetched() {
                return Err(error);
            }
            tracing::warn!(job = place.job(), %error, "opened with what was fetched before");
        }
        let slot = cancel.run_until_cancelled(self.openings.acquire()).await.ok_or(Failed::Cancelled)?;
        let _slot = slot.map_err(Failed::other)?;
        let drawn = Drawn { seed: *leaves, seat: place.index(), count: permit.sealed().leaves };
        let report = self.run_task(self.task(place, place.opening(leaves), Some(drawn)), cancel).await?;
        if unsalted(&report).claim != permit.sealed().claim {
            return Err(Failed::other(
                "this run gave another result than the one before: check the hardware",
            ));
        }
        Ok(())
    }

    fn task(&self, place: &Place, work: PathBuf, leaves: Option<Drawn>) -> Task {
        let spec = &place.record.spec;
        let WorkerConfig { threads, backend, device, .. } = self.limits;
        Task {
            program: place.program(),
            input: place.input(),
            seed: spec.seed.to_vec(),
            units: spec.units,
            output_bytes: spec.output_bytes,
            work,
            leaves,
            backend,
            device,
            threads,
            limits: self.limits.job_limits(spec.machine),
        }
    }

    async fn run_task(&self, task: Task, cancel: &CancellationToken) -> Result<Report, Failed> {
        fs::create_dir_all(&task.work).await.map_err(Failed::other)?;
        let started = Instant::now();
        let ended = runner::run_by(&self.program, &task, cancel).await;
        let result = match &ended {
            Ok(Report::Computed { .. }) => "computed",
            Ok(Report::Misdeclared { .. }) => "misdeclared",
            Err(RunError::Refused(_)) => "refused",
            Err(RunError::Cancelled) => "cancelled",
            Err(_) => "failed",
        };
        self.metrics.ran(result, started.elapsed().as_secs_f64());
        Ok(ended?)
    }

    /// Seals a claim with a salt that nobody can guess: stored, with the commitment, before anything is signed.
    async fn seal(self: &Arc<Self>, place: &Place, report: &Report) -> Result<Permit, Failed> {
        let key = place.record.key;
        let owner = AccountId::from(place.record.owner);
        let mut sealed = unsalted(report);
        sealed.salt = self.salts.salt(&key, &owner, &sealed.claim);
        let genesis: Digest = self.chain.genesis().into();
        let Sealed { claim, salt, .. } = &sealed;
        let digest = commitment(&genesis, key.job, &key.spec, key.attempt, &owner, claim, salt);
        Ok(self.stored(move |store| store.guard(&key, digest, &sealed)).await?)
    }

    async fn commit(self: &Arc<Self>, place: &Place, digest: Digest) -> Result<Event, Failed> {
        let permit = self.permit(place).await?.filter(|permit| *permit.commitment() == digest);
        let permit = permit.ok_or_else(|| Failed::other("no such commitment is stored"))?;
        let call = send::commit(place, &permit);
        Ok(send::send(&self.submitter, &self.metrics, place, Call::Commit, call).await)
    }

    async fn reveal(self: &Arc<Self>, place: &Place, leaves: Option<Digest>) -> Result<Event, Failed> {
        let permit = self.permit(place).await?.ok_or_else(|| Failed::other("nothing is sealed"))?;
        let output = match permit.sealed().claim {
            Claim::Computed { result, .. } => files::read_inline(&place.work(), &result),
            Claim::Misdeclared { .. } => None,
        };
        let opening = match leaves {
            Some(seed) => Some(files::read_opening(&place.opening(&seed)).map_err(Failed::other)?),
            None => None,
        };
        let call = send::reveal(place, &permit, output, opening);
        Ok(send::send(&self.submitter, &self.metrics, place, Call::Reveal, call).await)
    }

    /// Puts the result where everybody can fetch it, for the retention time or until it makes room for newer ones.
    async fn publish(self: &Arc<Self>, place: &Place) -> Result<(), Failed> {
        let permit = self.permit(place).await?.ok_or_else(|| Failed::other("nothing is sealed"))?;
        let Claim::Computed { result, .. } = permit.sealed().claim else { return Ok(()) };
        let (path, file) = (files::result(&place.work()), permit.sealed().file);
        let bytes = fs::metadata(&path).await.map_err(Failed::other)?.len();
        let mut results = self.results.lock().await;
        for old in results.claim(result, bytes).map_err(Failed::other)? {
            tracing::warn!(root = %hex::encode(old), "a result makes room before its time: see worker.results");
            self.remove_kept(Kept::Result(old)).await;
        }
        // On the list first: what is there must not stay for ever.
        let until = self.keep_until();
        self.stored(move |store| store.keep(&Kept::Result(result), until)).await?;
        self.blobs.put_result_file(&result, &path, &file).await.map_err(Failed::other)?;
        self.metrics.published();
        tracing::info!(job = place.job(), root = %hex::encode(result), "result published");
        Ok(())
    }

    /// Forgets a seat, and gives its disk space back.
    pub async fn clean(self: &Arc<Self>, place: &Place, ended: bool) {
        let (job, seat) = (place.job(), place.index());
        remove(place.directory()).await;
        self.cache.release(&place.id());
        let key = place.record.key;
        let until = ended.then(|| unix_time().saturating_add(self.limits.keep.max(SEALS_KEPT).as_secs()));
        match self.stored(move |store| store.leave(&key, until)).await {
            Ok(()) => tracing::info!(job, seat, ended, "seat left"),
            Err(error) => tracing::error!(job, seat, %error, "the seat can't be forgotten"),
        }
    }

    /// Removes what has been kept for long enough.
    pub async fn expire(self: &Arc<Self>) {
        let now = unix_time();
        let expired = match self.stored(move |store| store.expired(now)).await {
            Ok(expired) => expired,
            Err(error) => return tracing::error!(%error, "what is kept can't be listed"),
        };
        for what in expired {
            match what {
                Kept::Blob(blake3) if !self.cache.forget(&blake3) => (),
                Kept::Result(root) => self.expire_result(root).await,
                what => self.remove_kept(what).await,
            }
        }
    }

    /// Removes a result, or leaves that for the next time: the worker does not wait for one that is published.
    async fn expire_result(self: &Arc<Self>, root: Digest) {
        if let Ok(mut results) = self.results.try_lock() {
            results.forget(&root);
            self.remove_kept(Kept::Result(root)).await;
        }
    }

    /// Removes something, then takes it off the list.
    async fn remove_kept(self: &Arc<Self>, what: Kept) {
        let removed = match what {
            Kept::Result(root) => self.blobs.remove_result(&root).await,
            Kept::Blob(blake3) => self.blobs.remove(&blake3).await,
            Kept::Seal(_) => Ok(()),
        };
        if let Err(error) = removed {
            return tracing::warn!(?what, %error, "expired content can't be removed");
        }
        let released = self.stored(move |store| match what {
            Kept::Seal(key) => store.forget(&key),
            what => store.release(&what),
        });
        if let Err(error) = released.await {
            tracing::error!(?what, %error, "the list of what is kept can't be written");
        }
    }

    /// Removes files of jobs that no seat is stored for: of those left while their processes were ending.
    pub async fn sweep(&self, places: &[Place]) -> std::io::Result<()> {
        fs::create_dir_all(&self.jobs).await?;
        let mut entries = fs::read_dir(&self.jobs).await?;
        while let Some(entry) = entries.next_entry().await? {
            let path = entry.path();
            if places.iter().all(|place| place.directory() != path) {
                remove(&path).await;
            }
        }
        Ok(())
    }

    fn keep_until(&self) -> u64 {
        unix_time().saturating_add(self.limits.keep.as_secs())
    }
}

/// Notes what is fetched for a seat.
struct Shelf<C> {
    hands: Arc<Hands<C>>,
    seat: Id,
}

impl<C: ChainClient> Keeper for Shelf<C> {
    /// On the list before it is fetched, and for longer when it is used again; what was used least lately makes room.
    /// What others have put into the store is not the worker's to remove.
    async fn keep(&self, blob: &BlobRef, is_new: bool) -> Result<(), FetchError> {
        let Self { hands, seat } = self;
        let (what, until) = (Kept::Blob(blob.blake3), hands.keep_until());
        let is_ours = is_new || hands.stored(move |store| store.keeps(&what)).await?;
        for old in hands.cache.claim(blob, is_ours, *seat)? {
            hands.remove_kept(Kept::Blob(old)).await;
        }
        if is_ours {
            hands.stored(move |store| store.keep(&what, until)).await?;
        }
        Ok(())
    }
}

/// What opens the commitment to a report, but for the salt.
fn unsalted(report: &Report) -> Sealed {
    let salt = Digest::default();
    match *report {
        Report::Computed { result, trace, leaves, file } => {
            Sealed { salt, claim: Claim::Computed { result, trace }, leaves, file }
        }
        Report::Misdeclared { units } => {
            Sealed { salt, claim: Claim::Misdeclared { units }, leaves: 0, file: Digest::default() }
        }
    }
}

/// What the state machine knows of what is stored.
pub fn seal(permit: &Permit) -> Seal {
    let computed = matches!(permit.sealed().claim, Claim::Computed { .. });
    Seal { commitment: *permit.commitment(), computed }
}

async fn remove(path: &std::path::Path) {
    match fs::remove_dir_all(path).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!(path = %path.display(), %error, "files can't be removed");
        }
        _ => (),
    }
}

fn unix_time() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
