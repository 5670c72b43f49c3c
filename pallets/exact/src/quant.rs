//! From floats to integers along an axis that is not reduced, and to base-128 digits.
//!
//! The gradient of quantisation is the identity (straight-through): no operator here has a backward form of its own.

use crate::error::{check_finite, Error, Refused, Trap, TrapKind};
use crate::float::ties_even;
use crate::shape::{dimension, front, length, volume, MAX_DEPTH};

/// Bits of 2⁻¹⁰⁰: what is smaller in magnitude counts as zero.
pub const TINY_BITS: u32 = 27 << 23;

/// Bits of +∞; the patterns of NaNs without their sign lie above.
const INFINITY_BITS: u32 = 0xFF << 23;

/// How many base-128 digits a GEMM operand has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Precision {
    /// One digit, |q| ≤ 127.
    I8,
    /// Two digits, |q| ≤ 16,319.
    I15,
    /// Three digits, |q| ≤ 2,088,895.
    I22,
}

impl Precision {
    /// Q: the largest magnitude of a quantised value.
    pub const fn bound(self) -> i32 {
        match self {
            Self::I8 => 127,
            Self::I15 => 16_319,
            Self::I22 => 2_088_895,
        }
    }

    /// The number of digits, each a plane of i8 of its own.
    pub const fn digits(self) -> usize {
        match self {
            Self::I8 => 1,
            Self::I15 => 2,
            Self::I22 => 3,
        }
    }
}

/// The largest magnitude, as a bit pattern: patterns of non-negative floats order as they do, those of NaNs on top.
pub fn magnitude(values: impl Iterator<Item = f32>) -> u32 {
    values.fold(0, |largest, x| largest.max(x.to_bits() & 0x7FFF_FFFF))
}

/// The map from one vector's floats to integers: s = absmax/Q, r = Q/absmax, both zero where absmax < 2⁻¹⁰⁰.
///
/// A vector inside an operator may hold a NaN or an infinity. Its integers are all 0 and its scale is NaN, so that
/// whatever is computed from it traps.
#[derive(Clone, Copy, Debug)]
pub struct Quantiser {
    scale: f32,
    inverse: f32,
    bound: f32,
}

impl Quantiser {
    /// For a vector whose largest magnitude has the bit pattern `magnitude`, and Q = `bound`.
    pub fn new(magnitude: u32, bound: i32) -> Self {
        let bound = bound as f32;
        if magnitude < TINY_BITS {
            return Self { scale: 0.0, inverse: 0.0, bound };
        }
        if magnitude >= INFINITY_BITS {
            return Self { scale: f32::NAN, inverse: 0.0, bound };
        }
        let largest = f32::from_bits(magnitude);
        Self { scale: largest / bound, inverse: bound / largest, bound }
    }

    /// What one step of the integers is worth.
    pub fn scale(&self) -> f32 {
        self.scale
    }

    /// clamp(ties_even(x·r), ±Q).
    pub fn quantise(&self, x: f32) -> i32 {
        let q = ties_even(x * self.inverse);
        // Infinity times the zero inverse is NaN, which both comparisons let through and the cast makes 0.
        if q > self.bound {
            self.bound as i32
        } else if q < -self.bound {
            -(self.bound as i32)
        } else {
            q as i32
        }
    }
}

/// Σx in i64 with Q = 2,088,895, as a float: f32(Σq)·s. The sum of every plain reduction over floats.
pub(crate) fn quantised_sum(values: impl Iterator<Item = f32> + Clone) -> f32 {
    let quantiser = Quantiser::new(magnitude(values.clone()), Precision::I22.bound());
    let sum: i64 = values.map(|x| i64::from(quantiser.quantise(x))).sum();
    sum as f32 * quantiser.scale()
}

