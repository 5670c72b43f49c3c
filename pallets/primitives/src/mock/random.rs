//! Random sequences of operations, the same in each run.

use std::env;

/// Numbers from a seed: SplitMix64.
pub struct Random(pub u64);

impl Random {
    /// The next number.
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below a bound that is not zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.word() % bound
    }

    /// Whether it happens that happens once in so many times.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// One of several things; `None` if there are none.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        let count = u64::try_from(from.len()).ok().filter(|count| *count > 0)?;
        from.get(usize::try_from(self.below(count)).ok()?).copied()
    }
}

/// How many operations a random test makes: 20,000, or as many as the variable `ASSAY_OPERATIONS` says.
///
/// # Panics
///
/// The variable is not a number.
#[allow(clippy::expect_used, reason = "for tests: another count than was asked for would pass unnoticed")]
pub fn operations() -> u32 {
    env::var("ASSAY_OPERATIONS").map_or(20_000, |count| count.parse().expect("ASSAY_OPERATIONS is a number"))
}
