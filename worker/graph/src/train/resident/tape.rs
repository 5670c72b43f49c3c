//! Loss and backward pass of a unit as calls of a device: [`crate::train::backward`], operator for operator.
//!
//! They are the same for every unit. What is a copy there is one region with several users here.

use assay_exact::{
    Add, CrossEntropy, EmbedScatterAdd, FixedPoint, Gelu, L2Norm, LayerNorm, Mul, Refused, RmsNorm, Rope,
    SiluMul, Tanh,
};
use assay_exec::resident::{Call, Gradient, Operator, Region};

use super::arena::Arena;
use super::layout::Layout;
use crate::graph::{Graph, Node};
use crate::manifest::{Attention, Op};
use crate::resident::nodes::Nodes;
use crate::train::plan::Plan;

/// What [`Plan`] has refused, if there is such a program.
const NOT_PLANNED: Refused = Refused::Domain("backward pass that is not planned");

/// Gradients of a node's inputs, in their order. Empty if no input leads to a parameter.
type Inputs = Vec<Region<f32>>;

/// The calls, as far as they are known.
pub(super) struct Tape<'a> {
    graph: &'a Graph,
    plan: &'a Plan,
    layout: &'a Layout,
    arena: Arena,
    /// For each node the gradients that its users find for its value, the last user's first.
    pending: Vec<Vec<Region<f32>>>,
    calls: Vec<Call<'static>>,
}

impl<'a> Tape<'a> {
    /// The calls of a unit behind its forward pass, and the byte behind all that they write.
    pub fn record(
        graph: &'a Graph,
        plan: &'a Plan,
        layout: &'a Layout,
    ) -> Result<(Vec<Call<'static>>, u64), Refused> {
        let (arena, pending) = (Arena::new(layout.unit_end), vec![Vec::new(); graph.nodes.len()]);
        let mut tape = Self { graph, plan, layout, arena, pending, calls: Vec::new() };
        let probabilities = tape.loss()?;
        let inputs = tape.head(probabilities)?;
        tape.pass_on(graph.output, inputs);
        tape.arena.give(probabilities);
        for at in (0..graph.output).rev().filter(|at| plan.active[*at]) {
            tape.visit(at)?;
        }
        Ok((tape.calls, tape.arena.end()))
    }

    /// Adds a call of operator `number` of the program.
    fn call(&mut self, number: usize, operator: Operator<'static>) {
        self.calls.push(Call { node: number as u32, operator });
    }

    /// Adds a call of the backward form of a node.
    fn backward(&mut self, at: usize, gradient: Gradient) {
        self.call(2 * self.graph.nodes.len() - at, Operator::Gradient(gradient));
    }

    /// The losses; gives the probabilities of the output's rows.
    fn loss(&mut self) -> Result<Region<f32>, Refused> {
        let (op, nodes) = (self.cross_entropy()?, self.graph.nodes.len());
        let Layout { labels, losses, .. } = *self.layout;
        let logits = self.value(self.graph.output);
        let p = self.arena.take(logits.len());
        self.call(nodes, Operator::Gradient(Gradient::Losses { op, logits, labels, losses }));
        self.call(nodes, Operator::Gradient(Gradient::Probabilities { op, logits, p }));
        Ok(p)
    }

    fn cross_entropy(&self) -> Result<CrossEntropy, Refused> {
        CrossEntropy::new(self.plan.tokens, self.graph.nodes[self.graph.output].cols)
    }

    /// The output node, a linear one without bias, together with the loss.
    fn head(&mut self, p: Region<f32>) -> Result<Inputs, Refused> {
        let (graph, at, labels) = (self.graph, self.graph.output, self.layout.labels);
        let Node { op: Op::Linear { weight, .. }, inputs, .. } = &graph.nodes[at] else {
            return Err(NOT_PLANNED);
        };
        let (op, linear) = (self.cross_entropy()?, self.plan.linear(graph, at)?);
        let (x, mut found) = (self.value(inputs[0]), Inputs::new());
        if self.plan.active[inputs[0]] {
            let (dx, weight) = (self.arena.take(x.len()), self.float(weight)?);
            self.backward(at, Gradient::HeadInput { op, linear, labels, p, weight, dx });
            found.push(dx);
        }
        if let Some((fixed, dw)) = self.sums(weight) {
            self.backward(at, Gradient::HeadWeight { op, linear, labels, p, x, fixed, dw });
        }
        Ok(found)
    }

    /// One node: sums the gradients of its value and finds those of its inputs and its weights.
    fn visit(&mut self, at: usize) -> Result<(), Refused> {
        let dy = self.gathered(at)?;
        let inputs = self.node(at, dy)?;
        self.arena.give(dy);
        self.pass_on(at, inputs);
        Ok(())
    }

