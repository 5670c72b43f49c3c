//! Random sequences of operations against the invariants and a model. The seed is fixed; `ASSAY_OPERATIONS` asks for
//! more.

use crate::{mock::*, Escrows, Event};
use assay_primitives::mock::{operations, Random};
use assay_primitives::JobId;
use sp_runtime::{DispatchError, DispatchResult, StateVersion};
use std::collections::BTreeMap;

/// Accounts that open escrows: from 1 on, the last two of which live by something else than their balance.
const REQUESTERS: u64 = 8;
const GUESTS: [u64; 2] = [7, 8];
/// Accounts that are paid: from 1 on.
const PAYEES: u64 = 14;
const SEED: u64 = 5;

/// What these tests choose at random.
trait Choose {
    /// Nothing, less than the existential deposit, an ordinary amount, or more than there is.
    fn amount(&mut self, ordinary: u128) -> u128;
}

impl Choose for Random {
    fn amount(&mut self, ordinary: u128) -> u128 {
        match self.below(40) {
            0 => 0,
            1 => u128::MAX,
            2..=7 => u128::from(self.below(10)),
            _ => u128::from(self.word()) % ordinary.max(1),
        }
    }
}

/// What the chain said in one step.
#[derive(Default)]
struct Said {
    settled: Vec<Event<Test>>,
    undelivered: Vec<(u64, u128)>,
    missing: u128,
    /// What accounts lost to the existential deposit.
    dust: BTreeMap<u64, u128>,
}

impl Said {
    fn read() -> Self {
        let mut said = Self::default();
        for record in System::events() {
            match record.event {
                RuntimeEvent::Escrow(event @ Event::Settled { .. }) => said.settled.push(event),
                RuntimeEvent::Escrow(Event::Undelivered { payee, amount, .. }) => {
                    said.undelivered.push((payee, amount));
                }
                RuntimeEvent::Escrow(Event::Short { missing, .. }) => said.missing += missing,
                RuntimeEvent::Balances(pallet_balances::Event::DustLost { account, amount }) => {
                    *said.dust.entry(account).or_default() += amount;
                }
                _ => (),
            }
        }
        System::reset_events();
        said
    }
}

/// What each account has, on hold or not.
fn wealth() -> BTreeMap<u64, u128> {
    let total = |account: frame_system::AccountInfo<u32, pallet_balances::AccountData<u128>>| {
        account.data.free + account.data.reserved
    };
    let all = frame_system::Account::<Test>::iter().map(|(who, account)| (who, total(account)));
    all.filter(|(_, total)| *total > 0).collect()
}

/// Each leg as far as the funds go, in order.
fn within(mut funds: u128, legs: &[(u64, u128)]) -> Vec<(u64, u128)> {
    let cut = |(payee, amount): &(u64, u128)| {
        let part = funds.min(*amount);
        funds -= part;
        (*payee, part)
    };
    legs.iter().map(cut).filter(|(_, amount)| *amount > 0).collect()
}

struct Model {
    random: Random,
    next_job: JobId,
    /// What was minted, less what was burnt or lost to the existential deposit.
    issued: u128,
    /// How often each operation was done and not refused.
    done: BTreeMap<&'static str, u32>,
}

impl Model {
    fn new() -> Self {
        GUESTS.iter().for_each(|guest| {
            System::inc_providers(guest);
        });
        Self { random: Random(SEED), next_job: 0, issued: 0, done: BTreeMap::new() }
    }

    fn requester(&mut self) -> u64 {
        1 + self.random.below(REQUESTERS)
    }

    /// An open job, or now and then one that isn't.
    fn job(&mut self) -> JobId {
        let mut open: Vec<_> = Escrows::<Test>::iter_keys().collect();
        open.sort();
        match self.random.below(12) {
            0 => self.random.below(self.next_job + 1),
            pick if open.is_empty() => pick,
            _ => open[self.random.below(open.len() as u64) as usize],
        }
    }

    fn open(&mut self) -> DispatchResult {
        let who = self.requester();
        let most = Escrow::available(who);
        let amount = match self.random.below(8) {
            0 => most,
            1 => most.saturating_add(1),
            _ => self.random.amount(most / 2 + 2),
        };
        let job = if self.random.below(20) == 0 { self.job() } else { self.next_job };
        let expires = Now::get() + self.random.below(25) as u32;
        let free = !Escrows::<Test>::contains_key(job) && expires > Now::get() && amount > 0;
        let result = open_until(job, who, amount, expires);
        assert_eq!(result.is_ok(), free && amount <= most, "{amount} of {most}");
        result?;
        self.next_job += 1;
        Ok(())
    }

