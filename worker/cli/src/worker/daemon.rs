//! Follows a provider's seats, and has done for each what its state machine asks for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use assay_chain::market::Assignment;
use assay_chain::{AccountId, BlockId, ChainClient, ChainError, Hash, Tip, Wait};
use assay_core::{Action, Event, Now, Seat, Standing};
use assay_store::{Record, StoreError};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use super::hands::{seal, Hands};
use super::place::{id, Id, Place};
use super::status::{SeatStatus, Status};
use super::tasks::Tasks;
use super::{send, view};

/// How often the worker shows that it is alive.
const PULSE: Duration = Duration::from_secs(5);
/// Every so many pulses what has been kept for long enough is removed.
const PULSES_TO_EXPIRE: u32 = 12;
/// Without a new block for so long the worker does not follow the chain.
const SILENCE: Duration = Duration::from_secs(60);
/// Blocks between two signs of life after a no-show.
const BLOCKS_TO_HEARTBEAT: u32 = 10;

/// Why a block was not acted on.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The node.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The node has less of the chain than was acted on before.
    #[error(
        "the node is behind: block {theirs} is final there, {ours} was acted on: wait, or name another node"
    )]
    Behind {
        /// The last final block of the node.
        theirs: u32,
        /// The last one that was acted on.
        ours: u32,
    },
    /// The node has another final chain than the one that was acted on.
    #[error(
        "the node's final chain has not the block {0} that was acted on: name a node of the right chain"
    )]
    Forked(u32),
}

impl Trouble {
    /// Whether another node may tell something else.
    fn is_of_node(&self) -> bool {
        matches!(self, Self::Behind { .. } | Self::Forked(_))
    }
}

/// A seat that is worked for.
struct Active {
    seat: Seat,
    place: Arc<Place>,
    /// Of the fetch or the run that goes on.
    cancel: CancellationToken,
}

/// A worker at work.
pub struct Daemon<C> {
    hands: Arc<Hands<C>>,
    account: AccountId,
    seats: BTreeMap<Id, Active>,
    /// What goes on; it ends with the worker.
    tasks: Tasks,
    status: watch::Sender<Status>,
    trouble: Option<String>,
    ready: bool,
    /// When a block came last.
    heard: Instant,
    draining: bool,
    best: u32,
    last_final: Option<(u32, [u8; 32])>,
    heartbeat: Option<(u32, AbortHandle)>,
    pulses: u32,
}

impl<C: ChainClient> Daemon<C> {
    /// A worker that goes on with the seats that are stored.
    ///
    /// # Errors
    ///
    /// The database can't be read.
    pub async fn new(hands: Arc<Hands<C>>, status: watch::Sender<Status>) -> Result<Self, StoreError> {
        let (records, last_final) = hands.stored(|store| Ok((store.taken()?, store.last_final()?))).await?;
        let mut daemon = Self {
            account: hands.submitter.account(),
            hands,
            seats: BTreeMap::new(),
            tasks: Tasks::default(),
            status,
            trouble: None,
            ready: false,
            heard: Instant::now(),
            draining: false,
            best: 0,
            last_final,
            heartbeat: None,
            pulses: 0,
        };
        for record in records {
            daemon.resume(record, true).await?;
        }
        let places: Vec<Place> = daemon.seats.values().map(|active| Place::clone(&active.place)).collect();
        if let Err(error) = daemon.hands.sweep(&places).await {
            tracing::warn!(%error, "old files of jobs can't be removed");
        }
        Ok(daemon)
    }

    /// Works until it has drained, or is stopped.
    ///
    /// # Errors
    ///
    /// The chain can't be followed any more.
    pub async fn run(mut self, drain: CancellationToken, stop: CancellationToken) -> Result<(), ChainError> {
        let mut tips = self.hands.chain.tips().await?;
        let mut pulse = tokio::time::interval(PULSE);
        while !self.draining || self.seats.values().any(|active| active.seat.has_work()) {
            tokio::select! {
                () = stop.cancelled() => break,
                () = drain.cancelled(), if !self.draining => {
                    tracing::info!(seats = self.seats.len(), "draining: new seats are given back");
                    self.draining = true;
                }
                tip = tips.next() => match tip {
                    Some(tip) => self.follow(tip).await,
                    None => return Err(ChainError::Timeout),
                },
                Some((id, event)) = self.tasks.next() => self.tell(id, event).await,
                _ = pulse.tick() => self.pulse().await,
            }
            self.show();
        }
        self.tasks.shutdown().await;
        tracing::info!(seats = self.seats.len(), "worker ends");
        Ok(())
    }

