use crate::{mock::*, Case, CaseOf, Cases, Deadlines, Event, Phase, Place, Seat, Stage};
use assay_primitives::{mock, Collateral, Conduct, FaultKind, Order, Outcome, Policy};
use assay_rules::draw::Purpose;
use frame_support::{assert_ok, weights::WeightMeter};
use sp_runtime::DispatchError;

#[test]
fn seat_that_misses_loses_a_part_and_its_slot_is_drawn_anew() {
    run(|| {
        let job = post(plain());
        let late = owner(job, 1);
        assert_ok!(commit(job, 0, &Run::new(1).claim()));
        advance(COMMIT - 1);
        assert_eq!(seat(job, 1).stage, Stage::Assigned);
        advance(1);
        assert_eq!(seat(job, 1).stage, Stage::Missed);
        assert_eq!(faults(), [(late, FaultKind::NoShow, LOCKED / 10)]);
        assert_eq!(conducts_in(job), [(late, Conduct::NoShow)]);
        assert_eq!(case(job).slots[1].place, Place::Vacant { attempt: 1 });
        let now = System::block_number();
        let missed = Event::Missed { job, seat: 1, owner: late, slash: Some(0) };
        let due = Event::DrawDue { job, attempt: 1, purpose: Purpose::Refill, after: now };
        assert!(events().ends_with(&[missed, due]));
    });
}

#[test]
fn seats_that_miss_together_are_filled_by_one_draw() {
    run(|| {
        let job = post(plain());
        advance(COMMIT);
        let Case { slots, attempts, .. } = case(job);
        assert!(slots.iter().all(|slot| slot.place == Place::Vacant { attempt: 1 } && slot.missed == 1));
        assert_eq!(attempts, 2);
        advance(DRAW);
        assert_eq!(case(job).seats.len(), 4);
    });
}

#[test]
fn seat_that_withholds_loses_everything() {
    run(|| {
        let right = Run::new(1);
        let job = sealed_job(plain(), &[&right, &right]);
        let silent = owner(job, 1);
        assert_ok!(reveal(job, 0, &right));
        advance(REVEAL - 1);
        assert!(matches!(phase(job), Phase::Revealing { .. }));
        advance(1);
        assert_eq!(seat(job, 1).stage, Stage::Withheld);
        assert_eq!(faults(), [(silent, FaultKind::WithheldReveal, LOCKED)]);
        assert_eq!(conducts_in(job), [(silent, Conduct::Cheated)]);
        let withheld = Event::Withheld { job, seat: 1, owner: silent, slash: Some(0) };
        assert!(events().contains(&withheld));
        assert!(events().contains(&Event::Disputed { job, fresh: 3 }));
    });
}

#[test]
fn fault_that_is_refused_is_told_and_frees_the_collateral() {
    run(|| {
        let job = post(plain());
        let late = owner(job, 1);
        assert_ok!(commit(job, 0, &Run::new(1).claim()));
        refuse_faults(Some(DispatchError::Exhausted));
        advance(COMMIT);
        assert_eq!(locked(late), 0);
        let error = DispatchError::Exhausted;
        assert!(events().contains(&Event::NotCharged { job, seat: 1, error }));
        assert!(events().contains(&Event::Missed { job, seat: 1, owner: late, slash: None }));
        assert_eq!(conducts_in(job), [(late, Conduct::NoShow)]);
    });
}

#[test]
fn lock_that_cannot_be_released_is_told_and_keeps_no_case_from_ending() {
    run(|| {
        let right = Run::new(1);
        let job = sealed_job(plain(), &[&right, &right]);
        let Seat { owner, lock, .. } = seat(job, 0);
        assert_ok!(mock::MockCollateral::release(&owner, lock));
        reveal_all(job, &right);
        assert_eq!(verdict(job).outcome, Outcome::Agreed);
        let told = |event: &Event<Test>| matches!(event, Event::NotReleased { lock: of, .. } if *of == lock);
        assert!(events().iter().any(told));
    });
}

#[test]
fn reminder_that_comes_too_early_does_nothing_but_remind_again() {
    run(|| {
        let right = Run::new(1);
        let job = post(plain());
        let reminder = case(job).reminder;
        commit_all(job, &right);
        assert_eq!(case(job).reminder, reminder);
        advance(DRAW);
        // Reveals end before it.
        assert_eq!(case(job).reminder, Some(Now::get() + REVEAL));
        let policy = Policy { reveal_blocks: 90, ..plain().policy };
        let other = post(Order { policy, ..plain() });
        commit_all(other, &right);
        advance(DRAW);
        let before = case(other);
        advance(COMMIT - DRAW);
        let Phase::Revealing { until } = phase(other) else { panic!("it is revealing") };
        assert_eq!(case(other), CaseOf::<Test> { reminder: Some(until), ..before });
    });
}

