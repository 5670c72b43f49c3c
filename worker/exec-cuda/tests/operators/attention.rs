//! Positions, the cache of keys and values, and attention, forward and backward.

use assay_exact::{
    Attn, AttnBackward, AttnGradients, AttnSaved, AttnScratch, AttnShape, Error, KvAppend, KvCache, Mask,
    Precision, QuantisedMut, Rope, RopeTable, Scratch, TrapKind,
};

use super::{agree, agree_by_all, bits, on_each_path, poisoned, trap, Random, Rows, PRECISIONS};
use crate::gpu::{self, Gpu};
use crate::launch::{self, UnitSpans};
use crate::span::{CacheSpans, Digits, Element, KeysValuesSpans, Span};

/// A cache that owns its memory.
#[derive(Clone)]
pub(super) struct Cache {
    pub op: KvAppend,
    /// Of keys, of values.
    pub planes: [Vec<i8>; 2],
    /// Scales of keys and of values, and ln of these.
    pub floats: [Vec<f32>; 3],
}

impl Cache {
    pub fn empty([capacity, heads, dim]: [usize; 3], [keys, values]: [Precision; 2]) -> Self {
        let op = KvAppend::new(capacity, heads, dim, keys, values).unwrap();
        let rows = capacity * heads;
        let planes = [keys, values].map(|precision| vec![77; precision.digits() * rows * dim]);
        Self { op, planes, floats: [(); 3].map(|()| poisoned(rows)) }
    }

    /// What the reference makes of keys and values; two tokens more have room.
    fn of(shape: &AttnShape, precision: Precision, k: &[f32], v: &[f32]) -> Self {
        let mut cache = Self::empty([shape.keys + 2, shape.kv_heads, shape.dim], [precision; 2]);
        let op = cache.op;
        // What a token that is not there yet has must not be looked at, but it is digits and finite.
        cache.floats.iter_mut().for_each(|floats| floats.fill(0.5));
        op.forward(0, k, v, &mut cache.parts()).unwrap();
        cache
    }

    pub fn parts(&mut self) -> KvCache<'_> {
        let ([key_planes, value_planes], [key_scales, value_scales, value_logs]) =
            (&mut self.planes, &mut self.floats);
        KvCache { key_planes, key_scales, value_planes, value_scales, value_logs }
    }
}

#[test]
fn keys_and_values_enter_the_cache_as_in_the_reference() {
    let mut random = Random::new(151);
    let capacity = 41;
    for [heads, dim, at, tokens] in
        [[1, 1, 0, 1], [3, 16, 0, capacity], [2, 33, 40, 1], [12, 32, 5, 30], [1, 100, 3, 17]]
    {
        let (mut k, mut v) = (random.planted(tokens * heads, dim), random.planted(tokens * heads, dim));
        let last = k.len() - 1;
        for precisions in PRECISIONS.iter().flat_map(|keys| PRECISIONS.map(|values| [*keys, values])) {
            let append = |k: &[f32], v: &[f32]| {
                agree("KvAppend", |backend| {
                    let mut cache = Cache::empty([capacity, heads, dim], precisions);
                    let op = cache.op;
                    let tokens = backend.kv_append_forward(&op, at, k, v, &mut cache.parts())?;
                    Ok((tokens, cache.planes, bits(&cache.floats.concat())))
                })
            };
            assert_eq!(append(&k, &v).map(|(tokens, ..)| tokens), Ok(at + tokens));
            let kept =
                [std::mem::replace(&mut k[last], f32::NAN), std::mem::replace(&mut v[0], f32::INFINITY)];
            assert_eq!(append(&k, &v).err(), Some(trap(TrapKind::Nan, last)));
            [k[last], v[0]] = kept;
            let kept = std::mem::replace(&mut v[last], f32::NEG_INFINITY);
            assert_eq!(append(&k, &v).err(), Some(trap(TrapKind::Infinite, last)));
            v[last] = kept;
        }
    }
}

#[test]
fn positions_turn_as_in_the_reference() {
    let mut random = Random::new(152);
    for [tokens, heads, dim, start] in [[1, 1, 2, 0], [1, 4, 64, 90], [33, 3, 10, 7]] {
        let positions = 100;
        let (cos, sin) = (random.floats(positions * dim / 2, 1.0), random.floats(positions * dim / 2, 1.0));
        let table = RopeTable { cos: &cos, sin: &sin };
        let op = Rope::new(tokens, heads, dim).unwrap();
        let mut x = random.planted(tokens * heads, dim);
        for bad in [None, Some(trap(TrapKind::Nan, x.len() - 1))] {
            if bad.is_some() {
                *x.last_mut().unwrap() = f32::NAN;
            }
            let forward = agree("Rope", |backend| {
                let mut y = poisoned(x.len());
                backend.rope_forward(&op, start, &table, &x, &mut y)?;
                Ok(bits(&y))
            });
            let backward = agree("Rope backward", |backend| {
                let mut dx = poisoned(x.len());
                backend.rope_backward(&op, start, &table, &x, &mut dx)?;
                Ok(bits(&dx))
            });
            assert_eq!((forward.err(), backward.err()), (bad, bad));
        }
    }
}

