//! What a trace has beside the values of its points.

use std::hint::black_box;

use assay_exact::Error;
use assay_exec::Cpu;
use assay_graph::tensor::Dtype;
use assay_graph::trace::{leaf_hashes, Place, LEAF};

use crate::floors::case::{Case, Make};
use crate::floors::work::Work;
use crate::random::floats;

pub const ALL: &[Make] = &[leaves];

const LEAVES: usize = 256;

/// A compression of BLAKE3: seven rounds of eight functions, each of six sums, four exclusive ors and four rotations;
/// then eight exclusive ors.
const COMPRESSION: Work = Work::steps(0.0, (7 * 8 * 14 + 8) as f64);

/// A leaf and its place are sixteen blocks of a first chunk, a block of a second, and a node above the two.
const COMPRESSIONS: usize = 18;

fn leaves(cpu: &Cpu) -> Result<Case<'_>, Error> {
    let values = floats(0, LEAVES * LEAF / 4, 1.0);
    let shape = vec![1, values.len() as u64];
    let first = Place { step: 0, unit: 0, point: 0, offset: 0, dtype: Dtype::F32 as u8, shape };
    let work = (Work::bytes(LEAF as f64, 32.0) + COMPRESSION.times(COMPRESSIONS)).times(LEAVES);
    Ok(Case::new("hashes of leaves (BLAKE3)", format!("{LEAVES} leaves of {LEAF} bytes"), work, move || {
        // The compiler may not leave out what no one reads.
        black_box(leaf_hashes(&first, &values, cpu));
        Ok(())
    }))
}
