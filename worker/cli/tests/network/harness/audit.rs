//! What became of all the money, as the chain's events tell it and as its accounts have it.

use super::{network::Network, until};
use assay_chain::{
    bonds::{FaultKind, SlashId},
    governance::pallet_assay_slashing::Event as Slashing,
    market::{Claim, JobClass, JobId, Outcome, Policy, Receipt},
    AccountId, Balance, BlockNumber, ChainClient, Hash, RuntimeEvent,
};
use codec::DecodeAll;
use frame_support::storage::storage_prefix;
use frame_system::EventRecord;
use pallet_assay_jobs::Event as Jobs;
use pallet_assay_verification::Event as Verification;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// The most pending slashes of an owner that one question asks for.
const MAX_SLASHES: u32 = 100;

/// What an owner has, in planck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balances {
    free: Balance,
    bonded: Balance,
}

/// A part of a bond that was lost: in which job, whose, and what for.
pub type Fault = (JobId, &'static str, FaultKind);

/// A job that has ended.
pub struct Ended {
    pub receipt: Receipt,
    payouts: Vec<(&'static str, Balance)>,
}

/// What the chain says happened.
#[derive(Default)]
pub struct Audit {
    /// What was put on hold for each job.
    holds: BTreeMap<JobId, Balance>,
    /// How each job ended.
    pub ended: BTreeMap<JobId, Ended>,
    /// What bonds were slashed for.
    pub faults: Vec<Fault>,
    /// What each slash was to take.
    reported: BTreeMap<SlashId, Balance>,
    /// What votes have kept slashes from taking, by whose bonds they were.
    pub forgiven: BTreeMap<&'static str, Balance>,
    /// Each commit: to which job, in which seat, whose.
    pub commits: Vec<(JobId, u8, &'static str)>,
}

impl Ended {
    /// One seat's payment.
    fn payment(&self) -> Balance {
        Balance::from(self.receipt.spec.units) * self.receipt.price
    }
}

impl Audit {
    /// Who was paid for a job, sorted.
    pub fn paid(&self, job: JobId) -> Vec<&'static str> {
        let mut names: Vec<_> = self.ended[&job].payouts.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        names
    }

    /// The seats of a job that a provider has committed for, each as often as it did.
    pub fn commits_of(&self, job: JobId, name: &str) -> Vec<u8> {
        let own = self.commits.iter().filter(|(of, _, who)| (*of, *who) == (job, name));
        own.map(|(_, seat, _)| *seat).collect()
    }

    fn record(&mut self, network: &Network, event: RuntimeEvent) {
        match event {
            RuntimeEvent::Jobs(Jobs::Posted { id, job, .. }) => {
                let hold = job.hold.total().expect("what is on hold is an amount");
                assert_eq!(self.holds.insert(id, hold), None, "job {id} is posted twice");
            }
            RuntimeEvent::Jobs(Jobs::Ended { id, receipt, payouts }) => {
                let payouts = payouts.iter().map(|(owner, amount)| (network.name(owner), *amount)).collect();
                let ended = self.ended.insert(id, Ended { receipt, payouts });
                assert!(ended.is_none(), "job {id} ended twice");
            }
            RuntimeEvent::Verification(Verification::Committed { job, seat, owner, .. }) => {
                self.commits.push((job, seat, network.name(&owner)));
            }
            RuntimeEvent::Verification(Verification::Missed { job, owner, .. }) => {
                self.faults.push((job, network.name(&owner), FaultKind::NoShow));
            }
            RuntimeEvent::Verification(Verification::Withheld { job, owner, .. }) => {
                self.faults.push((job, network.name(&owner), FaultKind::WithheldReveal));
            }
            RuntimeEvent::Verification(Verification::Wrong { job, owner, .. }) => {
                self.faults.push((job, network.name(&owner), FaultKind::WrongResult));
            }
            RuntimeEvent::Slashing(Slashing::Reported { id, slash, .. }) => {
                self.reported.insert(id, slash.amount);
            }
            RuntimeEvent::Slashing(Slashing::Cancelled { id, owner, .. }) => {
                *self.forgiven.entry(network.name(&owner)).or_default() += self.reported[&id];
            }
            _ => (),
        }
    }

    /// Each job ended once, what it had on hold is the sum of what became of that, and each seat was paid once at most.
    fn check_jobs(&self) {
        assert_eq!(
            self.holds.keys().collect::<Vec<_>>(),
            self.ended.keys().collect::<Vec<_>>(),
            "jobs that were posted, and that ended"
        );
        for (job, ended) in &self.ended {
            let Receipt { paid, burnt, treasury, refunded, .. } = ended.receipt;
            assert_eq!(paid + burnt + treasury + refunded, self.holds[job], "job {job}: {:?}", ended.receipt);
            let sum: Balance = ended.payouts.iter().map(|(_, amount)| amount).sum();
            assert_eq!(sum, paid, "job {job}: {:?}", ended.payouts);
            let names: BTreeSet<_> = ended.payouts.iter().map(|(name, _)| name).collect();
            assert_eq!(names.len(), ended.payouts.len(), "job {job} pays twice: {:?}", ended.payouts);
            let computed = matches!(ended.receipt.claim, Some(Claim::Computed { .. }));
            if computed && matches!(ended.receipt.outcome, Outcome::Agreed | Outcome::Decided) {
                let whole = ended.payouts.iter().all(|(_, amount)| *amount == ended.payment());
                assert!(whole, "job {job} pays {} a seat: {:?}", ended.payment(), ended.payouts);
            }
        }
    }

    /// What an owner should have now.
    fn expected(&self, name: &str, before: Balances, policy: &Policy) -> Balances {
        let payouts = self.ended.values().flat_map(|ended| &ended.payouts);
        let earned: Balance = payouts.filter(|(payee, _)| *payee == name).map(|(_, amount)| amount).sum();
        let own = self.faults.iter().filter(|(_, who, _)| *who == name);
        let lost: Balance = own.map(|(job, _, kind)| self.slash(*job, *kind, policy)).sum();
        let forgiven = self.forgiven.get(name).copied().unwrap_or_default();
        Balances { free: before.free + earned, bonded: before.bonded + forgiven - lost }
    }

    fn slash(&self, job: JobId, kind: FaultKind, policy: &Policy) -> Balance {
        let share = match kind {
            FaultKind::NoShow => policy.no_show,
            FaultKind::WrongResult => policy.wrong,
            FaultKind::WithheldReveal => policy.withheld,
            FaultKind::Equivocation => panic!("no provider equivocates"),
        };
        share * (self.ended[&job].payment() * Balance::from(policy.collateral))
    }
}

impl Network {
    /// Goes through all that happened since the first block, once every slash has been taken.
    ///
    /// # Panics
    ///
    /// A job has not ended, or the money does not add up: somebody was paid twice, or lost what nobody was told of.
    pub async fn audit(&self) -> Audit {
        self.slashes_are_taken().await;
        let last = self.chain.tip().await.expect("the node answers").finalized;
        let mut audit = Audit::default();
        for block in 1..=last.number {
            for event in self.events(block).await {
                audit.record(self, event);
            }
        }
        audit.check_jobs();
        let policy = self.chain.policy(last.hash, JobClass::ExactV1).await.expect("the node answers");
        let (_, policy) = policy.expect("there is a policy");
        for (name, provider) in self.providers() {
            let now = self.balances(&provider.owner.account).await;
            assert_eq!(now, audit.expected(name, self.before[name], &policy), "{name}: {:?}", audit.faults);
        }
        audit
    }

    /// What an owner has as of the last final block.
    pub async fn balances(&self, owner: &AccountId) -> Balances {
        let last = self.chain.tip().await.expect("the node answers").finalized.hash;
        let account = self.chain.account(last, owner).await.expect("the node answers");
        let ledger = self.chain.ledger(last, owner).await.expect("the node answers");
        Balances { free: account.free, bonded: ledger.expect("it has bonded").provider.active }
    }

    async fn slashes_are_taken(&self) {
        until("every slash to be taken", async || {
            let last = self.chain.tip().await.ok()?.finalized.hash;
            let waiting = self.chain.pending_slashes(last, None, None, MAX_SLASHES).await.ok()?;
            waiting.is_empty().then_some(())
        })
        .await;
    }

    async fn events(&self, block: BlockNumber) -> Vec<RuntimeEvent> {
        let hash = self.ask("chain_getBlockHash", json!([block])).await;
        let key = format!("0x{}", hex::encode(storage_prefix(b"System", b"Events")));
        let stored = self.ask("state_getStorage", json!([key, hash])).await;
        let digits = stored.as_str().and_then(|text| text.strip_prefix("0x")).expect("each block has events");
        let bytes = hex::decode(digits).expect("the node answers in hex");
        let records = Vec::<EventRecord<RuntimeEvent, Hash>>::decode_all(&mut &bytes[..]);
        let records = records.expect("the events are those of this runtime");
        records.into_iter().map(|record| record.event).collect()
    }
}
