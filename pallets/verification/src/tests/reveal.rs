use crate::{mock::*, Error, Event, Stage};
use assay_primitives::{inline_root, Claim, InlineOutput};
use codec::Encode;
use frame_support::{assert_noop, assert_ok, dispatch::GetDispatchInfo};
use sp_runtime::DispatchError;

const UNKNOWN: Claim = Claim::Misdeclared { units: 1 };

/// A file of one output of one byte.
fn file(byte: u8) -> InlineOutput {
    let outputs = vec![(b"y".to_vec(), 1_u8, vec![1_u64], vec![byte])];
    outputs.encode().try_into().expect("a few bytes")
}

/// A run with that output.
fn run_to(byte: u8) -> Run {
    Run::of(inline_root(&file(byte)).expect("it is a file of outputs"), byte)
}

#[test]
fn reveal_shows_a_seats_claim() {
    run(|| {
        let right = Run::new(1);
        let job = sealed_job(plain(), &[&right, &right]);
        assert_ok!(reveal(job, 1, &right));
        assert_eq!(seat(job, 1).stage, Stage::Revealed(right.claim()));
        let owner = owner(job, 1);
        assert_eq!(last_event(), Event::Revealed { job, seat: 1, owner, claim: right.claim() });
        assert_eq!(locked(owner), LOCKED);
    });
}

#[test]
fn owner_reveals_as_well_as_its_worker() {
    run(|| {
        let right = Run::new(1);
        let job = sealed_job(plain(), &[&right, &right]);
        let signer = signed(owner(job, 0));
        assert_ok!(Verification::reveal(signer, job, 0, right.claim(), salt(0), None, None));
    });
}

#[test]
fn round_closes_with_its_last_reveal() {
    run(|| {
        let right = Run::new(1);
        let job = sealed_job(audited(), &[&right, &right, &right]);
        assert_ok!(reveal(job, 0, &right));
        assert_ok!(reveal(job, 2, &right));
        assert!(Verification::case(job).is_some());
        assert_ok!(reveal(job, 1, &right));
        assert_eq!(verdict(job).claim, Some(right.claim()));
    });
}

#[test]
fn reveal_before_all_have_committed_is_refused() {
    run(|| {
        let right = Run::new(1);
        let job = post(audited());
        assert_ok!(commit(job, 0, &right.claim()));
        assert_noop!(reveal(job, 0, &right), Error::<Test>::RevealsNotOpen);
        assert_ok!(commit(job, 1, &right.claim()));
        assert_noop!(reveal(job, 0, &right), Error::<Test>::RevealsNotOpen);
        // The audit's seat is drawn and has not committed.
        advance(DRAW);
        assert_noop!(reveal(job, 0, &right), Error::<Test>::RevealsNotOpen);
        assert_ok!(commit(job, 2, &right.claim()));
        assert_ok!(reveal(job, 0, &right));
    });
}

#[test]
fn reveal_of_a_fresh_seat_before_the_leaves_are_drawn_is_refused() {
    run(|| {
        let (right, wrong) = (Run::new(1), Run::new(2));
        let job = sealed_job(plain(), &[&right, &wrong]);
        assert_ok!(reveal(job, 0, &right));
        assert_ok!(reveal(job, 1, &wrong));
        advance(DRAW);
        assert_ok!(commit(job, 2, &right.claim()));
        assert_noop!(reveal(job, 2, &right), Error::<Test>::RevealsNotOpen);
        commit_all(job, &right);
        assert_noop!(reveal(job, 2, &right), Error::<Test>::RevealsNotOpen);
        advance(DRAW);
        assert_ok!(reveal(job, 2, &right));
    });
}

#[test]
fn reveal_is_taken_up_to_the_last_block_of_the_window() {
    run(|| {
        let right = Run::new(1);
        let job = sealed_job(plain(), &[&right, &right]);
        advance(REVEAL - 1);
        assert_ok!(reveal(job, 0, &right));
        next_block();
        assert_noop!(reveal(job, 1, &right), Error::<Test>::TooLate);
    });
}

