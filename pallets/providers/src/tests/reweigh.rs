use crate::{mock::*, Error};
use assay_primitives::Conduct;
use frame_support::{assert_noop, assert_ok};
use sp_runtime::DispatchError;

#[test]
fn lower_cap_counts_once_somebody_asks() {
    run(|| {
        provide(1, 800);
        provide(2, 10);
        assert_ok!(set_params(|params| params.max_bond = 100 * UNIT));
        advance(20);
        assert_eq!(weight(CPU), 810);
        assert_ok!(Providers::reweigh(signed(9), 1));
        assert_eq!(weighing(1), Some(System::block_number()));
        advance(DELAY);
        assert_eq!((weight(CPU), provider(1).stake), (110, 100 * UNIT));
    });
}

#[test]
fn higher_cap_counts_once_somebody_asks() {
    run(|| {
        provide(1, 2_000);
        assert_eq!(weight(CPU), 1_000);
        assert_ok!(set_params(|params| params.max_bond = 3_000 * UNIT));
        assert_ok!(Providers::reweigh(signed(1), 1));
        advance(DELAY);
        assert_eq!(weight(CPU), 2_000);
    });
}

#[test]
fn reweighing_that_changes_nothing_is_refused() {
    run(|| {
        assert_noop!(Providers::reweigh(signed(9), 1), Error::<Test>::NotRegistered);
        assert_noop!(Providers::reweigh(RuntimeOrigin::none(), 1), DispatchError::BadOrigin);
        provide(1, 2_000);
        assert_noop!(Providers::reweigh(signed(9), 1), Error::<Test>::NothingToChange);

        assert_ok!(set_params(|params| params.max_bond = 100 * UNIT));
        assert_ok!(Providers::reweigh(signed(9), 1));
        assert_noop!(Providers::reweigh(signed(9), 1), Error::<Test>::ChangePending);
    });
}

#[test]
fn reweighing_of_one_that_has_left_is_refused() {
    run(|| {
        provide(1, 20);
        assert_ok!(seat(1, 7));
        assert_ok!(Providers::retire(signed(1)));
        advance(DELAY);
        bond(1, 40);
        assert_noop!(Providers::reweigh(signed(9), 1), Error::<Test>::NothingToChange);
        unseat(1, 7, Conduct::Neutral);
    });
}
