//! One rule at a time.

use assay_core::{Action, Block, Call, Event, Now, Phase, Progress, Seal, Seat, Seen, Stage, Standing};

const SEAL: Seal = Seal { commitment: [7; 32], computed: true };
const MISDECLARED: Seal = Seal { commitment: [8; 32], computed: false };
const REVEALING: Phase = Phase::Revealing { until: 50, leaves: None };
const OPENING: Phase = Phase::Revealing { until: 50, leaves: Some([3; 32]) };

fn seated(stage: Stage, phase: Phase) -> Standing {
    Standing::Seated(Seen { stage, phase, commit_by: 30 })
}

fn best(block: Block, standing: Standing) -> Event {
    Event::Best { now: Now { block, clock: block }, standing }
}

fn assigned(block: Block) -> Event {
    best(block, seated(Stage::Assigned, Phase::Sealing))
}

fn committed(block: Block, seal: Seal, phase: Phase) -> Event {
    best(block, seated(Stage::Committed(seal.commitment), phase))
}

fn settled(seal: Seal, phase: Phase) -> Event {
    Event::Final { standing: seated(Stage::Committed(seal.commitment), phase) }
}

#[test]
fn a_seat_is_fetched_run_committed_revealed_and_shown() {
    let mut seat = Seat::new();
    assert_eq!(seat.step(assigned(1)), [Action::Fetch]);
    assert_eq!(seat.progress(), Progress::Fetching);
    assert_eq!(seat.step(Event::Fetched), [Action::Run]);
    assert_eq!(seat.step(Event::Sealed(SEAL)), [Action::Commit(SEAL.commitment)]);
    assert_eq!(seat.step(Event::Included { call: Call::Commit, block: 2 }), []);
    assert_eq!(seat.step(committed(3, SEAL, REVEALING)), []);
    assert_eq!(seat.step(settled(SEAL, REVEALING)), [Action::Reveal { leaves: None }]);
    assert_eq!(seat.progress(), Progress::Revealing);
    assert_eq!(seat.step(Event::Included { call: Call::Reveal, block: 4 }), []);
    assert_eq!(seat.step(best(4, Standing::Ended { won: true })), []);
    assert_eq!(seat.step(Event::Final { standing: Standing::Ended { won: true } }), [Action::Publish]);
    assert_eq!(seat.step(Event::Published), [Action::Clean { ended: true }]);
    assert!(seat.is_gone());
    assert_eq!(seat.step(assigned(9)), []);
}

#[test]
fn a_commit_that_a_reorganisation_took_back_is_sent_again_and_is_the_same() {
    let mut seat = Seat::resumed(SEAL);
    assert_eq!(seat.step(assigned(5)), [Action::Commit(SEAL.commitment)]);
    assert_eq!(seat.step(assigned(6)), []);
    seat.step(Event::Included { call: Call::Commit, block: 7 });
    assert_eq!(seat.step(assigned(6)), [], "a block from before it was included");
    assert_eq!(seat.step(assigned(8)), [Action::Commit(SEAL.commitment)]);
}

#[test]
fn a_refused_transaction_waits_twice_as_long_each_time() {
    let mut seat = Seat::resumed(SEAL);
    seat.step(assigned(1));
    assert_eq!(seat.step(Event::NotSent(Call::Commit)), []);
    assert_eq!(seat.step(assigned(2)), []);
    assert_eq!(seat.step(assigned(3)), [Action::Commit(SEAL.commitment)]);
    seat.step(Event::NotSent(Call::Commit));
    assert_eq!(seat.step(assigned(6)), []);
    assert_eq!(seat.step(assigned(7)), [Action::Commit(SEAL.commitment)]);
}

#[test]
fn a_refused_transaction_is_tried_to_the_last_block() {
    let mut seat = Seat::resumed(SEAL);
    let mut blocks = Vec::new();
    for block in 1..30 {
        if seat.step(assigned(block)) == [Action::Commit(SEAL.commitment)] {
            blocks.push(block);
            seat.step(Event::NotSent(Call::Commit));
        }
    }
    assert_eq!(blocks, [1, 3, 7, 15, 22, 26, 28, 29]);
}

