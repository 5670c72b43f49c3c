//! The process of a job.

use std::io::{self, BufRead, Read};
use std::process::exit;
use std::{fs, thread};

use assay_exec::Backend;
use assay_graph::error::{Invalid, Problem};
use assay_graph::job::{self, Input, Outcome};
use assay_graph::program::Program;
use assay_graph::trace::{LeafOpening, Trace};
use assay_rules::draw;
use assay_rules::trace::{check, Leaf, Opening};
use codec::Encode;
use rlimit::Resource;

use super::{files, gpu, lie, Answer, BackendChoice, Drawn, Limits, Report, Task};
use crate::error::CliError;

/// What the process ends with when the one that started it is gone.
const ORPHANED: i32 = 75;

/// Addresses that a process has beside the memory of its job: for the program and its libraries, stacks, and what the
/// allocator reserves. Addresses are what can be limited, and there are always more of them than of memory.
const ADDRESSES_BESIDE: u64 = 1 << 30;

/// Memory that a process with a GPU has beside its job: the driver's own, and what it keeps for copies. There are far more
/// addresses, since the driver reserves some for all memory of all devices: there, written memory is limited in their place.
const MEMORY_BESIDE: u64 = 4 << 30;

/// Why there is no report.
#[derive(Debug)]
pub(super) enum Stop {
    /// The job can't be run: an answer.
    Refused(String),
    /// This machine is at fault: the end of the process.
    Failed(String),
}

impl From<Invalid> for Stop {
    fn from(invalid: Invalid) -> Self {
        match invalid.problem {
            // This machine's own fault, which says nothing about the job.
            Problem::Device(fault) => Self::Failed(fault.to_string()),
            _ => Self::Refused(invalid.to_string()),
        }
    }
}

/// Reads a task, runs it, and answers.
///
/// # Errors
///
/// There is no task, or this machine failed: then there is no answer.
pub fn main() -> Result<(), CliError> {
    let failed = |what: String| CliError::Worker(format!("run-task: {what}"));
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(|error| failed(error.to_string()))?;
    let task: Task = serde_json::from_str(&line)
        .map_err(|error| failed(format!("no task on standard input, which the worker gives: {error}")))?;
    let has_gpu = task.backend.takes_gpu() && gpu::driver().is_ok();
    limit(&task.limits, has_gpu)
        .map_err(|error| failed(format!("memory and files can't be limited: {error}")))?;
    thread::spawn(end_with_parent);
    let answer = match compute(&task) {
        Ok(report) => Answer::Report(report),
        Err(Stop::Refused(reason)) => Answer::Refused(reason),
        Err(Stop::Failed(reason)) => return Err(failed(reason)),
    };
    println!("{}", serde_json::to_string(&answer).map_err(|error| failed(error.to_string()))?);
    Ok(())
}

/// Limits this process. It leaves no image of its memory behind when it crashes, and where the machine runs out of
/// memory it ends before the worker does.
fn limit(limits: &Limits, has_gpu: bool) -> io::Result<()> {
    // There is none but on Linux.
    let _ = fs::write("/proc/self/oom_score_adj", "1000");
    let (resource, beside) =
        if has_gpu { (Resource::DATA, MEMORY_BESIDE) } else { (Resource::AS, ADDRESSES_BESIDE) };
    let memory = limits.memory.saturating_add(beside);
    let limited = [(Resource::CORE, 0), (resource, memory), (Resource::FSIZE, limits.disk)];
    for (resource, most) in limited {
        let most = most.min(resource.get_hard()?);
        resource.set(most, most)?;
    }
    Ok(())
}

/// Ends the process when nobody holds the other end of its standard input any more.
fn end_with_parent() {
    let mut nothing = [0; 64];
    while io::stdin().lock().read(&mut nothing).is_ok_and(|read| read > 0) {}
    exit(ORPHANED);
}

