use crate::{computed, fraction, production, seeded};
use assay_primitives::{Balance, Claim, Outcome, Pay, Policy, Royalty, Settlement, Verdict};
use assay_rules::settlement::{hold, settle, Hold};
use proptest::prelude::*;
use sp_arithmetic::Perbill;

const UNITS: u64 = 3;
const CAP: Balance = 101;
const PRICE: Balance = 99;
/// Three units at the price.
const P: Balance = 297;
const LISTED: Royalty<u8> = Royalty { owner: 9, share: Perbill::from_percent(10) };

/// What is held for three units at 101: 5 · 303; a tenth of 303; 2% and 5% of 606, rounded up.
const HELD: Hold = Hold { seats: 1_515, royalty: 30, fee: 13, bond: 31 };

fn verdict(outcome: Outcome, claim: Option<Claim>, paid: &[(u8, Pay)]) -> Verdict<u8> {
    Verdict { outcome, claim, output: None, price: PRICE, paid: paid.into(), audited: false, thin: false }
}

/// Pays the verdict on a listed program; gives what went back besides.
fn end(outcome: Outcome, claim: Option<Claim>, paid: &[(u8, Pay)]) -> (Settlement<u8>, Balance) {
    let settlement = settle(&HELD, UNITS, Some(&LISTED), &verdict(outcome, claim, paid));
    let refund = HELD.total().expect("a total") - spent(&settlement);
    (settlement, refund)
}

fn spent<AccountId>(settlement: &Settlement<AccountId>) -> Balance {
    let payouts: Balance = settlement.payouts.iter().map(|(_, amount)| amount).sum();
    payouts + settlement.burnt + settlement.treasury
}

fn settlement<const N: usize>(
    payouts: [(u8, Balance); N],
    burnt: Balance,
    treasury: Balance,
) -> Settlement<u8> {
    Settlement { payouts: payouts.into(), burnt, treasury }
}

#[test]
fn what_is_held_covers_all_seats_at_the_cap() {
    assert_eq!(hold(UNITS, CAP, &production(), Some(LISTED.share)), Some(HELD));
    assert_eq!(hold(UNITS, CAP, &production(), None), Some(Hold { royalty: 0, ..HELD }));
    assert_eq!(HELD.total(), Some(1_589));
}

#[test]
fn the_smallest_job_has_a_fee_and_a_bond() {
    let least = Hold { seats: 5, royalty: 0, fee: 1, bond: 1 };
    assert_eq!(hold(1, 1, &production(), Some(LISTED.share)), Some(least));
    let free = Policy { fee: Perbill::zero(), requester_bond: Perbill::zero(), ..production() };
    assert_eq!(hold(1, 1, &free, None), Some(Hold { fee: 0, bond: 0, ..least }));
}

#[test]
fn more_than_an_amount_can_be_is_not_held() {
    assert_eq!(hold(u64::MAX, u128::MAX, &production(), None), None);
    assert_eq!(hold(1, u128::MAX / 2, &production(), None), None, "five seats don't fit");
    let all = Policy { fee: Perbill::one(), requester_bond: Perbill::one(), ..production() };
    assert_eq!(hold(1, u128::MAX / 8, &all, None), None, "five seats do, fee and bond don't");
    assert!(hold(1, u128::MAX / 9, &all, None).is_some());
    assert_eq!(Hold { seats: u128::MAX, royalty: 0, fee: 0, bond: 1 }.total(), None);
}

#[test]
fn agreed_seats_and_the_listing_are_paid() {
    let (paid, refund) = end(Outcome::Agreed, Some(computed(1)), &[(1, Pay::Whole), (2, Pay::Whole)]);
    assert_eq!(paid, settlement([(1, P), (2, P), (9, 29)], 7, 6));
    assert_eq!(refund, 3 * 303 + 2 * 6 + 1 + 31);
}

#[test]
fn an_audited_job_pays_a_third_seat() {
    let seats = [(1, Pay::Whole), (2, Pay::Whole), (3, Pay::Whole)];
    let (paid, refund) = end(Outcome::Agreed, Some(computed(1)), &seats);
    assert_eq!(paid, settlement([(1, P), (2, P), (3, P), (9, 29)], 7, 6));
    assert_eq!(refund, 1_589 - 3 * P - 29 - 13);
}

