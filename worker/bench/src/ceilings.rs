//! What one core of this machine can do at most, measured in the run that it is compared in.

use std::hint::black_box;
use std::time::Instant;

use assay_exec::Path;

use crate::units::{Line, Loop, Units, CHAINS};
use crate::Failure;

/// Lines that the first cache holds: 12 KiB.
const FIRST: usize = CHAINS << 4;
/// Lines that the second cache holds, but not the first: 384 KiB.
const SECOND: usize = CHAINS << 9;
/// Lines that no cache holds: 192 MiB.
const MEMORY: usize = CHAINS << 18;
/// Between 0.5 and 1, so that chains of products and sums of it stay normal floats.
const VALUE: f32 = 0.75;

/// Lines of a sample.
const VISITS: usize = 1 << 20;
/// A ceiling is the fastest of so many samples: whatever disturbs one only makes it slower.
const SAMPLES: usize = 15;

/// Bytes in a second.
pub struct Bandwidth {
    /// Read.
    pub read: f64,
    /// Read and written, half each.
    pub copy: f64,
}

/// Bytes and operations in a second, of one thread.
pub struct Ceilings {
    /// From memory and to it.
    pub memory: Bandwidth,
    /// From the second cache and to it.
    pub cache: Bandwidth,
    /// Multiply-adds of digits.
    pub products: f64,
    /// Products and sums of floats.
    pub floats: f64,
    /// Integer and bit operations on lanes of 32 bits, of which a core does no fewer than of those on floats.
    pub integers: f64,
    /// Divisions of floats.
    pub divisions: f64,
}

impl Ceilings {
    /// With the instructions of a path, AVX2 or VNNI.
    pub fn measure(path: Path) -> Result<Self, Failure> {
        let units = Units::of(path).ok_or_else(|| format!("no ceilings are measured for the path {path}"))?;
        let near = lines(FIRST);
        Ok(Self {
            memory: bandwidth(&units.read, MEMORY),
            cache: bandwidth(&units.read, SECOND),
            products: rate(&units.products, &near),
            floats: rate(&units.floats, &near),
            integers: rate(&units.integers, &near),
            divisions: rate(&units.divisions, &near),
        })
    }

    /// What each is of, in billions, and their unit.
    pub fn list(&self) -> [(&'static str, f64, &'static str); 8] {
        [
            ("reading memory", self.memory.read, "GB/s"),
            ("copying in memory, read and written", self.memory.copy, "GB/s"),
            ("reading the second cache", self.cache.read, "GB/s"),
            ("copying in the second cache, read and written", self.cache.copy, "GB/s"),
            ("multiply-adds of digits", self.products, "G/s"),
            ("products and sums of floats", self.floats, "G/s"),
            ("integer operations", self.integers, "G/s"),
            ("divisions", self.divisions, "G/s"),
        ]
        .map(|(what, value, unit)| (what, value / 1e9, unit))
    }
}

/// So many lines, of which the compiler doesn't know what they hold.
fn lines(count: usize) -> Vec<Line> {
    black_box(vec![Line([VALUE; 16]); count])
}

fn bandwidth(read: &Loop, count: usize) -> Bandwidth {
    let mut lines = lines(count);
    Bandwidth { read: rate(read, &lines), copy: copy(&mut lines) }
}

/// Operations of a loop in a second.
fn rate(unit: &Loop, lines: &[Line]) -> f64 {
    let times = (VISITS / lines.len()).max(1);
    let seconds = fastest(|| unit.run(black_box(lines), times));
    (times * lines.len() * unit.operations) as f64 / seconds
}

/// Bytes that are read and written in a second by copying half of the lines to the other half.
fn copy(lines: &mut [Line]) -> f64 {
    let times = (VISITS / lines.len()).max(1);
    let bytes = times * size_of_val(lines);
    let (from, to) = lines.split_at_mut(lines.len() / 2);
    let seconds = fastest(|| {
        for _ in 0..times {
            to.copy_from_slice(black_box(&*from));
            black_box(&mut *to);
        }
    });
    bytes as f64 / seconds
}

fn fastest(mut work: impl FnMut()) -> f64 {
    let sample = |_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    (0..SAMPLES).map(sample).fold(f64::INFINITY, f64::min)
}
