use crate::{mock::*, EpochDuration, GenesisConfig, MinimumPeriod, SlotDuration};
use frame_support::assert_ok;
use sp_runtime::BuildStorage;

#[test]
fn lengths_of_genesis_are_lent_to_babe_and_timestamp() {
    run(|| {
        assert_eq!(lent::<SlotDuration<Test>>(), 1_000);
        assert_eq!(lent::<MinimumPeriod<Test>>(), 500);
        assert_eq!(lent::<EpochDuration<Test>>(), 20);
    });
}

#[test]
fn lengths_without_genesis_are_those_of_production() {
    sp_io::TestExternalities::default().execute_with(|| {
        assert_eq!(lent::<SlotDuration<Test>>(), 3_000);
        assert_eq!(lent::<EpochDuration<Test>>(), 1_200);
    });
}

#[test]
fn check_names_what_is_wrong_with_a_length() {
    let check = GenesisConfig::<Test>::check;
    assert_ok!(check(1_000, 1));
    assert!(check(998, 1).is_err_and(|wrong| wrong.contains("below 1,000")));
    assert!(check(1_001, 1).is_err_and(|wrong| wrong.contains("odd")));
    assert!(check(1_000, 0).is_err_and(|wrong| wrong.contains("epochSlots is zero")));
}

#[test]
#[should_panic(expected = "clock.slotMillis is odd")]
fn genesis_with_an_odd_slot_is_refused() {
    let _ = GenesisConfig::<Test> { slot_millis: 3_001, ..genesis() }.build_storage();
}
