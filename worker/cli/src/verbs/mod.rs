//! What people can do, one file for each noun.

pub mod blob;
pub mod chain;
pub mod gov;
pub mod job;
pub mod keys;
pub mod model;
pub mod provider;
mod sent;
pub mod stake;
pub mod treasury;
