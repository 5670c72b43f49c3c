use crate::{mock::*, Event};
use assay_primitives::Role::Validator;
use frame_support::{assert_noop, assert_ok};
use sp_staking::offence::OffenceSeverity;

/// Chills validators of genesis.
fn chill(validators: &[u64]) {
    for validator in validators {
        assert_ok!(Staking::chill(signed(*validator)));
    }
}

#[test]
fn highest_bonds_are_elected_an_era_ahead() {
    run(|| {
        stand(5, 950);
        advance_to_session(1);
        assert_eq!(elected(1), [1, 5, 2, 3]);
        assert_eq!(events().last(), Some(&Event::ValidatorsElected { era: 1, elected: 4, kept: 0 }));
        assert_eq!(Session::validators(), [1, 2, 3, 4]);
        advance_to_session(2);
        assert_eq!(Session::validators(), [1, 5, 2, 3]);
    });
}

#[test]
fn set_stays_the_same_throughout_an_era() {
    run(|| {
        advance_to_session(2);
        assert_ok!(Staking::chill(signed(4)));
        stand(5, 2_000);
        advance_to_session(3);
        assert_eq!(Session::validators(), [1, 2, 3, 4]);
        advance_to_session(4);
        assert_eq!(Session::validators(), [5, 1, 2, 3]);
    });
}

#[test]
fn bond_after_an_election_counts_in_the_next_one() {
    run(|| {
        advance_to_session(1);
        assert_ok!(Staking::bond_extra(signed(4), Validator, 5_000));
        assert_eq!((exposure(4, 0), exposure(4, 2), exposure(4, 3)), (Some(700), Some(700), Some(700)));
        advance_to_session(3);
        assert_eq!((exposure(4, 3), exposure(4, 4)), (Some(700), Some(5_700)));
    });
}

#[test]
fn number_of_validators_is_governed() {
    run(|| {
        set_params(|params| params.max_validators = 3);
        advance_to_session(1);
        assert_eq!(elected(1), [1, 2, 3]);
        set_params(|params| params.max_validators = 8);
        advance_to_session(3);
        assert_eq!(elected(2), [1, 2, 3, 4]);
    });
}

#[test]
fn candidates_below_a_risen_minimum_are_not_elected() {
    run(|| {
        set_params(|params| params.min_validator_bond = 850);
        advance_to_session(1);
        assert_eq!(elected(1), [1, 2]);
    });
}

#[test]
fn where_too_few_stand_some_of_the_era_before_stay_on() {
    run(|| {
        chill(&[1, 2, 3]);
        advance_to_session(1);
        assert_eq!(elected(1), [4, 1]);
        assert_eq!(events().last(), Some(&Event::ValidatorsElected { era: 1, elected: 2, kept: 1 }));
        assert!(events().contains(&Event::KeptOn { owner: 1, at: 90 }));
        assert_eq!(exposure(1, 2), Some(1_000));

        stand(5, 100);
        advance_to_session(3);
        assert_eq!(elected(2), [4, 5]);
    });
}

#[test]
fn set_is_never_empty() {
    run(|| {
        chill(&[1, 2, 3, 4]);
        for session in 1..12 {
            advance_to_session(session);
            assert_eq!(Session::queued_keys().len(), 2);
        }
        assert_eq!(Session::validators(), [1, 2]);
    });
}

#[test]
fn offenders_stay_on_last_and_disabled() {
    run(|| {
        advance_to_session(2);
        Staking::note_offender(&1, Session::current_index(), OffenceSeverity::default());
        chill(&[1, 2, 3, 4]);
        advance_to_session(3);
        assert_eq!(elected(2), [2, 3]);

        Staking::note_offender(&3, Session::current_index(), OffenceSeverity::default());
        set_params(|params| params.min_validators = 4);
        assert_eq!(crate::Offenders::<Test>::get()[1].until, 2);
        advance_to_session(5);
        // The two of era 2 are all there are, so the offender stays on and so does its note.
        assert_eq!(elected(3), [2, 3]);
        assert_eq!(crate::Offenders::<Test>::get()[0].until, 3);
    });
}

#[test]
fn bond_of_a_validator_kept_on_starts_its_way_out_anew() {
    run(|| {
        chill(&[2, 3, 4]);
        assert_ok!(Staking::unbond(signed(2), Validator, 900));
        assert_eq!(chunks(2, Validator), [(900, 81)]);
        advance_to_session(1);
        assert_eq!((elected(1), chunks(2, Validator)), (vec![1, 2], vec![(900, 90)]));
        advance_to_session(3);
        assert_eq!((elected(2), chunks(2, Validator)), (vec![1, 2], vec![(900, 110)]));

        stand(5, 100);
        advance_to_session(5);
        assert_eq!((elected(3), chunks(2, Validator)), (vec![1, 5], vec![(900, 110)]));
        advance_to(109);
        assert_noop!(Staking::withdraw(signed(2), Validator), crate::Error::<Test>::NothingToWithdraw);
        advance_to(110);
        assert_ok!(Staking::withdraw(signed(2), Validator));
    });
}

#[test]
fn validator_kept_on_has_at_stake_what_is_left() {
    run(|| {
        chill(&[2, 3, 4]);
        assert_eq!(slash(2, Validator, 300), (300, 0));
        advance_to_session(1);
        assert_eq!((exposure(2, 1), exposure(2, 2)), (Some(900), Some(600)));
        assert_eq!(slash(2, Validator, 600), (600, 0));
        advance_to_session(3);
        assert_eq!((elected(2), exposure(2, 4)), (vec![1, 2], Some(0)));
    });
}

#[test]
fn chain_without_stakers_keeps_the_validators_of_its_sessions() {
    reset();
    let nobody = crate::GenesisConfig { validators: vec![], ..staking_genesis() };
    chain_with_keys(nobody, &[1, 2]).execute_with(|| {
        assert_eq!(Session::validators(), [1, 2]);
        System::set_block_number(1);
        stand(3, 500);
        advance_to_session(2);
        assert_eq!((Session::validators(), exposure(1, 2)), (vec![3, 1], Some(0)));
        stand(4, 400);
        advance_to_session(4);
        assert_eq!(Session::validators(), [3, 4]);
        assert_ok!(Staking::do_try_state());
    });
}
