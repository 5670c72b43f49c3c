//! What is declared covers what others do.

use crate::{mock::*, Call, WeightInfo};
use assay_primitives::{mock::market, OnVerdict};
use assay_rules::policy::MAX_PAID;
use frame_support::{dispatch::GetDispatchInfo, weights::Weight};

type Weights = <Test as crate::Config>::WeightInfo;

fn declared(call: &Call<Test>) -> Weight {
    call.get_dispatch_info().call_weight
}

#[test]
fn post_pays_for_the_draws_that_every_job_has() {
    let post = Call::<Test>::post { spec: Box::new(spec()), source: None };
    assert_eq!(declared(&post), Weights::post() + market::OPEN_WEIGHT);
}

#[test]
fn cancel_pays_for_the_end_of_the_job() {
    assert_eq!(declared(&Call::<Test>::cancel { id: 0 }), Weights::cancel() + market::CANCEL_WEIGHT);
}

#[test]
fn verdict_that_pays_the_most_is_what_hearing_takes() {
    let told = <Jobs as OnVerdict<u64>>::weight();
    assert_eq!(told, Weights::on_verdict(MAX_PAID.into()));
    assert!(told.all_gt(Weights::on_verdict(5)));
}
