//! The linear layer and the head of a language model, forward and backward, against the reference.

mod random;

use assay_exact::{CrossEntropy, FixedPoint, Head, Linear, Precision, QuantisedMut, Scratch, TrapKind};
use assay_exec::Backend;
use random::{agree, backends, bits, poisoned, trap, Random, Rows, PRECISIONS};

/// Buffers for both operands, longer than needed and poisoned.
struct Buffers {
    planes: [Vec<i8>; 2],
    scales: [Vec<f32>; 2],
}

impl Buffers {
    fn new(op: &Linear) -> Self {
        let longest = op.tokens().max(op.inputs()).max(op.outputs());
        let planes = vec![77; 3 * longest * longest + 5];
        let scales = poisoned(longest + 5);
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

fn shapes(random: &mut Random) -> Vec<[usize; 3]> {
    let mut shapes = vec![[1, 1, 1], [1, 33, 40], [17, 32, 9], [13, 70, 130], [197, 9, 65]];
    shapes.extend((0..4).map(|_| [random.dimension(24), random.dimension(40), random.dimension(40)]));
    shapes
}

fn forward(
    backend: &dyn Backend,
    op: &Linear,
    x: &[f32],
    weight: &Rows,
    bias: Option<&[f32]>,
) -> Result<Vec<u32>, assay_exact::Error> {
    let (mut buffers, mut y) = (Buffers::new(op), poisoned(op.tokens() * op.outputs()));
    backend.linear_forward(op, x, &weight.view(), bias, &mut buffers.scratch().left, &mut y)?;
    Ok(bits(&y))
}

#[test]
fn the_forward_form_is_that_of_the_reference() {
    let mut random = Random::new(11);
    for [tokens, inputs, outputs] in shapes(&mut random) {
        let (x, w) = (random.planted(tokens, inputs), random.planted(outputs, inputs));
        let bias = random.floats(outputs, 3.0);
        for precision in PRECISIONS {
            for weights in [Precision::I8, Precision::I15] {
                let weight = Rows::new(&w, inputs, weights);
                let op = Linear::new(tokens, inputs, outputs, precision).unwrap();
                for bias in [None, Some(&bias[..])] {
                    let result = agree("Linear", |backend| forward(backend, &op, &x, &weight, bias));
                    assert!(result.is_ok());
                }
            }
        }
    }
}

/// Inputs of several parts of 512, and outputs of several tiles, with and without rests.
#[test]
fn a_deep_layer_of_one_digit_is_that_of_the_reference() {
    let mut random = Random::new(20);
    for [tokens, inputs, outputs] in
        [[5, 1_027, 17], [6, 1_024, 64], [13, 1_538, 33], [193, 514, 71], [20, 513, 130], [9, 511, 8]]
    {
        let (x, w) = (random.planted(tokens, inputs), random.planted(outputs, inputs));
        let (weight, bias) = (Rows::new(&w, inputs, Precision::I8), random.floats(outputs, 3.0));
        let op = Linear::new(tokens, inputs, outputs, Precision::I8).unwrap();
        for bias in [None, Some(&bias[..])] {
            let result = agree("Linear", |backend| forward(backend, &op, &x, &weight, bias));
            assert!(result.is_ok(), "{tokens} × {inputs} × {outputs}");
        }
    }
}

/// It lies in the last rectangle, in a tile that waited for the depth's last part.
#[test]
fn an_output_of_a_deep_layer_that_overflows_traps_at_its_index() {
    let mut random = Random::new(22);
    let (tokens, inputs, outputs) = (200, 515, 131);
    let op = Linear::new(tokens, inputs, outputs, Precision::I8).unwrap();
    let weight = Rows::new(&random.floats(outputs * inputs, 1.0), inputs, Precision::I8);
    let (mut x, mut bias) = (random.floats(tokens * inputs, 1.0), vec![0.0; outputs]);
    // A token along the weights of the last output, so large that this one's bias overflows with it.
    for (x, digit) in x[198 * inputs..].iter_mut().zip(&weight.planes[130 * inputs..131 * inputs]) {
        *x = f32::from(*digit) * 1e33;
    }
    bias[130] = f32::MAX;
    let result = agree("trap", |backend| forward(backend, &op, &x, &weight, Some(&bias)));
    assert_eq!(result, Err(trap(TrapKind::Infinite, 198 * outputs + 130)));
}

#[test]
fn a_batch_gives_the_bytes_of_its_parts() {
    let mut random = Random::new(12);
    let (tokens, inputs, outputs) = (37, 48, 29);
    let x = random.planted(tokens, inputs);
    let weight = Rows::new(&random.floats(outputs * inputs, 1.0), inputs, Precision::I8);
    for cpu in backends() {
        let whole = Linear::new(tokens, inputs, outputs, Precision::I8).unwrap();
        let expected = forward(cpu, &whole, &x, &weight, None).unwrap();
        for cut in [1, 4, 17, 36] {
            let (first, second) = x.split_at(cut * inputs);
            let mut joined = Vec::new();
            for part in [first, second] {
                let op = Linear::new(part.len() / inputs, inputs, outputs, Precision::I8).unwrap();
                joined.extend(forward(cpu, &op, part, &weight, None).unwrap());
            }
            assert!(joined == expected, "{} cut at {cut}", cpu.name());
        }
    }
}

#[test]
fn the_backward_forms_are_those_of_the_reference() {
    let mut random = Random::new(13);
    let fixed = FixedPoint::new(1).unwrap();
    for [tokens, inputs, outputs] in shapes(&mut random) {
        let (dy, x) = (random.floats(tokens * outputs, 0.1), random.floats(tokens * inputs, 3.0));
        let weight = random.planted(outputs, inputs);
        for precision in PRECISIONS {
            let op = Linear::new(tokens, inputs, outputs, precision).unwrap();
            let results = [
                agree("dx", |backend| {
                    let (mut buffers, mut dx) = (Buffers::new(&op), poisoned(tokens * inputs));
                    backend.linear_backward_input(&op, &dy, &weight, &mut buffers.scratch(), &mut dx)?;
                    Ok(dx.iter().map(|x| i64::from(x.to_bits())).collect())
                }),
                agree("dW", |backend| {
                    let (mut buffers, mut dw) = (Buffers::new(&op), vec![5i64; outputs * inputs]);
                    backend.linear_backward_weight(&op, &dy, &x, &fixed, &mut buffers.scratch(), &mut dw)?;
                    Ok(dw)
                }),
                agree("db", |backend| {
                    let mut db = vec![-7i64; outputs];
                    backend.linear_backward_bias(&op, &dy, &fixed, &mut db)?;
                    Ok(db)
                }),
            ];
            assert!(results.iter().all(|result: &Result<Vec<i64>, _>| result.is_ok()));
        }
    }
}

#[test]
fn the_gradients_of_a_head_are_those_of_the_reference() {
    let mut random = Random::new(14);
    let (tokens, inputs, classes) = (19, 24, 53);
    let op = CrossEntropy::new(tokens, classes).unwrap();
    let linear = Linear::new(tokens, inputs, classes, Precision::I15).unwrap();
    let logits = random.floats(tokens * classes, 9.0);
    let probabilities = agree("probabilities", |backend| {
        let mut p = poisoned(tokens * classes);
        backend.cross_entropy_probabilities(&op, &logits, &mut p)?;
        Ok(bits(&p))
    });
    let probabilities: Vec<f32> = probabilities.unwrap().into_iter().map(f32::from_bits).collect();
    let (x, weight) = (random.floats(tokens * inputs, 2.0), random.floats(classes * inputs, 1.0));
    let mut labels = random.indices(tokens, classes as u32);
    let fixed = FixedPoint::new(100).unwrap();
    for bad in [false, true] {
        if bad {
            labels[7] = classes as u32;
        }
        let head = Head { linear: &linear, labels: &labels, probabilities: &probabilities };
        let losses = agree("losses", |backend| {
            let mut losses = poisoned(tokens);
            backend.cross_entropy_forward(&op, &logits, &labels, &mut losses)?;
            Ok(bits(&losses))
        });
        let dx = agree("dx of a head", |backend| {
            let (mut buffers, mut dx) = (Buffers::new(&linear), poisoned(tokens * inputs));
            backend.cross_entropy_backward_input(&op, &head, &weight, &mut buffers.scratch(), &mut dx)?;
            Ok(bits(&dx))
        });
        let dw = agree("dW of a head", |backend| {
            let (mut buffers, mut dw) = (Buffers::new(&linear), vec![3i64; classes * inputs]);
            let mut scratch = buffers.scratch();
            backend.cross_entropy_backward_weight(&op, &head, &x, &fixed, &mut scratch, &mut dw)?;
            Ok(dw)
        });
        let expected = bad.then_some(trap(TrapKind::Bound, 7));
        assert_eq!((losses.err(), dx.err(), dw.err()), (expected, expected, expected));
    }
}

#[test]
fn the_lowest_violation_of_the_first_bad_operand_is_the_trap() {
    let mut random = Random::new(15);
    let (tokens, inputs, outputs) = (40, 20, 140);
    let op = Linear::new(tokens, inputs, outputs, Precision::I8).unwrap();
    let weight = Rows::new(&random.floats(outputs * inputs, 1.0), inputs, Precision::I8);
    let good = random.floats(tokens * inputs, 1.0);
    let bias = random.floats(outputs, 1.0);

    let (mut x, mut bad_bias) = (good.clone(), bias.clone());
    (x[700], x[31]) = (f32::NAN, f32::INFINITY);
    bad_bias[0] = f32::NAN;
    let run =
        |x: &[f32], bias: &[f32]| agree("trap", |backend| forward(backend, &op, x, &weight, Some(bias)));
    assert_eq!(run(&x, &bad_bias), Err(trap(TrapKind::Infinite, 31)));
    assert_eq!(run(&good, &bad_bias), Err(trap(TrapKind::Nan, 0)));

    // Rows whose outputs overflow; the bias is at the end of the range.
    let (mut x, mut huge) = (good, bias);
    huge.fill(3.4e38);
    x[25 * inputs..30 * inputs].iter_mut().for_each(|x| *x *= 3e37);
    let result = run(&x, &huge);
    assert!(matches!(result, Err(assay_exact::Error::Trap(trap)) if trap.kind == TrapKind::Infinite));
}

#[test]
fn a_gradient_beyond_fixed_point_traps_at_its_lowest_index() {
    let (tokens, inputs, outputs) = (3, 150, 40);
    let op = Linear::new(tokens, inputs, outputs, Precision::I15).unwrap();
    let fixed = FixedPoint::new(1).unwrap();
    let (mut dy, mut x) = (vec![1.0; tokens * outputs], vec![1.0; tokens * inputs]);
    (dy[35], dy[18], x[149], x[140]) = (2000.0, 2000.0, 100.0, 100.0);
    let dw = agree("dW", |backend| {
        let (mut buffers, mut dw) = (Buffers::new(&op), vec![0i64; outputs * inputs]);
        backend.linear_backward_weight(&op, &dy, &x, &fixed, &mut buffers.scratch(), &mut dw)?;
        Ok(dw)
    });
    assert_eq!(dw, Err(trap(TrapKind::Bound, 18 * inputs)));
    let db = agree("db", |backend| {
        let mut db = vec![0i64; outputs];
        backend.linear_backward_bias(&op, &dy, &fixed, &mut db)?;
        Ok(db)
    });
    assert_eq!(db, Err(trap(TrapKind::Bound, 18)));
}

#[test]
fn wrong_lengths_and_short_buffers_are_refused_as_by_the_reference() {
    let mut random = Random::new(16);
    let op = Linear::new(3, 4, 5, Precision::I15).unwrap();
    let weight = Rows::new(&random.floats(20, 1.0), 4, Precision::I8);
    let x = random.floats(12, 1.0);
    let short = agree("short x", |backend| forward(backend, &op, &x[1..], &weight, None));
    assert!(matches!(short, Err(assay_exact::Error::Refused(_))));
    let small = agree("small scratch", |backend| {
        let (mut planes, mut scales, mut y) = (vec![0; 23], vec![0.0; 3], poisoned(15));
        let mut scratch = QuantisedMut { planes: &mut planes, scales: &mut scales };
        backend.linear_forward(&op, &x, &weight.view(), None, &mut scratch, &mut y)
    });
    assert!(matches!(small, Err(assay_exact::Error::Refused(_))));
}

#[test]
fn gradients_of_every_size_are_added_as_by_the_reference() {
    let mut random = Random::new(17);
    let fixed = FixedPoint::new(1).unwrap();
    for [tokens, inputs, outputs] in [[3, 70, 131], [64, 17, 16], [257, 33, 5]] {
        let op = Linear::new(tokens, inputs, outputs, Precision::I15).unwrap();
        // By column, so that each has a scale of its own, denormal ones and zeros among them.
        let columns = random.planted(outputs, tokens);
        let small = |x: f32| if x.abs() > 1e3 { 3.0 } else { x };
        let dy: Vec<f32> =
            (0..tokens * outputs).map(|at| small(columns[at % outputs * tokens + at / outputs])).collect();
        let x = random.floats(tokens * inputs, 1e-12);
        let dw = agree("dW", |backend| {
            let (mut buffers, mut dw) = (Buffers::new(&op), vec![i64::MIN + 9; outputs * inputs]);
            backend.linear_backward_weight(&op, &dy, &x, &fixed, &mut buffers.scratch(), &mut dw)?;
            Ok(dw)
        });
        let db = agree("db", |backend| {
            let mut db = vec![1i64; outputs];
            backend.linear_backward_bias(&op, &dy, &fixed, &mut db)?;
            Ok(db)
        });
        assert!(dw.is_ok() && db.is_ok(), "{dw:?} {db:?}");
    }
}

#[test]
fn an_operand_that_is_not_finite_is_the_trap_before_a_later_one() {
    let mut random = Random::new(18);
    let (tokens, inputs, outputs) = (33, 40, 50);
    let op = Linear::new(tokens, inputs, outputs, Precision::I15).unwrap();
    let fixed = FixedPoint::new(1).unwrap();
    let (dy, x) = (random.floats(tokens * outputs, 0.1), random.floats(tokens * inputs, 0.1));
    let weight = random.floats(outputs * inputs, 1.0);
    let run = |dy: &[f32], x: &[f32], weight: &[f32]| {
        let dx = agree("dx", |backend| {
            let (mut buffers, mut dx) = (Buffers::new(&op), poisoned(tokens * inputs));
            backend.linear_backward_input(&op, dy, weight, &mut buffers.scratch(), &mut dx)
        });
        let dw = agree("dW", |backend| {
            let (mut buffers, mut dw) = (Buffers::new(&op), vec![0i64; outputs * inputs]);
            backend.linear_backward_weight(&op, dy, x, &fixed, &mut buffers.scratch(), &mut dw)
        });
        let db = agree("db", |backend| backend.linear_backward_bias(&op, dy, &fixed, &mut vec![0; outputs]));
        [dx, dw, db]
    };
    let (mut bad_dy, mut bad_x, mut bad_weight) = (dy.clone(), x.clone(), weight.clone());
    (bad_dy[1_200], bad_dy[901]) = (f32::NAN, f32::INFINITY);
    (bad_x[7], bad_weight[3]) = (f32::NAN, f32::NEG_INFINITY);
    assert_eq!(run(&bad_dy, &bad_x, &bad_weight), [Err(trap(TrapKind::Infinite, 901)); 3]);
    let expected = [Err(trap(TrapKind::Infinite, 3)), Err(trap(TrapKind::Nan, 7)), Ok(())];
    assert_eq!(run(&dy, &bad_x, &bad_weight), expected);
}

#[test]
fn losses_and_probabilities_of_every_size_are_those_of_the_reference() {
    let mut random = Random::new(19);
    for [tokens, classes] in [[1, 1], [5, 7], [64, 16], [33, 301]] {
        let op = CrossEntropy::new(tokens, classes).unwrap();
        let mut logits = random.planted(tokens, classes);
        logits.iter_mut().step_by(13).for_each(|z| *z *= -40.0);
        let labels = random.indices(tokens, classes as u32);
        let run = |logits: &[f32]| {
            agree("CrossEntropy", |backend| {
                let (mut losses, mut p) = (poisoned(tokens), poisoned(tokens * classes));
                backend.cross_entropy_forward(&op, logits, &labels, &mut losses)?;
                backend.cross_entropy_probabilities(&op, logits, &mut p)?;
                Ok((bits(&losses), bits(&p)))
            })
        };
        assert!(run(&logits).is_ok(), "{tokens} × {classes}");
        let last = logits.len() - 1;
        logits[last] = f32::NAN;
        logits[last / 2] = f32::INFINITY;
        assert_eq!(run(&logits).map(drop), Err(trap(TrapKind::Infinite, last / 2)));
    }
}
