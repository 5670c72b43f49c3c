use crate::{above_one, fraction, production, seeded};
use assay_primitives::{Balance, Policy};
use assay_rules::{
    policy::{commit_window, FIRST_SEATS},
    price::{next_price, utilisation, PriceError, PriceRule, MAX_STEP},
    settlement::hold,
};
use proptest::prelude::*;
use sp_arithmetic::Perbill;

const RULE: PriceRule = PriceRule {
    floor: 1_000,
    ceiling: 1_000_000,
    low: Perbill::from_percent(40),
    high: Perbill::from_percent(60),
    step: MAX_STEP,
};

fn refusal(change: impl FnOnce(&mut PriceRule)) -> Option<PriceError> {
    let mut rule = RULE;
    change(&mut rule);
    rule.check().err()
}

fn rules() -> impl Strategy<Value = PriceRule> {
    let bounds = (1..=u128::MAX, 1..=u128::MAX);
    (bounds, fraction(), fraction(), 0..=10_000_000_u32).prop_map(|((one, other), low, high, step)| {
        PriceRule {
            floor: one.min(other),
            ceiling: one.max(other),
            low: low.min(high),
            high: low.max(high),
            step: Perbill::from_parts(step),
        }
    })
}

#[test]
fn a_sound_rule_is_accepted() {
    assert_eq!(RULE.check(), Ok(()));
    assert_eq!(refusal(|rule| rule.floor = rule.ceiling), None);
    assert_eq!(refusal(|rule| rule.low = rule.high), None);
    assert_eq!(refusal(|rule| rule.high = Perbill::one()), None);
    assert_eq!(refusal(|rule| rule.step = Perbill::zero()), None);
}

#[test]
fn a_floor_of_zero_or_above_the_ceiling_is_refused() {
    assert_eq!(refusal(|rule| rule.floor = 0), Some(PriceError::Bounds));
    assert_eq!(refusal(|rule| rule.floor = rule.ceiling + 1), Some(PriceError::Bounds));
}

#[test]
fn a_band_upside_down_or_beyond_one_is_refused() {
    assert_eq!(refusal(|rule| rule.low = Perbill::from_percent(61)), Some(PriceError::Band));
    assert_eq!(refusal(|rule| rule.high = above_one()), Some(PriceError::Band));
}

#[test]
fn a_step_above_a_hundredth_is_refused() {
    assert_eq!(refusal(|rule| rule.step = Perbill::from_parts(10_000_001)), Some(PriceError::Step));
    assert_eq!(PriceError::Step.to_string(), "the step is above 1%");
}

#[test]
fn a_rule_is_read_from_a_genesis_file() {
    let text = r#"{"floor":1000,"ceiling":1000000,"low":400000000,"high":600000000,"step":10000000}"#;
    assert_eq!(serde_json::from_str::<PriceRule>(text).expect("a rule"), RULE);
    assert_eq!(serde_json::to_string(&RULE).expect("text"), text);
}

#[test]
fn the_price_rises_above_the_band_and_falls_below_it() {
    assert_eq!(next_price(12_345, Perbill::from_percent(61), &RULE), 12_468);
    assert_eq!(next_price(12_345, Perbill::from_percent(39), &RULE), 12_222);
    for percent in [40, 50, 60] {
        assert_eq!(next_price(12_345, Perbill::from_percent(percent), &RULE), 12_345);
    }
}

#[test]
fn the_price_stops_at_its_bounds() {
    assert_eq!(next_price(999_999, Perbill::one(), &RULE), 1_000_000);
    assert_eq!(next_price(1_001, Perbill::zero(), &RULE), 1_000);
    assert_eq!(next_price(5, Perbill::from_percent(50), &RULE), 1_000, "after the floor was raised");
    assert_eq!(next_price(u128::MAX, Perbill::one(), &PriceRule { ceiling: u128::MAX, ..RULE }), u128::MAX);
}

#[test]
fn a_small_price_moves_by_a_planck() {
    let rule = PriceRule { floor: 1, ..RULE };
    assert_eq!(next_price(1, Perbill::one(), &rule), 2);
    assert_eq!(next_price(99, Perbill::one(), &rule), 100);
    assert_eq!(next_price(2, Perbill::zero(), &rule), 1);
}

#[test]
fn a_rule_upside_down_gives_its_ceiling() {
    let rule = PriceRule { floor: 10, ceiling: 5, ..RULE };
    assert_eq!(next_price(7, Perbill::from_percent(50), &rule), 5);
}

