//! Random sequences of operations over many jobs, against the invariants and a model. The seed is fixed;
//! `ASSAY_OPERATIONS` asks for more.

use crate::{mock::*, CaseOf, Cases, Event, Phase, Seat, Stage};
use assay_primitives::mock::{operations, Random};
use assay_primitives::{
    mock::{market, MockBonds},
    Bonds, Claim, JobId, Machine, Order, Outcome, Pay, Policy, Role, Verification as _,
};
use assay_rules::settlement::{hold, settle};
use frame_support::weights::WeightMeter;
use sp_runtime::{DispatchError, DispatchResult, Perbill, StateVersion};
use std::collections::{BTreeMap, BTreeSet};

const SEED: u64 = 6;
const PROVIDERS: u64 = 30;
/// Machines that weigh enough to make jobs thin when they are there.
const CROWD: u64 = 9_000;

fn can_reveal(case: &CaseOf<Test>, seat: &Seat<u64>) -> bool {
    case.reveals_until().is_some() && matches!(seat.stage, Stage::Committed(_))
}

/// What a seat has sealed.
#[derive(Clone)]
enum Answer {
    Computed(Run),
    Misdeclared,
}

impl Answer {
    fn claim(&self) -> Claim {
        match self {
            Self::Computed(run) => run.claim(),
            Self::Misdeclared => Claim::Misdeclared { units: 7 },
        }
    }
}

/// What the test knows apart from the chain.
struct Model {
    random: Random,
    orders: BTreeMap<JobId, Order<u64>>,
    sealed: BTreeMap<(JobId, u8), Answer>,
    /// Who was ever drawn for a job.
    drawn: BTreeMap<JobId, Vec<u64>>,
    /// How jobs ended, and how often.
    outcomes: BTreeMap<u8, u32>,
    ended: BTreeSet<JobId>,
    /// How often each operation was done and not refused.
    done: BTreeMap<&'static str, u32>,
}

impl Model {
    fn new() -> Self {
        Self {
            random: Random(SEED),
            orders: BTreeMap::new(),
            sealed: BTreeMap::new(),
            drawn: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            ended: BTreeSet::new(),
            done: BTreeMap::new(),
        }
    }

    /// A job that is under way, or now and then one that isn't.
    fn job(&mut self) -> JobId {
        let mut jobs: Vec<_> = Cases::<Test>::iter_keys().collect();
        jobs.sort();
        let stray = self.random.below(40);
        self.random.pick(&jobs).filter(|_| stray > 0).unwrap_or(stray)
    }

    /// A seat of a job of which something holds, or now and then any.
    fn seat(&mut self, holds: fn(&CaseOf<Test>, &Seat<u64>) -> bool) -> Result<(JobId, u8), DispatchError> {
        for _ in 0..8 {
            let job = self.job();
            let Some(case) = Verification::case(job) else { continue };
            let any = self.random.below(30) == 0;
            let seats = case.seats_where(|seat| any || holds(&case, seat));
            if let Some(index) = self.random.pick(&seats) {
                return Ok((job, index));
            }
        }
        Err(DispatchError::Unavailable)
    }

    fn order(&mut self) -> Order<u64> {
        let audit = [Perbill::from_parts(1), Perbill::from_percent(30), Perbill::one()];
        let terms = Policy {
            audit: self.random.pick(&audit).expect("there are three"),
            draw_blocks: 1 + self.random.below(4) as u32,
            reveal_blocks: 3 + self.random.below(30) as u32,
            ..policy()
        };
        Order {
            requester: self.random.pick(&[REQUESTER, 2, FIRST, FIRST + 1]).expect("there are four"),
            units: 1 + self.random.below(150),
            price_cap: u128::from(5 + self.random.below(60)),
            deadline: Now::get() + 30 + self.random.below(120) as u32,
            policy: terms,
            ..plain()
        }
    }

    fn post(&mut self) -> DispatchResult {
        if Cases::<Test>::iter_keys().count() > 9 {
            return Err(DispatchError::Exhausted);
        }
        let order = self.order();
        let job = try_post(order.clone())?;
        self.orders.insert(job, order);
        Ok(())
    }

