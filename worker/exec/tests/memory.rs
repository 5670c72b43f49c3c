//! What operators take of memory beside their operands is within what the README says: counted by the allocator, in a
//! process of its own.

mod counting;
mod random;

use assay_exact::{
    Attn, AttnBackward, AttnGradients, AttnSaved, AttnScratch, AttnShape, CrossEntropy, KvAppend, KvCache,
    Linear, Mask, Precision, QuantisedMut, Scratch,
};
use assay_exec::{Backend, Cpu, Path};
use counting::counted;
use random::{backends, poisoned, Random, Rows};

/// What handing out work takes, for each thread and the caller: queues of the pool, lists of pieces.
const HANDING_OUT: usize = 64 << 10;

const TOKENS: usize = 48;
const INPUTS: usize = 512;
const OUTPUTS: usize = 4_096;

/// Runs something twice, and asserts that the second time takes no more than `bound` bytes, and keeps no more than
/// `panel` on each thread, which need not have had a piece the first time.
fn assert_within([bound, panel]: [usize; 2], what: &str, cpu: &Cpu, mut run: impl FnMut()) {
    run();
    let ((), most, kept) = counted(&mut run);
    let bound = bound + HANDING_OUT * (cpu.threads() + 1);
    println!("{what}, {}: {most} bytes of {bound}", cpu.name());
    assert!(most <= bound, "{what}, {}: {most} bytes, above {bound}", cpu.name());
    assert!(kept <= HANDING_OUT + cpu.threads() * panel, "{what}, {}: keeps {kept} bytes", cpu.name());
}

/// Packed digits of one plane of 64 columns.
fn panel(cpu: &Cpu, depth: usize) -> usize {
    match cpu.path() {
        Path::Scalar => 0,
        Path::Avx2 => 128 * depth,
        Path::Vnni => 64 * depth,
    }
}

/// The most rows and columns of a rectangle of a product.
fn rectangle(cpu: &Cpu) -> [usize; 2] {
    match cpu.path() {
        Path::Scalar => [16, 128],
        Path::Avx2 | Path::Vnni => [192, 64],
    }
}

/// Of the rectangles of a product.
fn index(cpu: &Cpu, [rows, cols]: [usize; 2]) -> usize {
    let [height, width] = rectangle(cpu);
    cols.div_ceil(width) * (16 * rows + 40 * rows.div_ceil(height))
}

/// Of a product of `rows` by `cols` vectors of `depth`: the index of its rectangles, and what each thread sums up in.
fn product(cpu: &Cpu, [rows, cols, depth]: [usize; 3]) -> usize {
    let [height, width] = rectangle(cpu);
    let packed = match cpu.path() {
        Path::Scalar => 0,
        // And six rows.
        Path::Avx2 => panel(cpu, depth) + 12 * depth,
        // Both digits.
        Path::Vnni => 2 * panel(cpu, depth),
    };
    index(cpu, [rows, cols]) + cpu.threads() * (8 * height * width + packed)
}

/// As [`product`], of operands of one digit; and what each thread keeps.
fn narrow_product(cpu: &Cpu, [rows, cols, depth]: [usize; 3]) -> [usize; 2] {
    let (beside, kept) = match cpu.path() {
        Path::Scalar => return [product(cpu, [rows, cols, depth]), 0],
        Path::Avx2 => (2 * rows * depth + cpu.threads() * (32 << 10), 16 << 10),
        Path::Vnni => (4 * rows + cpu.threads() * (96 << 10), 32 << 10),
    };
    [index(cpu, [rows, cols]) + beside, kept]
}

