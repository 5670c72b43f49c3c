//! Attention of several units over one cache, as passes in the device's memory ask for it: each unit's rows, nothing of
//! its neighbours.

use assay_exact::{Attn, Mask, Precision, Refused};
use assay_exec::resident::{
    Attention, Block, CacheRegions, Call, DeviceFault, Operator, Part, QuantisedRegions, Region, Resident,
    Source, Target,
};

use super::attention::{expected, shape, Cache};
use super::{bits, cpu, on_each_path, Random, Room, Rows};
use crate::backend::{Cuda, Placement};
use crate::device::GemmPath;
use crate::host;

/// A unit in a pass.
#[derive(Clone, Copy)]
struct Unit {
    capacity: usize,
    before: usize,
    tokens: usize,
}

const fn unit(capacity: usize, before: usize, tokens: usize) -> Unit {
    Unit { capacity, before, tokens }
}

/// Units of a decode: one whose first token this is, some that fill their capacity, and so many tokens that splits of
/// the largest are beyond the keys of others.
const DECODE: [Unit; 5] =
    [unit(5, 0, 1), unit(300, 299, 1), unit(700, 130, 1), unit(1, 0, 1), unit(140, 127, 1)];
/// A prefill, and units that go on: by tiles where the heads have a size of these, and by splits.
const PREFILL: [Unit; 5] = [unit(5, 0, 5), unit(80, 0, 40), unit(9, 3, 1), unit(200, 100, 33), unit(4, 0, 3)];

/// What an attention is told of a model.
#[derive(Clone, Copy)]
struct Model {
    heads: usize,
    kv_heads: usize,
    dim: usize,
    mask: Mask,
    keys: Precision,
    values: Precision,
}

impl Model {
    fn all() -> impl Iterator<Item = Self> {
        let heads = [[4, 2, 16], [3, 3, 17], [2, 1, 32], [20, 1, 8]];
        let precisions = [[Precision::I8; 2], [Precision::I15; 2], [Precision::I15, Precision::I8]];
        let masks = [Mask::Causal, Mask::Full];
        let with = move |[heads, kv_heads, dim]: [usize; 3]| {
            let of =
                move |mask, [keys, values]: [Precision; 2]| Self { heads, kv_heads, dim, mask, keys, values };
            masks.into_iter().flat_map(move |mask| precisions.map(|precisions| of(mask, precisions)))
        };
        heads.into_iter().flat_map(with)
    }
}

/// What the reference makes of a unit, alone in a cache of its own.
struct Alone {
    q: Vec<f32>,
    k: Vec<f32>,
    v: Vec<f32>,
    before: Cache,
    after: Cache,
    y: Vec<u32>,
}

impl Alone {
    fn new(model: &Model, unit: &Unit, random: &mut Random) -> Self {
        let Model { heads, kv_heads, dim, mask, keys, values } = *model;
        let (all, width) = (unit.before + unit.tokens, kv_heads * dim);
        let [k, v] = [(); 2].map(|()| random.floats(all * width, 1.0));
        let q = random.floats(unit.tokens * heads * dim, 1.0);
        let mut cache = Cache::empty([unit.capacity, kv_heads, dim], [keys, values]);
        cache.floats.iter_mut().for_each(|floats| floats.fill(0.5));
        let (op, new) = (cache.op, unit.before * width);
        if new > 0 {
            op.forward(0, &k[..new], &v[..new], &mut cache.parts()).unwrap();
        }
        let before = cache.clone();
        op.forward(unit.before, &k[new..], &v[new..], &mut cache.parts()).unwrap();
        let attn = shape(unit.tokens, all, [heads, kv_heads], dim, mask);
        let attn = Attn::new(attn, 0.3, Precision::I15).unwrap();
        let y = expected(&attn, &Rows::new(&q, dim, keys), &mut cache);
        Self { q, k: k[new..].to_vec(), v: v[new..].to_vec(), before, after: cache, y }
    }
}

/// The cache of all units. What no token of theirs has is extreme digits and NaN.
struct Whole {
    rows: usize,
    dim: usize,
    planes: [Vec<i8>; 2],
    floats: [Vec<f32>; 3],
}

impl Whole {
    fn poisoned(places: usize, model: &Model) -> Self {
        let (rows, dim) = (places * model.kv_heads, model.dim);
        let planes = [model.keys, model.values].map(|it| vec![-128; it.digits() * rows * dim]);
        Self { rows, dim, planes, floats: [(); 3].map(|()| vec![f32::NAN; rows]) }
    }

    /// Writes the first tokens of a unit's own cache.
    fn put(&mut self, cache: &Cache, slot: usize, tokens: usize) {
        let [first, rows, own] = [slot, tokens, cache.op.capacity()].map(|tokens| tokens * cache.op.heads());
        for (to, from) in self.planes.iter_mut().zip(&cache.planes) {
            for (digit, from) in from.chunks(own * self.dim).enumerate() {
                let to = &mut to[(digit * self.rows + first) * self.dim..][..rows * self.dim];
                to.copy_from_slice(&from[..rows * self.dim]);
            }
        }
        for (to, from) in self.floats.iter_mut().zip(&cache.floats) {
            to[first..first + rows].copy_from_slice(&from[..rows]);
        }
    }
}

