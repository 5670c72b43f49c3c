//! Tests by subject: one file per verb, then what goes through several of them.

mod alarms;
mod appeal;
mod attacks;
mod close;
mod curate;
mod decide;
mod invariants;
mod origins;
mod params;
mod pause;
mod policy;
mod random;
mod views;
