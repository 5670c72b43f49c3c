//! Attempts to profit, or to lose less, each of which fails.

use crate::{mock::*, Error, Phase, Round, Stage};
use assay_primitives::mock::Random;
use assay_primitives::{
    commitment, mock::market, Claim, Conduct, Digest, FaultKind, Machine, Order, Outcome, Pay, Policy, Role,
};
use assay_rules::draw::{seed, ticket, Purpose};
use frame_support::{assert_noop, assert_ok, dispatch::DispatchResultWithPostInfo, weights::WeightMeter};
use sp_io::hashing::blake2_256;

/// Reveals, by a seat's worker, what another seat has sealed.
fn reveal_as(job: u64, index: u8, run: &Run, salt: Digest) -> DispatchResultWithPostInfo {
    let worker = signed(owner(job, index) + WORKER);
    Verification::reveal(worker, job, index, run.claim(), salt, None, None)
}

#[test]
fn copied_commit_cannot_be_revealed_by_another_seat() {
    run(|| {
        let right = Run::new(1);
        let job = post(plain());
        assert_ok!(commit(job, 0, &right.claim()));
        let Stage::Committed(copied) = seat(job, 0).stage else { panic!("it has committed") };
        let copycat = owner(job, 1);
        assert_ok!(Verification::commit(signed(copycat), job, 1, spec_of(job), copied));
        advance(DRAW);
        assert_ok!(reveal(job, 0, &right));
        // Salt and claim are public now; the commitment names the other provider and seat.
        assert_noop!(reveal_as(job, 1, &right, salt(0)), Error::<Test>::WrongCommitment);
        advance(REVEAL);
        assert_eq!(faults(), [(copycat, FaultKind::WithheldReveal, LOCKED)]);
    });
}

#[test]
fn commit_counts_for_no_other_chain_job_spec_seat_or_provider() {
    run_with(40, || {
        let right = Run::new(1);
        for differs in 0..6 {
            let job = post(plain());
            let (mut genesis, mut of_job, mut spec) = (System::block_hash(0).0, job, plain().spec);
            let (mut attempt, mut provider, mut salt) = (0, owner(job, 0), salt(0));
            match differs {
                0 => genesis = [1; 32],
                1 => of_job += 1,
                2 => spec = [8; 32],
                3 => attempt = 1,
                4 => provider = owner(job, 1),
                _ => salt = [99; 32],
            }
            let replayed = commitment(&genesis, of_job, &spec, attempt, &provider, &right.claim(), &salt);
            assert_ok!(Verification::commit(signed(owner(job, 0)), job, 0, spec_of(job), replayed));
            assert_ok!(commit(job, 1, &right.claim()));
            advance(DRAW);
            assert_noop!(reveal(job, 0, &right), Error::<Test>::WrongCommitment);
            assert_ok!(reveal(job, 1, &right));
        }
    });
}

#[test]
fn commit_replayed_in_a_later_seat_of_the_same_job_is_worth_nothing() {
    run(|| {
        // Even to the same provider, which never sits in a job twice, the seat's index would make the difference.
        let claim = Run::new(1).claim();
        let job = post(plain());
        let (genesis, spec) = (System::block_hash(0).0, plain().spec);
        let of = |attempt| commitment(&genesis, job, &spec, attempt, &owner(job, 0), &claim, &salt(0));
        assert_eq!(of(0), sealed(job, 0, &claim));
        assert_ne!(of(0), of(1));
    });
}

#[test]
fn sealed_claim_of_one_byte_cannot_be_guessed() {
    run(|| {
        let job = post(plain());
        let results: Vec<_> = (0..=255).map(|byte| Run::new(byte).claim()).collect();
        assert_ok!(commit(job, 0, &results[77]));
        let Stage::Committed(seal) = seat(job, 0).stage else { panic!("it has committed") };
        let (genesis, spec, provider) = (System::block_hash(0).0, plain().spec, owner(job, 0));
        let guess = |claim, salt| commitment(&genesis, job, &spec, 0, &provider, claim, &salt);
        assert!(results.iter().all(|claim| guess(claim, [0; 32]) != seal && guess(claim, salt(1)) != seal));
        // Who has the salt has everything.
        assert_eq!(results.iter().position(|claim| guess(claim, salt(0)) == seal), Some(77));
    });
}

