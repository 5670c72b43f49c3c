//! Attention's gradients: five products of quantised matrices, some key-value heads at a time.

use assay_exact::{AttnBackward, AttnShape, Mask, Precision};
use assay_exec::resident::GRADIENT_BYTES;

use super::word;
use crate::error::Fault;
use crate::gpu::{Arg, Gpu, Grid, Kernel, Scratch};
use crate::module::Module;
use crate::span::{Digits, KeysValuesSpans, Span};

/// Rows and columns of the output that a block of a product computes; its threads; bytes of a row that it takes at a
/// time, with padding; what it looks up of each row and column.
const SIDE: usize = 64;
const PRODUCT_THREADS: u32 = 128;
const ROW_BYTES: usize = 96;
const LINE_BYTES: usize = 32;
/// Threads of a block that works on a row; columns and threads of one that works on columns.
const ROW_THREADS: u32 = 128;
const COLUMNS: usize = 32;
const COLUMN_THREADS: u32 = 256;
/// Rows of operands made here begin at multiples of so many bytes.
const ALIGNMENT: usize = 16;
/// Memory for P and dS and their digits that heads are taken together for, in bytes, unless one takes more.
const ROOM: usize = GRADIENT_BYTES as usize;

/// What becomes of a product, as the kernels have it.
const TIMES_FACTOR: u32 = 1;
const IS_OUTPUT: u32 = 2;
const MASK_COLUMNS: u32 = 4;
const MASK_KEYS: u32 = 8;
const MASK_QUERIES: u32 = 16;

/// What the forward pass had, as [`assay_exact::AttnSaved`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct AttnSavedSpans {
    /// Queries: queries × heads × dim.
    pub q: Span<f32>,
    /// Keys: keys × kv_heads × dim.
    pub k: Span<f32>,
    /// The forward output: queries × heads × dim.
    pub out: Span<f32>,
    /// The queries, quantised per (token, head).
    pub quantised: Digits,
    /// Keys and values, quantised per (token, head).
    pub cache: KeysValuesSpans,
}

/// Gradients of the three inputs, as [`assay_exact::AttnGradients`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct AttnGradientSpans {
    /// Of the queries.
    pub dq: Span<f32>,
    /// Of the keys.
    pub dk: Span<f32>,
    /// Of the values.
    pub dv: Span<f32>,
}

/// Its three gradients.
pub(crate) fn attn_backward(
    gpu: &Gpu,
    node: u32,
    op: &AttnBackward,
    dy: Span<f32>,
    saved: AttnSavedSpans,
    gradients: AttnGradientSpans,
) -> Result<(), Fault> {
    let shape = *op.attn().shape();
    let asking = shape.queries * shape.heads * shape.dim;
    let asked = shape.keys * shape.kv_heads * shape.dim;
    debug_assert!([dy, saved.q, saved.out, gradients.dq].iter().all(|span| span.len() == asking));
    debug_assert!([saved.k, gradients.dk, gradients.dv].iter().all(|span| span.len() == asked));
    let backward = Backward { gpu, node, shape, scale: op.attn().scale(), precision: op.precision() };
    let dy_rows = backward.quantise_rows(dy, shape.queries * shape.heads, shape.dim)?;
    let heads = backward.heads_at_a_time();
    for first in (0..shape.kv_heads).step_by(heads) {
        let stacks = Stacks { first, count: heads.min(shape.kv_heads - first) };
        let inputs = Inputs { dy, dy_rows: backward.queries(&dy_rows, stacks), saved };
        backward.gradients(stacks, &inputs, gradients)?;
    }
    Ok(())
}

/// Key-value heads that are computed together; each asks for a stack of (query, head) rows.
#[derive(Clone, Copy, Debug)]
struct Stacks {
    first: usize,
    count: usize,
}

/// Where row r of stack s stands: at ⌊r/group⌋·heads + s·group + (r mod group).
#[derive(Clone, Copy, Debug)]
struct Stacked {
    heads: usize,
    group: usize,
}

/// Rows of quantised vectors for each stack; `stride` bytes from row to row, `plane` from digit to digit.
#[derive(Clone, Copy, Debug)]
struct Operand {
    planes: Span<i8>,
    scales: Span<f32>,
    plane: usize,
    stride: usize,
    rows: usize,
    stacked: Stacked,
    precision: Precision,
}

/// Vectors that were quantised here, with their memory.
struct Quantised {
    planes: Scratch<i8>,
    scales: Scratch<f32>,
    plane: usize,
    stride: usize,
}