fn up<T: Element>(gpu: &Gpu, from: &[T]) -> gpu::Scratch<T> {
    let to = gpu.scratch(from.len()).unwrap();
    gpu.upload(from, to.span()).unwrap();
    to
}

fn down<T: Element>(gpu: &Gpu, from: Span<T>) -> Vec<T> {
    let mut to = vec![T::default(); from.len()];
    gpu.download(from, &mut to).unwrap();
    to
}

/// A cache on the device.
struct Held {
    op: KvAppend,
    planes: [gpu::Scratch<i8>; 2],
    floats: [gpu::Scratch<f32>; 3],
}

impl Held {
    fn of(gpu: &Gpu, cache: &Cache) -> Self {
        let planes = cache.planes.each_ref().map(|planes| up(gpu, planes));
        let floats = cache.floats.each_ref().map(|floats| up(gpu, floats));
        Self { op: cache.op, planes, floats }
    }

    fn spans(&self) -> KeysValuesSpans {
        let (rows, depth) = (self.op.capacity() * self.op.heads(), self.op.dim());
        let [keys, values] = self.planes.each_ref().map(|planes| planes.span());
        let [key_scales, value_scales, logs] = self.floats.each_ref().map(|floats| floats.span());
        let (of_keys, of_values) = (self.op.keys(), self.op.values());
        KeysValuesSpans {
            keys: Digits { planes: keys, scales: key_scales, rows, depth, precision: of_keys },
            values: Digits { planes: values, scales: value_scales, rows, depth, precision: of_values },
            logs,
        }
    }

    fn written(&self) -> CacheSpans {
        let KeysValuesSpans { keys, values, logs } = self.spans();
        CacheSpans {
            key_planes: keys.planes,
            key_scales: keys.scales,
            value_planes: values.planes,
            value_scales: values.scales,
            value_logs: logs,
        }
    }
}

/// What the reference gives for queries of a cache.
pub(super) fn expected(op: &Attn, q: &Rows, cache: &mut Cache) -> Vec<u32> {
    let mut out = poisoned(op.shape().queries * op.shape().heads * op.shape().dim);
    let append = cache.op;
    let parts = cache.parts();
    let view = append.view(&parts).unwrap();
    op.forward(&q.view(), &view, &mut poisoned(op.shape().keys), &mut out).unwrap();
    bits(&out)
}

#[test]
fn a_token_goes_where_a_position_in_memory_says_and_sees_the_keys_before() {
    let mut random = Random::new(158);
    // So many that some splits have no key yet.
    let (capacity, [heads, kv_heads], dim, precision) = (700, [4, 2], 16, Precision::I8);
    let width = kv_heads * dim;
    let most = Attn::new(shape(1, capacity, [heads, kv_heads], dim, Mask::Causal), 0.3, precision).unwrap();
    for before in [1, 127, 128, 300, 699] {
        let [k, v] = [(); 2].map(|()| random.floats((before + 1) * width, 1.0));
        let ((k, last_k), (v, last_v)) = (k.split_at(before * width), v.split_at(before * width));
        let q = Rows::new(&random.floats(heads * dim, 1.0), dim, precision);
        let mut cache = Cache::empty([capacity, kv_heads, dim], [precision; 2]);
        cache.floats.iter_mut().for_each(|floats| floats.fill(0.5));
        let op = cache.op;
        op.forward(0, k, v, &mut cache.parts()).unwrap();
        let start = cache.clone();
        op.forward(before, last_k, last_v, &mut cache.parts()).unwrap();
        let attn = shape(1, before + 1, [heads, kv_heads], dim, Mask::Causal);
        let expected = expected(&Attn::new(attn, 0.3, precision).unwrap(), &q, &mut cache);
        on_each_path(|cuda| {
            let (gpu, held) = (&cuda.gpu, Held::of(&cuda.gpu, &start));
            gpu.clear_fault_word().unwrap();
            let (position, slot) = (up(gpu, &[before as u32]), up(gpu, &[0_u32]));
            let (k, v) = (up(gpu, last_k), up(gpu, last_v));
            let (planes, scales) = (up(gpu, &q.planes), up(gpu, &q.scales));
            let unit = UnitSpans { positions: position.span(), slots: slot.span() };
            let (k, v, into) = (k.span(), v.span(), held.written());
            launch::kv_append_forward_of_units(gpu, 0, &op, unit, k, v, into).unwrap();
            let (planes, scales) = (planes.span(), scales.span());
            let asking = Digits { planes, scales, rows: heads, depth: dim, precision };
            let out = gpu.scratch::<f32>(heads * dim).unwrap();
            launch::attn_forward_of_units(gpu, 0, &most, unit, asking, held.spans(), out.span()).unwrap();
            assert_eq!(gpu.reported(), Ok(None), "{before}");
            assert!(bits(&down(gpu, out.span())) == expected, "{before}");
            assert!(down(gpu, into.key_planes) == cache.planes[0], "{before}");
            assert!(bits(&down(gpu, into.value_logs)) == bits(&cache.floats[2]), "{before}");
        });
    }
}