/// Writes the digits of `q`, lowest first, at `at`, `at + stride`, …: low digits −64…63, the top one what is left.
fn write_digits(q: i32, precision: Precision, planes: &mut [i8], stride: usize, at: usize) {
    let mut rest = q;
    for plane in 1..precision.digits() {
        let low = ((rest + 64) & 127) - 64;
        planes[at + (plane - 1) * stride] = low as i8;
        rest = (rest - low) >> 7;
    }
    planes[at + (precision.digits() - 1) * stride] = rest as i8;
}

/// Quantises one vector into consecutive digits from `at` on; gives its scale.
pub(crate) fn quantise_vector(
    values: impl Iterator<Item = f32> + Clone,
    precision: Precision,
    planes: &mut [i8],
    stride: usize,
    at: usize,
) -> f32 {
    let quantiser = Quantiser::new(magnitude(values.clone()), precision.bound());
    for (i, x) in values.enumerate() {
        write_digits(quantiser.quantise(x), precision, planes, stride, at + i);
    }
    quantiser.scale()
}

/// Quantised vectors, K-major: `digits` planes (lowest digit first) of `rows × depth` i8, and one scale per row.
#[derive(Clone, Copy, Debug)]
pub struct Quantised<'a> {
    planes: &'a [i8],
    scales: &'a [f32],
    depth: usize,
    precision: Precision,
}

impl<'a> Quantised<'a> {
    /// `scales.len()` rows of `depth` elements. Refuses depths over [`MAX_DEPTH`] and slices that do not fit together.
    pub fn new(
        planes: &'a [i8],
        scales: &'a [f32],
        depth: usize,
        precision: Precision,
    ) -> Result<Self, Refused> {
        dimension("depth of a quantised operand", depth, MAX_DEPTH)?;
        let what = "digit planes of a quantised operand";
        length(what, planes.len(), volume(what, &[precision.digits(), scales.len(), depth])?)?;
        Ok(Self { planes, scales, depth, precision })
    }

    /// Refuses digits out of range (−128; in a low plane anything outside −64…63) and scales that are not finite and
    /// at least zero. For operands that come from outside, once, on load.
    pub fn check(&self) -> Result<(), Refused> {
        let stride = self.stride();
        let top = (self.precision.digits() - 1) * stride;
        // Without a way out of the loops the compiler makes vectors of them; a model has billions of digits.
        let low_ok = self.planes[..top].iter().fold(true, |all, d| all & (-64..=63).contains(d));
        let top_ok = self.planes[top..].iter().fold(true, |all, d| all & (*d != i8::MIN));
        if !(low_ok && top_ok) {
            return Err(Refused::Domain("digit of a quantised operand"));
        }
        if self.scales.iter().any(|s| !s.is_finite() || s.is_sign_negative()) {
            return Err(Refused::Domain("scale of a quantised operand"));
        }
        Ok(())
    }

    fn stride(&self) -> usize {
        self.scales.len() * self.depth
    }

    /// The number of vectors.
    #[inline]
    pub fn rows(&self) -> usize {
        self.scales.len()
    }

    /// Digit planes: digits × rows × depth, the lowest digit first.
    pub fn planes(&self) -> &'a [i8] {
        self.planes
    }

    /// The length of each vector.
    #[inline]
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The digits each element has.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// What one step of each row's integers is worth.
    #[inline]
    pub fn scales(&self) -> &'a [f32] {
        self.scales
    }

    /// What one step of a row's integers is worth.
    #[inline]
    pub fn scale(&self, row: usize) -> f32 {
        self.scales[row]
    }

    /// The integer at (row, column), recombined from its digits.
    pub fn value(&self, row: usize, column: usize) -> i32 {
        let at = row * self.depth + column;
        (0..self.precision.digits())
            .rev()
            .fold(0, |q, plane| q * 128 + i32::from(self.planes[plane * self.stride() + at]))
    }

    /// One row of one digit plane.
    #[inline]
    pub fn digits(&self, plane: usize, row: usize) -> &'a [i8] {
        let at = plane * self.stride() + row * self.depth;
        &self.planes[at..at + self.depth]
    }

    /// Σ q·q′ over two rows of the same depth, exact: every pair of digits in an i32, recombined in i64.
    pub fn dot(&self, row: usize, other: &Quantised<'_>, other_row: usize) -> i64 {
        let mut sum = 0i64;
        for i in 0..self.precision.digits() {
            for j in 0..other.precision.digits() {
                let products = dot(self.digits(i, row), other.digits(j, other_row));
                sum += i64::from(products) << (7 * (i + j));
            }
        }
        sum
    }
}

