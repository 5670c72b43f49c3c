use crate::{mock::*, Queue, WeightInfo};
use assay_primitives::Conduct;
use frame_support::{
    assert_ok,
    dispatch::DispatchClass,
    traits::Hooks,
    weights::{constants::ParityDbWeight, Weight, WeightMeter},
};

fn poll(limit: Weight) -> Weight {
    let mut meter = WeightMeter::with_limit(limit);
    <Providers as Hooks<u32>>::on_poll(System::block_number(), &mut meter);
    meter.consumed()
}

/// Twenty changes that are ready.
fn ready() {
    for owner in 1..=20 {
        bond(owner, 1);
        assert_ok!(register(owner, CPU, 1));
    }
    System::set_block_number(System::block_number() + DELAY);
}

#[test]
fn block_applies_no_more_than_it_may_and_the_rest_later() {
    run(|| {
        ready();
        for waiting in [12, 4, 0] {
            advance(1);
            assert_eq!(Providers::queue_length(), waiting);
        }
        assert_eq!(holders(CPU), (1..=20).collect::<Vec<u64>>());
    });
}

#[test]
fn block_does_only_what_it_has_weight_for() {
    run(|| {
        ready();
        let (base, change) = (<() as WeightInfo>::tick_base(), <() as WeightInfo>::tick_change());
        assert_eq!(poll(base.saturating_sub(Weight::from_parts(1, 0))), Weight::zero());
        assert_eq!(poll(base), base);
        assert_eq!(Providers::queue_length(), 20);
        // One byte of proof too little for a third change.
        let limit = base + change.saturating_mul(3) - Weight::from_parts(0, 1);
        assert_eq!(poll(limit), base + change.saturating_mul(2));
        assert_eq!(Providers::queue_length(), 18);
    });
}

#[test]
fn block_without_work_costs_the_least() {
    run(|| {
        assert_eq!(poll(Weight::MAX), <() as WeightInfo>::tick_base());
        bond(1, 1);
        assert_ok!(register(1, CPU, 1));
        assert_eq!(poll(Weight::MAX), <() as WeightInfo>::tick_base());
    });
}

#[test]
fn block_is_charged_for_what_the_changes_were() {
    run(|| {
        (1..=3).for_each(|owner| provide(owner, 1));
        provide_on(4, 1, GPU, 2);
        // Four stay where they are, three of them on one machine; one comes.
        (1..=4).for_each(|owner| serve(owner, 7, Conduct::Right));
        bond(5, 1);
        assert_ok!(register(5, CPU, 1));
        System::set_block_number(System::block_number() + DELAY);
        let (base, change) = (<() as WeightInfo>::tick_base(), <() as WeightInfo>::tick_change());
        let of_machine = <() as WeightInfo>::tick_reweigh;
        let stayed = of_machine(3) + of_machine(1);
        assert!(stayed.all_lt(change.saturating_mul(4)));
        assert_eq!(poll(Weight::MAX), base + stayed + change);
        assert_eq!(Providers::queue_length(), 0);
    });
}

#[test]
fn page_of_the_queue_goes_with_its_last_entry() {
    run(|| {
        for owner in 1..=70 {
            bond(owner, 1);
            assert_ok!(register(owner, CPU, 1));
        }
        System::set_block_number(System::block_number() + DELAY);
        for (applied, pages) in [(63, 2), (1, 1), (6, 1)] {
            assert_ok!(Providers::apply(signed(9), applied));
            assert_eq!(Queue::<Test>::iter_keys().count(), pages);
        }
        assert_eq!(holders(CPU), (1..=70).collect::<Vec<u64>>());
    });
}

#[test]
fn block_is_charged_for_each_page_that_it_comes_to() {
    run(|| {
        let charged = || *System::block_weight().get(DispatchClass::Mandatory);
        let pages = |count| ParityDbWeight::get().reads_writes(count, count);
        for owner in 1..=130 {
            bond(owner, 1);
            assert_ok!(register(owner, CPU, 1));
        }
        assert_eq!(charged(), pages(3));
        System::set_block_number(System::block_number() + DELAY);
        // The last entry of two of them is worked off, and of the third one some are left.
        assert_ok!(Providers::apply(signed(9), 129));
        assert_eq!(charged(), pages(3 + 2));
    });
}
