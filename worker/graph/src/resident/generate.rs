//! The loop around a decoder's passes, on a device.

use assay_exec::resident::Resident;

use super::pass::{Choice, Turn};
use super::{Given, Needs, Session};
use crate::forward::Executor;
use crate::generate::Ended;
use crate::job::Generate;
use crate::trace::point::Points;
use crate::trace::Recorder;

/// A prompt and what has been chosen after it.
struct Sequence {
    /// Tokens that passes have taken.
    done: usize,
    /// What the next pass takes: nothing once it has stopped.
    next: Vec<u32>,
    tokens: Vec<u32>,
}

/// Continues every prompt, as [`crate::generate::generate`] does, with a step's passes joined. Of logits only the
/// tokens that are chosen leave the device.
pub(crate) fn generate<'a>(
    device: &'a dyn Resident,
    executor: &Executor<'a>,
    prompts: &[&[u32]],
    job: &Generate,
    key: [u8; 8],
    points: &Points<'a>,
    recorder: &mut Recorder,
) -> Result<Vec<Vec<u32>>, Ended> {
    let needs = Needs::continued(prompts, job.tokens as usize);
    let sample = job.sampling.operator(executor.graph.vocabulary).map_err(|(_, refused)| refused)?;
    let choice = Choice { sample, key };
    let mut session = Session::start(device, executor, &needs, Some(points), Some(choice))?;
    let start = |prompt: &&[u32]| Sequence { done: 0, next: prompt.to_vec(), tokens: Vec::new() };
    let mut sequences: Vec<Sequence> = prompts.iter().map(start).collect();
    for step in 0..job.tokens {
        let mut chosen: Vec<(u64, u32)> = Vec::new();
        let turns = turns(prompts, job, &sequences);
        session.step(step, &turns, recorder, &mut |unit, given| {
            if let Given::Token(token) = given {
                chosen.push((unit, token));
            }
        })?;
        for (unit, token) in chosen {
            let sequence = &mut sequences[unit as usize];
            sequence.done += sequence.next.len();
            sequence.next = if job.stop.contains(&u64::from(token)) { Vec::new() } else { vec![token] };
            sequence.tokens.push(token);
        }
    }
    Ok(sequences.into_iter().map(|sequence| sequence.tokens).collect())
}

/// The next pass of each sequence that goes on.
fn turns<'s>(prompts: &[&[u32]], job: &Generate, sequences: &'s [Sequence]) -> Vec<Turn<'s>> {
    let turn = |((unit, prompt), sequence): ((u64, &&[u32]), &'s Sequence)| Turn {
        unit,
        ids: &sequence.next,
        start: sequence.done,
        capacity: Some(prompt.len() + job.tokens as usize),
    };
    (0..).zip(prompts).zip(sequences).map(turn).filter(|turn| !turn.ids.is_empty()).collect()
}
