//! Where things lie on a device.
//!
//! A [`Span`] is plain data, as a slice without a lifetime: who launches a kernel sees to it that the memory lives until
//! the stream is done with it. What owns memory is [`crate::gpu::Scratch`].

use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

use assay_exact::Precision;

/// Types that lie in device memory as they lie in the host's: plain numbers.
pub trait Element: Copy + Default + Send + Sync + 'static {}

impl Element for i8 {}
impl Element for u8 {}
impl Element for i16 {}
impl Element for u16 {}
impl Element for i32 {}
impl Element for u32 {}
impl Element for i64 {}
impl Element for u64 {}
impl Element for f32 {}

/// A stretch of device memory: where it is and how many elements.
pub(crate) struct Span<T> {
    address: u64,
    len: usize,
    element: PhantomData<fn() -> T>,
}

impl<T> Span<T> {
    /// `len` elements from `address` on, which is a multiple of the element's size.
    pub(crate) fn new(address: u64, len: usize) -> Self {
        Self { address, len, element: PhantomData }
    }

    /// Elements.
    pub(crate) fn len(self) -> usize {
        self.len
    }

    /// The first byte, as kernels take it.
    pub(crate) fn address(self) -> u64 {
        self.address
    }

    /// Bytes.
    pub(crate) fn bytes(self) -> usize {
        self.len * size_of::<T>()
    }

    /// A part of it, in elements. What lies beyond its end is left out.
    pub(crate) fn range(self, range: Range<usize>) -> Self {
        debug_assert!(range.start <= range.end && range.end <= self.len, "{range:?} of {}", self.len);
        let end = range.end.min(self.len);
        let start = range.start.min(end);
        Self::new(self.address + (start * size_of::<T>()) as u64, end - start)
    }
}

// Derived, these would ask the same of the element.
impl<T> Clone for Span<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Span<T> {}

impl<T> fmt::Debug for Span<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}] at {:#x}", std::any::type_name::<T>(), self.len, self.address)
    }
}

/// Quantised rows on the device, as [`assay_exact::Quantised`] has them: planes lowest digit first, `[digits, rows, depth]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Digits {
    /// Digit planes.
    pub planes: Span<i8>,
    /// What one step of each row's integers is worth.
    pub scales: Span<f32>,
    /// Vectors.
    pub rows: usize,
    /// Elements of a vector.
    pub depth: usize,
    /// The digits that each element has.
    pub precision: Precision,
}

/// A cache on the device, as [`assay_exact::KvCache`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct CacheSpans {
    /// Digit planes of the keys: digits × capacity × heads × dim.
    pub key_planes: Span<i8>,
    /// Scales of the keys: capacity × heads.
    pub key_scales: Span<f32>,
    /// Digit planes of the values: digits × capacity × heads × dim.
    pub value_planes: Span<i8>,
    /// Scales of the values: capacity × heads.
    pub value_scales: Span<f32>,
    /// ln of the values' scales, +0 where the scale is 0: capacity × heads.
    pub value_logs: Span<f32>,
}

/// A cache as attention reads it, as [`assay_exact::KeysValues`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeysValuesSpans {
    /// Keys.
    pub keys: Digits,
    /// Values.
    pub values: Digits,
    /// ln of the values' scales, +0 where the scale is 0.
    pub logs: Span<f32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_lies_where_its_elements_do() {
        let span = Span::<f32>::new(0x1000, 10);
        let part = span.range(3..7);
        assert_eq!((part.address(), part.len(), part.bytes()), (0x100C, 4, 16));
        let nothing = span.range(10..10);
        assert_eq!((nothing.address(), nothing.len()), (0x1028, 0));
        let inner = part.range(1..2);
        assert_eq!((inner.address(), inner.len()), (0x1010, 1));
    }
}
