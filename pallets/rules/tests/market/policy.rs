use crate::{above_one, fraction, policy_of, production, seeded};
use assay_primitives::Policy;
use assay_rules::policy::{
    check, commit_window, compute_blocks, filling_time, least_collateral, longest_life, opening_window,
    PolicyError, FIRST_SEATS, FRESH_SEATS, MAX_DECLINES, MAX_PAID, MAX_REFILLS, MAX_SEATS, MAX_SLOTS,
    PAID_SEATS,
};
use proptest::prelude::*;
use sp_arithmetic::Perbill;

fn refusal(change: impl FnOnce(&mut Policy)) -> Option<PolicyError> {
    let mut policy = production();
    change(&mut policy);
    check(&policy).err()
}

#[test]
fn the_presets_policies_are_accepted() {
    assert_eq!(check(&production()), Ok(()));
    let development = Policy { draw_blocks: 2, ..policy_of(Perbill::one(), 10) };
    assert_eq!(check(&development), Ok(()));
}

#[test]
fn slots_and_seats_are_as_many_as_a_job_can_have() {
    assert_eq!((FIRST_SEATS, FRESH_SEATS, MAX_SLOTS, PAID_SEATS, MAX_PAID), (2, 3, 6, 5, 6));
    assert_eq!(MAX_SEATS, u32::from(MAX_SLOTS) * u32::from(1 + MAX_REFILLS + MAX_DECLINES));
}

#[test]
fn audits_of_a_fifth_need_collateral_of_eight_payments() {
    let fifth = Perbill::from_percent(20);
    assert_eq!(check(&policy_of(fifth, 8)), Ok(()));
    assert_eq!(check(&policy_of(fifth, 7)), Err(PolicyError::LyingPays));
}

#[test]
fn auditing_everything_needs_collateral_of_two_payments() {
    assert_eq!(check(&policy_of(Perbill::one(), 2)), Ok(()));
    assert_eq!(check(&policy_of(Perbill::one(), 1)), Err(PolicyError::LyingPays));
}

#[test]
fn the_bound_on_what_a_wrong_claim_costs_is_exact() {
    // 32 · 0.2 · 8 · wrong ≥ 54 − 19 · 0.2, so wrong ≥ 50.2 / 51.2 = 0.98046875.
    let at = |wrong| {
        let policy = policy_of(Perbill::from_percent(20), 8);
        check(&Policy { wrong: Perbill::from_parts(wrong), ..policy })
    };
    assert_eq!(at(980_468_750), Ok(()));
    assert_eq!(at(980_468_749), Err(PolicyError::LyingPays));
}

#[test]
fn a_fraction_above_one_is_refused() {
    let changes: [fn(&mut Policy); 6] = [
        |policy| policy.audit = above_one(),
        |policy| policy.no_show = above_one(),
        |policy| policy.wrong = above_one(),
        |policy| policy.withheld = above_one(),
        |policy| policy.requester_bond = above_one(),
        |policy| policy.fee = above_one(),
    ];
    for change in changes {
        assert_eq!(refusal(change), Some(PolicyError::AboveOne));
    }
}

#[test]
fn a_policy_without_audits_or_collateral_is_refused() {
    assert_eq!(refusal(|policy| policy.audit = Perbill::zero()), Some(PolicyError::NoAudit));
    assert_eq!(refusal(|policy| policy.collateral = 0), Some(PolicyError::NoCollateral));
}

#[test]
fn a_draw_takes_from_two_to_sixty_four_blocks() {
    assert_eq!(refusal(|policy| policy.draw_blocks = 0), Some(PolicyError::DrawBlocks));
    assert_eq!(refusal(|policy| policy.draw_blocks = 1), Some(PolicyError::DrawBlocks));
    assert_eq!(refusal(|policy| policy.draw_blocks = 2), None);
    assert_eq!(refusal(|policy| policy.draw_blocks = 64), None);
    assert_eq!(refusal(|policy| policy.draw_blocks = 65), Some(PolicyError::DrawBlocks));
}

#[test]
fn windows_of_less_than_four_blocks_are_refused() {
    assert_eq!(refusal(|policy| policy.commit_blocks = 3), Some(PolicyError::ShortWindow));
    assert_eq!(refusal(|policy| policy.reveal_blocks = 3), Some(PolicyError::ShortWindow));
    assert_eq!(refusal(|policy| (policy.commit_blocks, policy.reveal_blocks) = (4, 4)), None);
}

#[test]
fn units_and_payments_of_zero_are_refused() {
    assert_eq!(refusal(|policy| policy.units_per_block = 0), Some(PolicyError::NoUnits));
    assert_eq!(refusal(|policy| policy.min_payment = 0), Some(PolicyError::NoMinPayment));
    assert_eq!(refusal(|policy| policy.min_payment = 1), None);
}

#[test]
fn a_no_show_costs_a_hundredth_and_less_than_a_wrong_claim() {
    let least = 10_000_000;
    let no_show = |parts| refusal(|policy| policy.no_show = Perbill::from_parts(parts));
    assert_eq!(no_show(0), Some(PolicyError::CheapNoShow));
    assert_eq!(no_show(least - 1), Some(PolicyError::CheapNoShow));
    assert_eq!(no_show(least), None);
    assert_eq!(refusal(|policy| policy.no_show = Perbill::from_parts(999_999_999)), None);
    assert_eq!(refusal(|policy| policy.no_show = Perbill::one()), Some(PolicyError::FaultOrder));
}

