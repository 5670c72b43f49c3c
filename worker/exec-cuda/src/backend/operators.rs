//! The trait, operator by operator: lengths first, then the trip, then the CPU where that did not end well.

use assay_exact::{
    AdamMoments, AdamPowers, AdamStep, Add, ArgMax, Attn, AttnBackward, AttnGradients, AttnSaved,
    AttnScratch, ClipNorm, CrossEntropy, DequantBias, EmbedGather, EmbedScatterAdd, Error, FixedPoint, Gelu,
    GemmI8, GemmI8Sliced, Head, KeysValues, KvAppend, KvCache, L2Norm, LayerNorm, LayerNormStats, Linear,
    MeanPool, Mul, QuantCol, QuantRow, Quantised, QuantisedMut, Refused, RmsNorm, Rope, RopeTable, Sample,
    Scratch, SgdStep, SiluMul, Split, Tanh, Transpose, MAX_SUM,
};
use assay_exec::resident::Resident;
use assay_exec::{Backend, Sums};

use super::shapes::{all, attends, gradient, head_fits, holds, input_fits, times, turns, weight_fits};
use super::trip::NODE;
use super::Cuda;
use crate::launch;

type Done = Result<(), Error>;

/// The device's answer, or the CPU's.
fn or(is_done: bool, cpu: impl FnOnce() -> Done) -> Done {
    if is_done {
        Ok(())
    } else {
        cpu()
    }
}

impl Backend for Cuda {
    fn name(&self) -> String {
        let (device, path) = (&self.device().name, self.path());
        format!("{device} by {path}; {}", self.cpu.name())
    }

    fn check_float_mode(&self) -> Result<(), Refused> {
        self.cpu.check_float_mode()
    }

    fn resident(&self) -> Option<&dyn Resident> {
        // Behind a fault that the device does not get over the CPU has whole jobs, too.
        let is_lost = self.fault().is_some_and(|fault| fault.is_final());
        (!is_lost).then_some(self)
    }

    fn threads(&self) -> usize {
        self.cpu.threads()
    }

    fn on_each_thread(&self, work: &(dyn Fn() + Sync)) {
        self.cpu.on_each_thread(work);
    }

    fn lead(&self, work: &mut (dyn FnMut() + Send)) {
        self.cpu.lead(work);
    }

    fn spread(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
        self.cpu.spread(count, work);
    }

    fn quant_row_forward(&self, op: &QuantRow, x: &[f32], planes: &mut [i8], scales: &mut [f32]) -> Done {
        let (rows, cols, precision) = (op.rows(), op.cols(), op.precision());
        let fits = x.len() == rows * cols
            && planes.len() == precision.digits() * rows * cols
            && scales.len() == rows;
        let is_done = self.elements(fits, |trip| {
            let (x, to_planes, to_scales) = (trip.up(x)?, trip.room(planes.len())?, trip.room(rows)?);
            launch::quant_row_forward(trip.gpu, NODE, op, x.span(), to_planes.span(), to_scales.span())?;
            trip.down(&to_planes, planes)?;
            trip.down(&to_scales, scales)
        });
        or(is_done, || self.cpu.quant_row_forward(op, x, planes, scales))
    }

    fn quant_col_forward(&self, op: &QuantCol, x: &[f32], planes: &mut [i8], scales: &mut [f32]) -> Done {
        let (rows, cols, precision) = (op.rows(), op.cols(), op.precision());
        let fits = x.len() == rows * cols
            && planes.len() == precision.digits() * rows * cols
            && scales.len() == cols;
        let is_done = self.elements(fits, |trip| {
            let (x, to_planes, to_scales) = (trip.up(x)?, trip.room(planes.len())?, trip.room(cols)?);
            launch::quant_col_forward(trip.gpu, NODE, op, x.span(), to_planes.span(), to_scales.span())?;
            trip.down(&to_planes, planes)?;
            trip.down(&to_scales, scales)
        });
        or(is_done, || self.cpu.quant_col_forward(op, x, planes, scales))
    }

    fn split_forward(&self, op: &Split, q: &[i32], planes: &mut [i8]) -> Done {
        let fits = q.len() == op.elements() && planes.len() == op.precision().digits() * op.elements();
        let is_done = self.elements(fits, |trip| {
            let (q, to) = (trip.up(q)?, trip.room(planes.len())?);
            launch::split_forward(trip.gpu, NODE, op, q.span(), to.span())?;
            trip.down(&to, planes)
        });
        or(is_done, || self.cpu.split_forward(op, q, planes))
    }

    fn transpose_forward(&self, op: &Transpose, x: &[f32], y: &mut [f32]) -> Done {
        let fits = all([x.len(), y.len()], op.rows() * op.cols());
        let is_done = self.floats(fits, [x], y, |gpu, [x], y| launch::transpose_forward(gpu, NODE, op, x, y));
        or(is_done, || self.cpu.transpose_forward(op, x, y))
    }

    fn gemm_i8_forward(&self, op: &GemmI8, a: &[i8], b: &[i8], c: &mut [i32]) -> Done {
        let (rows, cols, depth) = (op.rows(), op.cols(), op.depth());
        let fits = a.len() == rows * depth && b.len() == cols * depth && c.len() == rows * cols;
        let work = [times([rows, cols, depth]), a.len() + b.len() + 4 * c.len()];
        let is_done = self.products(fits, work, |trip| {
            let (a, b, to) = (trip.up(a)?, trip.up(b)?, trip.room(c.len())?);
            launch::gemm_i8_forward(trip.gpu, NODE, op, a.span(), b.span(), to.span())?;
            trip.down(&to, c)
        });
        or(is_done, || self.cpu.gemm_i8_forward(op, a, b, c))
    }

