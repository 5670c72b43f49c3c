//! The traits of the market. Draws and who can be drawn ([`MockChance`], [`MockPendingDraws`], [`MockSortition`],
//! [`MockWorkers`], [`MockOnBond`]), money and listings ([`MockEscrow`], [`MockListings`]), and how jobs are verified
//! ([`MockVerification`], [`MockOnVerdict`]). A provider's bond is that of [`MockBonds`](super::MockBonds).

use super::{AccountId, Balance, MockBonds};
use crate::{
    Candidate, Chance, Conduct, Digest, Escrow, JobClass, JobId, ListedVersion, Listings, Machine,
    MarketBlock, OnBond, OnVerdict, Order, Outcome, PendingDraws, Policy, ProviderBond, Royalty, Settlement,
    Sortition, Verdict, Verification, Workers,
};
use codec::Encode;
use frame_support::{dispatch::DispatchResult, weights::Weight};
use sp_runtime::{DispatchError, SaturatedConversion};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    marker::PhantomData,
};

/// Refusal of [`MockSortition`]: no such provider, or no room left.
pub const NO_ROOM: DispatchError = DispatchError::Other("mock: no room");
/// Refusal of [`MockSortition`]: the provider has a seat of the job.
pub const HAS_SEAT: DispatchError = DispatchError::Other("mock: has a seat of this job");
/// What it takes in mocks that locks follow an escrow.
pub const LOCKS_WEIGHT: Weight = Weight::from_parts(7_000_000, 0);
/// Refusal of [`MockEscrow`]: an amount of zero.
pub const NOTHING_TO_HOLD: DispatchError = DispatchError::Other("mock: nothing to hold");
/// Refusal of [`MockEscrow`]: the job has an escrow.
pub const ESCROW_IS_OPEN: DispatchError = DispatchError::Other("mock: the job has an escrow");
/// Refusal of [`MockListings`]: no such version, or delisted.
pub const NOT_LISTED: DispatchError = DispatchError::Other("mock: not listed");
/// Refusal of [`MockListings`]: of neither root.
pub const OTHER_ROOT: DispatchError = DispatchError::Other("mock: of neither root");
/// Refusal of [`MockVerification`]: no such job, or cancelled.
pub const NO_ORDER: DispatchError = DispatchError::Other("mock: no such job");

/// The price of a unit where none is set, in planck.
pub const DEFAULT_PRICE: Balance = 1;

/// A provider that can be drawn.
struct Drawable {
    machine: Machine,
    weight: u64,
    reserve: Balance,
    room: u32,
    jailed: bool,
    silent: bool,
    seats: BTreeSet<JobId>,
}

impl Drawable {
    /// What it weighs whenever it has room.
    fn weight_in_play(&self) -> u64 {
        if self.jailed || self.silent {
            0
        } else {
            self.weight
        }
    }

    /// Its weight in draws now.
    fn drawn_weight(&self) -> u64 {
        if self.room == 0 {
            0
        } else {
            self.weight_in_play()
        }
    }
}

/// What [`MockEscrow`] was asked to hold for a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenEscrow {
    /// On whose account.
    pub requester: AccountId,
    /// How much, in planck.
    pub amount: Balance,
    /// Until which block of the market clock at the latest.
    pub expires: MarketBlock,
}

#[derive(Default)]
struct Market {
    seeds: BTreeMap<(u32, u32), Digest>,
    last_vrf: u32,
    oldest_draw: Option<u32>,
    workers: BTreeSet<(AccountId, AccountId)>,
    bond_changes: Vec<AccountId>,

    prices: BTreeMap<Machine, Balance>,
    machines: BTreeSet<Machine>,
    providers: BTreeMap<AccountId, Drawable>,
    stakes: BTreeMap<AccountId, Balance>,
    conducts: Vec<(AccountId, JobId, Conduct)>,

    escrows: BTreeMap<JobId, OpenEscrow>,
    escrow_refusal: Option<DispatchError>,
    locked: BTreeSet<AccountId>,
    settlements: Vec<(JobId, Settlement<AccountId>)>,
    listings: BTreeMap<(u64, u32), (Royalty<AccountId>, Digest)>,

    policies: BTreeMap<JobClass, (u32, Policy)>,
    orders: Vec<(JobId, Order<AccountId>)>,
    order_refusal: Option<DispatchError>,
    cancelled: Vec<JobId>,
    cancel_refusal: Option<DispatchError>,
    verdicts: Vec<(JobId, Verdict<AccountId>)>,
}

