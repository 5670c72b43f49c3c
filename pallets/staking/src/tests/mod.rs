//! Tests by subject: one file per verb, then what goes through several of them.

mod accuse;
mod attacks;
mod bond;
mod candidates;
mod election;
mod genesis;
mod invariants;
mod keys;
mod listener;
mod lock;
mod operations;
mod params;
mod rebond;
mod session;
mod slash;
mod unbond;
mod views;
mod weights;
mod withdraw;
mod worker;
