//! Running a graph on the tokens of a unit.

use std::collections::BTreeMap;

use assay_exact::{
    Add, Attn, AttnShape, EmbedGather, Error, Gelu, KeysValues, KvAppend, KvCache, L2Norm, LayerNorm, Linear,
    MeanPool, Mul, Precision, QuantRow, Quantised, QuantisedMut, Refused, RmsNorm, Rope, RopeTable, SiluMul,
    Tanh, Trap,
};
use assay_exec::Backend;

use crate::graph::Graph;
use crate::manifest::{Attention, Index, Op};
use crate::weights::{Table, Weights};

/// Looks at each node's value as it is computed, on the thread that leads the pass: row-major `[rows, cols]`.
pub trait Watch: Send {
    /// Node `node` has this value.
    fn value(&mut self, node: usize, value: &[f32]);
}

impl Watch for () {
    fn value(&mut self, _: usize, _: &[f32]) {}
}

/// Why a pass ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// A result: the caller adds step and unit.
    Trap {
        /// The node, or what follows the nodes.
        operator: u32,
        /// Kind and index.
        trap: Trap,
    },
    /// The program or the caller is at fault.
    Refused(Refused),
}

impl Halt {
    /// Puts an operator's error at its place.
    pub(crate) fn of(operator: usize) -> impl Fn(Error) -> Self {
        move |error| match error {
            Error::Trap(trap) => Self::Trap { operator: operator as u32, trap },
            Error::Refused(refused) => Self::Refused(refused),
        }
    }
}

impl From<Refused> for Halt {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

/// The keys and values of one attention node for the tokens of a unit.
#[derive(Clone, Debug)]
pub struct Cache {
    op: KvAppend,
    dim: usize,
    keys: Precision,
    values: Precision,
    key_planes: Vec<i8>,
    key_scales: Vec<f32>,
    value_planes: Vec<i8>,
    value_scales: Vec<f32>,
    value_logs: Vec<f32>,
}

impl Cache {
    pub(crate) fn new(capacity: usize, dim: usize, attention: &Attention) -> Result<Self, Refused> {
        let heads = attention.kv_heads as usize;
        let rows = capacity * heads;
        Ok(Self {
            op: KvAppend::new(capacity, heads, dim, attention.keys, attention.values)?,
            dim,
            keys: attention.keys,
            values: attention.values,
            key_planes: vec![0; attention.keys.digits() * rows * dim],
            key_scales: vec![0.0; rows],
            value_planes: vec![0; attention.values.digits() * rows * dim],
            value_scales: vec![0.0; rows],
            value_logs: vec![0.0; rows],
        })
    }

    /// All of it, to be written.
    pub(crate) fn parts(&mut self) -> KvCache<'_> {
        KvCache {
            key_planes: &mut self.key_planes,
            key_scales: &mut self.key_scales,
            value_planes: &mut self.value_planes,
            value_scales: &mut self.value_scales,
            value_logs: &mut self.value_logs,
        }
    }

    pub(crate) fn append(
        &mut self,
        backend: &dyn Backend,
        at: usize,
        k: &[f32],
        v: &[f32],
    ) -> Result<usize, Error> {
        let op = self.op;
        backend.kv_append_forward(&op, at, k, v, &mut self.parts())
    }

    /// All rows, as attention reads them: capacity × key-value heads.
    pub fn view(&self) -> Result<KeysValues<'_>, Refused> {
        Ok(KeysValues {
            keys: Quantised::new(&self.key_planes, &self.key_scales, self.dim, self.keys)?,
            values: Quantised::new(&self.value_planes, &self.value_scales, self.dim, self.values)?,
            logs: &self.value_logs,
        })
    }
}

/// A unit's tokens so far, and what later tokens need of them.
#[derive(Debug)]
pub struct Unit {
    tokens: usize,
    capacity: usize,
    /// Of the nodes that are attentions: from their first pass on, as long as a later one can come.
    caches: BTreeMap<usize, Cache>,
    buffers: Buffers,
}

impl Unit {
    /// One that has had `tokens` tokens, of which these are the keys and values.
    pub(crate) fn after(tokens: usize, capacity: usize, caches: BTreeMap<usize, Cache>) -> Self {
        Self { tokens, capacity, caches, buffers: Buffers::default() }
    }

    /// Lends the unit memory for its next pass, or takes it back: several units need it once.
    pub(crate) fn swap_buffers(&mut self, buffers: &mut Buffers) {
        std::mem::swap(&mut self.buffers, buffers);
    }
}