#[test]
fn withholding_costs_no_less_than_a_wrong_claim() {
    let withheld = |parts| refusal(|policy| policy.withheld = Perbill::from_parts(parts));
    assert_eq!(withheld(999_999_999), Some(PolicyError::FaultOrder));
    assert_eq!(withheld(1_000_000_000), None);
}

#[test]
fn errors_say_what_is_wrong() {
    assert_eq!(PolicyError::CheapNoShow.to_string(), "a no-show costs less than 1%");
    assert_eq!(PolicyError::ShortWindow.to_string(), "a window is shorter than 4 blocks");
}

#[test]
fn computing_takes_blocks_by_units_rounded_up() {
    let policy = production();
    for (units, blocks) in [(0, 0), (1, 1), (1_000, 1), (1_001, 2), (u64::MAX, u32::MAX)] {
        assert_eq!(compute_blocks(units, &policy), blocks);
    }
    assert_eq!(compute_blocks(7, &Policy { units_per_block: 0, ..policy }), 7);
    assert_eq!(commit_window(1_001, &policy), 202);
    assert_eq!(commit_window(u64::MAX, &policy), u32::MAX);
}

#[test]
fn no_seat_takes_less_collateral_than_one_of_the_least_payment() {
    assert_eq!(least_collateral(&production()), 10 * 1_000_000_000);
    assert_eq!(least_collateral(&Policy { min_payment: u128::MAX / 9, ..production() }), u128::MAX);
}

#[test]
fn slots_are_filled_for_as_long_as_every_seat_takes_one_after_the_other() {
    // 48 seats of 9 blocks to draw and 201 to commit, and 200 blocks in which the first ones reveal.
    assert_eq!(filling_time(1, &production()), 48 * 210 + 200);
    assert_eq!(filling_time(u64::MAX, &production()), u32::MAX);
}

#[test]
fn the_longest_life_has_time_for_what_is_under_way_when_no_slot_is_filled_any_more() {
    // The time to fill slots, as much again, and two windows of 200 to reveal, one of them with a block to compute.
    assert_eq!(longest_life(1, &production()), 2 * (48 * 210 + 200) + 401);
    assert_eq!(longest_life(u64::MAX, &production()), u32::MAX);
    let endless = Policy { draw_blocks: u32::MAX, reveal_blocks: u32::MAX, ..production() };
    assert_eq!(longest_life(1, &endless), u32::MAX);
}

proptest! {
    #![proptest_config(seeded())]

    #[test]
    fn the_check_is_the_formula_it_came_from(
        audit in 1..=1_000_000_000_u32,
        collateral in 1..60_u32,
        wrong in 100_000_001..=1_000_000_000_u32,
    ) {
        let policy = Policy {
            wrong: Perbill::from_parts(wrong),
            ..policy_of(Perbill::from_parts(audit), collateral)
        };
        // a·c·L ≥ 2(1 − a) + 3ap + 4a(1 − p)p², with p = 1/3 and L = 2 · collateral · wrong, all times 27 · 10¹⁸.
        let (one, a) = (1_000_000_000_u128, u128::from(audit));
        let loss = a * 2 * 8 * 2 * u128::from(collateral) * u128::from(wrong);
        let gain = (2 * (one - a) * 27 + 3 * a * 9 + 4 * a * 2) * one;
        prop_assert_eq!(check(&policy), if loss >= gain { Ok(()) } else { Err(PolicyError::LyingPays) });
    }

    #[test]
    fn no_policy_is_too_odd_to_be_checked(
        fractions in prop::array::uniform6(fraction()),
        numbers in (any::<u32>(), 0..80_u32, any::<u32>(), any::<u32>()),
        min_payment in any::<u128>(),
        units_per_block in any::<u64>(),
        units in any::<u64>(),
    ) {
        let [audit, no_show, wrong, withheld, requester_bond, fee] = fractions;
        let (collateral, draw_blocks, commit_blocks, reveal_blocks) = numbers;
        let policy = Policy {
            audit,
            collateral,
            draw_blocks,
            commit_blocks,
            units_per_block,
            reveal_blocks,
            no_show,
            wrong,
            withheld,
            requester_bond,
            fee,
            min_payment,
        };
        let window = commit_window(units, &policy);
        prop_assert!(compute_blocks(units, &policy) <= window);
        // What is under way when the slots are no longer filled: a window to commit, two draws, a window to reveal.
        let last = [window, draw_blocks, draw_blocks, opening_window(units, &policy), 4];
        let last = last.into_iter().fold(filling_time(units, &policy), u32::saturating_add);
        prop_assert!(last <= longest_life(units, &policy));
        if check(&policy).is_ok() {
            prop_assert!((2..=64).contains(&draw_blocks) && no_show < wrong && wrong <= withheld);
            prop_assert!(commit_blocks >= 4 && reveal_blocks >= 4 && min_payment > 0);
            let safer = Policy { collateral: collateral.saturating_add(1), ..policy };
            prop_assert_eq!(check(&safer), Ok(()));
        }
    }
}
