//! Opening a step of a training down to one element of any value of it: forward, backward, loss and update.
//!
//! The trace of a training holds roots of states. The root of a state covers the BLAKE3 of each tensor, so any element of
//! a state that the trace, the input or the result covers is shown by a chunk of its tensor. What lies between two states
//! is in no trace, but follows from the first: the values of a step are hashed in leaves of 1 KiB, as those of a segment
//! are, only when two providers differ about it. A [`Claim`] is what one of them says of a step: the tensors of the state
//! before, those of the state after, and the root over the values between. It needs no further tie: what the step begins
//! with is opened from the state before, what it ends in from the state after. An [`Opening`] shows one element with all
//! that it is computed from, and the [`Referee`] computes it anew by the reference, from these bytes alone.
//!
//! Sums over units are judgeable because the tree has them after every use of a weight in every unit: such an element
//! takes itself before the use, and what the use adds to it. Two values take more than a row, a column or a head:
//! the square norm of a parameter's gradient ([`Value::Squares`]) takes that whole gradient, since it is quantised by one
//! scale; a gradient of an attention's input takes all tokens of the heads that share its keys.
//!
//! The trace has a state after every so many steps only. Of the steps between, the states are claimed too, by 32 bytes
//! each: [`check_stretch`] holds a chain of claims against the two states that are committed. The first claim of two chains
//! that differs from the other's is of the step in question. The state of step 0 is in no trace: its elements
//! follow from the seed ([`Value::Before`]).

mod gradient;
mod layout;
mod needs;
mod open;
mod recompute;
mod record;
mod referee;
mod value;

use std::ops::Range;

use codec::{Decode, Encode};

use crate::error::Invalid;
use crate::program::Program;
use crate::root::{root, Domain, Entry, Hash};
use crate::tensor::{elements, Dtype};
use crate::trace::fault::{expect, Fault};
use crate::trace::{chunks, Branch, LeafOpening, Place, LEAF};
use crate::train::state::STEP;
use crate::train::step::layout::Layout;

pub use self::referee::{Referee, Verdict};
pub use self::value::{StateTensor, Value};

pub(super) use self::value::Watch;

/// One element of a value of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Element {
    /// The step: as many were done before it.
    pub step: u64,
    /// The unit; [`crate::error::Trap::NO_UNIT`] if the value is none of a unit.
    pub unit: u64,
    /// The value.
    pub value: Value,
    /// Row-major, in the value.
    pub index: u64,
}

/// An element and what it is computed from. Which leaves there must be follows from the element, the program and the
/// tokens of its unit; so they are named by their order alone.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Opening {
    /// The element.
    pub element: Element,
    /// Chunks of the job's data with the tokens of the unit and their labels; none if the element needs none.
    pub tokens: Branch,
    /// Leaves of the step, in the order of its tree.
    pub values: Branch,
    /// Chunks of tensors: of the state before, then of the program, then of the state after; each in the order of names.
    pub tensors: Vec<Branch>,
}

/// What a provider says of a step.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Claim {
    /// The step: as many were done before it.
    pub step: u64,
    /// The tensors of the state before it, in the order of their names.
    pub before: Vec<Entry>,
    /// The tensors of the state after it.
    pub after: Vec<Entry>,
    /// The root over its values.
    pub root: Hash,
}

impl Claim {
    /// The root of the state before the step.
    pub fn before_root(&self) -> Hash {
        root(Domain::State, self.before.clone())
    }

    /// The root of the state after it.
    pub fn after_root(&self) -> Hash {
        root(Domain::State, self.after.clone())
    }

    /// Refuses a claim whose state before the step says that another number of steps was done: data and rate are those
    /// of the step that the claim names.
    fn check_step(&self) -> Result<(), Fault> {
        let done = u32::try_from(self.step).map_err(|_| Fault::Step(self.step))?;
        let hash = *blake3::hash(&done.to_le_bytes()).as_bytes();
        match self.before.iter().any(|entry| entry.name == STEP && entry.blake3 == hash) {
            true => Ok(()),
            false => Err(Fault::Step(self.step)),
        }
    }
}

