//! The memory of a backward pass, used again by every node and every unit.

use std::collections::BTreeMap;

use assay_exact::{AttnScratch, QuantisedMut, Scratch};

use crate::train::plan::Plan;

/// Buffers of one shard.
#[derive(Debug)]
pub(super) struct Workspace {
    left: Operand,
    right: Operand,
    floats: Vec<f32>,
    /// For each node the gradients that its users have found for its value, the last user's first.
    pending: Vec<Vec<Vec<f32>>>,
    free: Free,
}

/// Buffers that are not in use, by capacity.
#[derive(Debug, Default)]
struct Free(BTreeMap<usize, Vec<Vec<f32>>>);

impl Free {
    /// So many floats, which mean nothing: in the smallest buffer that has room for them, else in a new one. None grows, so
    /// that a long gradient does not leave all of them long.
    fn take(&mut self, len: usize) -> Vec<f32> {
        let fit = self.0.range_mut(len..).find_map(|(_, buffers)| buffers.pop());
        let mut buffer = fit.unwrap_or_else(|| Vec::with_capacity(len));
        buffer.resize(len, 0.0);
        buffer
    }

    fn give(&mut self, buffer: Vec<f32>) {
        self.0.entry(buffer.capacity()).or_default().push(buffer);
    }
}

/// A quantised operand of a product.
#[derive(Debug)]
struct Operand {
    planes: Vec<i8>,
    scales: Vec<f32>,
}

impl Operand {
    fn new([planes, scales]: [usize; 2]) -> Self {
        Self { planes: vec![0; planes], scales: vec![0.0; scales] }
    }

    fn lend(&mut self) -> QuantisedMut<'_> {
        QuantisedMut { planes: &mut self.planes, scales: &mut self.scales }
    }
}

impl Workspace {
    pub(super) fn new(plan: &Plan) -> Self {
        Self {
            left: Operand::new(plan.sizes.left),
            right: Operand::new(plan.sizes.right),
            floats: vec![0.0; plan.sizes.floats],
            pending: vec![Vec::new(); plan.active.len()],
            free: Free::default(),
        }
    }

    /// Of a product.
    pub(super) fn scratch(&mut self) -> Scratch<'_> {
        Scratch { left: self.left.lend(), right: self.right.lend() }
    }

    /// Of an attention.
    pub(super) fn attention(&mut self) -> AttnScratch<'_> {
        let operands = Scratch { left: self.left.lend(), right: self.right.lend() };
        AttnScratch { floats: &mut self.floats, operands }
    }

    /// So many floats, which mean nothing: operators write all of what they are given.
    pub(super) fn take(&mut self, len: usize) -> Vec<f32> {
        self.free.take(len)
    }

    /// Takes back what [`Workspace::take`] gave.
    pub(super) fn give(&mut self, buffer: Vec<f32>) {
        self.free.give(buffer);
    }

    /// Keeps a gradient of a node's value. Users come in reverse program order, the operands of one in reverse too.
    pub(super) fn keep(&mut self, node: usize, gradient: Vec<f32>) {
        self.pending[node].push(gradient);
    }

    /// The next gradient of a node's value, in program order of its users.
    pub(super) fn next(&mut self, node: usize) -> Option<Vec<f32>> {
        self.pending[node].pop()
    }
}

#[cfg(test)]
mod tests {
    use super::Free;

    #[test]
    fn a_buffer_is_the_smallest_that_fits_and_none_grows() {
        let mut free = Free::default();
        let buffers = [100, 10, 1000].map(|len| vec![1.0; len]);
        let [middle, small, large] = [0, 1, 2].map(|i: usize| buffers[i].as_ptr());
        buffers.into_iter().for_each(|buffer| free.give(buffer));
        let taken: Vec<Vec<f32>> = [11, 10, 5].map(|len| free.take(len)).into();
        assert!(taken.iter().map(|buffer| buffer.as_ptr()).eq([middle, small, large]));
        assert!(taken.iter().map(Vec::len).eq([11, 10, 5]));

        taken.into_iter().for_each(|buffer| free.give(buffer));
        assert!((1001..2000).contains(&free.take(1001).capacity()), "a new one");
        let capacities = [1, 1, 1].map(|len| free.take(len).capacity());
        assert_eq!(capacities, [10, 100, 1000], "the others are as they were");
    }
}
