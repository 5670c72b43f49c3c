//! The trait that a graph executor computes by.

use assay_exact::{
    means, AdamMoments, AdamPowers, AdamStep, Add, ArgMax, Attn, AttnBackward, AttnGradients, AttnSaved,
    AttnScratch, ClipNorm, CrossEntropy, DequantBias, EmbedGather, EmbedScatterAdd, Error, FixedPoint, Gelu,
    GemmI8, GemmI8Sliced, Head, KeysValues, KvAppend, KvCache, L2Norm, LayerNorm, LayerNormStats, Linear,
    MeanPool, Mul, QuantCol, QuantRow, Quantised, QuantisedMut, Refused, RmsNorm, Rope, RopeTable, Sample,
    Scratch, SgdStep, SiluMul, Split, Tanh, Transpose,
};

use crate::float_mode;
use crate::product::Sums;
use crate::resident::Resident;

/// What an operator that writes all its outputs into slices gives.
type Done = Result<(), Error>;

/// Every operator of the contract, on slices of the caller. What each method takes, writes, refuses and traps
/// on is what the operator's own method in `assay-exact` says; whoever implements this gives the same bytes
/// and errors. What is not overridden is the reference.
#[allow(clippy::too_many_arguments)] // The operands of an operator are as many as they are.
pub trait Backend: Send + Sync {
    /// What it is, for logs and benchmarks.
    fn name(&self) -> String;

    /// Refuses where the calling thread flushes denormals or rounds otherwise than to nearest even: it computes what a
    /// backend has no threads for, and a library loaded into the process may have changed its mode. To be asked before
    /// each pass and each update.
    fn check_float_mode(&self) -> Result<(), Refused> {
        float_mode::check()
    }

    /// Threads that units of a job may run on at the same time.
    fn threads(&self) -> usize {
        1
    }

    /// Does `work` on each of these threads at the same time, and waits for all. Operators that `work` calls are
    /// computed by the thread that calls them: cutting whole units into threads costs less than cutting every operator.
    fn on_each_thread(&self, work: &(dyn Fn() + Sync)) {
        work();
    }

    /// Does `work` on one thread, which leads: the other threads stand by for the pieces of the operators that it calls.
    /// For what calls many operators one after another, as a pass does; where it is called by a thread that leads
    /// already, or by one of [`Backend::on_each_thread`], that thread does the work.
    fn lead(&self, work: &mut (dyn FnMut() + Send)) {
        work();
    }

    /// Does `work` for each number below `count`, on all threads that stand by: for what is no operator, as hashing.
    fn spread(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
        (0..count).for_each(work);
    }

    /// The device in whose memory passes and the steps of trainings run as a whole, where the backend has one: then jobs
    /// use it, and call operators below only for a training that it has no room for, or to find a training's trap.
    fn resident(&self) -> Option<&dyn Resident> {
        None
    }

    /// Quantises rows.
    fn quant_row_forward(&self, op: &QuantRow, x: &[f32], planes: &mut [i8], scales: &mut [f32]) -> Done {
        op.forward(x, planes, scales)
    }

    /// Quantises columns, transposed.
    fn quant_col_forward(&self, op: &QuantCol, x: &[f32], planes: &mut [i8], scales: &mut [f32]) -> Done {
        op.forward(x, planes, scales)
    }

    /// Splits integers into digits.
    fn split_forward(&self, op: &Split, q: &[i32], planes: &mut [i8]) -> Done {
        op.forward(q, planes)
    }

    /// Swaps the axes of a matrix.
    fn transpose_forward(&self, op: &Transpose, x: &[f32], y: &mut [f32]) -> Done {
        Ok(op.forward(x, y)?)
    }

    /// A product in i32.
    fn gemm_i8_forward(&self, op: &GemmI8, a: &[i8], b: &[i8], c: &mut [i32]) -> Done {
        Ok(op.forward(a, b, c)?)
    }

    /// A product of any precisions in i64.
    fn gemm_i8_sliced_forward(
        &self,
        op: &GemmI8Sliced,
        a: &Quantised<'_>,
        b: &Quantised<'_>,
        c: &mut [i64],
    ) -> Done {
        Ok(op.forward(a, b, c)?)
    }

