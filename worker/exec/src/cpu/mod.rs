//! The operators on the threads of the CPU.
//!
//! Products are cut into rectangles, other operators into rows or runs of elements. A piece is either an
//! operator of the reference, built for the piece's shape, or a kernel of the same formula. A thread that computes a whole
//! unit by itself cuts nothing.

mod attn;
mod attn_backward;
mod cache;
mod columns;
mod elementwise;
mod embedding;
mod linear;
mod norm;
mod norm_backward;
mod optimizer;
mod rope;

use std::fmt;

use assay_exact::{
    AdamMoments, AdamPowers, AdamStep, Add, Attn, AttnBackward, AttnGradients, AttnSaved, AttnScratch,
    CrossEntropy, DequantBias, EmbedGather, EmbedScatterAdd, Error, FixedPoint, Gelu, GemmI8, GemmI8Sliced,
    Head, KeysValues, KvAppend, KvCache, LayerNorm, LayerNormStats, Linear, MeanPool, Mul, QuantCol,
    QuantRow, Quantised, QuantisedMut, RmsNorm, Rope, RopeTable, Scratch, SgdStep, SiluMul, Tanh, Trap,
    TrapKind,
};

use crate::backend::Backend;
use crate::kernel::{Kernel, Path};
use crate::product::{product, Sums};
use crate::quantise;
use crate::team::Team;

/// Threads and a path. Shared by reference among all that compute in a process.
///
/// Memory beside the caller's slices: the crate's README has the table. Between calls a thread keeps the largest columns
/// that it has packed, and nothing else but its stack.
#[derive(Debug)]
pub struct Cpu {
    pub(crate) team: Team,
    pub(crate) kernel: Kernel,
}

/// Why a [`Cpu`] could not be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartError {
    /// This processor does not have the path that was asked for.
    Path(Path),
    /// The system gave no threads.
    Threads(String),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "this processor has no {path}"),
            Self::Threads(reason) => write!(f, "cannot start compute threads: {reason}"),
        }
    }
}

impl std::error::Error for StartError {}

impl Cpu {
    /// `threads` 0 means one per processor.
    pub fn new(path: Path, threads: usize) -> Result<Self, StartError> {
        let kernel = Kernel::new(path).ok_or(StartError::Path(path))?;
        let team = Team::new(threads).map_err(|error| StartError::Threads(error.to_string()))?;
        Ok(Self { team, kernel })
    }

    /// Keeps each thread on a processor of its own, where there are as many of either (by default there are, unless the
    /// process has less of their time) and where the system is Linux. A thread that is woken is often put where the one
    /// that wakes it runs, and stays there for milliseconds. Not for a backend that starts threads itself under
    /// [`Backend::lead`]: they would all stay on the processor of the one that leads.
    pub fn pinned(self) -> Self {
        self.team.pin();
        self
    }

    /// The path in use.
    pub fn path(&self) -> Path {
        self.kernel.path()
    }

    /// The number of threads.
    pub fn threads(&self) -> usize {
        self.team.threads()
    }
}

/// Of a kernel that says no more than that something is not finite: which and where is found by the reference.
const SOMEWHERE: Trap = Trap { kind: TrapKind::Nan, index: 0 };

/// A trap of a piece means one of the operator, but which one depends on the order of operands: the
/// reference, run once more on the whole, says.
fn or_reference(
    result: Result<(), Error>,
    reference: impl FnOnce() -> Result<(), Error>,
) -> Result<(), Error> {
    match result {
        Err(Error::Trap(_)) => reference(),
        other => other,
    }
}

impl Backend for Cpu {
    fn name(&self) -> String {
        format!("{}, {} threads", self.path(), self.threads())
    }

    fn threads(&self) -> usize {
        self.team.threads()
    }

    fn on_each_thread(&self, work: &(dyn Fn() + Sync)) {
        self.team.each(work);
    }

    fn lead(&self, work: &mut (dyn FnMut() + Send)) {
        self.team.lead(work);
    }

    fn spread(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
        self.team.spread(count, work);
    }

    fn quant_row_forward(
        &self,
        op: &QuantRow,
        x: &[f32],
        planes: &mut [i8],
        scales: &mut [f32],
    ) -> Result<(), Error> {
        let elements = op.rows() * op.cols();
        let fits = x.len() == elements
            && planes.len() == op.precision().digits() * elements
            && scales.len() == op.rows();
        if !fits {
            return op.forward(x, planes, scales);
        }
        quantise::rows(&self.team, self.kernel, op, x, planes, scales)
    }

