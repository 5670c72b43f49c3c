//! Blobs: programs, inputs and results, named by what they are.
//!
//! * [`Store`] keeps blobs by their BLAKE3 and results by their root: in a directory, or in an S3 bucket.
//! * [`serve()`] gives them to anyone over HTTP, by ranges.
//! * [`Fetcher`] gets a blob from servers that need not be trusted: each MiB is verified before it is written, a
//!   download goes on where it stopped, a server that lies is left and named.
//!
//! For: workers, who fetch inputs before they compute and publish results after the verdict; requesters, who upload
//! inputs and fetch results.
//!
//! Not for: secrets. Whatever is in a store is served to whoever asks for it: a worker puts a result here only once
//! the verdict is known, and a trace never.

mod address;
mod error;
mod fetch;
mod progress;
mod serve;
mod source;
mod staging;
mod store;
mod tree;

pub use assay_primitives::{BlobRef, Digest};
pub use error::BlobError;
pub use fetch::{FetchRules, Fetcher};
pub use progress::Progress;
pub use serve::{serve, serve_with, Limits};
pub use source::{SourceError, Tried};
pub use store::Store;
pub use tree::GROUP;
