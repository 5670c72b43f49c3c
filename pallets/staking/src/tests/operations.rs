//! Random sequences of operations against the invariants. The seed is fixed; `ASSAY_OPERATIONS` asks for more of them.

use crate::{mock::*, Ledgers, StakingParams};
use assay_primitives::mock::{operations, Random};
use assay_primitives::{
    Collateral, LockId,
    Role::{self, Provider, Validator},
};
use frame_support::assert_ok;
use sp_runtime::{testing::UintAuthorityId, DispatchResult, Perbill, StateVersion};
use sp_staking::offence::OffenceSeverity;
use std::collections::{BTreeMap, BTreeSet};

/// What these tests choose at random.
trait Choose {
    fn account(&mut self) -> u64;

    fn role(&mut self) -> Role;

    /// Nothing, next to nothing, an ordinary amount, or more than there is.
    fn amount(&mut self) -> u64;

    /// Takes one of several things out.
    fn take_out<Thing>(&mut self, things: &mut Vec<Thing>) -> Option<Thing>;
}

impl Choose for Random {
    fn account(&mut self) -> u64 {
        1 + self.below(ACCOUNTS)
    }

    fn role(&mut self) -> Role {
        [Validator, Provider][self.below(2) as usize]
    }

    fn amount(&mut self) -> u64 {
        match self.below(12) {
            0 => 0,
            1 => 1,
            2 => u64::MAX,
            _ => self.below(900),
        }
    }