/// Σ a·b over at most [`MAX_DEPTH`] elements, which an i32 holds.
pub(crate) fn dot(a: &[i8], b: &[i8]) -> i32 {
    a.iter().zip(b).map(|(x, y)| i32::from(*x) * i32::from(*y)).sum()
}

/// (f32(acc)·(s·s′)): an integer product as a float.
pub fn dequantise(sum: i64, scale: f32, other_scale: f32) -> f32 {
    sum as f32 * (scale * other_scale)
}

/// Buffers that quantised vectors are written into; they may be longer than needed.
#[derive(Debug)]
pub struct QuantisedMut<'a> {
    /// Digit planes.
    pub planes: &'a mut [i8],
    /// One scale per vector.
    pub scales: &'a mut [f32],
}

impl QuantisedMut<'_> {
    /// [`QuantRow`] without its trap checks, into the front of the buffers.
    pub(crate) fn rows(&mut self, op: &QuantRow, x: &[f32]) -> Result<Quantised<'_>, Refused> {
        let (rows, cols, precision) = (op.rows, op.cols, op.precision);
        let planes = front("digit buffer", self.planes, precision.digits() * rows * cols)?;
        let scales = front("scale buffer", self.scales, rows)?;
        op.write(x, planes, scales);
        Quantised::new(planes, scales, cols, precision)
    }

    /// [`QuantCol`] without its trap checks, into the front of the buffers.
    pub(crate) fn columns(&mut self, op: &QuantCol, x: &[f32]) -> Result<Quantised<'_>, Refused> {
        let (rows, cols, precision) = (op.rows, op.cols, op.precision);
        let planes = front("digit buffer", self.planes, precision.digits() * rows * cols)?;
        let scales = front("scale buffer", self.scales, cols)?;
        op.write(x, planes, scales);
        Quantised::new(planes, scales, rows, precision)
    }
}

/// Quantises each row of `x` (`rows × cols`) by its own scale.
#[derive(Clone, Copy, Debug)]
pub struct QuantRow {
    rows: usize,
    cols: usize,
    precision: Precision,
}

