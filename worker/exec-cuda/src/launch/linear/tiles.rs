//! Our own kernels: which shapes they are for, and how they are spread over a device.

use super::gemm::{Gemm, Product, Shape};
use super::library::LIBRARY;
use crate::device::GemmPath;
use crate::error::Fault;
use crate::gpu::{Gpu, Grid, Kernel};
use crate::module::Module;

/// The most rows for which reading B is all that counts: a decoder's step.
const FEW_ROWS: usize = 16;
/// Fewest steps of the depth that are a part of their own, where a product is split along it.
const LEAST_STEPS: usize = 4;

/// A kernel's names by the digits of A and of B.
type Names = [[&'static str; 3]; 3];

macro_rules! by_digits {
    ($name:literal) => {
        [
            [concat!($name, "_11"), concat!($name, "_12"), concat!($name, "_13")],
            [concat!($name, "_21"), concat!($name, "_22"), concat!($name, "_23")],
            [concat!($name, "_31"), concat!($name, "_32"), concat!($name, "_33")],
        ]
    };
}

fn kernel(module: Module, names: &Names, [a, b]: [usize; 2]) -> Kernel {
    Kernel { module, name: names[a - 1][b - 1] }
}

/// Tiles of the output, each computed by one block.
struct Tiles {
    module: Module,
    names: Names,
    threads: u32,
    /// Rows of a tile.
    rows: usize,
    /// Digits of the depth that a block takes at once.
    step: usize,
    /// The columns of a tile, and a block's shared memory in bytes; none where there is no kernel for the digits.
    form: fn(digits: [usize; 2]) -> Option<(usize, usize)>,
    /// Whether a block takes one tile after another.
    persistent: bool,
    /// Whether it is only for outputs with fewer tiles of twice the columns than there are multiprocessors.
    narrow: bool,
}

/// How a product is spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    /// Blocks for each part of the depth.
    blocks: usize,
    /// Parts that the depth is split into.
    parts: usize,
    /// Shared memory of a block, in bytes.
    shared: usize,
}

impl Tiles {
    /// As many tiles as cover the output.
    fn count(&self, shape: &Shape, cols: usize) -> usize {
        shape.rows.div_ceil(self.rows).saturating_mul(shape.cols.div_ceil(cols))
    }

    /// Splits the depth where there are fewer tiles than multiprocessors.
    fn plan(&self, shape: &Shape, processors: u32) -> Option<Plan> {
        let (cols, shared) = (self.form)(shape.digits)?;
        let (tiles, processors) = (self.count(shape, cols), (processors as usize).max(1));
        let most = (shape.depth.div_ceil(self.step) / LEAST_STEPS).max(1);
        let parts = (processors / tiles).clamp(1, most);
        let blocks = if self.persistent { tiles.min(processors / parts) } else { tiles };
        Some(Plan { blocks, parts, shared })
    }
}

impl Gemm for Tiles {
    fn takes(&self, shape: &Shape, processors: u32) -> bool {
        match (self.form)(shape.digits) {
            Some((cols, _)) if self.narrow => self.count(shape, 2 * cols) < processors as usize,
            form => form.is_some(),
        }
    }

    fn start(&self, gpu: &Gpu, product: &Product) -> Result<(), Fault> {
        let shape = product.shape();
        let kernel = kernel(self.module, &self.names, shape.digits);
        let Some(Plan { blocks, parts, shared }) = self.plan(&shape, gpu.processors()) else {
            return Err(Fault::Grid { kernel: kernel.name, blocks: [0; 3], threads: self.threads });
        };
        // What is over a word is over every grid's limit too, and refused as such.
        let size = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let grid =
            Grid { blocks: [size(blocks), size(parts), 1], threads: self.threads, shared: size(shared) };
        if parts == 1 {
            return gpu.launch(kernel, grid, &product.args(gpu)?);
        }
        product.by_parts(gpu, |sums| gpu.launch(kernel, grid, &product.args_of_parts(gpu, sums)?))
    }
}

/// Products with few rows: B is read once.
struct Vectors {
    module: Module,
    /// Names for few rows, and for up to [`FEW_ROWS`].
    names: [Names; 2],
    /// Columns of a block.
    cols: usize,
    /// Rows that a kernel of the first names computes.
    few: usize,
    /// Rows that a kernel of the second names computes; more take blocks of their own.
    most: usize,
}

impl Gemm for Vectors {
    fn takes(&self, shape: &Shape, _: u32) -> bool {
        shape.rows <= FEW_ROWS
    }

    fn start(&self, gpu: &Gpu, product: &Product) -> Result<(), Fault> {
        let shape = product.shape();
        let (names, rows) =
            if shape.rows <= self.few { (&self.names[0], self.few) } else { (&self.names[1], self.most) };
        let size = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let blocks = [size(shape.cols.div_ceil(self.cols)), size(shape.rows.div_ceil(rows)), 1];
        let grid = Grid { blocks, threads: 256, shared: 0 };
        gpu.launch(kernel(self.module, names, shape.digits), grid, &product.args(gpu)?)
    }
}

static DP4A: Tiles = Tiles {
    module: Module::GemmDp4a,
    names: by_digits!("gemm_dp4a"),
    threads: 256,
    rows: 64,
    step: 32,
    form: |_| Some((64, 0)),
    persistent: false,
    narrow: false,
};

static MMA: Tiles = Tiles {
    module: Module::GemmMma,
    names: by_digits!("gemm_mma"),
    threads: 256,
    rows: 128,
    step: 64,
    form: |digits| Some(staged(digits, width(digits, false), 3)),
    persistent: false,
    narrow: false,
};

static MMA_NARROW: Tiles = Tiles {
    names: [["gemm_mma_narrow_11", "", ""], [""; 3], [""; 3]],
    form: |digits| (digits == [1, 1]).then(|| staged(digits, 4, 4)),
    narrow: true,
    ..MMA
};

static BF16: Tiles = Tiles {
    names: by_digits!("gemm_bf16"),
    form: |digits| Some(staged(digits, width(digits, true), 3)),
    ..MMA
};

static WGMMA: Tiles = Tiles {
    module: Module::GemmWgmma,
    names: by_digits!("gemm_wgmma"),
    threads: 384,
    rows: 128,
    step: 128,
    form: wgmma_form,
    persistent: true,
    narrow: false,
};

static FEW_BY_DP4A: Vectors = Vectors {
    module: Module::GemmDp4a,
    names: [by_digits!("vector_dp4a"), by_digits!("vector_dp4a")],
    cols: 8,
    few: 8,
    most: 8,
};

static FEW_BY_MMA: Vectors = Vectors {
    module: Module::GemmMma,
    names: [by_digits!("vector_mma_8"), by_digits!("vector_mma_16")],
    cols: 16,
    few: 8,
    most: 16,
};

/// Products of eight columns that a warp of `gemm_mma.cu` has side by side, by the registers that their sums take.
fn width([a, b]: [usize; 2], widened: bool) -> usize {
    match (a * b, a + b) {
        (1, _) if widened => 4,
        (1, _) => 8,
        (_, 5..) => 2,
        _ if widened => 2,
        _ => 4,
    }
}

/// Columns of a tile, and stages of 64 digits of its operands' vectors.
fn staged([a, b]: [usize; 2], width: usize, stages: usize) -> (usize, usize) {
    let cols = 16 * width;
    (cols, stages * (a * 128 + b * cols) * 64)
}

/// Stages of 128 digits, eight warps' patches of 2,560 bytes, and what it takes to begin at a multiple of 1,024.
fn wgmma_form([a, b]: [usize; 2]) -> Option<(usize, usize)> {
    let (cols, stages) = match [a, b] {
        [1, 1] => (256, 4),
        [1, 2] | [2, 1] => (128, 4),
        [2, 2] => (128, 3),
        _ => return None,
    };
    Some((cols, stages * (a * 128 + b * cols) * 128 + 8 * 2_560 + 1_024))
}

static BY_DP4A: [&dyn Gemm; 2] = [&FEW_BY_DP4A, &DP4A];
static BY_MMA: [&dyn Gemm; 3] = [&FEW_BY_MMA, &MMA_NARROW, &MMA];
static BY_WGMMA: [&dyn Gemm; 3] = [&FEW_BY_MMA, &WGMMA, &MMA];
// For devices that have hardly any int8 units left.
static BY_BF16: [&dyn Gemm; 2] = [&FEW_BY_DP4A, &BF16];
static BY_LIBRARY: [&dyn Gemm; 4] = [&LIBRARY, &FEW_BY_MMA, &MMA_NARROW, &MMA];

/// The ways of a path, the best first for what it takes. The last of each takes every shape.
fn ways(path: GemmPath) -> &'static [&'static dyn Gemm] {
    match path {
        GemmPath::Dp4a => &BY_DP4A,
        GemmPath::Mma => &BY_MMA,
        GemmPath::Wgmma => &BY_WGMMA,
        GemmPath::Bf16 => &BY_BF16,
        GemmPath::CublasLt => &BY_LIBRARY,
    }
}

