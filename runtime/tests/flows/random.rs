//! Jobs, providers, bonds and escrow together: random operations, block after block, against the invariants of all
//! pallets and those between them. In the end every job has ended, nothing is locked or on hold, and everybody can take
//! the bond home. The seed is fixed; `ASSAY_OPERATIONS` asks for more operations.

mod governance;
mod people;
mod providers;
mod requesters;
mod seats;

use crate::{
    chain::{self, Chain},
    market,
};
use assay_primitives::{
    mock::{operations, Random},
    Balance, MarketBlock, Role,
};
use assay_runtime::{AccountId, Balances, Runtime, RuntimeCall, RuntimeEvent, System};
use frame_system::RawOrigin;
use pallet_assay_escrow::{Escrows, Event as EscrowEvent};
use pallet_assay_jobs::{Jobs, JobsOf, Record};
use pallet_assay_slashing::{Event as SlashingEvent, Params as SlashingParams, Pending};
use pallet_assay_verification::{Cases, Event as VerificationEvent};
use people::People;
use sp_runtime::{
    traits::{BlockNumberProvider, Dispatchable},
    transaction_validity::InvalidTransaction,
    DispatchResult,
};
use std::collections::BTreeMap;

const SEED: u64 = 8;
/// Operations after which all invariants are checked, and what has changed is committed.
const CHECKED_EVERY: u32 = 50;
/// One more than a block has at most beside what seats do.
const A_BLOCK: u64 = 9;

/// What has to be done, and not refused.
const CALLS: &[&str] = &[
    "post",
    "cancel",
    "commit",
    "decline",
    "reveal",
    "bond",
    "bond extra",
    "unbond",
    "rebond",
    "withdraw",
    "set worker",
    "register",
    "update",
    "retire",
    "heartbeat",
    "release",
    "reweigh",
    "equivocate",
    "validate",
    "suspend",
    "resume",
    "reduce",
    "forgive",
    "set policy",
    "set machine",
    "close machine",
    "set parameters",
    "enter safe-mode",
    "leave safe-mode",
    "freeze",
    "thaw",
];

/// What the chain has to tell of: each end of a job, each fault, each draw that makes itself due, each end of a slash.
const TOLD: &[&str] = &[
    "Agreed",
    "Decided",
    "Undecided",
    "Unavailable",
    "Expired",
    "Cancelled",
    "thin",
    "NoShow",
    "WrongResult",
    "WithheldReveal",
    "Equivocation",
    "Seats",
    "Refill",
    "Lot",
    "Fresh",
    "Leaves",
    "slash of a provider",
    "slash of a validator",
    "slash cancelled",
];

/// What came of a call; `None` where there was nothing to call, or no room in the block.
type Outcome = Option<DispatchResult>;

/// The chain, those who use it, and what has come of it so far.
struct World {
    chain: Chain,
    random: Random,
    people: People,
    done: u32,
    /// How often each call was done, and refused.
    calls: BTreeMap<&'static str, (u32, u32)>,
    /// How often the chain has told of what.
    told: BTreeMap<String, u32>,
}

/// Blocks and calls.
impl World {
    fn new(chain: Chain) -> Self {
        let mut world = Self {
            chain,
            random: Random(SEED),
            people: People::gather(),
            done: 0,
            calls: BTreeMap::new(),
            told: BTreeMap::new(),
        };
        world.endow();
        world.enlist();
        world
    }

    /// Signs a call and applies it to the open block. Where sessions change, the block has no room.
    fn submit(&mut self, signer: &AccountId, call: impl Into<RuntimeCall>) -> Outcome {
        match self.chain.submit(self.people.key(signer), call.into()) {
            Ok(outcome) => Some(outcome),
            Err(invalid) => {
                assert_eq!(invalid, InvalidTransaction::ExhaustsResources.into(), "the transaction is valid");
                None
            }
        }
    }

    /// A call by root, as if a referendum on its track had passed.
    fn root(&mut self, call: impl Into<RuntimeCall>) -> Outcome {
        let outcome = call.into().dispatch(RawOrigin::Root.into());
        Some(outcome.map(drop).map_err(|refused| refused.error))
    }

    /// Has a call done that must not be refused, in this block or the next one that has room.
    fn insist(&mut self, signer: &AccountId, call: impl Into<RuntimeCall>) {
        let call = call.into();
        let outcome = loop {
            match self.submit(signer, call.clone()) {
                Some(outcome) => break outcome,
                None => {
                    self.close();
                    self.chain.open();
                }
            }
        };
        assert_eq!(outcome, Ok(()), "{call:?}");
    }

    fn close(&mut self) {
        self.chain.close();
        self.read_events();
    }

    fn pass(&mut self, blocks: u32) {
        for _ in 0..blocks {
            self.chain.open();
            self.close();
        }
    }

    fn clock(&self) -> MarketBlock {
        pallet_clock::MarketClock::<Runtime>::current_block_number()
    }

    fn note(&mut self, name: &'static str, outcome: Outcome) {
        let Some(outcome) = outcome else { return };
        self.done += 1;
        let (done, refused) = self.calls.entry(name).or_default();
        *(if outcome.is_ok() { done } else { refused }) += 1;
    }

    /// Takes one of several things out.
    fn choose<Thing>(&mut self, mut from: Vec<Thing>) -> Option<Thing> {
        let place = self.random.below(from.len().max(1) as u64) as usize;
        (place < from.len()).then(|| from.swap_remove(place))
    }
}

/// What happens in a block.
impl World {
    /// Goes on until so many more operations were done or refused.
    fn go_on(&mut self, operations: u32) {
        let until = self.done + operations;
        while self.done < until {
            self.chain.open();
            self.seats_act();
            for _ in 0..self.random.below(A_BLOCK) {
                let (name, outcome) = self.operate();
                self.note(name, outcome);
            }
            self.close();
        }
        check();
    }