    fn gemm_i8_sliced_forward(
        &self,
        op: &GemmI8Sliced,
        a: &Quantised<'_>,
        b: &Quantised<'_>,
        c: &mut [i64],
    ) -> Done {
        let (rows, cols, depth) = (op.rows(), op.cols(), op.depth());
        let fits = all([a.depth(), b.depth()], depth)
            && a.rows() == rows
            && b.rows() == cols
            && c.len() == rows * cols;
        let digits = a.precision().digits() * b.precision().digits();
        let bytes = a.planes().len() + b.planes().len() + 8 * c.len();
        let is_done = self.products(fits, [times([rows, cols, depth, digits]), bytes], |trip| {
            let (a, b, to) = (trip.digits(a)?, trip.digits(b)?, trip.room(c.len())?);
            launch::gemm_i8_sliced_forward(trip.gpu, NODE, op, a.spans(), b.spans(), to.span())?;
            trip.down(&to, c)
        });
        or(is_done, || self.cpu.gemm_i8_sliced_forward(op, a, b, c))
    }

    fn dequant_bias_forward(
        &self,
        op: &DequantBias,
        sums: Sums<'_>,
        row_scales: &[f32],
        col_scales: &[f32],
        bias: Option<&[f32]>,
        y: &mut [f32],
    ) -> Done {
        let (rows, cols) = (op.rows(), op.cols());
        let given = match sums {
            Sums::I32(sums) => sums.len(),
            Sums::I64(sums) => sums.len(),
        };
        let fits = all([given, y.len()], rows * cols)
            && row_scales.len() == rows
            && all([col_scales.len(), bias.map_or(cols, <[f32]>::len)], cols);
        let is_done = self.elements(fits, |trip| {
            let (of_rows, of_cols, bias) = (trip.up(row_scales)?, trip.up(col_scales)?, trip.up_if(bias)?);
            let bias = bias.as_ref().map(|bias| bias.span());
            let to = trip.room(y.len())?;
            let (of_rows, of_cols, place) = (of_rows.span(), of_cols.span(), to.span());
            match sums {
                Sums::I32(sums) => {
                    let sums = trip.up(sums)?;
                    let sums = launch::SumsSpan::I32(sums.span());
                    launch::dequant_bias_forward(trip.gpu, NODE, op, sums, of_rows, of_cols, bias, place)?;
                }
                Sums::I64(sums) => {
                    let sums = trip.up(sums)?;
                    let sums = launch::SumsSpan::I64(sums.span());
                    launch::dequant_bias_forward(trip.gpu, NODE, op, sums, of_rows, of_cols, bias, place)?;
                }
            }
            trip.down(&to, y)
        });
        or(is_done, || self.cpu.dequant_bias_forward(op, sums, row_scales, col_scales, bias, y))
    }

    fn linear_forward(
        &self,
        op: &Linear,
        x: &[f32],
        weight: &Quantised<'_>,
        bias: Option<&[f32]>,
        scratch: &mut QuantisedMut<'_>,
        y: &mut [f32],
    ) -> Done {
        let (tokens, inputs, outputs) = (op.tokens(), op.inputs(), op.outputs());
        let fits = x.len() == tokens * inputs
            && y.len() == tokens * outputs
            && all([weight.rows(), bias.map_or(outputs, <[f32]>::len)], outputs)
            && weight.depth() == inputs
            && holds(scratch, tokens, inputs, op.precision());
        let digits = op.precision().digits() * weight.precision().digits();
        let bytes = 4 * (x.len() + y.len()) + weight.planes().len();
        let is_done = self.products(fits, [times([tokens, inputs, outputs, digits]), bytes], |trip| {
            let (x, weight, bias) = (trip.up(x)?, trip.digits(weight)?, trip.up_if(bias)?);
            let held = trip.room_for_digits(tokens, inputs, op.precision())?;
            let (bias, to) = (bias.as_ref().map(|bias| bias.span()), trip.room(y.len())?);
            let (weight, held) = (weight.spans(), held.spans());
            launch::linear_forward(trip.gpu, NODE, op, x.span(), weight, bias, held, to.span())?;
            trip.down(&to, y)
        });
        or(is_done, || self.cpu.linear_forward(op, x, weight, bias, scratch, y))
    }

    fn linear_backward_input(
        &self,
        op: &Linear,
        dy: &[f32],
        weight: &[f32],
        scratch: &mut Scratch<'_>,
        dx: &mut [f32],
    ) -> Done {
        let fits = input_fits(op, dy.len(), weight.len(), scratch, dx.len());
        let bytes = 4 * (dy.len() + weight.len() + dx.len());
        let is_done = self.products(fits, gradient(op, bytes), |trip| {
            let (dy, weight, to) = (trip.up(dy)?, trip.up(weight)?, trip.room(dx.len())?);
            launch::linear_backward_input(trip.gpu, NODE, op, dy.span(), weight.span(), to.span())?;
            trip.down(&to, dx)
        });
        or(is_done, || self.cpu.linear_backward_input(op, dy, weight, scratch, dx))
    }

