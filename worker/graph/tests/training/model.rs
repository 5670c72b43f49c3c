//! Small training programs, made by hand, and their data.

use std::collections::BTreeMap;

use assay_exact::{Mask, Philox, Precision, VERSION};
use assay_graph::canonical::Float;
use assay_graph::error::Invalid;
use assay_graph::manifest::{Attention, Index, Init, Manifest, Node, Op, Optimizer, Parameter, Training};
use assay_graph::program::Program;
use assay_graph::root::key;
use assay_graph::tensor::{Tensor, Tensors};

/// Of the jobs.
pub const SEED: &[u8] = b"a job";
pub const VOCABULARY: u64 = 11;
pub const WIDTH: u64 = 8;
pub const TOKENS: u64 = 6;
pub const UNITS: u64 = 5;
/// Tokens of a step.
pub const COUNT: u32 = (TOKENS * UNITS) as u32;
/// Steps for which there are learning rates.
pub const STEPS: u64 = 5;
const CONTEXT: u64 = 8;
const HIDDEN: u64 = 12;
const HEAD: u64 = 4;

/// Adam with all its constants.
pub const ADAM: [f32; 4] = [0.9, 0.99, 0.02, 1e-8];
/// Decay and momentum.
pub const SGD: [f32; 2] = [0.02, 0.9];

/// A program before it is packed.
#[derive(Clone)]
pub struct Model {
    pub manifest: Manifest,
    pub tensors: Tensors,
}

impl Model {
    pub fn program(&self) -> Result<Program, Invalid> {
        Program::load("program", &Program::pack(self.manifest.clone(), &self.tensors)?)
    }

    pub fn training(&mut self) -> &mut Training {
        self.manifest.training.as_mut().unwrap()
    }

    pub fn rates(mut self, rates: &[f32]) -> Self {
        self.tensors.insert("rates".into(), Tensor::f32(&[rates.len() as u64], rates.into()));
        self
    }

    pub fn optimizer(mut self, optimizer: Optimizer) -> Self {
        self.training().optimizer = optimizer;
        self
    }

    pub fn clip(mut self, limit: f32) -> Self {
        self.training().clip = Some(Float::new(limit));
        self
    }

    /// Learns one more tensor.
    pub fn learn(&mut self, name: &str, shape: &[u64], init: Init, decay: bool) {
        let parameter = Parameter { decay, init, shape: shape.into() };
        self.manifest.parameters.insert(name.into(), parameter);
    }

    /// Makes a learned vector a tensor of the program.
    pub fn fix(&mut self, name: &str) {
        let parameter = self.manifest.parameters.remove(name).unwrap();
        let Init::Constant(value) = parameter.init else { panic!("{name} does not start from a constant") };
        let values = vec![value.get(); parameter.shape[0] as usize];
        self.tensors.insert(name.into(), Tensor::f32(&parameter.shape, values));
    }

    fn matrix(&mut self, name: &str, shape: [u64; 2], bound: f32) {
        self.learn(name, &shape, Init::Uniform(Float::new(bound)), true);
    }

    fn vector(&mut self, name: &str, len: u64, value: f32) {
        self.learn(name, &[len], Init::Constant(Float::new(value)), false);
    }

    /// A tensor of the program, which is not learned.
    fn fixed(&mut self, name: &str, shape: &[u64], bound: f32) {
        let stream = Philox::new(*b"constant", self.tensors.len() as u32, 0);
        let elements: u64 = shape.iter().product();
        let values = (0..elements).map(|i| stream.symmetric(i, bound)).collect();
        self.tensors.insert(name.into(), Tensor::f32(shape, values));
    }

    fn node(&mut self, name: &str, op: Op, inputs: &[&str]) {
        let inputs = inputs.iter().map(|input| input.to_string()).collect();
        self.manifest.graph.push(Node { inputs, name: name.into(), op });
    }

    fn linear(&mut self, name: &str, weight: &str, bias: Option<&str>, input: &str) {
        let (bias, weight) = (bias.map(Into::into), weight.into());
        self.node(name, Op::Linear { bias, precision: Precision::I15, weight }, &[input]);
    }

    fn angles(&mut self) {
        let angle = |i: u64| (i / 2) as f64 * [1.0, 0.3][(i % 2) as usize];
        let angles: Vec<f64> = (0..CONTEXT * HEAD / 2).map(angle).collect();
        let cos = angles.iter().map(|angle| angle.cos() as f32).collect();
        let sin = angles.iter().map(|angle| angle.sin() as f32).collect();
        for (name, values) in [("rope.cos", cos), ("rope.sin", sin)] {
            self.tensors.insert(name.into(), Tensor::f32(&[CONTEXT, HEAD / 2], values));
        }
    }
}

pub fn adam() -> Optimizer {
    let [beta1, beta2, decay, epsilon] = ADAM.map(Float::new);
    Optimizer::Adam { beta1, beta2, decay, epsilon }
}

