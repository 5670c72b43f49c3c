//! AVX2 kernels. Products by `vpmaddwd` on i16, never by `vpmaddubsw`, which saturates; no fused
//! multiply-add, since the feature is not enabled for any function here.

use std::arch::is_x86_feature_detected;

use assay_exact::{Attn, KeysValues, Precision, Quantised};

use crate::kernel::Block;

mod attn;
mod float;
mod gemm;
mod quant;

/// The proof that the processor (and the operating system) has AVX2: only [`Avx2::detect`] makes one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx2(());

impl Avx2 {
    pub(crate) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }

    /// Writes the block's sums, row by row.
    pub(crate) fn block(self, a: &Quantised<'_>, b: &Quantised<'_>, block: &Block, sums: &mut [i64]) {
        // SAFETY: `self` proves AVX2, the only requirement.
        unsafe { gemm::block(a, b, block, sums) }
    }

    /// Quantises a vector; gives its scale, NaN if a float is not finite.
    pub(crate) fn quantise(self, x: &[f32], precision: Precision, planes: &mut [&mut [i8]]) -> f32 {
        // SAFETY: `self` proves AVX2, the only requirement.
        unsafe { quant::quantise(x, precision, planes) }
    }

    /// Σq and Σq² with q = ties_even(x·inverse) clamped to ±32,767, of at most 65,536 finite floats.
    pub(crate) fn norm_sums(self, x: &[f32], inverse: f32) -> (i64, i64) {
        // SAFETY: `self` proves AVX2, the only requirement.
        unsafe { quant::norm_sums(x, inverse) }
    }

    /// y = x·Φ(x).
    pub(crate) fn gelu(self, x: &[f32], y: &mut [f32]) {
        // SAFETY: `self` proves AVX2, the only requirement.
        unsafe { float::gelu(x, y) }
    }

    /// y = (x·σ(x))·u.
    pub(crate) fn silu_mul(self, x: &[f32], u: &[f32], y: &mut [f32]) {
        // SAFETY: `self` proves AVX2, the only requirement.
        unsafe { float::silu_mul(x, u, y) }
    }

    /// The (query, head) rows of an attention from `first` on, as many as `out` has room for.
    pub(crate) fn attn(
        self,
        op: &Attn,
        q: &Quantised<'_>,
        cache: &KeysValues<'_>,
        first: usize,
        out: &mut [f32],
    ) {
        // SAFETY: `self` proves AVX2, the only requirement.
        unsafe { attn::rows(op, q, cache, first, out) }
    }
}

#[cfg(test)]
mod tests {
    use std::arch::asm;

    use crate::float_mode;

    const DENORMALS_ARE_ZERO: u32 = 1 << 6;
    const FLUSH_TO_ZERO: u32 = 1 << 15;
    const ROUNDINGS: [u32; 3] = [1 << 13, 2 << 13, 3 << 13];

    /// What the check says while bits of MXCSR are set.
    fn check_with(bits: u32) -> Result<(), assay_exact::Refused> {
        let mut before = 0u32;
        // SAFETY: stores MXCSR into a live u32.
        unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut before, options(nostack, preserves_flags)) };
        let changed = before | bits;
        // SAFETY: loads MXCSR with exceptions still masked; it is put back below, before anything else
        // computes.
        unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const changed, options(nostack, preserves_flags)) };
        let checked = float_mode::check();
        // SAFETY: puts back what was there.
        unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const before, options(nostack, preserves_flags)) };
        checked
    }

    #[test]
    fn flushed_denormals_and_other_roundings_are_refused() {
        assert_eq!(check_with(0), Ok(()));
        for bits in [DENORMALS_ARE_ZERO, FLUSH_TO_ZERO].into_iter().chain(ROUNDINGS) {
            assert!(check_with(bits).is_err(), "MXCSR bits {bits:#x}");
        }
        assert_eq!(check_with(0), Ok(()));
    }
}