    fn linear_backward_weight(
        &self,
        op: &Linear,
        dy: &[f32],
        x: &[f32],
        fixed: &FixedPoint,
        scratch: &mut Scratch<'_>,
        dw: &mut [i64],
    ) -> Done {
        let fits = weight_fits(op, dy.len(), x.len(), scratch, dw.len());
        let bytes = 4 * (dy.len() + x.len()) + 16 * dw.len();
        let is_done = self.products(fits, gradient(op, bytes), |trip| {
            let (dy, x, sums) = (trip.up(dy)?, trip.up(x)?, trip.up(dw)?);
            launch::linear_backward_weight(trip.gpu, NODE, op, dy.span(), x.span(), fixed, sums.span())?;
            trip.replace(&sums, dw)
        });
        or(is_done, || self.cpu.linear_backward_weight(op, dy, x, fixed, scratch, dw))
    }

    fn linear_backward_bias(&self, op: &Linear, dy: &[f32], fixed: &FixedPoint, db: &mut [i64]) -> Done {
        let fits = dy.len() == op.tokens() * op.outputs() && db.len() == op.outputs();
        let is_done = self.elements(fits, |trip| {
            let (dy, sums) = (trip.up(dy)?, trip.up(db)?);
            launch::linear_backward_bias(trip.gpu, NODE, op, dy.span(), fixed, sums.span())?;
            trip.replace(&sums, db)
        });
        or(is_done, || self.cpu.linear_backward_bias(op, dy, fixed, db))
    }

    fn add_forward(&self, op: &Add, a: &[f32], b: &[f32], y: &mut [f32]) -> Done {
        let fits = all([a.len(), b.len(), y.len()], op.elements());
        let is_done =
            self.floats(fits, [a, b], y, |gpu, [a, b], y| launch::add_forward(gpu, NODE, op, a, b, y));
        or(is_done, || self.cpu.add_forward(op, a, b, y))
    }

    fn mul_forward(&self, op: &Mul, a: &[f32], b: &[f32], y: &mut [f32]) -> Done {
        let fits = all([a.len(), b.len(), y.len()], op.elements());
        let is_done =
            self.floats(fits, [a, b], y, |gpu, [a, b], y| launch::mul_forward(gpu, NODE, op, a, b, y));
        or(is_done, || self.cpu.mul_forward(op, a, b, y))
    }

    fn mul_backward(
        &self,
        op: &Mul,
        dy: &[f32],
        a: &[f32],
        b: &[f32],
        da: &mut [f32],
        db: &mut [f32],
    ) -> Done {
        let lengths = [dy.len(), a.len(), b.len(), da.len(), db.len()];
        let is_done = self.elements(all(lengths, op.elements()), |trip| {
            let (dy, a, b) = (trip.up(dy)?, trip.up(a)?, trip.up(b)?);
            let (to_a, to_b) = (trip.room(da.len())?, trip.room(db.len())?);
            let (dy, a, b) = (dy.span(), a.span(), b.span());
            launch::mul_backward(trip.gpu, NODE, op, dy, a, b, to_a.span(), to_b.span())?;
            trip.down(&to_a, da)?;
            trip.down(&to_b, db)
        });
        or(is_done, || self.cpu.mul_backward(op, dy, a, b, da, db))
    }

    fn gelu_forward(&self, op: &Gelu, x: &[f32], y: &mut [f32]) -> Done {
        let fits = all([x.len(), y.len()], op.elements());
        let is_done = self.floats(fits, [x], y, |gpu, [x], y| launch::gelu_forward(gpu, NODE, op, x, y));
        or(is_done, || self.cpu.gelu_forward(op, x, y))
    }

    fn gelu_backward(&self, op: &Gelu, dy: &[f32], x: &[f32], dx: &mut [f32]) -> Done {
        let fits = all([dy.len(), x.len(), dx.len()], op.elements());
        let is_done = self
            .floats(fits, [dy, x], dx, |gpu, [dy, x], dx| launch::gelu_backward(gpu, NODE, op, dy, x, dx));
        or(is_done, || self.cpu.gelu_backward(op, dy, x, dx))
    }

    fn tanh_forward(&self, op: &Tanh, x: &[f32], y: &mut [f32]) -> Done {
        let fits = all([x.len(), y.len()], op.elements());
        let is_done = self.floats(fits, [x], y, |gpu, [x], y| launch::tanh_forward(gpu, NODE, op, x, y));
        or(is_done, || self.cpu.tanh_forward(op, x, y))
    }

    fn tanh_backward(&self, op: &Tanh, dy: &[f32], y: &[f32], dx: &mut [f32]) -> Done {
        let fits = all([dy.len(), y.len(), dx.len()], op.elements());
        let is_done = self
            .floats(fits, [dy, y], dx, |gpu, [dy, y], dx| launch::tanh_backward(gpu, NODE, op, dy, y, dx));
        or(is_done, || self.cpu.tanh_backward(op, dy, y, dx))
    }

    fn silu_mul_forward(&self, op: &SiluMul, x: &[f32], u: &[f32], y: &mut [f32]) -> Done {
        let fits = all([x.len(), u.len(), y.len()], op.elements());
        let is_done =
            self.floats(fits, [x, u], y, |gpu, [x, u], y| launch::silu_mul_forward(gpu, NODE, op, x, u, y));
        or(is_done, || self.cpu.silu_mul_forward(op, x, u, y))
    }

