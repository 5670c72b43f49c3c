//! The clock in the whole runtime: VRFs of real blocks, and what stops the market.

use crate::chain;
use assay_runtime::{genesis, Clock, Runtime, RuntimeCall, Session};
use pallet_migrations::{ActiveCursor, Cursor, MigrationCursor};
use sp_runtime::traits::BlockNumberProvider;

fn market_block() -> u32 {
    pallet_clock::MarketClock::<Runtime>::current_block_number()
}

#[test]
fn every_block_leaves_its_own_vrf() {
    chain::on(genesis::TEST, |chain| {
        chain.pass(30);
        let vrfs: std::collections::BTreeSet<_> =
            (1..=30).map(|block| Clock::block_vrf(block).unwrap()).collect();
        assert_eq!(vrfs.len(), 30);
    });
}

#[test]
fn a_block_without_a_vrf_repeats_no_older_one() {
    chain::on(genesis::TEST, |chain| {
        chain.pass(2);
        let header = chain.next_header(chain::Chain::plain_pre_digest);
        chain.open_with(header);
        chain.close();
        assert_eq!(Clock::block_vrf(3), None);
        chain.pass(1);
        assert!(Clock::block_vrf(4).is_some());
    });
}

#[test]
fn the_market_stands_still_during_a_multi_block_migration() {
    chain::on(genesis::TEST, |chain| {
        chain.pass(3);
        assert_eq!(market_block(), 3);
        // What an upgrade leaves behind that brought migrations: the next block works through them after its hooks.
        Cursor::<Runtime>::put(MigrationCursor::Active(ActiveCursor {
            index: 0,
            inner_cursor: None,
            started_at: 3,
        }));
        chain.pass(1);
        assert_eq!(market_block(), 3);
        assert!(!Cursor::<Runtime>::exists(), "there was no migration, so they are over");
        chain.pass(2);
        assert_eq!(market_block(), 5);
    });
}

#[test]
fn the_market_stays_halted_while_a_migration_is_stuck() {
    chain::on(genesis::TEST, |chain| {
        chain.pass(3);
        Cursor::<Runtime>::put(MigrationCursor::Stuck);
        chain.pass(4);
        assert_eq!(market_block(), 3);
        assert!(Clock::market_halted());
        Cursor::<Runtime>::kill();
        chain.pass(1);
        assert_eq!(market_block(), 4);
    });
}

#[test]
fn the_market_stands_still_where_a_session_ends() {
    chain::on(genesis::TEST, |chain| {
        let (mut sessions, mut blocks) = (0, 0);
        for _ in 0..70 {
            let (session, block) = (Session::current_index(), market_block());
            chain.pass(1);
            let (ended, counted) = (Session::current_index() > session, market_block() > block);
            assert_ne!(ended, counted);
            sessions += u32::from(ended);
            blocks += u32::from(counted);
        }
        assert!(sessions >= 3, "{sessions} sessions ended");
        assert_eq!(market_block(), blocks);
        assert!(!Clock::market_halted());
    });
}

#[test]
fn governance_freezes_the_market_and_nothing_else() {
    chain::on(genesis::TEST, |chain| {
        let set_frozen = |frozen| RuntimeCall::Clock(pallet_clock::Call::set_frozen { frozen });
        chain.open();
        chain.root(set_frozen(true));
        chain.close();
        chain.pass(3);
        assert_eq!(market_block(), 1);
        assert!(Clock::block_vrf(4).is_some());
        chain.open();
        chain.root(set_frozen(false));
        chain.close();
        chain.pass(2);
        assert_eq!(market_block(), 3);
    });
}
