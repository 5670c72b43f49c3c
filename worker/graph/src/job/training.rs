//! Which part of a training a job is.

use serde::{Deserialize, Serialize};

/// Which steps of a training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Train {
    /// The steps done before: 0 starts from the seed, another one from the checkpoint of that step.
    pub from: u64,
    /// The steps done after.
    pub to: u64,
}