    fn silu_mul_backward(
        &self,
        op: &SiluMul,
        dy: &[f32],
        x: &[f32],
        u: &[f32],
        dx: &mut [f32],
        du: &mut [f32],
    ) -> Done {
        let lengths = [dy.len(), x.len(), u.len(), dx.len(), du.len()];
        let is_done = self.elements(all(lengths, op.elements()), |trip| {
            let (dy, x, u) = (trip.up(dy)?, trip.up(x)?, trip.up(u)?);
            let (to_x, to_u) = (trip.room(dx.len())?, trip.room(du.len())?);
            let (dy, x, u) = (dy.span(), x.span(), u.span());
            launch::silu_mul_backward(trip.gpu, NODE, op, dy, x, u, to_x.span(), to_u.span())?;
            trip.down(&to_x, dx)?;
            trip.down(&to_u, du)
        });
        or(is_done, || self.cpu.silu_mul_backward(op, dy, x, u, dx, du))
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
    ) -> Done {
        let (rows, cols) = (op.rows(), op.cols());
        let fits = all([x.len(), y.len()], rows * cols)
            && all([gamma.len(), beta.len()], cols)
            && all([mean.len(), rstd.len()], rows);
        let is_done = self.elements(fits, |trip| {
            let (x, gamma, beta) = (trip.up(x)?, trip.up(gamma)?, trip.up(beta)?);
            let (to, to_mean, to_rstd) = (trip.room(y.len())?, trip.room(rows)?, trip.room(rows)?);
            let (x, gamma, beta) = (x.span(), gamma.span(), beta.span());
            let (y_place, of_mean, of_rstd) = (to.span(), to_mean.span(), to_rstd.span());
            launch::layer_norm_forward(trip.gpu, NODE, op, x, gamma, beta, y_place, of_mean, of_rstd)?;
            trip.down(&to, y)?;
            trip.down(&to_mean, mean)?;
            trip.down(&to_rstd, rstd)
        });
        or(is_done, || self.cpu.layer_norm_forward(op, x, gamma, beta, y, mean, rstd))
    }

    fn layer_norm_backward_input(
        &self,
        op: &LayerNorm,
        dy: &[f32],
        x: &[f32],
        gamma: &[f32],
        stats: &LayerNormStats<'_>,
        dx: &mut [f32],
    ) -> Done {
        let (rows, cols) = (op.rows(), op.cols());
        let fits = all([dy.len(), x.len(), dx.len()], rows * cols)
            && gamma.len() == cols
            && all([stats.mean.len(), stats.rstd.len()], rows);
        let is_done = self.elements(fits, |trip| {
            let (dy, x, gamma) = (trip.up(dy)?, trip.up(x)?, trip.up(gamma)?);
            let (mean, rstd, to) = (trip.up(stats.mean)?, trip.up(stats.rstd)?, trip.room(dx.len())?);
            let stats = launch::LayerNormSpans { mean: mean.span(), rstd: rstd.span() };
            let (dy, x, gamma) = (dy.span(), x.span(), gamma.span());
            launch::layer_norm_backward_input(trip.gpu, NODE, op, dy, x, gamma, stats, to.span())?;
            trip.down(&to, dx)
        });
        or(is_done, || self.cpu.layer_norm_backward_input(op, dy, x, gamma, stats, dx))
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
    ) -> Done {
        let (rows, cols) = (op.rows(), op.cols());
        let fits = all([dy.len(), x.len()], rows * cols)
            && all([dgamma.len(), dbeta.len()], cols)
            && all([stats.mean.len(), stats.rstd.len()], rows);
        let is_done = self.elements(fits, |trip| {
            let (dy, x, mean) = (trip.up(dy)?, trip.up(x)?, trip.up(stats.mean)?);
            let (rstd, of_gamma, of_beta) = (trip.up(stats.rstd)?, trip.up(dgamma)?, trip.up(dbeta)?);
            let stats = launch::LayerNormSpans { mean: mean.span(), rstd: rstd.span() };
            let (dy, x, gamma, beta) = (dy.span(), x.span(), of_gamma.span(), of_beta.span());
            launch::layer_norm_backward_weight(trip.gpu, NODE, op, dy, x, stats, fixed, gamma, beta)?;
            let (gamma, beta) = (trip.changed(&of_gamma)?, trip.changed(&of_beta)?);
            dgamma.copy_from_slice(&gamma);
            dbeta.copy_from_slice(&beta);
            Ok(())
        });
        or(is_done, || self.cpu.layer_norm_backward_weight(op, dy, x, stats, fixed, dgamma, dbeta))
    }

    fn rms_norm_forward(
        &self,
        op: &RmsNorm,
        x: &[f32],
        gamma: &[f32],
        y: &mut [f32],
        rstd: &mut [f32],
    ) -> Done {
        let fits = all([x.len(), y.len()], op.rows() * op.cols())
            && gamma.len() == op.cols()
            && rstd.len() == op.rows();
        let is_done = self.elements(fits, |trip| {
            let (x, gamma) = (trip.up(x)?, trip.up(gamma)?);
            let (to, to_rstd) = (trip.room(y.len())?, trip.room(rstd.len())?);
            let (x, gamma) = (x.span(), gamma.span());
            launch::rms_norm_forward(trip.gpu, NODE, op, x, gamma, to.span(), to_rstd.span())?;
            trip.down(&to, y)?;
            trip.down(&to_rstd, rstd)
        });
        or(is_done, || self.cpu.rms_norm_forward(op, x, gamma, y, rstd))
    }

