//! Weights of providers.
//!
//! A runtime measures its own. Those here are for tests: database accesses are counted from the code, those of the bond
//! (a ledger) and of the oldest draw (two keys) included. A change of a leaf's weight touches one node of each of the
//! three levels, and the total in play unless it is only that the provider is full now, or has room again. The
//! reference time beside them is an upper estimate for hashing, decoding and summing up nodes of 64 entries, not a
//! measurement.

use assay_primitives::weights::priced;
use frame_support::weights::Weight;

/// Weights of the calls, of the hook, and of hearing that a bond has changed.
pub trait WeightInfo {
    /// Register a provider.
    fn register() -> Weight;
    /// Update a provider's terms.
    fn update() -> Weight;
    /// Give a sign of life.
    fn heartbeat() -> Weight;
    /// Retire a provider.
    fn retire() -> Weight;
    /// Ask for the release from jail.
    fn release() -> Weight;
    /// Weigh a provider anew.
    fn reweigh() -> Weight;
    /// Apply `n` changes.
    fn apply(n: u32) -> Weight;
    /// Set a machine's entry.
    fn set_machine() -> Weight;
    /// Close a machine.
    fn close_machine() -> Weight;
    /// Remove a machine.
    fn remove_machine() -> Weight;
    /// Set the parameters.
    fn set_params() -> Weight;
    /// Tell where a provider serves blobs.
    fn set_endpoint() -> Weight;
    /// A block in which a price moves and no change is applied.
    fn tick_base() -> Weight;
    /// A change applied: the provider leaves one full tree and enters another, and its bond has changed again.
    fn tick_change() -> Weight;
    /// `n` changes applied that leave providers of one machine where they are, each with another weight; and they have
    /// to be weighed again.
    fn tick_reweigh(n: u32) -> Weight;
    /// Note that a bond has changed.
    fn bond_changed() -> Weight;
}

/// For tests.
impl WeightInfo for () {
    // Providers (r, w), Machines (2 r), Pools (2 r, w), the bond (r), QueueEnds (r, w), Queue (w), the clock (r).
    fn register() -> Weight {
        priced(40, 7, 4)
    }

    // What `register` does, and the pool that it is in (r, w).
    fn update() -> Weight {
        priced(45, 8, 5)
    }

    // The worker (2 r), Providers (r, w), the bond (r), QueueEnds (r, w), Queue (w).
    fn heartbeat() -> Weight {
        priced(30, 5, 3)
    }

    // Providers (r, w), the bond (r), QueueEnds (r, w), Queue (w).
    fn retire() -> Weight {
        priced(25, 3, 3)
    }

    // Providers (r, w), the clock (r), the bond (r), QueueEnds (r, w), Queue (w).
    fn release() -> Weight {
        priced(25, 4, 3)
    }

    // Providers (r, w), Params (r), the bond (r), QueueEnds (r, w), Queue (w).
    fn reweigh() -> Weight {
        priced(30, 4, 3)
    }

    // The look at the head of the queue that ends it, and each change.
    fn apply(n: u32) -> Weight {
        priced(20, 6, 0).saturating_add(Self::tick_change().saturating_mul(n.into()))
    }

    // Machines (r, w), Pools (r, w), MachineList (r, w), the clock (r).
    fn set_machine() -> Weight {
        priced(25, 4, 3)
    }

    // Machines (r, w).
    fn close_machine() -> Weight {
        priced(15, 1, 1)
    }

    // Pools (r, w), MachineList (r, w), Machines (w).
    fn remove_machine() -> Weight {
        priced(20, 2, 3)
    }

    // What DrawBlocks looks at (2 r), Params (w).
    fn set_params() -> Weight {
        priced(15, 2, 1)
    }

    // Providers (r), Endpoints (w).
    fn set_endpoint() -> Weight {
        priced(15, 1, 1)
    }

    // MachineList, Machines, the clock, Params (r), Pools (r, w), QueueEnds, Queue, Providers, the oldest draw (5 r).
    fn tick_base() -> Weight {
        priced(35, 10, 1)
    }

    // QueueEnds (r, w), Queue (r, 2 w), Providers (r, w), the oldest draw (2 r), Params, the clock, the bond (r), Pools
    // (2 r, 2 w); out of one tree: five nodes (r, w), Leaves (r, 2 w), the provider moved (r, w); into another: three
    // nodes (r, w), Leaves (w); TotalInPlay (r, w).
    fn tick_change() -> Weight {
        priced(150, 21, 20)
    }

    // QueueEnds (r, w), Queue (r, 2 w), the oldest draw (2 r), Params, the clock (r), Pools, the root and TotalInPlay
    // (r, w); for each Providers and two nodes (r, w) and the bond (r).
    fn tick_reweigh(n: u32) -> Weight {
        priced(35, 9, 6).saturating_add(priced(45, 4, 3).saturating_mul(n.into()))
    }

    // Providers (r, w), Params (r), the bond (r), QueueEnds (r, w), Queue (w).
    fn bond_changed() -> Weight {
        priced(25, 4, 3)
    }
}
