//! Products, and what is made of them.

use assay_exact::{Error, GemmI8, Linear, Precision, QuantRow, Quantised, QuantisedMut};
use assay_exec::{Backend, Cpu};

use crate::attention::{self, Attention, DIM, HEADS};
use crate::floors::case::{Case, Make, CHECK, DEQUANTISE, EXP_OF_NEGATIVE, QUANTISE, QUANTISE_TWO};
use crate::floors::work::Work;
use crate::random::{digits, floats};

pub const ALL: &[Make] = &[one_digit, vector, two_digits, attention];

/// Depth and columns of a large layer.
const LARGE: usize = 4096;
/// Matrices that take turns, so that none is in a cache when it comes again: 256 MiB.
const MATRICES: usize = 16;
const TOKENS: usize = 512;
/// Inputs and outputs of a layer of two digits.
const WIDTH: usize = 1024;

fn one_digit(cpu: &Cpu) -> Result<Case<'_>, Error> {
    let op = GemmI8::new(TOKENS, LARGE, LARGE)?;
    let (a, b) = (digits(0, TOKENS * LARGE), digits(1, LARGE * LARGE));
    let mut c = vec![0; TOKENS * LARGE];
    let bytes = Work::bytes((a.len() + b.len()) as f64, 4.0 * c.len() as f64);
    let work = bytes + Work::products((TOKENS * LARGE * LARGE) as f64);
    let shape = format!("{TOKENS} × {LARGE} × {LARGE}");
    Ok(Case::new("product of i8", shape, work, move || cpu.gemm_i8_forward(&op, &a, &b, &mut c)))
}

fn vector(cpu: &Cpu) -> Result<Case<'_>, Error> {
    let op = GemmI8::new(1, LARGE, LARGE)?;
    let (a, b) = (digits(0, LARGE), digits(1, LARGE * LARGE).repeat(MATRICES));
    let mut c = vec![0; LARGE];
    let work = Work::bytes((LARGE + LARGE * LARGE) as f64, 4.0 * LARGE as f64)
        + Work::products((LARGE * LARGE) as f64);
    let mut turn = 0;
    Ok(Case::new("product of i8, one row", format!("1 × {LARGE} × {LARGE}"), work, move || {
        let b = &b[turn * LARGE * LARGE..][..LARGE * LARGE];
        turn = (turn + 1) % MATRICES;
        cpu.gemm_i8_forward(&op, &a, b, &mut c)
    }))
}

/// x·Wᵀ + b from floats to floats; W is quantised before.
fn two_digits(cpu: &Cpu) -> Result<Case<'_>, Error> {
    let precision = Precision::I15;
    let op = Linear::new(TOKENS, WIDTH, WIDTH, precision)?;
    let (x, w, bias) = (floats(0, TOKENS * WIDTH, 1.0), floats(1, WIDTH * WIDTH, 1.0), floats(2, WIDTH, 1.0));
    let (mut planes, mut scales) = (vec![0; 2 * w.len()], vec![0.0; WIDTH]);
    cpu.quant_row_forward(&QuantRow::new(WIDTH, WIDTH, precision)?, &w, &mut planes, &mut scales)?;
    let (mut digits, mut row_scales) = (vec![0; 2 * x.len()], vec![0.0; TOKENS]);
    let mut y = vec![0.0; TOKENS * WIDTH];
    let bytes = Work::bytes((4 * x.len() + planes.len()) as f64, 4.0 * y.len() as f64);
    let products = Work::products((4 * TOKENS * WIDTH * WIDTH) as f64);
    let output = DEQUANTISE + Work::steps(1.0, 0.0) + CHECK;
    let work = bytes + products + QUANTISE_TWO.times(x.len()) + output.times(y.len());
    let shape = format!("{TOKENS} × {WIDTH} × {WIDTH}");
    Ok(Case::new("linear layer of two digits", shape, work, move || {
        let weight = Quantised::new(&planes, &scales, WIDTH, precision)?;
        let mut scratch = QuantisedMut { planes: &mut digits, scales: &mut row_scales };
        cpu.linear_forward(&op, &x, &weight, Some(&bias), &mut scratch, &mut y)
    }))
}

/// Of a key for a query: the score ((f32(acc)·(sq·sk))·c (1), and with the logarithm (1); two maxima (2), two
/// differences (2) and their exponentials, two integers of these (4) and a byte of the weight (1); the 64-bit sum of
/// the other (2), checks (2).
const SCORE: Work = DEQUANTISE
    .and(Work::steps(10.0, 5.0))
    .and(EXP_OF_NEGATIVE.times(2))
    .and(Work::products(2.0 * DIM as f64));

/// From floats to floats, without a mask.
fn attention(cpu: &Cpu) -> Result<Case<'_>, Error> {
    let (mut attention, inputs) = (Attention::new(TOKENS)?, attention::inputs(TOKENS));
    let elements = TOKENS * HEADS * DIM;
    // Three operands are read, and quantised; an element of the output is a conversion and two products.
    let element = Work::bytes(12.0, 4.0) + QUANTISE.times(3) + Work::steps(3.0, 0.0) + CHECK;
    let work = SCORE.times(TOKENS * TOKENS * HEADS) + element.times(elements);
    let shape = format!("{TOKENS} tokens, {HEADS} heads of {DIM}");
    Ok(Case::new("attention", shape, work, move || attention.run(cpu, &inputs)))
}
