//! What a step of a training computes, value by value, and looking at it as it is computed.

use codec::{Decode, Encode};

/// A value of a step. Nodes, weights and parameters are given by number: nodes in program order; the weights of a node
/// that have gradients in the order of the contract (weight and bias of a linear node, γ and β of a norm, the table of an
/// embedding); parameters in the order of their names. Where nothing else is said, elements are f32 and row-major.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Value {
    /// Of a unit: what a node computes forward.
    Node(u32),
    /// Of a unit, one for each row: the mean (0) and the reciprocal deviation (1) of a LayerNorm, the latter (0) of an
    /// RmsNorm, the divisor (0) of an L2Norm.
    Statistic {
        /// The norm.
        node: u32,
        /// Which of its statistics.
        number: u32,
    },
    /// Of a unit: the loss of each token.
    Losses,
    /// Of a unit: the sum of the losses, in fixed point, of this unit and those before it. One i64.
    LossSum,
    /// Of a unit: the softmax of the logits.
    Probabilities,
    /// Of a unit: the gradient of a node's value, the sum of those that its users have found.
    Gradient(u32),
    /// Of a unit: the gradient that the backward form of a node finds for one of its inputs. The output node's includes
    /// that of the loss.
    InputGradient {
        /// The node.
        node: u32,
        /// Which of its inputs.
        input: u32,
    },
    /// Of a unit: the sums of a weight's gradient, i64 in fixed point, once the backward form of this node has been added:
    /// over this unit and those before it.
    WeightSum {
        /// The node.
        node: u32,
        /// Which of its weights.
        number: u32,
    },
    /// The mean loss of the step: one element.
    Loss,
    /// A parameter's gradient: the mean over the step's tokens.
    Mean(u32),
    /// If the norm has a limit: the square norm of each parameter's gradient.
    Squares,
    /// If the norm has a limit: the factor of all gradients. One element.
    Factor,
    /// If the norm has a limit: a parameter's gradient times the factor.
    Clipped(u32),
    /// Of step 0 only: a tensor of the state that the seed gives.
    Before(StateTensor),
    /// A tensor of the state that the step leads to.
    After(StateTensor),
}

impl Value {
    /// Whether each unit has one of its own.
    pub fn is_of_unit(self) -> bool {
        use Value::{Gradient, InputGradient, LossSum, Losses, Node, Probabilities, Statistic, WeightSum};
        matches!(
            self,
            Node(_)
                | Statistic { .. }
                | Losses
                | LossSum
                | Probabilities
                | Gradient(_)
                | InputGradient { .. }
                | WeightSum { .. }
        )
    }

    /// Bytes of an element.
    pub fn element_size(self) -> usize {
        match self {
            Self::LossSum | Self::WeightSum { .. } => 8,
            _ => 4,
        }
    }
}

/// A tensor of a training's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum StateTensor {
    /// A parameter.
    Parameter(u32),
    /// What the optimizer keeps of a parameter: of Adam the first (0) and the second (1) moment, of SGD the velocity (0).
    Moment {
        /// The parameter.
        parameter: u32,
        /// Which moment.
        number: u32,
    },
    /// Adam's β₁ᵗ and β₂ᵗ.
    Powers,
    /// The steps done: one u32.
    Step,
}

/// Looks at the values of a step, in the order in which [`super::layout`] lists them.
pub(in crate::train) trait Watch: Send {
    /// What comes next is of this unit; of none ([`crate::error::Trap::NO_UNIT`]) when it is of the update.
    fn begin(&mut self, unit: u64);
    /// A value has these elements.
    fn floats(&mut self, value: Value, elements: &[f32]);
    /// A value in fixed point has these elements.
    fn sums(&mut self, value: Value, elements: &[i64]);
}

impl Watch for () {
    fn begin(&mut self, _: u64) {}
    fn floats(&mut self, _: Value, _: &[f32]) {}
    fn sums(&mut self, _: Value, _: &[i64]) {}
}
