use crate::{mock::*, Call, Error, Event, Job, NextJob};
use assay_primitives::{
    mock::market::{self, OpenEscrow},
    BlobRef, Endpoint, JobClass, JobSpec, ListedVersion, Machine, Order, Policy, Royalty,
};
use assay_rules::{policy::longest_life, settlement::Hold};
use frame_support::{assert_noop, assert_ok, dispatch::GetDispatchInfo};
use sp_runtime::DispatchError;

const REFUSED: DispatchError = DispatchError::Other("refused");

#[test]
fn post_holds_the_most_that_the_job_can_cost() {
    run(|| {
        let job = post_listed();
        let amount = 5_000 + 100 + 40 + 100;
        let expires = 1_000 + longest_life(10, &policy());
        assert_eq!(market::escrow(job), Some(OpenEscrow { requester: REQUESTER, amount, expires }));
        let hold = Hold { seats: 5_000, royalty: 100, fee: 40, bond: 100 };
        assert_eq!(Jobs::job(job).map(|job| job.hold), Some(hold));
    });
}

#[test]
fn post_without_a_listing_holds_no_royalty() {
    run(|| {
        let job = post(spec());
        assert_eq!(market::held(job), 5_140);
        assert_eq!(Jobs::job(job).map(|job| job.royalty), Some(None));
    });
}

#[test]
fn post_orders_verification() {
    run(|| {
        let job = post(spec());
        let order = Order {
            requester: REQUESTER,
            spec: spec().hash(),
            class: JobClass::ExactV1,
            machine: MACHINE,
            units: 10,
            price_cap: 100,
            deadline: 1_000,
            policy: policy(),
        };
        assert_eq!(market::orders(), [(job, order)]);
    });
}

#[test]
fn post_is_stored_and_told() {
    run(|| {
        Now::set(9);
        let spec = JobSpec { listing: Some(LISTED), ..spec() };
        let id = post(spec);
        let royalty = Some(Royalty { owner: AUTHOR, share: percent(10) });
        let job = Job {
            requester: REQUESTER,
            spec,
            policy: POLICY_VERSION,
            royalty,
            hold: Hold { seats: 5_000, royalty: 100, fee: 40, bond: 100 },
            posted: 9,
            expires: 1_000 + longest_life(10, &policy()),
        };
        assert_eq!(Jobs::job(id), Some(job.clone()));
        assert_eq!(last_event(), Event::Posted { id, job, spec_hash: spec.hash(), source: None });
    });
}

#[test]
fn jobs_are_numbered_one_after_the_other_whoever_posts() {
    run(|| {
        let jobs = [post(spec()), post_by(OTHER, spec()), post(spec())];
        assert_eq!(jobs, [0, 1, 2]);
    });
}

#[test]
fn only_a_signed_account_can_post() {
    run(|| {
        let by = |origin| Jobs::post(origin, Box::new(spec()), None);
        assert_noop!(by(RuntimeOrigin::root()), DispatchError::BadOrigin);
        assert_noop!(by(RuntimeOrigin::none()), DispatchError::BadOrigin);
    });
}

#[test]
fn each_wrong_field_is_refused_by_name() {
    run(|| {
        let empty = BlobRef { blake3: [0; 32], size: 0 };
        let wrong = [
            (JobSpec { units: 0, ..spec() }, Error::<Test>::NoUnits),
            (JobSpec { units: 1_001, ..spec() }, Error::TooManyUnits),
            (JobSpec { units: u64::MAX, ..spec() }, Error::TooManyUnits),
            (JobSpec { price_cap: 0, ..spec() }, Error::NoPrice),
            (JobSpec { program_blob: empty, ..spec() }, Error::EmptyProgram),
            (JobSpec { input_blob: empty, ..spec() }, Error::EmptyInput),
            (JobSpec { output_bytes: 0, ..spec() }, Error::NoOutput),
            (JobSpec { output_bytes: 4_097, ..spec() }, Error::OutputTooLarge),
            (JobSpec { output_bytes: u64::MAX, ..spec() }, Error::OutputTooLarge),
            (JobSpec { machine: Machine { hardware: 1, memory: 3 }, ..spec() }, Error::UnknownMachine),
            (JobSpec { price_cap: u128::MAX, ..spec() }, Error::AmountOverflow),
            (JobSpec { price_cap: u128::MAX / 50, ..spec() }, Error::AmountOverflow),
        ];
        for (spec, error) in wrong {
            assert_noop!(try_post(spec), error);
        }
        assert!(market::orders().is_empty() && market::held(0) == 0);
    });
}

#[test]
fn each_limit_can_be_reached() {
    run(|| {
        let blob = BlobRef { blake3: [0; 32], size: 1 };
        let least = JobSpec {
            units: 1,
            price_cap: 1,
            output_bytes: 1,
            program_blob: blob,
            input_blob: blob,
            ..spec()
        };
        // Fee and bond of a job of one planck a seat are a planck each.
        assert_eq!(market::held(post(least)), 5 + 1 + 1);
        post(JobSpec { units: 1_000, output_bytes: 4_096, ..spec() });
    });
}

#[test]
fn class_without_a_policy_is_refused() {
    run(|| {
        assay_primitives::mock::reset();
        market::set_machine(MACHINE);
        assert_noop!(try_post(spec()), Error::<Test>::NoPolicy);
    });
}

