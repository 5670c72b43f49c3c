//! What products take on a device, for `scripts/gpu-check --bench`: the median of device events, operands that differ from
//! one product to the next, so that no cache has them.

use assay_exact::GemmI8;
use cudarc::driver::sys::CUevent_flags;
use cudarc::driver::CudaStream;
use std::sync::Arc;

use crate::device::{device, GemmPath};
use crate::gpu::Gpu;
use crate::launch;
use crate::span::Span;

/// Rows, columns and depth.
const SHAPES: [[usize; 3]; 5] =
    [[8192, 8192, 8192], [4096, 4096, 11_008], [1, 4096, 4096], [16, 4096, 4096], [256, 4096, 4096]];
const RUNS: usize = 21;
/// More than any cache holds.
const OPERANDS: usize = 512 << 20;

/// Seconds of the work that is started by `start`.
fn seconds(stream: &Arc<CudaStream>, start: impl FnOnce()) -> f64 {
    let event = || stream.context().new_event(Some(CUevent_flags::CU_EVENT_DEFAULT)).unwrap();
    let (before, after) = (event(), event());
    before.record(stream).unwrap();
    start();
    after.record(stream).unwrap();
    f64::from(before.elapsed_ms(&after).unwrap()) / 1e3
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Operand number `run` of as many as fit, each `len` bytes from a multiple of 256 on.
fn operand(all: Span<i8>, len: usize, run: usize) -> Span<i8> {
    let step = len.next_multiple_of(256);
    let at = run % (all.len() / step) * step;
    all.range(at..at + len)
}

fn measure(gpu: &Gpu, [rows, cols, depth]: [usize; 3]) -> f64 {
    let op = GemmI8::new(rows, cols, depth).unwrap();
    let all = gpu.scratch::<i8>(OPERANDS).unwrap();
    let digits: Vec<i8> = (0..OPERANDS).map(|at| ((at * 7919 % 255) as i32 - 127) as i8).collect();
    gpu.upload(&digits, all.span()).unwrap();
    let c = gpu.scratch::<i32>(rows * cols).unwrap();
    let stream = gpu.stream().unwrap();
    let times = (0..RUNS + 3).map(|run| {
        let (a, b) =
            (operand(all.span(), rows * depth, 2 * run), operand(all.span(), cols * depth, 2 * run + 1));
        seconds(stream, || launch::gemm_i8_forward(gpu, 0, &op, a, b, c.span()).unwrap())
    });
    // The first ones load kernels and raise the clock.
    median(times.skip(3).collect())
}

#[test]
#[ignore = "scripts/gpu-check --bench runs it, on a GPU"]
fn products_take_so_long() {
    for path in GemmPath::ALL {
        let Ok(gpu) = Gpu::open(device(0).unwrap(), Some(path)) else { continue };
        for [rows, cols, depth] in SHAPES {
            let seconds = measure(&gpu, [rows, cols, depth]);
            let tops = 2.0 * (rows * cols * depth) as f64 / seconds / 1e12;
            // scripts/gpu-check looks for these lines.
            println!("measured: {path} {rows}x{cols}x{depth}: {:.1} us, {tops:.1} TOPS", seconds * 1e6);
        }
    }
}
