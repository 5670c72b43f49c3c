//! Roots that the chain computes itself, as the format of programs, jobs and results (`worker/graph`) lays them down.

use crate::{Digest, MAX_INLINE_OUTPUT};
use alloc::vec::Vec;
use codec::{DecodeLimit, Encode};
use sp_io::hashing::blake2_256;

/// An output: its name, its type, the sizes of its axes, its bytes.
type Output = (Vec<u8>, u8, Vec<u64>, Vec<u8>);

/// Most bytes of an output's name.
const MAX_NAME: usize = 128;

/// Most axes of an output.
const MAX_AXES: usize = 3;

/// How deep the file of the outputs is nested: vectors in a vector.
const DEPTH: u32 = 2;

/// The result root of outputs that are shown themselves: what a claim has to name that they are put on the chain for.
///
/// The outputs come as one file of at most [`MAX_INLINE_OUTPUT`] bytes: SCALE of a vector of (name, type, sizes of the
/// axes, bytes), in ascending order of the names. The root is blake2b-256 of the tag `assay/result/v1` and SCALE of the
/// same vector with the BLAKE3 of an output's bytes in their place.
///
/// `None` if it is no such file: longer than that or than what it encodes, cut off, out of order or with a name twice,
/// a name of more than 128 bytes, or more than three axes.
pub fn inline_root(file: &[u8]) -> Option<Digest> {
    if u32::try_from(file.len()).map_or(true, |len| len > MAX_INLINE_OUTPUT) {
        return None;
    }
    let mut rest = file;
    let outputs = Vec::<Output>::decode_all_with_depth_limit(DEPTH, &mut rest).ok()?;
    let fit = outputs.iter().all(|(name, _, axes, _)| name.len() <= MAX_NAME && axes.len() <= MAX_AXES);
    if !fit || !outputs.is_sorted_by(|(one, ..), (next, ..)| one < next) {
        return None;
    }
    let entries: Vec<_> = outputs
        .into_iter()
        .map(|(name, dtype, axes, bytes)| (name, dtype, axes, *blake3::hash(&bytes).as_bytes()))
        .collect();
    Some(blake2_256(&(b"assay/result/v1", entries).encode()))
}

/// The root of a trace: blake2b-256 of the tag `assay/trace/v1` and SCALE of the number of its leaves, the root over
/// them (zeros if there are none) and the result root.
pub fn trace_root(leaves: u64, root: &Digest, result: &Digest) -> Digest {
    blake2_256(&(b"assay/trace/v1", leaves, root, result).encode())
}
