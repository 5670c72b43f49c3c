//! Each invariant notices when it is broken.

use crate::{
    mock::*, Case, Cases, DeadlineCursor, Deadlines, DrawQueue, Draws, Phase, Place, Policies, Round, Stage,
};
use assay_primitives::{Claim, Policy};
use frame_support::assert_ok;
use sp_runtime::{DispatchError, TryRuntimeError};

/// Breaks something on a sound chain: job 0 has two seats, of which the first has committed, job 1 reveals, and a draw
/// of job 2 is due.
fn broken(by: impl FnOnce(), says: &'static str) {
    chain().execute_with(|| {
        System::set_block_number(1);
        set_price(MACHINE, PRICE);
        (FIRST..FIRST + 8).for_each(provide);
        let right = Run::new(1);
        let first = post(plain());
        sealed_job(audited(), &[&right, &right, &right]);
        assert_ok!(try_post(plain()));
        assert_ok!(commit(first, 0, &right.claim()));
        assert_ok!(Verification::do_try_state());
        by();
        let error: TryRuntimeError = DispatchError::Other(says);
        assert_eq!(Verification::do_try_state(), Err(error));
    });
}

fn change(job: u64, by: impl FnOnce(&mut Case<u64>)) {
    Cases::<Test>::mutate(job, |case| by(case.as_mut().expect("there is a case")));
}

fn stage(job: u64, index: u8, stage: Stage) {
    change(job, |case| case.set_stage(index, stage));
}

#[test]
fn draws() {
    let first = || DrawQueue::<Test>::get().first;
    broken(|| DrawQueue::<Test>::mutate(|queue| queue.next += 1), "a draw stands outside of the queue");
    broken(|| Draws::<Test>::remove(first()), "a draw stands outside of the queue");
    let push = |change: fn(&mut crate::Draw)| {
        let mut draw = Draws::<Test>::get(DrawQueue::<Test>::get().first).expect("a draw is due");
        change(&mut draw);
        DrawQueue::<Test>::mutate(|queue| {
            Draws::<Test>::insert(queue.next, draw);
            queue.next += 1;
        });
    };
    broken(|| push(|draw| draw.due = 0), "the draws are not in order of time");
    broken(|| push(|draw| draw.attempt = 9), "a draw is due that its case does not wait for");
    broken(|| push(|draw| draw.job = 0), "a draw is due that its case does not wait for");
    broken(|| push(|_| ()), "a draw is due twice");
    broken(
        || {
            Draws::<Test>::remove(first());
            DrawQueue::<Test>::mutate(|queue| queue.first += 1);
        },
        "a case waits for a draw that isn't due",
    );
}

#[test]
fn deadlines() {
    let reminder = |job| case(job).reminder.expect("it has one");
    broken(
        || Deadlines::<Test>::remove(Verification::place(reminder(0), 0)),
        "a case's reminder is not in the queue",
    );
    broken(
        || {
            Verification::forget(0, case(0).reminder);
            change(0, |case| case.reminder = None);
        },
        "a case's deadline would pass unnoticed",
    );
    broken(
        || {
            let late = reminder(0) + 1;
            Verification::remind(0, case(0).reminder, late);
            change(0, |case| case.reminder = Some(late));
        },
        "a case's deadline would pass unnoticed",
    );
    broken(|| Verification::remind(77, None, 500), "a deadline is of no case");
    broken(
        || DeadlineCursor::<Test>::put((System::block_number(), Verification::place(reminder(0), 0))),
        "a block would pass over a deadline",
    );
}

#[test]
fn slots() {
    broken(|| change(0, |case| case.slots.truncate(1)), "a case has not as many first slots as it must");
    broken(|| change(0, |case| case.audited = true), "the slot of an audit is missing, or too many");
    broken(
        || change(0, |case| case.add_slots(Round::Fresh, 2, 0)),
        "a fresh round has not as many slots as it must",
    );
    broken(
        || change(0, |case| case.with_slot(0, |slot| slot.missed = 1)),
        "a slot counts its misses wrongly",
    );
    broken(
        || change(0, |case| case.with_slot(0, |slot| slot.declined = 1)),
        "a slot counts its declines wrongly",
    );
    broken(
        || change(0, |case| case.with_slot(1, |slot| slot.place = Place::Taken { seat: 9 })),
        "a slot is taken by no seat",
    );
    broken(
        || change(0, |case| case.with_slot(1, |slot| slot.place = Place::Taken { seat: 0 })),
        "a slot is taken by a seat of another one",
    );
    broken(
        || change(2, |case| case.with_slot(1, |slot| slot.place = Place::Vacant { attempt: 9 })),
        "a slot waits for a draw that was never due",
    );
}

