//! Bonds come and go, and providers with them.

use super::{
    people::{RARE, USUAL},
    Outcome, World,
};
use assay_primitives::{Balance, Role};
use assay_runtime::{token::ASY, AccountId, Balances, Runtime};
use frame_support::traits::fungible::InspectHold;
use pallet_assay_escrow::HoldReason as EscrowHold;
use pallet_assay_providers::{Call as ProvidersCall, Params, Provider, Providers, QueueEnds, State};
use pallet_assay_staking::{Call, HoldReason, Ledger, Ledgers, Workers};

/// What an owner has bonded.
fn ledger(owner: &AccountId) -> Ledger<Runtime> {
    Ledgers::<Runtime>::get(owner).unwrap_or_default()
}

fn is_jailed(provider: &Provider) -> bool {
    matches!(provider.state, State::Jailed { .. })
}

/// Bonds.
impl World {
    fn owner(&mut self) -> AccountId {
        self.choose(self.people.owners.clone()).expect("there are some")
    }

    /// Who would have this worker.
    pub fn owner_of(&self, worker: &AccountId) -> AccountId {
        let number = self.people.workers.iter().position(|other| other == worker).expect("a worker");
        self.people.owners[number].clone()
    }

    /// Mostly the provider's.
    fn role(&mut self) -> Role {
        if self.random.once_in(6) {
            Role::Validator
        } else {
            Role::Provider
        }
    }

    /// Between nothing and so many ASY, or next to nothing.
    fn amount(&mut self, most: u64) -> Balance {
        if self.random.once_in(10) {
            self.random.below(2).into()
        } else {
            Balance::from(self.random.below(most)) * ASY
        }
    }

    /// All of an amount, or a part.
    fn part_of(&mut self, amount: Balance) -> Balance {
        if self.random.once_in(8) {
            amount
        } else {
            amount / Balance::from(2 + self.random.below(20))
        }
    }

    pub fn bond(&mut self) -> Outcome {
        let (owner, role, amount) = (self.owner(), self.role(), self.amount(60_000));
        self.submit(&owner, Call::<Runtime>::bond { role, amount })
    }

    pub fn bond_extra(&mut self) -> Outcome {
        let (owner, role, amount) = (self.owner(), self.role(), self.amount(5_000));
        self.submit(&owner, Call::<Runtime>::bond_extra { role, amount })
    }

    pub fn unbond(&mut self) -> Outcome {
        let (owner, role) = (self.owner(), self.role());
        let amount = self.part_of(ledger(&owner).stake(role).active);
        self.submit(&owner, Call::<Runtime>::unbond { role, amount })
    }

    pub fn rebond(&mut self) -> Outcome {
        let (owner, role) = (self.owner(), self.role());
        let leaving: Balance = ledger(&owner).stake(role).unbonding.iter().map(|chunk| chunk.value).sum();
        let amount = self.part_of(leaving);
        self.submit(&owner, Call::<Runtime>::rebond { role, amount })
    }

    pub fn withdraw(&mut self) -> Outcome {
        let (owner, role) = (self.owner(), self.role());
        self.submit(&owner, Call::<Runtime>::withdraw { role })
    }

    /// Its own hot account, or none.
    pub fn set_worker(&mut self) -> Outcome {
        let worker = self.choose(self.people.workers.clone())?;
        let (owner, none) = (self.owner_of(&worker), self.random.once_in(4));
        self.submit(&owner, Call::<Runtime>::set_worker { worker: (!none).then_some(worker) })
    }
}

/// Providers.
impl World {
    /// An owner does what its state asks for: it comes, wakes up, leaves jail, or offers something else.
    pub fn tend(&mut self) -> (&'static str, Outcome) {
        let owner = self.owner();
        match Providers::<Runtime>::get(&owner) {
            None if ledger(&owner).provider.active > 0 => ("register", self.offer(&owner, true)),
            None => {
                let (role, amount) = (Role::Provider, (30_000 + u128::from(self.random.below(30_000))) * ASY);
                ("bond", self.submit(&owner, Call::<Runtime>::bond { role, amount }))
            }
            Some(provider) if is_jailed(&provider) => {
                ("release", self.submit(&owner, ProvidersCall::<Runtime>::release {}))
            }
            Some(provider) if provider.silent => {
                let hand = self.hand_of(&owner);
                ("heartbeat", self.submit(&hand, ProvidersCall::<Runtime>::heartbeat { owner }))
            }
            Some(_) => match self.random.below(9) {
                0 => ("retire", self.submit(&owner, ProvidersCall::<Runtime>::retire {})),
                1..=3 => ("update", self.offer(&owner, false)),
                _ => {
                    let call = ProvidersCall::<Runtime>::reweigh { owner: owner.clone() };
                    ("reweigh", self.submit(&owner, call))
                }
            },
        }
    }