#[test]
fn units_in_one_launch_see_their_own_tokens_only() {
    let mut random = Random::new(159);
    let (heads, kv_heads, dim) = (4, 2, 32);
    let units = [5, 64, 1, 70];
    let bounds = [0, 5, 69, 70, 140];
    let tokens = 140;
    let masks = [Mask::Full, Mask::Causal];
    let cases = masks.into_iter().flat_map(|mask| [(mask, Precision::I8), (mask, Precision::I15)]);
    for (mask, precision) in cases {
        let x = random.floats(tokens * heads * dim, 1.0);
        let [k, v] = [(); 2].map(|()| random.floats(tokens * kv_heads * dim, 1.0));
        let attn =
            |len| Attn::new(shape(len, len, [heads, kv_heads], dim, mask), 0.3, Precision::I15).unwrap();
        let mut joined = Cache::empty([tokens, kv_heads, dim], [precision; 2]);
        let op = joined.op;
        op.forward(0, &k, &v, &mut joined.parts()).unwrap();
        let mut each = Vec::new();
        for (first, len) in bounds.into_iter().zip(units) {
            let of = |x: &[f32], heads: usize| x[first * heads * dim..(first + len) * heads * dim].to_vec();
            let shape = shape(len, len, [heads, kv_heads], dim, mask);
            let mut cache = Cache::of(&shape, precision, &of(&k, kv_heads), &of(&v, kv_heads));
            each.extend(expected(&attn(len), &Rows::new(&of(&x, heads), dim, precision), &mut cache));
        }
        let q = Rows::new(&x, dim, precision);
        on_each_path(|cuda| {
            let (gpu, held) = (&cuda.gpu, Held::of(&cuda.gpu, &joined));
            gpu.clear_fault_word().unwrap();
            let (planes, scales) = (up(gpu, &q.planes), up(gpu, &q.scales));
            let (planes, scales) = (planes.span(), scales.span());
            let asking = Digits { planes, scales, rows: tokens * heads, depth: dim, precision };
            let bounds = up(gpu, &bounds.map(|row| row as u32));
            let out = gpu.scratch::<f32>(x.len()).unwrap();
            let (longest, into) = (attn(70), out.span());
            assert!(launch::attn_joins(gpu, &longest, asking, held.spans()));
            launch::attn_forward_joined(gpu, 0, &longest, bounds.span(), asking, held.spans(), into).unwrap();
            assert_eq!(gpu.reported(), Ok(None));
            assert!(bits(&down(gpu, out.span())) == each, "{mask:?}");
        });
    }
}

#[test]
fn an_output_may_begin_at_any_float() {
    let mut random = Random::new(160);
    let (tokens, heads, kv_heads, dim, precision) = (40, 2, 1, 32, Precision::I8);
    let shape = shape(tokens, tokens, [heads, kv_heads], dim, Mask::Causal);
    let [k, v] = [(); 2].map(|()| random.floats(tokens * kv_heads * dim, 1.0));
    let mut cache = Cache::of(&shape, precision, &k, &v);
    let q = Rows::new(&random.floats(tokens * heads * dim, 1.0), dim, precision);
    let op = Attn::new(shape, 0.3, precision).unwrap();
    let expected = expected(&op, &q, &mut cache);
    on_each_path(|cuda| {
        let (gpu, held) = (&cuda.gpu, Held::of(&cuda.gpu, &cache));
        gpu.clear_fault_word().unwrap();
        let (planes, scales) = (up(gpu, &q.planes), up(gpu, &q.scales));
        let (planes, scales) = (planes.span(), scales.span());
        let asking = Digits { planes, scales, rows: tokens * heads, depth: dim, precision };
        let memory = gpu.scratch::<f32>(expected.len() + 1).unwrap();
        let out = memory.span().range(1..expected.len() + 1);
        launch::attn_forward(gpu, 0, &op, asking, held.spans(), out).unwrap();
        assert_eq!(gpu.reported(), Ok(None));
        assert!(bits(&down(gpu, out)) == expected);
    });
}

