//! Products and quantisation against the reference.

mod random;

use assay_exact::{
    DequantBias, Error, GemmI8, GemmI8Sliced, Precision, QuantCol, QuantRow, Quantised, TrapKind, MAX_DEPTH,
};
use assay_exec::Sums;
use random::{agree, bits, poisoned, trap, Random, Rows, PRECISIONS};

/// Shapes at and around the edges of tiles, rectangles and registers, then random ones.
fn shapes(random: &mut Random) -> Vec<(usize, usize, usize)> {
    let mut shapes = vec![
        (1, 1, 1),
        (1, 130, 33),
        (4, 2, 16),
        (5, 3, 15),
        (16, 128, 32),
        (17, 129, 17),
        (6, 64, 64),
        (4, 65, 61),
        (197, 65, 66),
        (11, 191, 263),
        (6, 17, 31),
        (13, 49, 33),
        (193, 80, 18),
    ];
    shapes.extend((0..6).map(|_| (random.dimension(40), random.dimension(40), random.dimension(70))));
    shapes
}

#[test]
fn i8_products_are_those_of_the_reference() {
    let mut random = Random::new(1);
    for (rows, cols, depth) in shapes(&mut random) {
        let (a, b) = (random.digits(rows * depth), random.digits(cols * depth));
        let op = GemmI8::new(rows, cols, depth).unwrap();
        let result = agree("GemmI8", |backend| {
            let mut c = vec![i32::MIN; rows * cols];
            backend.gemm_i8_forward(&op, &a, &b, &mut c).map(|()| c)
        });
        assert!(result.is_ok());
    }
}

/// Depths of several parts of 512, with and without rests, and rows of tiles that wait for the next part. What a thread
/// packed for a deeper product lies there when it packs for a shallower one.
#[test]
fn i8_products_of_several_parts_of_the_depth_are_those_of_the_reference() {
    let mut random = Random::new(6);
    let shapes = [
        (200, 67, 1_539),
        (197, 66, 1_027),
        (13, 33, 2_049),
        (7, 130, 1_025),
        (12, 16, 1_024),
        (6, 65, 1_023),
        (5, 17, 514),
        (8, 15, 513),
        (193, 49, 513),
        (6, 64, 512),
        (11, 31, 511),
        (14, 47, 3),
    ];
    for (rows, cols, depth) in shapes {
        let (a, b) = (random.digits(rows * depth), random.digits(cols * depth));
        let op = GemmI8::new(rows, cols, depth).unwrap();
        let result = agree("GemmI8", |backend| {
            let mut c = vec![i32::MIN; rows * cols];
            backend.gemm_i8_forward(&op, &a, &b, &mut c).map(|()| c)
        });
        assert!(result.is_ok(), "{rows} × {cols} × {depth}");
    }
}

/// Of so many digits that AVX2 widens them in several stretches.
#[test]
fn products_of_many_digits_are_those_of_the_reference() {
    let mut random = Random::new(8);
    let (rows, cols, depth) = (97, 2, 90_001);
    let (a, b) = (random.digits(rows * depth), random.digits(cols * depth));
    let op = GemmI8::new(rows, cols, depth).unwrap();
    let result = agree("GemmI8", |backend| {
        let mut c = vec![i32::MIN; rows * cols];
        backend.gemm_i8_forward(&op, &a, &b, &mut c).map(|()| c)
    });
    assert!(result.is_ok());
}

/// For few rows and for those of a tile, whose kernels differ.
#[test]
fn the_deepest_product_of_the_largest_digits_does_not_overflow() {
    for (rows, cols) in [(2, 3), (7, 18)] {
        for (left, right) in [(-127, 127), (-127, -127), (127, 127)] {
            let (a, b) = (vec![left; rows * MAX_DEPTH], vec![right; cols * MAX_DEPTH]);
            let op = GemmI8::new(rows, cols, MAX_DEPTH).unwrap();
            let result = agree("deep GemmI8", |backend| {
                let mut c = vec![0; rows * cols];
                backend.gemm_i8_forward(&op, &a, &b, &mut c).map(|()| c)
            });
            let sum = i32::from(left) * i32::from(right) * MAX_DEPTH as i32;
            assert_eq!(result, Ok(vec![sum; rows * cols]));
        }
    }
}

