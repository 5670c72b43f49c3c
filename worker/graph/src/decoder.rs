//! A small decoder defined in code, to be trained from a seed and to generate from what was learnt.
//!
//! Pre-norm blocks: RmsNorm, causal grouped-query attention with rotary positions, RmsNorm, SwiGLU; then RmsNorm and
//! a head of its own. A node and the weight that it multiplies by have the same name:
//!
//! | name | weight |
//! |---|---|
//! | `embed`, `head` | `[vocabulary, width]` |
//! | `layer.{i}.attention.{q, output}` | `[width, width]` |
//! | `layer.{i}.attention.{k, v}` | `[width / heads × kv_heads, width]` |
//! | `layer.{i}.feed_forward.{gate, up}` | `[hidden, width]` |
//! | `layer.{i}.feed_forward.down` | `[width, hidden]` |
//! | `norm`, `layer.{i}.attention.norm`, `layer.{i}.feed_forward.norm` | `[width]` |
//!
//! Angles, learning rates and bounds of initial values are data of the program. They are computed here, once, by
//! `+ − × ÷ √` and rounding to an integer alone, so that every machine defines the same program.

use std::collections::BTreeMap;

use assay_exact::{check_finite, Mask, Precision, MAX_DEPTH, MAX_NORM, VERSION};

use crate::angles::{cos_sin, exp_of_minus};
use crate::canonical::Float;
use crate::error::{Invalid, Problem};
use crate::manifest::{
    Attention, Index, Init, Manifest, Node, Op, Optimizer, Parameter, Training, MAX_TENSORS,
};
use crate::package::Package;
use crate::program::Program;
use crate::tensor::{Tensor, Tensors};
use crate::weights;

/// Where errors are.
const FILE: &str = "decoder";
const EMBED: &str = "embed";
const HEAD: &str = "head";
const ROPE: &str = "rope";
const RATES: &str = "rates";

/// Of all norms.
const EPSILON: f32 = 1e-5;
/// A quantised layer has 16 tensors, and there are six outside of the layers.
const MAX_LAYERS: u64 = (MAX_TENSORS - 6) / 16;
/// Most steps of a table of learning rates: 64 MiB.
const MAX_STEPS: u64 = 1 << 24;
/// The share of the highest learning rate that the last steps come down to.
const LAST_RATE: f64 = 0.1;

/// ln 10,000: the slowest pair of a head turns about 10,000 times slower than the first.
const LN_BASE: f64 = 9.210_340_371_976_184;

/// The sizes of a decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decoder {
    /// Blocks of attention and feed-forward.
    pub layers: u64,
    /// Columns of the residual stream.
    pub width: u64,
    /// Query heads, of `width / heads` columns each, an even number.
    pub heads: u64,
    /// Key-value heads, a divisor of `heads`.
    pub kv_heads: u64,
    /// Columns inside of a feed-forward.
    pub hidden: u64,
    /// Token ids are below it.
    pub vocabulary: u64,
    /// Most tokens of a unit.
    pub context: u64,
}

/// How a decoder is trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recipe {
    /// Units of a step.
    pub units: u64,
    /// Tokens of a unit.
    pub tokens: u64,
    /// Steps of the table of learning rates.
    pub steps: u64,
    /// Steps over which the rate rises to its highest; over the others it falls to a tenth of it, both linearly.
    pub warm_up: u64,
    /// The highest learning rate.
    pub rate: f32,
    /// The limit of the gradient's norm.
    pub clip: Option<f32>,
    /// The trace has the state's root after every so many steps.
    pub every: u64,
    /// What turns gradients into steps. Its decay is for matrices only.
    pub optimizer: Optimizer,
}