impl Room {
    fn quantised(&mut self, rows: usize, depth: usize, precision: Precision) -> QuantisedRegions {
        let planes = self.take(precision.digits() * rows * depth);
        QuantisedRegions { planes, scales: self.take(rows), rows, depth, precision }
    }
}

/// A pass: what it has, what it shall come to, and where that lies.
struct Pass {
    parts: Vec<Part>,
    q: Vec<f32>,
    k: Vec<f32>,
    v: Vec<f32>,
    before: Whole,
    after: Whole,
    y: Vec<u32>,
    attention: Attention<'static>,
    bytes: u64,
}

impl Pass {
    fn new(model: &Model, units: &[Unit], random: &mut Random) -> Self {
        // A place that no unit has lies before each, and behind the last one.
        let places = units.iter().map(|unit| unit.capacity + 1).sum::<usize>() + 1;
        let [mut before, mut after] = [(); 2].map(|()| Whole::poisoned(places, model));
        let (mut parts, mut first, mut slot) = (Vec::new(), 0, 1);
        let [mut q, mut k, mut v] = [(); 3].map(|()| Vec::new());
        let mut y = Vec::new();
        for unit in units {
            let Unit { capacity, before: start, tokens } = *unit;
            let alone = Alone::new(model, unit, random);
            parts.push(Part { first, tokens, start, slot, capacity });
            before.put(&alone.before, slot, start);
            after.put(&alone.after, slot, start + tokens);
            q.extend(alone.q);
            k.extend(alone.k);
            v.extend(alone.v);
            y.extend(alone.y);
            (first, slot) = (first + tokens, slot + capacity + 1);
        }
        let mut room = Room::default();
        let attention = attention(model, &mut room, first, places);
        Self { parts, q, k, v, before, after, y, attention, bytes: room.0 }
    }

    fn attention(&self) -> Attention<'_> {
        Attention { parts: &self.parts, ..self.attention }
    }

    fn cache(&self) -> CacheRegions {
        self.attention.cache.unwrap()
    }

    /// A block that has all that the pass reads.
    fn start<'c>(&self, cuda: &'c Cuda) -> Box<dyn Block + 'c> {
        let (mut block, Attention { q, k, v, positions, slots, .. }) =
            (Resident::block(cuda, self.bytes).unwrap(), self.attention);
        for (region, floats) in [(q, &self.q), (k, &self.k), (v, &self.v)] {
            block.upload(region.start(), Source::F32(floats)).unwrap();
        }
        let words = |of: &dyn Fn(&Part, usize) -> usize| -> Vec<u32> {
            let parts = self.parts.iter();
            parts.flat_map(|part| (0..part.tokens).map(move |token| of(part, token) as u32)).collect()
        };
        let each = words(&|part, token| part.start + token);
        block.upload(positions.start(), Source::U32(&each)).unwrap();
        block.upload(slots.start(), Source::U32(&words(&|part, _| part.slot))).unwrap();
        let (planes, floats) = regions(&self.cache());
        for (region, digits) in planes.iter().zip(&self.before.planes) {
            block.upload(region.start(), Source::I8(digits)).unwrap();
        }
        for (region, floats) in floats.iter().zip(&self.before.floats) {
            block.upload(region.start(), Source::F32(floats)).unwrap();
        }
        block
    }

    /// Runs it; gives the node that reported.
    fn run(&self, block: &mut dyn Block) -> Result<Option<u32>, DeviceFault> {
        let poison = vec![f32::NAN; self.y.len()];
        block.upload(self.attention.y.start(), Source::F32(&poison)).unwrap();
        block.run(&[Call { node: 3, operator: Operator::Attention(self.attention()) }])
    }

    /// Asserts that the block has what the reference has.
    fn check(&self, block: &mut dyn Block, what: &str) {
        assert!(floats(block, &self.attention.y) == self.y, "{what}");
        let (planes, rest) = regions(&self.cache());
        for (region, expected) in planes.iter().zip(&self.after.planes) {
            let mut digits = vec![0; region.len()];
            block.download(region.start(), Target::I8(&mut digits)).unwrap();
            assert!(digits == *expected, "digits of the cache, {what}");
        }
        for (region, expected) in rest.iter().zip(&self.after.floats) {
            assert!(floats(block, region) == bits(expected), "scales of the cache, {what}");
        }
    }
}

/// The bits of floats in a block.
fn floats(block: &mut dyn Block, region: &Region<f32>) -> Vec<u32> {
    let mut floats = vec![0.0; region.len()];
    block.download(region.start(), Target::F32(&mut floats)).unwrap();
    bits(&floats)
}