#[test]
fn nobody_reveals_before_everybody_has_committed() {
    run(|| {
        let right = Run::new(1);
        let job = post(audited());
        assert_ok!(commit(job, 0, &right.claim()));
        // Were this taken, the second seat could copy, or walk away.
        assert_noop!(reveal(job, 0, &right), Error::<Test>::RevealsNotOpen);
        advance(COMMIT - 1);
        assert_ok!(commit(job, 1, &right.claim()));
        assert_noop!(reveal(job, 0, &right), Error::<Test>::RevealsNotOpen);
        advance(DRAW);
        for index in 0..2 {
            assert_noop!(reveal(job, index, &right), Error::<Test>::RevealsNotOpen);
        }
        commit_all(job, &right);
        reveal_all(job, &right);
        assert_eq!(verdict(job).outcome, Outcome::Agreed);
    });
}

#[test]
fn claim_cannot_be_changed_once_it_is_sealed_or_shown() {
    run(|| {
        let (mine, theirs) = (Run::new(1), Run::new(2));
        let job = sealed_job(plain(), &[&mine, &theirs]);
        let again = Verification::commit(
            signed(owner(job, 0)),
            job,
            0,
            spec_of(job),
            sealed(job, 0, &theirs.claim()),
        );
        assert_eq!(again, Err(Error::<Test>::AlreadyCommitted.into()));
        assert_ok!(reveal(job, 1, &theirs));
        assert_noop!(reveal(job, 0, &theirs), Error::<Test>::WrongCommitment);
        assert_ok!(reveal(job, 0, &mine));
        advance(DRAW);
        assert_noop!(reveal_as(job, 0, &theirs, salt(0)), Error::<Test>::AlreadyRevealed);
    });
}

#[test]
fn losing_reveal_costs_as_much_withheld_as_shown() {
    run_with(20, || {
        let (right, wrong) = (Run::new(1), Run::new(2));
        let lie = |shown: bool| {
            let job = sealed_job(plain(), &[&right, &wrong]);
            let liar = owner(job, 1);
            assert_ok!(reveal(job, 0, &right));
            if shown {
                assert_ok!(reveal(job, 1, &wrong));
            }
            advance(REVEAL + DRAW);
            commit_all(job, &right);
            advance(DRAW);
            reveal_all(job, &right);
            let fault = faults().into_iter().find(|(owner, ..)| *owner == liar).expect("it is found out");
            assert!(conducts_in(job).contains(&(liar, Conduct::Cheated)));
            assert!(verdict(job).paid.iter().all(|(owner, _)| *owner != liar));
            (fault.1, fault.2)
        };
        let (shown, withheld) = (lie(true), lie(false));
        assert_eq!(shown, (FaultKind::WrongResult, LOCKED));
        assert_eq!(withheld, (FaultKind::WithheldReveal, LOCKED));
    });
}

#[test]
fn late_seat_that_copies_the_public_answer_cannot_open_its_leaves() {
    run_with(20, || {
        let (right, wrong) = (Run::new(1), Run::new(2));
        let job = disputed_job(plain(), &[&right, &wrong], &[&right, &right, &right]);
        let Phase::Opening { leaves, .. } = phase(job) else { panic!("the leaves are drawn") };
        let lazy = owner(job, 4);
        // It has the claim from the first round, and from another fresh seat the leaves that were drawn for that one.
        assert_ok!(reveal(job, 2, &right));
        let seen = right.opening(&leaves, 2);
        let try_open = |opening| reveal_with(job, 4, right.claim(), None, opening);
        assert_noop!(try_open(None), Error::<Test>::OpeningMissing);
        assert_noop!(try_open(Some(seen.clone())), Error::<Test>::WrongOpening);
        let mut padded = wrong.opening(&leaves, 4);
        padded.siblings = seen.siblings;
        assert_noop!(try_open(Some(padded)), Error::<Test>::WrongOpening);
        let mut pretended = right.open(&[]);
        pretended.count = 0;
        assert_noop!(try_open(Some(pretended)), Error::<Test>::WrongOpening);
        assert_ok!(reveal(job, 3, &right));
        advance(OPENING);
        assert_eq!(faults()[0], (lazy, FaultKind::WithheldReveal, LOCKED));
        assert!(verdict(job).paid.iter().all(|(owner, _)| *owner != lazy));
    });
}

/// The owners of the first seats of five jobs, drawn as `works` works them off.
fn drawn_by(works: impl Fn()) -> Vec<Vec<u64>> {
    let mut drawn = Vec::new();
    run_with(20, || {
        let jobs: Vec<_> = (0..5).map(|_| try_post(plain()).unwrap()).collect();
        works();
        drawn = jobs.iter().map(|job| case(*job).seats.iter().map(|seat| seat.owner).collect()).collect();
    });
    drawn
}