    fn commit(&mut self) -> DispatchResult {
        let (job, index) = self.seat(|_, seat| seat.stage == Stage::Assigned)?;
        // Nobody gets the input of some jobs, and only at first of some others.
        if job % 9 == 0 || (job % 9 == 1 && self.random.below(2) == 0) {
            return decline(job, index);
        }
        let truth = (job % 100) as u8;
        let answer = match self.random.below(12) {
            0 => Answer::Computed(Run::new(200 + self.random.below(2) as u8)),
            1 => Answer::Misdeclared,
            _ if job % 11 == 0 => Answer::Misdeclared,
            _ => Answer::Computed(Run::new(truth)),
        };
        commit(job, index, &answer.claim()).map_err(|refused| refused.error)?;
        self.sealed.insert((job, index), answer);
        Ok(())
    }

    /// Reveals what was sealed, or now and then something else, or with other leaves.
    fn reveal(&mut self) -> DispatchResult {
        let (job, index) = self.seat(can_reveal)?;
        let mut answer = self.sealed.get(&(job, index)).cloned().unwrap_or(Answer::Misdeclared);
        if self.random.below(15) == 0 {
            answer = Answer::Computed(Run::new(99));
        }
        let opened = if self.random.below(10) == 0 { index + 1 } else { index };
        let opening = match (phase(job), &answer) {
            (Phase::Opening { leaves, .. }, Answer::Computed(run)) => Some(run.opening(&leaves, opened)),
            _ => None,
        };
        let revealed = reveal_with(job, index, answer.claim(), None, opening);
        revealed.map(drop).map_err(|refused| refused.error)
    }

    fn decline(&mut self) -> DispatchResult {
        let (job, index) = self.seat(|_, seat| seat.stage == Stage::Assigned)?;
        decline(job, index)
    }

    fn cancel(&mut self) -> DispatchResult {
        let job = self.job();
        Verification::cancel(job)
    }

    fn meddle(&mut self) -> DispatchResult {
        let (job, index) = self.seat(|_, _| true)?;
        let refused = match self.random.below(3) {
            0 => Verification::commit(signed(77), job, index, spec_of(job), [0; 32]),
            1 => Verification::decline(signed(77), job, index, spec_of(job))
                .map(Into::into)
                .map_err(Into::into),
            _ => {
                Verification::reveal(signed(77), job, index, Answer::Misdeclared.claim(), [0; 32], None, None)
            }
        };
        assert_eq!(refused, Err(crate::Error::<Test>::NotYourSeat.into()));
        Ok(())
    }

    fn advance(&mut self) -> DispatchResult {
        let limit = self.random.below(4) as u32;
        Verification::advance(signed(77), limit).map(drop).map_err(|refused| refused.error)
    }

    /// Goes on by a block or a few, each with little or much weight to spare.
    fn tick(&mut self) -> DispatchResult {
        for _ in 0..1 + self.random.below(3) {
            next_block();
            let steps = self.random.below(9) as u32;
            Verification::tick(&mut WeightMeter::with_limit(Verification::tick_weight(steps)));
        }
        Ok(())
    }

    /// Lets time go by before the hook comes round.
    fn wait(&mut self) -> DispatchResult {
        (0..self.random.below(6)).for_each(|_| next_block());
        Ok(())
    }

    fn halt(&mut self) -> DispatchResult {
        Halted::set(!Halted::get() && self.random.below(3) == 0);
        Ok(())
    }

    /// Ends a provider's slashes, and makes it fit to be drawn again, if at other terms.
    fn restore(&mut self) -> DispatchResult {
        let owner = FIRST + self.random.below(PROVIDERS);
        let (mine, others): (Vec<_>, Vec<_>) = Accused::get().into_iter().partition(|(of, ..)| *of == owner);
        for (_, lock, _) in mine {
            MockBonds::<()>::acquit(&owner, Role::Provider, Some(lock))?;
        }
        Accused::set(others);
        set_bond(owner, Role::Provider, BOND * 20);
        let (weight, reserve) = (500 + self.random.below(1_000), u128::from(self.random.below(30)));
        set_provider(owner, MACHINE, weight, reserve, 3 + self.random.below(8) as u32);
        Ok(())
    }

    /// Changes what draws depend on: the price, another class's weight, whether faults are taken in.
    fn turn(&mut self) -> DispatchResult {
        match self.random.below(4) {
            0 => set_price(MACHINE, u128::from(1 + self.random.below(60))),
            1 => {
                let weight = [0, 0, 40_000, 90_000][self.random.below(4) as usize];
                set_provider(CROWD, Machine { hardware: 1, memory: 0 }, weight, 0, 1);
            }
            2 => refuse_faults(Some(DispatchError::Exhausted)),
            _ => refuse_faults(None),
        }
        Ok(())
    }

