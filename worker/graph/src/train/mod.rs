//! Training: gradients by reverse-mode differentiation on the graph, and the optimizer's steps.
//!
//! A step takes as many units as the program says from the data, each at an offset drawn from the job's seed. The
//! gradients of units are summed as integers, so any split of a step into shards, computed anywhere, gives the same
//! bytes:
//!
//! 1. each shard computes [`Trainer::gradients`] of a range of the step's units;
//! 2. their sums are added with [`Gradients::merge`], in any order;
//! 3. [`Trainer::apply`] turns the sums of all units into the next [`State`].
//!
//! [`step`] opens a step down to one element of any value, backward and update included.
//!
//! [`run`] does all this in one process; `resident` does it in a device's memory. A shard's memory is that of its sums,
//! of one unit's values and of the gradients of these, however many units it has. If shards trap, the step's trap is the
//! least of theirs in [`Trap`]'s order: each shard goes through its units in their order and stops at the first trap,
//! which is its least.

mod backward;
mod plan;
pub(crate) mod resident;
mod state;
pub mod step;
mod update;
mod workspace;

use std::collections::BTreeMap;
use std::ops::Range;

use assay_exact::{mean, Philox, Refused};
use assay_exec::Backend;

use crate::error::{Invalid, Problem, Stop, Trap};
use crate::forward::{Executor, Halt};
use crate::graph::Graph;
use crate::manifest::Manifest;
use crate::program::Program;
use crate::root::key;
use crate::tensor::Tensors;
use crate::train::backward::{Backward, Sink, Unit};
use crate::train::plan::{training, Plan};
use crate::train::step::{Value, Watch};
use crate::train::update::{Stage, Update};
use crate::train::workspace::Workspace;
use crate::weights::{floats, Weights};

pub use crate::train::state::State;

/// Philox tensor of the order of the data; the block is the unit.
const DATA_ORDER: u32 = 0xFFFF_FFFF;
/// What errors call the program.
const PROGRAM: &str = "program";
/// What errors call a job's input.
const INPUT: &str = "input";

/// Sums over the units of a shard, or of several, in fixed point with 40 fractional bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gradients {
    /// Of each parameter, by name: the gradients of the summed losses.
    pub sums: BTreeMap<String, Vec<i64>>,
    /// Of the tokens' losses.
    pub loss: i64,
    /// How many units.
    pub units: u64,
}

impl Gradients {
    /// Of no unit.
    fn zero(state: &State) -> Self {
        let zeros = |(name, values): (&String, &Vec<f32>)| (name.clone(), vec![0; values.len()]);
        Self { sums: state.parameters.iter().map(zeros).collect(), loss: 0, units: 0 }
    }

    /// Adds another shard's.
    pub fn merge(&mut self, other: Self) {
        for (name, more) in other.sums {
            let sums = self.sums.entry(name).or_default();
            // Sizes that differ are seen, and refused, where the sums are applied.
            sums.resize(sums.len().max(more.len()), 0);
            backward::add(sums, &more);
        }
        self.loss = self.loss.wrapping_add(other.loss);
        self.units = self.units.wrapping_add(other.units);
    }
}

/// Checks what a training asks of its program beside a checked graph; `file` is for the error.
///
/// Refused are: lengths of zero or over the context; constants, initial values, rates and fixed tensors out of their
/// domain; more addends in a sum than fixed point has room for; axes too long for a backward product; a parameter that
/// no gradient reaches.
pub fn check(file: &str, manifest: &Manifest, graph: &Graph, tensors: &Tensors) -> Result<(), Invalid> {
    Plan::new(file, manifest, graph)?;
    Update::new(file, manifest, graph)?;
    rates(file, manifest, tensors)?;
    let fixed = graph.weights.iter().filter(|(name, _)| !manifest.parameters.contains_key(*name));
    for (name, weight) in fixed {
        let place = |problem: Problem| problem.at(file, format!("tensor {name:?}"));
        floats(tensors, name, &weight.shape).map_err(place)?;
    }
    Ok(())
}

