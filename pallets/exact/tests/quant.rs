//! Quantisation: values of the independent integer model, and its laws on random data with extremes.

mod random;

use assay_exact::{
    Error, Precision, QuantCol, QuantRow, Quantiser, Refused, Split, Transpose, Trap, TrapKind, TINY_BITS,
};
use random::{Random, Rows};

const X: [f32; 6] = [
    f32::from_bits(0x3DCC_CCCD),
    f32::from_bits(0xC06C_CCCD),
    f32::from_bits(0x4020_0000),
    f32::from_bits(0x0DA2_4260),
    f32::from_bits(0xBC6E_AA21),
    f32::from_bits(0x406C_CCCD),
];

const ALL: [Precision; 3] = [Precision::I8, Precision::I15, Precision::I22];

#[test]
fn a_row_has_the_digits_and_the_scale_of_the_integer_model() {
    for (precision, scale, planes) in [
        (Precision::I8, 0x3CEE_AA21, vec![3, -127, 86, 0, 0, 127]),
        (Precision::I15, 0x396D_BE42, vec![57, -63, 18, 0, -64, 63, 3, -127, 86, 0, 0, 127]),
        (
            Precision::I22,
            0x35ED_BC6C,
            vec![9, -63, -40, 0, -32, 63, 57, -63, 19, 0, -64, 63, 3, -127, 86, 0, 0, 127],
        ),
    ] {
        let rows = Rows::new(&X, 6, precision);
        assert_eq!(rows.scales[0].to_bits(), scale);
        assert_eq!(rows.planes, planes);
        assert_eq!(rows.view().check(), Ok(()));
    }
}

#[test]
fn what_is_below_two_to_the_minus_100_is_zero() {
    let smallest = Quantiser::new(TINY_BITS, 127);
    assert_eq!(smallest.scale().to_bits(), 0x0A01_0204);
    assert_eq!(smallest.quantise(f32::from_bits(TINY_BITS)), 127);
    let below = Quantiser::new(TINY_BITS - 1, 127);
    assert_eq!(below.scale().to_bits(), 0);
    assert_eq!(below.quantise(f32::from_bits(TINY_BITS - 1)), 0);
    assert_eq!(below.quantise(-1e-40), 0);
}

#[test]
fn a_vector_with_an_infinity_or_a_nan_has_no_scale() {
    for bits in [0x7F80_0000, 0x7FC0_0000] {
        let quantiser = Quantiser::new(bits, 16_319);
        assert!(quantiser.scale().is_nan());
        assert_eq!(quantiser.quantise(f32::from_bits(bits)), 0);
        assert_eq!(quantiser.quantise(1.0), 0);
    }
}

#[test]
fn the_largest_finite_float_quantises_to_the_bound() {
    for precision in ALL {
        let quantiser = Quantiser::new(f32::MAX.to_bits(), precision.bound());
        assert_eq!(quantiser.quantise(f32::MAX), precision.bound());
        assert_eq!(quantiser.quantise(-f32::MAX), -precision.bound());
        assert!(quantiser.scale().is_finite());
    }
}

#[test]
fn rows_come_back_within_half_a_step() {
    let mut random = Random::new(1);
    for precision in ALL {
        let mut x = random.floats(9 * 31, 4.0);
        x[40] = 12_000.0;
        x[62..93].fill(0.0);
        let rows = Rows::new(&x, 31, precision);
        let view = rows.view();
        for (at, x) in x.iter().enumerate() {
            let (q, s) = (view.value(at / 31, at % 31), view.scale(at / 31));
            assert!(q.abs() <= precision.bound());
            let error = (f64::from(*x) - f64::from(q) * f64::from(s)).abs();
            assert!(error <= f64::from(s) * 0.501 + f64::from(x.abs()) * 3e-7, "{x} as {q}·{s}");
        }
        assert_eq!(view.scale(2), 0.0);
    }
}

#[test]
fn columns_are_the_rows_of_the_transpose() {
    let mut random = Random::new(2);
    for precision in ALL {
        let (rows, cols) = (random.dimension(40), random.dimension(40));
        let x = random.floats(rows * cols, 1e-20);
        let mut turned = vec![0.0; rows * cols];
        Transpose::new(rows, cols).unwrap().forward(&x, &mut turned).unwrap();
        let expected = Rows::new(&turned, rows, precision);
        let (mut planes, mut scales) = (vec![1; precision.digits() * rows * cols], vec![1.0; cols]);
        QuantCol::new(rows, cols, precision).unwrap().forward(&x, &mut planes, &mut scales).unwrap();
        assert_eq!((planes, scales), (expected.planes, expected.scales));
    }
}

#[test]
fn digits_recombine_over_the_whole_range() {
    for precision in [Precision::I15, Precision::I22] {
        let bound = precision.bound();
        let q: Vec<i32> =
            (-bound..=bound).step_by(if bound > 20_000 { 131 } else { 1 }).chain([bound]).collect();
        let mut planes = vec![0; precision.digits() * q.len()];
        Split::new(q.len(), precision).unwrap().forward(&q, &mut planes).unwrap();
        for (i, q) in q.iter().enumerate() {
            let digits: Vec<i32> =
                planes.iter().skip(i).step_by(planes.len() / precision.digits()).map(|d| *d as i32).collect();
            let (top, low) = digits.split_last().unwrap();
            assert!(low.iter().all(|d| (-64..=63).contains(d)) && top.abs() <= 127, "{q}: {digits:?}");
            assert_eq!(digits.iter().rev().fold(0, |sum, d| sum * 128 + d), *q);
        }
    }
}

#[test]
fn split_traps_at_the_first_value_over_its_bound() {
    let op = Split::new(4, Precision::I15).unwrap();
    let trap = Trap { kind: TrapKind::Bound, index: 2 };
    assert_eq!(op.forward(&[16_319, -16_319, -16_320, i32::MIN], &mut [0; 8]), Err(Error::Trap(trap)));
}

#[test]
fn quantisation_traps_on_what_is_not_finite() {
    let op = QuantRow::new(2, 3, Precision::I8).unwrap();
    for (value, kind) in [(f32::NAN, TrapKind::Nan), (f32::NEG_INFINITY, TrapKind::Infinite)] {
        let x = [1.0, 2.0, 3.0, value, f32::NAN, 6.0];
        let result = op.forward(&x, &mut [0; 6], &mut [0.0; 2]);
        assert_eq!(result, Err(Error::Trap(Trap { kind, index: 3 })));
    }
}

#[test]
fn operands_from_outside_are_checked_digit_by_digit() {
    let scales = [1.0];
    let check = |planes: &[i8], precision| {
        assay_exact::Quantised::new(planes, &scales, 2, precision).unwrap().check()
    };
    let refused = Err(Refused::Domain("digit of a quantised operand"));
    assert_eq!(check(&[127, -127], Precision::I8), Ok(()));
    assert_eq!(check(&[127, -128], Precision::I8), refused);
    assert_eq!(check(&[63, -64, 127, -127], Precision::I15), Ok(()));
    assert_eq!(check(&[64, -64, 127, -127], Precision::I15), refused);
    assert_eq!(check(&[63, -65, 127, -127], Precision::I15), refused);
    for scale in [-1.0, f32::NAN, f32::INFINITY] {
        let view =
            assay_exact::Quantised::new(&[1, 2], core::slice::from_ref(&scale), 2, Precision::I8).unwrap();
        assert_eq!(view.check(), Err(Refused::Domain("scale of a quantised operand")));
    }
}
