//! AVX-512 VNNI kernels of products: `vpdpbusd`, never the saturating `vpdpbusds`. It multiplies unsigned by signed
//! bytes, so one operand is taken 128 too large, and 128 times the sum of the other is taken off. All sums are modulo
//! 2³², in which the true one fits.

use std::arch::is_x86_feature_detected;

use assay_exact::Quantised;

use crate::avx2::Avx2;
use crate::kernel::Block;

mod epilogue;
mod gemm;
mod panel;
mod vector;

/// The proof that the processor (and the operating system) has what the kernels need: only [`Vnni::detect`] makes one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vnni(Avx2);

impl Vnni {
    pub(crate) fn detect() -> Option<Self> {
        let here = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vnni");
        Avx2::detect().filter(|_| here).map(Self)
    }

    /// What has no kernel here is done by AVX2.
    pub(crate) fn avx2(self) -> Avx2 {
        self.0
    }

    /// Writes the block's sums, row by row.
    pub(crate) fn block(self, a: &Quantised<'_>, b: &Quantised<'_>, block: &Block, sums: &mut [i64]) {
        // SAFETY: `self` proves all features that either needs.
        unsafe {
            if block.rows < gemm::LEAST_ROWS {
                vector::block(a, b, block, sums);
            } else {
                gemm::block(a, b, block, sums);
            }
        }
    }

    /// y = f32(sum)·(scale·s) + b; whether all of it is finite.
    pub(crate) fn dequantise(
        self,
        sums: &[i64],
        scale: f32,
        scales: &[f32],
        bias: Option<&[f32]>,
        y: &mut [f32],
    ) -> bool {
        // SAFETY: `self` proves all features that it needs.
        unsafe { epilogue::dequantise(sums, scale, scales, bias, y) }
    }
}