pub(super) fn compute(task: &Task) -> Result<Report, Stop> {
    let program = Program::open("program", &task.program)?;
    let input = Input::open("input", &task.input)?;

    let units = job::units(&program, &input)?;
    if units != task.units {
        return Ok(Report::Misdeclared { units });
    }
    check_size(task, &program, &input)?;
    let outcome = run(task, &program, &input)?;
    let failed = |error: io::Error| Stop::Failed(format!("{}: {error}", task.work.display()));
    let file = files::write(&task.work, &outcome).map_err(failed)?;
    if let Some(drawn) = &task.leaves {
        let opening = open(&outcome.trace, drawn).ok_or_else(|| {
            Stop::Failed(format!(
                "its trace of {} leaves can't be opened at those drawn",
                outcome.trace.leaves
            ))
        })?;
        fs::write(task.work.join(files::OPENING), opening.encode()).map_err(failed)?;
    }
    let trace = &outcome.trace;
    Ok(Report::Computed { result: outcome.result_root(), trace: trace.root(), leaves: trace.leaves, file })
}

/// Refuses what would fail later: outputs over the job's own bound, memory over this machine's limit.
fn check_size(task: &Task, program: &Program, input: &Input) -> Result<(), Stop> {
    let outputs = job::output_bytes(program, input)?;
    if outputs > task.output_bytes {
        let most = task.output_bytes;
        let reason = format!("outputs may have {outputs} bytes, and the job allows {most}");
        return Err(Stop::Refused(reason));
    }
    let memory = job::memory(program, input)?.saturating_add(job::blob_bytes(program, input));
    if memory > task.limits.memory {
        let most = task.limits.memory;
        let reason =
            format!("it takes {memory} bytes of memory, and its machine or worker.memory allows {most}");
        return Err(Stop::Refused(reason));
    }
    Ok(())
}

fn run(task: &Task, program: &Program, input: &Input) -> Result<Outcome, Stop> {
    let started = task.backend.start(task.threads, &task.device);
    let started = started.map_err(|error| Stop::Failed(error.to_string()))?;
    let mut outcome = match run_by(started.backend(), task, program, input) {
        // There is no answer of it: the processor may still be in time.
        Err(Invalid { problem: Problem::Device(fault), .. }) if !task.device.is_trial => {
            eprintln!("the processor computes what the GPU could not: {fault}");
            let processor = BackendChoice::Cpu.start(task.threads, &task.device);
            let processor = processor.map_err(|error| Stop::Failed(error.to_string()))?;
            run_by(processor.backend(), task, program, input)?
        }
        outcome => outcome?,
    };
    if let Some(unfit) = &outcome.unfit {
        eprintln!("the training does not stay on the GPU: {unfit}");
    }
    match started.fault() {
        Some(fault) if task.device.is_trial => return Err(Stop::Failed(fault.to_string())),
        Some(fault) => eprintln!("the processor computed what the GPU did not: {fault}"),
        None => {}
    }
    lie::tell(&mut outcome);
    Ok(outcome)
}

fn run_by(backend: &dyn Backend, task: &Task, program: &Program, input: &Input) -> Result<Outcome, Invalid> {
    match &task.leaves {
        None => job::run(program, input, &task.seed, backend, 1),
        Some(Drawn { seed, seat, count }) => {
            let wanted = draw::leaves(seed, *seat, *count).into_iter().collect();
            job::run_keeping(program, input, &task.seed, backend, 1, wanted)
        }
    }
}

/// Opens the leaves that were drawn, as the chain reads them. None if this is not the trace that they were drawn from.
fn open(trace: &Trace, drawn: &Drawn) -> Option<Opening> {
    let indices = draw::leaves(&drawn.seed, drawn.seat, trace.leaves);
    let leaves = indices.iter().map(|index| leaf(trace.open(*index)?)).collect::<Option<Vec<_>>>()?;
    let siblings = match indices.as_slice() {
        [] => Vec::new(),
        indices => trace.prove_all(indices)?.siblings,
    };
    let opening =
        Opening { count: trace.leaves, leaves: leaves.try_into().ok()?, siblings: siblings.try_into().ok()? };
    check(&opening, &indices, &trace.root(), &trace.result_root).then_some(opening)
}

fn leaf(opened: LeafOpening) -> Option<Leaf> {
    let LeafOpening { place, bytes, .. } = opened;
    Some(Leaf {
        step: place.step,
        unit: place.unit,
        point: place.point,
        offset: place.offset,
        dtype: place.dtype,
        shape: place.shape.try_into().ok()?,
        bytes: bytes.try_into().ok()?,
    })
}
