//! What can go wrong, each in one line that says what to do, and the exit code that tells scripts which kind it was.

use crate::{amount::AmountError, keys::KeyError, printable, runner::RunError, worker::fetch::FetchError};
use assay_blobs::BlobError;
use assay_chain::ChainError;
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
            Self::Blob(error) | Self::Fetch(FetchError::Blob(error)) => match error {
                BlobError::Unavailable { .. } | BlobError::NoSource(_) => 3,
                _ => 1,
            },
            Self::Fetch(_) | Self::Invalid(_) | Self::Run(_) | Self::File { .. } | Self::Worker(_) => 1,
        }
    }

    /// The error in one line, whatever a library has put into it.
    pub fn line(&self) -> String {
        one_line(&self.to_string())
    }

    /// A file that can't be read or written.
    pub fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        |reason| Self::File { path, reason }
    }
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
        assert_eq!(unreadable.line(), "model: entity not found");
        let refused =
            ChainError::Refused { pallet: "Staking".into(), error: "NotBonded".into(), hint: "bond first" };
        for (error, code) in [
            (unreadable, 1),
            (CliError::Usage("--cap is 0".into()), 2),
            (AmountError::Form("x".into()).into(), 2),
            (KeyError::Missing.into(), 2),
            (ChainError::Timeout.into(), 3),
            (refused.into(), 4),
            (ChainError::Invalid("no funds".into()).into(), 4),
            (CliError::Refused("no job 7".into()), 4),
            (CliError::Unavailable("no server".into()), 3),
            (CliError::Mismatch("other root".into()), 5),
        ] {
            assert_eq!(error.exit_code(), code, "{error}");
        }
    }

    #[test]
    fn an_error_of_many_lines_is_told_in_one() {
        assert_eq!(CliError::Usage("one\n  two\n".into()).line(), "one two");
        assert_eq!(CliError::Usage("\u{1b}[2J".into()).line(), r"\u{1b}[2J");
    }
}
