//! Random sequences of operations against the invariants and a model. The seed is fixed; `ASSAY_OPERATIONS` asks for
//! more.

use crate::{mock::*, EraRecords, Event, Parameters, Pending};
use assay_primitives::mock::{operations, Random};
use assay_primitives::{mock::MockCollateral, Collateral, LockId, Role, SlashId};
use assay_rules::penalty;
use sp_runtime::{DispatchError, DispatchResult, Perbill, StateVersion};
use std::collections::BTreeMap;

const VALIDATORS: u64 = 5;
const PROVIDERS: std::ops::Range<u64> = 100..104;
const SESSIONS_PER_ERA: u32 = 2;
const SEED: u64 = 4;

/// What the test knows apart from the chain.
struct Model {
    random: Random,
    /// The highest fraction that was reported of a validator in an era, the cap applied.
    highest: BTreeMap<(u64, u32), Perbill>,
    /// What was applied to a validator for an era, by the events.
    applied: BTreeMap<(u64, u32), u128>,
    /// Whose and of which era each slash is that was ever reported.
    eras: BTreeMap<SlashId, (u64, u32)>,
    locks: Vec<LockId>,
    minted: u128,
    burnt: u128,
    /// How often each operation was done and not refused.
    done: BTreeMap<&'static str, u32>,
}

impl Model {
    fn new() -> Self {
        set_sessions_per_era(SESSIONS_PER_ERA);
        for validator in 1..=VALIDATORS {
            bond(validator, Role::Validator, stake(validator));
        }
        for provider in PROVIDERS {
            bond(provider, Role::Provider, 1_000_000);
        }
        endow(TREASURY, DEPOSIT);
        Self {
            random: Random(SEED),
            highest: BTreeMap::new(),
            applied: BTreeMap::new(),
            eras: BTreeMap::new(),
            locks: Vec::new(),
            minted: Balances::total_issuance(),
            burnt: 0,
            done: BTreeMap::new(),
        }
    }

    fn note_fault(&mut self, validator: u64, session: u32, fraction: Perbill) {
        let highest = self.highest.entry((validator, session / SESSIONS_PER_ERA)).or_default();
        *highest = fraction.max(*highest);
    }

    /// A session of one of the three eras whose faults are accepted: they move on with the clock.
    fn session(&mut self) -> u32 {
        let oldest = (Now::get() / 100) as u32;
        forget_exposures_before(oldest);
        for validator in 1..=VALIDATORS {
            (oldest..oldest + 3).for_each(|era| expose(validator, era, stake(validator)));
        }
        (oldest + self.random.below(3) as u32) * SESSIONS_PER_ERA + self.random.below(2) as u32
    }

    fn report(&mut self) -> Result<(), DispatchError> {
        let (validator, session) = (1 + self.random.below(VALIDATORS), self.session());
        let fraction = Perbill::from_parts(self.random.below(700_000_000) as u32);
        let reporter = (self.random.below(2) == 0).then(|| 200 + self.random.below(4));
        self.note_fault(validator, session, fraction);
        equivocate(validator, session, fraction, reporter).map(drop)
    }

    /// One or two offenders of a time slot; the earlier one may be one that was let off.
    fn offend(&mut self) -> DispatchResult {
        let (newest, session) = (1 + self.random.below(VALIDATORS), self.session());
        let earlier = (1 + self.random.below(2 * VALIDATORS), 200);
        let offenders = [earlier, (newest, 200 + self.random.below(4))];
        let alone = earlier.0 > VALIDATORS || earlier.0 == newest;
        let offenders = if alone { &offenders[1..] } else { &offenders[..] };

        let fraction = Perbill::from_parts(self.random.below(1_000_000_001) as u32);
        for (validator, _) in offenders {
            self.note_fault(*validator, session, fraction.min(Slashing::params().max_equivocation));
        }
        offend(offenders, fraction, session);
        Ok(())
    }

    fn lock(&mut self) -> DispatchResult {
        let provider = PROVIDERS.start + self.random.below(4);
        let amount = u128::from(self.random.below(5_000));
        self.locks.push(MockCollateral::lock(&provider, amount, u128::MAX)?);
        Ok(())
    }

    fn release(&mut self) -> DispatchResult {
        let Some(lock) = self.random.pick(&self.locks) else { return Err(DispatchError::Unavailable) };
        MockCollateral::release(&owner_of_lock(lock).unwrap_or_default(), lock)
    }

    fn fail_seat(&mut self) -> DispatchResult {
        let Some(lock) = self.random.pick(&self.locks) else { return Err(DispatchError::Unavailable) };
        fail_seat(lock, u128::from(self.random.below(5_000))).map(drop)
    }

    /// A number that waits, or now and then one that doesn't.
    fn slash(&mut self) -> SlashId {
        let mut numbers: Vec<_> = Pending::<Test>::iter_keys().collect();
        numbers.sort();
        let stray = self.random.below(50);
        self.random.pick(&numbers).filter(|_| stray > 0).unwrap_or(stray)
    }

    fn suspend(&mut self) -> DispatchResult {
        let id = self.slash();
        let until = Now::get() + self.random.below(150);
        Slashing::suspend(RuntimeOrigin::root(), id, until)
    }

    fn resume(&mut self) -> DispatchResult {
        Slashing::resume(RuntimeOrigin::root(), self.slash())
    }

    fn cancel(&mut self) -> DispatchResult {
        Slashing::cancel(RuntimeOrigin::root(), self.slash())
    }

    fn reduce(&mut self) -> DispatchResult {
        let id = self.slash();
        let most = Pending::<Test>::get(id).map_or(10, |slash| slash.amount + slash.amount / 8 + 1);
        let amount = u128::from(self.random.word()) % most;
        Slashing::reduce(RuntimeOrigin::root(), id, amount)
    }

