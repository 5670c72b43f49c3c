use crate::{mock::*, Error, Event, Phase, Round, Stage};
use assay_primitives::{Conduct, Order};
use assay_rules::draw::Purpose;
use frame_support::{assert_noop, assert_ok};
use sp_runtime::DispatchError;

fn claim() -> assay_primitives::Claim {
    Run::new(1).claim()
}

#[test]
fn commit_seals_a_seat() {
    run(|| {
        let job = post(plain());
        let commitment = sealed(job, 0, &claim());
        assert_ok!(commit(job, 0, &claim()));
        assert_eq!(seat(job, 0).stage, Stage::Committed(commitment));
        assert_eq!(last_event(), Event::Committed { job, seat: 0, owner: owner(job, 0), commitment });
        assert_eq!(phase(job), Phase::Committing(Round::First));
        assert_eq!(locked(owner(job, 0)), LOCKED);
    });
}

#[test]
fn owner_commits_as_well_as_its_worker() {
    run(|| {
        let job = post(plain());
        assert_ok!(Verification::commit(signed(owner(job, 0)), job, 0, spec_of(job), [1; 32]));
        assert_ok!(Verification::commit(signed(owner(job, 1) + WORKER), job, 1, spec_of(job), [1; 32]));
    });
}

#[test]
fn last_commit_of_the_first_seats_makes_the_lot_due() {
    run(|| {
        let job = post(plain());
        assert_ok!(commit(job, 1, &claim()));
        assert_ok!(commit(job, 0, &claim()));
        assert_eq!(phase(job), Phase::Lot { attempt: 1 });
        let due = Event::DrawDue { job, attempt: 1, purpose: Purpose::Lot, after: 4 };
        assert_eq!(last_event(), due);
        advance(DRAW - 1);
        assert_eq!(phase(job), Phase::Lot { attempt: 1 });
        advance(1);
        assert_eq!(phase(job), Phase::Revealing { until: Now::get() + REVEAL });
    });
}

#[test]
fn commit_of_the_audits_seat_opens_the_reveals() {
    run(|| {
        let job = post(audited());
        commit_all(job, &Run::new(1));
        advance(DRAW);
        assert_eq!(phase(job), Phase::Committing(Round::Audit));
        assert_ok!(commit(job, 2, &claim()));
        let until = Now::get() + REVEAL;
        assert_eq!(phase(job), Phase::Revealing { until });
        assert_eq!(last_event(), Event::RevealsOpened { job, until });
    });
}

#[test]
fn first_commit_counts() {
    run(|| {
        let job = post(plain());
        assert_ok!(commit(job, 0, &claim()));
        assert_noop!(commit(job, 0, &claim()), Error::<Test>::AlreadyCommitted);
        assert_noop!(commit(job, 0, &Run::new(2).claim()), Error::<Test>::AlreadyCommitted);
    });
}

#[test]
fn commit_of_a_stranger_is_refused() {
    run(|| {
        let job = post(plain());
        for signer in [REQUESTER, owner(job, 1), owner(job, 1) + WORKER, 77] {
            assert_noop!(
                Verification::commit(signed(signer), job, 0, spec_of(job), [1; 32]),
                Error::<Test>::NotYourSeat
            );
        }
        assert_noop!(
            Verification::commit(RuntimeOrigin::root(), job, 0, spec_of(job), [1; 32]),
            DispatchError::BadOrigin
        );
        assert_noop!(
            Verification::commit(RuntimeOrigin::none(), job, 0, spec_of(job), [1; 32]),
            DispatchError::BadOrigin
        );
    });
}

/// On another branch of the chain the same number is another job's: what was signed for that one does not count here.
#[test]
fn commit_or_decline_for_another_job_of_the_same_number_is_refused() {
    run(|| {
        let job = post(plain());
        let worker = signed(owner(job, 0) + WORKER);
        let other = [77; 32];
        assert_noop!(Verification::commit(worker.clone(), job, 0, other, [1; 32]), Error::<Test>::OtherJob);
        assert_noop!(Verification::decline(worker.clone(), job, 0, other), Error::<Test>::OtherJob);
        assert_ok!(Verification::commit(worker, job, 0, spec_of(job), [1; 32]));
    });
}

