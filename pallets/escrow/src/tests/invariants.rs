//! Each invariant notices when it is broken.

use crate::{mock::*, Escrows};
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
fn escrows_sum_up_to_what_is_on_hold() {
    broken(|| Escrows::<Test>::remove(0), "what is in escrow is not what is on hold");
    broken(|| Escrows::<Test>::remove(2), "what is in escrow is not what is on hold");
    let stray = crate::Funds { requester: 77, amount: 1, expires: 9 };
    broken(|| Escrows::<Test>::insert(3, stray), "an escrow is of an account that is not there");
    let more = |funds: &mut Option<crate::Funds<u64>>| {
        funds.as_mut().expect("it is open").amount += 1;
    };
    broken(|| Escrows::<Test>::mutate(2, more), "what is in escrow is not what is on hold");
    let endless = |funds: &mut Option<crate::Funds<u64>>| {
        funds.as_mut().expect("it is open").amount = u128::MAX;
    };
    broken(|| Escrows::<Test>::mutate(0, endless), "escrows are more than a balance can be");
}

#[test]
fn what_is_on_hold_is_in_escrow() {
    let reason = || crate::HoldReason::Job.into();
    let set = |amount| {
        assert_ok!(<Balances as UnbalancedHold<u64>>::set_balance_on_hold(&reason(), &1, amount));
    };
    broken(|| set(499), "what is in escrow is not what is on hold");
    broken(|| set(501), "what is in escrow is not what is on hold");
}