#[test]
fn the_deepest_product_of_two_digits_at_their_bounds_does_not_overflow() {
    let (rows, cols) = (6, 3);
    // 127·128 − 64: the products of a low and a high digit all have one sign.
    let operand = |rows: usize| [vec![-64i8; rows * MAX_DEPTH], vec![127i8; rows * MAX_DEPTH]].concat();
    let (a, b, scales) = (operand(rows), operand(cols), [1.0; 6]);
    let view =
        |planes, rows: usize| Quantised::new(planes, &scales[..rows], MAX_DEPTH, Precision::I15).unwrap();
    let op = GemmI8Sliced::new(rows, cols, MAX_DEPTH).unwrap();
    let result = agree("deep GemmI8Sliced", |backend| {
        let mut c = vec![0; rows * cols];
        backend.gemm_i8_sliced_forward(&op, &view(&a[..], rows), &view(&b[..], cols), &mut c).map(|()| c)
    });
    assert_eq!(result, Ok(vec![16_192 * 16_192 * MAX_DEPTH as i64; rows * cols]));
}

#[test]
fn sliced_products_of_any_two_precisions_are_those_of_the_reference() {
    let mut random = Random::new(2);
    for left in PRECISIONS {
        for right in PRECISIONS {
            let (rows, cols, depth) = (random.dimension(21) + 4, random.dimension(90), random.dimension(50));
            let a = Rows::new(&random.planted(rows, depth), depth, left);
            let b = Rows::new(&random.planted(cols, depth), depth, right);
            let op = GemmI8Sliced::new(rows, cols, depth).unwrap();
            let result = agree("GemmI8Sliced", |backend| {
                let mut c = vec![i64::MIN; rows * cols];
                backend.gemm_i8_sliced_forward(&op, &a.view(), &b.view(), &mut c).map(|()| c)
            });
            assert!(result.is_ok());
        }
    }
}

#[test]
fn rows_and_columns_quantise_to_the_same_digits_and_scales() {
    let mut random = Random::new(3);
    for (rows, cols, _) in shapes(&mut random) {
        let x = random.planted(rows, cols);
        for precision in PRECISIONS {
            let len = precision.digits() * rows * cols;
            let op = QuantRow::new(rows, cols, precision).unwrap();
            let by_row = agree("QuantRow", |backend| {
                let (mut planes, mut scales) = (vec![77; len], poisoned(rows));
                backend.quant_row_forward(&op, &x, &mut planes, &mut scales)?;
                Ok((planes, bits(&scales)))
            });
            let op = QuantCol::new(rows, cols, precision).unwrap();
            let by_column = agree("QuantCol", |backend| {
                let (mut planes, mut scales) = (vec![77; len], poisoned(cols));
                backend.quant_col_forward(&op, &x, &mut planes, &mut scales)?;
                Ok((planes, bits(&scales)))
            });
            assert!(by_row.is_ok() && by_column.is_ok());
        }
    }
}

/// Kernels do not clamp: the largest magnitude times Q over it, rounded twice, has to round to Q and no further.
#[test]
fn the_largest_magnitude_of_every_size_becomes_the_bound() {
    let mut random = Random::new(7);
    let cols = 37;
    // Exponents of normal numbers and the denormal one, each with mantissas at both ends and within.
    let mantissas = [0, 1, 0x2A_AAAB, 0x55_5555, 0x7F_FFFE, 0x7F_FFFF];
    let sizes = (0..255u32).flat_map(|exponent| mantissas.map(|mantissa| (exponent << 23) | mantissa));
    let sizes: Vec<f32> = sizes.map(f32::from_bits).collect();
    let mut x = random.floats(sizes.len() * cols, 1.0);
    for (row, size) in x.chunks_exact_mut(cols).zip(&sizes) {
        row.iter_mut().for_each(|x| *x *= size);
        // In whole registers and in what is left of them.
        for (at, value) in [(0, *size), (9, -size), (20, f32::from_bits(1)), (33, -size), (36, *size)] {
            row[at] = value;
        }
    }
    for precision in PRECISIONS {
        let op = QuantRow::new(sizes.len(), cols, precision).unwrap();
        let stride = sizes.len() * cols;
        let result = agree("QuantRow", |backend| {
            let (mut planes, mut scales) = (vec![77; precision.digits() * stride], poisoned(sizes.len()));
            backend.quant_row_forward(&op, &x, &mut planes, &mut scales)?;
            Ok((planes, bits(&scales)))
        });
        let (planes, _) = result.unwrap();
        for (row, size) in sizes.iter().enumerate() {
            let digit = |plane: usize| i32::from(planes[plane * stride + row * cols + 36]) << (7 * plane);
            let q: i32 = (0..precision.digits()).map(digit).sum();
            // Below 2⁻¹⁰⁰ all is zero.
            let expected = if size.to_bits() < (127 - 100) << 23 { 0 } else { precision.bound() };
            assert_eq!(q, expected, "{size:e} by {precision:?}");
        }
    }
}

