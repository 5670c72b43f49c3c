//! A seat that the worker has taken on: what it is, and where its files are.

use std::path::{Path, PathBuf};

use assay_chain::market::Assignment;
use assay_primitives::{Digest, JobId};
use assay_store::{GuardKey, Record};

use super::fetch::MANIFEST;

/// Names a seat, on whichever branch of the chain: job, seat, hash of the specification.
pub type Id = (JobId, u32, Digest);

/// A seat that was taken on.
#[derive(Clone, Debug)]
pub struct Place {
    /// What is stored of it.
    pub record: Record,
    /// Its files.
    directory: PathBuf,
}

impl Place {
    /// A seat, with its files below a directory of all jobs.
    pub fn new(record: Record, jobs: &Path) -> Self {
        let GuardKey { job, spec, attempt, .. } = record.key;
        let directory = jobs.join(format!("{job}-{attempt}-{}", hex::encode(&spec[..4])));
        Self { record, directory }
    }

    /// What is stored of a seat that the chain lists.
    pub fn record(assignment: &Assignment) -> Record {
        let (view, spec) = (&assignment.seat, assignment.spec);
        let attempt = view.index.into();
        let key = GuardKey { job: view.job, spec: assignment.spec_hash, seed: spec.seed, attempt };
        Record { key, owner: view.seat.owner.clone().into(), spec }
    }

    /// Its name.
    pub fn id(&self) -> Id {
        id(&self.record)
    }

    /// The job.
    pub fn job(&self) -> JobId {
        self.record.key.job
    }

    /// The seat's index, which the chain numbers by a byte.
    pub fn index(&self) -> u8 {
        u8::try_from(self.record.key.attempt).unwrap_or(u8::MAX)
    }

    /// Hash of the job's specification.
    pub fn spec(&self) -> Digest {
        self.record.key.spec
    }

    /// All its files.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The program.
    pub fn program(&self) -> PathBuf {
        self.directory.join("program")
    }

    /// The input.
    pub fn input(&self) -> PathBuf {
        self.directory.join("input")
    }

    /// Whether program and input were fetched: their manifests are written last.
    pub fn is_fetched(&self) -> bool {
        [self.program(), self.input()].iter().all(|directory| directory.join(MANIFEST).exists())
    }

    /// What the run came to.
    pub fn work(&self) -> PathBuf {
        self.directory.join("work")
    }

    /// What the run came to that was repeated to open leaves.
    pub fn opening(&self, leaves: &Digest) -> PathBuf {
        self.directory.join(format!("opening-{}", hex::encode(&leaves[..8])))
    }
}

/// The name of a seat that is stored.
pub fn id(record: &Record) -> Id {
    (record.key.job, record.key.attempt, record.key.spec)
}