    fn settle(&mut self) -> DispatchResult {
        let job = self.job();
        let funds = Escrow::escrow(job);
        let amount = held_for(job);
        let payees = self.random.below(6);
        let legs: Vec<_> = (0..payees)
            .map(|_| (1 + self.random.below(PAYEES), self.random.amount(amount / 3 + 2)))
            .collect();
        let (burnt, treasury) = (self.random.amount(amount / 8 + 2), self.random.amount(amount / 8 + 2));
        let before = wealth();
        settle(job, &legs, burnt, treasury);

        let said = Said::read();
        let asked = legs.iter().map(|(_, part)| *part).chain([burnt, treasury]).fold(0, u128::saturating_add);
        assert_eq!(said.missing, asked.saturating_sub(amount));
        let Some(funds) = funds else {
            assert!(said.settled.is_empty() && wealth() == before);
            return Err(DispatchError::Unavailable);
        };
        let delivered = self.follow(&said, before, funds.requester, amount);
        let mut expected = within(amount, &legs);
        let of_payees = expected.len() - delivered.len();
        let mut legs: Vec<_> =
            delivered.into_iter().chain(said.undelivered.into_iter().take(of_payees)).collect();
        legs.sort();
        expected.sort();
        assert_eq!(legs, expected);
        Ok(())
    }

    fn expire(&mut self) -> DispatchResult {
        let job = self.job();
        let funds = Escrow::escrow(job);
        let before = wealth();
        expire(job)?;
        let said = Said::read();
        let funds = funds.expect("it has expired, so it was open");
        assert!(funds.expires < Now::get());
        let delivered = self.follow(&said, before, funds.requester, funds.amount);
        assert!(delivered.is_empty() && said.missing == 0);
        Ok(())
    }

    /// Holds what the chain said of the end of one escrow against what accounts have since; gives who was paid.
    fn follow(
        &mut self,
        said: &Said,
        mut expected: BTreeMap<u64, u128>,
        requester: u64,
        amount: u128,
    ) -> Vec<(u64, u128)> {
        let [Event::Settled { requester: of, payouts, burnt, treasury, refund, .. }] = &said.settled[..]
        else {
            panic!("an escrow ends once");
        };
        assert_eq!(*of, requester);
        let paid: u128 = payouts.iter().map(|(_, part)| *part).sum();
        assert_eq!(paid + burnt + treasury + refund, amount);

        let mut give = |who: u64, part: u128| *expected.entry(who).or_default() += part;
        payouts.iter().for_each(|(payee, part)| give(*payee, *part));
        give(requester, *refund);
        give(TREASURY, *treasury);
        *expected.entry(requester).or_default() -= amount;
        for (who, dust) in &said.dust {
            *expected.entry(*who).or_default() -= dust;
        }
        expected.retain(|_, total| *total > 0);
        assert_eq!(wealth(), expected);
        self.issued -= burnt + said.dust.values().sum::<u128>();
        payouts.clone()
    }

    fn endow(&mut self) -> DispatchResult {
        let who = 1 + self.random.below(PAYEES);
        let amount = DEPOSIT + u128::from(self.random.below(5_000));
        endow(who, amount);
        self.issued += amount;
        Ok(())
    }

    fn spend(&mut self) -> DispatchResult {
        let (from, to) = (1 + self.random.below(PAYEES), 1 + self.random.below(PAYEES));
        let usable = Balances::usable_balance(from);
        let amount = if self.random.below(3) == 0 { usable } else { self.random.amount(usable + 1) };
        Balances::transfer_allow_death(RuntimeOrigin::signed(from), to, amount)
    }

    fn lock(&mut self) -> DispatchResult {
        let who = self.requester();
        if !frame_system::Account::<Test>::contains_key(who) {
            return Err(DispatchError::Unavailable);
        }
        let total = Balances::free_balance(who) + Balances::reserved_balance(who);
        lock(who, if self.random.below(2) == 0 { 0 } else { self.random.amount(total + 1) });
        Ok(())
    }

    /// The treasury spends all it has.
    fn empty_treasury(&mut self) -> DispatchResult {
        let all = Balances::usable_balance(TREASURY);
        Balances::transfer_allow_death(RuntimeOrigin::signed(TREASURY), 1, all)
    }

    fn wait(&mut self) -> DispatchResult {
        Now::set(Now::get() + self.random.below(12) as u32);
        Ok(())
    }

    fn step(&mut self) {
        let watched = self.random.below(40) == 0;
        let before = watched.then(|| sp_io::storage::root(StateVersion::V1));
        let (name, result) = match self.random.below(32) {
            0..=9 => ("open", self.open()),
            10..=15 => ("settle", self.settle()),
            16..=20 => ("expire", self.expire()),
            21..=23 => ("endow", self.endow()),
            24..=26 => ("spend", self.spend()),
            27..=28 => ("lock", self.lock()),
            29 => ("empty treasury", self.empty_treasury()),
            _ => ("wait", self.wait()),
        };
        match (result, before) {
            (Ok(()), _) => *self.done.entry(name).or_default() += 1,
            // A settlement of nothing leaves an event.
            (Err(_), Some(before)) if name != "settle" => {
                let after = sp_io::storage::root(StateVersion::V1);
                assert_eq!(before, after, "{name} was refused and left a trace");
            }
            (Err(_), _) => (),
        }
        let said = Said::read();
        self.issued -= said.dust.values().sum::<u128>();
        // Not after each one, or a minute would go by.
        if self.random.below(50) == 0 {
            check();
            assert_eq!(Balances::total_issuance(), self.issued);
        }
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
        // Each operation went through often enough for the sequence to mean something.
        let rare: Vec<_> = model.done.iter().filter(|(_, times)| **times < operations / 2_000).collect();
        assert!(rare.is_empty() && model.done.len() == 8, "{:?}", model.done);
    });
}
