//! What computes.

use std::fmt;
use std::str::FromStr;

use assay_exec::{Backend, Cpu, Path, Reference, StartError};
use serde::{Deserialize, Serialize};

/// What computes. The bytes are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BackendChoice {
    /// The fastest that this machine has.
    #[default]
    Auto,
    /// The processor's AVX-512 VNNI.
    Vnni,
    /// The processor's AVX2.
    Avx2,
    /// The processor without vector instructions, on all threads.
    Scalar,
    /// The contract's own code, on one thread.
    Reference,
}

impl BackendChoice {
    const ALL: [Self; 5] = [Self::Auto, Self::Vnni, Self::Avx2, Self::Scalar, Self::Reference];

    fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Vnni => "vnni",
            Self::Avx2 => "avx2",
            Self::Scalar => "scalar",
            Self::Reference => "reference",
        }
    }

    /// Starts it. `threads` 0 means one per processor.
    pub fn start(self, threads: usize) -> Result<Box<dyn Backend>, StartError> {
        let path = match self {
            Self::Auto => Path::best(),
            Self::Vnni => Path::Vnni,
            Self::Avx2 => Path::Avx2,
            Self::Scalar => Path::Scalar,
            Self::Reference => return Ok(Box::new(Reference)),
        };
        Ok(Box::new(Cpu::new(path, threads)?))
    }
}

impl fmt::Display for BackendChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no backend.
#[derive(Debug, thiserror::Error)]
#[error("no such backend: auto, vnni, avx2, scalar or reference")]
pub struct UnknownBackend;

impl FromStr for BackendChoice {
    type Err = UnknownBackend;

    fn from_str(name: &str) -> Result<Self, UnknownBackend> {
        Self::ALL.into_iter().find(|choice| choice.name() == name).ok_or(UnknownBackend)
    }
}
