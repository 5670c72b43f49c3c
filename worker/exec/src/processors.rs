//! Processors that this process may use, and threads that stay on one.

#[cfg(target_os = "linux")]
use rustix::thread::{sched_getaffinity, sched_setaffinity, CpuSet};

/// Their numbers, ascending; none where the system does not tell.
pub(crate) struct Processors(Vec<usize>);

impl Processors {
    #[cfg(target_os = "linux")]
    pub(crate) fn allowed() -> Self {
        let set = sched_getaffinity(None).unwrap_or_default();
        Self((0..CpuSet::MAX_CPU).filter(|number| set.is_set(*number)).collect())
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn allowed() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// Keeps the calling thread on processor number `at` of them. Where the system refuses, the thread stays where it is:
    /// that costs time and nothing else.
    pub(crate) fn keep(&self, at: usize) {
        #[cfg(target_os = "linux")]
        if let Some(number) = self.0.get(at) {
            let mut one = CpuSet::new();
            one.set(*number);
            let _ = sched_setaffinity(None, &one);
        }
        #[cfg(not(target_os = "linux"))]
        let _ = at;
    }
}
