//! Small programs with random weights, which between them use every operator.

use std::collections::BTreeMap;

use assay_exact::{Mask, Precision, QuantRow, VERSION};
use assay_graph::canonical::Float;
use assay_graph::error::Invalid;
use assay_graph::manifest::{Attention, Index, Manifest, Node, Op};
use assay_graph::package::Package;
use assay_graph::program::Program;
use assay_graph::tensor::{Tensor, Tensors};

/// A linear congruential generator.
pub struct Random(pub u64);

impl Random {
    /// 31 bits.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.draw() % bound as u64) as usize
    }

    /// Within ± `bound`.
    pub fn float(&mut self, bound: f32) -> f32 {
        ((self.draw() >> 7) as f32 / 8_388_608.0 - 1.0) * bound
    }

    pub fn ids(&mut self, count: usize, vocabulary: usize) -> Vec<u32> {
        (0..count).map(|_| self.below(vocabulary) as u32).collect()
    }
}

/// The sizes of a model.
#[derive(Clone, Copy)]
pub struct Sizes {
    pub width: usize,
    pub heads: usize,
    pub hidden: usize,
    pub layers: usize,
    pub context: usize,
    pub vocabulary: usize,
}

pub const SMALL: Sizes = Sizes { width: 48, heads: 4, hidden: 72, layers: 2, context: 24, vocabulary: 40 };

const EPSILON: f32 = 1e-6;

/// A program under construction.
pub struct Draft {
    random: Random,
    nodes: Vec<Node>,
    tensors: Tensors,
    trace: Vec<String>,
}

impl Draft {
    pub fn new(seed: u64) -> Self {
        Self { random: Random(seed), nodes: Vec::new(), tensors: Tensors::new(), trace: Vec::new() }
    }

    pub fn node(&mut self, name: &str, inputs: &[&str], op: Op) {
        let inputs = inputs.iter().map(|input| input.to_string()).collect();
        self.nodes.push(Node { inputs, name: name.into(), op });
    }

    pub fn trace(&mut self, name: &str) {
        self.trace.push(name.into());
    }

    /// Floats within ± `spread` of `centre`.
    fn floats(&mut self, name: &str, shape: &[usize], centre: f32, spread: f32) {
        let count: usize = shape.iter().product();
        let values = (0..count).map(|_| centre + self.random.float(spread)).collect();
        let shape: Vec<u64> = shape.iter().map(|size| *size as u64).collect();
        self.tensors.insert(name.into(), Tensor::f32(&shape, values));
    }

    /// A matrix in f32, or quantised per row.
    pub fn matrix(&mut self, name: &str, rows: usize, cols: usize, form: Option<Precision>) {
        self.floats(name, &[rows, cols], 0.0, 0.3);
        let Some(precision) = form else { return };
        let x = self.tensors[name].as_f32().unwrap().to_vec();
        let (mut planes, mut scales) = (vec![0; precision.digits() * x.len()], vec![0.0; rows]);
        QuantRow::new(rows, cols, precision).unwrap().forward(&x, &mut planes, &mut scales).unwrap();
        let shape = [precision.digits(), rows, cols].map(|size| size as u64);
        self.tensors.insert(name.into(), Tensor::i8(&shape, planes));
        self.tensors.insert(format!("{name}.scale"), Tensor::f32(&shape[1..2], scales));
    }

    fn linear(&mut self, name: &str, input: &str, [rows, cols]: [usize; 2], form: Option<Precision>) {
        let (weight, bias) = (format!("{name}.weight"), format!("{name}.bias"));
        self.matrix(&weight, rows, cols, form);
        self.floats(&bias, &[rows], 0.0, 0.1);
        self.node(name, &[input], Op::Linear { bias: Some(bias), precision: Precision::I8, weight });
    }

    /// Without bias, activations in two digits.
    fn projection(&mut self, name: &str, input: &str, [rows, cols]: [usize; 2], form: Option<Precision>) {
        let weight = format!("{name}.weight");
        self.matrix(&weight, rows, cols, form);
        self.node(name, &[input], Op::Linear { bias: None, precision: Precision::I15, weight });
    }

    fn layer_norm(&mut self, name: &str, input: &str, width: usize) {
        let (gamma, beta) = (format!("{name}.gamma"), format!("{name}.beta"));
        self.floats(&gamma, &[width], 1.0, 0.2);
        self.floats(&beta, &[width], 0.0, 0.2);
        self.node(name, &[input], Op::LayerNorm { beta, epsilon: Float::new(EPSILON), gamma });
    }

    fn rms_norm(&mut self, name: &str, input: &str, width: usize) {
        let gamma = format!("{name}.gamma");
        self.floats(&gamma, &[width], 1.0, 0.2);
        self.node(name, &[input], Op::RmsNorm { epsilon: Float::new(EPSILON), gamma });
    }

    pub fn pack(self, output: &str, context: usize, vocabulary: usize) -> Result<Package, Invalid> {
        let manifest = Manifest {
            blobs: Vec::new(),
            context: context as u64,
            graph: self.nodes,
            output: output.into(),
            parameters: BTreeMap::new(),
            tensors: BTreeMap::new(),
            tokenizer: None,
            trace: self.trace,
            training: None,
            version: VERSION.into(),
            vocabulary: vocabulary as u64,
        };
        Program::pack(manifest, &self.tensors)
    }

