//! Bonds and faults where nobody has any; and their mocks keep what the traits promise.

use assay_primitives::{
    mock::{
        self, HeardSlash, MockBonds, MockCollateral, MockOnSlash, MockReportFault, LOCK_ACCUSED, NOT_ACCUSED,
        NOT_AVAILABLE, NO_LEDGER, NO_LOCK, TOO_MANY_ACCUSED,
    },
    Balance, Bonds, Collateral, Fault, FaultKind, OnSlash, ReportFault, Role,
};
use sp_runtime::DispatchError;

type Book = MockBonds;

fn no_show() -> Fault<u64, Balance> {
    Fault::Provider { owner: 1, lock: 3, kind: FaultKind::NoShow, amount: 10 }
}

fn report<T: ReportFault<u64, Balance>>() -> Result<Option<u64>, DispatchError> {
    T::report(no_show())
}

#[test]
fn where_nobody_has_a_bond_nothing_is_locked_and_no_fault_costs() {
    assert_eq!(<() as Collateral<u64>>::available(&1), 0);
    assert_eq!(<() as Collateral<u64>>::lock(&1, 1, Balance::MAX), Err(DispatchError::Unavailable));
    assert_eq!(<() as Collateral<u64>>::release(&1, 0), Err(DispatchError::Unavailable));
    assert_eq!(report::<()>(), Ok(None));
}

#[test]
fn collateral_is_locked_within_the_bond_and_within_what_counts() {
    mock::reset();
    mock::set_bond(1, Role::Provider, 100);
    mock::set_bond(1, Role::Validator, 900);
    for (amount, within) in [(0, 100), (101, Balance::MAX), (60, 59)] {
        assert_eq!(MockCollateral::lock(&1, amount, within), Err(NOT_AVAILABLE));
    }
    assert_eq!(MockCollateral::lock(&1, 60, 100), Ok(0));
    assert_eq!((MockCollateral::available(&1), <Book as Bonds<u64>>::lock(&1, 0)), (40, Some(60)));
    assert_eq!((mock::owner_of_lock(0), <Book as Bonds<u64>>::lock(&2, 0)), (Some(1), None));
    assert_eq!(MockCollateral::release(&2, 0), Err(NO_LOCK));
    assert_eq!(MockCollateral::release(&1, 0), Ok(()));
    assert_eq!(MockCollateral::release(&1, 0), Err(NO_LOCK));
    assert_eq!(MockCollateral::available(&1), 100);
}

#[test]
fn accused_lock_stays_until_the_slash_is_over() {
    mock::reset();
    mock::set_bond(1, Role::Provider, 100);
    mock::set_bond(2, Role::Provider, 100);
    assert_eq!(MockCollateral::lock(&1, 60, 100), Ok(0));
    assert_eq!(Book::accuse(&3, Role::Provider, Some(0)), Err(NO_LEDGER));
    assert_eq!(Book::accuse(&2, Role::Provider, Some(0)), Err(NO_LOCK));
    assert_eq!(Book::acquit(&1, Role::Provider, Some(0)), Err(NOT_ACCUSED));
    assert_eq!(Book::accuse(&1, Role::Provider, Some(0)), Ok(()));
    assert_eq!(Book::accuse(&1, Role::Provider, Some(0)), Err(LOCK_ACCUSED));
    assert_eq!(MockCollateral::release(&1, 0), Err(LOCK_ACCUSED));
    mock::set_most_accused(1);
    assert_eq!(Book::accuse(&1, Role::Provider, Some(0)), Err(TOO_MANY_ACCUSED));

    assert_eq!(Book::slash(&1, Role::Provider, 130), (100, 30));
    assert_eq!(Book::slash(&1, Role::Validator, 5), (0, 5));
    assert_eq!(Book::acquit(&1, Role::Provider, Some(0)), Ok(()));
    assert_eq!((mock::accused(1, Role::Provider), mock::lock_is_accused(0)), (0, None));
    assert_eq!(mock::bonded(2, Role::Provider), 100);
}

#[test]
fn faults_and_slashes_are_recorded_and_faults_refused_as_scripted() {
    mock::reset();
    assert_eq!(report::<MockReportFault>(), Ok(Some(0)));
    let refusal = DispatchError::Other("refused");
    mock::refuse_faults(Some(refusal));
    assert_eq!(report::<MockReportFault>(), Err(refusal));
    mock::refuse_faults(None);
    assert_eq!(report::<MockReportFault>(), Ok(Some(1)));
    assert_eq!(mock::faults(), [no_show(), no_show()]);

    MockOnSlash::on_slash(&1, Role::Provider, FaultKind::NoShow, 7, 3);
    let heard = HeardSlash { owner: 1, role: Role::Provider, kind: FaultKind::NoShow, taken: 7, missing: 3 };
    assert_eq!(mock::heard_slashes(), [heard]);
    mock::reset();
    assert!(mock::faults().is_empty() && mock::heard_slashes().is_empty());
}
