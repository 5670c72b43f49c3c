//! What a seat is told, and what it asks for.

use assay_primitives::{Digest, MarketBlock};

/// The number of a block of the chain.
pub type Block = u32;

/// A best block, as far as time goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Its number.
    pub block: Block,
    /// The market clock in it, on which deadlines are counted.
    pub clock: MarketBlock,
}

/// Where the seat stands in one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is none there: not drawn on this branch, missed, withheld or replaced.
    Absent,
    /// It is there.
    Seated(Seen),
    /// The job has ended.
    Ended {
        /// Whether the verdict is what the seat claimed.
        won: bool,
    },
}

/// A seat as a block has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// How far it has come.
    pub stage: Stage,
    /// What its round waits for.
    pub phase: Phase,
    /// The block of the clock before which it commits.
    pub commit_by: MarketBlock,
}

/// How far a seat has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It has to commit or to decline.
    Assigned,
    /// It has committed to this.
    Committed(Digest),
    /// It has revealed.
    Revealed,
    /// It has declined.
    Declined,
}

/// What a job waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Commits, or a draw.
    Sealing,
    /// Reveals.
    Revealing {
        /// The block of the clock before which they are taken.
        until: MarketBlock,
        /// The seed of the leaves that are opened with them, where they have to be.
        leaves: Option<Digest>,
    },
}

/// What was computed and sealed: it is stored, and will never be anything else for this seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal {
    /// The commitment.
    pub commitment: Digest,
    /// Whether the program ran: then there are a result and a trace that can be opened. Otherwise the claim is that
    /// units are misdeclared.
    pub computed: bool,
}

/// A transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Commits.
    Commit,
    /// Reveals.
    Reveal,
    /// Gives the seat back.
    Decline,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// There is a best block, a new one or on another branch.
    Best {
        /// Its place in time.
        now: Now,
        /// The seat in it.
        standing: Standing,
    },
    /// More is final.
    Final {
        /// The seat in the last final block.
        standing: Standing,
    },
    /// Program and input are here.
    Fetched,
    /// They could not be had so far.
    FetchFailed,
    /// They never can: what is there is not what was asked for, or too large for this machine.
    Unfit,
    /// The job has run, and its claim is sealed.
    Sealed(Seal),
    /// It has not run to an end.
    RunFailed,
    /// Leaves of the trace are ready to be shown.
    Opened {
        /// The seed that drew them.
        leaves: Digest,
    },
    /// They are not.
    OpenFailed {
        /// The seed that drew them.
        leaves: Digest,
    },
    /// A transaction is in a block of what was then the best chain.
    Included {
        /// Which one.
        call: Call,
        /// The number of that block.
        block: Block,
    },
    /// A transaction was refused or lost.
    NotSent(Call),
    /// The result is where others can fetch it.
    Published,
    /// It could not be put there.
    PublishFailed,
}

/// What is to be done. Each ends in an event, `Stop` and `Clean` aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Get program and input. Ends in `Fetched`, `FetchFailed` or `Unfit`.
    Fetch,
    /// Run the job, and seal what it gives. Ends in `Sealed`, `RunFailed` or `Unfit`.
    Run,
    /// Stop fetching and running. What still comes of it is not heard.
    Stop,
    /// Send the commitment. Ends, like the other transactions, in `Included` or `NotSent`.
    Commit(Digest),
    /// Run the job again, keeping the leaves that a seed draws. Ends in `Opened` or `OpenFailed` of that seed.
    Open {
        /// The seed.
        leaves: Digest,
    },
    /// Reveal, with the leaves that a seed draws if there is one.
    Reveal {
        /// The seed.
        leaves: Option<Digest>,
    },
    /// Give the seat back.
    Decline,
    /// Show the result to everybody. Ends in `Published` or `PublishFailed`.
    Publish,
    /// Forget the seat, stop what goes on for it, and give its disk space back. The last action.
    Clean {
        /// Whether the job's end is final, as far as the node tells. Otherwise the seat may come back.
        ended: bool,
    },
}