#[test]
fn reveal_of_anything_else_is_refused() {
    run(|| {
        let (right, wrong) = (Run::new(1), Run::new(2));
        let job = sealed_job(plain(), &[&right, &right]);
        assert_noop!(reveal(job, 0, &wrong), Error::<Test>::WrongCommitment);
        let signer = signed(owner(job, 0));
        let other_salt = Verification::reveal(signer, job, 0, right.claim(), salt(1), None, None);
        assert_eq!(other_salt, Err(Error::<Test>::WrongCommitment.into()));
        assert_noop!(reveal_with(job, 0, UNKNOWN, None, None), Error::<Test>::WrongCommitment);
    });
}

#[test]
fn reveal_counts_once() {
    run(|| {
        let right = Run::new(1);
        let job = sealed_job(plain(), &[&right, &right]);
        assert_ok!(reveal(job, 0, &right));
        assert_noop!(reveal(job, 0, &right), Error::<Test>::AlreadyRevealed);
        assert_noop!(reveal(job, 0, &Run::new(2)), Error::<Test>::AlreadyRevealed);
    });
}

#[test]
fn reveal_of_a_seat_that_has_nothing_sealed_is_refused() {
    run(|| {
        let right = Run::new(1);
        let job = post(plain());
        assert_noop!(reveal(job, 0, &right), Error::<Test>::NotCommitted);
        assert_ok!(decline(job, 0));
        assert_noop!(reveal(job, 0, &right), Error::<Test>::SeatClosed);
        advance(COMMIT);
        assert_eq!(seat(job, 1).stage, Stage::Missed);
        assert_noop!(reveal(job, 1, &right), Error::<Test>::SeatClosed);
    });
}

#[test]
fn reveal_after_the_round_was_closed_is_refused() {
    run(|| {
        let right = Run::new(1);
        let job = sealed_job(plain(), &[&right, &right]);
        assert_ok!(reveal(job, 0, &right));
        advance(REVEAL);
        assert_eq!(seat(job, 1).stage, Stage::Withheld);
        assert_noop!(reveal(job, 1, &right), Error::<Test>::SeatClosed);
    });
}

#[test]
fn reveal_by_a_stranger_or_of_what_is_not_there_is_refused() {
    run(|| {
        let right = Run::new(1);
        let job = sealed_job(plain(), &[&right, &right]);
        let reveal =
            |origin, job, seat| Verification::reveal(origin, job, seat, right.claim(), salt(0), None, None);
        let of_other = signed(owner(job, 1) + WORKER);
        assert_noop!(reveal(of_other, job, 0), Error::<Test>::NotYourSeat);
        assert_noop!(reveal(signed(REQUESTER), job, 0), Error::<Test>::NotYourSeat);
        assert_noop!(reveal(signed(owner(job, 0)), 77, 0), Error::<Test>::NoSuchJob);
        assert_noop!(reveal(signed(owner(job, 0)), job, 7), Error::<Test>::NoSuchSeat);
        assert_noop!(reveal(RuntimeOrigin::root(), job, 0), DispatchError::BadOrigin);
        assert_noop!(reveal(RuntimeOrigin::none(), job, 0), DispatchError::BadOrigin);
    });
}

#[test]
fn result_put_on_the_chain_reaches_the_verdict() {
    run(|| {
        let right = run_to(42);
        let job = sealed_job(plain(), &[&right, &right]);
        assert_ok!(reveal_with(job, 0, right.claim(), Some(file(42)), None));
        assert_eq!(case(job).outputs.to_vec(), [(0, file(42))]);
        assert_ok!(reveal_with(job, 1, right.claim(), Some(file(42)), None));
        assert_eq!(verdict(job).output, Some(file(42)));
    });
}

#[test]
fn result_that_was_wrong_does_not_reach_the_verdict() {
    run(|| {
        let (right, wrong) = (run_to(42), run_to(43));
        for shown in [Some(file(42)), None] {
            let job = sealed_job(plain(), &[&wrong, &right]);
            assert_ok!(reveal_with(job, 0, wrong.claim(), Some(file(43)), None));
            assert_ok!(reveal_with(job, 1, right.claim(), shown.clone(), None));
            advance(DRAW);
            commit_all(job, &right);
            advance(DRAW);
            reveal_all(job, &right);
            assert_eq!(verdict(job).claim, Some(right.claim()));
            assert_eq!(verdict(job).output, shown);
            provide(faults()[faults().len() - 1].0);
        }
    });
}

