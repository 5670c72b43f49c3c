//! Where a worker is, for its operator.

use std::time::Instant;

use serde::{Deserialize, Serialize};

/// Where a worker is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The account that signs.
    pub account: String,
    /// Whether it follows the chain.
    pub ready: bool,
    /// What keeps it from that.
    pub trouble: Option<String>,
    /// Whether it takes no new seats, and ends with the last one.
    pub draining: bool,
    /// Number of the best block it has seen.
    pub best: u32,
    /// Number of the last final block it has acted on.
    pub last_final: u32,
    /// The seats it works for.
    pub seats: Vec<SeatStatus>,
    /// When the worker itself was last at work, for its health.
    #[serde(skip)]
    pub pulse: Option<Instant>,
}

/// Where one seat is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatStatus {
    /// The job.
    pub job: u64,
    /// The seat's index.
    pub seat: u8,
    /// How far it is, in one word.
    pub progress: String,
    /// Compute units of the job.
    pub units: u64,
}
