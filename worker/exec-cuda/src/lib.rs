//! Execution of exact-v1 operators on NVIDIA GPUs.
//!
//! For: workers with a GPU. [`Cuda`] is a backend like the others: the same bytes, refusals and traps as the reference's.
//! CUDA's libraries are loaded when a device is opened, so a program that has this crate builds without a toolkit and
//! runs without a driver: there, [`devices`] and [`Cuda::open`] give a typed [`Fault`], and the CPU computes.
//!
//! Not for: graphs of operators, what a trace is, limits of a job; nor other makers' GPUs.
//!
//! In the flow: `device` finds devices and chooses how products are made ([`GemmPath`]); `gpu` holds one, with a stream,
//! the kernels (`module`: PTX that is checked in) and memory (`span`); `launch` starts kernels on spans, one function for
//! each method of [`assay_exec::Backend`]; `backend` is that trait on the host's slices, and `resident` whole passes in the
//! device's memory, the leaves of their traces and the states of trainings hashed there.
#![deny(unsafe_code)]

mod backend;
// With `device`, `driver` and two views of slices in `gpu` the only unsafe code of the crate: calls of the driver, behind a
// look whether there is one.
#[allow(unsafe_code)]
mod chunk;
mod copies;
#[allow(unsafe_code)]
mod device;
#[allow(unsafe_code)]
mod driver;
mod error;
#[allow(unsafe_code)]
mod gpu;
mod held;
#[cfg(test)]
#[path = "../tests/host/mod.rs"]
mod host;
#[cfg(test)]
#[path = "../tests/jobs/mod.rs"]
mod jobs;
mod launch;
#[cfg(test)]
#[path = "../tests/measure/mod.rs"]
mod measure;
mod module;
#[cfg(test)]
#[path = "../tests/operators/mod.rs"]
mod operators;
mod resident;
mod span;

pub use backend::{Cuda, Options, Placement};
pub use device::{device, devices, driver, Capability, Device, GemmPath, UnknownGemmPath, Version, DRIVER};
pub use error::Fault;
pub use gpu::Room;
