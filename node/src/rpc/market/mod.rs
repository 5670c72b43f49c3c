//! Our own methods about the market: what a job would cost, where jobs stand, who has which seats, who computes and on
//! which terms.

mod assignments;
mod job;
mod listing;
mod params;
mod seat;
mod spec;
mod terms;

use super::{
    answers::failed,
    params::{Limit, Owner},
};
use crate::service::{FullClient, Hash};
use assay_runtime::market::{MarketApi, Refusal};
pub use assignments::{Assignments, AssignmentsRpcServer};
use job::{Estimate, Job, Jobs, Receipt};
use jsonrpsee::{core::RpcResult, proc_macros::rpc, types::ErrorObjectOwned};
use listing::Listing;
use params::{Account, AfterJob, Class, Id, Worker};
use sc_client_api::HeaderBackend;
use seat::Assignment;
use serde::Serialize;
use sp_api::ProvideRuntimeApi;
use spec::GivenSpec;
use std::sync::Arc;
use terms::{MachineState, Policy, Provider};

/// Code of the error where the chain would refuse what is asked about: beyond the codes of the SDK's modules.
const REFUSED_CODE: i32 = 20_001;

/// The methods of the module `assay` about the market, as of the best block. All of them are safe to expose.
#[rpc(server)]
pub trait MarketRpc {
    /// What a job would cost if it were posted now. Looks neither at the requester's money nor at the deadline, nor at
    /// whether enough can compute it; says how much weight can, and which deadline is the earliest. Where the chain
    /// would refuse the job, an error of the code 20001, whose data names the pallet and its error.
    #[method(name = "assay_estimate", blocking)]
    fn estimate(&self, spec: GivenSpec) -> RpcResult<Estimate>;

    /// Where a job stands: open, with its phase and its seats, or ended, with its receipt; null if it was never posted,
    /// or its receipt is pruned.
    #[method(name = "assay_job", blocking)]
    fn job(&self, id: Id) -> RpcResult<Option<Job>>;

    /// The jobs of an account that are open or have a receipt: at most `limit` (1 to 100) of them, oldest first, from
    /// the first one or after another one. Where to go on says `next`, null at the end.
    #[method(name = "assay_jobs", blocking)]
    fn jobs(&self, account: Account, after: Option<AfterJob>, limit: Limit) -> RpcResult<Jobs>;

    /// The seats of a provider, given by its own address or its worker's, with all that a worker needs to know. A seat
    /// is there until its job ends, or the provider has missed it, withheld its reveal, or declined and been replaced.
    #[method(name = "assay_seats", blocking)]
    fn seats(&self, worker: Worker) -> RpcResult<Vec<Assignment>>;

    /// What is left of a job that has ended; null if there is no receipt of it.
    #[method(name = "assay_receipt", blocking)]
    fn receipt(&self, id: Id) -> RpcResult<Option<Receipt>>;

    /// URLs of servers that may have the program, the input and the result of a job: its requester's, then those of the
    /// providers that have had a seat, as long as it is open. What they serve has to be checked by its hash.
    #[method(name = "assay_sources", blocking)]
    fn sources(&self, id: Id) -> RpcResult<Vec<String>>;

    /// Every machine on the governed lists, 64 at most, with its price and its liquidity.
    #[method(name = "assay_machines", blocking)]
    fn machines(&self) -> RpcResult<Vec<MachineState>>;

    /// A provider: what it offers, how it is drawn, and which change waits; null if it is none.
    #[method(name = "assay_provider", blocking)]
    fn provider(&self, owner: Owner) -> RpcResult<Option<Provider>>;

    /// A listing with its last 100 versions; null if there is none of that number.
    #[method(name = "assay_listing", blocking)]
    fn listing(&self, id: Id) -> RpcResult<Option<Listing>>;

    /// The policy in force for a class of jobs, and its version; null if no job of the class can be posted.
    #[method(name = "assay_policy", blocking)]
    fn policy(&self, class: Class) -> RpcResult<Option<Policy>>;
}

/// Answers from the chain.
pub struct Market {
    client: Arc<FullClient>,
}

impl Market {
    /// Answers from this client.
    pub fn new(client: Arc<FullClient>) -> Self {
        Self { client }
    }

