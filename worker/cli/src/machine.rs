//! What the machines of the chain's lists promise to a job, and whether this one can keep that.

use crate::{error::CliError, output::size};
use assay_primitives::{Machine, MACHINES};
use std::{fmt::Display, fs, path::Path};

/// What `assay provider register` offers and `assay job submit` asks for, where nothing else is said.
pub const SMALLEST: Machine = MACHINES[0].0;

/// The hardware class of machines with a CUDA GPU.
const GPU_CLASS: u8 = 1;
/// One part in so many that a GPU may have less than its machine promises: cards have a little less than they are sold by.
const GPU_SHARE: u64 = 16;

/// Where Linux tells how much memory there is.
const MEMORY: &str = "/proc/meminfo";
/// Where it tells in which group of processes this one is, and what groups may take.
const OWN_GROUP: &str = "/proc/self/cgroup";
const GROUPS: &str = "/sys/fs/cgroup";

/// The numbers of a machine, as they are typed.
pub fn number(machine: Machine) -> String {
    format!("{}:{}", machine.hardware, machine.memory)
}

/// Bytes of memory of this machine, or of the part of it that a container or a service is given.
///
/// # Errors
///
/// The system does not tell.
pub fn memory() -> Result<u64, CliError> {
    let text = fs::read_to_string(MEMORY).map_err(CliError::file(MEMORY))?;
    let total = total(&text)
        .ok_or_else(|| CliError::Worker(format!("{MEMORY} does not say how much memory there is")))?;
    // Where there are no groups nothing is limited.
    let groups = fs::read_to_string(OWN_GROUP).unwrap_or_default();
    Ok(limit(Path::new(GROUPS), &groups).map_or(total, |most| most.min(total)))
}

fn total(text: &str) -> Option<u64> {
    let kib = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?.trim().strip_suffix(" kB")?;
    kib.parse::<u64>().ok()?.checked_mul(1 << 10)
}

/// The least that the own group and those around it may take.
fn limit(root: &Path, groups: &str) -> Option<u64> {
    let own = root.join(groups.lines().find_map(|line| line.strip_prefix("0::/"))?);
    let around = own.ancestors().take_while(|group| group.starts_with(root));
    let most = |group: &Path| -> Option<u64> {
        fs::read_to_string(group.join("memory.max")).ok()?.trim().parse().ok()
    };
    around.filter_map(most).min()
}

/// Refuses a machine that one with so much memory can't be, for so many jobs at a time; `instead` says what else to do.
///
/// # Errors
///
/// It has no meaning for this program, or promises more.
pub fn hold(machine: Machine, jobs: u32, has: u64, instead: &str) -> Result<(), CliError> {
    let name = number(machine);
    let Some(promised) = machine.job_memory() else {
        let known: Vec<_> = MACHINES.iter().map(|(machine, _)| number(*machine)).collect();
        let known = known.join(", ");
        let problem =
            format!("this version does not know what machine {name} is: offer one of {known}, or update it");
        return Err(CliError::Usage(problem));
    };
    let needed = promised.saturating_mul(jobs.into());
    if needed > has {
        let (promised, needed, has) = (size(promised), size(needed), size(has));
        let problem = format!(
            "machine {name} promises {promised} of memory to a job, {needed} for {jobs} at a time, and there are \
             {has} here: offer a smaller one, or {instead}"
        );
        return Err(CliError::Usage(problem));
    }
    Ok(())
}

/// Whether a machine is one with a CUDA GPU.
pub fn has_gpu(machine: Machine) -> bool {
    machine.hardware == GPU_CLASS
}

