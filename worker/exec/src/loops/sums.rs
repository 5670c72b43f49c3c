//! Loops of sums over rows, and of fixed-point sums.

use assay_exact::Precision;

use super::number::{fixed, larger, quantised, scale};
use super::Loop;

/// Columns that are summed together: a cache line of floats.
pub(crate) const COLUMNS: usize = 16;

/// Adds (f32(sum)·(scale·s)) to fixed-point sums; whether all of it is below `limit`. If not, the sums mean nothing.
pub(crate) struct Accumulate<'a> {
    pub(crate) sums: &'a [i64],
    pub(crate) scale: f32,
    pub(crate) scales: &'a [f32],
    pub(crate) limit: f32,
    pub(crate) into: &'a mut [i64],
}

impl Loop for Accumulate<'_> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let mut all = true;
        for ((into, sum), other) in self.into.iter_mut().zip(self.sums).zip(self.scales) {
            let value = *sum as f32 * (self.scale * other);
            all &= value.abs() < self.limit;
            *into = into.wrapping_add(fixed(value));
        }
        all
    }
}

/// Adds floats to fixed-point sums, or subtracts them; whether all are below `limit`. If not, the sums mean nothing.
pub(crate) struct AddFixed<'a> {
    pub(crate) x: &'a [f32],
    pub(crate) limit: f32,
    pub(crate) subtract: bool,
    pub(crate) into: &'a mut [i64],
}

impl Loop for AddFixed<'_> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let mut all = true;
        for (into, x) in self.into.iter_mut().zip(self.x) {
            all &= x.abs() < self.limit;
            let addend = fixed(*x);
            *into = into.wrapping_add(if self.subtract { addend.wrapping_neg() } else { addend });
        }
        all
    }
}

/// The contract's sum of each column, f32(Σq)·s with Q = 2,088,895; NaN if a float is not finite.
pub(crate) struct ColumnSums<'a> {
    pub(crate) rows: &'a [[f32; COLUMNS]],
}

impl Loop for ColumnSums<'_> {
    type Output = [f32; COLUMNS];

    #[inline(always)]
    fn run(self) -> [f32; COLUMNS] {
        let bound = Precision::I22.bound();
        let mut largest = [0; COLUMNS];
        for row in self.rows {
            for (largest, x) in largest.iter_mut().zip(row) {
                *largest = larger(*largest, *x);
            }
        }
        let (mut scales, mut inverses) = ([0.0; COLUMNS], [0.0; COLUMNS]);
        for ((to, inverse), largest) in scales.iter_mut().zip(&mut inverses).zip(largest) {
            (*to, *inverse) = scale(largest, bound);
        }
        let mut sums = [0i64; COLUMNS];
        for row in self.rows {
            for ((sum, x), inverse) in sums.iter_mut().zip(row).zip(&inverses) {
                *sum += i64::from(quantised(*x, *inverse, bound));
            }
        }
        for (scale, sum) in scales.iter_mut().zip(sums) {
            *scale *= sum as f32;
        }
        scales
    }
}
