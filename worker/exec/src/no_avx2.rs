//! AVX2 on processors that never have it: a type without values.

use assay_exact::{Accumulator, Attn, KeysValues, Precision, Quantised};

use crate::kernel::{Block, Stack};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Avx2 {}

impl Avx2 {
    pub(crate) fn detect() -> Option<Self> {
        None
    }

    pub(crate) fn block(self, _: &Quantised<'_>, _: &Quantised<'_>, _: &Block, _: &mut [i64]) {
        match self {}
    }

    pub(crate) fn pairs(self, _: &Quantised<'_>, _: &Quantised<'_>) -> Option<Vec<i32>> {
        match self {}
    }

    pub(crate) fn linear(
        self,
        _: &Quantised<'_>,
        _: &Quantised<'_>,
        _: &Block,
        _: &[i32],
        _: Option<&[f32]>,
        _: &mut [&mut [f32]],
    ) -> bool {
        match self {}
    }

    pub(crate) fn integers(self, _: &Quantised<'_>, _: &Block, _: &[i32], _: &mut [&mut [i32]]) {
        match self {}
    }

    pub(crate) fn dequantise<A: Accumulator>(
        self,
        _: &[A],
        _: f32,
        _: &[f32],
        _: Option<&[f32]>,
        _: &mut [f32],
    ) -> bool {
        match self {}
    }

    pub(crate) fn normalise(self, _: &[f32], _: [f32; 2], _: &[f32], _: &[f32], _: &mut [f32]) -> bool {
        match self {}
    }

    pub(crate) fn rescale(self, _: &[f32], _: f32, _: &[f32], _: &mut [f32]) -> bool {
        match self {}
    }

    pub(crate) fn magnitude(self, _: &[f32]) -> u32 {
        match self {}
    }

    pub(crate) fn quantise(self, _: &[f32], _: Precision, _: &mut [&mut [i8]]) -> f32 {
        match self {}
    }

    pub(crate) fn norm_sums(self, _: &[f32], _: f32) -> (i64, i64) {
        match self {}
    }

    pub(crate) fn quantise_narrow(self, _: &[f32], _: usize, _: &mut [i8], _: &mut [f32]) -> bool {
        match self {}
    }

    pub(crate) fn sum(self, _: &[f32], _: f32) -> i64 {
        match self {}
    }

    pub(crate) fn add(self, _: &[f32], _: &[f32], _: &mut [f32]) -> bool {
        match self {}
    }

    pub(crate) fn mul(self, _: &[f32], _: &[f32], _: &mut [f32]) -> bool {
        match self {}
    }

    pub(crate) fn gelu(self, _: &[f32], _: &mut [f32]) -> bool {
        match self {}
    }

    pub(crate) fn silu_mul(self, _: &[f32], _: &[f32], _: &mut [f32]) -> bool {
        match self {}
    }

    pub(crate) fn attn(
        self,
        _: &Attn,
        _: &Quantised<'_>,
        _: &KeysValues<'_>,
        _: &Stack,
        _: &mut [&mut [f32]],
    ) {
        match self {}
    }
}
