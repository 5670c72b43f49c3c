//! Weights of the clock. A runtime measures its own.

use frame_support::weights::Weight;

/// Weights of the calls and hooks.
pub trait WeightInfo {
    /// Freeze or thaw.
    fn set_frozen() -> Weight;
    /// One tick of the market clock.
    fn on_initialize() -> Weight;
    /// One VRF in, two out.
    fn on_finalize() -> Weight;
}

/// For tests, in which nothing is charged.
impl WeightInfo for () {
    fn set_frozen() -> Weight {
        Weight::zero()
    }
    fn on_initialize() -> Weight {
        Weight::zero()
    }
    fn on_finalize() -> Weight {
        Weight::zero()
    }
}