    /// The gradient of a node's value.
    fn gathered(&mut self, at: usize) -> Result<Region<f32>, Refused> {
        let mut sum = self.pending[at].pop().ok_or(NOT_PLANNED)?;
        while let Some(next) = self.pending[at].pop() {
            let y = self.arena.take(sum.len());
            let add = Operator::Add { op: Add::new(sum.len())?, a: sum, b: next, y };
            self.call(2 * self.graph.nodes.len() - at, add);
            self.arena.give(next);
            self.arena.give(std::mem::replace(&mut sum, y));
        }
        Ok(sum)
    }

    /// Keeps the gradients of a node's inputs for when those are visited.
    fn pass_on(&mut self, at: usize, gradients: Inputs) {
        for (input, gradient) in self.graph.nodes[at].inputs.iter().zip(gradients).rev() {
            match self.plan.active[*input] {
                true => self.pending[*input].push(gradient),
                false => self.arena.give(gradient),
            }
        }
    }

    /// The gradients of a node's inputs, from that of its value; adds those of its weights.
    fn node(&mut self, at: usize, dy: Region<f32>) -> Result<Inputs, Refused> {
        let node = &self.graph.nodes[at];
        let (len, y) = (dy.len(), self.value(at));
        let x = |i: usize| node.inputs.get(i).map(|input| self.layout.values[*input]).ok_or(NOT_PLANNED);
        match &node.op {
            Op::Add => Ok(vec![self.arena.share(dy), self.arena.share(dy)]),
            Op::Attention(attention) => self.attention(at, attention, dy),
            Op::Embed { index, table } => {
                let (ids, cols) = (self.nodes().ids(*index), node.cols);
                let op = EmbedScatterAdd::new(ids.len(), self.float(table)?.len() / cols, cols)?;
                if let Some((fixed, table)) = self.sums(table) {
                    self.backward(at, Gradient::Embed { op, ids, dy, fixed, table });
                }
                Ok(Inputs::new())
            }
            Op::Gelu => {
                let (op, x) = (Gelu::new(len)?, x(0)?);
                Ok(self.one(at, len, |dx| Gradient::Gelu { op, dy, x, dx }))
            }
            Op::L2Norm { epsilon } => {
                let op = L2Norm::new(len / node.cols, node.cols, epsilon.get())?;
                let [divisor, _] = self.layout.statistics[at];
                Ok(self.one(at, len, |dx| Gradient::L2Norm { op, dy, y, divisor, dx }))
            }
            // Every node that is visited has a row for each token, as the output has and no node behind a single row.
            Op::Last | Op::MeanPool => Err(NOT_PLANNED),
            Op::LayerNorm { .. } => self.layer_norm(at, dy),
            Op::Linear { .. } => self.linear(at, dy),
            Op::Mul => {
                let (op, a, b) = (Mul::new(len)?, x(0)?, x(1)?);
                Ok(self.two(at, len, |da, db| Gradient::Mul { op, dy, a, b, da, db }))
            }
            Op::RmsNorm { .. } => self.rms_norm(at, dy),
            Op::Rope { heads, table } => {
                let op = Rope::new(self.plan.tokens, *heads as usize, node.cols / *heads as usize)?;
                let ([cos, sin], positions) = (self.nodes().angles(table)?, self.layout.positions);
                Ok(self.one(at, len, |dx| Gradient::Rope { op, cos, sin, positions, dy, dx }))
            }
            Op::SiluMul => {
                let (op, x, u) = (SiluMul::new(len)?, x(0)?, x(1)?);
                Ok(self.two(at, len, |dx, du| Gradient::SiluMul { op, dy, x, u, dx, du }))
            }
            Op::Tanh => {
                let op = Tanh::new(len)?;
                Ok(self.one(at, len, |dx| Gradient::Tanh { op, dy, y, dx }))
            }
        }
    }

    fn linear(&mut self, at: usize, dy: Region<f32>) -> Result<Inputs, Refused> {
        let (graph, op) = (self.graph, self.plan.linear(self.graph, at)?);
        let Node { op: Op::Linear { bias, weight, .. }, inputs, .. } = &graph.nodes[at] else {
            return Err(NOT_PLANNED);
        };
        let (x, mut found) = (self.value(inputs[0]), Inputs::new());
        if self.plan.active[inputs[0]] {
            let (dx, weight) = (self.arena.take(x.len()), self.float(weight)?);
            self.backward(at, Gradient::LinearInput { op, dy, weight, dx });
            found.push(dx);
        }
        if let Some((fixed, dw)) = self.sums(weight) {
            self.backward(at, Gradient::LinearWeight { op, dy, x, fixed, dw });
        }
        if let Some((fixed, db)) = bias.as_ref().and_then(|bias| self.sums(bias)) {
            self.backward(at, Gradient::LinearBias { op, dy, fixed, db });
        }
        Ok(found)
    }

