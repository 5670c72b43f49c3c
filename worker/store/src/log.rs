//! The seats that a worker has work with: what it goes on with after a restart.

use assay_primitives::{Digest, JobSpec};
use codec::{Decode, Encode};
use redb::{ReadableTable, TableDefinition};

use crate::error::StoreError;
use crate::guard::GuardKey;
use crate::kept::{Kept, KEPT};
use crate::store::{decode, Store};

/// By key: the rest of the record.
pub(crate) const SEATS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("seats");

/// A seat that was taken on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Record {
    /// Which one.
    pub key: GuardKey,
    /// The account that owns it.
    pub owner: Digest,
    /// What is to be computed.
    pub spec: JobSpec,
}

impl Store {
    /// Notes a seat, before anything is done for it. If it was left before, what was sealed for it stays as long as it is
    /// noted.
    ///
    /// # Errors
    ///
    /// The disk fails.
    pub fn take(&self, record: &Record) -> Result<(), StoreError> {
        self.write(|transaction| {
            let mut seats = transaction.open_table(SEATS)?;
            seats.insert(record.key.encode().as_slice(), record.encode().as_slice())?;
            transaction.open_table(KEPT)?.remove(Kept::Seal(record.key).encode().as_slice())?;
            Ok(())
        })
    }

    /// All seats that were noted and not left.
    ///
    /// # Errors
    ///
    /// The disk fails.
    pub fn taken(&self) -> Result<Vec<Record>, StoreError> {
        let entries = self.read(|transaction| {
            let mut entries = Vec::new();
            for entry in transaction.open_table(SEATS)?.iter()? {
                entries.push(entry?.1.value().to_vec());
            }
            Ok(entries)
        })?;
        entries.iter().map(|entry| decode("seats", entry)).collect()
    }

    /// Forgets a seat. What was sealed for it stays: until a time, in seconds of Unix time, where the job has ended,
    /// since a node may lie about that, and for good where the seat may come back by a reorganisation.
    ///
    /// # Errors
    ///
    /// The disk fails.
    pub fn leave(&self, key: &GuardKey, until: Option<u64>) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.open_table(SEATS)?.remove(key.encode().as_slice())?;
            if let Some(until) = until {
                transaction.open_table(KEPT)?.insert(Kept::Seal(*key).encode().as_slice(), until)?;
            }
            Ok(())
        })
    }
}
