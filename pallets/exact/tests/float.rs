//! The elementwise functions against values from an independent model: binary32 built of integers alone, in Python.
//! And what the reference takes from `libm` against the hardware.
#![allow(clippy::disallowed_methods)] // f64 functions serve as the oracle of accuracy.

use assay_exact::float::{erf, exp, ln, normal, sigmoid, sqrt, tanh, ties_even};
use assay_exact::Philox;

#[rustfmt::skip]
const EXP: &[(u32, u32)] = &[
    (0x0000_0000, 0x3F80_0000), (0xB8D1_B717, 0x3F7F_F972), (0x3F80_0000, 0x402D_F854),
    (0xBF80_0000, 0x3EBC_5AB2), (0x3EB1_719F, 0x3FB5_04C8), (0xBEB1_72EF, 0x3F35_04A7),
    (0xC2AE_0000, 0x00B3_3687), (0xC2AE_0001, 0x0000_0000), (0x42B0_0000, 0x7EF8_82B7),
    (0x42B0_0001, 0x7F80_0000), (0xC184_0000, 0x3392_9427), (0x0DA2_4260, 0x3F80_0000),
    (0xC22F_3D11, 0x1FDE_40AC), (0xC20C_DF72, 0x2612_1AFA), (0xC0C2_055A, 0x3B18_8172),
    (0xC22A_FDF2, 0x20A0_A3AE), (0xC21D_7DA5, 0x2312_BF9A), (0xC204_096F, 0x27A6_5098),
    (0xC282_7450, 0x106E_5FAA), (0xC21C_3072, 0x234B_2EFC), (0x8000_0000, 0x3F80_0000),
    (0x0000_0001, 0x3F80_0000),
];

#[rustfmt::skip]
const LN: &[(u32, u32)] = &[
    (0x3F80_0000, 0x0000_0000), (0x4000_0000, 0x3F31_7218), (0x3F00_0000, 0xBF31_7218),
    (0x3F35_04F3, 0xBEB1_7218), (0x3F35_04F4, 0xBEB1_7216), (0x3FB5_04F3, 0x3EB1_7218),
    (0x3FB5_04F4, 0x3EB1_721A), (0x0DA2_4260, 0xC28A_27B5), (0x7F61_B1E6, 0x42B1_3196),
    (0x3F7F_FFFF, 0xB380_0000), (0x427B_F7C8, 0x4084_9384), (0x429E_997A, 0x408B_F18B),
    (0x4116_BE13, 0x400F_8D0E), (0x41F2_C6D8, 0x405A_69B0), (0x4111_37E6, 0x400D_295E),
    (0x42A1_EEC6, 0x408C_9BED), (0x428A_B19F, 0x4087_A6E2), (0x4086_52DC, 0x3FB7_9E3C),
    (0x0080_0000, 0xC2AE_AC50), (0x0D80_0000, 0xC28A_A123),
];

#[rustfmt::skip]
const ERF: &[(u32, u32)] = &[
    (0x0000_0000, 0x0000_0000), (0x3F40_0000, 0x3F36_0E4D), (0x3F3F_FFFE, 0x3F36_0E4B),
    (0xBF40_0000, 0xBF36_0E4D), (0x3DCC_CCCD, 0x3DE6_52F5), (0xC000_0000, 0xBF7E_CD71),
    (0x4060_0000, 0x3F7F_FFF4), (0x4120_0000, 0x3F80_0000), (0xC2C8_0000, 0xBF80_0000),
    (0x4076_E20E, 0x3F7F_FFFF), (0x406D_F4BB, 0x3F7F_FFFE), (0x3F9D_9DDE, 0x3F6B_1BC6),
    (0x3F6C_AC24, 0x3F4F_168A), (0xC02F_5CEF, 0xBF7F_F903), (0xC078_51D3, 0xBF7F_FFFF),
    (0x3E68_7FD4, 0x3E80_F43D), (0xC061_8284, 0xBF7F_FFF6), (0x8000_0000, 0x8000_0000),
];

