//! Whole units, in one pass each: one after another, or one on each thread where there are many.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::cost;
use crate::forward::{Buffers, Executor, Halt, Watch};
use crate::generate::{Ended, Observer, Watched};
use crate::graph::Graph;

/// Most bytes that units on several threads take beside those of one unit.
const BESIDE: u64 = 256 << 20;
/// Least units for each thread: with fewer, threads would wait long for the last ones.
const LEAST: usize = 2;

/// Runs each unit; gives their outputs one after another. `record` gets the values of the nodes `points`, in ascending
/// order, of each unit in the order of units, up to the first that ends early; of units that run one after another it
/// gets those of other nodes, too.
pub(super) fn run(
    executor: &Executor<'_>,
    units: &[&[u32]],
    points: &[usize],
    record: &mut Observer<'_>,
) -> Result<Vec<f32>, Ended> {
    let threads = executor.backend.threads();
    let whole = if pays(executor.graph, units, threads) { units.len() - units.len() % threads } else { 0 };
    let (together, rest) = units.split_at(whole);
    let mut outputs =
        if whole == 0 { Vec::new() } else { run_together(executor, together, points, &mut *record)? };
    let mut buffers = Buffers::default();
    for (unit, ids) in (whole as u64..).zip(rest) {
        let mut watched = Watched { step: 0, unit, watch: &mut *record };
        let output = run_one(executor, ids, &mut buffers, &mut watched).map_err(Ended::at(0, unit))?;
        outputs.extend_from_slice(&output);
    }
    Ok(outputs)
}

/// Most bytes that units take while they run. Where they don't run one after another, a unit's trace points wait for
/// those of the units before it: about as long as another unit takes.
pub(super) fn memory(graph: &Graph, units: &[&[u32]]) -> u64 {
    let (one, each) = sizes(graph, units);
    match units.len() / LEAST {
        0 | 1 => one,
        threads => one.saturating_add(each.saturating_mul(threads as u64).saturating_sub(one).min(BESIDE)),
    }
}

/// Bytes of the longest unit alone, and as one of several.
fn sizes(graph: &Graph, units: &[&[u32]]) -> (u64, u64) {
    let tokens = units.iter().map(|ids| ids.len()).max().unwrap_or(0);
    let points = graph.trace.iter().map(|node| {
        let node = &graph.nodes[*node];
        4 * node.rows.count(tokens) as u64 * node.cols as u64
    });
    let one = cost::activations(graph, tokens as u64, tokens as u64);
    (one, points.fold(one, |sum, point| sum.saturating_add(2 * point)))
}

/// Whether units are run one on each thread.
fn pays(graph: &Graph, units: &[&[u32]], threads: usize) -> bool {
    let (one, each) = sizes(graph, units);
    let beside = each.saturating_mul(threads as u64).saturating_sub(one);
    threads > 1 && units.len() / LEAST >= threads && beside <= BESIDE
}

fn run_one(
    executor: &Executor<'_>,
    ids: &[u32],
    buffers: &mut Buffers,
    watch: &mut dyn Watch,
) -> Result<Vec<f32>, Halt> {
    let mut unit = executor.unit(ids.len())?;
    unit.swap_buffers(buffers);
    let output = executor.run(&mut unit, ids, watch);
    unit.swap_buffers(buffers);
    output
}

/// Values of some nodes, each with its node.
struct Points<'a> {
    wanted: &'a [usize],
    values: Vec<(usize, Vec<f32>)>,
}

impl Watch for Points<'_> {
    fn value(&mut self, node: usize, value: &[f32]) {
        if self.wanted.binary_search(&node).is_ok() {
            self.values.push((node, value.to_vec()));
        }
    }
}

/// A unit that has run.
struct Done {
    points: Vec<(usize, Vec<f32>)>,
    result: Result<Vec<f32>, Halt>,
}

