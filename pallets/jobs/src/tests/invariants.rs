//! Each invariant is one that a broken state breaks.

use crate::{mock::*, Ended, EndedQueue, JobsOf, NextJob, Params, PolicyJobs, Queue, Record};
use assay_primitives::{JobClass, Royalty};
use frame_support::BoundedVec;

/// An open job and one that has ended.
fn two() -> (u64, u64) {
    let jobs = (post_listed(), post(spec()));
    end(jobs.1, agreed());
    jobs
}

/// Breaks a sound state, and expects the invariants to say so.
fn broken_by(breaking: impl FnOnce(u64, u64), message: &'static str) {
    chain().execute_with(|| {
        let (open, ended) = two();
        check();
        breaking(open, ended);
        let found = Jobs::do_try_state().expect_err("the state is broken");
        assert_eq!(found, sp_runtime::TryRuntimeError::Other(message));
    });
}

fn mutate_job(job: u64, change: impl FnOnce(&mut crate::JobOf<Test>)) {
    crate::Jobs::<Test>::mutate(job, |record| match record {
        Some(Record::Open(job)) => change(job),
        other => panic!("{other:?} is not open"),
    });
}

fn mutate_receipt(job: u64, change: impl FnOnce(&mut crate::ReceiptOf<Test>)) {
    crate::Jobs::<Test>::mutate(job, |record| match record {
        Some(Record::Ended(receipt)) => change(receipt),
        other => panic!("{other:?} has not ended"),
    });
}

#[test]
fn numbers_are_given_before_they_are_used() {
    broken_by(|_, _| NextJob::<Test>::put(0), "a job has a number that was not given yet");
}

#[test]
fn places_of_ended_jobs_are_those_of_the_queue() {
    let outside = "a place of an ended job is outside of the queue";
    broken_by(|_, _| EndedQueue::<Test>::put(Queue { first: 0, next: 0 }), outside);
    broken_by(|_, _| EndedQueue::<Test>::put(Queue { first: 0, next: 2 }), outside);
    broken_by(|_, _| Ended::<Test>::remove(0), outside);
    broken_by(|_, ended| Ended::<Test>::insert(1, BoundedVec::truncate_from(vec![ended])), outside);
}

#[test]
fn each_receipt_has_one_place_in_the_order_of_its_end() {
    let never = |_, _| EndedQueue::<Test>::put(Queue { first: 1, next: 1 });
    broken_by(never, "a receipt would never be swept");
    broken_by(|_, ended| Jobs::enqueue(ended), "a job has ended twice");
    let swapped = |_, ended| {
        let later = post(spec());
        Now::set(5);
        end(later, agreed());
        Ended::<Test>::insert(0, BoundedVec::truncate_from(vec![later, ended]));
    };
    broken_by(swapped, "ended jobs are not in order of time");
}

#[test]
fn each_job_is_in_its_requesters_index() {
    let missing = "a job is missing in its requester's index";
    broken_by(|open, _| JobsOf::<Test>::remove(REQUESTER, open.to_be_bytes()), missing);
    broken_by(|_, ended| mutate_receipt(ended, |receipt| receipt.requester = OTHER), missing);
}

#[test]
fn nothing_else_is_in_an_index() {
    let too_much = "the index names a job of which nothing is left";
    broken_by(|open, _| JobsOf::<Test>::insert(OTHER, open.to_be_bytes(), ()), too_much);
}

#[test]
fn escrow_holds_what_the_job_says() {
    let other = "an open job's escrow is not its hold";
    broken_by(|open, _| mutate_job(open, |job| job.hold.fee += 1), other);
    broken_by(|open, _| mutate_job(open, |job| job.hold.fee = u128::MAX), other);
    broken_by(|_, _| assay_primitives::mock::reset(), other);
}

#[test]
fn seats_of_an_open_job_are_paid() {
    let breaking = |open, _| {
        let nothing = assay_rules::settlement::Hold { seats: 0, royalty: 0, fee: 0, bond: 0 };
        mutate_job(open, |job| job.hold = nothing);
        assay_primitives::mock::reset();
    };
    broken_by(breaking, "a job is open that pays nothing for a seat");
}

#[test]
fn escrow_holds_nothing_for_what_has_ended() {
    let breaking = |_, ended| {
        use assay_primitives::{mock::market::MockEscrow, Escrow};
        MockEscrow::open(ended, &REQUESTER, 1, 9).expect("nothing is held");
    };
    broken_by(breaking, "a job has ended for which something is on hold");
}

#[test]
fn royalty_is_there_where_a_listing_is() {
    let one_without = "a royalty without a listing, or the reverse";
    broken_by(|open, _| mutate_job(open, |job| job.royalty = None), one_without);
    let royalty = Some(Royalty { owner: AUTHOR, share: percent(1) });
    let breaking = |open, _| {
        mutate_job(open, |job| {
            job.spec.listing = None;
            job.royalty = royalty;
        });
    };
    broken_by(breaking, one_without);
}

#[test]
fn times_are_in_order() {
    broken_by(|open, _| mutate_job(open, |job| job.posted = 2), "a job was posted in the future");
    broken_by(|_, ended| mutate_receipt(ended, |job| job.posted = 2), "a job ended before it was posted");
    broken_by(|_, ended| mutate_receipt(ended, |job| job.ended = 2), "a job ended in the future");
}

#[test]
fn amounts_of_a_receipt_are_those_of_a_hold() {
    let wrong = "a receipt's amounts are not those of a hold";
    broken_by(|_, ended| mutate_receipt(ended, |receipt| receipt.refunded = u128::MAX), wrong);
    let nothing = |_, ended| {
        mutate_receipt(ended, |job| (job.paid, job.burnt, job.treasury, job.refunded) = (0, 0, 0, 0));
    };
    broken_by(nothing, wrong);
    broken_by(|_, ended| mutate_receipt(ended, |job| job.treasury = 21), "less than half of a fee was burnt");
}

#[test]
fn parameters_are_sound() {
    broken_by(|_, _| Params::<Test>::mutate(|params| params.max_units = 0), "MaxUnitsIsZero");
}

#[test]
fn jobs_are_counted_by_the_version_of_their_policy() {
    let miscounted = "jobs are not counted by the version of the policy that they name";
    broken_by(|_, _| PolicyJobs::<Test>::insert(JobClass::ExactV1, POLICY_VERSION, 1), miscounted);
    broken_by(|_, _| PolicyJobs::<Test>::insert(JobClass::ExactV1, POLICY_VERSION + 1, 1), miscounted);
}
