//! Keys and values into the cache, cut into (token, head) vectors.

use assay_exact::{float, Error, KvAppend, KvCache, Refused};

use super::Cpu;
use crate::quantise::{pieces, write};

pub(super) fn append(
    cpu: &Cpu,
    op: &KvAppend,
    at: usize,
    k: &[f32],
    v: &[f32],
    cache: &mut KvCache<'_>,
) -> Result<usize, Error> {
    let Some(capacity) = capacity(op, cache) else { return op.forward(at, k, v, cache) };
    let (depth, keys, values) = {
        let view = op.view(cache)?;
        (view.keys.depth(), view.keys.precision(), view.values.precision())
    };
    let heads = cache.key_scales.len() / capacity;
    let tokens = k.len() / (heads * depth);
    let fits = k.len() == v.len()
        && k.len() == tokens * heads * depth
        && at.checked_add(tokens).is_some_and(|tokens| tokens <= capacity);
    if !fits {
        return op.forward(at, k, v, cache);
    }
    let range = at * heads..(at + tokens) * heads;
    let per = cpu.team.share(range.len());
    let keys_to = pieces(cache.key_planes, cache.key_scales, depth, range.clone(), per);
    let values_to = pieces(cache.value_planes, cache.value_scales, depth, range.clone(), per);
    let logs = cache.value_logs[range].chunks_mut(per);
    let floats = k.chunks(per * depth).zip(v.chunks(per * depth));
    let pieces: Vec<_> = floats.zip(keys_to).zip(values_to).zip(logs).collect();
    let result = cpu.team.run(pieces, |((((k, v), mut keys_to), mut values_to), logs)| {
        write(cpu.kernel, k, depth, keys, &mut keys_to)?;
        write(cpu.kernel, v, depth, values, &mut values_to)?;
        for (log, scale) in logs.iter_mut().zip(values_to.scales()) {
            *log = if *scale == 0.0 { 0.0 } else { float::ln(*scale) };
        }
        Ok(())
    });
    if let Err(Error::Trap(_)) = result {
        // A piece does not know which vector of the operator is the first with a violation, nor of which operand.
        cpu.team.check_finite(k)?;
        cpu.team.check_finite(v)?;
    }
    result.map(|()| at + tokens)
}

/// The tokens that the cache has room for; None if its slices do not fit. The operator tells by what it refuses.
fn capacity(op: &KvAppend, cache: &mut KvCache<'_>) -> Option<usize> {
    match op.forward(usize::MAX, &[], &[], cache) {
        Err(Error::Refused(Refused::Limit { limit, .. })) => usize::try_from(limit).ok(),
        _ => None,
    }
}
