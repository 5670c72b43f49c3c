//! What a client asks to learn what a job would cost, where jobs stand, who computes and on which terms: the runtime
//! API behind `assay_estimate`, `assay_job`, `assay_jobs`, `assay_seats`, `assay_receipt`, `assay_machines`,
//! `assay_provider`, `assay_listing`, `assay_policy` and the subscription `assay_subscribeAssignments`.
//!
//! It tells what the pallets' view functions tell, and puts together what a client would otherwise ask for piece by
//! piece, from one block.

use crate::{AccountId, AllPalletsWithSystem, Balance, Jobs, Providers, Registry, Staking, Verification};
use alloc::{boxed::Box, string::String, vec::Vec};
pub use assay_primitives::{
    BlobRef, Claim, Digest, JobClass, JobId, JobSpec, ListedVersion, ListingId, LockId, Machine, MarketBlock,
    Outcome, Policy,
};
pub use assay_rules::{price::PriceRule, settlement::Hold};
use codec::{Decode, Encode};
use frame_support::traits::PalletsInfoAccess;
pub use pallet_assay_jobs::{Estimate as Cost, Status};
use pallet_assay_providers::MAX_MACHINES;
pub use pallet_assay_providers::{Change, Liquidity, MachineEntry, Pending, Provider, State, Terms};
pub use pallet_assay_registry::{DelistedBy, Kind, State as ListingState, Version};
pub use pallet_assay_verification::{Phase, Round, Stage};
use scale_info::TypeInfo;
use sp_runtime::{DispatchError, ModuleError};

/// The most versions of a listing that one answer has.
pub const MAX_VERSIONS: u32 = 100;

/// A job as it was posted.
pub type PostedJob = pallet_assay_jobs::Job<AccountId>;

/// What is left of a job that has ended.
pub type Receipt = pallet_assay_jobs::Receipt<AccountId>;

/// A job that is being verified.
pub type Case = pallet_assay_verification::Case<AccountId>;

/// A provider's part in a job.
pub type Seat = pallet_assay_verification::Seat<AccountId>;

/// A provider's seat and where the case is.
pub type SeatView = pallet_assay_verification::SeatView<AccountId>;

/// Who gets a royalty.
pub type Royalty = assay_primitives::Royalty<AccountId>;

/// What a job would cost if it were posted now.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct Estimate {
    /// What it would cost, and on what terms.
    pub cost: Cost,
    /// The first deadline that it could have if it were posted in this block.
    pub earliest_deadline: MarketBlock,
}

impl Estimate {
    pub(crate) fn of(spec: JobSpec) -> Result<Self, Refusal> {
        let cost = Jobs::estimate(spec)?;
        // Without a policy there would be no estimate.
        let earliest = Verification::earliest_deadline(spec.class, spec.units);
        Ok(Self { cost, earliest_deadline: earliest.unwrap_or_default() })
    }
}

/// Why a job would be refused. An error by its name: where a runtime is asked from outside, only the numbers of errors
/// come through, which mean something else after an upgrade.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct Refusal {
    /// Whose error it is, as the runtime names its pallets; `None` for those that all share.
    pub pallet: Option<String>,
    /// What the error is called.
    pub error: String,
}

impl From<DispatchError> for Refusal {
    fn from(error: DispatchError) -> Self {
        let pallet = match error {
            DispatchError::Module(ModuleError { index, .. }) => {
                let mut pallets = AllPalletsWithSystem::infos().into_iter();
                pallets.find(|pallet| pallet.index == usize::from(index)).map(|pallet| pallet.name.into())
            }
            _ => None,
        };
        Self { pallet, error: <&'static str>::from(error).into() }
    }
}

/// Where a job stands.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub enum Job {
    /// There is no verdict yet.
    #[codec(index = 0)]
    Open(Box<OpenJob>),
    /// There is a verdict, and everybody was paid.
    #[codec(index = 1)]
    Ended(Box<Receipt>),
}

impl Job {
    /// `None` if it was never posted, or is pruned.
    pub(crate) fn of(id: JobId) -> Option<Self> {
        match Jobs::job(id) {
            // Each open job has a case.
            Some(job) => Some(Self::Open(Box::new(OpenJob { job, case: Verification::case(id)? }))),
            None => Jobs::receipt(id).map(|receipt| Self::Ended(Box::new(receipt))),
        }
    }
}

/// A job without a verdict.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct OpenJob {
    /// What was posted.
    pub job: PostedJob,
    /// How far its verification is, and who has a seat.
    pub case: Case,
}

