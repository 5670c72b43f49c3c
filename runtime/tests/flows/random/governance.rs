//! Governance changes the rules, holds the market up, and judges slashes. And Bob equivocates.

use super::{people::RARE, Outcome, World};
use crate::equivocations::{babe_owner, double_block, report_block};
use assay_primitives::{JobClass, Machine, Policy, Role};
use assay_runtime::{token::ASY, AccountId, Authorship, Babe, Balance, Runtime, SafeMode};
use pallet_assay_jobs::{Call as JobsCall, Parameters as JobsParameters, Params as JobsParams};
use pallet_assay_providers::{
    Call as ProvidersCall, Machines, Parameters as ProvidersParameters, Params as ProvidersParams,
};
use pallet_assay_slashing::{
    Call as SlashingCall, Parameters as SlashingParameters, Params as SlashingParams, Pending, State,
};
use pallet_assay_staking::{Call as StakingCall, Ledgers, Params as StakingParams};
use pallet_assay_verification::{Call as VerificationCall, Policies};
use pallet_clock::{Call as ClockCall, Frozen};
use pallet_safe_mode::Call as SafeModeCall;
use sp_keyring::Sr25519Keyring::Bob;
use sp_runtime::Perbill;

/// What Bob puts in again when less is left of his bond as a validator.
const BOBS_BOND: Balance = 500_000 * ASY;

/// Rules.
impl World {
    pub fn govern(&mut self) -> (&'static str, Outcome) {
        match self.random.below(6) {
            0 => ("set policy", self.set_policy()),
            1 => ("close machine", self.root(ProvidersCall::<Runtime>::close_machine { machine: RARE })),
            // Twice as often, since it is also what opens a machine again.
            2 | 3 => ("set machine", self.set_machine()),
            _ => ("set parameters", self.set_parameters()),
        }
    }

    fn set_policy(&mut self) -> Outcome {
        let class = JobClass::ExactV1;
        let (_, before) = Policies::<Runtime>::get(class)?;
        let policy = Policy {
            audit: Perbill::from_percent(30 + 10 * self.random.below(8) as u32),
            collateral: 10 + self.random.below(10) as u32,
            draw_blocks: 2 + self.random.below(2) as u32,
            commit_blocks: 6 + self.random.below(6) as u32,
            reveal_blocks: 6 + self.random.below(6) as u32,
            ..before
        };
        self.root(VerificationCall::<Runtime>::set_policy { class, policy })
    }

    /// Opens a machine, if it is closed, at other prices.
    fn set_machine(&mut self) -> Outcome {
        let machine = Machine { hardware: 0, memory: self.random.below(2) as u8 };
        let mut entry = Machines::<Runtime>::get(machine)?;
        entry.enabled = true;
        entry.price.ceiling = Balance::from(2 + self.random.below(3)) * ASY;
        self.root(ProvidersCall::<Runtime>::set_machine { machine, entry })
    }

    fn set_parameters(&mut self) -> Outcome {
        let some = self.random.below(20) as u32;
        match self.random.below(4) {
            0 => {
                let params = JobsParameters { retention: 40 + some, ..JobsParams::<Runtime>::get() };
                self.root(JobsCall::<Runtime>::set_params { params })
            }
            1 => {
                let params = SlashingParameters { window: 10 + some / 2, ..SlashingParams::<Runtime>::get() };
                self.root(SlashingCall::<Runtime>::set_params { params })
            }
            2 => {
                let mut params = StakingParams::<Runtime>::get();
                params.min_provider_bond = Balance::from(1_000 + 100 * some) * ASY;
                params.unbonding_blocks = 100 + some;
                self.root(StakingCall::<Runtime>::set_params { params })
            }
            _ => {
                let most = if self.random.once_in(2) { 25_000 } else { 1_000_000 };
                let params = ProvidersParameters {
                    change_delay: 4 + some % 2,
                    jail_blocks: 20 + some,
                    max_bond: most * ASY,
                    ..ProvidersParams::<Runtime>::get()
                };
                self.root(ProvidersCall::<Runtime>::set_params { params })
            }
        }
    }
}

/// Brakes.
impl World {
    pub fn in_safe_mode(&self) -> bool {
        SafeMode::is_entered()
    }

    /// Lets the market go on, if it stands still; now and then stops it.
    pub fn halt(&mut self) -> (&'static str, Outcome) {
        if self.in_safe_mode() {
            return ("leave safe-mode", self.root(SafeModeCall::<Runtime>::force_exit {}));
        }
        if Frozen::<Runtime>::get() {
            return ("thaw", self.root(ClockCall::<Runtime>::set_frozen { frozen: false }));
        }
        match self.random.below(10) {
            0 => ("enter safe-mode", self.root(SafeModeCall::<Runtime>::force_enter {})),
            1 => ("freeze", self.root(ClockCall::<Runtime>::set_frozen { frozen: true })),
            _ => ("halt", None),
        }
    }

    /// The market goes on for good.
    pub fn resume_market(&mut self) {
        while self.in_safe_mode() || Frozen::<Runtime>::get() {
            self.chain.open();
            let (name, outcome) = self.halt();
            self.note(name, outcome);
            self.close();
        }
    }
}

/// Appeals.
impl World {
    pub fn judge(&mut self) -> (&'static str, Outcome) {
        let Some((id, slash)) = self.choose(Pending::<Runtime>::iter().collect()) else {
            return ("judge", None);
        };
        match (slash.state, self.random.below(4)) {
            (State::Suspended { .. }, 0..=1) => ("resume", self.root(SlashingCall::<Runtime>::resume { id })),
            (State::Waiting, 0..=1) => {
                let until = slash.due + 1 + self.random.below(40) as u32;
                ("suspend", self.root(SlashingCall::<Runtime>::suspend { id, until }))
            }
            (_, 2) => {
                let amount = slash.amount / 2;
                ("reduce", self.root(SlashingCall::<Runtime>::reduce { id, amount }))
            }
            _ => ("forgive", self.root(SlashingCall::<Runtime>::cancel { id })),
        }
    }
}

/// Offences.
impl World {
    /// Bob makes two blocks in the slot of this one, and is reported in it, unless it is his. Where he does not validate,
    /// he tries to come back.
    pub fn equivocate(&mut self) -> (&'static str, Outcome) {
        let bob = Bob.to_account_id();
        if !Babe::authorities().iter().any(|(key, _)| *key == Bob.public().into()) {
            return self.stand(&bob);
        }
        if Authorship::author() == Some(bob) {
            return ("equivocate", None);
        }
        let (proof, owner) = (double_block(self.chain.slot()), babe_owner());
        ("equivocate", report_block(&mut self.chain, proof, owner).ok())
    }

    /// A validator stands for election, with enough to lose.
    fn stand(&mut self, owner: &AccountId) -> (&'static str, Outcome) {
        let (role, amount) = (Role::Validator, BOBS_BOND);
        let bond = Ledgers::<Runtime>::get(owner).map_or(0, |ledger| ledger.validator.active);
        match bond {
            0 => ("bond", self.submit(owner, StakingCall::<Runtime>::bond { role, amount })),
            1..BOBS_BOND => {
                ("bond extra", self.submit(owner, StakingCall::<Runtime>::bond_extra { role, amount }))
            }
            BOBS_BOND.. => ("validate", self.submit(owner, StakingCall::<Runtime>::validate {})),
        }
    }
}
