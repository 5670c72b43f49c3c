//! What the stories are told with: processes, a network of them, what comes between them, and an audit.

pub mod audit;
pub mod clock;
pub mod corrupter;
pub mod figures;
pub mod gate;
pub mod holders;
pub mod home;
pub mod model;
pub mod network;
pub mod node;
pub mod process;

// The node's own stories wait and choose ports in the same way.
#[path = "../../../../../node/tests/network/harness/ports.rs"]
mod ports;
#[path = "../../../../../node/tests/network/harness/wait.rs"]
mod wait;

pub use network::{Network, Start};
pub use ports::free_port;
pub use wait::until;