#[test]
fn draws_are_the_same_whoever_calls_advance_and_when() {
    let by_hook = drawn_by(|| advance(DRAW));
    assert!(by_hook.iter().all(|seats| seats.len() == 2));
    let at_once = drawn_by(|| {
        (0..DRAW).for_each(|_| next_block());
        assert_ok!(Verification::advance(signed(REQUESTER), 5));
    });
    let one_by_one = drawn_by(|| {
        (0..DRAW).for_each(|_| next_block());
        for caller in FIRST..FIRST + 5 {
            next_block();
            assert_ok!(Verification::advance(signed(caller), 1));
        }
    });
    let much_later = drawn_by(|| {
        (0..30).for_each(|_| next_block());
        assert_ok!(Verification::advance(signed(9), 2));
        advance(1);
    });
    assert_eq!(at_once, by_hook);
    assert_eq!(one_by_one, by_hook);
    assert_eq!(much_later, by_hook);
}

/// Who is drawn for a job behind another one of which a draw is due, where that one's last decline comes when the seeds
/// of both are known, or does not come.
fn drawn_behind(chance: u8, declines: bool) -> Vec<u64> {
    let mut drawn = Vec::new();
    run_with(20, || {
        // One place each: whoever sits somewhere is not drawn again.
        (FIRST..FIRST + 20).for_each(|owner| set_provider(owner, MACHINE, 1_000, 0, 1));
        let job = post(plain());
        for index in [0, 2, 3] {
            assert_ok!(decline(job, index));
            advance(DRAW);
        }
        market::set_seed(System::block_number(), 2, [chance; 32]);
        assert_ok!(decline(job, 1));
        let next = try_post(plain()).unwrap();
        (0..DRAW).for_each(|_| next_block());
        if declines {
            assert_ok!(decline(job, 4));
        }
        advance(1);
        assert_eq!(Verification::case(job).is_none(), declines);
        drawn = case(next).seats.iter().map(|seat| seat.owner).collect();
    });
    drawn
}

#[test]
fn who_declines_last_does_not_choose_between_two_trees_for_a_draw_whose_seed_it_knows() {
    for chance in 0..16 {
        let drawn = drawn_behind(chance, true);
        assert_eq!(drawn.len(), 2);
        assert_eq!(drawn, drawn_behind(chance, false), "by chance {chance}");
    }
}

#[test]
fn nobody_can_pull_a_later_draw_forward() {
    run(|| {
        let first = try_post(Order { policy: Policy { draw_blocks: 20, ..policy() }, ..plain() }).unwrap();
        let second = try_post(plain()).unwrap();
        (0..10).for_each(|_| next_block());
        // The second one's seed is there; it waits for its turn all the same.
        assert_nothing_due();
        assert!(case(first).seats.is_empty() && case(second).seats.is_empty());
    });
}

#[test]
fn requester_grinds_no_draw_by_what_it_posts() {
    let drawn = |order: fn() -> Order<u64>| {
        let mut owners = Vec::new();
        run_with(20, || {
            let job = post(order());
            owners = case(job).seats.iter().map(|seat| seat.owner).collect();
        });
        owners
    };
    let usual = drawn(plain);
    assert_eq!(usual.len(), 2);
    assert_eq!(drawn(|| Order { spec: [99; 32], ..plain() }), usual);
    assert_eq!(drawn(|| Order { price_cap: 41, units: 3, deadline: 5_000, ..plain() }), usual);
    assert_eq!(drawn(|| Order { requester: 2, ..plain() }), usual);
    assert_eq!(drawn(audited), usual);
}

#[test]
fn draw_is_unknown_until_blocks_after_the_post_have_spoken() {
    // One post, in one block; what comes after it makes the difference.
    let drawn = |chance: u8| {
        let mut owner_of_first = 0;
        run_with(20, || {
            market::set_seed(1, 2, [chance; 32]);
            let job = try_post(plain()).unwrap();
            advance(1);
            owner_of_first = owner(job, 0);
        });
        owner_of_first
    };
    let mut owners: Vec<_> = (0..60).map(drawn).collect();
    owners.sort();
    owners.dedup();
    assert!(owners.len() > 12, "of 20 providers only {owners:?}");
}

