//! The guard of commitments: at most one for each seat, stored before it is signed.

use std::fmt;

use assay_primitives::{Claim, Digest, JobId};
use codec::{Decode, Encode};
use redb::{ReadableTable, TableDefinition};

use crate::error::StoreError;
use crate::kept::{Kept, KEPT};
use crate::log::SEATS;
use crate::store::{decode, Store};

/// By key: the commitment and its secrets.
pub(crate) const SEALS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("seals");

/// Which commitment: there is one for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct GuardKey {
    /// The job.
    pub job: JobId,
    /// Hash of its specification. On another branch of the chain a job of the same number can be another one.
    pub spec: Digest,
    /// Its seed.
    pub seed: Digest,
    /// The seat's index.
    pub attempt: u32,
}

/// What a reveal needs, and nobody else may know until then.
#[derive(Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Sealed {
    /// 32 bytes that only the worker's key tells.
    pub salt: Digest,
    /// What is claimed.
    pub claim: Claim,
    /// How many leaves the trace has; 0 where nothing was run.
    pub leaves: u64,
    /// BLAKE3 of the file that holds the result; zeros where nothing was run.
    pub file: Digest,
}

impl fmt::Debug for Sealed {
    /// Without the salt: logs are read by others.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { salt: _, claim, leaves, file: _ } = self;
        f.debug_struct("Sealed").field("claim", claim).field("leaves", leaves).finish_non_exhaustive()
    }
}

/// That a commitment is stored, and no other one can be: what signs one asks for this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permit {
    key: GuardKey,
    commitment: Digest,
    sealed: Sealed,
}

impl Permit {
    /// Which seat it is for.
    pub fn key(&self) -> &GuardKey {
        &self.key
    }

    /// What may be signed.
    pub fn commitment(&self) -> &Digest {
        &self.commitment
    }

    /// What opens it.
    pub fn sealed(&self) -> &Sealed {
        &self.sealed
    }
}

impl Store {
    /// Stores a commitment and its secrets, unless the seat has one: the first write wins. The same commitment gives
    /// the permit of the first time again.
    ///
    /// # Errors
    ///
    /// The seat has another commitment; the disk fails, and then nothing may be signed.
    pub fn guard(&self, key: &GuardKey, commitment: Digest, sealed: &Sealed) -> Result<Permit, StoreError> {
        let first = self.write(|transaction| {
            let mut seals = transaction.open_table(SEALS)?;
            let first = seals.get(key.encode().as_slice())?.map(|value| value.value().to_vec());
            if first.is_none() {
                seals.insert(key.encode().as_slice(), (commitment, sealed).encode().as_slice())?;
            }
            Ok(first)
        })?;
        let permit = match first {
            Some(first) => permit(key, &first)?,
            None => Permit { key: *key, commitment, sealed: *sealed },
        };
        if permit.commitment != commitment {
            return Err(StoreError::AlreadySealed { job: key.job, attempt: key.attempt });
        }
        Ok(permit)
    }

    /// What was stored for a seat.
    ///
    /// # Errors
    ///
    /// The disk fails.
    pub fn sealed(&self, key: &GuardKey) -> Result<Option<Permit>, StoreError> {
        let found = self.read(|transaction| {
            let value = transaction.open_table(SEALS)?.get(key.encode().as_slice())?;
            Ok(value.map(|value| value.value().to_vec()))
        })?;
        found.map(|found| permit(key, &found)).transpose()
    }

    /// Forgets what was sealed for a seat that was left for long enough; not where it was taken on again since.
    ///
    /// # Errors
    ///
    /// The disk fails.
    pub fn forget(&self, key: &GuardKey) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.open_table(KEPT)?.remove(Kept::Seal(*key).encode().as_slice())?;
            if transaction.open_table(SEATS)?.get(key.encode().as_slice())?.is_none() {
                transaction.open_table(SEALS)?.remove(key.encode().as_slice())?;
            }
            Ok(())
        })
    }
}

fn permit(key: &GuardKey, entry: &[u8]) -> Result<Permit, StoreError> {
    let (commitment, sealed) = decode("seals", entry)?;
    Ok(Permit { key: *key, commitment, sealed })
}
