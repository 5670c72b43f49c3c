use crate::{mock::*, seat::Tally, Event, Phase, Place, Round, Stage};
use assay_primitives::{
    mock::market, Conduct, Machine, Order, Outcome, Pay, PendingDraws, Policy, Role, Sortition,
};
use assay_rules::draw::{leaves, seed, ticket, Purpose};
use frame_support::assert_ok;
use sp_runtime::Perbill;

const OTHER: Machine = Machine { hardware: 1, memory: 0 };

#[test]
fn draw_runs_in_the_block_after_its_last_vrf_and_no_sooner() {
    run(|| {
        let job = try_post(plain()).unwrap();
        advance(DRAW - 1);
        assert!(case(job).seats.is_empty());
        assert_nothing_due();
        advance(1);
        assert_eq!(case(job).seats.len(), 2);
        assert_eq!(<Verification as PendingDraws>::oldest(), None);
    });
}

#[test]
fn seats_drawn_are_told_with_all_that_a_worker_needs() {
    run(|| {
        let job = post(plain());
        for index in 0..2 {
            let seat = seat(job, index);
            assert_eq!((seat.slot, seat.collateral, seat.stage), (index, LOCKED, Stage::Assigned));
            assert_eq!(lock_is_accused(seat.lock), Some(false));
            let drawn = Event::SeatDrawn {
                job,
                seat: index,
                owner: seat.owner,
                round: Round::First,
                slot: index,
                price: PRICE,
                lock: seat.lock,
                collateral: LOCKED,
                commit_by: Now::get() + COMMIT,
            };
            assert!(events().contains(&drawn));
        }
        assert!(!case(job).thin);
    });
}

#[test]
fn price_is_the_index_and_at_most_the_cap() {
    run(|| {
        let job = post(plain());
        assert_eq!(case(job).price, PRICE);
        let job = post(Order { price_cap: PRICE - 1, ..plain() });
        assert_eq!(case(job).price, PRICE - 1);
        assert_eq!(seat(job, 0).collateral, (PRICE - 1) * u128::from(UNITS) * 10);
    });
}

#[test]
fn price_stays_for_all_seats_of_a_job() {
    run(|| {
        let job = post(plain());
        set_price(MACHINE, 2 * PRICE);
        assert_ok!(decline(job, 0));
        advance(DRAW);
        assert_eq!((case(job).price, seat(job, 2).collateral), (PRICE, LOCKED));
    });
}

#[test]
fn owners_never_share_a_job_in_any_round() {
    run(|| {
        let runs = [1, 2, 3].map(Run::new);
        let [one, two, three] = &runs;
        let job = disputed_job(audited(), &[one, two, three], &[one, two]);
        let mut owners: Vec<_> = case(job).seats.iter().map(|seat| seat.owner).collect();
        owners.sort();
        owners.dedup();
        assert_eq!(owners.len(), 5);
    });
}

#[test]
fn requester_is_never_drawn_for_its_own_job() {
    run_with(6, || {
        set_bond(REQUESTER, Role::Provider, BOND);
        set_provider(REQUESTER, MACHINE, 18_000, 0, 50);
        let jobs: Vec<_> = (0..10).map(|_| post(plain())).collect();
        assert!(jobs.iter().all(|job| case(*job).seats.iter().all(|seat| seat.owner != REQUESTER)));
        // Three in four tickets are its own.
        assert!(jobs.iter().filter(|job| case(**job).thin).count() >= 4);
    });
}

#[test]
fn job_is_thin_if_more_than_half_of_its_tickets_give_no_seat() {
    let thin = |tries, seated| Tally { tries, seated, filled: seated }.is_thin();
    assert!(!thin(2, 2) && !thin(4, 2) && thin(5, 2));
    assert!(!thin(2, 1) && thin(3, 1) && thin(1, 0) && !thin(0, 0));
}

#[test]
fn provider_that_wants_more_than_the_price_is_passed_over() {
    run(|| {
        for owner in FIRST..FIRST + 6 {
            set_provider(owner, MACHINE, 1_000, PRICE + 1, 10);
        }
        set_provider(FIRST + 6, MACHINE, 1_000, PRICE, 10);
        let job = post(plain());
        advance(9);
        let mut owners: Vec<_> = case(job).seats.iter().map(|seat| seat.owner).collect();
        owners.sort();
        assert_eq!(owners, [FIRST + 6, FIRST + 7]);
    });
}

#[test]
fn provider_without_the_collateral_is_passed_over() {
    run(|| {
        (FIRST..FIRST + 6).for_each(|owner| set_bond(owner, Role::Provider, LOCKED - 1));
        set_bond(FIRST + 6, Role::Provider, LOCKED);
        let job = post(plain());
        advance(9);
        let mut owners: Vec<_> = case(job).seats.iter().map(|seat| seat.owner).collect();
        owners.sort();
        assert_eq!(owners, [FIRST + 6, FIRST + 7]);
        assert_eq!((locked(FIRST + 6), locked(FIRST + 7)), (LOCKED, LOCKED));
    });
}

