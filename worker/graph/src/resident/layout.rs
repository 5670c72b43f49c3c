//! Where everything that a job has on a device lies, in one block of the device's memory.

use std::collections::BTreeMap;

use assay_exact::{KvAppend, Precision, Refused};
use assay_exec::resident::{
    drawn_bytes, split_bytes, subtree_hashes, CacheRegions, DeviceFault, QuantisedRegions, Region,
    DIGITS_ALIGNMENT, HASH_WORDS, LEAF_FLOATS, SHARE_WORDS, SPLIT_BYTES,
};

use crate::graph::{Form, Graph, Node, Rows};
use crate::manifest::{Attention, Op};

/// Regions start at multiples of it, so that kernels may load vectors of any width.
const ALIGNMENT: u64 = 256;
/// Tokens of several units that one pass takes together at most. A device has enough to do with fewer.
const JOINED: usize = 1 << 14;
/// Most rows of a cache: devices count them in words of 32 bits.
const MOST_ROWS: u64 = u32::MAX as u64;
/// Most bytes of the trace points of several units that one pass takes together: the host holds them while it records.
const POINTS: usize = 256 << 20;
/// Most bytes of a pass' trace points whose leaves are hashed together in the end, as those of a decode of a hundred
/// sequences. Of a larger pass each point's are hashed when it is computed: they are enough to fill a device.
const TOGETHER: usize = 64 << 20;

/// What a job has on a device beside its weights.
#[derive(Debug)]
pub(crate) struct Needs {
    /// The tokens of its longest pass of one unit.
    pub longest: usize,
    /// Tokens that one pass could take if it joined all units.
    pub all: usize,
    /// How many units there are.
    pub units: usize,
    /// For each unit that takes several passes, the tokens that it may have in the end.
    pub capacities: Vec<usize>,
}

/// What the host gets of trace points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recorded {
    /// Nothing: they are not recorded.
    Nothing,
    /// The hashes of their leaves.
    Hashes,
    /// Their values, some of which may have to be opened.
    Values,
}

impl Needs {
    /// Of units that take one pass each.
    pub fn whole(units: &[&[u32]]) -> Self {
        let longest = units.iter().map(|ids| ids.len()).max().unwrap_or(0);
        let all = units.iter().map(|ids| ids.len()).sum();
        Self { longest, all, units: units.len(), capacities: Vec::new() }
    }

    /// Of prompts that are continued by up to `tokens` tokens.
    pub fn continued(prompts: &[&[u32]], tokens: usize) -> Self {
        let capacities = prompts.iter().map(|ids| ids.len() + tokens).collect();
        Self { capacities, ..Self::whole(prompts) }
    }
}

/// Where things lie.
#[derive(Debug)]
pub(super) struct Layout {
    /// Most tokens that a pass takes of several units together.
    pub joined: usize,
    /// f32 weights by name: of matrices only those that are tables.
    pub floats: BTreeMap<String, Region<f32>>,
    /// Quantised weights by name.
    pub digits: BTreeMap<String, QuantisedRegions>,
    /// The values of a pass, at the graph's places.
    pub values: Region<f32>,
    /// Trace points of a pass, one after another, until they are recorded: where their values are, or where they are
    /// hashed together.
    pub points: Region<f32>,
    /// What units have of them where their leaves are hashed, and one word: how many leaves come before the pass.
    pub shares: Region<u32>,
    /// The hashes of their leaves, unit by unit.
    pub hashes: Region<u32>,
    /// What the host gets of these: roots of subtrees, and leaves beside them.
    pub roots: Region<u32>,
    /// What norms write beside their values: two for each row.
    pub statistics: Region<f32>,
    /// Token ids of a pass.
    pub ids: Region<u32>,
    /// Their positions.
    pub positions: Region<u32>,
    /// The first row of each unit of a pass, and the number of all rows.
    pub bounds: Region<u32>,
    /// The slots of their units in the caches, if there are any.
    pub slots: Region<u32>,
    /// Tokens that were chosen: one for each unit of a pass.
    pub chosen: Region<u32>,
    /// The draws by which they are, where they are by chance.
    pub draws: Region<u64>,
    /// Of each attention the cache of all units that take several passes, if any does.
    pub caches: BTreeMap<usize, CacheRegions>,
    /// Each of these units' first place in them, in tokens.
    pub first_places: Vec<usize>,
    /// Bytes of the block.
    pub block: u64,
    /// Bytes that calls take for themselves.
    pub beside: u64,
}

