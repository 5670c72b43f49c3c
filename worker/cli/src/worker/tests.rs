//! A worker on a chain that does what a test says. The process of a job is a script that gives back what the job
//! comes to.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use assay_blobs::{FetchRules, Fetcher};
use assay_chain::fake::{FakeChain, World};
use assay_chain::market::{Assignment, Claim, Job, Outcome, Phase, Receipt, Round, Seat, SeatView, Stage};
use assay_chain::{AccountId, ChainClient, Pair, RuntimeCall, Submitter};
use assay_exec::Reference;
use assay_graph::decoder::{Decoder, Recipe};
use assay_graph::job::{self, Input, Kind, Train};
use assay_graph::package::Package;
use assay_graph::program::Program;
use assay_graph::tensor::{Tensor, Tensors};
use assay_primitives::{commitment, BlobRef, JobClass, JobSpec, Machine};
use assay_store::{Kept, Store};
use pallet_assay_verification::Call;
use sp_core::Pair as _;
use sp_runtime::DispatchError;
use tempfile::TempDir;
use tokio::sync::{watch, Mutex, Semaphore};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::cache::{bound, Cache};
use super::daemon::Daemon;
use super::hands::Hands;
use super::metrics::Metrics;
use super::salts::Salts;
use super::start;
use super::status::Status;
use crate::config::WorkerConfig;
use crate::runner::{files, BackendChoice, DeviceChoice, Report};

const JOB: u64 = 7;
const SEAT: u8 = 1;
const COMMIT_BY: u32 = 300;
const REVEAL_UNTIL: u32 = 1_000;
const DECODER: Decoder =
    Decoder { layers: 1, width: 32, heads: 4, kv_heads: 2, hidden: 48, vocabulary: 256, context: 24 };

/// A worker, its chain, and a job that is there to be computed.
struct Scene {
    directory: TempDir,
    chain: FakeChain,
    pair: Pair,
    blobs: assay_blobs::Store,
    spec: JobSpec,
    claim: Claim,
}

/// A worker at work.
struct Running {
    drain: CancellationToken,
    stop: CancellationToken,
    status: watch::Receiver<Status>,
    task: JoinHandle<()>,
}

async fn put(store: &assay_blobs::Store, package: &Package) -> BlobRef {
    for blob in &package.blobs {
        store.put(blob.clone().into()).await.expect("stored");
    }
    store.put(package.manifest.clone().into()).await.expect("stored")
}

fn packages() -> (Package, Package) {
    let recipe = Recipe { every: 2, ..Recipe::new(1, 4, 8, 0.01) };
    let data = Tensors::from([("data".into(), Tensor::u8(&[40], (0..40).collect()))]);
    let input = Input::pack(Kind::Train(Train { from: 0, to: 4 }), &data).expect("an input");
    (DECODER.training(&recipe).expect("a training"), input)
}

/// The script that stands for `assay run-task`.
fn script(directory: &Path, report: &Report) {
    let (path, canned) = (directory.join("run-task"), directory.join("canned"));
    let report = serde_json::to_string(report).expect("JSON");
    let text = format!(
        "#!/bin/sh\nread -r task\nwork=${{task#*'\"work\":\"'}}\nwork=${{work%%'\"'*}}\n/bin/cp {}/* \"$work\"/\n\
         echo '{{\"report\":{report}}}'\n",
        canned.display()
    );
    fs::write(&path, text).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
}

