//! The decoder in plain f32, as a usual trainer computes it: the yardstick of the exact one. Written for itself: it has
//! nothing of the crate but the sizes and the names of the parameters.

mod adam;
mod attention;
mod matrix;

use std::collections::BTreeMap;
use std::thread;

use assay_graph::decoder::Decoder;

pub use adam::Adam;
use matrix::{add, add_product, dot, product, transpose};

/// Numbers by the parameter's name: the parameters themselves, or their gradients.
pub type Parameters = BTreeMap<String, Vec<f32>>;

/// Token ids, and each one's successor.
pub type Sequence<'a> = (&'a [u32], &'a [u32]);

const EPSILON: f64 = 1e-5;
const THREADS: usize = 2;

/// The sizes, and the cosine and sine of each position and pair.
pub struct FloatDecoder {
    layers: usize,
    width: usize,
    heads: usize,
    kv_heads: usize,
    hidden: usize,
    angles: Vec<(f32, f32)>,
}

/// One sequence and what it is computed with.
struct Unit<'a> {
    decoder: &'a FloatDecoder,
    weights: &'a Parameters,
    /// The matrices that activations are multiplied by.
    transposed: &'a Parameters,
    ids: &'a [u32],
}

/// A normalised matrix.
struct Normal {
    y: Vec<f32>,
    /// 1/√(mean square + ε) of each row.
    rstd: Vec<f32>,
}

/// What the backward pass needs of a layer.
struct Layer {
    input: Vec<f32>,
    normal: Normal,
    q: Vec<f32>,
    k: Vec<f32>,
    v: Vec<f32>,
    /// The softmax of each (token, head).
    shares: Vec<f32>,
    mixed: Vec<f32>,
    middle: Vec<f32>,
    second: Normal,
    gate: Vec<f32>,
    up: Vec<f32>,
    gated: Vec<f32>,
}

/// And of the whole.
struct Forward {
    layers: Vec<Layer>,
    stream: Vec<f32>,
    normal: Normal,
    logits: Vec<f32>,
}

impl FloatDecoder {
    pub fn new(decoder: &Decoder) -> Self {
        let [layers, width, heads, kv_heads, hidden] =
            [decoder.layers, decoder.width, decoder.heads, decoder.kv_heads, decoder.hidden]
                .map(|size| size as usize);
        let half = width / heads / 2;
        let angle = |at: usize| (at / half) as f64 * 10_000f64.powf(-((at % half) as f64) / half as f64);
        let turn = |at| (angle(at).cos() as f32, angle(at).sin() as f32);
        let angles = (0..decoder.context as usize * half).map(turn).collect();
        Self { layers, width, heads, kv_heads, hidden, angles }
    }

    /// The logits after the last token.
    pub fn logits(&self, weights: &Parameters, ids: &[u32]) -> Vec<f32> {
        let transposed = self.transposed(weights);
        let unit = Unit { decoder: self, weights, transposed: &transposed, ids };
        let logits = unit.forward().logits;
        logits[logits.len() / ids.len() * (ids.len() - 1)..].to_vec()
    }

