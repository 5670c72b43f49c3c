//! Attention against the reference: prefill and decode.

mod random;

use assay_exact::{Attn, AttnShape, Error, KvAppend, KvCache, Mask, Precision, TrapKind};
use random::{agree, bits, poisoned, trap, Random, Rows, PRECISIONS};

/// A cache that owns its memory.
struct Cache {
    op: KvAppend,
    planes: [Vec<i8>; 2],
    floats: [Vec<f32>; 3],
}

impl Cache {
    fn new(shape: &AttnShape, capacity: usize, precision: Precision, k: &[f32], v: &[f32]) -> Self {
        let op = KvAppend::new(capacity, shape.kv_heads, shape.dim, precision, precision).unwrap();
        let rows = capacity * shape.kv_heads;
        let planes = vec![0; precision.digits() * rows * shape.dim];
        let floats = vec![0.0; rows];
        let mut cache =
            Self { op, planes: [planes.clone(), planes], floats: [floats.clone(), floats.clone(), floats] };
        op.forward(0, k, v, &mut cache.parts()).unwrap();
        cache
    }

    fn parts(&mut self) -> KvCache<'_> {
        let ([key_planes, value_planes], [key_scales, value_scales, value_logs]) =
            (&mut self.planes, &mut self.floats);
        KvCache { key_planes, key_scales, value_planes, value_scales, value_logs }
    }
}

fn check(shape: AttnShape, cache: &mut Cache, q: &Rows, weights: Precision) -> Result<Vec<u32>, Error> {
    let op = Attn::new(shape, 0.3, weights).unwrap();
    let kv = cache.op;
    let parts = cache.parts();
    let view = kv.view(&parts).unwrap();
    agree("Attn", |backend| {
        let mut out = poisoned(shape.queries * shape.heads * shape.dim);
        backend.attn_forward(&op, &q.view(), &view, &mut poisoned(shape.keys + 3), &mut out)?;
        Ok(bits(&out))
    })
}

fn shape(queries: usize, keys: usize, heads: [usize; 2], dim: usize, mask: Mask) -> AttnShape {
    AttnShape { queries, keys, heads: heads[0], kv_heads: heads[1], dim, mask }
}

#[test]
fn prefill_and_decode_are_those_of_the_reference() {
    let mut random = Random::new(31);
    let shapes = [
        shape(1, 1, [1, 1], 1, Mask::Full),
        shape(9, 9, [4, 2], 16, Mask::Causal),
        shape(13, 13, [3, 3], 17, Mask::Full),
        shape(1, 50, [4, 1], 32, Mask::Causal),
        shape(5, 21, [2, 1], 24, Mask::Causal),
        shape(30, 30, [2, 2], 8, Mask::Causal),
    ];
    for shape in shapes {
        let k = random.planted(shape.keys * shape.kv_heads, shape.dim);
        let v = random.planted(shape.keys * shape.kv_heads, shape.dim);
        let q = random.floats(shape.queries * shape.heads * shape.dim, 1.0);
        for precision in PRECISIONS {
            let mut cache = Cache::new(&shape, shape.keys + 2, precision, &k, &v);
            let q = Rows::new(&q, shape.dim, precision);
            for weights in [Precision::I8, Precision::I15] {
                let result = check(shape, &mut cache, &q, weights);
                assert!(result.is_ok(), "{shape:?} {precision:?} {weights:?}");
            }
        }
    }
}

/// Random operands of a shape; every value of a key that `silent` picks is zero.
fn compare(random: &mut Random, shape: AttnShape, precision: Precision, silent: impl Fn(usize) -> bool) {
    let k = random.planted(shape.keys * shape.kv_heads, shape.dim);
    let mut v = random.floats(shape.keys * shape.kv_heads * shape.dim, 2.0);
    for (key, v) in v.chunks_exact_mut(shape.kv_heads * shape.dim).enumerate() {
        if silent(key) {
            v.fill(0.0);
        }
    }
    let mut cache = Cache::new(&shape, shape.keys + 1, precision, &k, &v);
    let q = random.floats(shape.queries * shape.heads * shape.dim, 1.0);
    let q = Rows::new(&q, shape.dim, precision);
    for weights in [Precision::I8, Precision::I15] {
        let result = check(shape, &mut cache, &q, weights);
        assert!(result.is_ok(), "{shape:?} {precision:?} {weights:?}");
    }
}

#[test]
fn any_number_of_queries_keys_and_elements_is_exact() {
    let mut random = Random::new(35);
    let keys = [15, 16, 17, 31, 63, 64, 65, 127, 129];
    let dims = [1, 3, 4, 5, 15, 16, 17, 63, 64, 65, 67, 130];
    for (i, keys) in keys.into_iter().enumerate() {
        for queries in 1..=7 {
            let dim = dims[(7 * i + queries) % dims.len()];
            let heads = [[1, 1], [2, 1], [3, 3], [6, 2], [5, 1]][(i + queries) % 5];
            let mask = if (i + queries).is_multiple_of(2) { Mask::Causal } else { Mask::Full };
            compare(&mut random, shape(queries, keys, heads, dim, mask), PRECISIONS[queries % 2], |_| false);
        }
    }
}

