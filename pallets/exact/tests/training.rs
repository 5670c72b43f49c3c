//! Fixed-point sums, clipping, optimizers, and that no split of the work changes a byte.
#![allow(clippy::disallowed_methods, clippy::needless_range_loop)] // f64 functions serve as the oracle.

mod random;

use assay_exact::{
    mean, means, AdamMoments, AdamPowers, AdamStep, ClipNorm, EmbedGather, EmbedScatterAdd, Error,
    FixedPoint, Gelu, Linear, Precision, QuantisedMut, Refused, Rope, RopeTable, Scratch, SgdStep, SiluMul,
    Tanh, Trap, TrapKind, MAX_ADDENDS,
};
use random::Random;

#[test]
fn floats_convert_to_the_values_of_the_integer_model() {
    let fixed = FixedPoint::new(1).unwrap();
    for (bits, expected) in [
        (0x3DCC_CCCD, 109_951_164_416),
        (0xC47F_FFFE, -1_125_899_772_624_896),
        (0x2B00_0000, 0),
        (0x2BC0_0000, 2),
        (0x9E3C_E508, 0),
        (0x3F80_0000, 1_099_511_627_776i64),
    ] {
        assert_eq!(fixed.convert(f32::from_bits(bits)), Ok(expected));
        assert_eq!(fixed.convert(-f32::from_bits(bits)), Ok(-expected));
    }
    assert_eq!(mean(109_951_164_416, 1), 0.1);
    assert_eq!(mean(3 << 40, 4), 0.75);
}

#[test]
fn the_limit_leaves_room_for_every_addend() {
    for (addends, limit) in [(1, 1024.0), (4096, 1024.0), (4097, 512.0), (8192, 512.0), (MAX_ADDENDS, 1.0f32)]
    {
        let fixed = FixedPoint::new(addends).unwrap();
        assert_eq!(fixed.limit(), limit);
        let largest = f32::from_bits(limit.to_bits() - 1);
        let addend = i128::from(fixed.convert(largest).unwrap());
        assert!(addend * i128::from(addends) < 1 << 62);
        assert_eq!(fixed.convert(limit), Err(TrapKind::Bound));
        assert_eq!(fixed.convert(-limit), Err(TrapKind::Bound));
        assert_eq!(fixed.convert(f32::NEG_INFINITY), Err(TrapKind::Infinite));
        assert_eq!(fixed.convert(f32::NAN), Err(TrapKind::Nan));
    }
    assert!(FixedPoint::new(0).is_err());
    assert!(matches!(FixedPoint::new(MAX_ADDENDS + 1).err(), Some(Refused::Limit { .. })));
    assert!(means(&[1], 0, &mut [0.0]).is_err());
}

/// dW and db of `units` sequences, those of each shard summed first.
fn sharded(x: &[f32], dy: &[f32], units: usize, shards: usize) -> Vec<i64> {
    let (tokens, inputs, outputs) = (5, 12, 7);
    let op = Linear::new(tokens, inputs, outputs, Precision::I15).unwrap();
    let fixed = FixedPoint::new(units as u64).unwrap();
    let mut memory = (vec![0; 200], vec![0.0; 12], vec![0; 200], vec![0.0; 12]);
    let mut scratch = Scratch {
        left: QuantisedMut { planes: &mut memory.0, scales: &mut memory.1 },
        right: QuantisedMut { planes: &mut memory.2, scales: &mut memory.3 },
    };
    let mut total = vec![0i64; outputs * inputs + outputs];
    for shard in (0..shards).rev() {
        let (mut dw, mut db) = (vec![0; outputs * inputs], vec![0; outputs]);
        for unit in (0..units).filter(|unit| unit % shards == shard) {
            let (x, dy) = (
                &x[unit * tokens * inputs..][..tokens * inputs],
                &dy[unit * tokens * outputs..][..tokens * outputs],
            );
            op.backward_weight(dy, x, &fixed, &mut scratch, &mut dw).unwrap();
            op.backward_bias(dy, &fixed, &mut db).unwrap();
        }
        for (total, part) in total.iter_mut().zip(dw.iter().chain(&db)) {
            *total += part;
        }
    }
    total
}

#[test]
fn gradients_are_the_same_for_any_number_of_shards() {
    let mut random = Random::new(40);
    let units = 14;
    let (x, dy) = (random.floats(units * 5 * 12, 3.0), random.floats(units * 5 * 7, 0.1));
    let whole = sharded(&x, &dy, units, 1);
    assert!(whole.iter().any(|sum| *sum != 0));
    for shards in [2, 7, 14] {
        assert_eq!(sharded(&x, &dy, units, shards), whole);
    }
}