#[test]
fn listing_that_cannot_be_used_is_refused_with_the_registrys_reason() {
    run(|| {
        let listed = |listing, program| try_post(JobSpec { listing: Some(listing), program, ..spec() });
        let unknown = ListedVersion { version: 4, ..LISTED };
        assert_noop!(listed(unknown, spec().program), market::NOT_LISTED);
        assert_noop!(listed(LISTED, [8; 32]), market::OTHER_ROOT);
        market::delist(LISTED);
        assert_noop!(listed(LISTED, spec().program), market::NOT_LISTED);
    });
}

#[test]
fn listing_of_the_input_will_do() {
    run(|| {
        let dataset = ListedVersion { listing: 8, version: 0 };
        market::list(dataset, Royalty { owner: OTHER, share: percent(30) }, spec().input);
        let job = post(JobSpec { listing: Some(dataset), ..spec() });
        assert_eq!(market::held(job), 5_140 + 300);
    });
}

#[test]
fn refusal_by_verification_leaves_nothing() {
    run(|| {
        market::refuse_orders(Some(REFUSED));
        assert_noop!(try_post(spec()), REFUSED);
        assert_eq!(market::held(0), 0);
        market::refuse_orders(None);
        assert_eq!(post(spec()), 0);
    });
}

#[test]
fn refusal_by_escrow_leaves_nothing() {
    run(|| {
        market::refuse_escrow(Some(REFUSED));
        assert_noop!(try_post(spec()), REFUSED);
        market::refuse_escrow(None);
        assert_eq!(post(spec()), 0);
    });
}

#[test]
fn no_number_is_given_twice() {
    run(|| {
        NextJob::<Test>::put(u64::MAX);
        assert_noop!(try_post(spec()), Error::<Test>::NoNumberLeft);
        NextJob::<Test>::put(u64::MAX - 1);
        assert_eq!(post(spec()), u64::MAX - 1);
        assert_noop!(try_post(spec()), Error::<Test>::NoNumberLeft);
    });
}

#[test]
fn policy_that_changes_is_for_jobs_to_come() {
    run(|| {
        let before = post(spec());
        let dear = Policy { fee: percent(10), ..policy() };
        market::set_policy(JobClass::ExactV1, 5, dear);
        let after = post(spec());

        let version = |job| Jobs::job(job).map(|job| job.policy);
        assert_eq!((version(before), version(after)), (Some(4), Some(5)));
        assert_eq!((market::held(before), market::held(after)), (5_140, 5_300));
        let policies: Vec<_> = market::orders().into_iter().map(|(_, order)| order.policy).collect();
        assert_eq!(policies, [policy(), dear]);
    });
}

#[test]
fn royalty_that_changes_is_for_jobs_to_come() {
    run(|| {
        let before = post_listed();
        market::list(LISTED, Royalty { owner: OTHER, share: percent(30) }, spec().program);
        let after = post_listed();
        for job in [before, after] {
            end(job, agreed());
        }
        let royalty_of = |job, owner| settlement(job).payouts.into_iter().find(|(payee, _)| *payee == owner);
        assert_eq!(royalty_of(before, AUTHOR), Some((AUTHOR, 60)));
        assert_eq!(royalty_of(after, OTHER), Some((OTHER, 180)));
    });
}

#[test]
fn limits_that_change_are_for_jobs_to_come() {
    run(|| {
        let job = post(spec());
        assert_ok!(Jobs::set_params(RuntimeOrigin::root(), crate::Parameters { max_units: 9, ..params() }));
        assert_noop!(try_post(spec()), Error::<Test>::TooManyUnits);
        end(job, agreed());
        assert_eq!(receipt(job).spec.units, 10);
    });
}

#[test]
fn source_is_told_and_kept_until_the_receipt_is_pruned() {
    run(|| {
        let url = Endpoint::truncate_from(b"http://10.0.0.7:9630".to_vec());
        let job = NextJob::<Test>::get();
        assert_ok!(Jobs::post(RuntimeOrigin::signed(REQUESTER), Box::new(spec()), Some(url.clone())));
        assert_eq!(Jobs::source(job), Some(url));
        assert_eq!(Jobs::source(post(spec())), None);
        end(job, agreed());
        assert!(Jobs::source(job).is_some());
        Now::set(1_000);
        assert_ok!(prune(job));
        assert_eq!(Jobs::source(job), None);
    });
}

#[test]
fn post_pays_for_locks_where_they_follow_its_escrow() {
    run(|| {
        let most =
            Call::<Test>::post { spec: Box::new(spec()), source: None }.get_dispatch_info().call_weight;
        let taken = |requester| {
            let posted = Jobs::post(RuntimeOrigin::signed(requester), Box::new(spec()), None);
            posted.expect("it is taken in").actual_weight
        };
        market::lock_with_escrow(OTHER);
        assert_eq!(taken(OTHER), Some(most));
        assert_eq!(taken(REQUESTER), Some(most - market::LOCKS_WEIGHT));
    });
}

#[test]
fn source_that_is_no_url_of_a_server_is_refused() {
    run(|| {
        for url in ["", "http://", "ftp://there", "http://a b", "https://\u{e9}"] {
            let source = Some(Endpoint::truncate_from(url.as_bytes().to_vec()));
            let refused = Jobs::post(RuntimeOrigin::signed(REQUESTER), Box::new(spec()), source);
            assert_noop!(refused, Error::<Test>::BadSource);
        }
    });
}
