//! Kernels alone on one thread, for a run that counts instructions: so many times more, so many instructions more.

use assay_exact::{Linear, Precision, QuantRow, Quantised, QuantisedMut};
use assay_exec::{Backend, Cpu};

use crate::attention::{self, Attention};
use crate::random::floats;
use crate::Failure;

/// Rows, depth, columns of the products: some tiles in each direction, and a rest.
const SHAPE: [usize; 3] = [50, 256, 200];
const TOKENS: usize = 100;

/// Does a kernel `times` times.
pub fn run(cpu: &Cpu, name: &str, times: usize) -> Result<(), Failure> {
    match name {
        "linear-i8" => linear(cpu, Precision::I8, times),
        "linear-i15" => linear(cpu, Precision::I15, times),
        "attention" => {
            let (mut attention, inputs) = (Attention::new(TOKENS)?, attention::inputs(TOKENS));
            (0..times).try_for_each(|_| Ok(attention.run(cpu, &inputs)?))
        }
        other => Err(format!("no kernel {other:?}: linear-i8, linear-i15 or attention").into()),
    }
}

fn linear(cpu: &Cpu, precision: Precision, times: usize) -> Result<(), Failure> {
    let [rows, depth, cols] = SHAPE;
    let (x, w) = (floats(0, rows * depth, 1.0), floats(1, cols * depth, 1.0));
    let (mut planes, mut scales) = (vec![0; precision.digits() * w.len()], vec![0.0; cols]);
    cpu.quant_row_forward(&QuantRow::new(cols, depth, precision)?, &w, &mut planes, &mut scales)?;
    let weight = Quantised::new(&planes, &scales, depth, precision)?;
    let op = Linear::new(rows, depth, cols, precision)?;
    let (mut digits, mut row_scales) = (vec![0; precision.digits() * x.len()], vec![0.0; rows]);
    let mut y = vec![0.0; rows * cols];
    for _ in 0..times {
        let mut scratch = QuantisedMut { planes: &mut digits, scales: &mut row_scales };
        cpu.linear_forward(&op, &x, &weight, None, &mut scratch, &mut y)?;
    }
    Ok(())
}