impl Scene {
    async fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let blobs = directory.path().join("blobs");
        let blobs = assay_blobs::Store::open(blobs.to_str().expect("text")).expect("a store");
        let (model, given) = packages();
        let program = Program::load("program", &model).expect("a program");
        let input = Input::load("input", &given).expect("an input");
        let spec = JobSpec {
            class: JobClass::ExactV1,
            program: program.root,
            program_blob: put(&blobs, &model).await,
            input: input.root,
            input_blob: put(&blobs, &given).await,
            output_bytes: 1 << 20,
            seed: [3; 32],
            units: job::units(&program, &input).expect("units"),
            machine: Machine { hardware: 0, memory: 0 },
            price_cap: 1,
            deadline: 100,
            listing: None,
        };
        let outcome = job::run(&program, &input, &spec.seed, &Reference, 1).expect("an outcome");
        fs::create_dir(directory.path().join("canned")).expect("made");
        let file = files::write(&directory.path().join("canned"), &outcome).expect("written");
        let (result, trace) = (outcome.result_root(), outcome.trace.root());
        script(directory.path(), &Report::Computed { result, trace, leaves: outcome.trace.leaves, file });
        let (pair, _) = Pair::generate();
        let claim = Claim::Computed { result, trace };
        Self { directory, chain: FakeChain::new(), pair, blobs, spec, claim }
    }

    fn worker(&self) -> AccountId {
        self.pair.public().into()
    }

    /// Seats on the chain follow from the worker's calls.
    fn obey(&self) {
        let (worker, spec, genesis) = (self.worker(), self.spec.hash(), self.chain.genesis().0);
        self.chain.on_call(move |world, _, call| {
            let RuntimeCall::Verification(call) = call else { panic!("{call:?} is not about a seat") };
            let job = match call {
                Call::commit { job, .. } | Call::reveal { job, .. } | Call::decline { job, .. } => *job,
                other => panic!("{other:?} is no call of a worker"),
            };
            let seats = world.seats.get_mut(&worker).expect("seats");
            let SeatView { seat, phase, .. } =
                &mut seats.iter_mut().find(|listed| listed.seat.job == job).expect("a seat").seat;
            match (call, seat.stage) {
                (Call::commit { commitment, .. }, Stage::Assigned) => {
                    seat.stage = Stage::Committed(*commitment);
                    *phase = Phase::Revealing { until: REVEAL_UNTIL };
                }
                (Call::reveal { claim, salt, .. }, Stage::Committed(sealed)) => {
                    let shown = commitment(&genesis, job, &spec, SEAT.into(), &seat.owner, claim, salt);
                    assert_eq!(shown, sealed, "not what was committed to");
                    seat.stage = Stage::Revealed(*claim);
                }
                (Call::decline { .. }, Stage::Assigned) => seat.stage = Stage::Declined,
                _ => return Err(DispatchError::Other("not now")),
            }
            Ok(Vec::new())
        });
    }

    /// Draws the worker for a job.
    fn assign(&self, job: u64) {
        let seat = Seat {
            owner: AccountId::from([8; 32]),
            slot: 0,
            lock: 0,
            collateral: 10,
            commit_by: COMMIT_BY,
            stage: Stage::Assigned,
        };
        let phase = Phase::Committing(Round::First);
        let seat = SeatView { job, index: SEAT, round: Round::First, seat, phase };
        let assignment = Assignment { seat, spec: self.spec, spec_hash: self.spec.hash(), price: 1 };
        let worker = self.worker();
        self.chain.block(|world| {
            world.seats.entry(worker).or_default().push(assignment);
        });
    }

    /// Ends the job.
    fn end(&self, claim: Claim) {
        let receipt = Receipt {
            requester: AccountId::from([9; 32]),
            spec: self.spec,
            policy: 0,
            outcome: Outcome::Agreed,
            claim: Some(claim),
            output: None,
            price: 1,
            audited: false,
            thin: false,
            paid: 0,
            burnt: 0,
            treasury: 0,
            refunded: 0,
            posted: 0,
            ended: 50,
        };
        self.chain.block(|world| {
            world.seats.clear();
            world.jobs.insert(JOB, Job::Ended(Box::new(receipt)));
        });
    }

    async fn start(&self) -> Running {
        let path = self.directory.path().join("worker.redb");
        // The one before may still be ending.
        let store = loop {
            match Store::open(&path, &self.chain.genesis().0, self.worker().as_ref()) {
                Ok(store) => break store,
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        };
        let results = start::results(limits().results, &store, &self.blobs).await.expect("results");
        let rules = FetchRules { allow_private: false, max_size: 1 << 20, timeout: Duration::from_secs(1) };
        let hands = Hands {
            submitter: Submitter::new(self.chain.clone(), self.pair.clone()),
            salts: Salts::new(&self.pair, self.chain.genesis().into()),
            chain: self.chain.clone(),
            store,
            fetcher: Fetcher::new(self.blobs.clone(), rules),
            blobs: self.blobs.clone(),
            peers: Vec::new(),
            cache: Cache::new(bound(&limits()), &[]),
            results: Mutex::new(results),
            limits: limits(),
            jobs: self.directory.path().join("jobs"),
            program: self.directory.path().join("run-task"),
            slots: Semaphore::new(1),
            fetches: Semaphore::new(2),
            openings: Semaphore::new(1),
            metrics: Metrics::new().expect("metrics"),
        };
        let (drain, stop) = (CancellationToken::new(), CancellationToken::new());
        let (sender, status) = watch::channel(Status::default());
        let daemon = Daemon::new(Arc::new(hands), sender).await.expect("a worker");
        let run = daemon.run(drain.clone(), stop.clone());
        let task = tokio::spawn(async move { run.await.expect("it ends in order") });
        Running { drain, stop, status, task }
    }

    /// Makes blocks, all of them final, until something holds.
    async fn until(&self, what: &str, holds: impl FnMut() -> bool) {
        self.build_until(what, true, holds).await;
    }

    async fn build_until(&self, what: &str, are_final: bool, mut holds: impl FnMut() -> bool) {
        for _ in 0..400 {
            if holds() {
                return;
            }
            let best = self.chain.block(|_| {});
            if are_final {
                self.chain.finalize(best.number);
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("never {what}");
    }

    /// The world of the best block.
    fn best(&self) -> World {
        self.chain.world(self.chain.advance(0).hash)
    }

    /// How far the seat of a job is on the chain.
    fn stage(&self, job: u64) -> Stage {
        let world = self.best();
        let listed = world.seats[&self.worker()].iter().find(|listed| listed.seat.job == job);
        listed.expect("a seat").seat.seat.stage
    }

    /// Whether the result is where others can fetch it.
    fn is_published(&self) -> bool {
        let Claim::Computed { result, .. } = self.claim else { return false };
        let name: String = result.iter().map(|byte| format!("{byte:02x}")).collect();
        self.directory.path().join("blobs/results").join(name).exists()
    }
}

impl Running {
    fn progress(&self) -> Option<String> {
        self.status.borrow().seats.first().map(|seat| seat.progress.clone())
    }

    async fn trouble(&self) -> String {
        for _ in 0..400 {
            if let Some(trouble) = self.status.borrow().trouble.clone() {
                return trouble;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("no trouble")
    }

    async fn stopped(self) {
        self.stop.cancel();
        self.task.await.expect("no panic");
    }
}

pub(super) fn limits() -> WorkerConfig {
    WorkerConfig {
        jobs: 1,
        threads: 1,
        memory: Some(1 << 30),
        seconds: 60,
        disk: 1 << 20,
        results: 1 << 20,
        backend: BackendChoice::Reference,
        device: DeviceChoice::default(),
        metrics: None,
        admin: ([127, 0, 0, 1], 0).into(),
        keep: Duration::from_secs(3_600),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_is_committed_revealed_and_its_result_published_after_the_verdict() {
    let scene = Scene::new().await;
    scene.obey();
    scene.assign(JOB);
    let running = scene.start().await;
    scene.until("revealed", || scene.stage(JOB) == Stage::Revealed(scene.claim)).await;
    assert_eq!(scene.chain.calls().len(), 2);
    scene.until("seen", || running.progress().as_deref() == Some("revealed")).await;
    assert!(!scene.is_published(), "before the verdict");
    scene.end(scene.claim);
    scene.until("published", || scene.is_published()).await;
    scene.until("left", || running.status.borrow().seats.is_empty()).await;
    assert_eq!(fs::read_dir(scene.directory.path().join("jobs")).expect("a directory").count(), 0);
    running.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn results_that_were_published_first_make_room_for_the_next_one() {
    let scene = Scene::new().await;
    let path = scene.directory.path().join("worker.redb");
    let store = Store::open(&path, &scene.chain.genesis().0, scene.worker().as_ref()).expect("a database");
    // Together they are all that is kept: the first of them is enough for the new one.
    let [first, second] = [[1; 32], [2; 32]];
    let sizes = [(first, limits().results - 10, u64::MAX - 1), (second, 10, u64::MAX)];
    for (root, bytes, until) in sizes {
        let bytes = vec![0_u8; usize::try_from(bytes).expect("small")];
        scene.blobs.put_result(&root, bytes.into()).await.expect("stored");
        store.keep(&Kept::Result(root), until).expect("listed");
    }
    drop(store);
    scene.obey();
    scene.assign(JOB);
    let running = scene.start().await;
    scene.until("revealed", || scene.stage(JOB) == Stage::Revealed(scene.claim)).await;
    assert!(scene.blobs.result(&first).await.expect("read").is_some(), "nothing needs its room yet");
    scene.end(scene.claim);
    scene.until("published", || scene.is_published()).await;
    assert_eq!(scene.blobs.result(&first).await.expect("read"), None);
    assert!(scene.blobs.result(&second).await.expect("read").is_some());
    scene.until("left", || running.status.borrow().seats.is_empty()).await;
    running.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_lost_is_never_published() {
    let scene = Scene::new().await;
    scene.obey();
    scene.assign(JOB);
    let running = scene.start().await;
    scene.until("revealed", || scene.stage(JOB) == Stage::Revealed(scene.claim)).await;
    scene.end(Claim::Misdeclared { units: 1 });
    scene.until("left", || running.status.borrow().seats.is_empty()).await;
    assert!(!scene.is_published());
    running.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_starts_again_reveals_what_it_has_committed_to() {
    let scene = Scene::new().await;
    scene.obey();
    scene.assign(JOB);
    let running = scene.start().await;
    scene.until("committed", || matches!(scene.stage(JOB), Stage::Committed(_))).await;
    running.stopped().await;
    let running = scene.start().await;
    scene.until("revealed", || scene.stage(JOB) == Stage::Revealed(scene.claim)).await;
    running.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_has_lost_its_database_reveals_what_it_has_committed_to() {
    let scene = Scene::new().await;
    scene.obey();
    scene.assign(JOB);
    let running = scene.start().await;
    // Without finality there is no reveal yet.
    let committed = || matches!(scene.stage(JOB), Stage::Committed(_));
    scene.build_until("committed", false, committed).await;
    running.stopped().await;
    fs::remove_file(scene.directory.path().join("worker.redb")).expect("removed");
    let running = scene.start().await;
    scene.until("revealed", || scene.stage(JOB) == Stage::Revealed(scene.claim)).await;
    assert_eq!(scene.chain.calls().len(), 2, "one commit and one reveal");
    running.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_a_node_made_up_does_not_cost_the_reveal() {
    let scene = Scene::new().await;
    scene.obey();
    scene.assign(JOB);
    let running = scene.start().await;
    // Without finality there is no reveal yet.
    let committed = || matches!(scene.stage(JOB), Stage::Committed(_));
    scene.build_until("committed", false, committed).await;
    let seats = scene.best().seats;
    scene.end(Claim::Misdeclared { units: 1 });
    scene.until("left", || running.status.borrow().seats.is_empty()).await;
    scene.chain.block(|world| {
        world.seats = seats;
        world.jobs.clear();
    });
    scene.until("revealed", || scene.stage(JOB) == Stage::Revealed(scene.claim)).await;
    running.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_what_the_job_names_is_declined() {
    let mut scene = Scene::new().await;
    scene.spec.program = [0; 32];
    scene.obey();
    scene.assign(JOB);
    let running = scene.start().await;
    scene.until("declined", || scene.stage(JOB) == Stage::Declined).await;
    assert_eq!(scene.chain.calls().len(), 1);
    running.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_whose_input_nobody_has_is_declined_in_time() {
    let scene = Scene::new().await;
    scene.blobs.remove(&scene.spec.input_blob.blake3).await.expect("removed");
    scene.obey();
    scene.assign(JOB);
    let running = scene.start().await;
    scene.until("declined", || scene.stage(JOB) == Stage::Declined).await;
    assert!(scene.best().market_block < COMMIT_BY);
    running.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_drains_ends_its_seats_and_gives_new_ones_back() {
    let scene = Scene::new().await;
    scene.obey();
    scene.assign(JOB);
    let running = scene.start().await;
    scene.until("committed", || scene.stage(JOB) != Stage::Assigned).await;
    running.drain.cancel();
    scene.until("heard", || running.status.borrow().draining).await;
    scene.assign(JOB + 1);
    scene.until("declined", || scene.stage(JOB + 1) == Stage::Declined).await;
    scene.until("revealed", || scene.stage(JOB) == Stage::Revealed(scene.claim)).await;
    assert!(!running.task.is_finished(), "there is a result to publish");
    scene.end(scene.claim);
    scene.until("ended", || running.task.is_finished()).await;
    assert!(scene.is_published());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_has_less_than_was_acted_on_is_not_followed() {
    let scene = Scene::new().await;
    let running = scene.start().await;
    scene.until("ready", || running.status.borrow().last_final > 3).await;
    running.stopped().await;
    // Another node of the chain, at its beginning.
    let behind = Scene { chain: FakeChain::new(), ..scene };
    let running = behind.start().await;
    // No blocks: it must not catch up.
    let trouble = running.trouble().await;
    assert!(trouble.starts_with("the node is behind"), "{trouble}");
    assert!(!running.status.borrow().ready);
    assert!(behind.chain.left() > 0, "another node may do better");
    running.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_with_another_final_chain_is_not_followed_however_high_it_is() {
    let scene = Scene::new().await;
    let running = scene.start().await;
    scene.until("ready", || running.status.borrow().last_final > 3).await;
    running.stopped().await;
    let forked = Scene { chain: FakeChain::new(), ..scene };
    forked.chain.block(|_| {});
    forked.chain.fork(1, |_| {});
    let best = forked.chain.advance(500);
    forked.chain.finalize(best.number);
    let running = forked.start().await;
    let trouble = running.trouble().await;
    assert!(trouble.starts_with("the node's final chain has not the block"), "{trouble}");
    assert!(forked.chain.left() > 0, "another node may do better");
    running.stopped().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_was_changed_on_the_disk_is_not_published() {
    let scene = Scene::new().await;
    scene.obey();
    scene.assign(JOB);
    let running = scene.start().await;
    scene.until("seen", || running.progress().as_deref() == Some("revealed")).await;
    let jobs = fs::read_dir(scene.directory.path().join("jobs")).expect("a directory");
    let job = jobs.last().expect("one job").expect("an entry").path();
    fs::write(files::result(&job.join("work")), "something else").expect("ours");
    scene.end(scene.claim);
    scene.until("left", || running.status.borrow().seats.is_empty()).await;
    assert!(!scene.is_published());
    running.stopped().await;
}
