//! Operators that are cut into runs of elements, and losses, which are cut into rows.

use assay_exact::{check_finite, float, Add, CrossEntropy, Error, Gelu, Mul, SiluMul, Tanh};

use super::{or_reference, Cpu, SOMEWHERE};
use crate::kernel::Kernel;
use crate::loops::{GeluGradient, HyperbolicTangent, SiluGradients, Softmax, SOFTMAX_ONE};

pub(super) fn add(cpu: &Cpu, op: &Add, a: &[f32], b: &[f32], y: &mut [f32]) -> Result<(), Error> {
    let piece = |a: &[f32], b: &[f32], y: &mut [f32]| match cpu.kernel {
        Kernel::Scalar => Add::new(y.len())?.forward(a, b, y),
        Kernel::Avx2(avx2) => finite(avx2.add(a, b, y), y),
        Kernel::Vnni(vnni) => finite(vnni.add(a, b, y), y),
    };
    binary(cpu, op.elements(), a, b, y, piece, |y| op.forward(a, b, y))
}

pub(super) fn mul(cpu: &Cpu, op: &Mul, a: &[f32], b: &[f32], y: &mut [f32]) -> Result<(), Error> {
    let piece = |a: &[f32], b: &[f32], y: &mut [f32]| match cpu.kernel {
        Kernel::Scalar => Mul::new(y.len())?.forward(a, b, y),
        Kernel::Avx2(avx2) => finite(avx2.mul(a, b, y), y),
        Kernel::Vnni(vnni) => finite(vnni.mul(a, b, y), y),
    };
    binary(cpu, op.elements(), a, b, y, piece, |y| op.forward(a, b, y))
}

pub(super) fn gelu(cpu: &Cpu, op: &Gelu, x: &[f32], y: &mut [f32]) -> Result<(), Error> {
    let piece = |x: &[f32], y: &mut [f32]| match cpu.kernel {
        Kernel::Scalar => Gelu::new(y.len())?.forward(x, y),
        Kernel::Avx2(avx2) => finite(avx2.gelu(x, y), y),
        Kernel::Vnni(vnni) => finite(vnni.gelu(x, y), y),
    };
    unary(cpu, op.elements(), x, y, piece, |y| op.forward(x, y))
}

/// What a kernel that looks at its outputs alone says of a piece: they are finite only where the operands are. Which of
/// them comes first is found by the reference.
fn finite(all: bool, y: &[f32]) -> Result<(), Error> {
    if all {
        Ok(())
    } else {
        Ok(check_finite(y)?)
    }
}

pub(super) fn gelu_backward(
    cpu: &Cpu,
    op: &Gelu,
    dy: &[f32],
    x: &[f32],
    dx: &mut [f32],
) -> Result<(), Error> {
    let piece = |dy: &[f32], x: &[f32], dx: &mut [f32]| match cpu.kernel {
        Kernel::Scalar => Gelu::new(dx.len())?.backward(dy, x, dx),
        kernel => finite(kernel.run(GeluGradient { dy, x, dx: &mut *dx }), dx),
    };
    binary(cpu, op.elements(), dy, x, dx, piece, |dx| op.backward(dy, x, dx))
}

pub(super) fn tanh(cpu: &Cpu, op: &Tanh, x: &[f32], y: &mut [f32]) -> Result<(), Error> {
    let piece = |x: &[f32], y: &mut [f32]| match cpu.kernel {
        Kernel::Scalar => Tanh::new(y.len())?.forward(x, y),
        kernel if kernel.run(HyperbolicTangent { x, y }) => Ok(()),
        _ => Ok(check_finite(x)?),
    };
    unary(cpu, op.elements(), x, y, piece, |y| op.forward(x, y))
}

pub(super) fn silu_mul(cpu: &Cpu, op: &SiluMul, x: &[f32], u: &[f32], y: &mut [f32]) -> Result<(), Error> {
    let piece = |x: &[f32], u: &[f32], y: &mut [f32]| match cpu.kernel {
        Kernel::Scalar => SiluMul::new(y.len())?.forward(x, u, y),
        Kernel::Avx2(avx2) => finite(avx2.silu_mul(x, u, y), y),
        Kernel::Vnni(vnni) => finite(vnni.silu_mul(x, u, y), y),
    };
    binary(cpu, op.elements(), x, u, y, piece, |y| op.forward(x, u, y))
}