#[test]
fn a_decided_job_pays_those_that_were_right() {
    let seats = [(1, Pay::Whole), (3, Pay::Whole), (4, Pay::Whole), (5, Pay::Whole)];
    let (paid, _) = end(Outcome::Decided, Some(computed(1)), &seats);
    assert_eq!(paid, settlement([(1, P), (3, P), (4, P), (5, P), (9, 29)], 7, 6));
}

#[test]
fn all_five_seats_that_can_be_paid_are_paid_at_the_cap() {
    let seats = [1, 2, 3, 4, 5].map(|owner| (owner, Pay::Whole));
    let at_cap = Verdict { price: CAP, ..verdict(Outcome::Decided, Some(computed(1)), &seats) };
    let paid = settle(&HELD, UNITS, Some(&LISTED), &at_cap);
    let whole = 303;
    assert_eq!(paid, settlement([(1, whole), (2, whole), (3, whole), (4, whole), (5, whole), (9, 30)], 7, 6));
    assert_eq!(spent(&paid), 1_589 - HELD.bond);
}

#[test]
fn a_job_without_a_listing_pays_no_royalty() {
    let agreed = verdict(Outcome::Agreed, Some(computed(1)), &[(1, Pay::Whole), (2, Pay::Whole)]);
    assert_eq!(settle(&HELD, UNITS, None, &agreed), settlement([(1, P), (2, P)], 7, 6));
}

#[test]
fn an_undecided_job_pays_half_to_those_that_revealed_burns_the_other_half_and_pays_no_royalty() {
    let (paid, refund) = end(Outcome::Undecided, None, &[(1, Pay::Half), (2, Pay::Half)]);
    // Of 297 each 148 are paid and 149 burnt.
    assert_eq!(paid, settlement([(1, 148), (2, 148)], 7 + 2 * 149, 6));
    assert_eq!(refund, 1_589 - 2 * P - 13, "the requester pays for what it has seen");
}

#[test]
fn an_undecided_job_that_nobody_has_shown_an_answer_to_costs_the_fee() {
    let (paid, refund) = end(Outcome::Undecided, None, &[]);
    assert_eq!(paid, settlement([], 7, 6));
    assert_eq!(refund, 1_589 - 13);
}

#[test]
fn misdeclared_units_cost_the_requester_its_bond() {
    let claim = Some(Claim::Misdeclared { units: 7 });
    let (paid, refund) = end(Outcome::Agreed, claim, &[(1, Pay::FromBond), (2, Pay::FromBond)]);
    assert_eq!(paid, settlement([(1, 15), (2, 15)], 7 + 1, 6));
    assert_eq!(refund, 1_515 + 30);

    let seats = [1, 3, 4, 5].map(|owner| (owner, Pay::FromBond));
    let (paid, _) = end(Outcome::Decided, claim, &seats);
    assert_eq!(paid, settlement([(1, 7), (3, 7), (4, 7), (5, 7)], 7 + 3, 6));
}

#[test]
fn a_bond_that_nobody_shares_is_burnt() {
    let (paid, _) = end(Outcome::Agreed, Some(Claim::Misdeclared { units: 7 }), &[]);
    assert_eq!(paid, settlement([], 7 + 31, 6));
}

#[test]
fn misdeclared_units_that_lose_cost_the_requester_nothing() {
    let (paid, refund) = end(Outcome::Decided, Some(computed(1)), &[(4, Pay::Whole), (5, Pay::FromBond)]);
    assert_eq!(paid, settlement([(4, P), (9, 29)], 7, 6));
    assert_eq!(refund, 1_589 - P - 29 - 13);
}

#[test]
fn an_unavailable_input_pays_decliners_a_sixteenth_of_the_bond() {
    let seats = [1, 2, 3, 4].map(|owner| (owner, Pay::FromBond));
    let (paid, refund) = end(Outcome::Unavailable, None, &seats);
    assert_eq!(paid, settlement([(1, 1), (2, 1), (3, 1), (4, 1)], 7 + 27, 6));
    assert_eq!(refund, 1_515 + 30);
}

#[test]
fn an_expired_job_pays_decliners_a_sixteenth_of_the_bond_and_gives_the_rest_back() {
    let seats = [1, 2, 3].map(|owner| (owner, Pay::FromBond));
    let (paid, refund) = end(Outcome::Expired, None, &seats);
    assert_eq!(paid, settlement([(1, 1), (2, 1), (3, 1)], 7, 6));
    assert_eq!(refund, 1_589 - 13 - 3);
}