/// What the gradients of some stacks are computed from.
struct Inputs {
    dy: Span<f32>,
    /// dy, quantised per row.
    dy_rows: Operand,
    saved: AttnSavedSpans,
}

/// Where a product goes, and what becomes of it.
struct Target {
    out: Span<f32>,
    stacked: Stacked,
    mode: u32,
}

/// What is behind the first elements of a span.
fn from<T>(span: Span<T>, first: usize) -> Span<T> {
    span.range(first..span.len())
}

/// One backward form.
struct Backward<'a> {
    gpu: &'a Gpu,
    node: u32,
    shape: AttnShape,
    /// c of the program.
    scale: f32,
    /// Of the gradients' products.
    precision: Precision,
}

impl Backward<'_> {
    /// Query heads that share a key-value head.
    fn group(&self) -> usize {
        self.shape.heads / self.shape.kv_heads
    }

    /// Rows of a stack.
    fn rows(&self) -> usize {
        self.shape.queries * self.group()
    }

    /// Key-value heads whose P, dS and digits of one of them have room.
    fn heads_at_a_time(&self) -> usize {
        let (rows, keys) = (self.rows(), self.shape.keys);
        let padded = (rows.next_multiple_of(ALIGNMENT) * keys).max(rows * keys.next_multiple_of(ALIGNMENT));
        let digits = self.precision.digits() * padded;
        (ROOM / (2 * 4 * rows * keys + digits)).clamp(1, self.shape.kv_heads)
    }

    /// How rows of queries stand in a tensor of the queries' shape, and how keys do in one of the keys'.
    fn of_queries(&self) -> Stacked {
        Stacked { heads: self.shape.heads, group: self.group() }
    }

    fn of_keys(&self) -> Stacked {
        Stacked { heads: self.shape.kv_heads, group: 1 }
    }

    /// How rows stand that lie stack by stack.
    fn one_after_another(rows: usize) -> Stacked {
        Stacked { heads: 0, group: rows }
    }

    /// The mode's bit of what a causal mask leaves, else none.
    fn masked(&self, bit: u32) -> u32 {
        if self.shape.mask == Mask::Causal {
            bit
        } else {
            0
        }
    }

    /// Keys that the first query sees.
    fn first_keys(&self) -> usize {
        match self.shape.mask {
            Mask::Full => self.shape.keys,
            Mask::Causal => self.shape.keys - self.shape.queries + 1,
        }
    }

    fn launch(&self, name: &'static str, grid: Grid, args: &[Arg]) -> Result<(), Fault> {
        self.gpu.launch(Kernel { module: Module::AttentionBackward, name }, grid, args)
    }

    /// Rows of the queries' shape that belong to these stacks.
    fn queries(&self, vectors: &Quantised, stacks: Stacks) -> Operand {
        let first = stacks.first * self.group();
        Operand {
            planes: from(vectors.planes.span(), first * vectors.stride),
            scales: from(vectors.scales.span(), first),
            plane: vectors.plane,
            stride: vectors.stride,
            rows: self.rows(),
            stacked: self.of_queries(),
            precision: self.precision,
        }
    }

    /// Rows of digits as the forward pass had them, from row `first` on.
    fn saved(&self, digits: &Digits, first: usize, rows: usize, stacked: Stacked) -> Operand {
        Operand {
            planes: from(digits.planes, first * digits.depth),
            scales: from(digits.scales, first),
            plane: digits.rows * digits.depth,
            stride: digits.depth,
            rows,
            stacked,
            precision: digits.precision,
        }
    }

    /// The three gradients of some stacks.
    fn gradients(&self, stacks: Stacks, inputs: &Inputs, gradients: AttnGradientSpans) -> Result<(), Fault> {
        let (shape, rows) = (&self.shape, self.rows());
        let (asking, asked) = (stacks.first * self.group() * shape.dim, stacks.first * shape.dim);
        let elements = stacks.count * rows * shape.keys;
        let (p, ds) = (self.gpu.scratch(elements)?, self.gpu.scratch(elements)?);
        self.score_gradients(stacks, inputs, p.span(), ds.span())?;

        let keys = Self::one_after_another(rows);
        let weights = |x: Span<f32>| self.quantise_columns(stacks, x, keys, rows, shape.keys);
        let queries =
            |x: Span<f32>| self.quantise_columns(stacks, from(x, asking), self.of_queries(), rows, shape.dim);
        let of_keys = |out: Span<f32>, more: u32| Target {
            out: from(out, asked),
            stacked: self.of_keys(),
            mode: IS_OUTPUT | self.masked(MASK_QUERIES) | more,
        };
        {
            let (p, dy) = (weights(p.span())?, queries(inputs.dy)?);
            let [p, dy] = [p.columns(shape.keys, self.precision), dy.columns(shape.dim, self.precision)];
            self.product(stacks, &p, &dy, rows, &of_keys(gradients.dv, 0))?;
        }
        {
            let (ds, q) = (weights(ds.span())?, queries(inputs.saved.q)?);
            let [ds, q] = [ds.columns(shape.keys, self.precision), q.columns(shape.dim, self.precision)];
            self.product(stacks, &ds, &q, rows, &of_keys(gradients.dk, TIMES_FACTOR))?;
        }
        let ds_rows = self.quantise_rows(ds.span(), stacks.count * rows, shape.keys)?;
        let k = from(inputs.saved.k, asked);
        let k = self.quantise_columns(stacks, k, self.of_keys(), shape.keys, shape.dim)?;
        let target = Target {
            out: from(gradients.dq, asking),
            stacked: self.of_queries(),
            mode: IS_OUTPUT | TIMES_FACTOR | self.masked(MASK_KEYS),
        };
        let ds_rows = ds_rows.columns(rows, self.precision);
        self.product(stacks, &ds_rows, &k.columns(shape.dim, self.precision), shape.keys, &target)
    }

    /// P, and dS = P·(dP − δ).
    fn score_gradients(
        &self,
        stacks: Stacks,
        inputs: &Inputs,
        p: Span<f32>,
        ds: Span<f32>,
    ) -> Result<(), Fault> {
        let (shape, rows, saved) = (&self.shape, self.rows(), &inputs.saved);
        let asking = stacks.first * self.group();
        let q = self.saved(&saved.quantised, asking, rows, self.of_queries());
        let k = self.saved(&saved.cache.keys, stacks.first, shape.keys, self.of_keys());
        let v = self.saved(&saved.cache.values, stacks.first, shape.keys, self.of_keys());
        let target = |out: Span<f32>, more: u32| Target {
            out,
            stacked: Self::one_after_another(rows),
            mode: self.masked(MASK_COLUMNS) | more,
        };
        self.product(stacks, &q, &k, shape.dim, &target(p, TIMES_FACTOR))?;
        self.product(stacks, &inputs.dy_rows, &v, shape.dim, &target(ds, 0))?;
        let args: [Arg; 15] = [
            p.into(),
            ds.into(),
            from(inputs.dy, asking * shape.dim).into(),
            from(saved.out, asking * shape.dim).into(),
            v.scales.into(),
            from(saved.cache.logs, stacks.first).into(),
            word("rows of AttnBackward", rows)?.into(),
            word("keys of AttnBackward", shape.keys)?.into(),
            word("heads of AttnBackward", shape.heads)?.into(),
            word("key-value heads of AttnBackward", shape.kv_heads)?.into(),
            word("head dimension of AttnBackward", shape.dim)?.into(),
            self.masked(1).into(),
            word("keys of AttnBackward", self.first_keys())?.into(),
            self.gpu.fault_word().into(),
            self.node.into(),
        ];
        let blocks = [word("rows of AttnBackward", rows)?, word("heads of AttnBackward", stacks.count)?, 1];
        self.launch("attn_gradient_rows", Grid { blocks, threads: ROW_THREADS, shared: 0 }, &args)
    }

    /// out[i, j] = Σₖ a[i, k]·b[j, k] for each stack.
    fn product(
        &self,
        stacks: Stacks,
        a: &Operand,
        b: &Operand,
        depth: usize,
        target: &Target,
    ) -> Result<(), Fault> {
        let mut args: Vec<Arg> = Vec::with_capacity(25);
        for operand in [a, b] {
            args.extend([operand.planes.into(), operand.scales.into(), Arg::U64(operand.plane as u64)]);
            let Stacked { heads, group } = operand.stacked;
            for size in [heads, group, operand.rows, operand.stride] {
                args.push(word("operand of AttnBackward", size)?.into());
            }
        }
        args.push(target.out.into());
        for size in [target.stacked.heads, target.stacked.group, depth] {
            args.push(word("product of AttnBackward", size)?.into());
        }
        args.extend([Arg::from(target.mode), self.scale.into()]);
        for size in [self.first_keys(), self.group()] {
            args.push(word("keys of AttnBackward", size)?.into());
        }
        args.extend([Arg::from(self.gpu.fault_word()), self.node.into()]);
        let digits = [a, b].map(|operand| operand.precision.digits());
        let blocks = [
            word("columns of AttnBackward", b.rows.div_ceil(SIDE))?,
            word("rows of AttnBackward", a.rows.div_ceil(SIDE))?,
            word("heads of AttnBackward", stacks.count)?,
        ];
        let grid = Grid { blocks, threads: PRODUCT_THREADS, shared: product_shared(digits) };
        self.launch(product_name(digits), grid, &args)
    }

    /// Quantises rows that lie one after another, with zeros behind each up to a multiple of [`ALIGNMENT`].
    fn quantise_rows(&self, x: Span<f32>, rows: usize, cols: usize) -> Result<Quantised, Fault> {
        let quantised = Quantised::new(self.gpu, self.precision, rows, cols)?;
        let args = [
            x.into(),
            word("columns of AttnBackward", cols)?.into(),
            word("digits", self.precision.digits())?.into(),
            quantised.planes.span().into(),
            Arg::U64(quantised.plane as u64),
            word("columns of AttnBackward", quantised.stride)?.into(),
            quantised.scales.span().into(),
        ];
        let blocks = [word("rows of AttnBackward", rows)?, 1, 1];
        self.launch("attn_quantise_rows", Grid { blocks, threads: ROW_THREADS, shared: 0 }, &args)?;
        Ok(quantised)
    }

    /// Quantises the columns of each stack's `rows × cols`, transposed, with zeros behind each as for rows.
    fn quantise_columns(
        &self,
        stacks: Stacks,
        x: Span<f32>,
        stacked: Stacked,
        rows: usize,
        cols: usize,
    ) -> Result<Quantised, Fault> {
        let quantised = Quantised::new(self.gpu, self.precision, stacks.count * cols, rows)?;
        let mut args = vec![Arg::from(x)];
        for size in [stacked.heads, stacked.group, rows, cols, self.precision.digits()] {
            args.push(word("columns of AttnBackward", size)?.into());
        }
        args.extend([quantised.planes.span().into(), Arg::U64(quantised.plane as u64)]);
        args.extend([
            Arg::from(word("rows of AttnBackward", quantised.stride)?),
            quantised.scales.span().into(),
        ]);
        let x = word("columns of AttnBackward", cols.div_ceil(COLUMNS))?;
        let blocks = [x, word("heads of AttnBackward", stacks.count)?, 1];
        self.launch("attn_quantise_columns", Grid { blocks, threads: COLUMN_THREADS, shared: 0 }, &args)?;
        Ok(quantised)
    }
}