pub(super) fn silu_mul_backward(
    cpu: &Cpu,
    op: &SiluMul,
    dy: &[f32],
    x: &[f32],
    u: &[f32],
    dx: &mut [f32],
    du: &mut [f32],
) -> Result<(), Error> {
    let lengths = [dy.len(), x.len(), u.len(), dx.len(), du.len()];
    if lengths.iter().any(|len| *len != op.elements()) {
        return op.backward(dy, x, u, dx, du);
    }
    let per = cpu.team.elements(op.elements());
    let inputs = dy.chunks(per).zip(x.chunks(per)).zip(u.chunks(per));
    let pieces: Vec<_> = inputs.zip(dx.chunks_mut(per)).zip(du.chunks_mut(per)).collect();
    let result = cpu.team.run(pieces, |((((dy, x), u), dx), du)| match cpu.kernel {
        Kernel::Scalar => SiluMul::new(dx.len())?.backward(dy, x, u, dx, du),
        kernel if kernel.run(SiluGradients { dy, x, u, dx: &mut *dx, du: &mut *du }) => Ok(()),
        _ => Ok(check_finite(dx).and(check_finite(du))?),
    });
    or_reference(result, || op.backward(dy, x, u, dx, du))
}

/// Cuts y = f(x) into runs of elements.
fn unary(
    cpu: &Cpu,
    len: usize,
    x: &[f32],
    y: &mut [f32],
    piece: impl Fn(&[f32], &mut [f32]) -> Result<(), Error> + Sync,
    whole: impl FnOnce(&mut [f32]) -> Result<(), Error>,
) -> Result<(), Error> {
    if x.len() != len || y.len() != len {
        return whole(y);
    }
    let per = cpu.team.elements(len);
    let pieces: Vec<_> = x.chunks(per).zip(y.chunks_mut(per)).collect();
    let result = cpu.team.run(pieces, |(x, y)| piece(x, y));
    or_reference(result, || whole(y))
}

/// Cuts y = f(a, b) into runs of elements.
fn binary(
    cpu: &Cpu,
    len: usize,
    a: &[f32],
    b: &[f32],
    y: &mut [f32],
    piece: impl Fn(&[f32], &[f32], &mut [f32]) -> Result<(), Error> + Sync,
    whole: impl FnOnce(&mut [f32]) -> Result<(), Error>,
) -> Result<(), Error> {
    if a.len() != len || b.len() != len || y.len() != len {
        return whole(y);
    }
    let per = cpu.team.elements(len);
    let pieces: Vec<_> = a.chunks(per).zip(b.chunks(per)).zip(y.chunks_mut(per)).collect();
    let result = cpu.team.run(pieces, |((a, b), y)| piece(a, b, y));
    or_reference(result, || whole(y))
}

pub(super) fn cross_entropy(
    cpu: &Cpu,
    op: &CrossEntropy,
    logits: &[f32],
    labels: &[u32],
    losses: &mut [f32],
) -> Result<(), Error> {
    let fits = logits.len() == op.tokens() * op.classes()
        && labels.len() == op.tokens()
        && losses.len() == op.tokens()
        && labels.iter().all(|label| (*label as usize) < op.classes());
    if !fits {
        return op.forward(logits, labels, losses);
    }
    let per = cpu.team.share(op.tokens());
    let rows = logits.chunks(per * op.classes()).zip(labels.chunks(per));
    let pieces: Vec<_> = rows.zip(losses.chunks_mut(per)).collect();
    let result = cpu.team.run(pieces, |((logits, labels), losses)| {
        if let Kernel::Scalar = cpu.kernel {
            return CrossEntropy::new(losses.len(), op.classes())?.forward(logits, labels, losses);
        }
        let mut scores = vec![0.0; op.classes()];
        for ((row, label), loss) in logits.chunks_exact(op.classes()).zip(labels).zip(losses.iter_mut()) {
            scores.copy_from_slice(row);
            let softmax = Softmax { scores: &mut scores, logs: &[] };
            let (most, sum) = cpu.kernel.run(softmax).ok_or(SOMEWHERE)?;
            *loss = float::ln(sum as f32 * (1.0 / SOFTMAX_ONE)) - (row[*label as usize] - most);
        }
        Ok(check_finite(losses)?)
    });
    or_reference(result, || op.forward(logits, labels, losses))
}

pub(super) fn probabilities(
    cpu: &Cpu,
    op: &CrossEntropy,
    logits: &[f32],
    p: &mut [f32],
) -> Result<(), Error> {
    let elements = op.tokens() * op.classes();
    if logits.len() != elements || p.len() != elements {
        return op.probabilities(logits, p);
    }
    let per = cpu.team.share(op.tokens()) * op.classes();
    let pieces: Vec<_> = logits.chunks(per).zip(p.chunks_mut(per)).collect();
    let result = cpu.team.run(pieces, |(logits, p)| {
        if let Kernel::Scalar = cpu.kernel {
            return CrossEntropy::new(p.len() / op.classes(), op.classes())?.probabilities(logits, p);
        }
        p.copy_from_slice(logits);
        for scores in p.chunks_exact_mut(op.classes()) {
            // Of finite scores probabilities are finite: D is at least 2³⁰.
            cpu.kernel.run(Softmax { scores, logs: &[] }).ok_or(SOMEWHERE)?;
        }
        Ok(())
    });
    or_reference(result, || op.probabilities(logits, p))
}
