//! What one element of a node's value is computed from: the table of dependencies of every operator.

use std::ops::Range;

use assay_exact::Mask;

use crate::graph::{Form, Graph, Node};
use crate::manifest::{Attention, Index, Op};
use crate::trace::fault::Fault;
use crate::trace::segment::{Passes, Value};

/// What elements are taken from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    /// A value of the segment.
    Value(Value),
    /// A tensor of the program.
    Tensor(String),
}

/// Consecutive elements of a source.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    pub source: Source,
    pub elements: Range<usize>,
}

/// An operand: its pieces one after another.
#[derive(Clone, Debug)]
pub(crate) enum Operand {
    /// f32.
    Floats(Vec<Piece>),
    /// i8, plane by plane.
    Digits(Vec<Piece>),
}

impl Operand {
    /// Elements of a tensor of floats.
    fn tensor(name: impl Into<String>, elements: Range<usize>) -> Self {
        Self::Floats(vec![Piece { source: Source::Tensor(name.into()), elements }])
    }

    /// Bytes of an element.
    pub fn size(&self) -> usize {
        match self {
            Self::Floats(_) => 4,
            Self::Digits(_) => 1,
        }
    }

    pub fn pieces(&self) -> &[Piece] {
        match self {
            Self::Floats(pieces) | Self::Digits(pieces) => pieces,
        }
    }
}

fn one(at: usize) -> Range<usize> {
    at..at + 1
}

/// One element of a node's value.
struct Scope<'a> {
    graph: &'a Graph,
    passes: &'a Passes,
    node: &'a Node,
    step: usize,
    row: usize,
    column: usize,
}

/// The operands of element `index` of a value, in the order in which [`super::recompute`] takes them: a quantised
/// weight is its digits and then, in the place of an f32 weight, its scale.
pub(crate) fn needs(
    graph: &Graph,
    passes: &Passes,
    value: Value,
    index: usize,
) -> Result<Vec<Operand>, Fault> {
    let node = &graph.nodes[value.node];
    let (row, column) = (index / node.cols, index % node.cols);
    let scope = Scope { graph, passes, node, step: value.step, row, column };
    Ok(match &node.op {
        Op::Add | Op::Mul | Op::SiluMul => vec![scope.same(0), scope.same(1)],
        Op::Gelu | Op::Tanh => vec![scope.same(0)],
        Op::Attention(attention) => scope.attention(attention),
        Op::Embed { index, table } => scope.matrix(table, scope.table_row(*index)?, one(column))?,
        Op::L2Norm { .. } => vec![scope.whole_row()],
        Op::Last => vec![scope.rows(scope.tokens() - 1..scope.tokens())],
        Op::LayerNorm { beta, gamma, .. } => {
            let [gamma, beta] = [gamma, beta].map(|name| Operand::tensor(name, one(column)));
            vec![scope.whole_row(), gamma, beta]
        }
        Op::Linear { bias, weight, .. } => {
            let mut operands = vec![scope.whole_row()];
            operands.extend(scope.matrix(weight, column, 0..scope.cols(0))?);
            operands.extend(bias.iter().map(|bias| Operand::tensor(bias, one(column))));
            operands
        }
        Op::MeanPool => vec![scope.rows(0..scope.tokens())],
        Op::RmsNorm { gamma, .. } => vec![scope.whole_row(), Operand::tensor(gamma, one(column))],
        Op::Rope { heads, table } => scope.rope(*heads as usize, table),
    })
}