#[test]
fn scattered_rows_come_back_by_gathering() {
    let mut random = Random::new(41);
    let dy = random.floats(3 * 4, 1.0);
    let mut table = vec![0; 5 * 4];
    let fixed = FixedPoint::new(6).unwrap();
    let op = EmbedScatterAdd::new(3, 5, 4).unwrap();
    op.add(&[4, 0, 4], &dy, &fixed, &mut table).unwrap();
    let row = |sums: &[i64]| sums.iter().map(|s| mean(*s, 1)).collect::<Vec<f32>>();
    let expected: Vec<f32> = (0..4).map(|c| (f64::from(dy[c]) + f64::from(dy[8 + c])) as f32).collect();
    for (got, expected) in row(&table[16..]).iter().zip(&expected) {
        assert!((got - expected).abs() < 1e-6);
    }
    assert!(table[4..16].iter().all(|sum| *sum == 0));
    op.subtract(&[4, 0, 4], &dy, &fixed, &mut table).unwrap();
    assert!(table.iter().all(|sum| *sum == 0));
    let mut y = [f32::NAN; 4];
    EmbedGather::new(2, 5, 2).unwrap().forward(&[3, 1], &random.floats(10, 1.0), &mut y).unwrap();
    assert!(y.iter().all(|y| y.is_finite()));
}

#[test]
fn clipping_brings_the_joint_norm_to_the_limit() {
    let mut random = Random::new(42);
    let mut tensors = [random.floats(500, 1.0), random.floats(31, 10.0), vec![0.0; 4]];
    let norm =
        |tensors: &[Vec<f32>]| tensors.iter().flatten().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
    let squares: Vec<f32> = tensors.iter().map(|t| ClipNorm::square(t).unwrap()).collect();
    assert_eq!(squares[2], 0.0);
    assert_eq!(ClipNorm::new(1e4).unwrap().factor(squares.iter().copied()), Ok(1.0));
    let factor = ClipNorm::new(2.0).unwrap().factor(squares.iter().copied()).unwrap();
    for tensor in &mut tensors {
        ClipNorm::apply(factor, tensor).unwrap();
    }
    assert!((norm(&tensors) - 2.0).abs() < 1e-3, "{}", norm(&tensors));
    let trap = Error::Trap(Trap { kind: TrapKind::Infinite, index: 0 });
    assert_eq!(ClipNorm::square(&[f32::MAX, 1.0]), Err(trap));
    assert!(ClipNorm::new(0.0).is_err());
}

#[test]
fn adam_follows_float_and_forgets_tiny_moments() {
    let op = AdamStep::new(0.9, 0.999, 1e-8, 0.1).unwrap();
    let (mut parameter, mut first, mut second) = ([0.5f32, -2.0, 1.0], [0.0f32; 3], [0.0f32; 3]);
    let (mut p, mut m, mut v) = ([0.5f64, -2.0, 1.0], [0.0f64; 3], [0.0f64; 3]);
    let mut powers = AdamPowers::START;
    for step in 1..=20 {
        powers = op.advance(powers);
        let gradient = [0.3 / step as f32, -1.0, 1e-18];
        let mut moments = AdamMoments { first: &mut first, second: &mut second };
        op.forward(1e-2, powers, &gradient, &mut moments, &mut parameter).unwrap();
        for i in 0..3 {
            let g = f64::from(gradient[i]);
            m[i] = 0.9 * m[i] + 0.1 * g;
            v[i] = 0.999 * v[i] + 0.001 * g * g;
            let (mh, vh) = (m[i] / (1.0 - 0.9f64.powi(step)), v[i] / (1.0 - 0.999f64.powi(step)));
            p[i] -= 1e-2 * (mh / (vh.sqrt() + 1e-8) + 0.1 * p[i]);
        }
    }
    for (got, want) in parameter.iter().zip(p) {
        assert!((f64::from(*got) - want).abs() < 1e-5, "{got} against {want}");
    }
    // 0.001·10⁻³⁶ is below 2⁻¹⁰⁰ ≈ 7.9·10⁻³¹.
    assert_eq!(second[2].to_bits(), 0);
    assert!(first[2] > 0.0);
    for (beta1, beta2, epsilon) in
        [(1.0, 0.9, 1e-8), (0.9, -0.1, 1e-8), (0.9, 0.9, 0.0), (f32::NAN, 0.9, 1e-8)]
    {
        assert!(AdamStep::new(beta1, beta2, epsilon, 0.0).is_err());
    }
}