impl Recipe {
    /// Adam as is usual for decoders: β₁ 0.9, β₂ 0.95, ε 10⁻⁸, λ 0.1; norm clipped at 1; a tenth of the steps to warm
    /// up; every tenth step traced.
    pub fn new(units: u64, tokens: u64, steps: u64, rate: f32) -> Self {
        let optimizer = Optimizer::Adam {
            beta1: Float::new(0.9),
            beta2: Float::new(0.95),
            decay: Float::new(0.1),
            epsilon: Float::new(1e-8),
        };
        Self { units, tokens, steps, warm_up: steps / 10, rate, clip: Some(1.0), every: 10, optimizer }
    }

    /// What the checks of the program do not see.
    fn check(&self) -> Result<(), Invalid> {
        within("steps", self.steps, MAX_STEPS)?;
        if self.warm_up > self.steps {
            let (limit, got) = (self.steps, self.warm_up);
            return Err(Problem::Limit { limit, got }.at(FILE, "warm_up"));
        }
        if !(self.rate.is_finite() && self.rate > 0.0) {
            return Err(Problem::mismatch("a positive number", self.rate).at(FILE, "rate"));
        }
        Ok(())
    }

    /// The learning rate of each step.
    fn rates(&self) -> Vec<f32> {
        let (warm_up, steps) = (self.warm_up as f64, self.steps as f64);
        let share = |step: u64| {
            if step < self.warm_up {
                (step as f64 + 1.0) / warm_up
            } else {
                1.0 - (1.0 - LAST_RATE) * ((step as f64 - warm_up) / (steps - warm_up))
            }
        };
        (0..self.steps).map(|step| (f64::from(self.rate) * share(step)) as f32).collect()
    }
}

impl Decoder {
    /// One for bytes, with about 800,000 parameters.
    pub const fn small() -> Self {
        Self { layers: 4, width: 128, heads: 4, kv_heads: 2, hidden: 352, vocabulary: 256, context: 256 }
    }

    /// How many numbers it learns.
    pub fn parameter_count(&self) -> Result<u64, Invalid> {
        self.check()?;
        let count = |parameter: &Parameter| parameter.shape.iter().product::<u64>();
        Ok(self.parameters().values().map(count).sum())
    }

    /// The program that trains it: 15-bit products forward and backward.
    pub fn training(&self, recipe: &Recipe) -> Result<Package, Invalid> {
        self.check()?;
        recipe.check()?;
        let mut tensors = self.angles();
        tensors.insert(RATES.into(), Tensor::f32(&[recipe.steps], recipe.rates()));
        let training = Training {
            clip: recipe.clip.map(Float::new),
            every: recipe.every,
            optimizer: recipe.optimizer,
            precision: Precision::I15,
            rates: RATES.into(),
            tokens: recipe.tokens,
            units: recipe.units,
        };
        let draft = Manifest {
            parameters: self.parameters(),
            training: Some(training),
            ..self.manifest(self.graph(Precision::I15, false))
        };
        Program::pack(draft, &tensors)
    }

    /// The program that generates with learnt `parameters`, by their names. Weights are quantised here, per output
    /// channel; these, activations, keys and values have `precision`. The embedding stays in f32. The trace has the
    /// residual stream after the embedding and after each layer.
    pub fn inference(
        &self,
        parameters: &BTreeMap<String, Vec<f32>>,
        precision: Precision,
    ) -> Result<Package, Invalid> {
        let draft = self.draft(precision)?;
        let declared = self.parameters();
        if let Some(name) = parameters.keys().find(|name| !declared.contains_key(*name)) {
            return Err(Problem::Format("is no parameter of this decoder".into()).at(FILE, name));
        }
        let mut tensors = self.angles();
        for (name, parameter) in &declared {
            let values = parameters.get(name).ok_or_else(|| Problem::Missing.at(FILE, name))?;
            publish(&mut tensors, name, &parameter.shape, values, precision)
                .map_err(|problem| problem.at(FILE, name))?;
        }
        Program::pack(draft, &tensors)
    }

