//! The crowd among which the growth of costs is measured is one that a chain could have come to.

#[path = "../../examples/market_cost/crowd.rs"]
mod crowd;

use crate::{chain, market};
use assay_primitives::Sortition;
use assay_runtime::{genesis, AccountId, Providers, Runtime};
use pallet_assay_verification::{CaseOf, Cases};

/// Three nodes of leaves.
const COUNT: u32 = 130;

#[test]
fn a_crowd_keeps_every_invariant() {
    let preset = genesis::preset(genesis::DEVELOPMENT).expect("the preset exists");
    let (mut state, mut chain) = chain::found(preset);
    state.execute_with(|| {
        let keys = crowd::fill(COUNT);
        assert_eq!(keys.len(), COUNT as usize);
        chain.pass(2);
        chain::check();
        market::check_locks();

        let cases: Vec<CaseOf<Runtime>> = Cases::<Runtime>::iter_values().collect();
        assert_eq!(cases.len(), COUNT as usize);
        assert!(cases.iter().all(|case| case.has_assigned() && !case.awaits_draw()), "nothing is due");
        let weight = <Providers as Sortition<AccountId>>::weight(crowd::MACHINE);
        let holder = |ticket| <Providers as Sortition<AccountId>>::holder(crowd::MACHINE, ticket);
        let last = holder(weight - 1).expect("each ticket has a holder");
        assert!(keys.contains_key(&last.owner), "each of them can be drawn");
        assert_eq!(holder(weight), None);
    });
}