/// What threads share.
struct Queue<'a> {
    /// The first unit that no thread has taken.
    next: usize,
    /// Units from here on are not run: there are no more, or one before them ended early.
    end: usize,
    /// Units that wait for one before them.
    done: BTreeMap<usize, Done>,
    /// Units whose points are recorded, and outputs taken.
    recorded: usize,
    outputs: Vec<f32>,
    ended: Option<Ended>,
    record: &'a mut Observer<'a>,
}

impl Queue<'_> {
    fn take(&mut self) -> Option<usize> {
        if self.next >= self.end {
            return None;
        }
        self.next += 1;
        Some(self.next - 1)
    }

    /// Records the units that are next. Behind one that ended early none is, so its trap is the lowest.
    fn put(&mut self, unit: usize, done: Done) {
        if done.result.is_err() {
            self.end = self.end.min(unit);
        }
        self.done.insert(unit, done);
        while let Some(Done { points, result }) = self.done.remove(&self.recorded) {
            let unit = self.recorded as u64;
            for (node, value) in points {
                (self.record)(0, unit, node, &value);
            }
            match result {
                Ok(output) => {
                    self.outputs.extend_from_slice(&output);
                    self.recorded += 1;
                }
                Err(halt) => self.ended = Some(Ended::at(0, unit)(halt)),
            }
        }
    }
}

fn run_together(
    executor: &Executor<'_>,
    units: &[&[u32]],
    wanted: &[usize],
    record: &mut Observer<'_>,
) -> Result<Vec<f32>, Ended> {
    let queue = Mutex::new(Queue {
        next: 0,
        end: units.len(),
        done: BTreeMap::new(),
        recorded: 0,
        outputs: Vec::new(),
        ended: None,
        record,
    });
    executor.backend.on_each_thread(&|| {
        let mut buffers = Buffers::default();
        loop {
            let Some(unit) = lock(&queue).take() else { break };
            let mut points = Points { wanted, values: Vec::new() };
            let result = run_one(executor, units[unit], &mut buffers, &mut points);
            lock(&queue).put(unit, Done { points: points.values, result });
        }
    });
    let queue = queue.into_inner().unwrap_or_else(PoisonError::into_inner);
    match queue.ended {
        None => Ok(queue.outputs),
        Some(ended) => Err(ended),
    }
}

