//! Reverse-mode differentiation: the gradients of one unit, from the values that its forward pass has kept.
//!
//! Nodes are visited in reverse program order. A value's gradient is the sum of those that its users have found, added
//! in f32 in program order of the users, and of a user's operands; so all are kept until the last one is there.
//!
//! Only nodes between a parameter and the output are visited. The contract gives a node's backward form as operators:
//! dx, dW and db of `Linear`; dx, and dγ with dβ, of `LayerNorm`; dx and dγ of `RmsNorm`; dx and dW of the head; of any
//! other node one. An operator is run if a gradient that it gives leads to a parameter, in this order; then it computes
//! all that it gives, and may trap on each.

use assay_exact::{
    Add, AttnGradients, AttnSaved, CrossEntropy, EmbedScatterAdd, Error, FixedPoint, Gelu, Head, L2Norm,
    LayerNorm, LayerNormStats, Mul, Quantised, Refused, RmsNorm, Rope, RopeTable, SiluMul, Tanh,
};
use assay_exec::Backend;

use crate::canonical::Float;
use crate::forward::{Halt, Pass, Saved};
use crate::graph::{Graph, Node};
use crate::manifest::{Attention, Index, Op};
use crate::train::plan::Plan;
use crate::train::step::{Value, Watch};
use crate::train::workspace::Workspace;
use crate::train::Gradients;
use crate::weights::Weights;

/// Every node that is visited has a row for each token, as the output has and no node behind a single row.
const SINGLE_ROW: Refused = Refused::Domain("backward form of a node with a single row");
/// The forward pass and the backward one do not fit together.
const NOT_KEPT: Refused = Refused::Domain("what the forward pass has kept");

/// Runs a graph backwards.
#[derive(Clone, Copy)]
pub(super) struct Backward<'a> {
    pub(super) graph: &'a Graph,
    pub(super) weights: &'a Weights<'a>,
    pub(super) backend: &'a dyn Backend,
    pub(super) plan: &'a Plan,
}

/// What a unit's forward pass began and ended with.
#[derive(Clone, Copy)]
pub(super) struct Unit<'a> {
    /// Its tokens.
    pub(super) ids: &'a [u32],
    /// The class of each row of the output.
    pub(super) labels: &'a [u32],
    pub(super) pass: &'a Pass,
}

/// Where gradients go.
pub(super) struct Sink<'a> {
    /// Sums over units.
    pub(super) gradients: &'a mut Gradients,
    /// Sees every value on its way.
    pub(super) watch: &'a mut dyn Watch,
}

/// Gradients of a node's inputs, in their order. Empty if no input leads to a parameter.
type Inputs = Vec<Vec<f32>>;

