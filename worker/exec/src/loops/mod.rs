//! Plain loops that the compiler makes vectors of, with the instructions of each path: the contract's operations in its
//! order, with selects in place of branches. Each is one source for all paths. Rust never fuses a product and a sum.
//!
//! The compiler makes vectors of a loop only if all of it is inlined, so whatever is called here is always inlined.

mod activation;
mod attention;
mod norm;
mod number;
mod optimizer;
mod rotation;
mod sums;

pub(crate) use activation::{GeluGradient, HyperbolicTangent, SiluGradients};
pub(crate) use attention::{Delta, Scaled, ScoreGradients, Softmax, SOFTMAX_ONE};
pub(crate) use norm::{LayerGradient, RmsGradient};
pub(crate) use optimizer::{Adam, Clip, Magnitude, Means, Sgd, Squares};
pub(crate) use rotation::Rotation;
pub(crate) use sums::{Accumulate, AddFixed, ColumnSums, COLUMNS};

use crate::kernel::Kernel;

/// A loop and its operands.
pub(crate) trait Loop {
    /// What it gives.
    type Output;

    /// Does it; to be inlined always.
    fn run(self) -> Self::Output;
}

impl Kernel {
    /// Runs a plain loop with the path's instructions.
    pub(crate) fn run<L: Loop>(self, work: L) -> L::Output {
        match self {
            Self::Scalar => work.run(),
            Self::Avx2(avx2) => avx2.run(work),
            Self::Vnni(vnni) => vnni.run(work),
        }
    }
}
