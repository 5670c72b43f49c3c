//! Integer products: exact, at every bound, however the sum is cut.

mod random;

use assay_exact::{DequantBias, GemmI8, GemmI8Sliced, Linear, Precision, QuantisedMut, Refused, MAX_DEPTH};
use random::{Random, Rows};

#[test]
fn i8_products_reach_the_depth_bound_without_overflow() {
    let op = GemmI8::new(1, 2, MAX_DEPTH).unwrap();
    let a = vec![127i8; MAX_DEPTH];
    let b = [vec![127i8; MAX_DEPTH], vec![-127i8; MAX_DEPTH]].concat();
    let mut c = [0; 2];
    op.forward(&a, &b, &mut c).unwrap();
    let expected = 127 * 127 * MAX_DEPTH as i64;
    assert_eq!(c.map(i64::from), [expected, -expected]);
    let over = MAX_DEPTH + 1;
    let refused = Refused::Limit { what: "depth of GemmI8", limit: MAX_DEPTH as u64, got: over as u64 };
    assert_eq!(GemmI8::new(1, 1, over).err(), Some(refused));
}

#[test]
fn sliced_products_are_those_of_the_whole_integers() {
    let mut random = Random::new(3);
    for (left, right) in [
        (Precision::I8, Precision::I15),
        (Precision::I15, Precision::I15),
        (Precision::I22, Precision::I8),
        (Precision::I22, Precision::I22),
    ] {
        let (m, n, k) = (random.dimension(9), random.dimension(9), random.dimension(300));
        let a = Rows::new(&random.floats(m * k, 1.0), k, left);
        let b = Rows::new(&random.floats(n * k, 1.0), k, right);
        let mut c = vec![i64::MIN; m * n];
        GemmI8Sliced::new(m, n, k).unwrap().forward(&a.view(), &b.view(), &mut c).unwrap();
        for (at, c) in c.iter().enumerate() {
            let whole = |i: usize, rows: &Rows, at| i64::from(rows.view().value(at, i));
            let expected: i64 = (0..k).map(|i| whole(i, &a, at / n) * whole(i, &b, at % n)).sum();
            assert_eq!(*c, expected);
        }
    }
}

#[test]
fn three_digit_products_at_the_depth_bound_fit() {
    let x = vec![1.0f32; MAX_DEPTH];
    let rows = Rows::new(&x, MAX_DEPTH, Precision::I22);
    let mut c = [0];
    GemmI8Sliced::new(1, 1, MAX_DEPTH).unwrap().forward(&rows.view(), &rows.view(), &mut c).unwrap();
    assert_eq!(i128::from(c[0]), 2_088_895i128.pow(2) * MAX_DEPTH as i128);
}

#[test]
fn the_sum_may_be_cut_anywhere() {
    let mut random = Random::new(4);
    let (a, b) = (random.digits(1000), random.digits(1000));
    let product = |range: std::ops::Range<usize>| {
        let mut c = [0];
        GemmI8::new(1, 1, range.len()).unwrap().forward(&a[range.clone()], &b[range], &mut c).unwrap();
        c[0]
    };
    let whole = product(0..1000);
    for cut in [1, 7, 500, 999] {
        assert_eq!(product(0..cut) + product(cut..1000), whole);
    }
}

#[test]
fn one_element_can_be_computed_from_its_row_and_column_alone() {
    let mut random = Random::new(5);
    let (tokens, inputs, outputs) = (7, 96, 11);
    let (x, bias) = (random.floats(tokens * inputs, 2.0), random.floats(outputs, 0.5));
    let weight = Rows::new(&random.floats(outputs * inputs, 0.1), inputs, Precision::I8);
    let run = |x: &[f32], weight: &Rows, bias: &[f32]| {
        let (mut planes, mut scales) = (vec![0; x.len()], vec![0.0; x.len() / inputs]);
        let mut y = vec![f32::NAN; x.len() / inputs * bias.len()];
        let op = Linear::new(x.len() / inputs, inputs, bias.len(), Precision::I8).unwrap();
        let mut scratch = QuantisedMut { planes: &mut planes, scales: &mut scales };
        op.forward(x, &weight.view(), Some(bias), &mut scratch, &mut y).unwrap();
        y
    };
    let y = run(&x, &weight, &bias);
    for (t, o) in [(0, 0), (3, 10), (6, 5)] {
        let digits = &weight.planes[o * inputs..(o + 1) * inputs];
        let column: Vec<f32> = digits.iter().map(|q| f32::from(*q) * weight.scales[o]).collect();
        let mut opened = Rows::new(&column, inputs, Precision::I8);
        opened.planes.copy_from_slice(digits);
        opened.scales[0] = weight.scales[o];
        let one = run(&x[t * inputs..(t + 1) * inputs], &opened, &bias[o..=o]);
        assert_eq!(one[0].to_bits(), y[t * outputs + o].to_bits());
    }
}

