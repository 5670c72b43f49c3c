//! Who hears that a provider's active bond has changed.

use crate::{mock::*, GenesisConfig};
use assay_primitives::Role::{Provider, Validator};
use frame_support::assert_ok;

#[test]
fn each_change_of_a_providers_bond_is_heard_of_once_with_what_it_is_now() {
    run(|| {
        bond_provider(5, 200);
        assert_eq!(heard(), [(5, 200)]);
        assert_ok!(Staking::bond_extra(signed(5), Provider, 30));
        assert_eq!(heard(), [(5, 230)]);
        assert_ok!(Staking::unbond(signed(5), Provider, 100));
        assert_eq!(heard(), [(5, 130)]);
        assert_ok!(Staking::rebond(signed(5), Provider, 40));
        assert_eq!(heard(), [(5, 170)]);
        assert_eq!(slash(5, Provider, 20), (20, 0));
        assert_eq!(heard(), [(5, 150)]);
        assert_ok!(Staking::unbond(signed(5), Provider, 150));
        assert_eq!(heard(), [(5, 0)]);
        assert_ok!(Staking::bond(signed(5), Provider, 50));
        assert_eq!(heard(), [(5, 50)]);
    });
}

#[test]
fn slash_that_leaves_nothing_is_heard_of() {
    run(|| {
        bond_provider(5, 200);
        heard();
        assert_eq!(slash(5, Provider, 201), (200, 1));
        assert_eq!(Staking::ledger(5), None);
        assert_eq!(heard(), [(5, 0)]);
    });
}

#[test]
fn slash_of_what_is_on_its_way_out_is_not_heard_of() {
    run(|| {
        bond_provider(5, 200);
        assert_ok!(Staking::unbond(signed(5), Provider, 200));
        heard();
        assert_eq!(slash(5, Provider, 50), (50, 0));
        assert_eq!(slash(5, Provider, 0), (0, 0));
        assert_eq!(slash(9, Provider, 50), (0, 50));
        assert!(heard().is_empty());
    });
}

#[test]
fn bond_of_a_validator_is_not_heard_of() {
    run(|| {
        bond_provider(1, 200);
        heard();
        assert_ok!(Staking::bond(signed(5), Validator, 200));
        assert_ok!(Staking::bond_extra(signed(1), Validator, 10));
        assert_ok!(Staking::unbond(signed(1), Validator, 100));
        assert_ok!(Staking::rebond(signed(1), Validator, 50));
        assert_eq!(slash(1, Validator, 20), (20, 0));
        assert!(heard().is_empty());
        assert_eq!(provider_bond(1), 200);
    });
}

#[test]
fn refused_calls_are_not_heard_of() {
    run(|| {
        bond_provider(5, 200);
        heard();
        let refused = [
            Staking::bond(signed(5), Provider, 60),
            Staking::bond(signed(6), Provider, 1),
            Staking::bond(signed(6), Provider, ENDOWMENT),
            Staking::bond_extra(signed(5), Provider, 0),
            Staking::bond_extra(signed(5), Provider, ENDOWMENT),
            Staking::unbond(signed(5), Provider, 201),
            Staking::unbond(signed(5), Provider, 199),
            Staking::rebond(signed(5), Provider, 1),
        ];
        assert!(refused.iter().all(Result::is_err));
        assert!(heard().is_empty());
    });
}

#[test]
fn what_leaves_the_active_bond_as_it_is_is_not_heard_of() {
    run(|| {
        let id = locked_provider(5, 200, 120);
        assert_ok!(Staking::unbond(signed(5), Provider, 50));
        heard();
        assert_ok!(Staking::set_worker(signed(5), Some(15)));
        assert_ok!(accuse(5, Provider, Some(id)));
        assert_ok!(acquit(5, Provider, Some(id)));
        let other = lock(5, 10);
        assert_ok!(release(5, other));
        advance_to(81);
        assert_ok!(Staking::withdraw(signed(5), Provider));
        assert!(heard().is_empty());
    });
}

#[test]
fn worker_that_bonds_for_itself_is_heard_of_and_its_owner_is_not() {
    run(|| {
        bond_provider(5, 100);
        assert_ok!(Staking::set_worker(signed(5), Some(15)));
        heard();
        bond_provider(15, 60);
        assert_eq!(heard(), [(15, 60)]);
    });
}

#[test]
fn providers_of_genesis_are_heard_of() {
    reset();
    let genesis = GenesisConfig { providers: vec![(1, 50), (7, 500)], ..staking_genesis() };
    chain_of(genesis).execute_with(|| {
        assert_eq!(heard(), [(1, 50), (7, 500)]);
        assert_eq!((provider_bond(1), provider_bond(7), provider_bond(2)), (50, 500, 0));
    });
}
