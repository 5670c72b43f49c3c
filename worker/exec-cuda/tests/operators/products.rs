//! Quantisation, integer products by every path, and the linear layer and head that are made of them.

use assay_exact::{
    CrossEntropy, DequantBias, Error, FixedPoint, GemmI8, GemmI8Sliced, Head, Linear, Precision, QuantCol,
    QuantRow, QuantisedMut, Scratch, Split, Transpose, TrapKind,
};
use assay_exec::{Backend, Sums};

use super::{agree, agree_by_all, bits, on_device, poisoned, trap, Random, Rows, PRECISIONS};

#[test]
fn quantised_rows_and_columns_are_those_of_the_reference() {
    let mut random = Random::new(131);
    for [rows, cols] in [[1, 1], [1, 300], [40, 33], [7, 1_030], [3, 9_001], [130, 5]] {
        let mut x = random.planted(rows, cols);
        for precision in PRECISIONS {
            let len = precision.digits() * rows * cols;
            let by_row = |x: &[f32]| {
                agree("QuantRow", |backend| {
                    let (mut planes, mut scales) = (vec![77; len], poisoned(rows));
                    let op = QuantRow::new(rows, cols, precision)?;
                    backend.quant_row_forward(&op, x, &mut planes, &mut scales)?;
                    Ok((planes, bits(&scales)))
                })
            };
            let by_column = |x: &[f32]| {
                agree("QuantCol", |backend| {
                    let (mut planes, mut scales) = (vec![77; len], poisoned(cols));
                    let op = QuantCol::new(rows, cols, precision)?;
                    backend.quant_col_forward(&op, x, &mut planes, &mut scales)?;
                    Ok((planes, bits(&scales)))
                })
            };
            assert!(by_row(&x).is_ok() && by_column(&x).is_ok(), "{rows} × {cols} {precision:?}");
            let last = std::mem::replace(&mut x[rows * cols - 1], f32::NEG_INFINITY);
            let expected = trap(TrapKind::Infinite, rows * cols - 1);
            assert_eq!((by_row(&x).err(), by_column(&x).err()), (Some(expected), Some(expected)));
            x[rows * cols - 1] = last;
        }
    }
}

#[test]
fn digits_and_swapped_axes_are_those_of_the_reference() {
    let mut random = Random::new(132);
    let (rows, cols) = (37, 70);
    for precision in PRECISIONS {
        let bound = precision.bound();
        let draws = random.indices(rows * cols, 2 * bound as u32 + 1);
        let mut q: Vec<i32> = draws.into_iter().map(|draw| draw as i32 - bound).collect();
        (q[0], q[1]) = (bound, -bound);
        let split = |q: &[i32]| {
            agree("Split", |backend| {
                let mut planes = vec![77; precision.digits() * q.len()];
                backend.split_forward(&Split::new(q.len(), precision)?, q, &mut planes)?;
                Ok(planes)
            })
        };
        assert!(split(&q).is_ok());
        q[99] = bound + 1;
        assert_eq!(split(&q), Err(trap(TrapKind::Bound, 99)));
    }
    for [rows, cols] in [[rows, cols], [1, 9], [64, 32]] {
        let x = random.planted(rows, cols);
        let swapped = agree("Transpose", |backend| {
            let mut y = poisoned(rows * cols);
            backend.transpose_forward(&Transpose::new(rows, cols)?, &x, &mut y)?;
            Ok(bits(&y))
        });
        assert!(swapped.is_ok());
    }
}

/// Rows, columns and depth: at the edges of tiles, one row, few rows, and random ones.
fn shapes(random: &mut Random) -> Vec<[usize; 3]> {
    let mut shapes = vec![[1, 1, 1], [1, 70, 1_100], [9, 33, 100], [65, 129, 64], [16, 8, 31]];
    shapes.extend((0..2).map(|_| [random.dimension(70), random.dimension(90), random.dimension(200)]));
    shapes
}

/// Products of random operands, of one digit each and of all pairs of these precisions.
fn multiply(random: &mut Random, [rows, cols, depth]: [usize; 3], precisions: &[Precision]) {
    let (a, b) = (random.digits(rows * depth), random.digits(cols * depth));
    let plain = agree_by_all("GemmI8", |backend| {
        let mut c = vec![i32::MIN; rows * cols];
        backend.gemm_i8_forward(&GemmI8::new(rows, cols, depth)?, &a, &b, &mut c)?;
        Ok(c)
    });
    assert!(plain.is_ok());
    let (x, w) = (random.planted(rows, depth), random.planted(cols, depth));
    for left in precisions {
        for right in precisions {
            let (a, b) = (Rows::new(&x, depth, *left), Rows::new(&w, depth, *right));
            let sliced = agree_by_all("GemmI8Sliced", |backend| {
                let (op, mut c) = (GemmI8Sliced::new(rows, cols, depth)?, vec![i64::MIN; rows * cols]);
                backend.gemm_i8_sliced_forward(&op, &a.view(), &b.view(), &mut c)?;
                Ok(c)
            });
            assert!(sliced.is_ok(), "{rows} × {cols} × {depth} {left:?} {right:?}");
        }
    }
}

