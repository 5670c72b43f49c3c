//! Jobs come, and some are cancelled. And what strangers try.

use super::{
    people::{RARE, USUAL},
    Outcome, World,
};
use assay_primitives::{Balance, BlobRef, JobClass, JobSpec};
use assay_runtime::{token::ASY, AccountId, Runtime, Verification};
use pallet_assay_escrow::{Call as EscrowCall, Error as EscrowError, Escrows};
use pallet_assay_jobs::{Call as JobsCall, Jobs, Record};
use pallet_assay_providers::Call as ProvidersCall;
use pallet_assay_verification::{Call, Cases, Error};

/// The most jobs at a time: with more, most seats would miss for want of blocks to act in.
const MOST_JOBS: usize = 14;

impl World {
    pub fn post(&mut self) -> Outcome {
        if Cases::<Runtime>::iter_keys().count() >= MOST_JOBS {
            return None;
        }
        let (class, units) = (JobClass::ExactV1, 1 + self.random.below(40));
        // From half of what a unit costs at least to more than it ever costs.
        let price_cap =
            ASY / 2 + ASY * Balance::from(self.random.below(4)) + Balance::from(self.random.below(1_000));
        let earliest = Verification::earliest_deadline(class, units)?;
        let near = self.random.once_in(30);
        let blob = BlobRef { blake3: [2; 32], size: 1_000 };
        let spec = JobSpec {
            class,
            program: [1; 32],
            program_blob: blob,
            input: [3; 32],
            input_blob: blob,
            output_bytes: 64,
            seed: [5; 32],
            units,
            machine: if self.random.once_in(4) { RARE } else { USUAL },
            price_cap,
            deadline: if near { earliest - 1 } else { earliest + self.random.below(40) as u32 },
            listing: None,
        };
        let requester = self.choose(self.people.requesters.clone())?;
        self.submit(&requester, JobsCall::<Runtime>::post { spec: Box::new(spec), source: None })
    }

    /// Mostly a job that can be cancelled; now and then any.
    pub fn cancel(&mut self) -> Outcome {
        let any = self.random.once_in(4);
        let jobs = Cases::<Runtime>::iter()
            .filter(|(_, case)| any || !(case.awaits_draw() || case.has_commit()))
            .map(|(id, case)| (id, case.order.requester));
        let (id, requester) = self.choose(jobs.collect())?;
        self.submit(&requester, JobsCall::<Runtime>::cancel { id })
    }

    /// What is nobody's business, or done already by the hooks.
    pub fn meddle(&mut self) -> Outcome {
        let stranger = self.choose(self.people.workers.clone())?;
        match self.random.below(5) {
            0 => self.expire(&stranger),
            1 => self.decline_for_another(&stranger),
            2 => self.submit(&stranger, Call::<Runtime>::advance { limit: 2 }),
            3 => self.submit(&stranger, ProvidersCall::<Runtime>::apply { limit: 2 }),
            _ => {
                let ended = Jobs::<Runtime>::iter().filter(|(_, record)| matches!(record, Record::Ended(_)));
                let id = self.choose(ended.map(|(id, _)| id).collect())?;
                self.submit(&stranger, JobsCall::<Runtime>::prune { id })
            }
        }
    }

    /// An escrow never expires as long as its job is open.
    fn expire(&mut self, stranger: &AccountId) -> Outcome {
        let job = self.choose(Escrows::<Runtime>::iter_keys().collect())?;
        let outcome = self.submit(stranger, EscrowCall::<Runtime>::expire { job })?;
        // In safe-mode it is not even looked at.
        if !self.in_safe_mode() {
            assert_eq!(outcome, Err(EscrowError::<Runtime>::NotExpired.into()));
        }
        Some(outcome)
    }

    fn decline_for_another(&mut self, stranger: &AccountId) -> Outcome {
        let job = self.choose(Cases::<Runtime>::iter_keys().collect())?;
        let case = Cases::<Runtime>::get(job)?;
        if case.seat(0)?.owner == self.owner_of(stranger) {
            return None;
        }
        let decline = Call::<Runtime>::decline { job, seat: 0, spec: case.order.spec };
        let outcome = self.submit(stranger, decline)?;
        assert_eq!(outcome, Err(Error::<Runtime>::NotYourSeat.into()));
        Some(outcome)
    }
}
