//! A small program that is made here, from nothing but its sizes.

use assay_graph::decoder::{Decoder, Recipe};
use std::path::Path;

/// Steps of a job's training.
pub const STEPS: &str = "20";

/// Writes the model directory of a decoder that learns to write bytes. It has a table of `rates` learning rates of four
/// bytes each, of which a job uses the first [`STEPS`]: so a program can have any size at the same amount of work.
pub fn write(directory: &Path, rates: u64) {
    let decoder =
        Decoder { layers: 1, width: 32, heads: 2, kv_heads: 1, hidden: 48, vocabulary: 256, context: 32 };
    let package = decoder.training(&Recipe::new(1, 16, rates, 0.01)).expect("the decoder can be trained");
    package.write(directory).expect("the model can be written");
}
