//! What is declared is what was measured, with all that others do.

use crate::{mock::*, Call, WeightInfo};
use assay_primitives::{mock::market::LOCKS_WEIGHT, Endpoint, JobSpec};
use frame_support::dispatch::GetDispatchInfo;

type Weights = <Test as crate::Config>::WeightInfo;

#[test]
fn calls_declare_what_is_measured_with_all_that_others_do() {
    let declared = |call: Call<Test>| call.get_dispatch_info().call_weight;
    let post = |spec, source| declared(Call::post { spec: Box::new(spec), source });
    let listed = JobSpec { listing: Some(LISTED), ..spec() };
    // Locks of whoever posts or cancels may have to follow its escrow.
    let most = Weights::post() + LOCKS_WEIGHT;
    assert_eq!(post(spec(), None), most);
    assert_eq!(post(listed, None), most + Weights::listed());
    assert_eq!(post(spec(), Some(Endpoint::default())), most + Weights::source());
    assert_eq!(declared(Call::cancel { id: 0 }), Weights::cancel() + LOCKS_WEIGHT);
    assert_eq!(declared(Call::prune { id: 0 }), Weights::prune());
    assert_eq!(declared(Call::set_params { params: params() }), Weights::set_params());
}
