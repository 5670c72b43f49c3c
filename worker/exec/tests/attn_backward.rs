//! The gradients of attention against the reference.

mod random;

use assay_exact::{
    Attn, AttnBackward, AttnGradients, AttnSaved, AttnScratch, AttnShape, Error, KvAppend, KvCache, Mask,
    Precision, QuantisedMut, Scratch, TrapKind,
};
use assay_exec::Backend;
use random::{agree, bits, poisoned, trap, Random, Rows, PRECISIONS};

/// The operands of one attention, in floats.
#[derive(Clone)]
struct Tensors {
    shape: AttnShape,
    q: Vec<f32>,
    k: Vec<f32>,
    v: Vec<f32>,
    dy: Vec<f32>,
    /// What stands in q, in k and in the forward output, at which index, when the forward pass is over.
    bad: [Option<(usize, f32)>; 3],
}

impl Tensors {
    fn new(random: &mut Random, shape: AttnShape) -> Self {
        let (asking, asked) = (shape.queries * shape.heads, shape.keys * shape.kv_heads);
        Self {
            shape,
            q: random.floats(asking * shape.dim, 1.5),
            k: random.planted(asked, shape.dim),
            v: random.planted(asked, shape.dim),
            dy: random.floats(asking * shape.dim, 0.1),
            bad: [None; 3],
        }
    }
}

/// Runs the backward form with buffers that are longer than needed and poisoned; gives dq, dk and dv.
fn backward(
    backend: &dyn Backend,
    tensors: &Tensors,
    [saved, products]: [Precision; 2],
) -> Result<[Vec<u32>; 3], Error> {
    let Tensors { shape, q, k, v, dy, bad } = tensors;
    let rows = shape.keys * shape.kv_heads;
    // The forward pass of the reference: what is compared begins behind it.
    let append = KvAppend::new(shape.keys, shape.kv_heads, shape.dim, saved, saved)?;
    let (mut key_planes, mut value_planes) =
        (vec![0; saved.digits() * rows * shape.dim], vec![0; saved.digits() * rows * shape.dim]);
    let [mut key_scales, mut value_scales, mut value_logs] = [(); 3].map(|()| vec![0.0; rows]);
    let mut cache = KvCache {
        key_planes: &mut key_planes,
        key_scales: &mut key_scales,
        value_planes: &mut value_planes,
        value_scales: &mut value_scales,
        value_logs: &mut value_logs,
    };
    append.forward(0, k, v, &mut cache)?;
    let view = append.view(&cache)?;
    let quantised = Rows::new(q, shape.dim, saved);
    let attn = Attn::new(*shape, 0.3, Precision::I15)?;
    let mut out = vec![0.0; q.len()];
    attn.forward(&quantised.view(), &view, &mut vec![0.0; shape.keys], &mut out)?;
    let (mut q, mut k) = (q.clone(), k.clone());
    for (tensor, bad) in [&mut q, &mut k, &mut out].into_iter().zip(bad) {
        bad.iter().for_each(|(at, x)| tensor[*at] = *x);
    }

    let op = AttnBackward::new(attn, products)?;
    let sizes = op.sizes();
    let (mut left, mut right) = (vec![77; sizes.planes + 3], vec![77; sizes.planes + 3]);
    let (mut left_scales, mut right_scales) = (poisoned(sizes.scales + 3), poisoned(sizes.scales + 3));
    let mut floats = poisoned(sizes.floats + 3);
    let mut scratch = AttnScratch {
        floats: &mut floats,
        operands: Scratch {
            left: QuantisedMut { planes: &mut left, scales: &mut left_scales },
            right: QuantisedMut { planes: &mut right, scales: &mut right_scales },
        },
    };
    let (mut dq, mut dk, mut dv) = (poisoned(q.len()), poisoned(k.len()), poisoned(v.len()));
    let saved = AttnSaved { q: &q, k: &k, out: &out, quantised: quantised.view(), cache: view };
    let mut gradients = AttnGradients { dq: &mut dq, dk: &mut dk, dv: &mut dv };
    backend.attn_backward(&op, dy, &saved, &mut scratch, &mut gradients)?;
    Ok([bits(&dq), bits(&dk), bits(&dv)])
}

fn shape(queries: usize, keys: usize, heads: [usize; 2], dim: usize, mask: Mask) -> AttnShape {
    AttnShape { queries, keys, heads: heads[0], kv_heads: heads[1], dim, mask }
}

