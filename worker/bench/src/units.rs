//! Loops that keep one kind of a core's units busy: what its ceilings are measured by.

use std::arch::x86_64::{
    _mm256_add_epi32, _mm256_add_ps, _mm256_div_ps, _mm256_load_ps, _mm256_load_si256, _mm256_madd_epi16,
    _mm256_mul_ps, _mm256_or_si256, _mm256_xor_si256, _mm512_add_epi32, _mm512_add_ps, _mm512_div_ps,
    _mm512_dpbusd_epi32, _mm512_load_ps, _mm512_load_si512, _mm512_mul_ps, _mm512_or_si512, _mm512_xor_si512,
};
use std::hint::black_box;

use assay_exec::Path;

/// Steps that don't wait for each other: enough for the latency of the longest, and AVX2 has registers for them.
pub const CHAINS: usize = 12;

/// A cache line.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub struct Line(pub [f32; 16]);

/// A loop over lines, with the instructions of a path.
#[derive(Clone, Copy)]
pub struct Loop {
    run: unsafe fn(&[Line], usize),
    /// For each line.
    pub operations: usize,
}

impl Loop {
    /// Goes over all lines, a multiple of [`CHAINS`], so many times.
    pub fn run(&self, lines: &[Line], times: usize) {
        // SAFETY: loops are made by `Units::of` alone, for a processor that has their instructions.
        unsafe { (self.run)(lines, times) }
    }
}

fn unit(run: unsafe fn(&[Line], usize), operations: usize) -> Loop {
    Loop { run, operations }
}

/// The loops of a path.
pub struct Units {
    /// Loads; its operations are bytes.
    pub read: Loop,
    /// Multiply-adds of digits, as the path's products do them.
    pub products: Loop,
    /// Products and sums of floats, not fused.
    pub floats: Loop,
    /// Integer and bit operations on lanes of 32 bits.
    pub integers: Loop,
    /// Divisions of floats.
    pub divisions: Loop,
}

impl Units {
    /// None for a path without vectors, or one that this processor lacks.
    pub fn of(path: Path) -> Option<Self> {
        match path {
            // A load of AVX2 takes half a line, but caches and memory hand out whole ones.
            Path::Avx2 if path.is_available() => Some(Self {
                read: unit(read_256, 64),
                products: unit(products_256, 16),
                floats: unit(floats_256, 2 * 8),
                integers: unit(integers_256, 2 * 8),
                divisions: unit(divisions_256, 8),
            }),
            Path::Vnni if path.is_available() => Some(Self {
                read: unit(read_512, 64),
                products: unit(products_512, 64),
                floats: unit(floats_512, 2 * 16),
                integers: unit(integers_512, 2 * 16),
                divisions: unit(divisions_512, 16),
            }),
            _ => None,
        }
    }
}

/// A loop that does `$step` on each chain, with a line of its own or, where lines are shared, with one for all of them.
/// What is fixed is a line that the compiler doesn't know, so that nothing is computed before the loop.
macro_rules! chains {
    (
        $name:ident, $features:literal, $load:ident, shared: $shared:literal,
        |$chain:ident, $line:ident, $fixed:ident| $step:expr
    ) => {
        #[target_feature(enable = $features)]
        fn $name(lines: &[Line], times: usize) {
            // SAFETY: a line begins at a multiple of 64 bytes and has as many; so below.
            let first = unsafe { $load(lines[0].0.as_ptr().cast()) };
            let $fixed = first;
            let mut chains = [first; CHAINS];
            for (chain, line) in chains.iter_mut().zip(lines) {
                *chain = unsafe { $load(line.0.as_ptr().cast()) };
            }
            for _ in 0..times {
                for group in lines.chunks_exact(CHAINS) {
                    for (number, chain) in chains.iter_mut().enumerate() {
                        let line = &group[if $shared { 0 } else { number }];
                        let $line = unsafe { $load(line.0.as_ptr().cast()) };
                        let $chain = *chain;
                        *chain = $step;
                    }
                }
            }
            black_box(chains);
        }
    };
}

chains!(read_256, "avx2", _mm256_load_si256, shared: false, |chain, line, _fixed| _mm256_or_si256(chain, line));
chains!(products_256, "avx2", _mm256_load_si256, shared: false, |chain, line, fixed| {
    _mm256_add_epi32(chain, _mm256_madd_epi16(fixed, line))
});
chains!(floats_256, "avx2", _mm256_load_ps, shared: true, |chain, line, fixed| {
    _mm256_add_ps(_mm256_mul_ps(chain, fixed), line)
});
chains!(integers_256, "avx2", _mm256_load_si256, shared: true, |chain, line, fixed| {
    _mm256_add_epi32(_mm256_xor_si256(chain, fixed), line)
});
// With the sum, quotients stay between 0 and 2: none becomes denormal.
chains!(divisions_256, "avx2", _mm256_load_ps, shared: true, |chain, line, fixed| {
    _mm256_div_ps(line, _mm256_add_ps(chain, fixed))
});

chains!(read_512, "avx512f", _mm512_load_si512, shared: false, |chain, line, _fixed| _mm512_or_si512(chain, line));
chains!(products_512, "avx512f,avx512vnni", _mm512_load_si512, shared: true, |chain, line, fixed| {
    _mm512_dpbusd_epi32(chain, line, fixed)
});
chains!(floats_512, "avx512f", _mm512_load_ps, shared: true, |chain, line, fixed| {
    _mm512_add_ps(_mm512_mul_ps(chain, fixed), line)
});
chains!(integers_512, "avx512f", _mm512_load_si512, shared: true, |chain, line, fixed| {
    _mm512_add_epi32(_mm512_xor_si512(chain, fixed), line)
});
chains!(divisions_512, "avx512f", _mm512_load_ps, shared: true, |chain, line, fixed| {
    _mm512_div_ps(line, _mm512_add_ps(chain, fixed))
});
