use crate::{mock::*, WeightInfo};
use assay_primitives::{Order, Outcome};
use frame_support::{
    assert_ok,
    dispatch::GetDispatchInfo,
    traits::Hooks,
    weights::{Weight, WeightMeter},
};
use sp_runtime::DispatchError;

type Priced = ();

#[test]
fn anyone_works_off_what_is_due() {
    run(|| {
        let job = try_post(plain()).unwrap();
        (0..DRAW).for_each(|_| next_block());
        assert!(case(job).seats.is_empty());
        assert_ok!(Verification::advance(signed(9), 1));
        assert_eq!(case(job).seats.len(), 2);
        Now::set(case(job).order.deadline);
        assert_ok!(Verification::advance(signed(9), 1));
        assert_eq!(verdict(job).outcome, Outcome::Expired);
    });
}

#[test]
fn advance_where_nothing_is_due_is_refused() {
    run(|| {
        assert_nothing_due();
        assert_ok!(try_post(plain()));
        assert_nothing_due();
        (0..DRAW).for_each(|_| next_block());
        let none = Verification::advance(signed(9), 0).unwrap_err();
        assert_eq!(none.error, crate::Error::<Test>::NothingDue.into());
        assert_eq!(none.post_info.actual_weight, Some(Priced::tick_base()));
    });
}

#[test]
fn advance_without_a_signature_is_refused() {
    run(|| {
        for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
            assert_eq!(Verification::advance(origin, 1), Err(DispatchError::BadOrigin.into()));
        }
    });
}

#[test]
fn advance_does_no_more_than_it_is_asked_to_and_costs_what_it_did() {
    run(|| {
        let jobs: Vec<_> = (0..5).map(|_| try_post(plain()).unwrap()).collect();
        (0..DRAW).for_each(|_| next_block());
        let drawn = || jobs.iter().filter(|job| !case(**job).seats.is_empty()).count();
        let two = Verification::advance(signed(9), 2).unwrap().actual_weight.expect("it is said");
        assert_eq!(drawn(), 2);
        let rest = Verification::advance(signed(9), 9).unwrap().actual_weight.expect("it is said");
        assert_eq!(drawn(), 5);
        assert!(rest.all_gt(two));
        let declared = crate::Call::<Test>::advance { limit: 2 }.get_dispatch_info().call_weight;
        assert!(declared.all_gt(two));
    });
}

#[test]
fn block_works_off_a_few_and_the_rest_in_order_in_the_next_ones() {
    run_with(30, || {
        let jobs: Vec<_> = (0..20).map(|_| try_post(plain()).unwrap()).collect();
        let drawn = || jobs.iter().map(|job| !case(*job).seats.is_empty()).collect::<Vec<_>>();
        advance(DRAW);
        for done in [8, 16, 20] {
            let expected: Vec<_> = (0..20).map(|index| index < done).collect();
            assert_eq!(drawn(), expected);
            advance(1);
        }
    });
}

#[test]
fn block_without_weight_to_spare_works_off_nothing() {
    run(|| {
        let job = try_post(plain()).unwrap();
        (0..DRAW).for_each(|_| next_block());
        let mut none = WeightMeter::with_limit(Priced::tick_base().saturating_div(2));
        Verification::tick(&mut none);
        assert_eq!(none.consumed(), Weight::zero());
        let mut little = WeightMeter::with_limit(Verification::tick_weight(1).saturating_div(2));
        Verification::tick(&mut little);
        assert_eq!(little.consumed(), Priced::tick_base());
        assert!(case(job).seats.is_empty());
        let mut enough = WeightMeter::with_limit(Verification::tick_weight(1));
        Verification::tick(&mut enough);
        assert_eq!(case(job).seats.len(), 2);
    });
}

#[test]
fn block_takes_no_more_than_its_share() {
    run_with(30, || {
        let jobs: Vec<_> = (0..20).map(|_| try_post(plain()).unwrap()).collect();
        (0..DRAW).for_each(|_| next_block());
        let drawn = Verification::draw_weight(2, 2, 0);
        MaxTickWeight::set(Verification::tick_weight(1).saturating_add(drawn.saturating_mul(3)));
        let mut meter = WeightMeter::new();
        <Verification as Hooks<u32>>::on_poll(System::block_number(), &mut meter);
        let drawn = jobs.iter().filter(|job| !case(**job).seats.is_empty()).count();
        // What a step takes is little beside the most that it could: a few fit.
        assert!((2..8).contains(&drawn), "{drawn}");
        assert!(meter.consumed().all_lte(MaxTickWeight::get()));
    });
}

#[test]
fn block_in_which_nothing_is_due_costs_the_base() {
    run(|| {
        assert_ok!(try_post(plain()));
        let mut meter = WeightMeter::new();
        Verification::tick(&mut meter);
        assert_eq!(meter.consumed(), Priced::tick_base());
    });
}

#[test]
fn flood_of_deadlines_does_not_hold_up_draws() {
    run_with(60, || {
        for _ in 0..40 {
            assert_ok!(try_post(Order { deadline: 44, ..plain() }));
        }
        // All are drawn in block 41 and late in block 72; a job posted just before is drawn while they end.
        (0..40).for_each(|_| next_block());
        Verification::advance(signed(9), 40).unwrap();
        let job = try_post(plain()).unwrap();
        Now::set(72);
        advance(DRAW);
        assert!(crate::Cases::<Test>::iter().count() > 1);
        assert_eq!(case(job).seats.len(), 2);
    });
}