#[rustfmt::skip]
const TANH: &[(u32, u32)] = &[
    (0x0000_0000, 0x0000_0000), (0x3F10_0000, 0x3F02_8438), (0x3F0F_FFFE, 0x3F02_8436),
    (0xBF10_0000, 0xBF02_8438), (0x3C23_D70A, 0x3C23_D5A4), (0xC040_0000, 0xBF7E_BBE9),
    (0x4110_0000, 0x3F80_0000), (0x4248_0000, 0x3F80_0000), (0xC47A_0000, 0xBF80_0000),
    (0xC01E_9D06, 0xBF7C_6C2E), (0xC004_200C, 0xBF77_E320), (0xC070_9904, 0xBF7F_B8E2),
    (0xBE93_B975, 0xBE8F_C1E0), (0xBEF3_95A5, 0xBEE2_BB2F), (0x402F_529C, 0x3F7D_DF27),
    (0x3E1C_AA2D, 0x3E1B_7429), (0x3F8F_A8A1, 0x3F4E_F1EF), (0x8000_0000, 0x0000_0000),
];

#[rustfmt::skip]
const SIGMOID: &[(u32, u32)] = &[
    (0x0000_0000, 0x3F00_0000), (0x3F80_0000, 0x3F3B_26A8), (0xBF80_0000, 0x3E89_B2B1),
    (0x41A0_0000, 0x3F80_0000), (0xC1A0_0000, 0x310D_A433), (0x42AE_0000, 0x3F80_0000),
    (0xC2AE_0000, 0x00B3_3687), (0xC2B0_0000, 0x0000_0000), (0x4348_0000, 0x3F80_0000),
    (0xC348_0000, 0x0000_0000), (0xBB94_AABF, 0x3EFF_6B55), (0x404F_EF76, 0x3F76_6F5E),
    (0xBF5A_7894, 0x3E98_F1C7), (0xC08D_F9CA, 0x3C3F_A0A9), (0x411F_3FFF, 0x3F7F_FCE2),
    (0x411E_9F0F, 0x3F7F_FCC2), (0x40D9_BCEA, 0x3F7F_B767), (0x4084_FF87, 0x3F7C_0D15),
    (0x8000_0000, 0x3F00_0000),
];

#[rustfmt::skip]
const CUMULATIVE: &[(u32, u32)] = &[
    (0x0000_0000, 0x3EFF_FFFC), (0x3F80_0000, 0x3F57_625F), (0xBF80_0000, 0x3E22_7684),
    (0x3E99_999A, 0x3F1E_2F71), (0xC080_0000, 0x3804_D6BB), (0x40A0_0000, 0x3F7F_FFFB),
    (0xC150_0000, 0x0042_9C2B), (0x4153_3333, 0x3F80_0000), (0xC160_0000, 0x0000_0000),
    (0x4396_0000, 0x3F80_0000), (0xC00D_DDFA, 0x3C5A_4780), (0xC04F_9DD9, 0x3A1A_7B3A),
    (0xC022_046F, 0x3BBA_125B), (0xC0A5_08C0, 0x3406_7E18), (0x404C_8254, 0x3F7F_D241),
    (0xBF98_FC64, 0x3DED_9380), (0x4085_168E, 0x3F7F_FEF4), (0xBFAE_50B2, 0x3DB1_6836),
    (0x8000_0000, 0x3F00_0002),
];

#[rustfmt::skip]
const DENSITY: &[(u32, u32)] = &[
    (0x0000_0000, 0x3ECC_422A), (0x3F80_0000, 0x3E77_C72D), (0xBF80_0000, 0x3E77_C72D),
    (0x3E99_999A, 0x3EC3_4544), (0xC080_0000, 0x390C_54C7), (0x40A0_0000, 0x35C7_8B4C),
    (0xC150_0000, 0x01D9_BFB2), (0x4153_3333, 0x0000_0000), (0xC160_0000, 0x0000_0000),
    (0x4396_0000, 0x0000_0000), (0xC00D_DDFA, 0x3D0C_0D13), (0xC04F_9DD9, 0x3B07_9672),
    (0xC022_046F, 0x3C84_A520), (0xC0A5_08C0, 0x3533_81ED), (0x404C_8254, 0x3B1E_87FD),
    (0xBF98_FC64, 0x3E47_FE09), (0x4085_168E, 0x3892_B747), (0xBFAE_50B2, 0x3E21_9E15),
    (0x8000_0000, 0x3ECC_422A),
];

