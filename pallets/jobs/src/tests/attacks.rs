//! Attempts to profit, to be paid for nothing, or to break the arithmetic, each of which fails.

use crate::{mock::*, Error, NextJob};
use assay_primitives::{
    mock::market, BlobRef, Claim, JobClass, JobId, JobSpec, Outcome, Pay, Policy, Royalty, Verdict,
};
use assay_rules::draw::{self, Purpose};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::Perbill;

/// A verdict of each kind that pays as much as that kind can.
fn ends() -> Vec<Verdict<u64>> {
    let misdeclared = Some(Claim::Misdeclared { units: 1 });
    let decided = verdict(Outcome::Decided);
    vec![
        Verdict { paid: seats(5, Pay::Whole), price: 100, ..agreed() },
        Verdict { claim: misdeclared, paid: seats(3, Pay::FromBond), ..agreed() },
        Verdict { claim: Some(computed()), paid: seats(5, Pay::Whole), price: 100, ..decided.clone() },
        Verdict { claim: misdeclared, paid: seats(5, Pay::FromBond), ..decided },
        Verdict { paid: seats(3, Pay::Half), price: 100, ..verdict(Outcome::Undecided) },
        Verdict { paid: seats(4, Pay::FromBond), ..verdict(Outcome::Unavailable) },
        Verdict { paid: seats(5, Pay::FromBond), ..verdict(Outcome::Expired) },
        Verdict { paid: seats(2, Pay::Half), ..verdict(Outcome::Cancelled) },
    ]
}

/// What the requester is poorer by if everybody that is paid is the requester's own, and half the fee.
fn loss_in_one_hand(job: JobId, verdict: Verdict<u64>) -> (u128, u128) {
    let fee = Jobs::job(job).expect("it is open").hold.fee;
    let held = market::held(job);
    end(job, verdict);
    let receipt = receipt(job);
    (held - receipt.paid - receipt.refunded, fee.div_ceil(2))
}

#[test]
fn all_roles_in_one_hand_lose_at_least_the_burnt_half_of_the_fee() {
    run(|| {
        for verdict in ends() {
            let outcome = verdict.outcome;
            let (loss, burnt) = loss_in_one_hand(post_listed(), verdict);
            assert_eq!(burnt, 20);
            assert!(loss >= burnt, "{outcome:?} costs {loss}");
        }
    });
}

#[test]
fn smallest_job_in_one_hand_is_a_loss_too() {
    run(|| {
        for verdict in ends() {
            let least = JobSpec { units: 1, price_cap: 1, listing: Some(LISTED), ..spec() };
            let verdict = Verdict { price: 1, ..verdict };
            let (loss, burnt) = loss_in_one_hand(post(least), verdict);
            assert!(burnt == 1 && loss >= burnt);
        }
    });
}

#[test]
fn royalty_to_oneself_is_ones_own_money() {
    run(|| {
        let royalty = Royalty { owner: REQUESTER, share: percent(30) };
        market::list(LISTED, royalty, spec().program);
        let (with, without) = (post_listed(), post(spec()));
        let loss = |job| {
            let held = market::held(job);
            end(job, agreed());
            let back = settlement(job).payouts.into_iter().filter(|(payee, _)| *payee == REQUESTER);
            held - back.map(|(_, amount)| amount).sum::<u128>() - receipt(job).refunded
        };
        // Two seats and the fee, royalty or none.
        assert_eq!((loss(with), loss(without)), (1_240, 1_240));
    });
}

/// Posts a job on a chain of its own, and gives the draw's subject and what verification knows of the job.
fn drawn_by(spec: JobSpec) -> ([u8; 32], u64) {
    chain().execute_with(|| {
        post_by(OTHER, crate::mock::spec());
        let job = post(spec);
        let (ordered, _) = market::orders().pop().expect("it was ordered");
        assert_eq!(ordered, job);
        (draw::seed(&[9; 32], job, 0, Purpose::Seats), job)
    })
}

#[test]
fn ground_specification_does_not_change_the_draw() {
    let drawn = drawn_by(spec());
    for nonce in 0..100 {
        let blob = BlobRef { blake3: [nonce; 32], size: 1 + u64::from(nonce) };
        let ground = [
            JobSpec { seed: [nonce; 32], ..spec() },
            JobSpec { program: [nonce; 32], program_blob: blob, ..spec() },
            JobSpec { input: [nonce; 32], input_blob: blob, ..spec() },
            JobSpec { units: 1 + u64::from(nonce), price_cap: 1 + u128::from(nonce), ..spec() },
            JobSpec { deadline: 500 + u32::from(nonce), output_bytes: 1 + u64::from(nonce), ..spec() },
        ];
        for spec in ground {
            assert_eq!(drawn_by(spec), drawn);
        }
    }
}

