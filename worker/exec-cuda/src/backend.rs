//! The operators on the host's slices: up, computed, down.
//!
//! Every operator that does not end well on the device is computed by the CPU, from operands that are still what they
//! were: shapes that do not fit, for the refusal; a trap, for which one it is; a full or a lost device.

mod operators;
mod shapes;
mod trip;

use std::sync::Mutex;

use assay_exec::Cpu;

use crate::device::{self, Device, GemmPath};
use crate::error::Fault;
pub(crate) use crate::gpu::locked;
use crate::gpu::{Gpu, Room};
use crate::span::Span;
use trip::Trip;

/// Nanoseconds that a trip takes however small it is: starting copies and kernels, and waiting for them. A guess.
const TRIP: usize = 40_000;
/// Bytes that are copied in a nanosecond, between slices that are not page-locked. A guess.
const BYTES: usize = 8;
/// Products of i8 that the CPU makes in a nanosecond. A guess: eight cores with VNNI.
const PRODUCTS: usize = 1_000;

/// Which operators go to the device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Placement {
    /// Those for which the trip there and back costs less than the work.
    #[default]
    Worthwhile,
    /// All that the device has kernels for: to test these.
    Device,
}

/// How a device is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Its number, from 0 on.
    pub device: usize,
    /// How products are made; none for what suits the device best.
    pub path: Option<GemmPath>,
    /// Which operators go there.
    pub placement: Placement,
}

/// A CUDA device, and a CPU for what it does not compute.
#[derive(Debug)]
pub struct Cuda {
    pub(crate) gpu: Gpu,
    cpu: Cpu,
    placement: Placement,
    /// Held from the first copy of an operator to its last: there is one word for traps.
    pub(crate) turn: Mutex<()>,
    /// The first thing that went wrong with the device; what it does not get over takes its place.
    fault: Mutex<Option<Fault>>,
}

impl Cuda {
    /// Opens a device; `cpu` computes what it does not.
    ///
    /// # Errors
    ///
    /// There is no driver, it or the device is too old, there is no such device, it does not have the path of products,
    /// or it can't be opened, as where others have all of its memory.
    pub fn open(options: &Options, cpu: Cpu) -> Result<Self, Fault> {
        let gpu = Gpu::open(device::device(options.device)?, options.path)?;
        Ok(Self::on(gpu, cpu, options.placement))
    }

    /// On what was opened, or in tests takes the place of a device.
    pub(crate) fn on(gpu: Gpu, cpu: Cpu, placement: Placement) -> Self {
        Self { gpu, cpu, placement, turn: Mutex::default(), fault: Mutex::default() }
    }

    /// Whether a kernel of the last operator reported a trap, or the device can't be asked.
    #[cfg(test)]
    pub(crate) fn has_reported(&self) -> bool {
        self.gpu.reported() != Ok(None)
    }

    /// What the driver says of the device.
    pub fn device(&self) -> &Device {
        self.gpu.device()
    }

    /// How products are made.
    pub fn path(&self) -> GemmPath {
        self.gpu.path()
    }

    /// Memory of the device: what this process can still take, and what there is.
    ///
    /// # Errors
    ///
    /// The device is lost.
    pub fn room(&self) -> Result<Room, Fault> {
        self.gpu.room()
    }

    /// Refuses a program that takes more memory of the device than is free.
    ///
    /// # Errors
    ///
    /// [`Fault::OutOfMemory`] with the figures, or the device is lost.
    pub fn check_room(&self, needed: u64) -> Result<(), Fault> {
        self.room()?.check(needed)
    }

    /// What went wrong with the device, if anything did; the CPU computed the rest.
    pub fn fault(&self) -> Option<Fault> {
        locked(&self.fault).clone()
    }