/// Refuses a machine with a GPU where there is none with nearly as much memory as it promises, for so many jobs at a time;
/// `memory` is that of the GPU that would compute, or why there is none.
///
/// # Errors
///
/// There is none, or it has less.
pub fn hold_gpu(
    machine: Machine,
    jobs: u32,
    memory: Result<u64, impl Display>,
    instead: &str,
) -> Result<(), CliError> {
    let Some(promised) = machine.job_memory().filter(|_| has_gpu(machine)) else { return Ok(()) };
    let name = number(machine);
    let has = memory.map_err(|reason| {
        CliError::Usage(format!(
            "machine {name} is one with a CUDA GPU: {reason}; offer 0:0 or 0:1, or {instead}"
        ))
    })?;
    let needed = promised.saturating_mul(jobs.into());
    if has < needed - needed / GPU_SHARE {
        let (promised, needed, has) = (size(promised), size(needed), size(has));
        let problem = format!(
            "machine {name} promises {promised} of a GPU's memory to a job, {needed} for {jobs} at a time, and it has \
             {has}: offer a smaller one, or {instead}"
        );
        return Err(CliError::Usage(problem));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    #[test]
    fn a_machine_is_held_by_one_with_as_much_memory_for_all_jobs() {
        assert!(hold(SMALLEST, 2, 16 * GIB, "").is_ok());
        let error = hold(SMALLEST, 2, 16 * GIB - 1, "lower worker.jobs").unwrap_err();
        assert_eq!(error.exit_code(), 2);
        let words = "machine 0:0 promises 8.00 GiB of memory to a job, 16.00 GiB for 2 at a time";
        assert!(error.line().contains(words) && error.line().ends_with("or lower worker.jobs"), "{error}");
        let larger = Machine { hardware: 0, memory: 1 };
        assert!(hold(larger, 1, 32 * GIB, "").is_ok() && hold(larger, 1, 31 * GIB, "").is_err());
    }

    #[test]
    fn a_machine_with_a_gpu_is_held_by_one_that_has_it() {
        let machine = |hardware, memory| Machine { hardware, memory };
        let held = |machine, jobs, memory: Result<u64, &str>| hold_gpu(machine, jobs, memory, "wait");
        assert!(held(SMALLEST, 1, Err("no driver")).is_ok(), "it needs none");
        let error = held(machine(1, 1), 1, Err("no driver")).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.line().contains("machine 1:1 is one with a CUDA GPU: no driver; offer 0:0"), "{error}");
        // A card that is sold as one of 24 GB.
        assert!(held(machine(1, 1), 1, Ok(24_564 << 20)).is_ok());
        let error = held(machine(1, 1), 2, Ok(24_564 << 20)).unwrap_err();
        assert!(error.line().contains("48.00 GiB for 2 at a time") && error.line().ends_with("or wait"));
        assert!(held(machine(1, 2), 1, Ok(79 * GIB)).is_ok());
        assert!(held(machine(1, 2), 1, Ok(48 * GIB)).is_err());
    }

    #[test]
    fn a_machine_that_has_no_meaning_is_refused_whatever_there_is() {
        let error = hold(Machine { hardware: 0, memory: 9 }, 1, u64::MAX, "").unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.line().contains("what machine 0:9 is: offer one of 0:0, 0:1, 1:1, 1:2"), "{error}");
    }

    #[test]
    fn memory_is_that_of_the_system() {
        assert_eq!(total("MemTotal:       24672132 kB\nMemFree: 1 kB\n"), Some(24_672_132 << 10));
        assert_eq!(total("MemFree: 1 kB\n"), None);
        assert!(memory().unwrap() > 100 << 20, "enough for this test to run");
    }

    #[test]
    fn the_least_of_the_groups_around_a_process_counts() {
        let root = tempfile::tempdir().unwrap();
        let (slice, service) = (root.path().join("slice"), root.path().join("slice/service"));
        fs::create_dir_all(&service).unwrap();
        let of = |groups: &str| limit(root.path(), groups);
        assert_eq!(of("0::/slice/service\n"), None, "nothing is limited");
        fs::write(service.join("memory.max"), "max\n").unwrap();
        fs::write(slice.join("memory.max"), "5000\n").unwrap();
        assert_eq!(of("0::/slice/service\n"), Some(5_000));
        fs::write(service.join("memory.max"), "4000\n").unwrap();
        assert_eq!(of("12:pids:/\n0::/slice/service\n"), Some(4_000));
        // Of a container, which sees its own group as the first one.
        fs::write(root.path().join("memory.max"), "3000\n").unwrap();
        assert_eq!((of("0::/\n"), of("4:memory:/docker\n"), of("")), (Some(3_000), None, None));
    }
}
