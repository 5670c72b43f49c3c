use crate::{mock::*, Call, Error, Event, WeightInfo};
use assay_primitives::{Conduct, Endpoint};
use frame_support::{assert_noop, assert_ok, dispatch::GetDispatchInfo, weights::constants::ParityDbWeight};

fn url(text: &str) -> Option<Endpoint> {
    Some(Endpoint::truncate_from(text.as_bytes().to_vec()))
}

#[test]
fn endpoint_is_set_taken_back_and_forgotten_with_its_provider() {
    run(|| {
        provide(1, 3);
        let there = url("https://blobs.example:9630");
        assert_ok!(Providers::set_endpoint(signed(1), there.clone()));
        assert_eq!(Providers::endpoint(1), there.clone());
        assert_eq!(events().last(), Some(&Event::EndpointSet { owner: 1, endpoint: there.clone() }));
        assert_ok!(Providers::set_endpoint(signed(1), None));
        assert_eq!(Providers::endpoint(1), None);

        assert_ok!(Providers::set_endpoint(signed(1), there));
        assert_ok!(Providers::retire(signed(1)));
        advance(DELAY);
        assert_eq!((Providers::provider(1), Providers::endpoint(1)), (None, None));
    });
}

#[test]
fn endpoint_of_nobody_and_one_that_is_no_url_are_refused() {
    run(|| {
        assert_noop!(Providers::set_endpoint(signed(1), url("http://a")), Error::<Test>::NotRegistered);
        provide(1, 3);
        for text in ["", "https://", "blobs.example", "http://a\n"] {
            assert_noop!(Providers::set_endpoint(signed(1), url(text)), Error::<Test>::BadEndpoint);
        }
    });
}

#[test]
fn endpoint_that_goes_with_the_last_seat_of_its_provider_was_paid_for() {
    run(|| {
        provide(1, 3);
        assert_ok!(seat(1, 7));
        assert_ok!(Providers::set_endpoint(signed(1), url("http://a")));
        let set = Call::<Test>::set_endpoint { endpoint: url("http://a") };
        let twice = <() as WeightInfo>::set_endpoint() + ParityDbWeight::get().writes(1);
        assert_eq!(set.get_dispatch_info().call_weight, twice);
        assert_ok!(Providers::retire(signed(1)));
        advance(DELAY);
        assert!(Providers::endpoint(1).is_some());
        unseat(1, 7, Conduct::Right);
        assert_eq!(Providers::endpoint(1), None);
    });
}