    /// Has the device compute an operator, by its products of i8 and the bytes that it takes and gives, if it is worth
    /// it; false where the CPU has to.
    fn products(
        &self,
        fits: bool,
        [products, bytes]: [usize; 2],
        compute: impl FnOnce(&Trip<'_>) -> Result<(), Fault>,
    ) -> bool {
        let is_worth = self.placement == Placement::Device || pays(products, bytes);
        fits && is_worth && self.attempt(compute)
    }

    /// Has the device compute an operator that reads and writes more than it computes, where all go there. The trip
    /// costs more than the CPU takes.
    fn elements(&self, fits: bool, compute: impl FnOnce(&Trip<'_>) -> Result<(), Fault>) -> bool {
        fits && self.placement == Placement::Device && self.attempt(compute)
    }

    /// The same for an operator that makes floats of floats.
    fn floats<const N: usize>(
        &self,
        fits: bool,
        operands: [&[f32]; N],
        y: &mut [f32],
        launch: impl FnOnce(&Gpu, [Span<f32>; N], Span<f32>) -> Result<(), Fault>,
    ) -> bool {
        self.elements(fits, |trip| {
            let held = operands.iter().map(|operand| trip.up(operand)).collect::<Result<Vec<_>, _>>()?;
            let to = trip.room(y.len())?;
            launch(trip.gpu, std::array::from_fn(|i| held[i].span()), to.span())?;
            trip.down(&to, y)
        })
    }

    fn attempt(&self, compute: impl FnOnce(&Trip<'_>) -> Result<(), Fault>) -> bool {
        if locked(&self.fault).as_ref().is_some_and(Fault::is_final) {
            return false;
        }
        let _turn = locked(&self.turn);
        let result = self.gpu.clear_fault_word().and_then(|()| compute(&Trip::new(&self.gpu)));
        result.map_err(|fault| remember(&mut locked(&self.fault), fault)).is_ok()
    }
}

/// Whether the way there and back takes less time than the CPU.
fn pays(products: usize, bytes: usize) -> bool {
    products / PRODUCTS > TRIP.saturating_add(bytes / BYTES)
}

/// Keeps what went wrong with the device. A trap or a refusal is an answer, no fault of its.
fn remember(kept: &mut Option<Fault>, fault: Fault) {
    let is_an_answer = matches!(fault, Fault::Reported | Fault::Refused(_));
    let is_worse = kept.as_ref().is_none_or(|kept| fault.is_final() && !kept.is_final());
    if !is_an_answer && is_worse {
        *kept = Some(fault);
    }
}

#[cfg(test)]
mod tests {
    use assay_exact::Refused;
    use assay_exec::Path;

    use super::*;

    #[test]
    fn only_much_work_on_few_bytes_pays_for_the_trip() {
        let square = |n: usize| pays(n * n * n, 3 * 4 * n * n);
        assert!(!square(64) && !square(256) && square(4096));
        // One token: as many bytes as products.
        assert!(!pays(4096 * 4096, 4096 * 4096));
        assert!(!pays(0, usize::MAX));
    }

    #[test]
    fn the_worst_that_happened_is_kept() {
        let full = Fault::OutOfMemory { needed: 2, free: 1, total: 1 };
        let lost = |doing| Fault::Lost { doing, reason: "CUDA_ERROR_LAUNCH_FAILED".into() };
        let mut kept = None;
        remember(&mut kept, Fault::Reported);
        remember(&mut kept, Refused::Empty("rows").into());
        assert_eq!(kept, None);
        remember(&mut kept, full.clone());
        assert_eq!(kept, Some(full.clone()));
        remember(&mut kept, lost("the first"));
        remember(&mut kept, lost("the second"));
        remember(&mut kept, full);
        assert_eq!(kept, Some(lost("the first")));
    }

    #[test]
    fn a_device_that_is_not_there_is_a_reason() {
        let cpu = Cpu::new(Path::Scalar, 1).expect("a CPU");
        let options = Options { device: usize::MAX, ..Options::default() };
        let fault = Cuda::open(&options, cpu).map(|_| ()).expect_err("no such device");
        let expected = matches!(
            fault,
            Fault::NoDriver
                | Fault::OldDriver { .. }
                | Fault::NoDevice
                | Fault::NoSuchDevice { .. }
                | Fault::Driver { .. }
        );
        assert!(expected, "{fault}");
    }
}
