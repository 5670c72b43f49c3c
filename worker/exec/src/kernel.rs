//! Which code does the inner loops, chosen at run time.

use std::fmt;
use std::str::FromStr;

use assay_exact::{
    magnitude, non_finite, Accumulator, Error, Precision, QuantRow, Quantised, Quantiser, TrapKind,
};

use crate::avx2::Avx2;
use crate::vnni::Vnni;

/// Q of the sums of a norm.
const NORM_BOUND: i32 = 32_767;

/// The instructions a [`crate::Cpu`] uses. The bytes are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// The reference, on pieces.
    Scalar,
    /// AVX2: `vpmaddwd` on i16 for products, eight floats at a time for the rest.
    Avx2,
    /// AVX-512 VNNI: `vpdpbusd` for products, sixteen floats at a time for the rest.
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
    /// How many columns behind the first those begin that the thread will most likely have next: they may lie in memory,
    /// and are asked for early. 0 if that is not known.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    pub(crate) ahead: usize,
}

/// Rows of an attention that share a key-value head: those of some queries, and of each of them of the same heads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stack {
    /// The first query.
    pub(crate) query: usize,
    /// The first head.
    pub(crate) head: usize,
    pub(crate) heads: usize,
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

    /// The most rows and columns of a [`Block`].
    pub(crate) fn block_size(self) -> [usize; 2] {
        match self {
            Self::Scalar => [16, 128],
            // Columns are packed once for each block: the more rows it has, the less that costs.
            Self::Avx2(_) | Self::Vnni(_) => [192, 64],
        }
    }

    /// Writes the block's sums Σ q·q′, row by row (`rows × cols`), into zeros. Both operands have the same depth.
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

    /// Quantises one vector into a slice per digit plane; gives its scale. If it is not finite, the scale is NaN, or the
    /// error is a trap.
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
            Self::Vnni(vnni) => Ok(vnni.quantise(x, precision, planes)),
        }
    }

    /// The largest magnitude as a bit pattern.
    fn magnitude(self, x: &[f32]) -> u32 {
        match self {
            Self::Scalar => magnitude(x.iter().copied()),
            Self::Avx2(avx2) => avx2.magnitude(x),
            Self::Vnni(vnni) => vnni.magnitude(x),
        }
    }

    /// Σq, Σq² and the scale of a row with Q = 32,767. If it is not finite, the scale is NaN.
    pub(crate) fn norm_sums(self, row: &[f32]) -> (i64, i64, f32) {
        let largest = self.magnitude(row);
        let quantiser = Quantiser::new(largest, NORM_BOUND);
        let scale = quantiser.scale();
        if scale == 0.0 || scale.is_nan() {
            return (0, 0, scale);
        }
        let inverse = NORM_BOUND as f32 / f32::from_bits(largest);
        let (sum, squares) = match self {
            Self::Scalar => row.iter().fold((0, 0), |(sum, squares), x| {
                let q = i64::from(quantiser.quantise(*x));
                (sum + q, squares + q * q)
            }),
            Self::Avx2(avx2) => avx2.norm_sums(row, inverse),
            Self::Vnni(vnni) => vnni.norm_sums(row, inverse),
        };
        (sum, squares, scale)
    }

    /// The contract's sum of a vector, f32(Σq)·s with Q = 2,088,895. If a float is not finite, it is NaN.
    pub(crate) fn sum(self, x: &[f32]) -> f32 {
        let largest = self.magnitude(x);
        let bound = Precision::I22.bound();
        let quantiser = Quantiser::new(largest, bound);
        let scale = quantiser.scale();
        if scale == 0.0 || scale.is_nan() {
            return scale;
        }
        let inverse = bound as f32 / f32::from_bits(largest);
        let sum: i64 = match self {
            Self::Scalar => x.iter().map(|x| i64::from(quantiser.quantise(*x))).sum(),
            Self::Avx2(avx2) => avx2.sum(x, inverse),
            Self::Vnni(vnni) => vnni.sum(x, inverse),
        };
        sum as f32 * scale
    }

    /// y = ((x − mean)·rstd)·γ + β; whether all of it is finite.
    pub(crate) fn normalise(
        self,
        x: &[f32],
        [mean, rstd]: [f32; 2],
        gamma: &[f32],
        beta: &[f32],
        y: &mut [f32],
    ) -> bool {
        match self {
            Self::Scalar => {
                for ((y, x), (gamma, beta)) in y.iter_mut().zip(x).zip(gamma.iter().zip(beta)) {
                    *y = ((x - mean) * rstd) * gamma + beta;
                }
                y.iter().all(|y| y.is_finite())
            }
            Self::Avx2(avx2) => avx2.normalise(x, [mean, rstd], gamma, beta, y),
            Self::Vnni(vnni) => vnni.normalise(x, [mean, rstd], gamma, beta, y),
        }
    }

    /// y = (x·rstd)·γ; whether all of it is finite.
    pub(crate) fn rescale(self, x: &[f32], rstd: f32, gamma: &[f32], y: &mut [f32]) -> bool {
        match self {
            Self::Scalar => {
                for ((y, x), gamma) in y.iter_mut().zip(x).zip(gamma) {
                    *y = (x * rstd) * gamma;
                }
                y.iter().all(|y| y.is_finite())
            }
            Self::Avx2(avx2) => avx2.rescale(x, rstd, gamma, y),
            Self::Vnni(vnni) => vnni.rescale(x, rstd, gamma, y),
        }
    }

    /// y = f32(sum)·(scale·s) + b for a part of a row; gives the first element that is not finite.
    pub(crate) fn dequantise<A: Accumulator>(
        self,
        sums: &[A],
        scale: f32,
        scales: &[f32],
        bias: Option<&[f32]>,
        y: &mut [f32],
    ) -> Option<(usize, TrapKind)> {
        let finite = match self {
            Self::Scalar => {
                for (i, ((y, sum), other)) in y.iter_mut().zip(sums).zip(scales).enumerate() {
                    let value = sum.to_f32() * (scale * other);
                    *y = bias.map_or(value, |bias| value + bias[i]);
                }
                false
            }
            Self::Avx2(avx2) => avx2.dequantise(sums, scale, scales, bias, y),
            Self::Vnni(vnni) => vnni.dequantise(sums, scale, scales, bias, y),
        };
        if finite {
            return None;
        }
        y.iter().enumerate().find_map(|(i, y)| non_finite(*y).map(|kind| (i, kind)))
    }
}
