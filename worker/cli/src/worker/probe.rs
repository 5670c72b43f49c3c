//! Small jobs that every machine can run, with the answers of the contract's own code beside them.

use std::fs;
use std::path::Path;

use assay_exact::golden::cases;
use assay_exact::Precision;
use assay_exec::Reference;
use assay_graph::decoder::{Decoder, Recipe};
use assay_graph::golden as roots;
use assay_graph::job::{self, Generate, Input, Kind, Sampling, Train};
use assay_graph::package::Package;
use assay_graph::program::Program;
use assay_graph::tensor::{Tensor, Tensors};
use assay_graph::train::State;
use assay_primitives::Digest;
use tokio_util::sync::CancellationToken;

use crate::config::WorkerConfig;
use crate::error::CliError;
use crate::machine::SMALLEST;
use crate::runner::{self, files, BackendChoice, DeviceChoice, GemmChoice, Report, Task};

/// The hashes that every machine must get, by case.
const GOLDEN: &str = include_str!("../../../../pallets/exact/golden/exact-v1.txt");

const SEED: Digest = [7; 32];
const DECODER: Decoder =
    Decoder { layers: 1, width: 32, heads: 4, kv_heads: 2, hidden: 48, vocabulary: 256, context: 24 };
/// One whose heads are of a size that GPUs have tensor cores for.
const WRITER: Decoder =
    Decoder { layers: 1, width: 64, heads: 2, kv_heads: 1, hidden: 96, vocabulary: 256, context: 48 };
/// Tokens that it writes: a GPU launches the first passes over one token, records the next, and starts what it recorded.
const TOKENS: u64 = 6;

/// Computes the golden vectors of the contract on this machine; gives how many there are.
///
/// # Errors
///
/// One of them is another one here.
pub fn golden() -> Result<usize, CliError> {
    let mut expected = GOLDEN.lines();
    let mut count = 0;
    for case in cases() {
        let hash = case.hash().map(hex::encode).map_err(|error| error.to_string());
        let line = expected.next().unwrap_or_default();
        if hash.as_ref().ok() != line.split_once("  ").map(|(hash, _)| hash.to_string()).as_ref() {
            let name = case.name;
            let problem =
                format!("{name} gives another number on this processor: it can't be used for exact-v1");
            return Err(CliError::Mismatch(problem));
        }
        count += 1;
    }
    Ok(count)
}

/// Has a GPU run those jobs, each in a process of its own, with all operators that it has kernels for.
///
/// # Errors
///
/// It can't be opened, computes something else than the contract's own code, or fails on the way.
pub async fn try_gpu(config: &WorkerConfig, index: usize, directory: &Path) -> Result<(), CliError> {
    run(&on_gpu(config, DeviceChoice { index, ..config.device }), directory).await
}

/// Has a GPU run the jobs whose roots the contract lists, each in a process of its own, with products made by `gemm`; gives
/// how many there are.
///
/// # Errors
///
/// It can't be opened, does not have that way, gives other roots, or fails on the way.
pub async fn golden_roots(
    config: &WorkerConfig,
    index: usize,
    gemm: GemmChoice,
    directory: &Path,
) -> Result<usize, CliError> {
    let config = on_gpu(config, DeviceChoice { index, gemm, ..config.device });
    let cases = roots::cases()?;
    let count = cases.len();
    for roots::Case { name, program, input, result_root, trace_root, .. } in cases {
        let task = prepare(&config, &[program, input], roots::SEED, &directory.join(name))?;
        let report = runner::run(&task, &CancellationToken::new()).await?;
        let expected = [result_root, trace_root];
        let is_golden = matches!(report, Report::Computed { result, trace, .. }
            if [result, trace].map(hex::encode) == expected);
        if !is_golden {
            return Err(CliError::Mismatch(format!("the golden {name} has other roots than the contract's")));
        }
    }
    Ok(count)
}

/// The configuration with a GPU that computes all that it has kernels for, and whose faults are told.
fn on_gpu(config: &WorkerConfig, device: DeviceChoice) -> WorkerConfig {
    let device = DeviceChoice { is_trial: true, ..device };
    WorkerConfig { backend: BackendChoice::Cuda, device, ..config.clone() }
}

/// Runs a training and a generation as jobs, each in a process of its own, by the backend of the configuration.
///
/// # Errors
///
/// They don't run, or one gives another answer than the contract's own code.
pub async fn run(config: &WorkerConfig, directory: &Path) -> Result<(), CliError> {
    for (name, job) in jobs()? {
        let directory = directory.join(name);
        let task = prepare(config, &job, &SEED, &directory)?;
        let expected = expect(&job, &directory.join("expected"))?;
        let report = runner::run(&task, &CancellationToken::new()).await?;
        if report != expected {
            let backend = config.backend;
            let problem =
                format!("backend {backend} gives another {name} than the contract: choose another backend");
            return Err(CliError::Mismatch(problem));
        }
    }
    Ok(())
}

