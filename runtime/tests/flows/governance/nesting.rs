//! Calls in calls: as deep as transactions may be and no deeper, and never past a filter.

use super::ballots::{
    approval, aye, done, freeze, propose, remark, root, submit, tally, vote, vote_on, LONG, MILLION,
};
use crate::chain::{self, free, transfer, Chain};
use assay_runtime::{genesis, Runtime, RuntimeCall};
use codec::Encode;
use frame_support::traits::Bounded;
use pallet_assay_dao::ROOT;
use pallet_clock::Frozen;
use pallet_conviction_voting::Call as Voting;
use pallet_multisig::Call as Multisig;
use pallet_proxy::Call as Proxy;
use pallet_utility::Call as Utility;
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Ferdie, Two};
use sp_runtime::{
    traits::{BlakeTwo256, Hash as _},
    transaction_validity::{InvalidTransaction, TransactionValidityError},
};

/// Within what a transaction may nest, 256, with room for its own parts.
const DEEP: u32 = 240;
/// Beyond it.
const TOO_DEEP: u32 = 260;

/// What puts a call into another one.
type Nest = fn(u32, RuntimeCall) -> RuntimeCall;

fn batch(_: u32, call: RuntimeCall) -> RuntimeCall {
    RuntimeCall::Utility(Utility::batch { calls: vec![call] })
}

/// Alice for Bob and Bob for Alice by turns, each the other's proxy.
fn proxy(level: u32, call: RuntimeCall) -> RuntimeCall {
    let real = if level.is_multiple_of(2) { Alice } else { Bob };
    proxy_of(real, call)
}

fn proxy_of(real: Sr25519Keyring, call: RuntimeCall) -> RuntimeCall {
    let real = real.to_account_id().into();
    RuntimeCall::Proxy(Proxy::proxy { real, force_proxy_type: None, call: Box::new(call) })
}

fn multisig(_: u32, call: RuntimeCall) -> RuntimeCall {
    let other_signatories = vec![Ferdie.to_account_id()];
    RuntimeCall::Multisig(Multisig::as_multi_threshold_1 { other_signatories, call: Box::new(call) })
}

fn mixed(level: u32, call: RuntimeCall) -> RuntimeCall {
    let kinds: [Nest; 3] = [batch, derivative, multisig];
    kinds[level as usize % kinds.len()](level, call)
}

fn derivative(_: u32, call: RuntimeCall) -> RuntimeCall {
    RuntimeCall::Utility(Utility::as_derivative { index: 7, call: Box::new(call) })
}

fn nested(levels: u32, nest: Nest, call: RuntimeCall) -> RuntimeCall {
    (0..levels).fold(call, |call, level| nest(level, call))
}

