//! Golden roots: small jobs, and the roots that every implementation must reproduce. They were computed by a program that was
//! written from the text of the contract and has nothing in common with this crate. So they cover files, manifests, operators,
//! training, traps, traces and roots. Tests of every backend run them, and a worker on each GPU before it stakes on it.

use std::collections::BTreeMap;

use assay_exact::{Mask, Precision, VERSION};

use crate::canonical::Float;
use crate::error::Invalid;
use crate::job::{Generate, Input, Kind, Sampling, Train};
use crate::manifest::{Attention, Index, Init, Manifest, Node, Op, Optimizer, Parameter, Training};
use crate::package::Package;
use crate::program::Program;
use crate::tensor::{Tensor, Tensors};

/// The seed of all of them.
pub const SEED: &[u8] = b"seed of the golden roots";

/// A job, and its roots in hex.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it does.
    pub name: &'static str,
    /// The program.
    pub program: Package,
    /// The input.
    pub input: Package,
    /// The root of the program.
    pub program_root: &'static str,
    /// The root of the input.
    pub input_root: &'static str,
    /// The root of the outputs, or of the trap.
    pub result_root: &'static str,
    /// The root of the trace.
    pub trace_root: &'static str,
}

impl Case {
    fn new(
        name: &'static str,
        (draft, tensors): (Manifest, &Tensors),
        (kind, input): (Kind, &Tensors),
        [program_root, input_root, result_root, trace_root]: [&'static str; 4],
    ) -> Result<Self, Invalid> {
        let (program, input) = (Program::pack(draft, tensors)?, Input::pack(kind, input)?);
        Ok(Self { name, program, input, program_root, input_root, result_root, trace_root })
    }
}

/// All of them.
///
/// # Errors
///
/// One is refused by this crate's own checks: never, as the tests know.
pub fn cases() -> Result<Vec<Case>, Invalid> {
    Ok(vec![embeddings()?, trap()?, generation()?, learning()?])
}

fn manifest(context: u64, vocabulary: u64, graph: Vec<Node>, output: &str) -> Manifest {
    Manifest {
        blobs: Vec::new(),
        context,
        graph,
        output: output.into(),
        parameters: BTreeMap::new(),
        tensors: BTreeMap::new(),
        tokenizer: None,
        trace: Vec::new(),
        training: None,
        version: VERSION.into(),
        vocabulary,
    }
}

fn node(name: &str, inputs: &[&str], op: Op) -> Node {
    Node { inputs: inputs.iter().map(ToString::to_string).collect(), name: name.into(), op }
}

fn embed(index: Index, table: &str) -> Op {
    Op::Embed { index, table: table.into() }
}

fn linear(weight: &str, precision: Precision) -> Op {
    Op::Linear { bias: None, precision, weight: weight.into() }
}

fn encoder() -> Manifest {
    let epsilon = Float::new(1e-5);
    let attention = Attention {
        heads: 2,
        keys: Precision::I8,
        kv_heads: 2,
        mask: Mask::Full,
        scale: Float::new(0.5),
        values: Precision::I8,
        weights: Precision::I8,
    };
    let graph = vec![
        node("tokens", &[], embed(Index::Ids, "table")),
        node("at", &[], embed(Index::Positions, "places")),
        node("sum", &["tokens", "at"], Op::Add),
        node("norm", &["sum"], Op::LayerNorm { beta: "beta".into(), epsilon, gamma: "gamma".into() }),
        node("key", &["norm"], linear("w", Precision::I8)),
        node("mixed", &["norm", "key", "norm"], Op::Attention(attention)),
        node("rest", &["norm", "mixed"], Op::Add),
        node("pool", &["rest"], Op::MeanPool),
        node("output", &["pool"], Op::L2Norm { epsilon: Float::new(1e-12) }),
    ];
    Manifest { trace: vec!["norm".into()], ..manifest(6, 7, graph, "output") }
}

/// 64 different values, exact in binary.
fn ramp(len: u32, step: u32) -> impl Iterator<Item = f32> {
    (0..len).map(move |i| (i * step % 64) as f32 / 64.0 - 0.5)
}

fn weights() -> Tensors {
    let digits = (0..64).map(|i| (i * 29 % 255 - 127) as i8).collect();
    let tensors = [
        ("beta", Tensor::f32(&[8], ramp(8, 13).collect())),
        ("gamma", Tensor::f32(&[8], ramp(8, 5).map(|x| 1.0 + x).collect())),
        ("places", Tensor::f32(&[6, 8], ramp(48, 11).collect())),
        ("table", Tensor::f32(&[7, 8], ramp(56, 37).collect())),
        ("w", Tensor::i8(&[1, 8, 8], digits)),
        ("w.scale", Tensor::f32(&[8], (1..9u8).map(|i| f32::from(i) / 1024.0).collect())),
    ];
    tensors.map(|(name, tensor)| (name.to_string(), tensor)).into()
}

fn embeddings() -> Result<Case, Invalid> {
    let input = Input::sequences(&[vec![3, 1, 4], vec![2, 6, 5, 0, 1]]);
    let roots = [
        "ed1da60642545e3e5b2eb0cdd8e27d46d689a0c1bbae8d05ddf865bf8d64a95e",
        "b31025e0fc5d5b770dc82e9558e2b0f5298b3fb14fd7fb689b422f4ab9209cc5",
        "d7966734b4ffc80fae35d5968a43780a2f076efe62742351fb51744b941dc6ae",
        "0394d993770a7bbc922402cbd08df9e7d90d786f6b501bdf1697824cf7273259",
    ];
    Case::new("embedding", (encoder(), &weights()), (Kind::Embed, &input), roots)
}

/// Id 9 of the second unit is none: a bound of the first operator, behind the first unit's trace points.
fn trap() -> Result<Case, Invalid> {
    let input = Input::sequences(&[vec![3, 1, 4], vec![2, 6, 9, 0, 1]]);
    let roots = [
        "ed1da60642545e3e5b2eb0cdd8e27d46d689a0c1bbae8d05ddf865bf8d64a95e",
        "552b04026f193bb8a858b6562dfabb727f14216dd6c0393c671abacd579c9651",
        "df3751dd5e21e26b14f39e772c423664058a363b38c139170842246d5add610e",
        "82497d3a6d7e6548f1361c968392c416262c185ddf740395f5f73aa435968340",
    ];
    Case::new("trap", (encoder(), &weights()), (Kind::Embed, &input), roots)
}

/// A layer of a decoder whose head is its table of words.
fn decoder() -> Manifest {
    let attention = Attention {
        heads: 2,
        keys: Precision::I15,
        kv_heads: 1,
        mask: Mask::Causal,
        scale: Float::new(0.5),
        values: Precision::I8,
        weights: Precision::I15,
    };
    let rope = |heads| Op::Rope { heads, table: "angles".into() };
    let up = Op::Linear { bias: Some("bias".into()), precision: Precision::I8, weight: "wu".into() };
    let graph = vec![
        node("tokens", &[], embed(Index::Ids, "table")),
        node("norm", &["tokens"], Op::RmsNorm { epsilon: Float::new(1e-5), gamma: "gain".into() }),
        node("q", &["norm"], linear("wq", Precision::I15)),
        node("k", &["norm"], linear("wk", Precision::I15)),
        node("v", &["norm"], linear("wv", Precision::I15)),
        node("turned.q", &["q"], rope(2)),
        node("turned.k", &["k"], rope(1)),
        node("mix", &["turned.q", "turned.k", "v"], Op::Attention(attention)),
        node("rest", &["tokens", "mix"], Op::Add),
        node("gate", &["rest"], linear("wg", Precision::I8)),
        node("up", &["rest"], up),
        node("act", &["gate", "up"], Op::SiluMul),
        node("down", &["act"], linear("wd", Precision::I15)),
        node("sum", &["rest", "down"], Op::Add),
        node("end", &["sum"], Op::Last),
        node("logits", &["end"], linear("table", Precision::I15)),
    ];
    Manifest { trace: vec!["tokens".into(), "rest".into()], ..manifest(12, 11, graph, "logits") }
}

fn matrix(rows: u32, cols: u32, step: u32) -> Tensor {
    Tensor::f32(&[rows.into(), cols.into()], ramp(rows * cols, step).collect())
}

fn decoder_weights() -> Tensors {
    let tensors = [
        ("angles.cos", matrix(12, 2, 7)),
        ("angles.sin", matrix(12, 2, 9)),
        ("bias", Tensor::f32(&[6], ramp(6, 17).collect())),
        ("gain", Tensor::f32(&[8], ramp(8, 5).map(|x| 1.0 + x).collect())),
        ("table", matrix(11, 8, 37)),
        ("wd", matrix(8, 6, 21)),
        ("wg", matrix(6, 8, 31)),
        ("wk", matrix(4, 8, 23)),
        ("wq", matrix(8, 8, 29)),
        ("wu", matrix(6, 8, 27)),
        ("wv", matrix(4, 8, 19)),
    ];
    tensors.map(|(name, tensor)| (name.to_string(), tensor)).into()
}

/// Prompts that stop behind 2, 5 and 3 tokens.
fn generation() -> Result<Case, Invalid> {
    let (top_k, top_p) = (Some(6), Some(Float::new(0.9)));
    let sampling = Sampling::Sample { inverse_temperature: Float::new(2.0), top_k, top_p };
    let job = Kind::Generate(Generate { sampling, stop: vec![5, 6], tokens: 6 });
    let input = Input::sequences(&[vec![1, 2, 3], vec![7], vec![10, 0]]);
    let roots = [
        "c59e1ecd13f01cbbba35a9846a4d5ee20c3f7481faab38613852b7223e356620",
        "8f519104fbb5dee62bcf1b643cdd069aa15ef1cc8e4dbcce7934b36b74846048",
        "16b12deb7d193257b8b0198fedc89df310d800edd2c6287374719172b5729a72",
        "76d7d817261586c07e05874f8fcc6ed3f73fafd1c2eb037074acea52ffb205a4",
    ];
    Case::new("generation", (decoder(), &decoder_weights()), (job, &input), roots)
}

fn parameter(shape: &[u64], init: Init, decay: bool) -> Parameter {
    Parameter { decay, init, shape: shape.into() }
}

/// One norm between a table and a head, by Adam with a limit that every step is over.
fn training() -> Manifest {
    let gain = Op::RmsNorm { epsilon: Float::new(1e-5), gamma: "gain".into() };
    let graph = vec![
        node("tokens", &[], embed(Index::Ids, "embed")),
        node("norm", &["tokens"], gain),
        node("logits", &["norm"], linear("head", Precision::I15)),
    ];
    let uniform = |bound| Init::Uniform(Float::new(bound));
    let parameters = [
        ("embed", parameter(&[16, 8], uniform(0.5), false)),
        ("gain", parameter(&[8], Init::Constant(Float::new(1.0)), false)),
        ("head", parameter(&[16, 8], uniform(0.25), true)),
    ];
    let optimizer = Optimizer::Adam {
        beta1: Float::new(0.9),
        beta2: Float::new(0.95),
        decay: Float::new(0.125),
        epsilon: Float::new(1e-8),
    };
    let training = Training {
        clip: Some(Float::new(0.0625)),
        every: 2,
        optimizer,
        precision: Precision::I15,
        rates: "rates".into(),
        tokens: 4,
        units: 2,
    };
    Manifest {
        parameters: parameters.map(|(name, parameter)| (name.to_string(), parameter)).into(),
        training: Some(training),
        ..manifest(8, 16, graph, "logits")
    }
}

fn learning() -> Result<Case, Invalid> {
    let rates = vec![1.0 / 16.0, 1.0 / 32.0, 1.0 / 64.0, 1.0 / 128.0];
    let tensors = Tensors::from([("rates".into(), Tensor::f32(&[4], rates))]);
    let data = (0..40u32).map(|i| (i * i * 7 % 16) as u8).collect();
    let input = Tensors::from([("data".into(), Tensor::u8(&[40], data))]);
    let roots = [
        "17460f9ce4884ddabf39e784b9159382a6e2c318fa883a5930291f329cd73e9e",
        "977455f02c1500ef502cf734321854d8dace5cae035ce14cd5efce11280e061f",
        "9a99ff407b2cb0310b3c09c9c5b96addd222f9c1a614edf8df3c125d006b9991",
        "48dc95f160807c78aa1eab7c6b79de3fc43e339fc105da57fdb229a1a58fae5b",
    ];
    let job = Kind::Train(Train { from: 0, to: 3 });
    Case::new("training", (training(), &tensors), (job, &input), roots)
}
