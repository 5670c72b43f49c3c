//! Tests by subject.

mod apply;
mod attacks;
mod bond;
mod draw;
mod endpoint;
mod genesis;
mod growth;
mod heartbeat;
mod hook;
mod invariants;
mod machines;
mod params;
mod price;
mod random;
mod register;
mod release;
mod retire;
mod reweigh;
mod seat;
mod unseat;
mod update;
mod views;
