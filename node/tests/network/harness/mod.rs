//! What the stories are told with: processes, nodes, networks of them, and a client that asks and submits.

pub mod client;
pub mod network;
pub mod node;
mod ports;
pub mod process;
mod referendum;
pub mod transaction;
pub mod wait;

pub use client::{address, Client};
pub use network::Network;
pub use ports::free_port;
pub use wait::until;
