//! What is priced covers what can happen.

use crate::{mock::*, weights::AssayWeight, WeightInfo, MAX_SEATED};
use assay_primitives::{Claim, Outcome};
use frame_support::{
    assert_ok,
    weights::{constants::WEIGHT_REF_TIME_PER_SECOND, WeightMeter},
};

type Priced = AssayWeight<Test>;

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
        assert_eq!(taken, Priced::decline() + Priced::end(MAX_SEATED));
        assert_eq!(verdict(job).outcome, Outcome::Undecided);
    });
}