    fn quant_col_forward(
        &self,
        op: &QuantCol,
        x: &[f32],
        planes: &mut [i8],
        scales: &mut [f32],
    ) -> Result<(), Error> {
        let elements = op.rows() * op.cols();
        let fits = x.len() == elements
            && planes.len() == op.precision().digits() * elements
            && scales.len() == op.cols();
        if !fits {
            return op.forward(x, planes, scales);
        }
        quantise::columns(&self.team, self.kernel, op, x, planes, scales)
    }

    fn gemm_i8_forward(&self, op: &GemmI8, a: &[i8], b: &[i8], c: &mut [i32]) -> Result<(), Error> {
        linear::gemm_i8(self, op, a, b, c)
    }

    fn gemm_i8_sliced_forward(
        &self,
        op: &GemmI8Sliced,
        a: &Quantised<'_>,
        b: &Quantised<'_>,
        c: &mut [i64],
    ) -> Result<(), Error> {
        let fits = a.depth() == op.depth()
            && b.depth() == op.depth()
            && a.rows() == op.rows()
            && b.rows() == op.cols()
            && c.len() == op.rows() * op.cols();
        if !fits {
            return Ok(op.forward(a, b, c)?);
        }
        product(&self.team, self.kernel, a, b, c, |c, sums, _, _| {
            c.copy_from_slice(sums);
            None
        })
    }

    fn dequant_bias_forward(
        &self,
        op: &DequantBias,
        sums: Sums<'_>,
        row_scales: &[f32],
        col_scales: &[f32],
        bias: Option<&[f32]>,
        y: &mut [f32],
    ) -> Result<(), Error> {
        match sums {
            Sums::I32(sums) => linear::dequant_bias(self, op, sums, row_scales, col_scales, bias, y),
            Sums::I64(sums) => linear::dequant_bias(self, op, sums, row_scales, col_scales, bias, y),
        }
    }

    fn linear_forward(
        &self,
        op: &Linear,
        x: &[f32],
        weight: &Quantised<'_>,
        bias: Option<&[f32]>,
        scratch: &mut QuantisedMut<'_>,
        y: &mut [f32],
    ) -> Result<(), Error> {
        linear::forward(self, op, x, weight, bias, scratch, y)
    }

    fn linear_backward_input(
        &self,
        op: &Linear,
        dy: &[f32],
        weight: &[f32],
        scratch: &mut Scratch<'_>,
        dx: &mut [f32],
    ) -> Result<(), Error> {
        linear::backward_input(self, op, dy, weight, scratch, dx)
    }

    fn linear_backward_weight(
        &self,
        op: &Linear,
        dy: &[f32],
        x: &[f32],
        fixed: &FixedPoint,
        scratch: &mut Scratch<'_>,
        dw: &mut [i64],
    ) -> Result<(), Error> {
        linear::backward_weight(self, op, dy, x, fixed, scratch, dw)
    }

    fn linear_backward_bias(
        &self,
        op: &Linear,
        dy: &[f32],
        fixed: &FixedPoint,
        db: &mut [i64],
    ) -> Result<(), Error> {
        linear::backward_bias(self, op, dy, fixed, db)
    }

    fn add_forward(&self, op: &Add, a: &[f32], b: &[f32], y: &mut [f32]) -> Result<(), Error> {
        elementwise::add(self, op, a, b, y)
    }

    fn mul_forward(&self, op: &Mul, a: &[f32], b: &[f32], y: &mut [f32]) -> Result<(), Error> {
        elementwise::mul(self, op, a, b, y)
    }

    fn mul_backward(
        &self,
        op: &Mul,
        dy: &[f32],
        a: &[f32],
        b: &[f32],
        da: &mut [f32],
        db: &mut [f32],
    ) -> Result<(), Error> {
        // The contract's composition: two products, in this order.
        elementwise::mul(self, op, dy, b, da)?;
        elementwise::mul(self, op, dy, a, db)
    }

    fn gelu_forward(&self, op: &Gelu, x: &[f32], y: &mut [f32]) -> Result<(), Error> {
        elementwise::gelu(self, op, x, y)
    }

