//! Checks of shapes, made when an operator is built, and of the slices it is given.

use crate::error::Refused;

/// Longest axis a GEMM may sum over, and so the longest context: 131,071 products of two i8 fit an i32.
pub const MAX_DEPTH: usize = 131_071;

/// Most classes that one is drawn of: vocabularies are smaller, and a sum of weights up to 2³⁰ stays far inside a u64.
pub const MAX_CLASSES: usize = 1 << 20;

/// Most elements in a row of a norm: n·Σq² with |q| ≤ 32,767 fits an i64.
pub const MAX_NORM: usize = 65_536;

/// Most elements in any other sum of quantised values: Σq with |q| ≤ 2,088,895 stays far inside an i64, and Σq² with
/// |q| ≤ 32,767 does too.
pub const MAX_SUM: usize = u32::MAX as usize;

pub(crate) fn dimension(what: &'static str, got: usize, limit: usize) -> Result<(), Refused> {
    if got == 0 {
        return Err(Refused::Empty(what));
    }
    if got > limit {
        return Err(Refused::Limit { what, limit: limit as u64, got: got as u64 });
    }
    Ok(())
}

/// The number of elements of a tensor, none of whose dimensions is zero. Later products of the same dimensions cannot
/// overflow.
pub(crate) fn volume(what: &'static str, dimensions: &[usize]) -> Result<usize, Refused> {
    let mut product = 1usize;
    for dimension in dimensions {
        if *dimension == 0 {
            return Err(Refused::Empty(what));
        }
        product = product.checked_mul(*dimension).ok_or(Refused::Overflow(what))?;
    }
    // A slice of eight-byte elements must still be addressable.
    if product > isize::MAX as usize / 8 {
        return Err(Refused::Overflow(what));
    }
    Ok(product)
}

pub(crate) fn length(what: &'static str, got: usize, expected: usize) -> Result<(), Refused> {
    if got == expected {
        Ok(())
    } else {
        Err(Refused::Length { what, expected: expected as u64, got: got as u64 })
    }
}

/// The first `expected` elements of a buffer that may be longer.
pub(crate) fn front<'a, T>(
    what: &'static str,
    buffer: &'a mut [T],
    expected: usize,
) -> Result<&'a mut [T], Refused> {
    let got = buffer.len() as u64;
    buffer.get_mut(..expected).ok_or(Refused::Length { what, expected: expected as u64, got })
}

/// A constant of the program that must be finite and at least zero.
pub(crate) fn non_negative(what: &'static str, value: f32) -> Result<(), Refused> {
    if value.is_finite() && value >= 0.0 {
        Ok(())
    } else {
        Err(Refused::Domain(what))
    }
}
