//! Lists of calls that come again and again: passes of a decode, one more token for each unit, and units of a training.

use assay_exec::resident::{Attention, Call, Operator, Part};

/// All that a pass of one token for each unit launches, or a unit of a training. Ids and positions are not in it: they
/// lie in the device's memory, where each pass has its own.
#[derive(Debug, PartialEq)]
pub(super) struct Step {
    /// Of no units.
    calls: Vec<Call<'static>>,
    /// The units of each attention; of a decode as if they had no tokens before.
    parts: Vec<Part>,
}

impl Step {
    /// None for other lists: of a pass over more tokens, or over nothing of passes before; of a training's update.
    pub(super) fn of(calls: &[Call<'_>]) -> Option<Self> {
        // What a unit of a training launches says all of it: each of them begins at its first token.
        let trains = calls.iter().any(|call| matches!(call.operator, Operator::Gradient(_)));
        let mut step = Self { calls: Vec::with_capacity(calls.len()), parts: Vec::new() };
        let mut decodes = false;
        for Call { node, operator } in calls {
            let parts = units(operator);
            let has_cache = match operator {
                Operator::Attention(attention) => Some(attention.cache.is_some()),
                _ => None,
            };
            if !trains && (has_cache == Some(false) || parts.iter().any(|part| part.tokens != 1)) {
                return None;
            }
            decodes |= has_cache == Some(true);
            step.calls.push(Call { node: *node, operator: without_units(operator) });
            let start = |part: &Part| if trains { part.start } else { 0 };
            step.parts.extend(parts.iter().map(|part| Part { start: start(part), ..*part }));
        }
        (trains || decodes).then_some(step)
    }
}

/// The units of an attention.
fn units<'a>(operator: &Operator<'a>) -> &'a [Part] {
    match *operator {
        Operator::Attention(Attention { parts, .. }) => parts,
        _ => &[],
    }
}