/// A block that is being laid out.
pub(crate) struct Room {
    /// The byte behind all that lies in it.
    pub end: u64,
}

impl Room {
    /// Places elements, whatever they are, behind all others.
    pub fn take<T>(&mut self, len: usize) -> Region<T> {
        let start = self.end.checked_next_multiple_of(ALIGNMENT).unwrap_or(u64::MAX);
        self.end = start.saturating_add((len as u64).saturating_mul(size_of::<T>() as u64));
        Region::new(start, len)
    }

    /// Places quantised rows.
    pub fn quantised(&mut self, rows: usize, depth: usize, precision: Precision) -> QuantisedRegions {
        let len = precision.digits().saturating_mul(rows).saturating_mul(depth);
        QuantisedRegions { planes: self.take(len), scales: self.take(rows), rows, depth, precision }
    }

    fn cache(&mut self, node: &Node, attention: &Attention, capacity: usize) -> CacheRegions {
        let dim = node.cols / attention.heads as usize;
        let rows = capacity.saturating_mul(attention.kv_heads as usize);
        CacheRegions {
            capacity,
            keys: self.quantised(rows, dim, attention.keys),
            values: self.quantised(rows, dim, attention.values),
            logs: self.take(rows),
        }
    }
}

impl Layout {
    /// One that fits into `free` bytes, with passes that join as many units as pays. Refuses what does not fit if every
    /// pass takes one unit. What it refuses says nothing of the job, which another backend may run.
    pub fn fit(graph: &Graph, needs: &Needs, recorded: Recorded, free: u64) -> Result<Self, DeviceFault> {
        let least = match recorded {
            Recorded::Nothing => Self::new(graph, needs, recorded, needs.longest)?.bytes(),
            _ => Self::least(graph, needs)?,
        };
        let mut joined = needs.all.min(JOINED);
        if recorded == Recorded::Values {
            joined = joined.min(POINTS / 4 / points(graph, 1, 1).max(1));
        }
        joined = joined.max(needs.longest);
        loop {
            let layout = Self::new(graph, needs, recorded, joined)?;
            let needed = layout.bytes().max(least);
            if needed <= free {
                return Ok(layout);
            }
            if joined == needs.longest {
                return Err(DeviceFault::Memory { needed, free });
            }
            joined = (joined / 2).max(needs.longest);
        }
    }

    /// The bytes of one that takes the least memory, whether leaves are hashed or opened: who has run a job may have to
    /// open it.
    pub fn least(graph: &Graph, needs: &Needs) -> Result<u64, Refused> {
        let of = |recorded| Self::new(graph, needs, recorded, needs.longest);
        let bytes = |recorded| of(recorded).map(|layout| layout.bytes());
        Ok(bytes(Recorded::Hashes)?.max(bytes(Recorded::Values)?))
    }

    /// With passes of at most `joined` tokens.
    fn new(graph: &Graph, needs: &Needs, recorded: Recorded, joined: usize) -> Result<Self, Refused> {
        // Each unit of a pass has a token at least.
        let units = needs.units.min(joined);
        let mut room = Room { end: 0 };
        let (floats, digits) = weights(graph, &mut room);
        let values = room.take(graph.places.joined_floats(joined, units));
        let (mut points_len, mut shares_len, mut hashed) = (0, 0, 0);
        match recorded {
            Recorded::Nothing => {}
            Recorded::Hashes => {
                let shares = units.saturating_mul(graph.trace.len());
                shares_len = shares.saturating_mul(SHARE_WORDS).saturating_add(1);
                hashed = leaves(graph, joined, units);
                // Of one point they are hashed where its value is.
                if graph.trace.len() > 1 {
                    points_len = points(graph, joined, units).min(TOGETHER / 4);
                }
            }
            Recorded::Values => points_len = points(graph, joined, units),
        }
        let points = room.take(points_len);
        let shares = room.take(shares_len);
        // Few leaves come to the host as they are, and have no roots.
        let given = if hashed > subtree_hashes(hashed) { subtree_hashes(hashed) } else { 0 };
        let [hashes, roots] = [hashed, given].map(|count| room.take(count.saturating_mul(HASH_WORDS)));
        let statistics = room.take(joined.saturating_mul(2));
        let [ids, positions, chosen] = [joined, joined, units].map(|len| room.take(len));
        let bounds = room.take(units.saturating_add(1));
        let draws = room.take(units);
        let slots = room.take(if needs.capacities.is_empty() { 0 } else { joined });
        let (first_places, places) = places(&needs.capacities);
        let caches = caches(graph, &needs.capacities, places, &mut room)?;
        let (block, beside) = (room.end, beside(graph, needs, joined, units));
        Ok(Self {
            joined,
            floats,
            digits,
            values,
            points,
            shares,
            hashes,
            roots,
            statistics,
            ids,
            positions,
            bounds,
            slots,
            chosen,
            draws,
            caches,
            first_places,
            block,
            beside,
        })
    }