impl Quantised {
    /// Room for `vectors` of `depth`.
    fn new(gpu: &Gpu, precision: Precision, vectors: usize, depth: usize) -> Result<Self, Fault> {
        let stride = depth.next_multiple_of(ALIGNMENT);
        let plane = vectors * stride;
        let planes = gpu.scratch(precision.digits() * plane)?;
        Ok(Self { planes, scales: gpu.scratch(vectors)?, plane, stride })
    }

    /// As an operand of so many vectors for each stack, which lie stack by stack.
    fn columns(&self, rows: usize, precision: Precision) -> Operand {
        Operand {
            planes: self.planes.span(),
            scales: self.scales.span(),
            plane: self.plane,
            stride: self.stride,
            rows,
            stacked: Backward::one_after_another(rows),
            precision,
        }
    }
}

/// The kernel for operands of so many digits.
fn product_name(digits: [usize; 2]) -> &'static str {
    match digits {
        [1, 1] => "attn_product_11",
        [1, 2] => "attn_product_12",
        [1, _] => "attn_product_13",
        [2, 1] => "attn_product_21",
        [2, 2] => "attn_product_22",
        [2, _] => "attn_product_23",
        [_, 1] => "attn_product_31",
        [_, 2] => "attn_product_32",
        _ => "attn_product_33",
    }
}

/// Its dynamic shared memory, in bytes: two steps of all digits, and what is looked up.
fn product_shared([a, b]: [usize; 2]) -> u32 {
    (SIDE * (2 * (a + b) * ROW_BYTES + LINE_BYTES)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_named_by_their_digits() {
        for a in 1..=3 {
            for b in 1..=3 {
                assert_eq!(product_name([a, b]), format!("attn_product_{a}{b}"));
            }
        }
    }

    #[test]
    fn a_product_fits_the_shared_memory_of_every_device_with_tensor_cores() {
        assert_eq!(product_shared([2, 2]), 2 * 4 * 64 * 96 + 2048);
        assert!(product_shared([3, 3]) <= 99 << 10);
    }
}
