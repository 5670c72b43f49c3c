//! Many jobs, and workers that are killed and lie meanwhile.

use crate::harness::{figures::Figures, network::NAMES, Network, Start};
use assay_chain::{
    bonds::FaultKind,
    market::{JobId, Outcome},
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
/// What a worker may take more of memory after another hundred jobs, in KiB.
const GROWTH_KIB: u64 = 32 << 10;
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
    let mut network = Network::start(WORKERS).await;
    let (mut jobs, mut faults, mut halfway) = (Vec::new(), Faults::default(), BTreeMap::new());
    for number in 1..=JOBS {
        jobs.push(post(&network).await);
        if number.is_multiple_of(JOBS_PER_FAULT) {
            faults.inject(&mut network, number / JOBS_PER_FAULT).await;
        }
        if number == JOBS / 2 {
            halfway = figures(&network, "halfway");
        }
    }
    all_end(&network, &jobs).await;
    println!("{JOBS} jobs ended in {} s", started.elapsed().as_secs());
    check_money(&network, &faults).await;
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
        let liars: Vec<_> = self.liars.iter().copied().collect();
        let honest = network.all_but(&liars);
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

/// Only a liar loses for a wrong result or a reveal that can't be made, and only who was away for a no-show.
async fn check_money(network: &Network, faults: &Faults) {
    let audit = network.audit().await;
    let mut outcomes = BTreeMap::new();
    for ended in audit.ended.values() {
        *outcomes.entry(format!("{:?}", ended.receipt.outcome)).or_insert(0_u64) += 1;
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

/// Waits until workers have cleaned up, and looks at what is left.
async fn check_machines(network: &Network, halfway: &BTreeMap<&'static str, Figures>) {
    let deadline = Instant::now() + PATIENCE;
    while network.providers().any(|(name, _)| network.figures(name).is_some_and(|now| now.jobs > 0)) {
        assert!(Instant::now() < deadline, "files of jobs are left: {:?}", figures(network, "in the end"));
        tokio::time::sleep(PAUSE).await;
    }
    for (name, now) in figures(network, "in the end") {
        assert!(now.database < DATABASE_BYTES, "{name}: {now}");
        let before = halfway.get(name).filter(|before| before.process == now.process);
        if let Some(before) = before {
            assert!(now.memory < before.memory + GROWTH_KIB, "{name}: {before}, then {now}");
        }
    }
}

/// What each worker takes, printed too.
fn figures(network: &Network, when: &str) -> BTreeMap<&'static str, Figures> {
    let running = network.providers().filter_map(|(name, _)| Some((name, network.figures(name)?)));
    let figures: BTreeMap<_, _> = running.collect();
    figures.iter().for_each(|(name, figures)| println!("{when}: {name:8} {figures}"));
    figures
}
