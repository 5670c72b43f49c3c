use crate::seeded;
use assay_primitives::Conduct;
use assay_rules::reputation::{score_after, weight, MAX_SCORE};
use proptest::prelude::*;

/// A token, in planck.
const ASY: u128 = 1_000_000_000_000;

fn conduct() -> impl Strategy<Value = Conduct> {
    prop::sample::select(vec![
        Conduct::Right,
        Conduct::Neutral,
        Conduct::Declined,
        Conduct::NoShow,
        Conduct::Cheated,
    ])
}

#[test]
fn each_conduct_moves_the_score_in_its_own_way() {
    for (score, right, declined, no_show) in
        [(0, 1, 0, 0), (1, 2, 0, 0), (4, 5, 2, 2), (51, 52, 49, 25), (100, 100, 98, 50)]
    {
        assert_eq!(score_after(score, Conduct::Right), right);
        assert_eq!(score_after(score, Conduct::Neutral), score);
        assert_eq!(score_after(score, Conduct::Declined), declined);
        assert_eq!(score_after(score, Conduct::NoShow), no_show);
        assert_eq!(score_after(score, Conduct::Cheated), 0);
    }
}

#[test]
fn a_long_clean_record_is_lost_by_one_lie() {
    let record = (0..1_000).fold(0, |score, _| score_after(score, Conduct::Right));
    assert_eq!(record, MAX_SCORE, "a thousand right claims buy no more than a hundred");
    let after = score_after(record, Conduct::Cheated);
    let bond = 1_000 * ASY;
    assert_eq!(weight(bond, bond, after) * 2, weight(bond, bond, record));
    let earned_back = (0..99).fold(after, |score, _| score_after(score, Conduct::Right));
    assert!(earned_back < MAX_SCORE, "and need as many again");
}

#[test]
fn weight_is_the_bond_times_a_half_to_one() {
    assert_eq!(weight(1_000 * ASY, u128::MAX, 0), 500_000);
    assert_eq!(weight(1_000 * ASY, u128::MAX, 50), 750_000);
    assert_eq!(weight(1_000 * ASY, u128::MAX, 100), 1_000_000);
    assert_eq!(weight(1_000 * ASY, u128::MAX, u32::MAX), 1_000_000);
}

#[test]
fn weight_ends_where_the_bond_counts_no_more() {
    assert_eq!(weight(5_000 * ASY, 1_000 * ASY, 100), 1_000_000);
    assert_eq!(weight(u128::MAX, u128::MAX, 100), u64::MAX);
}

#[test]
fn dust_weighs_nothing() {
    assert_eq!(weight(999_999_999, u128::MAX, 100), 0);
    assert_eq!(weight(1_999_999_999, u128::MAX, 99), 0);
    assert_eq!(weight(2_000_000_000, u128::MAX, 0), 1);
    assert_eq!(weight(0, 0, 100), 0);
}

proptest! {
    #![proptest_config(seeded())]

    #[test]
    fn a_score_never_leaves_its_range(
        record in prop::collection::vec(conduct(), 0..300),
        start in any::<u32>(),
    ) {
        let mut score = score_after(start, Conduct::Neutral);
        for conduct in record {
            let next = score_after(score, conduct);
            prop_assert!(next <= MAX_SCORE && next <= score + 1);
            prop_assert!(conduct == Conduct::Right || next <= score);
            score = next;
        }
    }

    #[test]
    fn weight_grows_with_bond_and_score_between_half_and_whole(
        bond in 0..1_u128 << 90,
        more in 0..1_u128 << 90,
        max in any::<u128>(),
        score in 0..MAX_SCORE,
    ) {
        let weighed = weight(bond, max, score);
        prop_assert!(weighed <= weight(bond + more, max, score));
        prop_assert!(weighed <= weight(bond, max, score + 1));
        let whole = bond.min(max) / 1_000_000_000;
        prop_assert!(u128::from(weighed) <= whole);
        prop_assert!(u128::from(weighed) >= whole / 2);
    }

    #[test]
    fn splitting_a_bond_gains_no_weight(
        one in 0..1_u128 << 80,
        other in 0..1_u128 << 80,
        score in 0..=MAX_SCORE,
    ) {
        let weighed = |bond| weight(bond, u128::MAX, score);
        prop_assert!(weighed(one) + weighed(other) <= weighed(one + other));
    }
}