impl QuantRow {
    /// Refuses `cols` over [`MAX_DEPTH`].
    pub fn new(rows: usize, cols: usize, precision: Precision) -> Result<Self, Refused> {
        dimension("columns of QuantRow", cols, MAX_DEPTH)?;
        volume("QuantRow", &[precision.digits(), rows, cols])?;
        Ok(Self { rows, cols, precision })
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// The digits of its integers.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Writes `planes` (digits × rows × cols) and `scales` (rows).
    pub fn forward(&self, x: &[f32], planes: &mut [i8], scales: &mut [f32]) -> Result<(), Error> {
        length("x of QuantRow", x.len(), self.rows * self.cols)?;
        length("planes of QuantRow", planes.len(), self.precision.digits() * self.rows * self.cols)?;
        length("scales of QuantRow", scales.len(), self.rows)?;
        check_finite(x)?;
        self.write(x, planes, scales);
        Ok(())
    }

    fn write(&self, x: &[f32], planes: &mut [i8], scales: &mut [f32]) {
        for (r, (row, scale)) in x.chunks_exact(self.cols).zip(scales).enumerate() {
            let stride = self.rows * self.cols;
            *scale = quantise_vector(row.iter().copied(), self.precision, planes, stride, r * self.cols);
        }
    }
}

/// Quantises each column of `x` (`rows × cols`) by its own scale, and transposes: the output is that of [`QuantRow`]
/// on the transpose of `x`, so the axis that is summed next lies last.
#[derive(Clone, Copy, Debug)]
pub struct QuantCol {
    rows: usize,
    cols: usize,
    precision: Precision,
}

impl QuantCol {
    /// Refuses `rows` over [`MAX_DEPTH`].
    pub fn new(rows: usize, cols: usize, precision: Precision) -> Result<Self, Refused> {
        dimension("rows of QuantCol", rows, MAX_DEPTH)?;
        volume("QuantCol", &[precision.digits(), rows, cols])?;
        Ok(Self { rows, cols, precision })
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// The digits of its integers.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Writes `planes` (digits × cols × rows) and `scales` (cols).
    pub fn forward(&self, x: &[f32], planes: &mut [i8], scales: &mut [f32]) -> Result<(), Error> {
        length("x of QuantCol", x.len(), self.rows * self.cols)?;
        length("planes of QuantCol", planes.len(), self.precision.digits() * self.rows * self.cols)?;
        length("scales of QuantCol", scales.len(), self.cols)?;
        check_finite(x)?;
        self.write(x, planes, scales);
        Ok(())
    }

    fn write(&self, x: &[f32], planes: &mut [i8], scales: &mut [f32]) {
        for (c, scale) in scales.iter_mut().enumerate() {
            let column = x[c..].iter().step_by(self.cols).copied();
            let stride = self.rows * self.cols;
            *scale = quantise_vector(column, self.precision, planes, stride, c * self.rows);
        }
    }
}

/// Splits integers into digit planes. Traps (bound) on |q| > Q.
#[derive(Clone, Copy, Debug)]
pub struct Split {
    len: usize,
    precision: Precision,
}

impl Split {
    /// For `len` integers.
    pub fn new(len: usize, precision: Precision) -> Result<Self, Refused> {
        volume("Split", &[precision.digits(), len])?;
        Ok(Self { len, precision })
    }

    /// Integers.
    pub fn elements(&self) -> usize {
        self.len
    }

    /// The digits of each.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Writes `planes` (digits × len), lowest digit first.
    pub fn forward(&self, q: &[i32], planes: &mut [i8]) -> Result<(), Error> {
        length("q of Split", q.len(), self.len)?;
        length("planes of Split", planes.len(), self.precision.digits() * self.len)?;
        let bound = self.precision.bound().unsigned_abs();
        if let Some(at) = q.iter().position(|q| q.unsigned_abs() > bound) {
            return Err(Trap { kind: TrapKind::Bound, index: at as u64 }.into());
        }
        for (i, q) in q.iter().enumerate() {
            write_digits(*q, self.precision, planes, self.len, i);
        }
        Ok(())
    }
}

/// Swaps the two axes of a matrix. Its backward form is itself with the axes swapped.
#[derive(Clone, Copy, Debug)]
pub struct Transpose {
    rows: usize,
    cols: usize,
}

impl Transpose {
    /// For an input of `rows × cols`.
    pub fn new(rows: usize, cols: usize) -> Result<Self, Refused> {
        volume("Transpose", &[rows, cols])?;
        Ok(Self { rows, cols })
    }

    /// Rows of the input.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns of the input.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Writes `y` (`cols × rows`): y[c, r] = x[r, c].
    pub fn forward<T: Copy>(&self, x: &[T], y: &mut [T]) -> Result<(), Refused> {
        length("x of Transpose", x.len(), self.rows * self.cols)?;
        length("y of Transpose", y.len(), self.rows * self.cols)?;
        for (r, row) in x.chunks_exact(self.cols).enumerate() {
            for (c, value) in row.iter().enumerate() {
                y[c * self.rows + r] = *value;
            }
        }
        Ok(())
    }
}
