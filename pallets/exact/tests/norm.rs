//! Norms against float64: outliers, denormals, constants; gradients against differences of the forward form.
#![allow(clippy::disallowed_methods, clippy::needless_range_loop)] // f64 functions serve as the oracle.

mod random;

use assay_exact::{
    Error, FixedPoint, L2Norm, LayerNorm, LayerNormStats, MeanPool, RmsNorm, TrapKind, MAX_NORM,
};
use random::{cosine, Random};

fn layer_norm(x: &[f32], gamma: &[f32], beta: &[f32], epsilon: f32) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
    let rows = x.len() / gamma.len();
    let (mut y, mut mean, mut rstd) = (vec![f32::NAN; x.len()], vec![f32::NAN; rows], vec![f32::NAN; rows]);
    let op = LayerNorm::new(rows, gamma.len(), epsilon).unwrap();
    op.forward(x, gamma, beta, &mut y, &mut mean, &mut rstd).unwrap();
    (y, mean, rstd)
}

/// Normalised rows in f64.
fn oracle(x: &[f32], cols: usize, epsilon: f64) -> Vec<f64> {
    let mut y = Vec::new();
    for row in x.chunks(cols) {
        let mean = row.iter().map(|x| f64::from(*x)).sum::<f64>() / cols as f64;
        let variance = row.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / cols as f64;
        y.extend(row.iter().map(|x| (f64::from(*x) - mean) / (variance + epsilon).sqrt()));
    }
    y
}

#[test]
fn layer_norm_follows_float_beside_an_outlier_of_3000_times() {
    let mut random = Random::new(10);
    let cols = 768;
    let mut x = random.floats(8 * cols, 1.0);
    for row in 0..8 {
        x[row * cols + 17 * row] = 3000.0;
    }
    let (y, ..) = layer_norm(&x, &vec![1.0; cols], &vec![0.0; cols], 1e-12);
    let expected = oracle(&x, cols, 1e-12);
    // The ordinary channels on their own: the outlier must not hide them.
    let ordinary = |i: &usize| i % cols != 17 * (i / cols);
    let got: Vec<f32> = (0..y.len()).filter(ordinary).map(|i| y[i]).collect();
    let want: Vec<f64> = (0..y.len()).filter(ordinary).map(|i| expected[i]).collect();
    assert!(cosine(&got, &want) > 0.999_99, "{}", cosine(&got, &want));
    for (y, e) in y.iter().zip(&expected) {
        assert!((f64::from(*y) - e).abs() < 1e-3 * e.abs().max(0.1), "{y} against {e}");
    }
}

#[test]
fn layer_norm_of_ordinary_rows_is_within_a_ten_thousandth() {
    let mut random = Random::new(11);
    for cols in [1usize, 31, 384, 4096] {
        let x = random.floats(3 * cols, 5.0);
        let (y, ..) = layer_norm(&x, &vec![1.0; cols], &vec![0.0; cols], 1e-5);
        for (y, e) in y.iter().zip(oracle(&x, cols, 1e-5)) {
            assert!((f64::from(*y) - e).abs() < 3e-4, "{cols} columns: {y} against {e}");
        }
    }
}

#[test]
fn constant_zero_and_denormal_rows_have_finite_norms() {
    let (gamma, beta) = (vec![2.0; 64], vec![0.25; 64]);
    let x = [vec![0.0; 64], vec![1e-40; 64], vec![3.0; 64]].concat();
    let (y, mean, rstd) = layer_norm(&x, &gamma, &beta, 1e-5);
    assert!(y[..128].iter().all(|y| (y - 0.25).abs() < 1e-6));
    assert!(y[128..].iter().all(|y| (y - 0.25).abs() < 1e-3));
    assert_eq!(mean[..2], [0.0, 0.0]);
    assert!(rstd.iter().all(|r| (r - 316.23).abs() < 0.1), "{rstd:?}");
}

