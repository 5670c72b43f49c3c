//! Quantisation, integer products, the linear layer.

use super::{Case, Inputs, Output};
use crate::{
    DequantBias, Error, FixedPoint, GemmI8, GemmI8Sliced, Linear, Precision, QuantCol, QuantRow, Quantised,
    QuantisedMut, Scratch, Split, Transpose,
};

pub(super) const CASES: &[Case] = &[
    Case { name: "quant-row/i8", run: |i, o| quant_row::<{ ROWS * COLS }>(i, o, Precision::I8) },
    Case { name: "quant-row/i15", run: |i, o| quant_row::<{ 2 * ROWS * COLS }>(i, o, Precision::I15) },
    Case { name: "quant-row/i22", run: |i, o| quant_row::<{ 3 * ROWS * COLS }>(i, o, Precision::I22) },
    Case { name: "quant-col/i8", run: |i, o| quant_col::<{ ROWS * COLS }>(i, o, Precision::I8) },
    Case { name: "quant-col/i15", run: |i, o| quant_col::<{ 2 * ROWS * COLS }>(i, o, Precision::I15) },
    Case { name: "quant-col/i22", run: |i, o| quant_col::<{ 3 * ROWS * COLS }>(i, o, Precision::I22) },
    Case { name: "transpose/forward", run: transpose },
    Case { name: "split/i22", run: split },
    Case { name: "gemm-i8/forward", run: gemm_i8 },
    Case { name: "gemm-i8-sliced-2/forward", run: |i, o| gemm_sliced::<1034, 1222>(i, o, Precision::I15) },
    Case { name: "gemm-i8-sliced-3/forward", run: |i, o| gemm_sliced::<1551, 1833>(i, o, Precision::I22) },
    Case { name: "dequant-bias/forward", run: dequant_bias },
    Case { name: "linear/i8-forward", run: linear_i8 },
    Case { name: "linear/i15-forward-backward", run: linear_i15 },
];

const ROWS: usize = 7;
const COLS: usize = 37;

/// A row of zeros, one of denormals, one with an outlier, ordinary ones.
fn matrix(inputs: &mut Inputs) -> [f32; ROWS * COLS] {
    let mut x = inputs.planted::<{ ROWS * COLS }>(1.5);
    x[COLS..2 * COLS].fill(0.0);
    for value in &mut x[2 * COLS..3 * COLS] {
        *value *= f32::from_bits(0x0080_0000);
    }
    x
}

fn quant_row<const D: usize>(i: &mut Inputs, out: &mut Output, precision: Precision) -> Result<(), Error> {
    let (mut planes, mut scales) = ([0; D], [0.0; ROWS]);
    QuantRow::new(ROWS, COLS, precision)?.forward(&matrix(i), &mut planes, &mut scales)?;
    out.digits(&planes);
    out.floats(&scales);
    Ok(())
}

fn quant_col<const D: usize>(i: &mut Inputs, out: &mut Output, precision: Precision) -> Result<(), Error> {
    let (mut planes, mut scales) = ([0; D], [0.0; COLS]);
    QuantCol::new(ROWS, COLS, precision)?.forward(&matrix(i), &mut planes, &mut scales)?;
    out.digits(&planes);
    out.floats(&scales);
    Ok(())
}

fn transpose(inputs: &mut Inputs, out: &mut Output) -> Result<(), Error> {
    let mut y = [0.0; ROWS * COLS];
    Transpose::new(ROWS, COLS)?.forward(&matrix(inputs), &mut y)?;
    out.floats(&y);
    Ok(())
}

fn split(inputs: &mut Inputs, out: &mut Output) -> Result<(), Error> {
    let bound = Precision::I22.bound();
    let mut q = inputs.indices::<256>(2 * bound as u32 + 1).map(|q| q as i32 - bound);
    q[..2].copy_from_slice(&[bound, -bound]);
    let mut planes = [0; 3 * 256];
    Split::new(256, Precision::I22)?.forward(&q, &mut planes)?;
    out.digits(&planes);
    Ok(())
}

fn gemm_i8(inputs: &mut Inputs, out: &mut Output) -> Result<(), Error> {
    const K: usize = 131;
    let (mut a, mut b) = (inputs.digits::<{ 5 * K }>(), inputs.digits::<{ 9 * K }>());
    a[..K].fill(127);
    b[..K].fill(-127);
    let mut c = [0; 45];
    GemmI8::new(5, 9, K)?.forward(&a, &b, &mut c)?;
    out.sums(&c.map(i64::from));
    Ok(())
}