    fn gelu_backward(&self, op: &Gelu, dy: &[f32], x: &[f32], dx: &mut [f32]) -> Result<(), Error> {
        elementwise::gelu_backward(self, op, dy, x, dx)
    }

    fn tanh_forward(&self, op: &Tanh, x: &[f32], y: &mut [f32]) -> Result<(), Error> {
        elementwise::tanh(self, op, x, y)
    }

    fn silu_mul_forward(&self, op: &SiluMul, x: &[f32], u: &[f32], y: &mut [f32]) -> Result<(), Error> {
        elementwise::silu_mul(self, op, x, u, y)
    }

    fn silu_mul_backward(
        &self,
        op: &SiluMul,
        dy: &[f32],
        x: &[f32],
        u: &[f32],
        dx: &mut [f32],
        du: &mut [f32],
    ) -> Result<(), Error> {
        elementwise::silu_mul_backward(self, op, dy, x, u, dx, du)
    }

    fn layer_norm_forward(
        &self,
        op: &LayerNorm,
        x: &[f32],
        gamma: &[f32],
        beta: &[f32],
        y: &mut [f32],
        mean: &mut [f32],
        rstd: &mut [f32],
    ) -> Result<(), Error> {
        norm::layer_norm(self, op, x, gamma, beta, norm::LayerNormOut { y, mean, rstd })
    }

    fn layer_norm_backward_input(
        &self,
        op: &LayerNorm,
        dy: &[f32],
        x: &[f32],
        gamma: &[f32],
        stats: &LayerNormStats<'_>,
        dx: &mut [f32],
    ) -> Result<(), Error> {
        norm_backward::layer_input(self, op, dy, x, gamma, stats, dx)
    }

    fn layer_norm_backward_weight(
        &self,
        op: &LayerNorm,
        dy: &[f32],
        x: &[f32],
        stats: &LayerNormStats<'_>,
        fixed: &FixedPoint,
        dgamma: &mut [i64],
        dbeta: &mut [i64],
    ) -> Result<(), Error> {
        norm_backward::layer_weight(self, op, dy, x, stats, fixed, [dgamma, dbeta])
    }

    fn rms_norm_forward(
        &self,
        op: &RmsNorm,
        x: &[f32],
        gamma: &[f32],
        y: &mut [f32],
        rstd: &mut [f32],
    ) -> Result<(), Error> {
        norm::rms_norm(self, op, x, gamma, y, rstd)
    }

    fn rms_norm_backward_input(
        &self,
        op: &RmsNorm,
        dy: &[f32],
        x: &[f32],
        gamma: &[f32],
        rstd: &[f32],
        dx: &mut [f32],
    ) -> Result<(), Error> {
        norm_backward::rms_input(self, op, dy, x, gamma, rstd, dx)
    }

    fn rms_norm_backward_weight(
        &self,
        op: &RmsNorm,
        dy: &[f32],
        x: &[f32],
        rstd: &[f32],
        fixed: &FixedPoint,
        dgamma: &mut [i64],
    ) -> Result<(), Error> {
        norm_backward::rms_weight(self, op, dy, x, rstd, fixed, dgamma)
    }

    fn mean_pool_forward(&self, op: &MeanPool, x: &[f32], y: &mut [f32]) -> Result<(), Error> {
        embedding::mean_pool(self, op, x, y)
    }

    fn rope_forward(
        &self,
        op: &Rope,
        start: usize,
        table: &RopeTable<'_>,
        x: &[f32],
        y: &mut [f32],
    ) -> Result<(), Error> {
        rope::rotate(self, op, start, table, x, y, false)
    }

    fn rope_backward(
        &self,
        op: &Rope,
        start: usize,
        table: &RopeTable<'_>,
        dy: &[f32],
        dx: &mut [f32],
    ) -> Result<(), Error> {
        rope::rotate(self, op, start, table, dy, dx, true)
    }

    fn embed_gather_forward_quantised(
        &self,
        op: &EmbedGather,
        ids: &[u32],
        table: &Quantised<'_>,
        y: &mut [f32],
    ) -> Result<(), Error> {
        embedding::gather_quantised(self, op, ids, table, y)
    }

    fn embed_scatter_add(
        &self,
        op: &EmbedScatterAdd,
        ids: &[u32],
        dy: &[f32],
        fixed: &FixedPoint,
        table: &mut [i64],
    ) -> Result<(), Error> {
        embedding::scatter(self, op, ids, dy, fixed, table, false)
    }