#[test]
fn commit_to_what_is_not_there_is_refused() {
    run(|| {
        let job = post(plain());
        let signer = owner(job, 0);
        assert_noop!(
            Verification::commit(signed(signer), 77, 0, spec_of(job), [1; 32]),
            Error::<Test>::NoSuchJob
        );
        assert_noop!(
            Verification::commit(signed(signer), job, 2, spec_of(job), [1; 32]),
            Error::<Test>::NoSuchSeat
        );
        assert_noop!(
            Verification::commit(signed(signer), job, 255, spec_of(job), [1; 32]),
            Error::<Test>::NoSuchSeat
        );
    });
}

#[test]
fn commit_is_taken_up_to_the_last_block_of_the_window() {
    run(|| {
        let job = post(plain());
        assert_eq!(seat(job, 0).commit_by, Now::get() + COMMIT);
        advance(COMMIT - 1);
        assert_ok!(commit(job, 0, &claim()));
        // The next block has come, and its hook not.
        next_block();
        assert_noop!(commit(job, 1, &claim()), Error::<Test>::TooLate);
    });
}

#[test]
fn seat_that_was_drawn_in_time_has_its_whole_window_whatever_the_deadline() {
    run(|| {
        let job = post(Order { deadline: 44, ..plain() });
        advance(28);
        assert_ok!(decline(job, 0));
        advance(DRAW);
        assert!(seat(job, 2).commit_by > 44);
        Now::set(seat(job, 2).commit_by - 1);
        assert_ok!(commit(job, 2, &claim()));
    });
}

#[test]
fn commit_to_a_job_whose_time_to_fill_slots_is_over_is_refused() {
    run(|| {
        let job = post(plain());
        assert_ok!(decline(job, 0));
        crate::Cases::<Test>::mutate(job, |case| {
            case.as_mut().expect("it is being verified").stale_at = Some(Now::get() + 1);
        });
        next_block();
        assert_noop!(commit(job, 1, &claim()), Error::<Test>::TooLate);
        advance(1);
        assert_eq!(verdict(job).outcome, assay_primitives::Outcome::Expired);
    });
}

#[test]
fn commit_in_time_outlasts_the_jobs_deadline() {
    run(|| {
        let job = post(Order { deadline: 44, ..plain() });
        assert_ok!(commit(job, 1, &claim()));
        advance(28);
        assert_ok!(decline(job, 0));
        advance(DRAW);
        advance(20);
        assert!(Now::get() > 44);
        assert_ok!(commit(job, 2, &claim()));
        assert!(matches!(phase(job), Phase::Lot { .. }));
    });
}

#[test]
fn commit_of_a_seat_that_is_closed_is_refused() {
    run(|| {
        let job = post(plain());
        assert_ok!(decline(job, 0));
        assert_noop!(commit(job, 0, &claim()), Error::<Test>::SeatClosed);
        advance(COMMIT);
        assert_eq!(seat(job, 1).stage, Stage::Missed);
        assert_noop!(commit(job, 1, &claim()), Error::<Test>::SeatClosed);
    });
}

#[test]
fn commit_judges_those_that_declined_in_the_slot_and_no_others() {
    run(|| {
        let job = post(plain());
        let [one, other] = [owner(job, 0), owner(job, 1)];
        assert_ok!(decline(job, 0));
        assert_ok!(decline(job, 1));
        advance(DRAW);
        assert_eq!(case(job).seats.len(), 4);
        let of_first = case(job).seats_where(|seat| seat.slot == 0 && seat.stage == Stage::Assigned);
        assert_ok!(commit(job, of_first[0], &claim()));
        assert_eq!(conducts_in(job), [(one, Conduct::Declined)]);
        assert_eq!((seat(job, 0).stage, seat(job, 1).stage), (Stage::Replaced, Stage::Declined));
        commit_all(job, &Run::new(1));
        assert_eq!(conducts_in(job), [(one, Conduct::Declined), (other, Conduct::Declined)]);
        assert_noop!(commit(job, 0, &claim()), Error::<Test>::SeatClosed);
    });
}
