//! Fees of transactions: their parts sum, and properties over random input with a fixed seed. `PROPTEST_CASES` asks for
//! more cases, `PROPTEST_RNG_SEED` for others.

use assay_rules::fees::{split_fee, FeeError, FeeShares, FeeSplit, MAX_AUTHOR_SHARE};
use proptest::{prelude::*, test_runner::RngSeed};
use sp_arithmetic::Perbill;

fn seeded() -> ProptestConfig {
    ProptestConfig {
        cases: 4_096,
        rng_seed: RngSeed::Fixed(9),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Shares that are sound: together from a half to one.
fn sound() -> impl Strategy<Value = FeeShares> {
    (500_000_000..=1_000_000_000_u32)
        .prop_flat_map(|sum| (Just(sum), 0..=sum))
        .prop_map(|(sum, burn)| read(burn, sum - burn))
}

/// Shares in percent.
fn shares(burn: u32, treasury: u32) -> FeeShares {
    FeeShares { burn: Perbill::from_percent(burn), treasury: Perbill::from_percent(treasury) }
}

/// Shares as a file can have them, in parts per billion.
fn read(burn: u32, treasury: u32) -> FeeShares {
    let json = serde_json::json!({ "burn": burn, "treasury": treasury });
    serde_json::from_value(json).expect("two numbers of parts")
}

#[test]
fn author_gets_what_the_others_do_not() {
    let split = split_fee(1_000, &shares(50, 20));
    assert_eq!(split, FeeSplit { burnt: 500, treasury: 200, author: 300 });
}

#[test]
fn planck_that_does_not_divide_is_burnt() {
    assert_eq!(split_fee(9, &shares(50, 20)), FeeSplit { burnt: 6, treasury: 1, author: 2 });
    assert_eq!(split_fee(1, &shares(50, 20)), FeeSplit { burnt: 1, treasury: 0, author: 0 });
}

#[test]
fn all_is_burnt_by_default() {
    assert_eq!(split_fee(7, &FeeShares::default()), FeeSplit { burnt: 7, treasury: 0, author: 0 });
    assert_eq!(FeeShares::default().check(), Ok(()));
}

#[test]
fn shares_above_one_are_refused() {
    assert_eq!(shares(60, 50).check(), Err(FeeError::AboveOne));
    assert_eq!(read(1_000_000_001, 0).check(), Err(FeeError::AboveOne));
    assert_eq!(read(u32::MAX, u32::MAX).check(), Err(FeeError::AboveOne));
    assert_eq!(shares(60, 40).check(), Ok(()));
}

#[test]
fn author_that_would_get_more_than_half_is_refused() {
    assert_eq!(read(499_999_999, 0).check(), Err(FeeError::AuthorShare));
    assert_eq!(shares(50, 0).check(), Ok(()));
    assert_eq!(shares(0, 50).check(), Ok(()));
}

proptest! {
    #![proptest_config(seeded())]

    #[test]
    fn parts_sum_to_the_fee_whatever_the_shares(
        fee in any::<u128>(),
        burn in any::<u32>(),
        treasury in any::<u32>(),
    ) {
        let split = split_fee(fee, &read(burn, treasury));
        let sum = split.burnt.checked_add(split.treasury).and_then(|sum| sum.checked_add(split.author));
        prop_assert_eq!(sum, Some(fee));
    }

    #[test]
    fn sound_shares_are_kept_to_and_an_author_gets_half_at_most(
        fee in any::<u128>(),
        shares in sound(),
    ) {
        prop_assert_eq!(shares.check(), Ok(()));
        let split = split_fee(fee, &shares);
        prop_assert_eq!(split.treasury, shares.treasury.mul_floor(fee));
        prop_assert!(split.burnt >= shares.burn.mul_floor(fee), "rounding favours the fire");
        prop_assert!(shares.author() <= MAX_AUTHOR_SHARE);
        prop_assert!(split.author <= fee / 2);
    }
}