    /// Sums as floats, with a bias.
    fn dequant_bias_forward(
        &self,
        op: &DequantBias,
        sums: Sums<'_>,
        row_scales: &[f32],
        col_scales: &[f32],
        bias: Option<&[f32]>,
        y: &mut [f32],
    ) -> Done {
        match sums {
            Sums::I32(sums) => op.forward(sums, row_scales, col_scales, bias, y),
            Sums::I64(sums) => op.forward(sums, row_scales, col_scales, bias, y),
        }
    }

    /// x·Wᵀ + b.
    fn linear_forward(
        &self,
        op: &Linear,
        x: &[f32],
        weight: &Quantised<'_>,
        bias: Option<&[f32]>,
        scratch: &mut QuantisedMut<'_>,
        y: &mut [f32],
    ) -> Done {
        op.forward(x, weight, bias, scratch, y)
    }

    /// dy·W.
    fn linear_backward_input(
        &self,
        op: &Linear,
        dy: &[f32],
        weight: &[f32],
        scratch: &mut Scratch<'_>,
        dx: &mut [f32],
    ) -> Done {
        op.backward_input(dy, weight, scratch, dx)
    }

    /// Adds dyᵀ·x to `dw`.
    fn linear_backward_weight(
        &self,
        op: &Linear,
        dy: &[f32],
        x: &[f32],
        fixed: &FixedPoint,
        scratch: &mut Scratch<'_>,
        dw: &mut [i64],
    ) -> Done {
        op.backward_weight(dy, x, fixed, scratch, dw)
    }

    /// Adds the column sums of dy to `db`.
    fn linear_backward_bias(&self, op: &Linear, dy: &[f32], fixed: &FixedPoint, db: &mut [i64]) -> Done {
        op.backward_bias(dy, fixed, db)
    }

    /// a + b.
    fn add_forward(&self, op: &Add, a: &[f32], b: &[f32], y: &mut [f32]) -> Done {
        op.forward(a, b, y)
    }

    /// a·b.
    fn mul_forward(&self, op: &Mul, a: &[f32], b: &[f32], y: &mut [f32]) -> Done {
        op.forward(a, b, y)
    }

    /// Both gradients of a·b.
    fn mul_backward(
        &self,
        op: &Mul,
        dy: &[f32],
        a: &[f32],
        b: &[f32],
        da: &mut [f32],
        db: &mut [f32],
    ) -> Done {
        op.backward(dy, a, b, da, db)
    }

    /// x·Φ(x).
    fn gelu_forward(&self, op: &Gelu, x: &[f32], y: &mut [f32]) -> Done {
        op.forward(x, y)
    }

    /// The gradient of x·Φ(x).
    fn gelu_backward(&self, op: &Gelu, dy: &[f32], x: &[f32], dx: &mut [f32]) -> Done {
        op.backward(dy, x, dx)
    }

    /// tanh x.
    fn tanh_forward(&self, op: &Tanh, x: &[f32], y: &mut [f32]) -> Done {
        op.forward(x, y)
    }

    /// The gradient of tanh x, from its output.
    fn tanh_backward(&self, op: &Tanh, dy: &[f32], y: &[f32], dx: &mut [f32]) -> Done {
        op.backward(dy, y, dx)
    }

    /// (x·σ(x))·u.
    fn silu_mul_forward(&self, op: &SiluMul, x: &[f32], u: &[f32], y: &mut [f32]) -> Done {
        op.forward(x, u, y)
    }

    /// Both gradients of (x·σ(x))·u.
    fn silu_mul_backward(
        &self,
        op: &SiluMul,
        dy: &[f32],
        x: &[f32],
        u: &[f32],
        dx: &mut [f32],
        du: &mut [f32],
    ) -> Done {
        op.backward(dy, x, u, dx, du)
    }

    /// Layer normalisation and its statistics.
    fn layer_norm_forward(
        &self,
        op: &LayerNorm,
        x: &[f32],
        gamma: &[f32],
        beta: &[f32],
        y: &mut [f32],
        mean: &mut [f32],
        rstd: &mut [f32],
    ) -> Done {
        op.forward(x, gamma, beta, y, mean, rstd)
    }

