//! Operators of a training: losses, gradients, the update of the parameters.

use assay_exact::{AttnBackward, KvAppend, Precision, QuantRow, Refused};
use assay_exec::resident::{Gradient, QuantisedRegions, Region, Update};

use super::{room_for_cache, written, Done, Memory};
use crate::held::HeldDigits;
use crate::launch::{
    self, AttnGradientSpans, AttnSavedSpans, HeadSpans, LayerNormSpans, MomentSpans, RopeSpans,
};

impl Memory<'_> {
    /// Losses and gradients.
    pub(super) fn differentiate(&self, node: u32, gradient: &Gradient) -> Done {
        let gpu = &self.cuda.gpu;
        match gradient {
            Gradient::Losses { op, logits, labels, losses } => {
                let [logits, losses] = self.all([logits, losses])?;
                launch::cross_entropy_forward(gpu, node, op, logits, self.at(labels)?, losses)
            }
            Gradient::Probabilities { op, logits, p } => {
                launch::cross_entropy_probabilities(gpu, node, op, self.at(logits)?, self.at(p)?)
            }
            Gradient::Mul { op, dy, a, b, da, db } => {
                let [dy, a, b, da, db] = self.all([dy, a, b, da, db])?;
                launch::mul_backward(gpu, node, op, dy, a, b, da, db)
            }
            Gradient::SiluMul { op, dy, x, u, dx, du } => {
                let [dy, x, u, dx, du] = self.all([dy, x, u, dx, du])?;
                launch::silu_mul_backward(gpu, node, op, dy, x, u, dx, du)
            }
            Gradient::Gelu { op, dy, x, dx } => {
                let [dy, x, dx] = self.all([dy, x, dx])?;
                launch::gelu_backward(gpu, node, op, dy, x, dx)
            }
            Gradient::Tanh { op, dy, y, dx } => {
                let [dy, y, dx] = self.all([dy, y, dx])?;
                launch::tanh_backward(gpu, node, op, dy, y, dx)
            }
            Gradient::Rope { op, cos, sin, positions, dy, dx } => {
                let [cos, sin, dy, dx] = self.all([cos, sin, dy, dx])?;
                let (positions, table) = (self.at(positions)?, RopeSpans { cos, sin });
                launch::rope_backward_at(gpu, node, op, positions, table, dy, dx)
            }
            Gradient::Embed { op, ids, dy, fixed, table } => {
                let (ids, dy, table) = (self.at(ids)?, self.at(dy)?, self.at(table)?);
                launch::embed_scatter_add(gpu, node, op, ids, dy, fixed, table)
            }
            Gradient::Attention { op, keys, values, dy, q, k, v, y, dq, dk, dv } => {
                self.attention_gradients(node, op, [*keys, *values], [dy, q, k, v, y], [dq, dk, dv])
            }
            Gradient::HeadInput { .. }
            | Gradient::HeadWeight { .. }
            | Gradient::LinearInput { .. }
            | Gradient::LinearWeight { .. }
            | Gradient::LinearBias { .. } => self.linear_gradients(node, gradient),
            Gradient::L2Norm { .. }
            | Gradient::LayerNormInput { .. }
            | Gradient::LayerNormWeight { .. }
            | Gradient::RmsNormInput { .. }
            | Gradient::RmsNormWeight { .. } => self.norm_gradients(node, gradient),
        }
    }

    fn linear_gradients(&self, node: u32, gradient: &Gradient) -> Done {
        let gpu = &self.cuda.gpu;
        match gradient {
            Gradient::HeadInput { op, linear, labels, p, weight, dx } => {
                let [probabilities, weight, dx] = self.all([p, weight, dx])?;
                let head = HeadSpans { linear, labels: self.at(labels)?, probabilities };
                launch::cross_entropy_backward_input(gpu, node, op, head, weight, dx)
            }
            Gradient::HeadWeight { op, linear, labels, p, x, fixed, dw } => {
                let [probabilities, x] = self.all([p, x])?;
                let head = HeadSpans { linear, labels: self.at(labels)?, probabilities };
                launch::cross_entropy_backward_weight(gpu, node, op, head, x, fixed, self.at(dw)?)
            }
            Gradient::LinearInput { op, dy, weight, dx } => {
                let [dy, weight, dx] = self.all([dy, weight, dx])?;
                launch::linear_backward_input(gpu, node, op, dy, weight, dx)
            }
            Gradient::LinearWeight { op, dy, x, fixed, dw } => {
                let [dy, x] = self.all([dy, x])?;
                launch::linear_backward_weight(gpu, node, op, dy, x, fixed, self.at(dw)?)
            }
            Gradient::LinearBias { op, dy, fixed, db } => {
                launch::linear_backward_bias(gpu, node, op, self.at(dy)?, fixed, self.at(db)?)
            }
            _ => Err(Refused::Domain("gradient of a linear layer").into()),
        }
    }

    fn norm_gradients(&self, node: u32, gradient: &Gradient) -> Done {
        let gpu = &self.cuda.gpu;
        match gradient {
            Gradient::L2Norm { op, dy, y, divisor, dx } => {
                let [dy, y, divisor, dx] = self.all([dy, y, divisor, dx])?;
                launch::l2_norm_backward(gpu, node, op, dy, y, divisor, dx)
            }
            Gradient::LayerNormInput { op, dy, x, gamma, mean, rstd, dx } => {
                let [dy, x, gamma, mean, rstd, dx] = self.all([dy, x, gamma, mean, rstd, dx])?;
                let stats = LayerNormSpans { mean, rstd };
                launch::layer_norm_backward_input(gpu, node, op, dy, x, gamma, stats, dx)
            }
            Gradient::LayerNormWeight { op, dy, x, mean, rstd, fixed, dgamma, dbeta } => {
                let ([dy, x, mean, rstd], sums) =
                    (self.all([dy, x, mean, rstd])?, self.all([dgamma, dbeta])?);
                let (stats, [dgamma, dbeta]) = (LayerNormSpans { mean, rstd }, sums);
                launch::layer_norm_backward_weight(gpu, node, op, dy, x, stats, fixed, dgamma, dbeta)
            }
            Gradient::RmsNormInput { op, dy, x, gamma, rstd, dx } => {
                let [dy, x, gamma, rstd, dx] = self.all([dy, x, gamma, rstd, dx])?;
                launch::rms_norm_backward_input(gpu, node, op, dy, x, gamma, rstd, dx)
            }
            Gradient::RmsNormWeight { op, dy, x, rstd, fixed, dgamma } => {
                let [dy, x, rstd] = self.all([dy, x, rstd])?;
                launch::rms_norm_backward_weight(gpu, node, op, dy, x, rstd, fixed, self.at(dgamma)?)
            }
            _ => Err(Refused::Domain("gradient of a norm").into()),
        }
    }

    /// Those of an attention. What the forward pass has quantised is quantised again: that reads each of three matrices
    /// once, and leaves room for the digits of one node instead of all.
    fn attention_gradients(
        &self,
        node: u32,
        op: &AttnBackward,
        [keys, values]: [Precision; 2],
        operands: [&Region<f32>; 5],
        gradients: [&Region<f32>; 3],
    ) -> Done {
        let (gpu, shape) = (&self.cuda.gpu, *op.attn().shape());
        let [dy, q, k, v, out] = self.all(operands)?;
        let [dq, dk, dv] = self.all(gradients)?;
        let rows = shape.queries * shape.heads;
        let queries = HeldDigits::new(gpu, rows, shape.dim, keys)?;
        let quantised = queries.spans();
        let by_row = QuantRow::new(rows, shape.dim, keys)?;
        launch::quant_row_forward(gpu, node, &by_row, q, quantised.planes, quantised.scales)?;
        let held = room_for_cache(gpu, [shape.keys * shape.kv_heads, shape.dim], [keys, values])?;
        let (cache, append) =
            (held.spans(), KvAppend::new(shape.keys, shape.kv_heads, shape.dim, keys, values)?);
        launch::kv_append_forward(gpu, node, &append, 0, k, v, written(cache))?;
        let saved = AttnSavedSpans { q, k, out, quantised, cache };
        launch::attn_backward(gpu, node, op, dy, saved, AttnGradientSpans { dq, dk, dv })
    }

    /// Part of the update at the end of a step, or a hash behind it.
    pub(super) fn update(&self, node: u32, update: &Update) -> Done {
        let gpu = &self.cuda.gpu;
        match update {
            Update::Clear { sums } => gpu.zero(self.at(sums)?),
            Update::Means { sums, count, g } => launch::means(gpu, self.at(sums)?, *count, self.at(g)?),
            Update::Square { g, square } => {
                launch::clip_norm_square(gpu, node, self.at(g)?, self.at(square)?)
            }
            Update::Clip { factor, g } => {
                launch::clip_norm_apply_at(gpu, node, self.at(factor)?, self.at(g)?)
            }
            Update::Sgd { op, rate, g, velocity, parameter } => {
                let [g, velocity, parameter] = self.all([g, velocity, parameter])?;
                launch::sgd_step_forward(gpu, node, op, *rate, g, velocity, parameter)
            }
            Update::Adam { op, rate, powers, g, first, second, parameter } => {
                let [g, first, second, parameter] = self.all([g, first, second, parameter])?;
                let moments = MomentSpans { first, second };
                launch::adam_step_forward(gpu, node, op, *rate, *powers, g, moments, parameter)
            }
            Update::Quantise { x, to } => self.quantise(node, x, to),
            Update::Digest { x, hash } => launch::hash::digest(gpu, self.at(x)?, self.at(hash)?),
        }
    }

    fn quantise(&self, node: u32, x: &Region<f32>, to: &QuantisedRegions) -> Done {
        let (op, to) = (QuantRow::new(to.rows, to.depth, to.precision)?, self.digits(to)?);
        launch::quant_row_forward(&self.cuda.gpu, node, &op, self.at(x)?, to.planes, to.scales)
    }
}
