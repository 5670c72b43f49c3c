//! What paths that this processor never has give beside `no_avx2` and `no_vnni`.

use crate::avx2::Avx2;
use crate::loops::Loop;
use crate::vnni::Vnni;

impl Avx2 {
    pub(crate) fn run<L: Loop>(self, _: L) -> L::Output {
        match self {}
    }
}

impl Vnni {
    pub(crate) fn gather(self, _: &[f32], _: usize, _: usize, _: usize) -> Vec<f32> {
        match self {}
    }

    pub(crate) fn run<L: Loop>(self, _: L) -> L::Output {
        match self {}
    }
}
