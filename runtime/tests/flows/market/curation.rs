//! What curators delist takes no new job, and the jobs that it has come to their end.

use super::{
    answer::Answer,
    books::Bill,
    harness::{on, post_call, Market},
    network,
    payees::list,
};
use assay_primitives::{JobClass, Outcome, Subject};
use assay_runtime::{OriginCaller, Runtime, RuntimeCall, RuntimeOrigin};
use pallet_assay_dao::{Call, DaoOrigin, Standing};
use sp_runtime::{traits::Dispatchable, DispatchError, DispatchResult, Perbill};

/// Curators say how something stands.
fn curate(market: &mut Market<'_>, subject: Subject, standing: Standing) -> DispatchResult {
    market.open();
    let call = RuntimeCall::from(Call::<Runtime>::curate { subject, standing, reason: [9; 32] });
    let curator: OriginCaller = DaoOrigin::Curator.into();
    let outcome = call.dispatch(RuntimeOrigin::from(curator));
    outcome.map(drop).map_err(|refused| refused.error)
}

#[test]
fn what_is_delisted_takes_no_new_job_until_it_is_opened_again_and_those_under_way_end() {
    on(|market| {
        let truth = Answer::run(1);
        let mut spec = market.spec();
        let listed = list(market, Perbill::from_percent(7));
        spec.listing = Some(listed);
        let job = market.post_spec(spec);

        let (class, machine) = (Subject::JobClass(JobClass::ExactV1), Subject::Machine(network::MACHINE));
        let listing = Subject::Listing(listed.listing);
        let gone: DispatchError = pallet_assay_registry::Error::<Runtime>::Delisted.into();
        let refusals = [
            (listing, gone),
            (class, pallet_assay_jobs::Error::<Runtime>::NoPolicy.into()),
            (machine, pallet_assay_jobs::Error::<Runtime>::UnknownMachine.into()),
        ];
        for (subject, error) in refusals {
            assert_eq!(curate(market, subject, Standing::Delisted), Ok(()));
            market.refused(&market.requester(), post_call(spec), error);
        }
        market.play_first(job, [&truth, &truth], Some(&truth));
        let terms = market.terms(job);
        let bill = Bill::new(job, Outcome::Agreed).pay(&[0, 1, 2], terms.payment());
        market.settled(bill.pay_to(&network::account(network::AUTHOR), terms.royalty()));

        assert_eq!(curate(market, listing, Standing::Listed), Err(gone), "it stays delisted");
        for subject in [class, machine] {
            assert_eq!(curate(market, subject, Standing::Warned), Ok(()));
        }
        let next = market.post();
        market.play_first(next, [&truth, &truth], Some(&truth));
        let payment = market.terms(next).payment();
        market.settled(Bill::new(next, Outcome::Agreed).pay(&[0, 1, 2], payment));
    });
}
