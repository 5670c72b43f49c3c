//! The program without a chain: what it says and how it ends when something is wrong before one is asked.

mod bad_input;
#[path = "../documented/mod.rs"]
mod documented;
mod harness;
mod json;
mod limits;
mod verbs;
