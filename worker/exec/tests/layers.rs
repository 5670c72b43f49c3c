//! Elementwise operators and norms against the reference, and the choice of a path.

mod random;

use assay_exact::{
    Add, Error, FixedPoint, Gelu, LayerNorm, LayerNormStats, Mul, RmsNorm, SiluMul, Tanh, TrapKind,
};
use assay_exec::{Backend, Cpu, Path, StartError, UnknownPath};
use random::{agree, bits, poisoned, trap, Random};

/// Long enough for several pieces, and no multiple of a register.
const LEN: usize = 20_011;

/// Values of every size: each range of the contract's functions, both zeros, denormals.
fn values(random: &mut Random) -> Vec<f32> {
    let mut x = random.floats(LEN, 12.0);
    let small = [
        0.0,
        -0.0,
        1e-40,
        -1e-40,
        1e-20,
        -1e-20,
        0.562_499_94,
        -0.5625,
        0.75,
        -0.75,
        87.0,
        -87.5,
        88.5,
        -200.0,
        3e4,
        -3e18,
    ];
    x[..small.len()].copy_from_slice(&small);
    x[LEN - small.len()..].copy_from_slice(&small);
    x
}

type Unary = fn(&dyn Backend, &[f32], &mut [f32]) -> Result<(), Error>;
type Binary = fn(&dyn Backend, &[f32], &[f32], &mut [f32]) -> Result<(), Error>;

const UNARY: [(&str, Unary); 2] = [
    ("Gelu", |backend, x, y| backend.gelu_forward(&Gelu::new(LEN)?, x, y)),
    ("Tanh", |backend, x, y| backend.tanh_forward(&Tanh::new(LEN)?, x, y)),
];
const BINARY: [(&str, Binary); 4] = [
    ("Add", |backend, a, b, y| backend.add_forward(&Add::new(LEN)?, a, b, y)),
    ("Mul", |backend, a, b, y| backend.mul_forward(&Mul::new(LEN)?, a, b, y)),
    ("SiluMul", |backend, x, u, y| backend.silu_mul_forward(&SiluMul::new(LEN)?, x, u, y)),
    ("Gelu backward", |backend, dy, x, dx| backend.gelu_backward(&Gelu::new(LEN)?, dy, x, dx)),
];

#[test]
fn elementwise_operators_give_the_bytes_of_the_reference() {
    let mut random = Random::new(21);
    let (x, u) = (values(&mut random), random.floats(LEN, 3.0));
    for (name, run) in UNARY {
        let result = agree(name, |backend| {
            let mut y = poisoned(LEN);
            run(backend, &x, &mut y).map(|()| bits(&y))
        });
        assert!(result.is_ok(), "{name}");
    }
    for (name, run) in BINARY {
        let result = agree(name, |backend| {
            let mut y = poisoned(LEN);
            run(backend, &u, &x, &mut y).map(|()| bits(&y))
        });
        assert!(result.is_ok(), "{name}");
    }
    let result = agree("SiluMul with values of every size as the gate", |backend| {
        let mut y = poisoned(LEN);
        backend.silu_mul_forward(&SiluMul::new(LEN)?, &x, &u, &mut y)?;
        Ok(bits(&y))
    });
    assert!(result.is_ok());
}

