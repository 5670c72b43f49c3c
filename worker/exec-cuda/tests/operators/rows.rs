//! Operators on rows: norms, tables, means, and what is drawn of logits.

use assay_exact::{
    ArgMax, EmbedGather, EmbedScatterAdd, Error, FixedPoint, L2Norm, LayerNorm, LayerNormStats, MeanPool,
    RmsNorm, Sample, TrapKind,
};
use assay_exec::resident::{Call, Operator, Region, Resident, Source, Target};

use super::{agree, bits, poisoned, trap, Random, Rows, PRECISIONS};
use crate::backend::Cuda;

/// One row, one column, a row for a warp, a row for a block, the longest.
const SHAPES: [[usize; 2]; 6] = [[1, 1], [1, 400], [33, 7], [5, 1_029], [40, 64], [1, 65_536]];

#[test]
fn norms_are_those_of_the_reference() {
    let mut random = Random::new(141);
    for [rows, cols] in SHAPES {
        // The longest row would overflow with what is planted.
        let mut x = if cols > 10_000 { random.floats(rows * cols, 40.0) } else { random.planted(rows, cols) };
        x[0] = 3000.0;
        let (gamma, beta) = (random.floats(cols, 2.0), random.floats(cols, 1.0));
        for bad in [None, Some(rows * cols - 1)] {
            if let Some(at) = bad {
                x[at] = f32::NAN;
            }
            let layer = agree("LayerNorm", |backend| {
                let (mut y, mut mean, mut rstd) = (poisoned(rows * cols), poisoned(rows), poisoned(rows));
                let op = LayerNorm::new(rows, cols, 1e-12)?;
                backend.layer_norm_forward(&op, &x, &gamma, &beta, &mut y, &mut mean, &mut rstd)?;
                Ok((bits(&y), bits(&mean), bits(&rstd)))
            });
            let rms = agree("RmsNorm", |backend| {
                let (mut y, mut rstd) = (poisoned(rows * cols), poisoned(rows));
                backend.rms_norm_forward(&RmsNorm::new(rows, cols, 1e-6)?, &x, &gamma, &mut y, &mut rstd)?;
                Ok((bits(&y), bits(&rstd)))
            });
            let unit = agree("L2Norm", |backend| {
                let (mut y, mut norms) = (poisoned(rows * cols), poisoned(rows));
                backend.l2_norm_forward(&L2Norm::new(rows, cols, 1e-12)?, &x, &mut y, &mut norms)?;
                Ok((bits(&y), bits(&norms)))
            });
            let expected = bad.map(|at| trap(TrapKind::Nan, at));
            assert_eq!(
                (layer.err(), rms.err(), unit.err()),
                (expected, expected, expected),
                "{rows} × {cols}"
            );
        }
    }
}

#[test]
fn gradients_of_norms_are_those_of_the_reference() {
    let mut random = Random::new(142);
    let fixed = FixedPoint::new(1).unwrap();
    for [rows, cols] in [[1, 1], [1, 400], [33, 7], [5, 1_029], [70, 64]] {
        let (mut dy, x) = (random.floats(rows * cols, 0.5), random.floats(rows * cols, 3.0));
        let (gamma, mean) = (random.floats(cols, 2.0), random.floats(rows, 0.5));
        let rstd: Vec<f32> = random.floats(rows, 1.0).into_iter().map(|x| x + 1.5).collect();
        let (layer, rms) =
            (LayerNorm::new(rows, cols, 1e-5).unwrap(), RmsNorm::new(rows, cols, 1e-5).unwrap());
        let unit = L2Norm::new(rows, cols, 1e-12).unwrap();
        for bad in [false, true] {
            if bad {
                dy[rows * cols - 1] = f32::INFINITY;
            }
            let stats = LayerNormStats { mean: &mean, rstd: &rstd };
            let results = [
                agree("LayerNorm dx", |backend| {
                    let mut dx = poisoned(rows * cols);
                    backend.layer_norm_backward_input(&layer, &dy, &x, &gamma, &stats, &mut dx)?;
                    Ok(bits(&dx))
                })
                .is_err(),
                agree("LayerNorm dγ, dβ", |backend| {
                    let (mut dgamma, mut dbeta) = (vec![3i64; cols], vec![-4i64; cols]);
                    backend.layer_norm_backward_weight(
                        &layer,
                        &dy,
                        &x,
                        &stats,
                        &fixed,
                        &mut dgamma,
                        &mut dbeta,
                    )?;
                    Ok((dgamma, dbeta))
                })
                .is_err(),
                agree("RmsNorm dx", |backend| {
                    let mut dx = poisoned(rows * cols);
                    backend.rms_norm_backward_input(&rms, &dy, &x, &gamma, &rstd, &mut dx)?;
                    Ok(bits(&dx))
                })
                .is_err(),
                agree("RmsNorm dγ", |backend| {
                    let mut dgamma = vec![3i64; cols];
                    backend.rms_norm_backward_weight(&rms, &dy, &x, &rstd, &fixed, &mut dgamma)?;
                    Ok(dgamma)
                })
                .is_err(),
                agree("L2Norm dx", |backend| {
                    let mut dx = poisoned(rows * cols);
                    backend.l2_norm_backward(&unit, &dy, &x, &rstd, &mut dx)?;
                    Ok(bits(&dx))
                })
                .is_err(),
            ];
            assert_eq!(results, [bad; 5], "{rows} × {cols}");
        }
    }
}

