//! New money: the numbers that the documentation states, and properties over random input with a fixed seed.
//! `PROPTEST_CASES` asks for more cases, `PROPTEST_RNG_SEED` for others.

use assay_rules::inflation::{emission, payout, Emission, MAX_INFLATION, YEAR_MILLIS};
use proptest::{prelude::*, test_runner::RngSeed};
use sp_arithmetic::Perbill;

const ASY: u128 = 1_000_000_000_000;
const GENESIS: u128 = 1_000_000_000 * ASY;
/// Blocks of an era of production, six hours, and milliseconds of its slots.
const BLOCKS: u32 = 7_200;
const SLOT: u64 = 3_000;

fn seeded() -> ProptestConfig {
    ProptestConfig {
        cases: 4_096,
        rng_seed: RngSeed::Fixed(9),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn fraction() -> impl Strategy<Value = Perbill> {
    (0..=1_000_000_000_u32).prop_map(Perbill::from_parts)
}

/// A fraction that can't be made by its constructors, but read from a file.
fn fourfold() -> Perbill {
    serde_json::from_str("4000000000").expect("a number of parts")
}

fn sum(emission: Emission) -> u128 {
    emission.treasury + emission.validators
}

#[test]
fn an_era_of_production_issues_its_part_of_the_year() {
    let era = emission(GENESIS, Perbill::from_percent(3), Perbill::from_percent(20), BLOCKS, SLOT);
    // 30,000,000 ASY in 1,461 eras, a fifth of it to the treasury, in planck.
    assert_eq!(era, Emission { treasury: 4_106_776_180_698_151, validators: 16_427_104_722_792_608 });
}

#[test]
fn slots_without_blocks_issue_nothing() {
    let of = |blocks| sum(emission(GENESIS, MAX_INFLATION, Perbill::zero(), blocks, SLOT));
    assert_eq!(of(0), 0);
    assert_eq!(of(BLOCKS / 2), of(BLOCKS) / 2);
}

#[test]
fn no_era_issues_more_than_a_year_may() {
    let endless = emission(GENESIS, fourfold(), Perbill::zero(), u32::MAX, u64::MAX);
    assert_eq!(endless, Emission { treasury: 0, validators: GENESIS / 10 });
    let all = emission(u128::MAX, MAX_INFLATION, fourfold(), u32::MAX, YEAR_MILLIS);
    assert_eq!(all, Emission { treasury: MAX_INFLATION.mul_floor(u128::MAX), validators: 0 });
}

#[test]
fn pot_is_paid_by_blocks_and_rounded_down() {
    assert_eq!(payout(100, 1, 3), 33);
    assert_eq!(payout(100, 2, 3), 66);
    assert_eq!(payout(100, 3, 3), 100);
}

#[test]
fn blocks_that_were_not_there_are_answered() {
    assert_eq!(payout(100, 1, 0), 0);
    assert_eq!(payout(100, 4, 3), 100);
    assert_eq!(payout(u128::MAX, u32::MAX, u32::MAX), u128::MAX);
}

proptest! {
    #![proptest_config(seeded())]

    #[test]
    fn emission_is_the_formula_in_exact_integers(
        issuance in 0..1_u128 << 80,
        parts in 0..=100_000_000_u32,
        share in fraction(),
        blocks in 0..=100_000_u32,
        slot in 1..=10_000_u64,
    ) {
        let era = emission(issuance, Perbill::from_parts(parts), share, blocks, slot);
        let of_year = issuance * u128::from(parts) / 1_000_000_000;
        let of_era = of_year * (u128::from(blocks) * u128::from(slot)) / u128::from(YEAR_MILLIS);
        prop_assert_eq!(sum(era), of_era);
        prop_assert_eq!(era.treasury, of_era * u128::from(share.deconstruct()) / 1_000_000_000);
    }

    #[test]
    fn cutting_an_era_in_two_issues_no_more(
        issuance in any::<u128>(),
        inflation in fraction(),
        first in 0..=100_000_u32,
        second in 0..=100_000_u32,
    ) {
        let of = |blocks| sum(emission(issuance, inflation, Perbill::zero(), blocks, SLOT));
        let whole = of(first + second);
        prop_assert!(of(first) + of(second) <= whole);
        prop_assert!(whole <= issuance / 10);
    }

    #[test]
    fn validators_get_at_most_the_pot_and_leave_less_than_a_planck_each(
        pot in any::<u128>(),
        blocks in prop::collection::vec(1..=100_000_u32, 1..100),
    ) {
        let total = blocks.iter().sum();
        let paid: u128 = blocks.iter().map(|blocks| payout(pot, *blocks, total)).sum();
        prop_assert!(paid <= pot);
        prop_assert!(pot - paid < blocks.len() as u128);
    }

    #[test]
    fn who_authors_more_gets_no_less(
        pot in any::<u128>(),
        blocks in 0..1_000_u32,
        total in 1_000..=u32::MAX,
    ) {
        prop_assert!(payout(pot, blocks, total) <= payout(pot, blocks + 1, total));
    }
}