/// Memory that passes use again.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    planes: Vec<i8>,
    scales: Vec<f32>,
    scores: Vec<f32>,
    /// All values of a pass, where the graph places them.
    values: Vec<f32>,
}

/// What the backward form of a node needs beside values.
#[derive(Clone, Debug)]
pub enum Saved {
    /// Nothing more.
    Nothing,
    /// Of a layer normalisation, one of each per row.
    Mean {
        /// Means.
        mean: Vec<f32>,
        /// Reciprocal standard deviations.
        rstd: Vec<f32>,
    },
    /// Of a root-mean-square normalisation, one per row.
    Rstd(Vec<f32>),
    /// Of rows made of unit length, one per row.
    Divisor(Vec<f32>),
    /// Of an attention.
    Attention {
        /// Digits of the queries.
        q_planes: Vec<i8>,
        /// Their scales.
        q_scales: Vec<f32>,
        /// Keys and values, the capacity being the tokens.
        cache: Cache,
    },
}

/// A whole unit's values, for the backward pass: one of each per node.
#[derive(Debug)]
pub struct Pass {
    /// Row-major.
    pub values: Vec<Vec<f32>>,
    /// What else was kept.
    pub saved: Vec<Saved>,
}

/// Runs a graph with weights on a backend.
#[derive(Clone, Copy)]
pub struct Executor<'a> {
    /// What to compute.
    pub graph: &'a Graph,
    /// By what numbers.
    pub weights: &'a Weights<'a>,
    /// By what means.
    pub backend: &'a dyn Backend,
}

/// A pass that is under way.
struct Run<'a> {
    executor: Executor<'a>,
    unit: &'a mut Unit,
    ids: &'a [u32],
    /// Whether there will be a backward pass.
    keep: bool,
}

impl<'a> Executor<'a> {
    /// A unit without tokens, with room for `capacity`.
    pub fn unit(&self, capacity: usize) -> Result<Unit, Refused> {
        for node in &self.graph.nodes {
            if let Op::Attention(attention) = &node.op {
                let (heads, dim) = (attention.kv_heads as usize, node.cols / attention.heads as usize);
                KvAppend::new(capacity, heads, dim, attention.keys, attention.values)?;
            }
        }
        Ok(Unit { tokens: 0, capacity, caches: BTreeMap::new(), buffers: Buffers::default() })
    }

    /// Runs the next tokens of a unit and gives the output node's value.
    pub fn run(&self, unit: &mut Unit, ids: &[u32], watch: &mut dyn Watch) -> Result<Vec<f32>, Halt> {
        let mut output = None;
        self.backend.lead(&mut || output = Some(self.pass(unit, ids, &mut *watch)));
        output.unwrap_or(Err(Halt::Refused(Refused::Domain("backend that does no work"))))
    }

    fn pass(&self, unit: &mut Unit, ids: &[u32], watch: &mut dyn Watch) -> Result<Vec<f32>, Halt> {
        let mut run = self.start(unit, ids, false)?;
        let mut values = std::mem::take(&mut run.unit.buffers.values);
        let output = run.through(&mut values, watch);
        run.unit.buffers.values = values;
        output
    }

    /// Runs a whole unit and keeps what the backward pass needs.
    pub fn run_keeping(&self, ids: &[u32], watch: &mut dyn Watch) -> Result<Pass, Halt> {
        let mut unit = self.unit(ids.len())?;
        let mut run = self.start(&mut unit, ids, true)?;
        let count = self.graph.nodes.len();
        let mut pass = Pass { values: Vec::with_capacity(count), saved: Vec::with_capacity(count) };
        for (at, node) in self.graph.nodes.iter().enumerate() {
            let mut y = vec![0.0; node.rows.count(ids.len()) * node.cols];
            let input = |i: usize| node.inputs.get(i).map(|input| pass.values[*input].as_slice());
            let inputs = std::array::from_fn(|i| input(i).unwrap_or_default());
            let saved = run.node(at, inputs, &mut y).map_err(Halt::of(at))?;
            watch.value(at, &y);
            pass.values.push(y);
            pass.saved.push(saved);
        }
        Ok(pass)
    }

    /// Computes one node of a unit's next pass by itself, from the values that it reads.
    pub(crate) fn node(
        &self,
        unit: &mut Unit,
        ids: &[u32],
        at: usize,
        inputs: [&[f32]; 3],
    ) -> Result<Vec<f32>, Error> {
        let node = &self.graph.nodes[at];
        let mut y = vec![0.0; node.rows.count(ids.len()) * node.cols];
        self.start(unit, ids, false)?.node(at, inputs, &mut y)?;
        Ok(y)
    }

