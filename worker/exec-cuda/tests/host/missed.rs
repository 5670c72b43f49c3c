//! Nothing of what kernels wait for can be left out: the bytes would be others. So a wait that a kernel lacks shows.

use assay_exact::GemmI8;
use assay_exec::{Backend, Cpu, Path, Reference};

use super::{gpu, Needed};
use crate::backend::{Cuda, Placement};
use crate::device::GemmPath;

/// More tiles than a device has multiprocessors, and more steps of the depth than stages.
const SHAPE: [usize; 3] = [140, 300, 784];

fn sums(backend: &dyn Backend) -> Vec<i32> {
    let [rows, cols, depth] = SHAPE;
    let [a, b] = [rows, cols]
        .map(|rows| -> Vec<i8> { (0..rows * depth).map(|at| (at * at % 251) as u8 as i8 / 2).collect() });
    let mut sums = vec![i32::MIN; rows * cols];
    backend.gemm_i8_forward(&GemmI8::new(rows, cols, depth).unwrap(), &a, &b, &mut sums).unwrap();
    sums
}

#[test]
fn a_wait_that_is_left_out_gives_other_bytes() {
    let expected = sums(&Reference);
    for (path, needed) in [
        (GemmPath::Mma, None),
        (GemmPath::Mma, Some(Needed::CopiesWait)),
        (GemmPath::Wgmma, None),
        (GemmPath::Wgmma, Some(Needed::CopiesWait)),
        (GemmPath::Wgmma, Some(Needed::ProxyFence)),
        (GemmPath::Wgmma, Some(Needed::ProductsWait)),
        (GemmPath::Wgmma, Some(Needed::BarrierWait)),
    ] {
        let (gpu, host) = gpu(path);
        let cuda = Cuda::on(gpu, Cpu::new(Path::Scalar, 1).unwrap(), Placement::Device);
        if let Some(needed) = needed {
            host.miss(needed);
        }
        let is_right = sums(&cuda) == expected;
        // What the CPU computed in place of the device would be right too.
        assert_eq!((is_right, cuda.fault()), (needed.is_none(), None), "{path}: {needed:?}");
    }
}
