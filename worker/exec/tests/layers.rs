//! Elementwise operators and norms against the reference, and the choice of a path.

mod random;

use assay_exact::{Add, Error, Gelu, LayerNorm, Mul, RmsNorm, SiluMul, Tanh, TrapKind};
use assay_exec::{Backend, Cpu, Path, StartError, UnknownPath};
use random::{agree, bits, poisoned, trap, Random};

/// Long enough for several pieces, and no multiple of a register.
const LEN: usize = 20_011;

/// Values of every size: each range of the contract's functions, both zeros, denormals.
fn values(random: &mut Random) -> Vec<f32> {
    let mut x = random.floats(LEN, 12.0);
    let small = [0.0, -0.0, 1e-40, -1e-40, 1e-20, -1e-20, 0.75, -0.75, 87.0, -87.5, 88.5, -200.0, 3e4, -3e18];
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
    assert!(silu.is_ok() && mul.is_ok());
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
