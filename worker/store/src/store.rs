//! The database.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use assay_primitives::Digest;
use codec::{Decode, Encode};
use redb::{
    Database, DatabaseError, Error, ReadTransaction, ReadableDatabase, TableDefinition, TableError,
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
const ACCOUNT_KEY: &str = "account";
const FINAL_KEY: &str = "final";

/// A worker's database: one file.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    /// None after an error of the disk, until it is opened again.
    database: Mutex<Option<Database>>,
}

impl Store {
    /// Opens the file, or makes it, for an account on the chain of this genesis. Only its owner can read it. One that is
    /// there is read only: a disk that is full does not keep a worker from its reveals.
    ///
    /// # Errors
    ///
    /// Another process has it; it is another chain's, another account's or another version's; the disk fails.
    pub fn open(path: &Path, genesis: &Digest, account: &Digest) -> Result<Self, StoreError> {
        create(path).map_err(|source| StoreError::File { path: path.into(), source })?;
        let database = Mutex::new(Some(open(path)?));
        let store = Self { path: path.into(), database };
        if !store.is_prepared()? {
            store.prepare(genesis, account)?;
        }
        store.check(genesis, account)?;
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

    /// Whether the tables are there: all are made with the version, in one transaction.
    fn is_prepared(&self) -> Result<bool, StoreError> {
        self.read(|transaction| match transaction.open_table(ABOUT) {
            Err(TableError::TableDoesNotExist(_)) => Ok(false),
            about => Ok(about?.get(VERSION_KEY)?.is_some()),
        })
    }

    /// Makes what a new database lacks: its tables, and whose it is.
    fn prepare(&self, genesis: &Digest, account: &Digest) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.open_table(guard::SEALS)?;
            transaction.open_table(kept::KEPT)?;
            transaction.open_table(log::SEATS)?;
            let mut about = transaction.open_table(ABOUT)?;
            about.insert(VERSION_KEY, VERSION.encode().as_slice())?;
            about.insert(GENESIS_KEY, genesis.as_slice())?;
            about.insert(ACCOUNT_KEY, account.as_slice())?;
            Ok(())
        })
    }

    fn check(&self, genesis: &Digest, account: &Digest) -> Result<(), StoreError> {
        let found = self.about(VERSION_KEY)?.unwrap_or_default();
        if found != VERSION {
            let path = self.path.display().to_string();
            return Err(StoreError::OtherVersion { path, found, expected: VERSION });
        }
        if self.about(GENESIS_KEY)? != Some(*genesis) {
            return Err(StoreError::OtherChain(self.path.clone()));
        }
        if self.about(ACCOUNT_KEY)? != Some(*account) {
            return Err(StoreError::OtherAccount(self.path.clone()));
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
        self.using(|database| {
            let transaction = database.begin_read().map_err(Error::from)?;
            Ok(read(&transaction)?)
        })
    }

    /// Writes in one transaction, which is on the disk when this returns.
    pub(crate) fn write<T>(
        &self,
        write: impl FnOnce(&WriteTransaction) -> Result<T, Error>,
    ) -> Result<T, StoreError> {
        self.using(|database| {
            let transaction = database.begin_write().map_err(Error::from)?;
            let value = write(&transaction)?;
            transaction.commit().map_err(Error::from)?;
            Ok(value)
        })
    }

    /// After an error of the disk a database of redb takes and gives nothing any more: it is closed, and the next call
    /// opens it again, so that one write that found no space does not keep what is stored from being read.
    fn using<T>(&self, work: impl FnOnce(&Database) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut held = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let database = match held.take() {
            Some(database) => database,
            None => open(&self.path)?,
        };
        let result = work(&database);
        if !matches!(result, Err(StoreError::Database(_))) {
            *held = Some(database);
        }
        result
    }
}

fn open(path: &Path) -> Result<Database, StoreError> {
    Database::builder().set_cache_size(CACHE).create(path).map_err(|error| match error {
        DatabaseError::DatabaseAlreadyOpen => StoreError::InUse(path.into()),
        other => Error::from(other).into(),
    })
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::{Command, Stdio};
    use std::{env, fs};

    use assay_primitives::Claim;

    use super::*;
    use crate::{GuardKey, Sealed};

    const KEY: GuardKey = GuardKey { job: 7, spec: [2; 32], seed: [3; 32], attempt: 1 };
    const SEALED: Sealed =
        Sealed { salt: [1; 32], claim: Claim::Misdeclared { units: 2 }, leaves: 0, file: [0; 32] };
    /// Names the database for the process that the second test starts.
    const DATABASE: &str = "ASSAY_STORE_FULL_DATABASE";

    /// Not a test by itself: its process can't make a file longer than the database is.
    #[test]
    fn where_no_file_grows() {
        let Some(path) = env::var_os(DATABASE) else { return };
        let store = Store::open(Path::new(&path), &[1; 32], &[2; 32]).expect("nothing is written");
        let long = vec![1; 8 << 20];
        let full = store.write(|transaction| {
            transaction.open_table(guard::SEALS)?.insert(b"long".as_slice(), long.as_slice())?;
            Ok(())
        });
        assert!(matches!(full, Err(StoreError::Database(_))), "{full:?}");
        let permit = store.sealed(&KEY).expect("it is read all the same");
        assert_eq!(permit.expect("it is there").sealed(), &SEALED);
    }

    #[test]
    fn what_is_sealed_is_read_from_a_full_disk_before_and_after_a_write_failed() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("worker.redb");
        let store = Store::open(&path, &[1; 32], &[2; 32]).expect("a database");
        store.guard(&KEY, [1; 32], &SEALED).expect("stored");
        drop(store);
        let blocks = fs::metadata(&path).expect("a file").len() / 512;
        // Without the trap the signal of the limit would end the process.
        let test = "store::tests::where_no_file_grows";
        let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" --exact {test}");
        let ended = Command::new("sh")
            .arg("-c")
            .arg(limited)
            .arg(env::current_exe().expect("this test"))
            .env(DATABASE, &path)
            .stdout(Stdio::null())
            .status()
            .expect("a process");
        assert!(ended.success(), "{ended}");
    }
}
