//! Random sequences of operations against the invariants and a model. The seed is fixed; `ASSAY_OPERATIONS` asks for
//! more.

use crate::{mock::*, EndedQueue, Event, NextJob, Parameters, Record};
use assay_primitives::mock::{operations, Random};
use assay_primitives::{
    mock::market, BlobRef, Claim, InlineOutput, JobClass, JobId, JobSpec, ListedVersion, Machine, Outcome,
    Pay, Policy, Royalty, Verdict,
};
use assay_rules::settlement::Hold;
use frame_support::{ensure, weights::Weight};
use sp_runtime::{DispatchError, DispatchResult, Perbill, StateVersion};
use std::collections::BTreeMap;

const REQUESTERS: u64 = 5;
const LISTINGS: u64 = 4;
const MOST_OPEN: usize = 50;
const SEED: u64 = 5;

/// What these tests choose at random.
trait Choose {
    fn percent(&mut self, most: u64) -> Perbill;
}

impl Choose for Random {
    fn percent(&mut self, most: u64) -> Perbill {
        Perbill::from_percent(self.below(most + 1) as u32)
    }
}

/// What was agreed on when a job was posted.
#[derive(Clone)]
struct Posted {
    requester: u64,
    spec: JobSpec,
    hold: Hold,
    royalty: Option<Royalty<u64>>,
}

/// What the test knows apart from the chain.
struct Model {
    random: Random,
    listings: BTreeMap<u64, Royalty<u64>>,
    open: BTreeMap<JobId, Posted>,
    /// When each job ended of which there should be a receipt.
    ended: BTreeMap<JobId, u32>,
    /// The number that the next job should get.
    next: JobId,
    /// How often each operation was done and not refused.
    done: BTreeMap<&'static str, u32>,
    /// How often jobs ended in each way.
    ends: BTreeMap<&'static str, u32>,
}

impl Model {
    fn new() -> Self {
        let listings = (0..LISTINGS).map(|listing| (listing, Royalty { owner: AUTHOR, share: percent(10) }));
        let model = Self {
            random: Random(SEED),
            listings: listings.collect(),
            open: BTreeMap::new(),
            ended: BTreeMap::new(),
            next: 0,
            done: BTreeMap::new(),
            ends: BTreeMap::new(),
        };
        for (listing, royalty) in &model.listings {
            market::list(ListedVersion { listing: *listing, version: 0 }, *royalty, spec().program);
        }
        model
    }

    /// Mostly sound.
    fn spec(&mut self) -> JobSpec {
        let random = &mut self.random;
        let listed = ListedVersion { listing: random.below(LISTINGS), version: 0 };
        let size = u64::from(!random.once_in(40));
        JobSpec {
            program_blob: BlobRef { blake3: [2; 32], size },
            seed: [random.below(256) as u8; 32],
            output_bytes: random.below(4_200),
            units: random.below(1_020),
            machine: Machine { hardware: 1, memory: if random.once_in(40) { 3 } else { 2 } },
            price_cap: if random.once_in(40) { u128::MAX } else { random.below(1 << 50).into() },
            deadline: random.word() as u32,
            listing: random.once_in(2).then_some(listed),
            ..spec()
        }
    }

    fn post(&mut self) -> DispatchResult {
        let (spec, requester) = (self.spec(), 1 + self.random.below(REQUESTERS));
        let refusal = |refused: bool| refused.then_some(DispatchError::Unavailable);
        market::refuse_orders(refusal(self.random.once_in(20)));
        market::refuse_escrow(refusal(self.random.once_in(20)));
        let estimate = Jobs::estimate(spec);
        Jobs::post(RuntimeOrigin::signed(requester), Box::new(spec), None)
            .map_err(|refused| refused.error)?;

        let hold = estimate.expect("what is refused is not estimated").hold;
        let royalty = spec.listing.map(|listed| self.listings[&listed.listing]);
        assert_eq!(Some(market::held(self.next)), hold.total());
        self.open.insert(self.next, Posted { requester, spec, hold, royalty });
        self.next += 1;
        Ok(())
    }

    /// A job that is open, often the oldest, or now and then one that isn't.
    fn job(&mut self) -> JobId {
        let mut open: Vec<_> = self.open.keys().copied().collect();
        if self.random.once_in(2) {
            open.truncate(1);
        }
        let stray = self.random.below(self.next + 2);
        let straying = self.random.once_in(20);
        self.random.pick(&open).filter(|_| !straying).unwrap_or(stray)
    }

    fn cancel(&mut self) -> DispatchResult {
        let job = self.job();
        let requester = self.open.get(&job).map_or(1, |posted| posted.requester);
        let who = if self.random.once_in(5) { 1 + self.random.below(REQUESTERS) } else { requester };
        let refused = self.random.once_in(5);
        market::refuse_cancels(refused.then_some(DispatchError::Unavailable));
        cancel(who, job)?;

        assert!(who == requester && !refused);
        let cancelled = Verdict { price: 0, ..verdict(Outcome::Cancelled) };
        self.note_end(job, &cancelled);
        Ok(())
    }

