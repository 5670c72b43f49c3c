//! What the backward pass of a program does, found out once: the nodes it visits, the addends that each sum gets, the
//! length of its buffers. What the backward operators refuse is refused here.

use std::collections::BTreeMap;

use assay_exact::{
    Attn, AttnBackward, AttnShape, AttnSizes, CrossEntropy, FixedPoint, Linear, Precision, QuantCol,
    QuantRow, Refused, MAX_SUM,
};

use crate::error::{Invalid, Problem};
use crate::graph::Graph;
use crate::manifest::{Attention, Init, Manifest, Op, Training, MAX_NAME};
use crate::tensor::elements;
use crate::train::state::PARAMETER;

/// The backward pass of a program.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Tokens of a unit.
    pub(super) tokens: usize,
    /// Units of a step.
    pub(super) units: u64,
    /// Tokens of a step: what sums are divided by.
    pub(super) count: u32,
    /// Of the backward products.
    pub(super) precision: Precision,
    /// Whether each node lies between a parameter and the output. Only the values of these have gradients.
    pub(super) active: Vec<bool>,
    /// Of each parameter's gradient.
    pub(super) fixed: BTreeMap<String, FixedPoint>,
    /// Of the losses.
    pub(super) loss: FixedPoint,
    /// 0, 1, … of a unit's tokens.
    pub(super) positions: Vec<u32>,
    /// Of the buffers.
    pub(super) sizes: Sizes,
}

/// How long the buffers are that all operators share.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sizes {
    /// Digits and scales of a product's first operand.
    pub(super) left: [usize; 2],
    /// Digits and scales of the second.
    pub(super) right: [usize; 2],
    /// Floats of an attention.
    pub(super) floats: usize,
}

/// How a weight's gradient is summed.
#[derive(Clone, Copy)]
enum Sum {
    /// One addend per unit.
    Dense,
    /// Rows by index: at most one addend per token.
    Scatter,
}

/// The training that a manifest describes.
pub(super) fn training<'a>(file: &str, manifest: &'a Manifest) -> Result<&'a Training, Invalid> {
    manifest.training.as_ref().ok_or_else(|| Problem::Missing.at(file, "training"))
}

impl Plan {
    /// For a checked graph; `file` is for the error.
    pub(super) fn new(file: &str, manifest: &Manifest, graph: &Graph) -> Result<Self, Invalid> {
        let training = training(file, manifest)?;
        let (count, loss) = addends_of_loss(training, graph)
            .map_err(|(field, problem)| problem.at(file, format!("training, {field}")))?;
        check_parameters(file, manifest, training)?;
        let mut plan = Self {
            tokens: training.tokens as usize,
            units: training.units,
            count,
            precision: training.precision,
            active: active(manifest, graph),
            fixed: BTreeMap::new(),
            loss,
            positions: (0..training.tokens as u32).collect(),
            sizes: Sizes::default(),
        };
        for at in (0..graph.nodes.len()).filter(|at| plan.active[*at]).collect::<Vec<_>>() {
            let place = |problem: Problem| problem.at(file, format!("graph node {:?}", graph.nodes[at].name));
            plan.check_node(graph, at).map_err(place)?;
        }
        let addends = plan.addends(graph);
        for name in manifest.parameters.keys() {
            let unused = || Problem::Format("is not used: no gradient reaches it".into());
            let fixed = addends.get(name.as_str()).ok_or_else(unused);
            let fixed = fixed.and_then(|addends| Ok(FixedPoint::new(*addends)?));
            let fixed = fixed.map_err(|problem| problem.at(file, field(name)))?;
            plan.fixed.insert(name.clone(), fixed);
        }
        Ok(plan)
    }

    /// The backward form of a linear node that is visited; in training it has one precision.
    pub(super) fn linear(&self, graph: &Graph, at: usize) -> Result<Linear, Refused> {
        let node = &graph.nodes[at];
        let inputs = graph.nodes[node.inputs[0]].cols;
        Linear::new(self.tokens, inputs, node.cols, self.precision)
    }

    /// The backward form of an attention node.
    pub(super) fn attention(
        &self,
        graph: &Graph,
        at: usize,
        attention: &Attention,
    ) -> Result<AttnBackward, Refused> {
        let heads = attention.heads as usize;
        let shape = AttnShape {
            queries: self.tokens,
            keys: self.tokens,
            heads,
            kv_heads: attention.kv_heads as usize,
            dim: graph.nodes[at].cols / heads,
            mask: attention.mask,
        };
        AttnBackward::new(Attn::new(shape, attention.scale.get(), attention.weights)?, self.precision)
    }

    /// How the gradients of a LayerNorm's weights are summed: one operator gives both and may trap on each, by the
    /// narrowest limit of those that are parameters. None if none is.
    pub(super) fn narrowest(&self, weights: [&str; 2]) -> Option<&FixedPoint> {
        let parameters = weights.into_iter().filter_map(|name| self.fixed.get(name));
        parameters.reduce(|a, b| if b.limit() < a.limit() { b } else { a })
    }

    fn check_node(&mut self, graph: &Graph, at: usize) -> Result<(), Problem> {
        match &graph.nodes[at].op {
            Op::Attention(attention) => {
                let op = self.attention(graph, at, attention)?;
                self.sizes.attention(&op.sizes());
            }
            Op::Linear { .. } => {
                let op = self.linear(graph, at)?;
                // The gradient of its input sums over the outputs, which the forward form does not.
                QuantRow::new(op.tokens(), op.outputs(), self.precision)?;
                QuantCol::new(op.outputs(), op.inputs(), self.precision)?;
                if at == graph.output {
                    CrossEntropy::new(op.tokens(), op.outputs())?;
                }
                self.sizes.linear(&op);
            }
            _ => {}
        }
        Ok(())
    }

