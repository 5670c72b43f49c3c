//! A slash ends: its bond is taken and paid out, or not.

use crate::{pallet::*, BalanceOf, CreditOf, Entry, EraRecord, Parameters, SlashOf, Subject};
use assay_primitives::{Bonds, OnSlash, SlashId};
use assay_rules::penalty::{self, Split};
use frame_support::{
    defensive,
    dispatch::DispatchResult,
    ensure,
    traits::{fungible::Balanced, DefensiveSaturating, Get, Imbalance},
};
use sp_runtime::{
    traits::{BlockNumberProvider, Saturating, Zero},
    Perbill,
};
use sp_staking::SessionIndex;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_apply(id: SlashId) -> DispatchResult {
        let slash = Self::waiting(id)?;
        ensure!(slash.ready() <= T::Clock::current_block_number(), Error::<T>::NotReady);
        Self::execute(id, slash);
        Ok(())
    }

    /// Applies a slash that is ready. Nothing in here can fail: what can't be paid is burnt.
    pub(crate) fn execute(id: SlashId, slash: SlashOf<T>) {
        let role = slash.role();
        let (credit, missing) = T::Bonds::slash(&slash.owner, role, slash.amount);
        let taken = credit.peek();
        let paid = Self::pay_out(credit, slash.reporter.as_ref());
        Self::conclude(id, &slash, slash.amount);
        T::OnSlash::on_slash(&slash.owner, role, slash.kind, taken, missing);
        Self::deposit_event(Event::Applied {
            id,
            owner: slash.owner,
            role,
            kind: slash.kind,
            taken,
            missing,
            reporter: slash.reporter,
            reward: paid.reporter,
            burnt: paid.burnt,
            treasury: paid.treasury,
        });
    }

    /// Pays out what was taken and says who got what. A reporter that can't be paid leaves its share to the rest, a
    /// treasury that can't be paid leaves its own to the fire.
    fn pay_out(credit: CreditOf<T>, reporter: Option<&T::AccountId>) -> Split<BalanceOf<T>> {
        let Parameters { reporter_share, burn_share, .. } = Params::<T>::get();
        let share = if reporter.is_some() { reporter_share } else { Perbill::zero() };
        let mut split = penalty::split(credit.peek(), share, burn_share);
        let (reward, mut rest) = credit.split(split.reporter);
        if let Err(unpaid) = Self::pay(reporter, reward) {
            rest = rest.merge(unpaid);
            split = penalty::split(rest.peek(), Perbill::zero(), burn_share);
        }
        let (kept, mut burnt) = rest.split(split.treasury);
        if let Err(unpaid) = Self::pay(Some(&T::Treasury::get()), kept) {
            burnt = burnt.merge(unpaid);
            split = Split { burnt: burnt.peek(), treasury: Zero::zero(), ..split };
        }
        drop(burnt);
        split
    }

    /// Pays a credit to an account, or gives it back. A credit of zero is paid to anyone and no one.
    fn pay(who: Option<&T::AccountId>, credit: CreditOf<T>) -> Result<(), CreditOf<T>> {
        credit.drop_zero().or_else(|credit| match who {
            Some(who) => T::Currency::resolve(who, credit),
            None => Err(credit),
        })
    }

    /// Ends a slash, of which `counted` goes on the era's record: nothing if it was cancelled.
    pub(crate) fn conclude(id: SlashId, slash: &SlashOf<T>, counted: BalanceOf<T>) {
        Self::drop_pending(id, slash);
        if let Subject::Session { era, .. } = slash.subject {
            Self::close_record(id, &slash.owner, era, counted);
        }
        if let Err(error) = T::Bonds::acquit(&slash.owner, slash.role(), slash.lock()) {
            defensive!("a ledger with a pending slash is accused", error);
        }
    }

    /// Keeps a validator's record of an era for as long as faults of that era can come in.
    fn close_record(id: SlashId, validator: &T::AccountId, era: u32, counted: BalanceOf<T>) {
        let record = EraRecords::<T>::get(era, validator).unwrap_or_default();
        // Together never more than the exposure, since each slash is what was missing to the highest fault.
        let applied = record.applied.defensive_saturating_add(counted);
        let cancelled = record.cancelled || counted.is_zero();
        EraRecords::<T>::insert(era, validator, EraRecord { applied, pending: None, cancelled });
        // The era's last session is the last of which offences come in, whichever one this slash was for.
        Self::queue_record(id, validator.clone(), T::Bonds::last_session(era));
    }

    /// Looks at an era's record a window later. The place of a slash that is over is free for that.
    pub(crate) fn queue_record(id: SlashId, validator: T::AccountId, session: SessionIndex) {
        let at = T::Clock::current_block_number().saturating_add(Params::<T>::get().window);
        Queue::<T>::insert(Self::place(at, id), Entry::Record { validator, session });
    }
}
