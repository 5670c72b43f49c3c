//! The trace: its trees, its ties to segments, their openings, and the referee who decides by them.

mod chunks;
mod programs;
mod record;
mod referee;
mod runs;
mod segment;
mod sizes;
mod tie;
mod tree;
