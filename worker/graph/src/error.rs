//! What can be wrong with a program, an input or a model, each with the place where it is wrong.

use std::fmt::{self, Write};

use assay_exact::Refused;
use assay_exec::resident::DeviceFault;

/// A fault of what was given, found before anything is computed: where it is, and what it is. The text is one line.
#[derive(Debug)]
pub struct Invalid {
    /// The file or blob, as its owner knows it.
    pub file: String,
    /// The field in it: a JSON path, the name of a tensor, of a node.
    pub field: String,
    /// What is wrong there.
    pub problem: Problem,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names and messages quote what a file says.
        for c in format!("{}: {}: {}", self.file, self.field, self.problem).chars() {
            if c.is_control() {
                write!(f, "{}", c.escape_default())?;
            } else {
                f.write_char(c)?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Invalid {}

/// What is wrong with a field.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// Above a limit.
    #[error("{got} is above the limit {limit}")]
    Limit {
        /// The largest value allowed.
        limit: u64,
        /// The value given.
        got: u64,
    },
    /// Not the value that something else asks for.
    #[error("is {got}, expected {expected}")]
    Mismatch {
        /// What it must be.
        expected: String,
        /// What it is.
        got: String,
    },
    /// Needed and not there.
    #[error("is missing")]
    Missing,
    /// Names something that is not there, or not yet.
    #[error("refers to {0}, which is not there")]
    Unknown(String),
    /// There already.
    #[error("is there twice")]
    Duplicate,
    /// The bytes end too early.
    #[error("ends after {got} bytes, {expected} are needed")]
    Truncated {
        /// Bytes needed.
        expected: u64,
        /// Bytes there.
        got: u64,
    },
    /// Says the right thing in other bytes than the canonical ones.
    #[error("is not in the canonical form, at byte {0}")]
    NotCanonical(u64),
    /// A NaN or an infinity where only numbers may be.
    #[error("element {0} is not a finite number")]
    NotFinite(u64),
    /// What the file's format does not allow.
    #[error("{0}")]
    Format(String),
    /// What the numeric contract refuses.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The device that was to compute it gave no answer: there is no result, and another backend may give one.
    #[error(transparent)]
    Device(#[from] DeviceFault),
    /// The system could not read or write it.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Of a computation on what was given: a trap can only be a number that is none.
impl From<assay_exact::Error> for Problem {
    fn from(error: assay_exact::Error) -> Self {
        match error {
            assay_exact::Error::Refused(refused) => refused.into(),
            assay_exact::Error::Trap(trap) => Self::NotFinite(trap.index),
        }
    }
}

impl Problem {
    /// Puts the problem in its place.
    pub fn at(self, file: &str, field: impl Into<String>) -> Invalid {
        Invalid { file: file.into(), field: field.into(), problem: self }
    }

    /// Refuses what is above a limit.
    pub fn limit(limit: u64, got: u64) -> Result<(), Self> {
        if got > limit {
            return Err(Self::Limit { limit, got });
        }
        Ok(())
    }

    /// A value that is not the one expected.
    pub fn mismatch(expected: impl ToString, got: impl ToString) -> Self {
        Self::Mismatch { expected: expected.to_string(), got: got.to_string() }
    }
}

/// A numeric failure, which is a result of the job like any other: the lowest (step, unit, operator, index) over the
/// whole job, however it was split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, codec::Encode, codec::Decode)]
pub struct Trap {
    /// The forward pass of a generation, the step of a training, else 0.
    pub step: u64,
    /// The unit; [`Trap::NO_UNIT`] after all of them, in the update of the parameters.
    pub unit: u64,
    /// The operator in program order: forward node i is i; of n nodes, the backward form of node i is 2·n − i, with the
    /// sum of its output's gradients before it; n is the choice of a token, or the loss. Then the update: of p parameters,
    /// 2·n + 1 + stage·p + i is a stage for parameter i in the order of names. Stage 0 turns sums into means, 1 takes square
    /// norms, 2 clips (where the joint norm is not finite: parameter 0, index 0), 3 is the optimizer; 1 and 2 are left out
    /// where there is no limit, and keep their numbers.
    pub operator: u32,
    /// Row-major index in the operand.
    pub index: u64,
    /// NaN, infinity or bound, in this order: 0, 1, 2.
    pub kind: u8,
}

impl Trap {
    /// The unit of what comes after the units of a step.
    pub const NO_UNIT: u64 = u64::MAX;
}

/// Why a run gave no outputs.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// A result.
    #[error("trap {:?}", .0)]
    Trap(Trap),
    /// No result: the program or the machine is at fault.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}