impl Backward<'_> {
    /// Adds a unit's losses and gradients to those of `sink`, which after a halt are of no use.
    pub(super) fn unit(
        &self,
        unit: &Unit<'_>,
        work: &mut Workspace,
        sink: &mut Sink<'_>,
    ) -> Result<(), Halt> {
        let (nodes, output) = (self.graph.nodes.len(), self.graph.output);
        show(unit.pass, sink.watch);
        let probabilities = self.loss(unit, work, sink).map_err(Halt::of(nodes))?;
        let inputs = self.head(unit, &probabilities, work, sink);
        self.pass_on(output, inputs.map_err(Halt::of(2 * nodes - output))?, work, sink.watch);
        work.give(probabilities);
        for at in (0..output).rev().filter(|at| self.plan.active[*at]) {
            self.visit(at, unit, work, sink).map_err(Halt::of(2 * nodes - at))?;
        }
        Ok(())
    }

    /// Adds the losses; gives the probabilities of the output's rows.
    fn loss(&self, unit: &Unit<'_>, work: &mut Workspace, sink: &mut Sink<'_>) -> Result<Vec<f32>, Error> {
        let logits = &unit.pass.values[self.graph.output];
        let op = self.cross_entropy()?;
        let mut losses = work.take(op.tokens());
        self.backend.cross_entropy_forward(&op, logits, unit.labels, &mut losses)?;
        for (at, loss) in losses.iter().enumerate() {
            self.plan.loss.add(&mut sink.gradients.loss, *loss, at)?;
        }
        sink.watch.floats(Value::Losses, &losses);
        sink.watch.sums(Value::LossSum, &[sink.gradients.loss]);
        work.give(losses);
        let mut probabilities = work.take(logits.len());
        self.backend.cross_entropy_probabilities(&op, logits, &mut probabilities)?;
        sink.watch.floats(Value::Probabilities, &probabilities);
        Ok(probabilities)
    }

    fn cross_entropy(&self) -> Result<CrossEntropy, Refused> {
        let output = &self.graph.nodes[self.graph.output];
        CrossEntropy::new(self.plan.tokens, output.cols)
    }

    /// The output node, a linear one without bias, together with the loss.
    fn head(
        &self,
        unit: &Unit<'_>,
        probabilities: &[f32],
        work: &mut Workspace,
        sink: &mut Sink<'_>,
    ) -> Result<Inputs, Error> {
        let at = self.graph.output;
        let Node { op: Op::Linear { weight, .. }, inputs, .. } = &self.graph.nodes[at] else {
            return Err(NOT_KEPT.into());
        };
        let (op, linear) = (self.cross_entropy()?, self.plan.linear(self.graph, at)?);
        let head = Head { linear: &linear, labels: unit.labels, probabilities };
        let x = &unit.pass.values[inputs[0]];
        let mut found = Inputs::new();
        if self.plan.active[inputs[0]] {
            let (mut dx, weight) = (work.take(x.len()), self.weights.float(weight));
            self.backend.cross_entropy_backward_input(&op, &head, weight, &mut work.scratch(), &mut dx)?;
            found.push(dx);
        }
        self.sum(at, 0, weight, sink, |fixed, dw| {
            let scratch = &mut work.scratch();
            self.backend.cross_entropy_backward_weight(&op, &head, x, fixed, scratch, dw)
        })?;
        Ok(found)
    }

    /// One node: sums the gradients of its value and finds those of its inputs and its weights.
    fn visit(
        &self,
        at: usize,
        unit: &Unit<'_>,
        work: &mut Workspace,
        sink: &mut Sink<'_>,
    ) -> Result<(), Error> {
        let dy = self.gathered(at, work)?;
        sink.watch.floats(Value::Gradient(at as u32), &dy);
        let inputs = self.node(at, &dy, unit, work, sink)?;
        work.give(dy);
        self.pass_on(at, inputs, work, sink.watch);
        Ok(())
    }

    /// The gradient of a node's value.
    fn gathered(&self, at: usize, work: &mut Workspace) -> Result<Vec<f32>, Error> {
        let mut sum = work.next(at).ok_or(NOT_KEPT)?;
        while let Some(next) = work.next(at) {
            let mut y = work.take(sum.len());
            self.backend.add_forward(&Add::new(sum.len())?, &sum, &next, &mut y)?;
            work.give(next);
            work.give(std::mem::replace(&mut sum, y));
        }
        Ok(sum)
    }

    /// Keeps the gradients of a node's inputs for when those are visited.
    fn pass_on(&self, at: usize, gradients: Inputs, work: &mut Workspace, watch: &mut dyn Watch) {
        for (input, gradient) in (0u32..).zip(&gradients) {
            watch.floats(Value::InputGradient { node: at as u32, input }, gradient);
        }
        for (input, gradient) in self.graph.nodes[at].inputs.iter().zip(gradients).rev() {
            match self.plan.active[*input] {
                true => work.keep(*input, gradient),
                false => work.give(gradient),
            }
        }
    }

    /// Adds to the sums of a node's weight `number`, if it is a parameter.
    fn sum(
        &self,
        at: usize,
        number: u32,
        weight: &str,
        sink: &mut Sink<'_>,
        add: impl FnOnce(&FixedPoint, &mut [i64]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (fixed, sums) = (self.plan.fixed.get(weight), sink.gradients.sums.get_mut(weight));
        let (Some(fixed), Some(sums)) = (fixed, sums) else { return Ok(()) };
        add(fixed, sums.as_mut_slice())?;
        sink.watch.sums(Value::WeightSum { node: at as u32, number }, sums);
        Ok(())
    }

    /// The gradients of a node's inputs, from that of its value; adds those of its weights.
    fn node(
        &self,
        at: usize,
        dy: &[f32],
        unit: &Unit<'_>,
        work: &mut Workspace,
        sink: &mut Sink<'_>,
    ) -> Result<Inputs, Error> {
        let node = &self.graph.nodes[at];
        let values = &unit.pass.values;
        let x = |i: usize| values[node.inputs[i]].as_slice();
        match &node.op {
            Op::Add => Ok(vec![copy(dy, work), copy(dy, work)]),
            Op::Attention(attention) => self.attention(at, attention, dy, unit.pass, work),
            Op::Embed { index, table } => {
                self.embed(at, *index, table, dy, unit.ids, sink)?;
                Ok(Inputs::new())
            }
            Op::Gelu => {
                one(dy.len(), work, |dx| self.backend.gelu_backward(&Gelu::new(dy.len())?, dy, x(0), dx))
            }
            Op::L2Norm { epsilon } => one(dy.len(), work, |dx| self.l2_norm(at, *epsilon, dy, unit.pass, dx)),
            Op::Last | Op::MeanPool => Err(SINGLE_ROW.into()),
            Op::LayerNorm { beta, epsilon, gamma } => {
                let norm = Norm { at, epsilon: *epsilon, gamma, beta };
                self.layer_norm(&norm, dy, unit.pass, work, sink)
            }
            Op::Linear { bias, weight, .. } => {
                let inputs = self.linear(at, weight, dy, unit.pass, work, sink)?;
                self.sum(at, 1, bias.as_deref().unwrap_or_default(), sink, |fixed, db| {
                    self.backend.linear_backward_bias(&self.plan.linear(self.graph, at)?, dy, fixed, db)
                })?;
                Ok(inputs)
            }
            Op::Mul => two(dy.len(), work, |da, db| {
                self.backend.mul_backward(&Mul::new(dy.len())?, dy, x(0), x(1), da, db)
            }),
            Op::RmsNorm { epsilon, gamma } => {
                let norm = Norm { at, epsilon: *epsilon, gamma, beta: "" };
                self.rms_norm(&norm, dy, unit.pass, work, sink)
            }
            Op::Rope { heads, table } => {
                one(dy.len(), work, |dx| self.rope(node, *heads as usize, table, dy, dx))
            }
            Op::SiluMul => two(dy.len(), work, |dx, du| {
                self.backend.silu_mul_backward(&SiluMul::new(dy.len())?, dy, x(0), x(1), dx, du)
            }),
            Op::Tanh => one(dy.len(), work, |dx| {
                self.backend.tanh_backward(&Tanh::new(dy.len())?, dy, &values[at], dx)
            }),
        }
    }

    fn l2_norm(
        &self,
        at: usize,
        epsilon: Float,
        dy: &[f32],
        pass: &Pass,
        dx: &mut [f32],
    ) -> Result<(), Error> {
        let Saved::Divisor(divisor) = &pass.saved[at] else { return Err(NOT_KEPT.into()) };
        let op = L2Norm::new(divisor.len(), self.graph.nodes[at].cols, epsilon.get())?;
        self.backend.l2_norm_backward(&op, dy, &pass.values[at], divisor, dx)
    }

    fn rope(&self, node: &Node, heads: usize, table: &str, dy: &[f32], dx: &mut [f32]) -> Result<(), Error> {
        let (cos, sin) = (format!("{table}.cos"), format!("{table}.sin"));
        let table = RopeTable { cos: self.weights.float(&cos), sin: self.weights.float(&sin) };
        let op = Rope::new(self.plan.tokens, heads, node.cols / heads)?;
        self.backend.rope_backward(&op, 0, &table, dy, dx)
    }

    fn embed(
        &self,
        at: usize,
        index: Index,
        table: &str,
        dy: &[f32],
        ids: &[u32],
        sink: &mut Sink<'_>,
    ) -> Result<(), Error> {
        let ids = match index {
            Index::Ids => ids,
            Index::Positions => &self.plan.positions,
        };
        let op = EmbedScatterAdd::new(ids.len(), self.weights.rows(table), self.graph.nodes[at].cols)?;
        self.sum(at, 0, table, sink, |fixed, sums| self.backend.embed_scatter_add(&op, ids, dy, fixed, sums))
    }

    fn linear(
        &self,
        at: usize,
        weight: &str,
        dy: &[f32],
        pass: &Pass,
        work: &mut Workspace,
        sink: &mut Sink<'_>,
    ) -> Result<Inputs, Error> {
        let input = self.graph.nodes[at].inputs[0];
        let (x, op) = (&pass.values[input], self.plan.linear(self.graph, at)?);
        let mut found = Inputs::new();
        if self.plan.active[input] {
            let (mut dx, weight) = (work.take(x.len()), self.weights.float(weight));
            self.backend.linear_backward_input(&op, dy, weight, &mut work.scratch(), &mut dx)?;
            found.push(dx);
        }
        self.sum(at, 0, weight, sink, |fixed, dw| {
            self.backend.linear_backward_weight(&op, dy, x, fixed, &mut work.scratch(), dw)
        })?;
        Ok(found)
    }

    fn attention(
        &self,
        at: usize,
        attention: &Attention,
        dy: &[f32],
        pass: &Pass,
        work: &mut Workspace,
    ) -> Result<Inputs, Error> {
        let Saved::Attention { q_planes, q_scales, cache } = &pass.saved[at] else {
            return Err(NOT_KEPT.into());
        };
        let node = &self.graph.nodes[at];
        let [q, k, v] = [0, 1, 2].map(|i| pass.values[node.inputs[i]].as_slice());
        let dim = node.cols / attention.heads as usize;
        let saved = AttnSaved {
            q,
            k,
            out: &pass.values[at],
            quantised: Quantised::new(q_planes, q_scales, dim, attention.keys)?,
            cache: cache.view()?,
        };
        let op = self.plan.attention(self.graph, at, attention)?;
        let (mut dq, mut dk, mut dv) = (work.take(q.len()), work.take(k.len()), work.take(v.len()));
        let mut gradients = AttnGradients { dq: &mut dq, dk: &mut dk, dv: &mut dv };
        self.backend.attn_backward(&op, dy, &saved, &mut work.attention(), &mut gradients)?;
        Ok(vec![dq, dk, dv])
    }

    fn layer_norm(
        &self,
        norm: &Norm<'_>,
        dy: &[f32],
        pass: &Pass,
        work: &mut Workspace,
        sink: &mut Sink<'_>,
    ) -> Result<Inputs, Error> {
        let Saved::Mean { mean, rstd } = &pass.saved[norm.at] else { return Err(NOT_KEPT.into()) };
        let (node, stats) = (&self.graph.nodes[norm.at], LayerNormStats { mean, rstd });
        let (input, x) = (node.inputs[0], pass.values[node.inputs[0]].as_slice());
        let op = LayerNorm::new(rstd.len(), node.cols, norm.epsilon.get())?;
        let mut found = Inputs::new();
        if self.plan.active[input] {
            let (mut dx, gamma) = (work.take(x.len()), self.weights.float(norm.gamma));
            self.backend.layer_norm_backward_input(&op, dy, x, gamma, &stats, &mut dx)?;
            found.push(dx);
        }
        let Some(fixed) = self.plan.narrowest([norm.gamma, norm.beta]) else { return Ok(found) };
        // Sums of its own: γ and β may be one parameter, or one of them none.
        let (mut dgamma, mut dbeta) = (vec![0; node.cols], vec![0; node.cols]);
        self.backend.layer_norm_backward_weight(&op, dy, x, &stats, fixed, &mut dgamma, &mut dbeta)?;
        for (number, name, unit) in [(0, norm.gamma, dgamma), (1, norm.beta, dbeta)] {
            self.sum(norm.at, number, name, sink, |_, sums| {
                add(sums, &unit);
                Ok(())
            })?;
        }
        Ok(found)
    }

    fn rms_norm(
        &self,
        norm: &Norm<'_>,
        dy: &[f32],
        pass: &Pass,
        work: &mut Workspace,
        sink: &mut Sink<'_>,
    ) -> Result<Inputs, Error> {
        let Saved::Rstd(rstd) = &pass.saved[norm.at] else { return Err(NOT_KEPT.into()) };
        let node = &self.graph.nodes[norm.at];
        let (input, x) = (node.inputs[0], pass.values[node.inputs[0]].as_slice());
        let op = RmsNorm::new(rstd.len(), node.cols, norm.epsilon.get())?;
        let mut found = Inputs::new();
        if self.plan.active[input] {
            let (mut dx, gamma) = (work.take(x.len()), self.weights.float(norm.gamma));
            self.backend.rms_norm_backward_input(&op, dy, x, gamma, rstd, &mut dx)?;
            found.push(dx);
        }
        self.sum(norm.at, 0, norm.gamma, sink, |fixed, dgamma| {
            self.backend.rms_norm_backward_weight(&op, dy, x, rstd, fixed, dgamma)
        })?;
        Ok(found)
    }
}

