//! Writes ten years of the chain's money as JSON, month by month, under three demands: what `scripts/picture economy`
//! draws.
//!
//! `cargo run --locked -p assay-rules --example economy -- economy.json`, or without a file to standard output.

mod model;

use model::{play, Month, ASY, DEMANDS};
use serde_json::{json, Value};
use std::{env, fs, process::ExitCode};

/// From which number chance follows.
const SEED: u64 = 2_026;

/// A month in whole ASY, but for the price, which is in planck, and the use of machines, in percent.
fn row(demand: &str, number: usize, month: &Month) -> Value {
    let asy = |planck: u128| u64::try_from(planck / ASY).expect("there is less money than that");
    json!({
        "demand": demand,
        "month": number + 1,
        "issuance": asy(month.issuance),
        "validators": asy(month.validators),
        "treasury": asy(month.treasury),
        "authors": asy(month.authors),
        "treasuryFees": asy(month.treasury_fees),
        "burnt": asy(month.burnt),
        "spent": asy(month.spent),
        "price": u64::try_from(month.price).expect("the ceiling is lower"),
        "utilisation": f64::from(month.utilisation.deconstruct()) / 1e7,
    })
}

fn main() -> ExitCode {
    let rows: Vec<_> = DEMANDS
        .into_iter()
        .flat_map(|demand| {
            let months = play(demand, SEED).into_iter().enumerate();
            months.map(move |(number, month)| row(demand.name, number, &month))
        })
        .collect();
    let text = serde_json::to_string_pretty(&rows).expect("numbers and names") + "\n";
    match env::args().nth(1) {
        None => print!("{text}"),
        Some(file) => {
            if let Err(error) = fs::write(&file, text) {
                eprintln!("economy: {file} can't be written: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
