//! What is done when its time has come.

use crate::{pallet::*, Entry, WeightInfo};
use assay_primitives::{Bonds, SlashId};
use frame_support::{defensive, traits::Get, weights::WeightMeter};
use sp_runtime::traits::BlockNumberProvider;
use sp_staking::SessionIndex;

impl<T: Config> Pallet<T> {
    /// Works off the head of the queue, as far as the weight and [`Config::MaxPerBlock`] allow. What is left is first
    /// in the next block.
    pub(crate) fn tick(meter: &mut WeightMeter) {
        if meter.try_consume(T::WeightInfo::tick_base()).is_err() {
            return;
        }
        let now = T::Clock::current_block_number();
        let of_slash = T::WeightInfo::tick_slash().saturating_add(T::Bonds::slash_weight());
        let of_record = T::WeightInfo::tick_record();
        for _ in 0..T::MaxPerBlock::get() {
            // Which of both comes is known only after it was taken.
            if !meter.can_consume(of_slash.max(of_record)) {
                return;
            }
            match Self::take_due(now) {
                Some((id, Entry::Slash)) => {
                    meter.consume(of_slash);
                    Self::execute_queued(id);
                }
                Some((id, Entry::Record { validator, session })) => {
                    meter.consume(of_record);
                    Self::review_record(id, validator, session);
                }
                None => return,
            }
        }
    }

    fn execute_queued(id: SlashId) {
        match Pending::<T>::get(id) {
            Some(slash) => Self::execute(id, slash),
            None => {
                defensive!("a queued slash is pending");
            }
        }
    }

    /// Forgets an era's record of a validator once no offence of that era is accepted any more; until then looks again
    /// a window later. A record with a pending slash stays: the end of that slash queues it again.
    fn review_record(id: SlashId, validator: T::AccountId, session: SessionIndex) {
        if T::Bonds::exposure(&validator, session).is_some() {
            return Self::queue_record(id, validator, session);
        }
        EraRecords::<T>::mutate_exists(T::Bonds::era(session), validator, |record| {
            *record = record.take().filter(|record| record.pending.is_some());
        });
    }
}
