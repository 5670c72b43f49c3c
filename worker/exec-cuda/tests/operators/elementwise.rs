//! Operators on elements, and the steps of optimizers.

use assay_exact::{
    AdamMoments, AdamPowers, AdamStep, Add, ClipNorm, Error, Gelu, Mul, SgdStep, SiluMul, Tanh, TrapKind,
};
use assay_exec::Backend;

use super::{agree, bits, poisoned, trap, Random};

/// No multiple of a block or a vector.
const LEN: usize = 3_011;

/// Values of every size: each range of the contract's functions, both zeros, denormals.
fn values(random: &mut Random) -> Vec<f32> {
    let mut x = random.floats(LEN, 12.0);
    let small = [0.0, -0.0, 1e-40, -1e-40, 1e-20, -1e-20, 0.75, -0.75, 87.0, -87.5, 88.5, -200.0, 3e4, -3e18];
    x[..small.len()].copy_from_slice(&small);
    x[LEN - small.len()..].copy_from_slice(&small);
    x
}

type Operator = fn(&dyn Backend, [&[f32]; 3], [&mut [f32]; 2]) -> Result<(), Error>;

/// Each takes as many of three inputs, and writes as many of two outputs, as it has.
const OPERATORS: [(&str, Operator); 9] = [
    ("Gelu", |backend, [_, x, _], [y, _]| backend.gelu_forward(&Gelu::new(LEN)?, x, y)),
    ("Tanh", |backend, [_, x, _], [y, _]| backend.tanh_forward(&Tanh::new(LEN)?, x, y)),
    ("Add", |backend, [a, b, _], [y, _]| backend.add_forward(&Add::new(LEN)?, a, b, y)),
    ("Mul", |backend, [a, b, _], [y, _]| backend.mul_forward(&Mul::new(LEN)?, a, b, y)),
    ("SiluMul", |backend, [u, x, _], [y, _]| backend.silu_mul_forward(&SiluMul::new(LEN)?, x, u, y)),
    ("Gelu backward", |backend, [dy, x, _], [dx, _]| backend.gelu_backward(&Gelu::new(LEN)?, dy, x, dx)),
    ("Tanh backward", |backend, [dy, _, y], [dx, _]| backend.tanh_backward(&Tanh::new(LEN)?, dy, y, dx)),
    ("Mul backward", |backend, [dy, a, b], [da, db]| backend.mul_backward(&Mul::new(LEN)?, dy, a, b, da, db)),
    ("SiluMul backward", |backend, [dy, x, u], [dx, du]| {
        backend.silu_mul_backward(&SiluMul::new(LEN)?, dy, x, u, dx, du)
    }),
];

fn compute(name: &str, run: Operator, inputs: [&[f32]; 3]) -> Result<(Vec<u32>, Vec<u32>), Error> {
    agree(name, |backend| {
        let (mut first, mut second) = (poisoned(LEN), poisoned(LEN));
        run(backend, inputs, [&mut first, &mut second])?;
        Ok((bits(&first), bits(&second)))
    })
}

#[test]
fn elements_are_those_of_the_reference() {
    let mut random = Random::new(121);
    let (values, u, unit) = (values(&mut random), random.floats(LEN, 3.0), random.floats(LEN, 1.0));
    for (name, run) in OPERATORS {
        assert!(compute(name, run, [&u, &values, &unit]).is_ok(), "{name}");
        assert!(compute(name, run, [&unit, &values, &u]).is_ok(), "{name}");
    }
}