#[test]
fn sgd_with_momentum_follows_its_expression() {
    let op = SgdStep::new(2, 0.5, 0.25).unwrap();
    let (mut parameter, mut velocity) = ([1.0f32, -4.0], [0.0f32; 2]);
    op.forward(0.5, &[1.0, 2.0], &mut velocity, &mut parameter).unwrap();
    assert_eq!((velocity, parameter), ([1.25, 1.0], [0.375, -4.5]));
    op.forward(0.5, &[0.0, 0.0], &mut velocity, &mut parameter).unwrap();
    assert_eq!((velocity, parameter), ([0.718_75, -0.625], [0.015_625, -4.1875]));
    let op = SgdStep::new(1, 0.5, 0.0).unwrap();
    let mut velocity = [1e-30f32];
    op.forward(0.0, &[0.0], &mut velocity, &mut [1.0]).unwrap();
    assert_eq!(velocity[0].to_bits(), 0);
}

/// The slope of `f` at `x` in f64.
fn slope(f: impl Fn(f64) -> f64, x: f64) -> f64 {
    (f(x + 1e-5) - f(x - 1e-5)) / 2e-5
}

#[test]
fn gradients_of_activations_are_the_slopes_of_the_functions() {
    let mut random = Random::new(43);
    let n = 2000;
    let (x, u, dy) = (random.floats(n, 6.0), random.floats(n, 2.0), vec![1.0; n]);
    let (mut dx, mut du, mut y) = (vec![f32::NAN; n], vec![f32::NAN; n], vec![f32::NAN; n]);
    let silu = |x: f64| x / (1.0 + (-x).exp());
    let near = |got: f32, want: f64| (f64::from(got) - want).abs() < 1e-5 * want.abs().max(1.0);

    SiluMul::new(n).unwrap().forward(&x, &u, &mut y).unwrap();
    SiluMul::new(n).unwrap().backward(&dy, &x, &u, &mut dx, &mut du).unwrap();
    for i in 0..n {
        let (x, u) = (f64::from(x[i]), f64::from(u[i]));
        assert!(near(y[i], silu(x) * u) && near(dx[i], u * slope(silu, x)) && near(du[i], silu(x)));
    }
    Tanh::new(n).unwrap().forward(&x, &mut y).unwrap();
    Tanh::new(n).unwrap().backward(&dy, &y, &mut dx).unwrap();
    for i in 0..n {
        assert!(near(y[i], f64::from(x[i]).tanh()) && near(dx[i], slope(f64::tanh, f64::from(x[i]))));
    }
    // Φ has no closed form in std: its slope is the density, and GELU(x) − GELU(−x) = x.
    let mut mirrored = vec![f32::NAN; n];
    let minus: Vec<f32> = x.iter().map(|x| -x).collect();
    Gelu::new(n).unwrap().forward(&x, &mut y).unwrap();
    Gelu::new(n).unwrap().forward(&minus, &mut mirrored).unwrap();
    Gelu::new(n).unwrap().backward(&dy, &x, &mut dx).unwrap();
    for i in 0..n {
        assert!(near(y[i] - mirrored[i], f64::from(x[i])));
        let wide = f64::from(x[i]);
        let (cumulative, density) = assay_exact::float::normal(x[i]);
        assert!(near(density, (-wide * wide / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()));
        assert!(near(dx[i], f64::from(cumulative) + wide * f64::from(density)));
    }
}

#[test]
fn rotation_backward_undoes_rotation_forward() {
    let mut random = Random::new(44);
    let (tokens, heads, dim, start) = (5, 3, 8, 11);
    let angle = |at: usize| ((at / 4) as f64) * 0.1f64.powi((at % 4) as i32);
    let cos: Vec<f32> = (0..16 * 4).map(|at| angle(at).cos() as f32).collect();
    let sin: Vec<f32> = (0..16 * 4).map(|at| angle(at).sin() as f32).collect();
    let (op, table) = (Rope::new(tokens, heads, dim).unwrap(), RopeTable { cos: &cos, sin: &sin });
    let x = random.floats(tokens * heads * dim, 1.0);
    let (mut y, mut back) = (vec![f32::NAN; x.len()], vec![f32::NAN; x.len()]);
    op.forward(start, &table, &x, &mut y).unwrap();
    op.backward(start, &table, &y, &mut back).unwrap();
    assert!(x.iter().zip(&back).all(|(x, b)| (x - b).abs() < 1e-6));
    // Token 2, head 1, pair (3, 7).
    let (at, row) = ((2 * heads + 1) * dim + 3, (start + 2) * 4 + 3);
    assert_eq!(y[at], x[at] * cos[row] - x[at + 4] * sin[row]);
    assert_eq!(y[at + 4], x[at + 4] * cos[row] + x[at] * sin[row]);
    assert!(matches!(op.forward(12, &table, &x, &mut y), Err(Error::Refused(Refused::Length { .. }))));
    assert!(Rope::new(1, 1, 7).is_err());
}