#[rustfmt::skip]
const SQRT: &[(u32, u32)] = &[
    (0x0000_0000, 0x0000_0000), (0x3F80_0000, 0x3F80_0000), (0x4000_0000, 0x3FB5_04F3),
    (0x3DCC_CCCD, 0x3EA1_E89B), (0x006C_E3EE, 0x1FEC_1E4A), (0x7F61_B1E6, 0x5F70_5ECE),
    (0x4615_B1B2, 0x42C3_C260), (0x4604_6464, 0x42B8_194F), (0x40AE_613E, 0x4015_66A0),
    (0x4503_12C9, 0x4237_2DFE), (0x460E_3AE1, 0x42BE_D0FC), (0x4592_DEFB, 0x4289_1C7A),
    (0x8000_0000, 0x8000_0000), (0x0000_0001, 0x1A35_04F3), (0x007F_FFFF, 0x1FFF_FFFF),
];

fn check(name: &str, function: impl Fn(f32) -> f32, table: &[(u32, u32)]) {
    for (x, y) in table {
        let got = function(f32::from_bits(*x)).to_bits();
        assert_eq!(got, *y, "{name}({}) is {got:08X}, not {y:08X}", f32::from_bits(*x));
    }
}

#[test]
fn functions_have_the_bits_of_the_integer_model() {
    check("exp", exp, EXP);
    check("ln", ln, LN);
    check("erf", erf, ERF);
    check("tanh", tanh, TANH);
    check("sigmoid", sigmoid, SIGMOID);
    check("cumulative", |x| normal(x).0, CUMULATIVE);
    check("density", |x| normal(x).1, DENSITY);
    check("sqrt", sqrt, SQRT);
}

/// Every bit pattern of a stride through all floats, and random ones.
fn patterns() -> impl Iterator<Item = f32> {
    let stream = Philox::new([7; 8], 0, 0);
    (0..=u32::MAX).step_by(4099).chain((0..200_000).map(move |i| stream.word(i))).map(f32::from_bits)
}

#[test]
fn sqrt_and_ties_even_are_those_of_the_hardware() {
    for x in patterns() {
        let (root, whole) = (x.sqrt(), x.round_ties_even());
        assert!(sqrt(x).to_bits() == root.to_bits() || root.is_nan() && sqrt(x).is_nan(), "sqrt {x}");
        assert!(
            ties_even(x).to_bits() == whole.to_bits() || x.is_nan() && ties_even(x).is_nan(),
            "round {x}"
        );
    }
    for (x, y) in
        [(0.5, 0.0), (1.5, 2.0), (2.5, 2.0), (-0.5, -0.0), (-1.5, -2.0), (8_388_607.5, 8_388_608.0f32)]
    {
        assert_eq!(ties_even(x).to_bits(), y.to_bits());
    }
}

#[test]
fn exp_is_zero_below_and_infinite_above_its_domain() {
    for x in patterns() {
        if x < -87.0 {
            assert_eq!(exp(x).to_bits(), 0);
        } else if x > 88.0 {
            assert_eq!(exp(x), f32::INFINITY);
        } else if !x.is_nan() {
            assert!(exp(x).is_normal(), "exp({x})");
            assert!(x > 0.0 || exp(x) <= 1.0, "exp({x}) exceeds 1");
        }
    }
    assert!(exp(f32::NAN).is_nan());
}

/// Units in the last place of the larger of the two, relative to 2⁻²³.
fn relative(got: f32, oracle: f64) -> f64 {
    if oracle == 0.0 {
        f64::from(got).abs()
    } else {
        (f64::from(got) - oracle).abs() / oracle.abs() * 8_388_608.0
    }
}

#[test]
fn functions_are_within_two_units_in_the_last_place() {
    let stream = Philox::new([9; 8], 0, 0);
    for i in 0..100_000 {
        let x = stream.symmetric(i, 80.0);
        let wide = f64::from(x);
        assert!(relative(exp(x), wide.exp()) < 1.0, "exp({x})");
        assert!(relative(tanh(x / 8.0), f64::from(x / 8.0).tanh()) < 2.0, "tanh({x}/8)");
        assert!(relative(sigmoid(x), 1.0 / (1.0 + (-wide).exp())) < 2.0, "sigmoid({x})");
        let positive = exp(x);
        let log = f64::from(positive).ln();
        assert!(
            (f64::from(ln(positive)) - log).abs() < 2.0 * log.abs().max(1.0 / 64.0) / 8_388_608.0,
            "ln({positive})"
        );
    }
}
