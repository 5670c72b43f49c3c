//! What can be wrong with an opening or a tie, or with the making of one.

use assay_exact::Refused;

use crate::trace::Element;
use crate::train::step;

/// Why an opening or a tie shows nothing, or could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The graph cannot be cut at its trace points.
    #[error("graph: {0}")]
    Graph(String),
    /// There is no segment of this number.
    #[error("there is no segment {0}")]
    Segment(u64),
    /// The unit has no pass of this number.
    #[error("there is no pass {0}")]
    Pass(u64),
    /// A pass without tokens, or too many tokens in all.
    #[error("a unit has passes of at least one token each and at most {limit} in all, not {got}")]
    Passes {
        /// Most tokens of a unit of the program.
        limit: u64,
        /// Tokens of all passes.
        got: u64,
    },
    /// An id that the program has no token for.
    #[error("token {0} is not below the vocabulary")]
    Token(u32),
    /// The unit, pass, node or element is none of the segment.
    #[error("{0:?} is not computed in this segment")]
    Absent(Element),
    /// The run did not show this value, or not in its shape.
    #[error("the value of node {node} in pass {step} has not been seen whole")]
    Unseen {
        /// The pass.
        step: u64,
        /// The node.
        node: u64,
    },
    /// The trace is too short, or was recorded without keeping the hashes of its leaves.
    #[error("the trace does not hold the leaves of pass {0}")]
    Untraced(u64),
    /// A training's step computes no such value.
    #[error("{0:?} is no value of a step of this program")]
    Value(step::Value),
    /// The step, unit, value or element is none of the step in question.
    #[error("{0:?} is not computed in this step")]
    Outside(step::Element),
    /// What should be a training's state has other tensors.
    #[error("the tensors of {0} are not those of a state of this program")]
    State(&'static str),
    /// The state that a claim of this step begins with is not that of a training which has done as many.
    #[error("the state before step {0} is not one after {0} steps")]
    Step(u64),
    /// The job has no data that units could be drawn from.
    #[error("the data of the job are no ids of more than a unit")]
    Data,
    /// A weight that no tensor of the program holds: one of a training.
    #[error("tensor {0:?} is not published with the program")]
    Unpublished(String),
    /// Leaves are missing, or there are others than those needed.
    #[error("{of}: {got} are shown, {expected} are needed")]
    Leaves {
        /// What is counted.
        of: String,
        /// How many are needed.
        expected: u64,
        /// How many there are.
        got: u64,
    },
    /// A leaf is longer or shorter than its place says.
    #[error("{of}: leaf {number} has {got} bytes, not {expected}")]
    Size {
        /// The tree.
        of: String,
        /// The leaf, counted among those opened.
        number: u64,
        /// Its size by the shape of its value.
        expected: u64,
        /// Bytes given.
        got: u64,
    },
    /// The leaves and the nodes beside them do not give the root.
    #[error("{0}: the leaves do not belong to the root")]
    Proof(String),
    /// The operator cannot be built: the graph is none that has been checked.
    #[error(transparent)]
    Refused(#[from] Refused),
}

/// Refuses another number than that expected.
pub(crate) fn expect(of: &str, expected: usize, got: usize) -> Result<(), Fault> {
    if expected != got {
        return Err(Fault::Leaves { of: of.into(), expected: expected as u64, got: got as u64 });
    }
    Ok(())
}
