//! Jobs whose passes run in a device's memory: weights go there once, and what comes back is what is recorded, and
//! outputs.
//!
//! A pass joins units as long as it has room: what is computed row by row is the same whatever else is in the pass.
//! Where a joined pass meets a trap its units run again, each alone, so that the lowest is found; and the one that
//! traps runs once more up to the node that the device reported, which the reference then computes from the values it
//! reads. Where calls find too little memory for a joined pass, it is run again with fewer units, as are those behind
//! it. A device that fails ends the job without a result: nothing is recorded that was not computed.
//!
//! Leaves of the trace are hashed on the device, and full subtrees of them joined: of a pass that came through, those
//! of all units are recorded at once. Only where some leaves may have to be opened do values come back, and are hashed
//! here.

mod generate;
pub(crate) mod layout;
pub(crate) mod nodes;
mod pass;
mod trap;

use std::borrow::Cow;
use std::ops::Range;
use std::slice;

use assay_exact::Refused;
use assay_exec::resident::{
    Block, DeviceFault, Region, Resident, Source, Subtrees, Target, HASH_WORDS, SUBTREE_LEAVES,
    SUBTREE_LEVELS,
};

use crate::forward::Executor;
use crate::generate::Ended;
use crate::graph::Graph;
use crate::root::Hash;
use crate::trace::point::Points;
use crate::trace::Recorder;
use layout::{Layout, Recorded};
use pass::{Choice, Leaves, Pass, Turn};

pub(crate) use generate::generate;
pub(crate) use layout::Needs;
pub(crate) use pass::download;

/// Most bytes of units' outputs that come from a device at a time: a pass may join thousands of units, each with logits
/// of a vocabulary, and the host has no need of all of them at once.
const OUTPUTS: usize = 4 << 20;

/// Takes what a pass gives for a unit.
type Take<'t> = dyn FnMut(u64, Given<'_>) + 't;

/// What a pass gives for a unit.
#[derive(Clone, Copy, Debug)]
enum Given<'g> {
    /// The output's row.
    Row(&'g [f32]),
    /// The token that was chosen, where only that is wanted.
    Token(u32),
}

/// What a pass came to.
enum Came {
    Through,
    /// At this node the device reported.
    Reported(u32),
    /// Calls found less memory beside the block than was counted on.
    Short(DeviceFault),
}

/// A job on a device: its memory, with the weights in it.
struct Session<'a> {
    executor: Executor<'a>,
    layout: Layout,
    block: Box<dyn Block + 'a>,
    /// How trace points are hashed, if they are recorded.
    points: Option<Points<'a>>,
    /// How a token is chosen of each output, if only that is wanted.
    choice: Option<Choice>,
}

/// Bytes of a device's memory that a job takes at least.
pub(crate) fn memory(graph: &Graph, needs: &Needs) -> Result<u64, Refused> {
    Layout::least(graph, needs)
}

/// Runs units of one pass each; gives their outputs one after another.
pub(crate) fn embed<'a>(
    device: &'a dyn Resident,
    executor: &Executor<'a>,
    units: &[&[u32]],
    points: Option<&Points<'a>>,
    recorder: &mut Recorder,
) -> Result<Vec<f32>, Ended> {
    let mut session = Session::start(device, executor, &Needs::whole(units), points, None)?;
    let turns = (0..).zip(units).map(|(unit, ids)| Turn { unit, ids, start: 0, capacity: None });
    let turns: Vec<Turn<'_>> = turns.collect();
    let mut outputs = Vec::new();
    session.step(0, &turns, recorder, &mut |_, given| {
        if let Given::Row(row) = given {
            outputs.extend_from_slice(row);
        }
    })?;
    Ok(outputs)
}

impl<'a> Session<'a> {
    /// Takes memory of a device and brings the weights there.
    fn start(
        device: &'a dyn Resident,
        executor: &Executor<'a>,
        needs: &Needs,
        points: Option<&Points<'a>>,
        choice: Option<Choice>,
    ) -> Result<Self, Ended> {
        let recorded = match points {
            None => Recorded::Nothing,
            Some(points) if points.keeps => Recorded::Values,
            Some(_) => Recorded::Hashes,
        };
        let layout = Layout::fit(executor.graph, needs, recorded, device.free()?)?;
        let mut block = device.block(layout.block)?;
        for (name, region) in &layout.floats {
            block.upload(region.start(), Source::F32(executor.weights.float(name)))?;
        }
        for (name, digits) in &layout.digits {
            let scales = executor.weights.matrix(name)?.scales();
            block.upload(digits.planes.start(), Source::I8(executor.weights.planes(name)))?;
            block.upload(digits.scales.start(), Source::F32(scales))?;
        }
        Ok(Self { executor: *executor, layout, block, points: points.copied(), choice })
    }

