//! Plain loops, compiled with AVX2.

use super::Avx2;
use crate::loops::Loop;

impl Avx2 {
    /// Runs a plain loop.
    pub(crate) fn run<L: Loop>(self, work: L) -> L::Output {
        // SAFETY: `self` proves AVX2, the only requirement.
        unsafe { run(work) }
    }
}

/// What is inlined here is compiled with these instructions.
#[target_feature(enable = "avx2")]
fn run<L: Loop>(work: L) -> L::Output {
    work.run()
}
