//! Many jobs, and workers that are killed and lie meanwhile.

use crate::harness::{
    figures::Figures,
    network::{Variables, NAMES},
    Network, Start,
};
use assay_chain::{
    bonds::FaultKind,
    market::{JobId, Outcome},
    AccountId, Balance, ChainClient,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

const JOBS: u64 = 200;
const WORKERS: usize = 6;
/// A fault comes with every tenth job.
const JOBS_PER_FAULT: u64 = 10;
/// These faults are a worker that lies from then on; in all others one is killed and comes back.
const LIES: [u64; 2] = [5, 15];
/// The longest that a worker stays away, in milliseconds: a seat has 20 blocks to commit.
const MOST_AWAY: u64 = 8_000;
/// For how long a job may be refused while too few providers are in play, or be open after the last one is posted.
const PATIENCE: Duration = Duration::from_secs(600);
const PAUSE: Duration = Duration::from_secs(1);
/// Nothing is done to its worker, so that what that takes is seen from the first job to the last.
const STEADY: &str = NAMES[0];
/// What is kept is removed when it is not needed any more, not a week later: so what stays behind is a leak.
const KEEP_NOTHING: Variables = &[("ASSAY_WORKER_KEEP_HOURS", "0")];
/// What a worker may take more of memory after another hundred jobs, in KiB.
const GROWTH_KIB: u64 = 32 << 10;
/// The same of the node, whose caches may still grow.
const NODE_GROWTH_KIB: u64 = 256 << 10;
/// The most that may be left of what was fetched and published: parts that a killed worker has not completed. All that a
/// worker publishes in this story is several times as much.
const BLOB_BYTES: u64 = 4 << 20;
/// The most that a database of so few open seats may take.
const DATABASE_BYTES: u64 = 16 << 20;

/// Whom something was done to.
#[derive(Default)]
struct Faults {
    killed: BTreeSet<&'static str>,
    liars: BTreeSet<&'static str>,
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_jobs_among_faults_all_end_and_workers_leak_nothing() {
    let started = Instant::now();
    let mut network = Network::start_with(WORKERS, KEEP_NOTHING).await;
    let on_hold = held(&network, &network.requester.account).await;
    let (mut jobs, mut faults, mut halfway) = (Vec::new(), Faults::default(), Taken::default());
    for number in 1..=JOBS {
        jobs.push(post(&network).await);
        if number.is_multiple_of(JOBS_PER_FAULT) {
            faults.inject(&mut network, number / JOBS_PER_FAULT).await;
        }
        if number == JOBS / 2 {
            halfway = Taken::now(&network, "halfway");
        }
    }
    all_end(&network, &jobs).await;
    println!("{JOBS} jobs ended in {} s", started.elapsed().as_secs());
    check_money(&network, &faults).await;
    check_collateral(&network).await;
    let left = held(&network, &network.requester.account).await;
    assert_eq!(left, on_hold, "nothing stays on hold for jobs that have ended");
    check_machines(&network, &halfway).await;
}

/// Posts a job, again and again while too few providers are in play.
async fn post(network: &Network) -> JobId {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match network.try_post("model", "text", &[]) {
            Ok(job) => return job,
            Err(line) => {
                assert!(line.contains("TooFewProviders") && Instant::now() < deadline, "{line}");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Waits for the end of all jobs. The receipts of the first may be pruned by then.
async fn all_end(network: &Network, jobs: &[JobId]) {
    let deadline = Instant::now() + PATIENCE;
    for job in jobs {
        while network.is_open(*job).await {
            assert!(Instant::now() < deadline, "job {job} does not end");
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl Faults {
    /// Does something to one of the honest workers, which and for how long by a hash: the same each time.
    async fn inject(&mut self, network: &mut Network, number: u64) {
        let chance = blake3::hash(&number.to_le_bytes());
        let [pick, away, ..] = *chance.as_bytes();
        let spared: Vec<_> = self.liars.iter().copied().chain([STEADY]).collect();
        let honest = network.all_but(&spared);
        let name = honest[usize::from(pick) % honest.len()];
        network.kill(name);
        if LIES.contains(&number) {
            println!("fault {number}: {name} lies from now on");
            network.start_worker(name, Start::Lying);
            self.liars.insert(name);
            // It will be in jail for longer than this takes; there is one that can take its place.
            if self.liars.len() == 1 {
                network.hire(&NAMES[WORKERS..]).await;
            }
            return;
        }
        let away = Duration::from_millis(u64::from(away) * MOST_AWAY / 255);
        println!("fault {number}: {name} is killed, and away for {away:?}");
        tokio::time::sleep(away).await;
        network.start_worker(name, Start::Honest);
        self.killed.insert(name);
    }
}

/// What an account has on hold, in planck.
async fn held(network: &Network, account: &AccountId) -> Balance {
    let last = network.chain.tip().await.expect("the node answers").finalized.hash;
    network.chain.account(last, account).await.expect("the node answers").on_hold
}

/// Every job is settled or refunded. Only a liar loses for a wrong result or a reveal that can't be made, and only who was
/// away for a no-show.
async fn check_money(network: &Network, faults: &Faults) {
    let audit = network.audit().await;
    let mut outcomes = BTreeMap::new();
    for (job, ended) in &audit.ended {
        let receipt = &ended.receipt;
        let is_settled = matches!(receipt.outcome, Outcome::Agreed | Outcome::Decided);
        assert!(is_settled || receipt.refunded > 0, "job {job} is neither settled nor refunded: {receipt:?}");
        *outcomes.entry(format!("{:?}", receipt.outcome)).or_insert(0_u64) += 1;
    }
    println!("ended: {outcomes:?}; slashed: {:?}", audit.faults);
    assert_eq!(outcomes.values().sum::<u64>(), JOBS);
    let settled = [Outcome::Agreed, Outcome::Decided].map(|outcome| outcomes.get(&format!("{outcome:?}")));
    let settled: u64 = settled.into_iter().flatten().sum();
    assert!(settled * 10 >= JOBS * 9, "nine of ten jobs have a result whatever happens: {outcomes:?}");
    for fault in &audit.faults {
        let (_, name, kind) = fault;
        let deserved = match kind {
            FaultKind::NoShow => faults.killed.contains(name) || faults.liars.contains(name),
            _ => faults.liars.contains(name),
        };
        assert!(deserved, "{fault:?}");
    }
    for liar in &faults.liars {
        assert!(audit.faults.iter().any(|(_, name, _)| name == liar), "{liar} is not found out");
    }
}

/// No collateral stays locked for seats of jobs that have ended.
async fn check_collateral(network: &Network) {
    let last = network.chain.tip().await.expect("the node answers").finalized.hash;
    for (name, provider) in network.providers() {
        let ledger = network.chain.ledger(last, &provider.owner.account).await.expect("the node answers");
        assert_eq!(ledger.expect("it has bonded").locked, 0, "collateral of {name} stays locked");
    }
}

/// Waits until workers have cleaned up, and looks at what is left.
async fn check_machines(network: &Network, halfway: &Taken) {
    let deadline = Instant::now() + PATIENCE;
    let is_left = |name| network.figures(name).is_some_and(|now| now.jobs > 0 || now.blobs >= BLOB_BYTES);
    while network.providers().any(|(name, _)| is_left(name)) {
        assert!(Instant::now() < deadline, "files are left: {:?}", Taken::now(network, "in the end"));
        tokio::time::sleep(PAUSE).await;
    }
    let now = Taken::now(network, "in the end");
    for (name, figures) in &now.workers {
        assert!(figures.database < DATABASE_BYTES, "{name}: {figures}");
    }
    let [before, after] = [halfway, &now].map(|taken| taken.workers[STEADY]);
    assert_eq!(after.process, before.process, "{STEADY} was to be left alone");
    assert!(after.memory < before.memory + GROWTH_KIB, "{STEADY}: {before}, then {after}");
    assert!(now.node < halfway.node + NODE_GROWTH_KIB, "the node: {}, then {} KiB", halfway.node, now.node);
}

/// What is taken of the machine at a time.
#[derive(Debug, Default)]
struct Taken {
    workers: BTreeMap<&'static str, Figures>,
    /// KiB of the node's memory.
    node: u64,
}

impl Taken {
    /// Looks, and prints it.
    fn now(network: &Network, when: &str) -> Self {
        let running = network.providers().filter_map(|(name, _)| Some((name, network.figures(name)?)));
        let taken = Self { workers: running.collect(), node: network.node_memory() };
        taken.workers.iter().for_each(|(name, figures)| println!("{when}: {name:8} {figures}"));
        println!("{when}: the node {} KiB of memory", taken.node);
        taken
    }
}
