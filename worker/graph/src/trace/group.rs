//! Leaves of one value hashed together: as many of BLAKE3's compressions in one go as the processor has lanes for.
//!
//! A leaf and its place are a message of two chunks: 1 KiB, and as many bytes as the place has. The first chunks of some
//! leaves are hashed side by side, and so are the nodes above the two chunks. `blake3` does so for the chunks of one
//! message only, so what it builds that on is called here, which it does not document: tests hold every hash against the
//! documented function.

use blake3::platform::{le_bytes_from_words_32, Platform};
use blake3::IncrementCounter;
use codec::Encode;

use crate::root::Hash;
use crate::trace::tree::{Place, LEAF};

/// Leaves that are hashed in one go.
pub(super) const GROUP: usize = 16;

/// Floats of a whole leaf.
const FLOATS: usize = LEAF / 4;
/// Bytes of a compression.
const BLOCK: usize = 64;
/// The chaining value that every chunk and every node begins with.
const START: [u32; 8] =
    [0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19];
const CHUNK_START: u8 = 1;
const CHUNK_END: u8 = 1 << 1;
const PARENT: u8 = 1 << 2;
const ROOT: u8 = 1 << 3;

/// Hashes leaves, at most [`GROUP`], of which the first lies at `first`. All but the last have 1 KiB.
pub(super) fn hash(first: &Place, values: &[f32], hashes: &mut [Hash]) {
    // The place of every leaf of a value has as many bytes.
    let second = 1 + first.encoded_size();
    let whole = if second <= BLOCK { values.len() / FLOATS } else { 0 };
    let (together, alone) = hashes.split_at_mut(whole);
    if whole > 0 {
        hash_whole(first, second, &values[..whole * FLOATS], together);
    }
    let mut place = Place { offset: first.offset + (whole * LEAF) as u64, ..first.clone() };
    let mut leaf = [0; LEAF];
    for (values, hash) in values[whole * FLOATS..].chunks(FLOATS).zip(alone) {
        write(values, &mut leaf);
        *hash = place.leaf(&leaf[..4 * values.len()]);
        place.offset += LEAF as u64;
    }
}

/// Hashes whole leaves, of whose messages the second chunk has `second` bytes, at most a block.
fn hash_whole(first: &Place, second: usize, values: &[f32], hashes: &mut [Hash]) {
    let mut messages = [[0u8; LEAF + BLOCK]; GROUP];
    let messages = &mut messages[..hashes.len()];
    let (mut place, mut prefix) = (first.clone(), Vec::<u8>::with_capacity(BLOCK));
    for (message, values) in messages.iter_mut().zip(values.chunks_exact(FLOATS)) {
        prefix.clear();
        prefix.push(0);
        place.encode_to(&mut prefix);
        message[..second].copy_from_slice(&prefix);
        write(values, &mut message[second..second + LEAF]);
        place.offset += LEAF as u64;
    }
    let platform = Platform::detect();
    first_chunks(platform, messages, hashes);
    let mut nodes = [[0u8; BLOCK]; GROUP];
    for ((node, left), message) in nodes.iter_mut().zip(hashes.iter()).zip(messages.iter()) {
        node[..32].copy_from_slice(left);
        node[32..].copy_from_slice(&second_chunk(platform, message, second));
    }
    let nodes: Vec<&[u8; BLOCK]> = nodes.iter().take(hashes.len()).collect();
    let together = hashes.as_flattened_mut();
    platform.hash_many(&nodes, &START, 0, IncrementCounter::No, PARENT | ROOT, 0, 0, together);
}

/// Writes the chaining value of the first chunk of each message.
fn first_chunks(platform: Platform, messages: &[[u8; LEAF + BLOCK]], values: &mut [Hash]) {
    let chunks: Vec<&[u8; LEAF]> = messages.iter().filter_map(|message| message.first_chunk()).collect();
    let values = values.as_flattened_mut();
    platform.hash_many(&chunks, &START, 0, IncrementCounter::No, 0, CHUNK_START, CHUNK_END, values);
}

/// The chaining value of the second chunk of a message: a block, of which `len` bytes count and the others are zeros.
fn second_chunk(platform: Platform, message: &[u8; LEAF + BLOCK], len: usize) -> Hash {
    let mut value = START;
    if let Some(block) = message.last_chunk() {
        platform.compress_in_place(&mut value, block, len as u8, 1, CHUNK_START | CHUNK_END);
    }
    le_bytes_from_words_32(&value)
}

/// Writes floats as bytes.
fn write(values: &[f32], bytes: &mut [u8]) {
    let (words, _) = bytes.as_chunks_mut::<4>();
    for (word, x) in words.iter_mut().zip(values) {
        *word = x.to_le_bytes();
    }
}
