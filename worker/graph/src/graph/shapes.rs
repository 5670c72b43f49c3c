//! The shape of each operator's value, and the bounds of the contract on a unit as long as the context.

use assay_exact::{
    Attn, AttnShape, EmbedGather, KvAppend, L2Norm, LayerNorm, Linear, MeanPool, Precision, RmsNorm, Rope,
};

use crate::error::Problem;
use crate::graph::{weight, Form, Graph, Node, Rows, WeightShape};
use crate::manifest::{Attention, Index, Manifest, Op};

/// Which field of the node is wrong, to follow its name, and how.
type Fault = (String, Problem);
type Shape = (Rows, usize);

/// What a node may look at.
struct Scope<'a> {
    manifest: &'a Manifest,
    graph: &'a mut Graph,
    inputs: &'a [usize],
}

/// Rows and columns of the value of a node that is not in `graph` yet; adds the weights it uses.
pub(super) fn node(
    manifest: &Manifest,
    graph: &mut Graph,
    op: &Op,
    inputs: &[usize],
) -> Result<Shape, Fault> {
    let mut scope = Scope { manifest, graph, inputs };
    match op {
        Op::Add | Op::Mul | Op::SiluMul => scope.pair(),
        Op::Gelu | Op::Tanh => scope.one(),
        Op::Attention(attention) => scope.attention(attention),
        Op::Embed { index, table } => scope.embed(*index, table),
        Op::L2Norm { epsilon } => {
            let (rows, cols) = scope.one()?;
            L2Norm::new(1, cols, epsilon.get()).map_err(refused)?;
            Ok((rows, cols))
        }
        Op::Last => scope.single_row(),
        Op::LayerNorm { beta, epsilon, gamma } => {
            let (rows, cols) = scope.one()?;
            scope.vector("gamma", gamma, cols)?;
            scope.vector("beta", beta, cols)?;
            LayerNorm::new(1, cols, epsilon.get()).map_err(refused)?;
            Ok((rows, cols))
        }
        Op::Linear { bias, precision, weight } => scope.linear(bias.as_deref(), *precision, weight),
        Op::MeanPool => {
            let (rows, cols) = scope.single_row()?;
            MeanPool::new(scope.graph.context, cols).map_err(refused)?;
            Ok((rows, cols))
        }
        Op::RmsNorm { epsilon, gamma } => {
            let (rows, cols) = scope.one()?;
            scope.vector("gamma", gamma, cols)?;
            RmsNorm::new(1, cols, epsilon.get()).map_err(refused)?;
            Ok((rows, cols))
        }
        Op::Rope { heads, table } => scope.rope(*heads, table),
    }
}

fn refused(refused: assay_exact::Refused) -> Fault {
    (String::new(), refused.into())
}

fn inputs_fault(problem: Problem) -> Fault {
    (", inputs".into(), problem)
}