/// A thread that panicked is reported by the backend, once the others are through.
fn lock<'q, 'r>(queue: &'q Mutex<Queue<'r>>) -> MutexGuard<'q, Queue<'r>> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use assay_exact::Precision;
    use assay_exec::{Cpu, Path, Reference};

    use super::*;
    use crate::decoder::{Decoder, Recipe};
    use crate::job::{self, Input, Kind};
    use crate::program::Program;
    use crate::train::State;

    fn program() -> Program {
        let decoder =
            Decoder { layers: 2, width: 32, heads: 4, kv_heads: 2, hidden: 48, vocabulary: 256, context: 24 };
        let mut recipe = Recipe::new(3, 12, 8, 0.01);
        recipe.every = 2;
        let training = Program::load("training", &decoder.training(&recipe).unwrap()).unwrap();
        let parameters = State::from_seed(&training, b"units").parameters;
        Program::load("program", &decoder.inference(&parameters, Precision::I8).unwrap()).unwrap()
    }

    /// Eleven units of 23 tokens down to 3; those of `bad` have an id at their end that the vocabulary has not.
    fn input(bad: &[usize]) -> Input {
        let sequence = |unit: usize| -> Vec<u32> {
            let mut ids: Vec<u32> = (0..23 - 2 * unit as u32).map(|i| (i * 37 + unit as u32) % 256).collect();
            ids.extend(bad.contains(&unit).then_some(256));
            ids
        };
        let sequences: Vec<Vec<u32>> = (0..11).map(sequence).collect();
        Input::load("input", &Input::pack(Kind::Embed, &Input::sequences(&sequences)).unwrap()).unwrap()
    }

    #[test]
    fn a_unit_on_each_thread_gives_the_roots_of_one_after_another() {
        let program = program();
        // Eleven units are no multiple of the threads; seven threads have too few, and share each unit.
        let backends = [(Path::Scalar, 2), (Path::best(), 2), (Path::best(), 3), (Path::best(), 7)];
        let none: &[usize] = &[];
        for bad in [none, &[5, 8], &[10], &[0]] {
            let input = input(bad);
            let expected = job::run(&program, &input, &[], &Reference, 1).unwrap();
            let unit = expected.result.as_ref().err().map(|trap| trap.unit as usize);
            assert_eq!(unit, bad.first().copied());
            for (path, threads) in backends {
                let got = job::run(&program, &input, &[], &Cpu::new(path, threads).unwrap(), 1).unwrap();
                assert_eq!(got.trace.leaves, expected.trace.leaves, "{path}, {threads} threads");
                assert_eq!(got.trace.root(), expected.trace.root(), "{path}, {threads} threads");
            }
        }
    }

    #[test]
    fn units_on_threads_take_memory_of_their_own_up_to_a_bound() {
        let graph = program().graph;
        let ids: &[u32] = &[7; 24];
        let memory = |count: usize| memory(&graph, &vec![ids; count]);
        assert_eq!(memory(3), memory(1), "three units are run one after another");
        assert!(memory(8) > 4 * memory(1));
        assert_eq!(memory(1 << 18), memory(1) + BESIDE);
        assert!(pays(&graph, &[ids; 8], 4) && !pays(&graph, &[ids; 7], 4) && !pays(&graph, &[ids; 8], 1));
    }

    fn queue<'a>(end: usize, record: &'a mut Observer<'a>) -> Queue<'a> {
        let (done, outputs) = (BTreeMap::new(), Vec::new());
        Queue { next: 0, end, done, recorded: 0, outputs, ended: None, record }
    }

    fn done(unit: usize) -> Done {
        let value = unit as f32;
        Done { points: vec![(7, vec![value])], result: Ok(vec![value]) }
    }

    fn trapped(operator: u32) -> Done {
        let trap = assay_exact::Trap { kind: assay_exact::TrapKind::Nan, index: 3 };
        Done { points: vec![(6, vec![0.5])], result: Err(Halt::Trap { operator, trap }) }
    }

    #[test]
    fn units_are_recorded_in_their_order_whatever_order_they_end_in() {
        let mut seen = Vec::new();
        let mut record = |_: u64, unit: u64, _: usize, value: &[f32]| seen.push((unit, value[0]));
        let mut queue = queue(4, &mut record);
        for unit in 0..4 {
            assert_eq!(queue.take(), Some(unit));
        }
        assert_eq!(queue.take(), None);
        for unit in [2, 0, 3, 1] {
            queue.put(unit, done(unit));
        }
        assert_eq!((queue.outputs.as_slice(), queue.recorded), ([0.0, 1.0, 2.0, 3.0].as_slice(), 4));
        assert_eq!(seen, [(0, 0.0), (1, 1.0), (2, 2.0), (3, 3.0)]);
    }

    #[test]
    fn the_first_unit_that_traps_ends_the_job_even_if_a_later_one_did_before() {
        let mut seen = Vec::new();
        let mut record = |_: u64, unit: u64, node: usize, _: &[f32]| seen.push((unit, node));
        let mut queue = queue(9, &mut record);
        for unit in 0..5 {
            assert_eq!(queue.take(), Some(unit));
        }
        queue.put(3, trapped(11));
        assert_eq!(queue.take(), None, "a unit behind the trap is not begun");
        queue.put(0, done(0));
        queue.put(4, done(4));
        queue.put(2, trapped(22));
        assert!(queue.ended.is_none(), "unit 1 may still trap");
        queue.put(1, done(1));
        let Some(Ended::Trap(trap)) = queue.ended else { panic!("a trap") };
        assert_eq!((trap.unit, trap.operator, trap.index), (2, 22, 3));
        // Of the unit that trapped, the points before the trap.
        assert_eq!(seen, [(0, 7), (1, 7), (2, 6)]);
    }
}
