//! Numerics where quantisation is hard: an attention sink, a large vocabulary, outliers, denormals. Each result is that
//! of f64 within a stated error, and the same bytes by the reference and by the fastest path.
#![allow(clippy::disallowed_methods, reason = "f64 functions are the yardstick")]

use assay_exact::{
    mean, Add, Attn, AttnShape, CrossEntropy, FixedPoint, Head, KvAppend, KvCache, L2Norm, LayerNorm,
    LayerNormStats, Linear, Mask, Philox, Precision, QuantRow, Quantised, QuantisedMut, RmsNorm, Scratch,
    TINY_BITS,
};
use assay_exec::{Backend, Cpu, Path, Reference};

/// Runs on the reference and on the fastest path, and asserts the same bytes.
fn agreed(run: impl Fn(&dyn Backend) -> Vec<f32>) -> Vec<f32> {
    let (expected, cpu) = (run(&Reference), Cpu::new(Path::best(), 2).unwrap());
    let bits = |x: &[f32]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    // Not assert_eq: thousands of numbers would hide the message.
    assert!(bits(&run(&cpu)) == bits(&expected), "{} gives other bytes", cpu.name());
    expected
}

/// An output that nothing has been written to.
fn poisoned(len: usize) -> Vec<f32> {
    vec![f32::NAN; len]
}

/// Uniform in ± bound.
fn random(stream: u32, len: usize, bound: f32) -> Vec<f32> {
    let stream = Philox::new(*b"quality!", stream, 0);
    (0..len as u64).map(|i| stream.symmetric(i, bound)).collect()
}

fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|x| f64::from(*x)).collect()
}

/// ‖got − want‖/‖want‖.
fn error(got: &[f32], want: &[f64]) -> f64 {
    assert_eq!(got.len(), want.len());
    let difference: f64 = got.iter().zip(want).map(|(got, want)| (f64::from(*got) - want).powi(2)).sum();
    (difference / want.iter().map(|want| want * want).sum::<f64>()).sqrt()
}

/// Of the row with the largest error.
fn worst_row(got: &[f32], want: &[f64], cols: usize) -> f64 {
    got.chunks(cols).zip(want.chunks(cols)).map(|(got, want)| error(got, want)).fold(0.0, f64::max)
}

/// Buffers of a product's two operands.
struct Operands {
    planes: [Vec<i8>; 2],
    scales: [Vec<f32>; 2],
}

impl Operands {
    fn new(planes: usize, scales: usize) -> Self {
        Self { planes: [0, 1].map(|_| vec![77; planes]), scales: [0, 1].map(|_| poisoned(scales)) }
    }

    fn scratch(&mut self) -> Scratch<'_> {
        let ([left, right], [left_scales, right_scales]) = (&mut self.planes, &mut self.scales);
        Scratch {
            left: QuantisedMut { planes: left, scales: left_scales },
            right: QuantisedMut { planes: right, scales: right_scales },
        }
    }
}

/// Quantised rows: planes and scales.
fn rows(backend: &dyn Backend, x: &[f32], cols: usize, precision: Precision) -> (Vec<i8>, Vec<f32>) {
    let op = QuantRow::new(x.len() / cols, cols, precision).unwrap();
    let (mut planes, mut scales) = (vec![77; precision.digits() * x.len()], poisoned(op.rows()));
    backend.quant_row_forward(&op, x, &mut planes, &mut scales).unwrap();
    (planes, scales)
}

mod attention {
    use super::*;

    pub const TOKENS: usize = 2_048;
    pub const SHAPE: AttnShape =
        AttnShape { queries: 32, keys: TOKENS, heads: 2, kv_heads: 1, dim: 64, mask: Mask::Causal };
    pub const SCALE: f32 = 0.125;

    /// Queries, keys and values.
    pub struct Inputs {
        pub q: Vec<f32>,
        pub k: Vec<f32>,
        pub v: Vec<f32>,
    }

    impl Inputs {
        /// Token 0 has a score `gap` above the others' mean and values in ± `size`; the others' are in ±1 around
        /// `shift`.
        pub fn sink(gap: f32, size: f32, shift: f32) -> Self {
            let dim = SHAPE.dim;
            let mut q = random(1, SHAPE.queries * SHAPE.heads * dim, 1.0);
            let (mut k, mut v) = (random(2, TOKENS * dim, 1.0), random(3, TOKENS * dim, 1.0));
            v.iter_mut().for_each(|v| *v += shift);
            v[..dim].copy_from_slice(&random(4, dim, size));
            // The first column is the sink's alone.
            q.iter_mut().step_by(dim).for_each(|q| *q = 8.0);
            k.iter_mut().step_by(dim).for_each(|k| *k = 0.0);
            k[..dim].fill(0.0);
            k[0] = gap / (8.0 * SCALE);
            Self { q, k, v }
        }

