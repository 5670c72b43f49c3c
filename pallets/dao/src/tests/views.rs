use crate::{mock::*, Change, DaoOrigin, Paused};
use assay_primitives::{mock::governance::*, JobClass, Policy};
use frame_support::assert_ok;

const CLASS: JobClass = JobClass::ExactV1;

#[test]
fn appeal_and_its_price_are_told() {
    run(|| {
        assert_eq!(Dao::appeal_deposit(7), None);
        add_slash(7, 5_000, 20, 120);
        assert_eq!(Dao::appeal_deposit(7), Some(500));
        assert_eq!(Dao::appeal_against(7), None);
        assert_ok!(Dao::appeal(signed(1), 7, [9; 32]));
        assert_eq!(Dao::appeal_against(7).map(|appeal| appeal.until), Some(120));
    });
}

#[test]
fn policies_are_told_by_version() {
    run(|| {
        let next = Policy { collateral: 12, ..policy() };
        assert_ok!(Dao::change_policy(DaoOrigin::Policy.into(), CLASS, next, 20));
        assert_eq!(Dao::change(CLASS), Some(Change { policy: next, at: 21 }));
        assert_eq!((Dao::policy(CLASS, 0), Dao::policy(CLASS, 1)), (Some(policy()), None));
        advance_to(21);
        assert_eq!((Dao::policy(CLASS, 0), Dao::policy(CLASS, 1)), (Some(policy()), Some(next)));
        assert_eq!(Dao::change(CLASS), None);
    });
}

#[test]
fn pauses_are_told() {
    run(|| {
        assert_eq!(Dao::pauses(), []);
        assert_ok!(Dao::pause(DaoOrigin::EmergencyStop.into(), name("call 1"), 5));
        assert_eq!(Dao::pauses(), [Paused { call: name("call 1"), until: 6 }]);
    });
}
