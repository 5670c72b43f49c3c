//! What happens to workers, and what becomes of the money.

mod appeal;
mod collusion;
mod delegate;
mod disk;
mod full;
mod governance;
mod killed;
mod liar;
mod outage;
mod settled;
mod twins;
mod verbs;