thread_local! {
    static MARKET: RefCell<Market> = RefCell::default();
}

fn market<R>(f: impl FnOnce(&mut Market) -> R) -> R {
    MARKET.with_borrow_mut(f)
}

pub(super) fn reset() {
    MARKET.take();
}

/// Sets the seed of the first `count` VRFs after a block.
pub fn set_seed(block: u32, count: u32, seed: Digest) {
    market(|market| market.seeds.insert((block, count), seed));
}

/// Gives every block up to this one a VRF: seeds that need no later one are there, each another one. Those of
/// [`set_seed`] stay as they are.
pub fn set_last_vrf(block: u32) {
    market(|market| market.last_vrf = block);
}

/// Sets the block that made the oldest draw due that has not run.
pub fn set_oldest_draw(block: Option<u32>) {
    market(|market| market.oldest_draw = block);
}

/// Makes an account the worker of an owner; it stays that of others.
pub fn act_for(signer: AccountId, owner: AccountId) {
    market(|market| market.workers.insert((signer, owner)));
}

/// The owners whose bond [`MockOnBond`] was told has changed, oldest first.
pub fn bond_changes() -> Vec<AccountId> {
    market(|market| market.bond_changes.clone())
}

/// Puts a machine on the lists.
pub fn set_machine(machine: Machine) {
    market(|market| market.machines.insert(machine));
}

/// Sets what a unit costs on a machine: [`DEFAULT_PRICE`] unless set.
pub fn set_price(machine: Machine, price: Balance) {
    market(|market| market.prices.insert(machine, price));
}

/// Sets what a provider can compute, with room for so many seats beside those it has. It is out of jail and heard of
/// again, and its machine is on the lists.
pub fn set_provider(owner: AccountId, machine: Machine, weight: u64, reserve: Balance, room: u32) {
    market(|market| {
        market.machines.insert(machine);
        let seats = market.providers.remove(&owner).map(|before| before.seats).unwrap_or_default();
        let provider = Drawable { machine, weight, reserve, room, jailed: false, silent: false, seats };
        market.providers.insert(owner, provider);
    });
}

/// Sets the stake that a provider's weight counts: what it has bonded at a time, unless set.
pub fn set_stake(owner: AccountId, stake: Balance) {
    market(|market| market.stakes.insert(owner, stake));
}

/// The jobs that a provider has a seat of.
pub fn seats(owner: AccountId) -> Vec<JobId> {
    market(|market| market.providers.get(&owner).map(|provider| provider.seats.iter().copied().collect()))
        .unwrap_or_default()
}

/// Whether a provider has cheated since it was set.
pub fn is_jailed(owner: AccountId) -> bool {
    market(|market| market.providers.get(&owner).is_some_and(|provider| provider.jailed))
}

/// How providers did in seats that were taken back, oldest first.
pub fn conducts() -> Vec<(AccountId, JobId, Conduct)> {
    market(|market| market.conducts.clone())
}

/// What [`MockEscrow`] holds for a job, in planck.
pub fn held(job: JobId) -> Balance {
    escrow(job).map_or(0, |escrow| escrow.amount)
}

/// What [`MockEscrow`] holds for a job, whose it is, and until when.
pub fn escrow(job: JobId) -> Option<OpenEscrow> {
    market(|market| market.escrows.get(&job).copied())
}

/// Makes [`MockEscrow`] refuse to hold anything from now on, or hold it again.
pub fn refuse_escrow(refusal: Option<DispatchError>) {
    market(|market| market.escrow_refusal = refusal);
}

/// How jobs were settled, oldest first.
pub fn settlements() -> Vec<(JobId, Settlement<AccountId>)> {
    market(|market| market.settlements.clone())
}

/// Lists a version of a program or dataset with this root.
pub fn list(version: ListedVersion, royalty: Royalty<AccountId>, root: Digest) {
    market(|market| market.listings.insert((version.listing, version.version), (royalty, root)));
}

/// Takes a version off the list.
pub fn delist(version: ListedVersion) {
    market(|market| market.listings.remove(&(version.listing, version.version)));
}

/// Sets the policy in force for a class, and its version.
pub fn set_policy(class: JobClass, version: u32, policy: Policy) {
    market(|market| market.policies.insert(class, (version, policy)));
}

/// The jobs that [`MockVerification`] took in, oldest first.
pub fn orders() -> Vec<(JobId, Order<AccountId>)> {
    market(|market| market.orders.clone())
}