    fn rms_norm_backward_input(
        &self,
        op: &RmsNorm,
        dy: &[f32],
        x: &[f32],
        gamma: &[f32],
        rstd: &[f32],
        dx: &mut [f32],
    ) -> Done {
        let fits = all([dy.len(), x.len(), dx.len()], op.rows() * op.cols())
            && gamma.len() == op.cols()
            && rstd.len() == op.rows();
        let is_done = self.floats(fits, [dy, x, gamma, rstd], dx, |gpu, [dy, x, gamma, rstd], dx| {
            launch::rms_norm_backward_input(gpu, NODE, op, dy, x, gamma, rstd, dx)
        });
        or(is_done, || self.cpu.rms_norm_backward_input(op, dy, x, gamma, rstd, dx))
    }

    fn rms_norm_backward_weight(
        &self,
        op: &RmsNorm,
        dy: &[f32],
        x: &[f32],
        rstd: &[f32],
        fixed: &FixedPoint,
        dgamma: &mut [i64],
    ) -> Done {
        let fits = all([dy.len(), x.len()], op.rows() * op.cols())
            && dgamma.len() == op.cols()
            && rstd.len() == op.rows();
        let is_done = self.elements(fits, |trip| {
            let (dy, x, rstd, sums) = (trip.up(dy)?, trip.up(x)?, trip.up(rstd)?, trip.up(dgamma)?);
            let (dy, x, rstd) = (dy.span(), x.span(), rstd.span());
            launch::rms_norm_backward_weight(trip.gpu, NODE, op, dy, x, rstd, fixed, sums.span())?;
            trip.replace(&sums, dgamma)
        });
        or(is_done, || self.cpu.rms_norm_backward_weight(op, dy, x, rstd, fixed, dgamma))
    }

    fn l2_norm_forward(&self, op: &L2Norm, x: &[f32], y: &mut [f32], norms: &mut [f32]) -> Done {
        let fits = all([x.len(), y.len()], op.rows() * op.cols()) && norms.len() == op.rows();
        let is_done = self.elements(fits, |trip| {
            let (x, to, to_norms) = (trip.up(x)?, trip.room(y.len())?, trip.room(norms.len())?);
            launch::l2_norm_forward(trip.gpu, NODE, op, x.span(), to.span(), to_norms.span())?;
            trip.down(&to, y)?;
            trip.down(&to_norms, norms)
        });
        or(is_done, || self.cpu.l2_norm_forward(op, x, y, norms))
    }

    fn l2_norm_backward(&self, op: &L2Norm, dy: &[f32], y: &[f32], divisor: &[f32], dx: &mut [f32]) -> Done {
        let fits = all([dy.len(), y.len(), dx.len()], op.rows() * op.cols()) && divisor.len() == op.rows();
        let is_done = self.floats(fits, [dy, y, divisor], dx, |gpu, [dy, y, divisor], dx| {
            launch::l2_norm_backward(gpu, NODE, op, dy, y, divisor, dx)
        });
        or(is_done, || self.cpu.l2_norm_backward(op, dy, y, divisor, dx))
    }

    fn mean_pool_forward(&self, op: &MeanPool, x: &[f32], y: &mut [f32]) -> Done {
        let fits = x.len() == op.tokens() * op.cols() && y.len() == op.cols();
        let is_done = self.floats(fits, [x], y, |gpu, [x], y| launch::mean_pool_forward(gpu, NODE, op, x, y));
        or(is_done, || self.cpu.mean_pool_forward(op, x, y))
    }

    fn mean_pool_backward(&self, op: &MeanPool, dy: &[f32], dx: &mut [f32]) -> Done {
        let fits = dy.len() == op.cols() && dx.len() == op.tokens() * op.cols();
        let is_done =
            self.floats(fits, [dy], dx, |gpu, [dy], dx| launch::mean_pool_backward(gpu, NODE, op, dy, dx));
        or(is_done, || self.cpu.mean_pool_backward(op, dy, dx))
    }

    fn rope_forward(&self, op: &Rope, start: usize, table: &RopeTable<'_>, x: &[f32], y: &mut [f32]) -> Done {
        let is_done = self.elements(turns(op, start, table, x.len(), y.len()), |trip| {
            let (cos, sin) = (trip.up(table.cos)?, trip.up(table.sin)?);
            let (x, to) = (trip.up(x)?, trip.room(y.len())?);
            let table = launch::RopeSpans { cos: cos.span(), sin: sin.span() };
            launch::rope_forward(trip.gpu, NODE, op, start, table, x.span(), to.span())?;
            trip.down(&to, y)
        });
        or(is_done, || self.cpu.rope_forward(op, start, table, x, y))
    }

    fn rope_backward(
        &self,
        op: &Rope,
        start: usize,
        table: &RopeTable<'_>,
        dy: &[f32],
        dx: &mut [f32],
    ) -> Done {
        let is_done = self.elements(turns(op, start, table, dy.len(), dx.len()), |trip| {
            let (cos, sin) = (trip.up(table.cos)?, trip.up(table.sin)?);
            let (dy, to) = (trip.up(dy)?, trip.room(dx.len())?);
            let table = launch::RopeSpans { cos: cos.span(), sin: sin.span() };
            launch::rope_backward(trip.gpu, NODE, op, start, table, dy.span(), to.span())?;
            trip.down(&to, dx)
        });
        or(is_done, || self.cpu.rope_backward(op, start, table, dy, dx))
    }

