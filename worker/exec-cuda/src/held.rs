//! Integers that lie on the device for the time of a call.

use assay_exact::Precision;

use crate::error::Fault;
use crate::gpu::{Gpu, Scratch};
use crate::span::{Digits, KeysValuesSpans};

/// Quantised rows.
pub(crate) struct HeldDigits {
    pub(crate) planes: Scratch<i8>,
    pub(crate) scales: Scratch<f32>,
    pub(crate) rows: usize,
    pub(crate) depth: usize,
    pub(crate) precision: Precision,
}

impl HeldDigits {
    /// Room for them.
    pub(crate) fn new(gpu: &Gpu, rows: usize, depth: usize, precision: Precision) -> Result<Self, Fault> {
        let (planes, scales) = (gpu.scratch(precision.digits() * rows * depth)?, gpu.scratch(rows)?);
        Ok(Self { planes, scales, rows, depth, precision })
    }

    /// Where they are.
    pub(crate) fn spans(&self) -> Digits {
        let Self { rows, depth, precision, .. } = *self;
        Digits { planes: self.planes.span(), scales: self.scales.span(), rows, depth, precision }
    }
}

/// Keys and values.
pub(crate) struct HeldKeysValues {
    pub(crate) keys: HeldDigits,
    pub(crate) values: HeldDigits,
    pub(crate) logs: Scratch<f32>,
}

impl HeldKeysValues {
    /// Where they are.
    pub(crate) fn spans(&self) -> KeysValuesSpans {
        KeysValuesSpans { keys: self.keys.spans(), values: self.values.spans(), logs: self.logs.span() }
    }
}