pub fn sgd() -> Optimizer {
    let [decay, momentum] = SGD.map(Float::new);
    Optimizer::Sgd { decay, momentum }
}

fn empty() -> Model {
    let training = Training {
        clip: None,
        every: 1,
        optimizer: sgd(),
        precision: Precision::I15,
        rates: "rates".into(),
        tokens: TOKENS,
        units: UNITS,
    };
    let manifest = Manifest {
        blobs: Vec::new(),
        context: CONTEXT,
        graph: Vec::new(),
        output: "logits".into(),
        parameters: BTreeMap::new(),
        tensors: BTreeMap::new(),
        tokenizer: None,
        trace: Vec::new(),
        training: Some(training),
        version: VERSION.into(),
        vocabulary: VOCABULARY,
    };
    Model { manifest, tensors: Tensors::new() }.rates(&[0.05; STEPS as usize])
}

fn attention(kv_heads: u64, mask: Mask) -> Op {
    Op::Attention(Attention {
        heads: WIDTH / HEAD,
        keys: Precision::I15,
        kv_heads,
        mask,
        scale: Float::new(0.5),
        values: Precision::I15,
        weights: Precision::I15,
    })
}

fn embed(index: Index, table: &str) -> Op {
    Op::Embed { index, table: table.into() }
}

fn rope(heads: u64) -> Op {
    Op::Rope { heads, table: "rope".into() }
}

/// A causal decoder with every operator that a training can have, grouped heads and a tied embedding. The residual
/// stream has several users at each point.
pub fn decoder() -> Model {
    let mut model = empty();
    model.angles();
    let epsilon = Float::new(1e-5);
    for (name, shape) in [
        ("embed", [VOCABULARY, WIDTH]),
        ("position", [CONTEXT, WIDTH]),
        ("q", [WIDTH, WIDTH]),
        ("k", [HEAD, WIDTH]),
        ("v", [HEAD, WIDTH]),
        ("out", [WIDTH, WIDTH]),
        ("gate", [HIDDEN, WIDTH]),
        ("up", [HIDDEN, WIDTH]),
        ("down", [WIDTH, HIDDEN]),
        ("left", [WIDTH, WIDTH]),
        ("right", [WIDTH, WIDTH]),
    ] {
        model.matrix(name, shape, 0.7);
    }
    for (name, len, value) in [
        ("norm1.gamma", WIDTH, 1.1),
        ("norm1.beta", WIDTH, 0.1),
        ("norm2.gamma", WIDTH, 0.9),
        ("q.bias", WIDTH, 0.05),
        ("v.bias", HEAD, -0.1),
        ("left.bias", WIDTH, 0.2),
    ] {
        model.vector(name, len, value);
    }
    let norm1 = Op::LayerNorm { beta: "norm1.beta".into(), epsilon, gamma: "norm1.gamma".into() };
    model.node("token", embed(Index::Ids, "embed"), &[]);
    model.node("place", embed(Index::Positions, "position"), &[]);
    model.node("x0", Op::Add, &["token", "place"]);
    model.node("n1", norm1, &["x0"]);
    model.linear("query", "q", Some("q.bias"), "n1");
    model.linear("key", "k", None, "n1");
    model.linear("value", "v", Some("v.bias"), "n1");
    model.node("query.turned", rope(2), &["query"]);
    model.node("key.turned", rope(1), &["key"]);
    model.node("seen", attention(1, Mask::Causal), &["query.turned", "key.turned", "value"]);
    model.linear("seen.out", "out", None, "seen");
    model.node("x1", Op::Add, &["x0", "seen.out"]);
    model.node("n2", Op::RmsNorm { epsilon, gamma: "norm2.gamma".into() }, &["x1"]);
    model.linear("gated", "gate", None, "n2");
    model.linear("upped", "up", None, "n2");
    model.node("hidden", Op::SiluMul, &["gated", "upped"]);
    model.linear("downed", "down", None, "hidden");
    model.node("x2", Op::Add, &["x1", "downed"]);
    model.linear("l", "left", Some("left.bias"), "x2");
    model.node("l.gelu", Op::Gelu, &["l"]);
    model.linear("r", "right", None, "x2");
    model.node("r.tanh", Op::Tanh, &["r"]);
    model.node("both", Op::Mul, &["l.gelu", "r.tanh"]);
    model.node("x3", Op::Add, &["x2", "both"]);
    model.node("unit", Op::L2Norm { epsilon }, &["x3"]);
    model.linear("logits", "embed", None, "unit");
    model
}