    /// The gradient of its input.
    fn layer_norm_backward_input(
        &self,
        op: &LayerNorm,
        dy: &[f32],
        x: &[f32],
        gamma: &[f32],
        stats: &LayerNormStats<'_>,
        dx: &mut [f32],
    ) -> Done {
        op.backward_input(dy, x, gamma, stats, dx)
    }

    /// Adds the gradients of γ and β.
    fn layer_norm_backward_weight(
        &self,
        op: &LayerNorm,
        dy: &[f32],
        x: &[f32],
        stats: &LayerNormStats<'_>,
        fixed: &FixedPoint,
        dgamma: &mut [i64],
        dbeta: &mut [i64],
    ) -> Done {
        op.backward_weight(dy, x, stats, fixed, dgamma, dbeta)
    }

    /// Root-mean-square normalisation and its statistics.
    fn rms_norm_forward(
        &self,
        op: &RmsNorm,
        x: &[f32],
        gamma: &[f32],
        y: &mut [f32],
        rstd: &mut [f32],
    ) -> Done {
        op.forward(x, gamma, y, rstd)
    }

    /// The gradient of its input.
    fn rms_norm_backward_input(
        &self,
        op: &RmsNorm,
        dy: &[f32],
        x: &[f32],
        gamma: &[f32],
        rstd: &[f32],
        dx: &mut [f32],
    ) -> Done {
        op.backward_input(dy, x, gamma, rstd, dx)
    }

    /// Adds the gradient of γ.
    fn rms_norm_backward_weight(
        &self,
        op: &RmsNorm,
        dy: &[f32],
        x: &[f32],
        rstd: &[f32],
        fixed: &FixedPoint,
        dgamma: &mut [i64],
    ) -> Done {
        op.backward_weight(dy, x, rstd, fixed, dgamma)
    }

    /// Rows of unit length, and their divisors.
    fn l2_norm_forward(&self, op: &L2Norm, x: &[f32], y: &mut [f32], norms: &mut [f32]) -> Done {
        op.forward(x, y, norms)
    }

    /// The gradient of its input.
    fn l2_norm_backward(&self, op: &L2Norm, dy: &[f32], y: &[f32], divisor: &[f32], dx: &mut [f32]) -> Done {
        op.backward(dy, y, divisor, dx)
    }

    /// The mean over tokens.
    fn mean_pool_forward(&self, op: &MeanPool, x: &[f32], y: &mut [f32]) -> Done {
        op.forward(x, y)
    }

    /// The gradient of its input.
    fn mean_pool_backward(&self, op: &MeanPool, dy: &[f32], dx: &mut [f32]) -> Done {
        op.backward(dy, dx)
    }

    /// Rotates from position `start` of the table on.
    fn rope_forward(&self, op: &Rope, start: usize, table: &RopeTable<'_>, x: &[f32], y: &mut [f32]) -> Done {
        op.forward(start, table, x, y)
    }

    /// Rotates back.
    fn rope_backward(
        &self,
        op: &Rope,
        start: usize,
        table: &RopeTable<'_>,
        dy: &[f32],
        dx: &mut [f32],
    ) -> Done {
        op.backward(start, table, dy, dx)
    }

    /// Rows of an f32 table.
    fn embed_gather_forward(&self, op: &EmbedGather, ids: &[u32], table: &[f32], y: &mut [f32]) -> Done {
        op.forward(ids, table, y)
    }

    /// Rows of a quantised table.
    fn embed_gather_forward_quantised(
        &self,
        op: &EmbedGather,
        ids: &[u32],
        table: &Quantised<'_>,
        y: &mut [f32],
    ) -> Done {
        op.forward_quantised(ids, table, y)
    }

    /// Adds rows of dy to the rows of `ids`.
    fn embed_scatter_add(
        &self,
        op: &EmbedScatterAdd,
        ids: &[u32],
        dy: &[f32],
        fixed: &FixedPoint,
        table: &mut [i64],
    ) -> Done {
        op.add(ids, dy, fixed, table)
    }

