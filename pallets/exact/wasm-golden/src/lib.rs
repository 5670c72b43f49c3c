//! The golden vectors of exact-v1 as a WebAssembly module, for any engine: no imports, results through memory.
//!
//! `count(0)` is the number of cases; `name(i)` and `name_len(i)` say where case i's name lies; `hash(i)` computes the
//! case and says where the 32 bytes lie, 0 on an error. Empty for any other target.
#![cfg_attr(target_arch = "wasm32", no_std)]
// An exported name counts as unsafe: two of the same in one module would clash. There is no unsafe block.
#![cfg_attr(target_arch = "wasm32", allow(unsafe_code))]

#[cfg(target_arch = "wasm32")]
mod exports {
    use assay_exact::golden::{cases, Case};
    use core::sync::atomic::{AtomicU8, Ordering};

    /// Where `hash` leaves its result.
    static HASH: [AtomicU8; 32] = [const { AtomicU8::new(0) }; 32];

    fn case(index: u32) -> Option<&'static Case> {
        cases().nth(index as usize)
    }

    /// The number of cases.
    #[no_mangle]
    pub extern "C" fn count(_: u32) -> u32 {
        cases().count() as u32
    }

    /// The address of case `index`'s name; 0 if there is no such case.
    #[no_mangle]
    pub extern "C" fn name(index: u32) -> u32 {
        case(index).map_or(0, |case| case.name.as_ptr() as u32)
    }

    /// The length of case `index`'s name in bytes.
    #[no_mangle]
    pub extern "C" fn name_len(index: u32) -> u32 {
        case(index).map_or(0, |case| case.name.len() as u32)
    }

    /// Computes case `index`; the address of its hash, 0 on an error.
    #[no_mangle]
    pub extern "C" fn hash(index: u32) -> u32 {
        let Some(Ok(hash)) = case(index).map(Case::hash) else {
            return 0;
        };
        for (byte, place) in hash.iter().zip(&HASH) {
            place.store(*byte, Ordering::Relaxed);
        }
        HASH.as_ptr() as u32
    }

    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
        core::arch::wasm32::unreachable()
    }
}
