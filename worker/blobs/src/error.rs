//! What goes wrong with blobs.

use std::io;
use std::path::{Path, PathBuf};

use assay_primitives::Digest;

use crate::source::Tried;

/// What goes wrong with blobs.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// Nothing was to be stored.
    #[error("a blob has at least one byte: there is nothing to store")]
    Empty,
    /// A blob that is asked of the store is not there.
    #[error("blob {} is not in the store: fetch it first", hex::encode(.0))]
    Missing(Digest),
    /// The bytes in the store are not those that the name stands for.
    #[error("blob {} is damaged in the store: remove it and fetch it again", hex::encode(.0))]
    Damaged(Digest),
    /// A file that is to be published is not the one that was named.
    #[error("{} is not what was computed: check the disk it is on", .0.display())]
    Changed(PathBuf),
    /// The blob is in the store, and a reference to it gives another size.
    #[error(
        "blob {} has {actual} bytes here, not {claimed}: the reference is wrong, or else remove the blob",
        hex::encode(.id)
    )]
    WrongSize {
        /// The blob.
        id: Digest,
        /// Bytes that the reference claims.
        claimed: u64,
        /// Bytes that the blob has.
        actual: u64,
    },
    /// A blob is over the limit for downloads.
    #[error(
        "blob {} has {size} bytes, over the limit of {limit}: raise blobs.max_size to take it",
        hex::encode(.id)
    )]
    TooLarge {
        /// The blob.
        id: Digest,
        /// Its bytes.
        size: u64,
        /// The most bytes that are taken.
        limit: u64,
    },
    /// There is nowhere to fetch from.
    #[error("no server is known that could have {}: give the URL of one", hex::encode(.0))]
    NoSource(Digest),
    /// Each server was tried; why it did not help.
    #[error("no server gave {}: {}", hex::encode(.id), list(.tried))]
    Unavailable {
        /// The blob, or the root of the result.
        id: Digest,
        /// Each server and what was wrong with it.
        tried: Vec<Tried>,
    },
    /// A file of this machine.
    #[error("cannot {action} {}: {source}", .path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// With which file or directory.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The store, which may be another machine.
    #[error("the blob store at {location} failed: {source}")]
    Store {
        /// As it was opened.
        location: String,
        /// Why it failed.
        source: Box<object_store::Error>,
    },
    /// The store's location is neither a directory nor a bucket.
    #[error("{0:?} is no blob store: give a directory or s3://bucket/prefix")]
    Location(String),
    /// A bucket is asked for, and this program can't use one.
    #[error("this program is built without S3: build it with the feature s3, or give a directory as the blob store")]
    NoS3,
    /// The client can't start.
    #[error("cannot make HTTP requests: {0}: check the machine's TLS certificates")]
    Client(String),
    /// The server can't start.
    #[error("cannot serve blobs: {0}: is the listening address free?")]
    Serve(io::Error),
}

impl BlobError {
    /// A file or directory could not be used as `action` says.
    pub(crate) fn file(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::File { action, path: path.to_owned(), source }
    }
}

fn list(tried: &[Tried]) -> String {
    let each: Vec<String> = tried.iter().map(ToString::to_string).collect();
    each.join("; ")
}
