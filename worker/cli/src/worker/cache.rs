//! Bounds what was fetched for jobs: blobs in the store, and the copies in the jobs' directories.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use assay_primitives::{BlobRef, Digest};

use super::place::Id;
use crate::config::WorkerConfig;

/// Most bytes of what a worker has fetched: blob and copy of each job that runs at a time, and of one more.
pub fn bound(config: &WorkerConfig) -> u64 {
    config.disk.saturating_mul(2).saturating_mul(u64::from(config.jobs) + 1)
}

/// Open jobs need all the space that there is.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "open jobs would need {needed} bytes of content, and {most} are taken: raise worker.disk or worker.jobs"
)]
pub struct Full {
    /// Bytes that are needed.
    needed: u64,
    /// The most that are taken.
    most: u64,
}

/// What was fetched. Blobs that no seat needs any more make room for new ones, those that were used least lately first.
#[derive(Debug)]
pub struct Cache {
    most: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    blobs: BTreeMap<Digest, Held>,
    uses: u64,
}

#[derive(Debug)]
struct Held {
    size: u64,
    /// Whether it was fetched for a job: then it is ours to remove.
    is_ours: bool,
    /// When it was used last, in uses.
    used: u64,
    /// Seats that have a copy.
    seats: BTreeSet<Id>,
}

impl Held {
    fn bytes(&self) -> u64 {
        self.size.saturating_mul(u64::from(self.is_ours) + self.seats.len() as u64)
    }
}

impl Cache {
    /// With so many bytes at most, and blobs that were fetched before, those that were used last at the end.
    pub fn new(most: u64, fetched: &[BlobRef]) -> Self {
        let held = |(used, blob): (u64, &BlobRef)| {
            (blob.blake3, Held { size: blob.size, is_ours: true, used, seats: BTreeSet::new() })
        };
        let blobs: BTreeMap<_, _> = (0..).zip(fetched).map(held).collect();
        let uses = fetched.len() as u64;
        Self { most, state: Mutex::new(State { blobs, uses }) }
    }

    /// Makes room for a blob and a seat's copy of it; gives what has to be removed for that.
    ///
    /// # Errors
    ///
    /// What open jobs need leaves no room.
    pub fn claim(&self, blob: &BlobRef, is_ours: bool, seat: Id) -> Result<Vec<Digest>, Full> {
        let mut state = self.state();
        let needed: u64 = state
            .blobs
            .iter()
            .filter(|(id, held)| **id != blob.blake3 && !held.seats.is_empty())
            .map(|(_, held)| held.bytes())
            .fold(0, u64::saturating_add);
        let mut seats = state.blobs.get(&blob.blake3).map(|held| held.seats.clone()).unwrap_or_default();
        seats.insert(seat);
        let held = Held { size: blob.size, is_ours, used: state.uses, seats };
        let needed = needed.saturating_add(held.bytes());
        if needed > self.most {
            return Err(Full { needed, most: self.most });
        }
        state.uses += 1;
        state.blobs.insert(blob.blake3, held);
        let mut removed = Vec::new();
        while state.bytes() > self.most {
            let Some(oldest) = state.oldest() else { break };
            state.blobs.remove(&oldest);
            removed.push(oldest);
        }
        Ok(removed)
    }

    /// A seat needs nothing any more, and its copies are gone.
    pub fn release(&self, seat: &Id) {
        self.state().blobs.retain(|_, held| {
            held.seats.remove(seat);
            held.is_ours || !held.seats.is_empty()
        });
    }

    /// Takes a blob out, to be removed, unless a seat needs it.
    pub fn forget(&self, blake3: &Digest) -> bool {
        let mut state = self.state();
        let is_needed = state.blobs.get(blake3).is_some_and(|held| !held.seats.is_empty());
        if !is_needed {
            state.blobs.remove(blake3);
        }
        !is_needed
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn bytes(&self) -> u64 {
        self.blobs.values().map(Held::bytes).fold(0, u64::saturating_add)
    }

    /// The blob that no seat needs and that was used least lately.
    fn oldest(&self) -> Option<Digest> {
        let free = self.blobs.iter().filter(|(_, held)| held.seats.is_empty());
        free.min_by_key(|(_, held)| held.used).map(|(id, _)| *id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(name: u8, size: u64) -> BlobRef {
        BlobRef { blake3: [name; 32], size }
    }

    fn seat(job: u64) -> Id {
        (job, 0, [0; 32])
    }

    #[test]
    fn released_blobs_make_room_the_oldest_first() {
        let cache = Cache::new(100, &[blob(1, 30), blob(2, 30)]);
        assert_eq!(cache.claim(&blob(3, 30), true, seat(1)), Ok(vec![[1; 32]]));
        // Used again, it is the younger one.
        cache.release(&seat(1));
        assert_eq!(cache.claim(&blob(2, 30), true, seat(2)), Ok(vec![]));
        cache.release(&seat(2));
        assert_eq!(cache.claim(&blob(4, 30), true, seat(3)), Ok(vec![[3; 32]]));
    }

    #[test]
    fn what_open_jobs_need_is_never_removed() {
        let cache = Cache::new(100, &[]);
        assert_eq!(cache.claim(&blob(1, 40), true, seat(1)), Ok(vec![]));
        assert_eq!(cache.claim(&blob(2, 20), true, seat(2)), Err(Full { needed: 120, most: 100 }));
        assert!(!cache.forget(&[1; 32]));
        assert_eq!(cache.claim(&blob(1, 40), true, seat(1)), Ok(vec![]), "nothing more of the same seat");
        cache.release(&seat(1));
        assert_eq!(cache.claim(&blob(2, 40), true, seat(2)), Ok(vec![[1; 32]]));
    }

    #[test]
    fn each_seat_has_a_copy_and_what_others_stored_is_theirs() {
        let cache = Cache::new(100, &[]);
        assert_eq!(cache.claim(&blob(1, 50), false, seat(1)), Ok(vec![]));
        assert_eq!(cache.claim(&blob(1, 50), false, seat(2)), Ok(vec![]));
        assert_eq!(cache.claim(&blob(1, 50), false, seat(3)), Err(Full { needed: 150, most: 100 }));
        cache.release(&seat(1));
        cache.release(&seat(2));
        assert_eq!(cache.claim(&blob(2, 50), true, seat(3)), Ok(vec![]), "nothing of it is to be removed");
    }
}
