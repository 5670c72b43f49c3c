//! Safetensors files: those of programs, inputs and results in the one form we write, and those of others for import.
//!
//! A file is the length of its header (u64, little-endian), the header in JSON, and the elements of all tensors. The
//! canonical form leaves nothing open: names in the order of their bytes, of each `dtype`, `shape`, `data_offsets` in
//! this order; no metadata; no spaces but those at the end that bring the header to a multiple of 8 bytes; the elements
//! in the order of the names, without gaps.
//!
//! Lengths, offsets and sizes are checked against the limits and the file before anything of their size is allocated.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};
use std::path::Path;

use ::safetensors::tensor::{Dtype as FileDtype, TensorInfo};
use half::{bf16, f16};
use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::canonical::MAX_BYTES;
use crate::error::{Invalid, Problem};
use crate::manifest::MAX_TENSORS;
use crate::package::{Reader, CONTENTS, MAX_BLOB};
use crate::tensor::{elements, Dtype, Tensor, Tensors};

/// Bytes before the header.
const LENGTH: usize = 8;
/// The entry of a header that is no tensor.
const METADATA: &str = "__metadata__";

/// Writes tensors in the canonical form.
pub fn write(tensors: &Tensors) -> Vec<u8> {
    let size = |tensor: &Tensor| tensor.len() * tensor.dtype().size();
    let listed = tensors.iter();
    let header = canonical_header(listed.map(|(name, tensor)| Listing {
        name,
        dtype: tensor.dtype(),
        shape: &tensor.shape,
        size: size(tensor),
    }));
    let data: usize = tensors.values().map(size).sum();
    let mut bytes = Vec::with_capacity(LENGTH + header.len() + data);
    bytes.extend((header.len() as u64).to_le_bytes());
    bytes.extend(header);
    for tensor in tensors.values() {
        tensor.each_piece(|piece| bytes.extend_from_slice(piece));
    }
    bytes
}

/// Reads a file in the canonical form, and refuses any other; `file` is for errors. Floats may be NaN or infinite: what
/// may not hold those refuses them itself.
pub fn read(file: &str, bytes: &[u8]) -> Result<Tensors, Invalid> {
    let mut source = bytes;
    read_from(file, bytes.len() as u64, &mut source)
}

/// As [`read`], from a file of `size` bytes. Its header must be true and canonical before an element is read, and nothing
/// of the file is there twice.
pub(crate) fn read_from(file: &str, size: u64, source: &mut dyn Read) -> Result<Tensors, Invalid> {
    let failed = |error: io::Error| Problem::from(error).at(file, CONTENTS);
    let mut start = vec![0; size.min(LENGTH as u64) as usize];
    source.read_exact(&mut start).map_err(failed)?;
    let end = header_end(file, &start, size)?;
    let mut header = vec![0; end - LENGTH];
    source.read_exact(&mut header).map_err(failed)?;
    let infos = stated(file, &header, size - end as u64)?;
    let mut listed = Vec::with_capacity(infos.len());
    for (name, info) in &infos {
        let dtype =
            dtype(info.dtype).map_err(|problem| problem.at(file, format!("tensor {name:?}, dtype")))?;
        listed.push((name, dtype, shape(info), info.data_offsets.1 - info.data_offsets.0));
    }
    let canonical = canonical_header(listed.iter().map(|(name, dtype, shape, size)| Listing {
        name,
        dtype: *dtype,
        shape,
        size: *size,
    }));
    if let Some(at) = first_difference(&canonical, &header) {
        return Err(Problem::NotCanonical((LENGTH + at) as u64).at(file, "header"));
    }
    // In the canonical form, elements come in the order of the names.
    let mut tensors = Tensors::new();
    for (name, dtype, shape, size) in listed {
        let tensor = Tensor::read(dtype, &shape, size / dtype.size(), source).map_err(failed)?;
        tensors.insert(name.clone(), tensor);
    }
    Ok(tensors)
}

/// Any safetensors file, for import.
#[derive(Clone, Debug)]
pub struct Source {
    file: String,
    bytes: Vec<u8>,
    /// Where the header ends.
    data: usize,
    tensors: BTreeMap<String, TensorInfo>,
}

impl Source {
    /// Reads a file.
    pub fn open(path: &Path) -> Result<Self, Invalid> {
        let bytes = read_file(path, |size| Problem::limit(MAX_BLOB, size))?;
        Self::new(path.display().to_string(), bytes)
    }