        /// By the operators, keys and values with 15 bits.
        pub fn attend(&self, backend: &dyn Backend, weights: Precision) -> Vec<f32> {
            let (dim, precision) = (SHAPE.dim, Precision::I15);
            let (mut keys, mut values) = (vec![77; 2 * TOKENS * dim], vec![77; 2 * TOKENS * dim]);
            let [mut key_scales, mut value_scales, mut logs] = [0; 3].map(|_| poisoned(TOKENS));
            let mut cache = KvCache {
                key_planes: &mut keys,
                key_scales: &mut key_scales,
                value_planes: &mut values,
                value_scales: &mut value_scales,
                value_logs: &mut logs,
            };
            let append = KvAppend::new(TOKENS, SHAPE.kv_heads, dim, precision, precision).unwrap();
            backend.kv_append_forward(&append, 0, &self.k, &self.v, &mut cache).unwrap();
            let (planes, scales) = rows(backend, &self.q, dim, precision);
            let q = Quantised::new(&planes, &scales, dim, precision).unwrap();
            let op = Attn::new(SHAPE, SCALE, weights).unwrap();
            let mut out = poisoned(self.q.len());
            let view = append.view(&cache).unwrap();
            backend.attn_forward(&op, &q, &view, &mut poisoned(TOKENS), &mut out).unwrap();
            out
        }

        /// In f64; with the mean share of the sink.
        pub fn oracle(&self) -> (Vec<f64>, f64) {
            let (dim, [q, k, v]) = (SHAPE.dim, [&self.q, &self.k, &self.v].map(|x| wide(x)));
            let (mut out, mut share) = (Vec::new(), 0.0);
            for (at, q) in q.chunks_exact(dim).enumerate() {
                let seen = TOKENS - SHAPE.queries + at / SHAPE.heads + 1;
                let score = |k: &[f64]| q.iter().zip(k).map(|(q, k)| q * k).sum::<f64>() * f64::from(SCALE);
                let scores: Vec<f64> = k.chunks_exact(dim).take(seen).map(score).collect();
                let largest = scores.iter().copied().fold(f64::MIN, f64::max);
                let weights: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
                let sum: f64 = weights.iter().sum();
                let column =
                    |c: usize| weights.iter().enumerate().map(|(j, w)| w * v[j * dim + c]).sum::<f64>() / sum;
                out.extend((0..dim).map(column));
                share += weights[0] / sum;
            }
            (out, share / (SHAPE.queries * SHAPE.heads) as f64)
        }
    }
}

#[test]
fn attention_with_a_sink_at_2048_tokens_is_within_a_hundredth() {
    let mut worst = [0.0f64; 2];
    // A sink takes from half to nearly all of the weight. In trained models its values are small; here they are also as
    // large as the others', and 50 times that. What is lost are keys whose weight times magnitude is below 1/32,638 of
    // the sink's: 1.3% of the output where that is all of the others, with values of one sign.
    for (gap, size) in [(8.0, 0.02), (8.0, 1.0), (10.0, 0.02), (10.0, 1.0), (10.0, 50.0), (12.0, 0.02)] {
        for shift in [0.0, 0.5] {
            let inputs = attention::Inputs::sink(gap, size, shift);
            let (expected, share) = inputs.oracle();
            assert!(share > 0.5, "the sink has only {share:.3} of the weight");
            let errors = [Precision::I15, Precision::I8].map(|weights| {
                let out = agreed(|backend| inputs.attend(backend, weights));
                worst_row(&out, &expected, attention::SHAPE.dim)
            });
            println!(
                "sink with {share:.3} of the weight, values ±{size}, others ±1 around {shift}: \
                 error {:.5} with 15-bit weights, {:.5} with 8-bit ones",
                errors[0], errors[1]
            );
            assert!(errors[0] < 0.01, "{gap} {size} {shift}: {}", errors[0]);
            worst = [worst[0].max(errors[0]), worst[1].max(errors[1])];
        }
    }
    // The reason for 15 bits: one digit loses the tail.
    assert!(worst[1] > 0.1 && worst[1] > 20.0 * worst[0], "{worst:?}");
}

