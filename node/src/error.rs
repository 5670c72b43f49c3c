//! What stops the node, told in one line: what was wrong, and what to do about it.

use assay_runtime::Hash;
use std::{io, net::SocketAddr, path::PathBuf};

/// Anything that ends the node or one of its commands.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something else listens where the node has to.
    #[error("{purpose} address {address} can't be used ({reason}): stop what listens there, or pass {flag}")]
    Port {
        /// What the node listens there for.
        purpose: &'static str,
        /// Where it has to listen.
        address: SocketAddr,
        /// The flag that names another port.
        flag: &'static str,
        /// What the system said.
        reason: io::Error,
    },
    /// The database is there and can't be used.
    #[error("database {} can't be used ({reason}), and nothing in it was replaced: {advice}", .path.display())]
    Database {
        /// Directory of the database.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
        /// What to do about it.
        advice: &'static str,
    },
    /// The database holds another chain.
    #[error(
        "database {} holds another chain (genesis {found:?}) than chain specification {chain} (genesis \
         {expected:?}); nothing in it was replaced: pass the specification the database was made with, or another \
         --base-path, or remove the database by purge-chain",
        .path.display()
    )]
    ForeignDatabase {
        /// Directory of the database.
        path: PathBuf,
        /// Name of the chain specification.
        chain: String,
        /// Genesis of the database.
        found: Hash,
        /// Genesis of the chain specification.
        expected: Hash,
    },
    /// The chain specification has no genesis that the runtime accepts.
    #[error("chain specification {chain}: {reason}")]
    Genesis {
        /// Name of the chain specification.
        chain: String,
        /// What the runtime said.
        reason: String,
    },
    /// A validator without keys to work with.
    #[error(
        "a validator needs session keys, and the keystore {keystore} has none of type {missing}: start without \
         --validator, make them by the RPC call author_rotateKeysWithOwner, register them by staking.setKeys, then \
         start with --validator"
    )]
    SessionKeys {
        /// Where the keystore is.
        keystore: String,
        /// The key types that are missing.
        missing: String,
    },
    /// A validator without a network identity.
    #[error(
        "an authority needs a lasting network key, and {} does not exist: make one by key generate-node-key --file, \
         or pass --node-key, or --unsafe-force-node-key-generation on a test network",
        .path.display()
    )]
    NetworkKey {
        /// Where the key was looked for.
        path: PathBuf,
    },
    /// Sealing on a node that can't author every block.
    #[error("--sealing {0}")]
    Sealing(String),
    /// What the SDK reports.
    #[error("{0}")]
    Sdk(Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// The error in one line.
    pub fn line(&self) -> String {
        first_line(&self.to_string()).into()
    }
}

/// The first line of a text that says something.
pub fn first_line(text: &str) -> &str {
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("failed without saying why")
}

impl From<sc_cli::Error> for Error {
    fn from(error: sc_cli::Error) -> Self {
        match error {
            sc_cli::Error::NetworkKeyNotFound(path) => Self::NetworkKey { path },
            other => Self::Sdk(Box::new(other)),
        }
    }
}

impl From<sc_service::Error> for Error {
    fn from(error: sc_service::Error) -> Self {
        Self::Sdk(Box::new(error))
    }
}

impl From<sp_blockchain::Error> for Error {
    fn from(error: sp_blockchain::Error) -> Self {
        Self::Sdk(Box::new(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_many_lines_is_told_in_its_first() {
        let error = Error::from(sc_service::Error::Other("bad genesis\n{\n  \"a\": 1\n}".into()));
        assert_eq!(error.line(), "Other: bad genesis");
        assert_eq!(first_line("\n  bad genesis\n{"), "bad genesis");
    }

    #[test]
    fn a_missing_network_key_names_the_file_and_the_way_out() {
        let line = Error::from(sc_cli::Error::NetworkKeyNotFound("/keys/secret".into())).line();
        assert!(line.contains("/keys/secret does not exist"), "{line}");
        assert!(line.contains("generate-node-key"), "{line}");
    }
}