#[test]
fn operators_with_two_gradients_give_the_bytes_of_the_reference() {
    let mut random = Random::new(22);
    let (x, u, dy) = (values(&mut random), random.floats(LEN, 3.0), random.floats(LEN, 1.0));
    let silu = agree("SiluMul backward", |backend| {
        let (mut dx, mut du) = (poisoned(LEN), poisoned(LEN));
        backend.silu_mul_backward(&SiluMul::new(LEN)?, &dy, &x, &u, &mut dx, &mut du)?;
        Ok((bits(&dx), bits(&du)))
    });
    let mul = agree("Mul backward", |backend| {
        let (mut da, mut db) = (poisoned(LEN), poisoned(LEN));
        backend.mul_backward(&Mul::new(LEN)?, &dy, &x, &u, &mut da, &mut db)?;
        Ok((bits(&da), bits(&db)))
    });
    let swapped = agree("SiluMul backward with values of every size beside the gate", |backend| {
        let (mut dx, mut du) = (poisoned(LEN), poisoned(LEN));
        backend.silu_mul_backward(&SiluMul::new(LEN)?, &u, &dy, &x, &mut dx, &mut du)?;
        Ok((bits(&dx), bits(&du)))
    });
    assert!(silu.is_ok() && mul.is_ok() && swapped.is_ok());
    for (bad, operand) in [(f32::NAN, 0), (f32::INFINITY, 1), (f32::NEG_INFINITY, 1), (f32::INFINITY, 2)] {
        let mut operands = [dy.clone(), x.clone(), u.clone()];
        operands[operand][LEN - 9] = bad;
        let result = agree("SiluMul backward of what is not finite", |backend| {
            let [dy, x, u] = &operands;
            let (mut dx, mut du) = (poisoned(LEN), poisoned(LEN));
            backend.silu_mul_backward(&SiluMul::new(LEN)?, dy, x, u, &mut dx, &mut du)
        });
        let kind = if bad.is_nan() { TrapKind::Nan } else { TrapKind::Infinite };
        assert_eq!(result, Err(trap(kind, LEN - 9)));
    }
}

#[test]
fn what_is_not_finite_traps_even_where_the_output_would_be() {
    let good = Random::new(29).floats(LEN, 1.0);
    for (bad, at) in [(f32::NAN, 12_345), (f32::INFINITY, LEN - 9), (f32::NEG_INFINITY, 3)] {
        let mut x = good.clone();
        x[at] = bad;
        let kind = if bad.is_nan() { TrapKind::Nan } else { TrapKind::Infinite };
        for (name, run) in UNARY {
            let result = agree(name, |backend| {
                let mut y = poisoned(LEN);
                run(backend, &x, &mut y).map(|()| bits(&y))
            });
            assert_eq!(result, Err(trap(kind, at)), "{name} of {bad}");
        }
    }
}

#[test]
fn a_trap_names_the_first_bad_operand_even_if_another_is_bad_earlier() {
    let mut random = Random::new(23);
    let (good, mut a, mut b) = (random.floats(LEN, 1.0), random.floats(LEN, 1.0), random.floats(LEN, 1.0));
    (a[19_000], a[12_345]) = (f32::NAN, f32::NEG_INFINITY);
    b[2] = f32::NAN;
    for (name, run) in BINARY {
        let trapped = |a: &[f32], b: &[f32]| {
            agree(name, |backend| {
                let mut y = poisoned(LEN);
                run(backend, a, b, &mut y).map(|()| bits(&y))
            })
        };
        assert_eq!(trapped(&a, &b), Err(trap(TrapKind::Infinite, 12_345)), "{name}");
        assert_eq!(trapped(&good, &b), Err(trap(TrapKind::Nan, 2)), "{name}");
    }
    // Outputs come after inputs: 3e38 + 3e38 at 1 loses to the infinity at 12,345 of the input.
    let mut huge = good.clone();
    (huge[1], huge[5000]) = (3e38, 3e38);
    for (other, expected) in [(&a, trap(TrapKind::Infinite, 12_345)), (&huge, trap(TrapKind::Infinite, 1))] {
        let result = agree("Add", |backend| {
            let mut y = poisoned(LEN);
            backend.add_forward(&Add::new(LEN)?, &huge, other, &mut y).map(|()| bits(&y))
        });
        assert_eq!(result, Err(expected));
    }
}

#[test]
fn wrong_lengths_are_refused_as_by_the_reference() {
    let x = vec![1.0; LEN];
    for (name, run) in UNARY {
        let result = agree(name, |backend| {
            let mut y = poisoned(LEN);
            run(backend, &x[1..], &mut y).map(|()| bits(&y))
        });
        assert!(matches!(result, Err(Error::Refused(_))), "{name}");
    }
}

