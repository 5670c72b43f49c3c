//! A versioned migration of this runtime's storage, with its checks before and after.

use crate::chain;
use assay_runtime::{genesis, Clock, Runtime};
use frame_support::{
    ensure,
    migrations::VersionedMigration,
    traits::{GetStorageVersion, OnRuntimeUpgrade, UncheckedOnRuntimeUpgrade},
    weights::Weight,
};
use pallet_clock::Frozen;
use sp_runtime::TryRuntimeError;

/// Takes the clock's storage from version 0 to 1 by freezing the market.
type FreezeMarket =
    VersionedMigration<0, 1, Freeze<true>, Clock, <Runtime as frame_system::Config>::DbWeight>;
/// The same migration with a mistake in it.
type ForgetToFreeze =
    VersionedMigration<0, 1, Freeze<false>, Clock, <Runtime as frame_system::Config>::DbWeight>;

struct Freeze<const CORRECT: bool>;

impl<const CORRECT: bool> UncheckedOnRuntimeUpgrade for Freeze<CORRECT> {
    fn on_runtime_upgrade() -> Weight {
        Frozen::<Runtime>::put(CORRECT);
        Weight::from_parts(1_000, 0)
    }

    fn pre_upgrade() -> Result<Vec<u8>, TryRuntimeError> {
        ensure!(!Frozen::<Runtime>::get(), "the market is frozen before the migration");
        Ok(b"thawed".to_vec())
    }

    fn post_upgrade(before: Vec<u8>) -> Result<(), TryRuntimeError> {
        ensure!(before == b"thawed", "the check after did not get what the check before saw");
        ensure!(Frozen::<Runtime>::get(), "the market is not frozen after the migration");
        Ok(())
    }
}

#[test]
fn a_migration_runs_between_its_checks_and_raises_the_version() {
    chain::on(genesis::TEST, |chain| {
        chain.pass(2);
        assert_eq!(Clock::on_chain_storage_version(), 0);
        FreezeMarket::try_on_runtime_upgrade(true).expect("both checks hold");
        assert_eq!(Clock::on_chain_storage_version(), 1);
        assert!(Frozen::<Runtime>::get());
        chain.pass(2);
        assert!(Clock::market_halted());
    });
}

#[test]
fn a_migration_runs_once() {
    chain::on(genesis::TEST, |chain| {
        chain.pass(1);
        FreezeMarket::on_runtime_upgrade();
        Frozen::<Runtime>::put(false);
        FreezeMarket::try_on_runtime_upgrade(true).expect("there is nothing left to migrate or check");
        assert!(!Frozen::<Runtime>::get());
    });
}

#[test]
fn a_check_that_fails_ends_the_dry_run() {
    chain::on(genesis::TEST, |chain| {
        chain.pass(1);
        let error =
            ForgetToFreeze::try_on_runtime_upgrade(true).expect_err("the check after the migration fails");
        assert_eq!(error, TryRuntimeError::Other("the market is not frozen after the migration"));

        Frozen::<Runtime>::put(true);
        frame_support::traits::StorageVersion::new(0).put::<Clock>();
        let error =
            FreezeMarket::try_on_runtime_upgrade(true).expect_err("the check before the migration fails");
        assert_eq!(error, TryRuntimeError::Other("the market is frozen before the migration"));
    });
}
