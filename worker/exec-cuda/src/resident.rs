//! Passes that run wholly in the device's memory: each call is a launch or a few, and the host waits once, for all.
//!
//! Rows lie together whatever unit they belong to, so those of a joined pass are quantised at once, and keys and values
//! of all units are in one cache.
//!
//! A decode's pass of one token for each unit is launched once, recorded the second time, and from then on started as it
//! was recorded, until there is another one; likewise the units of a training, whatever updates come between them. A
//! training's operators are in `training`.

mod step;
mod training;

use assay_exact::{MeanPool, Precision, Refused};
use assay_exec::resident::{
    Attention, Block, CacheRegions, Call, DeviceFault, Operator, Part, QuantisedRegions, Region, Resident,
    Source, Target,
};

use crate::backend::{locked, Cuda};
use crate::error::Fault;
use crate::gpu::{Gpu, Recording, Scratch};
use crate::held::{HeldDigits, HeldKeysValues};
use crate::launch::{self, First, RopeSpans, UnitSpans};
use crate::span::{CacheSpans, Digits, KeysValuesSpans, Span};
use step::Step;

type Done = Result<(), Fault>;

/// Bytes of a device that no job is given: code of kernels that are loaded while it runs and their stacks, what a library may
/// use, and what the driver rounds up.
pub(crate) const RESERVE: u64 = 256 << 20;

impl From<Fault> for DeviceFault {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::OutOfMemory { needed, free, .. } => Self::Memory { needed, free },
            Fault::Refused(refused) => Self::Refused(refused),
            other => Self::Failed(Box::new(other)),
        }
    }
}

impl Resident for Cuda {
    fn free(&self) -> Result<u64, DeviceFault> {
        Ok(self.gpu.room()?.free.saturating_sub(RESERVE))
    }

    fn block(&self, bytes: u64) -> Result<Box<dyn Block + '_>, DeviceFault> {
        let len = usize::try_from(bytes).map_err(|_| Refused::Overflow("memory of the device"))?;
        Ok(Box::new(Memory { cuda: self, last: None, bytes: self.gpu.scratch(len)? }))
    }
}

/// A block of the device's memory.
struct Memory<'g> {
    cuda: &'g Cuda,
    /// What the last list was, if it was a pass of a decode or a unit of a training.
    last: Option<Last<'g>>,
    bytes: Scratch<u8>,
}

/// A list that may come again, and how it is started again.
struct Last<'g> {
    step: Step,
    again: Again<'g>,
}

enum Again<'g> {
    /// It was launched once.
    Record,
    Recorded(Box<dyn Recording + 'g>),
    /// It can't be recorded.
    Launch,
}

impl Block for Memory<'_> {
    fn upload(&mut self, start: u64, from: Source<'_>) -> Result<(), DeviceFault> {
        let _turn = locked(&self.cuda.turn);
        let gpu = &self.cuda.gpu;
        Ok(match from {
            Source::I8(from) => gpu.upload(from, self.at(&Region::new(start, from.len()))?),
            Source::U32(from) => gpu.upload(from, self.at(&Region::new(start, from.len()))?),
            Source::F32(from) => gpu.upload(from, self.at(&Region::new(start, from.len()))?),
        }?)
    }

    fn download(&mut self, start: u64, to: Target<'_>) -> Result<(), DeviceFault> {
        let _turn = locked(&self.cuda.turn);
        let gpu = &self.cuda.gpu;
        Ok(match to {
            Target::I8(to) => gpu.download(self.at(&Region::new(start, to.len()))?, to),
            Target::U32(to) => gpu.download(self.at(&Region::new(start, to.len()))?, to),
            Target::F32(to) => gpu.download(self.at(&Region::new(start, to.len()))?, to),
        }?)
    }

    fn run(&mut self, calls: &[Call<'_>]) -> Result<Option<u32>, DeviceFault> {
        let cuda = self.cuda;
        let _turn = locked(&cuda.turn);
        cuda.gpu.clear_fault_word()?;
        self.start(calls)?;
        Ok(cuda.gpu.reported()?)
    }
}

/// Room for rows of keys and of values that one call has, a row for each (token, key-value head).
fn room_for_cache(
    gpu: &Gpu,
    [rows, dim]: [usize; 2],
    [keys, values]: [Precision; 2],
) -> Result<HeldKeysValues, Fault> {
    Ok(HeldKeysValues {
        keys: HeldDigits::new(gpu, rows, dim, keys)?,
        values: HeldDigits::new(gpu, rows, dim, values)?,
        logs: gpu.scratch(rows)?,
    })
}

