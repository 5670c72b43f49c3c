//! Calls come into the chain exactly once, whatever pools and reorganisations do.

use super::{account, pair, remark};
use crate::{
    client::{Account, ChainClient},
    fake::FakeChain,
    ChainError, Included, Pooled, RuntimeCall, Submitter, Wait,
};
use assay_runtime::Runtime;
use tokio::task::{yield_now, JoinHandle};

type Sending = JoinHandle<Result<Included, ChainError>>;

fn start() -> (FakeChain, Submitter<FakeChain>) {
    let chain = FakeChain::new();
    (chain.clone(), Submitter::new(chain, pair()))
}

/// Sends in the background, until that waits for a block.
async fn send(submitter: &Submitter<FakeChain>, call: RuntimeCall, wait: Wait) -> Sending {
    let submitter = submitter.clone();
    let sending = tokio::spawn(async move { submitter.send(call, wait).await });
    settle().await;
    sending
}

/// Lets everything run that can.
async fn settle() {
    for _ in 0..100 {
        yield_now().await;
    }
}

/// Makes blocks, one after the other.
async fn advance(chain: &FakeChain, count: u32) {
    for _ in 0..count {
        chain.advance(1);
        settle().await;
    }
}

fn calls(chain: &FakeChain) -> Vec<RuntimeCall> {
    chain.calls().into_iter().map(|(_, call)| call).collect()
}

fn nonces(chain: &FakeChain) -> Vec<u32> {
    chain.signed().iter().map(|signed| signed.nonce()).collect()
}

#[tokio::test]
async fn a_call_is_in_the_best_block() {
    let (chain, submitter) = start();
    chain.block(|world| world.fee = 7);
    let sending = send(&submitter, remark(1), Wait::Best).await;
    assert!(!sending.is_finished());
    let block = chain.advance(1);
    let included = sending.await.unwrap().unwrap();
    assert_eq!((included.block, included.fee), (block, Some(7)));
    assert_eq!(chain.calls(), [(account(), remark(1))]);
}

#[tokio::test]
async fn who_waits_for_finality_waits_for_finality() {
    let (chain, submitter) = start();
    let sending = send(&submitter, remark(1), Wait::Final).await;
    advance(&chain, 3).await;
    assert!(!sending.is_finished());
    chain.finalize(2);
    assert_eq!(sending.await.unwrap().unwrap().block.number, 1);
}

#[tokio::test]
async fn calls_come_in_the_order_in_which_they_were_sent() {
    let (chain, submitter) = start();
    let mut sendings = Vec::new();
    for number in 1..=3 {
        sendings.push(send(&submitter, remark(number), Wait::Best).await);
    }
    chain.advance(1);
    for sending in sendings {
        assert_eq!(sending.await.unwrap().unwrap().block.number, 1);
    }
    assert_eq!(calls(&chain), [remark(1), remark(2), remark(3)]);
    assert_eq!(nonces(&chain), [0, 1, 2]);
}

#[tokio::test]
async fn a_stale_nonce_is_taken_anew() {
    let (chain, submitter) = start();
    chain.answer(Ok(Pooled::Stale));
    let sending = send(&submitter, remark(1), Wait::Best).await;
    chain.block(|world| {
        world.accounts.insert(account(), Account { nonce: 5, ..Default::default() });
    });
    settle().await;
    chain.advance(1);
    sending.await.unwrap().unwrap();
    assert_eq!(nonces(&chain), [5]);
    assert_eq!(calls(&chain), [remark(1)]);
}

#[tokio::test]
async fn a_nonce_that_another_program_holds_in_the_pool_is_waited_for() {
    let (chain, submitter) = start();
    let other = Submitter::new(chain.clone(), pair());
    let first = send(&other, remark(1), Wait::Best).await;
    let second = send(&submitter, remark(2), Wait::Best).await;
    advance(&chain, 2).await;
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    assert_eq!(calls(&chain), [remark(1), remark(2)]);
}

#[tokio::test]
async fn a_dropped_transaction_is_sent_again_and_stays_one() {
    let (chain, submitter) = start();
    let sending = send(&submitter, remark(1), Wait::Best).await;
    assert_eq!(chain.lose_pool(), 1);
    advance(&chain, 4).await;
    sending.await.unwrap().unwrap();
    assert_eq!(calls(&chain), [remark(1)]);
    assert_eq!((chain.signed().len(), chain.submissions()), (1, 2));
}

