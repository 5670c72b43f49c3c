//! Random sequences of operations against the invariants and a model. The seed is fixed; `ASSAY_OPERATIONS` asks for
//! more.

use crate::{mock::*, Event, PAGE_SIZE};
use assay_primitives::mock::{operations, Random};
use assay_rules::{
    fees::{split_fee, FeeShares},
    inflation::{emission, payout, Emission, YEAR_MILLIS},
};
use sp_runtime::Perbill;
use std::collections::BTreeMap;

const SEED: u64 = 11;
const VALIDATORS: u64 = 70;
const OPERATIONS: [&str; 5] = ["blocks", "era", "claim", "fee", "set"];

/// An era that is over, as the model has it.
struct Era {
    /// Blocks of those who have not been paid.
    unpaid: BTreeMap<u64, u32>,
    /// Blocks of all.
    blocks: u32,
    pot: u128,
}

impl Era {
    /// Takes the validators of a page out, and says what each is to get.
    fn take(&mut self, page: u32) -> Vec<(u64, u128)> {
        let is_there = |validator: &u64| (*validator - 1) / u64::from(PAGE_SIZE) == u64::from(page);
        let there: Vec<_> = self.unpaid.keys().copied().filter(is_there).collect();
        let due = |validator| {
            let blocks = self.unpaid.remove(&validator).expect("it is there");
            (validator, payout(self.pot, blocks, self.blocks))
        };
        there.into_iter().map(due).collect()
    }
}

/// What the test knows apart from the chain.
struct Model {
    random: Random,
    /// Blocks of the running era.
    running: BTreeMap<u64, u32>,
    /// The eras that are over and can be claimed.
    over: BTreeMap<u32, Era>,
    issued: u128,
    /// How often each operation was done and not refused.
    done: BTreeMap<&'static str, u32>,
}

impl Model {
    fn new() -> Self {
        let (running, over) = (BTreeMap::new(), BTreeMap::new());
        Self { random: Random(SEED), running, over, issued: issued(), done: BTreeMap::new() }
    }

    fn percent(&mut self, from: u64, to: u64) -> Perbill {
        Perbill::from_percent(u32::try_from(from + self.random.below(to - from + 1)).expect("it is small"))
    }

    fn blocks(&mut self) -> bool {
        for _ in 0..=self.random.below(10) {
            let author = 1 + self.random.below(VALIDATORS);
            block(Some(author));
            *self.running.entry(author).or_default() += 1;
        }
        true
    }

    /// Ends the era, and checks what it has issued against the formula.
    fn era(&mut self) -> bool {
        let params = Rewards::params();
        let (era, blocks) = (RunningEra::get(), self.running.values().sum::<u32>());
        let slot = YEAR_MILLIS / 1_000;
        let Emission { treasury, validators } =
            emission(self.issued, params.inflation, params.treasury_share, blocks, slot);
        let had = free(TREASURY);
        end_era();
        let got = free(TREASURY) - had;
        assert!(got == treasury || (had == 0 && treasury < DEPOSIT), "{got} of {treasury}");
        self.issued += got;
        if blocks > 0 {
            let unpaid = std::mem::take(&mut self.running);
            self.over.insert(era, Era { unpaid, blocks, pot: validators });
        }
        self.over.retain(|over, _| era + 1 - over <= params.expiry);
        true
    }

    /// Claims a page, now and then one that is not there, and checks what it paid against the formula.
    fn claim(&mut self) -> bool {
        let eras: Vec<_> = self.over.keys().copied().collect();
        let stray = u32::try_from(self.random.below(u64::from(RunningEra::get()) + 2)).expect("it is small");
        let era = self.random.pick(&eras).filter(|_| !self.random.once_in(8)).unwrap_or(stray);
        let page = u32::try_from(self.random.below(4)).expect("it is small");
        let due = self.over.get_mut(&era).map(|over| over.take(page)).unwrap_or_default();
        let before: Vec<_> = due.iter().map(|(validator, _)| free(*validator)).collect();
        let paid = claim(era, page).is_ok();
        assert_eq!(paid, !due.is_empty(), "page {page} of era {era}");
        for ((validator, amount), had) in due.into_iter().zip(before) {
            let got = free(validator) - had;
            assert!(got == amount || (had == 0 && amount < DEPOSIT), "{got} of {amount}");
            self.issued += got;
        }
        paid
    }

    /// Fees and tips of a block.
    fn fee(&mut self) -> bool {
        let author = 1 + self.random.below(VALIDATORS);
        let shares = Rewards::params().fees;
        open(Some(author));
        *self.running.entry(author).or_default() += 1;
        let (had, of_treasury) = (free(author), free(TREASURY));
        let (mut to_author, mut to_treasury, mut taken) = (0, 0, 0);
        for _ in 0..=self.random.below(3) {
            let (fee, tip) = (1 + u128::from(self.random.below(1_000)), u128::from(self.random.below(50)));
            let split = split_fee(fee, &shares);
            to_author += split.author + tip;
            to_treasury += split.treasury;
            taken += fee + tip;
            pay_fee(HOLDER, fee, tip);
        }
        close();
        let (author_got, treasury_got) = (free(author) - had, free(TREASURY) - of_treasury);
        assert!(author_got == to_author || (had == 0 && to_author < DEPOSIT), "{author_got} of {to_author}");
        assert!(treasury_got == to_treasury || (of_treasury == 0 && to_treasury < DEPOSIT));
        self.issued = self.issued - taken + author_got + treasury_got;
        true
    }

    fn set(&mut self) -> bool {
        let burn = self.percent(30, 70);
        let treasury = self.percent(0, 40);
        let (inflation, treasury_share) = (self.percent(0, 12), self.percent(0, 100));
        let expiry = u32::try_from(self.random.below(6)).expect("it is small");
        let mut params = Rewards::params();
        params.inflation = inflation;
        params.treasury_share = treasury_share;
        params.fees = FeeShares { burn, treasury };
        params.expiry = expiry;
        let set = Rewards::set_params(RuntimeOrigin::root(), params).is_ok();
        if set {
            let running = RunningEra::get();
            self.over.retain(|era, _| running - era <= expiry);
            // Those whose time is over go, so that a longer one does not bring them back.
            (0..10).for_each(|_| block(None));
        }
        set
    }

    fn step(&mut self) {
        let operation = self.random.pick(&OPERATIONS).expect("there are some");
        let done = match operation {
            "blocks" => self.blocks(),
            "era" => self.era(),
            "claim" => self.claim(),
            "fee" => self.fee(),
            _ => self.set(),
        };
        if done {
            *self.done.entry(operation).or_default() += 1;
        }
        self.top_up();
        check();
        assert_eq!(issued(), self.issued);
        hear();
    }

    fn top_up(&mut self) {
        if free(HOLDER) < ISSUANCE / 2 {
            endow(HOLDER, ISSUANCE);
            self.issued += ISSUANCE;
        }
    }
}

/// What is told is what was paid.
fn hear() {
    for event in events() {
        if let Event::Rewarded { amount, missing, .. } = event {
            assert!(amount == 0 || missing == 0, "a reward is paid whole or not at all");
        }
    }
    System::reset_events();
}

#[test]
fn random_sequences_keep_the_invariants() {
    let operations = operations();
    run(|| {
        let mut model = Model::new();
        for _ in 0..operations {
            model.step();
        }
        let rare: Vec<_> = model.done.iter().filter(|(_, times)| **times < operations / 100).collect();
        assert!(rare.is_empty() && model.done.len() == OPERATIONS.len(), "{:?}", model.done);
    });
}