pub(super) fn shape(queries: usize, keys: usize, heads: [usize; 2], dim: usize, mask: Mask) -> AttnShape {
    AttnShape { queries, keys, heads: heads[0], kv_heads: heads[1], dim, mask }
}

fn attend(shape: AttnShape, cache: &mut Cache, q: &Rows, weights: Precision) -> Result<Vec<u32>, Error> {
    let op = Attn::new(shape, 0.3, weights).unwrap();
    let append = cache.op;
    let parts = cache.parts();
    let view = append.view(&parts).unwrap();
    agree_by_all("Attn", |backend| {
        let mut out = poisoned(shape.queries * shape.heads * shape.dim);
        backend.attn_forward(&op, &q.view(), &view, &mut poisoned(shape.keys + 3), &mut out)?;
        Ok(bits(&out))
    })
}

/// Random operands of a shape; every value of a key that `silent` picks is zero.
fn compare(random: &mut Random, shape: AttnShape, precision: Precision, silent: impl Fn(usize) -> bool) {
    let k = random.planted(shape.keys * shape.kv_heads, shape.dim);
    let mut v = random.planted(shape.keys * shape.kv_heads, shape.dim);
    for (key, v) in v.chunks_exact_mut(shape.kv_heads * shape.dim).enumerate() {
        if silent(key) {
            v.fill(0.0);
        }
    }
    let mut cache = Cache::of(&shape, precision, &k, &v);
    let q = Rows::new(&random.floats(shape.queries * shape.heads * shape.dim, 1.0), shape.dim, precision);
    for weights in [Precision::I8, Precision::I15] {
        let out = attend(shape, &mut cache, &q, weights);
        assert!(out.is_ok(), "{shape:?} {precision:?} {weights:?}");
    }
}

#[test]
fn attention_is_that_of_the_reference() {
    let mut random = Random::new(153);
    for shape in [
        shape(1, 1, [1, 1], 1, Mask::Full),
        shape(9, 9, [4, 2], 16, Mask::Causal),
        shape(13, 13, [3, 3], 17, Mask::Full),
        shape(1, 150, [4, 1], 32, Mask::Causal),
        shape(5, 21, [2, 1], 64, Mask::Causal),
        shape(70, 70, [2, 2], 24, Mask::Causal),
        shape(2, 300, [6, 2], 128, Mask::Causal),
    ] {
        for precision in PRECISIONS {
            compare(&mut random, shape, precision, |_| false);
        }
    }
}

#[test]
fn tiles_of_each_size_of_a_head_are_exact() {
    let mut random = Random::new(161);
    for dim in [32, 64, 128] {
        for (mask, precision) in [(Mask::Causal, Precision::I8), (Mask::Full, Precision::I15)] {
            // More rows and more keys than one tile has.
            compare(&mut random, shape(35, 66, [2, 1], dim, mask), precision, |key| key == 9);
        }
    }
}

#[test]
fn any_number_of_queries_keys_and_elements_is_exact() {
    let mut random = Random::new(154);
    let dims = [1, 3, 4, 15, 16, 31, 32, 65, 130];
    for (i, keys) in [15, 16, 17, 31, 63, 64, 65, 127, 129].into_iter().enumerate() {
        for queries in [1, 2, 7] {
            let dim = dims[(7 * i + queries) % dims.len()];
            let heads = [[1, 1], [2, 1], [3, 3], [6, 2], [5, 1]][(i + queries) % 5];
            let mask = if (i + queries).is_multiple_of(2) { Mask::Causal } else { Mask::Full };
            compare(&mut random, shape(queries, keys, heads, dim, mask), PRECISIONS[queries % 2], |_| false);
        }
    }
}

#[test]
fn keys_without_a_value_count_in_the_denominator_only() {
    let mut random = Random::new(155);
    let silent: [fn(usize) -> bool; 4] =
        [|key| key.is_multiple_of(3), |key| key < 40, |key| key != 66, |_| true];
    for silent in silent {
        compare(&mut random, shape(68, 68, [2, 2], 12, Mask::Causal), Precision::I8, silent);
    }
}

