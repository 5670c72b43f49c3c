//! One element by the reference, from its operands alone: each operator built for the row, the column or the head that
//! the element needs. The bits are those of the whole operator, since none looks at more for it.

use assay_exact::{
    mean, AdamMoments, AdamPowers, AdamStep, Add, ClipNorm, CrossEntropy, Error, L2Norm, LayerNorm, Philox,
    Refused, RmsNorm, SgdStep,
};

use crate::manifest::{Init, Op, Optimizer};
use crate::trace::recompute::{recompute, Operands};
use crate::train::step::gradient::Gradient;
use crate::train::step::layout::Layout;
use crate::train::step::needs::Tokens;
use crate::train::step::{StateTensor, Value};

/// The operands are none of this element: there is no program that has it.
const OPERANDS: Refused = Refused::Domain("operands of an opened element");

/// What an element depends on beside its operands.
#[derive(Clone, Copy)]
pub(super) struct Recompute<'a> {
    pub layout: &'a Layout<'a>,
    pub tokens: &'a Tokens,
    /// Of the job's seed.
    pub key: [u8; 8],
}

/// An element of floats.
pub(super) fn element(x: &[f32], at: usize) -> Result<f32, Error> {
    x.get(at).copied().ok_or(OPERANDS.into())
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect()
}

/// A sum; before the first addend there is none, which is zero.
fn sum(bytes: &[u8]) -> i64 {
    bytes.try_into().map_or(0, i64::from_le_bytes)
}

impl Recompute<'_> {
    /// The bytes of element `index` of a value, from the bytes of its operands.
    pub fn element(&self, value: Value, index: usize, operands: &[Vec<u8>]) -> Result<Vec<u8>, Error> {
        let (first, rest) = match operands.split_first() {
            Some((first, rest)) => (first.as_slice(), rest),
            None => (&[][..], operands),
        };
        let rest = || rest.iter().map(|bytes| floats(bytes)).collect::<Vec<_>>();
        Ok(match value {
            Value::LossSum => self.loss_sum(sum(first), &rest())?.to_le_bytes().into(),
            Value::WeightSum { node, number } => {
                let gradient = Gradient { layout: self.layout, tokens: self.tokens, node: node as usize };
                gradient.add(number, index, sum(first), &rest())?.to_le_bytes().into()
            }
            Value::Loss | Value::Mean(_) => mean(sum(first), self.layout.plan.count).to_le_bytes().into(),
            Value::Before(StateTensor::Step) => 0u32.to_le_bytes().into(),
            Value::After(StateTensor::Step) => {
                let step = first.try_into().map(u32::from_le_bytes).map_err(|_| OPERANDS)?;
                step.wrapping_add(1).to_le_bytes().into()
            }
            Value::Before(tensor) => self.initial(tensor, index)?.to_le_bytes().into(),
            _ => {
                let all: Vec<Vec<f32>> = operands.iter().map(|bytes| floats(bytes)).collect();
                self.float(value, index, &all)?.to_le_bytes().into()
            }
        })
    }

    fn float(&self, value: Value, index: usize, operands: &[Vec<f32>]) -> Result<f32, Error> {
        let graph = self.layout.graph;
        match (value, operands) {
            (Value::Node(node), _) => {
                let node = graph.nodes.get(node as usize).ok_or(OPERANDS)?;
                let operands = Operands { floats: operands.to_vec(), digits: Vec::new() };
                recompute(graph, node, index % node.cols, &operands)
            }
            (Value::Statistic { node, number }, [x]) => {
                statistic(&graph.nodes.get(node as usize).ok_or(OPERANDS)?.op, number, x)
            }
            (Value::Losses, [logits]) => {
                let label = self.tokens.labels.get(index).copied().ok_or(OPERANDS)?;
                let mut loss = [0.0];
                CrossEntropy::new(1, logits.len())?.forward(logits, &[label], &mut loss)?;
                element(&loss, 0)
            }
            (Value::Probabilities, [logits]) => {
                let mut p = vec![0.0; logits.len()];
                CrossEntropy::new(1, logits.len())?.probabilities(logits, &mut p)?;
                element(&p, index % logits.len())
            }
            (Value::Gradient(_), [first, more @ ..]) => {
                let add = |sum: f32, next: &Vec<f32>| -> Result<f32, Error> {
                    let mut y = [0.0];
                    Add::new(1)?.forward(&[sum], next, &mut y)?;
                    element(&y, 0)
                };
                more.iter().try_fold(element(first, 0)?, add)
            }
            (Value::InputGradient { node, input }, _) => {
                let gradient = Gradient { layout: self.layout, tokens: self.tokens, node: node as usize };
                gradient.of_input(input, index, operands)
            }
            (Value::Squares, [gradient]) => ClipNorm::square(gradient),
            (Value::Factor, [squares]) => {
                let limit = self.layout.training.clip.ok_or(OPERANDS)?;
                ClipNorm::new(limit.get())?.factor(squares.iter().copied())
            }
            (Value::Clipped(_), [gradient, factor]) => {
                let mut clipped = [element(gradient, 0)?];
                ClipNorm::apply(element(factor, 0)?, &mut clipped)?;
                element(&clipped, 0)
            }
            (Value::After(tensor), _) => self.update(tensor, index, operands),
            _ => Err(OPERANDS.into()),
        }
    }

    fn loss_sum(&self, before: i64, operands: &[Vec<f32>]) -> Result<i64, Error> {
        let mut sum = before;
        for (at, loss) in operands.iter().flatten().enumerate() {
            self.layout.plan.loss.add(&mut sum, *loss, at)?;
        }
        Ok(sum)
    }

    /// Before step 0.
    fn initial(&self, tensor: StateTensor, index: usize) -> Result<f32, Error> {
        let StateTensor::Parameter(number) = tensor else {
            return Ok(if tensor == StateTensor::Powers { AdamPowers::START.beta1 } else { 0.0 });
        };
        let parameter = self.layout.manifest.parameters.values().nth(number as usize).ok_or(OPERANDS)?;
        Ok(match parameter.init {
            Init::Constant(value) => value.get(),
            Init::Uniform(bound) => Philox::new(self.key, number, 0).symmetric(index as u64, bound.get()),
        })
    }

    /// A tensor of the state after the step. Of the powers, `operands` are those of the state before; else the rate, the
    /// gradient, the parameter, its moments, and of Adam the powers.
    fn update(&self, tensor: StateTensor, index: usize, operands: &[Vec<f32>]) -> Result<f32, Error> {
        let (number, moment) = match tensor {
            StateTensor::Parameter(number) => (number, None),
            StateTensor::Moment { parameter, number } => (parameter, Some(number)),
            StateTensor::Powers | StateTensor::Step => (0, None),
        };
        let parameter = self.layout.manifest.parameters.values().nth(number as usize).ok_or(OPERANDS)?;
        let decay = |decay: f32| if parameter.decay { decay } else { 0.0 };
        match (self.layout.training.optimizer, operands) {
            (Optimizer::Adam { beta1, beta2, decay: rate, epsilon }, [.., powers]) => {
                let op = AdamStep::new(beta1.get(), beta2.get(), epsilon.get(), decay(rate.get()))?;
                let before = AdamPowers { beta1: element(powers, 0)?, beta2: element(powers, 1)? };
                let powers = op.advance(before);
                match operands {
                    [_] => element(&[powers.beta1, powers.beta2], index),
                    [rate, gradient, p, m, v, _] => adam(&op, powers, [rate, gradient, p, m, v], moment),
                    _ => Err(OPERANDS.into()),
                }
            }
            (Optimizer::Sgd { decay: rate, momentum }, [step, gradient, p, velocity]) => {
                let op = SgdStep::new(1, momentum.get(), decay(rate.get()))?;
                let (mut p, mut velocity) = (p.clone(), velocity.clone());
                op.forward(element(step, 0)?, gradient, &mut velocity, &mut p)?;
                element(if moment.is_some() { &velocity } else { &p }, 0)
            }
            _ => Err(OPERANDS.into()),
        }
    }
}

