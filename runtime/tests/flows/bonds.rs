//! What the runtime API tells about bonds is what was done with them.

use crate::{
    chain::{self, Chain},
    staking::{report_bob, slashing, staking, BOND, WINDOW},
};
use assay_primitives::{Collateral, Fault, FaultKind, LockId, ReportFault, Role, SlashId};
use assay_runtime::{
    bonds::{
        runtime_decl_for_bonds_api::BondsApi, Candidate, Chunk, Ledger, Lock, Locks, Slash, Stake, State,
        Validator, ValidatorStatus,
    },
    genesis,
    token::ASY,
    AccountId, Balance, Block, Runtime, Slashing, Staking,
};
use pallet_assay_staking::{Call, NextLock};
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave, Eve, Ferdie, One};
use sp_runtime::traits::BlockNumberProvider;

/// How long a bond is on its way out, in blocks.
const UNBONDING: u32 = 100;

type Place = (u32, SlashId);

fn ledger(owner: Sr25519Keyring) -> Option<Ledger> {
    <Runtime as BondsApi<Block>>::ledger(owner.to_account_id())
}

fn locks(owner: Sr25519Keyring, from: LockId, limit: u32) -> Locks {
    <Runtime as BondsApi<Block>>::locks(owner.to_account_id(), from, limit)
}

fn candidates() -> Vec<Candidate> {
    <Runtime as BondsApi<Block>>::candidates()
}

fn validators() -> Vec<Validator> {
    <Runtime as BondsApi<Block>>::validators()
}

fn pending(owner: Option<Sr25519Keyring>, after: Option<Place>, limit: u32) -> Vec<(SlashId, Slash)> {
    let owner = owner.map(|owner| owner.to_account_id());
    <Runtime as BondsApi<Block>>::pending_slashes(owner, after, limit)
}

fn submit(chain: &mut Chain, owner: Sr25519Keyring, call: Call<Runtime>) {
    chain.submit(owner, staking(call)).expect("valid").expect("allowed");
}

fn bond_as_provider(chain: &mut Chain, owner: Sr25519Keyring) {
    submit(chain, owner, Call::bond { role: Role::Provider, amount: BOND });
}

fn lock(owner: Sr25519Keyring, amount: Balance) -> LockId {
    let owner = owner.to_account_id();
    <Staking as Collateral<AccountId>>::lock(&owner, amount, Balance::MAX).expect("so much is available")
}

/// Locks collateral for a seat, and reports that the provider did not show up there, which costs all of it.
fn miss_seat(owner: Sr25519Keyring, amount: Balance) -> SlashId {
    let lock = lock(owner, amount);
    let fault = Fault::Provider { owner: owner.to_account_id(), lock, kind: FaultKind::NoShow, amount };
    let slash = <Slashing as ReportFault<AccountId, Balance>>::report(fault).expect("the lock is there");
    slash.expect("there is something to take")
}

fn candidate(owner: Sr25519Keyring, bond: Balance) -> Candidate {
    Candidate { owner: owner.to_account_id(), bond }
}

fn validator(owner: Sr25519Keyring, bond: Balance, disabled: bool) -> Validator {
    Validator { owner: owner.to_account_id(), bond, disabled }
}

fn ids<T>(items: &[(u64, T)]) -> Vec<u64> {
    items.iter().map(|(id, _)| *id).collect()
}

/// Where a list of slashes goes on.
fn last_place(slashes: &[(SlashId, Slash)]) -> Option<Place> {
    slashes.last().map(|(id, slash)| (slash.ready(), *id))
}