fn linear(cpu: &Cpu, x: &[f32], dy: &[f32], weight: &[f32]) {
    let op = Linear::new(TOKENS, INPUTS, OUTPUTS, Precision::I15).unwrap();
    let rows = Rows::new(weight, INPUTS, Precision::I15);
    let (mut planes, mut scales, mut y) =
        (vec![0; 2 * TOKENS * INPUTS], poisoned(TOKENS), poisoned(TOKENS * OUTPUTS));
    let bounds = [product(cpu, [TOKENS, OUTPUTS, INPUTS]), panel(cpu, INPUTS)];
    assert_within(bounds, "Linear", cpu, || {
        let mut scratch = QuantisedMut { planes: &mut planes, scales: &mut scales };
        cpu.linear_forward(&op, x, &rows.view(), None, &mut scratch, &mut y).unwrap();
    });

    let narrow = Linear::new(TOKENS, INPUTS, OUTPUTS, Precision::I8).unwrap();
    let rows = Rows::new(weight, INPUTS, Precision::I8);
    let bounds = narrow_product(cpu, [TOKENS, OUTPUTS, INPUTS]);
    assert_within(bounds, "Linear of one digit", cpu, || {
        let mut scratch = QuantisedMut { planes: &mut planes, scales: &mut scales };
        cpu.linear_forward(&narrow, x, &rows.view(), None, &mut scratch, &mut y).unwrap();
    });

    let (mut left, mut left_scales) = (vec![0; 2 * TOKENS * OUTPUTS], poisoned(TOKENS));
    let (mut right, mut right_scales) = (vec![0; 2 * OUTPUTS * INPUTS], poisoned(INPUTS));
    let mut dx = poisoned(TOKENS * INPUTS);
    let by_column = cpu.threads() * (64 + 3) * OUTPUTS;
    let bounds = [product(cpu, [TOKENS, INPUTS, OUTPUTS]) + by_column, panel(cpu, OUTPUTS)];
    assert_within(bounds, "dx of Linear", cpu, || {
        let mut scratch = Scratch {
            left: QuantisedMut { planes: &mut left, scales: &mut left_scales },
            right: QuantisedMut { planes: &mut right, scales: &mut right_scales },
        };
        cpu.linear_backward_input(&op, dy, weight, &mut scratch, &mut dx).unwrap();
    });
}

fn attention(cpu: &Cpu, random: &mut Random) {
    let shape = AttnShape { queries: 64, keys: 2_048, heads: 4, kv_heads: 1, dim: 64, mask: Mask::Causal };
    let (rows, elements) = (shape.queries * shape.heads, shape.keys * shape.dim);
    let append = KvAppend::new(shape.keys, 1, shape.dim, Precision::I8, Precision::I8).unwrap();
    let (mut key_planes, mut value_planes) = (vec![0; elements], vec![0; elements]);
    let [mut key_scales, mut value_scales, mut value_logs] = [(); 3].map(|()| poisoned(shape.keys));
    let mut cache = KvCache {
        key_planes: &mut key_planes,
        key_scales: &mut key_scales,
        value_planes: &mut value_planes,
        value_scales: &mut value_scales,
        value_logs: &mut value_logs,
    };
    let (k, v) = (random.floats(elements, 1.0), random.floats(elements, 1.0));
    append.forward(0, &k, &v, &mut cache).unwrap();
    let view = append.view(&cache).unwrap();
    let q = Rows::new(&random.floats(rows * shape.dim, 1.0), shape.dim, Precision::I8);
    let op = Attn::new(shape, 0.125, Precision::I15).unwrap();
    let (each, kept) = match cpu.path() {
        Path::Scalar => (4 * shape.keys, 0),
        Path::Avx2 => {
            let stack = (1 << 17) / shape.keys * (6 * shape.keys + 536);
            (stack + 12 * shape.keys + 140 * shape.dim + (32 << 10), 32 << 10)
        }
        Path::Vnni => {
            let stack = 192 * (2 * shape.keys + 536);
            (stack + (66 + shape.dim) * shape.keys + (64 << 10), 64 << 10)
        }
    };
    let copied = if cpu.path() == Path::Scalar { rows * (shape.dim + 4) } else { 0 };
    let bounds = [cpu.threads() * each + copied, kept];
    let (mut scores, mut out) = (poisoned(shape.keys), poisoned(rows * shape.dim));
    assert_within(bounds, "Attn", cpu, || {
        cpu.attn_forward(&op, &q.view(), &view, &mut scores, &mut out).unwrap();
    });
}

