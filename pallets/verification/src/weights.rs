//! Weights of verification.
//!
//! A runtime measures its own. Those here are for tests: database accesses are counted from the code, those of the
//! other pallets included: a provider's record and its way through a tree of weights (four levels), a lock and a
//! ledger, a fault's way into the queue of slashes. What providers say that leaving takes, and jobs that a verdict
//! takes, comes on top. The reference time beside them is an upper estimate for hashing and decoding those keys, not a
//! measurement.

use assay_primitives::weights::priced;
use frame_support::weights::Weight;

/// Weights of the calls, and of the parts of what is worked off.
pub trait WeightInfo {
    /// Set a policy.
    fn set_policy() -> Weight;
    /// Take a job in. Its draws come on top.
    fn open() -> Weight;
    /// Commit, where `d` have declined before. Their leaving comes on top.
    fn commit(d: u32) -> Weight;
    /// Decline. The draw that is due then, or the end of the job, comes on top.
    fn decline() -> Weight;
    /// Reveal. The draw that is due then, or the end of the job, comes on top.
    fn reveal() -> Weight;
    /// Check opened leaves of a trace whose tree has `d` levels.
    fn opening(d: u32) -> Weight;
    /// Look for what is due, and find nothing.
    fn tick_base() -> Weight;
    /// Run a draw from the VRFs of `b` blocks, in which each of `t` tickets gives a seat.
    fn draw(b: u32, t: u32) -> Weight;
    /// Look at a case whose deadline is due. What is done about it comes on top.
    fn deadline() -> Weight;
    /// `n` seats that missed or withheld. Their providers' leaving comes on top.
    fn fail(n: u32) -> Weight;
    /// End a job in which `n` providers have a place: as many as can be are paid, the others are wrong. Their leaving
    /// and the verdict come on top.
    fn end(n: u32) -> Weight;
}

/// For tests.
impl WeightInfo for () {
    // Policies (r, w), how long changes of providers wait (r).
    fn set_policy() -> Weight {
        priced(20, 2, 1)
    }

    // Cases (r, w), the weights of the machine and of all, those with room, the price (4 r), DrawQueue (r, w), Draws (w),
    // the block and the clock (2 r), Deadlines (w).
    fn open() -> Weight {
        priced(40, 8, 4)
    }

    // Cases (r, w), the clock and the worker's owner (2 r), DrawQueue (r, w), Draws (w), Deadlines (2 w). For each one
    // that declined a look at its seat.
    fn commit(d: u32) -> Weight {
        priced(40, 4, 5).saturating_add(priced(2, 0, 0).saturating_mul(d.into()))
    }

    // Cases (r, w), the clock and the worker's owner (2 r), the lock and its ledger (2 r, 2 w), DrawQueue (r, w), Draws
    // (w), Deadlines (2 w).
    fn decline() -> Weight {
        priced(50, 6, 7)
    }

    // Cases (r, w), the clock, the worker's owner and the first block's hash (3 r), DrawQueue (r, w), Draws (w),
    // Deadlines (2 w).
    fn reveal() -> Weight {
        priced(60, 5, 5)
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

    // DrawQueue (r, w), Draws (r, 2 w), Cases (r, w), the clock, weights, price (6 r), the head of the queue of providers
    // (3 r), Deadlines (2 w), and the VRFs; for each ticket the way down the tree (4 r), the provider's record and its
    // path in the tree (5 r, 5 w), the lock, the ledger, the next lock's number and what is locked in all (4 r, 4 w).
    fn draw(b: u32, t: u32) -> Weight {
        let seed = priced(1, 1, 0).saturating_mul(b.into());
        let tickets = priced(40, 13, 9).saturating_mul(t.into());
        priced(50, 12, 6).saturating_add(seed).saturating_add(tickets)
    }

    // The first key of Deadlines (r, 2 w), Cases (r, w), the clock (r), DrawQueue (r, w), Draws (w).
    fn deadline() -> Weight {
        priced(35, 4, 5)
    }

    // For each: the lock, the ledger and what it totals (3 r, 3 w), the slash, its number, its place in the queue and
    // the parameters (3 r, 4 w).
    fn fail(n: u32) -> Weight {
        priced(35, 6, 7).saturating_mul(n.into())
    }

    // Cases, Deadlines (r, 2 w). For each provider what a fault takes.
    fn end(n: u32) -> Weight {
        priced(30, 1, 2).saturating_add(Self::fail(n))
    }
}
