//! The trace: its trees, its openings, and the referee who decides by them.

mod chunks;
mod programs;
mod record;
mod referee;
mod runs;
mod sizes;
mod tree;