/// The same without them.
fn without_units(operator: &Operator<'_>) -> Operator<'static> {
    match *operator {
        Operator::Attention(Attention {
            heads,
            kv_heads,
            dim,
            mask,
            scale,
            keys,
            values,
            weights,
            positions,
            bounds,
            slots,
            q,
            k,
            v,
            y,
            cache,
            ..
        }) => Operator::Attention(Attention {
            heads,
            kv_heads,
            dim,
            mask,
            scale,
            keys,
            values,
            weights,
            positions,
            bounds,
            slots,
            q,
            k,
            v,
            y,
            parts: &[],
            cache,
        }),
        // These have none.
        Operator::Copy { from, to } => Operator::Copy { from, to },
        Operator::Add { op, a, b, y } => Operator::Add { op, a, b, y },
        Operator::Mul { op, a, b, y } => Operator::Mul { op, a, b, y },
        Operator::SiluMul { op, x, u, y } => Operator::SiluMul { op, x, u, y },
        Operator::Gelu { op, x, y } => Operator::Gelu { op, x, y },
        Operator::Tanh { op, x, y } => Operator::Tanh { op, x, y },
        Operator::L2Norm { op, x, y, divisor } => Operator::L2Norm { op, x, y, divisor },
        Operator::RmsNorm { op, x, gamma, y, rstd } => Operator::RmsNorm { op, x, gamma, y, rstd },
        Operator::LayerNorm { op, x, gamma, beta, y, mean, rstd } => {
            Operator::LayerNorm { op, x, gamma, beta, y, mean, rstd }
        }
        Operator::Linear { op, x, weight, bias, y } => Operator::Linear { op, x, weight, bias, y },
        Operator::Embed { op, ids, table, y } => Operator::Embed { op, ids, table, y },
        Operator::EmbedQuantised { op, ids, table, y } => Operator::EmbedQuantised { op, ids, table, y },
        Operator::Last { cols, x, bounds, y } => Operator::Last { cols, x, bounds, y },
        Operator::MeanPool { cols, x, bounds, y } => Operator::MeanPool { cols, x, bounds, y },
        Operator::Rope { op, cos, sin, positions, x, y } => Operator::Rope { op, cos, sin, positions, x, y },
        Operator::Leaves { x, shares, bytes, most, hashes } => {
            Operator::Leaves { x, shares, bytes, most, hashes }
        }
        Operator::Subtrees { hashes, first, roots } => Operator::Subtrees { hashes, first, roots },
        Operator::ArgMax { op, x, best } => Operator::ArgMax { op, x, best },
        Operator::Sample { op, x, draws, drawn } => Operator::Sample { op, x, draws, drawn },
        Operator::Gradient(gradient) => Operator::Gradient(gradient),
        Operator::Update(update) => Operator::Update(update),
    }
}

#[cfg(test)]
mod tests {
    use assay_exact::{Add, Mask, Precision, Tanh};
    use assay_exec::resident::{CacheRegions, Gradient, QuantisedRegions, Region, Update};

    use super::*;

    fn cache(start: u64) -> CacheRegions {
        let planes = Region::new(start, 4);
        let rows = QuantisedRegions {
            planes,
            scales: Region::new(start, 1),
            rows: 1,
            depth: 4,
            precision: Precision::I8,
        };
        CacheRegions { capacity: 1, keys: rows, values: rows, logs: Region::new(start, 1) }
    }

    fn part(first: usize, start: usize) -> Part {
        Part { first, tokens: 1, start, slot: 10 * first, capacity: 10 }
    }

    fn calls(parts: &[Part], cache: Option<CacheRegions>, rows: usize) -> [Call<'_>; 2] {
        let value = Region::new(0, 4 * rows);
        let attention = Attention {
            heads: 1,
            kv_heads: 1,
            dim: 4,
            mask: Mask::Causal,
            scale: 1.0,
            keys: Precision::I8,
            values: Precision::I8,
            weights: Precision::I8,
            positions: Region::new(0, rows),
            bounds: Region::new(0, rows + 1),
            slots: Region::new(0, rows),
            q: value,
            k: value,
            v: value,
            y: value,
            parts,
            cache,
        };
        let op = Add::new(4 * rows).unwrap();
        [Operator::Attention(attention), Operator::Add { op, a: value, b: value, y: value }]
            .map(|operator| Call { node: 3, operator })
    }

    #[test]
    fn a_decode_is_the_same_at_every_position() {
        let at = |start: usize| [0, 1].map(|first| part(first, start + first));
        let cached = Some(cache(64));
        let first = Step::of(&calls(&at(5), cached, 2));
        assert!(first.is_some());
        assert_eq!(first, Step::of(&calls(&at(6), cached, 2)));
        // Another cache, other units, fewer of them, fewer calls.
        assert_ne!(first, Step::of(&calls(&at(6), Some(cache(128)), 2)));
        let others = [part(0, 6), Part { slot: 20, ..part(1, 7) }];
        assert_ne!(first, Step::of(&calls(&others, cached, 2)));
        let others = [part(0, 6), Part { capacity: 20, ..part(1, 7) }];
        assert_ne!(first, Step::of(&calls(&others, cached, 2)));
        assert_ne!(first, Step::of(&calls(&at(6)[..1], cached, 1)));
        assert_ne!(first, Step::of(&calls(&at(6), cached, 2)[..1]));
    }

    #[test]
    fn a_unit_of_a_training_is_the_same_every_time_and_an_update_is_none() {
        let (part, value) = (Part { tokens: 2, ..part(0, 0) }, Region::new(0, 8));
        let gradient = |dx: Region<f32>| {
            let op = Tanh::new(8).unwrap();
            let operator = Operator::Gradient(Gradient::Tanh { op, dy: value, y: value, dx });
            Step::of(&[calls(&[part], None, 2).as_slice(), &[Call { node: 4, operator }]].concat())
        };
        let unit = gradient(Region::new(64, 8));
        assert!(unit.is_some());
        assert_eq!(unit, gradient(Region::new(64, 8)));
        assert_ne!(unit, gradient(Region::new(96, 8)));
        let clear = Operator::Update(Update::Clear { sums: Region::new(0, 4) });
        assert_eq!(Step::of(&[Call { node: 0, operator: clear }]), None);
    }

    #[test]
    fn passes_of_more_tokens_or_without_caches_are_none() {
        let (part, cached) = (part(0, 0), Some(cache(64)));
        assert_eq!(Step::of(&calls(&[Part { tokens: 2, ..part }], cached, 2)), None);
        assert_eq!(Step::of(&calls(&[part], None, 1)), None);
        assert_eq!(Step::of(&calls(&[part], cached, 1)[1..]), None);
    }
}