/// A seat with what its worker needs to know.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct Assignment {
    /// The seat, and where the case is.
    pub seat: SeatView,
    /// What is to be computed.
    pub spec: JobSpec,
    /// Hash of the specification, as it is in the commitment.
    pub spec_hash: Digest,
    /// What a unit costs in one seat, in planck.
    pub price: Balance,
}

impl Assignment {
    fn of(seat: SeatView) -> Option<Self> {
        let (job, case) = (Jobs::job(seat.job)?, Verification::case(seat.job)?);
        Some(Self { seat, spec: job.spec, spec_hash: case.order.spec, price: case.price })
    }

    /// The seats of the provider that an account works for, or is.
    pub(crate) fn all(signer: AccountId) -> Vec<Self> {
        let owner = Staking::worker_owner(signer.clone()).unwrap_or(signer);
        let jobs = Providers::seats(owner.clone()).into_inner();
        Verification::seats_of(owner, jobs).into_iter().filter_map(Self::of).collect()
    }
}

/// URLs of servers that may have the content of a job: its requester's, then those of the providers that have had a seat,
/// as long as it is open; each once.
pub(crate) fn sources(id: JobId) -> Vec<Vec<u8>> {
    let seats = Verification::case(id).map(|case| case.seats.into_inner()).unwrap_or_default();
    let of_seats = seats.into_iter().filter_map(|seat| Providers::endpoint(seat.owner));
    let mut urls = Vec::new();
    for url in Jobs::source(id).into_iter().chain(of_seats) {
        let url = url.into_inner();
        if !urls.contains(&url) {
            urls.push(url);
        }
    }
    urls
}

/// A machine on the governed lists.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct MachineState {
    /// Which one.
    pub machine: Machine,
    /// What it is, and how its price moves.
    pub entry: MachineEntry,
    /// How much there is to be had on it.
    pub liquidity: Liquidity,
}

impl MachineState {
    /// Every machine on the lists.
    pub(crate) fn all() -> Vec<Self> {
        Providers::machines(0, MAX_MACHINES)
            .into_iter()
            .filter_map(|(machine, entry)| {
                Some(Self { machine, entry, liquidity: Providers::liquidity(machine)? })
            })
            .collect()
    }
}

/// What is listed.
pub type ListingEntry = pallet_assay_registry::Listing<AccountId>;

/// A listing with its newest versions.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct Listing {
    /// The listing.
    pub entry: ListingEntry,
    /// The last [`MAX_VERSIONS`] versions, by number.
    pub newest: Vec<(u32, Version)>,
}

impl Listing {
    pub(crate) fn of(id: ListingId) -> Option<Self> {
        let entry = Registry::listing(id)?;
        let first = entry.versions.saturating_sub(MAX_VERSIONS);
        Some(Self { entry, newest: Registry::versions(id, first, MAX_VERSIONS) })
    }
}

sp_api::decl_runtime_apis! {
    /// What jobs cost and where they stand, who computes and on which terms.
    pub trait MarketApi {
        /// What a job would cost if it were posted now, or why it would be refused. Looks neither at the requester's
        /// money nor at the deadline, nor at whether enough can compute it: the answer says how much weight can, and
        /// which deadline is the earliest.
        fn estimate(spec: JobSpec) -> Result<Estimate, Refusal>;

        /// Where a job stands, `None` if it was never posted, or is pruned.
        fn job(id: JobId) -> Option<Job>;

        /// The jobs of a requester that are open or have a receipt, oldest first: those after a number, at most `limit`
        /// and 1,000. To go on, give the number of the last one.
        fn jobs_of(requester: AccountId, after: Option<JobId>, limit: u32) -> Vec<(JobId, Status)>;

        /// The seats that a provider has, given by its own account or by its worker's. A seat that was missed or
        /// withheld, that another one has replaced, or whose job has ended, is none any more.
        fn seats(signer: AccountId) -> Vec<Assignment>;

        /// URLs of servers that may have the content of a job: its requester's, then those of the providers that have had
        /// a seat, as long as it is open.
        fn sources(id: JobId) -> Vec<Vec<u8>>;

        /// What is left of a job that has ended.
        fn receipt(id: JobId) -> Option<Receipt>;

        /// Every machine on the governed lists, with how much there is to be had on it.
        fn machines() -> Vec<MachineState>;

        /// A provider, with the change that waits.
        fn provider(owner: AccountId) -> Option<Provider>;

        /// A listing and its newest versions.
        fn listing(id: ListingId) -> Option<Listing>;

        /// The policy in force for a class, and its version.
        fn policy(class: JobClass) -> Option<(u32, Policy)>;
    }
}