    fn apply(&mut self) -> DispatchResult {
        let first = Slashing::pending_by_due(None, 1);
        let id = first.first().map_or_else(|| self.slash(), |(id, _)| *id);
        Slashing::apply(RuntimeOrigin::signed(9), id)
    }

    /// Moves the clock alone, so that slashes get ready before a tick applies them.
    fn wait(&mut self) -> DispatchResult {
        Now::set(Now::get() + self.random.below(4));
        Ok(())
    }

    fn tick(&mut self) -> DispatchResult {
        advance_to(Now::get() + 1 + self.random.below(3));
        Ok(())
    }

    fn bond(&mut self) -> DispatchResult {
        let amount = u128::from(self.random.below(200_000));
        let (owner, role) = match self.random.below(2) {
            0 => (1 + self.random.below(VALIDATORS), Role::Validator),
            _ => (PROVIDERS.start + self.random.below(4), Role::Provider),
        };
        bond(owner, role, amount);
        self.minted += amount + DEPOSIT;
        Ok(())
    }

    /// What an owner unbonded in time: it stays in its account, out of reach.
    fn withdraw(&mut self) -> DispatchResult {
        let validator = 1 + self.random.below(VALIDATORS);
        if accused(validator, Role::Validator) > 0 {
            return Err(DispatchError::Unavailable);
        }
        let left = bonded(validator, Role::Validator);
        set_bond(validator, Role::Validator, left - left / 10);
        Ok(())
    }

    fn set_params(&mut self) -> DispatchResult {
        let params = Parameters {
            window: self.random.below(40),
            longest_suspension: self.random.below(120),
            max_equivocation: Perbill::from_percent(self.random.below(101) as u32),
            reporter_share: Perbill::from_percent(self.random.below(12) as u32),
            burn_share: Perbill::from_percent(self.random.below(101) as u32),
        };
        Slashing::set_params(RuntimeOrigin::root(), params)
    }

    fn step(&mut self) {
        let watched = self.random.below(40) == 0;
        let before = watched.then(|| sp_io::storage::root(StateVersion::V1));
        let (name, result) = match self.random.below(32) {
            0..=3 => ("report", self.report()),
            4..=5 => ("offend", self.offend()),
            6..=8 => ("lock", self.lock()),
            9 => ("release", self.release()),
            10..=12 => ("fail seat", self.fail_seat()),
            13..=15 => ("suspend", self.suspend()),
            16 => ("resume", self.resume()),
            17 => ("cancel", self.cancel()),
            18..=19 => ("reduce", self.reduce()),
            20..=22 => ("apply", self.apply()),
            23..=24 => ("wait", self.wait()),
            25..=28 => ("tick", self.tick()),
            29 => ("bond", self.bond()),
            30 => ("withdraw", self.withdraw()),
            _ => ("set params", self.set_params()),
        };
        match (result, before) {
            (Ok(()), _) => *self.done.entry(name).or_default() += 1,
            (Err(_), Some(before)) => {
                assert_eq!(
                    before,
                    sp_io::storage::root(StateVersion::V1),
                    "{name} was refused and left a trace"
                );
            }
            (Err(_), None) => (),
        }
        self.read_events();
        // Not after each one, or a minute would go by.
        if self.random.below(50) == 0 {
            self.check();
        }
    }

    fn read_events(&mut self) {
        for record in System::events() {
            let RuntimeEvent::Slashing(event) = record.event else { continue };
            match event {
                Event::Reported { id, slash, .. } => {
                    if let crate::Subject::Session { era, .. } = slash.subject {
                        self.eras.insert(id, (slash.owner, era));
                    }
                }
                Event::Applied { id, taken, missing, reporter, reward, burnt, treasury, .. } => {
                    assert_eq!(taken, reward + burnt + treasury);
                    assert!(reward <= taken / 10);
                    assert!(reward == 0 || reporter.is_some());
                    self.burnt += burnt;
                    if let Some(of) = self.eras.get(&id).copied() {
                        let applied = self.applied.entry(of).or_default();
                        *applied += taken + missing;
                        assert!(
                            *applied <= highest_of(&self.highest, of),
                            "{of:?} paid more than its highest fault"
                        );
                    }
                }
                _ => (),
            }
        }
        System::reset_events();
    }

    fn check(&self) {
        check();
        assert_eq!(Balances::total_issuance(), self.minted - self.burnt);
        for (era, validator, record) in EraRecords::<Test>::iter() {
            let of = (validator, era);
            assert_eq!(record.applied, self.applied.get(&of).copied().unwrap_or(0), "the record of {of:?}");
            let waits = record.pending.map_or(0, |id| waiting(id).amount);
            let highest = highest_of(&self.highest, of);
            assert!(record.applied + waits <= highest, "{of:?} is to pay more than its highest fault");
        }
    }
}

/// What a validator has at stake in every era.
fn stake(validator: u64) -> u128 {
    u128::from(validator) * 1_000_000
}

/// What the highest fault of a validator in an era costs.
fn highest_of(reported: &BTreeMap<(u64, u32), Perbill>, of: (u64, u32)) -> u128 {
    penalty::slash_amount(reported.get(&of).copied().unwrap_or_default(), stake(of.0))
}

#[test]
fn random_sequences_keep_the_invariants() {
    let operations = operations();
    run(|| {
        let mut model = Model::new();
        for _ in 0..operations {
            model.step();
        }
        // Each operation went through often enough for the sequence to mean something.
        let rare: Vec<_> = model.done.iter().filter(|(_, times)| **times < operations / 2_000).collect();
        assert!(rare.is_empty() && model.done.len() == 15, "{:?}", model.done);
        assert!(heard_slashes().len() as u32 > operations / 200, "{:?}", model.done);
    });
}