#[test]
fn norms_give_the_bytes_of_the_reference() {
    let mut random = Random::new(24);
    let mut shapes = vec![(1, 1), (1, 400), (33, 7), (2, 65_536)];
    shapes.extend((0..6).map(|_| (random.dimension(60), random.dimension(90))));
    for (rows, cols) in shapes {
        let mut x = random.planted(rows, cols);
        x[0] = 3000.0;
        let (gamma, beta) = (random.floats(cols, 2.0), random.floats(cols, 1.0));
        let layer = agree("LayerNorm", |backend| {
            let (mut y, mut mean, mut rstd) = (poisoned(rows * cols), poisoned(rows), poisoned(rows));
            let op = LayerNorm::new(rows, cols, 1e-12)?;
            backend.layer_norm_forward(&op, &x, &gamma, &beta, &mut y, &mut mean, &mut rstd)?;
            Ok((bits(&y), bits(&mean), bits(&rstd)))
        });
        let rms = agree("RmsNorm", |backend| {
            let (mut y, mut rstd) = (poisoned(rows * cols), poisoned(rows));
            backend.rms_norm_forward(&RmsNorm::new(rows, cols, 1e-6)?, &x, &gamma, &mut y, &mut rstd)?;
            Ok((bits(&y), bits(&rstd)))
        });
        assert!(layer.is_ok() && rms.is_ok(), "{rows} × {cols}");
    }
}

#[test]
fn norms_trap_as_the_reference_does() {
    let mut random = Random::new(25);
    let (rows, cols) = (30, 16);
    let x = random.floats(rows * cols, 1.0);
    let (mut bad, mut bad_gamma) = (x.clone(), vec![1.0; cols]);
    (bad[200], bad_gamma[3]) = (f32::NAN, f32::INFINITY);
    let op = RmsNorm::new(rows, cols, 1e-6).unwrap();
    for (x, expected) in [(&bad, trap(TrapKind::Nan, 200)), (&x, trap(TrapKind::Infinite, 3))] {
        let result = agree("RmsNorm", |backend| {
            let (mut y, mut rstd) = (poisoned(rows * cols), poisoned(rows));
            backend.rms_norm_forward(&op, x, &bad_gamma, &mut y, &mut rstd)?;
            Ok(bits(&y))
        });
        assert_eq!(result, Err(expected));
    }
    // Without ε a row of zeros has no reciprocal.
    let mut zeros = x;
    zeros[5 * cols..6 * cols].fill(0.0);
    let op = LayerNorm::new(rows, cols, 0.0).unwrap();
    let result = agree("LayerNorm", |backend| {
        let (mut y, mut mean, mut rstd) = (poisoned(rows * cols), poisoned(rows), poisoned(rows));
        let (one, none) = (vec![1.0; cols], vec![0.0; cols]);
        backend.layer_norm_forward(&op, &zeros, &one, &none, &mut y, &mut mean, &mut rstd)?;
        Ok(bits(&y))
    });
    assert_eq!(result, Err(trap(TrapKind::Nan, 5 * cols)));
}

/// The operands of a norm's backward form.
struct Norm {
    rows: usize,
    cols: usize,
    dy: Vec<f32>,
    x: Vec<f32>,
    gamma: Vec<f32>,
    mean: Vec<f32>,
    rstd: Vec<f32>,
}

/// Bits of dx, dγ and dβ, or what each operator gave instead.
type NormGradients = [Result<Vec<u64>, Error>; 2];

impl Norm {
    fn new(random: &mut Random, rows: usize, cols: usize) -> Self {
        let [mut dy, mut x] = [(); 2].map(|()| random.planted(rows, cols));
        // What stays within fixed point, with every other size.
        dy.iter_mut().chain(&mut x).for_each(|x| *x = if x.abs() > 10.0 { -9.5 } else { *x });
        let (gamma, mean) = (random.floats(cols, 2.0), random.floats(rows, 0.1));
        let rstd = random.floats(rows, 0.5).iter().map(|x| x.abs() + 0.1).collect();
        Self { rows, cols, dy, x, gamma, mean, rstd }
    }

