//! Draws: what the chance of blocks decides. Each draw has its own seed, and all that it decides follows from that.
//!
//! Hashes are blake2b-256 of a tag and the SCALE encoding of the arguments, in their order.

use crate::policy::LEAVES;
use alloc::{collections::BTreeSet, vec::Vec};
use assay_primitives::{Digest, JobId};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_arithmetic::Perbill;

/// Tickets of a lot, of which an audit takes its parts per billion.
const PARTS: u64 = 1_000_000_000;

/// What a draw decides. Two draws of one job never share a seed.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Purpose {
    /// The first seats.
    #[codec(index = 0)]
    Seats,
    /// A seat in the place of one that missed or declined.
    #[codec(index = 1)]
    Refill,
    /// Whether the job is audited.
    #[codec(index = 2)]
    Lot,
    /// The seat that audits it.
    #[codec(index = 3)]
    Audit,
    /// The seats that decide a mismatch.
    #[codec(index = 4)]
    Fresh,
    /// The leaves of their traces that fresh seats open.
    #[codec(index = 5)]
    Leaves,
}

/// The seed of a draw: the hash of the tag `assay/draw/v1`, the chance of the blocks after the event that made the draw
/// due, the job, how many of its draws came before, and the purpose.
pub fn seed(chance: &Digest, job: JobId, attempt: u32, purpose: Purpose) -> Digest {
    blake2_256(&(b"assay/draw/v1", chance, job, attempt, purpose).encode())
}

/// A ticket below `total`, for a try to fill a slot; `None` where the total is zero.
///
/// The first 16 bytes, little-endian, of the hash of the tag `assay/ticket/v1`, seed, slot and attempt, modulo the
/// total: no ticket is likelier than another by more than 2⁻¹²⁸, and a set of tickets by less than 2⁻⁶⁴.
pub fn ticket(seed: &Digest, slot: u8, attempt: u32, total: u64) -> Option<u64> {
    let hash = blake2_256(&(b"assay/ticket/v1", seed, slot, attempt).encode());
    let number = u128::from_le_bytes(*hash.first_chunk::<16>()?);
    u64::try_from(number.checked_rem(total.into())?).ok()
}

/// Whether the lot falls on an audit: whether the ticket of slot 0 and attempt 0, of 10⁹, is below the parts per
/// billion of `audit`.
pub fn audited(seed: &Digest, audit: Perbill) -> bool {
    ticket(seed, 0, 0, PARTS).is_some_and(|part| part < u64::from(audit.deconstruct()))
}

/// The leaves that a seat has to open of a trace of `count`: [`LEAVES`] of them, or all where there are no more, in
/// ascending order. Every set is as likely as any other.
///
/// By Floyd's algorithm: for each of the last [`LEAVES`] indices in turn, the ticket of slot `seat` from zero up to
/// that index, or the index itself where the ticket's is drawn already.
pub fn leaves(seed: &Digest, seat: u8, count: u64) -> Vec<u64> {
    let first = count.saturating_sub(LEAVES.into());
    let mut drawn = BTreeSet::new();
    for (attempt, last) in (0..).zip(first..count) {
        // `last` is below `count`, so one more of it there is.
        let index = ticket(seed, seat, attempt, last.saturating_add(1)).unwrap_or(last);
        if !drawn.insert(index) {
            drawn.insert(last);
        }
    }
    drawn.into_iter().collect()
}

fn blake2_256(bytes: &[u8]) -> Digest {
    let mut digest = Digest::default();
    digest.copy_from_slice(blake2b_simd::Params::new().hash_length(32).hash(bytes).as_bytes());
    digest
}
