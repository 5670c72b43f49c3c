//! The memory of a backward pass, used again by every node and every unit.

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
    free: Vec<Vec<f32>>,
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
            free: Vec::new(),
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

    /// So many zeros.
    pub(super) fn take(&mut self, len: usize) -> Vec<f32> {
        let mut buffer = self.free.pop().unwrap_or_default();
        buffer.clear();
        buffer.resize(len, 0.0);
        buffer
    }

    /// Takes back what [`Workspace::take`] gave.
    pub(super) fn give(&mut self, buffer: Vec<f32>) {
        self.free.push(buffer);
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
