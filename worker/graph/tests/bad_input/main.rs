//! Bad input: every file, manifest and graph that is wrong gives a typed error that says where, and none a panic.
//!
//! Each test changes one thing of something that loads.

mod base;
mod graph;
mod json;
mod limits;
mod mutations;
mod packages;
mod properties;
mod tensor_files;
mod training;
mod weights;