#[test]
fn an_expired_job_costs_the_fee() {
    let (paid, refund) = end(Outcome::Expired, None, &[]);
    assert_eq!(paid, settlement([], 7, 6));
    assert_eq!(refund, 1_589 - 13);
}

#[test]
fn a_cancelled_job_pays_half_to_those_drawn() {
    let (paid, _) = end(Outcome::Cancelled, None, &[(1, Pay::Half), (2, Pay::Half)]);
    assert_eq!(paid, settlement([(1, 148), (2, 148)], 7, 6));
    let (paid, _) = end(Outcome::Cancelled, None, &[]);
    assert_eq!(paid, settlement([], 7, 6));
}

#[test]
fn nobody_is_paid_from_a_bond_that_goes_back() {
    for outcome in [Outcome::Undecided, Outcome::Cancelled] {
        let (paid, refund) = end(outcome, None, &[(1, Pay::FromBond)]);
        assert_eq!(paid, settlement([], 7, 6));
        assert_eq!(refund, 1_589 - 13);
    }
}

#[test]
fn legs_of_nothing_are_left_out() {
    let least = Hold { seats: 5, royalty: 0, fee: 1, bond: 1 };
    let half = Verdict { price: 1, ..verdict(Outcome::Cancelled, None, &[(1, Pay::Half)]) };
    assert_eq!(settle(&least, 1, None, &half), settlement([], 1, 0));
}

#[test]
fn a_price_above_the_cap_or_too_many_seats_take_no_more_than_was_held() {
    let seats = [1, 2, 3, 4, 5, 6].map(|owner| (owner, Pay::Whole));
    let dear = Verdict { price: u128::MAX, ..verdict(Outcome::Agreed, Some(computed(1)), &seats) };
    let paid = settle(&HELD, u64::MAX, Some(&LISTED), &dear);
    assert_eq!(paid.payouts, [(1, 303), (2, 303), (3, 303), (4, 303), (5, 303), (9, 30)]);
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    prop::sample::select(vec![
        Outcome::Agreed,
        Outcome::Decided,
        Outcome::Undecided,
        Outcome::Unavailable,
        Outcome::Expired,
        Outcome::Cancelled,
    ])
}

fn verdicts() -> impl Strategy<Value = Verdict<u8>> {
    let claims = prop::option::of(prop_oneof![
        Just(computed(1)),
        any::<u64>().prop_map(|units| Claim::Misdeclared { units }),
    ]);
    let pays = prop::sample::select(vec![Pay::Whole, Pay::Half, Pay::FromBond]);
    let paid = prop::collection::vec((any::<u8>(), pays), 0..48);
    let price = prop_oneof![any::<u128>(), 0..10_000_u128];
    (outcomes(), claims, paid, price)
        .prop_map(|(outcome, claim, paid, price)| Verdict { price, ..verdict(outcome, claim, &paid) })
}

fn holds() -> impl Strategy<Value = Hold> {
    let amounts = || prop_oneof![0..=u128::MAX / 4, 0..10_000_u128];
    (amounts(), amounts(), amounts(), amounts()).prop_map(|(seats, royalty, fee, bond)| Hold {
        seats,
        royalty,
        fee,
        bond,
    })
}

fn royalties() -> impl Strategy<Value = Option<Royalty<u8>>> {
    prop::option::of((any::<u8>(), fraction()).prop_map(|(owner, share)| Royalty { owner, share }))
}

