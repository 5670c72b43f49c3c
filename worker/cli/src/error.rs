//! What can go wrong, each in one line that says what to do, and the exit code that tells scripts which kind it was.

use crate::{amount::AmountError, keys::KeyError, printable, runner::RunError, worker::fetch::FetchError};
use assay_blobs::BlobError;
use assay_chain::ChainError;
use assay_primitives::JobId;
use std::{io, path::PathBuf};

/// Anything that ends a verb.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// Arguments or configuration are wrong.
    #[error("{0}")]
    Usage(String),
    /// An amount is none.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// There is no key, or it can't be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A node can't be reached, or the chain has refused something.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// Content can't be stored or fetched.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// A job's program or input can't be had.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// A program, an input or a model is not what it has to be.
    #[error(transparent)]
    Invalid(#[from] assay_graph::error::Invalid),
    /// A directory holds no model.
    #[error("{} is no model directory: `assay model import` makes one", .0.display())]
    NoModel(PathBuf),
    /// A job could not be computed here.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A file can't be read or written.
    #[error("{}: {reason}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
    /// The chain would refuse it, or has nothing of the kind.
    #[error("{0}")]
    Refused(String),
    /// Nobody has what is needed, or not as it has to be.
    #[error("{0}")]
    Unavailable(String),
    /// The chain has something else than a computation gives.
    #[error("{0}")]
    Mismatch(String),
    /// A job is posted, and could not be followed to its end. To post it again would be another job.
    #[error("job {job} is posted, and was not followed to its end ({reason}): `assay job watch {job}` does")]
    Unwatched {
        /// Its number.
        job: JobId,
        /// What came between.
        reason: Box<CliError>,
    },
    /// The worker could not start, or has stopped.
    #[error("{0}")]
    Worker(String),
}

impl CliError {
    /// What the process ends with: 2 usage, 3 network, 4 refused by the chain, 5 mismatch, 1 anything else.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Amount(_) | Self::Key(_) => 2,
            Self::Chain(error) => match error {
                ChainError::Refused { .. } | ChainError::Invalid(_) => 4,
                _ => 3,
            },
            Self::Refused(_) => 4,
            Self::Unavailable(_) => 3,
            Self::Mismatch(_) => 5,
            Self::Unwatched { reason, .. } => reason.exit_code(),
            Self::Blob(error) | Self::Fetch(FetchError::Blob(error)) => match error {
                BlobError::Unavailable { .. } | BlobError::NoSource(_) => 3,
                _ => 1,
            },
            Self::Fetch(_)
            | Self::Invalid(_)
            | Self::NoModel(_)
            | Self::Run(_)
            | Self::File { .. }
            | Self::Worker(_) => 1,
        }
    }

    /// The error in one line, whatever a library has put into it; where it is about a file, with what to do.
    pub fn line(&self) -> String {
        let line = one_line(&self.to_string());
        match self.reason().and_then(|reason| advice(reason.kind())) {
            Some(advice) => format!("{line}: {advice}"),
            None => line,
        }
    }

    /// What the system said of a file, if that is what is wrong.
    fn reason(&self) -> Option<&io::Error> {
        match self {
            Self::File { reason, .. } | Self::Key(KeyError::Io { reason, .. }) => Some(reason),
            Self::Blob(BlobError::File { source, .. })
            | Self::Fetch(FetchError::Blob(BlobError::File { source, .. })) => Some(source),
            _ => None,
        }
    }

    /// A file that can't be read or written.
    pub fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        |reason| Self::File { path, reason }
    }
}

/// What to do about what the system says of a file.
pub fn advice(kind: io::ErrorKind) -> Option<&'static str> {
    use io::ErrorKind::{
        AlreadyExists, InvalidData, IsADirectory, NotADirectory, NotFound, PermissionDenied, QuotaExceeded,
        ReadOnlyFilesystem, StorageFull,
    };
    Some(match kind {
        NotFound | NotADirectory => "check the path",
        IsADirectory => "name a file in it",
        PermissionDenied => "name another path, or let this user use it",
        ReadOnlyFilesystem => "name a path that can be written to",
        AlreadyExists => "name another path: it is not written over",
        StorageFull | QuotaExceeded => "make room there, or name another path",
        InvalidData => "it has to be text in UTF-8",
        _ => return None,
    })
}

/// A text without breaks of lines and runs of spaces; a server may have said what is in it.
pub fn one_line(text: &str) -> String {
    printable::line(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_exit_code() {
        let unreadable = CliError::file("model")(io::Error::from(io::ErrorKind::NotFound));
        assert_eq!(unreadable.line(), "model: entity not found: check the path");
        let refused =
            ChainError::Refused { pallet: "Staking".into(), error: "NotBonded".into(), hint: "bond first" };
        for (error, code) in [
            (unreadable, 1),
            (CliError::NoModel("model".into()), 1),
            (CliError::Usage("--cap is 0".into()), 2),
            (AmountError::Form("x".into()).into(), 2),
            (KeyError::Missing.into(), 2),
            (ChainError::Timeout.into(), 3),
            (refused.into(), 4),
            (ChainError::Invalid("no funds".into()).into(), 4),
            (CliError::Refused("no job 7".into()), 4),
            (CliError::Unavailable("no server".into()), 3),
            (CliError::Mismatch("other root".into()), 5),
            (CliError::Unwatched { job: 7, reason: Box::new(ChainError::Timeout.into()) }, 3),
        ] {
            assert_eq!(error.exit_code(), code, "{error}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told_with_what_to_do() {
        let (path, reason) = (PathBuf::from("a"), || io::Error::from(io::ErrorKind::PermissionDenied));
        for error in [
            CliError::file("a")(reason()),
            KeyError::Io { path: path.clone(), reason: reason() }.into(),
            BlobError::File { action: "write", path: path.clone(), source: reason() }.into(),
            FetchError::Blob(BlobError::File { action: "write", path: path.clone(), source: reason() })
                .into(),
        ] {
            let line = error.line();
            assert!(
                line.ends_with("permission denied: name another path, or let this user use it"),
                "{line}"
            );
        }
        let other = CliError::file("a")(io::Error::other("the disk hums"));
        assert_eq!(other.line(), "a: the disk hums");
    }

    #[test]
    fn an_error_of_many_lines_is_told_in_one() {
        assert_eq!(CliError::Usage("one\n  two\n".into()).line(), "one two");
        assert_eq!(CliError::Usage("\u{1b}[2J".into()).line(), r"\u{1b}[2J");
    }
}