    /// Bytes of the device's memory that it takes.
    pub fn bytes(&self) -> u64 {
        self.block.saturating_add(self.beside)
    }
}

/// The first place of each unit of these capacities, one behind another, and how many places there are.
fn places(capacities: &[usize]) -> (Vec<usize>, usize) {
    let mut end: usize = 0;
    let first = |capacity: &usize| {
        let first = end;
        end = end.saturating_add(*capacity);
        first
    };
    let first_places = capacities.iter().map(first).collect();
    (first_places, end)
}

/// Lays out the caches of units of these capacities, which have so many places together. Refuses a capacity over the
/// contract's limit, and rows that are more than a device counts.
fn caches(
    graph: &Graph,
    capacities: &[usize],
    places: usize,
    room: &mut Room,
) -> Result<BTreeMap<usize, CacheRegions>, Refused> {
    let mut caches = BTreeMap::new();
    if capacities.is_empty() {
        return Ok(caches);
    }
    for (at, node) in graph.nodes.iter().enumerate() {
        let Op::Attention(attention) = &node.op else { continue };
        let (dim, kv_heads) = (node.cols / attention.heads as usize, attention.kv_heads as usize);
        for capacity in capacities {
            KvAppend::new(*capacity, kv_heads, dim, attention.keys, attention.values)?;
        }
        let rows = places.saturating_mul(kv_heads) as u64;
        if rows > MOST_ROWS {
            return Err(Refused::Limit { what: "rows of a cache", limit: MOST_ROWS, got: rows });
        }
        caches.insert(at, room.cache(node, attention, places));
    }
    Ok(caches)
}

type WeightRegions = (BTreeMap<String, Region<f32>>, BTreeMap<String, QuantisedRegions>);

/// Each weight once, in the form or the two forms in which nodes read it.
fn weights(graph: &Graph, room: &mut Room) -> WeightRegions {
    let (mut floats, mut digits) = (BTreeMap::new(), BTreeMap::new());
    for node in &graph.nodes {
        let mut float = |name: &str| {
            if !floats.contains_key(name) {
                let elements = shape(graph, name).iter().product();
                floats.insert(name.to_string(), room.take(elements));
            }
        };
        let matrix = match &node.op {
            Op::Linear { bias, precision, weight } => {
                bias.iter().for_each(|bias| float(bias));
                Some((weight, *precision))
            }
            Op::Embed { table, .. } => match quantised(graph, table) {
                Some(precision) => Some((table, precision)),
                None => {
                    float(table);
                    None
                }
            },
            Op::LayerNorm { beta, gamma, .. } => {
                float(gamma);
                float(beta);
                None
            }
            Op::RmsNorm { gamma, .. } => {
                float(gamma);
                None
            }
            Op::Rope { table, .. } => {
                ["cos", "sin"].iter().for_each(|part| float(&format!("{table}.{part}")));
                None
            }
            Op::Add | Op::Mul | Op::SiluMul | Op::Gelu | Op::Tanh | Op::Last | Op::MeanPool => None,
            Op::L2Norm { .. } | Op::Attention(_) => None,
        };
        let Some((name, made)) = matrix else { continue };
        if let ([rows, depth], false) = (shape(graph, name), digits.contains_key(name)) {
            let precision = quantised(graph, name).unwrap_or(made);
            digits.insert(name.clone(), room.quantised(*rows, *depth, precision));
        }
    }
    (floats, digits)
}

fn shape<'g>(graph: &'g Graph, name: &str) -> &'g [usize] {
    graph.weights.get(name).map_or(&[], |weight| &weight.shape)
}

/// The precision of a weight that is published in digits.
fn quantised(graph: &Graph, name: &str) -> Option<Precision> {
    match graph.weights.get(name).map(|weight| weight.form) {
        Some(Form::Quantised(precision)) => Some(precision),
        _ => None,
    }
}

