//! Our own methods about bonds: what is bonded and locked, who stands in elections and validates, which slashes wait.

use super::{
    answers::{address, failed, Page, Planck},
    params::{After, FirstLock, Limit, Owner, Place, Start},
};
use crate::service::{BlockNumber, FullClient, Hash};
use assay_runtime::bonds::{self, BondsApi, FaultKind, LockId, Role, SlashId, State};
use jsonrpsee::{core::RpcResult, proc_macros::rpc};
use sc_client_api::HeaderBackend;
use serde::Serialize;
use sp_api::ProvideRuntimeApi;
use std::sync::Arc;

/// The methods of the module `assay` about bonds, as of the best block. All of them are safe to expose.
#[rpc(server)]
pub trait BondsRpc {
    /// What an owner has bonded in both roles, and what it is to the validator set; null if nothing is bonded.
    #[method(name = "assay_ledger", blocking)]
    fn ledger(&self, owner: Owner) -> RpcResult<Option<Ledger>>;

    /// An owner's locks by id, at most `limit` (1 to 100) of them, from the id `from` on. Where to go on says `next`,
    /// null at the end.
    #[method(name = "assay_locks", blocking)]
    fn locks(&self, owner: Owner, from: FirstLock, limit: Limit) -> RpcResult<Locks>;

    /// Who stands in elections, the highest bond first: `limit` (1 to 100) of them from the position `start` on.
    #[method(name = "assay_candidates", blocking)]
    fn candidates(&self, start: Start, limit: Limit) -> RpcResult<Page<Candidate>>;

    /// The validators of the current session, in the order of their election: `limit` (1 to 100) of them from the
    /// position `start` on.
    #[method(name = "assay_validators", blocking)]
    fn validators(&self, start: Start, limit: Limit) -> RpcResult<Page<Validator>>;

    /// The slashes that wait, for an owner in both roles or, where that is null, for all: at most `limit` (1 to 100) of
    /// them in the order in which they get ready, from the first one or after a place. Where to go on says `next`,
    /// null at the end.
    #[method(name = "assay_pendingSlashes", blocking)]
    fn pending_slashes(
        &self,
        owner: Option<Owner>,
        after: Option<After>,
        limit: Limit,
    ) -> RpcResult<PendingSlashes>;
}

/// Answer of `assay_ledger`.
#[derive(Clone, Debug, Serialize)]
pub struct Ledger {
    validator: Stake,
    provider: Stake,
    /// Sum of the locks on the bond as a provider.
    locked: Planck,
    /// What of the bond as a provider is not locked, what is on its way out included.
    available: Planck,
    /// The account that works for the provider.
    worker: Option<String>,
    status: Status,
}

/// A bond in one role.
#[derive(Clone, Debug, Serialize)]
pub struct Stake {
    /// What counts in elections and in draws.
    active: Planck,
    /// What is on its way out, the earliest first.
    unbonding: Vec<Chunk>,
    /// How many slashes wait for it.
    accused: u32,
}

/// A part of a bond on its way out.
#[derive(Clone, Debug, Serialize)]
pub struct Chunk {
    amount: Planck,
    /// From which block of the market clock on it can be withdrawn.
    at: BlockNumber,
}

/// What an owner is to the validator set.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Whether it has session keys.
    has_keys: bool,
    /// Whether it stands in elections.
    candidate: bool,
    /// Whether it validates in the next session.
    queued: bool,
    /// Whether it validates in this session.
    active: bool,
}

impl From<bonds::Ledger> for Ledger {
    fn from(ledger: bonds::Ledger) -> Self {
        Self {
            validator: ledger.validator.into(),
            provider: ledger.provider.into(),
            locked: Planck(ledger.locked),
            available: Planck(ledger.available),
            worker: ledger.worker.as_ref().map(address),
            status: ledger.status.into(),
        }
    }
}

impl From<bonds::Stake> for Stake {
    fn from(stake: bonds::Stake) -> Self {
        let chunk = |chunk: bonds::Chunk| Chunk { amount: Planck(chunk.value), at: chunk.at };
        Self {
            active: Planck(stake.active),
            unbonding: stake.unbonding.into_iter().map(chunk).collect(),
            accused: stake.accused,
        }
    }
}