#[test]
fn products_by_every_path_are_those_of_the_reference() {
    let mut random = Random::new(133);
    for shape in shapes(&mut random) {
        multiply(&mut random, shape, &PRECISIONS);
    }
}

#[test]
fn products_past_tiles_and_stages_are_those_of_the_reference() {
    // A depth that is split, two tiles below one another, two side by side: of the largest, those of wgmma.
    for shape in [[20, 30, 1_552], [130, 40, 656], [20, 260, 656]] {
        multiply(&mut Random::new(138), shape, &[Precision::I8, Precision::I15]);
    }
}

#[test]
fn the_largest_sums_of_the_largest_depth_do_not_overflow() {
    // On this machine's processor tensor cores take a minute for what a device does at once.
    let others = if on_device() { 131_071 } else { 2_050 };
    for (depth, by_all) in [(131_071, false), (others, true)] {
        for digit in [127, -127] {
            let (a, b) = (vec![digit; 2 * depth], vec![127; 3 * depth]);
            let sums = agree_if(by_all, "GemmI8", |backend| {
                let mut c = vec![0; 6];
                backend.gemm_i8_forward(&GemmI8::new(2, 3, depth)?, &a, &b, &mut c)?;
                Ok(c)
            });
            assert_eq!(sums, Ok(vec![i32::from(digit) * 127 * depth as i32; 6]));
        }
        let x = vec![1.0; 2 * depth];
        for precision in [Precision::I15, Precision::I22] {
            let rows = Rows::new(&x, depth, precision);
            let sums = agree_if(by_all, "GemmI8Sliced", |backend| {
                let (op, mut c) = (GemmI8Sliced::new(2, 2, depth)?, vec![0; 4]);
                backend.gemm_i8_sliced_forward(&op, &rows.view(), &rows.view(), &mut c)?;
                Ok(c)
            });
            assert_eq!(sums, Ok(vec![i64::from(precision.bound()).pow(2) * depth as i64; 4]));
        }
    }
}

fn agree_if<O: PartialEq + std::fmt::Debug>(
    by_all: bool,
    what: &str,
    run: impl Fn(&dyn Backend) -> Result<O, Error>,
) -> Result<O, Error> {
    if by_all {
        agree_by_all(what, run)
    } else {
        agree(what, run)
    }
}

#[test]
fn sums_become_the_floats_of_the_reference() {
    let mut random = Random::new(134);
    let (rows, cols) = (13, 150);
    let draws = random.indices(rows * cols, u32::MAX);
    let narrow: Vec<i32> = draws.iter().map(|draw| *draw as i32).collect();
    let wide: Vec<i64> = narrow.iter().map(|sum| i64::from(*sum) << 29 | 1).collect();
    let (mut row_scales, col_scales) = (random.floats(rows, 1e-3), random.floats(cols, 1e-3));
    let bias = random.floats(cols, 3.0);
    let op = DequantBias::new(rows, cols).unwrap();
    let run = |sums: Sums<'_>, row_scales: &[f32], bias: Option<&[f32]>| {
        agree("DequantBias", |backend| {
            let mut y = poisoned(rows * cols);
            backend.dequant_bias_forward(&op, sums, row_scales, &col_scales, bias, &mut y)?;
            Ok(bits(&y))
        })
    };
    for sums in [Sums::I32(&narrow), Sums::I64(&wide)] {
        assert!(run(sums, &row_scales, None).is_ok() && run(sums, &row_scales, Some(&bias)).is_ok());
    }
    row_scales[7] = f32::NAN;
    assert_eq!(run(Sums::I32(&narrow), &row_scales, None), Err(trap(TrapKind::Nan, 7)));
}

/// Buffers for both operands, longer than needed and poisoned.
struct Buffers {
    planes: [Vec<i8>; 2],
    scales: [Vec<f32>; 2],
}

impl Buffers {
    fn new(op: &Linear) -> Self {
        let longest = op.tokens().max(op.inputs()).max(op.outputs());
        let (planes, scales) = (vec![77; 3 * longest * longest + 5], poisoned(longest + 5));
        Self { planes: [planes.clone(), planes], scales: [scales.clone(), scales] }
    }

    fn scratch(&mut self) -> Scratch<'_> {
        let ([left, right], [left_scales, right_scales]) = (&mut self.planes, &mut self.scales);
        Scratch {
            left: QuantisedMut { planes: left, scales: left_scales },
            right: QuantisedMut { planes: right, scales: right_scales },
        }
    }
}

fn forward(
    backend: &dyn Backend,
    op: &Linear,
    x: &[f32],
    weight: &Rows,
    bias: Option<&[f32]>,
) -> Result<Vec<u32>, Error> {
    let (mut buffers, mut y) = (Buffers::new(op), poisoned(op.tokens() * op.outputs()));
    backend.linear_forward(op, x, &weight.view(), bias, &mut buffers.scratch().left, &mut y)?;
    Ok(bits(&y))
}

/// Tokens, inputs and outputs.
const LAYERS: [[usize; 3]; 4] = [[1, 1, 1], [1, 133, 40], [17, 32, 70], [130, 70, 65]];

