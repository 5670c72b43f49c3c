//! The update at the end of a step, cut into runs of elements.
//!
//! What is updated in place cannot be computed again by the reference. So a piece looks at its operands before it writes,
//! and a trap carries the number of its operand until all pieces are done: the least of them is the operator's.

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use assay_exact::{
    check_finite, AdamMoments, AdamPowers, AdamStep, ClipNorm, Error, Quantiser, SgdStep, Trap, MAX_SUM,
    TINY_BITS,
};

use super::Cpu;
use crate::loops::{Adam, Clip, Magnitude, Means, Sgd, Squares};
use crate::team::shifted;

/// Where the number of an operand stands in an index: a tensor has fewer elements than 2⁶⁰.
const OPERAND: u32 = 61;
/// Q of the sums of a norm.
const NORM_BOUND: i32 = 32_767;

pub(super) fn means(cpu: &Cpu, sums: &[i64], count: u32, y: &mut [f32]) -> Result<(), Error> {
    if count == 0 || sums.len() != y.len() {
        return assay_exact::means(sums, count, y);
    }
    let per = cpu.team.elements(sums.len());
    let pieces: Vec<_> = sums.chunks(per).zip(y.chunks_mut(per)).collect();
    cpu.team.run(pieces, |(sums, y)| {
        cpu.kernel.run(Means { sums, count, y });
        Ok(())
    })
}

pub(super) fn square(cpu: &Cpu, g: &[f32]) -> Result<f32, Error> {
    if g.is_empty() || g.len() > MAX_SUM {
        return ClipNorm::square(g);
    }
    let pieces = || g.chunks(cpu.team.elements(g.len())).collect::<Vec<_>>();
    let largest = AtomicU32::new(0);
    cpu.team.run(pieces(), |g| {
        largest.fetch_max(cpu.kernel.run(Magnitude(g)), Ordering::Relaxed);
        Ok(())
    })?;
    let largest = largest.into_inner();
    let s = Quantiser::new(largest, NORM_BOUND).scale();
    if s.is_nan() || largest < TINY_BITS {
        return ClipNorm::square(g);
    }
    let inverse = NORM_BOUND as f32 / f32::from_bits(largest);
    let squares = AtomicI64::new(0);
    cpu.team.run(pieces(), |x| {
        squares.fetch_add(cpu.kernel.run(Squares { x, inverse }), Ordering::Relaxed);
        Ok(())
    })?;
    let square = squares.into_inner() as f32 * (s * s);
    check_finite(&[square])?;
    Ok(square)
}

pub(super) fn clip(cpu: &Cpu, factor: f32, g: &mut [f32]) -> Result<(), Error> {
    let per = cpu.team.elements(g.len());
    let pieces: Vec<_> = g.chunks_mut(per).enumerate().collect();
    operand(cpu.team.run(pieces, |(i, g)| {
        looked_at(&[&*g], 0, i * per)?;
        if cpu.kernel.run(Clip { factor, g: &mut *g }) {
            return Ok(());
        }
        looked_at(&[&*g], 1, i * per)
    }))
}

pub(super) fn adam(
    cpu: &Cpu,
    op: &AdamStep,
    rate: f32,
    powers: AdamPowers,
    g: &[f32],
    moments: &mut AdamMoments<'_>,
    parameter: &mut [f32],
) -> Result<(), Error> {
    let fits = [moments.first.len(), moments.second.len(), parameter.len()] == [g.len(); 3]
        && !g.is_empty()
        && rate.is_finite()
        && rate >= 0.0;
    if !fits {
        return op.forward(rate, powers, g, moments, parameter);
    }
    let constants = [op.beta1(), op.beta2(), op.epsilon(), op.decay()];
    let corrections = [1.0 - powers.beta1, 1.0 - powers.beta2];
    let per = cpu.team.elements(g.len());
    let vectors = moments.first.chunks_mut(per).zip(moments.second.chunks_mut(per));
    let pieces: Vec<_> = g.chunks(per).zip(vectors).zip(parameter.chunks_mut(per)).enumerate().collect();
    operand(cpu.team.run(pieces, |(i, ((g, (first, second)), parameter))| {
        let start = i * per;
        looked_at(&[g, &*first, &*second, &*parameter], 0, start)?;
        let (f, s, p) = (&mut *first, &mut *second, &mut *parameter);
        let step = Adam { constants, corrections, rate, g, first: f, second: s, parameter: p };
        if cpu.kernel.run(step) {
            return Ok(());
        }
        looked_at(&[&*first, &*second, &*parameter], 4, start)
    }))
}

pub(super) fn sgd(
    cpu: &Cpu,
    op: &SgdStep,
    rate: f32,
    g: &[f32],
    velocity: &mut [f32],
    parameter: &mut [f32],
) -> Result<(), Error> {
    let fits =
        [g.len(), velocity.len(), parameter.len()] == [op.elements(); 3] && rate.is_finite() && rate >= 0.0;
    if !fits {
        return op.forward(rate, g, velocity, parameter);
    }
    let (momentum, decay) = (op.momentum(), op.decay());
    let per = cpu.team.elements(g.len());
    let pieces = g.chunks(per).zip(velocity.chunks_mut(per)).zip(parameter.chunks_mut(per));
    let pieces: Vec<_> = pieces.enumerate().collect();
    operand(cpu.team.run(pieces, |(i, ((g, velocity), parameter))| {
        looked_at(&[g, &*velocity, &*parameter], 0, i * per)?;
        let (v, p) = (&mut *velocity, &mut *parameter);
        if cpu.kernel.run(Sgd { momentum, decay, rate, g, velocity: v, parameter: p }) {
            return Ok(());
        }
        looked_at(&[&*velocity, &*parameter], 4, i * per)
    }))
}

/// Traps at the first element that is not finite of the first such operand, numbered from `number` on; its elements are
/// those from `start` on.
fn looked_at(operands: &[&[f32]], number: u64, start: usize) -> Result<(), Error> {
    for (number, x) in (number..).zip(operands) {
        check_finite(x).map_err(|trap| {
            let index = trap.index | (number << OPERAND);
            shifted(Trap { index, ..trap }, start)
        })?;
    }
    Ok(())
}

/// Takes the number of the operand off a trap.
fn operand(result: Result<(), Error>) -> Result<(), Error> {
    result.map_err(|error| match error {
        Error::Trap(trap) => Error::Trap(Trap { index: trap.index & ((1 << OPERAND) - 1), ..trap }),
        refused => refused,
    })
}
