//! What a client asks to learn where the network stands: the runtime API behind `assay_networkInfo`.

use crate::{AccountId, BlockNumber};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use scale_info::TypeInfo;

/// State of the network as the runtime knows it.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct Network {
    /// Length of a slot in milliseconds.
    pub slot_millis: u64,
    /// Length of an epoch in slots.
    pub epoch_slots: u64,
    /// Index of the current epoch.
    pub epoch: u64,
    /// What the market clock shows, in blocks.
    pub market_block: BlockNumber,
    /// Whether the market clock stands still.
    pub market_halted: bool,
    /// The validators of the current session.
    pub validators: Vec<AccountId>,
}

sp_api::decl_runtime_apis! {
    /// Where the network stands.
    pub trait NetworkApi {
        /// State of the network at this block.
        fn network() -> Network;
    }
}
