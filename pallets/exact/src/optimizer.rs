//! What both optimizers share.

use crate::quant::TINY_BITS;

/// State below 2⁻¹⁰⁰ in magnitude becomes +0: arithmetic on denormals is slow and would stick.
pub(crate) fn flush(x: f32) -> f32 {
    if x.to_bits() & 0x7FFF_FFFF < TINY_BITS {
        0.0
    } else {
        x
    }
}
