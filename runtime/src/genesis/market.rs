//! Terms of the market: what machines there are, how jobs are verified.

use crate::{token, Balance};
use alloc::vec::Vec;
use serde_json::{json, Value};
use sp_runtime::Perbill;

/// Hardware classes and memory tiers, with what they are: those that [`MACHINES`](assay_primitives::MACHINES) has.
const MACHINES: [(u8, u8, &str); 4] = [
    (0, 0, "CPU, 8 GiB of memory"),
    (0, 1, "CPU, 32 GiB of memory"),
    (1, 1, "CUDA GPU, 24 GiB of memory"),
    (1, 2, "CUDA GPU, 80 GiB of memory"),
];

/// The lowest price of a compute unit: a millionth of an ASY.
pub(super) const PRICE_FLOOR: Balance = token::ASY / 1_000_000;

/// What differs from preset to preset; times in blocks of the market clock.
pub(super) struct Market {
    /// The chance that a job is audited, in percent.
    pub audit: u32,
    /// Blocks whose VRFs seed a draw.
    pub draw_blocks: u32,
    /// What a seat has to commit, beside the time to compute.
    pub commit_blocks: u32,
    /// Compute units for which a seat has a block more.
    pub units_per_block: u64,
    /// In which all reveal.
    pub reveal_blocks: u32,
    /// For how long receipts are kept, and cheaters jailed.
    pub week: u32,
    /// For how long a price stays.
    pub hour: u32,
    /// The least that one seat is paid for a job, in planck: capacity and reputation can't be had for dust.
    pub min_payment: Balance,
}

impl Market {
    pub(super) fn providers(&self) -> Value {
        let price = json!({
            "floor": PRICE_FLOOR,
            "ceiling": token::ASY,
            "low": percent(20),
            "high": percent(40),
            "step": percent(1),
        });
        let machine = |(hardware, memory, description): (u8, u8, &str)| json!({ "hardware": hardware, "memory": memory, "description": description, "price": price });
        json!({
            "params": {
                "changeDelay": self.draw_blocks + 1,
                "priceBlocks": self.hour,
                "jailBlocks": self.week,
                "maxBond": 1_000_000 * token::ASY,
            },
            "machines": MACHINES.into_iter().map(machine).collect::<Vec<_>>(),
        })
    }

    pub(super) fn verification(&self) -> Value {
        json!({
            "exactV1": {
                "audit": percent(self.audit),
                "collateral": 10,
                "drawBlocks": self.draw_blocks,
                "commitBlocks": self.commit_blocks,
                "unitsPerBlock": self.units_per_block,
                "revealBlocks": self.reveal_blocks,
                "noShow": percent(10),
                "wrong": percent(100),
                "withheld": percent(100),
                "requesterBond": percent(5),
                "fee": percent(2),
                "minPayment": self.min_payment,
            },
        })
    }

    pub(super) fn jobs(&self) -> Value {
        json!({
            "params": { "retention": self.week, "maxUnits": 100_000_000, "maxOutputBytes": 16_u64 << 30 },
        })
    }
}

/// As parts per billion.
fn percent(share: u32) -> u32 {
    Perbill::from_percent(share).deconstruct()
}
