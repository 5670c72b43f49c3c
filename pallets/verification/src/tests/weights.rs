//! What is priced covers what can happen.

use crate::{mock::*, Phase, WeightInfo, MAX_SEATED};
use assay_primitives::{
    mock::market::{self, LOCKS_WEIGHT},
    Claim, InlineOutput, Outcome,
};
use assay_rules::policy::{MAX_DECLINES, MAX_TRIES};
use frame_support::{
    assert_ok,
    dispatch::{DispatchResultWithPostInfo, GetDispatchInfo},
    weights::{
        constants::{ParityDbWeight, WEIGHT_REF_TIME_PER_SECOND},
        Weight, WeightMeter,
    },
};

type Priced = ();

fn declared(call: crate::Call<Test>) -> Weight {
    call.get_dispatch_info().call_weight
}

/// What a call says that it took.
fn paid(called: DispatchResultWithPostInfo) -> Weight {
    called.unwrap().actual_weight.expect("it is said")
}

/// What a block's hook takes.
fn hook() -> Weight {
    let mut meter = WeightMeter::new();
    Verification::tick(&mut meter);
    meter.consumed()
}

/// What it takes if it runs a draw of so many tickets, which fills so many providers, and nothing else.
fn drawing(tickets: u32, filled: u32) -> Weight {
    Priced::tick_base() + Verification::draw_weight(policy().draw_blocks, tickets, filled)
}

#[test]
fn calls_are_charged_for_what_they_do_and_not_for_draws() {
    run(|| {
        let (right, wrong) = (Run::new(1), Run::new(2));
        let job = post(plain());
        assert_ok!(decline(job, 0));
        advance(DRAW);
        assert_eq!(paid(commit(job, 1, &wrong.claim())), Priced::commit());
        // One that declined leaves, and the round is sealed.
        let sealing = Priced::judge(1) + Priced::seal();
        assert_eq!(paid(commit(job, 2, &right.claim())), Priced::commit() + sealing);
        advance(DRAW);
        assert_eq!(paid(reveal(job, 1, &wrong)), Priced::reveal());
        // The last one writes the case with what it brings about.
        let last = |shown: Weight| shown - ParityDbWeight::get().writes(1);
        assert_eq!(paid(reveal(job, 2, &right)), last(Priced::reveal()) + Priced::deadline());
        advance(DRAW);
        for (index, sealing) in [(3, Weight::zero()), (4, Weight::zero()), (5, Priced::seal())] {
            assert_eq!(paid(commit(job, index, &right.claim())), Priced::commit() + sealing);
        }
        advance(DRAW);
        let Phase::Opening { leaves, .. } = phase(job) else { panic!("fresh seats reveal") };
        let shown = |index| Verification::reveal_weight(None, Some(&right.opening(&leaves, index)));
        assert_eq!(paid(reveal(job, 3, &right)), shown(3));
        assert_eq!(paid(reveal(job, 4, &right)), shown(4));
        // Four are right, and one is wrong.
        assert_eq!(paid(reveal(job, 5, &right)), last(shown(5)) + Priced::end(4) + Priced::fail(1));
    });
}

#[test]
fn audits_commit_is_charged_for_the_reminder_that_it_moves() {
    run(|| {
        let right = Run::new(1);
        let job = post(audited());
        commit_all(job, &right);
        advance(DRAW);
        let before = case(job).reminder;
        let taken = paid(commit(job, 2, &right.claim()));
        assert!(matches!(phase(job), Phase::Revealing { .. }));
        // The reveals end before the first commits would have, which it stood at.
        assert_ne!(case(job).reminder, before);
        assert_eq!(taken, Priced::commit() + Priced::remind());
    });
}

#[test]
fn result_on_the_chain_is_charged_for() {
    let output = InlineOutput::default();
    let with = Verification::reveal_weight(Some(&output), None);
    assert_eq!(with, Verification::reveal_weight(None, None) + Priced::output());
    let (claim, salt) = (Run::new(1).claim(), [0; 32]);
    let call = |output| crate::Call::reveal { job: 0, seat: 0, claim, salt, output, opening: None };
    assert_eq!(declared(call(Some(output))), declared(call(None)) + Priced::output());
}