/// A seat that declined, in a slot of job 0.
fn with_decline(slot: u8, stage: Stage) {
    change(0, |case| {
        let mut seat = case.seats[0].clone();
        (seat.owner, seat.lock, seat.slot, seat.stage) = (9_000, 9_000, slot, stage);
        case.seats.try_push(seat).expect("there is room");
        case.with_slot(slot, |slot| slot.declined += 1);
    });
}

#[test]
fn declines() {
    broken(|| with_decline(0, Stage::Declined), "a seat that declined was not judged when it could be");
    broken(|| with_decline(1, Stage::Replaced), "a seat that declined was judged too early");
    broken(
        || {
            with_decline(1, Stage::Declined);
            change(0, |case| {
                for owner in 9_001..9_004 {
                    let mut seat = case.seats[2].clone();
                    seat.owner = owner;
                    case.seats.try_push(seat).expect("there is room");
                }
                case.with_slot(1, |slot| slot.declined = 4);
            });
        },
        "a slot was filled too often",
    );
}

#[test]
fn seats() {
    broken(|| change(0, |case| case.seats[1].owner = case.seats[0].owner), "an owner has two seats of a job");
    broken(
        || change(0, |case| case.order.requester = case.seats[0].owner),
        "a requester has a seat of its own job",
    );
    broken(
        || {
            with_decline(1, Stage::Assigned);
            change(0, |case| case.with_slot(1, |slot| slot.declined = 0));
        },
        "a slot is not held by the seat that is open in it",
    );
}

#[test]
fn phases() {
    let until = 500;
    broken(
        || change(0, |case| case.phase = Phase::Committing(Round::Fresh)),
        "a round is over and a seat has still to act",
    );
    broken(
        || change(0, |case| case.phase = Phase::Revealing { until }),
        "a sealed round has a seat without a commit",
    );
    broken(
        || change(1, |case| case.phase = Phase::Committing(Round::First)),
        "a round has slots before its time",
    );
    broken(
        || stage(0, 0, Stage::Revealed(Run::new(1).claim())),
        "a seat has revealed before all have committed",
    );
    broken(|| stage(0, 0, Stage::Withheld), "a seat has revealed before all have committed");
    let commit = "a case has a first commit without a seat's, or the reverse";
    broken(|| change(0, |case| case.first_commit = None), commit);
    broken(|| change(2, |case| case.first_commit = Some(1)), commit);
}

#[test]
fn terms() {
    broken(|| change(0, |case| case.price = case.order.price_cap + 1), "a price is above the cap");
    broken(|| change(0, |case| case.stale_at = None), "a case has seats and endless time");
    broken(|| change(0, |case| case.price -= 1), "a seat's collateral is not what the policy asks");
    broken(|| change(0, |case| case.keep_output(0, Default::default())), "an output is nobody's result");
}

#[test]
fn outputs_of_a_claim_without_a_result_are_nobodys() {
    broken(
        || {
            stage(1, 0, Stage::Revealed(Claim::Misdeclared { units: 1 }));
            change(1, |case| case.keep_output(0, vec![0].try_into().expect("a byte")));
        },
        "an output is nobody's result",
    );
}

#[test]
fn locks() {
    broken(|| change(0, |case| case.seats[0].lock = case.seats[1].lock), "two open seats have one lock");
}

#[test]
fn policies() {
    broken(
        || {
            let class = assay_primitives::JobClass::ExactV1;
            Policies::<Test>::insert(class, (1, Policy { reveal_blocks: 0, ..policy() }));
        },
        "a policy breaks a rule",
    );
    broken(|| MaxDrawBlocks::set(1), "a policy breaks a rule");
    broken(|| MaxStake::set(9), "a policy breaks a rule");
}
