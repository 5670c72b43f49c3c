//! Who votes, with what, and what happens then: referenda, and votes with conviction.

use super::{
    agenda::Agendas,
    governance::RootOr,
    tracks::{Tracks, DAY},
};
use crate::*;
use frame_support::{
    dispatch::DispatchResult,
    parameter_types,
    traits::{
        fungible::{Inspect, InspectHold},
        tokens::{
            currency::ActiveIssuanceOf, BalanceStatus, DepositConsequence, Fortitude, Preservation,
            Provenance, WithdrawConsequence,
        },
        ConstU32, Currency, ExistenceRequirement, LockIdentifier, LockableCurrency, ReservableCurrency,
        SignedImbalance, WithdrawReasons,
    },
};
use frame_system::EnsureSigned;
use pallet_assay_dao::{Blocks, REFERENDUM_ADMIN};
use sp_runtime::DispatchError;

parameter_types! {
    /// What it takes to submit a referendum.
    pub const SubmissionDeposit: Balance = 10 * token::ASY;
}

type Positive = <Balances as Currency<AccountId>>::PositiveImbalance;
type Negative = <Balances as Currency<AccountId>>::NegativeImbalance;

/// Money as votes see it: without what is in escrow for jobs. That leaves the account by itself and may come to one of
/// the same owner, who could vote with it once more. Bonds and deposits count, once: they come back, or are lost.
///
/// The other half of the rule is with escrow, which takes nothing of what an account already votes with. What vests is
/// locked by the same rule.
pub struct VotingBalance;

impl VotingBalance {
    fn of(who: &AccountId) -> Balance {
        <Balances as Inspect<AccountId>>::total_balance(who).saturating_sub(Self::escrowed(who))
    }

    fn escrowed(who: &AccountId) -> Balance {
        let reason = RuntimeHoldReason::Escrow(pallet_assay_escrow::HoldReason::Job);
        <Balances as InspectHold<AccountId>>::balance_on_hold(&reason, who)
    }

    /// What a lock has to be so that an amount stays beside escrow. Balances count all that is on hold as locked, and
    /// would let as much go of what is free.
    fn beside_escrow(who: &AccountId, amount: Balance) -> Balance {
        if amount == 0 {
            return 0;
        }
        amount.saturating_add(Self::escrowed(who))
    }

    /// Locks follow what is in escrow.
    pub(super) fn escrow_changed(who: &AccountId, before: Balance, after: Balance) {
        for lock in Balances::locks(who) {
            let amount = lock.amount.saturating_sub(before).saturating_add(after);
            let reasons = WithdrawReasons::all();
            <Balances as LockableCurrency<AccountId>>::set_lock(lock.id, who, amount, reasons);
        }
    }
}

impl Inspect<AccountId> for VotingBalance {
    type Balance = Balance;

    fn total_issuance() -> Balance {
        <Balances as Inspect<AccountId>>::total_issuance()
    }

    fn active_issuance() -> Balance {
        <Balances as Inspect<AccountId>>::active_issuance()
    }

    fn minimum_balance() -> Balance {
        <Balances as Inspect<AccountId>>::minimum_balance()
    }

    fn total_balance(who: &AccountId) -> Balance {
        Self::of(who)
    }

    fn balance(who: &AccountId) -> Balance {
        <Balances as Inspect<AccountId>>::balance(who)
    }

    fn reducible_balance(who: &AccountId, preservation: Preservation, force: Fortitude) -> Balance {
        <Balances as Inspect<AccountId>>::reducible_balance(who, preservation, force)
    }

    fn can_deposit(who: &AccountId, amount: Balance, provenance: Provenance) -> DepositConsequence {
        <Balances as Inspect<AccountId>>::can_deposit(who, amount, provenance)
    }

    fn can_withdraw(who: &AccountId, amount: Balance) -> WithdrawConsequence<Balance> {
        <Balances as Inspect<AccountId>>::can_withdraw(who, amount)
    }
}

impl Currency<AccountId> for VotingBalance {
    type Balance = Balance;
    type NegativeImbalance = Negative;
    type PositiveImbalance = Positive;

    fn total_balance(who: &AccountId) -> Balance {
        Self::of(who)
    }

    fn can_slash(who: &AccountId, value: Balance) -> bool {
        <Balances as Currency<AccountId>>::can_slash(who, value)
    }

    fn total_issuance() -> Balance {
        <Balances as Currency<AccountId>>::total_issuance()
    }

    fn active_issuance() -> Balance {
        <Balances as Currency<AccountId>>::active_issuance()
    }

    fn minimum_balance() -> Balance {
        <Balances as Currency<AccountId>>::minimum_balance()
    }

    fn burn(amount: Balance) -> Positive {
        <Balances as Currency<AccountId>>::burn(amount)
    }

    fn issue(amount: Balance) -> Negative {
        <Balances as Currency<AccountId>>::issue(amount)
    }

    fn free_balance(who: &AccountId) -> Balance {
        <Balances as Currency<AccountId>>::free_balance(who)
    }

