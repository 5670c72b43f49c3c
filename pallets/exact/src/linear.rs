//! The linear layer y = x·Wᵀ + b, composed of quantisation, an integer product and dequantisation.
//!
//! Published weights are quantised once, per output channel. In training the f32 master weights are quantised again
//! for each of the three products, along the axis that this product does not sum.

use crate::error::{check_finite, Error, Refused, Trap};
use crate::fixed::FixedPoint;
use crate::quant::{dequantise, quantised_sum, Precision, QuantCol, QuantRow, Quantised, QuantisedMut};
use crate::shape::{dimension, length, volume, MAX_DEPTH};

/// Buffers for the two operands of a product; `planes` and `scales` may be longer than needed.
#[derive(Debug)]
pub struct Scratch<'a> {
    /// The first operand.
    pub left: QuantisedMut<'a>,
    /// The second operand.
    pub right: QuantisedMut<'a>,
}

/// Calls `put` with the row-major index and value of every element of A·Bᵀ, dequantised.
pub(crate) fn product<E>(
    a: &Quantised<'_>,
    b: &Quantised<'_>,
    mut put: impl FnMut(usize, f32) -> Result<(), E>,
) -> Result<(), E> {
    for i in 0..a.rows() {
        for j in 0..b.rows() {
            let value = dequantise(a.dot(i, b, j), a.scale(i), b.scale(j));
            put(i * b.rows() + j, value)?;
        }
    }
    Ok(())
}

/// Adds the column sums of a matrix, given row by row, to fixed-point sums: Σ over rows with Q = 2,088,895 per column.
pub(crate) fn add_column_sums(
    rows: usize,
    element: impl Fn(usize, usize) -> f32,
    fixed: &FixedPoint,
    sums: &mut [i64],
) -> Result<(), Trap> {
    for (c, sum) in sums.iter_mut().enumerate() {
        fixed.add(sum, quantised_sum((0..rows).map(|r| element(r, c))), c)?;
    }
    Ok(())
}

/// A linear layer over the tokens of a unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Linear {
    tokens: usize,
    inputs: usize,
    outputs: usize,
    precision: Precision,
}

impl Linear {
    /// x is `tokens × inputs`, W `outputs × inputs`, y `tokens × outputs`; `precision` is that of activations and, in
    /// training, of weights and gradients. Refuses `inputs` over [`MAX_DEPTH`]; the backward forms also `tokens` and
    /// `outputs`, which they sum over.
    pub fn new(tokens: usize, inputs: usize, outputs: usize, precision: Precision) -> Result<Self, Refused> {
        dimension("inputs of Linear", inputs, MAX_DEPTH)?;
        volume("x of Linear", &[precision.digits(), tokens, inputs])?;
        volume("W of Linear", &[precision.digits(), outputs, inputs])?;
        volume("y of Linear", &[precision.digits(), tokens, outputs])?;
        Ok(Self { tokens, inputs, outputs, precision })
    }

    /// Tokens of the unit.
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// Input channels.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Output channels.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Precision of activations and, in training, of weights and gradients.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Writes `y`. `weight` is quantised per output channel; `scratch` holds x: digits × tokens × inputs, tokens.
    pub fn forward(
        &self,
        x: &[f32],
        weight: &Quantised<'_>,
        bias: Option<&[f32]>,
        scratch: &mut QuantisedMut<'_>,
        y: &mut [f32],
    ) -> Result<(), Error> {
        length("x of Linear", x.len(), self.tokens * self.inputs)?;
        length("rows of W of Linear", weight.rows(), self.outputs)?;
        length("columns of W of Linear", weight.depth(), self.inputs)?;
        length("bias of Linear", bias.map_or(self.outputs, <[f32]>::len), self.outputs)?;
        length("y of Linear", y.len(), self.tokens * self.outputs)?;
        check_finite(x)?;
        check_finite(bias.unwrap_or(&[]))?;
        let x = scratch.rows(&QuantRow::new(self.tokens, self.inputs, self.precision)?, x)?;
        product(&x, weight, |at, value| -> Result<(), Error> {
            y[at] = bias.map_or(value, |bias| value + bias[at % self.outputs]);
            Ok(())
        })?;
        Ok(check_finite(y)?)
    }

    /// Writes dx = dy·W (`tokens × inputs`): dy per token, W (`outputs × inputs`, f32) per input channel.
    pub fn backward_input(
        &self,
        dy: &[f32],
        weight: &[f32],
        scratch: &mut Scratch<'_>,
        dx: &mut [f32],
    ) -> Result<(), Error> {
        length("dy of Linear", dy.len(), self.tokens * self.outputs)?;
        length("W of Linear", weight.len(), self.outputs * self.inputs)?;
        length("dx of Linear", dx.len(), self.tokens * self.inputs)?;
        check_finite(dy)?;
        check_finite(weight)?;
        let rows = QuantRow::new(self.tokens, self.outputs, self.precision)?;
        let cols = QuantCol::new(self.outputs, self.inputs, self.precision)?;
        let dy = scratch.left.rows(&rows, dy)?;
        let weight = scratch.right.columns(&cols, weight)?;
        product(&dy, &weight, |at, value| -> Result<(), Error> {
            dx[at] = value;
            Ok(())
        })?;
        Ok(check_finite(dx)?)
    }

    /// Adds the unit's dW = dyᵀ·x (`outputs × inputs`) to `dw`: dy and x per channel over the unit's tokens.
    pub fn backward_weight(
        &self,
        dy: &[f32],
        x: &[f32],
        fixed: &FixedPoint,
        scratch: &mut Scratch<'_>,
        dw: &mut [i64],
    ) -> Result<(), Error> {
        length("dy of Linear", dy.len(), self.tokens * self.outputs)?;
        length("x of Linear", x.len(), self.tokens * self.inputs)?;
        length("dW of Linear", dw.len(), self.outputs * self.inputs)?;
        check_finite(dy)?;
        check_finite(x)?;
        let left = QuantCol::new(self.tokens, self.outputs, self.precision)?;
        let right = QuantCol::new(self.tokens, self.inputs, self.precision)?;
        let dy = scratch.left.columns(&left, dy)?;
        let x = scratch.right.columns(&right, x)?;
        Ok(product(&dy, &x, |at, value| fixed.add(&mut dw[at], value, at))?)
    }

    /// Adds the unit's db = Σ over tokens of dy (`outputs`) to `db`.
    pub fn backward_bias(&self, dy: &[f32], fixed: &FixedPoint, db: &mut [i64]) -> Result<(), Error> {
        length("dy of Linear", dy.len(), self.tokens * self.outputs)?;
        length("db of Linear", db.len(), self.outputs)?;
        check_finite(dy)?;
        Ok(add_column_sums(self.tokens, |t, c| dy[t * self.outputs + c], fixed, db)?)
    }
}