#[test]
fn a_score_that_overflows_traps_wherever_its_key_lies() {
    let mut random = Random::new(156);
    let shape = shape(9, 150, [2, 2], 8, Mask::Causal);
    let q = Rows::new(&[1e20; 9 * 16], 8, Precision::I8);
    for key in [0, 63, 64, 142, 149] {
        let mut k = random.floats(150 * 16, 1e-20);
        k[key * 16 + 8..key * 16 + 16].fill(1e30);
        let mut cache = Cache::of(&shape, Precision::I8, &k, &random.floats(150 * 16, 1.0));
        // The second head of the first query that sees the key.
        let query = key.saturating_sub(141);
        let expected = trap(TrapKind::Nan, query * 16 + 8);
        assert_eq!(attend(shape, &mut cache, &q, Precision::I8), Err(expected), "key {key}");
    }
}

#[test]
fn weights_at_their_bound_over_many_keys_do_not_overflow() {
    // Equal scores give every key the largest weight, and every value's digit is the largest.
    let shape = shape(1, 2_500, [1, 1], 16, Mask::Full);
    let mut cache = Cache::of(&shape, Precision::I8, &[0.0; 2_500 * 16], &[1.0; 2_500 * 16]);
    let q = Rows::new(&[1.0; 16], 16, Precision::I8);
    let out = attend(shape, &mut cache, &q, Precision::I15).unwrap();
    assert!(out.iter().all(|x| (f32::from_bits(*x) - 1.0).abs() < 1e-3));
}

/// Gradients of q, k and v as bits.
fn gradients(
    shape: AttnShape,
    [q, k, v, dy]: [&[f32]; 4],
    [precision, weights]: [Precision; 2],
) -> Result<[Vec<u32>; 3], Error> {
    let attn = Attn::new(shape, 0.3, weights).unwrap();
    let op = AttnBackward::new(attn, Precision::I15).unwrap();
    let mut cache = Cache::of(&shape, precision, k, v);
    let append = cache.op;
    let parts = cache.parts();
    let view = append.view(&parts).unwrap();
    let rows = Rows::new(q, shape.dim, precision);
    let mut out = poisoned(q.len());
    attn.forward(&rows.view(), &view, &mut poisoned(shape.keys), &mut out).unwrap();
    let saved = AttnSaved { q, k, out: &out, quantised: rows.view(), cache: view };
    let sizes = op.sizes();
    agree_by_all("Attn backward", |backend| {
        let mut planes = [(); 2].map(|()| vec![77; sizes.planes]);
        let mut scales = [(); 2].map(|()| poisoned(sizes.scales));
        let ([left, right], [left_scales, right_scales]) = (&mut planes, &mut scales);
        let operands = Scratch {
            left: QuantisedMut { planes: left, scales: left_scales },
            right: QuantisedMut { planes: right, scales: right_scales },
        };
        let mut scratch = AttnScratch { floats: &mut poisoned(sizes.floats), operands };
        let [mut dq, mut dk, mut dv] = [q, k, v].map(|x| poisoned(x.len()));
        let mut gradients = AttnGradients { dq: &mut dq, dk: &mut dk, dv: &mut dv };
        backend.attn_backward(&op, dy, &saved, &mut scratch, &mut gradients)?;
        Ok([bits(&dq), bits(&dk), bits(&dv)])
    })
}

#[test]
fn gradients_of_attention_are_those_of_the_reference() {
    let mut random = Random::new(157);
    for shape in [
        shape(1, 1, [1, 1], 1, Mask::Full),
        shape(9, 9, [4, 2], 16, Mask::Causal),
        shape(13, 13, [3, 3], 17, Mask::Full),
        shape(40, 40, [2, 1], 24, Mask::Causal),
    ] {
        let [asking, asked] =
            [shape.queries * shape.heads, shape.keys * shape.kv_heads].map(|rows| rows * shape.dim);
        let (q, dy) = (random.floats(asking, 1.0), random.floats(asking, 0.1));
        let (mut k, mut v) = (random.floats(asked, 1.0), random.floats(asked, 2.0));
        k[..shape.dim].fill(0.0);
        v[asked - shape.dim..].fill(-0.0);
        for precisions in [[Precision::I15, Precision::I15], [Precision::I8, Precision::I8]] {
            assert!(gradients(shape, [&q, &k, &v, &dy], precisions).is_ok(), "{shape:?}");
            let mut bad = dy.clone();
            bad[asking - 1] = f32::INFINITY;
            let trapped = gradients(shape, [&q, &k, &v, &bad], precisions);
            assert_eq!(trapped.err(), Some(trap(TrapKind::Infinite, asking - 1)));
        }
    }
}