impl Scope<'_> {
    fn operands(&self, count: usize) -> Result<Vec<&Node>, Fault> {
        if self.inputs.len() != count {
            return Err(inputs_fault(Problem::mismatch(format!("{count} inputs"), self.inputs.len())));
        }
        Ok(self.inputs.iter().map(|input| &self.graph.nodes[*input]).collect())
    }

    fn one(&self) -> Result<Shape, Fault> {
        let operand = self.operands(1)?[0];
        Ok((operand.rows, operand.cols))
    }

    fn pair(&self) -> Result<Shape, Fault> {
        let operands = self.operands(2)?;
        let (a, b) = (operands[0], operands[1]);
        if (a.rows, a.cols) != (b.rows, b.cols) {
            let shape = |node: &Node| format!("{:?} {:?} x {}", node.name, node.rows, node.cols);
            return Err(inputs_fault(Problem::mismatch(shape(a), shape(b))));
        }
        Ok((a.rows, a.cols))
    }

    /// One input with a row for each token.
    fn per_token(&self) -> Result<usize, Fault> {
        match self.one()? {
            (Rows::Tokens, cols) => Ok(cols),
            (Rows::One, _) => Err(inputs_fault(Problem::mismatch("a row for each token", "one row"))),
        }
    }

    fn single_row(&self) -> Result<Shape, Fault> {
        Ok((Rows::One, self.per_token()?))
    }

    fn weight(&mut self, field: &str, name: &str) -> Result<WeightShape, Fault> {
        let shape = weight(self.manifest, name).map_err(|problem| (format!(", {field}"), problem))?;
        self.graph.weights.insert(name.into(), shape.clone());
        Ok(shape)
    }

    /// An f32 tensor of an exact shape.
    fn float(&mut self, field: &str, name: &str, expected: &[usize]) -> Result<(), Fault> {
        let found = self.weight(field, name)?;
        if found.form != Form::Float || found.shape != expected {
            let problem = Problem::mismatch(format!("F32 {expected:?}"), format!("{found:?}"));
            return Err((format!(", {field} {name:?}"), problem));
        }
        Ok(())
    }

    fn vector(&mut self, field: &str, name: &str, len: usize) -> Result<(), Fault> {
        self.float(field, name, &[len])
    }

    /// A weight with two axes.
    fn matrix(&mut self, field: &str, name: &str) -> Result<(usize, usize, Form), Fault> {
        let found = self.weight(field, name)?;
        match found.shape[..] {
            [rows, cols] => Ok((rows, cols, found.form)),
            _ => {
                let problem = Problem::mismatch("a matrix", format!("{found:?}"));
                Err((format!(", {field} {name:?}"), problem))
            }
        }
    }

    fn embed(&mut self, index: Index, table: &str) -> Result<Shape, Fault> {
        self.operands(0)?;
        let (rows, cols, _) = self.matrix("table", table)?;
        let needed = match index {
            Index::Ids => self.graph.vocabulary,
            Index::Positions => self.graph.context,
        };
        let enough = if index == Index::Ids { rows == needed } else { rows >= needed };
        if !enough {
            let problem = Problem::mismatch(format!("{needed} rows"), rows);
            return Err((format!(", table {table:?}"), problem));
        }
        EmbedGather::new(self.graph.context, rows, cols).map_err(refused)?;
        Ok((Rows::Tokens, cols))
    }

    fn linear(&mut self, bias: Option<&str>, precision: Precision, name: &str) -> Result<Shape, Fault> {
        let (rows, inputs) = self.one()?;
        let (outputs, depth, _) = self.matrix("weight", name)?;
        if depth != inputs {
            return Err((
                format!(", weight {name:?}"),
                Problem::mismatch(format!("{inputs} columns"), depth),
            ));
        }
        if let Some(bias) = bias {
            self.vector("bias", bias, outputs)?;
        }
        Linear::new(rows.count(self.graph.context), inputs, outputs, precision).map_err(refused)?;
        Ok((rows, outputs))
    }

    fn rope(&mut self, heads: u64, table: &str) -> Result<Shape, Fault> {
        let cols = self.per_token()?;
        let dim = head_dim(cols, heads).map_err(|problem| (", heads".to_string(), problem))?;
        for part in ["cos", "sin"] {
            let name = format!("{table}.{part}");
            let (positions, half, form) = self.matrix("table", &name)?;
            if positions < self.graph.context || half != dim / 2 || form != Form::Float {
                let expected = format!("F32 [{}, {}]", self.graph.context, dim / 2);
                let problem = Problem::mismatch(expected, format!("[{positions}, {half}]"));
                return Err((format!(", table {name:?}"), problem));
            }
        }
        Rope::new(self.graph.context, heads as usize, dim).map_err(refused)?;
        Ok((Rows::Tokens, cols))
    }

    fn attention(&mut self, attention: &Attention) -> Result<Shape, Fault> {
        let operands = self.operands(3)?;
        let [q, k, v] = [operands[0], operands[1], operands[2]].map(|node| (node.rows, node.cols));
        if [q, k, v].iter().any(|(rows, _)| *rows != Rows::Tokens) {
            return Err(inputs_fault(Problem::mismatch("a row for each token", "one row")));
        }
        let heads_fault = |problem| (", heads".to_string(), problem);
        let dim = head_dim(q.1, attention.heads).map_err(heads_fault)?;
        let kv_cols = attention.kv_heads.checked_mul(dim as u64);
        if kv_cols != Some(k.1 as u64) || k.1 != v.1 {
            let expected = format!("keys and values of {} heads of {dim}", attention.kv_heads);
            return Err(inputs_fault(Problem::mismatch(expected, format!("{} and {}", k.1, v.1))));
        }
        let tokens = self.graph.context;
        let (heads, kv_heads) = (attention.heads as usize, attention.kv_heads as usize);
        let shape = AttnShape { queries: tokens, keys: tokens, heads, kv_heads, dim, mask: attention.mask };
        Attn::new(shape, attention.scale.get(), attention.weights).map_err(refused)?;
        KvAppend::new(tokens, kv_heads, dim, attention.keys, attention.values).map_err(refused)?;
        Ok((Rows::Tokens, q.1))
    }
}

/// Elements of a head when `cols` are split into `heads`.
fn head_dim(cols: usize, heads: u64) -> Result<usize, Problem> {
    if heads == 0 || !(cols as u64).is_multiple_of(heads) {
        return Err(Problem::mismatch(format!("a divisor of {cols}"), heads));
    }
    Ok(cols / heads as usize)
}
