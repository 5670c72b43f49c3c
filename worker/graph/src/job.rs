//! Jobs: a program applied to an input. What comes out is a pure function of the two and the job's seed.
//! The contract lists the tensors that each kind takes and gives.

mod generation;
mod step;
mod training;
mod units;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use assay_exact::VERSION;
use assay_exec::Backend;
use serde::{Deserialize, Serialize};

use crate::canonical;
use crate::cost::{self, Cost};
use crate::error::{Invalid, Problem, Stop, Trap};
use crate::forward::Executor;
use crate::generate::{generate, Ended};
use crate::graph::{check_name, check_shape};
use crate::manifest::{BlobRef, TensorRef, Training, MAX_TENSORS};
use crate::package::{self, package_root, Package};
use crate::program::Program;
use crate::resident;
use crate::root::{entries, key, root, trap_root, Domain, Hash};
use crate::tensor::{Data, Tensor, Tensors};
use crate::trace::point::{Point, Points};
use crate::trace::{Passes, Recorder, Segment, Trace};
use crate::train::{self, State, Trainer};

pub use generation::{Generate, Sampling, MAX_STOPS};
pub use step::open_step;
pub use training::Train;

/// Most units of a job.
const MAX_UNITS: u64 = 1 << 20;

/// The manifest of a job's input, in the canonical form of a program's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobManifest {
    /// The files that hold the tensors; a training may list its dataset and a checkpoint apart.
    pub blobs: Vec<BlobRef>,
    /// What to do.
    pub job: Kind,
    /// The tensors of the blobs.
    pub tensors: BTreeMap<String, TensorRef>,
    /// [`VERSION`].
    pub version: String,
}

/// What a job does with its program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Kind {
    /// The output of each unit.
    Embed,
    /// Tokens after each prompt.
    Generate(Generate),
    /// Steps of a training.
    Train(Train),
}

/// A job's input that has passed every check that needs no program.
#[derive(Clone, Debug)]
pub struct Input {
    /// What its manifest says.
    pub manifest: JobManifest,
    /// What the chain knows it by.
    pub root: Hash,
    /// The tensors that its manifest lists.
    pub tensors: Tensors,
}

impl Input {
    /// Makes an input of what to do and the tensors it takes; checks what it made.
    pub fn pack(job: Kind, tensors: &Tensors) -> Result<Package, Invalid> {
        let package = package::pack("input", tensors, |blob, tensors| JobManifest {
            blobs: vec![blob],
            job,
            tensors,
            version: VERSION.into(),
        })?;
        Self::load("input", &package)?;
        Ok(package)
    }

    /// Reads an input; `file` is for errors.
    pub fn load(file: &str, package: &Package) -> Result<Self, Invalid> {
        Self::checked(file, &package.manifest, |manifest| {
            package::tensors(file, &manifest.blobs, &manifest.tensors, &package.blobs)
        })
    }

    /// Reads an input as [`Program::open`] reads a program: its blobs are never in memory beside its tensors.
    pub fn open(file: &str, directory: &Path) -> Result<Self, Invalid> {
        Self::checked(file, &package::read_manifest(directory)?, |manifest| {
            package::read_tensors(file, directory, &manifest.blobs, &manifest.tensors)
        })
    }

    /// An input of a manifest and the tensors that `read` gives for it.
    fn checked(
        file: &str,
        bytes: &[u8],
        read: impl FnOnce(&JobManifest) -> Result<Tensors, Invalid>,
    ) -> Result<Self, Invalid> {
        let manifest: JobManifest = canonical::read(file, bytes)?;
        if manifest.version != VERSION {
            return Err(Problem::mismatch(VERSION, &manifest.version).at(file, "version"));
        }
        Problem::limit(MAX_TENSORS, manifest.tensors.len() as u64)
            .map_err(|problem| problem.at(file, "tensors"))?;
        for (name, tensor) in &manifest.tensors {
            let place = |problem: Problem| problem.at(file, format!("tensor {name:?}"));
            check_name(name).and_then(|()| check_shape(&tensor.shape)).map_err(place)?;
        }
        let tensors = read(&manifest)?;
        let root = package_root(Domain::Input, bytes, &manifest.tensors);
        Ok(Self { manifest, root, tensors })
    }

