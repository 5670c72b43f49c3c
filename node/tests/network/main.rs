//! Whole networks: processes of the built binary that find each other over loopback, are stopped, killed, upgraded and
//! started again; and what the binary answers to input that nothing can be started with.
//!
//! A story is one test on one network, told in steps that build on each other, since starting a network is the
//! expensive part. Every wait ends, every process ends with its test, and the end of each node's log is printed when
//! a story fails.

mod bad_input;
mod harness;
mod stories;