    fn ensure_can_withdraw(
        who: &AccountId,
        amount: Balance,
        reasons: WithdrawReasons,
        new_balance: Balance,
    ) -> DispatchResult {
        <Balances as Currency<AccountId>>::ensure_can_withdraw(who, amount, reasons, new_balance)
    }

    fn transfer(
        source: &AccountId,
        dest: &AccountId,
        value: Balance,
        existence: ExistenceRequirement,
    ) -> DispatchResult {
        <Balances as Currency<AccountId>>::transfer(source, dest, value, existence)
    }

    fn slash(who: &AccountId, value: Balance) -> (Negative, Balance) {
        <Balances as Currency<AccountId>>::slash(who, value)
    }

    fn deposit_into_existing(who: &AccountId, value: Balance) -> Result<Positive, DispatchError> {
        <Balances as Currency<AccountId>>::deposit_into_existing(who, value)
    }

    fn deposit_creating(who: &AccountId, value: Balance) -> Positive {
        <Balances as Currency<AccountId>>::deposit_creating(who, value)
    }

    fn withdraw(
        who: &AccountId,
        value: Balance,
        reasons: WithdrawReasons,
        liveness: ExistenceRequirement,
    ) -> Result<Negative, DispatchError> {
        <Balances as Currency<AccountId>>::withdraw(who, value, reasons, liveness)
    }

    fn make_free_balance_be(who: &AccountId, balance: Balance) -> SignedImbalance<Balance, Positive> {
        <Balances as Currency<AccountId>>::make_free_balance_be(who, balance)
    }
}

impl ReservableCurrency<AccountId> for VotingBalance {
    fn can_reserve(who: &AccountId, value: Balance) -> bool {
        <Balances as ReservableCurrency<AccountId>>::can_reserve(who, value)
    }

    fn slash_reserved(who: &AccountId, value: Balance) -> (Negative, Balance) {
        <Balances as ReservableCurrency<AccountId>>::slash_reserved(who, value)
    }

    fn reserved_balance(who: &AccountId) -> Balance {
        <Balances as ReservableCurrency<AccountId>>::reserved_balance(who)
    }

    fn reserve(who: &AccountId, value: Balance) -> DispatchResult {
        <Balances as ReservableCurrency<AccountId>>::reserve(who, value)
    }

    fn unreserve(who: &AccountId, value: Balance) -> Balance {
        <Balances as ReservableCurrency<AccountId>>::unreserve(who, value)
    }

    fn repatriate_reserved(
        slashed: &AccountId,
        beneficiary: &AccountId,
        value: Balance,
        status: BalanceStatus,
    ) -> Result<Balance, DispatchError> {
        <Balances as ReservableCurrency<AccountId>>::repatriate_reserved(slashed, beneficiary, value, status)
    }
}

impl LockableCurrency<AccountId> for VotingBalance {
    type MaxLocks = <Balances as LockableCurrency<AccountId>>::MaxLocks;
    type Moment = BlockNumber;

    fn set_lock(id: LockIdentifier, who: &AccountId, amount: Balance, reasons: WithdrawReasons) {
        let amount = Self::beside_escrow(who, amount);
        <Balances as LockableCurrency<AccountId>>::set_lock(id, who, amount, reasons);
    }

    fn extend_lock(id: LockIdentifier, who: &AccountId, amount: Balance, reasons: WithdrawReasons) {
        let amount = Self::beside_escrow(who, amount);
        <Balances as LockableCurrency<AccountId>>::extend_lock(id, who, amount, reasons);
    }

    fn remove_lock(id: LockIdentifier, who: &AccountId) {
        <Balances as LockableCurrency<AccountId>>::remove_lock(id, who);
    }
}

impl pallet_conviction_voting::Config for Runtime {
    type BlockNumberProvider = System;
    type Currency = VotingBalance;
    type MaxTurnout = ActiveIssuanceOf<Balances, AccountId>;
    type MaxVotes = ConstU32<128>;
    type Polls = Referenda;
    type RuntimeEvent = RuntimeEvent;
    type VoteLockingPeriod = Blocks<Runtime, { 7 * DAY }>;
    type VotingHooks = ();
    type WeightInfo = pallet_conviction_voting::weights::SubstrateWeight<Runtime>;
}

impl pallet_referenda::Config for Runtime {
    type AlarmInterval = ConstU32<1>;
    type BlockNumberProvider = System;
    type CancelOrigin = RootOr<REFERENDUM_ADMIN>;
    type Currency = Balances;
    type KillOrigin = RootOr<REFERENDUM_ADMIN>;
    type MaxQueued = ConstU32<100>;
    type Preimages = Preimage;
    type RuntimeCall = RuntimeCall;
    type RuntimeEvent = RuntimeEvent;
    type Scheduler = Agendas;
    type Slash = Treasury;
    type SubmissionDeposit = SubmissionDeposit;
    type SubmitOrigin = EnsureSigned<AccountId>;
    type Tally = pallet_conviction_voting::TallyOf<Runtime>;
    type Tracks = Tracks;
    type UndecidingTimeout = Blocks<Runtime, { 14 * DAY }>;
    type Votes = pallet_conviction_voting::VotesOf<Runtime>;
    type WeightInfo = pallet_referenda::weights::SubstrateWeight<Runtime>;
}