    /// As verification could give it: what is paid fits the outcome.
    fn verdict(&mut self, cap: u128) -> Verdict<u64> {
        let random = &mut self.random;
        let misdeclared = Claim::Misdeclared { units: random.word() };
        let found = if random.once_in(4) { misdeclared } else { computed() };
        let pay = match found {
            Claim::Misdeclared { .. } => Pay::FromBond,
            Claim::Computed { .. } => Pay::Whole,
        };
        let (outcome, claim, pay) = match random.below(6) {
            0 => (Outcome::Agreed, Some(found), pay),
            1 => (Outcome::Decided, Some(found), pay),
            2 => (Outcome::Undecided, None, Pay::Half),
            3 => (Outcome::Unavailable, None, Pay::FromBond),
            4 => (Outcome::Expired, None, Pay::FromBond),
            _ => (Outcome::Cancelled, None, Pay::Half),
        };
        let least = u64::from(claim.is_some());
        Verdict {
            outcome,
            claim,
            output: random.once_in(3).then(|| InlineOutput::try_from(vec![1; 9]).expect("it is short")),
            price: u128::from(random.word()) % cap + 1,
            paid: seats((least + random.below(6 - least)) as usize, pay),
            audited: random.once_in(2),
            thin: random.once_in(2),
        }
    }

    fn end(&mut self) -> DispatchResult {
        let job = self.job();
        let cap = self.open.get(&job).map_or(1, |posted| posted.spec.price_cap);
        let verdict = self.verdict(cap);
        end(job, verdict.clone());
        ensure!(self.open.contains_key(&job), DispatchError::Unavailable);
        self.note_end(job, &verdict);
        Ok(())
    }

    /// Compares the receipt with what the model makes of the verdict.
    fn note_end(&mut self, job: JobId, verdict: &Verdict<u64>) {
        let posted = self.open.remove(&job).expect("it was open");
        let receipt = receipt(job);
        let (seats, forfeit) = owed(&posted, verdict);
        let treasury = posted.hold.fee / 2;
        assert_eq!(receipt.paid, seats + royalty(&posted, verdict), "{verdict:?} on {:?}", posted.hold);
        assert_eq!((receipt.treasury, receipt.burnt), (treasury, posted.hold.fee - treasury + forfeit));
        let spent = receipt.paid + receipt.burnt + receipt.treasury;
        assert_eq!(Some(spent + receipt.refunded), posted.hold.total());
        assert_eq!((receipt.requester, receipt.spec), (posted.requester, posted.spec));
        let end = match verdict.outcome {
            Outcome::Agreed => "agreed",
            Outcome::Decided => "decided",
            Outcome::Undecided => "undecided",
            Outcome::Unavailable => "unavailable",
            Outcome::Expired => "expired",
            Outcome::Cancelled => "cancelled",
        };
        *self.ends.entry(end).or_default() += 1;
        self.ended.insert(job, Now::get());
    }

    fn prune(&mut self) -> DispatchResult {
        let ended: Vec<_> = self.ended.keys().copied().collect();
        let stray = self.job();
        let job = self.random.pick(&ended).unwrap_or(stray);
        prune(job)
    }

    fn idle(&mut self) -> DispatchResult {
        let before = EndedQueue::<Test>::get().first;
        let remaining = Weight::from_parts(self.random.below(400_000_000), 1_000_000);
        assert!(idle(remaining).all_lte(remaining));
        ensure!(EndedQueue::<Test>::get().first > before, DispatchError::Unavailable);
        Ok(())
    }

    fn wait(&mut self) -> DispatchResult {
        Now::set(Now::get() + self.random.below(20) as u32);
        Ok(())
    }

    fn list(&mut self) -> DispatchResult {
        let listing = self.random.below(LISTINGS);
        let royalty = Royalty { owner: AUTHOR + self.random.below(2), share: self.random.percent(30) };
        self.listings.insert(listing, royalty);
        market::list(ListedVersion { listing, version: 0 }, royalty, spec().program);
        Ok(())
    }

    fn delist(&mut self) -> DispatchResult {
        let listing = self.random.below(LISTINGS);
        self.listings.remove(&listing);
        market::delist(ListedVersion { listing, version: 0 });
        Ok(())
    }

    fn set_policy(&mut self) -> DispatchResult {
        let fee = self.random.percent(20);
        let policy = Policy { requester_bond: self.random.percent(20), fee, ..policy() };
        market::set_policy(JobClass::ExactV1, self.random.word() as u32, policy);
        Ok(())
    }

