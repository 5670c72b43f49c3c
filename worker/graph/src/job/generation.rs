//! How tokens are chosen and where a text ends, as a job says it.

use assay_exact::{Refused, Sample};
use serde::{Deserialize, Serialize};

use crate::canonical::Float;

/// Most stop tokens of a generation.
pub const MAX_STOPS: u64 = 64;

/// How tokens are generated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generate {
    /// How one is chosen.
    pub sampling: Sampling,
    /// The tokens behind which a prompt's continuation ends early, at most [`MAX_STOPS`].
    pub stop: Vec<u64>,
    /// Tokens for each prompt.
    pub tokens: u64,
}

/// How a token is chosen from logits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Sampling {
    /// The most likely one, of equal ones the lowest.
    Greedy,
    /// Drawn by the job's seed.
    Sample {
        /// 1/temperature.
        inverse_temperature: Float,
        /// Only of so many tokens, the most likely ones.
        top_k: Option<u64>,
        /// Only of the most likely tokens that have this share of the probability together.
        top_p: Option<Float>,
    },
}

impl Sampling {
    /// The operator that draws one of `classes`; none if nothing is drawn. Else the field that is refused.
    pub(crate) fn operator(&self, classes: usize) -> Result<Option<Sample>, (&'static str, Refused)> {
        let Self::Sample { inverse_temperature, top_k, top_p } = self else { return Ok(None) };
        let field = |field: &'static str| move |refused: Refused| (field, refused);
        let mut op = Sample::new(classes, inverse_temperature.get()).map_err(field("inverse_temperature"))?;
        if let Some(k) = top_k {
            op = op.top_k(usize::try_from(*k).unwrap_or(usize::MAX)).map_err(field("top_k"))?;
        }
        if let Some(p) = top_p {
            op = op.top_p(p.get()).map_err(field("top_p"))?;
        }
        Ok(Some(op))
    }
}
