//! Prints, as one row for the benchmark table, how many transfers a block holds by their declared weights.

#[path = "../tests/flows/ceiling.rs"]
mod ceiling;

fn main() {
    let (ours, stock) = (ceiling::ours(), ceiling::stock());
    let row = serde_json::json!({
        "name": "transfer_keep_alive per block, ParityDB prices vs stock weights",
        "ours": ours,
        "peer": stock,
        "ratio": ours as f64 / stock as f64,
        "goal": 1.0,
        "unit": "transfers/block",
    });
    println!("{row}");
}
