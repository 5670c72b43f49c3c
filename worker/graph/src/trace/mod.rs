//! What a run commits to beside its result, and opening that down to one element of one value.
//!
//! A run's values are hashed in leaves of 1 KiB. The **trace** is the tree over the leaves of the trace points, in the
//! order in which the run reaches them ([`Recorder`], [`Trace`]); it is made on every run. A **segment** is the part of
//! the graph between two trace points, over all passes of one unit; the tree over its values ([`Segment`]) is made only
//! when two runs differ at the point where it ends. A [`Tie`] shows that a segment's tree starts from the value that the
//! trace holds and ends in the one that it holds. An [`Opening`] shows one element of it with all that the element
//! is computed from: leaves of the segment, and chunks of the program's tensors under BLAKE3's own tree ([`chunks`]),
//! whose hashes the program root covers. The [`Referee`] computes the element anew from these bytes alone.
//!
//! Values come from the graph, never from how a backend fuses it. A training's trace holds states, not values of nodes:
//! what is between two of them is opened by [`crate::train::step`].

pub mod chunks;
pub(crate) mod fault;
mod group;
pub(crate) mod leaves;
pub(crate) mod needs;
mod opening;
pub(crate) mod point;
pub(crate) mod recompute;
mod record;
mod referee;
mod segment;
mod tie;
pub mod tree;

pub use fault::Fault;
pub use opening::{open, Element, Opening};
pub use point::leaf_hashes;
pub use record::{LeafOpening, Recorder, Trace};
pub use referee::{Referee, Verdict};
pub use segment::{segment_of, segments, Passes, Segment, Value};
pub use tie::{pass_leaves, Seam, Tie};
pub use tree::{Branch, Place, Proof, Tree, LEAF};