    async fn follow(&mut self, tip: Tip) {
        self.heard = Instant::now();
        match self.look(tip).await {
            Ok(()) => (self.ready, self.trouble) = (true, None),
            Err(error) => {
                if error.is_of_node() {
                    self.hands.chain.leave_node();
                }
                tracing::warn!(%error, block = tip.best.number, "the block was not acted on");
                (self.ready, self.trouble) = (false, Some(error.to_string()));
            }
        }
    }

    /// Acts on the best block and on what has become final.
    async fn look(&mut self, tip: Tip) -> Result<(), Trouble> {
        let last = tip.finalized;
        self.check_final(last).await?;
        let chain = &self.hands.chain;
        let assignments = chain.seats(tip.best.hash, &self.account).await?;
        let clock = chain.market_block(tip.best.hash).await?;
        for assignment in &assignments {
            self.take(assignment).await?;
        }
        self.best = tip.best.number;
        let now = Now { block: tip.best.number, clock };
        for (id, standing) in self.survey(tip.best.hash, &assignments).await? {
            self.tell(id, Event::Best { now, standing }).await;
        }
        if self.last_final != Some((last.number, last.hash.0)) {
            self.look_at_final(last).await?;
        }
        self.give_sign_of_life(tip.best).await?;
        Ok(())
    }

    /// Whether what is final there goes on from what was acted on.
    async fn check_final(&self, last: BlockId) -> Result<(), Trouble> {
        let Some((ours, hash)) = self.last_final else { return Ok(()) };
        let theirs = match last.number {
            theirs if theirs < ours => return Err(Trouble::Behind { theirs, ours }),
            theirs if theirs == ours => Some(last.hash),
            // Below its final block its best chain is its final one.
            _ => self.hands.chain.block_hash(ours).await?,
        };
        match theirs {
            Some(theirs) if theirs.0 == hash => Ok(()),
            _ => Err(Trouble::Forked(ours)),
        }
    }

    async fn look_at_final(&mut self, last: BlockId) -> Result<(), Trouble> {
        let assignments = self.hands.chain.seats(last.hash, &self.account).await?;
        for (id, standing) in self.survey(last.hash, &assignments).await? {
            self.tell(id, Event::Final { standing }).await;
        }
        // Only now: after a crash before this the same block is acted on again, which changes nothing.
        let (number, hash) = (last.number, last.hash.0);
        if let Err(error) = self.hands.stored(move |store| store.set_last_final(number, &hash)).await {
            // Reveals go on: after a restart final blocks are acted on again from the one that was noted last.
            tracing::error!(%error, number, "the final block can't be noted");
        }
        self.last_final = Some((number, hash));
        Ok(())
    }

    /// Where each seat stands in a block.
    async fn survey(&self, at: Hash, assignments: &[Assignment]) -> Result<Vec<(Id, Standing)>, Trouble> {
        let mut standings = Vec::new();
        for (id, active) in &self.seats {
            let listed = assignments.iter().find(|assignment| self::id(&Place::record(assignment)) == *id);
            let standing = match listed {
                Some(assignment) => view::seated(assignment),
                None => {
                    let job = self.hands.chain.job(at, active.place.job()).await?;
                    let permit = self.hands.permit(&active.place).await?;
                    let claim = permit.as_ref().map(|permit| &permit.sealed().claim);
                    view::unlisted(job.as_ref(), &active.place.record, claim)
                }
            };
            standings.push((*id, standing));
        }
        Ok(standings)
    }

    /// Takes a seat on, if it is new.
    async fn take(&mut self, assignment: &Assignment) -> Result<(), StoreError> {
        let record = Place::record(assignment);
        if self.seats.contains_key(&id(&record)) {
            return Ok(());
        }
        let noted = self.hands.stored(move |store| store.take(&record)).await;
        if let Err(error) = &noted {
            tracing::error!(%error, job = assignment.seat.job, "the seat can't be noted, and is given back");
        }
        let (job, seat) = (assignment.seat.job, assignment.seat.index);
        tracing::info!(job, seat, units = record.spec.units, "seat taken");
        self.resume(record, noted.is_ok()).await
    }

