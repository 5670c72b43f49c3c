use crate::{computed, production, seeded};
use assay_primitives::{Claim, Conduct, FaultKind, Policy};
use assay_rules::verdict::{agreed, fault_amount, judge, majority, Judgement};
use proptest::prelude::*;
use sp_arithmetic::Perbill;

const MISDECLARED: Claim = Claim::Misdeclared { units: 7 };

fn claims() -> impl Strategy<Value = Vec<Option<Claim>>> {
    prop::collection::vec(prop::option::of((0..3_u8).prop_map(computed)), 0..8)
}

#[test]
fn equal_claims_agree() {
    let (one, other) = (Some(computed(1)), Some(computed(2)));
    assert_eq!(agreed(&[one, one]), one);
    assert_eq!(agreed(&[one, one, one]), one);
    assert_eq!(agreed(&[one, other]), None);
    assert_eq!(agreed(&[one, one, other]), None);
}

#[test]
fn a_seat_that_withheld_agrees_with_nobody() {
    assert_eq!(agreed(&[Some(computed(1)), None]), None);
    assert_eq!(agreed(&[None, Some(computed(1))]), None);
    assert_eq!(agreed(&[None, None]), None);
    assert_eq!(agreed(&[]), None);
}

#[test]
fn claims_with_one_root_in_common_do_not_agree() {
    let one = Claim::Computed { result: [1; 32], trace: [1; 32] };
    let other_trace = Claim::Computed { result: [1; 32], trace: [2; 32] };
    let other_result = Claim::Computed { result: [2; 32], trace: [1; 32] };
    assert_eq!(agreed(&[Some(one), Some(other_trace)]), None);
    assert_eq!(majority(&[Some(one), Some(other_trace), Some(other_result)]), None);
    assert_eq!(judge(Some(&other_trace), &one), Judgement::Wrong);
}

#[test]
fn two_of_three_decide() {
    let (one, other, third) = (Some(computed(1)), Some(computed(2)), Some(MISDECLARED));
    assert_eq!(majority(&[one, other, one]), one);
    assert_eq!(majority(&[other, third, third]), third);
    assert_eq!(majority(&[one, None, one]), one);
    assert_eq!(majority(&[one, one, one]), one);
    assert_eq!(majority(&[one, other, third]), None);
    assert_eq!(majority(&[one, other, None]), None);
}

#[test]
fn nobody_decides_alone_and_withholding_is_no_claim() {
    assert_eq!(majority(&[Some(computed(1)), None, None]), None);
    assert_eq!(majority(&[None, None, None]), None);
    assert_eq!(majority(&[Some(computed(1))]), None);
    assert_eq!(majority(&[]), None);
}

#[test]
fn seats_are_judged_by_the_truth() {
    let truth = computed(1);
    for (claim, judgement, fault, conduct, thin) in [
        (Some(truth), Judgement::Right, None, Conduct::Right, Conduct::Neutral),
        (
            Some(MISDECLARED),
            Judgement::Wrong,
            Some(FaultKind::WrongResult),
            Conduct::Cheated,
            Conduct::Cheated,
        ),
        (None, Judgement::Withheld, Some(FaultKind::WithheldReveal), Conduct::Cheated, Conduct::Cheated),
    ] {
        let judged = judge(claim.as_ref(), &truth);
        assert_eq!((judged, judged.fault()), (judgement, fault));
        assert_eq!((judged.conduct(false), judged.conduct(true)), (conduct, thin));
    }
}

#[test]
fn faults_cost_their_fraction_of_the_lock_rounded_down() {
    let policy = Policy { wrong: Perbill::from_percent(75), ..production() };
    assert_eq!(fault_amount(FaultKind::NoShow, 1_009, &policy), 100);
    assert_eq!(fault_amount(FaultKind::WrongResult, 1_009, &policy), 756);
    assert_eq!(fault_amount(FaultKind::WithheldReveal, 1_009, &policy), 1_009);
    assert_eq!(fault_amount(FaultKind::WithheldReveal, u128::MAX, &policy), u128::MAX);
    assert_eq!(fault_amount(FaultKind::Equivocation, 1_009, &policy), 0);
}

proptest! {
    #![proptest_config(seeded())]

    #[test]
    fn what_is_agreed_is_what_each_claims(claims in claims()) {
        let found = agreed(&claims);
        let same = claims.windows(2).all(|pair| pair[0] == pair[1]);
        prop_assert_eq!(found.is_some(), same && claims.first().is_some_and(Option::is_some));
        prop_assert!(found.is_none() || claims.iter().all(|claim| *claim == found));
    }

    #[test]
    fn a_majority_is_more_than_half_in_any_order(claims in claims(), turn in 0..8_usize) {
        let found = majority(&claims);
        let votes = |claim: Claim| claims.iter().filter(|other| **other == Some(claim)).count();
        let wins = |votes: usize| votes >= 2 && 2 * votes > claims.len();
        let expected = (0..3).map(computed).find(|claim| wins(votes(*claim)));
        prop_assert_eq!(found, expected);
        let mut turned = claims.clone();
        turned.rotate_left(turn.min(claims.len()));
        prop_assert_eq!(majority(&turned), found);
    }
}
