//! What one element of a value is computed from: the table of dependencies of a step.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::error::Trap;
use crate::manifest::{Attention, Index, Op};
use crate::trace::fault::Fault;
use crate::trace::needs::{needs, Operand as Forward, Piece as ForwardPiece, Source as ForwardSource};
use crate::trace::{self, Passes};
use crate::train::state::{PARAMETER, POWERS};
use crate::train::step::layout::{Layout, LeafOf};
use crate::train::step::record::leaves;
use crate::train::step::{Element, StateTensor, Value};

/// Who holds a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Holder {
    /// The state before the step.
    Before,
    /// The program.
    Program,
    /// The state after the step.
    After,
}

/// What bytes are taken from. Values of the tree come in its order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    /// A value of the tree: its unit and its point.
    Value(u64, usize),
    /// A tensor.
    Tensor(Holder, String),
}

/// Consecutive bytes of a source.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub source: Source,
    pub bytes: Range<usize>,
}

/// Pieces one after another.
pub(super) type Operand = Vec<Piece>;

/// The tokens of a unit and their labels; none where an element needs none.
#[derive(Clone, Debug, Default)]
pub(super) struct Tokens {
    pub ids: Vec<u32>,
    pub labels: Vec<u32>,
}

/// Which leaves an element takes.
#[derive(Debug)]
pub(super) struct Demand {
    /// The element itself.
    pub output: Piece,
    /// What it is computed from.
    pub inputs: Vec<Operand>,
    leaves: BTreeMap<Source, BTreeSet<u64>>,
}

impl Demand {
    /// Of an element that the layout has; `tokens` are those of its unit if it [`reads_tokens`].
    pub fn new(layout: &Layout<'_>, element: &Element, tokens: &Tokens) -> Result<Self, Fault> {
        let scope = Scope { layout, step: element.step, unit: element.unit, tokens };
        let index = element.index as usize;
        let output = match element.value {
            Value::Before(tensor) => scope.state(Holder::Before, tensor, index..index + 1)?,
            Value::After(tensor) => scope.state(Holder::After, tensor, index..index + 1)?,
            value => scope.piece(element.unit, value, index..index + 1)?,
        };
        let inputs = scope.needs(element.value, index)?;
        let mut all: BTreeMap<Source, BTreeSet<u64>> = BTreeMap::new();
        for piece in inputs.iter().flatten().chain([&output]) {
            all.entry(piece.source.clone()).or_default().extend(leaves(&piece.bytes));
        }
        Ok(Self { output, inputs, leaves: all })
    }

    /// Leaves of the tree, in its order.
    pub fn values(&self) -> impl Iterator<Item = LeafOf> + '_ {
        let values = self.leaves.iter().filter_map(|(source, numbers)| match source {
            Source::Value(unit, point) => Some((*unit, *point, numbers)),
            Source::Tensor(..) => None,
        });
        values.flat_map(|(unit, point, numbers)| numbers.iter().map(move |number| (unit, point, *number)))
    }

    /// Tensors, and the chunks needed of each.
    pub fn tensors(&self) -> impl Iterator<Item = (Holder, &str, Vec<u64>)> + '_ {
        self.leaves.iter().filter_map(|(source, numbers)| match source {
            Source::Value(..) => None,
            Source::Tensor(holder, name) => Some((*holder, name.as_str(), numbers.iter().copied().collect())),
        })
    }
}

/// Whether an element of a value depends on the tokens of its unit or on their labels.
pub(super) fn reads_tokens(layout: &Layout<'_>, value: Value) -> bool {
    let (node, backward) = match value {
        Value::Losses => return true,
        Value::Node(node) => (node, false),
        Value::InputGradient { node, .. } | Value::WeightSum { node, .. } => (node, true),
        _ => return false,
    };
    let ids = layout.graph.nodes.get(node as usize).map(|node| &node.op);
    matches!(ids, Some(Op::Embed { index: Index::Ids, .. }))
        || (backward && node as usize == layout.graph.output)
}

/// The query heads that share a key-value head, and what they have of it.
#[derive(Clone, Copy)]
pub(super) struct Group {
    /// Columns of a head.
    pub dim: usize,
    /// Query heads that share one.
    pub heads: usize,
}

/// Of a node that is an attention.
pub(super) fn group(cols: usize, attention: &Attention) -> Group {
    let heads = attention.heads as usize;
    Group { dim: cols / heads, heads: heads / attention.kv_heads as usize }
}

fn one(at: usize) -> Range<usize> {
    at..at + 1
}

/// One element of a value.
struct Scope<'a> {
    layout: &'a Layout<'a>,
    step: u64,
    unit: u64,
    tokens: &'a Tokens,
}