#[test]
fn the_first_float_that_is_not_finite_is_the_trap_of_a_quantisation() {
    let mut random = Random::new(5);
    let (rows, cols) = (40, 70);
    let good = random.floats(rows * cols, 1.0);
    let mut bad = good.clone();
    // The column of the first one is behind those of the others.
    (bad[2_799], bad[1_751], bad[1_003], bad[999]) = (f32::NAN, f32::NAN, f32::NEG_INFINITY, f32::INFINITY);
    for precision in PRECISIONS {
        let len = precision.digits() * rows * cols;
        for (x, expected) in [(&good, Ok(())), (&bad, Err(trap(TrapKind::Infinite, 999)))] {
            let op = QuantRow::new(rows, cols, precision).unwrap();
            let by_row = agree("QuantRow", |backend| {
                backend.quant_row_forward(&op, x, &mut vec![77; len], &mut poisoned(rows))
            });
            let op = QuantCol::new(rows, cols, precision).unwrap();
            let by_column = agree("QuantCol", |backend| {
                backend.quant_col_forward(&op, x, &mut vec![77; len], &mut poisoned(cols))
            });
            assert_eq!((by_row, by_column), (expected, expected), "{precision:?}");
        }
    }
}

#[test]
fn sums_become_the_same_floats() {
    let mut random = Random::new(4);
    for (rows, cols, _) in shapes(&mut random) {
        let stream = random.floats(rows * cols, 1_073_741_824.0);
        let narrow: Vec<i32> = stream.iter().map(|x| *x as i32).collect();
        let wide: Vec<i64> = stream.iter().map(|x| *x as i64 * 65_537).collect();
        let (row_scales, col_scales) = (random.floats(rows, 1.0), random.floats(cols, 1.0));
        let bias = random.floats(cols, 10.0);
        let op = DequantBias::new(rows, cols).unwrap();
        for sums in [Sums::I32(&narrow), Sums::I64(&wide)] {
            for bias in [None, Some(&bias[..])] {
                let result = agree("DequantBias", |backend| {
                    let mut y = poisoned(rows * cols);
                    backend.dequant_bias_forward(&op, sums, &row_scales, &col_scales, bias, &mut y)?;
                    Ok(bits(&y))
                });
                assert!(result.is_ok());
            }
        }
    }
}

#[test]
fn a_scale_or_a_bias_that_is_not_finite_is_the_trap_and_a_short_one_is_refused() {
    let (rows, cols) = (30, 70);
    let sums = vec![3i64; rows * cols];
    let op = DequantBias::new(rows, cols).unwrap();
    let run = |row_scales: &[f32], col_scales: &[f32], bias: &[f32]| {
        agree("DequantBias", |backend| {
            let mut y = poisoned(rows * cols);
            let sums = Sums::I64(&sums);
            backend.dequant_bias_forward(&op, sums, row_scales, col_scales, Some(bias), &mut y)
        })
    };
    let (good_rows, good_cols) = (vec![1.0; rows], vec![2.0; cols]);
    let (mut bad_rows, mut bad_cols) = (good_rows.clone(), good_cols.clone());
    (bad_rows[29], bad_cols[5]) = (f32::NAN, f32::INFINITY);
    assert_eq!(run(&bad_rows, &bad_cols, &good_cols), Err(trap(TrapKind::Nan, 29)));
    assert_eq!(run(&good_rows, &bad_cols, &bad_cols), Err(trap(TrapKind::Infinite, 5)));
    assert_eq!(run(&good_rows, &good_cols, &bad_cols), Err(trap(TrapKind::Infinite, 5)));
    let huge = vec![3e38; cols];
    assert_eq!(run(&good_rows, &huge, &huge), Err(trap(TrapKind::Infinite, 0)));
    assert!(matches!(run(&good_rows, &good_cols[1..], &good_cols), Err(Error::Refused(_))));
    assert!(matches!(run(&good_rows, &good_cols, &good_cols[1..]), Err(Error::Refused(_))));
}
