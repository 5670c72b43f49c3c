use crate::{mock::*, Change, Error, Event, Pending, State};
use assay_primitives::Conduct;
use frame_support::{assert_noop, assert_ok};

fn score_after(owner: u64, job: u64, conduct: Conduct) -> u32 {
    serve_out(owner, job, conduct);
    provider(owner).score
}

#[test]
fn seat_taken_back_gives_room_after_the_delay() {
    run(|| {
        provide_on(1, 4, CPU, 1);
        assert_ok!(seat(1, 7));
        assert_eq!((weight(CPU), in_play(CPU), drawable(CPU)), (0, 4, 0));
        unseat(1, 7, Conduct::Neutral);
        let conduct = Conduct::Neutral;
        assert!(events().contains(&Event::Unseated { owner: 1, job: 7, conduct, seats: 0, score: 0 }));
        let since = System::block_number();
        let pending = Pending { change: Change::Weight, bond: 4 * UNIT, score: 0, freed: 1, since };
        assert_eq!(events().last(), Some(&Event::ChangeAsked { owner: 1, pending }));
        assert_eq!((provider(1).seats(), provider(1).taken(), provider(1).weighing), (0, 1, Some(pending)));
        // For prices it is over at once.
        assert_eq!(Providers::pool(CPU).map(|pool| pool.busy), Some(0));

        advance(DELAY - 1);
        assert_eq!(weight(CPU), 0);
        assert_noop!(seat(1, 8), Error::<Test>::NoRoom);
        advance(1);
        assert_eq!((weight(CPU), drawable(CPU), provider(1).taken()), (4, 1, 0));
        assert_eq!(weighing(1), None);
        assert!(events().contains(&Event::ChangeApplied { owner: 1, change: Change::Weight }));
    });
}

#[test]
fn seat_taken_back_while_another_one_waits_has_its_own_time() {
    run(|| {
        provide_on(1, 4, CPU, 3);
        for job in 0..3 {
            assert_ok!(seat(1, job));
        }
        unseat(1, 0, Conduct::Neutral);
        advance(1);
        unseat(1, 1, Conduct::Neutral);
        assert_eq!((provider(1).taken(), Providers::queue_length()), (3, 1));
        advance(DELAY - 1);
        assert_eq!((provider(1).taken(), weight(CPU)), (2, 4));
        assert_eq!(weighing(1), Some(System::block_number()));
        advance(DELAY);
        assert_eq!((provider(1).taken(), weighing(1)), (1, None));
    });
}

#[test]
fn seat_that_was_taken_back_counts_beside_those_given_since() {
    run(|| {
        provide(1, 4);
        assert_ok!(seat(1, 7));
        unseat(1, 7, Conduct::Neutral);
        assert_ok!(seat(1, 8));
        // As if the first one were not over yet.
        assert_eq!((provider(1).seats(), provider(1).taken(), weight(CPU)), (1, 2, 0));
        assert_noop!(seat(1, 9), Error::<Test>::NoRoom);
        advance(DELAY);
        assert_ok!(seat(1, 9));
    });
}

#[test]
fn conduct_moves_the_score() {
    run(|| {
        provide(1, 100);
        assert_eq!(score_after(1, 0, Conduct::Neutral), 0);
        for job in 1..=20 {
            assert_eq!(score_after(1, job, Conduct::Right), job as u32);
        }
        assert_eq!(score_after(1, 30, Conduct::Neutral), 20);
        assert_eq!(score_after(1, 31, Conduct::Declined), 18);
        assert_eq!(score_after(1, 32, Conduct::NoShow), 9);
    });
}

#[test]
fn score_moves_the_weight_after_the_delay() {
    run(|| {
        provide(1, 100);
        for job in 0..120 {
            serve_out(1, job, Conduct::Right);
        }
        assert_eq!((provider(1).score, provider(1).standing), (100, 100));
        assert_eq!((weight(CPU), in_play(CPU), total_in_play()), (200, 200, 200));
        serve(1, 200, Conduct::Declined);
        assert_eq!((provider(1).score, weight(CPU), in_play(CPU)), (98, 200, 200));
        advance(DELAY);
        assert_eq!((weight(CPU), in_play(CPU), total_in_play()), (198, 198, 198));
    });
}

#[test]
fn no_show_silences_at_once() {
    run(|| {
        provide(1, 4);
        assert_ok!(seat(1, 7));
        assert_ok!(seat(1, 8));
        unseat(1, 7, Conduct::NoShow);
        assert_eq!((weight(CPU), in_play(CPU), provider(1).silent), (0, 0, true));
        // Its capacity is nobody's meanwhile, its seats are still its own.
        assert_eq!(Providers::pool(CPU).map(|pool| (pool.capacity, pool.busy)), Some((0, 1)));
        unseat(1, 8, Conduct::Right);
        advance(2 * DELAY);
        assert_eq!((weight(CPU), total_in_play()), (0, 0));
    });
}

#[test]
fn cheating_costs_the_score_and_freedom() {
    run(|| {
        provide(1, 100);
        for job in 0..50 {
            serve_out(1, job, Conduct::Right);
        }
        serve(1, 60, Conduct::Cheated);
        assert_eq!((provider(1).score, weight(CPU), in_play(CPU)), (0, 0, 0));
        assert!(matches!(provider(1).state, State::Jailed { .. }));
    });
}

#[test]
fn seat_that_is_not_there_is_not_taken_back() {
    run(|| {
        provide(1, 4);
        assert_ok!(seat(1, 7));
        let before = events().len();
        unseat(1, 8, Conduct::Cheated);
        unseat(2, 7, Conduct::Cheated);
        assert_eq!((events().len(), provider(1).state, provider(1).seats()), (before, State::Active, 1));
        unseat(1, 7, Conduct::Right);
        unseat(1, 7, Conduct::Cheated);
        assert_eq!((provider(1).state, provider(1).score), (State::Active, 1));
    });
}

#[test]
fn change_that_waits_outlives_a_verdict() {
    run(|| {
        provide(1, 4);
        assert_ok!(seat(1, 7));
        assert_ok!(update(1, CPU, 9));
        unseat(1, 7, Conduct::Cheated);
        assert_eq!(waiting(1), Some(Change::Terms(terms(CPU, 9))));
        advance(DELAY);
        assert_eq!((provider(1).terms.capacity, weight(CPU)), (9, 0));
        assert_noop!(seat(1, 8), Error::<Test>::NotInPlay);
    });
}
