//! Weights of verification.
//!
//! A runtime measures its own, with all that others do at it: so nothing of theirs comes on top. Those here are for
//! tests: database accesses are counted from the code, those of the other pallets included: a provider's record, its
//! way through a tree of weights and its place in the queue of changes, a ledger, a fault's way into the
//! queue of slashes, what a verdict makes of the job and its money. The reference time beside them is an upper estimate
//! for hashing and decoding those keys, not a measurement.

use assay_primitives::weights::priced;
use frame_support::weights::Weight;

/// Weights of the calls, and of the parts of what is worked off.
pub trait WeightInfo {
    /// Set a policy.
    fn set_policy() -> Weight;
    /// Commit. An audit's opens the reveals.
    fn commit() -> Weight;
    /// What it takes beside that `d` have declined before, and leave now.
    fn judge(d: u32) -> Weight;
    /// What a round's last commit takes beside where a draw becomes due.
    fn seal() -> Weight;
    /// What it takes beside that a case has to be looked at sooner.
    fn remind() -> Weight;
    /// Decline. A draw becomes due. To look at the case sooner comes on top.
    fn decline() -> Weight;
    /// Reveal. What the last one ends comes on top.
    fn reveal() -> Weight;
    /// Check and keep a result that is put on the chain.
    fn output() -> Weight;
    /// Check opened leaves of a trace whose tree has `d` levels.
    fn opening(d: u32) -> Weight;
    /// Look for what is due, and find nothing.
    fn tick_base() -> Weight;
    /// Make a seed of the VRFs of `b` blocks.
    fn seed(b: u32) -> Weight;
    /// Run a draw in which each of `t` tickets gives a seat.
    fn draw(t: u32) -> Weight;
    /// What it takes beside that `n` of the seats leave their providers no room.
    fn fill(n: u32) -> Weight;
    /// Look at a case whose deadline is due: where reveals differ, a draw becomes due. Faults and the end of the job come
    /// on top.
    fn deadline() -> Weight;
    /// `n` seats withheld, or did wrong otherwise: they leave, each with a fault.
    fn fail(n: u32) -> Weight;
    /// End a job in which `n` providers have a place, all of them paid: they leave. The verdict is heard. The owner of a
    /// listing, who is paid too, counts as one of them.
    fn end(n: u32) -> Weight;
}

/// For tests.
impl WeightInfo for () {
    // Policies (r, w), how long changes of providers wait (r), where the one before is kept (w).
    fn set_policy() -> Weight {
        priced(20, 2, 2)
    }

    // Cases (r, w), the clock and the worker's owner (2 r).
    fn commit() -> Weight {
        priced(40, 3, 1)
    }

    // For each one that declined its record and its bond (2 r, w), once the pool and the queue of changes (3 r, 3 w).
    fn judge(d: u32) -> Weight {
        priced(10, 3, 3).saturating_add(priced(25, 2, 1).saturating_mul(d.into()))
    }

    // DrawQueue (r, w), Draws (w).
    fn seal() -> Weight {
        priced(10, 1, 2)
    }

    // Deadlines (2 w).
    fn remind() -> Weight {
        priced(5, 0, 2)
    }

    // Cases (r, w), the clock and the worker's owner (2 r), the ledger (r, w), DrawQueue (r, w), Draws (w).
    fn decline() -> Weight {
        priced(50, 5, 4)
    }

    // Cases (r, w), the clock, the worker's owner and the first block's hash (3 r).
    fn reveal() -> Weight {
        priced(40, 4, 1)
    }

    // Nothing is read: a hash for each of 51 names and for each node above them.
    fn output() -> Weight {
        priced(40, 0, 0)
    }

    // Nothing is read: 10 µs for each of 8 leaves of 1 KiB, 1 µs for each of 8 nodes on a level, without SIMD.
    fn opening(d: u32) -> Weight {
        priced(u64::from(d).saturating_mul(8).saturating_add(80), 0, 0)
    }

    // DrawQueue, the first of Draws, its case, the clock, the first key of Deadlines (5 r), and the VRFs of a draw that
    // waits for the change at the head of the queue of providers (64 r, 3 r).
    fn tick_base() -> Weight {
        priced(30, 72, 0)
    }

    // The oldest VRF that is kept (r), and each of the VRFs.
    fn seed(b: u32) -> Weight {
        priced(5, 1, 0).saturating_add(priced(1, 1, 0).saturating_mul(b.into()))
    }

    // DrawQueue (r, w), Draws (r, 2 w), Cases (r, w), the clock, weights, price (6 r), the head of the queue of providers
    // (3 r), Deadlines (2 w), the root of the tree (r), the pool and the next lock's number (2 r, 2 w); for each ticket
    // two nodes and the leaf (3 r), the provider's record and the ledger (2 r, 2 w).
    fn draw(t: u32) -> Weight {
        priced(50, 15, 8).saturating_add(priced(40, 5, 2).saturating_mul(t.into()))
    }

    // The root and the pool (2 r, 2 w); for each the provider's record and two nodes (3 r, 3 w).
    fn fill(n: u32) -> Weight {
        priced(15, 2, 2).saturating_add(priced(30, 3, 3).saturating_mul(n.into()))
    }

    // The first key of Deadlines (r, 2 w), Cases (r, w), the clock (r), DrawQueue (r, w), Draws (w).
    fn deadline() -> Weight {
        priced(35, 4, 5)
    }

    // The parameters, the next slash's number, the root of the tree, what is in play, the pool and the queue of changes
    // (8 r, 7 w); for each the ledger, what it is accused of, the slash, its owner's list and its place in its queue (2 r,
    // 5 w), the provider's record and two nodes (3 r, 3 w).
    fn fail(n: u32) -> Weight {
        priced(30, 8, 7).saturating_add(priced(70, 5, 8).saturating_mul(n.into()))
    }

    // Cases, Deadlines (2 w), the pool and the queue of changes (3 r, 3 w); of jobs the job, its place among those that
    // have ended and the clock (3 r, 3 w); of escrow the entry, the requester's account and holds, the treasury, the
    // issuance (5 r, 5 w). For each provider its record, the ledger and the account (3 r, 3 w).
    fn end(n: u32) -> Weight {
        priced(150, 11, 13).saturating_add(priced(60, 3, 3).saturating_mul(n.into()))
    }
}
