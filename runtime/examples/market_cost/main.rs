//! Prints, as rows for the benchmark table, what a verified job costs the chain beside a transfer: by the weights that
//! blocks are charged, and by the time that the runtime's WASM takes to execute the same blocks.
//!
//! Each job is audited, so that three seats commit and reveal, and all agree. Many jobs go side by side, each of
//! another requester, among hundreds of providers and as many open jobs. What blocks take that have neither transactions
//! nor draws is not counted. The steps, one by one, go to stderr.

mod chain;
mod cost;
mod crowd;
mod jobs;
#[path = "../../tests/flows/wallet.rs"]
mod wallet;

use assay_runtime::{configs::BlockWeights, token::ASY, RuntimeCall};
use chain::Chain;
use cost::Share;
use crowd::Keys;
use frame_support::dispatch::DispatchClass;
use jobs::{Step, JOBS, SEATS};
use serde_json::json;
use sp_core::sr25519::Pair;
use sp_runtime::MultiAddress;

/// So many that few have two seats in a block.
const PROVIDERS: u32 = 600;
/// Transfers in the block that is measured.
const TRANSFERS: usize = PROVIDERS as usize / 2;
/// How often all of it is measured. The round with the median of the ratios counts: a machine is not equally fast in all.
const ROUNDS: usize = 5;
/// Transactions of each job: a post, and of each seat a commit and a reveal.
const EXTRINSICS: usize = 1 + 2 * SEATS;

/// Transfers between one half of the providers and the other, no account twice.
fn transfers(keys: &Keys) -> Vec<(Pair, RuntimeCall)> {
    let payees = keys.keys().skip(TRANSFERS).cloned();
    let transfer = |(signer, payee): (&Pair, _)| {
        let call = pallet_balances::Call::transfer_keep_alive { dest: MultiAddress::Id(payee), value: ASY };
        (signer.clone(), RuntimeCall::Balances(call))
    };
    keys.values().take(TRANSFERS).zip(payees).map(transfer).collect()
}

/// Whether transactions do it, and not hooks.
fn is_signed(step: Step) -> bool {
    !matches!(step, Step::DrawSeats | Step::DrawAudit | Step::FreeRoom)
}

/// A row where one has to be compared with the other.
fn compare(name: &str, (ours, peer): (f64, f64), goal: f64, unit: &str) {
    let ratio = ours / peer;
    let row = json!({
        "name": name,
        "ours": ours,
        "peer": peer,
        "ratio": ratio,
        "goal": goal,
        "unit": unit,
    });
    println!("{row}");
}

/// A row of a number that has none beside it.
fn count(name: &str, ours: f64, goal: Option<f64>) {
    let row = json!({
        "name": name,
        "ours": ours,
        "peer": null,
        "ratio": null,
        "goal": goal,
        "unit": "keys",
    });
    println!("{row}");
}

/// How many of what takes so many microseconds fit into the time that transactions have in a block.
fn per_block(micros: f64) -> f64 {
    let limits = BlockWeights::get();
    let share = limits.get(DispatchClass::Normal).max_total.unwrap_or(limits.max_block).ref_time();
    share as f64 / 1e6 / micros
}

/// What a transfer takes, and the steps of a job.
struct Round {
    transfer: Share,
    steps: Vec<(Step, Share)>,
}

impl Round {
    /// On a chain of its own.
    fn play() -> Self {
        let mut chain = Chain::new(jobs::genesis());
        let keys = chain.state(|| crowd::fill(PROVIDERS));
        let idle = chain.idle();
        let transfer = Share::of(&[chain.block(&transfers(&keys))], &idle, TRANSFERS);
        let steps = jobs::play(&mut chain, &keys, JOBS);
        let steps = steps.into_iter().map(|(step, blocks)| (step, Share::of(&blocks, &idle, JOBS))).collect();
        Self { transfer, steps }
    }

    /// The steps of a job that count, together.
    fn sum(&self, counts: fn(Step) -> bool) -> Share {
        let steps = self.steps.iter().filter(|(step, _)| counts(*step));
        steps.fold(Share::default(), |sum, (_, share)| sum.plus(*share))
    }

    /// The time of a job over that of a transfer.
    fn ratio(&self) -> f64 {
        self.sum(|_| true).micros / self.transfer.micros
    }

    fn show(&self) {
        eprintln!("of one                   measured    declared       reads      writes       trees");
        let show = |name: &str, share: Share| {
            let Share { micros, declared, reads, writes, trees } = share;
            eprintln!("{name:18} {micros:11.1} µs {declared:8.1} µs {reads:11.1} {writes:11.1} {trees:11.1}");
        };
        show("transfer", self.transfer);
        self.steps.iter().for_each(|(step, share)| show(step.name(), *share));
        show("job", self.sum(|_| true));
    }
}

fn main() {
    let mut rounds = [(); ROUNDS].map(|()| Round::play());
    rounds.sort_by(|one, other| one.ratio().total_cmp(&other.ratio()));
    let median = &rounds[ROUNDS / 2];
    median.show();
    print_rows(median);
}

fn print_rows(round: &Round) {
    let (transfer, all) = (round.transfer, round.sum(|_| true));
    let (signed, settling) = (round.sum(is_signed), round.sum(|step| step == Step::RevealAndSettle));
    let each = EXTRINSICS as f64;
    let measured = (per_block(signed.micros / each), per_block(transfer.micros));
    compare("job extrinsics per block vs transfers, measured in WASM", measured, 0.6, "extrinsics/block");
    let declared = (per_block(signed.declared / each), per_block(transfer.declared));
    compare("job extrinsics per block vs transfers, declared", declared, 0.6, "extrinsics/block");
    let measured = (all.micros, transfer.micros);
    compare("verified job of 3 seats vs transfer, measured in WASM (at most)", measured, 12.0, "µs");
    let declared = (all.declared, transfer.declared);
    compare("verified job of 3 seats vs transfer, declared (at most)", declared, 18.0, "µs");
    let most = (6 + 3 * SEATS) as f64;
    count("storage writes of 3 reveals and a settlement, trees apart (at most)", settling.writes, Some(most));
    count("storage writes of a job of 3 seats from its post on, trees apart", all.writes, None);
    count("tree writes of a job of 3 seats from its post on", all.trees, None);
}
