//! What a transaction did in a block.

use crate::{client::BlockId, dispatch, ChainError};
use assay_runtime::{
    AccountId, Address, Balance, Hash, RuntimeCall, RuntimeEvent, Signature, UncheckedExtrinsic, VERSION,
};
use codec::DecodeAll;
use frame_system::{EventRecord, Phase};
use sp_core::Bytes;

/// A transaction in a block whose call went through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Included {
    /// The block.
    pub block: BlockId,
    /// What it did, in order.
    pub events: Vec<RuntimeEvent>,
    /// What its signer paid for it, in planck; `None` where it was free.
    pub fee: Option<Balance>,
}

/// A signed transaction in a block whose call went through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// Who signed it.
    pub signer: AccountId,
    /// What it was signed with.
    pub signature: Signature,
    /// What was called.
    pub call: RuntimeCall,
}

/// The signed transactions of a block that went through, from all that it has and its events as they are stored; those
/// that this program can read.
pub(crate) fn done(extrinsics: &[Bytes], stored: &[u8]) -> Vec<Done> {
    let records = Vec::<EventRecord<RuntimeEvent, Hash>>::decode_all(&mut &stored[..]).unwrap_or_default();
    let is_success = |event: &RuntimeEvent| {
        matches!(event, RuntimeEvent::System(frame_system::Event::ExtrinsicSuccess { .. }))
    };
    let went_through = |index| {
        let phase = Phase::ApplyExtrinsic(index);
        records.iter().any(|record| record.phase == phase && is_success(&record.event))
    };
    let numbered = (0_u32..).zip(extrinsics).filter(|(index, _)| went_through(*index));
    numbered.filter_map(|(_, extrinsic)| read(extrinsic)).collect()
}

fn read(extrinsic: &[u8]) -> Option<Done> {
    let UncheckedExtrinsic { preamble, function: call, .. } =
        UncheckedExtrinsic::decode_all(&mut &extrinsic[..]).ok()?;
    match preamble.to_signed()? {
        (Address::Id(signer), signature, _) => Some(Done { signer, signature, call }),
        _ => None,
    }
}

/// The events of one transaction, from the events of its block as they are stored; `None` where this program can't
/// read them.
pub(crate) fn events_of(stored: &[u8], index: u32) -> Option<Vec<RuntimeEvent>> {
    let records = Vec::<EventRecord<RuntimeEvent, Hash>>::decode_all(&mut &stored[..]).ok()?;
    let own = records.into_iter().filter(|record| record.phase == Phase::ApplyExtrinsic(index));
    Some(own.map(|record| record.event).collect())
}

/// What became of a transaction, by its events on a chain of a version.
pub(crate) fn outcome(
    block: BlockId,
    events: Option<Vec<RuntimeEvent>>,
    version: u32,
) -> Result<Included, ChainError> {
    let events = events.unwrap_or_default();
    let result = events.iter().find_map(|event| match event {
        RuntimeEvent::System(frame_system::Event::ExtrinsicSuccess { .. }) => Some(Ok(())),
        RuntimeEvent::System(frame_system::Event::ExtrinsicFailed { dispatch_error, .. }) => {
            Some(Err(*dispatch_error))
        }
        _ => None,
    });
    // Each transaction succeeds or fails: where it did neither, its events could not be read.
    let result = result.ok_or(ChainError::Unread { block: block.number, version })?;
    result.map_err(|error| {
        if version == VERSION.spec_version {
            dispatch::refusal(error)
        } else {
            dispatch::unnamed(error)
        }
    })?;
    let fee = events.iter().find_map(|event| match event {
        RuntimeEvent::TransactionPayment(pallet_transaction_payment::Event::TransactionFeePaid {
            actual_fee,
            ..
        }) => Some(*actual_fee),
        _ => None,
    });
    Ok(Included { block, events, fee })
}