#[test]
fn job_that_has_ended_leaves_no_deadline() {
    run(|| {
        let right = Run::new(1);
        for order in [plain(), audited()] {
            let runs = vec![&right; if order.policy == policy() { 3 } else { 2 }];
            let job = sealed_job(order, &runs);
            reveal_all(job, &right);
        }
        assert_eq!(Deadlines::<Test>::iter().count(), 0);
    });
}

#[test]
fn job_expires_before_anybody_was_drawn() {
    run(|| {
        let job = try_post(plain()).unwrap();
        // No block has had a VRF.
        Now::set(200);
        Verification::tick(&mut WeightMeter::new());
        assert!(case(job).seats.is_empty());
        Now::set(201);
        Verification::tick(&mut WeightMeter::new());
        assert_ended(job, Outcome::Expired, &[]);
        assert_eq!(verdict(job).price, 0);
    });
}

#[test]
fn what_has_ended_comes_before_a_draw_of_the_same_block() {
    run(|| {
        let job = post(plain());
        let late = owner(job, 1);
        advance(COMMIT - DRAW);
        assert_ok!(decline(job, 0));
        // The draw for the first slot runs in the block in which the second one's seat is late.
        advance(DRAW);
        let missed = Event::Missed { job, seat: 1, owner: late, slash: Some(0) };
        let at = |holds: &dyn Fn(&Event<Test>) -> bool| events().iter().position(holds);
        let drawn = at(&|event| matches!(event, Event::SeatDrawn { seat: 2, .. }));
        let missed = at(&|event| *event == missed);
        assert!(missed.is_some() && drawn.is_some() && missed < drawn, "{missed:?} {drawn:?}");
    });
}

#[test]
fn slot_that_falls_vacant_after_the_deadline_is_filled_only_after_a_commit() {
    run(|| {
        let job = post(Order { deadline: 44, ..plain() });
        advance(COMMIT + DRAW);
        // New seats since 38, with time until 69.
        assert_eq!((Now::get(), case(job).seats.len()), (38, 4));
        advance(7);
        assert_ok!(decline(job, 2));
        advance(3 * DRAW);
        assert_eq!((Now::get(), case(job).seats.len()), (54, 4));
        assert!(events().contains(&Event::Postponed { job, attempt: 2 }));
        // In the block in which a draw became due.
        assert_ok!(commit(job, 3, &Run::new(1).claim()));
        advance(DRAW);
        assert_eq!(case(job).seats.len(), 5);
    });
}

#[test]
fn deadlines_pass_in_order_of_time_across_bytes() {
    run(|| {
        for deadline in [70_000, 255, 65_536, 256] {
            assert_ok!(try_post(Order { deadline, ..plain() }));
        }
        let ends: Vec<_> = Deadlines::<Test>::iter_keys().map(Verification::job_at).collect();
        assert_eq!(ends, [1, 3, 2, 0]);
    });
}

/// Three jobs that nobody is drawn for, since no block has had a VRF; the first two of them have expired, each worked
/// off by a step of its own in this block.
fn two_of_three_expired() -> u64 {
    let jobs = [50, 60, 70].map(|deadline| try_post(Order { deadline, ..plain() }).expect("it is taken in"));
    Now::set(60);
    for job in &jobs[..2] {
        assert!(Verification::work_deadline(Now::get()).is_some());
        assert_ended(*job, Outcome::Expired, &[]);
    }
    assert!(Verification::work_deadline(Now::get()).is_none());
    jobs[2]
}

/// Otherwise each step would pass all that those before it have taken out of the queue in its block.
#[test]
fn block_goes_on_where_it_has_got_to_in_the_queue() {
    run(|| {
        let job = two_of_three_expired();
        // Nothing puts a reminder there without a word: so whether it is found tells where the search begins.
        Deadlines::<Test>::insert(Verification::place(55, job), ());
        assert!(Verification::work_deadline(Now::get()).is_none());
        System::set_block_number(System::block_number() + 1);
        assert!(Verification::work_deadline(Now::get()).is_some(), "the next block looks from the start");
        assert_eq!(case(job).reminder, Some(70));
    });
}

#[test]
fn reminder_that_comes_in_behind_is_found_in_the_same_block() {
    run(|| {
        let job = two_of_three_expired();
        Verification::remind(job, case(job).reminder, 55);
        Cases::<Test>::mutate(job, |case| case.as_mut().expect("it is there").reminder = Some(55));
        check();
        assert!(Verification::work_deadline(Now::get()).is_some());
        assert_eq!(case(job).reminder, Some(70));
    });
}
