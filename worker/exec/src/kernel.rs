//! Which code does the inner loops, chosen at run time.

use std::fmt;
use std::str::FromStr;

use assay_exact::{dequantise, non_finite, Error, Precision, QuantRow, Quantised, TrapKind};

use crate::avx2::Avx2;
use crate::vnni::Vnni;

/// The instructions a [`crate::Cpu`] uses. The bytes are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// The reference, on pieces.
    Scalar,
    /// AVX2: `vpmaddwd` on i16 for products.
    Avx2,
    /// AVX-512 VNNI: `vpdpbusd` for products, AVX2 for the rest.
    Vnni,
}

impl Path {
    /// All there are, the slowest first.
    pub const ALL: [Self; 3] = [Self::Scalar, Self::Avx2, Self::Vnni];

    /// The fastest that this processor has.
    pub fn best() -> Self {
        Self::ALL.into_iter().rfind(|path| path.is_available()).unwrap_or(Self::Scalar)
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
            Self::Vnni => "vnni",
        })
    }
}

/// A name that is no path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownPath(pub String);

impl fmt::Display for UnknownPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no CPU path: scalar, avx2 or vnni", self.0)
    }
}

impl std::error::Error for UnknownPath {}

impl FromStr for Path {
    type Err = UnknownPath;

    /// The value of a flag: `scalar`, `avx2` or `vnni`.
    fn from_str(name: &str) -> Result<Self, UnknownPath> {
        Self::ALL.into_iter().find(|path| path.to_string() == name).ok_or_else(|| UnknownPath(name.into()))
    }
}

/// A path that this processor has.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kernel {
    Scalar,
    Avx2(Avx2),
    Vnni(Vnni),
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
            Path::Vnni => Vnni::detect().map(Self::Vnni),
        }
    }

    pub(crate) fn path(self) -> Path {
        match self {
            Self::Scalar => Path::Scalar,
            Self::Avx2(_) => Path::Avx2,
            Self::Vnni(_) => Path::Vnni,
        }
    }

    /// AVX2, where the path has it.
    pub(crate) fn avx2(self) -> Option<Avx2> {
        match self {
            Self::Scalar => None,
            Self::Avx2(avx2) => Some(avx2),
            Self::Vnni(vnni) => Some(vnni.avx2()),
        }
    }

    /// The most rows and columns of a [`Block`].
    pub(crate) fn block_size(self) -> [usize; 2] {
        match self {
            Self::Scalar | Self::Avx2(_) => [16, 128],
            // Columns are packed once for each block: the more rows it has, the less that costs.
            Self::Vnni(_) => [192, 64],
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
            Self::Vnni(vnni) => vnni.block(a, b, block, sums),
        }
    }

    /// Quantises one vector of finite floats into a slice per digit plane; gives its scale.
    pub(crate) fn quantise(
        self,
        x: &[f32],
        precision: Precision,
        planes: &mut [&mut [i8]],
    ) -> Result<f32, Error> {
        match self.avx2() {
            None => {
                let mut digits = vec![0; precision.digits() * x.len()];
                let mut scale = [0.0];
                QuantRow::new(1, x.len(), precision)?.forward(x, &mut digits, &mut scale)?;
                for (plane, digits) in planes.iter_mut().zip(digits.chunks_exact(x.len())) {
                    plane.copy_from_slice(digits);
                }
                Ok(scale[0])
            }
            Some(avx2) => Ok(avx2.quantise(x, precision, planes)),
        }
    }

    /// y = f32(sum)·(scale·s) + b for a part of a row; gives the first element that is not finite.
    pub(crate) fn dequantise(
        self,
        sums: &[i64],
        scale: f32,
        scales: &[f32],
        bias: Option<&[f32]>,
        y: &mut [f32],
    ) -> Option<(usize, TrapKind)> {
        if let Self::Vnni(vnni) = self {
            if vnni.dequantise(sums, scale, scales, bias, y) {
                return None;
            }
        } else {
            for (i, ((y, sum), other)) in y.iter_mut().zip(sums).zip(scales).enumerate() {
                let value = dequantise(*sum, scale, *other);
                *y = bias.map_or(value, |bias| value + bias[i]);
            }
        }
        y.iter().enumerate().find_map(|(i, y)| non_finite(*y).map(|kind| (i, kind)))
    }
}