#[test]
fn many_queries_and_many_keys_are_exact() {
    let mut random = Random::new(36);
    for shape in [
        shape(200, 200, [2, 1], 8, Mask::Full),
        shape(90, 300, [4, 2], 20, Mask::Causal),
        shape(70, 70, [3, 3], 72, Mask::Causal),
        shape(2, 700, [8, 2], 32, Mask::Causal),
        shape(9, 511, [2, 1], 33, Mask::Full),
        shape(7, 513, [1, 1], 16, Mask::Causal),
        // More rows than a block and more keys than a panel of values; the last block has a part of a tile.
        shape(40, 1_100, [2, 1], 20, Mask::Causal),
        shape(61, 1_030, [1, 1], 66, Mask::Full),
    ] {
        for precision in [Precision::I8, Precision::I15] {
            compare(&mut random, shape, precision, |_| false);
        }
    }
}

#[test]
fn keys_without_a_value_count_in_the_denominator_only() {
    let mut random = Random::new(37);
    let silent: [fn(usize) -> bool; 3] = [|key| key.is_multiple_of(3), |key| key < 40, |key| key != 66];
    for silent in silent {
        compare(&mut random, shape(68, 68, [2, 2], 12, Mask::Causal), Precision::I8, silent);
    }
}

#[test]
fn a_score_that_overflows_traps_wherever_its_key_lies() {
    let mut random = Random::new(38);
    let shape = shape(9, 150, [2, 2], 8, Mask::Causal);
    let q = Rows::new(&[1e20; 9 * 16], 8, Precision::I8);
    for key in [0, 15, 63, 64, 141, 142, 148, 149] {
        let mut k = random.floats(150 * 16, 1e-20);
        k[key * 16 + 8..key * 16 + 16].fill(1e30);
        let mut cache = Cache::new(&shape, 150, Precision::I8, &k, &random.floats(150 * 16, 1.0));
        // The second head of the first query that sees the key.
        let query = key.saturating_sub(141);
        let expected = trap(TrapKind::Nan, query * 16 + 8);
        assert_eq!(check(shape, &mut cache, &q, Precision::I8), Err(expected), "key {key}");
    }
}

#[test]
fn weights_at_their_bound_over_many_keys_do_not_overflow() {
    // Equal scores give every key the largest weight, and every value's digit is the largest.
    let shape = shape(1, 2_500, [1, 1], 16, Mask::Full);
    let (k, v) = (vec![0.0; 2_500 * 16], vec![1.0; 2_500 * 16]);
    let mut cache = Cache::new(&shape, 2_500, Precision::I8, &k, &v);
    let q = Rows::new(&[1.0; 16], 16, Precision::I8);
    let out = check(shape, &mut cache, &q, Precision::I15).unwrap();
    assert!(out.iter().all(|x| (f32::from_bits(*x) - 1.0).abs() < 1e-3));
}

#[test]
fn values_that_are_all_zero_give_zeros() {
    let mut random = Random::new(32);
    let shape = shape(3, 6, [2, 1], 8, Mask::Causal);
    let mut cache = Cache::new(&shape, 6, Precision::I8, &random.floats(48, 1.0), &[0.0; 48]);
    let q = Rows::new(&random.floats(48, 1.0), 8, Precision::I8);
    assert_eq!(check(shape, &mut cache, &q, Precision::I8), Ok(vec![0; 48]));
}

#[test]
fn a_score_that_overflows_traps_at_the_first_row_that_sees_it() {
    let mut random = Random::new(33);
    let shape = shape(12, 12, [2, 1], 8, Mask::Causal);
    let mut k = random.floats(96, 1.0);
    k[7 * 8..8 * 8].fill(1e30);
    let mut q = random.floats(192, 1.0);
    q[15 * 8..24 * 8].fill(1e20);
    let mut cache = Cache::new(&shape, 12, Precision::I15, &k, &random.floats(96, 1.0));
    let q = Rows::new(&q, 8, Precision::I15);
    // Query 7 is the first to see key 7; of its heads the second asks with large numbers.
    assert_eq!(check(shape, &mut cache, &q, Precision::I8), Err(trap(TrapKind::Nan, 15 * 8)));
}

#[test]
fn a_scratch_that_is_too_short_is_refused_as_by_the_reference() {
    let mut random = Random::new(34);
    let shape = shape(2, 4, [1, 1], 4, Mask::Full);
    let mut cache = Cache::new(&shape, 4, Precision::I8, &random.floats(16, 1.0), &random.floats(16, 1.0));
    let q = Rows::new(&random.floats(8, 1.0), 4, Precision::I8);
    let kv = cache.op;
    let parts = cache.parts();
    let view = kv.view(&parts).unwrap();
    let op = Attn::new(shape, 1.0, Precision::I8).unwrap();
    let result =
        agree("Attn", |backend| backend.attn_forward(&op, &q.view(), &view, &mut [0.0; 3], &mut [0.0; 8]));
    assert!(matches!(result, Err(Error::Refused(_))));
}
