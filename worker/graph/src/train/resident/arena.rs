//! Memory of a device for gradients, which come and go in an order that is known before.

use std::collections::BTreeMap;

use assay_exec::resident::Region;

use crate::resident::layout::Room;

/// Regions behind everything else of a block, each of which is used again when nobody has it any more.
pub(super) struct Arena {
    room: Room,
    /// Those that nobody has, by their length.
    free: BTreeMap<usize, Vec<Region<f32>>>,
    /// The others by their first byte, and how many have each.
    taken: BTreeMap<u64, (Region<f32>, usize)>,
}

impl Arena {
    /// From byte `start` on.
    pub fn new(start: u64) -> Self {
        Self { room: Room { end: start }, free: BTreeMap::new(), taken: BTreeMap::new() }
    }

    /// So many floats: in the smallest region that has room for them, else in a new one.
    pub fn take(&mut self, len: usize) -> Region<f32> {
        let fit = self.free.range_mut(len..).find_map(|(_, regions)| regions.pop());
        let region = fit.unwrap_or_else(|| self.room.take(len));
        self.taken.insert(region.start(), (region, 1));
        region.range(0..len)
    }

    /// One more has what was taken.
    pub fn share(&mut self, region: Region<f32>) -> Region<f32> {
        if let Some((_, users)) = self.taken.get_mut(&region.start()) {
            *users += 1;
        }
        region
    }

    /// One less does.
    pub fn give(&mut self, region: Region<f32>) {
        let Some((whole, users)) = self.taken.get_mut(&region.start()) else { return };
        *users -= 1;
        if *users == 0 {
            self.free.entry(whole.len()).or_default().push(*whole);
            self.taken.remove(&region.start());
        }
    }

    /// The byte behind all that was ever taken.
    pub fn end(&self) -> u64 {
        self.room.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_used_again_when_the_last_has_given_it_back() {
        let mut arena = Arena::new(512);
        let (large, small) = (arena.take(100), arena.take(10));
        assert_eq!((large.start(), small.start(), large.len()), (512, 1024, 100));
        assert_eq!(arena.share(small), small);
        arena.give(small);
        let other = arena.take(10);
        assert_ne!(other.start(), small.start(), "someone has it still");
        arena.give(small);
        assert_eq!(arena.take(8), small.range(0..8));
        let end = arena.end();
        arena.give(large);
        arena.give(other);
        assert_eq!((arena.take(11).start(), arena.take(10).start()), (large.start(), other.start()));
        assert_eq!(arena.end(), end);
    }
}
