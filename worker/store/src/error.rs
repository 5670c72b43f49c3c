//! What can go wrong.

use std::io;
use std::path::PathBuf;

use assay_primitives::JobId;

/// Why the database could not be used, or refused something.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has it.
    #[error("{}: another worker uses this database: stop it, or give this one another data directory", .0.display())]
    InUse(PathBuf),
    /// It is a database of another chain.
    #[error("{}: this database belongs to another chain: give the worker of this one another data directory", .0.display())]
    OtherChain(PathBuf),
    /// It is a database of another account.
    #[error("{}: this database belongs to another key's account: give this worker its own data directory", .0.display())]
    OtherAccount(PathBuf),
    /// It is a database of another version of this program.
    #[error("{path}: this database is of version {found}, this program's is {expected}: use the program that made it")]
    OtherVersion {
        /// Where it is.
        path: String,
        /// Its version.
        found: u32,
        /// The version that is understood.
        expected: u32,
    },
    /// The seat has another commitment already.
    #[error(
        "job {job}, seat {attempt}: another commitment was stored first, and only that one may be signed"
    )]
    AlreadySealed {
        /// The job.
        job: JobId,
        /// The seat's index.
        attempt: u32,
    },
    /// A file can't be opened or made.
    #[error("{}: {source}: check the data directory and its permissions", .path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The database can't be read or written.
    #[error(
        "database of the worker: {0}: check the disk it is on, and that it has space; nothing was signed"
    )]
    Database(Box<redb::Error>),
    /// What was read is not what was written.
    #[error("database of the worker: a damaged entry among the {0}: restore the disk; do not delete it while seats are open")]
    Damaged(&'static str),
}

impl From<redb::Error> for StoreError {
    fn from(error: redb::Error) -> Self {
        Self::Database(Box::new(error))
    }
}
