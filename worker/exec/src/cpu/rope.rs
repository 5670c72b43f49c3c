//! Rotary position embedding, cut into tokens.

use assay_exact::{Error, Rope, RopeTable};

use super::{or_reference, Cpu};

/// A form of the operator: forward or backward.
type Form = fn(&Rope, usize, &RopeTable<'_>, &[f32], &mut [f32]) -> Result<(), Error>;

pub(super) fn rotate(
    cpu: &Cpu,
    op: &Rope,
    start: usize,
    table: &RopeTable<'_>,
    x: &[f32],
    y: &mut [f32],
    form: Form,
) -> Result<(), Error> {
    let (tokens, width) = (op.tokens(), op.heads() * op.dim());
    let end = start.checked_add(tokens).and_then(|end| end.checked_mul(op.dim() / 2));
    let shortest = table.cos.len().min(table.sin.len());
    let fits = [x.len(), y.len()] == [tokens * width; 2] && end.is_some_and(|end| end <= shortest);
    if !fits {
        return form(op, start, table, x, y);
    }
    // Tokens of a piece: a few thousand elements at least, as of other operators.
    let per = cpu.team.elements(tokens * width).div_ceil(width);
    let pieces: Vec<_> = x.chunks(per * width).zip(y.chunks_mut(per * width)).enumerate().collect();
    let result = cpu.team.run(pieces, |(i, (x, y))| {
        let op = Rope::new(x.len() / width, op.heads(), op.dim())?;
        form(&op, start + i * per, table, x, y)
    });
    or_reference(result, || form(op, start, table, x, y))
}
