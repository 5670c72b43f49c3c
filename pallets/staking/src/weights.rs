//! Weights of staking.
//!
//! A runtime measures its own. Those here are for tests: database accesses counted from the code, where the list of
//! candidates or the set of an era is one key of 48 bytes per entry, beside an upper estimate for decoding, searching,
//! hashing and encoding.

use assay_primitives::weights::priced;
use frame_support::weights::{constants::WEIGHT_REF_TIME_PER_NANOS, Weight};

/// Weights of the calls and of what sessions do. `c` is how many candidates there are.
pub trait WeightInfo {
    /// A first bond.
    fn bond() -> Weight;
    /// More of it.
    fn bond_extra(c: u32) -> Weight;
    /// Less of it.
    fn unbond(c: u32) -> Weight;
    /// Back again.
    fn rebond(c: u32) -> Weight;
    /// Out.
    fn withdraw() -> Weight;
    /// Onto the list of candidates.
    fn validate(c: u32) -> Weight;
    /// Off it.
    fn chill(c: u32) -> Weight;
    /// Off it, by anyone.
    fn kick(c: u32) -> Weight;
    /// Off it, by governance.
    fn force_chill(c: u32) -> Weight;
    /// Another worker.
    fn set_worker() -> Weight;
    /// No worker any more.
    fn resign() -> Weight;
    /// Other keys.
    fn set_keys(c: u32) -> Weight;
    /// No keys.
    fn purge_keys(c: u32) -> Weight;
    /// Other parameters.
    fn set_params() -> Weight;
    /// A session planned: if it is the first of its era by an election, in which `v` operators are looked at and `k`
    /// kept on.
    fn new_session(v: u32, k: u32) -> Weight;
    /// A session started, in which `o` offenders are disabled.
    fn start_session(o: u32) -> Weight;
    /// A session ended, and `r` roots or sets of old ones forgotten.
    fn end_session(r: u32) -> Weight;
}

/// Encoded size of a candidate, or of a validator in a set.
const STAKER_BYTES: u64 = 48;

/// Lists of so many entries, decoded, searched and encoded.
fn lists(count: u64, entries: u32) -> Weight {
    let time = WEIGHT_REF_TIME_PER_NANOS.saturating_mul(300);
    Weight::from_parts(time, STAKER_BYTES).saturating_mul(count).saturating_mul(entries.into())
}

/// What the listener to a provider's bond takes at most: the provider and what waits for it, and its path up a tree of
/// four levels, each read and written. Counted for validators too, whose calls are the same.
fn listener() -> Weight {
    priced(40, 6, 6)
}

/// For tests.
impl WeightInfo for () {
    // Ledger (r, w), parameters (r), account (r, w), holds (r, w), worker (r, w), its owner's ledger (r, w), events, the
    // listener.
    fn bond() -> Weight {
        priced(60, 6, 5).saturating_add(listener())
    }

    // Ledger, account, holds (r, w), parameters (r), candidates (r, w), the listener.
    fn bond_extra(c: u32) -> Weight {
        priced(60, 5, 4).saturating_add(lists(1, c)).saturating_add(listener())
    }

    // Ledger, candidates (r, w), parameters, clock (r), the listener.
    fn unbond(c: u32) -> Weight {
        priced(40, 4, 2).saturating_add(lists(2, c)).saturating_add(listener())
    }

    // Ledger, candidates (r, w), parameters (r), the listener.
    fn rebond(c: u32) -> Weight {
        priced(40, 3, 2).saturating_add(lists(1, c)).saturating_add(listener())
    }

    // Ledger, account, holds, worker (r, w), clock (r).
    fn withdraw() -> Weight {
        priced(60, 5, 4)
    }

    // Ledger, parameters, keys (r), candidates (r, w).
    fn validate(c: u32) -> Weight {
        priced(30, 4, 1).saturating_add(lists(1, c))
    }

    // Candidates (r, w).
    fn chill(c: u32) -> Weight {
        priced(20, 1, 1).saturating_add(lists(1, c))
    }

    // Candidates (r, w), ledger, parameters, keys (r).
    fn kick(c: u32) -> Weight {
        priced(30, 4, 1).saturating_add(lists(2, c))
    }

    // Candidates (r, w).
    fn force_chill(c: u32) -> Weight {
        Self::chill(c)
    }

    // Ledger (r, w), the worker's ledger (r), workers (r, 2 w).
    fn set_worker() -> Weight {
        priced(30, 3, 3)
    }

    // Workers, the owner's ledger (r, w).
    fn resign() -> Weight {
        priced(30, 2, 2)
    }

    // Session index, sets of this session and the next (r), keys, whether they were set from outside (r, w), the owners
    // of two keys before and of two now (4 r, 4 w), account, holds (r, w); two signatures.
    fn set_keys(c: u32) -> Weight {
        priced(250, 12, 8).saturating_add(lists(2, c))
    }

    // Candidates, session index, sets of this session and the next (r), account, holds (r, w), keys (r, w), the owner
    // of each key (2 w), keys set from outside (r).
    fn purge_keys(c: u32) -> Weight {
        priced(80, 9, 5).saturating_add(lists(3, c))
    }

    // Parameters (w), sessions per era, length of a session, slash window (r).
    fn set_params() -> Weight {
        priced(15, 3, 1)
    }

    // Parameters, candidates, the set before (r), offenders, the set (r, w), the keys of each operator (r); of one kept
    // on, a place among the offenders, the ledger (r, w), the clock and the parameters.
    fn new_session(v: u32, k: u32) -> Weight {
        priced(50, 6, 2)
            .saturating_add(priced(3, 1, 0).saturating_mul(v.into()))
            .saturating_add(priced(10, 1, 1).saturating_mul(k.into()))
            .saturating_add(lists(3, v))
    }

    // Offenders, the disabled ones (r, w), validators (r); for each offender these lists decoded, and two logs.
    fn start_session(o: u32) -> Weight {
        priced(20, 4, 2).saturating_add(priced(60, 0, 0).saturating_mul(o.into()))
    }

    // Parameters, range of roots (r, w), oldest era (r, w), event; each root or set (w).
    fn end_session(r: u32) -> Weight {
        priced(25, 3, 2).saturating_add(priced(2, 0, 1).saturating_mul(r.into()))
    }
}