#[test]
fn without_bias_nothing_is_added() {
    // −0 would become +0 if a zero bias were added.
    let op = DequantBias::new(1, 1).unwrap();
    let mut y = [1.0];
    op.forward(&[0i32], &[-1.0], &[1.0], None, &mut y).unwrap();
    assert_eq!(y[0].to_bits(), (-0.0f32).to_bits());
    op.forward(&[0i32], &[-1.0], &[1.0], Some(&[0.0]), &mut y).unwrap();
    assert_eq!(y[0].to_bits(), 0);
}

#[test]
fn wide_sums_round_to_the_nearest_even_float() {
    let op = DequantBias::new(1, 3).unwrap();
    let mut y = [0.0; 3];
    op.forward(&[16_777_217i64, 16_777_219, (1 << 62) + (1 << 38)], &[1.0], &[1.0; 3], None, &mut y).unwrap();
    assert_eq!(y, [16_777_216.0, 16_777_220.0, 4_611_686_018_427_387_904.0]);
}

#[test]
fn gradients_of_a_linear_layer_are_close_to_float() {
    let mut random = Random::new(6);
    let (tokens, inputs, outputs) = (40, 64, 48);
    let (x, dy) = (random.floats(tokens * inputs, 1.0), random.floats(tokens * outputs, 1e-3));
    let w = random.floats(outputs * inputs, 0.1);
    let mut memory = (vec![0; 2 * 48 * 64], vec![0.0; 64], vec![0; 2 * 48 * 64], vec![0.0; 64]);
    let mut scratch = assay_exact::Scratch {
        left: QuantisedMut { planes: &mut memory.0, scales: &mut memory.1 },
        right: QuantisedMut { planes: &mut memory.2, scales: &mut memory.3 },
    };
    let op = Linear::new(tokens, inputs, outputs, Precision::I15).unwrap();
    let fixed = assay_exact::FixedPoint::new(1).unwrap();
    let (mut dx, mut dw, mut db) = (vec![0.0; tokens * inputs], vec![0; outputs * inputs], vec![0; outputs]);
    op.backward_input(&dy, &w, &mut scratch, &mut dx).unwrap();
    op.backward_weight(&dy, &x, &fixed, &mut scratch, &mut dw).unwrap();
    op.backward_bias(&dy, &fixed, &mut db).unwrap();
    let at = |m: &[f32], i: usize| f64::from(m[i]);
    let sum = |n: usize, f: &dyn Fn(usize) -> f64| (0..n).map(f).sum::<f64>();
    let dx64: Vec<f64> = (0..dx.len())
        .map(|i| sum(outputs, &|o| at(&dy, i / inputs * outputs + o) * at(&w, o * inputs + i % inputs)))
        .collect();
    let dw64: Vec<f64> = (0..dw.len())
        .map(|i| sum(tokens, &|t| at(&dy, t * outputs + i / inputs) * at(&x, t * inputs + i % inputs)))
        .collect();
    let db64: Vec<f64> = (0..outputs).map(|o| sum(tokens, &|t| at(&dy, t * outputs + o))).collect();
    let back = |sums: &[i64]| sums.iter().map(|s| assay_exact::mean(*s, 1)).collect::<Vec<f32>>();
    for (name, got, oracle) in [("dx", dx, dx64), ("dw", back(&dw), dw64), ("db", back(&db), db64)] {
        let cosine = random::cosine(&got, &oracle);
        assert!(cosine > 0.999_999, "{name}: {cosine}");
    }
}
