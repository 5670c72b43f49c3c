//! What each end of a job pays, to the planck. The job of `spec` has 10 units at a cap of 100: 5,000 for five seats, a
//! fee of 40, a bond of 100. A unit costs 60, so a seat is paid 600.

use crate::{mock::*, Event, Receipt, Status};
use assay_primitives::{
    mock::market::{self, MockEscrow},
    Claim, Escrow, InlineOutput, JobClass, JobSpec, OnVerdict, Outcome, Pay, Policy, Settlement, Verdict,
};
use frame_support::{assert_noop, weights::Weight};

const BY_BOND: Claim = Claim::Misdeclared { units: 11 };

#[test]
fn owner_of_a_listing_can_be_paid_beside_the_seats() {
    run(|| {
        let hear = |job| <Jobs as OnVerdict<u64>>::on_verdict(job, agreed());
        let (listed, plain) = (post_listed(), post(spec()));
        let nothing = Weight::zero();
        assert_eq!((hear(listed), hear(plain)), ((1, nothing), (0, nothing)));
        // Not open any more.
        assert_eq!(hear(listed), (0, nothing));
    });
}

#[test]
fn locks_of_the_requester_are_told_as_taken_beside() {
    run(|| {
        let job = post_by(OTHER, spec());
        market::lock_with_escrow(OTHER);
        assert_eq!(<Jobs as OnVerdict<u64>>::on_verdict(job, agreed()), (0, market::LOCKS_WEIGHT));
        assert_eq!(<Jobs as OnVerdict<u64>>::beside_weight(), market::LOCKS_WEIGHT);
    });
}

/// Ends a job of the listing and compares payouts, what is burnt, what the treasury gets and what is refunded.
fn assert_settled(
    verdict: Verdict<u64>,
    payouts: &[(u64, u128)],
    burnt: u128,
    treasury: u128,
    refunded: u128,
) {
    let job = post_listed();
    let held = market::held(job);
    end(job, verdict);
    let expected = Settlement { payouts: payouts.to_vec(), burnt, treasury };
    assert_eq!(settlement(job), expected);
    let paid = payouts.iter().map(|(_, amount)| amount).sum::<u128>();
    let receipt = receipt(job);
    let told = (receipt.paid, receipt.burnt, receipt.treasury, receipt.refunded);
    assert_eq!(told, (paid, burnt, treasury, refunded));
    assert_eq!(paid + burnt + treasury + refunded, held);
    assert_eq!(market::held(job), 0);
}

#[test]
fn agreed_pays_seats_and_royalty() {
    run(|| assert_settled(agreed(), &[(AUTHOR, 60), (11, 600), (12, 600)], 20, 20, 5_240 - 1_300));
}

#[test]
fn agreed_with_an_audit_pays_the_audit_seat_too() {
    run(|| {
        let verdict = Verdict { paid: seats(3, Pay::Whole), audited: true, ..agreed() };
        assert_settled(verdict, &[(AUTHOR, 60), (11, 600), (12, 600), (13, 600)], 20, 20, 5_240 - 1_900);
    });
}

#[test]
fn decided_pays_those_that_were_right() {
    run(|| {
        let verdict = Verdict { outcome: Outcome::Decided, paid: seats(4, Pay::Whole), ..agreed() };
        let payouts = [(AUTHOR, 60), (11, 600), (12, 600), (13, 600), (14, 600)];
        assert_settled(verdict, &payouts, 20, 20, 5_240 - 2_500);
    });
}

#[test]
fn dearest_end_spends_all_but_the_bond() {
    run(|| {
        let verdict = Verdict { paid: seats(5, Pay::Whole), price: 100, ..agreed() };
        let payouts: Vec<_> = [(AUTHOR, 100)].into_iter().chain(SEATS.map(|seat| (seat, 1_000))).collect();
        assert_settled(verdict, &payouts, 20, 20, 100);
    });
}

#[test]
fn undecided_pays_half_to_those_that_revealed_burns_the_other_half_and_pays_no_royalty() {
    run(|| {
        let verdict = Verdict { paid: seats(3, Pay::Half), ..verdict(Outcome::Undecided) };
        assert_settled(verdict, &[(11, 300), (12, 300), (13, 300)], 20 + 900, 20, 5_240 - 1_840);
    });
}

#[test]
fn undecided_before_any_reveal_pays_nobody() {
    run(|| assert_settled(verdict(Outcome::Undecided), &[], 20, 20, 5_200));
}

#[test]
fn unavailable_pays_decliners_a_sixteenth_of_the_bond_and_burns_the_rest() {
    run(|| {
        let verdict = Verdict { paid: seats(4, Pay::FromBond), ..verdict(Outcome::Unavailable) };
        assert_settled(verdict, &[(11, 6), (12, 6), (13, 6), (14, 6)], 20 + 76, 20, 5_240 - 140);
    });
}

#[test]
fn misdeclared_units_that_win_cost_the_bond_and_no_royalty() {
    run(|| {
        let agreed = Verdict { claim: Some(BY_BOND), paid: seats(2, Pay::FromBond), ..agreed() };
        assert_settled(agreed, &[(11, 50), (12, 50)], 20, 20, 5_240 - 140);
        let outcome = Outcome::Decided;
        let decided =
            Verdict { outcome, claim: Some(BY_BOND), paid: seats(3, Pay::FromBond), ..verdict(outcome) };
        assert_settled(decided, &[(11, 33), (12, 33), (13, 33)], 20 + 1, 20, 5_240 - 140);
    });
}

