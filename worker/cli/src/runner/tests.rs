//! What a job's process computes, and what becomes of processes that do something else.

use std::fs;
use std::time::{Duration, Instant};

use assay_exact::Precision;
use assay_exec::Reference;
use assay_graph::decoder::{Decoder, Recipe};
use assay_graph::job::{self, Generate, Input, Kind, Sampling, Train};
use assay_graph::package::Package;
use assay_graph::program::Program;
use assay_graph::tensor::{Tensor, Tensors};
use assay_primitives::inline_root;
use assay_rules::draw;
use assay_rules::trace::check;
use tempfile::TempDir;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use super::backend::Started;
use super::child::{compute, Stop};
use super::files::{self, Published};
use super::{drive, BackendChoice, DeviceChoice, Drawn, GemmChoice, Limits, Report, RunError, Task};

const SEED: [u8; 32] = [5; 32];
const DECODER: Decoder =
    Decoder { layers: 1, width: 32, heads: 4, kv_heads: 2, hidden: 48, vocabulary: 256, context: 24 };

fn program(package: &Package) -> Program {
    Program::load("program", package).expect("a program")
}

/// A few steps of a training.
fn training() -> (Package, Package) {
    let recipe = Recipe { every: 2, ..Recipe::new(1, 4, 8, 0.01) };
    let data = Tensors::from([("data".into(), Tensor::u8(&[40], (0..40).collect()))]);
    let input = Input::pack(Kind::Train(Train { from: 0, to: 4 }), &data).expect("an input");
    (DECODER.training(&recipe).expect("a training"), input)
}

/// What the model of that training makes of two prompts.
fn generation() -> (Package, Package) {
    let (trained, data) = training();
    let data = Input::load("input", &data).expect("an input");
    let outcome = job::run(&program(&trained), &data, &SEED, &Reference, 1).expect("an outcome");
    let parameters = outcome.result.expect("no trap").into_iter().filter_map(|(name, tensor)| {
        let name = name.strip_prefix("parameter.")?;
        Some((name.to_string(), tensor.as_f32().expect("floats").to_vec()))
    });
    let model = DECODER.inference(&parameters.collect(), Precision::I15).expect("a program");
    let kind = Kind::Generate(Generate { sampling: Sampling::Greedy, stop: vec![], tokens: 4 });
    let prompts = Input::sequences(&[vec![1, 2, 3], vec![9]]);
    (model, Input::pack(kind, &prompts).expect("an input"))
}

/// A task of a program and an input, in a directory of its own.
fn task((model, input): &(Package, Package)) -> (TempDir, Task) {
    let directory = tempfile::tempdir().expect("a directory");
    let at = |name: &str| directory.path().join(name);
    model.write(&at("program")).expect("written");
    input.write(&at("input")).expect("written");
    fs::create_dir(at("work")).expect("made");
    let loaded = Input::load("input", input).expect("an input");
    let task = Task {
        program: at("program"),
        input: at("input"),
        seed: SEED.to_vec(),
        units: job::units(&program(model), &loaded).expect("units"),
        output_bytes: 1 << 20,
        work: at("work"),
        leaves: None,
        backend: BackendChoice::Scalar,
        device: DeviceChoice::default(),
        threads: 2,
        limits: Limits { memory: 1 << 30, seconds: 60, disk: 1 << 20 },
    };
    (directory, task)
}

