//! Products of int8 matrices, beside rten-gemm.

use std::time::Duration;

use assay_exact::{GemmI8, Philox};
use assay_exec::{Backend, Cpu, Path};
use rten_gemm::{GemmExecutor, GemmInputA, GemmInputB, GemmOptions};
use rten_tensor::Matrix;
use serde_json::json;

use crate::sampling::take_turns;
use crate::Failure;

/// Rows, depth, columns: a layer of MiniLM, a prefill, a decode.
const SHAPES: [[usize; 3]; 3] = [[128, 384, 1536], [512, 4096, 4096], [1, 4096, 4096]];
const BUDGET: Duration = Duration::from_secs(10);

/// It multiplies u8 by i8, on the threads of rayon's global pool: one per processor, as ours.
type Peer = GemmExecutor<u8, i8, i32>;

/// Prints a line for each shape.
pub fn run() -> Result<(), Failure> {
    let (cpu, peer) = (Cpu::new(Path::best(), 0)?, Peer::new());
    SHAPES.into_iter().try_for_each(|shape| product(&cpu, &peer, shape))
}

fn product(cpu: &Cpu, peer: &Peer, [rows, depth, cols]: [usize; 3]) -> Result<(), Failure> {
    let op = GemmI8::new(rows, cols, depth)?;
    // Numbers that i8 and u8 both have; two products fit the i16 in which the peer adds them without VNNI.
    let a: Vec<u8> = words(0, rows * depth).map(|word| (word % 128) as u8).collect();
    let signed: Vec<i8> = a.iter().map(|a| *a as i8).collect();
    let b: Vec<i8> = words(1, cols * depth).map(|word| ((word % 255) as i32 - 127) as i8).collect();
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

/// Random words, the same in every run.
fn words(tensor: u32, count: usize) -> impl Iterator<Item = u32> {
    let philox = Philox::new(*b"products", tensor, 0);
    (0..count as u64).map(move |i| philox.word(i))
}