#[test]
fn a_row_at_the_width_bound_keeps_its_sums_in_64_bits() {
    // Half +1, half −1: v = n·Σq² is at its largest.
    let x: Vec<f32> = (0..MAX_NORM).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 }).collect();
    let (y, mean, rstd) = layer_norm(&x, &vec![1.0; MAX_NORM], &vec![0.0; MAX_NORM], 0.0);
    assert_eq!((mean[0], rstd[0]), (0.0, 1.0));
    assert_eq!(y, x);
    assert!(LayerNorm::new(1, MAX_NORM + 1, 0.0).is_err() && RmsNorm::new(1, MAX_NORM + 1, 0.0).is_err());
}

#[test]
fn a_row_with_neither_spread_nor_epsilon_is_a_trap() {
    let op = RmsNorm::new(1, 2, 0.0).unwrap();
    let result = op.forward(&[0.0, 0.0], &[1.0, 1.0], &mut [0.0; 2], &mut [0.0]);
    assert!(matches!(result, Err(Error::Trap(trap)) if trap.kind == TrapKind::Nan && trap.index == 0));
}

/// (f(x + h·d) − f(x − h·d))/2h for f(x) = Σ y·dy, in f64.
fn slope(x: &[f32], direction: &[f32], h: f32, loss: impl Fn(&[f32]) -> f64) -> f64 {
    let shifted =
        |sign: f32| -> Vec<f32> { x.iter().zip(direction).map(|(x, d)| x + sign * h * d).collect() };
    (loss(&shifted(1.0)) - loss(&shifted(-1.0))) / (2.0 * f64::from(h))
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

#[test]
fn layer_norm_gradients_are_the_slope_of_the_forward_form() {
    let mut random = Random::new(12);
    let (rows, cols) = (4, 128);
    let (x, dy) = (random.floats(rows * cols, 1.0), random.floats(rows * cols, 1.0));
    let (gamma, beta) = (random.floats(cols, 1.0), random.floats(cols, 1.0));
    let (_, mean, rstd) = layer_norm(&x, &gamma, &beta, 1e-5);
    let op = LayerNorm::new(rows, cols, 1e-5).unwrap();
    let stats = LayerNormStats { mean: &mean, rstd: &rstd };
    let mut dx = vec![0.0; rows * cols];
    op.backward_input(&dy, &x, &gamma, &stats, &mut dx).unwrap();
    let direction = random.floats(rows * cols, 1.0);
    let loss = |x: &[f32]| {
        let y = oracle(x, cols, 1e-5);
        (0..y.len()).map(|i| f64::from(dy[i]) * (y[i] * f64::from(gamma[i % cols]))).sum()
    };
    let (expected, got) = (slope(&x, &direction, 1e-2, loss), dot(&dx, &direction));
    assert!((expected - got).abs() < 2e-3 * dot(&dx, &dx).sqrt() * 6.0, "{expected} against {got}");

    let (mut dgamma, mut dbeta) = (vec![0; cols], vec![0; cols]);
    op.backward_weight(&dy, &x, &stats, &FixedPoint::new(1).unwrap(), &mut dgamma, &mut dbeta).unwrap();
    let normal = oracle(&x, cols, 1e-5);
    for c in 0..cols {
        let column = |f: &dyn Fn(usize) -> f64| (0..rows).map(|r| f(r * cols + c)).sum::<f64>();
        let (g, b) = (column(&|i| f64::from(dy[i]) * normal[i]), column(&|i| f64::from(dy[i])));
        assert!((f64::from(assay_exact::mean(dgamma[c], 1)) - g).abs() < 1e-3);
        assert!((f64::from(assay_exact::mean(dbeta[c], 1)) - b).abs() < 1e-5);
    }
}

#[test]
fn rms_norm_and_its_gradient_follow_float() {
    let mut random = Random::new(13);
    let (rows, cols) = (4, 256);
    let (x, dy) = (random.floats(rows * cols, 2.0), random.floats(rows * cols, 1.0));
    let gamma = random.floats(cols, 1.0);
    let (mut y, mut rstd, mut dx) = (vec![0.0; rows * cols], vec![0.0; rows], vec![0.0; rows * cols]);
    let op = RmsNorm::new(rows, cols, 1e-6).unwrap();
    op.forward(&x, &gamma, &mut y, &mut rstd).unwrap();
    op.backward_input(&dy, &x, &gamma, &rstd, &mut dx).unwrap();
    let forward = |x: &[f32]| -> Vec<f64> {
        let mut y = Vec::new();
        for row in x.chunks(cols) {
            let square = row.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / cols as f64;
            y.extend(
                row.iter().zip(&gamma).map(|(x, g)| f64::from(*x) / (square + 1e-6).sqrt() * f64::from(*g)),
            );
        }
        y
    };
    assert!(cosine(&y, &forward(&x)) > 0.999_999_9);
    let direction = random.floats(rows * cols, 1.0);
    let loss = |x: &[f32]| forward(x).iter().zip(&dy).map(|(y, dy)| y * f64::from(*dy)).sum();
    let (expected, got) = (slope(&x, &direction, 1e-2, loss), dot(&dx, &direction));
    assert!((expected - got).abs() < 2e-3 * dot(&dx, &dx).sqrt() * 6.0, "{expected} against {got}");
    let mut dgamma = vec![0; cols];
    op.backward_weight(&dy, &x, &rstd, &FixedPoint::new(1).unwrap(), &mut dgamma).unwrap();
    for c in 0..cols {
        let g: f64 = (0..rows).map(|r| r * cols + c).map(|i| f64::from(dy[i] * x[i] * rstd[i / cols])).sum();
        assert!((f64::from(assay_exact::mean(dgamma[c], 1)) - g).abs() < 1e-4);
    }
}

#[test]
fn rows_of_any_magnitude_get_unit_length() {
    let mut random = Random::new(14);
    let cols = 100;
    let op = L2Norm::new(3, cols, 1e-12).unwrap();
    for scale in [1e-9f32, 1.0, 1e36] {
        let x: Vec<f32> = random.floats(3 * cols, 1.0).iter().map(|x| x * scale).collect();
        let (mut y, mut divisor) = (vec![0.0; 3 * cols], vec![0.0; 3]);
        op.forward(&x, &mut y, &mut divisor).unwrap();
        for row in y.chunks(cols) {
            assert!((dot(row, row) - 1.0).abs() < 1e-4, "{}", dot(row, row));
        }
        // The gradient is tangent to the sphere.
        let (dy, mut dx) = (random.floats(3 * cols, 1.0), vec![0.0; 3 * cols]);
        op.backward(&dy, &y, &divisor, &mut dx).unwrap();
        for (dx, y) in dx.chunks(cols).zip(y.chunks(cols)) {
            assert!(dot(dx, y).abs() < 1e-3 * dot(dx, dx).sqrt());
        }
    }
    let (mut y, mut divisor, mut dx) = (vec![1.0; 3 * cols], vec![0.0; 3], vec![0.0; 3 * cols]);
    op.forward(&vec![0.0; 3 * cols], &mut y, &mut divisor).unwrap();
    assert!(y.iter().all(|y| *y == 0.0) && divisor == [1e-12; 3]);
    op.backward(&vec![1e-15; 3 * cols], &y, &divisor, &mut dx).unwrap();
    assert!(dx.iter().all(|dx| (dx - 1e-3).abs() < 1e-9));
}

#[test]
fn pooling_is_the_mean_over_tokens() {
    let mut random = Random::new(15);
    let (tokens, cols) = (37, 21);
    let x = random.floats(tokens * cols, 2.0);
    let (mut y, mut dx) = (vec![f32::NAN; cols], vec![f32::NAN; tokens * cols]);
    let op = MeanPool::new(tokens, cols).unwrap();
    op.forward(&x, &mut y).unwrap();
    for c in 0..cols {
        let mean = (0..tokens).map(|t| f64::from(x[t * cols + c])).sum::<f64>() / tokens as f64;
        assert!((f64::from(y[c]) - mean).abs() < 2e-6);
    }
    op.backward(&y, &mut dx).unwrap();
    assert!(dx.iter().enumerate().all(|(at, dx)| *dx == y[at % cols] / 37.0));
}