impl From<bonds::ValidatorStatus> for Status {
    fn from(status: bonds::ValidatorStatus) -> Self {
        Self {
            has_keys: status.has_keys,
            candidate: status.candidate,
            queued: status.queued,
            active: status.active,
        }
    }
}

/// Answer of `assay_locks`.
#[derive(Clone, Debug, Serialize)]
pub struct Locks {
    items: Vec<Lock>,
    /// The id from which on to ask for the rest.
    next: Option<LockId>,
}

/// Collateral locked for one seat of a job.
#[derive(Clone, Debug, Serialize)]
pub struct Lock {
    id: LockId,
    amount: Planck,
    /// Whether a slash waits for it.
    accused: bool,
}

impl From<bonds::Locks> for Locks {
    fn from(locks: bonds::Locks) -> Self {
        let lock = |(id, lock): (LockId, bonds::Lock)| Lock {
            id,
            amount: Planck(lock.amount),
            accused: lock.accused,
        };
        Self { items: locks.items.into_iter().map(lock).collect(), next: locks.next }
    }
}

/// An owner that stands in elections.
#[derive(Clone, Debug, Serialize)]
pub struct Candidate {
    address: String,
    bond: Planck,
}

impl From<bonds::Candidate> for Candidate {
    fn from(candidate: bonds::Candidate) -> Self {
        Self { address: address(&candidate.owner), bond: Planck(candidate.bond) }
    }
}

/// A validator of the current session.
#[derive(Clone, Debug, Serialize)]
pub struct Validator {
    address: String,
    /// What it had at stake when the set was elected.
    bond: Planck,
    /// Whether it neither authors nor votes, because it was found out.
    disabled: bool,
}

impl From<bonds::Validator> for Validator {
    fn from(validator: bonds::Validator) -> Self {
        Self {
            address: address(&validator.owner),
            bond: Planck(validator.bond),
            disabled: validator.disabled,
        }
    }
}

/// Answer of `assay_pendingSlashes`.
#[derive(Clone, Debug, Serialize)]
pub struct PendingSlashes {
    items: Vec<Slash>,
    /// The place after which to ask for the rest.
    next: Option<Place>,
}

impl PendingSlashes {
    /// At most `limit` of the slashes found, which have to be one more where there are more.
    fn of(mut found: Vec<(SlashId, bonds::Slash)>, Limit(limit): Limit) -> Self {
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let last = found.last().filter(|_| more);
        let next = last.map(|(id, slash)| Place { ready: slash.ready(), id: *id });
        Self { items: found.into_iter().map(Into::into).collect(), next }
    }
}

/// A slash that waits. Blocks are those of the market clock.
#[derive(Clone, Debug, Serialize)]
pub struct Slash {
    id: SlashId,
    owner: String,
    /// `validator` or `provider`.
    role: &'static str,
    /// `equivocation`, `noShow`, `wrongResult` or `withheldReveal`.
    kind: &'static str,
    /// What is taken at most.
    amount: Planck,
    /// Who gets a share of it.
    reporter: Option<String>,
    /// The end of its window.
    due: BlockNumber,
    /// When it can be applied: when it is due, or where an appeal has suspended it, when that ends.
    ready: BlockNumber,
    /// `waiting` or `suspended`.
    state: &'static str,
    #[serde(flatten)]
    subject: Subject,
}

/// What a fault is about.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Subject {
    /// A validator's in a session, and the era of that session.
    Session { session: u32, era: u32 },
    /// A provider's in a seat, by the lock for that seat.
    Seat { lock: LockId },
}

impl From<(SlashId, bonds::Slash)> for Slash {
    fn from((id, slash): (SlashId, bonds::Slash)) -> Self {
        Self {
            id,
            owner: address(&slash.owner),
            role: role(slash.role()),
            kind: kind(slash.kind),
            amount: Planck(slash.amount),
            reporter: slash.reporter.as_ref().map(address),
            due: slash.due,
            ready: slash.ready(),
            state: state(slash.state),
            subject: slash.subject.into(),
        }
    }
}

