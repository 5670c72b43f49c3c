//! What is kept for a time: content for others, and what was sealed for seats that were left.

use assay_primitives::Digest;
use codec::{Decode, Encode};
use redb::{ReadableTable, TableDefinition};

use crate::error::StoreError;
use crate::guard::GuardKey;
use crate::store::{decode, Store};

/// Until when what is kept, in seconds of Unix time.
pub(crate) const KEPT: TableDefinition<&[u8], u64> = TableDefinition::new("kept");

/// Something that is kept for a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Kept {
    /// A result, by its root.
    #[codec(index = 0)]
    Result(Digest),
    /// A blob that was fetched for a job, by its BLAKE3.
    #[codec(index = 1)]
    Blob(Digest),
    /// What was sealed for a seat whose job has ended.
    #[codec(index = 2)]
    Seal(GuardKey),
}

impl Store {
    /// Keeps something until a time, in seconds of Unix time; what is kept longer already stays so.
    ///
    /// # Errors
    ///
    /// The disk fails.
    pub fn keep(&self, what: &Kept, until: u64) -> Result<(), StoreError> {
        self.write(|transaction| {
            let mut kept = transaction.open_table(KEPT)?;
            let before = kept.get(what.encode().as_slice())?.map_or(0, |value| value.value());
            kept.insert(what.encode().as_slice(), until.max(before))?;
            Ok(())
        })
    }

    /// Whether it is on the list.
    ///
    /// # Errors
    ///
    /// The disk fails.
    pub fn keeps(&self, what: &Kept) -> Result<bool, StoreError> {
        self.read(|transaction| Ok(transaction.open_table(KEPT)?.get(what.encode().as_slice())?.is_some()))
    }

    /// The blobs on the list, those that were used last at the end.
    ///
    /// # Errors
    ///
    /// The disk fails.
    pub fn kept_blobs(&self) -> Result<Vec<Digest>, StoreError> {
        self.in_order(|what| match what {
            Kept::Blob(blake3) => Some(blake3),
            Kept::Result(_) | Kept::Seal(_) => None,
        })
    }

    /// The results on the list, those that were published last at the end.
    ///
    /// # Errors
    ///
    /// The disk fails.
    pub fn kept_results(&self) -> Result<Vec<Digest>, StoreError> {
        self.in_order(|what| match what {
            Kept::Result(root) => Some(root),
            Kept::Blob(_) | Kept::Seal(_) => None,
        })
    }

    /// Those of a kind, in the order of their times.
    fn in_order(&self, kind: impl Fn(Kept) -> Option<Digest>) -> Result<Vec<Digest>, StoreError> {
        let entries = self.until(u64::MAX)?.into_iter();
        let mut found: Vec<_> = entries.filter_map(|(what, until)| Some((until, kind(what)?))).collect();
        found.sort_unstable();
        Ok(found.into_iter().map(|(_, id)| id).collect())
    }

    /// What has been kept for long enough.
    ///
    /// # Errors
    ///
    /// The disk fails.
    pub fn expired(&self, now: u64) -> Result<Vec<Kept>, StoreError> {
        Ok(self.until(now)?.into_iter().map(|(what, _)| what).collect())
    }

    /// What is kept until a time, and until when.
    fn until(&self, now: u64) -> Result<Vec<(Kept, u64)>, StoreError> {
        let entries = self.read(|transaction| {
            let mut entries = Vec::new();
            for entry in transaction.open_table(KEPT)?.iter()? {
                let (what, until) = entry?;
                if until.value() <= now {
                    entries.push((what.value().to_vec(), until.value()));
                }
            }
            Ok(entries)
        })?;
        entries.iter().map(|(what, until)| Ok((decode("kept content", what)?, *until))).collect()
    }

    /// Takes something off the list, once it is removed.
    ///
    /// # Errors
    ///
    /// The disk fails.
    pub fn release(&self, what: &Kept) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.open_table(KEPT)?.remove(what.encode().as_slice())?;
            Ok(())
        })
    }
}