    /// Subtracts them.
    fn embed_scatter_subtract(
        &self,
        op: &EmbedScatterAdd,
        ids: &[u32],
        dy: &[f32],
        fixed: &FixedPoint,
        table: &mut [i64],
    ) -> Done {
        op.subtract(ids, dy, fixed, table)
    }

    /// Quantises keys and values into the cache; gives the tokens it holds then.
    fn kv_append_forward(
        &self,
        op: &KvAppend,
        at: usize,
        k: &[f32],
        v: &[f32],
        cache: &mut KvCache<'_>,
    ) -> Result<usize, Error> {
        op.forward(at, k, v, cache)
    }

    /// Attention: a prefill, or a decode with one query.
    fn attn_forward(
        &self,
        op: &Attn,
        q: &Quantised<'_>,
        cache: &KeysValues<'_>,
        scratch: &mut [f32],
        out: &mut [f32],
    ) -> Done {
        op.forward(q, cache, scratch, out)
    }

    /// Its three gradients.
    fn attn_backward(
        &self,
        op: &AttnBackward,
        dy: &[f32],
        saved: &AttnSaved<'_>,
        scratch: &mut AttnScratch<'_>,
        gradients: &mut AttnGradients<'_>,
    ) -> Done {
        op.backward(dy, saved, scratch, gradients)
    }

    /// Each token's loss.
    fn cross_entropy_forward(
        &self,
        op: &CrossEntropy,
        logits: &[f32],
        labels: &[u32],
        losses: &mut [f32],
    ) -> Done {
        op.forward(logits, labels, losses)
    }

    /// Each token's softmax.
    fn cross_entropy_probabilities(&self, op: &CrossEntropy, z: &[f32], p: &mut [f32]) -> Done {
        op.probabilities(z, p)
    }

    /// The gradient of the head's input.
    fn cross_entropy_backward_input(
        &self,
        op: &CrossEntropy,
        head: &Head<'_>,
        weight: &[f32],
        scratch: &mut Scratch<'_>,
        dx: &mut [f32],
    ) -> Done {
        op.backward_input(head, weight, scratch, dx)
    }

    /// Adds the gradient of the head's weights.
    fn cross_entropy_backward_weight(
        &self,
        op: &CrossEntropy,
        head: &Head<'_>,
        x: &[f32],
        fixed: &FixedPoint,
        scratch: &mut Scratch<'_>,
        dw: &mut [i64],
    ) -> Done {
        op.backward_weight(head, x, fixed, scratch, dw)
    }

    /// The means of fixed-point sums.
    fn means(&self, sums: &[i64], count: u32, y: &mut [f32]) -> Done {
        means(sums, count, y)
    }

    /// A tensor's square norm.
    fn clip_norm_square(&self, g: &[f32]) -> Result<f32, Error> {
        ClipNorm::square(g)
    }

    /// g·factor.
    fn clip_norm_apply(&self, factor: f32, g: &mut [f32]) -> Done {
        ClipNorm::apply(factor, g)
    }

    /// The lowest index of the largest element of each row.
    fn arg_max_forward(&self, op: &ArgMax, x: &[f32], best: &mut [u32]) -> Done {
        op.forward(x, best)
    }

    /// The class drawn.
    fn sample_forward(
        &self,
        op: &Sample,
        logits: &[f32],
        draw: u64,
        scratch: &mut [u64],
    ) -> Result<u32, Error> {
        op.forward(logits, draw, scratch)
    }

    /// Updates a parameter and its velocity.
    fn sgd_step_forward(
        &self,
        op: &SgdStep,
        rate: f32,
        g: &[f32],
        velocity: &mut [f32],
        parameter: &mut [f32],
    ) -> Done {
        op.forward(rate, g, velocity, parameter)
    }

    /// Updates a parameter and its moments.
    fn adam_step_forward(
        &self,
        op: &AdamStep,
        rate: f32,
        powers: AdamPowers,
        g: &[f32],
        moments: &mut AdamMoments<'_>,
        parameter: &mut [f32],
    ) -> Done {
        op.forward(rate, powers, g, moments, parameter)
    }
}
