use crate::{mock::*, Error, Event};
use assay_primitives::Role::{Provider, Validator};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::DispatchError;

fn worker_set(owner: u64, worker: Option<u64>) -> Event<Test> {
    Event::WorkerSet { owner, worker }
}

#[test]
fn owner_names_changes_and_dismisses_its_worker() {
    run(|| {
        bond_provider(5, 100);
        assert_ok!(Staking::set_worker(signed(5), Some(15)));
        System::assert_last_event(worker_set(5, Some(15)).into());
        assert_eq!(Staking::worker_owner(15), Some(5));

        assert_ok!(Staking::set_worker(signed(5), Some(16)));
        assert_eq!((Staking::worker_owner(15), Staking::worker_owner(16)), (None, Some(5)));

        assert_ok!(Staking::set_worker(signed(5), None));
        System::assert_last_event(worker_set(5, None).into());
        assert_eq!(Staking::worker_owner(16), None);
    });
}

#[test]
fn owner_and_its_worker_act_for_it_and_nobody_else() {
    run(|| {
        bond_provider(5, 100);
        bond_provider(6, 100);
        assert!(acts_for(5, 5) && !acts_for(15, 5));
        assert_ok!(Staking::set_worker(signed(5), Some(15)));
        assert_ok!(Staking::set_worker(signed(6), Some(16)));
        assert!(acts_for(5, 5) && acts_for(15, 5));
        assert!(!acts_for(15, 6) && !acts_for(16, 5) && !acts_for(5, 15) && !acts_for(6, 5));

        assert_ok!(Staking::set_worker(signed(5), Some(17)));
        assert!(acts_for(17, 5) && !acts_for(15, 5));
    });
}

#[test]
fn only_a_provider_has_a_worker() {
    run(|| {
        assert_noop!(Staking::set_worker(signed(5), Some(15)), Error::<Test>::NotBonded);
        assert_ok!(Staking::bond(signed(5), Validator, 100));
        assert_noop!(Staking::set_worker(signed(5), Some(15)), Error::<Test>::NotBonded);
    });
}

#[test]
fn worker_belongs_to_one_owner() {
    run(|| {
        bond_provider(5, 100);
        bond_provider(6, 100);
        assert_ok!(Staking::set_worker(signed(5), Some(15)));
        assert_noop!(Staking::set_worker(signed(6), Some(15)), Error::<Test>::WorkerTaken);
        assert_noop!(Staking::set_worker(signed(5), Some(15)), Error::<Test>::NothingToChange);
        assert_noop!(Staking::set_worker(signed(6), None), Error::<Test>::NothingToChange);
    });
}

#[test]
fn account_with_a_bond_works_for_nobody() {
    run(|| {
        bond_provider(5, 100);
        assert_noop!(Staking::set_worker(signed(5), Some(5)), Error::<Test>::WorkerOwnsBond);
        assert_noop!(Staking::set_worker(signed(5), Some(1)), Error::<Test>::WorkerOwnsBond);
    });
}

#[test]
fn worker_that_bonds_for_itself_stops_working() {
    run(|| {
        bond_provider(5, 100);
        assert_ok!(Staking::set_worker(signed(5), Some(15)));
        bond_provider(15, 50);
        assert!(events().contains(&worker_set(5, None)));
        assert_eq!(Staking::worker_owner(15), None);
        assert_eq!(Staking::ledger(5).and_then(|ledger| ledger.worker), None);
    });
}

#[test]
fn worker_resigns() {
    run(|| {
        bond_provider(5, 100);
        assert_ok!(Staking::set_worker(signed(5), Some(15)));
        assert_ok!(Staking::resign(signed(15)));
        System::assert_last_event(worker_set(5, None).into());
        assert_eq!(Staking::worker_owner(15), None);
        assert_eq!(Staking::ledger(5).and_then(|ledger| ledger.worker), None);
        assert!(!acts_for(15, 5));
    });
}

#[test]
fn only_a_worker_resigns() {
    run(|| {
        bond_provider(5, 100);
        assert_ok!(Staking::set_worker(signed(5), Some(15)));
        assert_noop!(Staking::resign(signed(5)), Error::<Test>::NotWorker);
        assert_noop!(Staking::resign(signed(16)), Error::<Test>::NotWorker);
        assert_noop!(Staking::resign(RuntimeOrigin::root()), DispatchError::BadOrigin);
        assert!(acts_for(15, 5));
    });
}

#[test]
fn worker_cannot_touch_the_bond_or_name_another_worker() {
    run(|| {
        bond_provider(5, 100);
        assert_ok!(Staking::set_worker(signed(5), Some(15)));
        assert_noop!(Staking::unbond(signed(15), Provider, 10), Error::<Test>::NotBonded);
        assert_noop!(Staking::withdraw(signed(15), Provider), Error::<Test>::NotBonded);
        assert_noop!(Staking::set_worker(signed(15), Some(16)), Error::<Test>::NotBonded);
        assert_eq!(held(5, Provider), 100);
    });
}

#[test]
fn provider_that_has_left_has_no_worker() {
    run(|| {
        bond_provider(5, 100);
        assert_ok!(Staking::bond(signed(5), Validator, 100));
        assert_ok!(Staking::set_worker(signed(5), Some(15)));
        assert_ok!(Staking::unbond(signed(5), Provider, 100));
        assert_eq!(Staking::worker_owner(15), Some(5));
        advance_to(81);
        assert_ok!(Staking::withdraw(signed(5), Provider));
        assert_eq!(Staking::worker_owner(15), None);
        assert!(events().contains(&worker_set(5, None)));
    });
}
