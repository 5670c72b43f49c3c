//! Weights counted by hand, for the tests of pallets. A runtime measures its own.

use frame_support::weights::{
    constants::{ParityDbWeight, WEIGHT_REF_TIME_PER_MICROS},
    Weight,
};

/// Proof size of one key of a few hundred bytes, its trie path included.
const KEY_PROOF: u64 = 3_500;

/// The weight of so many microseconds of hashing and decoding, and of so many keys read and written.
pub fn priced(micros: u64, reads: u64, writes: u64) -> Weight {
    let time = micros.saturating_mul(WEIGHT_REF_TIME_PER_MICROS);
    Weight::from_parts(time, reads.saturating_mul(KEY_PROOF))
        .saturating_add(ParityDbWeight::get().reads_writes(reads, writes))
}
