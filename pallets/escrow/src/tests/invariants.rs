//! Each invariant notices when it is broken.

use crate::{mock::*, Escrows, Totals};
use frame_support::{assert_ok, traits::fungible::UnbalancedHold};
use sp_runtime::{DispatchError, TryRuntimeError};

/// Breaks something on a sound chain.
fn broken(by: impl FnOnce(), says: &'static str) {
    chain().execute_with(|| {
        requester(1, 1_000, 0, 300);
        assert_ok!(open(1, 1, 200));
        requester(2, 1_000, 2, 100);
        assert_ok!(Escrow::do_try_state());
        by();
        let error: TryRuntimeError = DispatchError::Other(says);
        assert_eq!(Escrow::do_try_state(), Err(error));
    });
}

#[test]
fn escrows_hold_something() {
    let nothing = |funds: &mut Option<crate::Funds<u64>>| {
        funds.as_mut().expect("it is open").amount = 0;
    };
    broken(|| Escrows::<Test>::mutate(0, nothing), "an escrow of nothing is kept");
}

#[test]
fn totals_are_sums() {
    broken(|| Escrows::<Test>::remove(0), "a total is not the sum of the escrows");
    broken(|| Totals::<Test>::insert(1, 499), "a total is not the sum of the escrows");
    broken(|| Totals::<Test>::insert(3, 0), "a total is not the sum of the escrows");
    broken(|| Totals::<Test>::remove(2), "escrows are not in the totals");
    let endless = |funds: &mut Option<crate::Funds<u64>>| {
        funds.as_mut().expect("it is open").amount = u128::MAX;
    };
    broken(|| Escrows::<Test>::mutate(0, endless), "escrows are more than a balance can be");
}

#[test]
fn totals_are_on_hold() {
    let reason = || crate::HoldReason::Job.into();
    let set = |amount| {
        assert_ok!(<Balances as UnbalancedHold<u64>>::set_balance_on_hold(&reason(), &1, amount));
    };
    broken(|| set(499), "what is in escrow is not what is on hold");
    broken(|| set(501), "what is in escrow is not what is on hold");
}
