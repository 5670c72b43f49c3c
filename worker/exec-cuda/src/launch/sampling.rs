//! Drawing a class of each row of logits.

use assay_exact::Sample;
use assay_exec::resident::{rows_drawn_at_once, DRAWN_CHUNK as CHUNK};

use super::elementwise::{blocks, word};
use crate::error::Fault;
use crate::gpu::{Arg, Gpu, Grid, Kernel, Scratch};
use crate::module::Module;
use crate::span::Span;

fn launch(gpu: &Gpu, name: &'static str, grid: Grid, args: &[Arg]) -> Result<(), Fault> {
    gpu.launch(Kernel { module: Module::Sampling, name }, grid, args)
}

/// The class drawn.
pub(crate) fn sample_forward(
    gpu: &Gpu,
    node: u32,
    op: &Sample,
    logits: Span<f32>,
    draw: u64,
    class: Span<u32>,
) -> Result<(), Fault> {
    let place = gpu.scratch::<u64>(1)?;
    gpu.upload(&[draw], place.span())?;
    sample_rows_forward(gpu, node, op, logits, place.span(), class)
}

/// The class drawn of each row of `logits` (rows × classes) by the number that lies at its place in `draws`.
pub(crate) fn sample_rows_forward(
    gpu: &Gpu,
    node: u32,
    op: &Sample,
    logits: Span<f32>,
    draws: Span<u64>,
    drawn: Span<u32>,
) -> Result<(), Fault> {
    let (rows, classes) = (draws.len(), op.classes());
    debug_assert!(logits.len() == rows * classes && drawn.len() == rows);
    let at_once = rows_drawn_at_once(rows, classes);
    let room = Room::new(gpu, at_once, classes)?;
    for first in (0..rows).step_by(at_once.max(1)) {
        let some = first..rows.min(first + at_once);
        let logits = logits.range(some.start * classes..some.end * classes);
        Draw::new(gpu, op, some.len(), &room)?.start(
            node,
            logits,
            draws.range(some.clone()),
            drawn.range(some),
        )?;
    }
    Ok(())
}

/// What drawing takes for itself.
struct Room {
    /// Of each class of each row.
    weights: Scratch<u32>,
    /// Of the weights of each chunk of each row.
    sums: Scratch<i64>,
    /// Of each row's largest logit.
    order: Scratch<u32>,
    /// The key of each row's last class that is kept.
    threshold: Scratch<u64>,
}

impl Room {
    fn new(gpu: &Gpu, rows: usize, classes: usize) -> Result<Self, Fault> {
        Ok(Self {
            weights: gpu.scratch(rows * classes)?,
            sums: gpu.scratch(rows * classes.div_ceil(CHUNK))?,
            order: gpu.scratch(rows)?,
            threshold: gpu.scratch(rows)?,
        })
    }
}

/// Rows that are drawn of together.
struct Draw<'a> {
    gpu: &'a Gpu,
    op: &'a Sample,
    room: &'a Room,
    /// How many.
    rows: u32,
    /// Of each.
    classes: u32,
}

impl<'a> Draw<'a> {
    fn new(gpu: &'a Gpu, op: &'a Sample, rows: usize, room: &'a Room) -> Result<Self, Fault> {
        let (rows, classes) = (word("rows of Sample", rows)?, word("classes of Sample", op.classes())?);
        Ok(Self { gpu, op, room, rows, classes })
    }

    fn start(&self, node: u32, logits: Span<f32>, draws: Span<u64>, drawn: Span<u32>) -> Result<(), Fault> {
        let Self { gpu, room, classes, .. } = *self;
        self.weigh(node, logits)?;
        if !self.op.keeps_all() {
            self.keep()?;
        }
        let args: &[Arg] = &[
            room.weights.span().into(),
            room.sums.span().into(),
            classes.into(),
            draws.into(),
            drawn.into(),
        ];
        launch(gpu, "sample_pick", self.by_row(), args)
    }

    /// Writes each class's weight and the sums of chunks of them.
    fn weigh(&self, node: u32, logits: Span<f32>) -> Result<(), Fault> {
        let Self { gpu, room, classes, .. } = *self;
        let (factor, order) = (self.op.inverse_temperature(), room.order.span());
        gpu.zero(order)?;
        let args: &[Arg] = &[
            logits.into(),
            classes.into(),
            factor.into(),
            order.into(),
            gpu.fault_word().into(),
            node.into(),
        ];
        launch(gpu, "sample_largest", self.over_chunks(), args)?;
        let args: &[Arg] = &[
            logits.into(),
            classes.into(),
            factor.into(),
            order.into(),
            room.weights.span().into(),
            room.sums.span().into(),
        ];
        launch(gpu, "sample_weights", self.over_chunks(), args)
    }

    /// Makes the weights 0 of the classes that k and p don't keep.
    fn keep(&self) -> Result<(), Fault> {
        let Self { gpu, room, classes, .. } = *self;
        let (weights, threshold) = (room.weights.span(), room.threshold.span());
        let most = word("k of Sample", self.op.most_kept())?;
        let args: &[Arg] =
            &[weights.into(), classes.into(), most.into(), self.op.share_kept().into(), threshold.into()];
        launch(gpu, "sample_threshold", self.by_row(), args)?;
        let args: &[Arg] = &[classes.into(), threshold.into(), weights.into(), room.sums.span().into()];
        launch(gpu, "sample_filter", self.over_chunks(), args)
    }

    /// Blocks that each take chunks of a row's classes in turns.
    fn over_chunks(&self) -> Grid {
        let x = blocks((self.classes as usize).div_ceil(CHUNK), 2 * self.gpu.processors() as usize);
        Grid { blocks: [x, self.rows, 1], threads: 256, shared: 0 }
    }

    /// A block for each row, of the threads that the kernels say.
    fn by_row(&self) -> Grid {
        Grid { blocks: [1, self.rows, 1], threads: CHUNK as u32, shared: 0 }
    }
}

#[cfg(test)]
mod tests {
    use assay_exact::MAX_CLASSES;

    use super::*;

    #[test]
    fn the_threads_that_draw_see_every_chunk() {
        assert!(MAX_CLASSES.div_ceil(CHUNK) <= CHUNK);
    }
}
