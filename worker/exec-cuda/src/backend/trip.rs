//! What one operator takes to the device and brings back.

use std::cell::Cell;

use assay_exact::{KeysValues, KvCache, Precision, Quantised};

use crate::error::Fault;
use crate::gpu::{Gpu, Scratch};
use crate::held::{HeldDigits, HeldKeysValues};
use crate::span::{CacheSpans, Element};

/// The number that kernels report; the trip of one operator has no other.
pub(super) const NODE: u32 = 0;

/// One operator's way to the device and back.
pub(super) struct Trip<'g> {
    /// The device.
    pub(super) gpu: &'g Gpu,
    /// Whether it is known that nothing was reported.
    is_checked: Cell<bool>,
}

impl<'g> Trip<'g> {
    pub(super) fn new(gpu: &'g Gpu) -> Self {
        Self { gpu, is_checked: Cell::new(false) }
    }

    /// Takes an operand there.
    pub(super) fn up<T: Element>(&self, from: &[T]) -> Result<Scratch<T>, Fault> {
        let to = self.gpu.scratch(from.len())?;
        self.gpu.upload(from, to.span())?;
        Ok(to)
    }

    /// Takes an operand there if there is one.
    pub(super) fn up_if<T: Element>(&self, from: Option<&[T]>) -> Result<Option<Scratch<T>>, Fault> {
        from.map(|from| self.up(from)).transpose()
    }

    /// Room for an output.
    pub(super) fn room<T: Element>(&self, len: usize) -> Result<Scratch<T>, Fault> {
        self.gpu.scratch(len)
    }

    /// Takes quantised rows there.
    pub(super) fn digits(&self, from: &Quantised<'_>) -> Result<HeldDigits, Fault> {
        let (planes, scales) = (self.up(from.planes())?, self.up(from.scales())?);
        let (rows, depth, precision) = (from.rows(), from.depth(), from.precision());
        Ok(HeldDigits { planes, scales, rows, depth, precision })
    }

    /// Room for quantised rows.
    pub(super) fn room_for_digits(
        &self,
        rows: usize,
        depth: usize,
        precision: Precision,
    ) -> Result<HeldDigits, Fault> {
        HeldDigits::new(self.gpu, rows, depth, precision)
    }

    /// Takes keys and values there.
    pub(super) fn keys_values(&self, from: &KeysValues<'_>) -> Result<HeldKeysValues, Fault> {
        let (keys, values) = (self.digits(&from.keys)?, self.digits(&from.values)?);
        Ok(HeldKeysValues { keys, values, logs: self.up(from.logs)? })
    }

    /// Takes a cache there.
    pub(super) fn cache(&self, from: &KvCache<'_>) -> Result<HeldCache, Fault> {
        Ok(HeldCache {
            key_planes: self.up(from.key_planes)?,
            key_scales: self.up(from.key_scales)?,
            value_planes: self.up(from.value_planes)?,
            value_scales: self.up(from.value_scales)?,
            value_logs: self.up(from.value_logs)?,
        })
    }

    /// Brings an output back.
    ///
    /// # Errors
    ///
    /// [`Fault::Reported`] where a kernel met a trap; then nothing is written.
    pub(super) fn down<T: Element>(&self, from: &Scratch<T>, to: &mut [T]) -> Result<(), Fault> {
        self.check()?;
        self.gpu.download(from.span(), to)
    }

    /// Brings back what an operator has changed. The host's own stays what it was until all of it is there: without it
    /// the CPU could not compute the operator again.
    pub(super) fn changed<T: Element>(&self, from: &Scratch<T>) -> Result<Vec<T>, Fault> {
        let mut to = vec![T::default(); from.span().len()];
        self.down(from, &mut to)?;
        Ok(to)
    }

    /// Brings back the only thing that an operator has changed.
    pub(super) fn replace<T: Element>(&self, from: &Scratch<T>, to: &mut [T]) -> Result<(), Fault> {
        to.copy_from_slice(&self.changed(from)?);
        Ok(())
    }

    fn check(&self) -> Result<(), Fault> {
        if self.is_checked.get() {
            return Ok(());
        }
        match self.gpu.reported()? {
            Some(_) => Err(Fault::Reported),
            None => {
                self.is_checked.set(true);
                Ok(())
            }
        }
    }
}

/// A cache that lies on the device for the time of a trip.
pub(super) struct HeldCache {
    key_planes: Scratch<i8>,
    key_scales: Scratch<f32>,
    value_planes: Scratch<i8>,
    value_scales: Scratch<f32>,
    value_logs: Scratch<f32>,
}

impl HeldCache {
    /// Where it is.
    pub(super) fn spans(&self) -> CacheSpans {
        CacheSpans {
            key_planes: self.key_planes.span(),
            key_scales: self.key_scales.span(),
            value_planes: self.value_planes.span(),
            value_scales: self.value_scales.span(),
            value_logs: self.value_logs.span(),
        }
    }

    /// Brings it back.
    pub(super) fn down(&self, trip: &Trip<'_>, to: &mut KvCache<'_>) -> Result<(), Fault> {
        let (key_planes, value_planes) = (trip.changed(&self.key_planes)?, trip.changed(&self.value_planes)?);
        let (key_scales, value_scales) = (trip.changed(&self.key_scales)?, trip.changed(&self.value_scales)?);
        let value_logs = trip.changed(&self.value_logs)?;
        to.key_planes.copy_from_slice(&key_planes);
        to.key_scales.copy_from_slice(&key_scales);
        to.value_planes.copy_from_slice(&value_planes);
        to.value_scales.copy_from_slice(&value_scales);
        to.value_logs.copy_from_slice(&value_logs);
        Ok(())
    }
}