    /// A provider offers something, for the first time or anew. Few want more than units cost.
    fn offer(&mut self, owner: &AccountId, first: bool) -> Outcome {
        let machine = if self.random.once_in(4) { RARE } else { USUAL };
        let reserve = if self.random.once_in(8) { 2 * ASY } else { 0 };
        let capacity = 2 + self.random.below(5) as u32;
        let call = if first {
            ProvidersCall::<Runtime>::register { machine, reserve, capacity }
        } else {
            ProvidersCall::<Runtime>::update { machine, reserve, capacity }
        };
        self.submit(owner, call)
    }
}

/// Going home.
impl World {
    /// Whoever is in jail or silent comes back, and can be drawn; then all take their bonds.
    pub fn leave(&mut self) {
        self.serve_terms();
        // One that is both asks for one after the other.
        for _ in 0..2 {
            self.apply_changes();
            self.come_back();
        }
        self.apply_changes();
        for provider in Providers::<Runtime>::iter_values() {
            assert!(!is_jailed(&provider) && !provider.silent, "stuck: {provider:?}");
            assert!(provider.slot.is_none() || provider.weight > 0, "never drawn: {provider:?}");
        }
        // What is on its way out comes first: it may be in as many parts as a bond can have.
        self.take_bonds();
        self.unbond_all();
        self.take_bonds();
        self.apply_changes();
    }

    fn serve_terms(&mut self) {
        let terms = Providers::<Runtime>::iter_values().filter_map(|provider| match provider.state {
            State::Jailed { until } => Some(until),
            State::Active => None,
        });
        let last = terms.max().unwrap_or_default();
        while self.clock() < last {
            self.pass(1);
        }
    }

    fn come_back(&mut self) {
        self.chain.open();
        for (owner, provider) in Providers::<Runtime>::iter().collect::<Vec<_>>() {
            if is_jailed(&provider) {
                self.insist(&owner, ProvidersCall::<Runtime>::release {});
            } else if provider.silent {
                self.insist(&owner.clone(), ProvidersCall::<Runtime>::heartbeat { owner });
            }
        }
        self.close();
    }

    /// Nothing holds changes up any more.
    fn apply_changes(&mut self) {
        let delay = Params::<Runtime>::get().change_delay;
        // Once for what was asked for, and once for what has had to wait for that.
        self.pass(2 * (delay + 3));
        let (first, next) = QueueEnds::<Runtime>::get();
        assert_eq!(first, next, "a change waits for ever");
    }

    fn unbond_all(&mut self) {
        self.chain.open();
        for owner in self.people.owners.clone() {
            let (role, amount) = (Role::Provider, ledger(&owner).provider.active);
            if amount > 0 {
                self.insist(&owner, Call::<Runtime>::unbond { role, amount });
            }
        }
        self.close();
    }

    /// Waits until all can be withdrawn that is on its way out, and has it withdrawn.
    fn take_bonds(&mut self) {
        let leaving = |owner: &AccountId| ledger(owner).provider.unbonding.last().map(|chunk| chunk.at);
        let last = self.people.owners.iter().filter_map(leaving).max().unwrap_or_default();
        while self.clock() < last {
            self.pass(1);
        }
        self.chain.open();
        for owner in self.people.owners.clone() {
            if leaving(&owner).is_some() {
                self.insist(&owner, Call::<Runtime>::withdraw { role: Role::Provider });
            }
        }
        self.close();
    }

    /// Nobody is a provider any more, or has anything on hold as one or for a job.
    pub fn check_all_have_left(&self) {
        assert_eq!(Providers::<Runtime>::iter_keys().count(), 0, "providers are left");
        assert_eq!(Workers::<Runtime>::iter_keys().count(), 0, "workers are left");
        for account in self.people.owners.iter().chain(&self.people.requesters) {
            let bonded = Balances::balance_on_hold(&HoldReason::ProviderBond.into(), account);
            let escrowed = Balances::balance_on_hold(&EscrowHold::Job.into(), account);
            assert_eq!((bonded, escrowed), (0, 0), "{account:?}");
        }
    }
}
