//! Products by each path, on operands that differ from one to the next, so that no cache has them.

use std::sync::Arc;

use assay_exact::GemmI8;
use cudarc::driver::sys::CUevent_flags;
use cudarc::driver::CudaStream;

use super::{median, tell, tell_peer};
use crate::device::{device, GemmPath};
use crate::gpu::Gpu;
use crate::launch;
use crate::span::Span;

/// Rows, columns and depth.
const SHAPES: [[usize; 3]; 5] =
    [[8192, 8192, 8192], [4096, 4096, 11_008], [1, 4096, 4096], [16, 4096, 4096], [256, 4096, 4096]];
const RUNS: usize = 11;
/// Of a run, started as one graph: small ones take less time than the host does to launch them.
const PRODUCTS: usize = 20;
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

/// Operand number `run` of as many as fit, each `len` bytes from a multiple of 256 on.
fn operand(all: Span<i8>, len: usize, run: usize) -> Span<i8> {
    let step = len.next_multiple_of(256);
    let at = run % (all.len() / step) * step;
    all.range(at..at + len)
}

/// Seconds of a product.
fn measure(gpu: &Gpu, [rows, cols, depth]: [usize; 3], all: Span<i8>) -> f64 {
    let op = GemmI8::new(rows, cols, depth).unwrap();
    let c = gpu.scratch::<i32>(rows * cols).unwrap();
    let products = || {
        (0..PRODUCTS).try_for_each(|run| {
            let (a, b) = (operand(all, rows * depth, 2 * run), operand(all, cols * depth, 2 * run + 1));
            launch::gemm_i8_forward(gpu, 0, &op, a, b, c.span())
        })
    };
    // The first ones load kernels and raise the clock.
    products().unwrap();
    let recorded = gpu.record(products).unwrap();
    let stream = gpu.stream().unwrap();
    let run = || match &recorded {
        Some(recorded) => recorded.start().unwrap(),
        None => products().unwrap(),
    };
    let times = (0..RUNS).map(|_| seconds(stream, run) / PRODUCTS as f64);
    median(times.collect())
}

/// Prints what each path reaches, and beside it what the library does.
#[test]
#[ignore = "scripts/gpu-check --bench runs it, on a GPU"]
fn by_each_path() {
    let mut reached = Vec::new();
    for path in GemmPath::ALL {
        let Ok(gpu) = Gpu::open(device(0).unwrap(), Some(path)) else { continue };
        let all = gpu.scratch::<i8>(OPERANDS).unwrap();
        let digits: Vec<i8> = (0..OPERANDS).map(|at| ((at * 7919 % 255) as i32 - 127) as i8).collect();
        gpu.upload(&digits, all.span()).unwrap();
        for [rows, cols, depth] in SHAPES {
            let seconds = measure(&gpu, [rows, cols, depth], all.span());
            let tops = 2.0 * (rows * cols * depth) as f64 / seconds / 1e12;
            let shape = format!("{rows}x{cols}x{depth}");
            let goal = if path == GemmPath::Wgmma { "ratio>=0.75" } else { "-" };
            tell(&format!("product/{shape}/{path}"), tops, "TOPS", goal);
            reached.push((path, shape, tops));
        }
    }
    let library: Vec<_> = reached.iter().filter(|(path, ..)| *path == GemmPath::CublasLt).collect();
    for (path, shape, _) in reached.iter().filter(|(path, ..)| *path != GemmPath::CublasLt) {
        if let Some((_, _, tops)) = library.iter().find(|(_, of, _)| of == shape) {
            tell_peer(&format!("product/{shape}/{path}"), *tops, "TOPS");
        }
    }
}