    /// The manifest of [`Decoder::inference`] without blobs and tensors: for who makes these otherwise.
    pub fn draft(&self, precision: Precision) -> Result<Manifest, Invalid> {
        self.check()?;
        let points = (0..self.layers).map(|layer| format!("layer.{layer}.feed_forward.residual"));
        let trace = std::iter::once(EMBED.to_string()).chain(points).collect();
        Ok(Manifest { trace, ..self.manifest(self.graph(precision, true)) })
    }

    fn check(&self) -> Result<(), Invalid> {
        within("layers", self.layers, MAX_LAYERS)?;
        within("width", self.width, MAX_NORM as u64)?;
        within("heads", self.heads, self.width)?;
        within("kv_heads", self.kv_heads, self.heads)?;
        within("hidden", self.hidden, MAX_DEPTH as u64)?;
        within("vocabulary", self.vocabulary, MAX_DEPTH as u64)?;
        within("context", self.context, MAX_DEPTH as u64)?;
        if !self.width.is_multiple_of(self.heads) {
            let expected = format!("a divisor of {}", self.width);
            return Err(Problem::mismatch(expected, self.heads).at(FILE, "heads"));
        }
        if !self.dim().is_multiple_of(2) {
            let got = format!("{} of {}", self.heads, self.dim());
            return Err(Problem::mismatch("heads of an even number of columns", got).at(FILE, "heads"));
        }
        if !self.heads.is_multiple_of(self.kv_heads) {
            let expected = format!("a divisor of {}", self.heads);
            return Err(Problem::mismatch(expected, self.kv_heads).at(FILE, "kv_heads"));
        }
        Ok(())
    }

    /// Columns of a head.
    fn dim(&self) -> u64 {
        self.width / self.heads
    }

    fn manifest(&self, graph: Vec<Node>) -> Manifest {
        Manifest {
            blobs: Vec::new(),
            context: self.context,
            graph,
            output: HEAD.into(),
            parameters: BTreeMap::new(),
            tensors: BTreeMap::new(),
            tokenizer: None,
            trace: Vec::new(),
            training: None,
            version: VERSION.into(),
            vocabulary: self.vocabulary,
        }
    }

    /// The operators in the order in which they run; `last` is for one row of logits, that of the last token.
    fn graph(&self, precision: Precision, last: bool) -> Vec<Node> {
        let mut graph = Vec::new();
        let embed = Op::Embed { index: Index::Ids, table: EMBED.into() };
        let mut stream = push(&mut graph, EMBED.into(), &[], embed);
        for layer in 0..self.layers {
            stream = self.attention(&mut graph, layer, &stream, precision);
            stream = feed_forward(&mut graph, layer, &stream, precision);
        }
        if last {
            stream = push(&mut graph, "last".into(), &[&stream], Op::Last);
        }
        let normal = norm(&mut graph, "norm".into(), &stream);
        linear(&mut graph, HEAD.into(), &normal, precision);
        graph
    }

    fn attention(&self, graph: &mut Vec<Node>, layer: u64, stream: &str, precision: Precision) -> String {
        let name = |part: &str| format!("layer.{layer}.attention.{part}");
        let rope = |heads: u64| Op::Rope { heads, table: ROPE.into() };
        let normal = norm(graph, name("norm"), stream);
        let [q, k, v] = ["q", "k", "v"].map(|part| linear(graph, name(part), &normal, precision));
        let q = push(graph, name("q.rope"), &[&q], rope(self.heads));
        let k = push(graph, name("k.rope"), &[&k], rope(self.kv_heads));
        let attention = Attention {
            heads: self.heads,
            keys: precision,
            kv_heads: self.kv_heads,
            mask: Mask::Causal,
            scale: Float::new(1.0 / (self.dim() as f32).sqrt()),
            values: precision,
            weights: Precision::I15,
        };
        let mixed = push(graph, name("mix"), &[&q, &k, &v], Op::Attention(attention));
        let output = linear(graph, name("output"), &mixed, precision);
        push(graph, name("residual"), &[stream, &output], Op::Add)
    }

