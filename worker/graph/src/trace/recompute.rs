//! One element by the reference, from its operands alone: each operator built for the one row that the element needs.
//!
//! The bits are those of the whole operator, since no operator looks at another row, head or output channel for it.

use assay_exact::{
    Add, Attn, AttnShape, EmbedGather, Error, Gelu, KvAppend, KvCache, L2Norm, LayerNorm, Linear, Mask,
    MeanPool, Mul, Precision, QuantRow, Quantised, QuantisedMut, Refused, RmsNorm, Rope, RopeTable, SiluMul,
    Tanh,
};

use crate::graph::{Form, Graph, Node};
use crate::manifest::{Attention, Op};

/// What an element is computed from, as [`super::needs`] lists it.
#[derive(Debug, Default)]
pub(crate) struct Operands {
    /// Operands in f32.
    pub floats: Vec<Vec<f32>>,
    /// The digits of a quantised weight, plane by plane.
    pub digits: Vec<i8>,
}

/// The element in column `column` of a node's value.
pub(crate) fn recompute(
    graph: &Graph,
    node: &Node,
    column: usize,
    operands: &Operands,
) -> Result<f32, Error> {
    let form = |weight: &str| graph.weights.get(weight).map_or(Form::Float, |weight| weight.form);
    let digits = operands.digits.as_slice();
    let mut y = [0.0];
    match (&node.op, &operands.floats[..]) {
        (Op::Add, [a, b]) => Add::new(1)?.forward(a, b, &mut y)?,
        (Op::Mul, [a, b]) => Mul::new(1)?.forward(a, b, &mut y)?,
        (Op::SiluMul, [gate, up]) => SiluMul::new(1)?.forward(gate, up, &mut y)?,
        (Op::Gelu, [x]) => Gelu::new(1)?.forward(x, &mut y)?,
        (Op::Tanh, [x]) => Tanh::new(1)?.forward(x, &mut y)?,
        (Op::MeanPool, [x]) => MeanPool::new(x.len(), 1)?.forward(x, &mut y)?,
        (Op::Last, [x]) => return element(x, 0),
        (Op::Embed { table, .. }, [entry]) => embed(form(table), digits, entry, &mut y)?,
        (Op::Linear { precision, weight, .. }, [x, weights, bias @ ..]) => {
            let bias = bias.first().map(Vec::as_slice);
            linear(*precision, form(weight), x, digits, weights, bias, &mut y)?;
        }
        (Op::Attention(attention), [q, k, v]) => return self::attention(attention, q, k, v, column),
        (Op::Rope { heads, .. }, [x, cos, sin]) => {
            let mut turned = [0.0; 2];
            Rope::new(1, 1, 2)?.forward(0, &RopeTable { cos, sin }, x, &mut turned)?;
            let dim = node.cols / *heads as usize;
            return element(&turned, usize::from(column % dim >= dim / 2));
        }
        (_, floats) => return norm(&node.op, floats, column),
    }
    element(&y, 0)
}

fn element(y: &[f32], at: usize) -> Result<f32, Error> {
    y.get(at).copied().ok_or(Refused::Domain("column of an opened element").into())
}

/// `values[0]` in column `at` of a row of zeros: each output takes γ and β of its own column only, and γ = 0 elsewhere
/// can trap only where every γ does.
fn alone(values: &[f32], at: usize, cols: usize) -> Result<Vec<f32>, Error> {
    let mut row = vec![0.0; cols];
    let place = row.get_mut(at).ok_or(Refused::Domain("column of an opened element"))?;
    *place = element(values, 0)?;
    Ok(row)
}

