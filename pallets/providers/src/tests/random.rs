//! Random sequences of operations against the invariants and a model. The seed is fixed; `ASSAY_OPERATIONS` asks for
//! more.

use crate::{mock::*, pallet, Event, MachineEntry, Parameters};
use assay_primitives::mock::{operations, Random};
use assay_primitives::{Conduct, JobId, Machine};
use assay_rules::{price::PriceRule, reputation};
use frame_support::{traits::Hooks, weights::WeightMeter};
use sp_runtime::{DispatchError, DispatchResult, StateVersion};
use std::collections::BTreeMap;

const OWNERS: u64 = 16;
const SEED: u64 = 5;
const CONDUCTS: [Conduct; 8] = [
    Conduct::Right,
    Conduct::Right,
    Conduct::Right,
    Conduct::Right,
    Conduct::Neutral,
    Conduct::Declined,
    Conduct::NoShow,
    Conduct::Cheated,
];

/// What these tests choose at random.
trait Choose {
    fn owner(&mut self) -> u64;

    /// One of the two of genesis, or of eight that come and go.
    fn machine(&mut self) -> Machine;
}

impl Choose for Random {
    fn owner(&mut self) -> u64 {
        1 + self.below(OWNERS)
    }

    fn machine(&mut self) -> Machine {
        match self.below(3) {
            0 => CPU,
            1 => GPU,
            _ => Machine { hardware: 3, memory: self.below(8) as u8 },
        }
    }
}

/// What the test knows apart from the chain.
struct Model {
    random: Random,
    /// Seats that are open.
    seats: Vec<(u64, JobId)>,
    next_job: JobId,
    /// The blocks in which the changes were asked for that wait, of each owner.
    asked: BTreeMap<u64, Vec<u32>>,
    /// The block that made the oldest draw due.
    draw: Option<u32>,
    /// How often each operation was done and not refused.
    done: BTreeMap<&'static str, u32>,
}

impl Model {
    fn register(&mut self) -> DispatchResult {
        let (owner, machine, capacity) =
            (self.random.owner(), self.random.machine(), self.random.below(6) as u32);
        Providers::register(signed(owner), machine, u128::from(self.random.below(3_000)), capacity)
    }

    fn update(&mut self) -> DispatchResult {
        let (owner, machine, capacity) =
            (self.random.owner(), self.random.machine(), self.random.below(6) as u32);
        Providers::update(signed(owner), machine, u128::from(self.random.below(3_000)), capacity)
    }

    fn heartbeat(&mut self) -> DispatchResult {
        let owner = self.random.owner();
        let signer = if self.random.below(8) == 0 { 999 } else { owner };
        Providers::heartbeat(signed(signer), owner)
    }

    fn bond(&mut self) -> DispatchResult {
        let units = match self.random.below(6) {
            0 => 0,
            1 => 2_000,
            _ => self.random.below(100),
        };
        bond(self.random.owner(), units.into());
        Ok(())
    }

    /// A draw: whoever holds the ticket gets a seat of a job that is new, or now and then of one that it has.
    fn draw(&mut self) -> DispatchResult {
        let machine = self.random.machine();
        let total = weight(machine);
        if total == 0 {
            return Err(DispatchError::Unavailable);
        }
        let owner = holder(machine, self.random.below(total)).expect("each ticket has a holder").owner;
        let again = Providers::seats(owner).first().copied().filter(|_| self.random.below(20) == 0);
        let job = again.unwrap_or(self.next_job);
        seat(owner, job)?;
        self.next_job += 1;
        self.seats.push((owner, job));
        Ok(())
    }

    fn unseat(&mut self) -> DispatchResult {
        let (owner, job) = self.random.pick(&self.seats).ok_or(DispatchError::Unavailable)?;
        self.seats.retain(|open| *open != (owner, job));
        let conduct = self.random.pick(&CONDUCTS).expect("there are some");
        let before = provider(owner);
        let score = reputation::score_after(before.score, conduct);
        unseat(owner, job, conduct);
        if let Some(after) = Providers::provider(owner) {
            assert_eq!((after.score, after.taken()), (score, before.taken()));
            assert!(after.weight == before.weight || after.weight == 0, "{owner} weighs another amount");
        }
        Ok(())
    }

    fn set_machine(&mut self) -> DispatchResult {
        let floor = u128::from(self.random.below(2_000));
        let ceiling = 1_500 + u128::from(self.random.below(5_000));
        let price = PriceRule { floor, ceiling, ..rule() };
        let enabled = self.random.below(4) > 0;
        set_machine(self.random.machine(), MachineEntry { price, enabled, ..entry() })
    }

