//! Every operator against the reference: the real launch functions and kernels, on this machine's processor, or where
//! ASSAY_GPU_CHECK is set on the device, by every path of products that it has.

mod attention;
mod caches;
mod copies;
mod digests;
mod elementwise;
mod hashes;
mod products;
mod rows;
#[path = "../../../exec/tests/random/tensors.rs"]
mod tensors;
mod units;

use std::fmt::Debug;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use assay_exact::Error;
use assay_exec::resident::Region;
use assay_exec::{Backend, Cpu, Path, Reference};

use crate::backend::{Cuda, Options, Placement};
use crate::device::GemmPath;
use crate::error::Fault;
use crate::host::{self, Host};
use tensors::{bits, poisoned, trap, Random, Rows, PRECISIONS};

/// Places regions of a block one behind another; its bytes so far.
#[derive(Default)]
struct Room(u64);

impl Room {
    fn take<T>(&mut self, len: usize) -> Region<T> {
        let start = self.0.next_multiple_of(256);
        self.0 = start + (len * size_of::<T>()) as u64;
        Region::new(start, len)
    }
}

/// A device, or what takes its place.
struct Subject {
    cuda: Cuda,
    host: Option<Arc<Host>>,
}

impl Subject {
    fn on_host(path: GemmPath) -> Self {
        let (gpu, host) = host::gpu(path);
        Self { cuda: Cuda::on(gpu, cpu(), Placement::Device), host: Some(host) }
    }

    /// None where the device does not have the path.
    fn opened(path: GemmPath) -> Option<Self> {
        let options = Options { path: Some(path), placement: Placement::Device, ..Options::default() };
        match Cuda::open(&options, cpu()) {
            Ok(cuda) => Some(Self { cuda, host: None }),
            Err(Fault::NoPath { .. }) => None,
            Err(fault) => panic!("{path}: {fault}"),
        }
    }

    /// Asserts that an operator gives what the reference gives, and that it was the kernels who computed it.
    fn check<O: PartialEq + Debug>(
        &self,
        what: &str,
        expected: &Result<O, Error>,
        run: &impl Fn(&dyn Backend) -> Result<O, Error>,
    ) {
        let what = format!("{what} by {}", self.cuda.path());
        let launches = || self.host.as_ref().map(|host| host.launches());
        let before = launches();
        let got = run(&self.cuda);
        assert_eq!(self.cuda.fault(), None, "{what}");
        if expected.is_ok() {
            assert!(before.is_none() || launches() > before, "{what}: no kernel was started");
            assert!(!self.cuda.has_reported(), "{what}: a trap is reported where there is none");
        }
        // Not assert_eq: thousands of numbers would hide the message.
        assert!(got == *expected, "{what}: {}", difference(&got, expected));
    }
}

/// What computes that of which a device has reported a trap.
fn cpu() -> Cpu {
    Cpu::new(Path::Scalar, 1).unwrap()
}

/// One for each path of products, each for one test at a time: what it reports is of the last operator.
fn subjects() -> &'static [Mutex<Subject>] {
    static SUBJECTS: OnceLock<Vec<Mutex<Subject>>> = OnceLock::new();
    SUBJECTS.get_or_init(|| {
        let subjects: Vec<_> = if on_device() {
            GemmPath::ALL.into_iter().filter_map(Subject::opened).collect()
        } else {
            host::PATHS.into_iter().map(Subject::on_host).collect()
        };
        assert!(!subjects.is_empty(), "there is no device to check");
        subjects.into_iter().map(Mutex::new).collect()
    })
}

/// Whether it is a device that is checked.
fn on_device() -> bool {
    std::env::var_os("ASSAY_GPU_CHECK").is_some()
}

fn agree_on<O: PartialEq + Debug>(
    subjects: &[Mutex<Subject>],
    what: &str,
    run: impl Fn(&dyn Backend) -> Result<O, Error>,
) -> Result<O, Error> {
    let expected = run(&Reference);
    for subject in subjects {
        let subject = subject.lock().unwrap_or_else(PoisonError::into_inner);
        subject.check(what, &expected, &run);
    }
    expected
}

/// Asserts that the device gives what the reference gives, and gives that.
fn agree<O: PartialEq + Debug>(
    what: &str,
    run: impl Fn(&dyn Backend) -> Result<O, Error>,
) -> Result<O, Error> {
    agree_on(&subjects()[..1], what, run)
}

/// The same by every path of products.
fn agree_by_all<O: PartialEq + Debug>(
    what: &str,
    run: impl Fn(&dyn Backend) -> Result<O, Error>,
) -> Result<O, Error> {
    agree_on(subjects(), what, run)
}

/// Does `work` with each device in turn, one by each path of products.
pub(crate) fn on_each_path(work: impl Fn(&Cuda)) {
    for subject in subjects() {
        work(&subject.lock().unwrap_or_else(PoisonError::into_inner).cuda);
    }
}

fn difference<O: Debug>(got: &Result<O, Error>, expected: &Result<O, Error>) -> String {
    match (got, expected) {
        (Ok(_), Ok(_)) => "other bytes".into(),
        (Err(got), Err(expected)) => format!("{got:?}, not {expected:?}"),
        (Ok(_), Err(expected)) => format!("an output, not {expected:?}"),
        (Err(got), Ok(_)) => format!("{got:?}, not an output"),
    }
}
