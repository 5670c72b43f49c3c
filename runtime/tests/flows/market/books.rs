//! Books of a market: what every account gains and loses, against what a test says it should.

use assay_primitives::{Balance, Conduct, FaultKind, JobId, MarketBlock, Outcome, SlashId};
use assay_runtime::{AccountId, Balances, Runtime, RuntimeEvent, System};
use frame_support::traits::fungible::Inspect;
use pallet_assay_providers::Event as ProvidersEvent;
use pallet_assay_slashing::Event as SlashingEvent;
use pallet_assay_verification::Event as VerificationEvent;
use pallet_transaction_payment::Event as PaymentEvent;
use std::collections::{BTreeMap, BTreeSet};

/// A fault of a seat: whose, what, and what it costs.
type Charge = (AccountId, FaultKind, Balance);

/// How a job should have ended, and who should have been paid what.
pub struct Bill {
    pub(super) job: JobId,
    pub(super) outcome: Outcome,
    pub(super) bond_lost: bool,
    /// What of the seats' money is burnt.
    pub(super) forfeit: Balance,
    seats: Vec<(u8, Balance)>,
    others: Vec<(AccountId, Balance)>,
}

impl Bill {
    /// Of a job that paid nobody, and whose bond goes back.
    pub fn new(job: JobId, outcome: Outcome) -> Self {
        Self { job, outcome, bond_lost: false, forfeit: 0, seats: vec![], others: vec![] }
    }

    /// Each of these seats was paid so much.
    pub fn pay(mut self, seats: &[u8], amount: Balance) -> Self {
        self.seats.extend(seats.iter().map(|seat| (*seat, amount)));
        self
    }

    /// Each of these seats was paid half, rounded down, of what is a whole payment, and the rest of it was burnt.
    pub fn halve(mut self, seats: &[u8], payment: Balance) -> Self {
        self.forfeit += seats.len() as Balance * payment.div_ceil(2);
        self.pay(seats, payment / 2)
    }

    /// Somebody else was paid so much.
    pub fn pay_to(mut self, payee: &AccountId, amount: Balance) -> Self {
        self.others.push((payee.clone(), amount));
        self
    }

    /// Who was paid was paid from the bond, and what was left of it is burnt.
    pub fn lose_bond(mut self) -> Self {
        self.bond_lost = true;
        self
    }

    /// What was paid in all.
    pub fn paid(&self) -> Balance {
        let seats: Balance = self.seats.iter().map(|(_, amount)| amount).sum();
        seats + self.others.iter().map(|(_, amount)| amount).sum::<Balance>()
    }
}

/// What has happened since a block, by the chain's events, and what should have.
#[derive(Default)]
pub struct Books {
    before: BTreeMap<AccountId, Balance>,
    issuance: Balance,
    /// What each account should have gained since, transaction fees apart.
    gains: BTreeMap<AccountId, i128>,
    /// What should have been burnt since, transaction fees apart.
    burnt: Balance,
    /// The faults that there should have been.
    charged: Vec<Charge>,
    fees: BTreeMap<AccountId, Balance>,
    seats: BTreeMap<(JobId, u8), AccountId>,
    left: BTreeMap<(JobId, AccountId), Conduct>,
    reported: BTreeMap<SlashId, (MarketBlock, Charge)>,
    applied: Vec<Charge>,
}

impl Books {
    /// From the newest block on.
    pub fn begin() -> Self {
        Self { before: balances(), issuance: issuance(), ..Self::default() }
    }

    /// Notes what happened in the newest block, whose number on the market clock is `now`.
    pub fn note(&mut self, now: MarketBlock) {
        for record in System::events() {
            match record.event {
                RuntimeEvent::TransactionPayment(PaymentEvent::TransactionFeePaid {
                    who,
                    actual_fee,
                    ..
                }) => *self.fees.entry(who).or_default() += actual_fee,
                RuntimeEvent::Verification(VerificationEvent::SeatDrawn { job, seat, owner, .. }) => {
                    self.seats.insert((job, seat), owner);
                }
                RuntimeEvent::Providers(ProvidersEvent::Unseated { owner, job, conduct, .. }) => {
                    let before = self.left.insert((job, owner), conduct);
                    assert_eq!(before, None, "a provider left job {job} twice");
                }
                RuntimeEvent::Slashing(SlashingEvent::Reported { id, slash, .. }) => {
                    self.reported.insert(id, (now, (slash.owner, slash.kind, slash.amount)));
                }
                RuntimeEvent::Slashing(SlashingEvent::Applied { id, taken, missing, .. }) => {
                    self.note_applied(id, now, taken, missing);
                }
                _ => (),
            }
        }
    }

