//! One element of a backward form by the reference.

use assay_exact::{
    Attn, AttnBackward, AttnGradients, AttnSaved, AttnScratch, AttnShape, CrossEntropy, EmbedScatterAdd,
    Error, FixedPoint, Gelu, Head, L2Norm, LayerNorm, LayerNormStats, Linear, Mul, Precision, QuantRow,
    Quantised, QuantisedMut, Refused, RmsNorm, Rope, RopeTable, Scratch, SiluMul, Tanh,
};
use assay_exec::Reference;

use crate::forward::Cache;
use crate::graph::Node;
use crate::manifest::{Attention, Op};
use crate::train::step::layout::Layout;
use crate::train::step::needs::{group, Tokens};
use crate::train::step::recompute::element;

/// The operands are none of this element: there is no program that has it.
const OPERANDS: Refused = Refused::Domain("operands of an opened gradient");

/// The backward form of a node.
#[derive(Clone, Copy)]
pub(super) struct Gradient<'a> {
    pub layout: &'a Layout<'a>,
    pub tokens: &'a Tokens,
    pub node: usize,
}

/// Buffers for the operands of a product.
struct Buffers {
    planes: [Vec<i8>; 2],
    scales: [Vec<f32>; 2],
}

impl Buffers {
    /// Of at most so many digits and so many vectors each.
    fn new(planes: usize, scales: usize) -> Self {
        Self { planes: [(); 2].map(|()| vec![0; planes]), scales: [(); 2].map(|()| vec![0.0; scales]) }
    }

    fn lend(&mut self) -> Scratch<'_> {
        let ([left, right], [rows, cols]) = (&mut self.planes, &mut self.scales);
        Scratch {
            left: QuantisedMut { planes: left, scales: rows },
            right: QuantisedMut { planes: right, scales: cols },
        }
    }
}