    /// Runs a pass of each unit, in as few joined passes as have room. `recorder` and `take` get what comes of them,
    /// unit by unit.
    fn step(
        &mut self,
        step: u64,
        turns: &[Turn<'_>],
        recorder: &mut Recorder,
        take: &mut Take<'_>,
    ) -> Result<(), Ended> {
        self.executor.backend.check_float_mode()?;
        let mut rest = turns;
        while !rest.is_empty() {
            let (together, behind) = rest.split_at(fitting(rest, self.layout.joined));
            match self.pass(step, together, recorder, take)? {
                Came::Through => rest = behind,
                Came::Reported(node) => return Err(self.find(step, together, node, recorder, take)),
                // Fewer units take less.
                Came::Short(_) if together.len() > 1 => {
                    self.layout.joined = together.iter().map(|turn| turn.ids.len()).sum::<usize>() / 2;
                }
                Came::Short(fault) => return Err(fault.into()),
            }
        }
        Ok(())
    }

    /// Runs one pass. Unless it came through nothing is recorded or taken.
    fn pass(
        &mut self,
        step: u64,
        turns: &[Turn<'_>],
        recorder: &mut Recorder,
        take: &mut Take<'_>,
    ) -> Result<Came, Ended> {
        let Self { executor, layout, block, points, choice } = self;
        let (nodes, output) = (executor.graph.nodes.len(), executor.graph.output);
        let pass = Pass::new(executor.graph, layout, step, turns);
        match pass.run(block.as_mut(), nodes, choice.as_ref(), recorder.leaves()) {
            Ok(None) => {}
            Ok(Some(node)) => return Ok(Came::Reported(node)),
            Err(fault @ DeviceFault::Memory { .. }) => return Ok(Came::Short(fault)),
            Err(fault) => return Err(fault.into()),
        }
        record_leaves(block.as_mut(), &pass, nodes, recorder)?;
        let kept = Kept::new(block.as_mut(), &pass, turns.len())?;
        let together = (OUTPUTS / 4 / pass.share(output, 0).len()).max(1);
        for first in (0..turns.len()).step_by(together) {
            let units = first..turns.len().min(first + together);
            let outputs = Outputs::new(block.as_mut(), &pass, output, units.clone(), choice.is_some())?;
            for number in units {
                if let Some(points) = points {
                    kept.record(block.as_mut(), &pass, nodes, number, points, recorder)?;
                }
                take(turns[number].unit, outputs.of(&pass, output, number));
            }
        }
        Ok(Came::Through)
    }

    /// The trap that units of a pass meet, in which the device reported node `node`. Those before are recorded and
    /// taken.
    fn find(
        &mut self,
        step: u64,
        turns: &[Turn<'_>],
        node: u32,
        recorder: &mut Recorder,
        take: &mut Take<'_>,
    ) -> Ended {
        if let [turn] = turns {
            return self.trap(step, turn, node, recorder);
        }
        for turn in turns {
            match self.pass(step, slice::from_ref(turn), recorder, take) {
                Ok(Came::Through) => {}
                Ok(Came::Reported(node)) => return self.trap(step, turn, node, recorder),
                Ok(Came::Short(fault)) => return fault.into(),
                Err(ended) => return ended,
            }
        }
        DeviceFault::Disagreement { node }.into()
    }
}

/// How many units, the first ones of all, a pass over at most `tokens` tokens joins: one at least.
fn fitting(turns: &[Turn<'_>], tokens: usize) -> usize {
    let mut sum = 0;
    let fits = |turn: &&Turn<'_>| {
        sum += turn.ids.len();
        sum <= tokens
    };
    turns.iter().take_while(fits).count().max(1)
}

/// Records the leaves that a pass has before node `end`, of all units, if the device hashed them.
fn record_leaves(
    block: &mut dyn Block,
    pass: &Pass<'_>,
    end: usize,
    recorder: &mut Recorder,
) -> Result<(), DeviceFault> {
    let Some(leaves) = pass.leaves_before(end) else { return Ok(()) };
    let (Leaves::All(region) | Leaves::Joined { roots: region, .. }) = leaves;
    let mut words = vec![0; region.len()];
    block.download(region.start(), Target::U32(&mut words))?;
    let hashes = hashes(&words);
    let Leaves::Joined { count, .. } = leaves else { return Ok(recorder.add_leaves(&hashes)?) };
    let Subtrees { before, full, behind } = Subtrees::of(recorder.leaves(), count);
    recorder.add_leaves(&hashes[..before])?;
    recorder.add_subtrees(SUBTREE_LEVELS, &hashes[2 * SUBTREE_LEAVES..][..full])?;
    Ok(recorder.add_leaves(&hashes[SUBTREE_LEAVES..][..behind])?)
}

/// Values of a pass' trace points on their way to the host: there are none where the device hashes them.
enum Kept {
    /// Those of several units at once, since they are recorded unit by unit; the first one's first byte.
    Joined(u64, Vec<f32>),
    /// Those of one unit, one after another.
    Alone,
}

impl Kept {
    fn new(block: &mut dyn Block, pass: &Pass<'_>, units: usize) -> Result<Self, DeviceFault> {
        let mut regions = pass.values().map(|(_, region)| region);
        let Some(first) = regions.next().filter(|_| units > 1) else { return Ok(Self::Alone) };
        let len = regions.fold(first.len(), |len, region| len + region.len());
        Ok(Self::Joined(first.start(), download(block, Region::new(first.start(), len))?))
    }

    /// Records the points before node `end` of a unit, by its number in the pass.
    fn record(
        &self,
        block: &mut dyn Block,
        pass: &Pass<'_>,
        end: usize,
        number: usize,
        points: &Points<'_>,
        recorder: &mut Recorder,
    ) -> Result<(), DeviceFault> {
        for (at, region) in pass.values().take_while(|(at, _)| *at < end) {
            let share = region.range(pass.share(at, number));
            let value = match self {
                Self::Joined(first, values) => {
                    let start = (share.start() - first) as usize / size_of::<f32>();
                    Cow::Borrowed(&values[start..start + share.len()])
                }
                Self::Alone => Cow::Owned(download(block, share)?),
            };
            let place = pass.place(at, number);
            let point = points.of(place.step, place.unit, at, &value);
            point.into_iter().for_each(|point| recorder.add(&point));
        }
        Ok(())
    }
}

/// Hashes of words, little-endian.
pub(crate) fn hashes(words: &[u32]) -> Vec<Hash> {
    let hash = |words: &[u32]| {
        let mut hash = Hash::default();
        for (bytes, word) in hash.chunks_exact_mut(4).zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        hash
    };
    words.chunks_exact(HASH_WORDS).map(hash).collect()
}

/// What a pass gives for some of its units.
enum Outputs {
    /// The first one's first element, in the output's value, and the rows.
    Rows(usize, Vec<f32>),
    /// From the first one on.
    Tokens(usize, Vec<u32>),
}

impl Outputs {
    /// Of units, by their numbers in the pass: one at least.
    fn new(
        block: &mut dyn Block,
        pass: &Pass<'_>,
        output: usize,
        units: Range<usize>,
        are_chosen: bool,
    ) -> Result<Self, DeviceFault> {
        if !are_chosen {
            let start = pass.share(output, units.start).start;
            let rows = start..pass.share(output, units.end - 1).end;
            return Ok(Self::Rows(start, download(block, pass.value(output).range(rows))?));
        }
        let (start, chosen) = (units.start, pass.chosen().range(units));
        let mut tokens = vec![0; chosen.len()];
        block.download(chosen.start(), Target::U32(&mut tokens))?;
        Ok(Self::Tokens(start, tokens))
    }

    /// For a unit, by its number in the pass.
    fn of(&self, pass: &Pass<'_>, output: usize, number: usize) -> Given<'_> {
        match self {
            Self::Rows(start, rows) => {
                let share = pass.share(output, number);
                Given::Row(&rows[share.start - start..share.end - start])
            }
            Self::Tokens(start, tokens) => Given::Token(tokens[number - start]),
        }
    }
}
