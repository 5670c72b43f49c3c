//! Execution of exact-v1 operators: one trait, and the CPU behind it.
//!
//! For: the graph executor, which calls [`Backend`] with the operators of `assay-exact` and its own slices.
//! Whatever the backend, the path, the number of threads and the split of a batch, outputs and traps are
//! those of the reference, bit for bit.
//!
//! Not for: graphs, programs, memory plans, hashing, GPUs (a backend of their own).
//!
//! In the flow: [`Reference`] is the contract's scalar code as it stands. [`Cpu`] is the same operators on a
//! pool of threads, by the reference or plain loops on pieces ([`Path::Scalar`]), or by AVX2 and AVX-512 where that pays
//! ([`Path::Avx2`], [`Path::Vnni`]). What a backend has no faster form of goes to the reference: the trait's methods do
//! that unless they are overridden. Many units of a job run one on each thread ([`Backend::on_each_thread`]), few by all
//! threads. A backend with memory of its own runs whole passes there, where it has a form of them ([`resident`]).
//!
//! A fault of the floating-point mode of a thread (denormals flushed, another rounding) is refused before a
//! thread of [`Cpu`] takes its pieces of an operator, since a library loaded into the process may change it at any time;
//! for the calling thread, which computes the rest, the caller asks [`Backend::check_float_mode`].
//!
#![doc = include_str!("kernels.md")]
#![deny(unsafe_code)]

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
// With `prefetch` and `vnni` the only unsafe code of the crate: intrinsics, behind a proof that the processor has them.
mod avx2;
#[cfg(not(target_arch = "x86_64"))]
#[path = "no_avx2.rs"]
mod avx2;
mod backend;
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
mod coefficients;
mod cpu;
mod float_mode;
mod kernel;
mod loops;
mod narrow;
#[cfg(not(target_arch = "x86_64"))]
mod no_loops;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
// Hints, which every processor of this architecture takes.
mod prefetch;
mod processors;
mod product;
mod quantise;
mod reference;
pub mod resident;
#[cfg(target_arch = "x86_64")]
mod spare;
#[cfg(target_arch = "x86_64")]
mod stack;
mod team;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
// As above.
mod vnni;
#[cfg(not(target_arch = "x86_64"))]
#[path = "no_vnni.rs"]
mod vnni;

pub use backend::Backend;
pub use cpu::{Cpu, StartError};
pub use kernel::{Path, UnknownPath};
pub use product::Sums;
pub use reference::Reference;
