//! Products of quantised matrices, cut into rectangles.

use assay_exact::{Error, Quantised, Trap, TrapKind};

use crate::kernel::{Block, Kernel};
use crate::team::Team;

/// Integer sums of a product, as [`assay_exact::DequantBias`] takes them.
#[derive(Clone, Copy, Debug)]
pub enum Sums<'a> {
    /// Of [`assay_exact::GemmI8`].
    I32(&'a [i32]),
    /// Of [`assay_exact::GemmI8Sliced`].
    I64(&'a [i64]),
}

/// Rows of a rectangle.
const ROWS: usize = 16;
/// Columns of a rectangle: its sums are 16 KiB.
const COLS: usize = 128;

/// A rectangle of the output: a part of each of its rows.
struct Piece<'a, T> {
    row: usize,
    col: usize,
    out: Vec<&'a mut [T]>,
}

/// Cuts an output of rows of `cols`; the index of the cut takes 16 bytes for each row of a rectangle, and 40
/// each.
fn pieces<T>(out: &mut [T], cols: usize) -> Vec<Piece<'_, T>> {
    let mut pieces = Vec::new();
    for (block, rows) in out.chunks_mut(ROWS * cols).enumerate() {
        let first = pieces.len();
        let height = rows.len() / cols;
        for col in (0..cols).step_by(COLS) {
            pieces.push(Piece { row: block * ROWS, col, out: Vec::with_capacity(height) });
        }
        for row in rows.chunks_exact_mut(cols) {
            for (piece, part) in pieces[first..].iter_mut().zip(row.chunks_mut(COLS)) {
                piece.out.push(part);
            }
        }
    }
    pieces
}

/// Calls `put` with every element of `out` (`a.rows() × b.rows()`), its sum, row and column, on all threads.
/// The lowest index at which `put` gives a kind is the trap. The caller has checked that depths and the
/// output's length fit.
pub(crate) fn product<T: Send>(
    team: &Team,
    kernel: Kernel,
    a: &Quantised<'_>,
    b: &Quantised<'_>,
    out: &mut [T],
    put: impl Fn(&mut T, i64, usize, usize) -> Option<TrapKind> + Sync,
) -> Result<(), Error> {
    let width = b.rows();
    team.run(pieces(out, width), |piece| {
        let cols = piece.out.first().map_or(0, |row| row.len());
        let block = Block { row: piece.row, rows: piece.out.len(), col: piece.col, cols };
        let mut sums = vec![0; block.rows * block.cols];
        kernel.block(a, b, &block, &mut sums);
        for (i, (row, sums)) in piece.out.into_iter().zip(sums.chunks_exact(cols)).enumerate() {
            for (j, (out, sum)) in row.iter_mut().zip(sums).enumerate() {
                let (i, j) = (block.row + i, block.col + j);
                if let Some(kind) = put(out, *sum, i, j) {
                    return Err(Trap { kind, index: (i * width + j) as u64 }.into());
                }
            }
        }
        Ok(())
    })
}
