//! What clients ask.

use crate::{pallet::*, Liquidity, MachineEntry};
use alloc::vec::Vec;
use assay_primitives::Machine;
use sp_runtime::{Perbill, SaturatedConversion};

impl<T: Config> Pallet<T> {
    pub(crate) fn listed(start: u32, limit: u32) -> Vec<(Machine, MachineEntry)> {
        MachineList::<T>::get()
            .into_iter()
            .skip(start.saturated_into())
            .take(limit.saturated_into())
            .filter_map(|machine| Machines::<T>::get(machine).map(|entry| (machine, entry)))
            .collect()
    }

    pub(crate) fn liquidity_of(machine: Machine) -> Option<Liquidity> {
        let (pool, entry) = (Pools::<T>::get(machine)?, Machines::<T>::get(machine)?);
        // Of nothing, nothing is a share.
        let total = TotalInPlay::<T>::get().max(1);
        Some(Liquidity {
            weight: Self::tree_weight(machine),
            in_play: pool.in_play,
            share: Perbill::from_rational(pool.in_play, total),
            providers: pool.leaves,
            drawable: pool.drawable,
            capacity: pool.capacity,
            busy: pool.busy,
            price: pool.price,
            enabled: entry.enabled,
        })
    }
}