#[test]
fn refused_commits_do_not_delay_the_reveal() {
    let mut seat = Seat::resumed(SEAL);
    for block in 1..20 {
        if seat.step(assigned(block)) == [Action::Commit(SEAL.commitment)] {
            seat.step(Event::NotSent(Call::Commit));
        }
    }
    assert_eq!(seat.step(assigned(22)), [Action::Commit(SEAL.commitment)]);
    seat.step(Event::Included { call: Call::Commit, block: 23 });
    seat.step(settled(SEAL, REVEALING));
    assert_eq!(seat.step(committed(24, SEAL, REVEALING)), [Action::Reveal { leaves: None }]);
    seat.step(Event::NotSent(Call::Reveal));
    assert_eq!(seat.step(committed(26, SEAL, REVEALING)), [Action::Reveal { leaves: None }]);
}

#[test]
fn without_finality_a_reveal_waits_for_half_of_the_time() {
    let mut seat = Seat::resumed(SEAL);
    // Of the 40 blocks left 19.
    assert_eq!(seat.step(committed(10, SEAL, REVEALING)), []);
    assert_eq!(seat.step(committed(28, SEAL, REVEALING)), []);
    assert_eq!(seat.step(committed(29, SEAL, REVEALING)), [Action::Reveal { leaves: None }]);
}

#[test]
fn finality_of_another_closing_of_commits_counts_for_nothing() {
    let mut seat = Seat::resumed(SEAL);
    seat.step(settled(SEAL, Phase::Revealing { until: 49, leaves: None }));
    assert_eq!(seat.step(committed(10, SEAL, REVEALING)), []);
}

#[test]
fn a_reveal_that_would_be_too_late_is_not_sent() {
    let mut seat = Seat::resumed(SEAL);
    seat.step(settled(SEAL, REVEALING));
    assert_eq!(seat.step(committed(50, SEAL, REVEALING)), []);
    assert_eq!(seat.step(committed(49, SEAL, REVEALING)), [Action::Reveal { leaves: None }]);
}

#[test]
fn what_another_worker_with_this_key_committed_is_left_alone() {
    let mut seat = Seat::resumed(SEAL);
    seat.step(settled(MISDECLARED, REVEALING));
    assert_eq!(seat.step(committed(45, MISDECLARED, REVEALING)), []);
    assert_eq!(seat.progress(), Progress::Foreign);
    assert!(!seat.has_work());
}

#[test]
fn what_was_committed_before_the_database_was_lost_is_computed_again_and_revealed() {
    let mut seat = Seat::new();
    seat.step(settled(SEAL, REVEALING));
    assert_eq!(seat.step(committed(10, SEAL, REVEALING)), [Action::Fetch]);
    assert_eq!((seat.progress(), seat.has_work()), (Progress::Fetching, true));
    assert_eq!(seat.step(Event::Fetched), [Action::Run]);
    assert_eq!(seat.step(Event::Sealed(SEAL)), [Action::Reveal { leaves: None }]);
}

#[test]
fn what_comes_out_otherwise_than_it_was_committed_is_not_revealed() {
    let mut seat = Seat::new();
    seat.step(settled(SEAL, REVEALING));
    seat.step(committed(10, SEAL, REVEALING));
    seat.step(Event::Fetched);
    assert_eq!(seat.step(Event::Sealed(MISDECLARED)), []);
    assert_eq!(seat.progress(), Progress::Foreign);
}

#[test]
fn what_was_committed_is_fetched_again_as_long_as_a_reveal_would_count() {
    let (mut seat, mut fetches) = (Seat::new(), Vec::new());
    for block in 10..60 {
        if seat.step(committed(block, SEAL, REVEALING)) == [Action::Fetch] {
            fetches.push(block);
            assert_eq!(seat.step(Event::FetchFailed), []);
        }
    }
    assert_eq!(fetches, [10, 12, 16, 24, 37, 43, 46, 48, 49]);
}

#[test]
fn nothing_is_computed_again_that_can_t_be_revealed_any_more() {
    assert_eq!(Seat::new().step(committed(50, SEAL, REVEALING)), []);
}

#[test]
fn fresh_seats_open_their_leaves_before_they_reveal() {
    let mut seat = Seat::resumed(SEAL);
    seat.step(settled(SEAL, OPENING));
    assert_eq!(seat.step(committed(10, SEAL, OPENING)), [Action::Open { leaves: [3; 32] }]);
    assert_eq!(seat.step(committed(11, SEAL, OPENING)), []);
    assert_eq!(seat.step(Event::Opened { leaves: [4; 32] }), []);
    let reveal = Action::Reveal { leaves: Some([3; 32]) };
    assert_eq!(seat.step(Event::Opened { leaves: [3; 32] }), [reveal]);
}

