//! What happens to workers, and what becomes of the money.

mod disk;
mod full;
mod killed;
mod liar;
mod outage;
mod settled;
mod twins;
mod verbs;