/// Makes [`MockVerification`] refuse every job from now on, or take them in again.
pub fn refuse_orders(refusal: Option<DispatchError>) {
    market(|market| market.order_refusal = refusal);
}

/// The jobs that [`MockVerification`] has cancelled, oldest first.
pub fn cancelled() -> Vec<JobId> {
    market(|market| market.cancelled.clone())
}

/// Makes [`MockVerification`] refuse to cancel from now on, or cancel again.
pub fn refuse_cancels(refusal: Option<DispatchError>) {
    market(|market| market.cancel_refusal = refusal);
}

/// The verdicts that [`MockOnVerdict`] heard, oldest first.
pub fn verdicts() -> Vec<(JobId, Verdict<AccountId>)> {
    market(|market| market.verdicts.clone())
}

/// Seeds as [`set_seed`] and [`set_last_vrf`] script them.
pub struct MockChance;

impl Chance for MockChance {
    fn seed_after(block: u32, count: u32) -> Option<Digest> {
        market(|market| {
            let there = count > 0 && block.saturating_add(count) <= market.last_vrf;
            let unscripted = || sp_io::hashing::blake2_256(&(block, count).encode());
            market.seeds.get(&(block, count)).copied().or_else(|| there.then(unscripted))
        })
    }
}

/// The oldest draw as [`set_oldest_draw`] scripts it.
pub struct MockPendingDraws;

impl PendingDraws for MockPendingDraws {
    fn oldest() -> Option<u32> {
        market(|market| market.oldest_draw)
    }
}

/// Workers as [`act_for`] scripts them; owners act for themselves.
pub struct MockWorkers;

impl Workers<AccountId> for MockWorkers {
    fn acts_for(signer: &AccountId, owner: &AccountId) -> bool {
        signer == owner || market(|market| market.workers.contains(&(*signer, *owner)))
    }
}

/// Records what it hears.
pub struct MockOnBond;

impl OnBond<AccountId> for MockOnBond {
    fn bond_changed(owner: &AccountId) {
        market(|market| market.bond_changes.push(*owner));
    }
}

/// Providers as [`set_provider`] scripts them. Tickets of a machine go to them in the order of their accounts, each as
/// many as it weighs: nothing without room, in jail, or not heard of since it missed a commit. A seat that was taken
/// back gives room at once: no change waits here.
pub struct MockSortition;

/// Adds up what providers are, those of a machine or all of them.
fn sum_of(machine: Option<Machine>, what: impl Fn(&Drawable) -> u64) -> u64 {
    market(|market| {
        let counts = |provider: &&Drawable| machine.is_none_or(|machine| machine == provider.machine);
        market.providers.values().filter(counts).map(what).sum()
    })
}

impl Sortition<AccountId> for MockSortition {
    fn exists(machine: Machine) -> bool {
        market(|market| market.machines.contains(&machine))
    }

    fn weight(machine: Machine) -> u64 {
        sum_of(Some(machine), Drawable::drawn_weight)
    }

    fn in_play(machine: Machine) -> u64 {
        sum_of(Some(machine), Drawable::weight_in_play)
    }

    fn total_in_play() -> u64 {
        sum_of(None, Drawable::weight_in_play)
    }

    fn drawable(machine: Machine) -> u32 {
        let count = sum_of(Some(machine), |provider| u64::from(provider.drawn_weight() > 0));
        count.saturated_into()
    }

    fn price(machine: Machine) -> Balance {
        market(|market| market.prices.get(&machine).copied().unwrap_or(DEFAULT_PRICE))
    }

    fn holder(machine: Machine, ticket: u64) -> Option<Candidate<AccountId>> {
        market(|market| {
            let mut before = 0;
            let mut of_machine = market.providers.iter().filter(|(_, provider)| provider.machine == machine);
            let (owner, provider) = of_machine.find(|(_, provider)| {
                before += provider.drawn_weight();
                ticket < before
            })?;
            let bonded = || <MockBonds as ProviderBond<AccountId>>::active(owner);
            let stake = market.stakes.get(owner).copied().unwrap_or_else(bonded);
            Some(Candidate { owner: *owner, reserve: provider.reserve, stake })
        })
    }

    fn seat(owner: &AccountId, job: JobId) -> DispatchResult {
        market(|market| {
            let provider = market.providers.get_mut(owner).ok_or(NO_ROOM)?;
            if provider.seats.contains(&job) {
                return Err(HAS_SEAT);
            }
            provider.room = provider.room.checked_sub(1).ok_or(NO_ROOM)?;
            provider.seats.insert(job);
            Ok(())
        })
    }

