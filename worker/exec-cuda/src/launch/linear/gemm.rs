//! A product: its operands, what becomes of its sums, and how it is started.

use assay_exec::resident::DIGITS_ALIGNMENT;

use super::super::elementwise::word;
use super::tiles;
use crate::error::Fault;
use crate::gpu::{Arg, Gpu, Grid, Kernel, Scratch};
use crate::module::Module;
use crate::span::{Digits, Span};

/// What the bytes of a vector, and the address of the first, are multiples of: kernels load so many digits at once.
const ALIGNMENT: usize = DIGITS_ALIGNMENT;

/// What becomes of the sums; kernels/gemm.cuh has the numbers of [`Output::mode`] and [`Parts::mode`].
#[derive(Clone, Copy, Debug)]
pub(super) enum Output {
    /// They are written, of operands of one digit.
    I32(Span<i32>),
    /// They are written.
    I64(Span<i64>),
    /// They become floats, and the bias is added.
    Floats {
        /// One for each column.
        bias: Option<Span<f32>>,
        /// Where the floats go.
        y: Span<f32>,
    },
    /// They become floats, and these are added as fixed point.
    Fixed {
        /// What a magnitude must stay below.
        limit: f32,
        /// What they are added to.
        sums: Span<i64>,
    },
}

impl Output {
    fn mode(self) -> u32 {
        match self {
            Self::I32(_) => 0,
            Self::I64(_) => 1,
            Self::Floats { .. } => 2,
            Self::Fixed { .. } => 3,
        }
    }

    fn address(self) -> u64 {
        match self {
            Self::I32(sums) => sums.address(),
            Self::I64(sums) | Self::Fixed { sums, .. } => sums.address(),
            Self::Floats { y, .. } => y.address(),
        }
    }

    /// Arguments from the mode on, as every kernel that writes results has them.
    fn args(self, gpu: &Gpu, node: u32, mode: u32, address: u64, scales: [Span<f32>; 2]) -> [Arg; 8] {
        let bias = match self {
            Self::Floats { bias: Some(bias), .. } => bias.address(),
            _ => 0,
        };
        let limit = match self {
            Self::Fixed { limit, .. } => limit,
            _ => 0.0,
        };
        let [of_rows, of_cols] = scales;
        [
            mode.into(),
            address.into(),
            of_rows.into(),
            of_cols.into(),
            bias.into(),
            limit.into(),
            gpu.fault_word().into(),
            node.into(),
        ]
    }
}

/// What a kernel that computes a part of the depth only adds its sums to, by atomics.
#[derive(Clone, Copy, Debug)]
pub(super) enum Parts {
    /// Of operands of one digit.
    I32(Span<i32>),
    /// Of others.
    I64(Span<i64>),
}

impl Parts {
    fn mode(self) -> u32 {
        match self {
            Self::I32(_) => 4,
            Self::I64(_) => 5,
        }
    }

    fn address(self) -> u64 {
        match self {
            Self::I32(sums) => sums.address(),
            Self::I64(sums) => sums.address(),
        }
    }
}

/// Sums that lie in memory.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sums {
    /// In planes, one for each weight that a pair of digits has (`classes` in kernels/gemm.cuh).
    I32 {
        /// The planes, one after another.
        sums: Span<i32>,
        /// How many there are.
        classes: u32,
    },
    /// Whole.
    I64(Span<i64>),
}

/// How many planes of i32 hold the sums of every pair of digits: pairs of one weight share a plane, but for the
/// middle pair of three digits each, with which a plane's sums would leave an i32.
pub(super) fn classes([a, b]: [usize; 2]) -> usize {
    a + b - 1 + usize::from(a == 3 && b == 3)
}

/// The plane that a pair of digits goes into.
pub(super) fn class_of(digits: [usize; 2], [a, b]: [usize; 2]) -> usize {
    if digits == [3, 3] && [a, b] == [1, 1] {
        5
    } else {
        a + b
    }
}

/// What decides how a product is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// Rows of the output.
    pub rows: usize,
    /// Columns of the output.
    pub cols: usize,
    /// Elements that are summed.
    pub depth: usize,
    /// Digits of both operands.
    pub digits: [usize; 2],
}

