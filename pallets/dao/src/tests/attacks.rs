//! What somebody might try to gain.

use crate::{mock::*, DaoOrigin, Error, Parameters, Ruling, MIN_APPEAL_SHARE};
use assay_primitives::{mock::governance::*, JobClass, Policies, Policy};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::Perbill;

/// Delay costs a share of what is at stake: whoever appeals without hope pays for it, be it decided or not.
#[test]
fn appeal_is_no_free_delay() {
    run(|| {
        add_slash(7, 50_000, 20, 120);
        add_slash(8, 50_000, 20, 120);
        assert_ok!(Dao::appeal(signed(1), 7, [9; 32]));
        assert_ok!(Dao::decide(DaoOrigin::Appeals.into(), 7, Ruling::Uphold));
        assert_ok!(Dao::appeal(signed(2), 8, [9; 32]));
        advance_to(120);
        end_slash(8);
        assert_ok!(Dao::close(signed(2), 8));
        assert_eq!((free(1), free(2)), (ENDOWMENT - 5_000, ENDOWMENT - 5_000));
    });
}

/// Nor does a vote on parameters make it one.
#[test]
fn no_parameters_make_an_appeal_free() {
    run(|| {
        let cheap = Parameters { appeal_deposit: LEAST_DEPOSIT, appeal_share: MIN_APPEAL_SHARE, ..params() };
        let free = [
            Parameters { appeal_deposit: 1, ..cheap },
            Parameters { appeal_share: Perbill::zero(), ..cheap },
        ];
        for params in free {
            let set = Dao::set_params(DaoOrigin::Parameters.into(), params);
            assert_eq!(set, Err(Error::<Test>::AppealTooCheap.into()));
        }
        assert_ok!(Dao::set_params(DaoOrigin::Parameters.into(), cheap));
        for (slash, amount, deposit) in [(7, 50_000, 500), (8, 1, LEAST_DEPOSIT)] {
            add_slash(slash, amount, 20, 120);
            assert_eq!(Dao::appeal_deposit(slash), Some(deposit));
        }
    });
}

/// A slash that was upheld or reduced goes on: no second appeal, by whomever, holds it up.
#[test]
fn slash_is_not_held_up_twice() {
    run(|| {
        for (id, ruling) in [(7, Ruling::Uphold), (8, Ruling::Reduce { amount: 9 })] {
            add_slash(id, 1_000, 20, 120);
            assert_ok!(Dao::appeal(signed(1), id, [9; 32]));
            assert_ok!(Dao::decide(DaoOrigin::Appeals.into(), id, ruling));
            assert_noop!(Dao::appeal(signed(2), id, [9; 32]), Error::<Test>::AlreadyAppealed);
            assert_noop!(Dao::close(signed(1), id), Error::<Test>::SlashWaits);
            assert_eq!(slash(id).unwrap().ready(), 20);
        }
    });
}

/// Whoever appeals can't get the deposit back before the slash is over, and so not by closing in time.
#[test]
fn appellant_can_not_close_before_the_slash_is_over() {
    run(|| {
        add_slash(7, 1_000, 20, 120);
        assert_ok!(Dao::appeal(signed(1), 7, [9; 32]));
        advance_to(119);
        assert_noop!(Dao::close(signed(1), 7), Error::<Test>::SlashWaits);
        advance_to(120);
        end_slash(7);
        assert_ok!(Dao::close(signed(1), 7));
        assert_eq!(free(1), ENDOWMENT - 100);
    });
}

/// Other parameters after the announcement don't smuggle in a policy by which cheating pays.
#[test]
fn policy_is_checked_when_it_comes_into_force_too() {
    run(|| {
        let (class, cheap) = (JobClass::ExactV1, Policy { collateral: 8, ..policy() });
        assert_ok!(Dao::change_policy(DaoOrigin::Policy.into(), class, cheap, 20));
        set_least_collateral(9);
        advance_to(40);
        assert_eq!(MockPolicies::current(class), Some((0, policy())));
    });
}

/// A vote can't keep a call paused for longer than the parameters allow without voting again.
#[test]
fn pause_does_not_outlast_its_vote() {
    run(|| {
        assert_ok!(Dao::pause(DaoOrigin::EmergencyStop.into(), name("call 1"), 50));
        (0..50).for_each(|_| next_block());
        assert_eq!(Dao::pauses(), []);
    });
}
