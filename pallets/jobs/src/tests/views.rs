use crate::{mock::*, Error, Estimate, Status, MAX_PAGE};
use assay_primitives::{
    mock::market::{self, NOT_LISTED},
    JobId, JobSpec, Machine, Outcome,
};
use assay_rules::{policy::longest_life, settlement::Hold};
use frame_support::assert_ok;
use sp_runtime::{DispatchError, Perbill};

fn numbers(found: Vec<(JobId, Status)>) -> Vec<JobId> {
    found.into_iter().map(|(job, _)| job).collect()
}

#[test]
fn status_follows_the_life_of_a_job() {
    run(|| {
        assert_eq!(Jobs::status(0), None);
        let job = post(spec());
        assert_eq!(Jobs::status(job), Some(Status::Open));
        end(job, verdict(Outcome::Undecided));
        assert_eq!(Jobs::status(job), Some(Status::Ended(Outcome::Undecided)));
        Now::set(101);
        assert_ok!(prune(job));
        assert_eq!(Jobs::status(job), None);
    });
}

#[test]
fn job_is_seen_while_it_is_open_and_its_receipt_after() {
    run(|| {
        let job = post(spec());
        assert!(Jobs::job(job).is_some() && Jobs::receipt(job).is_none());
        end(job, agreed());
        assert!(Jobs::job(job).is_none() && Jobs::receipt(job).is_some());
    });
}

#[test]
fn jobs_of_an_account_are_paged_in_the_order_of_posting() {
    run(|| {
        let mut own = Vec::new();
        // Past 256, where little-endian numbers would be out of order.
        for _ in 0..150 {
            own.push(post(spec()));
            post_by(OTHER, spec());
        }
        end(own[1], agreed());
        let mut seen = Vec::new();
        loop {
            let page = Jobs::jobs_of(REQUESTER, seen.last().copied(), 7);
            if page.is_empty() {
                break;
            }
            assert!(page.len() <= 7);
            seen.extend(numbers(page));
        }
        assert_eq!(seen, own);
        let first: Vec<_> = Jobs::jobs_of(REQUESTER, None, 2);
        assert_eq!(first, [(own[0], Status::Open), (own[1], Status::Ended(Outcome::Agreed))]);
        assert!(Jobs::jobs_of(REQUESTER, None, 0).is_empty());
        assert!(Jobs::jobs_of(AUTHOR, None, 10).is_empty());
    });
}

#[test]
fn page_goes_on_after_a_job_that_is_pruned_or_not_the_accounts() {
    run(|| {
        let jobs = [post(spec()), post_by(OTHER, spec()), post(spec()), post(spec())];
        end(jobs[0], agreed());
        Now::set(101);
        assert_ok!(prune(jobs[0]));
        assert_eq!(numbers(Jobs::jobs_of(REQUESTER, Some(jobs[0]), 9)), jobs[2..]);
        assert_eq!(numbers(Jobs::jobs_of(REQUESTER, Some(jobs[1]), 9)), jobs[2..]);
        assert!(Jobs::jobs_of(REQUESTER, Some(u64::MAX), 9).is_empty());
    });
}

#[test]
fn page_has_a_limit_of_its_own() {
    run(|| {
        for _ in 0..=MAX_PAGE {
            post(spec());
        }
        assert_eq!(Jobs::jobs_of(REQUESTER, None, u32::MAX).len(), 1_000);
    });
}

#[test]
fn estimate_is_what_a_post_would_hold() {
    run(|| {
        let listed = JobSpec { listing: Some(LISTED), ..spec() };
        let estimate = Jobs::estimate(listed).unwrap();
        let expected = Estimate {
            policy: POLICY_VERSION,
            hold: Hold { seats: 5_000, royalty: 100, fee: 40, bond: 100 },
            total: 5_240,
            price: 60,
            seat: 600,
            share: percent(10),
            expires: 1_000 + longest_life(10, &policy()),
        };
        assert_eq!(estimate, expected);
        let escrow = market::escrow(post(listed)).unwrap();
        assert_eq!((escrow.amount, escrow.expires), (estimate.total, estimate.expires));
    });
}

#[test]
fn estimate_goes_by_the_cap_where_the_index_is_higher() {
    run(|| {
        market::set_price(MACHINE, 101);
        let estimate = Jobs::estimate(spec()).unwrap();
        assert_eq!((estimate.price, estimate.seat), (100, 1_000));
        market::set_price(MACHINE, u128::MAX);
        assert_eq!(Jobs::estimate(spec()).unwrap().price, 100);
    });
}

#[test]
fn estimate_of_what_would_be_refused_says_why() {
    run(|| {
        let refused = |spec, error: Error<Test>| assert_eq!(Jobs::estimate(spec), Err(error.into()));
        refused(JobSpec { units: 0, ..spec() }, Error::NoUnits);
        refused(JobSpec { price_cap: u128::MAX, ..spec() }, Error::AmountOverflow);
        refused(JobSpec { machine: Machine { hardware: 3, memory: 3 }, ..spec() }, Error::UnknownMachine);
        market::delist(LISTED);
        let listed = JobSpec { listing: Some(LISTED), ..spec() };
        assert_eq!(Jobs::estimate(listed), Err(NOT_LISTED));
    });
}

#[test]
fn share_of_a_network_without_providers_is_nothing() {
    run(|| {
        for provider in SEATS {
            market::set_provider(provider, MACHINE, 0, 0, 1);
        }
        assert_eq!(Jobs::estimate(spec()).unwrap().share, Perbill::zero());
        market::set_provider(SEATS[0], MACHINE, 1, 0, 1);
        assert_eq!(Jobs::estimate(spec()).unwrap().share, Perbill::one());
    });
}

#[test]
fn estimate_leaves_what_only_a_post_can_tell_to_the_post() {
    run(|| {
        market::refuse_orders(Some(DispatchError::Other("too near")));
        market::refuse_escrow(Some(DispatchError::Other("no money")));
        assert!(Jobs::estimate(JobSpec { deadline: 0, ..spec() }).is_ok());
    });
}
