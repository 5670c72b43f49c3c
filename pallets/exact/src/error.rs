//! What an operator answers when it has no output: a fault of the program, or a trap, which is a result.

use core::fmt;

/// A fault of the program or of its caller, found before anything is computed. Never a result of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A dimension that must not be zero is.
    Empty(&'static str),
    /// A dimension or a constant is above its limit.
    Limit {
        /// What is too large.
        what: &'static str,
        /// The largest value allowed.
        limit: u64,
        /// The value given.
        got: u64,
    },
    /// A product of dimensions does not fit the machine's address space.
    Overflow(&'static str),
    /// A slice does not have the length that the shape asks for (buffers: at least that length).
    Length {
        /// The operand.
        what: &'static str,
        /// Elements the shape asks for.
        expected: u64,
        /// Elements given.
        got: u64,
    },
    /// A constant of the program is not in its domain: not finite, negative, or zero where that has no meaning; or an
    /// i8 operand holds −128 or a digit out of range.
    Domain(&'static str),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty(what) => write!(f, "{what} is zero"),
            Self::Limit { what, limit, got } => write!(f, "{what} is {got}, above the limit {limit}"),
            Self::Overflow(what) => write!(f, "the size of {what} does not fit this machine"),
            Self::Length { what, expected, got } => write!(f, "{what} has {got} elements, not {expected}"),
            Self::Domain(what) => write!(f, "{what} is out of its domain"),
        }
    }
}

impl core::error::Error for Refused {}

/// What is wrong with the element a trap names. At one element the kinds are looked for in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrapKind {
    /// Not a number.
    Nan,
    /// Plus or minus infinity.
    Infinite,
    /// Finite (or an integer), but outside of the operator's bound.
    Bound,
}

/// A numeric failure: a result like any other, the same on every machine.
///
/// It is that of the operator's first operand (inputs as listed, then outputs as listed) with a violation, at the
/// lowest flat index in that operand. The program adds step, unit and operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trap {
    /// What is wrong there.
    pub kind: TrapKind,
    /// Row-major index in the operand.
    pub index: u64,
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            TrapKind::Nan => "NaN",
            TrapKind::Infinite => "infinity",
            TrapKind::Bound => "bound violated",
        };
        write!(f, "{kind} at element {}", self.index)
    }
}

impl core::error::Error for Trap {}

/// Either of the two; on an error the contents of the outputs are unspecified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The program or the call is at fault.
    Refused(Refused),
    /// The computation ended in a trap.
    Trap(Trap),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refused) => refused.fmt(f),
            Self::Trap(trap) => trap.fmt(f),
        }
    }
}

impl core::error::Error for Error {}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<Trap> for Error {
    fn from(trap: Trap) -> Self {
        Self::Trap(trap)
    }
}

/// The kind of trap that `x` is, if it is not finite.
pub fn non_finite(x: f32) -> Option<TrapKind> {
    if x.is_nan() {
        Some(TrapKind::Nan)
    } else if x.is_infinite() {
        Some(TrapKind::Infinite)
    } else {
        None
    }
}

/// Traps at the first element that is not finite.
pub fn check_finite(values: &[f32]) -> Result<(), Trap> {
    // Without a way out of the loop the compiler makes vectors of it; where the first one is matters only if there is one.
    if values.iter().fold(true, |all, x| all & x.is_finite()) {
        return Ok(());
    }
    match values.iter().position(|x| !x.is_finite()) {
        None => Ok(()),
        Some(at) => {
            let kind = if values[at].is_nan() { TrapKind::Nan } else { TrapKind::Infinite };
            Err(Trap { kind, index: at as u64 })
        }
    }
}

/// Traps at the first index that is not below `bound`.
pub(crate) fn check_below(indices: &[u32], bound: usize) -> Result<(), Trap> {
    match indices.iter().position(|i| *i as usize >= bound) {
        None => Ok(()),
        Some(at) => Err(Trap { kind: TrapKind::Bound, index: at as u64 }),
    }
}
