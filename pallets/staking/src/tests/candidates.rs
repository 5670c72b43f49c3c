use crate::{mock::*, ChillReason, Error, Event};
use assay_primitives::{
    Bonds,
    Role::{Provider, Validator},
};
use frame_support::{assert_noop, assert_ok, assert_storage_noop};
use sp_runtime::DispatchError;

fn chilled(owner: u64, reason: ChillReason) -> Event<Test> {
    Event::Chilled { owner, reason }
}

#[test]
fn validate_puts_the_owner_on_the_list() {
    run(|| {
        assert_ok!(Staking::bond(signed(5), Validator, 850));
        register_keys(5);
        assert_ok!(Staking::validate(signed(5)));
        System::assert_last_event(Event::<Test>::CandidateEntered { owner: 5, bond: 850 }.into());
        assert_eq!(candidates(), [1, 2, 5, 3, 4]);
    });
}

#[test]
fn validate_without_the_minimum_bond_is_refused() {
    run(|| {
        register_keys(5);
        assert_noop!(Staking::validate(signed(5)), Error::<Test>::NotBonded);
        bond_provider(5, 500);
        assert_noop!(Staking::validate(signed(5)), Error::<Test>::BelowMinimum);
        assert_ok!(Staking::bond(signed(5), Validator, 150));
        set_params(|params| params.min_validator_bond = 151);
        assert_noop!(Staking::validate(signed(5)), Error::<Test>::BelowMinimum);
    });
}

#[test]
fn validate_without_session_keys_is_refused() {
    run(|| {
        assert_ok!(Staking::bond(signed(5), Validator, 100));
        assert_noop!(Staking::validate(signed(5)), Error::<Test>::NoKeys);
    });
}

#[test]
fn validate_twice_is_refused() {
    run(|| {
        assert_noop!(Staking::validate(signed(1)), Error::<Test>::AlreadyCandidate);
    });
}

#[test]
fn full_list_is_entered_by_outbidding_the_lowest() {
    run(|| {
        MaxCandidates::set(5);
        MaxValidators::set(5);
        stand(5, 100);
        assert_ok!(Staking::bond(signed(6), Validator, 100));
        register_keys(6);
        assert_noop!(Staking::validate(signed(6)), Error::<Test>::OutBid);

        assert_ok!(Staking::bond_extra(signed(6), Validator, 1));
        assert_ok!(Staking::validate(signed(6)));
        assert!(events().contains(&chilled(5, ChillReason::OutBid)));
        assert_eq!(candidates(), [1, 2, 3, 4, 6]);
        assert_eq!(active(5, Validator), 100);
    });
}

#[test]
fn equal_bonds_stand_in_the_order_in_which_they_came() {
    run(|| {
        stand(5, 800);
        stand(6, 800);
        assert_eq!(candidates(), [1, 2, 3, 5, 6, 4]);
    });
}

#[test]
fn candidates_follow_their_bonds() {
    run(|| {
        assert_ok!(Staking::bond_extra(signed(4), Validator, 250));
        assert_eq!(candidates(), [1, 4, 2, 3]);
        assert_ok!(Staking::unbond(signed(1), Validator, 150));
        assert_eq!(candidates(), [4, 2, 1, 3]);
        assert_eq!(Staking::candidates(2, 1)[0].bond, 850);
    });
}

#[test]
fn bond_as_a_provider_moves_no_candidate() {
    run(|| {
        bond_provider(4, 500);
        assert_ok!(Staking::bond_extra(signed(4), Provider, 500));
        assert_eq!(candidates(), [1, 2, 3, 4]);
    });
}

#[test]
fn chill_takes_the_owner_off_the_list() {
    run(|| {
        assert_ok!(Staking::chill(signed(2)));
        System::assert_last_event(chilled(2, ChillReason::Asked).into());
        assert_eq!(candidates(), [1, 3, 4]);
        assert_noop!(Staking::chill(signed(2)), Error::<Test>::NotCandidate);
        assert_ok!(Staking::validate(signed(2)));
    });
}

#[test]
fn governance_chills_any_candidate() {
    run(|| {
        assert_noop!(Staking::force_chill(signed(1), 2), DispatchError::BadOrigin);
        assert_ok!(Staking::force_chill(RuntimeOrigin::root(), 2));
        System::assert_last_event(chilled(2, ChillReason::Forced).into());
        assert_noop!(Staking::force_chill(RuntimeOrigin::root(), 2), Error::<Test>::NotCandidate);
    });
}

#[test]
fn chill_for_an_offence_leaves_those_alone_who_do_not_stand() {
    run(|| {
        <Staking as Bonds<u64>>::chill(&2);
        System::assert_last_event(chilled(2, ChillReason::Offence).into());
        assert_storage_noop!(<Staking as Bonds<u64>>::chill(&2));
        assert_storage_noop!(<Staking as Bonds<u64>>::chill(&7));
    });
}

#[test]
fn anyone_kicks_a_candidate_below_the_minimum() {
    run(|| {
        assert_noop!(Staking::kick(signed(9), 4), Error::<Test>::StillFit);
        assert_noop!(Staking::kick(signed(9), 5), Error::<Test>::NotCandidate);
        set_params(|params| params.min_validator_bond = 750);
        assert_ok!(Staking::kick(signed(9), 4));
        System::assert_last_event(chilled(4, ChillReason::Unfit).into());
        assert_eq!(candidates(), [1, 2, 3]);
        assert_noop!(Staking::kick(RuntimeOrigin::root(), 3), DispatchError::BadOrigin);
    });
}

#[test]
fn anyone_kicks_a_candidate_without_keys() {
    run(|| {
        stand(5, 100);
        pallet_session::NextKeys::<Test>::remove(5);
        assert_ok!(Staking::kick(signed(9), 5));
        assert_eq!(candidates(), [1, 2, 3, 4]);
    });
}

#[test]
fn accused_validator_stands_again_only_when_the_slash_is_over() {
    run(|| {
        stand(5, 100);
        assert_ok!(accuse(5, Validator, None));
        assert_ok!(Staking::chill(signed(5)));
        assert_noop!(Staking::validate(signed(5)), Error::<Test>::Accused);
        assert_ok!(acquit(5, Validator, None));
        assert_ok!(Staking::validate(signed(5)));
    });
}