    /// Goes on with a seat. Where nothing can be stored, nothing new can be sealed.
    async fn resume(&mut self, record: Record, is_stored: bool) -> Result<(), StoreError> {
        let place = Arc::new(Place::new(record, &self.hands.jobs));
        let seat = match self.hands.permit(&place).await? {
            Some(permit) => Seat::resumed(seal(&permit)),
            None if self.draining || !is_stored => Seat::unwanted(),
            None => Seat::new(),
        };
        self.seats.insert(place.id(), Active { seat, place, cancel: CancellationToken::new() });
        Ok(())
    }

    /// Tells a seat what happened, and begins what it asks for.
    async fn tell(&mut self, id: Id, event: Event) {
        let Some(active) = self.seats.get_mut(&id) else { return };
        for action in active.seat.step(event) {
            match action {
                Action::Stop => active.cancel.cancel(),
                Action::Clean { ended } => {
                    active.cancel.cancel();
                    self.tasks.forget(&id);
                    self.hands.clean(&active.place, ended).await;
                    self.seats.remove(&id);
                    return;
                }
                task => begin(&self.hands, active, task, &mut self.tasks),
            }
        }
    }

    /// After a missed commit a provider is not drawn until it has given a sign of life.
    async fn give_sign_of_life(&mut self, best: BlockId) -> Result<(), ChainError> {
        let recent = self.heartbeat.as_ref().is_some_and(|(block, task)| {
            !task.is_finished() || best.number < block.saturating_add(BLOCKS_TO_HEARTBEAT)
        });
        if recent || self.draining {
            return Ok(());
        }
        let chain = &self.hands.chain;
        let owner = chain.owner_of(best.hash, &self.account).await?.unwrap_or_else(|| self.account.clone());
        let provider = chain.provider(best.hash, &owner).await?;
        if provider.is_some_and(|provider| provider.silent && provider.pending.is_none()) {
            let hands = Arc::clone(&self.hands);
            let task = self.tasks.spawn_aside(async move {
                let sent = hands.submitter.send(send::heartbeat(owner), Wait::Best).await;
                hands.metrics.sent("heartbeat", sent.is_ok());
                match sent {
                    Ok(_) => tracing::info!("sign of life given after a no-show"),
                    Err(error) => tracing::warn!(%error, "no sign of life could be given"),
                }
            });
            self.heartbeat = Some((best.number, task));
        }
        Ok(())
    }

    async fn pulse(&mut self) {
        if self.ready && self.heard.elapsed() > SILENCE {
            tracing::warn!("no block has come for {SILENCE:?}");
            let trouble = format!("no block has come for {SILENCE:?}: check the nodes, or name others");
            (self.ready, self.trouble) = (false, Some(trouble));
        }
        self.pulses = self.pulses.wrapping_add(1);
        if self.pulses.is_multiple_of(PULSES_TO_EXPIRE) {
            self.hands.expire().await;
        }
    }

    /// Shows where the worker is.
    fn show(&self) {
        let seats = self.seats.values().map(|active| SeatStatus {
            job: active.place.job(),
            seat: active.place.index(),
            progress: active.seat.progress().name().into(),
            units: active.place.record.spec.units,
        });
        let status = Status {
            account: self.account.to_string(),
            ready: self.ready,
            trouble: self.trouble.clone(),
            draining: self.draining,
            best: self.best,
            last_final: self.last_final.map_or(0, |(number, _)| number),
            seats: seats.collect(),
            pulse: Some(Instant::now()),
        };
        self.hands.metrics.show(&status);
        self.status.send_replace(status);
    }
}

/// Begins a task of a seat. Of fetch, run and opening one goes on at a time.
fn begin<C: ChainClient>(hands: &Arc<Hands<C>>, active: &mut Active, action: Action, tasks: &mut Tasks) {
    if matches!(action, Action::Fetch | Action::Run | Action::Open { .. }) {
        active.cancel.cancel();
        active.cancel = CancellationToken::new();
    }
    let (hands, place, cancel) = (Arc::clone(hands), Arc::clone(&active.place), active.cancel.clone());
    tasks.spawn(place.id(), action, async move { hands.perform(&place, action, &cancel).await });
}
