//! Each invariant notices when it is broken.

use crate::{
    mock::*, Accused, Candidates, Elected, HoldReason, Ledger, Ledgers, Offender, Offenders, OpenLock,
    Params, SessionsPerEra, Workers,
};
use assay_primitives::Role::Provider;
use frame_support::{assert_ok, traits::fungible::MutateHold};
use sp_runtime::{DispatchError, TryRuntimeError};
use sp_staking::offence::OffenceSeverity;

/// Breaks something on a sound chain.
fn broken(by: impl FnOnce(), says: &'static str) {
    chain().execute_with(|| {
        System::set_block_number(1);
        locked_provider(5, 200, 120);
        assert_ok!(Staking::set_worker(signed(5), Some(15)));
        assert_ok!(Staking::unbond(signed(5), Provider, 10));
        assert_ok!(Staking::do_try_state());
        by();
        let error: TryRuntimeError = DispatchError::Other(says);
        assert_eq!(Staking::do_try_state(), Err(error));
    });
}

fn change(owner: u64, by: impl FnOnce(&mut Ledger<Test>)) {
    Ledgers::<Test>::mutate(owner, |ledger| by(ledger.as_mut().expect("there is a ledger")));
}

#[test]
fn ledgers() {
    broken(|| change(1, |ledger| ledger.validator.active += 1), "what is bonded is not what is on hold");
    broken(
        || {
            assert_ok!(Balances::hold(&HoldReason::ProviderBond.into(), &9, 5));
        },
        "what is bonded is not what is on hold",
    );
    broken(|| Ledgers::<Test>::insert(9, Ledger::<Test>::default()), "an empty ledger is kept");
    broken(
        || {
            change(5, |ledger| {
                let _ = ledger.provider.leave(0, 99);
            })
        },
        "nothing is on its way out",
    );
    broken(
        || {
            change(5, |ledger| {
                let _ = ledger.provider.leave(5, 99);
                ledger.provider.active -= 5;
                ledger.provider.unbonding[0].at = 100;
            })
        },
        "what is on its way out is out of order",
    );
}

#[test]
fn locks() {
    let set = |locks: &[(u64, u64)]| {
        let locks: Vec<_> = locks.iter().map(|(id, amount)| OpenLock { id: *id, amount: *amount }).collect();
        change(5, |ledger| ledger.locks = locks.try_into().expect("there is room"));
    };
    broken(|| set(&[]), "the sum of locks is not what the ledger says");
    broken(
        || change(5, |ledger| ledger.provider.accused = 1),
        "slashes that wait are not as many as accused locks",
    );
    broken(
        || {
            Accused::<Test>::insert(5, 0, 120);
            set(&[]);
        },
        "slashes that wait are not as many as accused locks",
    );
    broken(|| Accused::<Test>::insert(5, 0, 1), "two locks have one id");
    broken(|| set(&[(0, 60), (0, 60)]), "two locks have one id");
    broken(|| set(&[(0, 120), (7, 1)]), "a lock has an id that is not given yet");
    broken(|| set(&[(0, 0)]), "a lock of nothing is kept");
    broken(
        || {
            set(&[(0, 201)]);
            change(5, |ledger| ledger.locked = 201);
        },
        "more is locked than is bonded",
    );
    broken(|| Accused::<Test>::insert(9, 0, 120), "a lock has no ledger");
    broken(
        || {
            lock(5, 1);
            set(&[(0, 120), (1, u64::MAX)]);
        },
        "locks are more than a balance can be",
    );
}

#[test]
fn workers() {
    broken(|| Workers::<Test>::remove(15), "a ledger names a worker that is not listed");
    broken(|| Workers::<Test>::insert(16, 5), "a worker's owner does not name it");
    broken(|| Workers::<Test>::insert(16, 9), "a worker's owner has no ledger");
    broken(
        || {
            Workers::<Test>::insert(16, 1);
            change(1, |ledger| ledger.worker = Some(16));
        },
        "a worker's owner is no provider",
    );
    broken(
        || {
            bond_provider(16, 100);
            Workers::<Test>::remove(15);
            Workers::<Test>::insert(16, 5);
            change(5, |ledger| ledger.worker = Some(16));
        },
        "a worker has a bond of its own",
    );
}

#[test]
fn candidates_and_sets() {
    broken(|| Candidates::<Test>::mutate(|candidates| candidates[0].bond = 1), "candidates out of order");
    broken(
        || Candidates::<Test>::mutate(|candidates| candidates[3].bond = 1),
        "a candidate's bond is not what the list says",
    );
    broken(
        || Candidates::<Test>::mutate(|candidates| candidates[3].owner = 1),
        "a candidate is listed twice",
    );
    broken(|| Candidates::<Test>::mutate(|candidates| candidates[3].owner = 9), "a candidate has no ledger");
    broken(|| Candidates::<Test>::mutate(|candidates| candidates[3].bond = 0), "a candidate has no bond");
    broken(
        || {
            advance_to_session(1);
            Elected::<Test>::remove(0);
        },
        "the set of an era is missing",
    );
    broken(
        || Elected::<Test>::insert(7, Elected::<Test>::get(0)),
        "a set is kept for too long, or elected too early",
    );
    broken(|| Elected::<Test>::mutate(0, |set| set[0].owner = 2), "a validator is in a set twice");
    broken(|| Elected::<Test>::mutate(0, |set| set.clear()), "a set is empty");
}

#[test]
fn validators_and_offenders() {
    broken(|| pallet_session::NextKeys::<Test>::remove(4), "a validator has no session keys");
    broken(
        || pallet_session::QueuedKeys::<Test>::mutate(|queued| queued.truncate(3)),
        "the next session's validators are not the elected ones",
    );
    let offender = Offender { validator: 4, severity: OffenceSeverity::default(), until: 0 };
    broken(
        || {
            Offenders::<Test>::mutate(|offenders| {
                assert_ok!(offenders.try_push(offender.clone()));
                assert_ok!(offenders.try_push(offender.clone()));
            })
        },
        "an offender is noted twice",
    );
    broken(
        || {
            advance_to_session(2);
            Offenders::<Test>::mutate(|offenders| {
                assert_ok!(offenders.try_push(offender.clone()));
            });
        },
        "an offender is noted for too long",
    );
}

#[test]
fn params() {
    broken(
        || Params::<Test>::mutate(|params| params.unbonding_blocks = 1),
        "staking.params: unbondingBlocks does not cover reportSessions, an era and the slash window",
    );
    broken(
        || {
            // Each session is an era of its own then, and has a set.
            SessionsPerEra::<Test>::put(0);
            Elected::<Test>::insert(1, Elected::<Test>::get(0));
        },
        "an era has no session",
    );
}