    fn embed_gather_forward(&self, op: &EmbedGather, ids: &[u32], table: &[f32], y: &mut [f32]) -> Done {
        let fits = ids.len() == op.tokens()
            && table.len() == op.vocabulary() * op.cols()
            && y.len() == op.tokens() * op.cols();
        let is_done = self.elements(fits, |trip| {
            let (ids, table, to) = (trip.up(ids)?, trip.up(table)?, trip.room(y.len())?);
            launch::embed_gather_forward(trip.gpu, NODE, op, ids.span(), table.span(), to.span())?;
            trip.down(&to, y)
        });
        or(is_done, || self.cpu.embed_gather_forward(op, ids, table, y))
    }

    fn embed_gather_forward_quantised(
        &self,
        op: &EmbedGather,
        ids: &[u32],
        table: &Quantised<'_>,
        y: &mut [f32],
    ) -> Done {
        let fits = ids.len() == op.tokens()
            && table.rows() == op.vocabulary()
            && table.depth() == op.cols()
            && y.len() == op.tokens() * op.cols();
        let is_done = self.elements(fits, |trip| {
            let (ids, table, to) = (trip.up(ids)?, trip.digits(table)?, trip.room(y.len())?);
            let (ids, table) = (ids.span(), table.spans());
            launch::embed_gather_forward_quantised(trip.gpu, NODE, op, ids, table, to.span())?;
            trip.down(&to, y)
        });
        or(is_done, || self.cpu.embed_gather_forward_quantised(op, ids, table, y))
    }

    fn embed_scatter_add(
        &self,
        op: &EmbedScatterAdd,
        ids: &[u32],
        dy: &[f32],
        fixed: &FixedPoint,
        table: &mut [i64],
    ) -> Done {
        let fits = ids.len() == op.tokens()
            && dy.len() == op.tokens() * op.cols()
            && table.len() == op.vocabulary() * op.cols();
        let is_done = self.elements(fits, |trip| {
            let (ids, dy, sums) = (trip.up(ids)?, trip.up(dy)?, trip.up(table)?);
            launch::embed_scatter_add(trip.gpu, NODE, op, ids.span(), dy.span(), fixed, sums.span())?;
            trip.replace(&sums, table)
        });
        or(is_done, || self.cpu.embed_scatter_add(op, ids, dy, fixed, table))
    }

    fn embed_scatter_subtract(
        &self,
        op: &EmbedScatterAdd,
        ids: &[u32],
        dy: &[f32],
        fixed: &FixedPoint,
        table: &mut [i64],
    ) -> Done {
        let fits = ids.len() == op.tokens()
            && dy.len() == op.tokens() * op.cols()
            && table.len() == op.vocabulary() * op.cols();
        let is_done = self.elements(fits, |trip| {
            let (ids, dy, sums) = (trip.up(ids)?, trip.up(dy)?, trip.up(table)?);
            launch::embed_scatter_subtract(trip.gpu, NODE, op, ids.span(), dy.span(), fixed, sums.span())?;
            trip.replace(&sums, table)
        });
        or(is_done, || self.cpu.embed_scatter_subtract(op, ids, dy, fixed, table))
    }

    fn kv_append_forward(
        &self,
        op: &KvAppend,
        at: usize,
        k: &[f32],
        v: &[f32],
        cache: &mut KvCache<'_>,
    ) -> Result<usize, Error> {
        let width = op.heads() * op.dim();
        let tokens = k.len() / width;
        let fits = all([k.len(), v.len()], tokens * width)
            && at.saturating_add(tokens) <= op.capacity()
            && op.view(cache).is_ok();
        let is_done = self.elements(fits, |trip| {
            let (k, v, held) = (trip.up(k)?, trip.up(v)?, trip.cache(cache)?);
            launch::kv_append_forward(trip.gpu, NODE, op, at, k.span(), v.span(), held.spans())?;
            held.down(trip, cache)
        });
        if is_done {
            return Ok(at + tokens);
        }
        self.cpu.kv_append_forward(op, at, k, v, cache)
    }

    fn attn_forward(
        &self,
        op: &Attn,
        q: &Quantised<'_>,
        cache: &KeysValues<'_>,
        scratch: &mut [f32],
        out: &mut [f32],
    ) -> Done {
        let shape = op.shape();
        let fits = attends(op, q, cache)
            && out.len() == shape.queries * shape.heads * shape.dim
            && scratch.len() >= shape.keys;
        let digits = q.precision().digits() * cache.keys.precision().digits()
            + op.weights().digits() * cache.values.precision().digits();
        let products = times([shape.queries, shape.heads, shape.keys, shape.dim, digits]);
        let planes = q.planes().len() + cache.keys.planes().len() + cache.values.planes().len();
        let is_done = self.products(fits, [products, planes + 4 * out.len()], |trip| {
            let (q, cache, to) = (trip.digits(q)?, trip.keys_values(cache)?, trip.room(out.len())?);
            launch::attn_forward(trip.gpu, NODE, op, q.spans(), cache.spans(), to.span())?;
            trip.down(&to, out)
        });
        or(is_done, || self.cpu.attn_forward(op, q, cache, scratch, out))
    }

