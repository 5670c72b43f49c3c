//! Products of quantised matrices, cut into rectangles.

use assay_exact::{Error, Quantised, Trap, TrapKind};

use crate::kernel::{Block, Kernel};
use crate::team::Team;

/// Least columns of a rectangle that is made narrower for the threads.
const LEAST_WIDTH: usize = 32;
/// Rectangles for each thread: with fewer, narrower ones, which take an eighth longer, wait less for each other.
const LEAST_EACH: usize = 2;

/// Integer sums of a product, as [`assay_exact::DequantBias`] takes them.
#[derive(Clone, Copy, Debug)]
pub enum Sums<'a> {
    /// Of [`assay_exact::GemmI8`].
    I32(&'a [i32]),
    /// Of [`assay_exact::GemmI8Sliced`].
    I64(&'a [i64]),
}

/// A rectangle of the output: a part of each of its rows.
pub(crate) struct Piece<'a, T> {
    pub(crate) row: usize,
    pub(crate) col: usize,
    pub(crate) out: Vec<&'a mut [T]>,
}

impl<T> Piece<'_, T> {
    pub(crate) fn block(&self) -> Block {
        let cols = self.out.first().map_or(0, |row| row.len());
        Block { row: self.row, rows: self.out.len(), col: self.col, cols, ahead: 0 }
    }
}

/// The most rows and columns of a rectangle of an output of `rows × cols`: narrower ones than the kernel would have where
/// those are too few for the threads.
pub(crate) fn rectangle(team: &Team, kernel: Kernel, [rows, cols]: [usize; 2]) -> [usize; 2] {
    let [height, mut width] = kernel.block_size();
    let least = if team.pieces() > 1 { LEAST_EACH * team.threads() } else { 1 };
    while width > LEAST_WIDTH && rows.div_ceil(height) * cols.div_ceil(width) < least {
        width /= 2;
    }
    [height, width]
}

/// How many columns behind a rectangle's first those of the one begin that its thread will most likely have next: other
/// threads take those between.
pub(crate) fn ahead(team: &Team, [_, width]: [usize; 2]) -> usize {
    if team.pieces() > 1 {
        team.threads() * width
    } else {
        width
    }
}

/// Cuts an output of rows of `cols` into rectangles of at most `size`; the index of the cut takes 16 bytes for each row
/// of a rectangle, and 40 each.
pub(crate) fn pieces<T>(out: &mut [T], cols: usize, [height, width]: [usize; 2]) -> Vec<Piece<'_, T>> {
    let mut pieces = Vec::new();
    for (block, rows) in out.chunks_mut(height * cols).enumerate() {
        let first = pieces.len();
        let rows_here = rows.len() / cols;
        for col in (0..cols).step_by(width) {
            pieces.push(Piece { row: block * height, col, out: Vec::with_capacity(rows_here) });
        }
        for row in rows.chunks_exact_mut(cols) {
            for (piece, part) in pieces[first..].iter_mut().zip(row.chunks_mut(width)) {
                piece.out.push(part);
            }
        }
    }
    pieces
}

/// Calls `put` with each part of a row of `out` (`a.rows() × b.rows()`) that a rectangle has, its sums, the row and the
/// first column, on all threads. The lowest index at which `put` gives a kind, counted from that column, is the trap.
/// The caller has checked that depths and the output's length fit.
pub(crate) fn product<T: Send>(
    team: &Team,
    kernel: Kernel,
    a: &Quantised<'_>,
    b: &Quantised<'_>,
    out: &mut [T],
    put: impl Fn(&mut [T], &[i64], usize, usize) -> Option<(usize, TrapKind)> + Sync,
) -> Result<(), Error> {
    let width = b.rows();
    team.run(pieces(out, width, rectangle(team, kernel, [a.rows(), width])), |piece| {
        let block = piece.block();
        let mut sums = vec![0; block.rows * block.cols];
        kernel.block(a, b, &block, &mut sums);
        for ((i, out), sums) in (block.row..).zip(piece.out).zip(sums.chunks_exact(block.cols)) {
            if let Some((j, kind)) = put(out, sums, i, block.col) {
                return Err(Trap { kind, index: (i * width + block.col + j) as u64 }.into());
            }
        }
        Ok(())
    })
}