#[test]
fn utilisation_is_rounded_down_and_at_most_one() {
    assert_eq!(utilisation(1, 3), Perbill::from_parts(333_333_333));
    assert_eq!(utilisation(5, 5), Perbill::one());
    assert_eq!(utilisation(6, 5), Perbill::one());
    assert_eq!(utilisation(u128::MAX, u128::MAX), Perbill::one());
    assert_eq!(utilisation(u128::MAX / 2, u128::MAX), Perbill::from_parts(499_999_999));
}

#[test]
fn nothing_is_used_where_there_is_nothing() {
    assert_eq!(utilisation(0, 0), Perbill::zero());
    assert_eq!(utilisation(7, 0), Perbill::zero());
}

proptest! {
    #![proptest_config(seeded())]

    #[test]
    fn an_hour_moves_a_price_by_a_hundredth_at_most(
        rule in rules(),
        price in any::<u128>(),
        used in fraction(),
    ) {
        prop_assert_eq!(rule.check(), Ok(()));
        let price = price.clamp(rule.floor, rule.ceiling);
        let next = next_price(price, used, &rule);
        prop_assert!(next.abs_diff(price) <= (price / 100).max(1));
        prop_assert!((rule.floor..=rule.ceiling).contains(&next));
        prop_assert!(used <= rule.high || next > price || price == rule.ceiling);
        prop_assert!(used >= rule.low || next < price || price == rule.floor);
        prop_assert!(used < rule.low || used > rule.high || next == price);
    }

    #[test]
    fn utilisation_is_the_fraction_within_its_rounding(busy in 0..1_u128 << 90, room in 1..1_u128 << 90) {
        let parts = u128::from(utilisation(busy, room).deconstruct());
        prop_assert_eq!(parts, (busy.min(room) * 1_000_000_000) / room);
    }
}

/// A machine of a thousand seats of which others keep half busy, which is within the band, for blocks of an hour.
const SEATS: u64 = 1_000;
const BUSY: u64 = 500;
const HOUR: u64 = 1_200;

/// What it costs a coalition with so many hundredths of the machine to push its price for an hour, and what it earns by
/// that in the next hour, in planck.
///
/// It posts the least jobs that are taken, and makes each last for as long as it can without a fault, as if it had a
/// seat of each. It pays the fee, and those seats that are not its own; it earns its share of what others pay more.
fn push(price: Balance, share: Balance, policy: &Policy, rule: &PriceRule) -> (Balance, Balance) {
    let used = |own: u64| utilisation((BUSY + own).into(), SEATS.into());
    let own = (0..SEATS).find(|own| used(*own) > rule.high).expect("all seats are above the band");
    let units = u64::try_from(policy.min_payment.div_ceil(price)).expect("a small job");
    let draws = 2 * (policy.draw_blocks + 1);
    let lasts = u64::from(draws + 2 * commit_window(units, policy) + policy.reveal_blocks);
    let jobs = Balance::from((own * HOUR).div_ceil(lasts * u64::from(FIRST_SEATS)));

    let fee = hold(units, price, policy, None).expect("a small amount").fee;
    let seats = Balance::from(FIRST_SEATS) * Balance::from(units) * price;
    let cost = jobs * (fee + seats * (100 - share) / 100);
    let more = next_price(price, used(own), rule) - price;
    let sold = Balance::from(BUSY * HOUR * policy.units_per_block);
    (cost, more * sold * share / 100)
}

/// What makes it dear is that no job pays a seat less than the least. It is earned back after all if the price stays where
/// it is for so many hours: what stands against that are others' caps, and the demand that a higher price loses.
#[test]
fn a_push_of_the_price_takes_a_day_to_pay() {
    let rule = PriceRule { floor: 1_000_000, ceiling: 1_000_000_000_000, ..RULE };
    // The production preset's least payment, and units of a block.
    let policy = Policy { units_per_block: 30, min_payment: 1_000_000_000_000, ..production() };
    println!(
        "price over floor | share | cost of an hour's push | gain in each hour after it, in planck | hours"
    );
    for (times, share) in [(1, 10), (1, 33), (10, 10), (10, 33)] {
        let (cost, gain) = push(times * rule.floor, share, &policy, &rule);
        let hours = cost / gain;
        println!("{times:>16} | {share:>4}% | {cost:>22} | {gain:>36} | {hours}");
        assert!(hours >= 20, "{times} times the floor, {share}%: {cost} and {gain}");
        // Jobs for dust would pay within the hour.
        let dust = Policy { min_payment: policy.min_payment / 100_000, ..policy };
        let (cost, gain) = push(times * rule.floor, share, &dust, &rule);
        assert!(cost < gain, "{times} times the floor, {share}%: {cost} and {gain}");
    }
}