/// One way to compute products whose operands are aligned.
pub(super) trait Gemm: Sync {
    /// Whether products of this shape can and should be computed by it, on a device of so many multiprocessors.
    fn takes(&self, shape: &Shape, processors: u32) -> bool;

    /// Starts one.
    fn start(&self, gpu: &Gpu, product: &Product) -> Result<(), Fault>;
}

/// C[i, j] = Σₖ A[i, k]·B[j, k].
#[derive(Clone, Copy, Debug)]
pub(super) struct Product {
    /// The operand whose vectors are the output's rows.
    pub a: Digits,
    /// The operand whose vectors are the output's columns, of the same depth.
    pub b: Digits,
    /// What becomes of the sums.
    pub output: Output,
    /// Whom a trap is reported for.
    pub node: u32,
}

impl Product {
    pub(super) fn shape(&self) -> Shape {
        let digits = [self.a.precision.digits(), self.b.precision.digits()];
        Shape { rows: self.a.rows, cols: self.b.rows, depth: self.a.depth, digits }
    }

    /// Starts it by the device's path, or where that does not take the shape, by the next best.
    pub(super) fn start(self, gpu: &Gpu) -> Result<(), Fault> {
        debug_assert!(self.a.depth == self.b.depth);
        let (a, b) = (Aligned::new(gpu, self.a)?, Aligned::new(gpu, self.b)?);
        let product = Self { a: a.digits, b: b.digits, ..self };
        tiles::choose(gpu.path(), &product.shape(), gpu.processors()).start(gpu, &product)
    }

    /// The arguments of a kernel that computes it whole.
    pub(super) fn args(&self, gpu: &Gpu) -> Result<Vec<Arg>, Fault> {
        self.args_to(gpu, self.output.mode(), self.output.address())
    }

    /// The arguments of a kernel that adds sums of parts of the depth.
    pub(super) fn args_of_parts(&self, gpu: &Gpu, parts: Parts) -> Result<Vec<Arg>, Fault> {
        self.args_to(gpu, parts.mode(), parts.address())
    }

    fn args_to(&self, gpu: &Gpu, mode: u32, address: u64) -> Result<Vec<Arg>, Fault> {
        let Shape { rows, cols, depth, .. } = self.shape();
        let mut args: Vec<Arg> = vec![
            self.a.planes.into(),
            self.b.planes.into(),
            word("rows of a product", rows)?.into(),
            word("columns of a product", cols)?.into(),
            word("depth of a product", depth)?.into(),
        ];
        args.extend(self.output.args(gpu, self.node, mode, address, self.scales()));
        Ok(args)
    }

    /// The scales of the output's rows and columns.
    pub(super) fn scales(&self) -> [Span<f32>; 2] {
        [self.a.scales, self.b.scales]
    }

    /// Has `start` add sums to zeros, and makes of them what the output asks for.
    pub(super) fn by_parts(
        &self,
        gpu: &Gpu,
        start: impl FnOnce(Parts) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let len = self.a.rows * self.b.rows;
        match self.output {
            Output::I32(sums) => {
                gpu.zero(sums)?;
                start(Parts::I32(sums))
            }
            Output::I64(sums) => {
                gpu.zero(sums)?;
                start(Parts::I64(sums))
            }
            Output::Floats { .. } | Output::Fixed { .. } if self.shape().digits == [1, 1] => {
                let sums = gpu.scratch::<i32>(len)?;
                gpu.zero(sums.span())?;
                start(Parts::I32(sums.span()))?;
                let sums = Sums::I32 { sums: sums.span(), classes: 1 };
                finish(gpu, self.node, sums, self.scales(), self.output)
            }
            Output::Floats { .. } | Output::Fixed { .. } => {
                let sums = gpu.scratch::<i64>(len)?;
                gpu.zero(sums.span())?;
                start(Parts::I64(sums.span()))?;
                finish(gpu, self.node, Sums::I64(sums.span()), self.scales(), self.output)
            }
        }
    }
}