    fn attn_backward(
        &self,
        op: &AttnBackward,
        dy: &[f32],
        saved: &AttnSaved<'_>,
        scratch: &mut AttnScratch<'_>,
        gradients: &mut AttnGradients<'_>,
    ) -> Done {
        let (shape, sizes) = (op.attn().shape(), op.sizes());
        let asking = shape.queries * shape.heads * shape.dim;
        let asked = shape.keys * shape.kv_heads * shape.dim;
        let (left, right) = (&scratch.operands.left, &scratch.operands.right);
        let has_room = scratch.floats.len() >= sizes.floats
            && left.planes.len().min(right.planes.len()) >= sizes.planes
            && left.scales.len().min(right.scales.len()) >= sizes.scales;
        let fits = has_room
            && attends(op.attn(), &saved.quantised, &saved.cache)
            && all([dy.len(), saved.q.len(), saved.out.len(), gradients.dq.len()], asking)
            && all([saved.k.len(), gradients.dk.len(), gradients.dv.len()], asked);
        let digits = op.precision().digits();
        // Five products: scores and those of dP, dV, dK and dQ.
        let products = times([5, shape.queries, shape.heads, shape.keys, shape.dim, digits, digits]);
        let is_done = self.products(fits, [products, 4 * (4 * asking + 3 * asked)], |trip| {
            let (dy, q, k, out) = (trip.up(dy)?, trip.up(saved.q)?, trip.up(saved.k)?, trip.up(saved.out)?);
            let (quantised, cache) = (trip.digits(&saved.quantised)?, trip.keys_values(&saved.cache)?);
            let (to_q, to_k, to_v) = (trip.room(asking)?, trip.room(asked)?, trip.room(asked)?);
            let held = launch::AttnSavedSpans {
                q: q.span(),
                k: k.span(),
                out: out.span(),
                quantised: quantised.spans(),
                cache: cache.spans(),
            };
            let places = launch::AttnGradientSpans { dq: to_q.span(), dk: to_k.span(), dv: to_v.span() };
            launch::attn_backward(trip.gpu, NODE, op, dy.span(), held, places)?;
            trip.down(&to_q, gradients.dq)?;
            trip.down(&to_k, gradients.dk)?;
            trip.down(&to_v, gradients.dv)
        });
        or(is_done, || self.cpu.attn_backward(op, dy, saved, scratch, gradients))
    }

    fn cross_entropy_forward(
        &self,
        op: &CrossEntropy,
        logits: &[f32],
        labels: &[u32],
        losses: &mut [f32],
    ) -> Done {
        let fits =
            logits.len() == op.tokens() * op.classes() && all([labels.len(), losses.len()], op.tokens());
        let is_done = self.elements(fits, |trip| {
            let (logits, labels, to) = (trip.up(logits)?, trip.up(labels)?, trip.room(losses.len())?);
            launch::cross_entropy_forward(trip.gpu, NODE, op, logits.span(), labels.span(), to.span())?;
            trip.down(&to, losses)
        });
        or(is_done, || self.cpu.cross_entropy_forward(op, logits, labels, losses))
    }

    fn cross_entropy_probabilities(&self, op: &CrossEntropy, z: &[f32], p: &mut [f32]) -> Done {
        let fits = all([z.len(), p.len()], op.tokens() * op.classes());
        let is_done =
            self.floats(fits, [z], p, |gpu, [z], p| launch::cross_entropy_probabilities(gpu, NODE, op, z, p));
        or(is_done, || self.cpu.cross_entropy_probabilities(op, z, p))
    }

    fn cross_entropy_backward_input(
        &self,
        op: &CrossEntropy,
        head: &Head<'_>,
        weight: &[f32],
        scratch: &mut Scratch<'_>,
        dx: &mut [f32],
    ) -> Done {
        let linear = head.linear;
        let fits = head_fits(op, head)
            && input_fits(linear, head.probabilities.len(), weight.len(), scratch, dx.len());
        let bytes = 4 * (head.probabilities.len() + weight.len() + dx.len());
        let is_done = self.products(fits, gradient(linear, bytes), |trip| {
            let (labels, p) = (trip.up(head.labels)?, trip.up(head.probabilities)?);
            let (weight, to) = (trip.up(weight)?, trip.room(dx.len())?);
            let head = launch::HeadSpans { linear, labels: labels.span(), probabilities: p.span() };
            launch::cross_entropy_backward_input(trip.gpu, NODE, op, head, weight.span(), to.span())?;
            trip.down(&to, dx)
        });
        or(is_done, || self.cpu.cross_entropy_backward_input(op, head, weight, scratch, dx))
    }

    fn cross_entropy_backward_weight(
        &self,
        op: &CrossEntropy,
        head: &Head<'_>,
        x: &[f32],
        fixed: &FixedPoint,
        scratch: &mut Scratch<'_>,
        dw: &mut [i64],
    ) -> Done {
        let linear = head.linear;
        let fits =
            head_fits(op, head) && weight_fits(linear, head.probabilities.len(), x.len(), scratch, dw.len());
        let bytes = 4 * (head.probabilities.len() + x.len()) + 16 * dw.len();
        let is_done = self.products(fits, gradient(linear, bytes), |trip| {
            let (labels, p) = (trip.up(head.labels)?, trip.up(head.probabilities)?);
            let (x, sums) = (trip.up(x)?, trip.up(dw)?);
            let head = launch::HeadSpans { linear, labels: labels.span(), probabilities: p.span() };
            launch::cross_entropy_backward_weight(trip.gpu, NODE, op, head, x.span(), fixed, sums.span())?;
            trip.replace(&sums, dw)
        });
        or(is_done, || self.cpu.cross_entropy_backward_weight(op, head, x, fixed, scratch, dw))
    }

