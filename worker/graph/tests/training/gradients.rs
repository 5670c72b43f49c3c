//! Gradients against central differences in f64, and the order in which they are added.

use assay_exact::{
    mean, means, CrossEntropy, EmbedScatterAdd, FixedPoint, Head, Linear, Precision, QuantisedMut, Scratch,
};
use assay_exec::Reference;
use assay_graph::forward::Executor;
use assay_graph::train::State;
use assay_graph::weights::Weights;

use crate::model::{decoder, encoder, three_users, windows, COUNT, SEED, TOKENS, UNITS, VOCABULARY, WIDTH};
use crate::oracle::Oracle;
use crate::{text, trainer, Model};

fn norm(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / (norm(a) * norm(b))
}

/// Every parameter's gradient over a step has the direction and the length of the oracle's.
fn agrees_with_f64(model: &Model) {
    let program = model.program().unwrap();
    let state = State::from_seed(&program, SEED);
    let data = text();
    let gradients = trainer(&program, &Reference, &data, state.clone()).gradients(0..UNITS).unwrap();
    assert_eq!(gradients.units, UNITS);
    assert!(gradients.sums.keys().eq(program.manifest.parameters.keys()));

    let mut oracle = Oracle::new(&program, &state);
    let windows = windows(&data, 0, UNITS);
    let (loss, expected) = (f64::from(mean(gradients.loss, COUNT)), oracle.loss(&windows));
    assert!((loss / expected - 1.0).abs() < 1e-4, "a loss of {loss}, not {expected}");
    for (name, sums) in &gradients.sums {
        let mut gradient = vec![0.0; sums.len()];
        means(sums, COUNT, &mut gradient).unwrap();
        let got: Vec<f64> = gradient.iter().map(|x| f64::from(*x)).collect();
        let expected = oracle.gradient(name, &windows);
        let (cosine, length) = (cosine(&got, &expected), norm(&got) / norm(&expected));
        assert!(cosine >= 0.999_99, "{name}: a cosine of {cosine}");
        assert!((length - 1.0).abs() < 0.002, "{name}: {length} of the length");
    }
}

#[test]
fn gradients_of_a_decoder_are_those_of_f64() {
    agrees_with_f64(&decoder());
}

#[test]
fn gradients_of_a_partly_fixed_encoder_are_those_of_f64() {
    agrees_with_f64(&encoder());
}

/// Runs something with buffers for products of the small models.
fn with_scratch<T>(run: impl FnOnce(&mut Scratch<'_>) -> T) -> T {
    let mut memory = (vec![0; 256], vec![0.0; 16], vec![0; 256], vec![0.0; 16]);
    run(&mut Scratch {
        left: QuantisedMut { planes: &mut memory.0, scales: &mut memory.1 },
        right: QuantisedMut { planes: &mut memory.2, scales: &mut memory.3 },
    })
}

fn add(a: &[f32], b: &[f32]) -> Vec<f32> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

#[test]
fn gradients_of_a_value_with_three_users_are_added_in_their_order() {
    let mut model = three_users();
    model.training().units = 1;
    let program = model.program().unwrap();
    let state = State::from_seed(&program, SEED);
    let data = text();
    let gradients = trainer(&program, &Reference, &data, state.clone()).gradients(0..1).unwrap();

    let (ids, labels) = windows(&data, 0, 1)[0];
    let tensors = state.weights(&program);
    let weights = Weights::new("state", &program.graph, &tensors).unwrap();
    let executor = Executor { graph: &program.graph, weights: &weights, backend: &Reference };
    let pass = executor.run_keeping(ids, &mut ()).unwrap();
    let (tokens, width, classes) = (TOKENS as usize, WIDTH as usize, VOCABULARY as usize);

    // The gradient of the sum of the three, by the reference.
    let op = CrossEntropy::new(tokens, classes).unwrap();
    let (mut probabilities, mut ds) = (vec![0.0; tokens * classes], vec![0.0; tokens * width]);
    op.probabilities(&pass.values[program.graph.output], &mut probabilities).unwrap();
    let linear = Linear::new(tokens, width, classes, Precision::I15).unwrap();
    let head = Head { linear: &linear, labels, probabilities: &probabilities };
    with_scratch(|scratch| op.backward_input(&head, weights.float("head"), scratch, &mut ds)).unwrap();

    let linear = Linear::new(tokens, width, width, Precision::I15).unwrap();
    let [q, k, v] = ["a", "b", "c"].map(|name| {
        let mut dx = vec![0.0; tokens * width];
        with_scratch(|scratch| linear.backward_input(&ds, weights.float(name), scratch, &mut dx)).unwrap();
        dx
    });
    let scattered = |dx: Vec<f32>| {
        let op = EmbedScatterAdd::new(tokens, classes, width).unwrap();
        let mut sums = vec![0; classes * width];
        op.add(ids, &dx, &FixedPoint::new(TOKENS).unwrap(), &mut sums).unwrap();
        sums
    };
    let expected = scattered(add(&add(&q, &k), &v));
    assert!(gradients.sums["embed"] == expected);
    assert!(scattered(add(&q, &add(&k, &v))) != expected, "the case does not tell the orders apart");
    assert!(scattered(add(&add(&v, &k), &q)) != expected, "the case does not tell the orders apart");
}