proptest! {
    #![proptest_config(seeded())]

    #[test]
    fn no_verdict_takes_more_than_is_held(
        hold in holds(),
        units in any::<u64>(),
        royalty in royalties(),
        verdict in verdicts(),
    ) {
        let paid = settle(&hold, units, royalty.as_ref(), &verdict);
        let total = hold.total().expect("four quarters");
        prop_assert!(spent(&paid) <= total);
        prop_assert!(paid.payouts.iter().all(|(_, amount)| *amount > 0));
        prop_assert!(paid.burnt >= hold.fee.div_ceil(2));
        prop_assert_eq!(paid.treasury, hold.fee / 2);
    }

    #[test]
    fn no_leg_takes_from_the_part_of_another(
        hold in holds(),
        units in any::<u64>(),
        verdict in verdicts(),
    ) {
        let none = Hold { seats: 0, royalty: 0, fee: 0, bond: 0 };
        let royalty = Royalty { owner: 0, share: Perbill::one() };
        let from = |hold| spent(&settle(&hold, units, Some(&royalty), &verdict));
        let seats = from(Hold { seats: hold.seats, ..none });
        prop_assert!(seats <= hold.seats);
        prop_assert_eq!(from(Hold { royalty: hold.royalty, ..none }), 0, "no seat is paid");
        prop_assert_eq!(from(Hold { fee: hold.fee, ..none }), hold.fee);
        let bond = from(Hold { bond: hold.bond, ..none });
        let part = verdict.outcome == Outcome::Expired && bond <= hold.bond;
        prop_assert!(part || bond == 0 || bond == hold.bond, "all of it goes, or nothing");
        let unlisted = spent(&settle(&hold, units, None, &verdict));
        prop_assert_eq!(from(hold), unlisted + royalty_of(&hold, units, &verdict));
    }

    #[test]
    fn an_undecided_job_costs_as_much_as_one_that_pays_whom_it_halves(
        units in 1..1_u64 << 40,
        cap in 1..1_u128 << 60,
        halves in 0..=3_u8,
    ) {
        let hold = hold(units, cap, &production(), None).expect("small amounts");
        let end = |outcome, claim, pay| {
            let seats: Vec<_> = (0..halves).map(|owner| (owner, pay)).collect();
            spent(&settle(&hold, units, None, &Verdict { price: cap, ..verdict(outcome, claim, &seats) }))
        };
        let decided = end(Outcome::Decided, Some(computed(1)), Pay::Whole);
        prop_assert_eq!(end(Outcome::Undecided, None, Pay::Half), decided);
    }

    #[test]
    fn both_hands_lose_at_least_the_burnt_half_of_the_fee(
        units in 1..1_u64 << 40,
        cap in 1..1_u128 << 60,
        royalty in royalties(),
        verdict in verdicts(),
    ) {
        let share = royalty.map(|royalty| royalty.share);
        let hold = hold(units, cap, &production(), share).expect("small amounts");
        let paid = settle(&hold, units, royalty.as_ref(), &verdict);
        // One hand posts, sits in every seat and owns the listing: refund and payouts come back to it.
        let payouts: Balance = paid.payouts.iter().map(|(_, amount)| amount).sum();
        let refund = hold.total().expect("small amounts") - spent(&paid);
        let loss = hold.total().expect("small amounts") - refund - payouts;
        prop_assert!(loss >= hold.fee.div_ceil(2));
        // 2% of two seats: a hundredth of the most that both can cost, burnt, however small the job.
        let most = 2 * u128::from(units) * cap;
        prop_assert!(loss >= most / 100 && loss >= 1);
    }

    #[test]
    fn what_is_held_is_enough_for_any_price_up_to_the_cap(
        units in 1..1_u64 << 40,
        cap in 1..1_u128 << 60,
        below in 0..1_u128 << 60,
        share in fraction(),
        whole in 0..=5_u8,
    ) {
        let price = cap.saturating_sub(below);
        let hold = hold(units, cap, &production(), Some(share)).expect("small amounts");
        let seats: Vec<_> = (0..whole).map(|owner| (owner, Pay::Whole)).collect();
        let decided = Verdict { price, ..verdict(Outcome::Decided, Some(computed(1)), &seats) };
        let paid = settle(&hold, units, Some(&Royalty { owner: 9, share }), &decided);
        let payment = u128::from(units) * price;
        let expected = u128::from(whole) * payment + share.mul_floor(payment) + hold.fee;
        prop_assert_eq!(spent(&paid), expected, "nothing is cut short");
    }
}

/// The royalty that a verdict pays where the listing gets all of one seat's payment.
fn royalty_of(hold: &Hold, units: u64, verdict: &Verdict<u8>) -> Balance {
    match (verdict.outcome, verdict.claim) {
        (Outcome::Agreed | Outcome::Decided, Some(Claim::Computed { .. })) => {
            u128::from(units).saturating_mul(verdict.price).min(hold.seats / 5).min(hold.royalty)
        }
        _ => 0,
    }
}
