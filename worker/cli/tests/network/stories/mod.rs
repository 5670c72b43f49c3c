//! What happens to workers, and what becomes of the money.

mod blobs;
mod disk;
mod killed;
mod liar;
mod load;
mod outage;
mod settled;
mod twins;
