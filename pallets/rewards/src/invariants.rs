//! The invariants of the README, checked after every test and by `try-runtime`.

use crate::pallet::*;
use alloc::collections::BTreeMap;
use assay_primitives::Balance;
use assay_rules::inflation::payout;
use frame_support::{ensure, traits::Get};
use sp_runtime::TryRuntimeError;

/// What is unclaimed of an era.
#[derive(Default)]
struct Unclaimed {
    blocks: u32,
    amount: Balance,
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_try_state() -> Result<(), TryRuntimeError> {
        let unclaimed = Self::check_pages()?;
        Self::check_running(&unclaimed)?;
        Self::check_pots(&unclaimed)?;
        Self::check(&Params::<T>::get()).map_err(|wrong| TryRuntimeError::Other(wrong.into()))
    }

    /// Invariant 1: pages have validators with blocks, each once, and belong to the running era or one with a pot.
    fn check_pages() -> Result<BTreeMap<u32, Unclaimed>, TryRuntimeError> {
        let mut unclaimed = BTreeMap::<u32, Unclaimed>::new();
        let running = Running::<T>::get().era;
        for (era, page, shares) in Pages::<T>::iter() {
            let pot = Pots::<T>::get(era);
            ensure!(era == running || pot.is_some(), "a page is kept of an era without a pot");
            ensure!(page < T::MaxPages::get() && !shares.is_empty(), "a page is empty or out of range");
            let sum = unclaimed.entry(era).or_default();
            for (index, share) in shares.iter().enumerate() {
                ensure!(share.blocks > 0, "a share of no blocks is kept");
                let mut others = shares.iter().skip(index.saturating_add(1));
                let twice = others.any(|other| other.validator == share.validator);
                ensure!(!twice, "a validator is on a page twice");
                sum.blocks = sum.blocks.checked_add(share.blocks).ok_or("blocks overflow")?;
                let due = pot.map_or(0, |pot| payout(pot.amount, share.blocks, pot.blocks));
                sum.amount = sum.amount.checked_add(due).ok_or("rewards overflow")?;
            }
        }
        Ok(unclaimed)
    }

    /// Invariant 2: the running era's blocks are the sum of its shares, and it has no pot yet.
    fn check_running(unclaimed: &BTreeMap<u32, Unclaimed>) -> Result<(), TryRuntimeError> {
        let running = Running::<T>::get();
        let counted = unclaimed.get(&running.era).map_or(0, |sum| sum.blocks);
        ensure!(running.blocks == counted, "the running era's blocks are not the sum of its shares");
        ensure!(running.oldest <= running.era, "an era is forgotten before it ends");
        Ok(())
    }

    /// Invariant 3: pots are those of eras that are over and kept, of blocks, and never paid beyond what is in them.
    fn check_pots(unclaimed: &BTreeMap<u32, Unclaimed>) -> Result<(), TryRuntimeError> {
        let running = Running::<T>::get();
        for (era, pot) in Pots::<T>::iter() {
            ensure!((running.oldest..running.era).contains(&era), "a pot is kept of an era that is not");
            ensure!(pot.blocks > 0, "a pot is kept for no blocks");
            let (blocks, amount) = unclaimed.get(&era).map_or((0, 0), |sum| (sum.blocks, sum.amount));
            ensure!(blocks <= pot.blocks, "more blocks are unclaimed than there were");
            let most = pot.paid.checked_add(amount).ok_or("a pot overflows")?;
            ensure!(most <= pot.amount, "a pot pays more than is in it");
        }
        Ok(())
    }
}
