//! Long copies, by chunks in turns, and work between them.

use super::subjects;
use crate::gpu::locked;

/// More than two chunks of a device's.
const BYTES: usize = (65 << 20) + 5;

fn numbers(factor: usize) -> Vec<u8> {
    (0..BYTES).map(|at| (at * factor % 251) as u8).collect()
}

#[test]
fn work_between_long_copies_has_what_was_copied_before_it() {
    let subject = locked(&subjects()[0]);
    let gpu = &subject.cuda.gpu;
    let (from, to) = (gpu.scratch::<u8>(BYTES).unwrap(), gpu.scratch::<u8>(BYTES).unwrap());
    let (first, second) = (numbers(131), numbers(37));
    gpu.upload(&first, from.span()).unwrap();
    gpu.copy(from.span(), to.span()).unwrap();
    gpu.upload(&second, from.span()).unwrap();
    let mut back = vec![0xFF; BYTES];
    for (span, expected) in [(to.span(), &first), (from.span(), &second)] {
        gpu.download(span, &mut back).unwrap();
        // Not assert_eq: millions of numbers would hide the message.
        assert!(back == *expected, "{span:?} has other bytes");
    }
}