impl From<bonds::Subject> for Subject {
    fn from(subject: bonds::Subject) -> Self {
        match subject {
            bonds::Subject::Session { session, era, .. } => Self::Session { session, era },
            bonds::Subject::Seat { lock } => Self::Seat { lock },
        }
    }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Validator => "validator",
        Role::Provider => "provider",
    }
}

fn kind(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Equivocation => "equivocation",
        FaultKind::NoShow => "noShow",
        FaultKind::WrongResult => "wrongResult",
        FaultKind::WithheldReveal => "withheldReveal",
    }
}

fn state(state: State<BlockNumber>) -> &'static str {
    match state {
        State::Waiting => "waiting",
        State::Suspended { .. } => "suspended",
    }
}

/// Answers from the chain.
pub struct Bonds {
    client: Arc<FullClient>,
}

impl Bonds {
    /// Answers from this client.
    pub fn new(client: Arc<FullClient>) -> Self {
        Self { client }
    }

    fn best(&self) -> Hash {
        self.client.info().best_hash
    }
}

impl BondsRpcServer for Bonds {
    fn ledger(&self, Owner(owner): Owner) -> RpcResult<Option<Ledger>> {
        let ledger = self.client.runtime_api().ledger(self.best(), owner).map_err(failed)?;
        Ok(ledger.map(Into::into))
    }

    fn locks(&self, Owner(owner): Owner, FirstLock(from): FirstLock, limit: Limit) -> RpcResult<Locks> {
        let locks = self.client.runtime_api().locks(self.best(), owner, from, limit.0).map_err(failed)?;
        Ok(locks.into())
    }

    fn candidates(&self, start: Start, limit: Limit) -> RpcResult<Page<Candidate>> {
        let candidates = self.client.runtime_api().candidates(self.best()).map_err(failed)?;
        Ok(Page::of(candidates, start, limit))
    }

    fn validators(&self, start: Start, limit: Limit) -> RpcResult<Page<Validator>> {
        let validators = self.client.runtime_api().validators(self.best()).map_err(failed)?;
        Ok(Page::of(validators, start, limit))
    }

