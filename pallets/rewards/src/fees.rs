//! Fees are split when they are paid, and the shares paid out when the block ends: once a block instead of with each
//! transaction, and in one piece, so that shares too small for an account of their own are not lost one by one.

use crate::{pallet::*, Collected, CreditOf};
use assay_primitives::Balance;
use assay_rules::fees::split_fee;
use core::marker::PhantomData;
use frame_support::traits::{Get, Imbalance, OnUnbalanced};
use sp_runtime::traits::Zero;

/// Takes fees of transactions, and tips.
pub struct ShareFees<T>(PhantomData<T>);

impl<T: Config> OnUnbalanced<CreditOf<T>> for ShareFees<T> {
    /// The fee comes first, then the tip, if there is one.
    fn on_unbalanceds(mut fee_then_tip: impl Iterator<Item = CreditOf<T>>) {
        if let Some(fee) = fee_then_tip.next() {
            Pallet::<T>::collect_fee(fee);
        }
        fee_then_tip.for_each(Pallet::<T>::collect_tip);
    }

    fn on_nonzero_unbalanced(fee: CreditOf<T>) {
        Pallet::<T>::collect_fee(fee);
    }
}

impl<T: Config> Pallet<T> {
    pub(crate) fn collect_fee(fee: CreditOf<T>) {
        let split = split_fee(fee.peek(), &Params::<T>::get().fees);
        Self::collect(fee, split.treasury, split.author);
    }

    /// A tip is the author's alone.
    fn collect_tip(tip: CreditOf<T>) {
        let amount = tip.peek();
        Self::collect(tip, 0, amount);
    }

    /// Notes shares of a credit, which is burnt: what is paid when the block ends is issued again.
    fn collect(credit: CreditOf<T>, treasury: Balance, author: Balance) {
        drop(credit);
        Fees::<T>::mutate(|fees| {
            // These are parts of what was burnt in this block, which was all issued before: they can't overflow.
            fees.treasury = fees.treasury.saturating_add(treasury);
            fees.author = fees.author.saturating_add(author);
        });
    }

    /// Pays the block's fees out. A share that can't be paid stays burnt, and so does the author's of a block that has
    /// none.
    pub(crate) fn pay_fees() {
        let author = Author::<T>::take();
        let fees: Collected = Fees::<T>::take();
        let treasury = Self::issue(&T::Treasury::get(), fees.treasury);
        let amount = author.as_ref().map_or(0, |author| Self::issue(author, fees.author));
        if !treasury.is_zero() || !amount.is_zero() {
            Self::deposit_event(Event::FeesShared { treasury, author, amount });
        }
    }
}
