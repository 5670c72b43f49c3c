//! VNNI on processors that never have it: a type without values.

use assay_exact::Quantised;

use crate::avx2::Avx2;
use crate::kernel::Block;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Vnni {}

impl Vnni {
    pub(crate) fn detect() -> Option<Self> {
        None
    }

    pub(crate) fn avx2(self) -> Avx2 {
        match self {}
    }

    pub(crate) fn block(self, _: &Quantised<'_>, _: &Quantised<'_>, _: &Block, _: &mut [i64]) {
        match self {}
    }

    pub(crate) fn dequantise(self, _: &[i64], _: f32, _: &[f32], _: Option<&[f32]>, _: &mut [f32]) -> bool {
        match self {}
    }
}
