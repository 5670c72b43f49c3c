//! The network of these tests: who is there, with what, and on what terms.

use crate::chain;
use assay_primitives::{Balance, Machine, Policy};
use assay_runtime::{token::ASY, AccountId};
use sp_core::{sr25519::Pair, Pair as _};
use sp_runtime::Perbill;

/// What a unit costs: an odd number, so that halves and shares have to be rounded.
pub const PRICE: Balance = 3_000_000_000_007;
/// The most that a unit may cost in a usual job.
pub const CAP: Balance = 4_000_000_000_003;
/// Compute units of a usual job.
pub const UNITS: u64 = 7;
/// What each provider has bonded.
pub const BOND: Balance = 100_000 * ASY;
/// What accounts get that have nothing at genesis.
pub const ENDOWMENT: Balance = 200_000 * ASY;
/// What usual jobs run on.
pub const MACHINE: Machine = Machine { hardware: 0, memory: 0 };
/// Seats that each of its providers can have at a time.
pub const CAPACITY: u32 = 2;

/// The providers of [`MACHINE`]: as many as the longest of these jobs can need.
pub const PROVIDERS: [&str; 12] = [
    "Alice",
    "Bob",
    "Charlie",
    "Dave",
    "Eve",
    "Ferdie",
    "One",
    "Two",
    "provider//1",
    "provider//2",
    "provider//3",
    "provider//4",
];
/// Those that could come to another machine.
pub const OTHERS: [&str; 5] = ["provider//5", "provider//6", "provider//7", "provider//8", "provider//9"];
/// Who posts jobs.
pub const REQUESTER: &str = "requester";
/// Who lists programs.
pub const AUTHOR: &str = "author";
/// A hot account.
pub const WORKER: &str = "worker";

/// All accounts, by the paths that their keys are derived from.
pub fn names() -> impl Iterator<Item = &'static str> {
    PROVIDERS.into_iter().chain(OTHERS).chain([REQUESTER, AUTHOR, WORKER])
}

/// The key of an account.
pub fn pair(name: &str) -> Pair {
    chain::pair(&format!("//{name}"))
}

/// An account.
pub fn account(name: &str) -> AccountId {
    pair(name).public().into()
}

/// That of the preset with short windows: each job is audited.
pub fn policy() -> Policy {
    Policy {
        audit: Perbill::one(),
        collateral: 10,
        draw_blocks: 2,
        commit_blocks: 6,
        units_per_block: 10,
        reveal_blocks: 5,
        no_show: Perbill::from_percent(10),
        wrong: Perbill::one(),
        withheld: Perbill::one(),
        requester_bond: Perbill::from_percent(5),
        fee: Perbill::from_percent(2),
        min_payment: 1_000,
    }
}

/// One job in a thousand is audited, for which collateral has to make up.
pub fn seldom_audited() -> Policy {
    Policy { audit: Perbill::from_parts(1_000_000), collateral: 1_700, ..policy() }
}