    fn unseat(owner: &AccountId, job: JobId, conduct: Conduct) {
        market(|market| {
            let Some(provider) = market.providers.get_mut(owner) else { return };
            if provider.seats.remove(&job) {
                provider.room += 1;
                provider.silent |= conduct == Conduct::NoShow;
                provider.jailed |= conduct == Conduct::Cheated;
                market.conducts.push((*owner, job, conduct));
            }
        });
    }
}

/// Has an account's locks follow its escrows.
pub fn lock_with_escrow(who: AccountId) {
    market(|market| market.locked.insert(who));
}

/// Holds without accounts, and records settlements as they come.
pub struct MockEscrow;

impl Escrow<AccountId> for MockEscrow {
    fn open(job: JobId, requester: &AccountId, amount: Balance, expires: MarketBlock) -> DispatchResult {
        market(|market| {
            if let Some(refusal) = market.escrow_refusal {
                return Err(refusal);
            }
            if amount == 0 {
                return Err(NOTHING_TO_HOLD);
            }
            if market.escrows.contains_key(&job) {
                return Err(ESCROW_IS_OPEN);
            }
            market.escrows.insert(job, OpenEscrow { requester: *requester, amount, expires });
            Ok(())
        })
    }

    fn settle(job: JobId, settlement: Settlement<AccountId>) {
        market(|market| {
            market.escrows.remove(&job);
            market.settlements.push((job, settlement));
        });
    }

    fn held(job: JobId) -> Balance {
        held(job)
    }

    fn locks_weight(requester: Option<&AccountId>) -> Weight {
        let follow = requester.is_none_or(|who| market(|market| market.locked.contains(who)));
        if follow {
            LOCKS_WEIGHT
        } else {
            Weight::zero()
        }
    }
}

/// Listings as [`list`] and [`delist`] script them.
pub struct MockListings;

impl Listings<AccountId> for MockListings {
    fn royalty(
        version: ListedVersion,
        program: &Digest,
        input: &Digest,
    ) -> Result<Royalty<AccountId>, DispatchError> {
        let listed = market(|market| market.listings.get(&(version.listing, version.version)).copied());
        let (royalty, root) = listed.ok_or(NOT_LISTED)?;
        if root == *program || root == *input {
            Ok(royalty)
        } else {
            Err(OTHER_ROOT)
        }
    }
}

/// Takes jobs in and does nothing with them; who listens hears of one that is cancelled, with nobody paid.
pub struct MockVerification<L = MockOnVerdict>(PhantomData<L>);

impl<L: OnVerdict<AccountId>> Verification<AccountId> for MockVerification<L> {
    fn policy(class: JobClass) -> Option<(u32, Policy)> {
        market(|market| market.policies.get(&class).copied())
    }

    fn open(job: JobId, order: Order<AccountId>) -> DispatchResult {
        market(|market| {
            if let Some(refusal) = market.order_refusal {
                return Err(refusal);
            }
            market.orders.push((job, order));
            Ok(())
        })
    }

    fn cancel(job: JobId) -> DispatchResult {
        market(|market| {
            if let Some(refusal) = market.cancel_refusal {
                return Err(refusal);
            }
            let there = market.orders.iter().any(|(ordered, _)| *ordered == job);
            if !there || market.cancelled.contains(&job) {
                return Err(NO_ORDER);
            }
            market.cancelled.push(job);
            Ok(())
        })?;
        L::on_verdict(job, cancellation());
        Ok(())
    }
}

/// The verdict on a job that nobody was drawn for.
fn cancellation() -> Verdict<AccountId> {
    Verdict {
        outcome: Outcome::Cancelled,
        claim: None,
        output: None,
        price: 0,
        paid: Vec::new(),
        audited: false,
        thin: false,
    }
}

/// Records what it hears. That takes [`LOCKS_WEIGHT`] beside where locks follow an escrow, whoever's.
pub struct MockOnVerdict;

impl OnVerdict<AccountId> for MockOnVerdict {
    fn on_verdict(job: JobId, verdict: Verdict<AccountId>) -> (u32, Weight) {
        market(|market| {
            market.verdicts.push((job, verdict));
            (0, if market.locked.is_empty() { Weight::zero() } else { LOCKS_WEIGHT })
        })
    }

    fn beside_weight() -> Weight {
        LOCKS_WEIGHT
    }
}
