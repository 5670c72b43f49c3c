//! Weights of governance.
//!
//! A runtime measures its own. Those here are for tests: database accesses counted from the code, those of slashing,
//! verification and of what is curated included, beside an upper estimate for hashing and decoding them.

use assay_primitives::weights::priced;
use frame_support::weights::Weight;

/// Weights of the calls and of the hook.
pub trait WeightInfo {
    /// Set the parameters.
    fn set_params() -> Weight;
    /// Appeal against a slash.
    fn appeal() -> Weight;
    /// Decide an appeal.
    fn decide() -> Weight;
    /// Forget an appeal whose slash is over.
    fn close() -> Weight;
    /// Announce a policy.
    fn change_policy() -> Weight;
    /// Take an announced policy back.
    fn withdraw_policy() -> Weight;
    /// Forget a policy that no job names.
    fn forget_policy() -> Weight;
    /// Curate something.
    fn curate() -> Weight;
    /// Pause a call while `p` are.
    fn pause(p: u32) -> Weight;
    /// A block in which nothing is due.
    fn tick_base() -> Weight;
    /// A pause lifted.
    fn tick_pause() -> Weight;
    /// A policy put in force.
    fn tick_policy() -> Weight;
    /// The alarms of a block counted.
    fn alarms_of_block() -> Weight;
    /// An alarm found and taken away, its ringing apart.
    fn alarm() -> Weight;
}

/// For tests.
impl WeightInfo for () {
    // Params (w).
    fn set_params() -> Weight {
        priced(10, 0, 1)
    }

    // Appeals (r, w), Params (r); the slash (r, w), its queue (2 w), the clock, its parameters (2 r); account, holds,
    // locks, freezes (4 r, 2 w).
    fn appeal() -> Weight {
        priced(70, 9, 6)
    }

    // Appeals (r, w); of slashing what a cancellation takes (8 r, 8 w); account, holds, locks, freezes, issuance
    // (5 r, 3 w).
    fn decide() -> Weight {
        priced(100, 14, 12)
    }

    // Appeals (r, w); the slash, the clock (2 r); account, holds, locks, freezes, issuance (5 r, 3 w).
    fn close() -> Weight {
        priced(60, 8, 4)
    }

    // Params, Changes, the clock, what the policy is checked against (4 r), Changes (w).
    fn change_policy() -> Weight {
        priced(30, 4, 1)
    }

    // Changes (r, w).
    fn withdraw_policy() -> Weight {
        priced(15, 1, 1)
    }

    // Retired (r, w), the jobs that name it (r).
    fn forget_policy() -> Weight {
        priced(20, 2, 1)
    }

    // Notes (r, w), the clock (r), what is curated (2 r, 2 w).
    fn curate() -> Weight {
        priced(40, 4, 3)
    }

    // Params, Pauses (2 r, w), the call's pause (r, w), each other's (r).
    fn pause(p: u32) -> Weight {
        priced(25, 3, 2).saturating_add(priced(3, 1, 0).saturating_mul(p.into()))
    }

    // Pauses, the clock, Changes of each class, NextAlarm (4 r), Pauses, NextAlarm (2 w).
    fn tick_base() -> Weight {
        priced(15, 4, 2)
    }

    // The call's pause (r, w).
    fn tick_pause() -> Weight {
        priced(10, 1, 1)
    }

    // Changes, Retired (2 w), the policy in force, what the next one is checked against (2 r, w).
    fn tick_policy() -> Weight {
        priced(40, 2, 3)
    }

    // AlarmCounts (r, w).
    fn alarms_of_block() -> Weight {
        priced(10, 1, 1)
    }

    // Alarms (r, w).
    fn alarm() -> Weight {
        priced(10, 1, 1)
    }
}
