//! Random sequences of operations against the invariants and a model. The seed is fixed; `ASSAY_OPERATIONS` asks for
//! more.

use crate::{mock::*, Appeals, DaoOrigin, Event, Ruling, Standing};
use assay_primitives::{
    mock::{governance::*, operations, Random},
    JobClass, Machine, Policy, SlashId, Subject,
};
use sp_runtime::{DispatchError, DispatchResult};
use std::collections::BTreeMap;

const SEED: u64 = 9;
const CLASS: JobClass = JobClass::ExactV1;
const OPERATIONS: [&str; 11] = [
    "slash", "appeal", "decide", "end", "close", "change", "withdraw", "forget", "curate", "pause", "advance",
];

/// What the test knows apart from the chain.
struct Model {
    random: Random,
    next: SlashId,
    minted: u128,
    burnt: u128,
    /// How often each operation was done and not refused.
    done: BTreeMap<&'static str, u32>,
}

impl Model {
    fn new() -> Self {
        (0..4).for_each(|listing| add_subject(Subject::Listing(listing)));
        (0..3).for_each(|memory| add_subject(Subject::Machine(Machine { hardware: 0, memory })));
        let minted = Balances::total_issuance();
        Self { random: Random(SEED), next: 0, minted, burnt: 0, done: BTreeMap::new() }
    }

    fn number(&mut self, below: u64) -> u32 {
        u32::try_from(self.random.below(below)).expect("it is small")
    }

    /// A slash that waits, or now and then one that does not.
    fn waiting(&mut self) -> SlashId {
        let waiting: Vec<_> = slashes().into_iter().map(|(id, _)| id).collect();
        let stray = self.random.below(self.next + 1);
        self.random.pick(&waiting).unwrap_or(stray)
    }

    fn appealed(&mut self) -> SlashId {
        let mut appealed: Vec<_> = Appeals::<Test>::iter_keys().collect();
        appealed.sort();
        let stray = self.random.below(self.next + 1);
        self.random.pick(&appealed).unwrap_or(stray)
    }

    fn slash(&mut self) -> DispatchResult {
        let due = Now::get() + self.number(20);
        add_slash(self.next, u128::from(1 + self.random.below(3_000)), due, due + 40);
        self.next += 1;
        Ok(())
    }

    /// Ends a slash whose time has come, or now and then one that another supersedes.
    fn end(&mut self) -> DispatchResult {
        let superseded = self.random.once_in(4);
        let over: Vec<_> = slashes()
            .into_iter()
            .filter(|(_, slash)| superseded || slash.ready() <= Now::get())
            .map(|(id, _)| id)
            .collect();
        if let Some(id) = self.random.pick(&over) {
            end_slash(id);
        }
        Ok(())
    }

    fn decide(&mut self) -> DispatchResult {
        let slash = self.appealed();
        let ruling = match self.random.below(3) {
            0 => Ruling::Cancel,
            1 => Ruling::Reduce { amount: u128::from(self.random.below(2_000)) },
            _ => Ruling::Uphold,
        };
        Dao::decide(DaoOrigin::Appeals.into(), slash, ruling)
    }

    fn change(&mut self) -> DispatchResult {
        let policy = Policy { collateral: 5 + self.number(10), ..policy() };
        let delay = 15 + self.number(30);
        set_least_collateral(self.number(10));
        Dao::change_policy(DaoOrigin::Policy.into(), CLASS, policy, delay)
    }

    /// Now and then: else no policy would ever come into force.
    fn withdraw(&mut self) -> DispatchResult {
        if !self.random.once_in(4) {
            return Err(DispatchError::Unavailable);
        }
        Dao::withdraw_policy(DaoOrigin::Policy.into(), CLASS)
    }

    fn forget(&mut self) -> DispatchResult {
        let version = self.number(50);
        let referenced = self.random.once_in(2);
        set_referenced(CLASS, version, referenced);
        Dao::forget_policy(signed(1), CLASS, version)
    }

    fn curate(&mut self) -> DispatchResult {
        let subject = match self.random.below(2) {
            0 => Subject::Listing(self.random.below(5)),
            _ => Subject::Machine(Machine { hardware: 0, memory: self.random.below(4) as u8 }),
        };
        let standing = [Standing::Listed, Standing::Warned, Standing::Delisted];
        let standing = self.random.pick(&standing).expect("there are three");
        Dao::curate(DaoOrigin::Curator.into(), subject, standing, [1; 32])
    }

    fn pause(&mut self) -> DispatchResult {
        let (call, blocks) = (name(&format!("call {}", self.random.below(5))), self.number(60));
        Dao::pause(DaoOrigin::EmergencyStop.into(), call, blocks)
    }

    fn step(&mut self) {
        let operation = self.random.pick(&OPERATIONS).expect("there are some");
        let who = 1 + self.random.below(6);
        let result = match operation {
            "slash" => self.slash(),
            "appeal" => Dao::appeal(signed(who), self.waiting(), [2; 32]),
            "decide" => self.decide(),
            "end" => self.end(),
            "close" => Dao::close(signed(who), self.appealed()),
            "change" => self.change(),
            "withdraw" => self.withdraw(),
            "forget" => self.forget(),
            "curate" => self.curate(),
            "pause" => self.pause(),
            _ => {
                advance_to(Now::get() + 1 + self.number(5));
                Ok(())
            }
        };
        if result.is_ok() {
            *self.done.entry(operation).or_default() += 1;
        }
        self.hear();
        self.top_up(who);
        check();
        assert_eq!(Balances::total_issuance(), self.minted - self.burnt);
    }

    /// Appeals that are lost burn money; accounts get it back, so that the sequence goes on.
    fn top_up(&mut self, who: u64) {
        if free(who) < ENDOWMENT / 2 {
            endow(who, ENDOWMENT);
            self.minted += ENDOWMENT;
        }
    }

    fn hear(&mut self) {
        for record in System::events() {
            if let RuntimeEvent::Dao(Event::Decided { lost, .. } | Event::Closed { lost, .. }) = record.event
            {
                self.burnt += lost;
            }
        }
        System::reset_events();
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
        // Each operation went through often enough for the sequence to mean something. Few changes of policy are asked
        // for while none waits, few versions are there to forget, and what is delisted as a listing stays so.
        let rare: Vec<_> = model.done.iter().filter(|(_, times)| **times < operations / 2_000).collect();
        assert!(rare.is_empty() && model.done.len() == OPERATIONS.len(), "{:?}", model.done);
    });
}