/// The learning rate of each step that a program has.
fn rates<'a>(file: &str, manifest: &Manifest, tensors: &'a Tensors) -> Result<&'a [f32], Invalid> {
    let name = &training(file, manifest)?.rates;
    let place = |problem: Problem| problem.at(file, format!("tensor {name:?}"));
    let tensor = tensors.get(name).ok_or_else(|| place(Problem::Missing))?;
    let rates = tensor.as_f32().map_err(place)?;
    let steps = rates.len() as u64;
    if tensor.shape != [steps] {
        return Err(place(Problem::mismatch(format!("[{steps}]"), format!("{:?}", tensor.shape))));
    }
    Problem::limit(u64::from(u32::MAX), steps).map_err(place)?;
    match rates.iter().position(|rate| !rate.is_finite() || *rate < 0.0) {
        Some(at) => Err(place(Problem::Format(format!("rate {at} is not a number of at least 0")))),
        None => Ok(rates),
    }
}

/// Checks what steps `from..to` of a training take beside its state: data longer than a unit, of ids below the
/// vocabulary, and learning rates for all these steps. `file` is where the data are, for the error.
pub fn check_data(file: &str, program: &Program, data: &[u32], from: u64, to: u64) -> Result<(), Invalid> {
    let Program { manifest, graph, tensors, .. } = program;
    let tokens = training(PROGRAM, manifest)?.tokens;
    let len = data.len() as u64;
    if len <= tokens {
        let problem = Problem::mismatch(format!("more than the {tokens} tokens of a unit"), len);
        return Err(problem.at(file, "tensor \"data\", length"));
    }
    if let Some(at) = data.iter().position(|id| *id as usize >= graph.vocabulary) {
        let limit = (graph.vocabulary as u64).saturating_sub(1);
        let problem = Problem::Limit { limit, got: u64::from(data[at]) };
        return Err(problem.at(file, format!("tensor \"data\", id {at}")));
    }
    check_steps(rates(PROGRAM, manifest, tensors)?, from, to)
}

/// Refuses to go back from step `from`, or to a step `to` that there are not enough rates for.
fn check_steps(rates: &[f32], from: u64, to: u64) -> Result<(), Invalid> {
    if to < from {
        return Err(Problem::mismatch(format!("at least {from}, the steps done"), to).at("job", "steps"));
    }
    if to > rates.len() as u64 {
        return Err(no_rate(rates, to - 1));
    }
    Ok(())
}

fn no_rate(rates: &[f32], step: u64) -> Invalid {
    let problem = format!("has learning rates for {} steps, none for step {step}", rates.len());
    Problem::Format(problem).at(PROGRAM, "training, rates")
}

fn refused(refused: Refused) -> Invalid {
    Problem::from(refused).at(PROGRAM, "graph")
}

/// A program that is being trained.
pub struct Trainer<'a> {
    program: &'a Program,
    backend: &'a dyn Backend,
    /// Of the job's seed.
    key: [u8; 8],
    data: &'a [u32],
    rates: &'a [f32],
    plan: Plan,
    update: Update,
    /// The state's parameters and the program's fixed tensors, as operators take them.
    weights: Weights<'static>,
    state: State,
}

impl<'a> Trainer<'a> {
    /// Goes on from `state`. `data` are token ids, more than a unit has; `seed` is the job's, which the order of the
    /// data depends on.
    pub fn new(
        program: &'a Program,
        backend: &'a dyn Backend,
        seed: &[u8],
        data: &'a [u32],
        state: State,
    ) -> Result<Self, Invalid> {
        let Program { manifest, graph, tensors, .. } = program;
        let plan = Plan::new(PROGRAM, manifest, graph)?;
        let update = Update::new(PROGRAM, manifest, graph)?;
        let rates = rates(PROGRAM, manifest, tensors)?;
        check_data(INPUT, program, data, state.step, state.step)?;
        state.check(program)?;
        let mut all = tensors.clone();
        all.extend(state.weights(program));
        let weights = Weights::new("state", graph, &all)?.into_owned();
        Ok(Self { program, backend, key: key(seed), data, rates, plan, update, weights, state })
    }

