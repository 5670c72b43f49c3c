//! AVX2 on processors that never have it: a type without values.

use assay_exact::{Attn, KeysValues, Precision, Quantised};

use crate::kernel::Block;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Avx2 {}

impl Avx2 {
    pub(crate) fn detect() -> Option<Self> {
        None
    }

    pub(crate) fn block(self, _: &Quantised<'_>, _: &Quantised<'_>, _: &Block, _: &mut [i64]) {
        match self {}
    }

    pub(crate) fn quantise(self, _: &[f32], _: Precision, _: &mut [&mut [i8]]) -> f32 {
        match self {}
    }

    pub(crate) fn norm_sums(self, _: &[f32], _: f32) -> (i64, i64) {
        match self {}
    }

    pub(crate) fn gelu(self, _: &[f32], _: &mut [f32]) {
        match self {}
    }

    pub(crate) fn silu_mul(self, _: &[f32], _: &[f32], _: &mut [f32]) {
        match self {}
    }

    pub(crate) fn attn(self, _: &Attn, _: &Quantised<'_>, _: &KeysValues<'_>, _: usize, _: &mut [f32]) {
        match self {}
    }
}