/// A of 11 and B of 13 vectors of 47, quantised from floats.
fn gemm_sliced<const A: usize, const B: usize>(
    inputs: &mut Inputs,
    out: &mut Output,
    precision: Precision,
) -> Result<(), Error> {
    let (a, b) = (inputs.planted::<{ 11 * 47 }>(1.0), inputs.floats::<{ 13 * 47 }>(1.0));
    let (mut left, mut left_scales) = ([0; A], [0.0; 11]);
    let (mut right, mut right_scales) = ([0; B], [0.0; 13]);
    QuantRow::new(11, 47, precision)?.forward(&a, &mut left, &mut left_scales)?;
    QuantRow::new(13, 47, precision)?.forward(&b, &mut right, &mut right_scales)?;
    let a = Quantised::new(&left, &left_scales, 47, precision)?;
    let b = Quantised::new(&right, &right_scales, 47, precision)?;
    let mut c = [0; 143];
    GemmI8Sliced::new(11, 13, 47)?.forward(&a, &b, &mut c)?;
    out.sums(&c);
    Ok(())
}

fn dequant_bias(inputs: &mut Inputs, out: &mut Output) -> Result<(), Error> {
    let sums = inputs.indices::<60>(u32::MAX).map(|s| s as i32);
    let wide = sums.map(|s| i64::from(s) * 1_000_003);
    let (rows, cols, bias) = (inputs.floats::<5>(1e-3), inputs.floats::<12>(1e-4), inputs.floats::<12>(1.0));
    let op = DequantBias::new(5, 12)?;
    let mut y = [0.0; 60];
    op.forward(&sums, &rows, &cols, Some(&bias), &mut y)?;
    out.floats(&y);
    op.forward(&wide, &rows, &cols, None, &mut y)?;
    out.floats(&y);
    Ok(())
}

fn linear_i8(inputs: &mut Inputs, out: &mut Output) -> Result<(), Error> {
    const IN: usize = 64;
    let (x, bias) = (inputs.planted::<{ 6 * IN }>(1.0), inputs.floats::<10>(0.1));
    let (weight, scales) = (inputs.digits::<{ 10 * IN }>(), inputs.floats::<10>(0.01).map(f32::abs));
    let weight = Quantised::new(&weight, &scales, IN, Precision::I8)?;
    weight.check()?;
    let (mut planes, mut row_scales, mut y) = ([0; 6 * IN], [0.0; 6], [0.0; 60]);
    let mut scratch = QuantisedMut { planes: &mut planes, scales: &mut row_scales };
    Linear::new(6, IN, 10, Precision::I8)?.forward(&x, &weight, Some(&bias), &mut scratch, &mut y)?;
    out.floats(&y);
    Ok(())
}

fn linear_i15(inputs: &mut Inputs, out: &mut Output) -> Result<(), Error> {
    const T: usize = 6;
    const IN: usize = 20;
    const OUT: usize = 9;
    let (x, w) = (inputs.floats::<{ T * IN }>(1.0), inputs.floats::<{ OUT * IN }>(0.2));
    let dy = inputs.planted::<{ T * OUT }>(1e-3);
    let (mut left, mut left_scales, mut right, mut right_scales) = ([0; 400], [0.0; 20], [0; 400], [0.0; 20]);
    let mut scratch = Scratch {
        left: QuantisedMut { planes: &mut left, scales: &mut left_scales },
        right: QuantisedMut { planes: &mut right, scales: &mut right_scales },
    };
    let op = Linear::new(T, IN, OUT, Precision::I15)?;
    let (mut planes, mut scales) = ([0; 2 * OUT * IN], [0.0; OUT]);
    QuantRow::new(OUT, IN, Precision::I15)?.forward(&w, &mut planes, &mut scales)?;
    let weight = Quantised::new(&planes, &scales, IN, Precision::I15)?;
    let (mut y, mut dx) = ([0.0; T * OUT], [0.0; T * IN]);
    op.forward(&x, &weight, None, &mut scratch.left, &mut y)?;
    op.backward_input(&dy, &w, &mut scratch, &mut dx)?;
    out.floats(&y);
    out.floats(&dx);
    let fixed = FixedPoint::new(1)?;
    let (mut dw, mut db) = ([0; OUT * IN], [0; OUT]);
    op.backward_weight(&dy, &x, &fixed, &mut scratch, &mut dw)?;
    op.backward_bias(&dy, &fixed, &mut db)?;
    out.sums(&dw);
    out.sums(&db);
    Ok(())
}
