//! Rows of a table and their mean, against the reference.

mod random;

use assay_exact::{EmbedGather, EmbedScatterAdd, Error, FixedPoint, MeanPool, TrapKind};
use random::{agree, bits, poisoned, trap, Random, Rows, PRECISIONS};

#[test]
fn rows_of_a_quantised_table_are_those_of_the_reference() {
    let mut random = Random::new(61);
    for [tokens, vocabulary, cols] in [[1, 1, 1], [9, 40, 33], [130, 7, 16], [3, 90, 384]] {
        let table = random.planted(vocabulary, cols);
        let mut ids = random.indices(tokens, vocabulary as u32);
        for precision in PRECISIONS {
            let table = Rows::new(&table, cols, precision);
            let op = EmbedGather::new(tokens, vocabulary, cols).unwrap();
            let run = |ids: &[u32]| {
                agree("EmbedGather", |backend| {
                    let mut y = poisoned(tokens * cols);
                    backend.embed_gather_forward_quantised(&op, ids, &table.view(), &mut y)?;
                    Ok(bits(&y))
                })
            };
            assert!(run(&ids).is_ok());
            let last = std::mem::replace(&mut ids[tokens - 1], vocabulary as u32);
            assert_eq!(run(&ids), Err(trap(TrapKind::Bound, tokens - 1)));
            ids[tokens - 1] = last;
            assert!(matches!(run(&ids[1..]), Err(Error::Refused(_))));
        }
    }
}

#[test]
fn a_row_that_overflows_is_the_trap() {
    let mut random = Random::new(62);
    let (tokens, cols) = (50, 24);
    let mut table = Rows::new(&random.floats(3 * cols, 1.0), cols, PRECISIONS[0]);
    (table.scales[1], table.planes[cols + 5]) = (3e38, 127);
    table.planes[cols..cols + 5].fill(1);
    let ids: Vec<u32> = (0..tokens).map(|token| u32::from(token == 31)).collect();
    let op = EmbedGather::new(tokens, 3, cols).unwrap();
    let result = agree("EmbedGather", |backend| {
        let mut y = poisoned(tokens * cols);
        backend.embed_gather_forward_quantised(&op, &ids, &table.view(), &mut y)
    });
    assert_eq!(result, Err(trap(TrapKind::Infinite, 31 * cols + 5)));
}

#[test]
fn the_mean_is_that_of_the_reference() {
    let mut random = Random::new(63);
    for [tokens, cols] in [[1, 1], [1, 20], [17, 16], [64, 15], [33, 70], [2_100, 3]] {
        // Planted by column: each has a scale of its own.
        let columns = random.planted(cols, tokens);
        let x: Vec<f32> = (0..tokens * cols).map(|at| columns[at % cols * tokens + at / cols]).collect();
        let op = MeanPool::new(tokens, cols).unwrap();
        let run = |x: &[f32]| {
            agree("MeanPool", |backend| {
                let mut y = poisoned(cols);
                backend.mean_pool_forward(&op, x, &mut y)?;
                Ok(bits(&y))
            })
        };
        assert!(run(&x).is_ok(), "{tokens} × {cols}");
        let mut bad = x.clone();
        (bad[x.len() - 1], bad[x.len() / 2]) = (f32::NAN, f32::NEG_INFINITY);
        assert!(matches!(run(&bad), Err(Error::Trap(trap)) if trap.index == x.len() as u64 / 2));
        assert!(matches!(run(&x[1..]), Err(Error::Refused(_))));
    }
}

#[test]
fn the_sums_of_the_largest_integers_do_not_overflow() {
    let op = MeanPool::new(5_000, 2).unwrap();
    let x: Vec<f32> = (0..10_000).map(|at| if at % 2 == 0 { 3e38 } else { -1.0 }).collect();
    let result = agree("MeanPool", |backend| {
        let mut y = poisoned(2);
        backend.mean_pool_forward(&op, &x, &mut y)?;
        Ok(bits(&y))
    });
    assert_eq!(result, Err(trap(TrapKind::Infinite, 0)));
    let x: Vec<f32> = (0..10_000).map(|at| if at % 2 == 0 { 3.0 } else { -1.0 }).collect();
    let result = agree("MeanPool", |backend| {
        let mut y = poisoned(2);
        backend.mean_pool_forward(&op, &x, &mut y)?;
        Ok(y)
    });
    let means = result.unwrap();
    assert!((means[0] - 3.0).abs() < 1e-3 && (means[1] + 1.0).abs() < 1e-3, "{means:?}");
}

#[test]
fn rows_are_added_and_subtracted_as_by_the_reference() {
    let mut random = Random::new(65);
    let fixed = FixedPoint::new(1 << 14).unwrap();
    for [tokens, vocabulary, cols] in [[1, 1, 1], [40, 3, 33], [130, 50, 64]] {
        let op = EmbedScatterAdd::new(tokens, vocabulary, cols).unwrap();
        let ids = random.indices(tokens, vocabulary as u32);
        let mut dy = random.floats(tokens * cols, 200.0);
        let small = [0.0, -0.0, 1e-40, -1e-13, 4.547e-13, 1.3642e-12, -255.999];
        dy.iter_mut().rev().zip(small).for_each(|(dy, x)| *dy = x);
        let run = |ids: &[u32], dy: &[f32]| {
            agree("EmbedScatterAdd", |backend| {
                let mut table = vec![i64::MAX - 5; vocabulary * cols];
                backend.embed_scatter_add(&op, ids, dy, &fixed, &mut table)?;
                let added = table.clone();
                backend.embed_scatter_subtract(&op, ids, dy, &fixed, &mut table)?;
                Ok((added, table))
            })
        };
        let (_, back) = run(&ids, &dy).unwrap();
        assert!(back.iter().all(|sum| *sum == i64::MAX - 5));
        let last = dy.len() - 1;
        for (bad, kind) in
            [(256.0, TrapKind::Bound), (f32::NEG_INFINITY, TrapKind::Infinite), (f32::NAN, TrapKind::Nan)]
        {
            let mut dy = dy.clone();
            dy[last] = f32::NAN;
            dy[last / 2] = bad;
            assert_eq!(run(&ids, &dy).map(drop), Err(trap(kind, last / 2)));
        }
        let mut beyond = ids.clone();
        beyond[tokens - 1] = vocabulary as u32;
        assert_eq!(run(&beyond, &dy).map(drop), Err(trap(TrapKind::Bound, tokens - 1)));
        assert!(matches!(run(&ids[1..], &dy), Err(Error::Refused(_))));
    }
}