#[test]
fn expired_pays_nobody_and_keeps_the_fee() {
    run(|| assert_settled(Verdict { price: 0, ..verdict(Outcome::Expired) }, &[], 20, 20, 5_200));
}

#[test]
fn expired_pays_those_that_declined_and_gives_the_rest_of_the_bond_back() {
    run(|| {
        let verdict = Verdict { paid: seats(3, Pay::FromBond), ..verdict(Outcome::Expired) };
        assert_settled(verdict, &[(11, 6), (12, 6), (13, 6)], 20, 20, 5_240 - 58);
    });
}

#[test]
fn cancelled_pays_drawn_seats_half() {
    run(|| {
        let verdict = Verdict { paid: seats(2, Pay::Half), ..verdict(Outcome::Cancelled) };
        assert_settled(verdict, &[(11, 300), (12, 300)], 20, 20, 5_240 - 640);
    });
}

#[test]
fn what_does_not_divide_stays_with_the_requester_or_is_burnt() {
    run(|| {
        let odd = Policy { requester_bond: percent(10), ..policy() };
        market::set_policy(JobClass::ExactV1, 5, odd);
        let job = post(JobSpec { units: 1, price_cap: 75, ..spec() });
        assert_eq!(market::held(job), 375 + 3 + 15);
        end(job, Verdict { paid: seats(2, Pay::Half), price: 75, ..verdict(Outcome::Cancelled) });
        // Halves of 75 are 37, of the fee of 3 two are burnt.
        let payouts = vec![(11, 37), (12, 37)];
        assert_eq!(settlement(job), Settlement { payouts, burnt: 2, treasury: 1 });
        assert_eq!(receipt(job).refunded, 393 - 77);
    });
}

#[test]
fn job_becomes_a_receipt() {
    run(|| {
        let job = post_listed();
        Now::set(50);
        let output = InlineOutput::try_from(vec![1; 256]).unwrap();
        let verdict = Verdict { output: Some(output.clone()), thin: true, audited: true, ..agreed() };
        end(job, verdict);
        let expected = Receipt {
            requester: REQUESTER,
            spec: JobSpec { listing: Some(LISTED), ..spec() },
            policy: POLICY_VERSION,
            outcome: Outcome::Agreed,
            claim: Some(computed()),
            output: Some(output),
            price: 60,
            audited: true,
            thin: true,
            paid: 1_260,
            burnt: 20,
            treasury: 20,
            refunded: 3_940,
            posted: 1,
            ended: 50,
        };
        assert_eq!(Jobs::job(job), None);
        assert_eq!(Jobs::receipt(job), Some(expected.clone()));
        let Event::Ended { id, receipt, mut payouts } = last_event() else { panic!("it ended") };
        payouts.sort();
        assert_eq!((id, receipt), (job, expected));
        assert_eq!(payouts, [(AUTHOR, 60), (11, 600), (12, 600)]);
    });
}

#[test]
fn verdict_told_twice_pays_once() {
    run(|| {
        let job = post(spec());
        end(job, agreed());
        let before = receipt(job);
        let again = || -> sp_runtime::DispatchResult {
            end(job, verdict(Outcome::Expired));
            Err("nothing happened".into())
        };
        assert_noop!(again(), "nothing happened");
        assert_eq!(receipt(job), before);
        assert_eq!(market::settlements().len(), 1);
    });
}

#[test]
fn verdict_on_an_unknown_job_is_ignored() {
    run(|| {
        end(0, agreed());
        end(u64::MAX, agreed());
        assert!(market::settlements().is_empty());
        assert_eq!(Jobs::status(0), None);
        assert!(events().is_empty());
    });
}

#[test]
fn verdict_on_a_pruned_job_is_ignored() {
    run(|| {
        let job = post(spec());
        end(job, agreed());
        Now::set(101);
        prune(job).unwrap();
        end(job, agreed());
        assert_eq!(Jobs::status(job), None);
        assert_eq!(market::settlements().len(), 1);
    });
}

#[test]
fn verdict_after_the_escrow_expired_pays_nobody_and_says_so() {
    run(|| {
        let job = post_listed();
        Now::set(Jobs::job(job).unwrap().expires + 1);
        MockEscrow::settle(job, Settlement { payouts: Vec::new(), burnt: 0, treasury: 0 });
        check();
        end(job, agreed());
        let receipt = receipt(job);
        assert_eq!((receipt.outcome, receipt.paid, receipt.refunded), (Outcome::Agreed, 0, 5_240));
        assert_eq!((receipt.burnt, receipt.treasury), (0, 0));
        assert_eq!(last_event(), Event::Ended { id: job, receipt, payouts: Vec::new() });
    });
}

#[test]
fn each_job_is_settled_by_its_own_verdict() {
    run(|| {
        let jobs = [post(spec()), post_by(OTHER, spec()), post_listed()];
        end(jobs[1], agreed());
        let statuses = jobs.map(Jobs::status);
        let ended = Some(Status::Ended(Outcome::Agreed));
        assert_eq!(statuses, [Some(Status::Open), ended, Some(Status::Open)]);
        assert_eq!(jobs.map(market::held), [5_140, 0, 5_240]);
    });
}
