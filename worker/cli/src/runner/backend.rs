//! What computes.

use std::fmt;
use std::str::FromStr;

use assay_exec::{Backend, Cpu, Path, Reference};
use serde::{Deserialize, Serialize};

use super::gpu::{self, Fault, Opened};

/// What computes. The bytes are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BackendChoice {
    /// A CUDA GPU if there is one, else the processor.
    Auto,
    /// A CUDA GPU.
    Cuda,
    /// The processor, by the fastest path that it has. What is chosen where nothing is said: a wrong result costs the
    /// bond, and the kernels have not run on a GPU yet.
    #[default]
    Cpu,
    /// The processor's AVX-512 VNNI.
    Vnni,
    /// The processor's AVX2.
    Avx2,
    /// The processor without vector instructions, on all threads.
    Scalar,
    /// The contract's own code, on one thread.
    Reference,
}

/// How products are made on a GPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GemmChoice {
    /// What suits the device best.
    #[default]
    Auto,
    /// Four products in one instruction of the ordinary cores.
    Dp4a,
    /// Tensor cores, by `mma.sync`.
    Mma,
    /// Tensor cores of compute capability 9.0, by `wgmma`.
    Wgmma,
    /// Tensor cores of bf16.
    Bf16,
    /// NVIDIA's library.
    CublasLt,
}

/// Which GPU is used, where one is, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceChoice {
    /// Its number, from 0 on.
    pub index: usize,
    /// How products are made.
    pub gemm: GemmChoice,
    /// Whether it computes all that it has kernels for, and a fault of its ends the job: to try it out.
    pub is_trial: bool,
}

/// A name that stands for nothing here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such {what}: one of {known}")]
pub struct UnknownName {
    what: &'static str,
    known: String,
}

/// The choice with a name.
fn named<T: Copy>(all: &[(T, &'static str)], what: &'static str, name: &str) -> Result<T, UnknownName> {
    let found = all.iter().find(|(_, known)| *known == name).map(|(choice, _)| *choice);
    found.ok_or_else(|| {
        let known: Vec<_> = all.iter().map(|(_, known)| *known).collect();
        UnknownName { what, known: known.join(", ") }
    })
}

/// The name of a choice.
fn name<T: PartialEq>(all: &[(T, &'static str)], choice: &T) -> &'static str {
    all.iter().find(|(known, _)| known == choice).map_or("", |(_, name)| name)
}

impl BackendChoice {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Auto, "auto"),
        (Self::Cuda, "cuda"),
        (Self::Cpu, "cpu"),
        (Self::Vnni, "vnni"),
        (Self::Avx2, "avx2"),
        (Self::Scalar, "scalar"),
        (Self::Reference, "reference"),
    ];

    /// Whether a GPU is used if there is one.
    pub fn takes_gpu(self) -> bool {
        matches!(self, Self::Auto | Self::Cuda)
    }

    /// Starts it. `threads` 0 means one per processor.
    ///
    /// # Errors
    ///
    /// This machine does not have what was chosen.
    pub fn start(self, threads: usize, device: &DeviceChoice) -> Result<Started, StartError> {
        let path = match self {
            Self::Auto => return start_any(threads, device),
            Self::Cuda => return open(threads, device),
            Self::Cpu => Path::best(),
            Self::Vnni => Path::Vnni,
            Self::Avx2 => Path::Avx2,
            Self::Scalar => Path::Scalar,
            Self::Reference => return Ok(Started::Cpu { backend: Box::new(Reference), missing: None }),
        };
        Ok(Started::Cpu { backend: Box::new(Cpu::new(path, threads)?.pinned()), missing: None })
    }
}

/// Opens a GPU. What it does not compute the processor does.
fn open(threads: usize, device: &DeviceChoice) -> Result<Started, StartError> {
    gpu::driver()?;
    // Not pinned: copies to the device start threads, from the one that leads too.
    let cpu = Cpu::new(Path::best(), threads)?;
    Ok(Started::Gpu(Box::new(gpu::open(device, cpu)?)))
}

/// Opens a GPU, or the processor where that can't be.
fn start_any(threads: usize, device: &DeviceChoice) -> Result<Started, StartError> {
    match open(threads, device) {
        Err(StartError::Gpu(fault)) => {
            let cpu = Cpu::new(Path::best(), threads)?.pinned();
            Ok(Started::Cpu { backend: Box::new(cpu), missing: Some(fault) })
        }
        started => started,
    }
}

/// What computes, ready to.
pub enum Started {
    /// The processor.
    Cpu {
        /// It.
        backend: Box<dyn Backend>,
        /// Why it is no GPU, where one would have been taken.
        missing: Option<Fault>,
    },
    /// A GPU.
    Gpu(Box<Opened>),
}

impl Started {
    /// What a job is run by.
    pub fn backend(&self) -> &dyn Backend {
        match self {
            Self::Cpu { backend, .. } => &**backend,
            Self::Gpu(opened) => opened.backend(),
        }
    }

    /// What went wrong with the GPU since it was opened. The processor computed in its place.
    pub fn fault(&self) -> Option<Fault> {
        match self {
            Self::Cpu { .. } => None,
            Self::Gpu(opened) => opened.fault(),
        }
    }

    /// What it is, and why it is no GPU.
    pub fn describe(&self) -> String {
        match self {
            Self::Cpu { backend, missing: Some(fault) } => format!("{} ({fault})", backend.name()),
            started => started.backend().name(),
        }
    }
}

/// Why a backend does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The processor does not have it.
    #[error(transparent)]
    Cpu(#[from] assay_exec::StartError),
    /// There is no such GPU.
    #[error(transparent)]
    Gpu(#[from] Fault),
}

impl fmt::Display for BackendChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(name(&Self::ALL, self))
    }
}

impl FromStr for BackendChoice {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        named(&Self::ALL, "backend", name)
    }
}

impl GemmChoice {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Auto, "auto"),
        (Self::Dp4a, "dp4a"),
        (Self::Mma, "mma"),
        (Self::Wgmma, "wgmma"),
        (Self::Bf16, "bf16"),
        (Self::CublasLt, "cublaslt"),
    ];
}

impl fmt::Display for GemmChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(name(&Self::ALL, self))
    }
}

impl FromStr for GemmChoice {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        named(&Self::ALL, "way to make products", name)
    }
}
