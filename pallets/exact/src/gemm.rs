//! Products of integer matrices, both operands K-major: C[i, j] = Σₖ A[i, k]·B[j, k], exact.

use crate::error::{check_finite, Error, Refused};
use crate::quant::{dot, Quantised};
use crate::shape::{dimension, length, volume, MAX_DEPTH};

/// A product of i8 matrices in i32.
#[derive(Clone, Copy, Debug)]
pub struct GemmI8 {
    rows: usize,
    cols: usize,
    depth: usize,
}

impl GemmI8 {
    /// A is `rows × depth`, B `cols × depth`. Refuses a depth over [`MAX_DEPTH`].
    pub fn new(rows: usize, cols: usize, depth: usize) -> Result<Self, Refused> {
        dimension("depth of GemmI8", depth, MAX_DEPTH)?;
        volume("A of GemmI8", &[rows, depth])?;
        volume("B of GemmI8", &[cols, depth])?;
        volume("C of GemmI8", &[rows, cols])?;
        Ok(Self { rows, cols, depth })
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Elements that are summed.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Writes `c` (`rows × cols`).
    pub fn forward(&self, a: &[i8], b: &[i8], c: &mut [i32]) -> Result<(), Refused> {
        length("A of GemmI8", a.len(), self.rows * self.depth)?;
        length("B of GemmI8", b.len(), self.cols * self.depth)?;
        length("C of GemmI8", c.len(), self.rows * self.cols)?;
        for (a, c) in a.chunks_exact(self.depth).zip(c.chunks_exact_mut(self.cols)) {
            for (b, c) in b.chunks_exact(self.depth).zip(c) {
                *c = dot(a, b);
            }
        }
        Ok(())
    }
}

/// A product of quantised matrices of any precisions in i64.
#[derive(Clone, Copy, Debug)]
pub struct GemmI8Sliced {
    rows: usize,
    cols: usize,
    depth: usize,
}

impl GemmI8Sliced {
    /// A has `rows` vectors of `depth`, B `cols`. Refuses a depth over [`MAX_DEPTH`].
    pub fn new(rows: usize, cols: usize, depth: usize) -> Result<Self, Refused> {
        dimension("depth of GemmI8Sliced", depth, MAX_DEPTH)?;
        volume("C of GemmI8Sliced", &[rows, cols])?;
        Ok(Self { rows, cols, depth })
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Elements that are summed.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Writes `c` (`rows × cols`).
    pub fn forward(&self, a: &Quantised<'_>, b: &Quantised<'_>, c: &mut [i64]) -> Result<(), Refused> {
        length("depth of A of GemmI8Sliced", a.depth(), self.depth)?;
        length("depth of B of GemmI8Sliced", b.depth(), self.depth)?;
        length("rows of A of GemmI8Sliced", a.rows(), self.rows)?;
        length("rows of B of GemmI8Sliced", b.rows(), self.cols)?;
        length("C of GemmI8Sliced", c.len(), self.rows * self.cols)?;
        for (i, row) in c.chunks_exact_mut(self.cols).enumerate() {
            for (j, c) in row.iter_mut().enumerate() {
                *c = a.dot(i, b, j);
            }
        }
        Ok(())
    }
}

/// An exact sum of products: i32 or i64.
pub trait Accumulator: Copy {
    /// The nearest float, ties to even.
    fn to_f32(self) -> f32;
}

impl Accumulator for i32 {
    fn to_f32(self) -> f32 {
        self as f32
    }
}

impl Accumulator for i64 {
    fn to_f32(self) -> f32 {
        self as f32
    }
}

/// An integer product as floats: y[i, j] = (f32(acc[i, j])·(sx[i]·sw[j])) + b[j]; without bias nothing is added.
#[derive(Clone, Copy, Debug)]
pub struct DequantBias {
    rows: usize,
    cols: usize,
}

impl DequantBias {
    /// For a product of `rows × cols`.
    pub fn new(rows: usize, cols: usize) -> Result<Self, Refused> {
        volume("DequantBias", &[rows, cols])?;
        Ok(Self { rows, cols })
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Writes `y` (`rows × cols`) from `sums` (`rows × cols`), the operands' scales and the bias (`cols`).
    pub fn forward<A: Accumulator>(
        &self,
        sums: &[A],
        row_scales: &[f32],
        col_scales: &[f32],
        bias: Option<&[f32]>,
        y: &mut [f32],
    ) -> Result<(), Error> {
        length("sums of DequantBias", sums.len(), self.rows * self.cols)?;
        length("row scales of DequantBias", row_scales.len(), self.rows)?;
        length("column scales of DequantBias", col_scales.len(), self.cols)?;
        length("bias of DequantBias", bias.map_or(self.cols, <[f32]>::len), self.cols)?;
        length("y of DequantBias", y.len(), self.rows * self.cols)?;
        check_finite(row_scales)?;
        check_finite(col_scales)?;
        check_finite(bias.unwrap_or(&[]))?;
        for (at, (y, sum)) in y.iter_mut().zip(sums).enumerate() {
            let (i, j) = (at / self.cols, at % self.cols);
            let product = sum.to_f32() * (row_scales[i] * col_scales[j]);
            *y = bias.map_or(product, |bias| product + bias[j]);
        }
        Ok(check_finite(y)?)
    }
}