#[tokio::test]
async fn a_transaction_that_a_reorganisation_took_away_is_followed_into_the_final_chain() {
    let (chain, submitter) = start();
    let sending = send(&submitter, remark(1), Wait::Final).await;
    advance(&chain, 1).await;
    assert_eq!(calls(&chain), [remark(1)]);
    chain.hold(true);
    chain.fork(1, |_| {});
    assert_eq!((calls(&chain).len(), chain.lose_pool()), (0, 1));
    chain.hold(false);
    advance(&chain, 4).await;
    assert_eq!(calls(&chain), [remark(1)]);
    assert!(!sending.is_finished());
    chain.finalize(5);
    let included = sending.await.unwrap().unwrap();
    assert!(included.block.number > 1, "{included:?}");
    assert_eq!(chain.signed().len(), 1);
}

#[tokio::test]
async fn a_call_does_not_take_the_place_of_one_that_a_reorganisation_took_away() {
    let (chain, submitter) = start();
    let first = send(&submitter, remark(1), Wait::Best).await;
    chain.advance(1);
    first.await.unwrap().unwrap();
    chain.hold(true);
    chain.fork(1, |_| {});
    assert_eq!(chain.lose_pool(), 1);
    chain.hold(false);
    let second = send(&submitter, remark(2), Wait::Best).await;
    advance(&chain, 5).await;
    second.await.unwrap().unwrap();
    assert_eq!(calls(&chain), [remark(1), remark(2)]);
    assert_eq!(nonces(&chain), [0, 1]);
}

#[tokio::test]
async fn a_call_whose_nonce_another_transaction_has_is_signed_anew_when_that_is_final() {
    let (chain, submitter) = start();
    let sending = send(&submitter, remark(1), Wait::Best).await;
    chain.lose_pool();
    chain.block(|world| {
        world.accounts.insert(account(), Account { nonce: 1, ..Default::default() });
    });
    settle().await;
    advance(&chain, 5).await;
    assert_eq!(nonces(&chain), [0]);
    chain.finalize(1);
    settle().await;
    advance(&chain, 2).await;
    sending.await.unwrap().unwrap();
    assert_eq!(nonces(&chain), [0, 1]);
    assert_eq!(calls(&chain), [remark(1)]);
}

#[tokio::test]
async fn a_call_whose_transaction_is_too_old_is_signed_anew_when_that_is_final() {
    let (chain, submitter) = start();
    chain.hold(true);
    let sending = send(&submitter, remark(1), Wait::Best).await;
    advance(&chain, 70).await;
    assert_eq!(chain.signed().len(), 1);
    chain.finalize(62);
    settle().await;
    advance(&chain, 1).await;
    assert_eq!(chain.signed().len(), 1);
    chain.finalize(63);
    settle().await;
    chain.hold(false);
    advance(&chain, 2).await;
    sending.await.unwrap().unwrap();
    assert_eq!(nonces(&chain), [0, 0]);
    assert_eq!(calls(&chain), [remark(1)]);
}

#[tokio::test]
async fn without_finality_a_short_reorganisation_does_not_invalidate_a_transaction() {
    let (chain, submitter) = start();
    let best = chain.advance(30);
    chain.hold(true);
    let sending = send(&submitter, remark(1), Wait::Best).await;
    assert_eq!(chain.signed()[0].birth().number, best.number - 16);
    chain.fork(3, |_| {});
    chain.hold(false);
    advance(&chain, 5).await;
    sending.await.unwrap().unwrap();
    assert_eq!(calls(&chain), [remark(1)]);
    assert_eq!(chain.signed().len(), 1);
}

/// Without finality a transaction is included, bound to a block that a long reorganisation then takes away.
async fn give_up_the_branch_of_a_call(wait: Wait) -> (FakeChain, Submitter<FakeChain>, Sending) {
    let (chain, submitter) = start();
    chain.advance(30);
    let sending = send(&submitter, remark(1), wait).await;
    advance(&chain, 1).await;
    assert_eq!(calls(&chain), [remark(1)]);
    chain.fork(20, |_| {});
    chain.lose_pool();
    advance(&chain, 20).await;
    assert_eq!(chain.signed()[0].birth().number, 14);
    chain.finalize(14);
    settle().await;
    (chain, submitter, sending)
}

#[tokio::test]
async fn a_call_that_is_bound_to_a_branch_that_was_given_up_is_signed_anew() {
    let (chain, _submitter, sending) = give_up_the_branch_of_a_call(Wait::Final).await;
    advance(&chain, 2).await;
    chain.finalize(34);
    settle().await;
    assert!(sending.is_finished(), "it waits for a transaction that can't come");
    sending.await.unwrap().unwrap();
    assert_eq!(nonces(&chain), [0, 0]);
    assert_eq!(calls(&chain), [remark(1)]);
}