    /// Of a file's bytes; `file` is for errors.
    pub fn new(file: String, bytes: Vec<u8>) -> Result<Self, Invalid> {
        let data = header_end(&file, &bytes, bytes.len() as u64)?;
        let tensors = stated(&file, &bytes[LENGTH..data], (bytes.len() - data) as u64)?;
        Ok(Self { file, bytes, data, tensors })
    }

    /// The names of its tensors, in the order of their bytes.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// The elements of an F32, F16 or BF16 tensor, widened exactly. It must have this shape and be finite.
    pub fn float(&self, name: &str, expected: &[u64]) -> Result<Vec<f32>, Invalid> {
        let place = |problem: Problem| problem.at(&self.file, format!("tensor {name:?}"));
        let info = self.tensors.get(name).ok_or_else(|| place(Problem::Missing))?;
        let found = shape(info);
        if found != expected {
            return Err(place(Problem::mismatch(format!("{expected:?}"), format!("{found:?}"))));
        }
        let (start, end) = info.data_offsets;
        let values = widen(info.dtype, &self.bytes[self.data + start..self.data + end]).map_err(place)?;
        match values.iter().position(|x| !x.is_finite()) {
            Some(index) => Err(place(Problem::NotFinite(index as u64))),
            None => Ok(values),
        }
    }
}

/// Reads a file whose size passes a check. What comes after the header is read if the header is true.
pub(crate) fn read_file(
    path: &Path,
    check: impl FnOnce(u64) -> Result<(), Problem>,
) -> Result<Vec<u8>, Invalid> {
    let file = path.display().to_string();
    let mut reader = Reader::open(path, check)?;
    reader.read_to(LENGTH as u64)?;
    let end = header_end(&file, &reader.bytes, reader.size)?;
    reader.read_to(end as u64)?;
    stated(&file, &reader.bytes[LENGTH..end], reader.size - end as u64)?;
    reader.read_to(reader.size)?;
    Ok(reader.bytes)
}

/// Where the header ends, which begins at [`LENGTH`], by the first bytes of a file of `size` bytes.
fn header_end(file: &str, start: &[u8], size: u64) -> Result<usize, Invalid> {
    let invalid = |problem: Problem| problem.at(file, "header");
    let Some(length) = start.first_chunk::<LENGTH>() else {
        return Err(invalid(Problem::Truncated { expected: LENGTH as u64, got: size }));
    };
    let length = u64::from_le_bytes(*length);
    Problem::limit(MAX_BYTES, length).map_err(invalid)?;
    let end = LENGTH as u64 + length;
    if end > size {
        return Err(invalid(Problem::Truncated { expected: end, got: size }));
    }
    Ok(end as usize)
}

/// The tensors that a header states, which it must do truly of the `available` bytes after it.
fn stated(file: &str, header: &[u8], available: u64) -> Result<BTreeMap<String, TensorInfo>, Invalid> {
    let Listed { tensors, count, twice } = serde_json::from_slice(header)
        .map_err(|error| Problem::Format(error.to_string()).at(file, "header"))?;
    Problem::limit(MAX_TENSORS, count).map_err(|problem| problem.at(file, "number of tensors"))?;
    if let Some(name) = twice {
        return Err(Problem::Duplicate.at(file, format!("tensor {name:?}")));
    }
    check(&tensors, available).map_err(|(field, problem)| problem.at(file, field))?;
    Ok(tensors)
}

/// Checks that the elements of the tensors follow one another without gaps up to the end of the file, each tensor's as
/// long as its type and shape say. Gives the field that is wrong.
fn check(tensors: &BTreeMap<String, TensorInfo>, available: u64) -> Result<(), (String, Problem)> {
    let mut by_offset: Vec<(&String, &TensorInfo)> = tensors.iter().collect();
    by_offset.sort_by_key(|(_, info)| info.data_offsets);
    let mut end = 0;
    for (name, info) in by_offset {
        let fault = |field: &str, problem| Err((format!("tensor {name:?}, {field}"), problem));
        let (start, stop) = (info.data_offsets.0 as u64, info.data_offsets.1 as u64);
        let Some(expected) = stated_size(info).and_then(|size| size.checked_add(end)) else {
            return fault("shape", Problem::Limit { limit: isize::MAX as u64, got: u64::MAX });
        };
        if (start, stop) != (end, expected) {
            let problem = Problem::mismatch(format!("[{end}, {expected}]"), format!("[{start}, {stop}]"));
            return fault("data_offsets", problem);
        }
        if stop > available {
            return fault("data_offsets", Problem::Truncated { expected: stop, got: available });
        }
        end = stop;
    }
    if end != available {
        let problem = Problem::mismatch(format!("{end} bytes"), format!("{available} bytes"));
        return Err(("data".into(), problem));
    }
    Ok(())
}