    /// The tensors of sequences of ids.
    pub fn sequences(sequences: &[Vec<u32>]) -> Tensors {
        let lengths: Vec<u32> = sequences.iter().map(|ids| ids.len() as u32).collect();
        let ids = sequences.concat();
        Tensors::from([
            ("ids".into(), Tensor::u32(&[ids.len() as u64], ids)),
            ("lengths".into(), Tensor::u32(&[lengths.len() as u64], lengths)),
        ])
    }
}

/// What a job came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The outputs, or the trap that the computation ended in.
    pub result: Result<Tensors, Trap>,
    /// What it commits to.
    pub trace: Trace,
    /// Why a training did not stay in the device's memory, if that was to be: what it takes, and what was free. Then it
    /// was computed operator by operator.
    pub unfit: Option<String>,
}

impl Outcome {
    fn new(result: Result<Tensors, Trap>, recorder: Recorder) -> Self {
        let result_root = match &result {
            Ok(outputs) => root(Domain::Result, entries(outputs)),
            Err(trap) => trap_root(trap),
        };
        Self { result, trace: recorder.finish(result_root), unfit: None }
    }

    /// What two providers must agree on, with the trace root.
    pub fn result_root(&self) -> Hash {
        self.trace.result_root
    }
}

/// Compute units of a job, from its program and its input alone: a generation counts all tokens that it may give.
pub fn units(program: &Program, input: &Input) -> Result<u64, Invalid> {
    let passes = cost::Passes::new(&program.graph);
    let length = |ids: &[u32]| ids.len() as u64;
    let cost: Cost = match check(program, input)? {
        Work::Embed(units) => units.iter().map(|ids| passes.pass(length(ids), length(ids))).sum(),
        Work::Generate(prompts, job) => {
            prompts.iter().map(|ids| passes.generation(length(ids), job.tokens)).sum()
        }
        Work::Train { training, job, .. } => {
            let step = cost::step(&program.graph, training, cost::parameters(&program.manifest));
            step.times(job.to - job.from)
        }
    };
    Ok((cost + Cost::bytes(blob_bytes(program, input))).units())
}

/// Bytes of all blobs of a program and an input: as many as their tensors have in memory.
pub fn blob_bytes(program: &Program, input: &Input) -> u64 {
    let blobs = program.manifest.blobs.iter().chain(&input.manifest.blobs);
    blobs.fold(0u64, |sum, blob| sum.saturating_add(blob.size))
}

/// Most bytes that [`run`] takes beside the program and the input in memory, and the backend's own.
pub fn memory(program: &Program, input: &Input) -> Result<u64, Invalid> {
    let graph = &program.graph;
    let work = check(program, input)?;
    let longest = |units: &[&[u32]]| units.iter().map(|ids| ids.len() as u64).max().unwrap_or(0);
    let bytes = match &work {
        Work::Embed(units) => units::memory(graph, units),
        Work::Generate(prompts, job) => {
            let caches = prompts.iter().map(|ids| cost::caches(graph, ids.len() as u64 + job.tokens));
            // What is kept of a draw is sorted as eight bytes for each token of the vocabulary.
            let beside = caches.fold(8 * graph.vocabulary as u64, u64::saturating_add);
            cost::activations(graph, longest(prompts), longest(prompts) + job.tokens).saturating_add(beside)
        }
        Work::Train { training, data, .. } => {
            cost::training(graph, &program.manifest, training).saturating_add(4 * data.len() as u64)
        }
    };
    // Outputs are there twice: as they are computed, and as tensors or their bytes to hash.
    let outputs = work.output_bytes(program).saturating_mul(2);
    let weights = match &work {
        Work::Train { .. } => cost::weights(graph),
        _ => cost::made_weights(graph),
    };
    Ok([weights, outputs].into_iter().fold(bytes, u64::saturating_add))
}

/// Bytes of a device's memory that [`run`] takes at least where the backend's passes run there. What the device has beyond
/// that lets passes join more units; a training has no use for more, and where there is less it is computed operator by
/// operator.
pub fn device_memory(program: &Program, input: &Input) -> Result<u64, Invalid> {
    let needs = match check(program, input)? {
        Work::Embed(units) => resident::Needs::whole(&units),
        Work::Generate(prompts, job) => resident::Needs::continued(&prompts, job.tokens as usize),
        Work::Train { .. } => return train::resident::memory(program),
    };
    let bytes = resident::memory(&program.graph, &needs);
    bytes.map_err(|refused| Problem::from(refused).at("program", "graph"))
}

/// Most bytes of a job's outputs.
pub fn output_bytes(program: &Program, input: &Input) -> Result<u64, Invalid> {
    Ok(check(program, input)?.output_bytes(program))
}

