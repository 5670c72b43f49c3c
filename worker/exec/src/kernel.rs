//! Which code does the inner loops, chosen at run time.

use std::fmt;
use std::str::FromStr;

use assay_exact::{Error, Precision, QuantRow, Quantised};

use crate::avx2::Avx2;

/// The instructions a [`crate::Cpu`] uses. The bytes are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// The reference, on pieces.
    Scalar,
    /// AVX2: `vpmaddwd` on i16 for products.
    Avx2,
}

impl Path {
    /// The fastest that this processor has.
    pub fn best() -> Self {
        if Self::Avx2.is_available() {
            Self::Avx2
        } else {
            Self::Scalar
        }
    }

    /// Whether this processor has it.
    pub fn is_available(self) -> bool {
        Kernel::new(self).is_some()
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scalar => "scalar",
            Self::Avx2 => "avx2",
        })
    }
}

/// A name that is no path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownPath(pub String);

impl fmt::Display for UnknownPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no CPU path: scalar or avx2", self.0)
    }
}

impl std::error::Error for UnknownPath {}

impl FromStr for Path {
    type Err = UnknownPath;

    /// The value of a flag: `scalar` or `avx2`.
    fn from_str(name: &str) -> Result<Self, UnknownPath> {
        [Self::Scalar, Self::Avx2]
            .into_iter()
            .find(|path| path.to_string() == name)
            .ok_or_else(|| UnknownPath(name.into()))
    }
}

/// A path that this processor has.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kernel {
    Scalar,
    Avx2(Avx2),
}

/// A rectangle of a product.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    /// First row.
    pub(crate) row: usize,
    pub(crate) rows: usize,
    /// First column.
    pub(crate) col: usize,
    pub(crate) cols: usize,
}

impl Kernel {
    pub(crate) fn new(path: Path) -> Option<Self> {
        match path {
            Path::Scalar => Some(Self::Scalar),
            Path::Avx2 => Avx2::detect().map(Self::Avx2),
        }
    }

    pub(crate) fn path(self) -> Path {
        match self {
            Self::Scalar => Path::Scalar,
            Self::Avx2(_) => Path::Avx2,
        }
    }

    /// Writes the block's sums Σ q·q′, row by row (`rows × cols`). Both operands have the same depth.
    pub(crate) fn block(self, a: &Quantised<'_>, b: &Quantised<'_>, block: &Block, sums: &mut [i64]) {
        match self {
            Self::Scalar => {
                for (at, sum) in sums.iter_mut().enumerate() {
                    *sum = a.dot(block.row + at / block.cols, b, block.col + at % block.cols);
                }
            }
            Self::Avx2(avx2) => avx2.block(a, b, block, sums),
        }
    }

    /// Quantises one vector of finite floats into a slice per digit plane; gives its scale.
    pub(crate) fn quantise(
        self,
        x: &[f32],
        precision: Precision,
        planes: &mut [&mut [i8]],
    ) -> Result<f32, Error> {
        match self {
            Self::Scalar => {
                let mut digits = vec![0; precision.digits() * x.len()];
                let mut scale = [0.0];
                QuantRow::new(1, x.len(), precision)?.forward(x, &mut digits, &mut scale)?;
                for (plane, digits) in planes.iter_mut().zip(digits.chunks_exact(x.len())) {
                    plane.copy_from_slice(digits);
                }
                Ok(scale[0])
            }
            Self::Avx2(avx2) => Ok(avx2.quantise(x, precision, planes)),
        }
    }
}
