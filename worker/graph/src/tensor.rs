//! Tensors by name, as files hold them and hashes cover them.

use std::collections::BTreeMap;
use std::io::{self, Read};

use serde::{Deserialize, Serialize};

use crate::error::Problem;

/// Bytes of elements that are there twice while they are read or hashed: sixteen chunks of BLAKE3, which it takes at once.
const PIECE: usize = 16 << 10;

/// Element types that programs, inputs and results may have; all of them little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Dtype {
    /// IEEE-754 binary32.
    F32 = 0,
    /// Two's complement.
    I8 = 1,
    /// Unsigned.
    U8 = 2,
    /// Unsigned.
    U32 = 3,
}

impl Dtype {
    /// Bytes of an element.
    pub fn size(self) -> usize {
        match self {
            Self::F32 | Self::U32 => 4,
            Self::I8 | Self::U8 => 1,
        }
    }

    /// The name that safetensors files give it.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::I8 => "I8",
            Self::U8 => "U8",
            Self::U32 => "U32",
        }
    }
}

/// Elements of one type.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// [`Dtype::F32`].
    F32(Vec<f32>),
    /// [`Dtype::I8`].
    I8(Vec<i8>),
    /// [`Dtype::U8`].
    U8(Vec<u8>),
    /// [`Dtype::U32`].
    U32(Vec<u32>),
}

/// A row-major tensor without padding.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Sizes of the axes.
    pub shape: Vec<u64>,
    /// As many elements as the product of `shape`.
    pub data: Data,
}

/// Tensors in the order of their names' bytes.
pub type Tensors = BTreeMap<String, Tensor>;

/// The elements of a shape, if they can be counted.
pub fn elements(shape: &[u64]) -> Option<u64> {
    shape.iter().try_fold(1u64, |product, size| product.checked_mul(*size))
}

impl Tensor {
    /// Floats of a shape.
    pub fn f32(shape: &[u64], data: Vec<f32>) -> Self {
        Self { shape: shape.into(), data: Data::F32(data) }
    }

    /// Digits of a shape.
    pub fn i8(shape: &[u64], data: Vec<i8>) -> Self {
        Self { shape: shape.into(), data: Data::I8(data) }
    }

    /// Bytes of a shape.
    pub fn u8(shape: &[u64], data: Vec<u8>) -> Self {
        Self { shape: shape.into(), data: Data::U8(data) }
    }

    /// Indices of a shape.
    pub fn u32(shape: &[u64], data: Vec<u32>) -> Self {
        Self { shape: shape.into(), data: Data::U32(data) }
    }

    /// Reads elements from their bytes, whose number the caller has checked against the shape.
    pub fn from_bytes(dtype: Dtype, shape: &[u64], bytes: &[u8]) -> Self {
        let words = || bytes.chunks_exact(4).map(|word| [word[0], word[1], word[2], word[3]]);
        let data = match dtype {
            Dtype::F32 => Data::F32(words().map(f32::from_le_bytes).collect()),
            Dtype::I8 => Data::I8(bytes.iter().map(|byte| i8::from_le_bytes([*byte])).collect()),
            Dtype::U8 => Data::U8(bytes.to_vec()),
            Dtype::U32 => Data::U32(words().map(u32::from_le_bytes).collect()),
        };
        Self { shape: shape.into(), data }
    }

    /// Reads `len` elements, a number that the caller has checked against the shape.
    pub(crate) fn read(dtype: Dtype, shape: &[u64], len: usize, source: &mut dyn Read) -> io::Result<Self> {
        let data = match dtype {
            Dtype::F32 => Data::F32(read_pieces(len, f32::from_le_bytes, source)?),
            Dtype::I8 => Data::I8(read_pieces(len, i8::from_le_bytes, source)?),
            Dtype::U8 => Data::U8(read_pieces(len, u8::from_le_bytes, source)?),
            Dtype::U32 => Data::U32(read_pieces(len, u32::from_le_bytes, source)?),
        };
        Ok(Self { shape: shape.into(), data })
    }

    /// The type of its elements.
    pub fn dtype(&self) -> Dtype {
        match self.data {
            Data::F32(_) => Dtype::F32,
            Data::I8(_) => Dtype::I8,
            Data::U8(_) => Dtype::U8,
            Data::U32(_) => Dtype::U32,
        }
    }

    /// The number of its elements.
    pub fn len(&self) -> usize {
        match &self.data {
            Data::F32(data) => data.len(),
            Data::I8(data) => data.len(),
            Data::U8(data) => data.len(),
            Data::U32(data) => data.len(),
        }
    }

    /// Whether it has no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its elements' bytes: what is stored and hashed.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.len() * self.dtype().size());
        self.each_piece(|piece| bytes.extend_from_slice(piece));
        bytes
    }

    /// Hands on its elements' bytes, piece by piece.
    pub(crate) fn each_piece(&self, take: impl FnMut(&[u8])) {
        match &self.data {
            Data::F32(data) => each_piece(data, f32::to_le_bytes, take),
            Data::I8(data) => each_piece(data, i8::to_le_bytes, take),
            Data::U8(data) => each_piece(data, u8::to_le_bytes, take),
            Data::U32(data) => each_piece(data, u32::to_le_bytes, take),
        }
    }

    /// BLAKE3 of its bytes.
    pub fn hash(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        self.each_piece(|piece| {
            hasher.update(piece);
        });
        *hasher.finalize().as_bytes()
    }

    /// Its floats, if it holds floats.
    pub fn as_f32(&self) -> Result<&[f32], Problem> {
        match &self.data {
            Data::F32(data) => Ok(data),
            _ => Err(Problem::mismatch(Dtype::F32.name(), self.dtype().name())),
        }
    }

    /// Its indices, if it holds indices.
    pub fn as_u32(&self) -> Result<&[u32], Problem> {
        match &self.data {
            Data::U32(data) => Ok(data),
            _ => Err(Problem::mismatch(Dtype::U32.name(), self.dtype().name())),
        }
    }
}

/// BLAKE3 of the bytes of floats, as [`Tensor::hash`] of a tensor that has them.
pub(crate) fn hash_floats(floats: &[f32]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    each_piece(floats, f32::to_le_bytes, |piece| {
        hasher.update(piece);
    });
    *hasher.finalize().as_bytes()
}

/// Reads elements of N bytes each. As many as there should be are asked for at once: memory that the system has not
/// is an error, and none is left over.
fn read_pieces<T, const N: usize>(
    len: usize,
    element: impl Fn([u8; N]) -> T,
    source: &mut dyn Read,
) -> io::Result<Vec<T>> {
    let mut elements = Vec::new();
    elements.try_reserve_exact(len)?;
    let mut piece = [0u8; PIECE];
    while elements.len() < len {
        let piece = &mut piece[..N * (len - elements.len()).min(PIECE / N)];
        source.read_exact(piece)?;
        let (bytes, _) = piece.as_chunks::<N>();
        elements.extend(bytes.iter().map(|bytes| element(*bytes)));
    }
    Ok(elements)
}

/// Hands on the bytes of elements of N bytes each.
fn each_piece<T: Copy, const N: usize>(
    elements: &[T],
    bytes: impl Fn(T) -> [u8; N],
    mut take: impl FnMut(&[u8]),
) {
    let mut piece = [0u8; PIECE];
    for elements in elements.chunks(PIECE / N) {
        let (places, _) = piece.as_chunks_mut::<N>();
        for (place, element) in places.iter_mut().zip(elements) {
            *place = bytes(*element);
        }
        take(&piece[..N * elements.len()]);
    }
}