impl Scope<'_> {
    /// Tokens of the pass.
    fn tokens(&self) -> usize {
        self.passes.ids[self.step].len()
    }

    /// Where the element's token stands in the unit.
    fn position(&self) -> usize {
        self.passes.before(self.step) + self.row
    }

    /// Columns of an input.
    fn cols(&self, input: usize) -> usize {
        self.graph.nodes[self.node.inputs[input]].cols
    }

    /// Columns of a row of an input, in a pass.
    fn piece(&self, input: usize, step: usize, row: usize, columns: Range<usize>) -> Piece {
        let at = row * self.cols(input);
        let source = Source::Value(Value { step, node: self.node.inputs[input] });
        Piece { source, elements: at + columns.start..at + columns.end }
    }

    /// Columns of the element's row of an input.
    fn columns(&self, input: usize, columns: Range<usize>) -> Piece {
        self.piece(input, self.step, self.row, columns)
    }

    /// The element of an input that has the same place.
    fn same(&self, input: usize) -> Operand {
        Operand::Floats(vec![self.columns(input, one(self.column))])
    }

    /// The element's row of the input.
    fn whole_row(&self) -> Operand {
        Operand::Floats(vec![self.columns(0, 0..self.cols(0))])
    }

    /// The element's column of the input, in some rows.
    fn rows(&self, rows: Range<usize>) -> Operand {
        Operand::Floats(rows.map(|row| self.piece(0, self.step, row, one(self.column))).collect())
    }

    /// Columns of a row of a weight: the floats, or digits and scale.
    fn matrix(&self, name: &str, row: usize, columns: Range<usize>) -> Result<Vec<Operand>, Fault> {
        let unpublished = || Fault::Unpublished(name.into());
        let weight = self.graph.weights.get(name).ok_or_else(unpublished)?;
        let [rows, cols] = weight.shape[..] else { return Err(unpublished()) };
        let run = |plane: usize| {
            let at = (plane * rows + row) * cols;
            at + columns.start..at + columns.end
        };
        let Form::Quantised(precision) = weight.form else { return Ok(vec![Operand::tensor(name, run(0))]) };
        let plane = |plane| Piece { source: Source::Tensor(name.into()), elements: run(plane) };
        let digits = Operand::Digits((0..precision.digits()).map(plane).collect());
        Ok(vec![digits, Operand::tensor(format!("{name}.scale"), one(row))])
    }

    fn table_row(&self, index: Index) -> Result<usize, Fault> {
        let id = self.passes.ids[self.step][self.row];
        match index {
            Index::Positions => Ok(self.position()),
            Index::Ids if (id as usize) < self.graph.vocabulary => Ok(id as usize),
            Index::Ids => Err(Fault::Token(id)),
        }
    }

    /// The two elements that are rotated against each other, then their cosine and sine.
    fn rope(&self, heads: usize, table: &str) -> Vec<Operand> {
        let dim = self.node.cols / heads;
        let half = dim / 2;
        let pair = self.column % dim % half;
        let low = self.column / dim * dim + pair;
        let angle = one(self.position() * half + pair);
        let turned = [low, low + half].map(|column| self.columns(0, one(column)));
        let [cos, sin] = ["cos", "sin"].map(|part| Operand::tensor(format!("{table}.{part}"), angle.clone()));
        vec![Operand::Floats(turned.into()), cos, sin]
    }

    /// The query's head, and that head's keys and values of every token that the query sees, earlier passes included.
    fn attention(&self, attention: &Attention) -> Vec<Operand> {
        let (heads, kv_heads) = (attention.heads as usize, attention.kv_heads as usize);
        let dim = self.node.cols / heads;
        let head = self.column / dim;
        let kv_head = head / (heads / kv_heads);
        let visible = match attention.mask {
            Mask::Causal => self.position() + 1,
            Mask::Full => self.passes.before(self.step + 1),
        };
        let tokens = || {
            let passes = self.passes.ids.iter().enumerate();
            passes.flat_map(|(step, ids)| (0..ids.len()).map(move |row| (step, row))).take(visible)
        };
        let columns = |head: usize| head * dim..(head + 1) * dim;
        let seen = |input: usize| {
            let piece = |(step, row)| self.piece(input, step, row, columns(kv_head));
            Operand::Floats(tokens().map(piece).collect())
        };
        vec![Operand::Floats(vec![self.columns(0, columns(head))]), seen(1), seen(2)]
    }
}
