use crate::{mock::*, Error, Event, MachineEntry, MachineList, MAX_MACHINES};
use assay_primitives::Machine;
use assay_rules::price::PriceRule;
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{DispatchError, Perbill};

fn root() -> RuntimeOrigin {
    RuntimeOrigin::root()
}

#[test]
fn machine_is_listed_at_the_floor_of_its_price() {
    run(|| {
        assert_ok!(set_machine(NONE, entry()));
        assert_eq!(events(), [Event::MachineSet { machine: NONE, entry: entry() }]);
        assert_eq!(price(NONE), 1_000);
        assert_eq!(Providers::machines(2, 1), [(NONE, entry())]);
        provide_on(1, 3, NONE, 1);
        assert_eq!(holders(NONE), [1; 3]);
    });
}

#[test]
fn entry_of_a_listed_machine_changes_and_keeps_what_it_has() {
    run(|| {
        provide(1, 3);
        let with = |floor, ceiling| MachineEntry { price: PriceRule { floor, ceiling, ..rule() }, ..entry() };
        for (floor, ceiling, price_then) in [(10, 500, 500), (2_000, 3_000, 2_000), (1, 9_000, 2_000)] {
            assert_ok!(set_machine(CPU, with(floor, ceiling)));
            assert_eq!(price(CPU), price_then);
        }
        assert_eq!((weight(CPU), MachineList::<Test>::get().len()), (3, 2));
    });
}

#[test]
fn price_rule_that_is_not_sound_is_refused() {
    run(|| {
        let with = |price| set_machine(NONE, MachineEntry { price, ..entry() });
        for wrong in [
            PriceRule { floor: 0, ..rule() },
            PriceRule { floor: 9, ceiling: 8, ..rule() },
            PriceRule { low: Perbill::one(), ..rule() },
            PriceRule { step: Perbill::from_percent(2), ..rule() },
        ] {
            assert_noop!(with(wrong), Error::<Test>::BadPriceRule);
        }
    });
}

#[test]
fn more_machines_than_there_can_be_are_refused() {
    run(|| {
        for memory in 2..MAX_MACHINES as u8 {
            assert_ok!(set_machine(Machine { hardware: 7, memory }, entry()));
        }
        assert_noop!(set_machine(NONE, entry()), Error::<Test>::TooManyMachines);
        // One that is on the list can still be changed.
        assert_ok!(set_machine(CPU, entry()));
        assert_ok!(Providers::remove_machine(root(), CPU));
        assert_ok!(set_machine(NONE, entry()));
    });
}

#[test]
fn machine_is_closed_and_opened_again() {
    run(|| {
        assert_ok!(Providers::close_machine(root(), CPU));
        assert_eq!(events(), [Event::MachineClosed { machine: CPU }]);
        assert_noop!(Providers::close_machine(root(), CPU), Error::<Test>::MachineClosed);
        assert_noop!(Providers::close_machine(root(), NONE), Error::<Test>::NoSuchMachine);
        assert_ok!(set_machine(CPU, entry()));
        provide(1, 3);
    });
}

#[test]
fn machine_in_use_is_not_removed() {
    run(|| {
        provide(1, 3);
        assert_noop!(Providers::remove_machine(root(), CPU), Error::<Test>::MachineInUse);
        // Neither is one that somebody is on its way to, or from.
        assert_ok!(update(1, GPU, 1));
        for machine in [CPU, GPU] {
            assert_noop!(Providers::remove_machine(root(), machine), Error::<Test>::MachineInUse);
        }
        advance(DELAY);
        assert_ok!(Providers::remove_machine(root(), CPU));
        assert_eq!(events().last(), Some(&Event::MachineRemoved { machine: CPU }));
        assert_eq!((price(CPU), Providers::pool(CPU)), (0, None));
        assert_noop!(Providers::remove_machine(root(), CPU), Error::<Test>::NoSuchMachine);
    });
}

#[test]
fn machine_goes_while_one_that_has_left_it_still_has_a_seat() {
    run(|| {
        provide(1, 3);
        assert_ok!(seat(1, 7));
        assert_ok!(Providers::retire(signed(1)));
        advance(DELAY);
        assert_ok!(Providers::remove_machine(root(), CPU));
        assert_ok!(Providers::do_try_state());
        assert_ok!(update(1, GPU, 1));
        unseat(1, 7, assay_primitives::Conduct::Right);
        // In the tree, and then with room.
        advance(2 * DELAY);
        assert_eq!(holders(GPU), [1; 3]);
    });
}

#[test]
fn lists_are_governance_s_alone() {
    run(|| {
        for origin in [RuntimeOrigin::signed(1), RuntimeOrigin::none()] {
            let by = || origin.clone();
            assert_noop!(Providers::set_machine(by(), NONE, entry()), DispatchError::BadOrigin);
            assert_noop!(Providers::close_machine(by(), CPU), DispatchError::BadOrigin);
            assert_noop!(Providers::remove_machine(by(), CPU), DispatchError::BadOrigin);
        }
    });
}
