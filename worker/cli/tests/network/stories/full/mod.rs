//! Stories that are too long for CI: `scripts/test --full` tells them too.

mod blobs;
mod clock;
mod fork;
mod killed;
mod load;
mod stop;
mod upgrade;
