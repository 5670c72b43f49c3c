use crate::{mock::*, Error, Ledgers, Lock};
use assay_primitives::Role::{Provider, Validator};
use frame_support::{assert_noop, assert_ok};

fn accusations(who: u64, role: assay_primitives::Role) -> u32 {
    Staking::ledger(who).map_or(0, |ledger| ledger.stake(role).accused)
}

#[test]
fn accusations_of_a_validator_are_counted() {
    run(|| {
        assert_ok!(accuse(1, Validator, None));
        assert_ok!(accuse(1, Validator, None));
        assert_eq!((accusations(1, Validator), accusations(1, Provider)), (2, 0));
        assert_ok!(acquit(1, Validator, None));
        assert_ok!(acquit(1, Validator, None));
        assert_noop!(acquit(1, Validator, None), Error::<Test>::NotAccused);
    });
}

#[test]
fn accusation_of_a_provider_takes_over_the_lock() {
    run(|| {
        let id = locked_provider(5, 200, 120);
        assert_ok!(accuse(5, Provider, Some(id)));
        assert_eq!(Staking::lock(5, id), Some(Lock { owner: 5, amount: 120, accused: true }));
        assert_noop!(release(5, id), Error::<Test>::LockAccused);
        assert_noop!(accuse(5, Provider, Some(id)), Error::<Test>::LockAccused);
        assert_noop!(Staking::unbond(signed(5), Provider, 200), Error::<Test>::CollateralLocked);

        assert_ok!(acquit(5, Provider, Some(id)));
        assert_eq!((Staking::lock(5, id), available(5)), (None, 200));
    });
}

#[test]
fn accusation_has_to_name_what_it_is_about() {
    run(|| {
        let id = locked_provider(5, 200, 120);
        let other = locked_provider(6, 200, 120);
        assert_noop!(accuse(5, Provider, None), Error::<Test>::NoSuchLock);
        assert_noop!(accuse(5, Provider, Some(other)), Error::<Test>::NoSuchLock);
        assert_noop!(accuse(5, Provider, Some(99)), Error::<Test>::NoSuchLock);
        assert_noop!(accuse(1, Validator, Some(id)), Error::<Test>::NoSuchLock);
    });
}

#[test]
fn accusation_of_somebody_without_a_bond_is_refused() {
    run(|| {
        assert_noop!(accuse(9, Validator, None), Error::<Test>::NotBonded);
        bond_provider(9, 100);
        assert_noop!(accuse(9, Validator, None), Error::<Test>::NotBonded);
        assert_noop!(acquit(8, Validator, None), Error::<Test>::NotBonded);
    });
}

#[test]
fn acquittal_has_to_name_an_accused_lock() {
    run(|| {
        let id = locked_provider(5, 200, 120);
        let open = lock(5, 10);
        assert_noop!(acquit(5, Provider, Some(id)), Error::<Test>::NotAccused);
        assert_ok!(accuse(5, Provider, Some(id)));
        assert_noop!(acquit(5, Provider, Some(open)), Error::<Test>::NotAccused);
        assert_noop!(acquit(5, Provider, None), Error::<Test>::NoSuchLock);
        assert_noop!(acquit(5, Validator, None), Error::<Test>::NotAccused);
    });
}

#[test]
fn lock_stays_locked_while_a_slash_waits_and_ends_once() {
    run(|| {
        bond_provider(5, 200);
        let [one, other] = [50, 60].map(|amount| lock(5, amount));
        for id in [one, other] {
            assert_ok!(accuse(5, Provider, Some(id)));
        }
        assert_eq!(available(5), 90);
        assert_ok!(acquit(5, Provider, Some(one)));
        assert_noop!(acquit(5, Provider, Some(one)), Error::<Test>::NoSuchLock);
        assert_noop!(release(5, one), Error::<Test>::NoSuchLock);
        assert_noop!(release(5, other), Error::<Test>::LockAccused);
        assert_eq!(available(5), 140);
        assert_ok!(acquit(5, Provider, Some(other)));
        assert_eq!(available(5), 200);
    });
}

#[test]
fn accusations_beyond_counting_are_refused() {
    run(|| {
        let set = |accused| {
            Ledgers::<Test>::mutate(1, |ledger| {
                ledger.as_mut().expect("it has one").validator.accused = accused
            })
        };
        set(u32::MAX);
        assert_noop!(accuse(1, Validator, None), Error::<Test>::TooManyAccusations);
        set(0);
    });
}

#[test]
fn accused_bond_can_still_be_unbonded_and_stays_in_reach() {
    run(|| {
        assert_ok!(Staking::chill(signed(4)));
        assert_ok!(accuse(4, Validator, None));
        assert_ok!(Staking::unbond(signed(4), Validator, 700));
        assert_eq!(slash(4, Validator, 300), (300, 0));
        assert_ok!(acquit(4, Validator, None));
        assert_eq!(held(4, Validator), 400);
    });
}
