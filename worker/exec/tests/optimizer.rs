//! The update at the end of a step against the reference.

mod random;

use assay_exact::{AdamMoments, AdamPowers, AdamStep, ClipNorm, Error, SgdStep, TrapKind};
use assay_exec::Backend;
use random::{agree, bits, poisoned, trap, Random};

/// Long enough for several pieces, and no multiple of a register.
const LEN: usize = 50_003;
const RATE: f32 = 0.01;
const POWERS: AdamPowers = AdamPowers { beta1: 0.729, beta2: 0.857 };

/// Gradient, moments and parameter.
type Tensors = [Vec<f32>; 4];

/// Of every size, with both zeros, denormals, and numbers about 2⁻¹⁰⁰.
fn tensors(seed: u32) -> Tensors {
    let mut random = Random::new(seed);
    let mut tensors = [1e-3, 1e-2, 1e-4, 2.0].map(|bound| random.floats(LEN, bound));
    for (i, scale) in [1e-20, 1e-34, 1e-40, 8e-31, 0.0, -0.0, 1e6].into_iter().enumerate() {
        for tensor in &mut tensors {
            tensor.iter_mut().skip(i).step_by(23).for_each(|x| *x *= scale);
        }
    }
    // What is under the root.
    tensors[2].iter_mut().for_each(|v| *v = v.abs());
    tensors
}

fn adam(backend: &dyn Backend, tensors: &Tensors) -> Result<[Vec<u32>; 3], Error> {
    let op = AdamStep::new(0.9, 0.95, 1e-8, 0.1).unwrap();
    let [g, mut first, mut second, mut parameter] = tensors.clone();
    let mut moments = AdamMoments { first: &mut first, second: &mut second };
    backend.adam_step_forward(&op, RATE, POWERS, &g, &mut moments, &mut parameter)?;
    Ok([bits(&first), bits(&second), bits(&parameter)])
}

fn sgd(backend: &dyn Backend, tensors: &Tensors) -> Result<[Vec<u32>; 2], Error> {
    let op = SgdStep::new(LEN, 0.9, 0.1).unwrap();
    let [g, mut velocity, _, mut parameter] = tensors.clone();
    backend.sgd_step_forward(&op, RATE, &g, &mut velocity, &mut parameter)?;
    Ok([bits(&velocity), bits(&parameter)])
}

#[test]
fn steps_are_those_of_the_reference() {
    let tensors = tensors(81);
    assert!(agree("AdamStep", |backend| adam(backend, &tensors)).is_ok());
    assert!(agree("SgdStep", |backend| sgd(backend, &tensors)).is_ok());
}

#[test]
fn the_first_bad_operand_of_a_step_is_the_trap_and_outputs_come_last() {
    let good = tensors(82);
    let run = |tensors: &Tensors| {
        let adam = agree("AdamStep", |backend| adam(backend, tensors).map(drop));
        (adam, agree("SgdStep", |backend| sgd(backend, tensors).map(drop)))
    };
    // Later operands are bad at lower indices.
    let mut bad = good.clone();
    (bad[3][0], bad[1][30_000], bad[0][49_000]) = (f32::NAN, f32::NAN, f32::INFINITY);
    let expected = Err(trap(TrapKind::Infinite, 49_000));
    assert_eq!(run(&bad), (expected, expected));
    bad[0][49_000] = 0.0;
    let expected = Err(trap(TrapKind::Nan, 30_000));
    assert_eq!(run(&bad), (expected, expected));
    // The second moment overflows, and in SGD the velocity; another place's parameter did before.
    let mut huge = good.clone();
    (huge[3][7], huge[0][40_000], huge[1][40_000]) = (f32::MAX, 3e38, 3.4e38);
    let (adam, sgd) = run(&huge);
    assert_eq!((adam, sgd.is_err()), (Err(trap(TrapKind::Infinite, 40_000)), true));
    bad[3][0] = 0.0;
    bad[1][30_000] = 0.0;
    assert_eq!(run(&bad), (Ok(()), Ok(())));
}

#[test]
fn the_norm_and_the_clipping_are_those_of_the_reference() {
    let [_, _, _, good] = tensors(83);
    let run = |g: &[f32]| {
        let square = agree("square", |backend| backend.clip_norm_square(g).map(f32::to_bits));
        let clipped = agree("clip", |backend| {
            let mut g = g.to_vec();
            backend.clip_norm_apply(0.37, &mut g).map(|()| bits(&g))
        });
        (square, clipped.map(drop))
    };
    let (square, clipped) = run(&good);
    assert_eq!((square.unwrap(), clipped), (ClipNorm::square(&good).unwrap().to_bits(), Ok(())));
    assert_eq!(run(&[1e-38; 9]), (Ok(0), Ok(())));
    assert_eq!(run(&[]).0.map_err(|error| matches!(error, Error::Refused(_))), Err(true));
    let mut bad = good.clone();
    (bad[45_000], bad[44_999]) = (f32::NAN, f32::NEG_INFINITY);
    let expected = trap(TrapKind::Infinite, 44_999);
    assert_eq!(run(&bad), (Err(expected), Err(expected)));
    // The square norm overflows, the elements do not; nor are they made smaller than they are.
    assert_eq!(run(&[3e38; 5_000]).0, Err(trap(TrapKind::Infinite, 0)));
    let result = agree("growing", |backend| backend.clip_norm_apply(2.0, &mut [1.0, 3e38, 3e38]));
    assert_eq!(result, Err(trap(TrapKind::Infinite, 1)));
}

#[test]
fn means_are_those_of_the_reference() {
    let floats = Random::new(84).floats(LEN, 1.0);
    let mut sums: Vec<i64> = floats.iter().map(|x| (f64::from(*x) * 4e18) as i64).collect();
    let edges = [0, 1, -1, i64::MAX, i64::MIN, (1 << 24) + 1, (1 << 25) + 2, (1 << 53) + 1];
    sums[..edges.len()].copy_from_slice(&edges);
    for count in [0, 1, 3, 4096, u32::MAX] {
        for len in [LEN, LEN - 1] {
            let result = agree("means", |backend| {
                let mut y = poisoned(LEN);
                backend.means(&sums[..len], count, &mut y).map(|()| bits(&y))
            });
            assert_eq!(result.is_ok(), count > 0 && len == LEN);
        }
    }
}