    /// The mean loss over all tokens, and its gradient.
    pub fn gradients(&self, weights: &Parameters, sequences: &[Sequence<'_>]) -> (f64, Parameters) {
        let transposed = self.transposed(weights);
        let share = |sequences: &[Sequence<'_>]| {
            let mut gradients: Parameters =
                weights.iter().map(|(name, weight)| (name.clone(), vec![0.0; weight.len()])).collect();
            let mut loss = 0.0;
            for (ids, labels) in sequences {
                let unit = Unit { decoder: self, weights, transposed: &transposed, ids };
                loss += unit.backward(unit.forward(), labels, &mut gradients);
            }
            (loss, gradients)
        };
        let share = &share;
        let sum = thread::scope(|scope| {
            let shares = sequences.chunks(sequences.len().div_ceil(THREADS));
            let threads: Vec<_> = shares.map(|part| scope.spawn(move || share(part))).collect();
            let results = threads.into_iter().map(|thread| thread.join().unwrap());
            results.reduce(|(loss, mut sum), (more, gradients)| {
                sum.iter_mut().for_each(|(name, sum)| add(sum, &gradients[name]));
                (loss + more, sum)
            })
        });
        let (mut loss, mut gradients) = sum.unwrap();
        let tokens: usize = sequences.iter().map(|(ids, _)| ids.len()).sum();
        loss /= tokens as f64;
        gradients.values_mut().flatten().for_each(|g| *g /= tokens as f32);
        (loss, gradients)
    }

    /// Columns of a matrix that activations are multiplied by.
    fn inputs(&self, name: &str) -> usize {
        if name.ends_with("down") {
            self.hidden
        } else {
            self.width
        }
    }

    fn transposed(&self, weights: &Parameters) -> Parameters {
        let matrices = weights.iter().filter(|(name, _)| *name != "embed" && !name.ends_with("norm"));
        matrices.map(|(name, weight)| (name.clone(), transpose(weight, self.inputs(name)))).collect()
    }
}

impl Unit<'_> {
    fn forward(&self) -> Forward {
        let width = self.decoder.width;
        let table = &self.weights["embed"];
        let mut stream: Vec<f32> =
            self.ids.iter().flat_map(|id| &table[*id as usize * width..][..width]).copied().collect();
        let mut layers = Vec::new();
        for at in 0..self.decoder.layers {
            let layer = self.layer(at, stream);
            stream = self.linear(&format!("layer.{at}.feed_forward.down"), &layer.gated);
            add(&mut stream, &layer.middle);
            layers.push(layer);
        }
        let normal = self.norm("norm", &stream);
        let logits = self.linear("head", &normal.y);
        Forward { layers, stream, normal, logits }
    }

    /// All of a layer but the last product.
    fn layer(&self, at: usize, input: Vec<f32>) -> Layer {
        let name = |part: &str| format!("layer.{at}.{part}");
        let normal = self.norm(&name("attention.norm"), &input);
        let [mut q, mut k, v] =
            ["q", "k", "v"].map(|part| self.linear(&name(&format!("attention.{part}")), &normal.y));
        self.rotate(&mut q, self.decoder.heads, 1.0);
        self.rotate(&mut k, self.decoder.kv_heads, 1.0);
        let (mixed, shares) = self.attend(&q, &k, &v);
        let mut middle = self.linear(&name("attention.output"), &mixed);
        add(&mut middle, &input);
        let second = self.norm(&name("feed_forward.norm"), &middle);
        let [gate, up] =
            ["gate", "up"].map(|part| self.linear(&name(&format!("feed_forward.{part}")), &second.y));
        let gated = gate.iter().zip(&up).map(|(x, u)| x * sigmoid(*x) * u).collect();
        Layer { input, normal, q, k, v, shares, mixed, middle, second, gate, up, gated }
    }

    /// Adds the gradients of the sum of the losses, and gives that sum.
    fn backward(&self, forward: Forward, labels: &[u32], gradients: &mut Parameters) -> f64 {
        let Forward { layers, stream, normal, logits } = forward;
        let (loss, dz) = cross_entropy(logits, labels);
        let dy = self.linear_backward("head", &dz, &normal.y, gradients);
        let mut dx = self.norm_backward("norm", &dy, &stream, &normal.rstd, gradients);
        for (at, layer) in layers.iter().enumerate().rev() {
            self.feed_forward_backward(at, layer, &mut dx, gradients);
            self.attention_backward(at, layer, &mut dx, gradients);
        }
        let width = self.decoder.width;
        let table = gradients.get_mut("embed").unwrap();
        for (id, dx) in self.ids.iter().zip(dx.chunks_exact(width)) {
            add(&mut table[*id as usize * width..][..width], dx);
        }
        loss
    }

    /// From the gradient of the layer's output, in `dx`, to that of the stream before its feed-forward.
    fn feed_forward_backward(&self, at: usize, layer: &Layer, dx: &mut [f32], gradients: &mut Parameters) {
        let name = |part: &str| format!("layer.{at}.feed_forward.{part}");
        let dy = self.linear_backward(&name("down"), dx, &layer.gated, gradients);
        let (mut dgate, mut dup) = (Vec::with_capacity(dy.len()), Vec::with_capacity(dy.len()));
        for ((dy, x), u) in dy.iter().zip(&layer.gate).zip(&layer.up) {
            let s = sigmoid(*x);
            dgate.push(dy * u * (s * (1.0 + x * (1.0 - s))));
            dup.push(dy * (x * s));
        }
        let mut dy = self.linear_backward(&name("gate"), &dgate, &layer.second.y, gradients);
        add(&mut dy, &self.linear_backward(&name("up"), &dup, &layer.second.y, gradients));
        add(dx, &self.norm_backward(&name("norm"), &dy, &layer.middle, &layer.second.rstd, gradients));
    }

