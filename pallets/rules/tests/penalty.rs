//! Penalties: the numbers that the documentation states, and properties over random input with a fixed seed.
//! `PROPTEST_CASES` asks for more cases, `PROPTEST_RNG_SEED` for others.

use assay_rules::penalty::{
    capped, equivocation_fraction, increment, slash_amount, split, Split, MAX_REPORTER_SHARE,
};
use proptest::{prelude::*, test_runner::RngSeed};
use sp_arithmetic::Perbill;

const UNCAPPED: Perbill = Perbill::one();
const BILLION: u128 = 1_000_000_000;

fn seeded() -> ProptestConfig {
    ProptestConfig {
        cases: 4_096,
        rng_seed: RngSeed::Fixed(4),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn fraction() -> impl Strategy<Value = Perbill> {
    (0..=1_000_000_000_u32).prop_map(Perbill::from_parts)
}

#[test]
fn a_lone_equivocator_of_four_loses_56_percent_unless_capped() {
    assert_eq!(equivocation_fraction(1, 4, UNCAPPED), Perbill::from_parts(562_500_000));
    assert_eq!(equivocation_fraction(1, 4, Perbill::from_percent(10)), Perbill::from_percent(10));
}

#[test]
fn a_lone_equivocator_of_many_loses_little() {
    assert_eq!(equivocation_fraction(1, 100, UNCAPPED), Perbill::from_parts(900_000));
    assert_eq!(equivocation_fraction(1, 1_000, UNCAPPED), Perbill::from_parts(9_000));
}

#[test]
fn a_third_of_the_validators_loses_everything() {
    assert_eq!(equivocation_fraction(34, 100, UNCAPPED), Perbill::one());
    assert_eq!(equivocation_fraction(33, 99, UNCAPPED), Perbill::one());
    assert!(equivocation_fraction(33, 100, UNCAPPED) < Perbill::one());
}

#[test]
fn no_validators_or_absurdly_many_offenders_are_answered() {
    assert_eq!(equivocation_fraction(1, 0, UNCAPPED), Perbill::one());
    assert_eq!(equivocation_fraction(u32::MAX, 1, Perbill::from_percent(50)), Perbill::from_percent(50));
    assert_eq!(equivocation_fraction(0, 4, UNCAPPED), Perbill::zero());
}

#[test]
fn the_whole_of_all_the_money_there_can_be_is_taken_without_overflow() {
    assert_eq!(slash_amount(Perbill::one(), u128::MAX), u128::MAX);
    let taken = split(u128::MAX, MAX_REPORTER_SHARE, Perbill::from_percent(50));
    assert_eq!(taken.reporter + taken.burnt + taken.treasury, u128::MAX);
}

#[test]
fn a_planck_that_does_not_divide_is_burnt() {
    let halves = split(15_u128, MAX_REPORTER_SHARE, Perbill::from_percent(50));
    assert_eq!(halves, Split { reporter: 1, burnt: 7, treasury: 7 });
    let odd = split(16_u128, MAX_REPORTER_SHARE, Perbill::from_percent(50));
    assert_eq!(odd, Split { reporter: 1, burnt: 8, treasury: 7 });
}

#[test]
fn shares_of_nothing_and_of_everything() {
    let burnt = split(100_u128, Perbill::zero(), Perbill::one());
    assert_eq!(burnt, Split { reporter: 0, burnt: 100, treasury: 0 });
    let kept = split(100_u128, Perbill::zero(), Perbill::zero());
    assert_eq!(kept, Split { reporter: 0, burnt: 0, treasury: 100 });
}

proptest! {
    #![proptest_config(seeded())]

    #[test]
    fn equivocation_is_the_square_within_its_rounding(
        offenders in any::<u32>(),
        validators in 1..=u32::MAX,
        cap in fraction(),
    ) {
        let (k, n) = (u128::from(offenders), u128::from(validators));
        let exact = if 3 * k >= n { BILLION } else { 9 * k * k * BILLION / (n * n) };
        let uncapped = equivocation_fraction(offenders, validators, UNCAPPED);
        let parts = u128::from(uncapped.deconstruct());
        // Rounding the base down by less than a part takes less than two parts and a bit off its square.
        prop_assert!(parts <= exact && exact <= parts + 3, "{parts} for {exact}");
        prop_assert_eq!(equivocation_fraction(offenders, validators, cap), capped(uncapped, cap));
    }

    #[test]
    fn equivocation_never_exceeds_the_cap_and_grows_with_the_offenders(
        offenders in 0..1_000_u32,
        validators in 1..=1_000_u32,
        cap in fraction(),
    ) {
        let one = equivocation_fraction(offenders, validators, cap);
        prop_assert!(one <= cap);
        prop_assert!(one <= equivocation_fraction(offenders + 1, validators, cap));
    }

    #[test]
    fn a_slash_is_its_fraction_rounded_down(fraction in fraction(), exposure in 0..1_u128 << 96) {
        let amount = slash_amount(fraction, exposure);
        let exact = u128::from(fraction.deconstruct()) * exposure;
        prop_assert_eq!(amount, exact / BILLION);
    }

    #[test]
    fn a_slash_is_at_most_what_was_at_stake(fraction in fraction(), exposure in any::<u128>()) {
        prop_assert!(slash_amount(fraction, exposure) <= exposure);
    }

    #[test]
    fn faults_of_an_era_cost_what_the_highest_costs(
        exposure in any::<u128>(),
        fractions in prop::collection::vec(fraction(), 0..12),
    ) {
        let faults: Vec<u128> = fractions.iter().map(|fraction| slash_amount(*fraction, exposure)).collect();
        let counted = faults.iter().fold(0, |counted, fault| counted + increment(*fault, counted));
        prop_assert_eq!(counted, faults.iter().copied().max().unwrap_or(0));
    }

    #[test]
    fn shares_sum_to_what_was_taken(taken in any::<u128>(), reporter in fraction(), burn in fraction()) {
        let Split { reporter: reward, burnt, treasury } = split(taken, reporter, burn);
        prop_assert_eq!(reward.checked_add(burnt).and_then(|sum| sum.checked_add(treasury)), Some(taken));
        prop_assert_eq!(reward, reporter.mul_floor(taken));
        prop_assert!(burnt >= burn.mul_floor(taken - reward), "rounding favours the fire");
    }

    #[test]
    fn whoever_reports_itself_keeps_a_tenth_at_most(taken in 1..=u128::MAX, burn in fraction()) {
        let reward = split(taken, MAX_REPORTER_SHARE, burn).reporter;
        prop_assert!(reward <= taken / 10);
        prop_assert!(reward < taken);
    }
}