#[test]
fn gradients_are_those_of_the_reference() {
    let mut random = Random::new(91);
    for shape in [
        shape(1, 1, [1, 1], 1, Mask::Causal),
        shape(9, 9, [4, 2], 16, Mask::Causal),
        shape(13, 13, [3, 3], 17, Mask::Full),
        shape(5, 21, [2, 1], 24, Mask::Causal),
        shape(70, 70, [2, 1], 12, Mask::Causal),
        shape(65, 65, [1, 1], 70, Mask::Causal),
        shape(3, 131, [6, 2], 5, Mask::Full),
    ] {
        let tensors = Tensors::new(&mut random, shape);
        for saved in [Precision::I8, Precision::I15] {
            for products in PRECISIONS {
                let result = agree("AttnBackward", |backend| backward(backend, &tensors, [saved, products]));
                assert!(result.is_ok(), "{shape:?} {saved:?} {products:?}: {result:?}");
            }
        }
    }
}

#[test]
fn rows_far_apart_in_size_and_gradients_of_zero_are_exact() {
    let mut random = Random::new(92);
    let shape = shape(40, 40, [4, 2], 20, Mask::Causal);
    let mut tensors = Tensors::new(&mut random, shape);
    tensors.q = random.planted(40 * 4, 20);
    tensors.dy = random.planted(40 * 4, 20);
    // Products with huge rows overflow in some heads: whatever the reference gives, the others give.
    let _ = agree("planted", |backend| backward(backend, &tensors, [Precision::I15; 2]));
    tensors.q = random.floats(40 * 80, 30.0);
    tensors.dy = vec![0.0; 40 * 80];
    tensors.dy[1_000] = -1e-33;
    tensors.dy[2_000] = 1e-41;
    let result = agree("almost zero", |backend| backward(backend, &tensors, [Precision::I15; 2]));
    assert!(result.is_ok());
}

#[test]
fn the_first_bad_operand_is_the_trap_and_an_overflow_is_that_of_the_first_gradient() {
    let mut random = Random::new(93);
    let good = Tensors::new(&mut random, shape(30, 30, [2, 1], 8, Mask::Causal));
    let run = |tensors: &Tensors| {
        agree("trap", |backend| backward(backend, tensors, [Precision::I15; 2])).map(|_| ())
    };
    assert_eq!(run(&good), Ok(()));
    let mut bad = good.clone();
    (bad.dy[400], bad.dy[77]) = (f32::NAN, f32::NEG_INFINITY);
    assert_eq!(run(&bad), Err(trap(TrapKind::Infinite, 77)));
    let mut huge = good;
    huge.dy.iter_mut().for_each(|dy| *dy *= 3e38);
    huge.v.iter_mut().for_each(|v| *v = v.abs() * 1e20 + 1e20);
    let result = run(&huge);
    assert!(matches!(result, Err(Error::Trap(_))), "{result:?}");
}

/// Nothing looks at operands first, so each has to show in what is made of it: also beside gradients of zero, and where
/// only the last row sees a key.
#[test]
fn whatever_operand_is_not_finite_is_the_trap() {
    let mut random = Random::new(95);
    let mut good = Tensors::new(&mut random, shape(50, 50, [4, 2], 8, Mask::Causal));
    let run = |tensors: &Tensors| {
        agree("bad operand", |backend| backward(backend, tensors, [Precision::I15; 2])).map(|_| ())
    };
    for dy in [good.dy.clone(), vec![0.0; 50 * 32]] {
        good.dy = dy;
        assert_eq!(run(&good), Ok(()));
        for (operand, last) in [(0, 50 * 32 - 1), (1, 50 * 16 - 1), (2, 50 * 32 - 1)] {
            for at in [0, last / 2, last] {
                for (x, kind) in [(f32::NAN, TrapKind::Nan), (f32::NEG_INFINITY, TrapKind::Infinite)] {
                    let mut tensors = good.clone();
                    tensors.bad[operand] = Some((at, x));
                    assert_eq!(run(&tensors), Err(trap(kind, at)), "operand {operand} at {at}");
                    // A later operand that is bad earlier changes nothing.
                    tensors.bad[operand + 1..].fill(Some((0, f32::NAN)));
                    assert_eq!(run(&tensors), Err(trap(kind, at)), "operand {operand} at {at}");
                }
            }
        }
    }
}

#[test]
fn wrong_lengths_are_refused_as_by_the_reference() {
    let mut random = Random::new(94);
    let tensors = Tensors::new(&mut random, shape(4, 4, [1, 1], 4, Mask::Full));
    let mut short = tensors.clone();
    short.dy.pop();
    let result = agree("short dy", |backend| backward(backend, &short, [Precision::I15; 2]));
    assert!(matches!(result, Err(Error::Refused(_))), "{result:?}");
}
