//! Steps of a training, computed again to be opened.

use assay_exec::Backend;

use crate::error::{Problem, Stop};
use crate::job::{check, Input, Work};
use crate::program::Program;
use crate::train::step::{Claim, Element, Opening};
use crate::train::{self, State, Trainer};

/// Runs a training again up to step `step`, and opens elements of that step.
pub fn open_step(
    program: &Program,
    input: &Input,
    seed: &[u8],
    backend: &dyn Backend,
    step: u64,
    elements: &[Element],
) -> Result<(Claim, Vec<Opening>), Stop> {
    let (Work::Train { job, data, state, .. }, Some(tensor)) =
        (check(program, input)?, input.tensors.get("data"))
    else {
        let problem = Problem::Format("is no training, whose steps could be opened".into());
        return Err(problem.at("input", "job").into());
    };
    if !(job.from..job.to).contains(&step) {
        let problem = Problem::mismatch(format!("a step of {} to {}", job.from, job.to - 1), step);
        return Err(problem.at("input", "job train").into());
    }
    let state = state.unwrap_or_else(|| State::from_seed(program, seed));
    let mut trainer = Trainer::new(program, backend, seed, &data, state)?;
    train::run(&mut trainer, step, 1, &mut |_, _| {})?;
    trainer.open(tensor, elements)
}