fn refused(task: &Task) -> String {
    match compute(task) {
        Err(Stop::Refused(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_run_reports_the_roots_of_the_reference_and_leaves_its_outputs() {
    let packages = generation();
    let (_directory, task) = task(&packages);
    let input = Input::load("input", &packages.1).expect("an input");
    let expected = job::run(&program(&packages.0), &input, &SEED, &Reference, 1).expect("an outcome");
    let result = expected.result_root();
    let report = compute(&task).expect("a report");
    let (trace, leaves) = (expected.trace.root(), expected.trace.leaves);
    let bytes = fs::read(files::result(&task.work)).expect("outputs");
    let file = *blake3::hash(&bytes).as_bytes();
    assert_eq!(report, Report::Computed { result, trace, leaves, file });
    assert_eq!(Published::read("outputs", &bytes).expect("outputs").root(), result);
    let inline = files::read_inline(&task.work, &result).expect("they are small");
    assert_eq!(inline_root(&inline), Some(result));
    assert_eq!(files::read_inline(&task.work, &[0; 32]), None, "of another result");
}

#[test]
fn large_outputs_are_not_for_the_chain() {
    let (_directory, task) = task(&training());
    let Report::Computed { result, .. } = compute(&task).expect("a report") else { panic!("not computed") };
    assert_eq!(files::read_inline(&task.work, &result), None);
}

#[test]
fn other_units_than_declared_are_a_result() {
    let (_directory, honest) = task(&generation());
    let wrong = Task { units: honest.units + 1, ..honest.clone() };
    assert_eq!(compute(&wrong).expect("a report"), Report::Misdeclared { units: honest.units });
    assert!(!files::result(&wrong.work).exists(), "nothing was run");
}

#[test]
fn leaves_that_were_drawn_are_opened_as_the_chain_checks_them() {
    for packages in [generation(), training()] {
        let (_directory, mut task) = task(&packages);
        let report = compute(&task).expect("a report");
        let Report::Computed { result, trace, leaves, .. } = report else { panic!("not computed") };
        for seat in 2..6 {
            let drawn = Drawn { seed: [6; 32], seat, count: leaves };
            task.leaves = Some(drawn);
            assert_eq!(compute(&task).expect("a report"), report);
            let opening = files::read_opening(&task.work).expect("an opening");
            let indices = draw::leaves(&drawn.seed, seat, leaves);
            assert!(check(&opening, &indices, &trace, &result));
        }
    }
}

#[test]
fn leaves_of_another_trace_are_not_opened() {
    let (_directory, mut task) = task(&generation());
    task.leaves = Some(Drawn { seed: [6; 32], seat: 2, count: 3 });
    assert!(matches!(compute(&task), Err(Stop::Failed(_))));
}

#[test]
fn outputs_over_the_jobs_bound_are_refused() {
    let (_directory, task) = task(&generation());
    let reason = refused(&Task { output_bytes: 10, ..task });
    assert!(reason.contains("the job allows 10"), "{reason}");
}

#[test]
fn memory_over_the_limit_is_refused_before_it_is_taken() {
    let (_directory, mut task) = task(&generation());
    task.limits.memory = 1 << 10;
    let reason = refused(&task);
    assert!(reason.contains("worker.memory allows 1024"), "{reason}");
}

#[test]
fn an_input_that_does_not_load_is_refused_by_its_place() {
    let (_directory, task) = task(&generation());
    fs::write(task.input.join("manifest.json"), "{}").expect("written");
    let reason = refused(&task);
    assert!(reason.starts_with("input: "), "{reason}");
}

#[test]
fn backends_are_chosen_by_name() {
    for name in ["auto", "cuda", "cpu", "vnni", "avx2", "scalar", "reference"] {
        assert_eq!(name.parse::<BackendChoice>().expect("a backend").to_string(), name);
        // As the task has it.
        let backend: BackendChoice = serde_json::from_str(&format!("{name:?}")).expect("the same name");
        assert_eq!(backend.to_string(), name);
    }
    for name in ["auto", "dp4a", "mma", "wgmma", "bf16", "cublaslt"] {
        assert_eq!(name.parse::<GemmChoice>().expect("a way").to_string(), name);
    }
    let unknown = "abacus".parse::<BackendChoice>().expect_err("none");
    let names = "auto, cuda, cpu, vnni, avx2, scalar, reference";
    assert_eq!(unknown.to_string(), format!("no such backend: one of {names}"));
    assert!("abacus".parse::<GemmChoice>().is_err());
}

/// A number that no GPU has.
const NOWHERE: DeviceChoice = DeviceChoice { index: usize::MAX, gemm: GemmChoice::Auto, is_trial: false };

#[test]
fn a_job_for_a_gpu_that_is_not_there_fails_with_the_reason() {
    let (_directory, task) = task(&generation());
    let task = Task { backend: BackendChoice::Cuda, device: NOWHERE, ..task };
    assert!(matches!(compute(&task), Err(Stop::Failed(reason)) if reason.contains("CUDA")));
}

#[test]
fn without_a_gpu_the_processor_computes_and_says_why() {
    let started = BackendChoice::Auto.start(1, &NOWHERE).expect("the processor");
    let Started::Cpu { missing: Some(fault), .. } = &started else { panic!("no processor") };
    let words = started.describe();
    assert!(words.contains("1 threads") && words.contains(&fault.to_string()), "{words}");
    assert_eq!(started.fault(), None);
}

/// A process that does something else than computing.
async fn driven(script: &str, seconds: u64, cancel: &CancellationToken) -> Result<Report, RunError> {
    let (_directory, mut task) = task(&generation());
    task.limits.seconds = seconds;
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    drive(command, &task, cancel).await
}

#[tokio::test]
async fn an_answer_is_read() {
    let cancel = CancellationToken::new();
    let report = r#"read task; echo '{"report":{"misdeclared":{"units":7}}}'"#;
    assert_eq!(driven(report, 60, &cancel).await.expect("a report"), Report::Misdeclared { units: 7 });
    let refusal = driven(r#"read task; echo '{"refused":"no such file"}'"#, 60, &cancel).await;
    assert!(matches!(refusal, Err(RunError::Refused(reason)) if reason == "no such file"));
}

#[tokio::test]
async fn a_crash_is_told_with_its_last_words() {
    let cancel = CancellationToken::new();
    let crash = driven("echo out of memory >&2; kill -ABRT $$", 60, &cancel).await.expect_err("no report");
    let text = crash.to_string();
    assert!(text.contains("signal: 6") && text.contains("[out of memory]"), "{text}");
    let lie = r#"echo '{"report":{"misdeclared":{"units":7}}}'; exit 1"#;
    assert!(matches!(driven(lie, 60, &cancel).await, Err(RunError::Crashed { .. })));
    assert!(matches!(driven("echo nonsense", 60, &cancel).await, Err(RunError::Crashed { .. })));
}

#[tokio::test]
async fn a_slow_or_cancelled_process_is_killed() {
    let started = Instant::now();
    let cancel = CancellationToken::new();
    assert!(matches!(driven("exec sleep 60", 1, &cancel).await, Err(RunError::TooSlow(1))));
    let later = cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(200)).await;
        later.cancel();
    });
    assert!(matches!(driven("exec sleep 60", 60, &cancel).await, Err(RunError::Cancelled)));
    assert!(started.elapsed() < Duration::from_secs(30));
}
