//! Values of trace points, hashed by the thread that computed them.

use std::sync::{Mutex, PoisonError};

use assay_exec::Backend;

use crate::graph::Graph;
use crate::root::Hash;
use crate::tensor::Dtype;
use crate::trace::group::{self, GROUP};
use crate::trace::tree::{Place, LEAF};

/// What a run records of the values of its graph's nodes.
#[derive(Clone, Copy)]
pub(crate) struct Points<'a> {
    /// The graph, which says what the trace points are.
    pub graph: &'a Graph,
    /// Whose threads hash.
    pub backend: &'a dyn Backend,
    /// Whether leaves may have to be opened, so that values are kept until they are recorded.
    pub keeps: bool,
}

/// The value of a trace point, hashed: when it is its turn to be recorded, only its leaves' hashes are left to add.
#[derive(Debug)]
pub(crate) struct Point {
    /// Of its first leaf.
    pub place: Place,
    /// Of its leaves.
    pub hashes: Vec<Hash>,
    /// Empty unless values are kept.
    pub values: Vec<f32>,
}

impl Points<'_> {
    /// Of the value of a node in a pass, if the trace has it.
    pub fn of(&self, step: u64, unit: u64, node: usize, values: &[f32]) -> Option<Point> {
        self.graph.trace.binary_search(&node).ok()?;
        let place = place(self.graph, step, unit, node, values.len());
        let hashes = leaf_hashes(&place, values, self.backend);
        Some(Point { place, hashes, values: if self.keeps { values.to_vec() } else { Vec::new() } })
    }
}

/// Where the first leaf of the value of a node in a pass lies, which has so many floats.
pub(crate) fn place(graph: &Graph, step: u64, unit: u64, node: usize, floats: usize) -> Place {
    let cols = graph.nodes[node].cols;
    let shape = vec![(floats / cols) as u64, cols as u64];
    Place { step, unit, point: node as u32, offset: 0, dtype: Dtype::F32 as u8, shape }
}

/// The hashes of the leaves of floats, of which the first lies at `first`: by all threads that stand by.
pub fn leaf_hashes(first: &Place, values: &[f32], backend: &dyn Backend) -> Vec<Hash> {
    let mut hashes = vec![Hash::default(); values.len().div_ceil(LEAF / 4)];
    // No two threads have the same group: none waits.
    let groups = hashes.chunks_mut(GROUP).zip(values.chunks(GROUP * LEAF / 4));
    let groups: Vec<_> = groups.map(Mutex::new).collect();
    backend.spread(groups.len(), &|number| {
        let mut group = groups[number].lock().unwrap_or_else(PoisonError::into_inner);
        let (hashes, values) = &mut *group;
        let offset = (number * GROUP * LEAF) as u64;
        group::hash(&Place { offset, ..first.clone() }, values, hashes);
    });
    drop(groups);
    hashes
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use assay_exec::{Cpu, Path, Reference};

    use super::*;
    use crate::trace::Recorder;

    #[test]
    fn leaves_are_hashed_as_each_is_alone_however_many_there_are() {
        let cpu = Cpu::new(Path::best(), 3).unwrap();
        // With four axes a place just fits a block of the hash, with five it does not.
        for shape in [vec![], vec![9], vec![3, 5], vec![1, 2, 7], vec![1, 2, 7, 3], vec![1, 2, 7, 3, 5]] {
            let first = Place { step: 3, unit: 1 << 40, point: 8, offset: 0, dtype: 0, shape };
            for count in [0, 1, 255, 256, 257, 16 * 256, 16 * 256 + 1, 50 * 256 + 250, 64 * 256] {
                let values: Vec<f32> = (0..count).map(|i| 0.37 * i as f32 - 41.5).collect();
                let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
                let expected: Vec<Hash> =
                    first.clone().leaves(&bytes).map(|(place, leaf)| place.leaf(leaf)).collect();
                assert!(leaf_hashes(&first, &values, &Reference) == expected, "{count} floats");
                let mut led = Vec::new();
                cpu.lead(&mut || led = leaf_hashes(&first, &values, &cpu));
                assert!(led == expected, "{count} floats, by threads");
            }
        }
    }

    #[test]
    fn floats_are_recorded_as_their_bytes_are() {
        for count in [1u64, 255, 256, 257, 700] {
            let values: Vec<f32> = (0..count).map(|i| 0.37 * i as f32 - 41.5).collect();
            let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
            let leaves: BTreeSet<u64> = (0..count.div_ceil(256)).collect();
            let [mut of_bytes, mut of_floats] = [(); 2].map(|()| Recorder::keeping(leaves.clone()));
            of_bytes.record(3, 1, 9, Dtype::F32, &[1, count], &bytes);
            let dtype = Dtype::F32 as u8;
            let place = Place { step: 3, unit: 1, point: 9, offset: 0, dtype, shape: vec![1, count] };
            let hashes = leaf_hashes(&place, &values, &Reference);
            of_floats.add(&Point { place, hashes, values });
            let [of_bytes, of_floats] = [of_bytes, of_floats].map(|recorder| recorder.finish([9; 32]));
            assert_eq!(of_floats, of_bytes);
            assert!(leaves.iter().all(|leaf| of_floats.open(*leaf).is_some()));
        }
    }
}