#[test]
fn ledger_tells_what_is_bonded_leaving_and_locked() {
    chain::on(genesis::TEST, |chain| {
        assert_eq!(ledger(Ferdie), None);
        chain.open();
        let now = pallet_clock::MarketClock::<Runtime>::current_block_number();
        bond_as_provider(chain, Ferdie);
        submit(chain, Ferdie, Call::set_worker { worker: Some(One.to_account_id()) });
        submit(chain, Ferdie, Call::unbond { role: Role::Provider, amount: 100 * ASY });
        lock(Ferdie, 7 * ASY);
        chain.close();
        let leaving = Chunk { value: 100 * ASY, at: now + UNBONDING };
        let expected = Ledger {
            validator: Stake { active: 0, unbonding: vec![], accused: 0 },
            provider: Stake { active: BOND - 100 * ASY, unbonding: vec![leaving], accused: 0 },
            locked: 7 * ASY,
            available: BOND - 7 * ASY,
            worker: Some(One.to_account_id()),
            status: ValidatorStatus {
                bond: 0,
                has_keys: false,
                candidate: false,
                queued: false,
                active: false,
            },
        };
        assert_eq!(ledger(Ferdie), Some(expected));
    });
}

#[test]
fn ledger_tells_what_the_owner_is_to_the_validator_set() {
    chain::on(genesis::TEST, |chain| {
        chain.open();
        submit(chain, Dave, Call::chill {});
        chain.close();
        let status = |owner| ledger(owner).expect("validators have bonds").status;
        let active =
            ValidatorStatus { bond: BOND, has_keys: true, candidate: true, queued: true, active: true };
        assert_eq!(status(Alice), active);
        assert_eq!(status(Dave), ValidatorStatus { candidate: false, ..active });
    });
}

#[test]
fn locks_are_told_to_the_end_whatever_ids_lie_between() {
    chain::on(genesis::TEST, |chain| {
        chain.open();
        bond_as_provider(chain, Ferdie);
        bond_as_provider(chain, Bob);
        // Other owners' locks, and locks that have ended, leave gaps.
        NextLock::<Runtime>::put(999);
        let mut expected = vec![lock(Ferdie, ASY), lock(Ferdie, 2 * ASY)];
        lock(Bob, ASY);
        NextLock::<Runtime>::put(2_500);
        expected.extend([lock(Ferdie, 3 * ASY), lock(Ferdie, 4 * ASY)]);
        chain.close();
        assert_eq!(expected, [999, 1_000, 2_500, 2_501]);

        let first = locks(Ferdie, 0, 1);
        let told = Lock { owner: Ferdie.to_account_id(), amount: ASY, accused: false };
        assert_eq!(first, Locks { items: vec![(999, told)], next: Some(1_000) });
        for limit in [1, 2, 4, 10] {
            let (mut told, mut from) = (Vec::new(), Some(0));
            while let Some(id) = from {
                let page = locks(Ferdie, id, limit);
                assert!(page.items.len() <= limit as usize);
                assert!(page.next.is_none_or(|next| next > id), "the next page begins further on");
                told.extend(ids(&page.items));
                from = page.next;
            }
            assert_eq!(told, expected);
        }
        assert_eq!(locks(Ferdie, LockId::MAX, 10), Locks { items: vec![], next: None });
        let nothing = Locks { items: vec![], next: None };
        assert_eq!((locks(Alice, 0, 10), locks(Eve, 0, 10)), (nothing.clone(), nothing));
    });
}

#[test]
fn candidates_are_told_by_bond_and_validators_by_what_they_had_at_stake() {
    chain::on(genesis::TEST, |chain| {
        chain.open();
        submit(chain, Dave, Call::bond_extra { role: Role::Validator, amount: BOND });
        chain.close();
        let others = [Alice, Bob, Charlie].map(|owner| candidate(owner, BOND));
        assert_eq!(candidates(), [vec![candidate(Dave, 2 * BOND)], others.to_vec()].concat());
        let elected_at_genesis = [Alice, Bob, Charlie, Dave].map(|owner| validator(owner, BOND, false));
        assert_eq!(validators(), elected_at_genesis);

        chain.pass(2);
        report_bob(chain);
        let disabled = [Alice, Bob, Charlie, Dave].map(|owner| validator(owner, BOND, owner == Bob));
        assert_eq!(validators(), disabled);
        chain.pass_to_session(1);
        assert_eq!(validators(), disabled, "that set was chosen at genesis, too");
        chain.pass_to_session(2);
        let elected_since = [(Dave, 2 * BOND), (Alice, BOND), (Charlie, BOND)];
        assert_eq!(validators(), elected_since.map(|(owner, bond)| validator(owner, bond, false)));
        assert_eq!(candidates(), elected_since.map(|(owner, bond)| candidate(owner, bond)));
    });
}

