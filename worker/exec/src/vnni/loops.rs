//! Plain loops, compiled with AVX-512.

use super::Vnni;
use crate::loops::Loop;

impl Vnni {
    /// Runs a plain loop.
    pub(crate) fn run<L: Loop>(self, work: L) -> L::Output {
        // SAFETY: `self` proves all features that it needs.
        unsafe { run(work) }
    }
}

/// What is inlined here is compiled with these instructions.
#[target_feature(enable = "avx512f,avx512bw,avx512dq")]
fn run<L: Loop>(work: L) -> L::Output {
    work.run()
}
