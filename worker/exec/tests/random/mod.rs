//! Backends to compare, on random tensors with planted extremes.
#![allow(dead_code, unused_imports)] // Each test file uses a part.

mod tensors;

use std::fmt::Debug;
use std::sync::OnceLock;

use assay_exact::Error;
use assay_exec::{Backend, Cpu, Path, Reference};

pub use tensors::{bits, poisoned, trap, Random, Rows, PRECISIONS};

/// Every path of this processor with 1, 2 and 7 threads.
pub fn backends() -> &'static [Cpu] {
    static BACKENDS: OnceLock<Vec<Cpu>> = OnceLock::new();
    BACKENDS.get_or_init(|| {
        let paths = Path::ALL.into_iter().filter(|path| path.is_available());
        paths.flat_map(|path| [1, 2, 7].map(|threads| Cpu::new(path, threads).unwrap())).collect()
    })
}

/// Asserts that every backend gives what the reference gives, and gives that.
pub fn agree<O: PartialEq + Debug>(
    what: &str,
    run: impl Fn(&dyn Backend) -> Result<O, Error>,
) -> Result<O, Error> {
    let expected = run(&Reference);
    for cpu in backends() {
        let got = run(cpu);
        // Not assert_eq: thousands of numbers would hide the message.
        assert!(got == expected, "{what}: {} gives {}", cpu.name(), difference(&got, &expected));
    }
    expected
}

fn difference<O: Debug>(got: &Result<O, Error>, expected: &Result<O, Error>) -> String {
    match (got, expected) {
        (Ok(_), Ok(_)) => "other bytes".into(),
        (Err(got), Err(expected)) => format!("{got:?}, not {expected:?}"),
        (Ok(_), Err(expected)) => format!("an output, not {expected:?}"),
        (Err(got), Ok(_)) => format!("{got:?}, not an output"),
    }
}
