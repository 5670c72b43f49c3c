//! Roots: what the chain knows of programs, inputs and results.
//!
//! A root is blake2b-256 of a domain tag and the SCALE encoding of a vector of entries (name, type, shape, BLAKE3 of
//! the raw bytes), sorted by name. A manifest is the entry with the empty name. So a tensor's blob and the root are
//! linked, and one tensor can be proved to belong to a root by its neighbours' entries alone.

use codec::Encode;

use crate::error::Trap;
use crate::tensor::{Dtype, Tensors};

/// 32 bytes of blake2b or BLAKE3.
pub type Hash = [u8; 32];

/// What a root is of; the tag hashed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// A program.
    Program,
    /// The input of a job.
    Input,
    /// The outputs of a job.
    Result,
    /// The trap that a job ended in.
    Trap,
    /// The state of a training.
    State,
    /// The trace of a job.
    Trace,
}

impl Domain {
    fn tag(self) -> &'static [u8] {
        match self {
            Self::Program => b"assay/program/v1",
            Self::Input => b"assay/input/v1",
            Self::Result => b"assay/result/v1",
            Self::Trap => b"assay/trap/v1",
            Self::State => b"assay/state/v1",
            Self::Trace => b"assay/trace/v1",
        }
    }

    /// blake2b-256 of the tag and `encoded`.
    pub fn hash(self, encoded: &[u8]) -> Hash {
        let mut state = blake2b_simd::Params::new().hash_length(32).to_state();
        let digest = state.update(self.tag()).update(encoded).finalize();
        let mut hash = [0; 32];
        hash.copy_from_slice(digest.as_bytes());
        hash
    }
}

/// One tensor, or the manifest, as a root covers it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, codec::Decode)]
pub struct Entry {
    /// Unique; empty for a manifest.
    pub name: String,
    /// [`Dtype`] as a byte.
    pub dtype: u8,
    /// Sizes of the axes.
    pub shape: Vec<u64>,
    /// BLAKE3 of the raw bytes.
    pub blake3: Hash,
}

/// The root of entries, in any order.
pub fn root(domain: Domain, mut entries: Vec<Entry>) -> Hash {
    entries.sort();
    domain.hash(&entries.encode())
}

/// The entries of tensors.
pub fn entries(tensors: &Tensors) -> Vec<Entry> {
    let entry = |(name, tensor): (&String, &crate::tensor::Tensor)| Entry {
        name: name.clone(),
        dtype: tensor.dtype() as u8,
        shape: tensor.shape.clone(),
        blake3: tensor.hash(),
    };
    tensors.iter().map(entry).collect()
}

/// The entry of a manifest.
pub fn manifest_entry(bytes: &[u8]) -> Entry {
    let blake3 = *blake3::hash(bytes).as_bytes();
    Entry { name: String::new(), dtype: Dtype::U8 as u8, shape: vec![bytes.len() as u64], blake3 }
}

/// The result root of a job that ended in a trap.
pub fn trap_root(trap: &Trap) -> Hash {
    Domain::Trap.hash(&trap.encode())
}

/// The Philox key of a job: the first 8 bytes of blake2b-256 of its seed.
pub fn key(seed: &[u8]) -> [u8; 8] {
    let digest = blake2b_simd::Params::new().hash_length(32).hash(seed);
    let mut key = [0; 8];
    key.copy_from_slice(&digest.as_bytes()[..8]);
    key
}