/// Shows what the forward pass has computed.
fn show(pass: &Pass, watch: &mut dyn Watch) {
    for (node, (value, saved)) in (0u32..).zip(pass.values.iter().zip(&pass.saved)) {
        watch.floats(Value::Node(node), value);
        let (first, second) = match saved {
            Saved::Mean { mean, rstd } => (Some(mean), Some(rstd)),
            Saved::Rstd(row) | Saved::Divisor(row) => (Some(row), None),
            Saved::Nothing | Saved::Attention { .. } => (None, None),
        };
        for (number, statistic) in (0u32..).zip(first.into_iter().chain(second)) {
            watch.floats(Value::Statistic { node, number }, statistic);
        }
    }
}

/// A node that normalises.
struct Norm<'a> {
    at: usize,
    epsilon: Float,
    gamma: &'a str,
    /// Empty, which is no weight's name, if it has no shift.
    beta: &'a str,
}

/// Adds fixed-point sums, which fit as long as no element gets more addends than it was made for.
pub(super) fn add(sums: &mut [i64], more: &[i64]) {
    for (sum, more) in sums.iter_mut().zip(more) {
        *sum = sum.wrapping_add(*more);
    }
}

fn copy(dy: &[f32], work: &mut Workspace) -> Vec<f32> {
    let mut gradient = work.take(dy.len());
    gradient.copy_from_slice(dy);
    gradient
}

/// The gradient of an only input of `len` elements.
fn one(
    len: usize,
    work: &mut Workspace,
    write: impl FnOnce(&mut [f32]) -> Result<(), Error>,
) -> Result<Inputs, Error> {
    let mut dx = work.take(len);
    write(&mut dx)?;
    Ok(vec![dx])
}

/// The gradients of two inputs of `len` elements each.
fn two(
    len: usize,
    work: &mut Workspace,
    write: impl FnOnce(&mut [f32], &mut [f32]) -> Result<(), Error>,
) -> Result<Inputs, Error> {
    let (mut da, mut db) = (work.take(len), work.take(len));
    write(&mut da, &mut db)?;
    Ok(vec![da, db])
}
