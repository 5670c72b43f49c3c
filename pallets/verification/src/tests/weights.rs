//! What is priced covers what can happen.

use crate::{mock::*, WeightInfo, MAX_SEATED};
use assay_primitives::{mock::market::VERDICT_WEIGHT, Claim, Outcome, Verification as _};
use frame_support::{
    assert_ok,
    dispatch::{DispatchResultWithPostInfo, GetDispatchInfo},
    weights::{constants::WEIGHT_REF_TIME_PER_SECOND, Weight, WeightMeter},
};

type Priced = ();

fn declared(call: crate::Call<Test>) -> Weight {
    call.get_dispatch_info().call_weight
}

#[test]
fn jobs_pay_for_the_draws_that_all_have_and_for_their_end() {
    let draws = Verification::due_weight(2) + Verification::due_weight(0) + Verification::due_weight(1);
    assert_eq!(Verification::open_weight(), Priced::open() + draws);
    let end = Priced::end(MAX_SEATED) + UNSEAT_WEIGHT * u64::from(MAX_SEATED) + VERDICT_WEIGHT;
    assert_eq!(Verification::cancel_weight(), end);
}

#[test]
fn calls_pay_for_the_draws_that_they_make_due() {
    run(|| {
        let (right, wrong) = (Run::new(1), Run::new(2));
        let paid = |called: DispatchResultWithPostInfo| called.unwrap().actual_weight.expect("it is said");
        let job = post(plain());
        assert_eq!(paid(decline(job, 0)), Priced::decline() + Verification::due_weight(1));
        advance(DRAW);
        // The lot is paid for by the post. One that declined leaves.
        assert_eq!(paid(commit(job, 1, &wrong.claim())), Priced::commit(0));
        assert_eq!(paid(commit(job, 2, &right.claim())), Priced::commit(1) + UNSEAT_WEIGHT);
        advance(DRAW);
        assert_eq!(paid(reveal(job, 1, &wrong)), Priced::reveal());
        assert_eq!(paid(reveal(job, 2, &right)), Priced::reveal() + Verification::due_weight(3));
        advance(DRAW);
        assert_eq!(paid(commit(job, 3, &right.claim())), Priced::commit(0));
        assert_eq!(paid(commit(job, 4, &right.claim())), Priced::commit(0));
        let last = paid(commit(job, 5, &right.claim()));
        assert_eq!(last, Priced::commit(0) + Verification::due_weight(0));
        assert!(
            declared(crate::Call::commit { job, seat: 5, spec: [7; 32], commitment: [0; 32] }).all_gte(last)
        );
    });
}

#[test]
fn dearest_step_takes_less_than_a_tenth_of_a_block() {
    let step = Verification::tick_weight(1).ref_time();
    assert!(step < WEIGHT_REF_TIME_PER_SECOND / 10, "{step}");
}

/// A meter refuses to go beyond its limit, in tests by a panic: so each step stays within what it says it can take.
#[test]
fn steps_never_take_more_than_they_say() {
    run_with(60, || {
        let (right, wrong) = (Run::new(1), Run::new(2));
        let jobs: Vec<_> = (0..6).map(|_| try_post(audited()).unwrap()).collect();
        for block in 0..250 {
            next_block();
            let mut meter = WeightMeter::with_limit(Verification::tick_weight(1));
            Verification::tick(&mut meter);
            let job = jobs[block % jobs.len()];
            if let Some(case) = Verification::case(job) {
                let assigned = case.seats_where(|seat| seat.stage == crate::Stage::Assigned);
                let run = if block % 3 == 0 { &wrong } else { &right };
                for index in assigned.into_iter().take(block % 2) {
                    assert_ok!(commit(job, index, &run.claim()));
                }
            }
        }
        assert!(jobs.iter().all(|job| Verification::case(*job).is_none()));
    });
}

#[test]
fn most_that_can_sit_in_a_case_are_paid_for() {
    run_with(40, || {
        let run_of = |number| Claim::Computed { result: [number; 32], trace: [number; 32] };
        let job = post(plain());
        for index in 0..2 {
            assert_ok!(commit(job, index, &run_of(index)));
        }
        advance(DRAW);
        for index in 0..2 {
            assert_ok!(reveal_with(job, index, run_of(index), None, None));
        }
        advance(DRAW);
        for _ in 0..3 {
            let assigned = case(job).seats_where(|seat| seat.stage == crate::Stage::Assigned);
            for index in assigned {
                assert_ok!(decline(job, index));
            }
            advance(DRAW);
        }
        let assigned = case(job).seats_where(|seat| seat.stage == crate::Stage::Assigned);
        let seated = case(job).seats.len() as u32;
        assert_eq!((assigned.len(), seated), (3, MAX_SEATED));
        let taken = decline(job, assigned[0]).unwrap().actual_weight.expect("it is said");
        assert_eq!(taken, Priced::decline() + Verification::end_weight(MAX_SEATED));
        assert!(declared(crate::Call::decline { job, seat: assigned[0], spec: [7; 32] }).all_gte(taken));
        advance(1);
        assert_eq!(verdict(job).outcome, Outcome::Undecided);
    });
}
