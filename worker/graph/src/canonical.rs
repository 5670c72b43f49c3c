//! Canonical JSON: the one way to write a manifest, so that its hash is that of what it says.
//!
//! No spaces; the keys of an object in the order of their bytes; integers below 2⁵³; floats as the bits of a binary32 in
//! eight hexadecimal digits, hashes in 64, lower case; absent optional fields are null. A manifest that, read and written
//! again, gives other bytes (a key twice, unknown or out of order, a space, an escape that need not be) is refused.

use std::fmt::Display;
use std::io::{self, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::ser::{CompactFormatter, Formatter};

use crate::error::{Invalid, Problem};
use crate::root::Hash;

/// Most bytes of a manifest, and of a safetensors header.
pub const MAX_BYTES: u64 = 16 << 20;
/// Integers are below this.
const MAX_INTEGER: u64 = 1 << 53;

/// Reads a manifest; `file` is for the error.
pub fn read<T: Serialize + DeserializeOwned>(file: &str, bytes: &[u8]) -> Result<T, Invalid> {
    Problem::limit(MAX_BYTES, bytes.len() as u64).map_err(|problem| problem.at(file, "size in bytes"))?;
    let manifest = serde_json::from_slice(bytes)
        .map_err(|error| Problem::Format(error.to_string()).at(file, "manifest"))?;
    let again = write(file, &manifest)?;
    match again.iter().zip(bytes).position(|(a, b)| a != b) {
        Some(at) => Err(Problem::NotCanonical(at as u64).at(file, "manifest")),
        None if again.len() != bytes.len() => {
            Err(Problem::NotCanonical(again.len().min(bytes.len()) as u64).at(file, "manifest"))
        }
        None => Ok(manifest),
    }
}

/// Writes a manifest. Its types declare their fields in the order of their names' bytes, and hold no float.
pub fn write<T: Serialize>(file: &str, manifest: &T) -> Result<Vec<u8>, Invalid> {
    let mut text = Vec::new();
    manifest
        .serialize(&mut serde_json::Serializer::with_formatter(&mut text, Integers))
        .map_err(|error| Problem::Format(error.to_string()).at(file, "manifest"))?;
    Ok(text)
}

/// JSON without spaces and without other numbers than integers below the limit.
struct Integers;

macro_rules! refuse {
    ($($method:ident($number:ty))*) => { $(
        fn $method<W: ?Sized + Write>(&mut self, _: &mut W, number: $number) -> io::Result<()> {
            Err(no_integer(number))
        }
    )* };
}

impl Formatter for Integers {
    fn write_u64<W: ?Sized + Write>(&mut self, writer: &mut W, number: u64) -> io::Result<()> {
        if number < MAX_INTEGER {
            CompactFormatter.write_u64(writer, number)
        } else {
            Err(no_integer(number))
        }
    }

    refuse! {
        write_i8(i8) write_i16(i16) write_i32(i32) write_i64(i64) write_i128(i128) write_u128(u128)
        write_f32(f32) write_f64(f64) write_number_str(&str)
    }
}

fn no_integer(number: impl Display) -> io::Error {
    io::Error::other(format!("{number} is no integer from 0 to 2^53 - 1"))
}

/// A float of a manifest: its bits in eight hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Float(u32);

impl Float {
    /// Of a value.
    pub fn new(value: f32) -> Self {
        Self(value.to_bits())
    }

    /// Its value.
    pub fn get(self) -> f32 {
        f32::from_bits(self.0)
    }
}

impl Serialize for Float {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(self.0.to_be_bytes()))
    }
}

impl<'de> Deserialize<'de> for Float {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bytes(deserializer).map(u32::from_be_bytes).map(Self)
    }
}

/// BLAKE3 of a blob or of a tensor's bytes: 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest(pub Hash);

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(self.0))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bytes(deserializer).map(Self)
    }
}

fn bytes<'de, D: Deserializer<'de>, const N: usize>(deserializer: D) -> Result<[u8; N], D::Error> {
    let text = String::deserialize(deserializer)?;
    let mut bytes = [0; N];
    hex::decode_to_slice(&text, &mut bytes)
        .map_err(|_| serde::de::Error::custom(format!("{text:?} is not {} hexadecimal digits", 2 * N)))?;
    Ok(bytes)
}
