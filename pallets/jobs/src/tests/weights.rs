//! What is declared is what was measured, with all that others do.

use crate::{mock::*, Call, WeightInfo};
use assay_primitives::{Endpoint, JobSpec};
use frame_support::dispatch::GetDispatchInfo;

type Weights = <Test as crate::Config>::WeightInfo;

#[test]
fn calls_declare_what_is_measured_with_all_that_others_do() {
    let declared = |call: Call<Test>| call.get_dispatch_info().call_weight;
    let post = |spec, source| declared(Call::post { spec: Box::new(spec), source });
    let listed = JobSpec { listing: Some(LISTED), ..spec() };
    assert_eq!(post(spec(), None), Weights::post());
    assert_eq!(post(listed, None), Weights::post() + Weights::listed());
    assert_eq!(post(spec(), Some(Endpoint::default())), Weights::post() + Weights::source());
    assert_eq!(declared(Call::cancel { id: 0 }), Weights::cancel());
    assert_eq!(declared(Call::prune { id: 0 }), Weights::prune());
    assert_eq!(declared(Call::set_params { params: params() }), Weights::set_params());
}
