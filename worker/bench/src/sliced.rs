//! Products of floats by two slices of int8, beside rten-gemm, which multiplies the floats themselves.

use std::time::Duration;

use assay_exact::{Linear, Precision, QuantRow, Quantised, QuantisedMut};
use assay_exec::{Backend, Cpu};
use rten_gemm::{GemmExecutor, GemmInputA, GemmInputB, GemmOptions};
use rten_tensor::Matrix;
use serde_json::json;

use crate::gemm::SHAPES;
use crate::random::floats;
use crate::sampling::take_turns;
use crate::Failure;

const PRECISION: Precision = Precision::I15;
const BUDGET: Duration = Duration::from_secs(6);
/// ‖ours − the peer's‖/‖the peer's‖ at most: 15 bits have an error of about 10⁻⁴.
const FARTHEST: f64 = 1e-3;

/// On the threads of rayon's global pool: one per processor, as ours.
type Peer = GemmExecutor<f32, f32, f32>;

/// Prints a line for each shape.
pub fn run(cpu: &Cpu) -> Result<(), Failure> {
    let peer = Peer::new();
    SHAPES.into_iter().try_for_each(|shape| product(cpu, &peer, shape))
}

/// Floats in, floats out: rows are quantised in the time that is taken, and columns before, as those of weights are.
fn product(cpu: &Cpu, peer: &Peer, [rows, depth, cols]: [usize; 3]) -> Result<(), Failure> {
    let (x, w) = (floats(0, rows * depth, 1.0), floats(1, cols * depth, 1.0));
    let (mut planes, mut scales) = (vec![0; PRECISION.digits() * w.len()], vec![0.0; cols]);
    cpu.quant_row_forward(&QuantRow::new(cols, depth, PRECISION)?, &w, &mut planes, &mut scales)?;
    let weight = Quantised::new(&planes, &scales, depth, PRECISION)?;
    let op = Linear::new(rows, depth, cols, PRECISION)?;
    let (mut digits, mut row_scales) = (vec![0; PRECISION.digits() * x.len()], vec![0.0; rows]);
    let input = Matrix::from_data([rows, depth], x.as_slice());
    let columns = Matrix::from_data([cols, depth], w.as_slice()).transposed();
    let packed = peer.prepack_b(columns);
    // Weights are packed once. The peer's kernel for a single row takes them as they are.
    let columns = if rows == 1 { GemmInputB::Unpacked(columns) } else { GemmInputB::Packed(&packed) };
    let (mut ours, mut theirs) = (vec![0.0; rows * cols], vec![0.0; rows * cols]);
    let samples = take_turns(
        BUDGET,
        || {
            let mut scratch = QuantisedMut { planes: &mut digits, scales: &mut row_scales };
            Ok(cpu.linear_forward(&op, &x, &weight, None, &mut scratch, &mut ours)?)
        },
        || Ok(peer.gemm(&mut theirs, GemmInputA::Unpacked(input), columns, GemmOptions::default())?),
    )?;
    let far = distance(&ours, &theirs);
    // Written so that a NaN fails too.
    if !matches!(far.partial_cmp(&FARTHEST), Some(std::cmp::Ordering::Less)) {
        return Err(format!("rten-gemm's product at {rows}x{depth}x{cols} is {far} from ours").into());
    }
    let line = json!({
        "shape": [rows, depth, cols],
        "path": cpu.path().to_string(),
        "threads": cpu.threads(),
        "kernel": peer.kernel_name(),
        "ours": samples.ours,
        "peer": samples.peer,
    });
    println!("{line}");
    Ok(())
}

/// ‖a − b‖/‖b‖.
fn distance(a: &[f32], b: &[f32]) -> f64 {
    let square = |x: f64| x * x;
    let difference: f64 = a.iter().zip(b).map(|(a, b)| square(f64::from(*a) - f64::from(*b))).sum();
    (difference / b.iter().map(|b| square(f64::from(*b))).sum::<f64>()).sqrt()
}
