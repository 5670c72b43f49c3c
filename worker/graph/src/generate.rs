//! Choosing tokens: the loop around a decoder's passes.

use assay_exact::{ArgMax, Error, Philox, Refused, Sample};
use assay_exec::resident::DeviceFault;
use assay_exec::Backend;

use crate::error::Trap;
use crate::forward::{Buffers, Executor, Halt, Unit, Watch};
use crate::job::Generate;

/// Philox tensor of the draws; the block is the unit, the step the index of the token that is chosen.
const DRAWS: u32 = 0xFFFF_FFFE;

/// A prompt and what has been chosen after it.
struct Sequence {
    /// None once it has stopped.
    unit: Option<Unit>,
    /// What the next pass takes.
    next: Vec<u32>,
    tokens: Vec<u32>,
}

/// Continues every prompt; gives the tokens chosen for each, a stop token included. Passes go step by step over all
/// prompts, so that the first trap met is the lowest in (step, unit).
pub(crate) fn generate(
    executor: &Executor<'_>,
    prompts: &[&[u32]],
    job: &Generate,
    key: [u8; 8],
    watch: &mut Observer<'_>,
) -> Result<Vec<Vec<u32>>, Ended> {
    let mut sequences = Vec::with_capacity(prompts.len());
    for prompt in prompts {
        let unit = Some(executor.unit(prompt.len() + job.tokens as usize)?);
        sequences.push(Sequence { unit, next: prompt.to_vec(), tokens: Vec::new() });
    }
    let mut choice = Choice::new(job, executor.graph.vocabulary)?;
    let mut buffers = Buffers::default();
    for step in 0..job.tokens {
        for (at, sequence) in (0..).zip(&mut sequences) {
            let Some(unit) = &mut sequence.unit else { continue };
            let mut watched = Watched { step, unit: at, watch: &mut *watch };
            unit.swap_buffers(&mut buffers);
            let logits = executor.run(unit, &sequence.next, &mut watched);
            unit.swap_buffers(&mut buffers);
            let logits = logits.map_err(Ended::at(step, at))?;
            let token = choice.of(executor.backend, &logits, || draw(key, step, at));
            let token = token.map_err(Halt::of(executor.graph.nodes.len())).map_err(Ended::at(step, at))?;
            sequence.tokens.push(token);
            sequence.next = vec![token];
            if job.stop.contains(&u64::from(token)) {
                sequence.unit = None;
            }
        }
    }
    Ok(sequences.into_iter().map(|sequence| sequence.tokens).collect())
}

/// The draw of the token that a unit chooses in a step.
pub(crate) fn draw(key: [u8; 8], step: u64, unit: u64) -> u64 {
    Philox::new(key, DRAWS, step as u32).draw(unit)
}

/// How tokens are chosen, with the memory that it takes.
pub(crate) struct Choice {
    /// None takes the most likely one.
    sample: Option<Sample>,
    scratch: Vec<u64>,
}

impl Choice {
    pub fn new(job: &Generate, classes: usize) -> Result<Self, Refused> {
        let sample = job.sampling.operator(classes).map_err(|(_, refused)| refused)?;
        Ok(Self { sample, scratch: vec![0; sample.map_or(0, |sample| sample.scratch())] })
    }

    /// The token that is chosen from these logits.
    pub fn of(
        &mut self,
        backend: &dyn Backend,
        logits: &[f32],
        draw: impl FnOnce() -> u64,
    ) -> Result<u32, Error> {
        match &self.sample {
            Some(sample) => backend.sample_forward(sample, logits, draw(), &mut self.scratch),
            None => {
                let mut best = [0];
                backend.arg_max_forward(&ArgMax::new(1, logits.len())?, logits, &mut best)?;
                Ok(best[0])
            }
        }
    }
}

/// Why a run ended without outputs.
pub(crate) enum Ended {
    /// In a result.
    Trap(Trap),
    /// Before one.
    Refused(Refused),
    /// Because the device gave none.
    Device(DeviceFault),
}

impl Ended {
    /// Puts a pass' halt at its place.
    pub(crate) fn at(step: u64, unit: u64) -> impl Fn(Halt) -> Self {
        move |halt| match halt {
            Halt::Trap { operator, trap } => {
                let kind = trap.kind as u8;
                Self::Trap(Trap { step, unit, operator, index: trap.index, kind })
            }
            Halt::Refused(refused) => Self::Refused(refused),
        }
    }
}

impl From<Refused> for Ended {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<DeviceFault> for Ended {
    fn from(fault: DeviceFault) -> Self {
        Self::Device(fault)
    }
}

/// Takes the step, the unit, the node and the value of each node's run, on any thread.
type Observer<'a> = dyn FnMut(u64, u64, usize, &[f32]) + Send + 'a;

/// Tells the step and the unit of each value.
struct Watched<'a> {
    step: u64,
    unit: u64,
    watch: &'a mut Observer<'a>,
}

impl Watch for Watched<'_> {
    fn value(&mut self, node: usize, value: &[f32]) {
        (self.watch)(self.step, self.unit, node, value);
    }
}
