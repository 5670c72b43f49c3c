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

fn main() {
    let mut chain = Chain::new(jobs::genesis());
    let keys = chain.state(|| crowd::fill(PROVIDERS));
    let idle = chain.idle();
    let transfer = Share::of(&[chain.block(&transfers(&keys))], &idle, TRANSFERS);
    eprintln!("of one                   measured    declared       reads      writes       trees");
    let show = |name: &str, share: Share| {
        let Share { micros, declared, reads, writes, trees } = share;
        eprintln!("{name:18} {micros:11.1} µs {declared:8.1} µs {reads:11.1} {writes:11.1} {trees:11.1}");
    };
    show("transfer", transfer);
    let (mut all, mut signed, mut settling) = (Share::default(), Share::default(), Share::default());
    for (step, blocks) in jobs::play(&mut chain, &keys, JOBS) {
        let share = Share::of(&blocks, &idle, JOBS);
        show(step.name(), share);
        all = all.plus(share);
        if is_signed(step) {
            signed = signed.plus(share);
        }
        if step == Step::RevealAndSettle {
            settling = share;
        }
    }
    show("job", all);
    print_rows(transfer, signed, settling, all);
}

fn print_rows(transfer: Share, signed: Share, settling: Share, all: Share) {
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