impl Scope<'_> {
    /// The operands of element `index`, in the order in which [`super::recompute`] takes them.
    fn needs(&self, value: Value, index: usize) -> Result<Vec<Operand>, Fault> {
        let output = Value::Node(self.layout.graph.output as u32);
        match value {
            Value::Node(node) => self.node(node, index),
            Value::Statistic { node, .. } => Ok(vec![self.row(self.input(node, 0)?, index)?]),
            Value::Losses => Ok(vec![self.row(output, index)?]),
            Value::Probabilities => Ok(vec![self.row(output, index / self.cols(output)?)?]),
            Value::LossSum => Ok(vec![self.before(value, &[value], 0)?, self.all(self.unit, Value::Losses)?]),
            Value::Gradient(node) => self.users(node, index),
            Value::InputGradient { node, input } => self.input_gradient(node, input, index),
            Value::WeightSum { node, number } => self.weight_sum(node, number, index),
            Value::Loss => Ok(vec![self.last(Value::LossSum, 0)?]),
            Value::Mean(parameter) => {
                let uses = self.layout.uses(self.layout.parameter(parameter)?);
                Ok(vec![self.last(*uses.last().ok_or(Fault::Value(value))?, index)?])
            }
            Value::Squares => Ok(vec![self.all(Trap::NO_UNIT, Value::Mean(index as u32))?]),
            Value::Factor => Ok(vec![self.all(Trap::NO_UNIT, Value::Squares)?]),
            Value::Clipped(parameter) => {
                let mean = self.piece(Trap::NO_UNIT, Value::Mean(parameter), one(index))?;
                Ok(vec![vec![mean], self.all(Trap::NO_UNIT, Value::Factor)?])
            }
            Value::Before(_) => Ok(vec![]),
            Value::After(tensor) => self.update(tensor, index),
        }
    }

    /// Elements of a value of a unit, or of the update.
    fn piece(&self, unit: u64, value: Value, elements: Range<usize>) -> Result<Piece, Fault> {
        let (point, size) = (self.layout.point(value)?, value.element_size());
        Ok(Piece { source: Source::Value(unit, point), bytes: elements.start * size..elements.end * size })
    }

    fn all(&self, unit: u64, value: Value) -> Result<Operand, Fault> {
        Ok(vec![self.piece(unit, value, 0..self.layout.elements(value)?)?])
    }

    /// An element of a value of the last unit.
    fn last(&self, value: Value, index: usize) -> Result<Operand, Fault> {
        Ok(vec![self.piece(self.layout.plan.units.saturating_sub(1), value, one(index))?])
    }

    /// Columns of a matrix of the unit.
    fn cols(&self, value: Value) -> Result<usize, Fault> {
        let cols = self.layout.shape(value)?.last().copied();
        cols.map(|cols| cols as usize).filter(|cols| *cols > 0).ok_or(Fault::Value(value))
    }

    /// Some columns of some rows.
    fn block(&self, value: Value, rows: Range<usize>, columns: Range<usize>) -> Result<Operand, Fault> {
        let cols = self.cols(value)?;
        let row =
            |row: usize| self.piece(self.unit, value, row * cols + columns.start..row * cols + columns.end);
        rows.map(row).collect()
    }

    fn row(&self, value: Value, row: usize) -> Result<Operand, Fault> {
        self.block(value, one(row), 0..self.cols(value)?)
    }

    /// A column over all tokens of the unit.
    fn column(&self, value: Value, column: usize) -> Result<Operand, Fault> {
        self.block(value, 0..self.layout.plan.tokens, one(column))
    }

    fn element(&self, value: Value, index: usize) -> Result<Operand, Fault> {
        Ok(vec![self.piece(self.unit, value, one(index))?])
    }

    /// The node that is an input of another.
    fn input(&self, node: u32, input: u32) -> Result<Value, Fault> {
        let value = Value::InputGradient { node, input };
        let node = self.layout.graph.nodes.get(node as usize);
        let input = node.and_then(|node| node.inputs.get(input as usize));
        input.map(|input| Value::Node(*input as u32)).ok_or(Fault::Value(value))
    }

    /// Elements of a weight: of the state before the step if it is a parameter.
    fn weight(&self, name: &str, elements: Range<usize>) -> Piece {
        let source = match self.layout.manifest.parameters.contains_key(name) {
            true => Source::Tensor(Holder::Before, format!("{PARAMETER}.{name}")),
            false => Source::Tensor(Holder::Program, name.into()),
        };
        Piece { source, bytes: 4 * elements.start..4 * elements.end }
    }

    /// A column of a weight of `rows` rows.
    fn weight_column(&self, name: &str, rows: usize, cols: usize, column: usize) -> Operand {
        (0..rows).map(|row| self.weight(name, one(row * cols + column))).collect()
    }

    fn state(&self, holder: Holder, tensor: StateTensor, elements: Range<usize>) -> Result<Piece, Fault> {
        let (name, _) = self.layout.held(tensor)?;
        let source = Source::Tensor(holder, name.into());
        Ok(Piece { source, bytes: 4 * elements.start..4 * elements.end })
    }

    /// As in a program that is run, but for where weights are.
    fn node(&self, node: u32, index: usize) -> Result<Vec<Operand>, Fault> {
        let ids = match self.tokens.ids.is_empty() {
            true => vec![0; self.layout.plan.tokens],
            false => self.tokens.ids.clone(),
        };
        let passes = Passes { unit: self.unit, ids: vec![ids] };
        let value = trace::Value { step: 0, node: node as usize };
        let operand = |operand: Forward| {
            let piece = |piece: &ForwardPiece| match &piece.source {
                ForwardSource::Value(value) => {
                    self.piece(self.unit, Value::Node(value.node as u32), piece.elements.clone())
                }
                ForwardSource::Tensor(name) => Ok(self.weight(name, piece.elements.clone())),
            };
            operand.pieces().iter().map(piece).collect::<Result<Operand, Fault>>()
        };
        needs(self.layout.graph, &passes, value, index)?.into_iter().map(operand).collect()
    }

    /// What the users of a node's value have found, in program order.
    fn users(&self, node: u32, index: usize) -> Result<Vec<Operand>, Fault> {
        let mut found = Vec::new();
        for (user, user_node) in (0u32..).zip(&self.layout.graph.nodes) {
            if !self.layout.plan.active[user as usize] {
                continue;
            }
            for (input, _) in (0u32..).zip(&user_node.inputs).filter(|(_, input)| **input == node as usize) {
                found.push(self.element(Value::InputGradient { node: user, input }, index)?);
            }
        }
        Ok(found)
    }

    fn input_gradient(&self, node: u32, input: u32, index: usize) -> Result<Vec<Operand>, Fault> {
        let (y, dy) = (Value::Node(node), Value::Gradient(node));
        let x = |input: u32| self.input(node, input);
        let own = &self.layout.graph.nodes[node as usize];
        let cols = self.cols(x(input)?)?;
        let (row, column) = (index / cols, index % cols);
        let statistic = |number| self.element(Value::Statistic { node, number }, row);
        Ok(match &own.op {
            Op::Linear { weight, .. } => {
                let dy = if node as usize == self.layout.graph.output { Value::Probabilities } else { dy };
                vec![self.row(dy, row)?, self.weight_column(weight, own.cols, cols, column)]
            }
            Op::Add => vec![self.element(dy, index)?],
            Op::Mul | Op::SiluMul => {
                vec![self.element(dy, index)?, self.element(x(0)?, index)?, self.element(x(1)?, index)?]
            }
            Op::Gelu => vec![self.element(dy, index)?, self.element(x(0)?, index)?],
            Op::Tanh => vec![self.element(dy, index)?, self.element(y, index)?],
            Op::L2Norm { .. } => vec![self.row(dy, row)?, self.row(y, row)?, statistic(0)?],
            Op::LayerNorm { gamma, .. } => {
                let gamma = vec![self.weight(gamma, 0..cols)];
                vec![self.row(dy, row)?, self.row(x(0)?, row)?, gamma, statistic(0)?, statistic(1)?]
            }
            Op::RmsNorm { gamma, .. } => {
                let gamma = vec![self.weight(gamma, 0..cols)];
                vec![self.row(dy, row)?, self.row(x(0)?, row)?, gamma, statistic(0)?]
            }
            Op::Rope { .. } => self.turned_back(node, index)?,
            Op::Attention(attention) => {
                let group = group(own.cols, attention);
                let share = if input == 0 { group.heads * group.dim } else { group.dim };
                self.attention(node, group, column / share)?
            }
            Op::Embed { .. } | Op::Last | Op::MeanPool => {
                return Err(Fault::Value(Value::InputGradient { node, input }));
            }
        })
    }

    /// As forward, with the gradient of the value in the place of the input.
    fn turned_back(&self, node: u32, index: usize) -> Result<Vec<Operand>, Fault> {
        let mut operands = self.node(node, index)?;
        let gradient = Source::Value(self.unit, self.layout.point(Value::Gradient(node))?);
        for piece in operands.iter_mut().take(1).flatten() {
            piece.source = gradient.clone();
        }
        Ok(operands)
    }

    /// What a key-value head and the query heads that share it have of all tokens: gradient, queries, keys, values,
    /// output.
    fn attention(&self, node: u32, group: Group, kv: usize) -> Result<Vec<Operand>, Fault> {
        let (wide, tokens) = (group.heads * group.dim, 0..self.layout.plan.tokens);
        let asking = |value| self.block(value, tokens.clone(), kv * wide..(kv + 1) * wide);
        let asked = |value| self.block(value, tokens.clone(), kv * group.dim..(kv + 1) * group.dim);
        let [q, k, v] = [0, 1, 2].map(|input| self.input(node, input));
        let (dy, out) = (asking(Value::Gradient(node))?, asking(Value::Node(node))?);
        Ok(vec![dy, asking(q?)?, asked(k?)?, asked(v?)?, out])
    }

    /// The element of a sum before `value` was added: that of the use before, in this unit or the one before; nothing
    /// for the first of all.
    fn before(&self, value: Value, uses: &[Value], index: usize) -> Result<Operand, Fault> {
        let at = uses.iter().position(|used| *used == value).ok_or(Fault::Value(value))?;
        let earlier = match (at.checked_sub(1), self.unit.checked_sub(1)) {
            (Some(at), _) => Some((self.unit, at)),
            (None, Some(unit)) => Some((unit, uses.len() - 1)),
            (None, None) => None,
        };
        earlier.map(|(unit, at)| self.piece(unit, uses[at], one(index))).into_iter().collect()
    }

    /// The sum before, and what is added to it.
    fn weight_sum(&self, node: u32, number: u32, index: usize) -> Result<Vec<Operand>, Fault> {
        let value = Value::WeightSum { node, number };
        let weight = self.layout.weight(node, number).ok_or(Fault::Value(value))?;
        let before = self.before(value, &self.layout.uses(weight), index)?;
        let own = &self.layout.graph.nodes[node as usize];
        let dy = Value::Gradient(node);
        let statistic = |number| self.all(self.unit, Value::Statistic { node, number });
        Ok(match (&own.op, number) {
            (Op::Linear { .. }, 0) => {
                let x = self.input(node, 0)?;
                let cols = self.cols(x)?;
                let dy = if node as usize == self.layout.graph.output { Value::Probabilities } else { dy };
                vec![before, self.column(dy, index / cols)?, self.column(x, index % cols)?]
            }
            (Op::Linear { .. }, _) => vec![before, self.column(dy, index)?],
            (Op::LayerNorm { .. }, _) => {
                let x = self.column(self.input(node, 0)?, index)?;
                vec![before, self.column(dy, index)?, x, statistic(0)?, statistic(1)?]
            }
            (Op::RmsNorm { .. }, _) => {
                let x = self.column(self.input(node, 0)?, index)?;
                vec![before, self.column(dy, index)?, x, statistic(0)?]
            }
            (Op::Embed { index: ids, .. }, _) => {
                let (row, column) = (index / own.cols, index % own.cols);
                let ids = if *ids == Index::Ids { &self.tokens.ids } else { &self.layout.plan.positions };
                let here = (0..ids.len()).filter(|token| ids[*token] as usize == row);
                let pieces = here.map(|token| self.block(dy, one(token), one(column)));
                vec![before, pieces.collect::<Result<Vec<_>, _>>()?.concat()]
            }
            _ => return Err(Fault::Value(value)),
        })
    }

    /// A gradient as the optimizer takes it, with what the state before has of its element, and the step's rate.
    fn update(&self, tensor: StateTensor, index: usize) -> Result<Vec<Operand>, Fault> {
        let before = |tensor: StateTensor, elements: Range<usize>| -> Result<Operand, Fault> {
            Ok(vec![self.state(Holder::Before, tensor, elements)?])
        };
        let number = match tensor {
            StateTensor::Step => return Ok(vec![before(StateTensor::Step, one(0))?]),
            StateTensor::Powers => return Ok(vec![before(StateTensor::Powers, 0..2)?]),
            StateTensor::Parameter(number) | StateTensor::Moment { parameter: number, .. } => number,
        };
        let clipped = self.layout.training.clip.is_some();
        let gradient = if clipped { Value::Clipped(number) } else { Value::Mean(number) };
        let gradient = vec![self.piece(Trap::NO_UNIT, gradient, one(index))?];
        let rate = vec![self.weight(&self.layout.training.rates, one(self.step as usize))];
        let mut operands = vec![rate, gradient, before(StateTensor::Parameter(number), one(index))?];
        let adam = self.layout.state.contains_key(POWERS);
        for moment in 0..if adam { 2 } else { 1 } {
            operands.push(before(StateTensor::Moment { parameter: number, number: moment }, one(index))?);
        }
        if adam {
            operands.push(before(StateTensor::Powers, 0..2)?);
        }
        Ok(operands)
    }
}