    fn note_applied(&mut self, id: SlashId, now: MarketBlock, taken: Balance, missing: Balance) {
        let (at, charge) = self.reported.remove(&id).expect("what is applied was reported");
        let window = pallet_assay_slashing::Params::<Runtime>::get().window;
        assert_eq!(now, at + window, "slash {id} is applied when its window is over");
        assert_eq!((taken, missing), (charge.2, 0), "all of slash {id} was there to take");
        self.applied.push(charge);
    }

    /// Who has, or had, a seat.
    pub fn owner(&self, job: JobId, seat: u8) -> AccountId {
        self.seats.get(&(job, seat)).expect("the seat was drawn").clone()
    }

    /// What a job's providers have left it with, seat by seat.
    pub fn conducts(&self, job: JobId) -> Vec<Conduct> {
        let seats = self.seats.range((job, 0)..=(job, u8::MAX));
        seats.map(|(_, owner)| self.left[&(job, owner.clone())]).collect()
    }

    /// A job has ended by a bill: what it paid, and to the treasury and to nobody, the requester has lost.
    pub fn settle(
        &mut self,
        bill: &Bill,
        requester: &AccountId,
        treasury: (AccountId, Balance),
        burnt: Balance,
    ) {
        for (seat, amount) in &bill.seats {
            self.transfer(requester, &self.owner(bill.job, *seat), *amount);
        }
        for (payee, amount) in &bill.others {
            self.transfer(requester, payee, *amount);
        }
        self.transfer(requester, &treasury.0, treasury.1);
        self.burn(requester, burnt);
    }

    /// A fault should cost an owner so much, and all of it should be burnt.
    pub fn charge(&mut self, owner: AccountId, kind: FaultKind, amount: Balance) {
        self.burn(&owner, amount);
        self.charged.push((owner, kind, amount));
    }

    /// An amount should have gone from one account to another.
    pub fn transfer(&mut self, from: &AccountId, to: &AccountId, amount: Balance) {
        *self.gains.entry(from.clone()).or_default() -= signed(amount);
        *self.gains.entry(to.clone()).or_default() += signed(amount);
    }

    /// An amount of an account's should have been burnt.
    pub fn burn(&mut self, from: &AccountId, amount: Balance) {
        *self.gains.entry(from.clone()).or_default() -= signed(amount);
        self.burnt += amount;
    }

    /// What should have happened has, to the planck, and nothing else.
    pub fn check(&self) {
        assert!(self.reported.is_empty(), "slashes wait: {:?}", self.reported);
        assert_eq!(sorted(&self.applied), sorted(&self.charged), "faults");
        let now = balances();
        let accounts: BTreeSet<_> = self.before.keys().chain(now.keys()).collect();
        for account in accounts {
            let gain = amount(&now, account) + amount(&self.fees, account) - amount(&self.before, account);
            let expected = self.gains.get(account).copied().unwrap_or(0);
            assert_eq!(gain, expected, "what {account:?} has gained");
        }
        let fees: Balance = self.fees.values().sum();
        assert_eq!(self.issuance - issuance(), self.burnt + fees, "what was burnt");
        assert_eq!(now.values().sum::<Balance>(), issuance(), "all that there is is somebody's");
    }
}

/// What every account has, on hold and free.
fn balances() -> BTreeMap<AccountId, Balance> {
    let total = |account: &AccountId| <Balances as Inspect<AccountId>>::total_balance(account);
    frame_system::Account::<Runtime>::iter_keys().map(|account| (account.clone(), total(&account))).collect()
}

fn amount(of: &BTreeMap<AccountId, Balance>, account: &AccountId) -> i128 {
    signed(of.get(account).copied().unwrap_or(0))
}

fn issuance() -> Balance {
    <Balances as Inspect<AccountId>>::total_issuance()
}

fn signed(amount: Balance) -> i128 {
    i128::try_from(amount).expect("no amount is as large")
}

fn sorted(charges: &[Charge]) -> Vec<Charge> {
    let mut charges = charges.to_vec();
    charges.sort();
    charges
}
