//! Opens the database, and lets neither a broken nor a foreign one through.
//!
//! The SDK takes a database whose genesis it can't read for an empty one and starts it anew, and never asks whether the
//! genesis it finds is that of the chain specification. Both are refused here, before anything is written.

use super::{FullBackend, Hash};
use crate::error::Error;
use sc_client_api::{Backend, HeaderBackend};
use sc_consensus_grandpa::GrandpaPruningFilter;
use sc_service::Configuration;
use std::{
    any::Any,
    fs,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    sync::Arc,
};

const REPLACE: &str = "restore it from a backup, or remove it by purge-chain and sync again";

/// Opens the database, or makes one where there is none.
pub(super) fn open(config: &Configuration) -> Result<Arc<FullBackend>, Error> {
    check_files(config)?;
    let path = path(config);
    let held_data =
        contains(&path, |name| ["table", "index", "log"].iter().any(|kind| name.starts_with(kind)));
    let mut settings = config.db_config();
    // Warp sync proofs are made of justified blocks, so these outlive pruning.
    settings.pruning_filters = vec![Arc::new(GrandpaPruningFilter)];
    let backend: Arc<FullBackend> = quietly(|| sc_service::new_db_backend(settings))
        .and_then(|opened| opened.map_err(|error| error.to_string()))
        .map_err(|reason| Error::Database { path: path.clone(), advice: advice(&reason), reason })?;
    let info = backend.blockchain().info();
    let unreadable = info.genesis_hash == Hash::default() || info.best_hash == Hash::default();
    if held_data && unreadable {
        return Err(corrupt(path, "it has data but no readable chain"));
    }
    Ok(backend)
}

/// Opens a database that has to be there, and closes it again.
pub(super) fn check(config: &Configuration) -> Result<(), Error> {
    let path = path(config);
    if !path.join("metadata").exists() && !contains(&path, |_| true) {
        let advice = "pass the --base-path and --chain it was made with";
        return Err(Error::Database { path, reason: "there is none".into(), advice });
    }
    open(config).map(drop)
}

/// Refuses a database that has lost the file without which the rest can't be read.
fn check_files(config: &Configuration) -> Result<(), Error> {
    let path = path(config);
    // ParityDB would make a new one, with another salt, over data that only the old salt finds.
    if !path.join("metadata").exists() && contains(&path, |name| name != "lock") {
        return Err(corrupt(path, "its metadata file is missing"));
    }
    Ok(())
}

/// Refuses a database that was made with another genesis.
pub(super) fn check_genesis(
    config: &Configuration,
    backend: &FullBackend,
    expected: Hash,
) -> Result<(), Error> {
    let found = backend.blockchain().info().genesis_hash;
    if found == expected || found == Hash::default() {
        return Ok(());
    }
    Err(Error::ForeignDatabase {
        path: path(config),
        chain: config.chain_spec.name().into(),
        found,
        expected,
    })
}

fn corrupt(path: PathBuf, wrong: &str) -> Error {
    Error::Database { path, reason: format!("corrupt: {wrong}"), advice: REPLACE }
}

/// What to do about a database that does not open, by what the SDK says of it.
fn advice(reason: &str) -> &'static str {
    if reason.contains("in use") {
        "stop the node that runs on it, or pass another --base-path"
    } else if reason.contains("pruning") {
        "pass the pruning flags it was made with, or remove it by purge-chain and sync again"
    } else {
        REPLACE
    }
}

fn path(config: &Configuration) -> PathBuf {
    config.database.path().map(Path::to_path_buf).unwrap_or_default()
}

fn contains(directory: &Path, wanted: impl Fn(&str) -> bool) -> bool {
    fs::read_dir(directory)
        .is_ok_and(|entries| entries.flatten().any(|entry| entry.file_name().to_str().is_some_and(&wanted)))
}

/// Runs something that panics on a broken database, and gives what the panic said instead of printing it.
fn quietly<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| ()));
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    panic::set_hook(hook);
    result.map_err(|panic| said(panic.as_ref()))
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it can't be read").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_what_it_said() {
        let number = 7;
        assert_eq!(quietly(|| panic!("bad table {number}")), Err::<(), _>("bad table 7".into()));
        assert_eq!(quietly(|| panic!("bad table")), Err::<(), _>("bad table".into()));
        assert_eq!(quietly(|| number), Ok(7));
    }

    #[test]
    fn advice_follows_what_is_wrong() {
        assert!(advice("Backend error: Database file is in use. (EAGAIN)").contains("stop the node"));
        assert!(advice("Incompatible pruning modes [stored: a; requested: b]").contains("pruning flags"));
        assert_eq!(advice("Backend error: Corruption: Bad metadata"), REPLACE);
    }

    #[test]
    fn a_directory_contains_what_is_asked_for() {
        let directory = tempfile::tempdir().unwrap();
        assert!(!contains(directory.path(), |_| true));
        fs::write(directory.path().join("table_00_01"), "").unwrap();
        assert!(contains(directory.path(), |name| name.starts_with("table")));
        assert!(!contains(directory.path(), |name| name == "metadata"));
        assert!(!contains(&directory.path().join("missing"), |_| true));
    }
}