#[tokio::test]
async fn a_call_that_is_bound_to_a_branch_that_was_given_up_keeps_no_place_from_later_ones() {
    let (chain, submitter, first) = give_up_the_branch_of_a_call(Wait::Best).await;
    assert_eq!(first.await.unwrap().unwrap().block.number, 31);
    let second = send(&submitter, remark(2), Wait::Best).await;
    advance(&chain, 2).await;
    assert!(second.is_finished(), "it waits for a transaction that can't come");
    second.await.unwrap().unwrap();
    assert_eq!(nonces(&chain), [0, 0]);
    assert_eq!(calls(&chain), [remark(2)]);
}

#[tokio::test]
async fn a_call_that_never_comes_in_is_dropped() {
    let (chain, submitter) = start();
    chain.hold(true);
    let sending = send(&submitter, remark(1), Wait::Best).await;
    for _ in 0..200 {
        let best = chain.advance(1);
        chain.finalize(best.number);
        settle().await;
    }
    assert_eq!(sending.await.unwrap(), Err(ChainError::Dropped));
    assert_eq!(chain.signed().len(), 3);
}

#[tokio::test]
async fn an_answer_that_was_lost_does_not_send_a_call_twice() {
    let (chain, submitter) = start();
    chain.lose_answers(1);
    let sending = send(&submitter, remark(1), Wait::Best).await;
    advance(&chain, 1).await;
    sending.await.unwrap().unwrap();
    assert_eq!(calls(&chain), [remark(1)]);
    assert_eq!(chain.signed().len(), 1);
}

#[tokio::test]
async fn a_lost_connection_is_waited_out() {
    let (chain, submitter) = start();
    let sending = send(&submitter, remark(1), Wait::Best).await;
    chain.cut(true);
    advance(&chain, 2).await;
    assert!(matches!(chain.tip().await, Err(ChainError::Unreachable { .. })));
    assert!(!sending.is_finished());
    chain.cut(false);
    assert_eq!(sending.await.unwrap().unwrap().block.number, 1);
}

#[tokio::test]
async fn nothing_is_sent_without_a_connection() {
    let (chain, submitter) = start();
    chain.cut(true);
    let error = submitter.send(remark(1), Wait::Best).await.unwrap_err();
    assert!(matches!(error, ChainError::Unreachable { .. }));
    assert_eq!(chain.submissions(), 0);
}

#[tokio::test]
async fn a_call_that_fails_is_refused_by_name() {
    let (chain, submitter) = start();
    chain.on_call(|world, _, _| {
        world.market_block = 1_000;
        Err(pallet_assay_staking::Error::<Runtime>::NotBonded.into())
    });
    let sending = send(&submitter, remark(1), Wait::Best).await;
    let block = chain.advance(1);
    let error = sending.await.unwrap().unwrap_err();
    assert!(matches!(error, ChainError::Refused { pallet, error, .. }
        if pallet == "Staking" && error == "NotBonded"));
    assert_eq!(chain.world(block.hash).market_block, 1);
    assert_eq!(chain.signed().len(), 1);

    chain.upgrade(u32::MAX);
    let sending = send(&submitter, remark(2), Wait::Best).await;
    chain.advance(1);
    let error = sending.await.unwrap().unwrap_err();
    assert!(matches!(error, ChainError::Refused { pallet, .. } if pallet == "pallet 9"));
}

#[tokio::test]
async fn what_the_pool_refuses_for_good_is_not_tried_again() {
    let (chain, submitter) = start();
    chain.answer(Err(ChainError::Invalid("no funds".into())));
    let error = submitter.send(remark(1), Wait::Best).await.unwrap_err();
    assert_eq!(error, ChainError::Invalid("no funds".into()));
    let sending = send(&submitter, remark(2), Wait::Best).await;
    chain.advance(1);
    sending.await.unwrap().unwrap();
    assert_eq!(nonces(&chain), [0]);
}

#[tokio::test]
async fn a_place_in_the_pool_is_not_waited_for_for_ever() {
    for (answer, says) in [(Pooled::Occupied, "another program"), (Pooled::Full, "takes no more")] {
        let (chain, submitter) = start();
        (0..10).for_each(|_| chain.answer(Ok(answer)));
        let sending = send(&submitter, remark(1), Wait::Best).await;
        advance(&chain, 10).await;
        let error = sending.await.unwrap().unwrap_err();
        assert!(matches!(error, ChainError::Invalid(text) if text.contains(says)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_chain_that_stands_still_is_an_error() {
    let (_chain, submitter) = start();
    assert_eq!(submitter.send(remark(1), Wait::Best).await, Err(ChainError::Timeout));
}

#[tokio::test]
async fn a_chain_that_does_not_decide_is_an_error() {
    let (chain, submitter) = start();
    let sending = send(&submitter, remark(1), Wait::Final).await;
    advance(&chain, 257).await;
    assert_eq!(sending.await.unwrap(), Err(ChainError::Timeout));
}
