//! What the numbers of machines mean.

use assay_primitives::{Machine, MACHINES};

const GIB: u64 = 1 << 30;

/// What providers have promised for their bond must not turn into something else.
#[test]
fn numbers_mean_what_they_always_meant() {
    let memory = |hardware, memory| Machine { hardware, memory }.job_memory();
    assert_eq!([memory(0, 0), memory(0, 1)], [Some(8 * GIB), Some(32 * GIB)]);
    assert_eq!([memory(1, 1), memory(1, 2)], [Some(24 * GIB), Some(80 * GIB)]);
    assert_eq!([memory(0, 2), memory(1, 0), memory(2, 0)], [None; 3], "nothing yet");
}

#[test]
fn within_a_class_of_hardware_a_higher_tier_has_more_memory() {
    for pair in MACHINES.windows(2) {
        let [(low, less), (high, more)] = pair else { panic!("two of them") };
        assert!(low < high, "{high:?} stands before {low:?}, or twice");
        assert!(low.hardware != high.hardware || less < more, "{high:?}");
    }
}
