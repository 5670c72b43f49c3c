//! Keys and values on their way into the cache, against the reference.

mod random;

use assay_exact::{Error, KvAppend, KvCache, Precision, TrapKind};
use random::{agree, bits, poisoned, trap, Random, PRECISIONS};

const CAPACITY: usize = 41;

/// A cache that nothing has been written to.
struct Cache {
    planes: [Vec<i8>; 2],
    floats: [Vec<f32>; 3],
}

impl Cache {
    fn new(heads: usize, dim: usize, precisions: [Precision; 2]) -> Self {
        let rows = CAPACITY * heads;
        let planes = precisions.map(|precision| vec![77; precision.digits() * rows * dim]);
        Self { planes, floats: [(); 3].map(|()| poisoned(rows)) }
    }

    fn parts(&mut self) -> KvCache<'_> {
        let ([key_planes, value_planes], [key_scales, value_scales, value_logs]) =
            (&mut self.planes, &mut self.floats);
        KvCache { key_planes, key_scales, value_planes, value_scales, value_logs }
    }
}

/// How many tokens a cache holds, its digits, and its floats as bits.
type Held = (usize, [Vec<i8>; 2], Vec<u32>);

/// Appends at token `at` of an empty cache; gives the tokens and all that the cache holds then.
fn append(
    [heads, dim, at]: [usize; 3],
    precisions: [Precision; 2],
    k: &[f32],
    v: &[f32],
) -> Result<Held, Error> {
    let op = KvAppend::new(CAPACITY, heads, dim, precisions[0], precisions[1]).unwrap();
    agree("KvAppend", |backend| {
        let mut cache = Cache::new(heads, dim, precisions);
        let tokens = backend.kv_append_forward(&op, at, k, v, &mut cache.parts())?;
        Ok((tokens, cache.planes, bits(&cache.floats.concat())))
    })
}

#[test]
fn keys_and_values_are_those_of_the_reference_and_nothing_else_is_written() {
    let mut random = Random::new(41);
    for [heads, dim, at, tokens] in
        [[1, 1, 0, 1], [3, 16, 0, CAPACITY], [2, 33, 40, 1], [12, 32, 5, 30], [4, 7, 41, 0], [1, 100, 3, 17]]
    {
        let k = random.planted(tokens * heads, dim);
        let v = random.planted(tokens * heads, dim);
        for precisions in PRECISIONS.iter().flat_map(|keys| PRECISIONS.map(|values| [*keys, values])) {
            let (end, planes, _) = append([heads, dim, at], precisions, &k, &v).unwrap();
            assert_eq!(end, at + tokens);
            let untouched = planes[0].iter().filter(|digit| **digit == 77).count();
            let least = precisions[0].digits() * (CAPACITY - tokens) * heads * dim;
            assert!(untouched >= least, "{untouched} of at least {least} digits");
        }
    }
}

#[test]
fn the_first_bad_key_is_the_trap_and_then_the_first_bad_value() {
    let mut random = Random::new(42);
    let (heads, dim) = (2, 24);
    let good = random.floats(CAPACITY * heads * dim, 1.0);
    let (mut k, mut v) = (good.clone(), good.clone());
    (k[1_900], k[1_201], v[3]) = (f32::NAN, f32::NEG_INFINITY, f32::NAN);
    let run = |k: &[f32], v: &[f32]| append([heads, dim, 0], [Precision::I8; 2], k, v).map(drop);
    assert_eq!(run(&k, &v), Err(trap(TrapKind::Infinite, 1_201)));
    assert_eq!(run(&good, &v), Err(trap(TrapKind::Nan, 3)));
}

#[test]
fn what_does_not_fit_is_refused_as_by_the_reference() {
    let x = [1.0; 3 * 8];
    let run = |at: usize, k: &[f32], v: &[f32]| {
        let result = append([2, 4, at], [Precision::I15; 2], k, v);
        assert!(matches!(result, Err(Error::Refused(_))), "{result:?}");
    };
    run(CAPACITY - 2, &x, &x);
    run(usize::MAX, &x, &x);
    run(0, &x, &x[1..]);
    run(0, &x[..20], &x[..20]);
    let op = KvAppend::new(CAPACITY, 2, 4, Precision::I8, Precision::I8).unwrap();
    let short = agree("short cache", |backend| {
        let mut cache = Cache::new(2, 4, [Precision::I8; 2]);
        let mut parts = cache.parts();
        parts.value_logs = &mut [];
        backend.kv_append_forward(&op, 0, &x, &x, &mut parts)
    });
    assert!(matches!(short, Err(Error::Refused(_))));
}
