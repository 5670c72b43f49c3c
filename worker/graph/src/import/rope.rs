//! Rotary positions: how fast each pair of a head turns, and the tables of angles that follow.
//!
//! Pair i of h turns by θ^(−i/h) for each position. Variants slow down the pairs that would not turn often enough over a
//! context longer than the one that a model was first trained for.

use std::f64::consts::TAU;

use super::settings::Settings;
use crate::angles::{cos_sin, exp_of_minus, ln};
use crate::error::{Invalid, Problem};

/// θ where a model's settings name none.
const THETA: f64 = 10_000.0;

/// The rotation of a model.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rotation {
    theta: f64,
    variant: Variant,
}

#[derive(Clone, Debug, PartialEq)]
enum Variant {
    Plain,
    /// All pairs are slower by a factor.
    Linear {
        factor: f64,
    },
    /// Pairs that turn less than `low` times over the original context are slower by a factor, those that turn more than
    /// `high` times are not, and between the two it changes with the number of turns.
    Llama3 {
        factor: f64,
        low: f64,
        high: f64,
        original: f64,
    },
    /// Pairs that turn less than `slow` times over the original context are slower by a factor, those that turn more than
    /// `fast` times are not, and between the two it changes with the pair's index. Cosines and sines are multiplied by
    /// `length`.
    Yarn {
        factor: f64,
        fast: f64,
        slow: f64,
        original: f64,
        length: f64,
    },
}

impl Rotation {
    /// What the settings of a model say; `positions` is its longest context.
    pub(super) fn read(settings: &Settings, positions: u64) -> Result<Self, Invalid> {
        // Newer files have all in one field, older ones θ in a field of its own.
        let parameters = match settings.object("rope_parameters")? {
            Some(parameters) => Some(parameters),
            None => settings.object("rope_scaling")?,
        };
        let places = || [parameters.as_ref(), Some(settings)].into_iter().flatten();
        for place in places() {
            const FIELD: &str = "partial_rotary_factor";
            if let Some(part) = place.get(FIELD).filter(|part| part.as_f64() != Some(1.0)) {
                return Err(place.invalid(FIELD, Problem::mismatch(1, part)));
            }
        }
        let theta = match places().find(|place| place.get("rope_theta").is_some()) {
            Some(place) => place.at_least("rope_theta", 2.0)?,
            None => THETA,
        };
        let variant = match &parameters {
            Some(parameters) => Variant::read(parameters, positions)?,
            None => Variant::Plain,
        };
        Ok(Self { theta, variant })
    }

    /// Cosines and sines of `context` positions for heads of `2·half` columns: `[context, half]` each.
    pub(super) fn tables(&self, context: u64, half: u64) -> [Vec<f32>; 2] {
        let speeds = self.speeds(half);
        let length = match self.variant {
            Variant::Yarn { length, .. } => length,
            _ => 1.0,
        };
        let (mut cos, mut sin) = (Vec::new(), Vec::new());
        for position in 0..context {
            for speed in &speeds {
                let (x, y) = cos_sin(position as f64 * speed);
                cos.push((x * length) as f32);
                sin.push((y * length) as f32);
            }
        }
        [cos, sin]
    }

    /// Radians for each position, of each pair.
    fn speeds(&self, half: u64) -> Vec<f64> {
        let (count, steep) = (half as f64, ln(self.theta));
        let plain = (0..half).map(|i| exp_of_minus(steep * i as f64 / count));
        match self.variant {
            Variant::Plain => plain.collect(),
            Variant::Linear { factor } => plain.map(|speed| speed / factor).collect(),
            Variant::Llama3 { factor, low, high, original } => {
                let slowed = |speed: f64| {
                    let turns = original * speed / TAU;
                    let share = ((turns - low) / (high - low)).clamp(0.0, 1.0);
                    (1.0 - share) * speed / factor + share * speed
                };
                plain.map(slowed).collect()
            }
            Variant::Yarn { factor, fast, slow, original, .. } => {
                // The pair that turns so many times over the original context.
                let pair = |turns: f64| count * ln(original / (turns * TAU)) / steep;
                let last = 2.0 * count - 1.0;
                let first = pair(fast).floor().clamp(0.0, last);
                let end = pair(slow).ceil().clamp(0.0, last);
                let width = if end == first { 0.001 } else { end - first };
                let slowed = |(i, speed): (u64, f64)| {
                    let share = ((i as f64 - first) / width).clamp(0.0, 1.0);
                    share * speed / factor + (1.0 - share) * speed
                };
                (0..half).zip(plain).map(slowed).collect()
            }
        }
    }
}

impl Variant {
    fn read(parameters: &Settings, positions: u64) -> Result<Self, Invalid> {
        let field = if parameters.get("rope_type").is_some() { "rope_type" } else { "type" };
        let factor = || parameters.at_least("factor", 1.0);
        match parameters.text(field)? {
            // The dynamic one is slower only beyond the context that the model says it has.
            "default" | "dynamic" => Ok(Self::Plain),
            "linear" => Ok(Self::Linear { factor: factor()? }),
            "llama3" => Self::llama3(parameters, factor()?),
            "yarn" => Self::yarn(parameters, factor()?, positions),
            other => {
                let known = "\"default\", \"linear\", \"dynamic\", \"llama3\" or \"yarn\"";
                Err(parameters.invalid(field, Problem::mismatch(known, format!("{other:?}"))))
            }
        }
    }

    fn llama3(parameters: &Settings, factor: f64) -> Result<Self, Invalid> {
        let low = parameters.at_least("low_freq_factor", 1e-3)?;
        let high = parameters.at_least("high_freq_factor", low)?;
        if high == low {
            let problem = Problem::mismatch(format!("a number above low_freq_factor, {low}"), high);
            return Err(parameters.invalid("high_freq_factor", problem));
        }
        let original = parameters.at_least("original_max_position_embeddings", 1.0)?;
        Ok(Self::Llama3 { factor, low, high, original })
    }

    fn yarn(parameters: &Settings, factor: f64, positions: u64) -> Result<Self, Invalid> {
        let or = |field: &str, least: f64, other: f64| match parameters.get(field) {
            Some(_) => parameters.at_least(field, least),
            None => Ok(other),
        };
        if parameters.get("truncate").is_some() && !parameters.flag("truncate")? {
            return Err(parameters.invalid("truncate", Problem::mismatch(true, false)));
        }
        let fast = or("beta_fast", 1e-3, 32.0)?;
        let slow = or("beta_slow", 1e-3, 1.0)?;
        if slow > fast {
            let problem = Problem::mismatch(format!("at most beta_fast, {fast}"), slow);
            return Err(parameters.invalid("beta_slow", problem));
        }
        let original = or("original_max_position_embeddings", 1.0, positions as f64)?;
        let grown = |by: f64| if factor > 1.0 { 0.1 * by * ln(factor) + 1.0 } else { 1.0 };
        // As in the frameworks, a zero is as good as nothing.
        let (scale, all) = (or("mscale", 0.0, 0.0)?, or("mscale_all_dim", 0.0, 0.0)?);
        let length = if scale > 0.0 && all > 0.0 { grown(scale) / grown(all) } else { grown(1.0) };
        let length = or("attention_factor", 1e-3, length)?;
        Ok(Self::Yarn { factor, fast, slow, original, length })
    }
}