#[test]
fn calls_declare_the_most_that_they_can_take() {
    let commit = crate::Call::commit { job: 0, seat: 0, spec: [7; 32], commitment: [0; 32] };
    let sealing = Priced::seal().max(Priced::remind());
    assert_eq!(declared(commit), Priced::commit() + Priced::judge(MAX_DECLINES.into()) + sealing);
    let decline = declared(crate::Call::decline { job: 0, seat: 0, spec: [7; 32] });
    assert_eq!(decline, Priced::decline() + Priced::remind());
    let (claim, salt) = (Run::new(1).claim(), [0; 32]);
    let reveal = declared(crate::Call::reveal { job: 0, seat: 0, claim, salt, output: None, opening: None });
    assert!(reveal.all_gte(Priced::reveal() + Priced::deadline()));
    for wrong in 0..=MAX_SEATED {
        let end = Priced::fail(wrong) + Priced::end(MAX_SEATED - wrong);
        assert!(reveal.all_gte(Priced::reveal() + end), "{wrong} wrong");
    }
}

#[test]
fn block_is_charged_for_the_draws_that_it_runs() {
    run(|| {
        let job = try_post(plain()).unwrap();
        (0..DRAW).for_each(|_| next_block());
        let seats = hook();
        assert_eq!(case(job).seats.len(), 2);
        assert!(seats.all_gte(drawing(2, 0)) && seats.all_lte(drawing(2 * MAX_TRIES, 0)), "{seats:?}");
        commit_all(job, &Run::new(1));
        (0..DRAW).for_each(|_| next_block());
        assert_eq!(hook(), drawing(0, 0));
        assert!(matches!(phase(job), Phase::Revealing { .. }));
    });
}

#[test]
fn block_is_charged_for_providers_that_a_draw_fills() {
    run(|| {
        (FIRST..FIRST + 8).for_each(|owner| set_provider(owner, MACHINE, 1_000, 10, 1));
        let job = try_post(plain()).unwrap();
        (0..DRAW).for_each(|_| next_block());
        let seats = hook();
        assert_eq!(case(job).seats.len(), 2);
        assert!(seats.all_gte(drawing(2, 2)) && seats.all_lte(drawing(2 * MAX_TRIES, 2)), "{seats:?}");
    });
}

#[test]
fn block_is_charged_for_faults_and_for_the_end_of_a_job() {
    run(|| {
        let expired = try_post(plain()).unwrap();
        Now::set(case(expired).order.deadline);
        // Its draw is dropped after it.
        let dropped = Priced::deadline() + Priced::end(0) + Priced::draw(0);
        assert_eq!(hook(), Priced::tick_base() + dropped);
        assert_eq!(verdict(expired).outcome, Outcome::Expired);

        // With nothing to draw, a step looks for that as the hook does.
        let looked = Priced::tick_base() + Priced::tick_base() + Priced::deadline();
        let missed = post(plain());
        assert_ok!(commit(missed, 0, &Run::new(1).claim()));
        (0..COMMIT).for_each(|_| next_block());
        assert_eq!(hook(), looked + Priced::fail(1));

        let withheld = post(plain());
        commit_all(withheld, &Run::new(1));
        advance(DRAW);
        (0..REVEAL).for_each(|_| next_block());
        assert_eq!(hook(), looked + Priced::fail(2));
    });
}

#[test]
fn end_is_charged_for_what_its_verdict_takes_beside() {
    run(|| {
        let [none, all] = [Priced::fail(0) + Priced::end(4), Priced::fail(3) + Priced::end(1)];
        assert_eq!(Verification::end_weight(3), none.max(all) + LOCKS_WEIGHT);

        market::lock_with_escrow(plain().requester);
        let right = Run::new(1);
        let job = sealed_job(plain(), &[&right, &right]);
        assert_ok!(reveal(job, 0, &right));
        let last = Priced::reveal() - ParityDbWeight::get().writes(1);
        assert_eq!(paid(reveal(job, 1, &right)), last + Priced::end(2) + LOCKS_WEIGHT);
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
        assert_ok!(decline(job, assigned[0]));
        next_block();
        let taken = hook();
        assert_eq!(taken, Priced::tick_base() + Priced::draw(0) + Priced::end(MAX_SEATED));
        assert!(taken.all_lte(Verification::tick_weight(1)));
        assert_eq!(verdict(job).outcome, Outcome::Undecided);
    });
}
