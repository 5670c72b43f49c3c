//! What the worker takes of its machine, for each job and for all of them, and whether there is so much.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use assay_primitives::{Machine, MACHINES};
use rustix::fs::statvfs;

use crate::config::{Config, WorkerConfig};
use crate::error::CliError;
use crate::machine::{has_gpu, hold, hold_gpu, number};
use crate::output::size;
use crate::runner::gpu::{Fault, Found};
use crate::runner::{self, BackendChoice, Limits};

impl WorkerConfig {
    /// What a job on a machine of the chain's lists may take of this one: no more memory than that machine promises, so
    /// that all seats of a job have the same.
    pub fn job_limits(&self, machine: Machine) -> Limits {
        let (_, least) = MACHINES[0];
        let promised = machine.job_memory().unwrap_or(least);
        let memory = self.memory.map_or(promised, |most| most.min(promised));
        Limits { memory, seconds: self.seconds, disk: self.disk }
    }
}

/// Whether there is memory for as many jobs as the worker takes, each as large as the machine that is offered lets it be;
/// `has` is what there is. Gives what was found.
///
/// # Errors
///
/// There is less, or the configuration allows less than is promised.
pub fn memory(worker: &WorkerConfig, offered: Machine, has: u64) -> Result<String, CliError> {
    let (jobs, name) = (worker.jobs, number(offered));
    hold(offered, jobs, has, "lower worker.jobs")?;
    let (promised, most) = (offered.job_memory(), worker.job_limits(offered).memory);
    if let Some(promised) = promised.filter(|promised| most < *promised) {
        let (promised, most) = (size(promised), size(most));
        return Err(CliError::Usage(format!(
            "worker.memory is {most}, and machine {name} promises {promised} to a job: raise it, or leave it out"
        )));
    }
    let (has, most) = (size(has), size(most));
    Ok(format!("{has}, for {jobs} jobs at a time of {most} each, as machine {name} promises"))
}

/// Whether there is the GPU that the machine which is offered promises, or that the configuration asks for; `found` are those
/// that there are. Gives what was found.
///
/// # Errors
///
/// There is none, or not the one that is needed.
pub fn gpu(
    worker: &WorkerConfig,
    offered: Machine,
    found: &Result<Vec<Found>, Fault>,
) -> Result<String, CliError> {
    let index = worker.device.index;
    let chosen = match found {
        Ok(found) => found
            .iter()
            .find(|gpu| gpu.index() == index)
            .ok_or_else(|| format!("there is no device {index}, of {}: set worker.device", found.len())),
        Err(fault) => Err(fault.to_string()),
    };
    let memory = chosen.as_ref().map(|gpu| gpu.memory());
    hold_gpu(offered, worker.jobs, memory, "lower worker.jobs")?;
    let backend = worker.backend;
    if has_gpu(offered) && !backend.takes_gpu() {
        let name = number(offered);
        return Err(CliError::Usage(format!(
            "worker.backend is {backend}, and machine {name} computes on a GPU: set it to cuda or auto"
        )));
    }
    match (chosen, runner::gpu::driver()) {
        (Ok(gpu), Ok(driver)) => Ok(format!("driver of CUDA {driver}; {}", gpu.describe(worker.device.gemm))),
        (Err(reason), _) if backend == BackendChoice::Cuda => Err(CliError::Usage(format!(
            "worker.backend is cuda: {reason}, or set worker.backend to auto or cpu"
        ))),
        (Err(reason), _) => Ok(format!("none, so the processor computes: {reason}")),
        (Ok(_), Err(fault)) => Err(CliError::Worker(fault.to_string())),
    }
}

/// Bytes that the worker may fill, of which it has some already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Need {
    most: u64,
    held: u64,
}

/// What jobs' files may take: copies of what is fetched for as many as run and one more, and what those that run write.
fn files(worker: &WorkerConfig) -> u64 {
    worker.disk.saturating_mul(2 * u64::from(worker.jobs) + 1)
}

/// What blobs that are fetched may take: [`bound`](super::cache::bound) is of them and of the copies.
fn blobs(worker: &WorkerConfig) -> u64 {
    worker.disk.saturating_mul(u64::from(worker.jobs) + 1)
}

/// What lies in the blob store: what is fetched, and results that are kept for requesters.
fn stored(worker: &WorkerConfig) -> u64 {
    blobs(worker).saturating_add(worker.results)
}

/// Tries to write where data is kept, and whether there is room for all that the worker may fill; `held` are the bytes that
/// its store has of that already. Gives what was found.
///
/// # Errors
///
/// A directory can't be made or written to, or its disk has too little room.
pub fn disk(config: &Config, held: u64) -> Result<String, CliError> {
    let Config { data, worker, blobs: content, .. } = config;
    fs::create_dir_all(data).map_err(CliError::file(data))?;
    let probe = tempfile::NamedTempFile::new_in(data).map_err(CliError::file(data))?;
    fs::write(probe.path(), [0; 4096]).map_err(CliError::file(probe.path()))?;
    let files = Need { most: files(worker), held: 0 };
    let stored = Need { most: stored(worker), held };
    if content.store.contains("://") {
        // A bucket has room of its own.
        return room(data, files, worker);
    }
    let store = Path::new(&content.store);
    fs::create_dir_all(store).map_err(CliError::file(store))?;
    if device(store)? == device(data)? {
        return room(data, Need { most: files.most.saturating_add(stored.most), held }, worker);
    }
    Ok(format!("{}; {}", room(data, files, worker)?, room(store, stored, worker)?))
}

fn device(path: &Path) -> Result<u64, CliError> {
    Ok(fs::metadata(path).map_err(CliError::file(path))?.dev())
}

