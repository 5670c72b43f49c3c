//! Which devices there are, what they have, and which products they are best at.

use std::fmt;
use std::str::FromStr;

use cudarc::cublaslt;
use cudarc::driver::{result, sys};

use crate::error::Fault;
use crate::module::{self, Module};

/// A version of CUDA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// As 12 of 12.8.
    pub major: u32,
    /// As 8 of 12.8.
    pub minor: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl Version {
    /// As the driver tells it: 12080 for 12.8.
    fn from_number(number: i32) -> Self {
        let number = number.unsigned_abs();
        Self { major: number / 1000, minor: number % 1000 / 10 }
    }
}

/// The least driver that takes the kernels: that of the NVRTC which made their PTX.
pub const DRIVER: Version = Version { major: 12, minor: 8 };

/// What a generation of devices can do, as 9.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Capability {
    /// As 9 of 9.0.
    pub major: u32,
    /// As 0 of 9.0.
    pub minor: u32,
}

impl Capability {
    /// `major.minor`.
    pub const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// How integer products are made. The bytes are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GemmPath {
    /// Four products of i8 in one instruction of the ordinary cores.
    Dp4a,
    /// `mma.sync` of i8 on tensor cores.
    Mma,
    /// `wgmma` of i8 on the tensor cores of 9.0.
    Wgmma,
    /// Tensor cores of bf16, 1,024 products at a time: partial sums stay below 2²⁴ and are exact.
    Bf16,
    /// NVIDIA's library, where it is there.
    CublasLt,
}

impl GemmPath {
    /// All there are.
    pub const ALL: [Self; 5] = [Self::Dp4a, Self::Mma, Self::Wgmma, Self::Bf16, Self::CublasLt];

    /// The one that a device of this capability is given where none is forced. The library is taken by force only.
    pub fn best(capability: Capability) -> Self {
        match (capability.major, capability.minor) {
            (9, 0) => Self::Wgmma,
            // Its tensor cores are made for floats; those of i8 are a small rest.
            (10, 3) => Self::Bf16,
            (8.., _) => Self::Mma,
            _ => Self::Dp4a,
        }
    }

    /// What a device has to have for it, and what has to be installed.
    fn needs(self) -> &'static str {
        match self {
            Self::Dp4a => "compute capability 6.1 or more",
            Self::Mma | Self::Bf16 => "compute capability 8.0 or more",
            Self::Wgmma => "compute capability 9.0, no other",
            Self::CublasLt => "compute capability 8.0 or more, and the library cublasLt",
        }
    }

    fn is_available(self, capability: Capability, has_library: bool) -> bool {
        let least = |major, minor| capability >= Capability::new(major, minor);
        match self {
            Self::Dp4a => least(6, 1),
            Self::Mma | Self::Bf16 => least(8, 0),
            // Code for 9.0a runs on nothing else.
            Self::Wgmma => capability == Capability::new(9, 0),
            Self::CublasLt => least(8, 0) && has_library,
        }
    }

    /// The one that is forced, or the best.
    ///
    /// # Errors
    ///
    /// [`Fault::NoPath`] where the one that is forced needs what is not there; `has_library` tells whether cublasLt is.
    pub fn choose(capability: Capability, forced: Option<Self>, has_library: bool) -> Result<Self, Fault> {
        let path = forced.unwrap_or_else(|| Self::best(capability));
        if path.is_available(capability, has_library) {
            Ok(path)
        } else {
            Err(Fault::NoPath { path, needed: path.needs() })
        }
    }
}

impl fmt::Display for GemmPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dp4a => "dp4a",
            Self::Mma => "mma",
            Self::Wgmma => "wgmma",
            Self::Bf16 => "bf16",
            Self::CublasLt => "cublaslt",
        })
    }
}

/// A name that is no path of products.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no path of products on a GPU: dp4a, mma, wgmma, bf16 or cublaslt")]
pub struct UnknownGemmPath(pub String);

impl FromStr for GemmPath {
    type Err = UnknownGemmPath;