fn norm(op: &Op, floats: &[Vec<f32>], column: usize) -> Result<f32, Error> {
    let cols = floats.first().map_or(0, Vec::len);
    let mut y = vec![0.0; cols];
    let (mut first, mut second) = ([0.0], [0.0]);
    match (op, floats) {
        (Op::L2Norm { epsilon }, [x]) => {
            L2Norm::new(1, cols, epsilon.get())?.forward(x, &mut y, &mut first)?;
        }
        (Op::RmsNorm { epsilon, .. }, [x, gamma]) => {
            let gamma = alone(gamma, column, cols)?;
            RmsNorm::new(1, cols, epsilon.get())?.forward(x, &gamma, &mut y, &mut first)?;
        }
        (Op::LayerNorm { epsilon, .. }, [x, gamma, beta]) => {
            let (gamma, beta) = (alone(gamma, column, cols)?, alone(beta, column, cols)?);
            let op = LayerNorm::new(1, cols, epsilon.get())?;
            op.forward(x, &gamma, &beta, &mut y, &mut first, &mut second)?;
        }
        _ => return Err(Refused::Domain("operands of an opened element").into()),
    }
    element(&y, column)
}

/// Digits and scale of one vector.
fn quantise(x: &[f32], precision: Precision) -> Result<(Vec<i8>, Vec<f32>), Error> {
    let (mut planes, mut scales) = (vec![0; precision.digits() * x.len()], vec![0.0]);
    QuantRow::new(1, x.len(), precision)?.forward(x, &mut planes, &mut scales)?;
    Ok((planes, scales))
}

/// `entry` is the element of the table, or the scale of its row.
fn embed(form: Form, digits: &[i8], entry: &[f32], y: &mut [f32]) -> Result<(), Error> {
    let op = EmbedGather::new(1, 1, 1)?;
    match form {
        Form::Float => op.forward(&[0], entry, y),
        Form::Quantised(precision) => {
            op.forward_quantised(&[0], &Quantised::new(digits, entry, 1, precision)?, y)
        }
    }
}

/// `weights` is a row of the weight, or its scale.
fn linear(
    precision: Precision,
    form: Form,
    x: &[f32],
    digits: &[i8],
    weights: &[f32],
    bias: Option<&[f32]>,
    y: &mut [f32],
) -> Result<(), Error> {
    let (planes, scales, weight_precision) = match form {
        Form::Float => {
            let (planes, scales) = quantise(weights, precision)?;
            (planes, scales, precision)
        }
        Form::Quantised(published) => (digits.to_vec(), weights.to_vec(), published),
    };
    let weight = Quantised::new(&planes, &scales, x.len(), weight_precision)?;
    let (mut planes, mut scales) = (vec![0; precision.digits() * x.len()], [0.0]);
    let mut scratch = QuantisedMut { planes: &mut planes, scales: &mut scales };
    Linear::new(1, x.len(), 1, precision)?.forward(x, &weight, bias, &mut scratch, y)
}

/// One query of one head, and the keys and values that it sees: nothing is masked any more.
fn attention(attention: &Attention, q: &[f32], k: &[f32], v: &[f32], column: usize) -> Result<f32, Error> {
    let dim = q.len();
    let keys = k.len().checked_div(dim).unwrap_or(0);
    let cache = KvAppend::new(keys, 1, dim, attention.keys, attention.values)?;
    let mut key_planes = vec![0; attention.keys.digits() * k.len()];
    let mut value_planes = vec![0; attention.values.digits() * k.len()];
    let [mut key_scales, mut value_scales, mut value_logs] = [(); 3].map(|()| vec![0.0; keys]);
    let mut held = KvCache {
        key_planes: &mut key_planes,
        key_scales: &mut key_scales,
        value_planes: &mut value_planes,
        value_scales: &mut value_scales,
        value_logs: &mut value_logs,
    };
    let (planes, scales) = quantise(q, attention.keys)?;
    cache.forward(0, k, v, &mut held)?;
    let q = Quantised::new(&planes, &scales, dim, attention.keys)?;
    let shape = AttnShape { queries: 1, keys, heads: 1, kv_heads: 1, dim, mask: Mask::Full };
    let (mut scores, mut y) = (vec![0.0; keys], vec![0.0; dim]);
    let op = Attn::new(shape, attention.scale.get(), attention.weights)?;
    op.forward(&q, &cache.view(&held)?, &mut scores, &mut y)?;
    element(&y, column % dim)
}