/// A language model's head over a large vocabulary, with its logits.
struct Vocabulary {
    x: Vec<f32>,
    weight: Vec<f32>,
    labels: Vec<u32>,
    logits: Vec<f32>,
}

impl Vocabulary {
    const TOKENS: usize = 8;
    const INPUTS: usize = 32;
    const CLASSES: usize = 32_768;

    /// From nearly equal odds, by the size of a token's x, to one class far above the others.
    fn new() -> Self {
        let (mut x, weight) =
            (random(10, Self::TOKENS * Self::INPUTS, 1.0), random(11, Self::CLASSES * Self::INPUTS, 0.5));
        for (t, x) in x.chunks_exact_mut(Self::INPUTS).enumerate() {
            let size: f32 = [1e-3, 0.3, 1.0, 3.0][t % 4];
            x.iter_mut().for_each(|x| *x *= size);
        }
        let labels = vec![0, 17, 32_767, 17, 20_000, 1, 4_096, 32_767];
        let mut logits: Vec<f32> = x
            .chunks_exact(Self::INPUTS)
            .flat_map(|x| weight.chunks_exact(Self::INPUTS).map(move |w| dot(x, w)))
            .collect();
        // One label that is nearly certain, and one class that is and is no label.
        logits[2 * Self::CLASSES + 32_767] += 20.0;
        logits[6 * Self::CLASSES + 5] += 20.0;
        Self { x, weight, labels, logits }
    }

    /// Losses, and p − y.
    fn oracle(&self) -> (Vec<f64>, Vec<f64>) {
        let (mut losses, mut slopes) = (Vec::new(), Vec::new());
        for (row, label) in wide(&self.logits).chunks_exact(Self::CLASSES).zip(&self.labels) {
            let largest = row.iter().copied().fold(f64::MIN, f64::max);
            let sum: f64 = row.iter().map(|z| (z - largest).exp()).sum();
            losses.push(sum.ln() - (row[*label as usize] - largest));
            let first = slopes.len();
            slopes.extend(row.iter().map(|z| (z - largest).exp() / sum));
            slopes[first + *label as usize] -= 1.0;
        }
        (losses, slopes)
    }