/// What these tests choose at random.
trait Choose {
    fn vrf(&mut self) -> [u64; 4];
}

impl Choose for Random {
    fn vrf(&mut self) -> [u64; 4] {
        [self.word(), self.word(), self.word(), self.word()]
    }
}

/// In how many draws a ticket falls below `wanted` of a thousand, if one author holds `share` of a thousand slots, and
/// skips the last one of a draw for as long as it is its own and it doesn't like what would come out.
fn draws_of_a_skipping_author(random: &mut Random, share: u64, wanted: u64, draws: u64) -> u64 {
    let mut liked = 0;
    for job in 0..draws {
        let first = random.vrf();
        loop {
            let chance = blake2_256(&codec::Encode::encode(&(first, random.vrf())));
            let seed = seed(&chance, job, 0, Purpose::Seats);
            let likes = ticket(&seed, 0, 0, 1_000).expect("a ticket") < wanted;
            let skips = !likes && random.word() % 1_000 < share;
            if !skips {
                liked += u64::from(likes);
                break;
            }
        }
    }
    liked
}

#[test]
fn last_author_that_skips_its_slot_gains_no_more_than_its_share_allows() {
    const DRAWS: u64 = 100_000;
    let mut random = Random(11);
    for (share, wanted) in [(100, 100), (330, 100), (330, 330), (500, 100), (500, 500)] {
        let liked = draws_of_a_skipping_author(&mut random, share, wanted, DRAWS);
        // The closed form is wanted / (1 − share · (1 − wanted)), below wanted / (1 − share).
        let expected = DRAWS * wanted * 1_000 / (1_000_000 - share * (1_000 - wanted));
        let bound = DRAWS * wanted / (1_000 - share);
        println!(
            "an author of {share}‰ that wants {wanted}‰ of draws gets {}‰; at most {}‰",
            liked * 1_000 / DRAWS,
            bound * 1_000 / DRAWS
        );
        assert!(liked.abs_diff(expected) < DRAWS / 100, "{liked} and not {expected}");
        assert!(liked > DRAWS * wanted / 1_000 && liked < bound + DRAWS / 200, "{liked} of {bound}");
    }
}

#[test]
fn sybil_in_one_seat_cannot_spoil_the_verdict_for_nothing() {
    run(|| {
        let (right, wrong) = (Run::new(1), Run::new(2));
        // Of three fresh seats one is the requester's as well: it is outvoted, and both of its seats are slashed.
        let job = disputed_job(plain(), &[&right, &wrong], &[&right, &wrong, &right]);
        let all: Vec<_> = case(job).seats.iter().map(|seat| seat.owner).collect();
        assert_ok!(reveal(job, 2, &right));
        assert_ok!(reveal(job, 4, &right));
        assert_ok!(reveal(job, 3, &wrong));
        assert!(verdict(job).paid.contains(&(all[0], Pay::Whole)));
        let slashed: Vec<_> = faults().iter().map(|(owner, ..)| *owner).collect();
        assert_eq!(slashed, [all[1], all[3]]);
    });
}

#[test]
fn class_that_only_sybils_pass_takes_no_job_or_earns_nothing() {
    run_with(5, || {
        let everybody = Machine { hardware: 1, memory: 0 };
        let right = Run::new(1);
        set_provider(9_000, everybody, 100_000, 0, 1);
        assert_noop!(try_post(plain()), Error::<Test>::TooFewProviders);
        set_provider(9_000, everybody, 50_000, 0, 1);
        let job = sealed_job(plain(), &[&right, &right, &right]);
        reveal_all(job, &right);
        assert!(verdict(job).thin && verdict(job).audited);
        assert!(conducts_in(job).iter().all(|(_, conduct)| *conduct == Conduct::Neutral));
    });
}

#[test]
fn requester_that_provides_as_well_never_sits_in_its_own_job() {
    run_with(6, || {
        set_bond(REQUESTER, Role::Provider, 100 * BOND);
        set_provider(REQUESTER, MACHINE, 500, 0, 100);
        let (right, wrong) = (Run::new(1), Run::new(2));
        let job = disputed_job(audited(), &[&right, &wrong, &right], &[&right, &right]);
        assert!(case(job).seats.iter().all(|seat| seat.owner != REQUESTER));
        assert!(market::seats(REQUESTER).is_empty());
    });
}