    fn attention(&mut self, at: usize, attention: &Attention, dy: Region<f32>) -> Result<Inputs, Refused> {
        let (op, inputs) = (self.plan.attention(self.graph, at, attention)?, &self.graph.nodes[at].inputs);
        let [q, k, v] = [0, 1, 2].map(|i| self.value(inputs[i]));
        let [dq, dk, dv] = [q, k, v].map(|value| self.arena.take(value.len()));
        let (keys, values, y) = (attention.keys, attention.values, self.value(at));
        self.backward(at, Gradient::Attention { op, keys, values, dy, q, k, v, y, dq, dk, dv });
        Ok(vec![dq, dk, dv])
    }

    fn layer_norm(&mut self, at: usize, dy: Region<f32>) -> Result<Inputs, Refused> {
        let node = &self.graph.nodes[at];
        let Op::LayerNorm { beta, epsilon, gamma } = &node.op else { return Err(NOT_PLANNED) };
        let op = LayerNorm::new(dy.len() / node.cols, node.cols, epsilon.get())?;
        let (x, [mean, rstd], mut found) =
            (self.value(node.inputs[0]), self.layout.statistics[at], Inputs::new());
        if self.plan.active[node.inputs[0]] {
            let (dx, gamma) = (self.arena.take(x.len()), self.float(gamma)?);
            self.backward(at, Gradient::LayerNormInput { op, dy, x, gamma, mean, rstd, dx });
            found.push(dx);
        }
        let Some(fixed) = self.plan.narrowest([gamma, beta]).copied() else { return Ok(found) };
        let spare = self.layout.spare.range(0..node.cols);
        let [dgamma, dbeta] = [gamma, beta].map(|name| self.sums(name).map_or(spare, |(_, sums)| sums));
        self.backward(at, Gradient::LayerNormWeight { op, dy, x, mean, rstd, fixed, dgamma, dbeta });
        Ok(found)
    }

    fn rms_norm(&mut self, at: usize, dy: Region<f32>) -> Result<Inputs, Refused> {
        let node = &self.graph.nodes[at];
        let Op::RmsNorm { epsilon, gamma } = &node.op else { return Err(NOT_PLANNED) };
        let op = RmsNorm::new(dy.len() / node.cols, node.cols, epsilon.get())?;
        let (x, [rstd, _], mut found) =
            (self.value(node.inputs[0]), self.layout.statistics[at], Inputs::new());
        if self.plan.active[node.inputs[0]] {
            let (dx, gamma) = (self.arena.take(x.len()), self.float(gamma)?);
            self.backward(at, Gradient::RmsNormInput { op, dy, x, gamma, rstd, dx });
            found.push(dx);
        }
        if let Some((fixed, dgamma)) = self.sums(gamma) {
            self.backward(at, Gradient::RmsNormWeight { op, dy, x, rstd, fixed, dgamma });
        }
        Ok(found)
    }

    /// The gradient of an only input of `len` elements.
    fn one(&mut self, at: usize, len: usize, gradient: impl FnOnce(Region<f32>) -> Gradient) -> Inputs {
        let dx = self.arena.take(len);
        self.backward(at, gradient(dx));
        vec![dx]
    }

    /// The gradients of two inputs of `len` elements each.
    fn two(
        &mut self,
        at: usize,
        len: usize,
        gradient: impl FnOnce(Region<f32>, Region<f32>) -> Gradient,
    ) -> Inputs {
        let (da, db) = (self.arena.take(len), self.arena.take(len));
        self.backward(at, gradient(da, db));
        vec![da, db]
    }

    fn value(&self, at: usize) -> Region<f32> {
        self.layout.values[at]
    }

    fn nodes(&self) -> Nodes<'static, 'a> {
        self.layout.nodes(self.graph, &[])
    }

    fn float(&self, name: &str) -> Result<Region<f32>, Refused> {
        self.nodes().float(name)
    }

    /// The sums of a weight's gradient, if it is a parameter.
    fn sums(&self, weight: &str) -> Option<(FixedPoint, Region<i64>)> {
        let number = self.plan.fixed.keys().position(|name| name == weight)?;
        Some((*self.plan.fixed.get(weight)?, self.layout.parameters[number].sums))
    }
}