/// The best way of a path for a shape.
pub(super) fn choose(path: GemmPath, shape: &Shape, processors: u32) -> &'static dyn Gemm {
    ways(path).iter().copied().find(|way| way.takes(shape, processors)).unwrap_or(&DP4A)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An H200's multiprocessors.
    const PROCESSORS: u32 = 132;
    /// The most shared memory of a block: of 9.0, and of 8.6 and 8.9, which have least of those that have `mma.sync`
    /// of i8.
    const MOST_SHARED: [usize; 2] = [227 << 10, 99 << 10];

    fn shape(rows: usize, cols: usize, depth: usize, digits: [usize; 2]) -> Shape {
        Shape { rows, cols, depth, digits }
    }

    fn all_digits() -> impl Iterator<Item = [usize; 2]> {
        [1, 2, 3].into_iter().flat_map(|a| [1, 2, 3].map(|b| [a, b]))
    }

    fn is(way: &dyn Gemm, other: &dyn Gemm) -> bool {
        std::ptr::addr_eq(way, other)
    }

    #[test]
    fn every_kernel_that_can_be_asked_for_is_in_its_module() {
        let has = |module: Module, name: &str| module.ptx().contains(&format!(".entry {name}("));
        for tiles in [&DP4A, &MMA, &MMA_NARROW, &BF16, &WGMMA] {
            for digits in all_digits().filter(|digits| (tiles.form)(*digits).is_some()) {
                let Kernel { module, name } = kernel(tiles.module, &tiles.names, digits);
                assert!(has(module, name), "{name}");
            }
        }
        for vectors in [&FEW_BY_DP4A, &FEW_BY_MMA] {
            for name in vectors.names.iter().flatten().flatten() {
                assert!(has(vectors.module, name), "{name}");
            }
        }
        assert!(has(Module::Dequantise, "finish_i32") && has(Module::Dequantise, "pad_rows"));
    }

    #[test]
    fn shared_memory_is_what_devices_have() {
        for digits in all_digits() {
            for tiles in [&DP4A, &MMA, &MMA_NARROW, &BF16] {
                assert!(
                    (tiles.form)(digits).is_none_or(|(_, shared)| shared <= MOST_SHARED[1]),
                    "{digits:?}"
                );
            }
            // Its barriers are in the static part.
            assert!(wgmma_form(digits).is_none_or(|(_, shared)| shared + 64 <= MOST_SHARED[0]), "{digits:?}");
        }
    }

    #[test]
    fn a_grid_has_a_block_for_each_tile_and_part() {
        let plan = |tiles: &Tiles, [rows, cols, depth]: [usize; 3]| {
            tiles.plan(&shape(rows, cols, depth, [1, 1]), PROCESSORS).map(|plan| (plan.blocks, plan.parts))
        };
        assert_eq!(plan(&MMA, [8_192, 8_192, 8_192]), Some((64 * 64, 1)));
        assert_eq!(plan(&MMA, [129, 129, 16]), Some((4, 1)));
        // Sixty-four tiles leave more than half of the device idle, so each is computed in two parts.
        assert_eq!(plan(&MMA, [256, 4_096, 4_096]), Some((64, 2)));
        assert_eq!(plan(&DP4A, [1, 64, 131_072]), Some((1, 132)));
        // A block of many tiles each; as many as there are multiprocessors.
        assert_eq!(plan(&WGMMA, [8_192, 8_192, 8_192]), Some((132, 1)));
        assert_eq!(plan(&WGMMA, [256, 4_096, 4_096]), Some((32, 4)));
        // A part has four steps at least.
        assert_eq!(plan(&WGMMA, [128, 256, 1_024]), Some((1, 2)));
    }

    #[test]
    fn no_part_is_empty_and_no_device_without_work() {
        for tiles in [&DP4A, &MMA, &WGMMA] {
            for (rows, cols) in [(1, 1), (17, 300), (128, 256), (1_000, 5_000), (100_000, 100_000)] {
                for depth in [16, 64, 1_040, 131_072] {
                    let shape = shape(rows, cols, depth, [1, 1]);
                    let plan = tiles.plan(&shape, PROCESSORS).unwrap();
                    assert!((1..=depth.div_ceil(tiles.step)).contains(&plan.parts), "{shape:?}");
                    assert!(plan.blocks >= 1, "{shape:?}");
                    let (cols, _) = (tiles.form)([1, 1]).unwrap();
                    assert!(tiles.persistent || plan.blocks == tiles.count(&shape, cols), "{shape:?}");
                }
            }
        }
    }

    #[test]
    fn a_path_is_chosen_by_shape() {
        let chosen = |path, shape: Shape| choose(path, &shape, PROCESSORS);
        let (large, decode) = (shape(8_192, 8_192, 8_192, [1, 1]), shape(16, 4_096, 4_096, [1, 1]));
        for (path, way) in [
            (GemmPath::Dp4a, &DP4A),
            (GemmPath::Mma, &MMA),
            (GemmPath::Wgmma, &WGMMA),
            (GemmPath::Bf16, &BF16),
        ] {
            assert!(is(chosen(path, large), way), "{path}");
        }
        assert!(is(chosen(GemmPath::Wgmma, decode), &FEW_BY_MMA));
        assert!(is(chosen(GemmPath::Bf16, decode), &FEW_BY_DP4A));
        assert!(is(chosen(GemmPath::Wgmma, Shape { rows: 17, ..decode }), &WGMMA));
        // There is no kernel of wgmma with three digits.
        assert!(is(chosen(GemmPath::Wgmma, Shape { digits: [3, 2], ..large }), &MMA));
        assert!(is(chosen(GemmPath::Mma, shape(256, 4_096, 4_096, [1, 1])), &MMA_NARROW));
        assert!(is(chosen(GemmPath::Mma, shape(256, 4_096, 4_096, [2, 2])), &MMA));
        // The library wants multiples of four.
        assert!(is(chosen(GemmPath::CublasLt, large), &LIBRARY));
        assert!(is(chosen(GemmPath::CublasLt, Shape { rows: 8_191, ..large }), &MMA));
    }

    #[test]
    fn some_way_of_each_path_takes_every_shape() {
        for path in GemmPath::ALL {
            for digits in all_digits() {
                for (rows, cols) in [(1, 1), (16, 70_000), (17, 1), (4_000, 4_000)] {
                    let shape = shape(rows, cols, 4_096, digits);
                    assert!(ways(path).iter().any(|way| way.takes(&shape, PROCESSORS)), "{path} {shape:?}");
                }
            }
        }
    }
}