#[test]
fn pending_slashes_are_told_in_the_order_in_which_they_get_ready() {
    chain::on(genesis::TEST, |chain| {
        chain.pass(3);
        let equivocation = report_bob(chain);
        chain.open();
        bond_as_provider(chain, Bob);
        bond_as_provider(chain, Ferdie);
        let (of_bob, of_ferdie) = (miss_seat(Bob, ASY), miss_seat(Ferdie, 2 * ASY));
        chain.close();
        assert_eq!(ids(&pending(None, None, 10)), [equivocation, of_bob, of_ferdie]);
        assert_eq!(ids(&pending(Some(Bob), None, 10)), [equivocation, of_bob]);
        assert!(pending(Some(Alice), None, 10).is_empty());

        // An appeal holds the first one up, so that it gets ready last.
        let until = pending(None, None, 1)[0].1.due + 10;
        chain.open();
        chain.root(slashing(pallet_assay_slashing::Call::suspend { id: equivocation, until }));
        chain.close();
        assert_eq!(ids(&pending(None, None, 10)), [of_bob, of_ferdie, equivocation]);
        for (owner, expected) in
            [(None, vec![of_bob, of_ferdie, equivocation]), (Some(Bob), vec![of_bob, equivocation])]
        {
            let (mut told, mut after) = (Vec::new(), None);
            loop {
                let page = pending(owner, after, 1);
                let Some(place) = last_place(&page) else { break };
                told.extend(ids(&page));
                after = Some(place);
            }
            assert_eq!(told, expected);
        }

        // Those that nothing holds up are taken after the window.
        chain.pass(WINDOW + 1);
        let left = pending(None, None, 10);
        assert_eq!(ids(&left), [equivocation]);
        assert_eq!((left[0].1.state, left[0].1.ready()), (State::Suspended { until }, until));
    });
}

#[test]
fn pending_slashes_are_told_with_what_they_are_about() {
    chain::on(genesis::TEST, |chain| {
        chain.pass(3);
        let equivocation = report_bob(chain);
        chain.open();
        bond_as_provider(chain, Bob);
        let seat = NextLock::<Runtime>::get();
        let no_show = miss_seat(Bob, ASY);
        chain.close();

        let told = pending(Some(Bob), None, 10);
        let [(_, of_validator), (_, of_provider)] = &told[..] else { panic!("{told:?} are not two") };
        assert_eq!(ids(&told), [equivocation, no_show]);
        assert_eq!((of_validator.role(), of_validator.amount), (Role::Validator, BOND / 2));
        assert_eq!((of_validator.kind, of_validator.state), (FaultKind::Equivocation, State::Waiting));
        assert!(of_validator.reporter.is_some(), "the author of the block with the report");
        assert_eq!((of_provider.role(), of_provider.amount), (Role::Provider, ASY));
        assert_eq!((of_provider.kind, of_provider.lock()), (FaultKind::NoShow, Some(seat)));

        let ledger = ledger(Bob).expect("Bob has bonds");
        assert_eq!((ledger.validator.accused, ledger.provider.accused), (1, 1));
        let lock = Lock { owner: Bob.to_account_id(), amount: ASY, accused: true };
        assert_eq!(locks(Bob, 0, 10), Locks { items: vec![(seat, lock)], next: None });
    });
}
