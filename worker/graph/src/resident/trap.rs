//! The trap at a node that a device reported.

use std::collections::BTreeMap;
use std::ops::Range;

use assay_exact::Error;
use assay_exec::resident::{Block, CacheRegions, DeviceFault, QuantisedRegions, Target};
use assay_exec::Reference;

use super::pass::{download, Pass, Turn};
use super::{record_leaves, Kept, Session};
use crate::forward::{Cache, Executor, Halt, Unit};
use crate::generate::Ended;
use crate::graph::Graph;
use crate::manifest::Op;
use crate::trace::Recorder;

impl Session<'_> {
    /// Runs a unit's pass again up to `node`, records its points before, and computes that node by the reference. One
    /// that the reference has nothing to trap on is a fault of the device.
    pub(super) fn trap(&mut self, step: u64, turn: &Turn<'_>, node: u32, recorder: &mut Recorder) -> Ended {
        match self.computed(step, turn, node as usize, recorder) {
            Ok(Err(error)) => Ended::at(step, turn.unit)(Halt::of(node as usize)(error)),
            Ok(Ok(())) => DeviceFault::Disagreement { node }.into(),
            Err(ended) => ended,
        }
    }

    /// What the reference has to say of a node; nothing of one before it may trap.
    fn computed(
        &mut self,
        step: u64,
        turn: &Turn<'_>,
        at: usize,
        recorder: &mut Recorder,
    ) -> Result<Result<(), Error>, Ended> {
        let Self { executor, layout, block, points, choice } = self;
        let (graph, block) = (executor.graph, block.as_mut());
        let pass = Pass::new(graph, layout, step, std::slice::from_ref(turn));
        if at > graph.nodes.len() || pass.run(block, at, None, recorder.leaves())?.is_some() {
            return Ok(Ok(()));
        }
        if let Some(points) = points {
            record_leaves(block, &pass, at, recorder)?;
            Kept::new(block, &pass, 1)?.record(block, &pass, at, 0, points, recorder)?;
        }
        if at == graph.nodes.len() {
            let logits = download(block, pass.value(graph.output))?;
            return Ok(choice.map_or(Ok(()), |choice| choice.check(&logits, step, turn.unit)));
        }
        let inputs = &graph.nodes[at].inputs;
        let inputs: Vec<Vec<f32>> =
            inputs.iter().map(|input| download(block, pass.value(*input))).collect::<Result<_, _>>()?;
        let inputs = std::array::from_fn(|i| inputs.get(i).map(Vec::as_slice).unwrap_or_default());
        let mut unit = unit(block, graph, at, &pass, turn)?;
        let reference = Executor { backend: &Reference, ..*executor };
        Ok(reference.node(&mut unit, turn.ids, at, inputs).map(|_| ()))
    }
}

/// The unit as it is before the pass, with what its node `at` keeps of the tokens before.
fn unit(
    block: &mut dyn Block,
    graph: &Graph,
    at: usize,
    pass: &Pass<'_>,
    turn: &Turn<'_>,
) -> Result<Unit, Ended> {
    let capacity = turn.capacity.unwrap_or(turn.ids.len());
    let mut caches = BTreeMap::new();
    if let (Op::Attention(attention), Some(regions)) = (&graph.nodes[at].op, pass.cache(at)) {
        let dim = graph.nodes[at].cols / attention.heads as usize;
        let mut cache = Cache::new(capacity, dim, attention)?;
        fill(block, &regions, &pass.part(0).kept(attention.kv_heads as usize), &mut cache)?;
        caches.insert(at, cache);
    }
    Ok(Unit::after(turn.start, capacity, caches))
}

/// Brings a unit's rows of a cache from the device.
fn fill(
    block: &mut dyn Block,
    from: &CacheRegions,
    rows: &Range<usize>,
    cache: &mut Cache,
) -> Result<(), DeviceFault> {
    let to = cache.parts();
    fill_digits(block, &from.keys, rows, to.key_planes)?;
    fill_digits(block, &from.values, rows, to.value_planes)?;
    let scales = [(&from.keys.scales, to.key_scales), (&from.values.scales, to.value_scales)];
    for (from, to) in scales.into_iter().chain([(&from.logs, to.value_logs)]) {
        block.download(from.range(rows.clone()).start(), Target::F32(to))?;
    }
    Ok(())
}

fn fill_digits(
    block: &mut dyn Block,
    from: &QuantisedRegions,
    rows: &Range<usize>,
    planes: &mut [i8],
) -> Result<(), DeviceFault> {
    let planes = planes.chunks_exact_mut(rows.len() * from.depth).enumerate();
    for (digit, plane) in planes {
        block.download(from.plane(digit, rows).start(), Target::I8(plane))?;
    }
    Ok(())
}