/// Refuses claims that are not of these steps, one after another, from the state of root `first` to that of root `last`:
/// those that the run has committed to after `steps.start` and after `steps.end` steps.
pub fn check_stretch(claims: &[Claim], steps: Range<u64>, first: &Hash, last: &Hash) -> Result<(), Fault> {
    expect("claims", steps.end.saturating_sub(steps.start) as usize, claims.len())?;
    let mut state = *first;
    for (step, claim) in steps.zip(claims) {
        if claim.step != step || claim.before_root() != state {
            return Err(Fault::Proof(format!("state before step {step}")));
        }
        claim.check_step()?;
        state = claim.after_root();
    }
    match state == *last {
        true => Ok(()),
        false => Err(Fault::Proof("state at the end".into())),
    }
}

/// The index in the trace of the state after `done` steps, in a training of steps `from..to` whose trace has a state after
/// `every` steps; None if the trace has not that state.
pub fn state_leaf(from: u64, to: u64, every: u64, done: u64) -> Option<u64> {
    let inside = every > 0 && from < done && done < to && done.is_multiple_of(every);
    inside.then(|| done / every - from / every - 1)
}

/// The root of the state after `done` steps that leaf `index` of the trace holds, which was committed to with this result.
pub fn state_root(
    leaf: &LeafOpening,
    index: u64,
    done: u64,
    trace_root: &Hash,
    result_root: &Hash,
) -> Result<Hash, Fault> {
    let place = Place { step: done, unit: 0, point: 0, offset: 0, dtype: Dtype::U8 as u8, shape: vec![32] };
    let sound = leaf.place == place && leaf.verify(index, trace_root, result_root);
    let held = Hash::try_from(leaf.bytes.as_slice()).ok().filter(|_| sound);
    held.ok_or_else(|| Fault::Proof(format!("state after {done} steps")))
}

/// The root of the state among the tensors of an input that starts from a checkpoint, or of a training's result.
pub fn state_among(program: &Program, entries: &[Entry]) -> Result<Hash, Invalid> {
    let layout = Layout::new(&program.manifest, &program.graph)?;
    let of_state = |entry: &&Entry| layout.state.contains_key(&entry.name);
    Ok(root(Domain::State, entries.iter().filter(of_state).cloned().collect()))
}

/// Whether the result of a training of steps from `from` on reports the loss that one of them has. A referee has checked
/// `loss`, which opens [`Value::Loss`] of the step; `losses` is that tensor's entry in the result, and `chunk` proves the
/// chunk of it that the loss lies in ([`chunks::prove`]).
pub fn reports(loss: &Opening, from: u64, losses: &Entry, chunk: &Branch) -> Result<bool, Fault> {
    let element = loss.element;
    let index = element.step.checked_sub(from).filter(|_| element.value == Value::Loss);
    let at = index.ok_or(Fault::Outside(element))?.saturating_mul(4);
    let len = elements(&losses.shape).unwrap_or(0).saturating_mul(4);
    let wrong = || Fault::Proof(losses.name.clone());
    if !chunks::verify(chunk, &[at / LEAF as u64], len, &losses.blake3) {
        return Err(wrong());
    }
    let at = (at % LEAF as u64) as usize;
    let reported = chunk.leaves.first().and_then(|leaf| leaf.get(at..at + 4)).ok_or_else(wrong)?;
    // The loss itself comes behind the sum that it is computed from.
    Ok(loss.values.leaves.last().is_some_and(|held| held == reported))
}

/// All values of a step, with the number of their elements: those of a unit, which every unit has, those of the
/// update, those of the states.
pub fn values(program: &Program) -> Result<Vec<(Value, u64)>, Invalid> {
    Ok(Layout::new(&program.manifest, &program.graph)?.values().collect())
}
