//! Ten years of the chain's money on the terms of the production preset, computed with its own rules.
//!
//! What it takes for granted: the machines that there are could do, at the lowest price, work for 2,000,000,000 ASY a year,
//! and never grow in number. Demand is a budget: requesters would spend a share of that, as much as it takes and no more, so
//! dearer units are fewer ones. It begins at nothing and is there in full after three years; each hour's is between half
//! and one and a half times that. Blocks are as full as machines are busy, of the quarter that fees aim at. Everybody
//! claims; nobody moves what the treasury has.

use assay_primitives::{mock::Random, Balance};
use assay_rules::{
    fees::{split_fee, FeeShares},
    inflation::{emission, payout},
    price::{next_price, utilisation, PriceRule},
};
use sp_arithmetic::Perbill;

/// One ASY in planck.
pub const ASY: Balance = 1_000_000_000_000;
/// What genesis issues, in planck.
pub const GENESIS: Balance = 1_000_000_000 * ASY;
/// Years that are played, of twelve months each.
pub const YEARS: u32 = 10;

/// Eras of a year of 365.25 days.
const YEAR_ERAS: u32 = 1_461;
const ERA_HOURS: u32 = 6;
const HOUR_BLOCKS: u32 = 1_200;
const SLOT_MILLIS: u64 = 3_000;
const VALIDATORS: usize = 25;
/// Units that all machines together compute in an hour.
const HOUR_UNITS: u128 = 228_000_000_000;
/// The lowest price of a unit, in planck.
const FLOOR: Balance = 1_000_000;
/// Months until demand is there in full.
const RAMP: u32 = 36;
/// What a full block's transactions pay, in planck: one for each picosecond.
const FULL_BLOCK: Balance = ASY;

const INFLATION: Perbill = Perbill::from_percent(3);
const TREASURY_SHARE: Perbill = Perbill::from_percent(20);
const FEES: FeeShares = FeeShares { burn: Perbill::from_percent(50), treasury: Perbill::from_percent(20) };
/// The fee of a job, of what it pays; half of it is burnt, the treasury gets the other half.
const JOB_FEE: Perbill = Perbill::from_percent(2);
const PRICE: PriceRule = PriceRule {
    floor: FLOOR,
    ceiling: ASY,
    low: Perbill::from_percent(20),
    high: Perbill::from_percent(40),
    step: Perbill::from_percent(1),
};

/// How much is asked for, of all that the machines could do at the lowest price, in percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// Its name.
    pub name: &'static str,
    /// How much.
    pub percent: u32,
}

/// The three that are compared.
pub const DEMANDS: [Demand; 3] = [
    Demand { name: "low", percent: 10 },
    Demand { name: "middling", percent: 35 },
    Demand { name: "high", percent: 120 },
];

/// Where a month ends. Sums are since genesis, in planck.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Month {
    /// All the money that there is.
    pub issuance: Balance,
    /// What eras have issued to validators.
    pub validators: Balance,
    /// What eras have issued to the treasury.
    pub treasury: Balance,
    /// What authors have got of fees.
    pub authors: Balance,
    /// What the treasury has got of fees, of transactions and of jobs.
    pub treasury_fees: Balance,
    /// What was burnt of fees, of transactions and of jobs.
    pub burnt: Balance,
    /// What requesters have paid for work.
    pub spent: Balance,
    /// What a unit costs, in planck.
    pub price: Balance,
    /// How busy machines were in this month.
    pub utilisation: Perbill,
}

/// A chain under way.
struct Economy {
    demand: Demand,
    random: Random,
    now: Month,
    /// Fees of the running era's transactions, in planck.
    fees: Balance,
    /// Units computed in the running month.
    units: u128,
}

/// The months of ten years under a demand. The same in each run.
pub fn play(demand: Demand, seed: u64) -> Vec<Month> {
    let now = Month { issuance: GENESIS, price: FLOOR, ..Month::default() };
    let mut economy = Economy { demand, random: Random(seed), now, fees: 0, units: 0 };
    (0..YEARS * 12).map(|month| economy.month(month)).collect()
}

impl Economy {
    fn month(&mut self, month: u32) -> Month {
        self.units = 0;
        let eras = YEAR_ERAS * (month + 1) / 12 - YEAR_ERAS * month / 12;
        for _ in 0..eras {
            (0..ERA_HOURS).for_each(|_| self.hour(month));
            self.end_era();
        }
        self.now.utilisation = utilisation(self.units, HOUR_UNITS * u128::from(eras * ERA_HOURS));
        self.now
    }

    /// Work is done and paid, and the price follows.
    fn hour(&mut self, month: u32) {
        let full = HOUR_UNITS * FLOOR * u128::from(self.demand.percent) / 100;
        let risen = full * u128::from(month.min(RAMP)) / u128::from(RAMP);
        let budget = risen * u128::from(500 + self.random.below(1_001)) / 1_000;
        let units = (budget / self.now.price).min(HOUR_UNITS);
        self.units += units;
        self.pay_jobs(units * self.now.price);

        let busy = utilisation(units, HOUR_UNITS);
        self.fees += busy.mul_floor(FULL_BLOCK * u128::from(HOUR_BLOCKS)) / 4;
        self.now.price = next_price(self.now.price, busy, &PRICE);
    }

    fn pay_jobs(&mut self, spent: Balance) {
        let fee = JOB_FEE.mul_ceil(spent);
        let treasury = fee / 2;
        self.now.spent += spent;
        self.now.treasury_fees += treasury;
        self.burn(fee - treasury);
    }

    fn burn(&mut self, amount: Balance) {
        self.now.burnt += amount;
        self.now.issuance -= amount;
    }

    fn end_era(&mut self) {
        let split = split_fee(std::mem::take(&mut self.fees), &FEES);
        self.now.treasury_fees += split.treasury;
        self.now.authors += split.author;
        self.burn(split.burnt);

        let blocks = ERA_HOURS * HOUR_BLOCKS;
        let issued = emission(self.now.issuance, INFLATION, TREASURY_SHARE, blocks, SLOT_MILLIS);
        let authored = self.authored(blocks);
        let paid: Balance = authored.iter().map(|of_one| payout(issued.validators, *of_one, blocks)).sum();
        self.now.treasury += issued.treasury;
        self.now.validators += paid;
        self.now.issuance += issued.treasury + paid;
    }

    /// Blocks of an era, validator by validator: what chance gives each, and the last one the rest.
    fn authored(&mut self, blocks: u32) -> [u32; VALIDATORS] {
        let mut left = blocks;
        let mut authored = [0; VALIDATORS];
        for (others, of_one) in (0..VALIDATORS as u32).rev().zip(&mut authored) {
            let fair = left / (others + 1);
            let lot = fair * 3 / 4 + self.random.below(u64::from(fair / 2) + 1) as u32;
            *of_one = if others == 0 { left } else { lot };
            left -= *of_one;
        }
        authored
    }
}
