//! Any bytes as a safetensors file.

#![no_main]

#[allow(dead_code)] // Each target checks some of them.
#[path = "../../tests/bad_input/properties.rs"]
mod properties;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    properties::safetensors(bytes);
});
