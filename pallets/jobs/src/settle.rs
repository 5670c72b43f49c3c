//! The end of a job.

use crate::{pallet::*, Job, JobOf, Receipt, ReceiptOf, Record};
use alloc::vec::Vec;
use assay_primitives::{Balance, Escrow, JobId, OnVerdict, Settlement, Verdict};
use assay_rules::settlement;
use frame_support::weights::Weight;
use sp_runtime::traits::BlockNumberProvider;

impl<T: Config> OnVerdict<T::AccountId> for Pallet<T> {
    fn on_verdict(id: JobId, verdict: Verdict<T::AccountId>) -> (u32, Weight) {
        match Self::job(id) {
            Some(job) => Self::settle(id, job, verdict),
            None => {
                log::error!(target: "runtime::jobs", "verdict on job {id}, which is not open, is ignored");
                (0, Weight::zero())
            }
        }
    }

    fn beside_weight() -> Weight {
        T::Escrow::locks_weight(None)
    }
}

impl<T: Config> Pallet<T> {
    /// Has everybody paid, and leaves a receipt. Gives how many can be paid beside the seats: the owner of a listing; and
    /// what locks of the requester took.
    fn settle(id: JobId, job: JobOf<T>, verdict: Verdict<T::AccountId>) -> (u32, Weight) {
        let settlement = match T::Escrow::held(id) {
            // The escrow has expired: all of it has gone back, and there is nothing to pay from.
            0 => Settlement { payouts: Vec::new(), burnt: 0, treasury: 0 },
            _ => settlement::settle(&job.hold, job.spec.units, job.royalty.as_ref(), &verdict),
        };
        let beside = (job.royalty.is_some().into(), T::Escrow::locks_weight(Some(&job.requester)));
        let receipt = Self::receipt_of(job, verdict, &settlement);
        let payouts = settlement.payouts.clone();
        T::Escrow::settle(id, settlement);
        Jobs::<T>::insert(id, Record::Ended(receipt.clone()));
        Self::enqueue(id);
        Self::deposit_event(Event::Ended { id, receipt, payouts });
        beside
    }

    fn receipt_of(
        job: JobOf<T>,
        verdict: Verdict<T::AccountId>,
        settlement: &Settlement<T::AccountId>,
    ) -> ReceiptOf<T> {
        let Job { requester, spec, policy, hold, posted, .. } = job;
        // Nothing here saturates: all legs together are at most the hold, whose total was checked when it was opened.
        let held = hold.total().unwrap_or_default();
        let paid = settlement.payouts.iter().fold(0, |sum: Balance, (_, amount)| sum.saturating_add(*amount));
        let spent = paid.saturating_add(settlement.burnt).saturating_add(settlement.treasury);
        Receipt {
            requester,
            spec,
            policy,
            outcome: verdict.outcome,
            claim: verdict.claim,
            output: verdict.output,
            price: verdict.price,
            audited: verdict.audited,
            thin: verdict.thin,
            paid,
            burnt: settlement.burnt,
            treasury: settlement.treasury,
            refunded: held.saturating_sub(spent),
            posted,
            ended: T::Clock::current_block_number(),
        }
    }
}