#[test]
fn bond_that_draws_do_not_count_yet_buys_no_seat() {
    run(|| {
        // All have bonded enough since; what they were weighed by is less than the collateral.
        (FIRST..FIRST + 8).for_each(|owner| market::set_stake(owner, LOCKED - 1));
        let job = post(plain());
        assert!(case(job).seats.is_empty());
        (FIRST..FIRST + 8).for_each(|owner| market::set_stake(owner, LOCKED));
        advance(DRAW);
        assert_eq!(case(job).seats.len(), 2);
    });
}

#[test]
fn provider_at_capacity_is_not_drawn() {
    run(|| {
        (FIRST..FIRST + 3).for_each(fill);
        for _ in 0..5 {
            let job = post(plain());
            assert!(owner(job, 0) >= FIRST + 3 && owner(job, 1) >= FIRST + 3);
        }
    });
}

#[test]
fn slot_that_cannot_be_filled_is_drawn_again_until_its_time_is_over() {
    run(|| {
        let job = try_post(plain()).unwrap();
        (FIRST + 1..FIRST + 8).for_each(retire);
        advance(DRAW);
        // 48 seats of three blocks to draw and thirty to commit, and ten blocks to reveal.
        let stale = Now::get() + 48 * 33 + 10;
        assert_eq!((case(job).stale_at, owner(job, 0)), (Some(stale), FIRST));
        for again in 1..=8 {
            assert_eq!(case(job).slots[1].place, Place::Vacant { attempt: again });
            assert_eq!(case(job).slots[0].place, Place::Taken { seat: 0 });
            let after = System::block_number();
            let due = Event::DrawDue { job, attempt: again, purpose: Purpose::Seats, after };
            assert_eq!(last_event(), due);
            advance(DRAW);
        }
        assert_ok!(commit(job, 0, &Run::new(1).claim()));
        advance(stale - Now::get() - 1);
        assert_eq!(case(job).seats.len(), 1);
        advance(1);
        assert_ended(job, Outcome::Undecided, &[]);
    });
}

#[test]
fn slot_that_cannot_be_filled_before_any_commit_ends_the_job_as_expired() {
    run(|| {
        let job = try_post(Order { deadline: 5_000, ..plain() }).unwrap();
        (FIRST + 1..FIRST + 8).for_each(retire);
        advance(DRAW);
        assert_ok!(decline(job, 0));
        let decliner = owner(job, 0);
        starve(job);
        assert!(Now::get() < 5_000);
        assert_ended(job, Outcome::Expired, &[(decliner, Pay::FromBond)]);
    });
}

#[test]
fn slot_drawn_again_is_filled_when_somebody_comes() {
    run(|| {
        let job = try_post(plain()).unwrap();
        (FIRST + 1..FIRST + 8).for_each(retire);
        advance(DRAW);
        provide(FIRST + 50);
        advance(DRAW);
        let owners = [owner(job, 0), owner(job, 1)];
        assert_eq!(owners, [FIRST, FIRST + 50]);
        assert!(case(job).thin);
    });
}

#[test]
fn seats_are_not_drawn_while_more_than_half_of_the_weight_has_no_room() {
    run(|| {
        let job = try_post(plain()).unwrap();
        (FIRST..FIRST + 5).for_each(fill);
        for attempt in 0..3 {
            advance(DRAW);
            assert!(events().contains(&Event::Postponed { job, attempt }));
            assert_eq!(case(job).slots[0].place, Place::Vacant { attempt: attempt + 1 });
        }
        // Nothing is decided by a draw that did not run, but how long there can be others.
        assert_eq!((case(job).seats.len(), case(job).price), (0, 0));
        assert!(case(job).stale_at.is_some());
        provide(FIRST);
        advance(DRAW);
        assert_eq!(case(job).seats.len(), 2);
    });
}

#[test]
fn job_on_machines_with_less_than_a_quarter_of_all_weight_is_thin() {
    run(|| {
        set_provider(9_000, OTHER, 24_000, 0, 1);
        let job = post(plain());
        assert!(!case(job).thin);
        set_provider(9_000, OTHER, 24_001, 0, 1);
        let job = post(plain());
        assert!(case(job).thin);
    });
}

#[test]
fn thin_job_is_audited_whatever_the_lot() {
    run(|| {
        set_provider(9_000, OTHER, 30_000, 0, 1);
        let job = post(plain());
        commit_all(job, &Run::new(1));
        advance(DRAW);
        assert!(case(job).audited);
        assert_eq!(phase(job), Phase::Committing(Round::Audit));
    });
}