    fn embed_scatter_subtract(
        &self,
        op: &EmbedScatterAdd,
        ids: &[u32],
        dy: &[f32],
        fixed: &FixedPoint,
        table: &mut [i64],
    ) -> Result<(), Error> {
        embedding::scatter(self, op, ids, dy, fixed, table, true)
    }

    fn kv_append_forward(
        &self,
        op: &KvAppend,
        at: usize,
        k: &[f32],
        v: &[f32],
        cache: &mut KvCache<'_>,
    ) -> Result<usize, Error> {
        cache::append(self, op, at, k, v, cache)
    }

    fn attn_forward(
        &self,
        op: &Attn,
        q: &Quantised<'_>,
        cache: &KeysValues<'_>,
        scratch: &mut [f32],
        out: &mut [f32],
    ) -> Result<(), Error> {
        attn::forward(self, op, q, cache, scratch, out)
    }

    fn attn_backward(
        &self,
        op: &AttnBackward,
        dy: &[f32],
        saved: &AttnSaved<'_>,
        scratch: &mut AttnScratch<'_>,
        gradients: &mut AttnGradients<'_>,
    ) -> Result<(), Error> {
        attn_backward::backward(self, op, dy, saved, scratch, gradients)
    }

    fn cross_entropy_forward(
        &self,
        op: &CrossEntropy,
        logits: &[f32],
        labels: &[u32],
        losses: &mut [f32],
    ) -> Result<(), Error> {
        elementwise::cross_entropy(self, op, logits, labels, losses)
    }

    fn cross_entropy_probabilities(
        &self,
        op: &CrossEntropy,
        logits: &[f32],
        p: &mut [f32],
    ) -> Result<(), Error> {
        elementwise::probabilities(self, op, logits, p)
    }

    fn cross_entropy_backward_input(
        &self,
        op: &CrossEntropy,
        head: &Head<'_>,
        weight: &[f32],
        scratch: &mut Scratch<'_>,
        dx: &mut [f32],
    ) -> Result<(), Error> {
        if !linear::head_fits(op, head) {
            return op.backward_input(head, weight, scratch, dx);
        }
        linear::backward_input(self, head.linear, head.probabilities, weight, scratch, dx)?;
        let inputs = head.linear.inputs();
        for (dx, label) in dx.chunks_exact_mut(inputs).zip(head.labels) {
            let at = *label as usize * inputs;
            for (dx, w) in dx.iter_mut().zip(&weight[at..at + inputs]) {
                *dx -= w;
            }
        }
        self.team.check_finite(dx)
    }

    fn cross_entropy_backward_weight(
        &self,
        op: &CrossEntropy,
        head: &Head<'_>,
        x: &[f32],
        fixed: &FixedPoint,
        scratch: &mut Scratch<'_>,
        dw: &mut [i64],
    ) -> Result<(), Error> {
        if !linear::head_fits(op, head) {
            return op.backward_weight(head, x, fixed, scratch, dw);
        }
        linear::backward_weight(self, head.linear, head.probabilities, x, fixed, scratch, dw)?;
        let scatter = EmbedScatterAdd::new(op.tokens(), op.classes(), head.linear.inputs())?;
        self.embed_scatter_subtract(&scatter, head.labels, x, fixed, dw)
    }

    fn means(&self, sums: &[i64], count: u32, y: &mut [f32]) -> Result<(), Error> {
        optimizer::means(self, sums, count, y)
    }

    fn clip_norm_square(&self, g: &[f32]) -> Result<f32, Error> {
        optimizer::square(self, g)
    }

    fn clip_norm_apply(&self, factor: f32, g: &mut [f32]) -> Result<(), Error> {
        optimizer::clip(self, factor, g)
    }

    fn sgd_step_forward(
        &self,
        op: &SgdStep,
        rate: f32,
        g: &[f32],
        velocity: &mut [f32],
        parameter: &mut [f32],
    ) -> Result<(), Error> {
        optimizer::sgd(self, op, rate, g, velocity, parameter)
    }

    fn adam_step_forward(
        &self,
        op: &AdamStep,
        rate: f32,
        powers: AdamPowers,
        g: &[f32],
        moments: &mut AdamMoments<'_>,
        parameter: &mut [f32],
    ) -> Result<(), Error> {
        optimizer::adam(self, op, rate, powers, g, moments, parameter)
    }
}
