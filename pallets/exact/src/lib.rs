//! The contract **exact-v1**, and the scalar reference of its numbers.
//!
//! For: anything that must get the same bytes as every other machine. Workers compare their fast backends with it, its
//! scalar code is one of those backends, and a referee on chain re-computes single elements with it. `no_std`, no
//! `unsafe`, no allocation: outputs and buffers are the caller's slices.
//!
//! Not for: graphs, memory, threads, files, hashing of results: the worker's crates do these, by the second part of
//! the contract.
//!
//! In the flow: an operator is built once from its shape, where every bound is checked ([`Refused`]); it is then run on
//! slices, and either writes its outputs or gives a [`Trap`], which is a result of the job like any other.
#![doc = include_str!("contract.md")]
#![doc = include_str!("format.md")]
#![no_std]
// Kernels index several arrays by one counter, in the order that the contract writes.
#![allow(clippy::needless_range_loop)]

#[cfg(any(
    target_arch = "arm",
    all(target_arch = "x86", not(target_feature = "sse2")),
    target_feature = "relaxed-simd"
))]
compile_error!("exact-v1 asks for IEEE-754's binary32 alone: not 32-bit Arm, x87 or relaxed SIMD");

mod adam;
mod add;
mod attn;
mod attn_backward;
mod clip_norm;
mod cross_entropy;
mod embed;
mod error;
mod fixed;
pub mod float;
mod gelu;
mod gemm;
#[cfg(feature = "golden")]
pub mod golden;
mod kv_append;
mod l2_norm;
mod layer_norm;
mod linear;
mod mean_pool;
mod mul;
mod optimizer;
mod philox;
mod quant;
mod rms_norm;
mod rope;
mod sample;
mod sgd;
mod shape;
mod silu_mul;
mod tanh;

pub use adam::{AdamMoments, AdamPowers, AdamStep};
pub use add::Add;
pub use attn::{Attn, AttnShape, Mask};
pub use attn_backward::{AttnBackward, AttnGradients, AttnSaved, AttnScratch, AttnSizes};
pub use clip_norm::ClipNorm;
pub use cross_entropy::{CrossEntropy, Head};
pub use embed::{EmbedGather, EmbedScatterAdd};
pub use error::{check_finite, non_finite, Error, Refused, Trap, TrapKind};
pub use fixed::{mean, means, FixedPoint, MAX_ADDENDS};
pub use gelu::Gelu;
pub use gemm::{Accumulator, DequantBias, GemmI8, GemmI8Sliced};
pub use kv_append::{KeysValues, KvAppend, KvCache};
pub use l2_norm::L2Norm;
pub use layer_norm::{LayerNorm, LayerNormStats};
pub use linear::{Linear, Scratch};
pub use mean_pool::MeanPool;
pub use mul::Mul;
pub use philox::Philox;
pub use quant::{
    dequantise, magnitude, Precision, QuantCol, QuantRow, Quantised, QuantisedMut, Quantiser, Split,
    Transpose, TINY_BITS,
};
pub use rms_norm::RmsNorm;
pub use rope::{Rope, RopeTable};
pub use sample::{ArgMax, Sample};
pub use sgd::SgdStep;
pub use shape::{MAX_CLASSES, MAX_DEPTH, MAX_NORM, MAX_SUM};
pub use silu_mul::SiluMul;
pub use tanh::Tanh;

/// The version of the contract: part of every program, every job and every golden vector.
pub const VERSION: &str = "exact-v1";
