//! Programs whose manifest is right and whose numbers are not.

use assay_exact::Refused;
use assay_graph::error::Problem;
use assay_graph::tensor::{Data, Tensor};

use crate::base::{refused, Base, FILE};

/// The problem of the base with a tensor changed, which the manifest lists as it then is.
fn problem(field: &str, tensor: &str, change: impl FnOnce(&mut Tensor)) -> Problem {
    let mut base = Base::new();
    change(base.tensors.get_mut(tensor).unwrap());
    base.list();
    refused(base.load(), FILE, field)
}

fn floats(tensor: &mut Tensor) -> &mut Vec<f32> {
    match &mut tensor.data {
        Data::F32(values) => values,
        _ => unreachable!(),
    }
}

fn digits(tensor: &mut Tensor) -> &mut Vec<i8> {
    match &mut tensor.data {
        Data::I8(values) => values,
        _ => unreachable!(),
    }
}

#[test]
fn other_numbers_load() {
    let mut base = Base::new();
    floats(base.tensors.get_mut("wk").unwrap())[3] = f32::MAX;
    floats(base.tensors.get_mut("wk").unwrap())[4] = -1e-45;
    digits(base.tensors.get_mut("wq").unwrap())[..2].copy_from_slice(&[-64, 63]);
    digits(base.tensors.get_mut("wq").unwrap())[30..].copy_from_slice(&[-127, 127]);
    base.list();
    base.load().unwrap();
}

#[test]
fn a_float_that_is_not_finite_is_refused() {
    let tensors = ["angles.cos", "angles.sin", "beta", "bias", "gamma", "places", "vocabulary", "wk"];
    for name in tensors {
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let problem = problem(&format!("tensor {name:?}"), name, |tensor| floats(tensor)[3] = value);
            assert!(matches!(problem, Problem::NotFinite(3)), "{problem}");
        }
    }
}

#[test]
fn a_digit_out_of_range_is_refused() {
    // −128 in either plane, and what only the top plane may hold in the low one.
    for (at, digit) in [(0, -128), (31, -128), (0, -65), (15, 64)] {
        let problem = problem("tensor \"wq\"", "wq", |tensor| digits(tensor)[at] = digit);
        assert!(matches!(problem, Problem::Refused(Refused::Domain(_))), "{problem}");
    }
}

#[test]
fn a_scale_out_of_range_is_refused() {
    for scale in [-0.5, -0.0] {
        let problem = problem("tensor \"wq\"", "wq.scale", |tensor| floats(tensor)[2] = scale);
        assert!(matches!(problem, Problem::Refused(Refused::Domain(_))), "{problem}");
    }
    for scale in [f32::NAN, f32::INFINITY] {
        let problem = problem("tensor \"wq\"", "wq.scale", |tensor| floats(tensor)[2] = scale);
        assert!(matches!(problem, Problem::NotFinite(2)), "{problem}");
    }
}
