use crate::seeded;
use assay_primitives::Digest;
use assay_rules::{
    draw::{audited, leaves, seed, ticket, Purpose},
    policy::LEAVES,
};
use codec::Encode;
use proptest::prelude::*;
use sp_arithmetic::Perbill;

const PURPOSES: [Purpose; 6] =
    [Purpose::Seats, Purpose::Refill, Purpose::Lot, Purpose::Audit, Purpose::Fresh, Purpose::Leaves];

const DRAWS: u64 = 100_000;

/// Of the golden vectors: the bytes 0 to 31, a job and an attempt of which every byte is another.
fn golden(purpose: Purpose) -> Digest {
    let chance = core::array::from_fn(|index| index as u8);
    seed(&chance, 0x0102_0304_0506_0708, 0x0a0b_0c0d, purpose)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Σ (observed − expected)² / expected, with expectations in proportion to weights.
fn chi_square(observed: &[u64], weights: &[u64]) -> f64 {
    let (draws, total) = (observed.iter().sum::<u64>() as f64, weights.iter().sum::<u64>() as f64);
    let term = |(observed, weight): (&u64, &u64)| {
        let expected = draws * *weight as f64 / total;
        (*observed as f64 - expected).powi(2) / expected
    };
    observed.iter().zip(weights).map(term).sum()
}

#[test]
fn purposes_have_the_indices_that_seeds_are_hashed_with() {
    for (index, purpose) in PURPOSES.iter().enumerate() {
        assert_eq!(purpose.encode(), [index as u8]);
    }
}

#[test]
fn seeds_are_those_of_other_code() {
    // blake2b-256 of b"assay/draw/v1", the chance, the job as u64 and the attempt as u32 little-endian, the purpose.
    let expected = [
        "04b4ded3da1cba24c09098497e746a68d50f60050f426345511ce1e14f31b401",
        "0a5305ae0146e6134b2a49777e62d6cd026ec4a4bd0c18383b7b7a106024903e",
        "3e7f3cc686adb0eeb660ab3b31056eeb0ea2d74b5034147fef0a3f29761aa96b",
        "f1af8c86e631c906547906122aeec1568e05aeba91c8b31d57919d8432f3957f",
        "5eaeaef77b6e6110f40d624aae928c0ae3ccd9640ec2f59d23c9278c9919146d",
        "c8b49d416212065fac7fdc48e16a1839db7e40f6db54009fd28af86b3ac506bb",
    ];
    assert_eq!(PURPOSES.map(|purpose| hex(&golden(purpose))), expected);
    let zeros = "6b41785f126b6199f74eb95d428176c257eef1f3a2ac4a5c29742538ceb0a46d";
    assert_eq!(hex(&seed(&[0; 32], 0, 0, Purpose::Seats)), zeros);
}

#[test]
fn tickets_are_those_of_other_code() {
    // blake2b-256 of b"assay/ticket/v1", the seed, the slot, the attempt as u32; its first 16 bytes modulo the total.
    let expected = [
        (0, 0, 1, 0),
        (0, 0, u64::MAX, 14_041_522_056_426_122_747),
        (0, 0, 1_000, 652),
        (1, 0, 1_000, 52),
        (0, 1, 1_000, 586),
        (5, 15, 231, 4),
        (255, u32::MAX, 1_000_000_000_000_000_000, 875_937_848_326_939_730),
    ];
    for (slot, attempt, total, drawn) in expected {
        assert_eq!(ticket(&golden(Purpose::Seats), slot, attempt, total), Some(drawn));
    }
}

#[test]
fn leaves_are_those_of_other_code() {
    let seed = golden(Purpose::Leaves);
    assert_eq!(leaves(&seed, 0, 9), [0, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(leaves(&seed, 1, 9), [0, 1, 3, 4, 5, 6, 7, 8]);
    assert_eq!(leaves(&seed, 0, 1_000), [180, 247, 331, 440, 464, 636, 796, 822]);
    let of_most = [
        2_035_379_242_510_933_634,
        3_474_795_790_440_531_652,
        4_617_935_729_904_188_086,
        5_558_878_601_488_498_292,
        7_456_855_982_771_951_798,
        8_683_556_863_428_666_142,
        14_978_550_418_271_055_549,
        17_199_506_709_338_629_879,
    ];
    assert_eq!(leaves(&seed, 3, u64::MAX), of_most);
}

#[test]
fn nobody_has_a_ticket_of_none() {
    assert_eq!(ticket(&[7; 32], 0, 0, 0), None);
}

#[test]
fn an_audit_takes_its_share_of_the_lots() {
    // The golden lot's ticket is 702,588,652.
    let lot = golden(Purpose::Lot);
    assert!(!audited(&lot, Perbill::from_parts(702_588_652)));
    assert!(audited(&lot, Perbill::from_parts(702_588_653)));

    let lots =
        |audit| (0..DRAWS).filter(|job| audited(&seed(&[1; 32], *job, 0, Purpose::Lot), audit)).count();
    assert_eq!(lots(Perbill::zero()), 0);
    assert_eq!(lots(Perbill::one()), DRAWS as usize);
    // Within four standard deviations of 126.5.
    assert!((19_494..=20_506).contains(&lots(Perbill::from_percent(20))));
}

#[test]
fn tickets_fall_on_uneven_weights_in_proportion() {
    let weights: [u64; 10] = [1, 2, 3, 5, 8, 13, 21, 34, 55, 89];
    let total: u64 = weights.iter().sum();
    let mut observed = [0_u64; 10];
    for draw in 0..DRAWS {
        let seed = seed(&[2; 32], draw / 4, 0, Purpose::Seats);
        let mut rest = ticket(&seed, (draw % 2) as u8, (draw / 2 % 2) as u32, total).expect("weights");
        let holder = weights.iter().position(|weight| match rest.checked_sub(*weight) {
            Some(beyond) => {
                rest = beyond;
                false
            }
            None => true,
        });
        observed[holder.expect("a ticket below the total")] += 1;
    }
    let statistic = chi_square(&observed, &weights);
    println!("chi-square of {DRAWS} tickets over {weights:?}: {statistic:.2} (9 degrees; 27.88 at 0.1%)");
    assert!(statistic < 27.88, "{observed:?}");
}

#[test]
fn a_trace_is_opened_anywhere_as_often_as_elsewhere() {
    let (count, draws) = (20, 20_000_u64);
    let mut observed = vec![0_u64; count];
    for job in 0..draws {
        for leaf in leaves(&seed(&[3; 32], job, 0, Purpose::Leaves), 0, count as u64) {
            observed[leaf as usize] += 1;
        }
    }
    // 8 of 20 each: 8,000 within four and a half standard deviations of 69.3.
    assert!(observed.iter().all(|times| (7_688..=8_312).contains(times)), "{observed:?}");
}

#[test]
fn a_short_trace_is_opened_whole() {
    for count in 0..=u64::from(LEAVES) {
        assert_eq!(leaves(&golden(Purpose::Leaves), 2, count), (0..count).collect::<Vec<_>>());
    }
}

proptest! {
    #![proptest_config(seeded())]

    #[test]
    fn a_ticket_is_below_its_total(
        seed in any::<Digest>(),
        slot in any::<u8>(),
        attempt in any::<u32>(),
        total in 1..=u64::MAX,
    ) {
        prop_assert!(ticket(&seed, slot, attempt, total).is_some_and(|ticket| ticket < total));
    }

    #[test]
    fn another_slot_or_attempt_or_seed_is_another_ticket(
        digest in any::<Digest>(),
        slot in 0..u8::MAX,
        attempt in 0..u32::MAX,
    ) {
        let drawn = ticket(&digest, slot, attempt, u64::MAX);
        prop_assert_ne!(drawn, ticket(&digest, slot + 1, attempt, u64::MAX));
        prop_assert_ne!(drawn, ticket(&digest, slot, attempt + 1, u64::MAX));
        prop_assert_ne!(drawn, ticket(&seed(&digest, 0, 0, Purpose::Seats), slot, attempt, u64::MAX));
    }

    #[test]
    fn whatever_differs_between_two_draws_their_seeds_do(
        chance in any::<Digest>(),
        other in any::<Digest>(),
        job in 0..u64::MAX,
        attempt in 0..u32::MAX,
    ) {
        prop_assume!(chance != other);
        let mut seeds: Vec<_> = PURPOSES.map(|purpose| seed(&chance, job, attempt, purpose)).into();
        seeds.push(seed(&other, job, attempt, Purpose::Seats));
        seeds.push(seed(&chance, job + 1, attempt, Purpose::Seats));
        seeds.push(seed(&chance, job, attempt + 1, Purpose::Seats));
        seeds.sort_unstable();
        seeds.dedup();
        prop_assert_eq!(seeds.len(), 9);
    }

    #[test]
    fn leaves_are_distinct_in_order_and_there(
        seed in any::<Digest>(),
        seat in any::<u8>(),
        count in u64::from(LEAVES)..=u64::MAX,
    ) {
        let drawn = leaves(&seed, seat, count);
        prop_assert_eq!(drawn.len(), 8);
        prop_assert!(drawn.is_sorted_by(|one, next| one < next));
        prop_assert!(drawn.iter().all(|leaf| *leaf < count));
    }
}
