//! Rotary position embedding, cut into tokens.

use assay_exact::{check_finite, Error, Rope, RopeTable};

use super::{or_reference, Cpu};
use crate::kernel::Kernel;
use crate::loops::Rotation;

/// The reference of a form: forward or backward.
type Form = fn(&Rope, usize, &RopeTable<'_>, &[f32], &mut [f32]) -> Result<(), Error>;

/// Rotates, or where it is `back` rotates back.
pub(super) fn rotate(
    cpu: &Cpu,
    op: &Rope,
    start: usize,
    table: &RopeTable<'_>,
    x: &[f32],
    y: &mut [f32],
    back: bool,
) -> Result<(), Error> {
    let form: Form = if back { Rope::backward } else { Rope::forward };
    let (tokens, width, half) = (op.tokens(), op.heads() * op.dim(), op.dim() / 2);
    let end = start.checked_add(tokens).and_then(|end| end.checked_mul(half));
    let shortest = table.cos.len().min(table.sin.len());
    let fits = [x.len(), y.len()] == [tokens * width; 2] && end.is_some_and(|end| end <= shortest);
    if !fits {
        return form(op, start, table, x, y);
    }
    // Tokens of a piece: a few thousand elements at least, as of other operators.
    let per = cpu.team.elements(tokens * width).div_ceil(width);
    let pieces: Vec<_> = x.chunks(per * width).zip(y.chunks_mut(per * width)).enumerate().collect();
    let result = cpu.team.run(pieces, |(i, (x, y))| {
        let (first, tokens) = (start + i * per, x.len() / width);
        let (heads, dim) = (op.heads(), op.dim());
        if let Kernel::Scalar = cpu.kernel {
            return form(&Rope::new(tokens, heads, dim)?, first, table, x, y);
        }
        let [cos, sin] = [table.cos, table.sin].map(|table| &table[first * half..(first + tokens) * half]);
        if cpu.kernel.run(Rotation { heads, dim, back, cos, sin, x, y: &mut *y }) {
            return Ok(());
        }
        Ok(check_finite(y)?)
    });
    or_reference(result, || form(op, start, table, x, y))
}