/// Runs a test where the stack is large: a development build takes much of it for each level.
fn deep(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(512 << 20).spawn(test).expect("a thread");
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

type ProxyType = <Runtime as pallet_proxy::Config>::ProxyType;

fn add_proxy(chain: &mut Chain, of: Sr25519Keyring, to: Sr25519Keyring, proxy_type: ProxyType) {
    let delegate = to.to_account_id().into();
    done(chain, of, Proxy::<Runtime>::add_proxy { delegate, proxy_type, delay: 0 });
}

/// What may do everything in another's name.
fn any() -> ProxyType {
    ProxyType::default()
}

/// What may do most things in another's name, and move no money.
fn non_transfer() -> ProxyType {
    codec::Decode::decode(&mut &[1_u8][..]).expect("the second kind")
}

#[test]
fn transactions_nest_to_a_depth_and_no_deeper() {
    deep(|| {
        chain::on(genesis::TEST, |chain| {
            chain.open();
            add_proxy(chain, Alice, Bob, any());
            add_proxy(chain, Bob, Alice, any());
            let kinds: [(&str, Nest); 4] =
                [("batch", batch), ("proxy", proxy), ("multisig", multisig), ("mixed", mixed)];
            for (kind, nest) in kinds {
                let outcome = submit(chain, Alice, nested(DEEP, nest, remark()));
                assert_eq!(outcome, Ok(()), "{kind}");
                let refused = chain.submit(Alice, nested(TOO_DEEP, nest, remark()));
                let invalid = TransactionValidityError::Invalid(InvalidTransaction::Call);
                assert_eq!(refused, Err(invalid), "{kind}");
            }
            chain.close();
        });
    });
}

/// Root has a call made in two blocks.
fn schedule(chain: &mut Chain, call: RuntimeCall) {
    chain.open();
    let (after, call) = (1, Box::new(call));
    let schedule = pallet_scheduler::Call::schedule_after { after, maybe_periodic: None, priority: 0, call };
    chain.root(RuntimeCall::Scheduler(schedule));
    chain.close();
    chain.pass(3);
}

#[test]
fn scheduled_calls_nest_no_deeper_than_transactions() {
    deep(|| {
        chain::on(genesis::TEST, |chain| {
            schedule(chain, nested(TOO_DEEP, batch, freeze()));
            assert!(!Frozen::<Runtime>::get(), "what could overflow a stack is not even read");
            schedule(chain, nested(DEEP, batch, freeze()));
            assert!(Frozen::<Runtime>::get());
        });
    });
}

#[test]
fn preimage_that_is_nested_too_deep_is_dropped_when_it_was_approved() {
    deep(|| {
        chain::on(genesis::TEST, |chain| {
            for (levels, does) in [(TOO_DEEP, false), (DEEP, true)] {
                let bytes = nested(levels, batch, freeze()).encode();
                let (hash, len) = (BlakeTwo256::hash(&bytes), bytes.len() as u32);
                chain.open();
                done(chain, Two, pallet_preimage::Call::<Runtime>::note_preimage { bytes });
                let index = vote_on(chain, root(), Bounded::Lookup { hash, len });
                chain.close();
                chain.pass(LONG);
                assert!(approval(index).is_some());
                assert_eq!(Frozen::<Runtime>::get(), does, "{levels} levels");
            }
        });
    });
}

#[test]
fn proxy_that_moves_no_money_moves_none_however_it_is_nested() {
    // Nobody gets fees, Alice neither.
    chain::on_genesis(chain::without_issues(genesis::TEST), |chain| {
        chain.open();
        add_proxy(chain, Alice, Bob, non_transfer());
        let had = free(Alice);
        let stolen = || transfer(Bob, MILLION);
        let wrapped: [RuntimeCall; 6] = [
            stolen(),
            batch(0, stolen()),
            RuntimeCall::Utility(Utility::force_batch { calls: vec![stolen()] }),
            RuntimeCall::Utility(Utility::if_else { main: Box::new(stolen()), fallback: Box::new(stolen()) }),
            nested(20, batch, stolen()),
            proxy_of(Alice, batch(0, stolen())),
        ];
        for call in wrapped {
            // A proxy's call fails within one that succeeds.
            let _ = submit(chain, Bob, proxy_of(Alice, call));
            assert_eq!(free(Alice), had);
        }
        chain.close();
    });
}

#[test]
fn votes_of_multisigs_and_proxies_go_on_in_safe_mode_and_nothing_else_in_them() {
    chain::on(genesis::TEST, |chain| {
        chain.open();
        add_proxy(chain, Alice, Bob, any());
        let mut signatories = [Bob, Ferdie].map(|who| who.to_account_id());
        signatories.sort();
        let both = pallet_multisig::Pallet::<Runtime>::multi_account_id(&signatories, 1);
        let (dest, value) = (both.into(), 3 * MILLION);
        done(chain, Ferdie, pallet_balances::Call::<Runtime>::transfer_keep_alive { dest, value });
        let poll_index = propose(chain, Alice, root(), &freeze());
        chain.root(RuntimeCall::SafeMode(pallet_safe_mode::Call::force_enter {}));

        let vote = pallet_conviction_voting::Call::vote { poll_index, vote: aye(2 * MILLION) };
        let vote = RuntimeCall::ConvictionVoting(vote);
        done(chain, Bob, proxy_of(Alice, vote.clone()));
        assert_eq!(tally(poll_index).support, 2 * MILLION);
        done(chain, Bob, multisig(0, vote.clone()));
        assert_eq!(tally(poll_index).support, 4 * MILLION);
        done(chain, Ferdie, batch(0, vote));
        assert_eq!(tally(poll_index).support, 6 * MILLION);

        let had = free(Two);
        let moves: [Nest; 4] = [batch, multisig, |_, call| proxy_of(Alice, call), derivative];
        for nest in moves {
            let _ = submit(chain, Bob, nest(0, transfer(Two, MILLION)));
            let _ = submit(chain, Bob, batch(0, nest(0, transfer(Two, MILLION))));
            assert_eq!(free(Two), had);
        }
        chain.close();
    });
}

#[test]
fn votes_are_taken_back_and_their_locks_together_in_safe_mode() {
    chain::on(genesis::TEST, |chain| {
        chain.open();
        let polls = [(); 2].map(|()| propose(chain, Alice, root(), &freeze()));
        polls.iter().for_each(|poll| assert_eq!(vote(chain, Bob, *poll, aye(110 * MILLION)), Ok(())));
        chain.root(RuntimeCall::SafeMode(pallet_safe_mode::Call::force_enter {}));

        let back = polls.map(|index| Voting::<Runtime>::remove_vote { class: Some(ROOT), index });
        let mut calls: Vec<RuntimeCall> = back.map(RuntimeCall::ConvictionVoting).to_vec();
        let unlock = Voting::<Runtime>::unlock { class: ROOT, target: Bob.to_account_id().into() };
        calls.push(RuntimeCall::ConvictionVoting(unlock));
        let smuggled = [&calls[..], &[transfer(Two, MILLION)]].concat();
        let filtered = frame_system::Error::<Runtime>::CallFiltered;
        let refused = submit(chain, Bob, Utility::<Runtime>::batch_all { calls: smuggled });
        assert_eq!(refused, Err(filtered.into()));
        assert_eq!(tally(polls[0]).support, 110 * MILLION, "a batch is made together or not at all");
        done(chain, Bob, Utility::<Runtime>::batch_all { calls });
        assert_eq!(polls.map(|poll| tally(poll).support), [0; 2]);

        chain.root(RuntimeCall::SafeMode(pallet_safe_mode::Call::force_exit {}));
        done(chain, Bob, transfer(Two, 100 * MILLION));
        chain.close();
    });
}

type Name = frame_support::BoundedVec<u8, <Runtime as pallet_tx_pause::Config>::MaxNameLen>;

fn short(name: &str) -> Name {
    name.as_bytes().to_vec().try_into().expect("a short name")
}

#[test]
fn paused_call_is_paused_however_it_is_nested() {
    chain::on(genesis::TEST, |chain| {
        let full_name = (short("Balances"), short("transfer_keep_alive"));
        chain.open();
        chain.root(RuntimeCall::TxPause(pallet_tx_pause::Call::pause { full_name }));
        add_proxy(chain, Alice, Bob, any());
        let had = free(Two);
        for call in [
            batch(0, transfer(Two, MILLION)),
            nested(20, batch, transfer(Two, MILLION)),
            proxy_of(Alice, transfer(Two, MILLION)),
            proxy_of(Alice, nested(20, batch, transfer(Two, MILLION))),
        ] {
            let _ = submit(chain, Bob, call);
            assert_eq!(free(Two), had);
        }
        chain.close();
    });
}