    /// What it has come to.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The gradients of a shard: units `units` of the next step. A trap is the least of these units.
    pub fn gradients(&self, units: Range<u64>) -> Result<Gradients, Stop> {
        self.gradients_seen(units, &mut ())
    }

    /// [`Trainer::gradients`] under someone's eyes.
    fn gradients_seen(&self, units: Range<u64>, watch: &mut dyn Watch) -> Result<Gradients, Stop> {
        self.begin()?;
        if units.start > units.end || units.end > self.plan.units {
            let expected = format!("a range within 0..{}", self.plan.units);
            return Err(Problem::mismatch(expected, format!("{units:?}")).at("shard", "units").into());
        }
        let mut gradients = None;
        self.backend.lead(&mut || gradients = Some(self.add_up(units.clone(), &mut *watch)));
        gradients.unwrap_or_else(|| Err(refused(Refused::Domain("backend that does no work")).into()))
    }

    /// The gradients of units that there are, by the thread that leads.
    fn add_up(&self, units: Range<u64>, watch: &mut dyn Watch) -> Result<Gradients, Stop> {
        let mut gradients = Gradients::zero(&self.state);
        let mut work = Workspace::new(&self.plan);
        for unit in units {
            watch.begin(unit);
            let mut sink = Sink { gradients: &mut gradients, watch: &mut *watch };
            self.unit(unit, &mut work, &mut sink).map_err(|halt| self.stop(halt, unit))?;
            gradients.units += 1;
        }
        Ok(gradients)
    }

    /// Ends a step: updates the state by the merged gradients of all its units, and gives their mean loss. After a trap
    /// the training is over, and the state that of no step.
    pub fn apply(&mut self, gradients: &Gradients) -> Result<f32, Stop> {
        self.apply_seen(gradients, &mut ())
    }

    /// [`Trainer::apply`] under someone's eyes.
    fn apply_seen(&mut self, gradients: &Gradients, watch: &mut dyn Watch) -> Result<f32, Stop> {
        let rate = self.begin()?;
        self.check_whole(gradients)?;
        let loss = mean(gradients.loss, self.plan.count);
        watch.begin(Trap::NO_UNIT);
        watch.floats(Value::Loss, &[loss]);
        let (backend, mut done) = (self.backend, None);
        backend.lead(&mut || done = Some(self.advance(&gradients.sums, rate, &mut *watch)));
        let done = done.unwrap_or(Err(Halt::Refused(Refused::Domain("backend that does no work"))));
        done.map_err(|halt| self.stop(halt, Trap::NO_UNIT))?;
        self.state.step += 1;
        Ok(loss)
    }

    /// Updates the state, and the weights from it. The thread that leads is not the one that [`Trainer::begin`] looked
    /// at, and computes what no operator does: powers of β, the factor of clipping.
    fn advance(
        &mut self,
        sums: &BTreeMap<String, Vec<i64>>,
        rate: f32,
        watch: &mut dyn Watch,
    ) -> Result<(), Halt> {
        self.backend.check_float_mode()?;
        self.update.apply(self.backend, sums, self.plan.count, rate, &mut self.state, watch)?;
        self.make_weights()
    }

    /// The weights of the state's parameters.
    fn make_weights(&mut self) -> Result<(), Halt> {
        for (at, (name, values)) in self.state.parameters.iter().enumerate() {
            self.weights.set_float(self.backend, name, values).map_err(self.update.halt(Stage::Step, at))?;
        }
        Ok(())
    }

    /// Looks at the thread's arithmetic, and gives the next step's learning rate.
    fn begin(&self) -> Result<f32, Invalid> {
        self.backend.check_float_mode().map_err(refused)?;
        let rate = usize::try_from(self.state.step).ok().and_then(|step| self.rates.get(step));
        rate.copied().ok_or_else(|| no_rate(self.rates, self.state.step))
    }