    /// On to the gradient of the layer's input.
    fn attention_backward(&self, at: usize, layer: &Layer, dx: &mut [f32], gradients: &mut Parameters) {
        let name = |part: &str| format!("layer.{at}.attention.{part}");
        let dy = self.linear_backward(&name("output"), dx, &layer.mixed, gradients);
        let [mut dq, mut dk, dv] = self.attend_backward(&dy, layer);
        self.rotate(&mut dq, self.decoder.heads, -1.0);
        self.rotate(&mut dk, self.decoder.kv_heads, -1.0);
        let mut dy = self.linear_backward(&name("q"), &dq, &layer.normal.y, gradients);
        add(&mut dy, &self.linear_backward(&name("k"), &dk, &layer.normal.y, gradients));
        add(&mut dy, &self.linear_backward(&name("v"), &dv, &layer.normal.y, gradients));
        add(dx, &self.norm_backward(&name("norm"), &dy, &layer.input, &layer.normal.rstd, gradients));
    }

    fn linear(&self, name: &str, x: &[f32]) -> Vec<f32> {
        product(x, self.decoder.inputs(name), &self.transposed[name])
    }

    /// Adds dyᵀ·x to the weight's gradient; gives dy·W.
    fn linear_backward(&self, name: &str, dy: &[f32], x: &[f32], gradients: &mut Parameters) -> Vec<f32> {
        let tokens = self.ids.len();
        let outputs = dy.len() / tokens;
        add_product(gradients.get_mut(name).unwrap(), &transpose(dy, outputs), tokens, x);
        product(dy, outputs, &self.weights[name])
    }

    fn norm(&self, name: &str, x: &[f32]) -> Normal {
        let gamma = &self.weights[name];
        let mut normal = Normal { y: Vec::with_capacity(x.len()), rstd: Vec::new() };
        for row in x.chunks_exact(gamma.len()) {
            let rstd = (1.0 / (dot(row, row) / gamma.len() as f64 + EPSILON).sqrt()) as f32;
            normal.y.extend(row.iter().zip(gamma).map(|(x, g)| x * rstd * g));
            normal.rstd.push(rstd);
        }
        normal
    }

    fn norm_backward(
        &self,
        name: &str,
        dy: &[f32],
        x: &[f32],
        rstd: &[f32],
        gradients: &mut Parameters,
    ) -> Vec<f32> {
        let gamma = &self.weights[name];
        let dgamma = gradients.get_mut(name).unwrap();
        let mut dx = Vec::with_capacity(x.len());
        for ((dy, x), r) in dy.chunks_exact(gamma.len()).zip(x.chunks_exact(gamma.len())).zip(rstd) {
            let scaled: Vec<f32> = dy.iter().zip(gamma).map(|(dy, g)| dy * g).collect();
            let b = (dot(&scaled, x) * f64::from(*r) / gamma.len() as f64) as f32;
            dx.extend(scaled.iter().zip(x).map(|(g, x)| (g - x * r * b) * r));
            for ((dgamma, dy), x) in dgamma.iter_mut().zip(dy).zip(x) {
                *dgamma += dy * x * r;
            }
        }
        dx
    }
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// The sum of the losses, and its gradient p − y in place of the logits.
fn cross_entropy(mut logits: Vec<f32>, labels: &[u32]) -> (f64, Vec<f32>) {
    let classes = logits.len() / labels.len();
    let mut loss = 0.0;
    for (row, label) in logits.chunks_exact_mut(classes).zip(labels) {
        let largest = f64::from(row.iter().copied().fold(f32::MIN, f32::max));
        let sum: f64 = row.iter().map(|z| (f64::from(*z) - largest).exp()).sum();
        loss += sum.ln() - (f64::from(row[*label as usize]) - largest);
        row.iter_mut().for_each(|z| *z = ((f64::from(*z) - largest).exp() / sum) as f32);
        row[*label as usize] -= 1.0;
    }
    (loss, logits)
}