    fn means(&self, sums: &[i64], count: u32, y: &mut [f32]) -> Done {
        let is_done = self.elements(count > 0 && sums.len() == y.len(), |trip| {
            let (sums, to) = (trip.up(sums)?, trip.room(y.len())?);
            launch::means(trip.gpu, sums.span(), count, to.span())?;
            trip.down(&to, y)
        });
        or(is_done, || self.cpu.means(sums, count, y))
    }

    fn clip_norm_square(&self, g: &[f32]) -> Result<f32, Error> {
        let mut square = [0.0];
        let fits = (1..=MAX_SUM).contains(&g.len());
        let is_done = self.elements(fits, |trip| {
            let (g, to) = (trip.up(g)?, trip.room(1)?);
            launch::clip_norm_square(trip.gpu, NODE, g.span(), to.span())?;
            trip.down(&to, &mut square)
        });
        if is_done {
            return Ok(square[0]);
        }
        ClipNorm::square(g)
    }

    fn clip_norm_apply(&self, factor: f32, g: &mut [f32]) -> Done {
        let is_done = self.elements(true, |trip| {
            let held = trip.up(g)?;
            launch::clip_norm_apply(trip.gpu, NODE, factor, held.span())?;
            trip.replace(&held, g)
        });
        or(is_done, || self.cpu.clip_norm_apply(factor, g))
    }

    fn arg_max_forward(&self, op: &ArgMax, x: &[f32], best: &mut [u32]) -> Done {
        let fits = x.len() == op.rows() * op.classes() && best.len() == op.rows();
        let is_done = self.elements(fits, |trip| {
            let (x, to) = (trip.up(x)?, trip.room(best.len())?);
            launch::arg_max_forward(trip.gpu, NODE, op, x.span(), to.span())?;
            trip.down(&to, best)
        });
        or(is_done, || self.cpu.arg_max_forward(op, x, best))
    }

    fn sample_forward(
        &self,
        op: &Sample,
        logits: &[f32],
        draw: u64,
        scratch: &mut [u64],
    ) -> Result<u32, Error> {
        let mut class = [0];
        let fits = logits.len() == op.classes() && scratch.len() >= op.scratch();
        let is_done = self.elements(fits, |trip| {
            let (logits, to) = (trip.up(logits)?, trip.room(1)?);
            launch::sample_forward(trip.gpu, NODE, op, logits.span(), draw, to.span())?;
            trip.down(&to, &mut class)
        });
        if is_done {
            return Ok(class[0]);
        }
        self.cpu.sample_forward(op, logits, draw, scratch)
    }

    fn sgd_step_forward(
        &self,
        op: &SgdStep,
        rate: f32,
        g: &[f32],
        velocity: &mut [f32],
        parameter: &mut [f32],
    ) -> Done {
        let fits =
            all([g.len(), velocity.len(), parameter.len()], op.elements()) && rate.is_finite() && rate >= 0.0;
        let is_done = self.elements(fits, |trip| {
            let (g, of_velocity, of_parameter) = (trip.up(g)?, trip.up(velocity)?, trip.up(parameter)?);
            let (v, p) = (of_velocity.span(), of_parameter.span());
            launch::sgd_step_forward(trip.gpu, NODE, op, rate, g.span(), v, p)?;
            let (v, p) = (trip.changed(&of_velocity)?, trip.changed(&of_parameter)?);
            velocity.copy_from_slice(&v);
            parameter.copy_from_slice(&p);
            Ok(())
        });
        or(is_done, || self.cpu.sgd_step_forward(op, rate, g, velocity, parameter))
    }

    fn adam_step_forward(
        &self,
        op: &AdamStep,
        rate: f32,
        powers: AdamPowers,
        g: &[f32],
        moments: &mut AdamMoments<'_>,
        parameter: &mut [f32],
    ) -> Done {
        let fits = !g.is_empty()
            && all([moments.first.len(), moments.second.len(), parameter.len()], g.len())
            && rate.is_finite()
            && rate >= 0.0;
        let is_done = self.elements(fits, |trip| {
            let (g, of_first) = (trip.up(g)?, trip.up(moments.first)?);
            let (of_second, of_parameter) = (trip.up(moments.second)?, trip.up(parameter)?);
            let held = launch::MomentSpans { first: of_first.span(), second: of_second.span() };
            let (g, p) = (g.span(), of_parameter.span());
            launch::adam_step_forward(trip.gpu, NODE, op, rate, powers, g, held, p)?;
            let (m, v) = (trip.changed(&of_first)?, trip.changed(&of_second)?);
            let p = trip.changed(&of_parameter)?;
            moments.first.copy_from_slice(&m);
            moments.second.copy_from_slice(&v);
            parameter.copy_from_slice(&p);
            Ok(())
        });
        or(is_done, || self.cpu.adam_step_forward(op, rate, powers, g, moments, parameter))
    }
}
