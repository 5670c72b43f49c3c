//! The program without a chain: what it says and how it ends when something is wrong before one is asked.

mod bad_input;
mod harness;
mod limits;
mod verbs;
