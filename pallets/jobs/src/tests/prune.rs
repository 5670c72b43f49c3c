use crate::{mock::*, Ended, EndedQueue, Error, Event, JobsOf, Parameters, Record, WeightInfo, MAX_SWEPT};
use frame_support::{
    assert_noop, assert_ok,
    dispatch::DispatchClass,
    weights::{constants::ParityDbWeight, Weight},
};
use sp_runtime::DispatchError;

type Weights = <Test as crate::Config>::WeightInfo;

/// Posts jobs that end at once.
fn ended(count: u64) -> Vec<u64> {
    (0..count)
        .map(|_| {
            let job = post(spec());
            end(job, agreed());
            job
        })
        .collect()
}

fn kept() -> usize {
    crate::Jobs::<Test>::iter_values().filter_map(Record::receipt).count()
}

/// How many jobs that have ended were swept.
fn swept() -> u64 {
    EndedQueue::<Test>::get().first
}

/// Weight for a block to look at so many jobs.
fn room(jobs: u64) -> Weight {
    Weights::sweep_base() + Weights::sweep_job() * jobs
}

#[test]
fn anyone_prunes_a_receipt_after_its_retention_time() {
    run(|| {
        let job = ended(1)[0];
        Now::set(101);
        assert_ok!(prune(job));
        assert_eq!(last_event(), Event::Pruned { id: job });
        assert_eq!(Jobs::status(job), None);
        assert_eq!(JobsOf::<Test>::iter().count(), 0);
    });
}

#[test]
fn receipt_is_kept_for_its_retention_time() {
    run(|| {
        let job = ended(1)[0];
        Now::set(100);
        assert_noop!(prune(job), Error::<Test>::Retained);
        assert_eq!(idle(Weight::MAX), room(1));
        assert_eq!(kept(), 1);
    });
}

#[test]
fn what_has_no_receipt_cannot_be_pruned() {
    run(|| {
        assert_noop!(prune(0), Error::<Test>::NoReceipt);
        assert_noop!(prune(u64::MAX), Error::<Test>::NoReceipt);
        let open = post(spec());
        Now::set(u32::MAX);
        assert_noop!(prune(open), Error::<Test>::NoReceipt);
    });
}

#[test]
fn only_a_signed_account_can_prune() {
    run(|| {
        let job = ended(1)[0];
        Now::set(101);
        assert_noop!(Jobs::prune(RuntimeOrigin::none(), job), DispatchError::BadOrigin);
        assert_noop!(Jobs::prune(RuntimeOrigin::root(), job), DispatchError::BadOrigin);
    });
}

#[test]
fn receipt_is_pruned_once() {
    run(|| {
        let job = ended(1)[0];
        Now::set(101);
        assert_ok!(prune(job));
        assert_noop!(prune(job), Error::<Test>::NoReceipt);
    });
}

#[test]
fn retention_time_that_changes_is_for_receipts_that_are_there_too() {
    run(|| {
        let job = ended(1)[0];
        let retain = |retention| {
            assert_ok!(Jobs::set_params(RuntimeOrigin::root(), Parameters { retention, ..params() }));
        };
        Now::set(101);
        retain(u32::MAX);
        assert_noop!(prune(job), Error::<Test>::Retained);
        retain(50);
        assert_ok!(prune(job));
    });
}

#[test]
fn blocks_with_room_prune_by_themselves() {
    run(|| {
        ended(3);
        Now::set(60);
        ended(2);
        Now::set(101);
        assert_eq!(idle(Weight::MAX), room(4));
        assert_eq!((kept(), swept()), (2, 3));
        Now::set(160);
        idle(Weight::MAX);
        assert_eq!((kept(), swept()), (0, 5));
        assert_eq!(idle(Weight::MAX), room(0));
    });
}

#[test]
fn block_does_as_much_as_its_weight_allows() {
    run(|| {
        ended(5);
        Now::set(101);
        assert_eq!(idle(room(0) - Weight::from_parts(1, 0)), Weight::zero());
        assert_eq!(idle(room(0)), room(0));
        assert_eq!(kept(), 5);
        assert_eq!(idle(room(2) + Weight::from_parts(1, 1)), room(2));
        assert_eq!(kept(), 3);
        idle(room(3));
        assert_eq!(kept(), 0);
    });
}

#[test]
fn block_has_a_limit_of_its_own() {
    run(|| {
        ended(100);
        Now::set(101);
        assert_eq!(idle(Weight::MAX), room(64));
        assert_eq!(kept(), 100 - MAX_SWEPT);
        idle(Weight::MAX);
        assert_eq!(kept(), 0);
    });
}

#[test]
fn page_of_ended_jobs_goes_with_its_last_place() {
    run(|| {
        let pages = || Ended::<Test>::iter_keys().collect::<Vec<u64>>();
        ended(100);
        assert_eq!(pages().len(), 2);
        Now::set(101);
        idle(room(63));
        assert_eq!((swept(), pages().len()), (63, 2));
        idle(room(1));
        assert_eq!((swept(), pages()), (64, vec![1]));
        idle(Weight::MAX);
        assert_eq!((swept(), pages()), (100, vec![1]));
        ended(28);
        Now::set(201);
        idle(Weight::MAX);
        assert_eq!((swept(), pages()), (128, vec![]));
    });
}

#[test]
fn block_is_charged_for_each_page_that_it_comes_to() {
    run(|| {
        let charged = || *System::block_weight().get(DispatchClass::Mandatory);
        let pages = |count| ParityDbWeight::get().reads_writes(count, count);
        ended(130);
        assert_eq!(charged(), pages(3));
        Now::set(101);
        idle(room(63));
        assert_eq!(charged(), pages(3));
        idle(room(1));
        assert_eq!(charged(), pages(3 + 1));
    });
}

#[test]
fn job_that_is_open_for_long_holds_up_no_receipt_behind_it() {
    run(|| {
        let open = post(spec());
        ended(2);
        Now::set(101);
        idle(Weight::MAX);
        assert_eq!((kept(), swept()), (0, 2));
        end(open, agreed());
        Now::set(201);
        idle(Weight::MAX);
        assert_eq!((kept(), swept()), (0, 3));
    });
}

#[test]
fn receipts_are_swept_in_the_order_in_which_jobs_ended() {
    run(|| {
        let jobs = [post(spec()), post(spec()), post(spec())];
        for (at, job) in [(10, jobs[2]), (20, jobs[0]), (30, jobs[1])] {
            Now::set(at);
            end(job, agreed());
        }
        for (now, job) in [(110, jobs[2]), (120, jobs[0]), (130, jobs[1])] {
            Now::set(now);
            idle(Weight::MAX);
            assert_eq!(last_event(), Event::Pruned { id: job });
        }
    });
}

#[test]
fn what_was_pruned_out_of_turn_is_passed_over() {
    run(|| {
        let jobs = ended(3);
        Now::set(101);
        assert_ok!(prune(jobs[0]));
        assert_ok!(prune(jobs[2]));
        idle(Weight::MAX);
        assert_eq!((kept(), swept()), (0, 3));
    });
}
