//! Whole flows with real processes: a node, a requester's blob server and workers, which are killed, cut off, cheated,
//! starved of disk and made to lie while jobs are on their way; and token holders, who vote.
//!
//! A story is one test on one network. Where there are jobs, it ends with an audit of all the money that moved: every
//! job's hold is the sum of what became of it, nobody is paid twice, and only those lose a part of their bond who deserve
//! it. What is too long for CI is in `stories::full`, which only `scripts/test --full` runs.

#[path = "../documented/mod.rs"]
mod documented;
mod harness;
mod stories;