impl Gradient<'_> {
    fn own(&self) -> Result<&Node, Refused> {
        self.layout.graph.nodes.get(self.node).ok_or(OPERANDS)
    }

    /// Columns of the first input.
    fn input_cols(&self) -> Result<usize, Refused> {
        let input = self.own()?.inputs.first().and_then(|input| self.layout.graph.nodes.get(*input));
        input.map(|input| input.cols).ok_or(OPERANDS)
    }

    fn precision(&self) -> Precision {
        self.layout.plan.precision
    }

    fn is_head(&self) -> bool {
        self.node == self.layout.graph.output
    }

    /// Element `index` of the gradient of an input.
    pub fn of_input(&self, input: u32, index: usize, operands: &[Vec<f32>]) -> Result<f32, Error> {
        let node = self.own()?;
        let (mut first, mut second) = ([0.0], [0.0]);
        match (&node.op, operands) {
            (Op::Add, [dy]) => return element(dy, 0),
            (Op::Mul, [dy, a, b]) => Mul::new(1)?.backward(dy, a, b, &mut first, &mut second)?,
            (Op::SiluMul, [dy, x, u]) => SiluMul::new(1)?.backward(dy, x, u, &mut first, &mut second)?,
            (Op::Gelu, [dy, x]) => Gelu::new(1)?.backward(dy, x, &mut first)?,
            (Op::Tanh, [dy, y]) => Tanh::new(1)?.backward(dy, y, &mut first)?,
            (Op::Linear { .. }, [dy, weight]) => self.linear(index, dy, weight, &mut first)?,
            (Op::Rope { heads, .. }, [dy, cos, sin]) => {
                let (mut dx, dim) = ([0.0; 2], node.cols / *heads as usize);
                Rope::new(1, 1, 2)?.backward(0, &RopeTable { cos, sin }, dy, &mut dx)?;
                return element(&dx, usize::from(index % dim >= dim / 2));
            }
            (Op::Attention(attention), [dy, q, k, v, out]) => {
                return self.attention(attention, [dy, q, k, v, out], input, index);
            }
            (op, operands) => return norm(op, operands, index),
        }
        element(if input == 0 { &first } else { &second }, 0)
    }

    /// `dy` is a row: of the head the probabilities; `weight` is a column.
    fn linear(&self, index: usize, dy: &[f32], weight: &[f32], dx: &mut [f32]) -> Result<(), Error> {
        let (depth, precision) = (dy.len(), self.precision());
        let op = Linear::new(1, 1, depth, precision)?;
        let mut buffers = Buffers::new(precision.digits() * depth, 1);
        if !self.is_head() {
            return op.backward_input(dy, weight, &mut buffers.lend(), dx);
        }
        let label = self.tokens.labels.get(index / self.input_cols()?).copied().ok_or(OPERANDS)?;
        let head = Head { linear: &op, labels: &[label], probabilities: dy };
        CrossEntropy::new(1, depth)?.backward_input(&head, weight, &mut buffers.lend(), dx)
    }

    /// A key-value head and the query heads that share it, of all tokens: `operands` are the gradient, queries, keys,
    /// values and the output.
    fn attention(
        &self,
        attention: &Attention,
        operands: [&Vec<f32>; 5],
        input: u32,
        index: usize,
    ) -> Result<f32, Error> {
        let [dy, q, k, v, out] = operands;
        let (cols, tokens) = (self.own()?.cols, self.layout.plan.tokens);
        let group = group(cols, attention);
        let (dim, rows) = (group.dim, tokens * group.heads);
        let mut q_planes = vec![0; attention.keys.digits() * q.len()];
        let mut q_scales = vec![0.0; rows];
        QuantRow::new(rows, dim, attention.keys)?.forward(q, &mut q_planes, &mut q_scales)?;
        let one = Attention { heads: group.heads as u64, kv_heads: 1, ..attention.clone() };
        let mut cache = Cache::new(tokens, dim, &one)?;
        cache.append(&Reference, 0, k, v)?;
        let quantised = Quantised::new(&q_planes, &q_scales, dim, attention.keys)?;
        let saved = AttnSaved { q, k, out, quantised, cache: cache.view()? };
        let (heads, mask) = (group.heads, attention.mask);
        let shape = AttnShape { queries: tokens, keys: tokens, heads, kv_heads: 1, dim, mask };
        let attn = Attn::new(shape, attention.scale.get(), attention.weights)?;
        let op = AttnBackward::new(attn, self.precision())?;
        let sizes = op.sizes();
        let (mut floats, mut buffers) = (vec![0.0; sizes.floats], Buffers::new(sizes.planes, sizes.scales));
        let mut scratch = AttnScratch { floats: &mut floats, operands: buffers.lend() };
        let (mut dq, mut dk, mut dv) = (vec![0.0; q.len()], vec![0.0; k.len()], vec![0.0; v.len()]);
        let mut gradients = AttnGradients { dq: &mut dq, dk: &mut dk, dv: &mut dv };
        op.backward(dy, &saved, &mut scratch, &mut gradients)?;
        let (found, width, all) = match input {
            0 => (&dq, heads * dim, cols),
            1 => (&dk, dim, cols / heads),
            _ => (&dv, dim, cols / heads),
        };
        element(found, index / all * width + index % all % width)
    }

    /// The sum `before` of element `index` of a weight's gradient, and what the unit adds to it.
    pub fn add(&self, number: u32, index: usize, before: i64, operands: &[Vec<f32>]) -> Result<i64, Error> {
        let node = self.own()?;
        let weight = self.layout.weight(self.node as u32, number).ok_or(OPERANDS)?;
        let fixed = self.layout.plan.fixed.get(weight).ok_or(OPERANDS)?;
        let tokens = self.layout.plan.tokens;
        let mut sums = [before];
        match (&node.op, operands) {
            (Op::Linear { .. }, [p, x]) if self.is_head() => {
                return self.head(index / self.input_cols()?, before, p, x, fixed);
            }
            (Op::Linear { .. }, [dy, x]) => {
                let mut buffers = Buffers::new(self.precision().digits() * tokens, 1);
                let op = Linear::new(tokens, 1, 1, self.precision())?;
                op.backward_weight(dy, x, fixed, &mut buffers.lend(), &mut sums)?;
            }
            (Op::Linear { .. }, [dy]) => {
                Linear::new(tokens, 1, 1, self.precision())?.backward_bias(dy, fixed, &mut sums)?;
            }
            (Op::LayerNorm { beta, epsilon, gamma }, [dy, x, mean, rstd]) => {
                let fixed = self.layout.plan.narrowest([gamma, beta]).ok_or(OPERANDS)?;
                let (op, stats) = (LayerNorm::new(tokens, 1, epsilon.get())?, LayerNormStats { mean, rstd });
                let mut shift = [before];
                op.backward_weight(dy, x, &stats, fixed, &mut sums, &mut shift)?;
                if number == 1 {
                    sums = shift;
                }
            }
            (Op::RmsNorm { epsilon, .. }, [dy, x, rstd]) => {
                let op = RmsNorm::new(tokens, 1, epsilon.get())?;
                op.backward_weight(dy, x, rstd, fixed, &mut sums)?;
            }
            // No token has the row.
            (Op::Embed { .. }, [dy]) if dy.is_empty() => {}
            (Op::Embed { .. }, [dy]) => {
                EmbedScatterAdd::new(dy.len(), 1, 1)?.add(&vec![0; dy.len()], dy, fixed, &mut sums)?;
            }
            _ => return Err(OPERANDS.into()),
        }
        let [sum] = sums;
        Ok(sum)
    }

    /// The head's weight in one column and the row of `class`, by a head of two classes: this one, and another of
    /// probability zero for the labels that are not this one.
    fn head(
        &self,
        class: usize,
        before: i64,
        p: &[f32],
        x: &[f32],
        fixed: &FixedPoint,
    ) -> Result<i64, Error> {
        let (tokens, precision) = (p.len(), self.precision());
        let probabilities: Vec<f32> = p.iter().flat_map(|p| [*p, 0.0]).collect();
        let labels = self.tokens.labels.iter().map(|label| u32::from(*label as usize != class));
        let labels: Vec<u32> = labels.collect();
        let linear = Linear::new(tokens, 1, 2, precision)?;
        let head = Head { linear: &linear, labels: &labels, probabilities: &probabilities };
        let mut buffers = Buffers::new(2 * precision.digits() * tokens, 2);
        let mut sums = [before, 0];
        CrossEntropy::new(tokens, 2)?.backward_weight(&head, x, fixed, &mut buffers.lend(), &mut sums)?;
        let [sum, _] = sums;
        Ok(sum)
    }
}

/// One row of a norm.
fn norm(op: &Op, operands: &[Vec<f32>], index: usize) -> Result<f32, Error> {
    let cols = operands.first().map_or(0, Vec::len);
    let mut dx = vec![0.0; cols];
    match (op, operands) {
        (Op::L2Norm { epsilon }, [dy, y, divisor]) => {
            L2Norm::new(1, cols, epsilon.get())?.backward(dy, y, divisor, &mut dx)?;
        }
        (Op::LayerNorm { epsilon, .. }, [dy, x, gamma, mean, rstd]) => {
            let op = LayerNorm::new(1, cols, epsilon.get())?;
            op.backward_input(dy, x, gamma, &LayerNormStats { mean, rstd }, &mut dx)?;
        }
        (Op::RmsNorm { epsilon, .. }, [dy, x, gamma, rstd]) => {
            RmsNorm::new(1, cols, epsilon.get())?.backward_input(dy, x, gamma, rstd, &mut dx)?;
        }
        _ => return Err(OPERANDS.into()),
    }
    element(&dx, index % cols)
}