    fn pending_slashes(
        &self,
        owner: Option<Owner>,
        after: Option<After>,
        limit: Limit,
    ) -> RpcResult<PendingSlashes> {
        let owner = owner.map(|Owner(owner)| owner);
        let after = after.map(|After(place)| (place.ready, place.id));
        let one_more = limit.0 + 1;
        let api = self.client.runtime_api();
        let found = api.pending_slashes(self.best(), owner, after, one_more).map_err(failed)?;
        Ok(PendingSlashes::of(found, limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_runtime::{token::ASY, AccountId};
    use serde_json::{json, to_value};
    use sp_keyring::Sr25519Keyring::{Alice, Bob};
    use sp_runtime::Perbill;

    const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
    const BOB: &str = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";

    fn alice() -> AccountId {
        Alice.to_account_id()
    }

    #[test]
    fn a_ledger_is_told_with_what_leaves_and_what_the_owner_is() {
        let nothing = bonds::Stake { active: 0, unbonding: vec![], accused: 0 };
        let ledger = bonds::Ledger {
            validator: bonds::Stake {
                active: 2_000_000 * ASY,
                unbonding: vec![bonds::Chunk { value: 5, at: 120 }],
                accused: 1,
            },
            provider: nothing,
            locked: 3,
            available: 4,
            worker: Some(Bob.to_account_id()),
            status: bonds::ValidatorStatus {
                bond: 2_000_000 * ASY,
                has_keys: true,
                candidate: false,
                queued: true,
                active: false,
            },
        };
        let expected = json!({
            "validator": {
                "active": "2000000000000000000",
                "unbonding": [{ "amount": "5", "at": 120 }],
                "accused": 1,
            },
            "provider": { "active": "0", "unbonding": [], "accused": 0 },
            "locked": "3",
            "available": "4",
            "worker": BOB,
            "status": { "hasKeys": true, "candidate": false, "queued": true, "active": false },
        });
        assert_eq!(to_value(Ledger::from(ledger)).unwrap(), expected);
    }

    #[test]
    fn locks_are_told_by_id_and_where_they_go_on() {
        let lock = bonds::Lock { owner: alice(), amount: ASY, accused: true };
        let locks = bonds::Locks { items: vec![(7, lock)], next: Some(1_000) };
        let expected = json!({
            "items": [{ "id": 7, "amount": "1000000000000", "accused": true }],
            "next": 1_000,
        });
        assert_eq!(to_value(Locks::from(locks)).unwrap(), expected);
        let end = Locks::from(bonds::Locks { items: vec![], next: None });
        assert_eq!(to_value(end).unwrap(), json!({ "items": [], "next": null }));
    }

    #[test]
    fn candidates_and_validators_are_told_by_page() {
        let candidate = |bond| bonds::Candidate { owner: alice(), bond };
        let page: Page<Candidate> =
            Page::of(vec![candidate(3), candidate(2), candidate(1)], Start(1), Limit(1));
        let expected = json!({ "total": 3, "items": [{ "address": ALICE, "bond": "2" }] });
        assert_eq!(to_value(page).unwrap(), expected);

        let validators = vec![bonds::Validator { owner: alice(), bond: 9, disabled: true }];
        let page: Page<Validator> = Page::of(validators, Start(0), Limit(100));
        let expected = json!({ "total": 1, "items": [{ "address": ALICE, "bond": "9", "disabled": true }] });
        assert_eq!(to_value(page).unwrap(), expected);
    }

    fn equivocation() -> bonds::Slash {
        bonds::Slash {
            owner: alice(),
            kind: FaultKind::Equivocation,
            subject: bonds::Subject::Session { session: 13, era: 2, fraction: Perbill::from_percent(50) },
            amount: ASY,
            reporter: Some(Bob.to_account_id()),
            due: 40,
            state: State::Waiting,
        }
    }

    #[test]
    fn slashes_are_told_with_what_they_are_about() {
        let expected = json!({
            "id": 3,
            "owner": ALICE,
            "role": "validator",
            "kind": "equivocation",
            "amount": "1000000000000",
            "reporter": BOB,
            "due": 40,
            "ready": 40,
            "state": "waiting",
            "session": 13,
            "era": 2,
        });
        assert_eq!(to_value(Slash::from((3, equivocation()))).unwrap(), expected);

        let no_show = bonds::Slash {
            kind: FaultKind::NoShow,
            subject: bonds::Subject::Seat { lock: 7 },
            reporter: None,
            state: State::Suspended { until: 90 },
            ..equivocation()
        };
        let expected = json!({
            "id": 4,
            "owner": ALICE,
            "role": "provider",
            "kind": "noShow",
            "amount": "1000000000000",
            "reporter": null,
            "due": 40,
            "ready": 90,
            "state": "suspended",
            "lock": 7,
        });
        assert_eq!(to_value(Slash::from((4, no_show))).unwrap(), expected);
    }

    #[test]
    fn kinds_of_faults_have_names_of_their_own() {
        let kinds = [FaultKind::NoShow, FaultKind::WrongResult, FaultKind::WithheldReveal].map(kind);
        assert_eq!(kinds, ["noShow", "wrongResult", "withheldReveal"]);
    }

    #[test]
    fn slashes_go_on_after_the_last_one_told_and_end() {
        let found: Vec<_> = (0..3).map(|id| (id, equivocation())).collect();
        let page = to_value(PendingSlashes::of(found.clone(), Limit(2))).unwrap();
        assert_eq!(page["items"].as_array().unwrap().len(), 2);
        assert_eq!(page["next"], json!({ "ready": 40, "id": 1 }));
        let page = to_value(PendingSlashes::of(found, Limit(3))).unwrap();
        assert_eq!(page["items"].as_array().unwrap().len(), 3);
        assert_eq!(page["next"], json!(null));
    }
}
