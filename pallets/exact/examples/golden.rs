//! Prints the golden vectors: `cargo run -p assay-exact --example golden > pallets/exact/golden/exact-v1.txt`.

use assay_exact::golden;

fn main() -> Result<(), assay_exact::Error> {
    for case in golden::cases() {
        let hash = case.hash()?;
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        println!("{hex}  {}", case.name);
    }
    Ok(())
}
