//! The worker's transactions.

use assay_chain::{AccountId, ChainClient, RuntimeCall, Submitter, Wait};
use assay_core::{Call, Event};
use assay_primitives::{Claim, InlineOutput};
use assay_rules::trace::Opening;
use assay_store::Permit;
use pallet_assay_providers::Call as Providers;
use pallet_assay_verification::Call as Verification;

use super::metrics::Metrics;
use super::place::Place;

/// Commits. There is no commitment but one that the guard has stored.
pub fn commit(place: &Place, permit: &Permit) -> RuntimeCall {
    let (job, seat) = (place.job(), place.index());
    RuntimeCall::Verification(Verification::commit {
        job,
        seat,
        spec: place.spec(),
        commitment: *permit.commitment(),
    })
}

/// Reveals what was committed to, with a small result itself and the leaves that were drawn.
pub fn reveal(
    place: &Place,
    permit: &Permit,
    output: Option<InlineOutput>,
    opening: Option<Opening>,
) -> RuntimeCall {
    let (job, seat, sealed) = (place.job(), place.index(), permit.sealed());
    let (claim, salt): (Claim, _) = (sealed.claim, sealed.salt);
    RuntimeCall::Verification(Verification::reveal { job, seat, claim, salt, output, opening })
}

/// Gives a seat back.
pub fn decline(place: &Place) -> RuntimeCall {
    RuntimeCall::Verification(Verification::decline {
        job: place.job(),
        seat: place.index(),
        spec: place.spec(),
    })
}

/// Gives a sign of life after a no-show.
pub fn heartbeat(owner: AccountId) -> RuntimeCall {
    RuntimeCall::Providers(Providers::heartbeat { owner })
}

/// Sends a seat's transaction, and waits until the best chain has it.
pub async fn send<C: ChainClient>(
    submitter: &Submitter<C>,
    metrics: &Metrics,
    place: &Place,
    call: Call,
    transaction: RuntimeCall,
) -> Event {
    let (job, seat) = (place.job(), place.index());
    let sent = submitter.send(transaction, Wait::Best).await;
    metrics.sent(name(call), sent.is_ok());
    match sent {
        Ok(included) => {
            let block = included.block.number;
            tracing::info!(job, seat, call = name(call), block, "transaction included");
            Event::Included { call, block }
        }
        Err(error) => {
            tracing::warn!(job, seat, call = name(call), %error, "transaction failed");
            Event::NotSent(call)
        }
    }
}

/// A call in lower case.
pub fn name(call: Call) -> &'static str {
    match call {
        Call::Commit => "commit",
        Call::Reveal => "reveal",
        Call::Decline => "decline",
    }
}
