//! Ways to get away with something, none of which pays.

use crate::{mock::*, Error, GenesisConfig};
use assay_primitives::{
    Bonds, Collateral, LockId,
    Role::{Provider, Validator},
};
use frame_support::{assert_err, assert_noop, assert_ok};
use sp_runtime::{DispatchError, TokenError};

fn try_lock(who: u64, amount: u64, within: u64) -> Result<LockId, DispatchError> {
    <Staking as Collateral<u64>>::lock(&who, amount, within)
}

#[test]
fn leaving_before_the_slash_lands_takes_nothing_away() {
    run(|| {
        // Found out in its last session, having unbonded right after its election.
        assert_ok!(Staking::chill(signed(4)));
        assert_ok!(Staking::unbond(signed(4), Validator, 700));
        advance_to_session(1);
        assert_ok!(accuse(4, Validator, None));
        // However long an appeal runs, nothing leaves.
        advance_to(200);
        assert_noop!(Staking::withdraw(signed(4), Validator), Error::<Test>::Accused);
        assert_eq!(slash(4, Validator, 700), (700, 0));
        assert_ok!(acquit(4, Validator, None));
        assert_noop!(Staking::withdraw(signed(4), Validator), Error::<Test>::NotBonded);
    });
}

#[test]
fn bond_outlasts_the_last_report_of_the_last_session() {
    run(|| {
        // Unbonded right after the election for sessions 2 and 3, in the first block of session 1.
        advance_to_session(1);
        assert_ok!(Staking::chill(signed(4)));
        assert_ok!(Staking::unbond(signed(4), Validator, 700));
        // Session 3 can be reported for as long as session 8 runs.
        advance_to(89);
        assert_eq!((Session::current_index(), exposure(4, 3)), (8, Some(700)));
        assert_noop!(Staking::withdraw(signed(4), Validator), Error::<Test>::NothingToWithdraw);
        advance_to(90);
        assert_eq!(exposure(4, 3), None);
        assert_ok!(Staking::withdraw(signed(4), Validator));
    });
}

#[test]
fn provider_that_unbonds_once_the_seed_is_known_is_locked_all_the_same() {
    run(|| {
        bond_provider(5, 200);
        // Draws still count the bond of before.
        assert_ok!(Staking::unbond(signed(5), Provider, 200));
        let id = try_lock(5, 120, 200).expect("the bond is in reach");
        // Nor is it gone before the seat is over.
        advance_to(81);
        assert_ok!(Staking::withdraw(signed(5), Provider));
        assert_eq!(held(5, Provider), 120);
        assert_ok!(accuse(5, Provider, Some(id)));
        assert_eq!(slash(5, Provider, 120), (120, 0));
        assert_ok!(acquit(5, Provider, Some(id)));
    });
}

#[test]
fn provider_that_bonds_more_once_the_seed_is_known_is_locked_within_what_draws_count() {
    run(|| {
        bond_provider(5, 100);
        assert_ok!(try_lock(5, 60, 100));
        // The next seat is one that the bond of before does not cover.
        assert_ok!(Staking::bond_extra(signed(5), Provider, 500));
        assert_noop!(try_lock(5, 60, 100), Error::<Test>::NotEnoughCollateral);
        assert_ok!(try_lock(5, 60, 600));
    });
}

#[test]
fn changing_the_role_takes_nothing_out_of_reach() {
    run(|| {
        let id = locked_provider(5, 200, 200);
        assert_ok!(accuse(5, Provider, Some(id)));
        assert_ok!(Staking::bond(signed(5), Validator, 100));
        assert_noop!(Staking::unbond(signed(5), Provider, 200), Error::<Test>::CollateralLocked);
        assert_eq!(slash(5, Provider, 200), (200, 0));
        assert_ok!(acquit(5, Provider, Some(id)));
        assert_eq!((held(5, Provider), held(5, Validator)), (0, 100));
    });
}

#[test]
fn emptying_the_account_takes_nothing_out_of_reach() {
    run(|| {
        let id = locked_provider(5, 200, 120);
        assert_ok!(accuse(5, Provider, Some(id)));
        // The bond keeps the account alive, so the existential deposit stays as well.
        assert_ok!(Balances::transfer_all(signed(5), 6, false));
        assert_eq!(Balances::free_balance(5), 1);
        assert_noop!(Balances::transfer_allow_death(signed(5), 6, 1), TokenError::Frozen);
        assert_eq!(slash(5, Provider, 120), (120, 0));
        assert_ok!(acquit(5, Provider, Some(id)));
        assert_eq!(held(5, Provider), 80);
    });
}

#[test]
fn funds_bonded_after_an_offence_do_not_raise_what_was_at_stake() {
    run(|| {
        advance_to_session(2);
        assert_ok!(Staking::bond_extra(signed(1), Validator, 5_000));
        assert_eq!(exposure(1, 2), Some(1_000));
        // Nor does unbonding lower it.
        assert_ok!(Staking::unbond(signed(2), Validator, 800));
        assert_eq!(exposure(2, 2), Some(900));
        assert_eq!(slash(2, Validator, 900), (900, 0));
    });
}

#[test]
fn dust_bonds_are_refused_by_the_thousand() {
    run(|| {
        for attempt in 0..1_000 {
            let who = 5 + attempt % 16;
            assert_err!(Staking::bond(signed(who), Validator, attempt % 100), Error::<Test>::BelowMinimum);
            assert_err!(Staking::bond(signed(who), Provider, attempt % 50), Error::<Test>::BelowMinimum);
        }
        assert_eq!(crate::Ledgers::<Test>::iter().count(), GENESIS_VALIDATORS.len());
    });
}

