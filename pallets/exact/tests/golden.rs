//! The checked-in golden vectors, computed natively.

use assay_exact::golden::{cases, KEY};
use std::collections::BTreeSet;

#[test]
fn every_case_has_the_checked_in_hash() {
    let computed: Vec<String> = cases()
        .map(|case| {
            let hash = case.hash().unwrap_or_else(|error| panic!("{}: {error}", case.name));
            let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{hex}  {}", case.name)
        })
        .collect();
    let expected: Vec<&str> = include_str!("../golden/exact-v1.txt").lines().collect();
    assert_eq!(computed, expected);
}

#[test]
fn names_are_unique() {
    let names: BTreeSet<&str> = cases().map(|case| case.name).collect();
    assert_eq!(names.len(), cases().count());
}

#[test]
fn the_key_is_that_of_the_stated_seed() {
    let hash = blake2b_simd::Params::new().hash_length(32).hash(b"assay exact-v1 golden vectors");
    assert_eq!(hash.as_bytes()[..8], KEY);
}
