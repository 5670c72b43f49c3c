//! Which part of a training a job is, and running it.

use serde::{Deserialize, Serialize};

use super::Outcome;
use crate::error::{Invalid, Stop};
use crate::program::Program;
use crate::root::Hash;
use crate::tensor::{Dtype, Tensor};
use crate::trace::Recorder;
use crate::train::{self, State, Trainer};

/// Which steps of a training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Train {
    /// The steps done before: 0 starts from the seed, another one from the checkpoint of that step.
    pub from: u64,
    /// The steps done after.
    pub to: u64,
}

/// Trains, in the memory of the backend's device where that has room enough, and records the roots of states.
pub(super) fn run(
    program: &Program,
    trainer: &mut Trainer<'_>,
    job: &Train,
    every: u64,
    shards: usize,
    mut recorder: Recorder,
) -> Result<Outcome, Invalid> {
    let is_traced = |done: u64| done.is_multiple_of(every) && done != job.to;
    let mut record = |done: u64, root: Hash| recorder.record(done, 0, 0, Dtype::U8, &[32], &root);
    let (losses, unfit) = match train::resident::start(trainer)? {
        Ok(session) => (session.run(trainer, job.to, &is_traced, &mut record), None),
        Err(unfit) => {
            let mut look = |done: u64, state: &State| {
                if is_traced(done) {
                    record(done, state.root(program));
                }
            };
            (train::run(trainer, job.to, shards, &mut look), unfit)
        }
    };
    let result = match losses {
        Ok(losses) => {
            let mut outputs = trainer.state().tensors(program);
            outputs.insert("losses".into(), Tensor::f32(&[losses.len() as u64], losses));
            Ok(outputs)
        }
        Err(Stop::Trap(trap)) => Err(trap),
        Err(Stop::Invalid(invalid)) => return Err(invalid),
    };
    Ok(Outcome { unfit, ..Outcome::new(result, recorder) })
}