    /// The gradients of x and of the weight, one behind the other.
    fn gradients(&self, backend: &dyn Backend) -> Vec<f32> {
        let (tokens, inputs, classes) = (Self::TOKENS, Self::INPUTS, Self::CLASSES);
        let op = CrossEntropy::new(tokens, classes).unwrap();
        let mut probabilities = poisoned(tokens * classes);
        backend.cross_entropy_probabilities(&op, &self.logits, &mut probabilities).unwrap();
        let linear = Linear::new(tokens, inputs, classes, Precision::I15).unwrap();
        let head = Head { linear: &linear, labels: &self.labels, probabilities: &probabilities };
        let mut operands = Operands::new(2 * classes * inputs, classes);
        let (mut dx, mut dw) = (poisoned(tokens * inputs), vec![0; classes * inputs]);
        let scratch = &mut operands.scratch();
        backend.cross_entropy_backward_input(&op, &head, &self.weight, scratch, &mut dx).unwrap();
        let fixed = FixedPoint::new(1 + tokens as u64).unwrap();
        backend.cross_entropy_backward_weight(&op, &head, &self.x, &fixed, scratch, &mut dw).unwrap();
        dx.into_iter().chain(dw.into_iter().map(|sum| mean(sum, 1))).collect()
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>() as f32
}

#[test]
fn losses_over_32768_classes_are_those_of_f64() {
    let head = Vocabulary::new();
    let op = CrossEntropy::new(Vocabulary::TOKENS, Vocabulary::CLASSES).unwrap();
    let losses = agreed(|backend| {
        let mut losses = poisoned(Vocabulary::TOKENS);
        backend.cross_entropy_forward(&op, &head.logits, &head.labels, &mut losses).unwrap();
        losses
    });
    let (expected, _) = head.oracle();
    println!("losses {losses:?}");
    assert!(expected[0] > 10.0 && expected[2] < 1e-3, "the logits are not what they should be: {expected:?}");
    for (loss, expected) in losses.iter().zip(&expected) {
        assert!((f64::from(*loss) - expected).abs() < 2e-6 * expected.max(1.0), "{loss} against {expected}");
    }
}

#[test]
fn head_gradients_over_32768_classes_are_those_of_f64() {
    let head = Vocabulary::new();
    let (inputs, classes) = (Vocabulary::INPUTS, Vocabulary::CLASSES);
    let got = agreed(|backend| head.gradients(backend));
    let (dx, dw) = got.split_at(head.x.len());
    let (x, weight, slopes) = (wide(&head.x), wide(&head.weight), head.oracle().1);
    let (mut want_dx, mut want_dw) = (vec![0.0; dx.len()], vec![0.0; dw.len()]);
    for (at, slope) in slopes.iter().enumerate() {
        let (t, class) = (at / classes * inputs, at % classes * inputs);
        for i in 0..inputs {
            want_dx[t + i] += slope * weight[class + i];
            want_dw[class + i] += slope * x[t + i];
        }
    }
    // Rows without a label on their own: beside a label's −1 one quantisation of p − y would lose them.
    let tail = |class: usize| !head.labels.contains(&(class as u32)) && class != 5;
    let of = |at: &usize| tail(at / inputs);
    let tail_got: Vec<f32> = (0..dw.len()).filter(of).map(|at| dw[at]).collect();
    let tail_want: Vec<f64> = (0..dw.len()).filter(of).map(|at| want_dw[at]).collect();
    let errors = [error(dx, &want_dx), error(dw, &want_dw), error(&tail_got, &tail_want)];
    println!(
        "head: error {:.1e} of dx, {:.1e} of dW, {:.1e} of its rows without a label",
        errors[0], errors[1], errors[2]
    );
    // dx sums over the classes, by steps of each token's largest probability.
    assert!(errors[0] < 5e-3 && errors[1] < 1e-3 && errors[2] < 1e-3, "{errors:?}");
}

const COLS: usize = 768;
const ROWS: usize = 8;

/// Rows in ±1 with outliers of ±3,000 in two channels, and factors of the channels.
fn outliers(signs: [f32; 2]) -> (Vec<f32>, Vec<f32>) {
    let mut x = random(20, ROWS * COLS, 1.0);
    for row in x.chunks_exact_mut(COLS) {
        (row[100], row[500]) = (3_000.0 * signs[0], 3_000.0 * signs[1]);
    }
    (x, random(21, COLS, 1.0))
}

/// Of all channels but the two with outliers.
fn ordinary_error(got: &[f32], want: &[f64]) -> f64 {
    let ordinary = |at: &usize| ![100, 500].contains(&(at % COLS));
    let pick = (0..got.len()).filter(ordinary);
    let (got, want): (Vec<f32>, Vec<f64>) = pick.map(|at| (got[at], want[at])).unzip();
    error(&got, &want)
}

/// A norm of rows in f64: (x − mean)/√(variance + ε)·γ, the mean being 0 for `centred` false; and the gradient of x.
fn norm_oracle(x: &[f32], gamma: &[f32], dy: &[f32], centred: bool) -> (Vec<f64>, Vec<f64>) {
    let (mut y, mut dx, gamma) = (Vec::new(), Vec::new(), wide(gamma));
    let mean = |values: &[f64]| values.iter().sum::<f64>() / COLS as f64;
    for (x, dy) in wide(x).chunks_exact(COLS).zip(wide(dy).chunks_exact(COLS)) {
        let centre = if centred { mean(x) } else { 0.0 };
        let squares: Vec<f64> = x.iter().map(|x| (x - centre).powi(2)).collect();
        let rstd = 1.0 / (mean(&squares) + 1e-5).sqrt();
        let normal: Vec<f64> = x.iter().map(|x| (x - centre) * rstd).collect();
        y.extend(normal.iter().zip(&gamma).map(|(normal, gamma)| normal * gamma));
        let g: Vec<f64> = dy.iter().zip(&gamma).map(|(dy, gamma)| dy * gamma).collect();
        let a = if centred { mean(&g) } else { 0.0 };
        let b = mean(&g.iter().zip(&normal).map(|(g, normal)| g * normal).collect::<Vec<_>>());
        dx.extend(g.iter().zip(&normal).map(|(g, normal)| ((g - a) - normal * b) * rstd));
    }
    (y, dx)
}

#[test]
fn norms_beside_an_outlier_of_3000_times_keep_the_ordinary_channels() {
    let dy = random(22, ROWS * COLS, 1.0);
    // With both signs the mean is small, so that an error of it shows most.
    for signs in [[1.0, 0.001], [1.0, -1.0]] {
        let (x, gamma) = outliers(signs);
        let layer_norm = agreed(|backend| {
            let op = LayerNorm::new(ROWS, COLS, 1e-5).unwrap();
            let [mut y, mut dx] = [0; 2].map(|_| poisoned(x.len()));
            let [mut mean, mut rstd] = [0; 2].map(|_| poisoned(ROWS));
            let beta = vec![0.0; COLS];
            backend.layer_norm_forward(&op, &x, &gamma, &beta, &mut y, &mut mean, &mut rstd).unwrap();
            let stats = LayerNormStats { mean: &mean, rstd: &rstd };
            backend.layer_norm_backward_input(&op, &dy, &x, &gamma, &stats, &mut dx).unwrap();
            [y, dx].concat()
        });
        let rms_norm = agreed(|backend| {
            let op = RmsNorm::new(ROWS, COLS, 1e-5).unwrap();
            let [mut y, mut dx] = [0; 2].map(|_| poisoned(x.len()));
            let mut rstd = poisoned(ROWS);
            backend.rms_norm_forward(&op, &x, &gamma, &mut y, &mut rstd).unwrap();
            backend.rms_norm_backward_input(&op, &dy, &x, &gamma, &rstd, &mut dx).unwrap();
            [y, dx].concat()
        });
        for (name, got, centred) in [("LayerNorm", &layer_norm, true), ("RmsNorm", &rms_norm, false)] {
            let (y, dx) = norm_oracle(&x, &gamma, &dy, centred);
            let (got_y, got_dx) = got.split_at(x.len());
            let errors = [ordinary_error(got_y, &y), ordinary_error(got_dx, &dx)];
            println!(
                "{name}, outliers {signs:?}: error {:.1e}, of the gradient {:.1e}",
                errors[0], errors[1]
            );
            assert!(errors[0] < 5e-3 && errors[1] < 5e-3, "{name}, outliers {signs:?}: {errors:?}");
        }
    }
}

/// Rows of one magnitude each: denormal, below and above what counts as zero in a quantised vector, ordinary.
const MAGNITUDES: [f32; 5] = [1e-44, 1e-40, 5e-31, 1e-30, 1.0];
const DEPTH: usize = 96;

fn magnitudes() -> Vec<f32> {
    let x = random(30, MAGNITUDES.len() * DEPTH, 1.0);
    x.iter().enumerate().map(|(at, x)| x * MAGNITUDES[at / DEPTH]).collect()
}

/// Rows whose largest element is below 2⁻¹⁰⁰ are zeros to a product.
fn vanishes(row: &[f32]) -> bool {
    row.iter().all(|x| x.abs().to_bits() < TINY_BITS)
}

#[test]
fn products_of_denormal_rows_are_zero_and_of_others_right() {
    let (x, weight) = (magnitudes(), random(31, 10 * DEPTH, 1.0));
    assert_eq!(x.chunks_exact(DEPTH).map(vanishes).collect::<Vec<_>>(), [true, true, true, false, false]);
    assert!(x[..2 * DEPTH].iter().all(|x| !x.is_normal()) && x[..2 * DEPTH].iter().any(|x| *x != 0.0));
    let bias = random(32, 10, 1.0);
    for precision in [Precision::I8, Precision::I15, Precision::I22] {
        let product = |bias: Option<&[f32]>| {
            agreed(|backend| {
                let op = Linear::new(MAGNITUDES.len(), DEPTH, 10, precision).unwrap();
                let (planes, scales) = rows(backend, &weight, DEPTH, Precision::I15);
                let weight = Quantised::new(&planes, &scales, DEPTH, Precision::I15).unwrap();
                let (mut digits, mut steps) = (vec![77; precision.digits() * x.len()], poisoned(op.tokens()));
                let mut scratch = QuantisedMut { planes: &mut digits, scales: &mut steps };
                let mut y = poisoned(op.tokens() * op.outputs());
                backend.linear_forward(&op, &x, &weight, bias, &mut scratch, &mut y).unwrap();
                y
            })
        };
        let y = product(None);
        assert!(y[..30].iter().all(|y| y.to_bits() == 0), "{precision:?}: {:?}", &y[..30]);
        let want: Vec<f64> = x
            .chunks_exact(DEPTH)
            .flat_map(|x| weight.chunks_exact(DEPTH).map(move |w| f64::from(dot(x, w))))
            .collect();
        let bound = if precision == Precision::I8 { 2e-2 } else { 2e-4 };
        assert!(worst_row(&y[30..], &want[30..], 10) < bound, "{precision:?}");
        let y = product(Some(bias.as_slice()));
        assert!(y[..30].chunks_exact(10).all(|row| row == bias), "{precision:?}");
    }
}

#[test]
fn norms_of_denormal_rows_are_finite_and_right() {
    let (x, ones, zeros) = (magnitudes(), vec![1.0; DEPTH], vec![0.0; DEPTH]);
    let rows = MAGNITUDES.len();
    let normal = agreed(|backend| {
        let [mut y, mut rms, mut unit] = [0; 3].map(|_| poisoned(x.len()));
        let [mut mean, mut rstd, mut divisor] = [0; 3].map(|_| poisoned(rows));
        let op = LayerNorm::new(rows, DEPTH, 1e-5).unwrap();
        backend.layer_norm_forward(&op, &x, &ones, &zeros, &mut y, &mut mean, &mut rstd).unwrap();
        let op = RmsNorm::new(rows, DEPTH, 1e-5).unwrap();
        backend.rms_norm_forward(&op, &x, &ones, &mut rms, &mut rstd).unwrap();
        let op = L2Norm::new(rows, DEPTH, 1e-12).unwrap();
        backend.l2_norm_forward(&op, &x, &mut unit, &mut divisor).unwrap();
        [y, rms, unit].concat()
    });
    let mean = |values: &[f64]| values.iter().sum::<f64>() / DEPTH as f64;
    for (r, row) in wide(&x).chunks_exact(DEPTH).enumerate() {
        let square = mean(&row.iter().map(|x| x * x).collect::<Vec<_>>());
        let centre = mean(row);
        let deviation = (square - centre * centre + 1e-5).sqrt();
        let length = (square * DEPTH as f64).sqrt().max(1e-12);
        // The mean of a row that counts as zero is zero; the right one is below 10⁻³⁰.
        let centre = if vanishes(&x[r * DEPTH..][..DEPTH]) { 0.0 } else { centre };
        let expected = [
            row.iter().map(|x| (x - centre) / deviation).collect::<Vec<_>>(),
            row.iter().map(|x| x / (square + 1e-5).sqrt()).collect(),
            row.iter().map(|x| x / length).collect(),
        ];
        for (part, expected) in normal.chunks_exact(x.len()).zip(&expected) {
            // Half a step of denormals beside the relative error.
            let bound = 1e-4 * expected.iter().map(|want| want.abs()).fold(0.0, f64::max) + 1e-45;
            for (got, want) in part[r * DEPTH..][..DEPTH].iter().zip(expected) {
                assert!((f64::from(*got) - want).abs() <= bound, "row {r}: {got} against {want}");
            }
        }
    }
}

#[test]
fn attention_over_denormal_values_is_zero_and_over_denormal_keys_even() {
    let mut inputs = attention::Inputs::sink(10.0, 1.0, 0.0);
    inputs.v.iter_mut().for_each(|v| *v *= 1e-38);
    let out = agreed(|backend| inputs.attend(backend, Precision::I15));
    assert!(out.iter().all(|out| out.to_bits() == 0));
    let mut inputs = attention::Inputs::sink(10.0, 1.0, 0.5);
    inputs.k.iter_mut().for_each(|k| *k *= 1e-40);
    let out = agreed(|backend| inputs.attend(backend, Precision::I15));
    let error = worst_row(&out, &inputs.oracle().0, attention::SHAPE.dim);
    assert!(error < 1e-3, "{error}");
}

#[test]
fn denormals_are_kept() {
    let (a, b) = (random(40, 5_000, 1e-38), random(41, 5_000, 1e-38));
    let sums = agreed(|backend| {
        let mut y = poisoned(a.len());
        backend.add_forward(&Add::new(a.len()).unwrap(), &a, &b, &mut y).unwrap();
        y
    });
    assert!(sums.iter().any(|sum| *sum != 0.0 && !sum.is_normal()));
    for ((sum, a), b) in sums.iter().zip(&a).zip(&b) {
        // Exact: both are multiples of the smallest denormal, and their sum has no more digits than f32 has there.
        assert_eq!(f64::from(*sum), f64::from(*a) + f64::from(*b));
    }
}
