//! Processors that a thread may use, and threads that stay on one.

#[cfg(target_os = "linux")]
use rustix::thread::{sched_getaffinity, sched_setaffinity, CpuSet};

/// Their numbers, ascending; none where the system does not tell.
pub(crate) struct Processors(Vec<usize>);

impl Processors {
    /// Those of the calling thread.
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn a_thread_is_kept_on_the_processor_that_it_is_given() {
        let all = Processors::allowed();
        assert!(all.count() > 0);
        for at in 0..all.count() {
            let kept = thread::scope(|scope| {
                let thread = scope.spawn(|| {
                    all.keep(at);
                    Processors::allowed().0
                });
                thread.join().unwrap()
            });
            assert_eq!(kept, [all.0[at]]);
        }
    }
}
