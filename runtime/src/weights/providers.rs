//! Weights of `pallet_assay_providers`, written by `scripts/weights`.
//!
//! * 2026-11-21, on Intel(R) Xeon(R) Processor @ 2.80GHz
//! * 20 steps, 10 repetitions, Compiled WASM, on the preset `development`
//! * lists and maps of unknown size count as 1000000 keys in a proof

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights as they were measured.
pub struct WeightInfo<T>(PhantomData<T>);

impl<T: frame_system::Config> pallet_assay_providers::WeightInfo for WeightInfo<T> {
    // At least 96_461 ns.
    fn register() -> Weight {
        Weight::from_parts(182_737_000, 5531)
            .saturating_add(T::DbWeight::get().reads(7))
            .saturating_add(T::DbWeight::get().writes(4))
    }
    // At least 101_915 ns.
    fn update() -> Weight {
        Weight::from_parts(201_180_000, 6144)
            .saturating_add(T::DbWeight::get().reads(8))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    // At least 73_441 ns.
    fn heartbeat() -> Weight {
        Weight::from_parts(135_314_000, 5531)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 77_873 ns.
    fn retire() -> Weight {
        Weight::from_parts(136_754_000, 5531)
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 35_040 ns.
    fn set_endpoint() -> Weight {
        Weight::from_parts(74_528_000, 4200)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 72_008 ns.
    fn release() -> Weight {
        Weight::from_parts(135_975_000, 5531)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 81_232 ns.
    fn reweigh() -> Weight {
        Weight::from_parts(141_551_000, 5531)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 243_580 ns; n from 1 to 32.
    fn apply(n: u32) -> Weight {
        Weight::from_parts(248_750_930, 19014)
            .saturating_add(T::DbWeight::get().reads(15))
            .saturating_add(T::DbWeight::get().writes(11))
            .saturating_add(Weight::from_parts(263_835_387, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(6_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(7_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 6420).saturating_mul(n.into()))
    }
    // At least 24_745 ns.
    fn set_machine() -> Weight {
        Weight::from_parts(50_709_000, 3586)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 18_522 ns.
    fn close_machine() -> Weight {
        Weight::from_parts(37_789_000, 3586)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 22_310 ns.
    fn remove_machine() -> Weight {
        Weight::from_parts(44_874_000, 3567)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    // At least 16_679 ns.
    fn set_params() -> Weight {
        Weight::from_parts(35_646_000, 3542)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 83_303 ns.
    fn tick_base() -> Weight {
        Weight::from_parts(134_385_000, 5531)
            .saturating_add(T::DbWeight::get().reads(8))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    // At least 223_252 ns.
    fn tick_change() -> Weight {
        Weight::from_parts(418_693_000, 25022)
            .saturating_add(T::DbWeight::get().reads(21))
            .saturating_add(T::DbWeight::get().writes(18))
    }
    // At least 232_644 ns; n from 1 to 32.
    fn tick_reweigh(n: u32) -> Weight {
        Weight::from_parts(260_784_453, 10072)
            .saturating_add(T::DbWeight::get().reads(10))
            .saturating_add(T::DbWeight::get().writes(6))
            .saturating_add(Weight::from_parts(113_548_759, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(4_u64.saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(3_u64.saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 6008).saturating_mul(n.into()))
    }
    // At least 66_384 ns.
    fn bond_changed() -> Weight {
        Weight::from_parts(118_403_000, 5531)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(3))
    }
}