/// Runs a job. A training's units are split over `shards`, which changes no byte, unless it stays in a device's memory.
/// Where the backend has a device whose memory passes run in, and that has not room enough or fails, the job is refused
/// with [`Problem::Device`]: nothing has come of it, and another backend may run it. Only a training that has not room
/// enough is not refused: it is computed operator by operator ([`Outcome::unfit`]).
pub fn run(
    program: &Program,
    input: &Input,
    seed: &[u8],
    backend: &dyn Backend,
    shards: usize,
) -> Result<Outcome, Invalid> {
    run_recording(program, input, seed, backend, shards, Recorder::new())
}

/// Runs a job again to open leaves of its trace: [`Trace::open`] has them afterwards.
pub fn run_keeping(
    program: &Program,
    input: &Input,
    seed: &[u8],
    backend: &dyn Backend,
    shards: usize,
    leaves: BTreeSet<u64>,
) -> Result<Outcome, Invalid> {
    run_recording(program, input, seed, backend, shards, Recorder::keeping(leaves))
}

fn run_recording(
    program: &Program,
    input: &Input,
    seed: &[u8],
    backend: &dyn Backend,
    shards: usize,
    recorder: Recorder,
) -> Result<Outcome, Invalid> {
    match check(program, input)? {
        Work::Embed(units) => run_units(program, backend, recorder, |executor, points, recorder| {
            let graph = &program.graph;
            let shape = [units.len() as u64, graph.nodes[graph.output].cols as u64];
            let make = |unit, node, value: &[f32]| points.of(0, unit, node, value);
            let embeddings = match executor.backend.resident() {
                Some(device) => resident::embed(device, executor, &units, Some(points), recorder)?,
                None => units::run(executor, &units, &make, &mut |point: Point| recorder.add(&point))?,
            };
            Ok(Tensors::from([("embeddings".into(), Tensor::f32(&shape, embeddings))]))
        }),
        Work::Generate(prompts, job) => {
            run_units(program, backend, recorder, |executor, points, recorder| {
                let key = key(seed);
                if let Some(device) = executor.backend.resident() {
                    let sequences =
                        resident::generate(device, executor, &prompts, job, key, points, recorder)?;
                    return Ok(Input::sequences(&sequences));
                }
                let mut watch = |step, unit, node, value: &[f32]| {
                    if let Some(point) = points.of(step, unit, node, value) {
                        recorder.add(&point);
                    }
                };
                let sequences = generate(executor, &prompts, job, key, &mut watch)?;
                Ok(Input::sequences(&sequences))
            })
        }
        Work::Train { training, job, data, state } => {
            let state = state.unwrap_or_else(|| State::from_seed(program, seed));
            let mut trainer = Trainer::new(program, backend, seed, &data, state)?;
            training::run(program, &mut trainer, job, training.every, shards, recorder)
        }
    }
}

/// The outputs of units, one after another: what a job that embeds computes, without its trace.
pub fn embeddings(executor: &Executor<'_>, units: &[&[u32]]) -> Result<Vec<f32>, Stop> {
    let embeddings = match executor.backend.resident() {
        Some(device) => resident::embed(device, executor, units, None, &mut Recorder::new()),
        None => units::run(executor, units, &|_, _, _| None::<()>, &mut |()| {}),
    };
    embeddings.map_err(|ended| stop(ended, executor.backend))
}

/// Puts what ended a run at its place.
fn stop(ended: Ended, backend: &dyn Backend) -> Stop {
    match ended {
        Ended::Trap(trap) => Stop::Trap(trap),
        Ended::Refused(refused) => Stop::Invalid(Problem::from(refused).at("program", "graph")),
        Ended::Device(fault) => Stop::Invalid(Problem::from(fault).at("backend", backend.name())),
    }
}

/// The passes that a job made over one of its units, from its input and its outputs: what segments of it are over.
pub fn passes(program: &Program, input: &Input, outputs: &Tensors, unit: u64) -> Result<Passes, Invalid> {
    let (ids, chosen) = match check(program, input)? {
        Work::Embed(units) => (units, None),
        Work::Generate(prompts, _) => (prompts, Some(split("outputs", outputs)?)),
        Work::Train { .. } => {
            let problem = Problem::Format("a training's trace leads to steps, not to passes".into());
            return Err(problem.at("input", "job"));
        }
    };
    let missing = || Problem::Missing.at("input", format!("unit {unit}"));
    let first = usize::try_from(unit).ok().and_then(|unit| ids.get(unit)).ok_or_else(missing)?;
    let mut all = vec![first.to_vec()];
    if let Some(chosen) = chosen {
        let chosen = chosen.get(unit as usize).ok_or_else(missing)?;
        // No pass takes the last one.
        all.extend(chosen.iter().take(chosen.len().saturating_sub(1)).map(|id| vec![*id]));
    }
    Ok(Passes { unit, ids: all })
}

