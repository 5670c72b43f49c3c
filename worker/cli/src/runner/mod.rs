//! One job in one process: a crash or a limit ends the job, and neither the worker nor its other jobs.
//!
//! [`run`] starts this program again with the hidden verb `run-task`, gives it a [`Task`] on its standard input, and
//! reads a [`Report`] from its standard output. The child ([`child`]) limits its own memory and files before it reads
//! anything of the job, and ends when its standard input does: so it never outlives the worker, however that ends. It
//! gets nothing of the worker's environment, in which there may be a key, but what CUDA looks for. It alone opens the
//! GPU: an illegal address there spoils the process that made it.

mod backend;
pub mod child;
pub mod files;
#[cfg(feature = "cuda")]
pub mod gpu;
#[cfg(not(feature = "cuda"))]
#[path = "no_gpu.rs"]
pub mod gpu;
mod lie;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use std::{env, io};

use assay_primitives::Digest;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

pub use backend::{BackendChoice, DeviceChoice, GemmChoice};

/// What CUDA's libraries look for: themselves, which devices there are, who shares one between processes, and where to keep
/// code that they have made of the kernels, without which every job would make it anew.
const FOR_CUDA: [&str; 7] = [
    "CUDA_CACHE_MAXSIZE",
    "CUDA_CACHE_PATH",
    "CUDA_DEVICE_ORDER",
    "CUDA_MPS_PIPE_DIRECTORY",
    "CUDA_VISIBLE_DEVICES",
    "HOME",
    "LD_LIBRARY_PATH",
];

/// The most that is shown of what a process said before it crashed, in bytes.
const LAST_WORDS: usize = 400;

/// A job to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Directory of the program, as `Package::write` makes it.
    pub program: PathBuf,
    /// Directory of the input.
    pub input: PathBuf,
    /// The job's seed: of a job of the chain 32 bytes.
    pub seed: Vec<u8>,
    /// The compute units that are declared.
    pub units: u64,
    /// Bound on the bytes of the outputs.
    pub output_bytes: u64,
    /// Directory for what comes out: see [`files`].
    pub work: PathBuf,
    /// Leaves of the trace to open.
    pub leaves: Option<Drawn>,
    /// What computes.
    pub backend: BackendChoice,
    /// Which GPU, where that is one.
    pub device: DeviceChoice,
    /// Threads; 0 for one per processor.
    pub threads: usize,
    /// What it may take.
    pub limits: Limits,
}

/// Leaves that the chain has drawn from the trace of a run that was made before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawn {
    /// The seed of the draw.
    pub seed: Digest,
    /// The seat's index.
    pub seat: u8,
    /// How many leaves the trace has.
    pub count: u64,
}

/// What a job may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of its memory. What it takes beside its job, as stacks, is not counted.
    pub memory: u64,
    /// Seconds from its start.
    pub seconds: u64,
    /// Bytes of a file that it writes.
    pub disk: u64,
}

/// What a job came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// It ran, to its end or to a trap.
    Computed {
        /// Root of the outputs, or of the trap.
        result: Digest,
        /// Root of the trace.
        trace: Digest,
        /// How many leaves the trace has.
        leaves: u64,
        /// BLAKE3 of the file that holds the result: see [`files::result`].
        file: Digest,
    },
    /// Program and input give other compute units than were declared; nothing was run.
    Misdeclared {
        /// Those that they give.
        units: u64,
    },
}

/// Why a job gave no report.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It can't be run, here or on the terms it was posted on: running it again would not help.
    #[error("the job can't be run: {0}")]
    Refused(String),
    /// Its process ended by itself.
    #[error(
        "the job's process ended early ({how}){words}: see worker.memory and worker.disk if it was a limit"
    )]
    Crashed {
        /// By which signal or with which code.
        how: ExitStatus,
        /// The last that it said, in brackets.
        words: String,
    },
    /// It took too long.
    #[error("the job was stopped after {0} seconds: raise worker.seconds if it should have longer")]
    TooSlow(u64),
    /// Nobody needs it any more.
    #[error("the job was cancelled")]
    Cancelled,
    /// Its process could not be started or spoken to.
    #[error("the job's process could not be used: {0}")]
    Process(#[from] io::Error),
}

