//! What a kernel cannot do without, and the least time that this takes.

use std::ops::Add;

use crate::ceilings::Ceilings;

/// Bytes up to which operands are taken to sit in the second cache; processors with these instructions have more of it.
const CACHED: f64 = (1 << 20) as f64;

/// Bytes and operations of a kernel, or of an element of it.
///
/// Counted as the contract writes the formula, whatever instructions a path takes for it. `floats` are + − ×, maxima,
/// roundings and conversions, one each: nothing is fused. `integers` are integer, bit, compare and select operations on
/// 32 bits; those on 64 bits are two. `divisions` are ÷ and square roots, which share a unit. What is done once a row
/// (a scale, a mean), loads, stores, packing and the ways through registers are not counted: they are what a kernel may
/// save.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Work {
    /// Bytes of operands, each read once.
    pub read: f64,
    /// Bytes of results, each written once.
    pub written: f64,
    /// Multiply-adds of two digits.
    pub products: f64,
    pub floats: f64,
    pub integers: f64,
    pub divisions: f64,
}

impl Work {
    pub const NONE: Self =
        Self { read: 0.0, written: 0.0, products: 0.0, floats: 0.0, integers: 0.0, divisions: 0.0 };

    /// Floats and integers alone.
    pub const fn steps(floats: f64, integers: f64) -> Self {
        Self { floats, integers, ..Self::NONE }
    }

    /// Bytes alone.
    pub const fn bytes(read: f64, written: f64) -> Self {
        Self { read, written, ..Self::NONE }
    }

    /// Multiply-adds alone.
    pub const fn products(products: f64) -> Self {
        Self { products, ..Self::NONE }
    }

    /// With so many divisions more.
    pub const fn dividing(self, divisions: f64) -> Self {
        Self { divisions: self.divisions + divisions, ..self }
    }

    /// Both, as a sum of constants.
    pub const fn and(self, other: Self) -> Self {
        Self {
            read: self.read + other.read,
            written: self.written + other.written,
            products: self.products + other.products,
            floats: self.floats + other.floats,
            integers: self.integers + other.integers,
            divisions: self.divisions + other.divisions,
        }
    }

    /// So many times over.
    pub const fn times(self, count: usize) -> Self {
        let count = count as f64;
        Self {
            read: self.read * count,
            written: self.written * count,
            products: self.products * count,
            floats: self.floats * count,
            integers: self.integers * count,
            divisions: self.divisions * count,
        }
    }

    /// Whether the operands sit in the second cache when the kernel runs again.
    pub fn cached(&self) -> bool {
        self.read + self.written <= CACHED
    }

    /// Seconds that moving the bytes takes at least: as many of those read as are written are moved at the speed of a
    /// copy, the others at that of reading.
    pub fn by_bytes(&self, ceilings: &Ceilings) -> f64 {
        let bandwidth = if self.cached() { &ceilings.cache } else { &ceilings.memory };
        let alone = (self.read - self.written).max(0.0);
        alone / bandwidth.read + (self.read + self.written - alone) / bandwidth.copy
    }

    /// Seconds that the operations take at least. Products and the other steps take turns at the same units; divisions
    /// have one of their own, beside them.
    pub fn by_operations(&self, ceilings: &Ceilings) -> f64 {
        let floats = self.floats / ceilings.floats;
        let all = (self.floats + self.integers) / ceilings.integers;
        (self.products / ceilings.products + floats.max(all)).max(self.divisions / ceilings.divisions)
    }
}

impl Add for Work {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.and(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ceilings::Bandwidth;

    const CEILINGS: Ceilings = Ceilings {
        memory: Bandwidth { read: 10.0, copy: 8.0 },
        cache: Bandwidth { read: 100.0, copy: 40.0 },
        products: 64.0,
        floats: 20.0,
        integers: 30.0,
        divisions: 2.0,
    };

    #[test]
    fn what_is_read_alone_moves_at_the_speed_of_reading() {
        assert_eq!(Work::bytes(300.0, 100.0).by_bytes(&CEILINGS), 200.0 / 100.0 + 200.0 / 40.0);
        assert_eq!(Work::bytes(0.0, 80.0).by_bytes(&CEILINGS), 2.0);
    }

    #[test]
    fn more_than_the_second_cache_holds_comes_from_memory() {
        let large = Work::bytes(2.0 * CACHED, 0.0);
        assert!(!large.cached());
        assert_eq!(large.by_bytes(&CEILINGS), 2.0 * CACHED / 10.0);
    }

    #[test]
    fn operations_take_turns_but_for_divisions() {
        assert_eq!(Work::steps(40.0, 0.0).by_operations(&CEILINGS), 2.0);
        assert_eq!(Work::steps(40.0, 80.0).by_operations(&CEILINGS), 4.0);
        let all = Work::products(64.0) + Work::steps(40.0, 80.0);
        assert_eq!(all.by_operations(&CEILINGS), 5.0);
        assert_eq!(all.dividing(12.0).by_operations(&CEILINGS), 6.0);
    }
}