/// Runs the passes of a unit again and keeps segment `number`, to open elements of it.
pub fn segment<'a>(
    program: &'a Program,
    passes: &'a Passes,
    number: usize,
    backend: &dyn Backend,
) -> Result<Segment<'a>, Invalid> {
    let place = |problem: String| Problem::Format(problem).at("program", format!("segment {number}"));
    let weights = program.weights()?;
    let executor = Executor { graph: &program.graph, weights: &weights, backend };
    let mut segment =
        Segment::new(&program.graph, passes, number).map_err(|fault| place(fault.to_string()))?;
    let capacity = passes.ids.iter().map(Vec::len).sum();
    let mut unit = executor.unit(capacity).map_err(|refused| place(refused.to_string()))?;
    for (step, ids) in passes.ids.iter().enumerate() {
        segment.pass(step);
        executor.run(&mut unit, ids, &mut segment).map_err(|halt| place(format!("{halt:?}")))?;
    }
    Ok(segment)
}

/// A job that fits its program: nothing but a trap can stop it.
enum Work<'a> {
    Embed(Vec<&'a [u32]>),
    Generate(Vec<&'a [u32]>, &'a Generate),
    Train {
        training: &'a Training,
        job: &'a Train,
        data: Vec<u32>,
        /// Of the checkpoint; none from step 0.
        state: Option<State>,
    },
}

impl Work<'_> {
    fn output_bytes(&self, program: &Program) -> u64 {
        match self {
            Self::Embed(units) => {
                let cols = program.graph.nodes[program.graph.output].cols as u64;
                (units.len() as u64).saturating_mul(cols).saturating_mul(4)
            }
            Self::Generate(prompts, job) => (prompts.len() as u64).saturating_mul(4 * (job.tokens + 1)),
            Self::Train { job, .. } => {
                cost::state(&program.manifest).saturating_add(4 * (job.to - job.from) + 12)
            }
        }
    }
}

fn check<'a>(program: &'a Program, input: &'a Input) -> Result<Work<'a>, Invalid> {
    let wrong_program = |needed: &str| {
        Err(Problem::Format(format!("needs {needed}, which this program is not")).at("input", "job"))
    };
    match (&input.manifest.job, &program.manifest.training) {
        (Kind::Train(job), Some(training)) => check_train(program, input, job, training),
        (Kind::Train(_), None) => wrong_program("a training"),
        (_, Some(_)) => wrong_program("a program that is run, not trained"),
        (Kind::Embed, None) => Ok(Work::Embed(sequences(program, input, 0)?)),
        (Kind::Generate(job), None) => {
            let graph = &program.graph;
            if !graph.is_causal() || graph.nodes[graph.output].cols != graph.vocabulary {
                return wrong_program("a causal program with logits of its vocabulary");
            }
            let place = |field: &str| format!("job generate, {field}");
            if job.tokens == 0 || job.tokens > program.manifest.context {
                let problem = Problem::mismatch(format!("1 to {}", program.manifest.context), job.tokens);
                return Err(problem.at("input", place("tokens")));
            }
            Problem::limit(MAX_STOPS, job.stop.len() as u64)
                .map_err(|problem| problem.at("input", place("stop")))?;
            job.sampling
                .operator(graph.vocabulary)
                .map_err(|(field, refused)| Problem::from(refused).at("input", place(field)))?;
            Ok(Work::Generate(sequences(program, input, job.tokens)?, job))
        }
    }
}

