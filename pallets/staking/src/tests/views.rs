use crate::{mock::*, Lock, ValidatorStatus};
use assay_primitives::{Bonds, Role::Validator};
use frame_support::assert_ok;

#[test]
fn ledger_is_shown_as_it_is() {
    run(|| {
        assert_eq!(Staking::ledger(5), None);
        let id = locked_provider(5, 200, 120);
        let ledger = Staking::ledger(5).expect("there is one");
        assert_eq!((ledger.provider.active, ledger.locked, ledger.available()), (200, 120, 80));
        assert_eq!(ledger.provider.total(), 200);
        assert_eq!(<Staking as Bonds<u64>>::lock(&5, id), Some(120));
    });
}

#[test]
fn locks_of_an_owner_are_shown_page_by_page() {
    run(|| {
        bond_provider(5, 200);
        bond_provider(6, 200);
        for (owner, amount) in [(5, 10), (6, 20), (5, 30), (5, 40)] {
            lock(owner, amount);
        }
        assert_ok!(release(5, 2));
        let of_5 = |amount, accused| Lock { owner: 5, amount, accused };
        assert_eq!(Staking::locks(5, 0, 10), [(0, of_5(10, false)), (3, of_5(40, false))]);
        assert_ok!(accuse(5, assay_primitives::Role::Provider, Some(0)));
        assert_eq!(Staking::locks(5, 0, 10), [(0, of_5(10, true)), (3, of_5(40, false))]);
        assert_eq!(Staking::locks(5, 0, 1), [(0, of_5(10, true))]);
        assert_eq!(Staking::locks(5, 1, u32::MAX), [(3, of_5(40, false))]);
        assert!(Staking::locks(5, u64::MAX, u32::MAX).is_empty());
    });
}

#[test]
fn candidates_are_shown_page_by_page() {
    run(|| {
        let owners = |from, limit| {
            Staking::candidates(from, limit).into_iter().map(|candidate| candidate.owner).collect::<Vec<_>>()
        };
        assert_eq!(owners(0, 2), [1, 2]);
        assert_eq!(owners(3, 2), [4]);
        assert!(owners(4, u32::MAX).is_empty());
    });
}

#[test]
fn status_says_what_an_owner_is_to_the_set() {
    run(|| {
        let status = |bond, has_keys, candidate, queued, active| {
            Some(ValidatorStatus { bond, has_keys, candidate, queued, active })
        };
        assert_eq!(Staking::validator_status(5), None);
        assert_eq!(Staking::validator_status(1), status(1_000, true, true, true, true));
        assert_ok!(Staking::bond(signed(5), Validator, 1_500));
        assert_eq!(Staking::validator_status(5), status(1_500, false, false, false, false));
        register_keys(5);
        assert_ok!(Staking::validate(signed(5)));
        assert_ok!(Staking::chill(signed(1)));
        advance_to_session(1);
        assert_eq!(Staking::validator_status(5), status(1_500, true, true, true, false));
        assert_eq!(Staking::validator_status(1), status(1_000, true, false, false, true));
    });
}

#[test]
fn era_of_a_session_is_that_of_genesis() {
    run(|| {
        let eras: Vec<_> = (0..5).map(<Staking as Bonds<u64>>::era).collect();
        assert_eq!(eras, [0, 0, 1, 1, 2]);
    });
}