    fn layer(&self) -> NormGradients {
        let Self { rows, cols, dy, x, gamma, mean, rstd } = self;
        let (op, fixed) = (LayerNorm::new(*rows, *cols, 1e-12).unwrap(), FixedPoint::new(1).unwrap());
        let stats = LayerNormStats { mean, rstd };
        let input = agree("LayerNorm dx", |backend| {
            let mut dx = poisoned(rows * cols);
            backend.layer_norm_backward_input(&op, dy, x, gamma, &stats, &mut dx)?;
            Ok(dx.iter().map(|x| u64::from(x.to_bits())).collect())
        });
        let weights = agree("LayerNorm dγ and dβ", |backend| {
            let (mut dgamma, mut dbeta) = (vec![3i64; *cols], vec![-3i64; *cols]);
            backend.layer_norm_backward_weight(&op, dy, x, &stats, &fixed, &mut dgamma, &mut dbeta)?;
            Ok(dgamma.iter().chain(&dbeta).map(|sum| *sum as u64).collect())
        });
        [input, weights]
    }

    fn rms(&self) -> NormGradients {
        let Self { rows, cols, dy, x, gamma, rstd, .. } = self;
        let (op, fixed) = (RmsNorm::new(*rows, *cols, 1e-6).unwrap(), FixedPoint::new(1).unwrap());
        let input = agree("RmsNorm dx", |backend| {
            let mut dx = poisoned(rows * cols);
            backend.rms_norm_backward_input(&op, dy, x, gamma, rstd, &mut dx)?;
            Ok(dx.iter().map(|x| u64::from(x.to_bits())).collect())
        });
        let weights = agree("RmsNorm dγ", |backend| {
            let mut dgamma = vec![3i64; *cols];
            backend.rms_norm_backward_weight(&op, dy, x, rstd, &fixed, &mut dgamma)?;
            Ok(dgamma.iter().map(|sum| *sum as u64).collect())
        });
        [input, weights]
    }
}

#[test]
fn gradients_of_norms_are_those_of_the_reference() {
    let mut random = Random::new(26);
    let mut shapes = vec![(1, 1), (1, 400), (33, 7), (70, 64), (300, 17)];
    shapes.extend((0..4).map(|_| (random.dimension(60), random.dimension(90))));
    for (rows, cols) in shapes {
        let norm = Norm::new(&mut random, rows, cols);
        for result in norm.layer().into_iter().chain(norm.rms()) {
            assert!(result.is_ok(), "{rows} × {cols}: {result:?}");
        }
    }
}

#[test]
fn gradients_of_norms_trap_as_the_reference_does() {
    let mut random = Random::new(27);
    let good = || Norm::new(&mut Random::new(28), 30, 20);
    let at = random.dimension(500);
    let mut norm = good();
    (norm.dy[at], norm.x[0]) = (f32::NEG_INFINITY, f32::NAN);
    let expected = Err(trap(TrapKind::Infinite, at));
    assert_eq!(
        (norm.layer(), norm.rms()),
        ([expected.clone(), expected.clone()], [expected.clone(), expected])
    );
    let mut norm = good();
    norm.gamma[5] = f32::NAN;
    let expected = Err(trap(TrapKind::Nan, 5));
    assert_eq!((norm.layer()[0].clone(), norm.rms()[0].clone()), (expected.clone(), expected));
    // More than fixed point has room for, in two columns.
    let mut norm = good();
    (0..30).for_each(|r| (norm.dy[r * 20 + 7], norm.dy[r * 20 + 18]) = (500.0, 500.0));
    norm.x.fill(2.0);
    norm.rstd.fill(1.0);
    let [_, weights] = norm.rms();
    assert_eq!(weights, Err(trap(TrapKind::Bound, 7)));
    let [_, weights] = norm.layer();
    assert!(matches!(weights, Err(Error::Trap(_))), "{weights:?}");
}

#[test]
fn a_path_is_chosen_by_name_and_only_if_the_processor_has_it() {
    assert_eq!("avx512".parse::<Path>(), Err(UnknownPath("avx512".into())));
    assert!(Path::Scalar.is_available());
    for path in Path::ALL {
        assert_eq!(path.to_string().parse(), Ok(path));
        match Cpu::new(path, 3) {
            Ok(cpu) => assert_eq!((cpu.path(), cpu.threads(), path.is_available()), (path, 3, true)),
            Err(error) => assert_eq!((error, path.is_available()), (StartError::Path(path), false)),
        }
    }
    let available = Path::ALL.into_iter().filter(|path| path.is_available());
    assert_eq!(available.into_iter().next_back(), Some(Path::best()));
}