fn room(place: &Path, need: Need, worker: &WorkerConfig) -> Result<String, CliError> {
    let space = statvfs(place).map_err(|error| CliError::file(place)(error.into()))?;
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    fits(place, free, need, worker)?;
    let place = place.display();
    Ok(format!("{place} has {} free, and at most {} will be taken", size(free), size(need.most)))
}

fn fits(place: &Path, free: u64, need: Need, worker: &WorkerConfig) -> Result<(), CliError> {
    let room = free.saturating_add(need.held);
    if room >= need.most {
        return Ok(());
    }
    // As much less as there is less room, in whole MiB.
    let less = |of: u64| (u128::from(of) * u128::from(room) / u128::from(need.most)) >> 20;
    let (less_disk, less_results) = (less(worker.disk), less(worker.results));
    let (place, room, most) = (place.display(), size(room), size(need.most));
    let (jobs, disk, results) = (worker.jobs, size(worker.disk), size(worker.results));
    Err(CliError::Worker(format!(
        "{place} has room for {room}, and the worker may take {most}, with worker.jobs = {jobs} of {disk}, what is fetched \
         for them, and {results} of results: make room, or lower worker.disk to \"{less_disk} MiB\" and worker.results \
         to \"{less_results} MiB\", or worker.jobs"
    )))
}

#[cfg(test)]
mod tests {
    use super::super::cache::bound;
    use super::super::tests::limits;
    use super::*;
    use crate::machine::SMALLEST;

    const MIB: u64 = 1 << 20;
    const GIB: u64 = 1 << 30;

    #[test]
    fn a_job_may_take_what_its_machine_promises_and_no_more_than_is_configured() {
        let most = |memory, tier| {
            let worker = WorkerConfig { memory, ..limits() };
            worker.job_limits(Machine { hardware: 0, memory: tier }).memory
        };
        assert_eq!([most(None, 0), most(None, 1)], [8 * GIB, 32 * GIB]);
        assert_eq!([most(Some(16 * GIB), 0), most(Some(16 * GIB), 1)], [8 * GIB, 16 * GIB]);
        assert_eq!(most(None, 9), 8 * GIB, "of a machine without a meaning, what the smallest promises");
    }

    #[test]
    fn a_gpu_is_needed_where_one_is_offered_or_asked_for() {
        // None is found here, whatever there is.
        let tried = |backend, offered| {
            let worker = WorkerConfig { backend, ..limits() };
            gpu(&worker, offered, &Ok(vec![])).map_err(|error| error.line())
        };
        let with_gpu = Machine { hardware: 1, memory: 1 };
        let found = tried(BackendChoice::Auto, SMALLEST).expect("none is needed");
        assert!(found.starts_with("none, so the processor computes: there is no device 0, of 0"), "{found}");
        assert!(tried(BackendChoice::Vnni, SMALLEST).is_ok());
        let line = tried(BackendChoice::Cuda, SMALLEST).expect_err("it is asked for");
        assert!(line.starts_with("worker.backend is cuda: there is no device 0"), "{line}");
        let line = tried(BackendChoice::Auto, with_gpu).expect_err("it is offered");
        assert!(line.starts_with("machine 1:1 is one with a CUDA GPU: there is no device 0"), "{line}");
    }

    #[test]
    fn what_is_promised_has_to_be_there_for_every_job_and_allowed_to_it() {
        let tried = |jobs, most, has| {
            let worker = WorkerConfig { jobs, memory: most, ..limits() };
            memory(&worker, SMALLEST, has).map_err(|error| error.line())
        };
        let found = tried(2, None, 17 * GIB).expect("it is there");
        assert_eq!(found, "17.00 GiB, for 2 jobs at a time of 8.00 GiB each, as machine 0:0 promises");
        assert!(tried(3, None, 17 * GIB).expect_err("too many").ends_with("or lower worker.jobs"));
        let line = tried(1, Some(8 * GIB - 1), 17 * GIB).expect_err("too little for a job");
        assert!(line.contains("machine 0:0 promises 8.00 GiB to a job: raise it, or leave it out"), "{line}");
        assert!(tried(1, Some(9 * GIB), 17 * GIB).expect("no harm").contains("of 8.00 GiB each"));
    }

    fn worker(jobs: u32, disk: u64) -> WorkerConfig {
        WorkerConfig { jobs, disk, ..limits() }
    }

    #[test]
    fn all_that_may_be_fetched_and_written_is_counted() {
        for jobs in [1, 3] {
            let worker = worker(jobs, 10 * MIB);
            let written = worker.disk * u64::from(jobs);
            assert_eq!(files(&worker) + stored(&worker), bound(&worker) + written + worker.results);
        }
    }

    #[test]
    fn too_little_room_is_told_with_what_would_fit() {
        let place = Path::new("/data");
        let worker = WorkerConfig { results: 200 * MIB, ..worker(1, 100 * MIB) };
        let need = Need { most: 500 * MIB, held: 50 * MIB };
        assert!(fits(place, 450 * MIB, need, &worker).is_ok(), "what was fetched before is not needed again");
        let line = fits(place, 450 * MIB - 1, need, &worker).unwrap_err().line();
        let words = "/data has room for 500.00 MiB, and the worker may take 500.00 MiB";
        assert!(line.starts_with(words), "{line}");
        assert!(line.contains("1 of 100.00 MiB") && line.contains("200.00 MiB of results"), "{line}");
        let less = "lower worker.disk to \"99 MiB\" and worker.results to \"199 MiB\", or worker.jobs";
        assert!(line.ends_with(less), "{line}");
        let line = fits(place, 0, Need { held: 0, ..need }, &worker).unwrap_err().line();
        assert!(line.contains("make room"), "{line}");
    }
}