#[test]
fn rows_of_tables_are_those_of_the_reference() {
    let mut random = Random::new(143);
    for [tokens, vocabulary, cols] in [[1, 1, 1], [9, 40, 33], [130, 7, 16], [3, 90, 384]] {
        let table = random.planted(vocabulary, cols);
        let op = EmbedGather::new(tokens, vocabulary, cols).unwrap();
        let mut ids = random.indices(tokens, vocabulary as u32);
        for bad in [None, Some(trap(TrapKind::Bound, tokens - 1))] {
            if bad.is_some() {
                ids[tokens - 1] = u32::MAX;
            }
            let gathered = agree("EmbedGather", |backend| {
                let mut y = poisoned(tokens * cols);
                backend.embed_gather_forward(&op, &ids, &table, &mut y)?;
                Ok(bits(&y))
            });
            assert_eq!(gathered.err(), bad);
            for precision in PRECISIONS {
                let table = Rows::new(&table, cols, precision);
                let gathered = agree("EmbedGather of digits", |backend| {
                    let mut y = poisoned(tokens * cols);
                    backend.embed_gather_forward_quantised(&op, &ids, &table.view(), &mut y)?;
                    Ok(bits(&y))
                });
                assert_eq!(gathered.err(), bad);
            }
        }
    }
}

#[test]
fn what_is_scattered_to_a_table_is_that_of_the_reference() {
    let mut random = Random::new(144);
    let fixed = FixedPoint::new(1).unwrap();
    // Many tokens for few rows: their order must not matter.
    for [tokens, vocabulary, cols] in [[1, 1, 1], [200, 3, 17], [9, 40, 130]] {
        let op = EmbedScatterAdd::new(tokens, vocabulary, cols).unwrap();
        let (mut ids, mut dy) =
            (random.indices(tokens, vocabulary as u32), random.floats(tokens * cols, 1.0));
        let scattered = |ids: &[u32], dy: &[f32]| -> [Result<Vec<i64>, Error>; 2] {
            let start = vec![11i64; vocabulary * cols];
            [
                agree("EmbedScatterAdd", |backend| {
                    let mut table = start.clone();
                    backend.embed_scatter_add(&op, ids, dy, &fixed, &mut table)?;
                    Ok(table)
                }),
                agree("EmbedScatterAdd, subtracted", |backend| {
                    let mut table = start.clone();
                    backend.embed_scatter_subtract(&op, ids, dy, &fixed, &mut table)?;
                    Ok(table)
                }),
            ]
        };
        assert!(scattered(&ids, &dy).iter().all(Result::is_ok));
        let last = std::mem::replace(&mut dy[tokens * cols - 1], 2e4);
        assert!(scattered(&ids, &dy).iter().all(Result::is_err));
        dy[tokens * cols - 1] = last;
        ids[tokens - 1] = vocabulary as u32;
        let expected: Result<Vec<i64>, Error> = Err(trap(TrapKind::Bound, tokens - 1));
        assert_eq!(scattered(&ids, &dy), [expected.clone(), expected]);
    }
}

#[test]
fn means_of_tokens_are_those_of_the_reference() {
    let mut random = Random::new(145);
    for [tokens, cols] in [[1, 1], [1, 20], [17, 16], [64, 15], [33, 70], [2_100, 3]] {
        // Planted by column: each has a scale of its own.
        let columns = random.planted(cols, tokens);
        let mut x: Vec<f32> = (0..tokens * cols).map(|at| columns[at % cols * tokens + at / cols]).collect();
        let mut dy = random.floats(cols, 2.0);
        let op = MeanPool::new(tokens, cols).unwrap();
        for bad in [false, true] {
            if bad {
                (x[tokens * cols - 1], dy[cols - 1]) = (f32::NAN, f32::NEG_INFINITY);
            }
            let mean = agree("MeanPool", |backend| {
                let mut y = poisoned(cols);
                backend.mean_pool_forward(&op, &x, &mut y)?;
                Ok(bits(&y))
            });
            let spread = agree("MeanPool backward", |backend| {
                let mut dx = poisoned(tokens * cols);
                backend.mean_pool_backward(&op, &dy, &mut dx)?;
                Ok(bits(&dx))
            });
            assert_eq!((mean.is_err(), spread.is_err()), (bad, bad), "{tokens} × {cols}");
        }
    }
}