    fn take_out<Thing>(&mut self, things: &mut Vec<Thing>) -> Option<Thing> {
        let place = self.below(things.len().max(1) as u64) as usize;
        (!things.is_empty()).then(|| things.swap_remove(place))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Operation {
    Bond,
    BondExtra,
    Unbond,
    Rebond,
    Withdraw,
    Validate,
    Chill,
    ForceChill,
    Kick,
    SetWorker,
    Resign,
    SetKeys,
    PurgeKeys,
    SetParams,
    Lock,
    Release,
    AccuseProvider,
    CancelProvider,
    ApplyProvider,
    AccuseValidator,
    CancelValidator,
    ApplyValidator,
    NoteOffender,
    KillAccount,
    Endow,
    Advance,
}

use Operation::*;

const ALL: [Operation; 26] = [
    Bond,
    BondExtra,
    Unbond,
    Rebond,
    Withdraw,
    Validate,
    Chill,
    ForceChill,
    Kick,
    SetWorker,
    Resign,
    SetKeys,
    PurgeKeys,
    SetParams,
    Lock,
    Release,
    AccuseProvider,
    CancelProvider,
    ApplyProvider,
    AccuseValidator,
    CancelValidator,
    ApplyValidator,
    NoteOffender,
    KillAccount,
    Endow,
    Advance,
];

struct World {
    random: Random,
    open: Vec<(u64, LockId)>,
    accused_seats: Vec<(u64, LockId)>,
    accused_validators: Vec<u64>,
}

impl World {
    fn perform(&mut self, operation: Operation) -> DispatchResult {
        let (who, role, amount) = (self.random.account(), self.random.role(), self.random.amount());
        match operation {
            Bond => Staking::bond(signed(who), role, amount),
            BondExtra => Staking::bond_extra(signed(who), role, amount),
            Unbond => Staking::unbond(signed(who), role, self.part_of(active(who, role))),
            Rebond => Staking::rebond(signed(who), role, amount),
            Withdraw => Staking::withdraw(signed(who), role),
            Validate => Staking::validate(signed(who)),
            Chill => Staking::chill(signed(who)),
            ForceChill => Staking::force_chill(RuntimeOrigin::root(), who),
            Kick => {
                let candidates: Vec<u64> =
                    Staking::candidates(0, 100).into_iter().map(|staker| staker.owner).collect();
                let whom = self.random.pick(&candidates).unwrap_or(who);
                Staking::kick(signed(who), whom)
            }
            SetWorker => self.set_worker(who),
            Resign => Staking::resign(signed(who + self.random.below(2) * ACCOUNTS)),
            SetKeys => {
                Staking::set_keys(signed(who), UintAuthorityId(self.random.below(4 * ACCOUNTS)), vec![])
            }
            PurgeKeys => Staking::purge_keys(signed(who)),
            SetParams => self.set_params(),
            Lock => self.lock(who, amount),
            Release => self.release(),
            AccuseProvider => self.accuse_provider(),
            CancelProvider => self.end_provider_slash(false),
            ApplyProvider => self.end_provider_slash(true),
            AccuseValidator => self.accuse_validator(who),
            CancelValidator => self.end_validator_slash(None),
            ApplyValidator => self.end_validator_slash(Some(amount)),
            NoteOffender => self.note_offender(who),
            KillAccount => Balances::transfer_all(signed(who), self.random.account(), false),
            Endow => self.endow(who),
            Advance => self.advance(),
        }
    }

    /// All of it at times, at other times whatever.
    fn part_of(&mut self, all: u64) -> u64 {
        if self.random.below(3) == 0 {
            all
        } else {
            self.random.amount()
        }
    }

    fn set_worker(&mut self, owner: u64) -> DispatchResult {
        let worker = Some(self.random.account() + self.random.below(2) * ACCOUNTS);
        Staking::set_worker(signed(owner), worker.filter(|_| self.random.below(4) > 0))
    }

    fn set_params(&mut self) -> DispatchResult {
        let max_validators = 1 + self.random.below(9) as u32;
        let report_sessions = self.random.below(7) as u32;
        let params = StakingParams {
            min_validator_bond: 50 + self.random.below(600),
            min_provider_bond: 25 + self.random.below(100),
            max_validators,
            min_validators: 1 + self.random.below(4) as u32,
            unbonding_blocks: (u64::from(report_sessions) + 4) * SESSION_BLOCKS + self.random.below(30),
            report_sessions,
        };
        Staking::set_params(RuntimeOrigin::root(), params)
    }

    fn lock(&mut self, owner: u64, amount: u64) -> DispatchResult {
        let amount = amount.min(self.random.amount());
        let within = if self.random.below(3) == 0 { self.random.amount() } else { u64::MAX };
        let id = <Staking as Collateral<u64>>::lock(&owner, amount, within)?;
        self.open.push((owner, id));
        Ok(())
    }

    fn release(&mut self) -> DispatchResult {
        match self.random.take_out(&mut self.open) {
            Some((owner, id)) => release(owner, id),
            None => release(1, u64::MAX),
        }
    }

    fn accuse_provider(&mut self) -> DispatchResult {
        let Some((owner, id)) = self.random.take_out(&mut self.open) else {
            return accuse(1, Provider, None);
        };
        self.accused_seats.push((owner, id));
        accuse(owner, Provider, Some(id))
    }

    /// Ends a slash for a seat, taken or not, the lock before it or after.
    fn end_provider_slash(&mut self, take: bool) -> DispatchResult {
        let Some((owner, id)) = self.random.take_out(&mut self.accused_seats) else {
            return acquit(1, Provider, Some(u64::MAX));
        };
        let locked = Staking::lock(owner, id).expect("it is accused").amount;
        let amount = self.random.below(locked + 1) * u64::from(take);
        let before = self.random.below(2) == 0;
        if before {
            acquit(owner, Provider, Some(id))?;
        }
        assert_eq!(slash(owner, Provider, amount), (amount, 0));
        if before {
            Ok(())
        } else {
            acquit(owner, Provider, Some(id))
        }
    }

    fn accuse_validator(&mut self, validator: u64) -> DispatchResult {
        accuse(validator, Validator, None)?;
        self.accused_validators.push(validator);
        Ok(())
    }

    fn end_validator_slash(&mut self, amount: Option<u64>) -> DispatchResult {
        let Some(validator) = self.random.take_out(&mut self.accused_validators) else {
            return acquit(ACCOUNTS * 3, Validator, None);
        };
        if let Some(amount) = amount {
            let (issued, provider) = (Balances::total_issuance(), held(validator, Provider));
            let (taken, missing) = slash(validator, Validator, amount);
            assert_eq!(taken + missing, amount);
            assert_eq!(Balances::total_issuance(), issued - taken);
            assert_eq!(held(validator, Provider), provider);
        }
        acquit(validator, Validator, None)
    }

    fn note_offender(&mut self, validator: u64) -> DispatchResult {
        let session = Session::current_index().saturating_sub(self.random.below(4) as u32);
        let severity = OffenceSeverity(Perbill::from_percent(self.random.below(101) as u32));
        Staking::note_offender(&validator, session, severity);
        Ok(())
    }

    fn endow(&mut self, who: u64) -> DispatchResult {
        endow(who, 1 + self.random.below(2_000));
        Ok(())
    }

    fn advance(&mut self) -> DispatchResult {
        System::reset_events();
        advance(1 + self.random.below(12));
        assert!(!Session::validators().is_empty());
        assert!(!Session::queued_keys().is_empty());
        Ok(())
    }
}

/// Stands for all that is in storage.
fn root() -> Vec<u8> {
    sp_io::storage::root(StateVersion::V1)
}

/// The active bonds of providers.
fn provider_bonds() -> BTreeMap<u64, u128> {
    Ledgers::<Test>::iter().map(|(owner, ledger)| (owner, ledger.provider.active.into())).collect()
}

/// Those whose bond as a provider changed in a step, each heard of once, when it was what it is now.
fn check_heard(before: &BTreeMap<u64, u128>) {
    let mut heard = heard();
    heard.sort();
    let after = provider_bonds();
    let bond = |bonds: &BTreeMap<u64, u128>, owner: &u64| bonds.get(owner).copied().unwrap_or(0);
    let owners: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let changed = owners.into_iter().filter(|owner| bond(before, owner) != bond(&after, owner));
    assert_eq!(heard, changed.map(|owner| (*owner, bond(&after, owner))).collect::<Vec<_>>());
}

/// What is on hold belongs to ledgers, and all there is belongs to somebody.
fn check_money() {
    let mut sum = 0;
    for (who, account) in frame_system::Account::<Test>::iter() {
        sum += account.data.free + account.data.reserved;
        for role in [Validator, Provider] {
            let bonded = Staking::ledger(who).map_or(0, |ledger| ledger.stake(role).total());
            assert_eq!(held(who, role), bonded, "{who} as {role:?}");
        }
    }
    assert_eq!(sum, Balances::total_issuance());
}

#[test]
fn invariants_hold_through_random_operations() {
    let operations = operations();
    run(|| {
        let mut world =
            World { random: Random(4), open: vec![], accused_seats: vec![], accused_validators: vec![] };
        let mut outcomes = BTreeMap::<Operation, (u32, u32)>::new();
        for step in 0..operations {
            let operation = ALL[world.random.below(ALL.len() as u64) as usize];
            let looked_at = step % 16 == 0;
            let before = looked_at.then(|| (root(), provider_bonds()));
            heard();
            let outcome = world.perform(operation);
            if let Some((root_before, bonds_before)) = before {
                check_heard(&bonds_before);
                if let Err(error) = &outcome {
                    assert_eq!(
                        root_before,
                        root(),
                        "{operation:?} refused ({error:?}), but something changed"
                    );
                }
            }
            let (done, refused) = outcomes.entry(operation).or_default();
            *(if outcome.is_ok() { done } else { refused }) += 1;
            if step % 50 == 0 {
                assert_ok!(Staking::do_try_state());
                check_money();
            }
        }
        check_money();
        for operation in ALL {
            let (done, _) = outcomes.get(&operation).copied().unwrap_or_default();
            assert!(done > operations / 10_000, "{operation:?} was done {done} times: {outcomes:?}");
        }
    });
}
