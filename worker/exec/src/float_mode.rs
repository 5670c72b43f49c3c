//! The floating-point mode of a thread: denormals kept, rounding to nearest even.
//!
//! Seen by its effects instead of read from MXCSR, so it needs no unsafe code and holds on every processor.

use std::hint::black_box;

use assay_exact::Refused;

/// 2⁻²⁴, half a unit in the last place of 1.
const HALF: f32 = f32::from_bits((127 - 24) << 23);
/// 1 + 2⁻²³.
const NEXT_AFTER_ONE: f32 = f32::from_bits(0x3F80_0001);

/// Refuses a thread that flushes denormals or rounds otherwise.
pub(crate) fn check() -> Result<(), Refused> {
    if denormals_kept() && rounds_to_nearest_even() {
        Ok(())
    } else {
        Err(Refused::Domain("floating-point mode of a worker thread"))
    }
}

fn denormals_kept() -> bool {
    let read = black_box(f32::from_bits(1)) * black_box(1.0f32);
    let written = black_box(f32::MIN_POSITIVE) * black_box(0.5f32);
    // As bits: a mode that flushes would also compare a denormal as zero.
    read.to_bits() == 1 && written.to_bits() == f32::MIN_POSITIVE.to_bits() / 2
}

fn rounds_to_nearest_even() -> bool {
    let tie = black_box(1.0f32) + black_box(HALF);
    let above_tie = black_box(1.0f32) + black_box(HALF * 1.5);
    // Upwards fails the first, downwards and towards zero the second.
    tie == 1.0 && above_tie == NEXT_AFTER_ONE
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_fresh_thread_has_the_mode_of_the_contract() {
        assert_eq!(super::check(), Ok(()));
    }
}