    /// What it learns. Matrices start so that they keep the variance of what they multiply; those that write to the
    /// residual stream are smaller, so that all of them together add about as much as the embedding; the head starts
    /// near zero, so that the first loss is near that of equal odds.
    fn parameters(&self) -> BTreeMap<String, Parameter> {
        let (width, hidden, kv_width) = (self.width, self.hidden, self.kv_heads * self.dim());
        // The standard deviation of a uniform distribution is its bound over √3.
        let unit = 3f32.sqrt();
        let keeping = |inputs: u64| unit / (inputs as f32).sqrt();
        let writers = (2.0 * self.layers as f32).sqrt();
        let mut parameters = BTreeMap::from([
            (EMBED.to_string(), matrix(self.vocabulary, width, unit)),
            (HEAD.to_string(), matrix(self.vocabulary, width, unit / width as f32)),
            ("norm".to_string(), vector(width)),
        ]);
        for layer in 0..self.layers {
            let parts = [
                ("attention.norm", vector(width)),
                ("attention.q", matrix(width, width, keeping(width))),
                ("attention.k", matrix(kv_width, width, keeping(width))),
                ("attention.v", matrix(kv_width, width, keeping(width))),
                ("attention.output", matrix(width, width, keeping(width) / writers)),
                ("feed_forward.norm", vector(width)),
                ("feed_forward.gate", matrix(hidden, width, keeping(width))),
                ("feed_forward.up", matrix(hidden, width, keeping(width))),
                ("feed_forward.down", matrix(width, hidden, keeping(hidden) / writers)),
            ];
            parameters.extend(parts.map(|(part, parameter)| (format!("layer.{layer}.{part}"), parameter)));
        }
        parameters
    }

    /// Cosines and sines of position·10,000^(−2i/dim), `[context, dim/2]`.
    fn angles(&self) -> Tensors {
        let half = self.dim() / 2;
        let speeds: Vec<f64> = (0..half).map(|i| exp_of_minus(LN_BASE * i as f64 / half as f64)).collect();
        let (mut cos, mut sin) = (Vec::new(), Vec::new());
        for position in 0..self.context {
            for speed in &speeds {
                let (x, y) = cos_sin(position as f64 * speed);
                cos.push(x as f32);
                sin.push(y as f32);
            }
        }
        let table = |values| Tensor::f32(&[self.context, half], values);
        BTreeMap::from([(format!("{ROPE}.cos"), table(cos)), (format!("{ROPE}.sin"), table(sin))])
    }
}

fn within(field: &str, got: u64, limit: u64) -> Result<(), Invalid> {
    if got == 0 {
        return Err(Problem::mismatch("at least 1", got).at(FILE, field));
    }
    if got > limit {
        return Err(Problem::Limit { limit, got }.at(FILE, field));
    }
    Ok(())
}

/// Adds a node; gives its name.
fn push(graph: &mut Vec<Node>, name: String, inputs: &[&str], op: Op) -> String {
    let inputs = inputs.iter().map(|input| input.to_string()).collect();
    graph.push(Node { inputs, name: name.clone(), op });
    name
}

fn norm(graph: &mut Vec<Node>, name: String, input: &str) -> String {
    let op = Op::RmsNorm { epsilon: Float::new(EPSILON), gamma: name.clone() };
    push(graph, name, &[input], op)
}

fn linear(graph: &mut Vec<Node>, name: String, input: &str, precision: Precision) -> String {
    let op = Op::Linear { bias: None, precision, weight: name.clone() };
    push(graph, name, &[input], op)
}