#[test]
fn refused_posts_do_not_move_the_number_that_draws_go_by() {
    run(|| {
        post(spec());
        for units in 1_001..1_100 {
            assert_noop!(try_post(JobSpec { units, ..spec() }), Error::<Test>::TooManyUnits);
        }
        assert_eq!(NextJob::<Test>::get(), 1);
    });
}

#[test]
fn listing_delisted_after_the_post_is_paid_all_the_same() {
    run(|| {
        let job = post_listed();
        market::delist(LISTED);
        end(job, agreed());
        assert!(settlement(job).payouts.contains(&(AUTHOR, 60)));
        assert_noop!(try_post(JobSpec { listing: Some(LISTED), ..spec() }), market::NOT_LISTED);
    });
}

#[test]
fn amounts_next_to_the_largest_are_held_and_settled_exactly() {
    run(|| {
        let fits = |price_cap| Jobs::estimate(JobSpec { price_cap, listing: Some(LISTED), ..spec() }).is_ok();
        let (mut low, mut high) = (1_u128, u128::MAX);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            (low, high) = if fits(middle) { (middle, high) } else { (low, middle) };
        }
        // 5 seats, a tenth for the royalty, 2% and 5% of two.
        assert!(low > u128::MAX / 10 / 6 && low < u128::MAX / 10 / 5);
        let dearest = JobSpec { price_cap: low, listing: Some(LISTED), ..spec() };
        assert_noop!(try_post(JobSpec { price_cap: low + 1, ..dearest }), Error::<Test>::AmountOverflow);

        for verdict in ends() {
            let job = post(dearest);
            let held = market::held(job);
            end(job, Verdict { price: low, ..verdict });
            let receipt = receipt(job);
            let spent = receipt.paid + receipt.burnt + receipt.treasury;
            assert_eq!(spent.checked_add(receipt.refunded), Some(held));
        }
    });
}

#[test]
fn most_units_at_the_largest_cap_are_refused_not_wrapped() {
    run(|| {
        let params = crate::Parameters { max_units: u64::MAX, ..params() };
        assert_ok!(Jobs::set_params(RuntimeOrigin::root(), params));
        for price_cap in [u128::MAX, u128::MAX / 2, u128::MAX - 1, 1 << 64] {
            let spec = JobSpec { units: u64::MAX, price_cap, ..spec() };
            assert_noop!(try_post(spec), Error::<Test>::AmountOverflow);
        }
    });
}

#[test]
fn deadline_at_the_end_of_time_holds_money_no_longer_than_that() {
    run(|| {
        for deadline in [u32::MAX, u32::MAX - 1] {
            let job = post(JobSpec { deadline, ..spec() });
            assert_eq!(market::escrow(job).map(|escrow| escrow.expires), Some(u32::MAX));
        }
        let job = post(JobSpec { deadline: u32::MAX - 100_000, ..spec() });
        assert!(market::escrow(job).is_some_and(|escrow| escrow.expires < u32::MAX));
    });
}

#[test]
fn deadline_in_the_past_is_verifications_to_refuse() {
    run(|| {
        Now::set(100);
        market::refuse_orders(Some("too near".into()));
        for deadline in [0, 99, 100] {
            assert_noop!(try_post(JobSpec { deadline, ..spec() }), "too near");
        }
    });
}

#[test]
fn price_above_the_cap_or_seats_beyond_the_hold_are_not_paid() {
    run(|| {
        let job = post_listed();
        let held = market::held(job);
        let many = SEATS.into_iter().chain(21..60).map(|seat| (seat, Pay::Whole)).collect();
        end(job, Verdict { paid: many, price: u128::MAX, ..agreed() });
        let receipt = receipt(job);
        assert_eq!(receipt.paid, 5_100);
        assert_eq!(receipt.paid + receipt.burnt + receipt.treasury + receipt.refunded, held);
    });
}

#[test]
fn fee_cannot_be_had_back_by_cancelling() {
    run(|| {
        let free = Policy { fee: Perbill::from_parts(1), ..policy() };
        market::set_policy(JobClass::ExactV1, 5, free);
        for _ in 0..10 {
            let job = post(JobSpec { units: 1, price_cap: 1, ..spec() });
            assert_ok!(cancel(REQUESTER, job));
            assert_eq!(receipt(job).burnt, 1);
        }
    });
}

#[test]
fn stranger_cannot_end_a_job_or_shorten_its_receipts_life() {
    run(|| {
        let job = post(spec());
        assert_noop!(cancel(OTHER, job), Error::<Test>::NotRequester);
        assert_noop!(prune(job), Error::<Test>::NoReceipt);
        end(job, agreed());
        Now::set(100);
        assert_noop!(prune(job), Error::<Test>::Retained);
    });
}
