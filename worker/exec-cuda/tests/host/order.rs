//! Whether things that have the same memory, or the same chunk, are ordered. A device may run the two queues in any order that
//! nothing forbids; the host executor runs all at once, and would never be wrong by itself.

use std::collections::BTreeMap;

use crate::gpu::Queue;

/// Memory that things have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Had {
    /// An allocation, by its address. Who has some of it counts as having all of it.
    Memory(u64),
    Chunk(usize),
}

/// Things are counted in each queue, from 1 on.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// How many were started in each queue.
    started: [u64; 2],
    /// The last one of the other queue that the next one of each queue runs behind.
    behind: [u64; 2],
    /// The last one of each queue that the host has waited for.
    waited: [u64; 2],
    /// The last one of each queue that had it.
    last: BTreeMap<Had, [u64; 2]>,
}

impl Order {
    /// Something is started. Says what is wrong if another may have the same at that time.
    pub(super) fn start(&mut self, queue: Queue, had: &[Had]) -> Result<(), String> {
        let (own, other) = sides(queue);
        self.started[own] += 1;
        let over = self.behind[own].max(self.waited[other]);
        for had in had {
            let last = self.last.entry(*had).or_default();
            if last[other] > over {
                return Err(format!("{had:?} may be in use by the other queue"));
            }
            last[own] = self.started[own];
        }
        Ok(())
    }

    /// What is started in `then` runs behind what was started in `first`.
    pub(super) fn order(&mut self, first: Queue, then: Queue) {
        self.behind[sides(then).0] = self.started[sides(first).0];
    }

    /// The host waits for the last thing that had something.
    pub(super) fn wait(&mut self, had: Had) {
        let last = self.last.get(&had).copied().unwrap_or_default();
        self.waited = [0, 1].map(|side| self.waited[side].max(last[side]));
    }

    /// The host waits for the whole queue of work.
    pub(super) fn wait_for_work(&mut self) {
        self.waited[sides(Queue::Work).0] = self.started[sides(Queue::Work).0];
    }

    /// The host itself has something. Says what is wrong if the machine may have it at that time.
    pub(super) fn touch(&self, had: Had) -> Result<(), String> {
        let last = self.last.get(&had).copied().unwrap_or_default();
        if (0..2).all(|side| last[side] <= self.waited[side]) {
            Ok(())
        } else {
            Err(format!("{had:?} may be in use by the machine"))
        }
    }

    /// Nobody will have it any more.
    pub(super) fn forget(&mut self, had: Had) {
        self.last.remove(&had);
    }
}

/// A queue's place, and the other's.
fn sides(queue: Queue) -> (usize, usize) {
    match queue {
        Queue::Work => (0, 1),
        Queue::Copies => (1, 0),
    }
}