    fn best(&self) -> Hash {
        self.client.info().best_hash
    }
}

impl MarketRpcServer for Market {
    fn estimate(&self, GivenSpec(spec): GivenSpec) -> RpcResult<Estimate> {
        let estimate = self.client.runtime_api().estimate(self.best(), spec).map_err(failed)?;
        estimate.map(Into::into).map_err(refused)
    }

    fn job(&self, Id(id): Id) -> RpcResult<Option<Job>> {
        let job = self.client.runtime_api().job(self.best(), id).map_err(failed)?;
        Ok(job.map(|job| Job::new(id, job)))
    }

    fn jobs(&self, Account(account): Account, after: Option<AfterJob>, limit: Limit) -> RpcResult<Jobs> {
        let after = after.map(|AfterJob(id)| id);
        let one_more = limit.0 + 1;
        let api = self.client.runtime_api();
        let found = api.jobs_of(self.best(), account, after, one_more).map_err(failed)?;
        Ok(Jobs::of(found, limit))
    }

    fn seats(&self, Worker(worker): Worker) -> RpcResult<Vec<Assignment>> {
        let seats = self.client.runtime_api().seats(self.best(), worker).map_err(failed)?;
        Ok(seats.into_iter().map(Into::into).collect())
    }

    fn receipt(&self, Id(id): Id) -> RpcResult<Option<Receipt>> {
        let receipt = self.client.runtime_api().receipt(self.best(), id).map_err(failed)?;
        Ok(receipt.map(|receipt| Receipt::new(id, receipt)))
    }

    fn sources(&self, Id(id): Id) -> RpcResult<Vec<String>> {
        let urls = self.client.runtime_api().sources(self.best(), id).map_err(failed)?;
        // The chain takes visible ASCII only.
        Ok(urls.into_iter().map(|url| String::from_utf8_lossy(&url).into_owned()).collect())
    }

    fn machines(&self) -> RpcResult<Vec<MachineState>> {
        let machines = self.client.runtime_api().machines(self.best()).map_err(failed)?;
        Ok(machines.into_iter().map(Into::into).collect())
    }

    fn provider(&self, Owner(owner): Owner) -> RpcResult<Option<Provider>> {
        let provider = self.client.runtime_api().provider(self.best(), owner).map_err(failed)?;
        Ok(provider.map(Into::into))
    }

    fn listing(&self, Id(id): Id) -> RpcResult<Option<Listing>> {
        let listing = self.client.runtime_api().listing(self.best(), id).map_err(failed)?;
        Ok(listing.map(Into::into))
    }

    fn policy(&self, Class(class): Class) -> RpcResult<Option<Policy>> {
        let policy = self.client.runtime_api().policy(self.best(), class).map_err(failed)?;
        Ok(policy.map(|(version, policy)| Policy::new(version, policy)))
    }
}

/// Data of the error where the chain would refuse a job.
#[derive(Clone, Debug, Serialize)]
struct Refused {
    /// Whose error it is; null for one that all pallets share.
    pallet: Option<String>,
    error: String,
}

/// The answer where the chain would refuse what is asked about.
fn refused(Refusal { pallet, error }: Refusal) -> ErrorObjectOwned {
    let name = pallet.iter().chain([&error]).map(String::as_str).collect::<Vec<_>>().join(".");
    let message = format!("the chain would refuse it: {name}");
    ErrorObjectOwned::owned(REFUSED_CODE, message, Some(Refused { pallet, error }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(pallet: Option<&str>, error: &str) -> serde_json::Value {
        let refusal = Refusal { pallet: pallet.map(String::from), error: error.into() };
        serde_json::to_value(refused(refusal)).unwrap()
    }

    #[test]
    fn a_refusal_names_the_pallet_and_its_error() {
        let expected = json!({
            "code": 20001,
            "message": "the chain would refuse it: Jobs.NoUnits",
            "data": { "pallet": "Jobs", "error": "NoUnits" },
        });
        assert_eq!(told(Some("Jobs"), "NoUnits"), expected);
        let shared = told(None, "Resources exhausted");
        assert_eq!(shared["message"], "the chain would refuse it: Resources exhausted");
        assert_eq!(shared["data"], json!({ "pallet": null, "error": "Resources exhausted" }));
    }
}