#[test]
fn what_is_drawn_of_logits_is_what_the_reference_draws() {
    let mut random = Random::new(146);
    for classes in [1, 2, 33, 5_003] {
        let rows = 3;
        let mut x = random.floats(rows * classes, 8.0);
        // Ties: the lowest index wins, and both zeros are equal.
        x[classes - 1] = 9.0;
        x[classes / 2] = 9.0;
        x[classes..2 * classes].fill(-0.0);
        x[2 * classes - 1] = 0.0;
        for bad in [None, Some(trap(TrapKind::Infinite, 2 * classes))] {
            if bad.is_some() {
                x[2 * classes] = f32::INFINITY;
            }
            let best = agree("ArgMax", |backend| {
                let mut best = vec![u32::MAX; rows];
                backend.arg_max_forward(&ArgMax::new(rows, classes)?, &x, &mut best)?;
                Ok(best)
            });
            assert_eq!(best.err(), bad);
        }
        for op in
            [Sample::new(classes, 1.25), Sample::new(classes, 0.7).and_then(|op| op.top_k(2.min(classes)))]
        {
            let op = op.unwrap().top_p(0.9).unwrap();
            for draw in [0, u64::MAX, 1 << 63, 0x1234_5678_9abc_def0] {
                let mut scratch = vec![u64::MAX; op.scratch()];
                let drawn = agree_drawn(&op, &x[..classes], draw, &mut scratch);
                assert!(drawn.is_ok());
            }
        }
    }
}

/// Whether the device draws or leaves that to the CPU is its own affair.
fn agree_drawn(op: &Sample, logits: &[f32], draw: u64, scratch: &mut [u64]) -> Result<u32, Error> {
    use assay_exec::{Backend, Reference};
    let expected = Reference.sample_forward(op, logits, draw, scratch);
    for subject in super::subjects() {
        let subject = subject.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        assert_eq!(subject.cuda.sample_forward(op, logits, draw, scratch), expected);
    }
    expected
}

#[test]
fn each_row_of_a_pass_is_drawn_of_as_the_reference_draws() {
    let mut random = Random::new(147);
    for classes in [1, 2, 33, 1_025, 5_003] {
        let draws = [0, u64::MAX, 0x1234_5678_9abc_def0];
        let mut x = random.floats(draws.len() * classes, 8.0);
        // One row of equals, and one with many of each.
        x[..classes].fill(-0.0);
        x[classes..2 * classes].iter_mut().for_each(|x| *x = f32::from(*x as i8));
        for (k, p) in
            [(1, 1.0), (2, 0.5), (classes / 3 + 1, 1.0), (classes, 1e-10), (classes, 0.999), (classes, 1.0)]
        {
            let op = Sample::new(classes, 1.25).and_then(|op| op.top_k(k)?.top_p(p)).unwrap();
            let mut scratch = vec![0; op.scratch()];
            let rows = x.chunks(classes).zip(draws);
            let expected: Vec<u32> =
                rows.map(|(row, draw)| op.forward(row, draw, &mut scratch).unwrap()).collect();
            super::on_each_path(|cuda| {
                let what = format!("{k} of {classes} classes, {p} of their weight, by {}", cuda.path());
                assert_eq!(drawn(cuda, &op, &x, &draws), Ok(expected.clone()), "{what}");
            });
        }
        x[2 * classes] = f32::NAN;
        let op = Sample::new(classes, 1.25).unwrap();
        super::on_each_path(|cuda| assert_eq!(drawn(cuda, &op, &x, &draws), Err(DRAWING)));
    }
}

/// The node that draws.
const DRAWING: u32 = 7;

/// What a pass draws of each row, or the node that it reports.
fn drawn(cuda: &Cuda, op: &Sample, x: &[f32], draws: &[u64]) -> Result<Vec<u32>, u32> {
    let of_draws = Region::<u64>::new(0, draws.len());
    let of_x = Region::<f32>::new(8 * draws.len() as u64, x.len());
    let of_drawn = Region::<u32>::new(of_x.start() + 4 * x.len() as u64, draws.len());
    let mut block = cuda.block(of_drawn.start() + 4 * draws.len() as u64).unwrap();
    let words: Vec<u32> = draws.iter().flat_map(|draw| [*draw as u32, (draw >> 32) as u32]).collect();
    block.upload(of_draws.start(), Source::U32(&words)).unwrap();
    block.upload(of_x.start(), Source::F32(x)).unwrap();
    let operator = Operator::Sample { op: *op, x: of_x, draws: of_draws, drawn: of_drawn };
    if let Some(node) = block.run(&[Call { node: DRAWING, operator }]).unwrap() {
        return Err(node);
    }
    let mut classes = vec![u32::MAX; draws.len()];
    block.download(of_drawn.start(), Target::U32(&mut classes)).unwrap();
    Ok(classes)
}