/// What a child says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Report(Report),
    Refused(String),
}

/// Runs a job in a process of its own, until it ends, takes too long or is cancelled.
pub async fn run(task: &Task, cancel: &CancellationToken) -> Result<Report, RunError> {
    run_by(&this_program()?, task, cancel).await
}

/// This program, as it was when it started: an update replaces the file under a worker that runs, and a job must not be
/// begun by one version and opened by another, nor find no program at all.
pub fn this_program() -> io::Result<PathBuf> {
    if cfg!(target_os = "linux") {
        return Ok(PathBuf::from("/proc/self/exe"));
    }
    env::current_exe()
}

/// Runs a job by a program that has the verb `run-task`.
pub async fn run_by(program: &Path, task: &Task, cancel: &CancellationToken) -> Result<Report, RunError> {
    let mut command = Command::new(program);
    command.arg("run-task").env_clear();
    let for_cuda = FOR_CUDA.into_iter().filter_map(|name| Some((name, env::var_os(name)?)));
    command.envs(for_cuda);
    lie::pass_on(&mut command);
    drive(command, task, cancel).await
}

/// Gives a child its task, and waits for its answer.
async fn drive(mut command: Command, task: &Task, cancel: &CancellationToken) -> Result<Report, RunError> {
    // Each arena of the allocator reserves address space, of which there is a limit.
    command.env("MALLOC_ARENA_MAX", "2").kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    // As long as this is open the child goes on.
    let mut lifeline = child.stdin.take().ok_or_else(|| io::Error::other("no standard input"))?;
    let mut text = serde_json::to_vec(task).map_err(io::Error::other)?;
    text.push(b'\n');
    // A child that is gone already is told of below.
    let _ = lifeline.write_all(&text).await;
    let limit = Duration::from_secs(task.limits.seconds);
    let ended = tokio::select! {
        biased;
        () = cancel.cancelled() => Err(RunError::Cancelled),
        ended = tokio::time::timeout(limit, listen(&mut child)) => match ended {
            Ok(heard) => heard.map_err(RunError::from),
            Err(_) => Err(RunError::TooSlow(task.limits.seconds)),
        },
    };
    if ended.is_err() {
        child.kill().await?;
    }
    let (status, answer, complaint) = ended?;
    match serde_json::from_slice(&answer) {
        Ok(Answer::Report(report)) if status.success() => {
            if !complaint.is_empty() {
                tracing::warn!(said = %last_words(&complaint), "a job's process complained, and gave a result");
            }
            Ok(report)
        }
        Ok(Answer::Refused(reason)) if status.success() => Err(RunError::Refused(reason)),
        _ => Err(RunError::Crashed { how: status, words: last_words(&complaint) }),
    }
}

/// What a child says on both of its outputs, and how it ends.
async fn listen(child: &mut Child) -> io::Result<(ExitStatus, Vec<u8>, Vec<u8>)> {
    let missing = || io::Error::other("no standard output");
    let mut stdout = child.stdout.take().ok_or_else(missing)?;
    let mut stderr = child.stderr.take().ok_or_else(missing)?;
    let (mut answer, mut complaint) = (Vec::new(), Vec::new());
    tokio::try_join!(stdout.read_to_end(&mut answer), stderr.read_to_end(&mut complaint))?;
    Ok((child.wait().await?, answer, complaint))
}

fn last_words(complaint: &[u8]) -> String {
    let text = String::from_utf8_lossy(complaint);
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    let start = line.char_indices().rev().map(|(at, _)| at).take(LAST_WORDS).last();
    match start {
        Some(start) => format!(" [{}]", &line[start..]),
        None => String::new(),
    }
}
