use crate::{mock::*, Change, Error, Event, State};
use assay_primitives::Conduct;
use frame_support::{assert_noop, assert_ok};

fn score_after(owner: u64, job: u64, conduct: Conduct) -> u32 {
    serve(owner, job, conduct);
    provider(owner).score
}

#[test]
fn seat_taken_back_gives_room_at_once() {
    run(|| {
        provide_on(1, 4, CPU, 1);
        assert_ok!(seat(1, 7));
        assert_eq!(weight(CPU), 0);
        unseat(1, 7, Conduct::Neutral);
        assert_eq!((weight(CPU), provider(1).seats()), (4, 0));
        let conduct = Conduct::Neutral;
        assert!(events().contains(&Event::Unseated { owner: 1, job: 7, conduct, seats: 0, score: 0 }));
        assert_eq!(Providers::pool(CPU).map(|pool| pool.busy), Some(0));
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
        assert_eq!(score_after(1, 31, Conduct::Declined), 15);
        assert_eq!(score_after(1, 32, Conduct::NoShow), 7);
    });
}

#[test]
fn score_moves_the_weight() {
    run(|| {
        provide(1, 100);
        for job in 0..150 {
            serve(1, job, Conduct::Right);
        }
        assert_eq!((provider(1).score, weight(CPU), total_weight()), (100, 200, 200));
        serve(1, 200, Conduct::Declined);
        assert_eq!(weight(CPU), 195);
    });
}

#[test]
fn no_show_silences_at_once() {
    run(|| {
        provide(1, 4);
        assert_ok!(seat(1, 7));
        assert_ok!(seat(1, 8));
        unseat(1, 7, Conduct::NoShow);
        assert_eq!((weight(CPU), provider(1).silent), (0, true));
        // Its capacity is nobody's meanwhile, its seats are still its own.
        assert_eq!(Providers::pool(CPU).map(|pool| (pool.capacity, pool.busy)), Some((0, 1)));
        unseat(1, 8, Conduct::Right);
        assert_eq!(weight(CPU), 0);
    });
}

#[test]
fn cheating_costs_the_score_and_freedom() {
    run(|| {
        provide(1, 100);
        for job in 0..50 {
            serve(1, job, Conduct::Right);
        }
        serve(1, 60, Conduct::Cheated);
        assert_eq!((provider(1).score, weight(CPU)), (0, 0));
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