/// An encoder of which a part is fixed: positions, keys, a shift, and a node that no parameter leads to. It takes a
/// value twice, and has nodes behind the output.
pub fn encoder() -> Model {
    let mut model = empty();
    model.fixed("position", &[CONTEXT, WIDTH], 0.5);
    model.fixed("k", &[WIDTH, WIDTH], 0.7);
    model.fixed("beta", &[WIDTH], 0.3);
    for (name, shape) in [
        ("embed", [VOCABULARY, WIDTH]),
        ("q", [WIDTH, WIDTH]),
        ("v", [WIDTH, WIDTH]),
        ("head", [VOCABULARY, WIDTH]),
    ] {
        model.matrix(name, shape, 0.7);
    }
    model.vector("gamma", WIDTH, 1.2);
    let (epsilon, beta) = (Float::new(1e-5), "beta".to_string());
    model.node("place", embed(Index::Positions, "position"), &[]);
    model.node("place.tanh", Op::Tanh, &["place"]);
    model.node("token", embed(Index::Ids, "embed"), &[]);
    model.node("x0", Op::Add, &["place.tanh", "token"]);
    model.node("n", Op::LayerNorm { beta, epsilon, gamma: "gamma".into() }, &["x0"]);
    model.linear("query", "q", None, "n");
    model.linear("key", "k", None, "n");
    model.linear("value", "v", None, "n");
    model.node("seen", attention(2, Mask::Full), &["query", "key", "value"]);
    model.node("x1", Op::Add, &["x0", "seen"]);
    model.node("square", Op::Mul, &["x1", "x1"]);
    model.linear("logits", "head", None, "square");
    model.node("behind", Op::Gelu, &["logits"]);
    model
}

/// One value with three users, all of them linear.
pub fn three_users() -> Model {
    let mut model = empty();
    model.matrix("embed", [VOCABULARY, WIDTH], 0.7);
    model.matrix("head", [VOCABULARY, WIDTH], 0.7);
    for name in ["a", "b", "c"] {
        model.matrix(name, [WIDTH, WIDTH], 0.7);
    }
    model.node("x", embed(Index::Ids, "embed"), &[]);
    model.linear("q", "a", None, "x");
    model.linear("k", "b", None, "x");
    model.linear("v", "c", None, "x");
    model.node("qk", Op::Add, &["q", "k"]);
    model.node("sum", Op::Add, &["qk", "v"]);
    model.linear("logits", "head", None, "sum");
    model
}

/// Twice the embedding. Only the embedding decays.
pub fn double() -> Model {
    let mut model = empty();
    model.matrix("embed", [VOCABULARY, WIDTH], 0.7);
    model.learn("head", &[VOCABULARY, WIDTH], Init::Uniform(Float::new(0.7)), false);
    model.node("x", embed(Index::Ids, "embed"), &[]);
    model.node("double", Op::Add, &["x", "x"]);
    model.linear("logits", "head", None, "double");
    model
}

/// A normalised embedding.
pub fn normalised() -> Model {
    let mut model = empty();
    model.matrix("embed", [VOCABULARY, WIDTH], 0.7);
    model.matrix("head", [VOCABULARY, WIDTH], 0.7);
    model.vector("gamma", WIDTH, 1.0);
    model.vector("beta", WIDTH, 0.0);
    let norm = Op::LayerNorm { beta: "beta".into(), epsilon: Float::new(1e-5), gamma: "gamma".into() };
    model.node("x", embed(Index::Ids, "embed"), &[]);
    model.node("n", norm, &["x"]);
    model.linear("logits", "head", None, "n");
    model
}

/// A product of the embedding and of numbers that are not learned, and next to nothing.
pub fn product(op: Op) -> Model {
    let mut model = empty();
    model.matrix("embed", [VOCABULARY, WIDTH], 0.7);
    model.matrix("head", [VOCABULARY, WIDTH], 0.7);
    let factors = vec![2e-38; (CONTEXT * WIDTH) as usize];
    model.tensors.insert("position".into(), Tensor::f32(&[CONTEXT, WIDTH], factors));
    model.node("x", embed(Index::Ids, "embed"), &[]);
    model.node("place", embed(Index::Positions, "position"), &[]);
    model.node("y", op, &["x", "place"]);
    model.linear("logits", "head", None, "y");
    model
}

/// Token ids below a bound.
pub fn data(len: u64, bound: u32) -> Vec<u32> {
    let stream = Philox::new(*b"the data", 0, 0);
    (0..len).map(|i| stream.word(i) % bound).collect()
}

/// Where a unit starts in data of `len` tokens, by the rule of the contract of programs.
pub fn start(len: usize, step: u32, unit: u64) -> usize {
    let draw = Philox::new(key(SEED), 0xFFFF_FFFF, step).draw(unit);
    (draw % (len as u64 - TOKENS)) as usize
}

/// Tokens and labels of each unit of a step.
pub fn windows(data: &[u32], step: u32, units: u64) -> Vec<(&[u32], &[u32])> {
    let tokens = TOKENS as usize;
    let starts = (0..units).map(|unit| start(data.len(), step, unit));
    starts.map(|at| (&data[at..at + tokens], &data[at + 1..at + 1 + tokens])).collect()
}
