//! Programs of exact-v1: what they are, and running them.
//!
//! For: workers, which run jobs; requesters, who make programs and inputs; referees, who check one element of a run.
//! [`Program`](program::Program) is a manifest (a graph of operators, [`manifest`]) and tensors; [`job`] applies it to an
//! input and gives outputs or a trap, with the two roots that providers commit to; [`train`] learns parameters;
//! [`trace`] opens a run, and [`train::step`] a training's step, down to one element; [`import`] and [`decoder`] make programs;
//! [`golden`] has jobs whose roots are known.
//!
//! Not for: the numbers (`assay-exact`), how fast they are computed (`assay-exec`), files' transport, keys, the chain.
//!
//! In the flow: bytes of a manifest and its blobs → checked [`Program`](program::Program) → [`job::run`] → roots. Every
//! check comes before the first computation; what fails after it is a [`Trap`](error::Trap), which is a result. Files,
//! roots, jobs, traps and traces are specified with the numbers, in the documentation of [`assay_exact`].
#![deny(unsafe_code)]

mod angles;
pub mod canonical;
pub mod cost;
pub mod decoder;
pub mod error;
pub mod forward;
mod generate;
pub mod golden;
pub mod graph;
pub mod import;
pub mod job;
pub mod manifest;
pub mod package;
pub mod program;
mod resident;
pub mod root;
pub mod safetensors;
pub mod tensor;
pub mod trace;
pub mod train;
pub mod weights;