#[test]
fn a_linear_layer_is_that_of_the_reference() {
    let mut random = Random::new(135);
    for [tokens, inputs, outputs] in LAYERS {
        let (mut x, w) = (random.planted(tokens, inputs), random.planted(outputs, inputs));
        let bias = random.floats(outputs, 3.0);
        for precision in PRECISIONS {
            let op = Linear::new(tokens, inputs, outputs, precision).unwrap();
            for weights in [Precision::I8, Precision::I15] {
                let weight = Rows::new(&w, inputs, weights);
                for bias in [None, Some(&bias[..])] {
                    let y = agree_by_all("Linear", |backend| forward(backend, &op, &x, &weight, bias));
                    assert!(y.is_ok(), "{tokens} × {inputs} × {outputs} {precision:?} {weights:?}");
                }
            }
        }
        let op = Linear::new(tokens, inputs, outputs, Precision::I8).unwrap();
        let weight = Rows::new(&w, inputs, Precision::I8);
        x[tokens * inputs / 2] = f32::NAN;
        let y = agree_by_all("Linear", |backend| forward(backend, &op, &x, &weight, None));
        assert_eq!(y, Err(trap(TrapKind::Nan, tokens * inputs / 2)));
    }
}

#[test]
fn gradients_of_a_linear_layer_are_those_of_the_reference() {
    let mut random = Random::new(136);
    let fixed = FixedPoint::new(1).unwrap();
    for [tokens, inputs, outputs] in LAYERS {
        let (mut dy, x) = (random.floats(tokens * outputs, 0.1), random.floats(tokens * inputs, 3.0));
        let weight = random.planted(outputs, inputs);
        for (precision, spike) in PRECISIONS.into_iter().zip([0.1, 0.1, 3e5]) {
            dy[tokens * outputs - 1] = spike;
            let op = Linear::new(tokens, inputs, outputs, precision).unwrap();
            let dx = agree_by_all("dx", |backend| {
                let (mut buffers, mut dx) = (Buffers::new(&op), poisoned(tokens * inputs));
                backend.linear_backward_input(&op, &dy, &weight, &mut buffers.scratch(), &mut dx)?;
                Ok(bits(&dx))
            });
            let dw = agree_by_all("dW", |backend| {
                let (mut buffers, mut dw) = (Buffers::new(&op), vec![5i64; outputs * inputs]);
                backend.linear_backward_weight(&op, &dy, &x, &fixed, &mut buffers.scratch(), &mut dw)?;
                Ok(dw)
            });
            let db = agree_by_all("db", |backend| {
                let mut db = vec![-7i64; outputs];
                backend.linear_backward_bias(&op, &dy, &fixed, &mut db)?;
                Ok(db)
            });
            // The last one does not fit into fixed point.
            assert_eq!((dx.is_ok(), db.is_ok()), (true, spike < 1.0));
            assert!(dw.is_ok() || spike > 1.0);
        }
    }
}

#[test]
fn a_head_and_its_gradients_are_those_of_the_reference() {
    let mut random = Random::new(137);
    let (tokens, inputs, classes) = (19, 24, 153);
    let op = CrossEntropy::new(tokens, classes).unwrap();
    let linear = Linear::new(tokens, inputs, classes, Precision::I15).unwrap();
    let mut logits = random.floats(tokens * classes, 9.0);
    logits[3 * classes + 5] = 300.0;
    let p = agree("probabilities", |backend| {
        let mut p = poisoned(tokens * classes);
        backend.cross_entropy_probabilities(&op, &logits, &mut p)?;
        Ok(bits(&p))
    });
    let probabilities: Vec<f32> = p.unwrap().into_iter().map(f32::from_bits).collect();
    let (x, weight) = (random.floats(tokens * inputs, 2.0), random.floats(classes * inputs, 1.0));
    let mut labels = random.indices(tokens, classes as u32);
    let fixed = FixedPoint::new(100).unwrap();
    for bad in [false, true] {
        if bad {
            labels[7] = u32::MAX;
        }
        let head = Head { linear: &linear, labels: &labels, probabilities: &probabilities };
        let losses = agree("losses", |backend| {
            let mut losses = poisoned(tokens);
            backend.cross_entropy_forward(&op, &logits, &labels, &mut losses)?;
            Ok(bits(&losses))
        });
        let dx = agree_by_all("dx of a head", |backend| {
            let (mut buffers, mut dx) = (Buffers::new(&linear), poisoned(tokens * inputs));
            backend.cross_entropy_backward_input(&op, &head, &weight, &mut buffers.scratch(), &mut dx)?;
            Ok(bits(&dx))
        });
        let dw = agree_by_all("dW of a head", |backend| {
            let (mut buffers, mut dw) = (Buffers::new(&linear), vec![3i64; classes * inputs]);
            backend.cross_entropy_backward_weight(&op, &head, &x, &fixed, &mut buffers.scratch(), &mut dw)?;
            Ok(dw)
        });
        let expected = bad.then_some(trap(TrapKind::Bound, 7));
        assert_eq!((losses.err(), dx.err(), dw.err()), (expected, expected, expected));
    }
}
