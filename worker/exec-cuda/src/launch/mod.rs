//! Kernels on spans: one function for each method of [`assay_exec::Backend`], of the same name.
//!
//! Each starts work on the device's stream and returns; its caller has checked shapes and lengths as the reference does.
//! What can trap reports the number of its node to [`crate::gpu::Gpu::fault_word`]; which trap it is says the reference,
//! run once more on the host.

pub(crate) mod attention;
pub(crate) mod cache;
pub(crate) mod elementwise;
pub(crate) mod embedding;
pub(crate) mod hash;
pub(crate) mod linear;
pub(crate) mod loss;
pub(crate) mod norm;
pub(crate) mod optimizer;
pub(crate) mod quantise;
pub(crate) mod sampling;

pub(crate) use attention::*;
pub(crate) use cache::*;
pub(crate) use elementwise::*;
pub(crate) use embedding::*;
pub(crate) use linear::*;
pub(crate) use loss::*;
pub(crate) use norm::*;
pub(crate) use optimizer::*;
pub(crate) use quantise::*;
pub(crate) use sampling::*;