/// Floats of the trace points of a pass.
fn points(graph: &Graph, tokens: usize, units: usize) -> usize {
    let floats = graph.trace.iter().map(|at| {
        let node = &graph.nodes[*at];
        rows(node, tokens, units).saturating_mul(node.cols)
    });
    floats.fold(0, usize::saturating_add)
}

/// Leaves of the trace points of a pass at most: the last of each unit's is short.
fn leaves(graph: &Graph, tokens: usize, units: usize) -> usize {
    let short = units.saturating_mul(graph.trace.len());
    (points(graph, tokens, units) / LEAF_FLOATS).saturating_add(short)
}

/// Rows of a node's value in a pass that joins units.
pub(crate) fn rows(node: &Node, tokens: usize, units: usize) -> usize {
    match node.rows {
        Rows::Tokens => tokens,
        Rows::One => units,
    }
}

/// Bytes that the call of one node takes for itself at most, in a pass over `tokens` tokens of `units` units. A device has
/// one call at a time.
pub(crate) fn beside(graph: &Graph, needs: &Needs, tokens: usize, units: usize) -> u64 {
    let call = |node: &Node| match &node.op {
        Op::Linear { precision, weight, .. } => linear(graph, node, weight, *precision, tokens),
        Op::Attention(attention) => attend(node, attention, needs, [tokens, units]),
        // The largest of each column and its sum.
        Op::MeanPool => 12 * node.cols as u64,
        _ => 0,
    };
    // The likeliest token of each unit is found by numbers of eight bytes; what is continued may be by chance.
    let drawn = if needs.capacities.is_empty() { 0 } else { drawn_bytes(units, graph.vocabulary) };
    graph.nodes.iter().map(call).fold(drawn.max(8 * tokens as u64), u64::max)
}

/// Rows in digits, with their scales.
pub(crate) fn quantised_bytes(rows: u64, depth: u64, precision: Precision) -> u64 {
    rows.saturating_mul(depth.saturating_mul(precision.digits() as u64).saturating_add(4))
}

/// What a linear node takes: its weights are there.
fn linear(graph: &Graph, node: &Node, weight: &str, precision: Precision, tokens: usize) -> u64 {
    let depth = shape(graph, weight).get(1).copied().unwrap_or(0);
    let weights = quantised(graph, weight).unwrap_or(precision);
    let digits = quantised_bytes(tokens as u64, depth as u64, precision);
    digits.saturating_add(product([tokens, node.cols], depth, [precision, weights]))
}

/// What a product of vectors of `depth` takes beside them: both operands once more where their rows have to be padded, and
/// sums of four bytes for each weight that a pair of digits has.
pub(crate) fn product([rows, cols]: [usize; 2], depth: usize, precisions: [Precision; 2]) -> u64 {
    let padded = depth.checked_next_multiple_of(DIGITS_ALIGNMENT).unwrap_or(usize::MAX);
    let of_both: usize = precisions.iter().map(|precision| precision.digits()).sum();
    let mut bytes = (rows as u64).saturating_mul(cols as u64).saturating_mul(4 * of_both as u64);
    if padded != depth {
        for (rows, precision) in [rows, cols].into_iter().zip(precisions) {
            bytes = bytes.saturating_add(quantised_bytes(rows as u64, padded as u64, precision));
        }
    }
    bytes
}

/// The digits of queries, keys and values that no cache keeps, and what splits of the keys take: of the queries of one
/// unit, or of one query of each unit of a decode, at most.
fn attend(node: &Node, attention: &Attention, needs: &Needs, [tokens, units]: [usize; 2]) -> u64 {
    let (heads, kv_heads) = (attention.heads as usize, attention.kv_heads as usize);
    let dim = node.cols / heads;
    let rows = |heads: usize| (tokens as u64).saturating_mul(heads as u64);
    let q = quantised_bytes(rows(heads), dim as u64, attention.keys);
    let keys = needs.capacities.iter().copied().fold(needs.longest, usize::max);
    let each = split_bytes(heads, keys, dim, attention.values);
    let splits = |queries: usize| each.saturating_mul(queries as u64).min(each.max(SPLIT_BYTES));
    if !needs.capacities.is_empty() {
        return q.saturating_add(splits(needs.longest.max(units)));
    }
    let own = [attention.keys, attention.values].map(|it| quantised_bytes(rows(kv_heads), dim as u64, it));
    let logs = rows(kv_heads).saturating_mul(4);
    own.into_iter().chain([logs, splits(needs.longest)]).fold(q, u64::saturating_add)
}
