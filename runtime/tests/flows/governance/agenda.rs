//! What was approved is done, whatever else the scheduler has to do.

use super::ballots::{freeze, inline, remark, root, vote_on};
use crate::chain::{self, Chain};
use assay_runtime::{configs::BlockWeights, genesis, BlockNumber, Runtime, RuntimeCall, System};
use frame_support::weights::Weight;
use pallet_clock::Frozen;
use pallet_scheduler::{Agenda, Call as Scheduler};

/// As many tasks as a block has places for.
const FULL: usize = 50;
/// Tasks of half a block each.
const HEAVY: u32 = 8;
/// The longest that a test waits.
const PATIENCE: BlockNumber = 60;

/// A call that declares so much of a block's time, in percent.
fn heavy(call: RuntimeCall, percent: u64) -> RuntimeCall {
    let weight = Weight::from_parts(BlockWeights::get().max_block.ref_time() / 100 * percent, 0);
    RuntimeCall::Utility(pallet_utility::Call::with_weight { call: Box::new(call), weight })
}

/// Root has a call made in a block, before all else there.
fn schedule(chain: &mut Chain, when: BlockNumber, call: RuntimeCall) {
    let call = Box::new(call);
    let schedule = Scheduler::schedule { when, maybe_periodic: None, priority: 0, call };
    chain.root(RuntimeCall::Scheduler(schedule));
}

/// The block in which a referendum that most vote for freezes the market, where that is also planned.
fn enacted_in(call: RuntimeCall, plan: impl FnOnce(&mut Chain)) -> Option<BlockNumber> {
    let mut block = None;
    chain::on(genesis::TEST, |chain| {
        chain.open();
        plan(chain);
        vote_on(chain, root(), inline(&call));
        chain.close();
        while System::block_number() < PATIENCE && !Frozen::<Runtime>::get() {
            chain.pass(1);
        }
        block = Frozen::<Runtime>::get().then(System::block_number);
        chain.pass(2 * HEAVY);
        let waiting: usize =
            Agenda::<Runtime>::iter_values().map(|tasks| tasks.iter().flatten().count()).sum();
        // What is too heavy for any block stays in its place for good.
        assert!(waiting <= 1, "{waiting} tasks wait");
    });
    block
}

fn usual() -> BlockNumber {
    enacted_in(freeze(), |_| ()).expect("most vote for it")
}

#[test]
fn enactment_that_finds_its_block_full_comes_in_a_later_one() {
    let usual = usual();
    let late = enacted_in(freeze(), |chain| {
        for when in [usual, usual + 1] {
            for _ in 0..FULL {
                schedule(chain, when, remark());
            }
            assert_eq!(Agenda::<Runtime>::get(when).len(), FULL);
        }
    });
    assert_eq!(late, Some(usual + 2));
}

#[test]
fn enactment_among_heavy_calls_waits_for_them_at_most() {
    let usual = usual();
    let late = enacted_in(freeze(), |chain| {
        for _ in 0..HEAVY {
            schedule(chain, usual, heavy(remark(), 50));
        }
    });
    let late = late.expect("it is done in the end");
    println!("enacted in block {late} instead of {usual}, among {HEAVY} calls of half a block");
    assert!((usual..=usual + HEAVY).contains(&late), "{late} instead of {usual}");
}

#[test]
fn call_too_heavy_for_any_block_is_dropped_and_the_rest_goes_on() {
    assert_eq!(enacted_in(heavy(freeze(), 90), |_| ()), None);
    let usual = usual();
    let beside = enacted_in(freeze(), |chain| schedule(chain, usual, heavy(remark(), 90)));
    let beside = beside.expect("it is done in the end");
    assert!((usual..=usual + 1).contains(&beside), "{beside} instead of {usual}");
}
