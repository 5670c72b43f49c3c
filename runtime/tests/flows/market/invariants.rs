//! What no pallet of the market can see alone.

use assay_primitives::{JobId, LockId};
use assay_runtime::{AccountId, Runtime};
use pallet_assay_escrow::Escrows;
use pallet_assay_jobs::{Jobs, Record};
use pallet_assay_providers::Providers;
use pallet_assay_slashing::Pending;
use pallet_assay_staking::{Accused, Ledgers};
use pallet_assay_verification::{Cases, Deadlines, Stage};
use sp_runtime::traits::BlockNumberProvider;
use std::collections::{BTreeMap, BTreeSet};

/// Jobs, escrows, cases and the places of providers are those of each other.
pub fn check() {
    check_jobs();
    check_places();
}

/// Each job that is open is being verified, and its money is in escrow, unless that has expired; nothing else is.
fn check_jobs() {
    let now = pallet_clock::MarketClock::<Runtime>::current_block_number();
    let cases: BTreeSet<JobId> = Cases::<Runtime>::iter_keys().collect();
    let open = |(id, record): (JobId, Record<AccountId>)| record.open().map(|job| (id, job));
    let jobs: BTreeMap<JobId, _> = Jobs::<Runtime>::iter().filter_map(open).collect();
    assert!(cases.iter().eq(jobs.keys()), "{cases:?} are verified");
    let escrows: BTreeMap<JobId, _> = Escrows::<Runtime>::iter().collect();
    for (id, funds) in &escrows {
        let job = jobs.get(id).expect("what is in escrow is for a job that is open");
        assert_eq!(funds.requester, job.requester, "the requester of job {id} pays for it");
    }
    for (id, job) in jobs {
        assert!(escrows.contains_key(&id) || job.expires < now, "nothing is in escrow for job {id}");
    }
}

/// Each provider has a place in exactly the jobs in which it has a seat that is not over.
fn check_places() {
    let mut seated = BTreeSet::<(AccountId, JobId)>::new();
    for (job, case) in Cases::<Runtime>::iter() {
        let stays = case.seats.into_iter().filter(|seat| seat.is_open() || seat.stage == Stage::Declined);
        seated.extend(stays.map(|seat| (seat.owner, job)));
    }
    let mut places = BTreeSet::<(AccountId, JobId)>::new();
    for (owner, provider) in Providers::<Runtime>::iter() {
        places.extend(provider.open.into_iter().map(|job| (owner.clone(), job)));
    }
    assert_eq!(places, seated);
}

/// Collateral is locked for seats that are open and for slashes that wait, and for nothing else.
pub fn check_locks() {
    let mut due = BTreeMap::<LockId, (AccountId, bool)>::new();
    for case in Cases::<Runtime>::iter_values() {
        let open = case.seats.into_iter().filter(|seat| seat.is_open());
        due.extend(open.map(|seat| (seat.lock, (seat.owner, false))));
    }
    for slash in Pending::<Runtime>::iter_values() {
        if let Some(lock) = slash.lock() {
            assert_eq!(due.insert(lock, (slash.owner, true)), None, "a seat is open whose lock a slash has");
        }
    }
    assert_eq!(locks(), due);
}

/// Whose each lock is, and whether a slash has it.
fn locks() -> BTreeMap<LockId, (AccountId, bool)> {
    let mut locks = BTreeMap::new();
    for (owner, ledger) in Ledgers::<Runtime>::iter() {
        locks.extend(ledger.locks.into_iter().map(|lock| (lock.id, (owner.clone(), false))));
    }
    locks.extend(Accused::<Runtime>::iter().map(|(owner, id, _)| (id, (owner, true))));
    locks
}

/// All jobs have ended and all slashes are over: nothing is left of either.
pub fn check_nothing_is_left() {
    assert_eq!(Cases::<Runtime>::iter_keys().count(), 0, "jobs are being verified");
    assert_eq!(Deadlines::<Runtime>::iter_keys().count(), 0, "deadlines wait");
    assert_eq!(Escrows::<Runtime>::iter_keys().count(), 0, "money is in escrow");
    assert_eq!(Pending::<Runtime>::iter_keys().count(), 0, "slashes wait");
    assert!(locks().is_empty(), "collateral is locked");
    check();
}