/// Makes of sums in memory what the output asks for; `scales` are those of rows and columns.
pub(super) fn finish(
    gpu: &Gpu,
    node: u32,
    sums: Sums,
    scales: [Span<f32>; 2],
    output: Output,
) -> Result<(), Fault> {
    let [rows, cols] = scales.map(Span::len);
    let (name, mut args): (_, Vec<Arg>) = match sums {
        Sums::I32 { sums, classes } => ("finish_i32", vec![sums.into(), classes.into()]),
        Sums::I64(sums) => ("finish_i64", vec![sums.into()]),
    };
    args.extend([Arg::from(word("rows of a product", rows)?), word("columns of a product", cols)?.into()]);
    args.extend(output.args(gpu, node, output.mode(), output.address(), scales));
    let grid = Grid::of_elements(gpu.processors(), rows * cols);
    gpu.launch(Kernel { module: Module::Dequantise, name }, grid, &args)
}

/// Digits as the kernels take them, copied where they lie otherwise.
struct Aligned {
    digits: Digits,
    /// Where a copy lies: given back when this is dropped, after what was started before.
    _memory: Option<Scratch<i8>>,
}

impl Aligned {
    fn new(gpu: &Gpu, digits: Digits) -> Result<Self, Fault> {
        let depth = digits.depth.next_multiple_of(ALIGNMENT);
        if depth == digits.depth && digits.planes.address().is_multiple_of(ALIGNMENT as u64) {
            return Ok(Self { digits, _memory: None });
        }
        let rows = digits.precision.digits() * digits.rows;
        let memory = gpu.scratch::<i8>(rows * depth)?;
        let args = [
            digits.planes.into(),
            memory.span().into(),
            Arg::from(rows as u64),
            word("depth of a product", digits.depth)?.into(),
            word("depth of a product", depth)?.into(),
        ];
        let grid = Grid::of_elements(gpu.processors(), rows * depth / ALIGNMENT);
        gpu.launch(Kernel { module: Module::Dequantise, name: "pad_rows" }, grid, &args)?;
        Ok(Self { digits: Digits { planes: memory.span(), depth, ..digits }, _memory: Some(memory) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_exact::MAX_DEPTH;

    /// The largest magnitude of a digit: low ones are −64…63, the top one ±127.
    fn largest(digits: usize, digit: usize) -> usize {
        if digit + 1 == digits {
            127
        } else {
            64
        }
    }

    #[test]
    fn sums_of_a_class_fit_an_i32_at_the_largest_depth() {
        for digits in [1, 2, 3].into_iter().flat_map(|a| [1, 2, 3].map(|b| [a, b])) {
            let mut steps = vec![0; classes(digits)];
            for [a, b] in (0..digits[0]).flat_map(|a| (0..digits[1]).map(move |b| [a, b])) {
                steps[class_of(digits, [a, b])] += largest(digits[0], a) * largest(digits[1], b);
            }
            // No class is left empty either.
            assert!(
                steps.iter().all(|step| (1..=i32::MAX as usize / MAX_DEPTH).contains(step)),
                "{digits:?}"
            );
            // Sums of 1,024 digits stay exact in f32, for the tensor cores of floats.
            assert!(steps.iter().all(|step| step * 1_024 <= 1 << 24), "{digits:?}");
        }
    }

    #[test]
    fn modes_are_those_of_the_kernels() {
        let header = include_str!("../../../kernels/gemm.cuh");
        let (sums, y) = (Span::new(0, 0), Span::new(0, 0));
        for (name, mode) in [
            ("SUMS_I32", Output::I32(Span::new(0, 0)).mode()),
            ("SUMS_I64", Output::I64(sums).mode()),
            ("FLOATS", Output::Floats { bias: None, y }.mode()),
            ("FIXED", Output::Fixed { limit: 1.0, sums }.mode()),
            ("ADD_I32", Parts::I32(Span::new(0, 0)).mode()),
            ("ADD_I64", Parts::I64(sums).mode()),
        ] {
            assert!(header.contains(&format!("    {name} = {mode},")), "{name}");
        }
    }
}
