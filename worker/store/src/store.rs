//! The database.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use assay_primitives::Digest;
use codec::{Decode, Encode};
use redb::{
    Database, DatabaseError, Error, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition,
    WriteTransaction,
};

use crate::error::StoreError;
use crate::{guard, kept, log};

/// The version of what is stored.
const VERSION: u32 = 1;
/// Bytes of pages held in memory: a worker has few seats.
const CACHE: usize = 16 << 20;

/// Single values by name.
const ABOUT: TableDefinition<&str, &[u8]> = TableDefinition::new("about");
const VERSION_KEY: &str = "version";
const GENESIS_KEY: &str = "genesis";
const FINAL_KEY: &str = "final";

/// A worker's database: one file.
#[derive(Debug)]
pub struct Store {
    database: Database,
}

impl Store {
    /// Opens the file, or makes it, for the chain of this genesis. Only its owner can read it.
    ///
    /// # Errors
    ///
    /// Another process has it; it is another chain's or another version's; the disk fails.
    pub fn open(path: &Path, genesis: &Digest) -> Result<Self, StoreError> {
        create(path).map_err(|source| StoreError::File { path: path.into(), source })?;
        let database =
            Database::builder().set_cache_size(CACHE).create(path).map_err(|error| match error {
                DatabaseError::DatabaseAlreadyOpen => StoreError::InUse(path.into()),
                other => Error::from(other).into(),
            })?;
        let store = Self { database };
        store.prepare(genesis)?;
        store.check(path, genesis)?;
        Ok(store)
    }

    /// The last final block that was acted on: its number and its hash.
    ///
    /// # Errors
    ///
    /// The disk fails.
    pub fn last_final(&self) -> Result<Option<(u32, Digest)>, StoreError> {
        self.about(FINAL_KEY)
    }

    /// Notes the last final block that was acted on.
    ///
    /// # Errors
    ///
    /// The disk fails.
    pub fn set_last_final(&self, number: u32, hash: &Digest) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.open_table(ABOUT)?.insert(FINAL_KEY, (number, hash).encode().as_slice())?;
            Ok(())
        })
    }

    /// Makes what a new database lacks: its tables, and whose it is.
    fn prepare(&self, genesis: &Digest) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.open_table(guard::SEALS)?;
            transaction.open_table(kept::KEPT)?;
            transaction.open_table(log::SEATS)?;
            let mut about = transaction.open_table(ABOUT)?;
            if about.get(VERSION_KEY)?.is_none() {
                about.insert(VERSION_KEY, VERSION.encode().as_slice())?;
                about.insert(GENESIS_KEY, genesis.as_slice())?;
            }
            Ok(())
        })
    }

    fn check(&self, path: &Path, genesis: &Digest) -> Result<(), StoreError> {
        let found = self.about(VERSION_KEY)?.unwrap_or_default();
        if found != VERSION {
            let path = path.display().to_string();
            return Err(StoreError::OtherVersion { path, found, expected: VERSION });
        }
        if self.about(GENESIS_KEY)? != Some(*genesis) {
            return Err(StoreError::OtherChain(path.into()));
        }
        Ok(())
    }

    fn about<T: Decode>(&self, key: &str) -> Result<Option<T>, StoreError> {
        let bytes = self.read(|transaction| {
            let value = transaction.open_table(ABOUT)?.get(key)?;
            Ok(value.map(|value| value.value().to_vec()))
        })?;
        bytes.map(|bytes| decode("notes", &bytes)).transpose()
    }

    /// Reads from one state of the database.
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&ReadTransaction) -> Result<T, Error>,
    ) -> Result<T, StoreError> {
        let transaction = self.database.begin_read().map_err(Error::from)?;
        Ok(read(&transaction)?)
    }

    /// Writes in one transaction, which is on the disk when this returns.
    pub(crate) fn write<T>(
        &self,
        write: impl FnOnce(&WriteTransaction) -> Result<T, Error>,
    ) -> Result<T, StoreError> {
        let transaction = self.database.begin_write().map_err(Error::from)?;
        let value = write(&transaction)?;
        transaction.commit().map_err(Error::from)?;
        Ok(value)
    }
}

/// Reads an entry; `place` is for the error.
pub(crate) fn decode<T: Decode>(place: &'static str, mut bytes: &[u8]) -> Result<T, StoreError> {
    match T::decode(&mut bytes) {
        Ok(value) if bytes.is_empty() => Ok(value),
        _ => Err(StoreError::Damaged(place)),
    }
}

/// Makes an empty file that only its owner can read, since it will hold salts, and its directory; both survive a
/// crash of the machine. One that is there stays as it is.
fn create(path: &Path) -> io::Result<()> {
    let directory = match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => Path::new("."),
    };
    fs::create_dir_all(directory)?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.sync_all()?;
    File::open(directory)?.sync_all()
}
