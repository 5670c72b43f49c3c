//! What governance reaches of the market and of bonds, by root's own calls: each pallet checks what it is told.

use super::{agenda::Alarm, governance::RootOr, tracks::DAY};
use crate::*;
use assay_primitives::{
    Curated, Digest, JobClass, MarketBlock, Policies, Policy, SlashId, Slashes, Subject,
    Verification as VerificationOf,
};
use frame_support::{
    dispatch::DispatchResult,
    parameter_types,
    traits::{ConstU32, GetCallMetadata, TransactionPause, TransactionPauseError},
};
use pallet_assay_dao::{Blocks, APPEALS, CURATOR, EMERGENCY_STOP, PARAMETERS, POLICY};
use pallet_assay_providers::{MachineEntry, Machines};
use pallet_assay_registry::Listings;
use pallet_assay_slashing::Pending;
use pallet_tx_pause::RuntimeCallNameOf;
use sp_runtime::DispatchError;

/// Slashes that can be appealed against.
pub struct Appealable;

impl Slashes for Appealable {
    fn amount(id: SlashId) -> Option<Balance> {
        Pending::<Runtime>::get(id).map(|slash| slash.amount)
    }

    fn suspend(id: SlashId) -> Result<MarketBlock, DispatchError> {
        let slash =
            Pending::<Runtime>::get(id).ok_or(pallet_assay_slashing::Error::<Runtime>::NoSuchSlash)?;
        let until = slash.due.saturating_add(Slashing::params().longest_suspension);
        Slashing::suspend(RuntimeOrigin::root(), id, until)?;
        Ok(until)
    }

    fn resume(id: SlashId) -> DispatchResult {
        Slashing::resume(RuntimeOrigin::root(), id)
    }

    fn cancel(id: SlashId) -> DispatchResult {
        Slashing::cancel(RuntimeOrigin::root(), id)
    }

    fn reduce(id: SlashId, amount: Balance) -> DispatchResult {
        Slashing::reduce(RuntimeOrigin::root(), id, amount)
    }
}

/// Policies that can be changed.
pub struct Changeable;

impl Policies for Changeable {
    fn current(class: JobClass) -> Option<(u32, Policy)> {
        <Verification as VerificationOf<AccountId>>::policy(class)
    }

    fn check(policy: &Policy) -> DispatchResult {
        Ok(Verification::check_policy(policy)?)
    }

    fn set(class: JobClass, policy: Policy) -> DispatchResult {
        Verification::set_policy(RuntimeOrigin::root(), class, policy)
    }

    fn is_referenced(class: JobClass, version: u32) -> bool {
        pallet_assay_jobs::PolicyJobs::<Runtime>::contains_key(class, version)
    }
}

/// What can be curated. Jobs ask for a class whether it is open.
pub struct Curatable;

impl Curated for Curatable {
    fn exists(subject: Subject) -> bool {
        match subject {
            Subject::JobClass(class) => Changeable::current(class).is_some(),
            Subject::Machine(machine) => Machines::<Runtime>::contains_key(machine),
            Subject::Listing(listing) => Listings::<Runtime>::contains_key(listing),
        }
    }

    fn open(subject: Subject) -> DispatchResult {
        match subject {
            Subject::JobClass(_) => Ok(()),
            Subject::Machine(machine) => {
                let missing = pallet_assay_providers::Error::<Runtime>::NoSuchMachine;
                let entry = Machines::<Runtime>::get(machine).ok_or(missing)?;
                Providers::set_machine(
                    RuntimeOrigin::root(),
                    machine,
                    MachineEntry { enabled: true, ..entry },
                )
            }
            Subject::Listing(_) => Err(pallet_assay_registry::Error::<Runtime>::Delisted.into()),
        }
    }

    fn close(subject: Subject, reason: Digest) -> DispatchResult {
        match subject {
            Subject::JobClass(_) => Ok(()),
            Subject::Machine(machine) => Providers::close_machine(RuntimeOrigin::root(), machine),
            Subject::Listing(listing) => Registry::force_delist(RuntimeOrigin::root(), listing, reason),
        }
    }
}

/// The name of a call, as its pallet's and its own.
type CallName = RuntimeCallNameOf<Runtime>;

/// Calls that can be paused. The stock pallet takes any name: a slip in it would be voted on, and stop nothing.
pub struct Pausable;

impl TransactionPause for Pausable {
    type CallIdentifier = CallName;

    fn is_paused(call: CallName) -> bool {
        <TxPause as TransactionPause>::is_paused(call)
    }

    fn can_pause(call: CallName) -> bool {
        exists(&call) && <TxPause as TransactionPause>::can_pause(call)
    }

    fn pause(call: CallName) -> Result<(), TransactionPauseError> {
        if !exists(&call) {
            return Err(TransactionPauseError::NotFound);
        }
        <TxPause as TransactionPause>::pause(call)
    }

    fn unpause(call: CallName) -> Result<(), TransactionPauseError> {
        <TxPause as TransactionPause>::unpause(call)
    }
}

fn exists((pallet, call): &CallName) -> bool {
    let is = |name: &str, given: &[u8]| name.as_bytes() == given;
    let pallets = RuntimeCall::get_module_names().iter();
    let mut calls =
        pallets.filter(|name| is(name, pallet)).flat_map(|name| RuntimeCall::get_call_names(name));
    calls.any(|name| is(name, call))
}

parameter_types! {
    /// The least that governance can have appeals cost.
    pub const LeastAppealDeposit: Balance = token::ASY;
    /// The most, where a share of the slash is less.
    pub const MostAppealDeposit: Balance = 10_000 * token::ASY;
}

impl pallet_assay_dao::Config for Runtime {
    type Alarm = Alarm;
    type AppealOrigin = RootOr<APPEALS>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = crate::benchmarks::Governance;
    type Clock = pallet_clock::MarketClock<Runtime>;
    type Curated = Curatable;
    type CurationOrigin = RootOr<CURATOR>;
    type Currency = Balances;
    type LeastAppealDeposit = LeastAppealDeposit;
    // Time for providers to see a policy, and to go.
    type LeastPolicyDelay = Blocks<Runtime, DAY>;
    type MaxPauses = ConstU32<16>;
    type MostAppealDeposit = MostAppealDeposit;
    type ParamsOrigin = RootOr<PARAMETERS>;
    type Pause = Pausable;
    type Policies = Changeable;
    type PolicyOrigin = RootOr<POLICY>;
    type Slashes = Appealable;
    type StopOrigin = RootOr<EMERGENCY_STOP>;
    type WeightInfo = weights::dao::WeightInfo<Runtime>;
}