#[test]
fn what_is_not_finite_is_the_trap_of_the_reference() {
    let mut random = Random::new(122);
    let good = random.floats(LEN, 1.0);
    for (name, run) in OPERATORS {
        let mut traps = 0;
        for (operand, at, bad) in
            [(0, 7, f32::NAN), (1, LEN - 1, f32::NEG_INFINITY), (2, 1_500, f32::INFINITY)]
        {
            let mut inputs = [(); 3].map(|()| good.clone());
            inputs[operand][at] = bad;
            let inputs = inputs.each_ref().map(Vec::as_slice);
            traps += usize::from(compute(name, run, inputs).is_err());
        }
        assert!(traps > 0, "{name}");
    }
    let mut huge = good;
    huge[2_999] = 3e38;
    let expected = trap(TrapKind::Infinite, 2_999);
    for (name, run) in &OPERATORS[2..4] {
        assert_eq!(compute(name, *run, [&huge, &huge, &huge]), Err(expected), "{name}");
    }
}

#[test]
fn steps_of_optimizers_are_those_of_the_reference() {
    let mut random = Random::new(123);
    let mut g = random.floats(LEN, 0.5);
    (g[0], g[1], g[2], g[LEN - 1]) = (0.0, -0.0, 1e-40, 1e4);
    let (start, first, second) = (random.floats(LEN, 1.0), random.floats(LEN, 0.1), random.floats(LEN, 0.1));
    let second: Vec<f32> = second.into_iter().map(f32::abs).collect();
    let sgd = SgdStep::new(LEN, 0.9, 0.01).unwrap();
    let adam = AdamStep::new(0.9, 0.999, 1e-8, 0.1).unwrap();
    let powers = [adam.advance(AdamPowers::START), adam.advance(adam.advance(AdamPowers::START))];
    for bad in [false, true] {
        if bad {
            g[2_000] = f32::NAN;
        }
        let stepped = agree("SgdStep", |backend| {
            let (mut velocity, mut parameter) = (first.clone(), start.clone());
            backend.sgd_step_forward(&sgd, 0.05, &g, &mut velocity, &mut parameter)?;
            Ok((bits(&velocity), bits(&parameter)))
        });
        assert_eq!(stepped.is_err(), bad);
        for powers in powers {
            let stepped = agree("AdamStep", |backend| {
                let (mut m, mut v, mut parameter) = (first.clone(), second.clone(), start.clone());
                let mut moments = AdamMoments { first: &mut m, second: &mut v };
                backend.adam_step_forward(&adam, 1e-3, powers, &g, &mut moments, &mut parameter)?;
                Ok((bits(&m), bits(&v), bits(&parameter)))
            });
            assert_eq!(stepped.is_err(), bad);
        }
    }
}

#[test]
fn means_of_sums_are_those_of_the_reference() {
    let mut random = Random::new(125);
    let mut sums: Vec<i64> =
        random.floats(LEN, 1.0).into_iter().map(|x| (f64::from(x) * (1_u64 << 60) as f64) as i64).collect();
    sums[..6].copy_from_slice(&[0, 1, -1, (1 << 40) + 1, i64::MAX, i64::MIN]);
    for count in [1, 3, 16_777_217, u32::MAX] {
        let means = agree("means", |backend| {
            let mut y = poisoned(LEN);
            backend.means(&sums, count, &mut y)?;
            Ok(bits(&y))
        });
        assert!(means.is_ok());
    }
}

#[test]
fn a_clipped_gradient_is_that_of_the_reference() {
    let mut random = Random::new(124);
    for len in [1, 31, 70_001] {
        let mut g = random.floats(len, 2.0);
        g[len / 2] = -12_000.0;
        let square = agree("ClipNorm's square", |backend| backend.clip_norm_square(&g).map(f32::to_bits));
        let factor =
            ClipNorm::new(1.0).unwrap().factor([f32::from_bits(square.unwrap())].into_iter()).unwrap();
        let clipped = agree("ClipNorm's factor", |backend| {
            let mut g = g.clone();
            backend.clip_norm_apply(factor, &mut g)?;
            Ok(bits(&g))
        });
        assert!(clipped.is_ok());
        g[len - 1] = f32::INFINITY;
        let bad = agree("ClipNorm's square", |backend| backend.clip_norm_square(&g).map(f32::to_bits));
        assert_eq!(bad, Err(trap(TrapKind::Infinite, len - 1)));
    }
}
