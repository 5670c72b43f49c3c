use crate::{mock::*, Change, Error, Event, State};
use assay_primitives::Conduct;
use frame_support::{assert_noop, assert_ok};
use sp_runtime::DispatchError;

/// A provider that was found cheating at a block of the clock; its term ends a hundred blocks later.
fn jailed(owner: u64) -> u32 {
    provide(owner, 4);
    serve(owner, 7, Conduct::Cheated);
    Now::get() + 100
}

#[test]
fn cheat_is_in_jail_at_once_and_weighs_nothing() {
    run(|| {
        let until = jailed(1);
        assert_eq!(provider(1).state, State::Jailed { until });
        assert!(events().contains(&Event::Jailed { owner: 1, until }));
        assert_eq!((weight(CPU), total_in_play()), (0, 0));
        assert_noop!(seat(1, 8), Error::<Test>::NotInPlay);
    });
}

#[test]
fn term_has_to_be_served() {
    run(|| {
        jailed(1);
        assert_noop!(Providers::release(signed(1)), Error::<Test>::StillJailed);
        advance(99);
        assert_noop!(Providers::release(signed(1)), Error::<Test>::StillJailed);
        advance(1);
        assert_ok!(Providers::release(signed(1)));
        assert_eq!(waiting(1), Some(Change::Release));
        advance(DELAY - 1);
        assert_eq!(weight(CPU), 0);
        advance(1);
        assert_eq!((weight(CPU), provider(1).state), (4, State::Active));
    });
}

#[test]
fn term_counts_blocks_of_the_market_clock() {
    run(|| {
        jailed(1);
        System::set_block_number(1_000);
        assert_noop!(Providers::release(signed(1)), Error::<Test>::StillJailed);
        Now::set(Now::get() + 100);
        assert_ok!(Providers::release(signed(1)));
    });
}

#[test]
fn release_is_refused_to_those_that_are_not_in_jail() {
    run(|| {
        assert_noop!(Providers::release(signed(1)), Error::<Test>::NotRegistered);
        assert_noop!(Providers::release(RuntimeOrigin::root()), DispatchError::BadOrigin);
        provide(1, 4);
        assert_noop!(Providers::release(signed(1)), Error::<Test>::NotJailed);
    });
}

#[test]
fn second_release_waits_for_the_first() {
    run(|| {
        jailed(1);
        advance(100);
        assert_ok!(Providers::release(signed(1)));
        assert_noop!(Providers::release(signed(1)), Error::<Test>::ChangePending);
    });
}

#[test]
fn cheat_found_out_before_its_release_is_applied_stays() {
    run(|| {
        provide_on(1, 4, CPU, 3);
        for job in 7..10 {
            assert_ok!(seat(1, job));
        }
        unseat(1, 7, Conduct::Cheated);
        advance(100);
        assert_ok!(Providers::release(signed(1)));
        unseat(1, 8, Conduct::Cheated);
        let until = Now::get() + 100;
        assert_eq!((provider(1).state, waiting(1)), (State::Jailed { until }, Some(Change::Weight)));
        advance(DELAY);
        assert_eq!((weight(CPU), provider(1).state), (0, State::Jailed { until }));
    });
}

#[test]
fn shorter_term_does_not_shorten_one_that_runs() {
    run(|| {
        provide(1, 4);
        assert_ok!(seat(1, 7));
        assert_ok!(seat(1, 8));
        unseat(1, 7, Conduct::Cheated);
        let until = Now::get() + 100;
        assert_ok!(set_params(|params| params.jail_blocks = 1));
        unseat(1, 8, Conduct::Cheated);
        assert_eq!(provider(1).state, State::Jailed { until });
    });
}

#[test]
fn jailed_provider_that_has_left_is_forgotten_on_its_release() {
    run(|| {
        jailed(1);
        assert_ok!(Providers::retire(signed(1)));
        advance(100);
        assert_eq!(provider(1).slot, None);
        assert_ok!(Providers::release(signed(1)));
        advance(DELAY);
        assert_eq!(Providers::provider(1), None);
    });
}