    fn set_policy(&mut self) -> DispatchResult {
        let collateral = self.random.below(15) as u32;
        let class = assay_primitives::JobClass::ExactV1;
        Verification::set_policy(RuntimeOrigin::root(), class, Policy { collateral, ..policy() })
    }

    fn step(&mut self) {
        let watched = self.random.below(40) == 0;
        let before = watched.then(|| sp_io::storage::root(StateVersion::V1));
        let (name, result) = match self.random.below(40) {
            0..=4 => ("post", self.post()),
            5..=14 => ("commit", self.commit()),
            15..=23 => ("reveal", self.reveal()),
            24 => ("decline", self.decline()),
            25 => ("cancel", self.cancel()),
            26 => ("meddle", self.meddle()),
            27 => ("advance", self.advance()),
            28..=32 => ("tick", self.tick()),
            33 => ("wait", self.wait()),
            34 => ("halt", self.halt()),
            35..=37 => ("restore", self.restore()),
            38 => ("turn", self.turn()),
            _ => ("set policy", self.set_policy()),
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
        if self.random.below(50) == 0 {
            check();
        }
    }

    fn read_events(&mut self) {
        for event in events() {
            match event {
                Event::SeatDrawn { job, owner, .. } => self.drawn.entry(job).or_default().push(owner),
                Event::Ended { job, outcome, paid, .. } => self.read_end(job, outcome, &paid),
                Event::NotReleased { lock, error } => panic!("lock {lock}: {error:?}"),
                _ => (),
            }
        }
        System::reset_events();
    }

    /// A job ends once; each that was drawn for it has left once; the hold covers who is paid, to the planck.
    fn read_end(&mut self, job: JobId, outcome: Outcome, paid: &[(u64, Pay)]) {
        assert!(self.ended.insert(job), "job {job} ended twice");
        *self.outcomes.entry(outcome as u8).or_default() += 1;
        let mut left: Vec<_> = conducts_in(job).into_iter().map(|(owner, _)| owner).collect();
        let mut drawn = self.drawn.remove(&job).unwrap_or_default();
        left.sort();
        drawn.sort();
        assert_eq!(left, drawn, "who was drawn for job {job}, and who left it");

        let order = self.orders.remove(&job).expect("it was posted");
        let hold = hold(order.units, order.price_cap, &order.policy, None).expect("no overflow");
        let verdict = market::verdicts().into_iter().find(|(of, _)| *of == job).expect("it was told").1;
        assert_eq!((verdict.outcome, verdict.paid.as_slice()), (outcome, paid));
        assert!(verdict.price <= order.price_cap);
        let payment = u128::from(order.units) * verdict.price;
        for (owner, amount) in settle(&hold, order.units, None, &verdict).payouts {
            let (_, pay) = paid.iter().find(|(of, _)| *of == owner).expect("who gets money is paid");
            match pay {
                Pay::Whole => assert_eq!(amount, payment),
                Pay::Half => assert_eq!(amount, payment / 2),
                Pay::FromBond => assert!(amount <= hold.bond),
            }
        }
    }
}

/// Each job that is left, worked off without anybody doing anything more.
fn settle_down() {
    refuse_faults(None);
    Halted::set(false);
    // Longer than any job's slots are filled.
    for _ in 0..5_000 {
        next_block();
        Verification::tick(&mut WeightMeter::new());
    }
    let left: Vec<(JobId, CaseOf<Test>)> = Cases::<Test>::iter().collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(crate::Deadlines::<Test>::iter_keys().count(), 0);
    assert_eq!(crate::Draws::<Test>::iter_keys().count(), 0);
}

#[test]
fn random_sequences_keep_the_invariants() {
    let operations = operations();
    run_with(PROVIDERS, || {
        let mut model = Model::new();
        for _ in 0..operations {
            model.step();
        }
        settle_down();
        model.read_events();
        check();
        assert_eq!(market::verdicts().len(), NextJob::get() as usize);
        assert_eq!(model.ended.len(), NextJob::get() as usize);
        // Each operation went through, and each outcome came, often enough for the sequence to mean something.
        let rare: Vec<_> = model.done.iter().filter(|(_, times)| **times < operations / 4_000).collect();
        assert!(rare.is_empty() && model.done.len() == 13, "{:?}", model.done);
        let outcomes = model.outcomes;
        assert!(outcomes.len() == 6 && outcomes.values().all(|times| *times > 1), "{outcomes:?}");
    });
}
