use crate::{mock::*, Error, Event};
use assay_primitives::Role::{Provider, Validator};
use frame_support::{assert_noop, assert_ok};

#[test]
fn unbonded_amount_is_on_its_way_out_and_still_held() {
    run(|| {
        bond_provider(5, 200);
        assert_ok!(Staking::unbond(signed(5), Provider, 30));
        System::assert_last_event(
            Event::<Test>::Unbonded { owner: 5, role: Provider, amount: 30, at: 81 }.into(),
        );
        assert_eq!((active(5, Provider), held(5, Provider)), (170, 200));
        assert_eq!(chunks(5, Provider), [(30, 81)]);
    });
}

#[test]
fn amounts_of_one_block_merge() {
    run(|| {
        bond_provider(5, 200);
        assert_ok!(Staking::unbond(signed(5), Provider, 30));
        assert_ok!(Staking::unbond(signed(5), Provider, 20));
        advance(1);
        assert_ok!(Staking::unbond(signed(5), Provider, 10));
        assert_eq!(chunks(5, Provider), [(50, 81), (10, 82)]);
    });
}

#[test]
fn rest_below_the_minimum_has_to_go_as_a_whole() {
    run(|| {
        bond_provider(5, 100);
        assert_noop!(Staking::unbond(signed(5), Provider, 51), Error::<Test>::BelowMinimum);
        assert_ok!(Staking::unbond(signed(5), Provider, 50));
        assert_ok!(Staking::unbond(signed(5), Provider, 50));
        assert_eq!((active(5, Provider), held(5, Provider)), (0, 100));
    });
}

#[test]
fn bond_below_a_risen_minimum_can_only_go_as_a_whole() {
    run(|| {
        bond_provider(5, 100);
        set_params(|params| params.min_provider_bond = 200);
        assert_noop!(Staking::unbond(signed(5), Provider, 1), Error::<Test>::BelowMinimum);
        assert_ok!(Staking::unbond(signed(5), Provider, 100));
    });
}

#[test]
fn unbond_of_what_is_not_there_is_refused() {
    run(|| {
        assert_noop!(Staking::unbond(signed(5), Provider, 1), Error::<Test>::NotBonded);
        bond_provider(5, 100);
        assert_noop!(Staking::unbond(signed(5), Provider, 101), Error::<Test>::NotEnoughBonded);
        assert_noop!(Staking::unbond(signed(5), Validator, 1), Error::<Test>::NotEnoughBonded);
        assert_noop!(Staking::unbond(signed(5), Provider, 0), Error::<Test>::ZeroAmount);
    });
}

#[test]
fn parts_on_their_way_out_are_bounded() {
    run(|| {
        bond_provider(5, 200);
        for block in 1..=4 {
            advance_to(block);
            assert_ok!(Staking::unbond(signed(5), Provider, 10));
        }
        assert_ok!(Staking::unbond(signed(5), Provider, 10));
        advance(1);
        assert_noop!(Staking::unbond(signed(5), Provider, 10), Error::<Test>::TooManyChunks);
        assert_eq!(chunks(5, Provider), [(10, 81), (10, 82), (10, 83), (20, 84)]);
    });
}

#[test]
fn locked_collateral_stays_bonded() {
    run(|| {
        let id = locked_provider(5, 200, 120);
        assert_noop!(Staking::unbond(signed(5), Provider, 81), Error::<Test>::CollateralLocked);
        assert_noop!(Staking::unbond(signed(5), Provider, 200), Error::<Test>::CollateralLocked);
        assert_ok!(Staking::unbond(signed(5), Provider, 80));
        assert_ok!(release(5, id));
        assert_ok!(Staking::unbond(signed(5), Provider, 120));
    });
}

#[test]
fn nothing_more_is_unbonded_while_locks_need_what_is_on_its_way_out() {
    run(|| {
        bond_provider(5, 200);
        assert_ok!(Staking::unbond(signed(5), Provider, 100));
        let id = lock(5, 120);
        assert_noop!(Staking::unbond(signed(5), Provider, 1), Error::<Test>::CollateralLocked);
        assert_ok!(release(5, id));
        assert_ok!(Staking::unbond(signed(5), Provider, 50));
    });
}

#[test]
fn candidate_unbonds_down_to_the_minimum_unless_it_chills() {
    run(|| {
        assert_ok!(Staking::unbond(signed(1), Validator, 900));
        assert_eq!(candidates(), [2, 3, 4, 1]);
        assert_noop!(Staking::unbond(signed(1), Validator, 100), Error::<Test>::MustChill);
        assert_ok!(Staking::chill(signed(1)));
        assert_ok!(Staking::unbond(signed(1), Validator, 100));
        assert_eq!((active(1, Validator), held(1, Validator)), (0, 1_000));
    });
}

#[test]
fn unbonding_period_counts_the_clock_and_not_the_chain() {
    run(|| {
        bond_provider(5, 100);
        assert_ok!(Staking::unbond(signed(5), Provider, 100));
        advance_to(100);
        Halted::set(20);
        assert_noop!(Staking::withdraw(signed(5), Provider), Error::<Test>::NothingToWithdraw);
        advance_to(101);
        assert_ok!(Staking::withdraw(signed(5), Provider));
    });
}

#[test]
fn shorter_period_lets_nothing_overtake_what_left_earlier() {
    run(|| {
        bond_provider(5, 200);
        set_params(|params| params.unbonding_blocks = 100);
        assert_ok!(Staking::unbond(signed(5), Provider, 10));
        set_params(|params| params.unbonding_blocks = 80);
        advance(1);
        assert_ok!(Staking::unbond(signed(5), Provider, 10));
        assert_eq!(chunks(5, Provider), [(20, 101)]);
        advance_to(30);
        assert_ok!(Staking::unbond(signed(5), Provider, 10));
        assert_eq!(chunks(5, Provider), [(20, 101), (10, 110)]);
    });
}
