//! Providers, listings and jobs, as verification and jobs find them.

use crate::{configs::ExistentialDeposit, *};
use alloc::vec::Vec;
use assay_primitives::{
    BlobRef, Escrow as EscrowOf, JobClass, JobId, JobSpec, ListedVersion, Machine, PendingDraws,
    ProviderBond, Verification as VerificationOf,
};
use frame_support::{
    assert_ok,
    traits::fungible::{Mutate, MutateHold},
};
use pallet_assay_jobs::{Job, Jobs as OpenJobs, JobsOf, NextJob};
use pallet_assay_registry::Kind;
use pallet_assay_staking::{HoldReason, Ledgers};
use sp_runtime::{traits::BlockNumberProvider, Perbill};

/// The first machine of the preset.
const MACHINE: Machine = Machine { hardware: 0, memory: 0 };

/// Root of the listed program.
const PROGRAM: [u8; 32] = [1; 32];

/// Providers that a job can be drawn for.
const PROVIDERS: u32 = 32;

/// The market of a preset, with providers, a listing and jobs as they are asked for.
pub struct Market;

fn funded(name: &'static str, index: u32) -> AccountId {
    let account: AccountId = frame_benchmarking::account(name, index, 0);
    assert_ok!(Balances::mint_into(&account, 10_000_000 * token::ASY));
    account
}

fn bond(owner: &AccountId, amount: Balance) {
    let before = <Staking as ProviderBond<AccountId>>::active(owner);
    let reason = HoldReason::ProviderBond.into();
    if amount > before {
        let more = amount.saturating_sub(before);
        assert_ok!(Balances::mint_into(owner, more.saturating_add(ExistentialDeposit::get())));
        assert_ok!(Balances::hold(&reason, owner, more));
    } else {
        let less = before.saturating_sub(amount);
        assert_ok!(Balances::release(&reason, owner, less, frame_support::traits::tokens::Precision::Exact));
    }
    if amount == 0 {
        Ledgers::<Runtime>::remove(owner);
    } else {
        Ledgers::<Runtime>::mutate(owner, |ledger| {
            ledger.get_or_insert_with(Default::default).provider.active = amount;
        });
    }
}

/// A provider in the tree, its registration applied. It has room for one seat, so that getting it empties its leaf.
fn provider(index: u32) -> AccountId {
    let owner = funded("provider", index);
    if Providers::provider(owner.clone()).is_some() {
        return owner;
    }
    bond(&owner, 1_000_000 * token::ASY);
    assert_ok!(Providers::register(RuntimeOrigin::signed(owner.clone()), MACHINE, 1, 1));
    assert!(Verification::oldest().is_none(), "no draw holds the registration up");
    let delay = Providers::params().change_delay;
    System::set_block_number(System::block_number().saturating_add(delay).saturating_add(1));
    assert_ok!(Providers::apply(RuntimeOrigin::signed(owner.clone()), 1));
    owner
}

fn set_vrfs(after: u32, until: u32) {
    for block in after.saturating_add(1)..=until {
        pallet_clock::BlockVrfs::<Runtime>::insert(block, [block.to_le_bytes()[0]; 32]);
    }
    System::set_block_number(until.saturating_add(1));
}

/// The first version of a listing of the program.
fn listed() -> ListedVersion {
    let blob = BlobRef { blake3: [2; 32], size: 1_000 };
    Registry::listed(PROGRAM).unwrap_or_else(|| {
        let owner = funded("lister", 0);
        let (licence, royalty) =
            (b"Apache-2.0".to_vec().try_into().expect("it is short"), Perbill::from_percent(30));
        assert_ok!(Registry::list(
            RuntimeOrigin::signed(owner),
            Kind::Program,
            PROGRAM,
            blob,
            licence,
            royalty
        ));
        Registry::listed(PROGRAM).expect("it was listed")
    })
}

fn spec() -> JobSpec {
    let blob = BlobRef { blake3: [2; 32], size: 1_000 };
    JobSpec {
        class: JobClass::ExactV1,
        program: PROGRAM,
        program_blob: blob,
        input: [3; 32],
        input_blob: blob,
        output_bytes: 1_000,
        seed: [4; 32],
        units: 1_000,
        machine: MACHINE,
        price_cap: token::ASY / 1_000,
        deadline: pallet_clock::MarketClock::<Runtime>::current_block_number().saturating_add(10_000),
        listing: Some(listed()),
    }
}

impl pallet_assay_providers::BenchmarkHelper<AccountId> for Market {
    fn bond(owner: &AccountId, amount: Balance) {
        bond(owner, amount);
    }
}

impl pallet_assay_verification::BenchmarkHelper<AccountId> for Market {
    fn machine() -> Machine {
        MACHINE
    }

    fn provider(index: u32) -> AccountId {
        provider(index)
    }

    fn set_vrfs(after: u32, until: u32) {
        set_vrfs(after, until);
    }

    fn job(job: JobId, requester: &AccountId) {
        assert_ok!(Balances::mint_into(requester, 1_000 * token::ASY));
        let (version, policy) = <Verification as VerificationOf<AccountId>>::policy(JobClass::ExactV1)
            .expect("the preset has one");
        let spec = JobSpec { price_cap: 100, listing: None, ..spec() };
        let hold =
            assay_rules::settlement::hold(spec.units, spec.price_cap, &policy, None).expect("little money");
        let total = hold.total().expect("little money");
        let posted = pallet_clock::MarketClock::<Runtime>::current_block_number();
        let expires = spec.deadline.saturating_mul(2);
        assert_ok!(<Escrow as EscrowOf<AccountId>>::open(job, requester, total, expires));
        let requester = requester.clone();
        let job_of =
            Job { requester: requester.clone(), spec, policy: version, royalty: None, hold, posted, expires };
        OpenJobs::<Runtime>::insert(job, job_of);
        JobsOf::<Runtime>::insert(requester, job.to_be_bytes(), ());
        NextJob::<Runtime>::put(job.saturating_add(1));
    }
}

impl pallet_assay_jobs::BenchmarkHelper<AccountId> for Market {
    fn requester() -> AccountId {
        funded("requester", 0)
    }

    fn spec() -> JobSpec {
        let _: Vec<_> = (0..PROVIDERS).map(provider).collect();
        spec()
    }

    fn draw(_: JobId) {
        let due = Verification::oldest().expect("its first draw is due");
        set_vrfs(due, due.saturating_add(64));
        assert_ok!(Verification::advance(RuntimeOrigin::signed(funded("anyone", 0)), 1));
    }
}
