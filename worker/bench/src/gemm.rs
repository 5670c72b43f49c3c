//! Products of int8 matrices, beside rten-gemm.

use std::time::Duration;

use assay_exact::GemmI8;
use assay_exec::{Backend, Cpu};
use rten_gemm::{GemmExecutor, GemmInputA, GemmInputB, GemmOptions};
use rten_tensor::Matrix;
use serde_json::json;

use crate::random::{digits, words};
use crate::sampling::{median, seconds, take_turns};
use crate::Failure;

/// Rows, depth, columns: a layer of MiniLM, a prefill, a decode.
pub const SHAPES: [[usize; 3]; 3] = [[128, 384, 1536], [512, 4096, 4096], [1, 4096, 4096]];
const BUDGET: Duration = Duration::from_secs(8);
/// Products that the rate is the median of.
const SAMPLES: usize = 5;

/// It multiplies u8 by i8, on the threads of rayon's global pool: one per processor, as ours.
type Peer = GemmExecutor<u8, i8, i32>;

/// Prints a line for each shape.
pub fn run(cpu: &Cpu) -> Result<(), Failure> {
    let peer = Peer::new();
    SHAPES.into_iter().try_for_each(|shape| product(cpu, &peer, shape))
}

/// Products of two digits in a second, by a large product: what one of several slices can do at best.
pub fn rate(cpu: &Cpu) -> Result<f64, Failure> {
    let [rows, depth, cols] = SHAPES[1];
    let op = GemmI8::new(rows, cols, depth)?;
    let (a, b) = (digits(0, rows * depth), digits(1, cols * depth));
    let mut sums = vec![0; rows * cols];
    let mut sample = || seconds(|| Ok(cpu.gemm_i8_forward(&op, &a, &b, &mut sums)?));
    sample()?;
    let samples = (0..SAMPLES).map(|_| sample()).collect::<Result<Vec<f64>, Failure>>()?;
    Ok((rows * depth * cols) as f64 / median(samples))
}

fn product(cpu: &Cpu, peer: &Peer, [rows, depth, cols]: [usize; 3]) -> Result<(), Failure> {
    let op = GemmI8::new(rows, cols, depth)?;
    // Numbers that i8 and u8 both have; two products fit the i16 in which the peer adds them without VNNI.
    let a: Vec<u8> = words(0, rows * depth).map(|word| (word % 128) as u8).collect();
    let signed: Vec<i8> = a.iter().map(|a| *a as i8).collect();
    let b = digits(1, cols * depth);
    let input = Matrix::from_data([rows, depth], a.as_slice());
    let weight = Matrix::from_data([cols, depth], b.as_slice()).transposed();
    let packed = peer.prepack_b(weight);
    // Weights are packed once. The peer's kernel for a single row takes them as they are.
    let weight = if rows == 1 { GemmInputB::Unpacked(weight) } else { GemmInputB::Packed(&packed) };
    let (mut ours, mut theirs) = (vec![0; rows * cols], vec![0; rows * cols]);
    let samples = take_turns(
        BUDGET,
        || Ok(cpu.gemm_i8_forward(&op, &signed, &b, &mut ours)?),
        || Ok(peer.gemm(&mut theirs, GemmInputA::Unpacked(input), weight, GemmOptions::default())?),
    )?;
    if ours != theirs {
        return Err(format!("rten-gemm gives another product at {rows}x{depth}x{cols}").into());
    }
    let line = json!({
        "shape": [rows, depth, cols],
        "path": cpu.path().to_string(),
        "threads": cpu.threads(),
        "kernel": format!("{}{}", peer.kernel_name(), if peer.may_saturate() { "" } else { " vnni" }),
        "ours": samples.ours,
        "peer": samples.peer,
    });
    println!("{line}");
    Ok(())
}
