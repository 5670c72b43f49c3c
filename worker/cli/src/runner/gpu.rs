//! CUDA GPUs of this machine.

use assay_exec::{Backend, Cpu};
use assay_exec_cuda::{Cuda, Device, GemmPath, Options, Placement};

use super::backend::{DeviceChoice, GemmChoice};

pub use assay_exec_cuda::Fault;

/// A GPU, ready to compute.
pub struct Opened(Cuda);

impl Opened {
    /// What a job is run by.
    pub fn backend(&self) -> &dyn Backend {
        &self.0
    }

    /// What went wrong with it since.
    pub fn fault(&self) -> Option<Fault> {
        self.0.fault()
    }
}

/// A GPU that was found.
#[derive(Clone, Debug)]
pub struct Found(Device);

impl Found {
    /// Its number.
    pub fn index(&self) -> usize {
        self.0.index
    }

    /// Bytes of its memory.
    pub fn memory(&self) -> u64 {
        self.0.memory
    }

    /// What it is, and how it makes products where that is chosen.
    pub fn describe(&self, choice: GemmChoice) -> String {
        format!("{}, products by {}", self.0, self.taken(choice))
    }

    /// How it makes products where that is chosen.
    pub fn taken(&self, choice: GemmChoice) -> GemmChoice {
        match choice {
            GemmChoice::Auto => forcing(GemmPath::best(self.0.capability)),
            forced => forced,
        }
    }

    /// All ways that it has to make products.
    pub fn ways(&self) -> Vec<GemmChoice> {
        self.0.paths().into_iter().map(forcing).collect()
    }
}

fn path(choice: GemmChoice) -> Option<GemmPath> {
    match choice {
        GemmChoice::Auto => None,
        GemmChoice::Dp4a => Some(GemmPath::Dp4a),
        GemmChoice::Mma => Some(GemmPath::Mma),
        GemmChoice::Wgmma => Some(GemmPath::Wgmma),
        GemmChoice::Bf16 => Some(GemmPath::Bf16),
        GemmChoice::CublasLt => Some(GemmPath::CublasLt),
    }
}

/// The choice that forces a path.
fn forcing(path: GemmPath) -> GemmChoice {
    match path {
        GemmPath::Dp4a => GemmChoice::Dp4a,
        GemmPath::Mma => GemmChoice::Mma,
        GemmPath::Wgmma => GemmChoice::Wgmma,
        GemmPath::Bf16 => GemmChoice::Bf16,
        GemmPath::CublasLt => GemmChoice::CublasLt,
    }
}

/// Opens a GPU; `cpu` computes what it does not.
///
/// # Errors
///
/// There is none with the number, or it can't be used.
pub fn open(choice: &DeviceChoice, cpu: Cpu) -> Result<Opened, Fault> {
    let placement = if choice.is_trial { Placement::Device } else { Placement::Worthwhile };
    let options = Options { device: choice.index, path: path(choice.gemm), placement };
    Cuda::open(&options, cpu).map(Opened)
}

/// The driver's version.
///
/// # Errors
///
/// There is none, or it is too old.
pub fn driver() -> Result<String, Fault> {
    assay_exec_cuda::driver().map(|version| version.to_string())
}

/// The GPU that is chosen.
///
/// # Errors
///
/// There is none with its number.
pub fn chosen(choice: &DeviceChoice) -> Result<Found, Fault> {
    assay_exec_cuda::device(choice.index).map(Found)
}

/// The GPUs that there are.
///
/// # Errors
///
/// There are none.
pub fn find() -> Result<Vec<Found>, Fault> {
    Ok(assay_exec_cuda::devices()?.into_iter().map(Found).collect())
}