/// Digits and floats of a cache, in the order of [`Cache`].
fn regions(cache: &CacheRegions) -> ([Region<i8>; 2], [Region<f32>; 3]) {
    let CacheRegions { keys, values, logs, .. } = *cache;
    ([keys.planes, values.planes], [keys.scales, values.scales, logs])
}

/// Of no parts yet.
fn attention(model: &Model, room: &mut Room, tokens: usize, places: usize) -> Attention<'static> {
    let Model { heads, kv_heads, dim, mask, keys, values } = *model;
    let rows = places * kv_heads;
    let cache = CacheRegions {
        capacity: places,
        keys: room.quantised(rows, dim, keys),
        values: room.quantised(rows, dim, values),
        logs: room.take(rows),
    };
    let [positions, slots] = [(); 2].map(|()| room.take(tokens));
    let [q, y] = [(); 2].map(|()| room.take(tokens * heads * dim));
    let [k, v] = [(); 2].map(|()| room.take(tokens * kv_heads * dim));
    Attention {
        heads,
        kv_heads,
        dim,
        mask,
        scale: 0.3,
        keys,
        values,
        weights: Precision::I15,
        positions,
        // Read only where there is no cache.
        bounds: Region::new(0, 0),
        slots,
        q,
        k,
        v,
        y,
        parts: &[],
        cache: Some(cache),
    }
}

#[test]
fn units_of_a_decode_see_their_own_keys_only_at_every_start() {
    let mut random = Random::new(170);
    for model in Model::all() {
        let pass = Pass::new(&model, &DECODE, &mut random);
        let what = format!("{} heads of {}, {:?}, {:?}", model.heads, model.dim, model.mask, model.values);
        on_each_path(|cuda| {
            let mut block = pass.start(cuda);
            // Launched, recorded, and started as it was recorded.
            for _ in 0..3 {
                assert_eq!(pass.run(block.as_mut()).unwrap(), None, "{what}");
                pass.check(block.as_mut(), &what);
            }
        });
    }
}

#[test]
fn units_of_a_prefill_see_their_own_keys_only() {
    let mut random = Random::new(171);
    for model in Model::all() {
        let pass = Pass::new(&model, &PREFILL, &mut random);
        let what = format!("{} heads of {}, {:?}, {:?}", model.heads, model.dim, model.mask, model.values);
        on_each_path(|cuda| {
            let mut block = pass.start(cuda);
            assert_eq!(pass.run(block.as_mut()).unwrap(), None, "{what}");
            pass.check(block.as_mut(), &what);
        });
    }
}

const SMALL: Model =
    Model { heads: 4, kv_heads: 2, dim: 16, mask: Mask::Causal, keys: Precision::I8, values: Precision::I15 };

#[test]
fn what_one_unit_traps_on_is_reported() {
    let mut pass = Pass::new(&SMALL, &DECODE, &mut Random::new(172));
    let last = pass.v.len() - 1;
    pass.v[last] = f32::NAN;
    on_each_path(|cuda| assert_eq!(pass.run(pass.start(cuda).as_mut()).unwrap(), Some(3)));
}

#[test]
fn tokens_without_a_place_of_their_own_are_refused_and_not_written() {
    let mut pass = Pass::new(&SMALL, &DECODE, &mut Random::new(173));
    on_each_path(|cuda| {
        let mut block = pass.start(cuda);
        // What was recorded is not started either.
        for _ in 0..2 {
            assert_eq!(pass.run(block.as_mut()).unwrap(), None);
        }
        let mut beyond = pass.parts.clone();
        beyond[1].start += 1;
        let operator = Operator::Attention(Attention { parts: &beyond, ..pass.attention });
        let refused = block.run(&[Call { node: 3, operator }]);
        assert!(matches!(refused, Err(DeviceFault::Refused(Refused::Limit { limit: 300, got: 301, .. }))));
        pass.check(block.as_mut(), "after a refusal");
    });
    let places = pass.cache().capacity;
    pass.parts[4].slot = places - 139;
    on_each_path(|cuda| {
        let refused = pass.run(pass.start(cuda).as_mut());
        assert!(matches!(refused, Err(DeviceFault::Refused(Refused::Limit { .. }))));
    });
}

// By this machine's processor alone: a device does not count.
#[test]
fn a_decode_takes_as_many_launches_whatever_units_it_joins() {
    if super::on_device() {
        return;
    }
    let (gpu, host) = host::gpu(GemmPath::Dp4a);
    let cuda = Cuda::on(gpu, cpu(), Placement::Device);
    for units in [&DECODE[1..2], &DECODE[..2], &DECODE[..]] {
        let pass = Pass::new(&SMALL, units, &mut Random::new(174));
        let (mut block, before) = (pass.start(&cuda), host.launches());
        assert_eq!(pass.run(block.as_mut()).unwrap(), None);
        // Queries, keys and values, and three of attention.
        assert_eq!(host.launches() - before, 5, "{} units", units.len());
        pass.check(block.as_mut(), "counted");
    }
}
