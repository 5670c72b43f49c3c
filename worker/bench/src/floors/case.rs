//! A kernel at one shape.

use assay_exact::Error;
use assay_exec::Cpu;

use crate::floors::work::Work;

/// A kernel with operands of its own, which can be done again and again.
pub struct Case<'a> {
    pub kernel: &'static str,
    /// For people.
    pub shape: String,
    pub work: Work,
    pub run: Box<dyn FnMut() -> Result<(), Error> + 'a>,
}

/// Makes a case, and its operands.
pub type Make = for<'a> fn(&'a Cpu) -> Result<Case<'a>, Error>;

impl<'a> Case<'a> {
    pub fn new(
        kernel: &'static str,
        shape: String,
        work: Work,
        run: impl FnMut() -> Result<(), Error> + 'a,
    ) -> Self {
        Self { kernel, shape, work, run: Box::new(run) }
    }
}

/// Rows and columns of what is computed element by element or row by row, with three tensors of it in the second cache:
/// the width of a decoder of 100 million parameters or so.
pub const ROWS: usize = 32;
pub const COLS: usize = 1024;
pub const ELEMENTS: usize = ROWS * COLS;

/// "`ROWS × COLS`".
pub fn matrix() -> String {
    format!("{ROWS} × {COLS}")
}

/// eˣ: x·log₂e and its rounding (2), the rest of x (4), its square, a polynomial of degree 4, their product and two
/// sums (12), ·2ᵏ (1), k as an integer (1); the exponent's bits (2), two bounds and what they choose (3).
pub const EXP: Work = Work::steps(20.0, 5.0);

/// eˣ of what is at most 0: a bound (1), x·log₂e to an integer and back (3), the rest of x (4), the polynomial as above
/// (12); the exponent's bits (2).
pub const EXP_OF_NEGATIVE: Work = Work::steps(20.0, 2.0);

/// A float to an integer of one digit: its magnitude (2 of integers), ·Q/absmax and conversion (2), a byte (1). What is
/// multiplied by Q/absmax needs no clamping.
pub const QUANTISE: Work = Work::steps(2.0, 3.0);

/// The same to two digits: +64, mask, −64, difference, shift, a byte more.
pub const QUANTISE_TWO: Work = Work::steps(2.0, 9.0);

/// (f32(acc)·(sx·sw)): conversion and two products.
pub const DEQUANTISE: Work = Work::steps(3.0, 0.0);

/// Whether a result is finite.
pub const CHECK: Work = Work::steps(0.0, 1.0);
