//! What a bond stands for.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// What a bond stands for. One account may have both, and a fault in one role never reaches the other's bond.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum Role {
    /// Runs a node that authors blocks and votes on finality.
    Validator,
    /// Computes jobs.
    Provider,
}
