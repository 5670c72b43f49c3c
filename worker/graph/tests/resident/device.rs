//! A device whose memory is the host's, and whose operators are the reference's.

mod training;

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use assay_exact::{
    Error, KeysValues, KvCache, MeanPool, Precision, Quantised, QuantisedMut, Rope, RopeTable,
};
use assay_exec::resident::{
    Attention, Block, CacheRegions, Call, DeviceFault, Operator, Part, QuantisedRegions, Region, Resident,
    Source, Target, HASH_WORDS, LEAF_FLOATS, OFFSET_AT, PREFIX_WORDS, SHARE_WORDS, SUBTREE_LEAVES,
};
use assay_exec::Backend;

/// Counts the lists of calls that it gets, and goes wrong where it is told to.
#[derive(Debug)]
pub struct Device {
    /// Bytes.
    pub memory: u64,
    /// The list, counted from 0, that it fails in.
    pub fails_in: Option<usize>,
    /// The node at which it reports for no reason.
    pub lies_at: Option<u32>,
    /// Tokens of a pass that attention finds memory for.
    pub most_tokens: usize,
    runs: AtomicUsize,
    largest: AtomicUsize,
    brought: AtomicUsize,
    joins: AtomicUsize,
}

impl Device {
    pub fn new(memory: u64) -> Self {
        let [runs, largest, brought, joins] = [(); 4].map(|()| AtomicUsize::new(0));
        Self { memory, fails_in: None, lies_at: None, most_tokens: usize::MAX, runs, largest, brought, joins }
    }

    /// The same, but for what it does wrong.
    pub fn failing_in(self, list: usize) -> Self {
        Self { fails_in: Some(list), ..self }
    }

    /// The same, but for what it does wrong.
    pub fn lying_at(self, node: u32) -> Self {
        Self { lies_at: Some(node), ..self }
    }

    /// The same, but for what it has no memory for.
    pub fn with_room_for(self, tokens: usize) -> Self {
        Self { most_tokens: tokens, ..self }
    }

    /// Lists of calls so far.
    pub fn runs(&self) -> usize {
        self.runs.load(Ordering::Relaxed)
    }

    /// The most floats that it was asked for at a time.
    pub fn largest(&self) -> usize {
        self.largest.load(Ordering::Relaxed)
    }

    /// The floats that it was asked for in all.
    pub fn brought(&self) -> usize {
        self.brought.load(Ordering::Relaxed)
    }

    /// How often it joined leaves.
    pub fn joins(&self) -> usize {
        self.joins.load(Ordering::Relaxed)
    }
}

impl Backend for Device {
    fn name(&self) -> String {
        "device of the tests".into()
    }

    fn resident(&self) -> Option<&dyn Resident> {
        Some(self)
    }
}

impl Resident for Device {
    fn free(&self) -> Result<u64, DeviceFault> {
        Ok(self.memory)
    }

    /// Poisoned: every float of it is a NaN, and no id of it is one.
    fn block(&self, bytes: u64) -> Result<Box<dyn Block + '_>, DeviceFault> {
        assert!(bytes <= self.memory, "{bytes} bytes of {}", self.memory);
        Ok(Box::new(Memory { device: self, bytes: vec![0xFF; bytes as usize] }))
    }
}

struct Memory<'d> {
    device: &'d Device,
    bytes: Vec<u8>,
}

impl Block for Memory<'_> {
    fn upload(&mut self, start: u64, from: Source<'_>) -> Result<(), DeviceFault> {
        let bytes: Vec<u8> = match from {
            Source::I8(from) => from.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Source::U32(from) => from.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Source::F32(from) => from.iter().flat_map(|x| x.to_le_bytes()).collect(),
        };
        self.bytes[start as usize..][..bytes.len()].copy_from_slice(&bytes);
        Ok(())
    }

    fn download(&mut self, start: u64, to: Target<'_>) -> Result<(), DeviceFault> {
        match to {
            Target::I8(to) => to.copy_from_slice(&self.digits(&Region::new(start, to.len()))),
            Target::U32(to) => to.copy_from_slice(&self.ids(&Region::new(start, to.len()))),
            Target::F32(to) => {
                self.device.largest.fetch_max(to.len(), Ordering::Relaxed);
                self.device.brought.fetch_add(to.len(), Ordering::Relaxed);
                to.copy_from_slice(&self.floats(&Region::new(start, to.len())));
            }
        }
        Ok(())
    }

    fn run(&mut self, calls: &[Call<'_>]) -> Result<Option<u32>, DeviceFault> {
        let number = self.device.runs.fetch_add(1, Ordering::Relaxed);
        if self.device.fails_in == Some(number) {
            return Err(DeviceFault::Failed("the device fell off the bus".into()));
        }
        let (tokens, most) = (calls.iter().map(tokens).max().unwrap_or(0), self.device.most_tokens);
        if tokens > most {
            return Err(DeviceFault::Memory { needed: tokens as u64, free: most as u64 });
        }
        let mut reported: Option<u32> = None;
        for call in calls {
            let lies = self.device.lies_at == Some(call.node);
            match self.compute(&call.operator) {
                Err(Error::Refused(refused)) => return Err(refused.into()),
                Ok(()) if !lies => {}
                _ => reported = Some(reported.map_or(call.node, |node| node.min(call.node))),
            }
        }
        Ok(reported)
    }
}