#[test]
fn input_served_to_some_only_costs_the_bond_of_which_those_that_declined_are_paid() {
    run(|| {
        // The requester's own seat commits at once; whoever is drawn beside it gets no input.
        let right = Run::new(1);
        let job = post(plain());
        let friend = owner(job, 0);
        assert_ok!(commit(job, 0, &right.claim()));
        for index in [1, 2, 3] {
            assert_ok!(decline(job, index));
            advance(DRAW);
        }
        let decliners = [1, 2, 3, 4].map(|index| (owner(job, index), Pay::FromBond));
        assert_ok!(decline(job, 4));
        advance(1);
        assert_ended(job, Outcome::Unavailable, &decliners);
        assert_eq!(locked(friend), 0);
        assert!(conducts_in(job).iter().all(|(_, conduct)| *conduct == Conduct::Neutral));
        assert!(faults().is_empty());
    });
}

#[test]
fn decliner_keeps_its_place_and_so_cannot_shop_for_jobs() {
    run_with(5, || {
        (FIRST..FIRST + 5).for_each(|owner| set_provider(owner, MACHINE, 1_000, 0, 1));
        let job = post(plain());
        let decliner = owner(job, 0);
        assert_ok!(decline(job, 0));
        advance(DRAW);
        let next = try_post(plain());
        // Two of five have room: three have their one place taken by this job.
        assert_eq!(next, Err(Error::<Test>::TooFewProviders.into()));
        assert_eq!(market::seats(decliner), [job]);
    });
}

#[test]
fn missed_deadline_stands_even_if_the_hook_is_late() {
    run(|| {
        let right = Run::new(1);
        let job = sealed_job(plain(), &[&right, &right]);
        let Phase::Revealing { until } = phase(job) else { panic!("it is revealing") };
        Now::set(until);
        assert_noop!(reveal(job, 0, &right), Error::<Test>::TooLate);
        assert_ok!(Verification::advance(signed(9), 1));
        assert_eq!((seat(job, 0).stage, seat(job, 1).stage), (Stage::Withheld, Stage::Withheld));
        assert_eq!(phase(job), Phase::Committing(Round::Fresh));
    });
}

/// The claim that a provider makes without running anything pays only if a majority says the same.
#[test]
fn lazy_claim_of_misdeclared_units_loses_the_collateral() {
    run(|| {
        let right = Run::new(1);
        let lazy = Claim::Misdeclared { units: 1 };
        let job = post(audited());
        for index in 0..2 {
            assert_ok!(commit(job, index, &lazy));
        }
        advance(DRAW);
        assert_ok!(commit(job, 2, &right.claim()));
        for index in 0..2 {
            assert_ok!(reveal_with(job, index, lazy, None, None));
        }
        assert_ok!(reveal(job, 2, &right));
        let liars = [owner(job, 0), owner(job, 1)];
        advance(DRAW);
        commit_all(job, &right);
        advance(DRAW);
        reveal_all(job, &right);
        assert_eq!(faults(), liars.map(|liar| (liar, FaultKind::WrongResult, LOCKED)));
    });
}

/// The invariants are not checked at the end: that takes longer than all other tests together.
#[test]
fn hundred_thousand_deadlines_in_one_block_spill_over() {
    const JOBS: u64 = 100_000;
    chain().execute_with(|| {
        System::set_block_number(1);
        (FIRST..FIRST + 5).for_each(provide);
        for job in 0..JOBS {
            assert_eq!(try_post(Order { deadline: 100, ..plain() }), Ok(job));
            if job % 1_000 == 0 {
                System::reset_events();
            }
        }
        MaxTickWeight::set(Verification::tick_weight(1).saturating_mul(2));
        Now::set(100);
        let mut ended = 0;
        for block in 1..=5 {
            let mut meter = WeightMeter::new();
            Verification::tick(&mut meter);
            assert!(meter.consumed().all_lte(MaxTickWeight::get()), "block {block} takes too much");
            let in_all = market::verdicts().len() as u64;
            let in_block = in_all - ended;
            assert!(in_block > 0 && in_block <= u64::from(2 * PER_BLOCK), "{in_block} in block {block}");
            ended = in_all;
        }
        // The first ones first.
        assert!((0..ended).all(|job| Verification::case(job).is_none()));
        assert!((ended..JOBS).step_by(997).all(|job| Verification::case(job).is_some()));
        // Those that wait are past their deadline all the same.
        assert_eq!(Verification::backlog().deadlines, 1_000);
        assert!(case(JOBS - 1).is_expired(Now::get()));
    });
}