#[test]
fn an_opening_that_fails_is_tried_again() {
    let mut seat = Seat::resumed(SEAL);
    let open = Action::Open { leaves: [3; 32] };
    assert_eq!(seat.step(committed(10, SEAL, OPENING)), [open]);
    assert_eq!(seat.step(Event::OpenFailed { leaves: [3; 32] }), []);
    assert_eq!(seat.step(committed(11, SEAL, OPENING)), []);
    assert_eq!(seat.step(committed(12, SEAL, OPENING)), [open]);
}

#[test]
fn misdeclared_units_need_no_leaves_and_leave_nothing_to_show() {
    let mut seat = Seat::resumed(MISDECLARED);
    seat.step(settled(MISDECLARED, OPENING));
    assert_eq!(seat.step(committed(10, MISDECLARED, OPENING)), [Action::Reveal { leaves: None }]);
    let ended = Event::Final { standing: Standing::Ended { won: true } };
    assert_eq!(seat.step(ended), [Action::Clean { ended: true }]);
}

#[test]
fn a_lost_job_shows_nothing() {
    let mut seat = Seat::resumed(SEAL);
    let ended = Event::Final { standing: Standing::Ended { won: false } };
    assert_eq!(seat.step(ended), [Action::Clean { ended: true }]);
}

#[test]
fn input_that_can_never_be_had_is_declined_at_once() {
    let mut seat = Seat::new();
    seat.step(assigned(1));
    assert_eq!(seat.step(Event::Unfit), [Action::Decline]);
    assert_eq!(seat.progress(), Progress::Declined);
}

#[test]
fn input_that_does_not_come_is_asked_for_again_and_then_declined() {
    let mut seat = Seat::new();
    let mut fetches = 0;
    let mut block = 0;
    loop {
        block += 1;
        match seat.step(assigned(block)).as_slice() {
            [] => (),
            [Action::Fetch] => {
                fetches += 1;
                if seat.step(Event::FetchFailed) == [Action::Decline] {
                    break;
                }
            }
            other => panic!("{other:?}"),
        }
        assert!(block < 25, "still not declined");
    }
    assert!(fetches >= 3, "{fetches}");
}

#[test]
fn a_run_that_fails_twice_is_declined() {
    let mut seat = Seat::new();
    seat.step(assigned(1));
    seat.step(Event::Fetched);
    assert_eq!(seat.step(Event::RunFailed), [Action::Fetch]);
    seat.step(Event::Fetched);
    assert_eq!(seat.step(Event::RunFailed), [Action::Decline]);
}

#[test]
fn a_seat_that_would_be_missed_is_given_back_in_time() {
    let mut seat = Seat::new();
    seat.step(assigned(1));
    seat.step(Event::Fetched);
    assert_eq!(seat.step(assigned(26)), []);
    assert_eq!(seat.step(assigned(27)), [Action::Stop, Action::Decline]);
    assert_eq!(seat.step(Event::Sealed(SEAL)), [], "what was stopped is not heard");
}

#[test]
fn an_unwanted_seat_is_declined() {
    let mut seat = Seat::unwanted();
    assert_eq!(seat.step(assigned(1)), [Action::Decline]);
    assert!(seat.has_work());
    assert_eq!(seat.step(best(2, seated(Stage::Declined, Phase::Sealing))), []);
    assert!(!seat.has_work());
}

#[test]
fn a_seat_that_the_best_chain_lost_is_left_only_when_more_is_final() {
    let mut seat = Seat::new();
    seat.step(Event::Final { standing: Standing::Absent });
    seat.step(assigned(1));
    assert_eq!(seat.step(best(2, Standing::Absent)), []);
    assert_eq!(seat.progress(), Progress::Over);
    assert_eq!(seat.step(assigned(3)), []);
    seat.step(best(4, Standing::Absent));
    assert_eq!(seat.step(Event::Final { standing: Standing::Absent }), [Action::Clean { ended: false }]);
}

#[test]
fn a_result_that_cannot_be_shown_is_given_up_after_ten_attempts() {
    let mut seat = Seat::resumed(SEAL);
    let ended = Standing::Ended { won: true };
    let mut actions = seat.step(Event::Final { standing: ended });
    let mut attempts = 0;
    for block in (40..).step_by(40).take(20) {
        if actions != [Action::Publish] {
            break;
        }
        attempts += 1;
        actions = seat.step(Event::PublishFailed);
        if actions.is_empty() {
            actions = seat.step(best(block, ended));
        }
    }
    assert_eq!((attempts, actions), (10, vec![Action::Clean { ended: true }]));
}