#[test]
fn output_that_is_not_the_claims_is_refused() {
    run(|| {
        let right = run_to(42);
        let job = sealed_job(plain(), &[&right, &right]);
        let empty = InlineOutput::default();
        for output in [file(43), empty, vec![255; 256].try_into().unwrap()] {
            assert_noop!(reveal_with(job, 0, right.claim(), Some(output), None), Error::<Test>::WrongOutput);
        }
        assert_ok!(reveal_with(job, 0, right.claim(), Some(file(42)), None));
    });
}

#[test]
fn output_of_a_job_that_was_not_run_is_refused() {
    run(|| {
        let job = post(plain());
        for index in 0..2 {
            assert_ok!(commit(job, index, &UNKNOWN));
        }
        advance(DRAW);
        assert_noop!(reveal_with(job, 0, UNKNOWN, Some(file(1)), None), Error::<Test>::WrongOutput);
        assert_ok!(reveal_with(job, 0, UNKNOWN, None, None));
    });
}

#[test]
fn fresh_seat_opens_the_leaves_that_were_drawn_for_it() {
    run(|| {
        let (right, wrong) = (Run::new(1), Run::new(2));
        let job = disputed_job(plain(), &[&right, &wrong], &[&right, &right, &right]);
        let crate::Phase::Opening { leaves, .. } = phase(job) else { panic!("leaves are drawn") };
        let show = |index, opening| reveal_with(job, index, right.claim(), None, opening);
        assert_noop!(show(2, None), Error::<Test>::OpeningMissing);
        let of_another_seat = right.opening(&leaves, 3);
        assert_noop!(show(2, Some(of_another_seat)), Error::<Test>::WrongOpening);
        let of_another_draw = right.opening(&[0; 32], 2);
        assert_noop!(show(2, Some(of_another_draw)), Error::<Test>::WrongOpening);
        let of_another_run = wrong.opening(&leaves, 2);
        assert_noop!(show(2, Some(of_another_run)), Error::<Test>::WrongOpening);
        let mut shorter = right.opening(&leaves, 2);
        shorter.count = 8;
        assert_noop!(show(2, Some(shorter)), Error::<Test>::WrongOpening);
        let mut empty = right.open(&[]);
        empty.count = 0;
        assert_noop!(show(2, Some(empty)), Error::<Test>::WrongOpening);
        assert_ok!(show(2, Some(right.opening(&leaves, 2))));
    });
}

#[test]
fn opening_that_was_not_asked_for_is_refused() {
    run(|| {
        let (right, wrong) = (Run::new(1), Run::new(2));
        let job = sealed_job(plain(), &[&right, &wrong]);
        let opening = right.opening(&[0; 32], 0);
        assert_noop!(
            reveal_with(job, 0, right.claim(), None, Some(opening.clone())),
            Error::<Test>::OpeningNotAsked
        );
        assert_ok!(reveal(job, 0, &right));
        assert_ok!(reveal(job, 1, &wrong));
        advance(DRAW);
        // A seat that says that there is nothing to run has no trace.
        assert_ok!(commit(job, 2, &UNKNOWN));
        commit_all(job, &right);
        advance(DRAW);
        assert_noop!(reveal_with(job, 2, UNKNOWN, None, Some(opening)), Error::<Test>::OpeningNotAsked);
        assert_ok!(reveal_with(job, 2, UNKNOWN, None, None));
    });
}

#[test]
fn reveal_costs_what_it_did() {
    run(|| {
        let right = Run::new(1);
        let job = sealed_job(plain(), &[&right, &right]);
        let call = crate::Call::<Test>::reveal {
            job,
            seat: 0,
            claim: right.claim(),
            salt: salt(0),
            output: None,
            opening: None,
        };
        let declared = call.get_dispatch_info().call_weight;
        let first = reveal(job, 0, &right).unwrap().actual_weight.expect("it is said");
        let last = reveal(job, 1, &right).unwrap().actual_weight.expect("it is said");
        assert!(last.all_gt(first) && declared.all_gte(last));
    });
}