#[test]
fn lot_falls_on_as_many_jobs_as_the_policy_says() {
    run_with(60, || {
        let terms = Policy { audit: Perbill::from_percent(50), reveal_blocks: 200, ..policy() };
        let half = Order { policy: terms, ..plain() };
        let jobs: Vec<_> = (0..100).map(|_| try_post(half.clone()).unwrap()).collect();
        advance(30);
        jobs.iter().for_each(|job| commit_all(*job, &Run::new(1)));
        advance(20);
        let audited = jobs.iter().filter(|job| case(**job).audited).count();
        assert!((35..=65).contains(&audited), "{audited}");
        for job in jobs {
            assert!(events().contains(&Event::LotDrawn { job, audited: case(job).audited }));
        }
    });
}

#[test]
fn lot_and_the_seat_that_it_gives_have_seeds_of_their_own() {
    run(|| {
        let job = post(audited());
        commit_all(job, &Run::new(1));
        let chance = [5; 32];
        market::set_seed(System::block_number(), 2, chance);
        advance(1);
        let of_audit = seed(&chance, job, 1, Purpose::Audit);
        assert_ne!(of_audit, seed(&chance, job, 1, Purpose::Lot));
        let drawn = |attempt| {
            let ticket = ticket(&of_audit, 2, attempt, Providers::weight(MACHINE))?;
            Providers::holder(MACHINE, ticket).map(|candidate| candidate.owner)
        };
        let first_seats = [owner(job, 0), owner(job, 1)];
        let expected = (0..16).filter_map(drawn).find(|owner| !first_seats.contains(owner));
        assert_eq!(expected, Some(owner(job, 2)));
    });
}

#[test]
fn leaves_are_drawn_after_the_fresh_seats_are_sealed() {
    run(|| {
        let (right, wrong) = (Run::new(1), Run::new(2));
        let job = sealed_job(plain(), &[&right, &wrong]);
        assert_ok!(reveal(job, 0, &right));
        assert_ok!(reveal(job, 1, &wrong));
        advance(DRAW);
        commit_all(job, &right);
        let Phase::Leaves { attempt } = phase(job) else { panic!("{:?}", phase(job)) };
        let chance = [6; 32];
        market::set_seed(System::block_number(), 2, chance);
        advance(1);
        let drawn = seed(&chance, job, attempt, Purpose::Leaves);
        let until = Now::get() + OPENING;
        assert_eq!(phase(job), Phase::Opening { until, leaves: drawn });
        assert!(events().contains(&Event::LeavesDrawn { job, seed: drawn }));
        assert_eq!(last_event(), Event::RevealsOpened { job, until });
        assert_ne!(leaves(&drawn, 2, 16), leaves(&drawn, 3, 16));
    });
}

#[test]
fn draws_of_a_job_that_has_ended_are_dropped_and_hold_up_nobody() {
    run(|| {
        let job = post(plain());
        for index in [0, 2, 3] {
            assert_ok!(decline(job, index));
            advance(DRAW);
        }
        // The last decline comes first: the draw for the other slot is behind the end of the job.
        assert_ok!(decline(job, 4));
        assert_ok!(decline(job, 1));
        let next = try_post(plain()).unwrap();
        assert_eq!(Verification::backlog().draws, 3);
        advance(1);
        assert_eq!(verdict(job).outcome, Outcome::Unavailable);
        assert_eq!(Verification::backlog().draws, 1);
        advance(DRAW - 1);
        assert_eq!(case(next).seats.len(), 2);
    });
}

#[test]
fn draws_wait_until_what_was_asked_of_providers_before_is_in_force() {
    run(|| {
        let job = try_post(plain()).unwrap();
        Settled::set(false);
        (0..2 * DRAW).for_each(|_| next_block());
        // Neither the hook nor anybody else runs it sooner.
        assert_nothing_due();
        assert!(case(job).seats.is_empty());
        Settled::set(true);
        assert_ok!(Verification::advance(signed(9), 1));
        assert_eq!(case(job).seats.len(), 2);
    });
}

#[test]
fn draws_wait_for_the_one_before_them() {
    run(|| {
        let slow = Order { policy: Policy { draw_blocks: 10, ..policy() }, deadline: 300, ..plain() };
        let first = try_post(slow).unwrap();
        let second = try_post(plain()).unwrap();
        advance(10);
        assert!(case(first).seats.is_empty() && case(second).seats.is_empty());
        assert_eq!(<Verification as PendingDraws>::oldest(), Some(1));
        advance(1);
        assert_eq!((case(first).seats.len(), case(second).seats.len()), (2, 2));
    });
}

#[test]
fn provider_that_can_be_drawn_and_has_no_room_gets_no_lock() {
    run(|| {
        // A place in this very job that verification does not know of: the last check is the providers'.
        let job = NextJob::get();
        for owner in FIRST..FIRST + 6 {
            assert_ok!(Providers::seat(&owner, job));
        }
        assert_eq!(post(plain()), job);
        advance(9);
        assert!((FIRST..FIRST + 6).all(|owner| locked(owner) == 0));
        for owner in FIRST..FIRST + 6 {
            Providers::unseat(&owner, job, Conduct::Neutral);
        }
    });
}
