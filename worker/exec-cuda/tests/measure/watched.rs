//! When passes of a job start, or steps of a training, without what the job does before the first of them.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use assay_exec::resident::{Block, Call, DeviceFault, Operator, Resident, Source, Target, Update};
use assay_exec::Backend;
use assay_graph::job::{run, Input};
use assay_graph::program::Program;

use super::SEED;
use crate::backend::Cuda;

/// A device that notes when its passes start, or its training's steps. Operators that do not stay in its memory are those
/// of the reference.
pub(super) struct Watched<'c> {
    cuda: &'c Cuda,
    starts: Mutex<Vec<Instant>>,
}

impl<'c> Watched<'c> {
    pub(super) fn new(cuda: &'c Cuda) -> Self {
        Self { cuda, starts: Mutex::default() }
    }
}

impl Backend for Watched<'_> {
    fn name(&self) -> String {
        self.cuda.name()
    }

    fn resident(&self) -> Option<&dyn Resident> {
        Some(self)
    }
}

impl Resident for Watched<'_> {
    fn free(&self) -> Result<u64, DeviceFault> {
        self.cuda.free()
    }

    fn block(&self, bytes: u64) -> Result<Box<dyn Block + '_>, DeviceFault> {
        Ok(Box::new(WatchedBlock { block: self.cuda.block(bytes)?, watched: self }))
    }
}

struct WatchedBlock<'w, 'c> {
    block: Box<dyn Block + 'w>,
    watched: &'w Watched<'c>,
}

impl Block for WatchedBlock<'_, '_> {
    fn upload(&mut self, start: u64, from: Source<'_>) -> Result<(), DeviceFault> {
        self.block.upload(start, from)
    }

    fn download(&mut self, start: u64, to: Target<'_>) -> Result<(), DeviceFault> {
        self.block.download(start, to)
    }

    fn run(&mut self, calls: &[Call<'_>]) -> Result<Option<u32>, DeviceFault> {
        if begins(calls) {
            let mut starts = self.watched.starts.lock().unwrap_or_else(PoisonError::into_inner);
            if starts.is_empty() {
                // The weights may still be on their way.
                self.watched.cuda.gpu.wait()?;
            }
            starts.push(Instant::now());
        }
        self.block.run(calls)
    }
}

/// Whether a list is a pass, or the first one of a training's step: that clears the sums of gradients.
fn begins(calls: &[Call<'_>]) -> bool {
    match calls.first().map(|call| &call.operator) {
        Some(Operator::Update(update)) => matches!(update, Update::Clear { .. }),
        _ => !calls.iter().any(|call| matches!(call.operator, Operator::Gradient(_))),
    }
}

/// Seconds of each pass of a job but the last, or of each step of a training but the last.
pub(super) fn passes(cuda: &Cuda, program: &Program, input: &Input) -> Vec<f64> {
    let watched = Watched::new(cuda);
    let outcome = run(program, input, SEED, &watched, 1).unwrap();
    assert_eq!(outcome.unfit, None, "a training that is not in the device's memory");
    assert!(outcome.result.is_ok(), "{:?}", outcome.result.err());
    let starts = watched.starts.into_inner().unwrap();
    starts.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_secs_f64()).collect()
}
