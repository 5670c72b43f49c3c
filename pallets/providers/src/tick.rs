//! What is done in every block.

use crate::{pallet::*, queue::Applied, WeightInfo};
use alloc::collections::BTreeSet;
use assay_primitives::Machine;
use assay_rules::price;
use frame_support::{
    defensive,
    traits::Get,
    weights::{Weight, WeightMeter},
};
use sp_runtime::{traits::BlockNumberProvider, SaturatedConversion};

impl<T: Config> Pallet<T> {
    /// Looks at the price of one machine, then applies what waits at the head of the queue, as far as the weight and
    /// [`Config::MaxPerBlock`] allow.
    pub(crate) fn tick(meter: &mut WeightMeter) {
        if meter.try_consume(T::WeightInfo::tick_base()).is_err() {
            return;
        }
        Self::move_price();
        // What a change takes is known only after it was applied.
        let most = T::WeightInfo::tick_change().max(T::WeightInfo::tick_reweigh(1));
        let mut machines = BTreeSet::new();
        for _ in 0..T::MaxPerBlock::get() {
            if !meter.can_consume(most) {
                return;
            }
            let Some(applied) = Self::apply_first() else { return };
            meter.consume(Self::taken_by(applied, &mut machines));
        }
    }

    /// What a change has taken. Those of one machine that move nobody meet at its pool and its root, which a block
    /// writes once.
    fn taken_by(applied: Applied, machines: &mut BTreeSet<Machine>) -> Weight {
        let first = T::WeightInfo::tick_reweigh(1);
        match applied {
            Applied::Moved => T::WeightInfo::tick_change(),
            Applied::Stayed(machine) if machines.insert(machine) => first,
            Applied::Stayed(_) => first.saturating_sub(T::WeightInfo::tick_reweigh(0)),
        }
    }

    /// Moves the price of the machine whose turn it is, if its period is over.
    fn move_price() {
        let Some(machine) = Self::machine_of_block() else { return };
        let (Some(mut pool), Some(entry)) = (Pools::<T>::get(machine), Machines::<T>::get(machine)) else {
            defensive!("a machine on the list has an entry and a pool");
            return;
        };
        let now = T::Clock::current_block_number();
        if now.saturating_sub(pool.period) < Params::<T>::get().price_blocks {
            return;
        }
        pool.accrue(now);
        let utilisation = price::utilisation(pool.busy_blocks, pool.capacity_blocks);
        let from = pool.price;
        let to = price::next_price(from, utilisation, &entry.price);
        pool.begin_period(now, to);
        Pools::<T>::insert(machine, pool);
        if from != to {
            Self::deposit_event(Event::PriceMoved { machine, from, to, utilisation });
        }
    }

    /// Machines take turns, one a block.
    fn machine_of_block() -> Option<Machine> {
        let machines = MachineList::<T>::get();
        let count: u32 = machines.len().saturated_into();
        let turn: usize = Self::this_block().checked_rem(count)?.saturated_into();
        machines.get(turn).copied()
    }
}