#[test]
fn slicing_a_bond_leaves_no_dust() {
    run(|| {
        bond_provider(5, 100);
        for _ in 0..50 {
            assert_ok!(Staking::unbond(signed(5), Provider, 1));
        }
        assert_noop!(Staking::unbond(signed(5), Provider, 1), Error::<Test>::BelowMinimum);
        assert_eq!(chunks(5, Provider), [(50, 81)]);
    });
}

#[test]
fn list_of_candidates_cannot_be_grown_beyond_its_bound() {
    run(|| {
        for who in 5..=8 {
            stand(who, 100);
        }
        for who in 9..=20 {
            assert_ok!(Staking::bond(signed(who), Validator, 100));
            register_keys(who);
            assert_noop!(Staking::validate(signed(who)), Error::<Test>::OutBid);
        }
        assert_eq!(candidates().len(), 8);
    });
}

#[test]
fn mass_chill_and_purge_never_empty_the_set() {
    run(|| {
        for who in 1..=4 {
            assert_ok!(Staking::chill(signed(who)));
            assert_noop!(Staking::purge_keys(signed(who)), Error::<Test>::KeysInUse);
        }
        for session in 1..20 {
            advance_to_session(session);
            for who in 1..=4 {
                // Whoever is not needed any more may go.
                let _ = Staking::purge_keys(signed(who));
            }
            assert!(Session::validators().len() >= 2);
            assert!(Session::queued_keys().len() >= 2);
        }
        assert_eq!(Session::validators(), [1, 2]);
    });
}

#[test]
fn mass_slash_never_empties_the_set() {
    run(|| {
        for who in 1..=4 {
            slash(who, Validator, u64::MAX);
        }
        advance_to_session(5);
        assert_eq!((Session::validators(), candidates()), (vec![1, 2], vec![]));
    });
}

#[test]
fn validator_kept_on_cannot_leave_by_standing_again() {
    run(|| {
        for who in [2, 3, 4] {
            assert_ok!(Staking::chill(signed(who)));
        }
        assert_ok!(Staking::unbond(signed(2), Validator, 900));
        advance_to_session(9);
        assert_eq!((elected(5), exposure(2, 9)), (vec![1, 2], Some(900)));
        assert_ok!(Staking::bond(signed(2), Validator, 100));
        assert_ok!(Staking::validate(signed(2)));
        assert_noop!(Staking::withdraw(signed(2), Validator), Error::<Test>::NothingToWithdraw);
        assert_eq!(slash(2, Validator, 900), (900, 0));
    });
}

#[test]
fn amounts_at_total_issuance_do_not_overflow() {
    run(|| {
        endow(20, u64::MAX - Balances::total_issuance());
        let all = Balances::free_balance(20) - 200;
        stand(20, all);
        assert_eq!(candidates()[0], 20);
        assert_noop!(
            Staking::bond_extra(signed(20), Validator, u64::MAX),
            sp_runtime::ArithmeticError::Overflow
        );
        assert_noop!(Staking::unbond(signed(20), Validator, u64::MAX), Error::<Test>::NotEnoughBonded);
        bond_provider(20, 100);
        assert_noop!(try_lock(20, u64::MAX, u64::MAX), Error::<Test>::NotEnoughCollateral);
        advance_to_session(1);
        assert_eq!(exposure(20, 2), Some(all));
        assert_eq!(slash(20, Validator, u64::MAX), (all, u64::MAX - all));
        assert_eq!((held(20, Validator), held(20, Provider)), (0, 100));
    });
}

#[test]
fn validator_fault_eats_no_collateral() {
    run(|| {
        let id = locked_provider(1, 500, 500);
        assert_ok!(accuse(1, Validator, None));
        assert_eq!(slash(1, Validator, u64::MAX), (1_000, u64::MAX - 1_000));
        assert_ok!(acquit(1, Validator, None));
        assert_eq!((held(1, Provider), Staking::lock(1, id).map(|lock| lock.amount)), (500, Some(500)));
        assert_eq!(<Staking as Bonds<u64>>::lock(&1, id), Some(500));
    });
}

#[test]
fn naming_another_account_as_a_worker_does_not_keep_it_from_bonding() {
    run(|| {
        bond_provider(5, 50);
        assert_ok!(Staking::set_worker(signed(5), Some(6)));
        bond_provider(6, 100);
        assert_noop!(Staking::set_worker(signed(5), Some(6)), Error::<Test>::WorkerOwnsBond);
    });
}

#[test]
fn naming_another_ones_worker_does_not_keep_it_from_its_provider() {
    run(|| {
        bond_provider(5, 50);
        bond_provider(6, 50);
        assert_ok!(Staking::set_worker(signed(5), Some(16)));
        assert_noop!(Staking::set_worker(signed(6), Some(16)), Error::<Test>::WorkerTaken);
        assert_ok!(Staking::resign(signed(16)));
        assert_ok!(Staking::set_worker(signed(6), Some(16)));
        assert!(acts_for(16, 6) && !acts_for(16, 5));
    });
}

#[test]
fn bond_on_its_way_out_moves_to_no_other_account() {
    reset();
    // With one session an era, the last session of a validator is the one after it has chilled.
    chain_of(GenesisConfig { sessions_per_era: 1, ..staking_genesis() }).execute_with(|| {
        System::set_block_number(1);
        assert_ok!(Staking::chill(signed(4)));
        assert_ok!(Staking::unbond(signed(4), Validator, 700));
        advance_to_session(2);
        assert!(!Session::validators().contains(&4));
        assert_noop!(
            Balances::transfer_allow_death(signed(4), 5, ENDOWMENT - 10),
            TokenError::FundsUnavailable
        );
        assert_eq!((exposure(4, 1), slash(4, Validator, 700)), (Some(700), (700, 0)));
        assert_ok!(Staking::do_try_state());
    });
}