/// Tokens that an attention has; none of another call.
fn tokens(call: &Call<'_>) -> usize {
    match &call.operator {
        Operator::Attention(attention) => attention.parts.iter().map(|part| part.tokens).sum(),
        _ => 0,
    }
}

/// A hash, little-endian.
fn to_words(hash: &[u8; 32]) -> Vec<u32> {
    hash.chunks(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())).collect()
}

/// The root over the leaves of a full tree.
fn top(mut nodes: Vec<[u8; 32]>) -> [u8; 32] {
    while nodes.len() > 1 {
        let join = |pair: &[[u8; 32]]| *blake3::hash(&[&[1], pair.as_flattened()].concat()).as_bytes();
        nodes = nodes.chunks(2).map(join).collect();
    }
    nodes[0]
}

/// Quantised rows, copied from the device.
struct Digits {
    planes: Vec<i8>,
    scales: Vec<f32>,
    depth: usize,
    precision: Precision,
}

impl Digits {
    fn empty(rows: usize, depth: usize, precision: Precision) -> Self {
        let planes = vec![0; precision.digits() * rows * depth];
        Self { planes, scales: vec![0.0; rows], depth, precision }
    }

    fn view(&self) -> Quantised<'_> {
        Quantised::new(&self.planes, &self.scales, self.depth, self.precision).unwrap()
    }
}

