//! Elementwise functions, random numbers and fixed point.

use super::{Case, Inputs, Output};
use crate::float::{erf, exp, ln, normal, sigmoid, sqrt, tanh, ties_even};
use crate::{mean, Add, Error, FixedPoint, Gelu, Mul, Philox, SiluMul, Tanh};

pub(super) const CASES: &[Case] = &[
    Case { name: "philox/block", run: philox },
    Case { name: "float/ties-even", run: |i, o| map(i, o, 300.0, ties_even) },
    Case { name: "float/sqrt", run: |i, o| map(i, o, 1000.0, |x| sqrt(x.abs())) },
    Case { name: "float/exp", run: |i, o| map(i, o, 90.0, |x| exp(if x > 88.0 { 88.0 } else { x })) },
    Case { name: "float/exp-near-zero", run: |i, o| map(i, o, 0.7, exp) },
    Case { name: "float/ln", run: |i, o| map(i, o, 88.0, |x| ln(exp(if x < -87.0 { -87.0 } else { x }))) },
    Case { name: "float/erf", run: |i, o| map(i, o, 4.0, erf) },
    Case { name: "float/tanh", run: |i, o| map(i, o, 8.0, tanh) },
    Case { name: "float/sigmoid", run: |i, o| map(i, o, 90.0, sigmoid) },
    Case { name: "float/normal", run: |i, o| map(i, o, 14.0, |x| normal(x).0 + normal(x).1) },
    Case { name: "fixed/sum", run: fixed },
    Case { name: "add/forward", run: add },
    Case { name: "mul/forward-backward", run: mul },
    Case { name: "gelu/forward-backward", run: gelu },
    Case { name: "tanh/forward-backward", run: tanh_tensor },
    Case { name: "silu-mul/forward-backward", run: silu_mul },
    Case { name: "trap/overflow", run: trap_overflow },
];

const N: usize = 512;

fn philox(_: &mut Inputs, out: &mut Output) -> Result<(), Error> {
    for (tensor, step) in [(0, 0), (1, 0), (0, 1), (u32::MAX, 7)] {
        let stream = Philox::new(super::KEY, tensor, step);
        for index in [0, 1, u64::from(u32::MAX), u64::MAX] {
            out.words(&stream.block(index));
        }
    }
    Ok(())
}

fn map(inputs: &mut Inputs, out: &mut Output, bound: f32, f: fn(f32) -> f32) -> Result<(), Error> {
    out.floats(&inputs.floats::<N>(bound).map(f));
    Ok(())
}

fn fixed(inputs: &mut Inputs, out: &mut Output) -> Result<(), Error> {
    let x = inputs.floats::<N>(1000.0);
    let fixed = FixedPoint::new(N as u64)?;
    let mut sum = 0;
    for (i, x) in x.iter().enumerate() {
        fixed.add(&mut sum, *x, i)?;
        fixed.subtract(&mut sum, x * 0.25, i)?;
    }
    out.sums(&[sum]);
    out.floats(&[mean(sum, N as u32)]);
    Ok(())
}

fn add(inputs: &mut Inputs, out: &mut Output) -> Result<(), Error> {
    let (a, b) = (inputs.planted::<N>(2.0), inputs.floats::<N>(1e-3));
    let mut y = [0.0; N];
    Add::new(N)?.forward(&a, &b, &mut y)?;
    out.floats(&y);
    Ok(())
}

fn mul(inputs: &mut Inputs, out: &mut Output) -> Result<(), Error> {
    let (a, b, dy) = (inputs.planted::<N>(2.0), inputs.floats::<N>(3.0), inputs.floats::<N>(1.0));
    let (mut y, mut da, mut db) = ([0.0; N], [0.0; N], [0.0; N]);
    let op = Mul::new(N)?;
    op.forward(&a, &b, &mut y)?;
    op.backward(&dy, &a, &b, &mut da, &mut db)?;
    for tensor in [y, da, db] {
        out.floats(&tensor);
    }
    Ok(())
}

fn gelu(inputs: &mut Inputs, out: &mut Output) -> Result<(), Error> {
    let (x, dy) = (inputs.planted::<N>(6.0), inputs.floats::<N>(1.0));
    let (mut y, mut dx) = ([0.0; N], [0.0; N]);
    let op = Gelu::new(N)?;
    op.forward(&x, &mut y)?;
    op.backward(&dy, &x, &mut dx)?;
    out.floats(&y);
    out.floats(&dx);
    Ok(())
}

fn tanh_tensor(inputs: &mut Inputs, out: &mut Output) -> Result<(), Error> {
    let (x, dy) = (inputs.planted::<N>(3.0), inputs.floats::<N>(1.0));
    let (mut y, mut dx) = ([0.0; N], [0.0; N]);
    let op = Tanh::new(N)?;
    op.forward(&x, &mut y)?;
    op.backward(&dy, &y, &mut dx)?;
    out.floats(&y);
    out.floats(&dx);
    Ok(())
}

fn silu_mul(inputs: &mut Inputs, out: &mut Output) -> Result<(), Error> {
    let (x, u, dy) = (inputs.planted::<N>(6.0), inputs.floats::<N>(2.0), inputs.floats::<N>(1.0));
    let (mut y, mut dx, mut du) = ([0.0; N], [0.0; N], [0.0; N]);
    let op = SiluMul::new(N)?;
    op.forward(&x, &u, &mut y)?;
    op.backward(&dy, &x, &u, &mut dx, &mut du)?;
    for tensor in [y, dx, du] {
        out.floats(&tensor);
    }
    Ok(())
}

/// An output that overflows traps at its lowest index; a NaN in an input comes before it.
fn trap_overflow(inputs: &mut Inputs, out: &mut Output) -> Result<(), Error> {
    let mut a = inputs.floats::<N>(1.0);
    let mut y = [0.0; N];
    let op = Mul::new(N)?;
    for (at, value) in [(100, f32::MAX), (50, f32::MAX), (200, f32::NAN)] {
        a[at] = value;
        let b = [4.0; N];
        out.trap(op.forward(&a, &b, &mut y))?;
    }
    Ok(())
}