    /// The most addends that an element of each weight's gradient gets in a step.
    fn addends<'a>(&self, graph: &'a Graph) -> BTreeMap<&'a str, u64> {
        let mut addends = BTreeMap::new();
        for (at, node) in graph.nodes.iter().enumerate().filter(|(at, _)| self.active[*at]) {
            let mut sums = sums(&node.op);
            if let (true, Op::Linear { weight, .. }) = (at == graph.output, &node.op) {
                // The labels' part of the head.
                sums.push((weight.as_str(), Sum::Scatter));
            }
            for (name, sum) in sums {
                let more = match sum {
                    Sum::Dense => self.units,
                    Sum::Scatter => u64::from(self.count),
                };
                let total: &mut u64 = addends.entry(name).or_default();
                *total = total.saturating_add(more);
            }
        }
        addends
    }
}

impl Sizes {
    fn linear(&mut self, op: &Linear) {
        let (digits, tokens) = (op.precision().digits(), op.tokens());
        self.left[0] = self.left[0].max(digits * tokens * op.outputs());
        self.left[1] = self.left[1].max(tokens.max(op.outputs()));
        self.right[0] = self.right[0].max(digits * op.inputs() * tokens.max(op.outputs()));
        self.right[1] = self.right[1].max(op.inputs());
    }

    fn attention(&mut self, sizes: &AttnSizes) {
        for operand in [&mut self.left, &mut self.right] {
            operand[0] = operand[0].max(sizes.planes);
            operand[1] = operand[1].max(sizes.scales);
        }
        self.floats = self.floats.max(sizes.floats);
    }
}

/// How the gradient of each of [`weights`] is summed.
fn sums(op: &Op) -> Vec<(&str, Sum)> {
    match op {
        Op::Embed { table, .. } => vec![(table.as_str(), Sum::Scatter)],
        Op::LayerNorm { beta, gamma, .. } => vec![(gamma.as_str(), Sum::Dense), (beta.as_str(), Sum::Dense)],
        Op::Linear { bias, weight, .. } => {
            let bias = bias.iter().map(|bias| (bias.as_str(), Sum::Dense));
            [(weight.as_str(), Sum::Dense)].into_iter().chain(bias).collect()
        }
        Op::RmsNorm { gamma, .. } => vec![(gamma.as_str(), Sum::Dense)],
        _ => Vec::new(),
    }
}

/// The weights of an operator that have a gradient, in the order of the contract.
pub(super) fn weights(op: &Op) -> impl Iterator<Item = &str> {
    sums(op).into_iter().map(|(name, _)| name)
}

fn active(manifest: &Manifest, graph: &Graph) -> Vec<bool> {
    let mut learns = vec![false; graph.nodes.len()];
    for (at, node) in graph.nodes.iter().enumerate() {
        let own = sums(&node.op).iter().any(|(name, _)| manifest.parameters.contains_key(*name));
        learns[at] = own || node.inputs.iter().any(|input| learns[*input]);
    }
    let mut leads = vec![false; graph.nodes.len()];
    leads[graph.output] = true;
    for at in (0..=graph.output).rev() {
        if leads[at] {
            graph.nodes[at].inputs.iter().for_each(|input| leads[*input] = true);
        }
    }
    learns.iter().zip(&leads).map(|(learns, leads)| *learns && *leads).collect()
}

/// The tokens of a step, and the fixed point of their losses; or the field that is wrong.
fn addends_of_loss(training: &Training, graph: &Graph) -> Result<(u32, FixedPoint), (&'static str, Problem)> {
    let counts = [("tokens", training.tokens), ("units", training.units), ("every", training.every)];
    if let Some((field, zero)) = counts.into_iter().find(|(_, value)| *value == 0) {
        return Err((field, Problem::mismatch("at least 1", zero)));
    }
    Problem::limit(graph.context as u64, training.tokens).map_err(|problem| ("tokens", problem))?;
    let count = training.tokens.saturating_mul(training.units);
    let loss = FixedPoint::new(count).map_err(|refused| ("units", refused.into()))?;
    Ok((count as u32, loss))
}

fn check_parameters(file: &str, manifest: &Manifest, training: &Training) -> Result<(), Invalid> {
    if manifest.parameters.is_empty() {
        return Err(Problem::Missing.at(file, "parameters"));
    }
    // Tensors of a checkpoint are named by the parameter and a prefix; this is the longest.
    let longest = MAX_NAME - format!("{PARAMETER}.").len() as u64;
    for (name, parameter) in &manifest.parameters {
        let place = |problem: Problem| problem.at(file, field(name));
        Problem::limit(longest, name.len() as u64).map_err(place)?;
        let (Init::Constant(value) | Init::Uniform(value)) = parameter.init;
        if !value.get().is_finite() {
            return Err(place(Problem::Format("starts from a value that is not finite".into())));
        }
        if training.clip.is_some() {
            let elements = elements(&parameter.shape).unwrap_or(u64::MAX);
            Problem::limit(MAX_SUM as u64, elements).map_err(place)?;
        }
    }
    for node in &manifest.graph {
        let Op::Rope { table, .. } = &node.op else { continue };
        for name in [format!("{table}.cos"), format!("{table}.sin")] {
            if manifest.parameters.contains_key(&name) {
                let problem = Problem::Format("is a table of angles, which has no gradient".into());
                return Err(problem.at(file, field(&name)));
            }
        }
    }
    Ok(())
}

/// A parameter's place in the manifest.
pub(super) fn field(name: &str) -> String {
    format!("parameters {name:?}")
}