/// The same for an attention over the tokens of its own pass.
fn room_for_pass(gpu: &Gpu, attention: &Attention<'_>, tokens: usize) -> Result<HeldKeysValues, Fault> {
    let Attention { kv_heads, dim, keys, values, .. } = *attention;
    room_for_cache(gpu, [tokens * kv_heads, dim], [keys, values])
}

/// A cache as it is written.
fn written(cache: KeysValuesSpans) -> CacheSpans {
    CacheSpans {
        key_planes: cache.keys.planes,
        key_scales: cache.keys.scales,
        value_planes: cache.values.planes,
        value_scales: cache.values.scales,
        value_logs: cache.logs,
    }
}

/// Refuses tokens that would be written over another unit's. It is asked at every start, also of what is recorded:
/// kernels read the positions, and know the end of the whole cache alone.
fn check_places(calls: &[Call<'_>]) -> Result<(), Refused> {
    calls.iter().try_for_each(|call| match &call.operator {
        Operator::Attention(attention) => attention.check_places(),
        _ => Ok(()),
    })
}

impl<'g> Memory<'g> {
    /// Starts a list of calls, in one go if it is the one before. Updates of a training don't count: the next step's
    /// units are those of the last one.
    fn start(&mut self, calls: &[Call<'_>]) -> Done {
        if calls.iter().all(|call| matches!(call.operator, Operator::Update(_))) {
            return self.launch_all(calls);
        }
        check_places(calls)?;
        let step = Step::of(calls);
        // What was recorded of another list is given up before this one takes memory.
        let again = match self.last.take().filter(|last| Some(&last.step) == step.as_ref()) {
            Some(last) => self.start_again(calls, last.again)?,
            None => {
                self.launch_all(calls)?;
                Again::Record
            }
        };
        self.last = step.map(|step| Last { step, again });
        Ok(())
    }

    /// Starts the pass that was the last one; gives how it is started the next time.
    fn start_again(&self, calls: &[Call<'_>], again: Again<'g>) -> Result<Again<'g>, Fault> {
        let gpu: &'g Gpu = &self.cuda.gpu;
        let again = match again {
            Again::Record => gpu.record(|| self.launch_all(calls))?.map_or(Again::Launch, Again::Recorded),
            again => again,
        };
        match &again {
            Again::Recorded(recording) => recording.start()?,
            _ => self.launch_all(calls)?,
        }
        Ok(again)
    }
}

impl Memory<'_> {
    fn launch_all(&self, calls: &[Call<'_>]) -> Done {
        calls.iter().try_for_each(|call| self.launch(call.node, &call.operator))
    }

    /// Where a region is. Refuses one that is not in the block.
    fn at<T>(&self, region: &Region<T>) -> Result<Span<T>, Fault> {
        let (block, size) = (self.bytes.span(), size_of::<T>() as u64);
        let refused = || Refused::Length {
            what: "block of the device's memory",
            expected: region.start().saturating_add((region.len() as u64).saturating_mul(size)),
            got: block.len() as u64,
        };
        let end = (region.len() as u64).checked_mul(size).and_then(|bytes| bytes.checked_add(region.start()));
        match end {
            Some(end) if end <= block.len() as u64 => {
                Ok(Span::new(block.address() + region.start(), region.len()))
            }
            _ => Err(refused().into()),
        }
    }

    fn all<T, const N: usize>(&self, regions: [&Region<T>; N]) -> Result<[Span<T>; N], Fault> {
        let mut spans = [Span::new(0, 0); N];
        for (span, region) in spans.iter_mut().zip(regions) {
            *span = self.at(region)?;
        }
        Ok(spans)
    }

    fn digits(&self, regions: &QuantisedRegions) -> Result<Digits, Fault> {
        let QuantisedRegions { rows, depth, precision, .. } = *regions;
        Ok(Digits {
            planes: self.at(&regions.planes)?,
            scales: self.at(&regions.scales)?,
            rows,
            depth,
            precision,
        })
    }

    fn keys_values(&self, cache: &CacheRegions) -> Result<KeysValuesSpans, Fault> {
        Ok(KeysValuesSpans {
            keys: self.digits(&cache.keys)?,
            values: self.digits(&cache.values)?,
            logs: self.at(&cache.logs)?,
        })
    }

    fn launch(&self, node: u32, operator: &Operator<'_>) -> Done {
        let gpu = &self.cuda.gpu;
        match operator {
            Operator::Copy { from, to } => gpu.copy(self.at(from)?, self.at(to)?),
            Operator::Add { op, a, b, y } => {
                let [a, b, y] = self.all([a, b, y])?;
                launch::add_forward(gpu, node, op, a, b, y)
            }
            Operator::Mul { op, a, b, y } => {
                let [a, b, y] = self.all([a, b, y])?;
                launch::mul_forward(gpu, node, op, a, b, y)
            }
            Operator::SiluMul { op, x, u, y } => {
                let [x, u, y] = self.all([x, u, y])?;
                launch::silu_mul_forward(gpu, node, op, x, u, y)
            }
            Operator::Gelu { op, x, y } => launch::gelu_forward(gpu, node, op, self.at(x)?, self.at(y)?),
            Operator::Tanh { op, x, y } => launch::tanh_forward(gpu, node, op, self.at(x)?, self.at(y)?),
            Operator::L2Norm { op, x, y, divisor } => {
                let [x, y, divisor] = self.all([x, y, divisor])?;
                launch::l2_norm_forward(gpu, node, op, x, y, divisor)
            }
            Operator::RmsNorm { op, x, gamma, y, rstd } => {
                let [x, gamma, y, rstd] = self.all([x, gamma, y, rstd])?;
                launch::rms_norm_forward(gpu, node, op, x, gamma, y, rstd)
            }
            Operator::LayerNorm { op, x, gamma, beta, y, mean, rstd } => {
                let [x, gamma, beta, y, mean, rstd] = self.all([x, gamma, beta, y, mean, rstd])?;
                launch::layer_norm_forward(gpu, node, op, x, gamma, beta, y, mean, rstd)
            }
            Operator::Linear { op, x, weight, bias, y } => {
                let (x, weight, y) = (self.at(x)?, self.digits(weight)?, self.at(y)?);
                let bias = bias.as_ref().map(|bias| self.at(bias)).transpose()?;
                let held = HeldDigits::new(gpu, op.tokens(), op.inputs(), op.precision())?;
                launch::linear_forward(gpu, node, op, x, weight, bias, held.spans(), y)
            }
            Operator::Embed { op, ids, table, y } => {
                launch::embed_gather_forward(gpu, node, op, self.at(ids)?, self.at(table)?, self.at(y)?)
            }
            Operator::EmbedQuantised { op, ids, table, y } => {
                let (ids, table, y) = (self.at(ids)?, self.digits(table)?, self.at(y)?);
                launch::embed_gather_forward_quantised(gpu, node, op, ids, table, y)
            }
            Operator::ArgMax { op, x, best } => {
                launch::arg_max_forward(gpu, node, op, self.at(x)?, self.at(best)?)
            }
            Operator::Sample { op, x, draws, drawn } => {
                let (x, draws, drawn) = (self.at(x)?, self.at(draws)?, self.at(drawn)?);
                launch::sample_rows_forward(gpu, node, op, x, draws, drawn)
            }
            Operator::Leaves { x, shares, bytes, most, hashes } => {
                let (x, shares, hashes) = (self.at(x)?, self.at(shares)?, self.at(hashes)?);
                launch::hash::leaves(gpu, x, shares, *bytes, *most, hashes)
            }
            Operator::Subtrees { hashes, first, roots } => {
                let [hashes, first, roots] = self.all([hashes, first, roots])?;
                launch::hash::subtrees(gpu, hashes, first, roots)
            }
            Operator::Last { cols, x, bounds, y } => self.last_rows(*cols, [x, y], bounds),
            Operator::MeanPool { cols, x, bounds, y } => self.pool(node, *cols, [x, y], bounds),
            Operator::Rope { op, cos, sin, positions, x, y } => {
                let [cos, sin, x, y] = self.all([cos, sin, x, y])?;
                let (positions, table) = (self.at(positions)?, RopeSpans { cos, sin });
                launch::rope_forward_at(gpu, node, op, positions, table, x, y)
            }
            Operator::Attention(attention) => self.attend(node, attention),
            Operator::Gradient(gradient) => self.differentiate(node, gradient),
            Operator::Update(update) => self.update(node, update),
        }
    }

    /// The last row of each unit.
    fn last_rows(&self, cols: usize, regions: [&Region<f32>; 2], bounds: &Region<u32>) -> Done {
        let (gpu, [x, y]) = (&self.cuda.gpu, self.all(regions)?);
        // One token each: the rows are the same.
        if x.len() == y.len() {
            return gpu.copy(x, y);
        }
        launch::last_rows(gpu, cols, x, self.at(bounds)?, y)
    }

    /// The mean over the tokens of each unit.
    fn pool(&self, node: u32, cols: usize, regions: [&Region<f32>; 2], bounds: &Region<u32>) -> Done {
        let (gpu, [x, y]) = (&self.cuda.gpu, self.all(regions)?);
        // The rows of one unit are dealt out to more blocks.
        if y.len() == cols {
            return launch::mean_pool_forward(gpu, node, &MeanPool::new(x.len() / cols, cols)?, x, y);
        }
        launch::mean_pool_joined(gpu, node, cols, x, self.at(bounds)?, y)
    }

    /// Quantises the rows of all parts together, and has each ask its own keys.
    fn attend(&self, node: u32, attention: &Attention<'_>) -> Done {
        let (gpu, Attention { heads, dim, parts, .. }) = (&self.cuda.gpu, *attention);
        let tokens: usize = parts.iter().map(|part| part.tokens).sum();
        let queries = HeldDigits::new(gpu, tokens * heads, dim, attention.keys)?;
        let (op, q) = (attention.queries(tokens)?, queries.spans());
        launch::quant_row_forward(gpu, node, &op, self.at(&attention.q)?, q.planes, q.scales)?;
        match &attention.cache {
            Some(cache) => self.attend_kept(node, attention, q, self.keys_values(cache)?),
            None => self.attend_own(node, attention, q, tokens),
        }
    }

    /// Over the cache. Of a decode one launch has all parts, at any position; of other passes each part has its own.
    fn attend_kept(&self, node: u32, attention: &Attention<'_>, q: Digits, cache: KeysValuesSpans) -> Done {
        let (gpu, parts) = (&self.cuda.gpu, attention.parts);
        let Some(largest) = parts.iter().max_by_key(|part| part.capacity) else { return Ok(()) };
        let [positions, slots] = self.all([&attention.positions, &attention.slots])?;
        let [k, v, y] = self.all([&attention.k, &attention.v, &attention.y])?;
        let (op, units) = (attention.append(largest.capacity)?, UnitSpans { positions, slots });
        launch::kv_append_forward_of_units(gpu, node, &op, units, k, v, written(cache))?;
        if parts.iter().enumerate().all(|(row, part)| (part.first, part.tokens) == (row, 1)) {
            // As many keys as there may be: the pass is the same at every position, which the kernels read.
            let op = attention.of(&Part { start: largest.capacity - 1, ..*largest })?;
            return launch::attn_forward_of_units(gpu, node, &op, units, q, cache, y);
        }
        parts.iter().try_for_each(|part| {
            let first = First { query: part.first, key: part.slot };
            launch::attn_forward_of(gpu, node, &attention.of(part)?, first, q, cache, y)
        })
    }

    /// Over the tokens of the pass. One launch has all parts, or where there is no kernel for that each part has its
    /// own.
    fn attend_own(&self, node: u32, attention: &Attention<'_>, q: Digits, tokens: usize) -> Done {
        let (gpu, parts) = (&self.cuda.gpu, attention.parts);
        let [k, v, y] = self.all([&attention.k, &attention.v, &attention.y])?;
        let held = room_for_pass(gpu, attention, tokens)?;
        let cache = held.spans();
        launch::kv_append_forward(gpu, node, &attention.append(tokens)?, 0, k, v, written(cache))?;
        if let Some(longest) = parts.iter().max_by_key(|part| part.tokens).filter(|_| parts.len() > 1) {
            let op = attention.of(longest)?;
            if launch::attn_joins(gpu, &op, q, cache) {
                let bounds = self.at(&attention.bounds)?;
                return launch::attn_forward_joined(gpu, node, &op, bounds, q, cache, y);
            }
        }
        parts.iter().try_for_each(|part| {
            let first = First { query: part.first, key: part.first };
            launch::attn_forward_of(gpu, node, &attention.of(part)?, first, q, cache, y)
        })
    }
}
