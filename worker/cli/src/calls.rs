//! The transactions that verbs send. The compiler sees a call that the chain does not have.

use assay_chain::{
    governance::pallet_assay_rewards::Call as Rewards, AccountId, Balance, RuntimeCall, RuntimeEvent,
};
use assay_primitives::{BlobRef, Digest, Endpoint, JobId, JobSpec, ListedVersion, ListingId, Role};
use assay_runtime::{opaque::SessionKeys, Address};
use pallet_assay_jobs::Call as Jobs;
use pallet_assay_providers::{Call as Providers, Terms};
use pallet_assay_registry::{Call as Registry, Kind, Licence};
use pallet_assay_staking::Call as Staking;
use pallet_balances::Call as Balances;
use pallet_utility::Call as Utility;
use sp_runtime::Perbill;

/// Several calls that are made together, or not at all; a single one by itself.
pub fn all(mut calls: Vec<RuntimeCall>) -> RuntimeCall {
    match calls.len() {
        1 => calls.remove(0),
        _ => RuntimeCall::Utility(Utility::batch_all { calls }),
    }
}

/// Pays an account, and keeps one's own.
pub fn transfer(to: AccountId, value: Balance) -> RuntimeCall {
    RuntimeCall::Balances(Balances::transfer_keep_alive { dest: Address::Id(to), value })
}

/// Bonds an amount where nothing is bonded.
pub fn bond(role: Role, amount: Balance) -> RuntimeCall {
    RuntimeCall::Staking(Staking::bond { role, amount })
}

/// Adds to a bond.
pub fn bond_extra(role: Role, amount: Balance) -> RuntimeCall {
    RuntimeCall::Staking(Staking::bond_extra { role, amount })
}

/// Puts an amount on its way out.
pub fn unbond(role: Role, amount: Balance) -> RuntimeCall {
    RuntimeCall::Staking(Staking::unbond { role, amount })
}

/// Takes an amount back that is on its way out.
pub fn rebond(role: Role, amount: Balance) -> RuntimeCall {
    RuntimeCall::Staking(Staking::rebond { role, amount })
}

/// Frees what has been on its way out for long enough.
pub fn withdraw(role: Role) -> RuntimeCall {
    RuntimeCall::Staking(Staking::withdraw { role })
}

/// Stands in elections.
pub fn validate() -> RuntimeCall {
    RuntimeCall::Staking(Staking::validate {})
}

/// Stands in elections no more.
pub fn chill() -> RuntimeCall {
    RuntimeCall::Staking(Staking::chill {})
}

/// Registers the session keys of a validator's node.
pub fn set_keys(keys: SessionKeys, proof: Vec<u8>) -> RuntimeCall {
    RuntimeCall::Staking(Staking::set_keys { keys, proof })
}

/// Removes session keys.
pub fn purge_keys() -> RuntimeCall {
    RuntimeCall::Staking(Staking::purge_keys {})
}

/// Pays a page of an era's validators what they have earned.
pub fn claim(era: u32, page: u32) -> RuntimeCall {
    RuntimeCall::Rewards(Rewards::claim { era, page })
}

/// Names the account that works for a provider.
pub fn set_worker(worker: AccountId) -> RuntimeCall {
    RuntimeCall::Staking(Staking::set_worker { worker: Some(worker) })
}

/// Offers to compute.
pub fn register(terms: Terms) -> RuntimeCall {
    let Terms { machine, reserve, capacity } = terms;
    RuntimeCall::Providers(Providers::register { machine, reserve, capacity })
}

/// Offers something else.
pub fn update(terms: Terms) -> RuntimeCall {
    let Terms { machine, reserve, capacity } = terms;
    RuntimeCall::Providers(Providers::update { machine, reserve, capacity })
}

/// Offers nothing any more.
pub fn retire() -> RuntimeCall {
    RuntimeCall::Providers(Providers::retire {})
}

/// Leaves jail after one's term.
pub fn release() -> RuntimeCall {
    RuntimeCall::Providers(Providers::release {})
}

/// Says where one's blobs are served.
pub fn set_endpoint(endpoint: Endpoint) -> RuntimeCall {
    RuntimeCall::Providers(Providers::set_endpoint { endpoint: Some(endpoint) })
}

/// Posts a job, whose content is served at `source`.
pub fn post(spec: JobSpec, source: Option<Endpoint>) -> RuntimeCall {
    RuntimeCall::Jobs(Jobs::post { spec: Box::new(spec), source })
}

/// Cancels a job.
pub fn cancel(id: JobId) -> RuntimeCall {
    RuntimeCall::Jobs(Jobs::cancel { id })
}

/// Lists a program.
pub fn list(root: Digest, blob: BlobRef, licence: Licence, royalty: Perbill) -> RuntimeCall {
    RuntimeCall::Registry(Registry::list { kind: Kind::Program, root, blob, licence, royalty })
}

/// Adds a version to a listing.
pub fn add_version(listing: ListingId, root: Digest, blob: BlobRef, royalty: Perbill) -> RuntimeCall {
    RuntimeCall::Registry(Registry::add_version { listing, root, blob, royalty })
}

/// The version that a listing's transaction made.
pub fn added_version(events: &[RuntimeEvent]) -> Option<ListedVersion> {
    events.iter().find_map(|event| match event {
        RuntimeEvent::Registry(pallet_assay_registry::Event::VersionAdded { version, .. }) => Some(*version),
        _ => None,
    })
}

/// The job that a transaction posted.
pub fn posted_job(events: &[RuntimeEvent]) -> Option<JobId> {
    events.iter().find_map(|event| match event {
        RuntimeEvent::Jobs(pallet_assay_jobs::Event::Posted { id, .. }) => Some(*id),
        _ => None,
    })
}

/// What a call is called on the chain, as `pallet.call`.
pub fn name(call: &RuntimeCall) -> String {
    use frame_support::traits::GetCallMetadata;
    let metadata = call.get_call_metadata();
    format!("{}.{}", metadata.pallet_name, metadata.function_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_transaction_made_is_found_among_its_events() {
        let version = ListedVersion { listing: 3, version: 1 };
        let blob = BlobRef { blake3: [1; 32], size: 1 };
        let added = pallet_assay_registry::Event::VersionAdded {
            version,
            root: [0; 32],
            blob,
            royalty: Perbill::zero(),
        };
        let pruned = pallet_assay_jobs::Event::Pruned { id: 9 };
        let events = [RuntimeEvent::Jobs(pruned), RuntimeEvent::Registry(added)];
        assert_eq!(added_version(&events), Some(version));
        assert_eq!(posted_job(&events), None);
    }

    #[test]
    fn calls_have_the_chains_names() {
        assert_eq!(name(&retire()), "Providers.retire");
        assert_eq!(name(&release()), "Providers.release");
        assert_eq!(name(&all(vec![retire(), retire()])), "Utility.batch_all");
        assert_eq!(all(vec![retire()]), retire());
    }
}
