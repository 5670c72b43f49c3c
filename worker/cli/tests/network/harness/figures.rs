//! How much a worker, and the node, take of their machine.

use super::network::Network;
use std::{fmt, fs, path::Path};

/// What a worker takes.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Its process, which is another one after a restart.
    pub process: u32,
    /// KiB of memory.
    pub memory: u64,
    /// Bytes of its database.
    pub database: u64,
    /// Bytes of jobs that are under way.
    pub jobs: u64,
    /// Bytes of blobs and results that it keeps for others.
    pub blobs: u64,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { process, memory, database, jobs, blobs } = self;
        let (database, jobs, blobs) = (database >> 10, jobs >> 10, blobs >> 10);
        write!(f, "process {process:7}, KiB: {memory:7} of memory, {database:6} of database, ")?;
        write!(f, "{jobs:6} of jobs, {blobs:6} of blobs")
    }
}

impl Network {
    /// What a provider's worker takes now, if it runs.
    pub fn figures(&self, name: &str) -> Option<Figures> {
        let process = self.process_of(name)?;
        let worker = &self.provider(name).worker;
        Some(Figures {
            process,
            memory: memory(process),
            database: bytes(&worker.path("worker.redb")),
            jobs: bytes(&worker.path("jobs")),
            blobs: bytes(&worker.path("blobs")),
        })
    }

    /// KiB of memory that the node takes now.
    pub fn node_memory(&self) -> u64 {
        memory(self.node.process())
    }
}

/// KiB of memory that a process has for itself: of files that it maps the system keeps as much as it likes.
fn memory(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("the process runs");
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let digits = line.and_then(|line| line.trim().strip_suffix(" kB")).expect("a process has memory");
    digits.parse().expect("it is a number")
}

/// Bytes below a path. What goes away meanwhile does not count.
fn bytes(path: &Path) -> u64 {
    match fs::read_dir(path) {
        Ok(entries) => entries.flatten().map(|entry| bytes(&entry.path())).sum(),
        Err(_) => fs::metadata(path).map_or(0, |metadata| metadata.len()),
    }
}