    fn set_params(&mut self) -> DispatchResult {
        let params = Parameters {
            change_delay: self.random.below(8) as u32,
            price_blocks: LEAST_PRICE_PERIOD - 5 + self.random.below(30) as u32,
            jail_blocks: self.random.below(60) as u32,
            max_bond: u128::from(self.random.below(1_500)) * UNIT,
        };
        Providers::set_params(RuntimeOrigin::root(), params)
    }

    /// A draw becomes due, or all that were have run.
    fn set_draw(&mut self) -> DispatchResult {
        let due = System::block_number().saturating_sub(self.random.below(3) as u32);
        self.draw = (self.random.below(3) == 0).then_some(due);
        set_oldest_draw(self.draw);
        Ok(())
    }

    fn advance(&mut self) -> DispatchResult {
        for _ in 0..1 + self.random.below(3) {
            System::set_block_number(System::block_number() + 1);
            // Blocks in which the market stands still, or which have no room for a hook.
            Now::set(Now::get() + u32::from(self.random.below(5) > 0));
            if self.random.below(5) > 0 {
                <Providers as Hooks<u32>>::on_poll(System::block_number(), &mut WeightMeter::new());
            }
            self.read_events();
        }
        Ok(())
    }

    fn perform(&mut self) -> (&'static str, DispatchResult) {
        let owner = self.random.owner();
        match self.random.below(32) {
            0..=3 => ("register", self.register()),
            4..=5 => ("update", self.update()),
            6 => ("retire", Providers::retire(signed(owner))),
            7..=8 => ("heartbeat", self.heartbeat()),
            9..=10 => ("release", Providers::release(signed(owner))),
            11..=12 => ("bond", self.bond()),
            13 => ("reweigh", Providers::reweigh(signed(owner), owner)),
            14..=18 => ("draw", self.draw()),
            19..=22 => ("unseat", self.unseat()),
            23 => ("set machine", self.set_machine()),
            24 => ("close", Providers::close_machine(RuntimeOrigin::root(), self.random.machine())),
            25 => ("remove", Providers::remove_machine(RuntimeOrigin::root(), self.random.machine())),
            26 => ("set params", self.set_params()),
            27 => ("set draw", self.set_draw()),
            28 => {
                let applied = Providers::apply(signed(owner), self.random.below(4) as u32);
                ("apply", applied.map(drop).map_err(|refused| refused.error))
            }
            _ => ("advance", self.advance()),
        }
    }

    fn step(&mut self) {
        let watched = self.random.below(10) == 0;
        let before = watched.then(|| sp_io::storage::root(StateVersion::V1));
        let (name, result) = self.perform();
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
        if self.random.below(16) == 0 {
            Providers::do_try_state().expect("invariants hold");
        }
    }

    /// Changes come into force after their time, and not before a draw that was due when they were asked for; nothing
    /// else gives anybody another weight than none.
    fn read_events(&mut self) {
        let mut applied = None;
        for event in events() {
            match event {
                Event::ChangeAsked { owner, pending } => {
                    let waiting = self.asked.entry(owner).or_default();
                    waiting.push(pending.since);
                    assert!(waiting.len() <= 2, "{owner} waits for {waiting:?}");
                }
                Event::ChangeApplied { owner, .. } => {
                    self.check_turn(owner);
                    applied = Some(owner);
                }
                Event::WeightChanged { owner, weight, .. } if weight > 0 => {
                    assert_eq!(applied, Some(owner), "{owner} weighs {weight}");
                }
                _ => (),
            }
        }
        System::reset_events();
    }

    fn check_turn(&mut self, owner: u64) {
        let since = self.asked.get_mut(&owner).expect("it was asked for").remove(0);
        assert!(System::block_number() - since > Providers::params().change_delay);
        assert!(self.draw.is_none_or(|due| due > since));
        assert!(self.asked.values().flatten().all(|other| *other >= since), "{owner} came out of turn");
    }
}

/// With no draw in the way all that waits is applied, and everybody in a tree weighs by all its score and room.
fn check_that_nobody_is_stuck() {
    set_oldest_draw(None);
    advance(100);
    assert_eq!(Providers::queue_length(), 0);
    for provider in pallet::Providers::<Test>::iter_values().filter(|provider| provider.slot.is_some()) {
        assert_eq!((provider.taken(), provider.standing), (provider.seats(), provider.score));
    }
}

#[test]
fn random_sequences_keep_the_invariants() {
    let operations = operations();
    run(|| {
        let (seats, asked, done) = (vec![], BTreeMap::new(), BTreeMap::new());
        let mut model = Model { random: Random(SEED), seats, next_job: 0, asked, draw: None, done };
        for _ in 0..operations {
            model.step();
        }
        // Each operation went through often enough for the sequence to mean something.
        let rare: Vec<_> = model.done.iter().filter(|(_, times)| **times < operations / 4_000).collect();
        assert!(rare.is_empty() && model.done.len() == 16, "{:?}", model.done);
        check_that_nobody_is_stuck();
    });
}