    fn start<'b>(&self, unit: &'b mut Unit, ids: &'b [u32], keep: bool) -> Result<Run<'b>, Refused>
    where
        'a: 'b,
    {
        self.backend.check_float_mode()?;
        if ids.is_empty() {
            return Err(Refused::Empty("tokens of a pass"));
        }
        let (limit, got) = (unit.capacity as u64, (unit.tokens + ids.len()) as u64);
        if got > limit {
            return Err(Refused::Limit { what: "tokens of a unit", limit, got });
        }
        Ok(Run { executor: *self, unit, ids, keep })
    }
}

impl Run<'_> {
    /// Computes all nodes; gives the output's value. `values` is memory of a pass before.
    fn through(&mut self, values: &mut Vec<f32>, watch: &mut dyn Watch) -> Result<Vec<f32>, Halt> {
        let (graph, tokens) = (self.executor.graph, self.ids.len());
        let floats = graph.places.floats(tokens);
        if values.len() < floats {
            // Nothing of it is read: it goes before there is more.
            *values = Vec::new();
            *values = vec![0.0; floats];
        }
        for at in 0..graph.nodes.len() {
            let (inputs, y) = cut(graph, at, tokens, values);
            self.node(at, inputs, y).map_err(Halt::of(at))?;
            watch.value(at, y);
        }
        self.unit.tokens += tokens;
        Ok(values[graph.places.of(&graph.nodes, graph.output, tokens)].to_vec())
    }

    /// Writes the value of a node, with anything in it before; gives what its backward form needs of it.
    fn node(&mut self, at: usize, inputs: [&[f32]; 3], y: &mut [f32]) -> Result<Saved, Error> {
        let Executor { graph, weights, backend } = self.executor;
        let node = &graph.nodes[at];
        let rows = node.rows.count(self.ids.len());
        let input = |i: usize| inputs[i];
        let mut saved = Saved::Nothing;
        match &node.op {
            Op::Add => backend.add_forward(&Add::new(y.len())?, input(0), input(1), y)?,
            Op::Mul => backend.mul_forward(&Mul::new(y.len())?, input(0), input(1), y)?,
            Op::SiluMul => backend.silu_mul_forward(&SiluMul::new(y.len())?, input(0), input(1), y)?,
            Op::Gelu => backend.gelu_forward(&Gelu::new(y.len())?, input(0), y)?,
            Op::Tanh => backend.tanh_forward(&Tanh::new(y.len())?, input(0), y)?,
            Op::Last => y.copy_from_slice(&input(0)[input(0).len() - node.cols..]),
            Op::MeanPool => {
                backend.mean_pool_forward(&MeanPool::new(self.ids.len(), node.cols)?, input(0), y)?;
            }
            Op::L2Norm { epsilon } => {
                let mut divisor = vec![0.0; rows];
                let op = L2Norm::new(rows, node.cols, epsilon.get())?;
                backend.l2_norm_forward(&op, input(0), y, &mut divisor)?;
                saved = Saved::Divisor(divisor);
            }
            Op::RmsNorm { epsilon, gamma } => {
                let mut rstd = vec![0.0; rows];
                let op = RmsNorm::new(rows, node.cols, epsilon.get())?;
                backend.rms_norm_forward(&op, input(0), weights.float(gamma), y, &mut rstd)?;
                saved = Saved::Rstd(rstd);
            }
            Op::LayerNorm { beta, epsilon, gamma } => {
                let (mut mean, mut rstd) = (vec![0.0; rows], vec![0.0; rows]);
                let op = LayerNorm::new(rows, node.cols, epsilon.get())?;
                let (gamma, beta) = (weights.float(gamma), weights.float(beta));
                backend.layer_norm_forward(&op, input(0), gamma, beta, y, &mut mean, &mut rstd)?;
                saved = Saved::Mean { mean, rstd };
            }
            Op::Linear { bias, precision, weight } => {
                let bias = bias.as_ref().map(|bias| weights.float(bias));
                let weight = weights.matrix(weight)?;
                let op = Linear::new(rows, weight.depth(), node.cols, *precision)?;
                let buffers = &mut self.unit.buffers;
                let mut scratch = room(buffers, precision.digits() * rows * weight.depth(), rows);
                backend.linear_forward(&op, input(0), &weight, bias, &mut scratch, y)?;
            }
            Op::Embed { index, table } => self.embed(*index, table, y)?,
            Op::Rope { heads, table } => self.rope(node.cols, *heads as usize, table, input(0), y)?,
            Op::Attention(attention) => saved = self.attention(at, attention, inputs, y)?,
        }
        Ok(saved)
    }

    fn embed(&self, index: Index, table: &str, y: &mut [f32]) -> Result<(), Error> {
        let Executor { weights, backend, .. } = self.executor;
        let positions: Vec<u32>;
        let ids = match index {
            Index::Ids => self.ids,
            Index::Positions => {
                let start = self.unit.tokens as u32;
                positions = (start..start + self.ids.len() as u32).collect();
                &positions
            }
        };
        let op = EmbedGather::new(ids.len(), weights.rows(table), y.len() / ids.len())?;
        match weights.table(table)? {
            Table::Float(table) => backend.embed_gather_forward(&op, ids, table, y),
            Table::Quantised(table) => backend.embed_gather_forward_quantised(&op, ids, &table, y),
        }
    }

    fn rope(&self, cols: usize, heads: usize, table: &str, x: &[f32], y: &mut [f32]) -> Result<(), Error> {
        let Executor { weights, backend, .. } = self.executor;
        let (cos, sin) = (format!("{table}.cos"), format!("{table}.sin"));
        let table = RopeTable { cos: weights.float(&cos), sin: weights.float(&sin) };
        let op = Rope::new(self.ids.len(), heads, cols / heads)?;
        backend.rope_forward(&op, self.unit.tokens, &table, x, y)
    }

    fn attention(
        &mut self,
        at: usize,
        attention: &Attention,
        [q, k, v]: [&[f32]; 3],
        y: &mut [f32],
    ) -> Result<Saved, Error> {
        let Executor { graph, backend, .. } = self.executor;
        let (queries, heads) = (self.ids.len(), attention.heads as usize);
        let dim = graph.nodes[at].cols / heads;
        let mut q_planes = vec![0; attention.keys.digits() * q.len()];
        let mut q_scales = vec![0.0; queries * heads];
        let quantise = QuantRow::new(queries * heads, dim, attention.keys)?;
        backend.quant_row_forward(&quantise, q, &mut q_planes, &mut q_scales)?;
        let Unit { tokens, capacity, caches, buffers } = &mut *self.unit;
        let mut cache = match caches.remove(&at) {
            Some(cache) => cache,
            None => Cache::new(*capacity, dim, attention)?,
        };
        let keys = cache.append(backend, *tokens, k, v)?;
        let shape = AttnShape {
            queries,
            keys,
            heads,
            kv_heads: attention.kv_heads as usize,
            dim,
            mask: attention.mask,
        };
        let op = Attn::new(shape, attention.scale.get(), attention.weights)?;
        let q = Quantised::new(&q_planes, &q_scales, dim, attention.keys)?;
        buffers.scores.resize(keys.max(buffers.scores.len()), 0.0);
        backend.attn_forward(&op, &q, &cache.view()?, &mut buffers.scores, y)?;
        if self.keep {
            return Ok(Saved::Attention { q_planes, q_scales, cache });
        }
        // No pass can come behind the one that fills the unit.
        if keys < *capacity {
            caches.insert(at, cache);
        }
        Ok(Saved::Nothing)
    }
}