    /// Adds one unit of the next step.
    fn unit(&self, unit: u64, work: &mut Workspace, sink: &mut Sink<'_>) -> Result<(), Halt> {
        let (plan, weights, backend) = (&self.plan, &self.weights, self.backend);
        let (graph, [ids, labels]) = (&self.program.graph, self.window(unit));
        let pass = Executor { graph, weights, backend }.run_keeping(ids, &mut ())?;
        let backward = Backward { graph, weights, backend, plan };
        backward.unit(&Unit { ids, labels, pass: &pass }, work, sink)
    }

    /// The tokens of a unit of the next step, and their labels.
    fn window(&self, unit: u64) -> [&'a [u32]; 2] {
        let (data, tokens) = (self.data, self.plan.tokens);
        let start = start(self.key, self.state.step, unit, (data.len() - tokens) as u64) as usize;
        [&data[start..start + tokens], &data[start + 1..start + tokens + 1]]
    }

    fn stop(&self, halt: Halt, unit: u64) -> Stop {
        match halt {
            Halt::Trap { operator, trap } => {
                let (step, kind) = (self.state.step, trap.kind as u8);
                Stop::Trap(Trap { step, unit, operator, index: trap.index, kind })
            }
            Halt::Refused(reason) => refused(reason).into(),
        }
    }

    /// Refuses sums that are not of all units of a step, or not of these parameters.
    fn check_whole(&self, gradients: &Gradients) -> Result<(), Invalid> {
        if gradients.units != self.plan.units {
            let expected = format!("those of the {} units of a step", self.plan.units);
            return Err(Problem::mismatch(expected, gradients.units).at("gradients", "units"));
        }
        let sizes = self.state.parameters.iter().map(|(name, values)| (name, values.len()));
        if gradients.sums.iter().map(|(name, sums)| (name, sums.len())).ne(sizes) {
            let problem = Problem::mismatch("those of the program's parameters", "others");
            return Err(problem.at("gradients", "sums"));
        }
        Ok(())
    }
}

/// Where a unit of a step begins in the data, which has `places` ids behind each of which there are enough.
fn start(key: [u8; 8], step: u64, unit: u64, places: u64) -> u64 {
    Philox::new(key, DATA_ORDER, step as u32).draw(unit) % places
}

/// The units of shard `index` of `shards`: as many as of the others, or one less. None if there are more shards than
/// units, for some of them.
pub fn shard(units: u64, shards: u64, index: u64) -> Range<u64> {
    let bound = |index: u128| (u128::from(units) * index / u128::from(shards.max(1))) as u64;
    bound(u128::from(index))..bound(u128::from(index) + 1)
}

/// Refuses steps that there are no rates for, and no shards.
fn check_run(trainer: &Trainer<'_>, to_step: u64, shards: usize) -> Result<(), Invalid> {
    check_steps(trainer.rates, trainer.state.step, to_step)?;
    if shards == 0 {
        return Err(Problem::mismatch("at least 1", shards).at("job", "shards"));
    }
    Ok(())
}

/// Trains until `to_step` steps are done, with the units of each split into so many shards, which changes no byte.
/// `record` sees the state after each step, with the number of steps done. Gives the mean loss of each step.
pub fn run(
    trainer: &mut Trainer<'_>,
    to_step: u64,
    shards: usize,
    record: &mut dyn FnMut(u64, &State),
) -> Result<Vec<f32>, Stop> {
    check_run(trainer, to_step, shards)?;
    let mut losses = Vec::new();
    while trainer.state.step < to_step {
        let mut gradients = trainer.gradients(shard(trainer.plan.units, shards as u64, 0))?;
        for index in 1..shards as u64 {
            gradients.merge(trainer.gradients(shard(trainer.plan.units, shards as u64, index))?);
        }
        losses.push(trainer.apply(&gradients)?);
        record(trainer.state.step, &trainer.state);
    }
    Ok(losses)
}
