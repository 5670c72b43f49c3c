//! Whole units, in one pass each: one after another, or one on each thread where there are many.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::cost;
use crate::forward::{Buffers, Executor, Halt, Watch};
use crate::generate::Ended;
use crate::graph::Graph;

/// Most bytes that units on several threads take beside those of one unit.
const BESIDE: u64 = 256 << 20;
/// Least units for each thread: with fewer, threads would wait long for the last ones.
const LEAST: usize = 2;

/// Makes of the value of a unit's node what is recorded of it, if anything is, on the thread that computed it.
pub(super) type Make<'a, P> = dyn Fn(u64, usize, &[f32]) -> Option<P> + Sync + 'a;
/// Records that.
pub(super) type Record<'a, P> = dyn FnMut(P) + Send + 'a;

/// Runs each unit; gives their outputs one after another. `record` gets what `make` makes of the values of each unit, in
/// the order of units, up to the first that ends early.
pub(super) fn run<P: Send>(
    executor: &Executor<'_>,
    units: &[&[u32]],
    make: &Make<'_, P>,
    record: &mut Record<'_, P>,
) -> Result<Vec<f32>, Ended> {
    let threads = executor.backend.threads();
    let whole = if pays(executor.graph, units, threads) { units.len() - units.len() % threads } else { 0 };
    let (together, rest) = units.split_at(whole);
    let mut outputs =
        if whole == 0 { Vec::new() } else { run_together(executor, together, make, &mut *record)? };
    let mut buffers = Buffers::default();
    for (unit, ids) in (whole as u64..).zip(rest) {
        let mut seen = Seen { unit, make, record: &mut *record };
        let output = run_one(executor, ids, &mut buffers, &mut seen).map_err(Ended::at(0, unit))?;
        outputs.extend_from_slice(&output);
    }
    Ok(outputs)
}

/// A unit's values on their way.
struct Seen<'a, P> {
    unit: u64,
    make: &'a Make<'a, P>,
    record: &'a mut Record<'a, P>,
}

impl<P> Watch for Seen<'_, P> {
    fn value(&mut self, node: usize, value: &[f32]) {
        if let Some(made) = (self.make)(self.unit, node, value) {
            (self.record)(made);
        }
    }
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

/// A unit that has run.
struct Done<P> {
    points: Vec<P>,
    result: Result<Vec<f32>, Halt>,
}

/// What threads share.
struct Queue<'a, P> {
    /// The first unit that no thread has taken.
    next: usize,
    /// Units from here on are not run: there are no more, or one before them ended early.
    end: usize,
    /// Units that wait for one before them.
    done: BTreeMap<usize, Done<P>>,
    /// Units whose points are recorded, and outputs taken.
    recorded: usize,
    outputs: Vec<f32>,
    ended: Option<Ended>,
    record: &'a mut Record<'a, P>,
}

impl<P> Queue<'_, P> {
    fn take(&mut self) -> Option<usize> {
        if self.next >= self.end {
            return None;
        }
        self.next += 1;
        Some(self.next - 1)
    }

    /// Records the units that are next. Behind one that ended early none is, so its trap is the lowest.
    fn put(&mut self, unit: usize, done: Done<P>) {
        if done.result.is_err() {
            self.end = self.end.min(unit);
        }
        self.done.insert(unit, done);
        while let Some(Done { points, result }) = self.done.remove(&self.recorded) {
            points.into_iter().for_each(&mut *self.record);
            match result {
                Ok(output) => {
                    self.outputs.extend_from_slice(&output);
                    self.recorded += 1;
                }
                Err(halt) => self.ended = Some(Ended::at(0, self.recorded as u64)(halt)),
            }
        }
    }
}

fn run_together<P: Send>(
    executor: &Executor<'_>,
    units: &[&[u32]],
    make: &Make<'_, P>,
    record: &mut Record<'_, P>,
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
            let mut points = Vec::new();
            let mut keep = |point| points.push(point);
            let mut seen = Seen { unit: unit as u64, make, record: &mut keep };
            let result = run_one(executor, units[unit], &mut buffers, &mut seen);
            lock(&queue).put(unit, Done { points, result });
        }
    });
    let queue = queue.into_inner().unwrap_or_else(PoisonError::into_inner);
    match queue.ended {
        None => Ok(queue.outputs),
        Some(ended) => Err(ended),
    }
}

/// A thread that panicked is reported by the backend, once the others are through.
fn lock<'q, 'r, P>(queue: &'q Mutex<Queue<'r, P>>) -> MutexGuard<'q, Queue<'r, P>> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

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
                let root = expected.trace.root();
                assert_eq!(got.trace.root(), root, "{path}, {threads} threads");
                let wanted: BTreeSet<u64> = (0..expected.trace.leaves).step_by(3).collect();
                let cpu = Cpu::new(path, threads).unwrap();
                let kept = job::run_keeping(&program, &input, &[], &cpu, 1, wanted.clone()).unwrap().trace;
                let opens = |leaf: &u64| {
                    let opening = kept.open(*leaf);
                    opening.is_some_and(|opening| opening.verify(*leaf, &root, &expected.trace.result_root))
                };
                assert!(wanted.iter().all(opens), "{path}, {threads} threads");
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

    /// A unit and a node.
    type Point = (usize, usize);

    fn queue<'a>(end: usize, record: &'a mut Record<'a, Point>) -> Queue<'a, Point> {
        let (done, outputs) = (BTreeMap::new(), Vec::new());
        Queue { next: 0, end, done, recorded: 0, outputs, ended: None, record }
    }

    fn done(unit: usize) -> Done<Point> {
        Done { points: vec![(unit, 7)], result: Ok(vec![unit as f32]) }
    }

    fn trapped(unit: usize, operator: u32) -> Done<Point> {
        let trap = assay_exact::Trap { kind: assay_exact::TrapKind::Nan, index: 3 };
        Done { points: vec![(unit, 6)], result: Err(Halt::Trap { operator, trap }) }
    }

    #[test]
    fn units_are_recorded_in_their_order_whatever_order_they_end_in() {
        let mut seen = Vec::new();
        let mut record = |point| seen.push(point);
        let mut queue = queue(4, &mut record);
        for unit in 0..4 {
            assert_eq!(queue.take(), Some(unit));
        }
        assert_eq!(queue.take(), None);
        for unit in [2, 0, 3, 1] {
            queue.put(unit, done(unit));
        }
        assert_eq!((queue.outputs.as_slice(), queue.recorded), ([0.0, 1.0, 2.0, 3.0].as_slice(), 4));
        assert_eq!(seen, [(0, 7), (1, 7), (2, 7), (3, 7)]);
    }

    #[test]
    fn the_first_unit_that_traps_ends_the_job_even_if_a_later_one_did_before() {
        let mut seen = Vec::new();
        let mut record = |point| seen.push(point);
        let mut queue = queue(9, &mut record);
        for unit in 0..5 {
            assert_eq!(queue.take(), Some(unit));
        }
        queue.put(3, trapped(3, 11));
        assert_eq!(queue.take(), None, "a unit behind the trap is not begun");
        queue.put(0, done(0));
        queue.put(4, done(4));
        queue.put(2, trapped(2, 22));
        assert!(queue.ended.is_none(), "unit 1 may still trap");
        queue.put(1, done(1));
        let Some(Ended::Trap(trap)) = queue.ended else { panic!("a trap") };
        assert_eq!((trap.unit, trap.operator, trap.index), (2, 22, 3));
        // Of the unit that trapped, the points before the trap.
        assert_eq!(seen, [(0, 7), (1, 7), (2, 6)]);
    }
}