/// Less than P, of which a copy would take half a MiB.
fn attention_backward(cpu: &Cpu, random: &mut Random) {
    const TOKENS: usize = 256;
    const DIM: usize = 64;
    let shape =
        AttnShape { queries: TOKENS, keys: TOKENS, heads: 4, kv_heads: 2, dim: DIM, mask: Mask::Causal };
    let (rows, asking, asked) = (TOKENS * 2, TOKENS * 4 * DIM, TOKENS * 2 * DIM);
    // Any floats serve as the forward output.
    let [q, out, dy] = [(); 3].map(|()| random.floats(asking, 1.0));
    let [k, v] = [(); 2].map(|()| random.floats(asked, 1.0));
    let append = KvAppend::new(TOKENS, 2, DIM, Precision::I15, Precision::I15).unwrap();
    let (mut key_planes, mut value_planes) = (vec![0; 2 * asked], vec![0; 2 * asked]);
    let [mut key_scales, mut value_scales, mut value_logs] = [(); 3].map(|()| poisoned(TOKENS * 2));
    let mut cache = KvCache {
        key_planes: &mut key_planes,
        key_scales: &mut key_scales,
        value_planes: &mut value_planes,
        value_scales: &mut value_scales,
        value_logs: &mut value_logs,
    };
    append.forward(0, &k, &v, &mut cache).unwrap();
    let digits = Rows::new(&q, DIM, Precision::I15);
    let view = append.view(&cache).unwrap();
    let saved = AttnSaved { q: &q, k: &k, out: &out, quantised: digits.view(), cache: view };
    let attn = Attn::new(shape, 0.125, Precision::I15).unwrap();
    let op = AttnBackward::new(attn, Precision::I15).unwrap();

    let sizes = op.sizes();
    let (mut left, mut right) = (vec![77; sizes.planes], vec![77; sizes.planes]);
    let (mut left_scales, mut right_scales) = (poisoned(sizes.scales), poisoned(sizes.scales));
    let mut floats = poisoned(sizes.floats);
    let (mut dq, mut dk, mut dv) = (poisoned(asking), poisoned(asked), poisoned(asked));
    let stack = 2 * DIM * (rows + 2 * TOKENS) + 40 * rows + 12 * TOKENS + 4 * DIM;
    let (sums, by_column) = (8 * 192 * 64, (64 + 3) * rows);
    let packed = match cpu.path() {
        Path::Scalar => 0,
        Path::Avx2 => 140 * rows,
        Path::Vnni => 2 * 64 * rows,
    };
    let bounds = [stack + cpu.threads() * (sums + by_column + packed), panel(cpu, rows)];
    assert_within(bounds, "Attn backward", cpu, || {
        let mut scratch = AttnScratch {
            floats: &mut floats,
            operands: Scratch {
                left: QuantisedMut { planes: &mut left, scales: &mut left_scales },
                right: QuantisedMut { planes: &mut right, scales: &mut right_scales },
            },
        };
        let mut gradients = AttnGradients { dq: &mut dq, dk: &mut dk, dv: &mut dv };
        cpu.attn_backward(&op, &dy, &saved, &mut scratch, &mut gradients).unwrap();
    });
}

fn losses(cpu: &Cpu, random: &mut Random) {
    let (tokens, classes) = (8, 100_000);
    let op = CrossEntropy::new(tokens, classes).unwrap();
    let (logits, labels) = (random.floats(tokens * classes, 5.0), random.indices(tokens, classes as u32));
    let mut losses = poisoned(tokens);
    assert_within([cpu.threads() * 4 * classes, 0], "CrossEntropy", cpu, || {
        cpu.cross_entropy_forward(&op, &logits, &labels, &mut losses).unwrap();
    });
}

/// One test: others in the same process would be counted too.
#[test]
fn operators_take_no_more_memory_than_the_readme_says() {
    let mut random = Random::new(71);
    let (x, dy) = (random.floats(TOKENS * INPUTS, 1.0), random.floats(TOKENS * OUTPUTS, 1.0));
    let weight = random.floats(OUTPUTS * INPUTS, 1.0);
    for cpu in backends() {
        linear(cpu, &x, &dy, &weight);
        attention(cpu, &mut random);
        attention_backward(cpu, &mut random);
        losses(cpu, &mut random);
    }
}