impl Memory<'_> {
    fn words(&self, start: u64, len: usize) -> impl Iterator<Item = [u8; 4]> + '_ {
        let bytes = &self.bytes[start as usize..][..4 * len];
        bytes.chunks_exact(4).map(|word| word.try_into().unwrap())
    }

    fn floats(&self, region: &Region<f32>) -> Vec<f32> {
        self.words(region.start(), region.len()).map(f32::from_le_bytes).collect()
    }

    fn ids(&self, region: &Region<u32>) -> Vec<u32> {
        self.words(region.start(), region.len()).map(u32::from_le_bytes).collect()
    }

    fn digits(&self, region: &Region<i8>) -> Vec<i8> {
        self.bytes[region.start() as usize..][..region.len()].iter().map(|byte| *byte as i8).collect()
    }

    fn quantised(&self, regions: &QuantisedRegions) -> Digits {
        let (planes, scales) = (self.digits(&regions.planes), self.floats(&regions.scales));
        assert_eq!(scales.len(), regions.rows);
        Digits { planes, scales, depth: regions.depth, precision: regions.precision }
    }

    fn put(&mut self, region: &Region<f32>, values: &[f32]) {
        assert_eq!(region.len(), values.len());
        self.upload(region.start(), Source::F32(values)).unwrap();
    }

    /// Writes what `op` makes of nothing but rubbish; also if it traps, as a device would.
    fn write(
        &mut self,
        region: &Region<f32>,
        op: impl FnOnce(&Self, &mut [f32]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut y = vec![f32::NAN; region.len()];
        let result = op(self, &mut y);
        self.put(region, &y);
        result
    }

    fn compute(&mut self, operator: &Operator<'_>) -> Result<(), Error> {
        match operator {
            Operator::Copy { from, to } => {
                let values = self.floats(from);
                self.put(to, &values);
                Ok(())
            }
            Operator::Add { op, a, b, y } => {
                self.write(y, |memory, y| op.forward(&memory.floats(a), &memory.floats(b), y))
            }
            Operator::Mul { op, a, b, y } => {
                self.write(y, |memory, y| op.forward(&memory.floats(a), &memory.floats(b), y))
            }
            Operator::SiluMul { op, x, u, y } => {
                self.write(y, |memory, y| op.forward(&memory.floats(x), &memory.floats(u), y))
            }
            Operator::Gelu { op, x, y } => self.write(y, |memory, y| op.forward(&memory.floats(x), y)),
            Operator::Tanh { op, x, y } => self.write(y, |memory, y| op.forward(&memory.floats(x), y)),
            Operator::L2Norm { op, x, y, divisor } => {
                let mut norms = vec![f32::NAN; divisor.len()];
                let result = self.write(y, |memory, y| op.forward(&memory.floats(x), y, &mut norms));
                self.put(divisor, &norms);
                result
            }
            Operator::RmsNorm { op, x, gamma, y, rstd } => {
                let mut stats = vec![f32::NAN; rstd.len()];
                let result = self.write(y, |memory, y| {
                    op.forward(&memory.floats(x), &memory.floats(gamma), y, &mut stats)
                });
                self.put(rstd, &stats);
                result
            }
            Operator::LayerNorm { op, x, gamma, beta, y, mean, rstd } => {
                let (mut means, mut stats) = (vec![f32::NAN; mean.len()], vec![f32::NAN; rstd.len()]);
                let result = self.write(y, |memory, y| {
                    let [x, gamma, beta] = [x, gamma, beta].map(|region| memory.floats(region));
                    op.forward(&x, &gamma, &beta, y, &mut means, &mut stats)
                });
                self.put(mean, &means);
                self.put(rstd, &stats);
                result
            }
            Operator::Linear { op, x, weight, bias, y } => {
                let mut room = Digits::empty(op.tokens(), op.inputs(), op.precision());
                self.write(y, |memory, y| {
                    let bias = bias.as_ref().map(|bias| memory.floats(bias));
                    let (weight, x) = (memory.quantised(weight), memory.floats(x));
                    let mut scratch = QuantisedMut { planes: &mut room.planes, scales: &mut room.scales };
                    op.forward(&x, &weight.view(), bias.as_deref(), &mut scratch, y)
                })
            }
            Operator::Embed { op, ids, table, y } => {
                self.write(y, |memory, y| op.forward(&memory.ids(ids), &memory.floats(table), y))
            }
            Operator::EmbedQuantised { op, ids, table, y } => self.write(y, |memory, y| {
                op.forward_quantised(&memory.ids(ids), &memory.quantised(table).view(), y)
            }),
            Operator::ArgMax { op, x, best } => {
                let mut tokens = vec![0; best.len()];
                let result = op.forward(&self.floats(x), &mut tokens);
                self.upload(best.start(), Source::U32(&tokens)).unwrap();
                result
            }
            Operator::Sample { op, x, draws, drawn } => {
                let (logits, words) =
                    (self.floats(x), self.ids(&Region::new(draws.start(), 2 * draws.len())));
                let mut scratch = vec![0; op.scratch()];
                let rows = logits.chunks(op.classes()).zip(words.chunks(2));
                let tokens: Vec<_> = rows
                    .map(|(row, draw)| {
                        op.forward(row, u64::from(draw[0]) | (u64::from(draw[1]) << 32), &mut scratch)
                    })
                    .collect();
                let classes: Vec<u32> = tokens.iter().map(|token| *token.as_ref().unwrap_or(&0)).collect();
                self.upload(drawn.start(), Source::U32(&classes)).unwrap();
                tokens.into_iter().try_for_each(|token| token.map(|_| ()))
            }
            Operator::Leaves { x, shares, bytes, most, hashes } => {
                for share in self.ids(shares).chunks_exact(SHARE_WORDS) {
                    let leaves = self.hash(x, share, *bytes, hashes);
                    assert!(leaves <= *most, "{leaves} leaves of {most}");
                }
                Ok(())
            }
            Operator::Subtrees { hashes, first, roots } => {
                self.device.joins.fetch_add(1, Ordering::Relaxed);
                self.join(hashes, first, roots);
                Ok(())
            }
            Operator::Last { cols, x, bounds, y } => {
                for (row, unit) in self.units(x, bounds, *cols).iter().enumerate() {
                    let values = self.floats(&unit.range(unit.len() - cols..unit.len()));
                    self.put(&y.range(row * cols..(row + 1) * cols), &values);
                }
                Ok(())
            }
            Operator::MeanPool { cols, x, bounds, y } => {
                for (row, unit) in self.units(x, bounds, *cols).iter().enumerate() {
                    let op = MeanPool::new(unit.len() / cols, *cols)?;
                    self.write(&y.range(row * cols..(row + 1) * cols), |memory, y| {
                        op.forward(&memory.floats(unit), y)
                    })?;
                }
                Ok(())
            }
            Operator::Rope { op, cos, sin, positions, x, y } => self.rotate(op, [cos, sin, x, y], positions),
            Operator::Attention(attention) => self.attend(attention),
            Operator::Gradient(gradient) => self.differentiate(gradient),
            Operator::Update(update) => self.update(update),
        }
    }

    /// Hashes the leaves of what one unit has of a point; gives how many there are.
    fn hash(&mut self, x: &Region<f32>, share: &[u32], bytes: usize, hashes: &Region<u32>) -> usize {
        let (prefix, share) = share.split_at(PREFIX_WORDS);
        assert_eq!([share[1], share[3]], [0, 0], "fewer floats than two words would be needed for");
        let [start, len, first] = [0, 2, 4].map(|at| share[at] as usize);
        let prefix: Vec<u8> = prefix.iter().flat_map(|word| word.to_le_bytes()).collect();
        let mut words = Vec::new();
        for (leaf, values) in self.floats(&x.range(start..start + len)).chunks(LEAF_FLOATS).enumerate() {
            let mut message = prefix[..bytes].to_vec();
            let offset = (4 * LEAF_FLOATS * leaf) as u64;
            message[OFFSET_AT..OFFSET_AT + 8].copy_from_slice(&offset.to_le_bytes());
            message.extend(values.iter().flat_map(|x| x.to_le_bytes()));
            words.extend(to_words(blake3::hash(&message).as_bytes()));
        }
        let start = first * HASH_WORDS;
        self.upload(hashes.range(start..start + words.len()).start(), Source::U32(&words)).unwrap();
        words.len() / HASH_WORDS
    }

    /// Joins full subtrees, and copies the leaves beside them. What no leaf and no root belongs to stays as it is.
    fn join(&mut self, hashes: &Region<u32>, first: &Region<u32>, roots: &Region<u32>) {
        let bytes: Vec<u8> = self.ids(hashes).iter().flat_map(|word| word.to_le_bytes()).collect();
        let leaves: Vec<[u8; 32]> = bytes.chunks(32).map(|hash| hash.try_into().unwrap()).collect();
        let first = self.ids(first)[0] as usize;
        assert!(first < SUBTREE_LEAVES);
        // The leaves of each subtree that the pass has leaves of, by its number.
        let mut subtrees: Vec<(usize, Vec<[u8; 32]>)> = Vec::new();
        for (index, leaf) in (first..).zip(leaves) {
            let number = index / SUBTREE_LEAVES;
            match subtrees.last_mut().filter(|(last, _)| *last == number) {
                Some((_, leaves)) => leaves.push(leaf),
                None => subtrees.push((number, vec![leaf])),
            }
        }
        let mut end = 2 * SUBTREE_LEAVES;
        for (number, leaves) in subtrees {
            let (at, hashes) = match leaves.len() {
                SUBTREE_LEAVES => (end, vec![top(leaves)]),
                _ if number == 0 && first > 0 => (0, leaves),
                _ => (SUBTREE_LEAVES, leaves),
            };
            end += usize::from(at == end);
            let words: Vec<u32> = hashes.iter().flat_map(to_words).collect();
            let to = roots.range(at * HASH_WORDS..at * HASH_WORDS + words.len());
            self.upload(to.start(), Source::U32(&words)).unwrap();
        }
    }

    /// The rows of each unit.
    fn units(&self, x: &Region<f32>, bounds: &Region<u32>, cols: usize) -> Vec<Region<f32>> {
        let bounds = self.ids(bounds);
        assert_eq!(bounds.last().map(|rows| *rows as usize * cols), Some(x.len()));
        bounds.windows(2).map(|rows| x.range(rows[0] as usize * cols..rows[1] as usize * cols)).collect()
    }

    /// Each token by itself.
    fn rotate(
        &mut self,
        op: &Rope,
        [cos, sin, x, y]: [&Region<f32>; 4],
        positions: &Region<u32>,
    ) -> Result<(), Error> {
        assert_eq!(positions.len(), op.tokens());
        let (one, width) = (Rope::new(1, op.heads(), op.dim())?, op.heads() * op.dim());
        self.write(y, |memory, y| {
            let [cos, sin, x] = [cos, sin, x].map(|region| memory.floats(region));
            let table = RopeTable { cos: &cos, sin: &sin };
            let mut rows = x.chunks(width).zip(y.chunks_mut(width)).zip(memory.ids(positions));
            rows.try_for_each(|((x, y), position)| one.forward(position as usize, &table, x, y))
        })
    }

    fn attend(&mut self, attention: &Attention<'_>) -> Result<(), Error> {
        let Attention { heads, kv_heads, dim, parts, .. } = *attention;
        attention.check_places()?;
        let firsts: Vec<u32> = self.ids(&attention.bounds);
        assert!(parts.iter().map(|part| part.first as u32).eq(firsts[..parts.len()].iter().copied()));
        for part in parts {
            self.check_words(attention, part);
            let capacity = attention.cache.map_or(part.tokens, |_| part.capacity);
            let (mut keys, mut values, mut logs) = match &attention.cache {
                Some(cache) => self.kept(cache, &part.kept(kv_heads)),
                None => {
                    let empty = |precision| Digits::empty(capacity * kv_heads, dim, precision);
                    (empty(attention.keys), empty(attention.values), vec![0.0; capacity * kv_heads])
                }
            };
            let [k, v] = [attention.k, attention.v].map(|it| self.floats(&part.of(&it, kv_heads * dim)));
            let mut cache = KvCache {
                key_planes: &mut keys.planes,
                key_scales: &mut keys.scales,
                value_planes: &mut values.planes,
                value_scales: &mut values.scales,
                value_logs: &mut logs,
            };
            let appended = attention.append(capacity)?.forward(part.start, &k, &v, &mut cache);
            if let Some(cache) = &attention.cache {
                self.keep(cache, &part.kept(kv_heads), [&keys, &values], &logs);
            }
            appended?;
            let q = self.floats(&part.of(&attention.q, heads * dim));
            let mut digits = Digits::empty(part.tokens * heads, dim, attention.keys);
            attention.queries(part.tokens)?.forward(&q, &mut digits.planes, &mut digits.scales)?;
            let cache = KeysValues { keys: keys.view(), values: values.view(), logs: &logs };
            let mut scores = vec![0.0; part.start + part.tokens];
            let op = attention.of(part)?;
            self.write(&part.of(&attention.y, heads * dim), |_, y| {
                op.forward(&digits.view(), &cache, &mut scores, y)
            })?;
        }
        Ok(())
    }

    /// Asserts that memory has the positions and the slots of a unit's tokens, which is where kernels read them.
    fn check_words(&self, attention: &Attention<'_>, part: &Part) {
        let tokens = part.first..part.first + part.tokens;
        let positions: Vec<u32> = (0..part.tokens).map(|token| (part.start + token) as u32).collect();
        assert_eq!(self.ids(&attention.positions.range(tokens.clone())), positions);
        if attention.cache.is_some() {
            assert_eq!(self.ids(&attention.slots.range(tokens)), vec![part.slot as u32; part.tokens]);
        }
    }

    /// Some rows of a cache: keys, values, and ln of the values' scales.
    fn kept(&self, cache: &CacheRegions, rows: &Range<usize>) -> (Digits, Digits, Vec<f32>) {
        let [keys, values] = [&cache.keys, &cache.values].map(|regions| {
            let digits = 0..regions.precision.digits();
            let planes = digits.flat_map(|digit| self.digits(&regions.plane(digit, rows))).collect();
            let scales = self.floats(&regions.scales.range(rows.clone()));
            Digits { planes, scales, depth: regions.depth, precision: regions.precision }
        });
        (keys, values, self.floats(&cache.logs.range(rows.clone())))
    }

    fn keep(&mut self, cache: &CacheRegions, rows: &Range<usize>, digits: [&Digits; 2], logs: &[f32]) {
        for (regions, digits) in [&cache.keys, &cache.values].into_iter().zip(digits) {
            for (digit, plane) in digits.planes.chunks(rows.len() * regions.depth).enumerate() {
                self.upload(regions.plane(digit, rows).start(), Source::I8(plane)).unwrap();
            }
            self.put(&regions.scales.range(rows.clone()), &digits.scales);
        }
        self.put(&cache.logs.range(rows.clone()), logs);
    }
}