/// The bytes of a tensor as its type and shape say.
fn stated_size(info: &TensorInfo) -> Option<u64> {
    let bits = elements(&shape(info))?.checked_mul(info.dtype.bitsize() as u64)?;
    Some(bits.div_ceil(8))
}

fn shape(info: &TensorInfo) -> Vec<u64> {
    info.shape.iter().map(|size| *size as u64).collect()
}

/// What a canonical header says of a tensor.
struct Listing<'a> {
    name: &'a str,
    dtype: Dtype,
    shape: &'a [u64],
    /// In bytes.
    size: usize,
}

/// The header of tensors, given in the order of their names.
fn canonical_header<'a>(tensors: impl Iterator<Item = Listing<'a>>) -> Vec<u8> {
    let mut text = String::from("{");
    let mut end = 0;
    for Listing { name, dtype, shape, size } in tensors {
        if text.len() > 1 {
            text.push(',');
        }
        let start = end;
        end += size;
        let (name, dtype) = (serde_json::Value::from(name), dtype.name());
        let shape: Vec<String> = shape.iter().map(u64::to_string).collect();
        let shape = shape.join(",");
        text += &format!(r#"{name}:{{"dtype":"{dtype}","shape":[{shape}],"data_offsets":[{start},{end}]}}"#);
    }
    text.push('}');
    let mut header = text.into_bytes();
    header.resize(header.len().next_multiple_of(8), b' ');
    header
}

/// Where two texts differ first.
fn first_difference(a: &[u8], b: &[u8]) -> Option<usize> {
    let end = a.len().min(b.len());
    let in_common = a.iter().zip(b).position(|(a, b)| a != b);
    in_common.or((a.len() != b.len()).then_some(end))
}

fn dtype(of_file: FileDtype) -> Result<Dtype, Problem> {
    match of_file {
        FileDtype::F32 => Ok(Dtype::F32),
        FileDtype::I8 => Ok(Dtype::I8),
        FileDtype::U8 => Ok(Dtype::U8),
        FileDtype::U32 => Ok(Dtype::U32),
        other => Err(Problem::mismatch("F32, I8, U8 or U32", other)),
    }
}

fn widen(dtype: FileDtype, bytes: &[u8]) -> Result<Vec<f32>, Problem> {
    let pairs = || bytes.chunks_exact(2).map(|pair| [pair[0], pair[1]]);
    let words = || bytes.chunks_exact(4).map(|word| [word[0], word[1], word[2], word[3]]);
    match dtype {
        FileDtype::F32 => Ok(words().map(f32::from_le_bytes).collect()),
        FileDtype::F16 => Ok(pairs().map(|pair| f16::from_le_bytes(pair).to_f32()).collect()),
        FileDtype::BF16 => Ok(pairs().map(|pair| bf16::from_le_bytes(pair).to_f32()).collect()),
        other => Err(Problem::mismatch("F32, F16 or BF16", other)),
    }
}

/// What a header lists. Tensors over the limit are counted and not kept.
#[derive(Default)]
struct Listed {
    tensors: BTreeMap<String, TensorInfo>,
    count: u64,
    /// A name that is there twice.
    twice: Option<String>,
}

impl<'de> Deserialize<'de> for Listed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ListedVisitor)
    }
}

struct ListedVisitor;

impl<'de> Visitor<'de> for ListedVisitor {
    type Value = Listed;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Listed, A::Error> {
        let mut listed = Listed::default();
        while let Some(name) = map.next_key::<String>()? {
            let is_tensor = name != METADATA;
            listed.count += u64::from(is_tensor);
            if !is_tensor || listed.count > MAX_TENSORS {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let info = map.next_value();
            let info = info.map_err(|error| A::Error::custom(format!("tensor {name:?}: {error}")))?;
            if listed.tensors.insert(name.clone(), info).is_some() {
                listed.twice = Some(name);
            }
        }
        Ok(listed)
    }
}
