//! What is read from a block and from a pool.

use super::{account, remark};
use crate::{
    outcome::{done, events_of, outcome, Done},
    pool::{judge, Pooled},
    transaction::draft,
    BlockId, ChainError, Hash, RuntimeEvent,
};
use assay_runtime::VERSION;
use codec::Encode;
use frame_system::{EventRecord, Phase};
use jsonrpsee::types::ErrorObject;
use sp_core::{sr25519, Bytes};
use sp_runtime::DispatchError;

const BLOCK: BlockId = BlockId { number: 7, hash: Hash::zero() };

fn success() -> RuntimeEvent {
    RuntimeEvent::System(frame_system::Event::ExtrinsicSuccess { dispatch_info: Default::default() })
}

fn failure() -> RuntimeEvent {
    let (dispatch_error, dispatch_info) = (DispatchError::BadOrigin, Default::default());
    RuntimeEvent::System(frame_system::Event::ExtrinsicFailed { dispatch_error, dispatch_info })
}

fn fee(actual_fee: u128) -> RuntimeEvent {
    let paid = pallet_transaction_payment::Event::TransactionFeePaid { who: account(), actual_fee, tip: 0 };
    RuntimeEvent::TransactionPayment(paid)
}

fn stored(events: Vec<(u32, RuntimeEvent)>) -> Vec<u8> {
    let record = |(index, event): (u32, RuntimeEvent)| EventRecord::<_, Hash> {
        phase: Phase::ApplyExtrinsic(index),
        event,
        topics: Vec::new(),
    };
    events.into_iter().map(record).collect::<Vec<_>>().encode()
}

#[test]
fn a_transaction_has_its_own_events_and_fee() {
    let stored = stored(vec![(0, failure()), (1, fee(5)), (1, success()), (2, fee(9))]);
    let included = outcome(BLOCK, events_of(&stored, 1), VERSION.spec_version).unwrap();
    assert_eq!((included.block, included.fee), (BLOCK, Some(5)));
    assert_eq!(included.events, [fee(5), success()]);
}

#[test]
fn a_failed_transaction_is_refused() {
    let stored = stored(vec![(0, success()), (1, failure())]);
    let error = outcome(BLOCK, events_of(&stored, 1), VERSION.spec_version).unwrap_err();
    assert!(matches!(error, ChainError::Refused { error, .. } if error == "BadOrigin"));
}

#[test]
fn events_that_nobody_can_read_are_no_success() {
    let unread = Err(ChainError::Unread { block: 7, version: 101 });
    let mut broken = stored(vec![(1, success())]);
    broken.push(0);
    assert_eq!(outcome(BLOCK, events_of(&broken, 1), 101), unread);
    let others = stored(vec![(0, success())]);
    assert_eq!(outcome(BLOCK, events_of(&others, 1), 101), unread);
}

#[test]
fn what_went_through_in_a_block_is_read_with_who_signed_it() {
    let by_nobody = Bytes(vec![4, 4]);
    let extrinsics = [by_nobody, Bytes(draft(remark(1), account())), Bytes(draft(remark(2), account()))];
    let events = stored(vec![(0, success()), (1, fee(5)), (1, success()), (2, failure())]);
    let signature = sr25519::Signature::from_raw([0; 64]).into();
    let expected = Done { signer: account(), signature, call: remark(1) };
    assert_eq!(done(&extrinsics, &events), [expected]);
    assert!(done(&extrinsics, &[1]).is_empty(), "events that nobody can read");
}

#[test]
fn what_a_pool_refuses_is_told_apart() {
    let judged = |code, data: &str| judge(&ErrorObject::owned(code, "Invalid Transaction", Some(data)));
    assert_eq!(judged(1010, "Transaction is outdated"), Ok(Pooled::Stale));
    assert_eq!(judged(1013, "known"), Ok(Pooled::Waits));
    assert_eq!(judged(1014, "The transaction has too low priority"), Ok(Pooled::Occupied));
    for code in [1012, 1016, 1020, 1021] {
        assert_eq!(judged(code, ""), Ok(Pooled::Full));
    }
    let text = |code, data| judged(code, data).unwrap_err().to_string();
    let poor = text(1010, "Inability to pay some fees (e.g. account balance too low)");
    assert!(poor.contains("can't pay the fee"), "{poor}");
    let forked = text(1010, "Transaction has a bad signature");
    assert!(forked.contains("another branch"), "{forked}");
    let other = text(1010, "Custom error: 3");
    assert!(other.contains("Custom error: 3"), "{other}");
}
