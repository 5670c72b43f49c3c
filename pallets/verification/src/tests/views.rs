use crate::{mock::*, Backlog, Phase, Round, Stage, MAX_JOBS};
use assay_primitives::JobClass;
use frame_support::assert_ok;

#[test]
fn case_is_shown_until_it_ends() {
    run(|| {
        let job = post(plain());
        assert_eq!(Verification::case(job), Some(case(job)));
        assert_eq!(Verification::case(77), None);
    });
}

#[test]
fn seats_of_an_owner_are_found_in_the_jobs_asked_for() {
    run(|| {
        let jobs = [post(plain()), post(plain()), post(plain())];
        let owner = owner(jobs[0], 1);
        let mine = Verification::seats_of(owner, vec![jobs[2], 77, jobs[0]]);
        let of_first = mine.iter().find(|view| view.job == jobs[0]).expect("it has a seat there");
        assert_eq!((of_first.index, of_first.round), (1, Round::First));
        assert_eq!(
            (of_first.seat.clone(), of_first.phase),
            (seat(jobs[0], 1), Phase::Committing(Round::First))
        );
        assert!(mine.iter().all(|view| view.seat.owner == owner && view.job != jobs[1]));
        assert!(Verification::seats_of(REQUESTER, jobs.to_vec()).is_empty());
        assert_ok!(decline(jobs[0], 1));
        assert_eq!(Verification::seats_of(owner, vec![jobs[0]])[0].seat.stage, Stage::Declined);
    });
}

#[test]
fn seats_are_looked_for_in_as_many_jobs_as_one_answer_holds() {
    run(|| {
        let job = post(plain());
        let owner = owner(job, 0);
        let mut jobs = vec![77; MAX_JOBS as usize - 1];
        jobs.push(job);
        assert_eq!(Verification::seats_of(owner, jobs.clone()).len(), 1);
        jobs.insert(0, 77);
        assert!(Verification::seats_of(owner, jobs).is_empty());
    });
}

#[test]
fn earliest_deadline_is_one_that_is_taken() {
    run(|| {
        let earliest = Verification::earliest_deadline(JobClass::ExactV1, UNITS).unwrap();
        assert!(try_post(assay_primitives::Order { deadline: earliest - 1, ..audited() }).is_err());
        assert_ok!(try_post(assay_primitives::Order { deadline: earliest, ..audited() }));
    });
}

#[test]
fn backlog_counts_what_waits() {
    run(|| {
        let none = Backlog { draws: 0, oldest_draw: None, deadlines: 0 };
        assert_eq!(Verification::backlog(), none);
        for _ in 0..3 {
            assert_ok!(try_post(plain()));
        }
        assert_eq!(Verification::backlog(), Backlog { draws: 3, oldest_draw: Some(1), deadlines: 0 });
        Now::set(201);
        assert_eq!(Verification::backlog(), Backlog { draws: 3, oldest_draw: Some(1), deadlines: 3 });
    });
}