/// Programs and inputs, by what they are.
fn jobs() -> Result<[(&'static str, [Package; 2]); 2], CliError> {
    Ok([("training", training()?), ("generation", generation()?)])
}

/// Four steps of a training.
fn training() -> Result<[Package; 2], CliError> {
    let recipe = Recipe { every: 2, ..Recipe::new(1, 4, 8, 0.01) };
    let data = Tensors::from([("data".into(), Tensor::u8(&[40], (0..40).collect()))]);
    let input = Input::pack(Kind::Train(Train { from: 0, to: 4 }), &data)?;
    Ok([DECODER.training(&recipe)?, input])
}

/// What a decoder as it was born makes of a long prompt and a short one.
fn generation() -> Result<[Package; 2], CliError> {
    let born = Program::load("program", &WRITER.training(&Recipe::new(1, 8, 1, 0.01))?)?;
    let model = WRITER.inference(&State::from_seed(&born, &SEED).parameters, Precision::I8)?;
    let kind = Kind::Generate(Generate { sampling: Sampling::Greedy, stop: Vec::new(), tokens: TOKENS });
    let prompts = Input::sequences(&[(0..40).collect(), vec![7]]);
    Ok([model, Input::pack(kind, &prompts)?])
}

/// A job in a directory of its own.
fn prepare(
    config: &WorkerConfig,
    job: &[Package; 2],
    seed: &[u8],
    directory: &Path,
) -> Result<Task, CliError> {
    let at = |name: &str| directory.join(name);
    fs::create_dir_all(at("work")).map_err(CliError::file(at("work")))?;
    job[0].write(&at("program"))?;
    job[1].write(&at("input"))?;
    let (program, input) = load(job)?;
    let WorkerConfig { threads, backend, device, .. } = *config;
    Ok(Task {
        program: at("program"),
        input: at("input"),
        seed: seed.to_vec(),
        units: job::units(&program, &input)?,
        output_bytes: job::output_bytes(&program, &input)?,
        work: at("work"),
        leaves: None,
        backend,
        device,
        threads,
        limits: config.job_limits(SMALLEST),
    })
}

fn load([program, input]: &[Package; 2]) -> Result<(Program, Input), CliError> {
    Ok((Program::load("program", program)?, Input::load("input", input)?))
}

/// What the contract's own code makes of a job.
fn expect(job: &[Package; 2], directory: &Path) -> Result<Report, CliError> {
    let (program, input) = load(job)?;
    let outcome = job::run(&program, &input, &SEED, &Reference, 1)?;
    let written = fs::create_dir_all(directory).and_then(|()| files::write(directory, &outcome));
    let file = written.map_err(CliError::file(directory))?;
    let (result, trace, leaves) = (outcome.result_root(), outcome.trace.root(), outcome.trace.leaves);
    Ok(Report::Computed { result, trace, leaves, file })
}

#[cfg(test)]
mod tests {
    use super::super::tests::limits;
    use super::*;

    #[test]
    fn the_contract_has_an_answer_to_each_job_that_is_tried() {
        let directory = tempfile::tempdir().expect("a directory");
        for (name, job) in jobs().expect("jobs") {
            let directory = directory.path().join(name);
            let task = prepare(&limits(), &job, &SEED, &directory).expect("a task");
            let expected = expect(&job, &directory.join("expected")).expect("an answer");
            assert!(matches!(expected, Report::Computed { .. }), "{name}: {expected:?}");
            assert!(task.work.is_dir() && task.program.is_dir() && task.input.is_dir());
        }
    }

    #[test]
    fn every_golden_job_is_a_task_for_this_machine() {
        let directory = tempfile::tempdir().expect("a directory");
        for roots::Case { name, program, input, .. } in roots::cases().expect("cases") {
            let directory = directory.path().join(name);
            let task = prepare(&limits(), &[program, input], roots::SEED, &directory).expect("a task");
            let (program, input) =
                (Program::open("program", &task.program), Input::open("input", &task.input));
            let units = job::units(&program.expect("a program"), &input.expect("an input")).expect("units");
            assert_eq!((task.units, task.seed.as_slice()), (units, roots::SEED), "{name}");
        }
    }

    #[test]
    fn every_golden_vector_is_computed_here() {
        assert_eq!(golden().expect("this machine follows the contract"), GOLDEN.lines().count());
    }
}