    /// The value of a flag.
    fn from_str(name: &str) -> Result<Self, UnknownGemmPath> {
        Self::ALL
            .into_iter()
            .find(|path| path.to_string() == name)
            .ok_or_else(|| UnknownGemmPath(name.into()))
    }
}

/// A device, as the driver describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its number, from 0 on.
    pub index: usize,
    /// What it calls itself.
    pub name: String,
    /// What it can do.
    pub capability: Capability,
    /// Bytes of its memory, of which others may use some.
    pub memory: u64,
    /// Streaming multiprocessors.
    pub processors: u32,
}

impl Device {
    /// The paths of products that it has; that of the library where this can be loaded.
    pub fn paths(&self) -> Vec<GemmPath> {
        let has_library = has_cublaslt();
        let is_there = |path: &GemmPath| path.is_available(self.capability, has_library);
        GemmPath::ALL.into_iter().filter(is_there).collect()
    }

    /// Whether the kernels run on it: the least capability that all modules but those of products are built for.
    ///
    /// # Errors
    ///
    /// [`Fault::OldDevice`].
    pub(crate) fn check(&self) -> Result<(), Fault> {
        let needed = Module::ALL.into_iter().filter(|module| !module.is_of_a_path()).map(module::target);
        let needed = needed.max().unwrap_or(self.capability);
        if self.capability >= needed {
            Ok(())
        } else {
            let (name, found) = (self.name.clone(), self.capability);
            Err(Fault::OldDevice { name, found, needed })
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { index, name, capability, memory, processors } = self;
        let gib = memory >> 30;
        write!(
            f,
            "device {index}: {name}, compute capability {capability}, {processors} processors, {gib} GiB"
        )
    }
}

/// What the driver refused, as a reason.
pub(crate) fn refused(doing: &'static str) -> impl Fn(result::DriverError) -> Fault {
    use sys::CUresult::{
        CUDA_ERROR_ASSERT, CUDA_ERROR_CONTEXT_IS_DESTROYED, CUDA_ERROR_DEVICE_UNAVAILABLE,
        CUDA_ERROR_ECC_UNCORRECTABLE, CUDA_ERROR_EXTERNAL_DEVICE, CUDA_ERROR_HARDWARE_STACK_ERROR,
        CUDA_ERROR_ILLEGAL_ADDRESS, CUDA_ERROR_ILLEGAL_INSTRUCTION, CUDA_ERROR_INVALID_ADDRESS_SPACE,
        CUDA_ERROR_INVALID_PC, CUDA_ERROR_LAUNCH_FAILED, CUDA_ERROR_LAUNCH_TIMEOUT,
        CUDA_ERROR_MISALIGNED_ADDRESS, CUDA_ERROR_NO_DEVICE, CUDA_ERROR_NVLINK_UNCORRECTABLE,
        CUDA_ERROR_UNKNOWN,
    };
    move |error| {
        let reason = format!("{:?}", error.0);
        match error.0 {
            CUDA_ERROR_NO_DEVICE => Fault::NoDevice,
            CUDA_ERROR_DEVICE_UNAVAILABLE => Fault::Busy { reason },
            // After these the driver answers everything that this process asks with the same error.
            CUDA_ERROR_ASSERT
            | CUDA_ERROR_CONTEXT_IS_DESTROYED
            | CUDA_ERROR_ECC_UNCORRECTABLE
            | CUDA_ERROR_EXTERNAL_DEVICE
            | CUDA_ERROR_HARDWARE_STACK_ERROR
            | CUDA_ERROR_ILLEGAL_ADDRESS
            | CUDA_ERROR_ILLEGAL_INSTRUCTION
            | CUDA_ERROR_INVALID_ADDRESS_SPACE
            | CUDA_ERROR_INVALID_PC
            | CUDA_ERROR_LAUNCH_FAILED
            | CUDA_ERROR_LAUNCH_TIMEOUT
            | CUDA_ERROR_MISALIGNED_ADDRESS
            | CUDA_ERROR_NVLINK_UNCORRECTABLE
            | CUDA_ERROR_UNKNOWN => Fault::Lost { doing, reason },
            _ => Fault::Driver { doing, reason },
        }
    }
}

/// The driver's version, which is at least [`DRIVER`].
///
/// # Errors
///
/// There is none, or it is older.
pub fn driver() -> Result<Version, Fault> {
    // SAFETY: loading the driver's library runs its initialisers, as every program that uses it does. Without this look
    // first, the calls below would panic where it is missing.
    if !unsafe { sys::is_culib_present() } {
        return Err(Fault::NoDriver);
    }
    let mut number = 0;
    // SAFETY: the library is there, and the pointer is to a number that outlives the call.
    let asked = unsafe { sys::cuDriverGetVersion(&mut number) };
    asked.result().map_err(refused("asking the CUDA driver for its version"))?;
    new_enough(Version::from_number(number))
}

fn new_enough(found: Version) -> Result<Version, Fault> {
    if found >= DRIVER {
        Ok(found)
    } else {
        Err(Fault::OldDriver { found, needed: DRIVER })
    }
}

/// All devices, those that are too old among them.
///
/// # Errors
///
/// There is no driver, it is too old, or it finds nothing.
pub fn devices() -> Result<Vec<Device>, Fault> {
    driver()?;
    result::init().map_err(refused("starting the CUDA driver"))?;
    let count = result::device::get_count().map_err(refused("counting CUDA devices"))?;
    (0..count).map(|ordinal| describe(ordinal).map_err(refused("describing a CUDA device"))).collect()
}

/// The device with a number.
///
/// # Errors
///
/// Those of [`devices`], or there is none with it.
pub fn device(index: usize) -> Result<Device, Fault> {
    pick(devices()?, index)
}

fn pick(devices: Vec<Device>, index: usize) -> Result<Device, Fault> {
    let count = devices.len();
    if count == 0 {
        return Err(Fault::NoDevice);
    }
    devices.into_iter().nth(index).ok_or(Fault::NoSuchDevice { index, count })
}

fn describe(ordinal: i32) -> Result<Device, result::DriverError> {
    use sys::CUdevice_attribute::{
        CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR as MAJOR,
        CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR as MINOR,
        CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT as PROCESSORS,
    };
    let device = result::device::get(ordinal)?;
    // SAFETY: the driver gave the device.
    let attribute = |which| unsafe { result::device::get_attribute(device, which) }.map(i32::unsigned_abs);
    Ok(Device {
        index: ordinal.unsigned_abs() as usize,
        name: result::device::get_name(device)?,
        capability: Capability::new(attribute(MAJOR)?, attribute(MINOR)?),
        // SAFETY: as above.
        memory: unsafe { result::device::total_mem(device) }? as u64,
        processors: attribute(PROCESSORS)?,
    })
}

/// Whether cublasLt can be loaded.
pub(crate) fn has_cublaslt() -> bool {
    // SAFETY: loading the library runs its initialisers, as every program that uses it does.
    unsafe { cublaslt::sys::is_culib_present() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hopper(index: usize) -> Device {
        let capability = Capability::new(9, 0);
        Device { index, name: "Hopper".into(), capability, memory: 80 << 30, processors: 132 }
    }

    #[test]
    fn a_machine_without_a_driver_is_told_so_and_nothing_panics() {
        // SAFETY: as in `driver`.
        if unsafe { sys::is_culib_present() } {
            assert_ne!(driver(), Err(Fault::NoDriver));
        } else {
            assert_eq!(driver(), Err(Fault::NoDriver));
            assert_eq!(devices(), Err(Fault::NoDriver));
            assert_eq!(device(0), Err(Fault::NoDriver));
        }
        // Nor does the look for the library.
        let _ = has_cublaslt();
    }

    #[test]
    fn the_driver_has_to_be_as_new_as_the_kernels() {
        assert_eq!(Version::from_number(12_080), DRIVER);
        let newer = Version::from_number(13_010);
        assert_eq!(new_enough(newer), Ok(Version { major: 13, minor: 1 }));
        let found = Version::from_number(12_060);
        let old = new_enough(found).unwrap_err();
        assert_eq!(old, Fault::OldDriver { found, needed: DRIVER });
        assert!(old.to_string().contains("is of version 12.6, and the kernels need 12.8"), "{old}");
    }

    #[test]
    fn devices_are_chosen_by_number() {
        assert_eq!(pick(vec![hopper(0), hopper(1)], 1).map(|device| device.index), Ok(1));
        assert_eq!(pick(vec![hopper(0)], 1), Err(Fault::NoSuchDevice { index: 1, count: 1 }));
        assert_eq!(pick(vec![], 0), Err(Fault::NoDevice));
    }

    #[test]
    fn each_generation_has_its_products() {
        let best = |major, minor| GemmPath::best(Capability::new(major, minor));
        assert_eq!([best(6, 1), best(7, 0), best(7, 5)], [GemmPath::Dp4a; 3]);
        assert_eq!([best(8, 0), best(8, 6), best(8, 9), best(10, 0), best(12, 0)], [GemmPath::Mma; 5]);
        assert_eq!((best(9, 0), best(10, 3)), (GemmPath::Wgmma, GemmPath::Bf16));
        for (major, minor) in [(6, 1), (7, 5), (8, 0), (9, 0), (10, 0), (10, 3), (12, 0)] {
            let capability = Capability::new(major, minor);
            assert!(GemmPath::choose(capability, None, false).is_ok(), "{capability}");
        }
    }

    #[test]
    fn a_path_is_forced_where_the_device_has_it_only() {
        let choose = |(major, minor), path, has_library| {
            GemmPath::choose(Capability::new(major, minor), Some(path), has_library)
        };
        for path in [GemmPath::Dp4a, GemmPath::Mma, GemmPath::Wgmma, GemmPath::Bf16] {
            assert_eq!(choose((9, 0), path, false), Ok(path));
        }
        assert_eq!(choose((9, 0), GemmPath::CublasLt, true), Ok(GemmPath::CublasLt));
        let missing = choose((9, 0), GemmPath::CublasLt, false).unwrap_err();
        assert!(missing.to_string().contains("cublaslt need") && missing.to_string().contains("library"));
        for (capability, path) in [
            ((10, 0), GemmPath::Wgmma),
            ((8, 9), GemmPath::Wgmma),
            ((7, 5), GemmPath::Mma),
            ((7, 5), GemmPath::Bf16),
            ((7, 5), GemmPath::CublasLt),
            ((6, 0), GemmPath::Dp4a),
        ] {
            assert!(matches!(choose(capability, path, true), Err(Fault::NoPath { .. })), "{path}");
        }
    }

    #[test]
    fn a_device_has_the_paths_that_can_be_forced() {
        use GemmPath::{Bf16, CublasLt, Dp4a, Mma, Wgmma};
        let paths = |major, minor| {
            let capability = Capability::new(major, minor);
            let mut paths = Device { capability, ..hopper(0) }.paths();
            paths.retain(|path| *path != CublasLt);
            paths
        };
        assert_eq!(paths(7, 5), [Dp4a]);
        assert_eq!(paths(8, 9), [Dp4a, Mma, Bf16]);
        assert_eq!(paths(9, 0), [Dp4a, Mma, Wgmma, Bf16]);
        assert_eq!(hopper(0).paths().contains(&CublasLt), has_cublaslt());
    }

    #[test]
    fn paths_have_names() {
        for path in GemmPath::ALL {
            assert_eq!(path.to_string().parse(), Ok(path));
        }
        let unknown = "abacus".parse::<GemmPath>().unwrap_err();
        assert!(unknown.to_string().contains("\"abacus\" is no path"), "{unknown}");
    }

    #[test]
    fn the_kernels_run_on_ampere_and_later() {
        assert_eq!(hopper(0).check(), Ok(()));
        assert_eq!(Device { capability: Capability::new(8, 0), ..hopper(0) }.check(), Ok(()));
        let old = Device { capability: Capability::new(5, 2), ..hopper(0) }.check();
        assert!(matches!(old, Err(Fault::OldDevice { .. })), "{old:?}");
    }
}