    fn operate(&mut self) -> (&'static str, Outcome) {
        match self.random.below(160) {
            0..=23 => ("post", self.post()),
            24..=29 => ("cancel", self.cancel()),
            30..=35 => ("meddle", self.meddle()),
            36..=39 => ("bond", self.bond()),
            40..=47 => ("bond extra", self.bond_extra()),
            48..=55 => ("unbond", self.unbond()),
            56..=61 => ("rebond", self.rebond()),
            62..=69 => ("withdraw", self.withdraw()),
            70..=73 => ("set worker", self.set_worker()),
            74..=139 => self.tend(),
            140..=145 => self.judge(),
            146..=151 => self.govern(),
            152..=155 => self.halt(),
            _ => self.equivocate(),
        }
    }

    fn read_events(&mut self) {
        for record in System::events() {
            let told = match record.event {
                RuntimeEvent::Verification(event) => told_of_job(event),
                RuntimeEvent::Slashing(event) => told_of_slash(event),
                RuntimeEvent::Escrow(EscrowEvent::Short { job, missing }) => {
                    panic!("job {job} is {missing} short")
                }
                _ => vec![],
            };
            for name in told {
                *self.told.entry(name).or_default() += 1;
            }
        }
    }
}

/// What an event of verification tells, by name. No lock may stay, and no fault be free.
fn told_of_job(event: VerificationEvent<Runtime>) -> Vec<String> {
    match event {
        VerificationEvent::Ended { outcome, thin, .. } => {
            let thin = thin.then(|| "thin".to_string());
            [format!("{outcome:?}")].into_iter().chain(thin).collect()
        }
        VerificationEvent::DrawDue { purpose, .. } => vec![format!("{purpose:?}")],
        VerificationEvent::NotReleased { lock, error } => panic!("lock {lock} stays: {error:?}"),
        VerificationEvent::NotCharged { job, seat, error } => panic!("seat {seat} of job {job}: {error:?}"),
        _ => vec![],
    }
}

/// What an event of slashing tells, by name. What a seat is slashed is always there.
fn told_of_slash(event: SlashingEvent<Runtime>) -> Vec<String> {
    match event {
        SlashingEvent::Reported { slash, .. } => vec![format!("{:?}", slash.kind)],
        SlashingEvent::Applied { id, role: Role::Provider, missing, .. } => {
            assert_eq!(missing, 0, "collateral is locked for slash {id}");
            vec!["slash of a provider".into()]
        }
        SlashingEvent::Applied { .. } => vec!["slash of a validator".into()],
        SlashingEvent::Cancelled { .. } => vec!["slash cancelled".into()],
        _ => vec![],
    }
}

/// All invariants: of each pallet, between them, and of the money.
fn check() {
    chain::check();
    market::check_locks();
    let accounts = frame_system::Account::<Runtime>::iter_values();
    let all: Balance = accounts.map(|account| account.data.free + account.data.reserved).sum();
    assert_eq!(all, Balances::total_issuance(), "all that there is is somebody's");
}

/// The end.
impl World {
    /// Nobody does anything any more. Each job ends before its escrow could expire, and then each slash.
    fn settle_down(&mut self) {
        self.resume_market();
        let open = || Jobs::<Runtime>::iter_values().filter_map(Record::open);
        while let Some(last) = open().map(|job| job.expires).max() {
            assert!(self.clock() <= last, "a job outlives its escrow");
            self.pass(1);
        }
        assert_eq!(Cases::<Runtime>::iter_keys().count(), 0, "all jobs have ended");
        assert_eq!(Escrows::<Runtime>::iter_keys().count(), 0, "and all money is back");
        // Of the locks, those are left that slashes have.
        check();
        let params = SlashingParams::<Runtime>::get();
        // As many blocks more as it takes where slashes get ready all at once.
        let last = self.clock() + params.window + params.longest_suspension + 20;
        while Pending::<Runtime>::iter_keys().next().is_some() {
            assert!(self.clock() < last, "a slash waits for ever");
            self.pass(1);
        }
        market::check_nothing_is_left();
        check();
    }

    /// What must be left of all that in the end: nothing.
    fn check_all_is_over(&self) {
        check();
        assert_eq!(Jobs::<Runtime>::iter_keys().count(), 0, "receipts are pruned");
        assert_eq!(JobsOf::<Runtime>::iter_keys().count(), 0, "and no job is remembered");
        self.check_all_have_left();
    }

    /// Each call went through, and each thing came, often enough for the sequence to mean something.
    fn check_coverage(&self, operations: u32) {
        let least = operations / 10_000;
        println!("{} operations: {:#?}\n{:#?}", self.done, self.calls, self.told);
        for name in CALLS {
            let (done, _) = self.calls.get(name).copied().unwrap_or_default();
            assert!(done > least, "'{name}' was done {done} times");
        }
        for name in TOLD {
            let times = self.told.get(*name).copied().unwrap_or_default();
            assert!(times > least, "'{name}' came {times} times");
        }
    }
}

#[test]
fn all_of_the_market_keeps_its_invariants_and_comes_to_an_end() {
    let operations = operations();
    let (mut state, chain) = chain::found(people::genesis());
    let mut world = state.execute_with(|| World::new(chain));
    while world.done < operations {
        state.commit_all().expect("no transaction is open");
        state.execute_with(|| world.go_on(CHECKED_EVERY));
    }
    for part in [World::settle_down, World::leave] {
        state.commit_all().expect("no transaction is open");
        state.execute_with(|| part(&mut world));
    }
    state.execute_with(|| world.check_all_is_over());
    world.check_coverage(operations);
}