/// The values that a node reads, and the one that it writes: none of them is another's, since all are needed now.
fn cut<'v>(
    graph: &Graph,
    at: usize,
    tokens: usize,
    values: &'v mut [f32],
) -> ([&'v [f32]; 3], &'v mut [f32]) {
    let place = |node: usize| graph.places.of(&graph.nodes, node, tokens);
    let written = place(at);
    let (before, rest) = values.split_at_mut(written.start);
    let (y, behind) = rest.split_at_mut(written.len());
    let (before, behind) = (&*before, &*behind);
    let read = |node: usize| {
        let place = place(node);
        match place.start < written.start {
            true => &before[place],
            false => &behind[place.start - written.end..place.end - written.end],
        }
    };
    let inputs = &graph.nodes[at].inputs;
    (std::array::from_fn(|i| inputs.get(i).map(|input| read(*input)).unwrap_or_default()), y)
}

/// Buffers for a quantised operand.
fn room(buffers: &mut Buffers, planes: usize, scales: usize) -> QuantisedMut<'_> {
    buffers.planes.resize(planes.max(buffers.planes.len()), 0);
    buffers.scales.resize(scales.max(buffers.scales.len()), 0.0);
    QuantisedMut { planes: &mut buffers.planes, scales: &mut buffers.scales }
}