    fn set_params(&mut self) -> DispatchResult {
        let params = Parameters {
            retention: self.random.below(200) as u32,
            max_units: 500 + self.random.below(1_000),
            max_output_bytes: 3_000 + self.random.below(2_000),
        };
        Jobs::set_params(RuntimeOrigin::root(), params)
    }

    fn step(&mut self) {
        let watched = self.random.once_in(40);
        let before = watched.then(|| sp_io::storage::root(StateVersion::V1));
        let (name, result) = match self.random.below(32) {
            0..=13 if self.open.len() < MOST_OPEN => ("post", self.post()),
            14..=15 => ("cancel", self.cancel()),
            0..=20 => ("end", self.end()),
            21..=23 => ("prune", self.prune()),
            24..=25 => ("idle", self.idle()),
            26..=28 => ("wait", self.wait()),
            29 => ("list", self.list()),
            30 if self.random.once_in(2) => ("delist", self.delist()),
            30 => ("set policy", self.set_policy()),
            _ => ("set params", self.set_params()),
        };
        match (result, before) {
            (Ok(()), _) => *self.done.entry(name).or_default() += 1,
            (Err(_), Some(before)) => {
                let after = sp_io::storage::root(StateVersion::V1);
                assert_eq!(before, after, "{name} was refused and left a trace");
            }
            (Err(_), None) => (),
        }
        self.read_events();
        // Not after each one, or a minute would go by.
        if self.random.once_in(50) {
            self.check();
        }
    }

    fn read_events(&mut self) {
        for event in events() {
            match event {
                Event::Ended { receipt, payouts, .. } => {
                    assert_eq!(receipt.paid, payouts.iter().map(|(_, amount)| amount).sum::<u128>());
                }
                Event::Pruned { id } => {
                    let ended = self.ended.remove(&id).expect("there was a receipt");
                    assert!(Now::get() - ended >= Jobs::params().retention, "{id} was pruned too soon");
                }
                _ => (),
            }
        }
        System::reset_events();
    }

    fn check(&self) {
        check();
        assert_eq!(NextJob::<Test>::get(), self.next);
        let (open, ended): (Vec<_>, Vec<_>) =
            crate::Jobs::<Test>::iter().partition(|(_, record)| matches!(record, Record::Open(_)));
        let open = sorted(open.into_iter().map(|(id, _)| id));
        assert!(self.open.keys().eq(&open));
        let ended = sorted(ended.into_iter().map(|(id, _)| id));
        assert!(self.ended.keys().eq(&ended));
        let listed = (1..=REQUESTERS).map(|account| Jobs::jobs_of(account, None, u32::MAX).len());
        assert_eq!(listed.sum::<usize>(), open.len() + ended.len());
    }
}

fn sorted(jobs: impl Iterator<Item = JobId>) -> Vec<JobId> {
    let mut jobs: Vec<_> = jobs.collect();
    jobs.sort();
    jobs
}

/// What all seats get, and what is burnt beside half of the fee.
fn owed(posted: &Posted, verdict: &Verdict<u64>) -> (u128, u128) {
    let payment = u128::from(posted.spec.units) * verdict.price;
    let seats = verdict.paid.len() as u128;
    let bond = posted.hold.bond;
    match (verdict.outcome, verdict.claim, verdict.paid.first()) {
        (Outcome::Unavailable, ..) => (seats * (bond / 16), bond - seats * (bond / 16)),
        (Outcome::Expired, ..) => (seats * (bond / 16), 0),
        (_, Some(Claim::Misdeclared { .. }), _) => (seats * (bond / seats), bond % seats),
        (Outcome::Undecided, ..) => (seats * (payment / 2), seats * payment.div_ceil(2)),
        (_, _, Some((_, Pay::Whole))) => (seats * payment, 0),
        (_, _, Some((_, Pay::Half))) => (seats * (payment / 2), 0),
        _ => (0, 0),
    }
}

/// What the listing's owner gets.
fn royalty(posted: &Posted, verdict: &Verdict<u64>) -> u128 {
    let payment = u128::from(posted.spec.units) * verdict.price;
    match (verdict.claim, posted.royalty) {
        (Some(Claim::Computed { .. }), Some(royalty)) => royalty.share.mul_floor(payment),
        _ => 0,
    }
}

#[test]
fn random_sequences_keep_the_invariants() {
    let operations = operations();
    run(|| {
        let mut model = Model::new();
        for _ in 0..operations {
            model.step();
        }
        // Each operation went through often enough for the sequence to mean something, and each end was met.
        let rare: Vec<_> = model.done.iter().filter(|(_, times)| **times < operations / 2_000).collect();
        assert!(rare.is_empty() && model.done.len() == 10, "{:?}", model.done);
        assert!(model.ends.len() == 6, "{:?}", model.ends);
        assert!(model.ends.values().all(|times| *times >= operations / 200), "{:?}", model.ends);
    });
}