fn check_train<'a>(
    program: &'a Program,
    input: &'a Input,
    job: &'a Train,
    training: &'a Training,
) -> Result<Work<'a>, Invalid> {
    // The trace must commit to a state that is not the result.
    if (job.from / training.every + 1).saturating_mul(training.every) >= job.to {
        let needed = format!("a range with a multiple of {} inside", training.every);
        let problem = Problem::mismatch(needed, format!("{} to {}", job.from, job.to));
        return Err(problem.at("input", "job train"));
    }
    let place = |problem: Problem| problem.at("input", "tensor \"data\"");
    let data = match input.tensors.get("data").map(|tensor| &tensor.data) {
        Some(Data::U8(data)) => data.iter().map(|id| u32::from(*id)).collect(),
        Some(Data::U32(data)) => data.clone(),
        Some(_) => return Err(place(Problem::mismatch("U8 or U32", "another type"))),
        None => return Err(place(Problem::Missing)),
    };
    train::check_data("input", program, &data, job.from, job.to)?;
    Ok(Work::Train { training, job, data, state: checkpoint(program, input, job)? })
}

/// The state that a training goes on from; none at step 0.
fn checkpoint(program: &Program, input: &Input, job: &Train) -> Result<Option<State>, Invalid> {
    let rest = input.tensors.iter().filter(|(name, _)| *name != "data");
    let tensors: Tensors = rest.map(|(name, tensor)| (name.clone(), tensor.clone())).collect();
    if job.from == 0 {
        return match tensors.keys().next() {
            None => Ok(None),
            Some(name) => Err(Problem::Format("is not used by a training from step 0".into())
                .at("input", format!("tensor {name:?}"))),
        };
    }
    let state = State::from_tensors("input", program, &tensors)?;
    if state.step != job.from {
        return Err(Problem::mismatch(job.from, state.step).at("input", "tensor \"step\""));
    }
    Ok(Some(state))
}

/// The sequences of an input, each of at most the program's context less the tokens to come. Ids are not checked here:
/// one out of range is a trap.
fn sequences<'a>(program: &Program, input: &'a Input, room: u64) -> Result<Vec<&'a [u32]>, Invalid> {
    if let Some(name) = input.tensors.keys().find(|name| *name != "ids" && *name != "lengths") {
        return Err(Problem::Format("is not used by the job".into()).at("input", format!("tensor {name:?}")));
    }
    let sequences = split("input", &input.tensors)?;
    let place = |problem: Problem| problem.at("input", "tensor \"lengths\"");
    Problem::limit(MAX_UNITS, sequences.len() as u64).map_err(place)?;
    let limit = program.manifest.context.saturating_sub(room);
    let fits = |ids: &&[u32]| !ids.is_empty() && ids.len() as u64 <= limit;
    match sequences.iter().find(|ids| !fits(ids)) {
        Some(ids) => Err(place(Problem::mismatch(format!("lengths from 1 to {limit}"), ids.len()))),
        None => Ok(sequences),
    }
}

/// The sequences that `ids` holds one after another, by their `lengths`; `file` is for errors.
fn split<'a>(file: &str, tensors: &'a Tensors) -> Result<Vec<&'a [u32]>, Invalid> {
    let place = |name: &str| {
        let field = format!("tensor {name:?}");
        move |problem: Problem| problem.at(file, field.clone())
    };
    let tensor = |name: &str| {
        let tensor = tensors.get(name).ok_or(Problem::Missing).and_then(Tensor::as_u32);
        tensor.map_err(place(name))
    };
    let (ids, lengths) = (tensor("ids")?, tensor("lengths")?);
    let total: u64 = lengths.iter().map(|length| u64::from(*length)).sum();
    if total != ids.len() as u64 {
        let problem = Problem::mismatch(format!("lengths of {} ids", ids.len()), total);
        return Err(place("lengths")(problem));
    }
    let ends = lengths.iter().scan(0, |end, length| {
        *end += *length as usize;
        Some((*end, *length as usize))
    });
    Ok(ends.map(|(end, length)| &ids[end - length..end]).collect())
}

/// Runs something that computes passes of units, and records their trace points.
fn run_units(
    program: &Program,
    backend: &dyn Backend,
    mut recorder: Recorder,
    compute: impl FnOnce(&Executor<'_>, &Points<'_>, &mut Recorder) -> Result<Tensors, Ended>,
) -> Result<Outcome, Invalid> {
    let (graph, weights) = (&program.graph, program.weights()?);
    let executor = Executor { graph, weights: &weights, backend };
    let points = Points { graph, backend, keeps: recorder.keeps() };
    match compute(&executor, &points, &mut recorder).map_err(|ended| stop(ended, backend)) {
        Ok(outputs) => Ok(Outcome::new(Ok(outputs), recorder)),
        Err(Stop::Trap(trap)) => Ok(Outcome::new(Err(trap), recorder)),
        Err(Stop::Invalid(invalid)) => Err(invalid),
    }
}