/// The parameter, or one of its moments, after a step of Adam; `operands` are rate, gradient, parameter and moments.
fn adam(
    op: &AdamStep,
    powers: AdamPowers,
    operands: [&Vec<f32>; 5],
    moment: Option<u32>,
) -> Result<f32, Error> {
    let [rate, gradient, p, m, v] = operands;
    let (mut p, mut m, mut v) = (p.clone(), m.clone(), v.clone());
    let mut moments = AdamMoments { first: &mut m, second: &mut v };
    op.forward(element(rate, 0)?, powers, gradient, &mut moments, &mut p)?;
    let after = match moment {
        None => p,
        Some(0) => m,
        Some(_) => v,
    };
    element(&after, 0)
}

/// What a norm keeps of a row. What it multiplies the row by makes no difference.
fn statistic(op: &Op, number: u32, x: &[f32]) -> Result<f32, Error> {
    let (cols, zeros) = (x.len(), vec![0.0; x.len()]);
    let (mut y, mut first, mut second) = (vec![0.0; cols], [0.0], [0.0]);
    match op {
        Op::LayerNorm { epsilon, .. } => {
            let op = LayerNorm::new(1, cols, epsilon.get())?;
            op.forward(x, &zeros, &zeros, &mut y, &mut first, &mut second)?;
        }
        Op::RmsNorm { epsilon, .. } => {
            RmsNorm::new(1, cols, epsilon.get())?.forward(x, &zeros, &mut y, &mut first)?;
        }
        Op::L2Norm { epsilon } => {
            L2Norm::new(1, cols, epsilon.get())?.forward(x, &mut y, &mut first)?;
        }
        _ => return Err(OPERANDS.into()),
    }
    element(if number == 0 { &first } else { &second }, 0)
}
