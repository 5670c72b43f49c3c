//! Why something was not computed by a device.

use assay_exact::Refused;

use crate::device::{Capability, GemmPath, Version};

/// Why there is no device, or why it did not compute something. None of it is a result of a job: the CPU gives that.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The driver's library is not there.
    #[error("there is no CUDA driver: libcuda is not installed, or not where the loader looks")]
    NoDriver,
    /// The driver is older than the kernels.
    #[error("the CUDA driver is of version {found}, and the kernels need {needed}: update the driver")]
    OldDriver {
        /// The version it is of.
        found: Version,
        /// The least that takes the kernels.
        needed: Version,
    },
    /// There is a driver and nothing behind it.
    #[error("the CUDA driver finds no device")]
    NoDevice,
    /// A number that no device has.
    #[error("there is no CUDA device {index}: there are {count}, from 0 on")]
    NoSuchDevice {
        /// The number.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// A device older than the kernels.
    #[error("{name} has compute capability {found}, and the kernels need {needed}")]
    OldDevice {
        /// What it calls itself.
        name: String,
        /// What it has.
        found: Capability,
        /// The least that the kernels need.
        needed: Capability,
    },
    /// A path of products that this device or this machine does not have.
    #[error("products by {path} need {needed}")]
    NoPath {
        /// The path.
        path: GemmPath,
        /// What it needs.
        needed: &'static str,
    },
    /// More memory than the device has free. Another process may be using it.
    #[error("it takes {needed} bytes of device memory, and {free} of {total} are free")]
    OutOfMemory {
        /// Bytes that were asked for.
        needed: u64,
        /// Bytes that are free.
        free: u64,
        /// Bytes that there are.
        total: u64,
    },
    /// Another process has the device for itself (its compute mode is exclusive), or all of its memory.
    #[error("another process has the CUDA device, or all of its memory: {reason}")]
    Busy {
        /// The driver's name of it.
        reason: String,
    },
    /// The device, or this process' hold of it, is gone: nothing more will be computed by it in this process.
    #[error("the CUDA device was lost in {doing}: {reason}")]
    Lost {
        /// What was being done; what really failed may have been launched before.
        doing: &'static str,
        /// The driver's name of it.
        reason: String,
    },
    /// The driver refused something.
    #[error("{doing} failed: {reason}")]
    Driver {
        /// What was being done.
        doing: &'static str,
        /// The driver's name of it.
        reason: String,
    },
    /// A grid that no device takes.
    #[error("kernel {kernel} can't run as {blocks:?} blocks of {threads} threads")]
    Grid {
        /// The kernel.
        kernel: &'static str,
        /// Blocks along each axis.
        blocks: [u32; 3],
        /// Threads of a block.
        threads: u32,
    },
    /// A kernel saw what the reference traps on: the reference says what it is.
    #[error("a kernel met a trap")]
    Reported,
    /// A fault of the program, as the reference has it.
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl Fault {
    /// Whether nothing more can be computed on the device by this process.
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::OutOfMemory { .. } | Self::Grid { .. } | Self::Reported | Self::Refused(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_device_is_left_alone_after_what_it_does_not_get_over() {
        let lost = Fault::Lost { doing: "a launch", reason: "CUDA_ERROR_ILLEGAL_ADDRESS".into() };
        assert!(lost.is_final() && Fault::NoDriver.is_final());
        let full = Fault::OutOfMemory { needed: 10, free: 5, total: 8 };
        assert!(!full.is_final() && !Fault::Reported.is_final());
        // Of one operator, which is the CPU's.
        assert!(!Fault::Grid { kernel: "k", blocks: [1, 65_536, 1], threads: 32 }.is_final());
        assert!(!Fault::from(Refused::Empty("rows")).is_final());
    }

    #[test]
    fn a_full_device_is_told_with_figures() {
        let full = Fault::OutOfMemory { needed: 10, free: 5, total: 8 };
        assert_eq!(full.to_string(), "it takes 10 bytes of device memory, and 5 of 8 are free");
    }
}