fn feed_forward(graph: &mut Vec<Node>, layer: u64, stream: &str, precision: Precision) -> String {
    let name = |part: &str| format!("layer.{layer}.feed_forward.{part}");
    let normal = norm(graph, name("norm"), stream);
    let [gate, up] = ["gate", "up"].map(|part| linear(graph, name(part), &normal, precision));
    let gated = push(graph, name("gated"), &[&gate, &up], Op::SiluMul);
    let down = linear(graph, name("down"), &gated, precision);
    push(graph, name("residual"), &[stream, &down], Op::Add)
}

fn matrix(rows: u64, cols: u64, bound: f32) -> Parameter {
    Parameter { decay: true, init: Init::Uniform(Float::new(bound)), shape: vec![rows, cols] }
}

fn vector(len: u64) -> Parameter {
    Parameter { decay: false, init: Init::Constant(Float::new(1.0)), shape: vec![len] }
}

/// Adds a learnt parameter to a program's tensors: a matrix quantised per row, a vector or the embedding as it is.
fn publish(
    tensors: &mut Tensors,
    name: &str,
    shape: &[u64],
    values: &[f32],
    precision: Precision,
) -> Result<(), Problem> {
    let elements: u64 = shape.iter().product();
    if values.len() as u64 != elements {
        return Err(Problem::mismatch(format!("{elements} elements"), values.len()));
    }
    check_finite(values).map_err(|trap| Problem::NotFinite(trap.index))?;
    match *shape {
        [rows, cols] if name != EMBED => weights::publish(tensors, name, values, [rows, cols], precision),
        _ => {
            tensors.insert(name.into(), Tensor::f32(shape, values.to_vec()));
            Ok(())
        }
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "the standard library's functions are the yardstick")]
mod tests {
    use super::*;

    fn table(name: &str) -> Vec<f32> {
        Decoder::small().angles()[name].as_f32().unwrap().to_vec()
    }

    #[test]
    fn angles_are_those_of_the_definition() {
        let (cos, sin) = (table("rope.cos"), table("rope.sin"));
        assert_eq!((cos.len(), sin.len()), (256 * 16, 256 * 16));
        for at in 0..cos.len() {
            let angle = (at / 16) as f64 * 10_000f64.powf(-((at % 16) as f64) / 16.0);
            assert!((f64::from(cos[at]) - angle.cos()).abs() < 3.1e-8, "cosine {at}");
            assert!((f64::from(sin[at]) - angle.sin()).abs() < 3.1e-8, "sine {at}");
        }
    }

    #[test]
    fn angles_have_the_same_bits_everywhere() {
        let (cos, sin) = (table("rope.cos"), table("rope.sin"));
        // Correctly rounded values by 60-digit arithmetic.
        for (position, pair, cosine, sine) in [
            (0, 0, 0x3F80_0000, 0),
            (1, 0, 0x3F0A_5140, 0x3F57_6AA4),
            (63, 3, 0x3E53_0B70, 0xBF7A_8107),
            (100, 7, 0xBE52_F10A, 0x3F7A_826B),
            (255, 0, 0xBF5C_BFEE, 0xBF01_A2E2),
            (255, 15, 0x3F7F_BCA2, 0x3D39_AC90),
        ] {
            let at = position * 16 + pair;
            assert_eq!((cos[at].to_bits(), sin[at].to_bits()), (cosine, sine), "{position}, {pair}");
        }
    }

    #[test]
    fn the_rate_rises_to_its_highest_and_falls_to_a_tenth() {
        let mut recipe = Recipe::new(1, 1, 10, 0.5);
        recipe.warm_up = 2;
        let rates = recipe.rates();
        assert_eq!(rates[..3], [0.25, 0.5, 0.5]);
        assert!(rates[2..].windows(2).all(|pair| pair[1] < pair[0]), "{rates:?}");
        assert!((rates[9] - 0.5 * (1.0 - 0.9 * 7.0 / 8.0)).abs() < 1e-7, "{rates:?}");
        recipe.warm_up = 10;
        assert_eq!(recipe.rates()[9], 0.5);
    }
}