    fn program(self, output: &str, sizes: &Sizes) -> Program {
        Program::load("test", &self.pack(output, sizes.context, sizes.vocabulary).unwrap()).unwrap()
    }
}

/// A full attention over i8 keys, with layer norms, biases and a pooled output; weights in every form.
pub fn encoder(sizes: &Sizes) -> Program {
    let Sizes { width, heads, hidden, layers, context, vocabulary } = *sizes;
    let (one_digit, two_digits) = (Some(Precision::I8), Some(Precision::I15));
    let mut draft = Draft::new(7);
    draft.matrix("words", vocabulary, width, one_digit);
    draft.matrix("positions", context, width, None);
    draft.node("word", &[], Op::Embed { index: Index::Ids, table: "words".into() });
    draft.node("position", &[], Op::Embed { index: Index::Positions, table: "positions".into() });
    draft.node("sum", &["word", "position"], Op::Add);
    draft.layer_norm("x0", "sum", width);
    draft.trace("x0");
    for layer in 1..=layers {
        let name = |part: &str| format!("{part}{layer}");
        let x = format!("x{}", layer - 1);
        draft.linear(&name("q"), &x, [width, width], one_digit);
        draft.linear(&name("k"), &x, [width, width], two_digits);
        draft.linear(&name("v"), &x, [width, width], None);
        let attention = Attention {
            heads: heads as u64,
            keys: Precision::I8,
            kv_heads: heads as u64,
            mask: Mask::Full,
            scale: Float::new(0.25),
            values: Precision::I8,
            weights: Precision::I8,
        };
        let inputs = [name("q"), name("k"), name("v")];
        draft.node(&name("attention"), &inputs.each_ref().map(String::as_str), Op::Attention(attention));
        draft.linear(&name("out"), &name("attention"), [width, width], one_digit);
        draft.node(&name("residual"), &[&name("out"), &x], Op::Add);
        draft.layer_norm(&name("norm"), &name("residual"), width);
        draft.linear(&name("up"), &name("norm"), [hidden, width], one_digit);
        draft.node(&name("gelu"), &[&name("up")], Op::Gelu);
        draft.linear(&name("down"), &name("gelu"), [width, hidden], one_digit);
        draft.node(&name("both"), &[&name("down"), &name("norm")], Op::Add);
        draft.layer_norm(&name("x"), &name("both"), width);
        draft.trace(&name("x"));
    }
    draft.node("mean", &[&format!("x{layers}")], Op::MeanPool);
    draft.node("tanh", &["mean"], Op::Tanh);
    draft.node("product", &["tanh", "mean"], Op::Mul);
    draft.node("unit", &["product"], Op::L2Norm { epsilon: Float::new(EPSILON) });
    draft.program("unit", sizes)
}

/// A causal attention with half as many key-value heads, rotations, gates, and the logits of the last token.
pub fn decoder(sizes: &Sizes) -> Program {
    let Sizes { width, heads, hidden, layers, context, vocabulary } = *sizes;
    let (kv_width, half) = (width / 2, width / heads / 2);
    let mut draft = Draft::new(11);
    draft.matrix("tokens", vocabulary, width, None);
    draft.floats("angles.cos", &[context, half], 0.0, 1.0);
    draft.floats("angles.sin", &[context, half], 0.0, 1.0);
    draft.node("x0", &[], Op::Embed { index: Index::Ids, table: "tokens".into() });
    for layer in 1..=layers {
        let name = |part: &str| format!("{part}{layer}");
        let x = format!("x{}", layer - 1);
        draft.rms_norm(&name("norm"), &x, width);
        draft.projection(&name("q"), &name("norm"), [width, width], None);
        draft.projection(&name("k"), &name("norm"), [kv_width, width], Some(Precision::I15));
        draft.projection(&name("v"), &name("norm"), [kv_width, width], None);
        for (part, input, heads) in [("turned-q", "q", heads), ("turned-k", "k", heads / 2)] {
            let op = Op::Rope { heads: heads as u64, table: "angles".into() };
            draft.node(&name(part), &[&name(input)], op);
        }
        let attention = Attention {
            heads: heads as u64,
            keys: Precision::I15,
            kv_heads: heads as u64 / 2,
            mask: Mask::Causal,
            scale: Float::new(0.25),
            values: Precision::I15,
            weights: Precision::I15,
        };
        let inputs = [name("turned-q"), name("turned-k"), name("v")];
        draft.node(&name("attention"), &inputs.each_ref().map(String::as_str), Op::Attention(attention));
        draft.projection(&name("out"), &name("attention"), [width, width], None);
        draft.node(&name("residual"), &[&x, &name("out")], Op::Add);
        draft.rms_norm(&name("second"), &name("residual"), width);
        draft.projection(&name("gate"), &name("second"), [hidden, width], None);
        draft.projection(&name("up"), &name("second"), [hidden, width], None);
        draft.node(&name("gated"), &[&name("gate"), &name("up")], Op::SiluMul);
        draft.projection(&name("down"), &name("gated"), [width, hidden], None);
        draft.node(&name("x"), &[&name("residual"), &name("down")], Op::Add);
        draft.trace(&name("x"));
    }
    draft.node("last", &[&format!("x{layers}")], Op::Last);
    draft.rms_norm("norm", "last", width);
    draft.projection("logits", "norm", [vocabulary, width], Some(Precision::I22));
    draft.program("logits", sizes)
}
