//! Optimizers, clipping and decay against their formulas in f64, on the gradients that the trainer has.

use std::collections::BTreeMap;

use assay_exact::mean;
use assay_exec::Reference;
use assay_graph::manifest::Parameter;
use assay_graph::train::{Gradients, State};

use crate::model::{adam, decoder, sgd, ADAM, COUNT, SEED, SGD, UNITS};
use crate::{text, trainer, Model};

const RATES: [f32; 4] = [0.05, 0.02, 0.1, 0.03];
/// Small enough to clip.
const CLIP: f32 = 0.05;

type Vectors = BTreeMap<String, Vec<f64>>;

/// Parameters and moments in f64.
struct Oracle {
    parameters: Vectors,
    first: Vectors,
    second: Vectors,
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|x| f64::from(*x)).collect()
}

impl Oracle {
    fn new(state: &State) -> Self {
        let parameters: Vectors =
            state.parameters.iter().map(|(name, values)| (name.clone(), wide(values))).collect();
        let zeros: Vectors =
            parameters.iter().map(|(name, values)| (name.clone(), vec![0.0; values.len()])).collect();
        Self { parameters, first: zeros.clone(), second: zeros }
    }

    /// Calls `update` with λ, g, m, v and p of every element; `factor` is that of clipping.
    fn each(
        &mut self,
        learned: &BTreeMap<String, Parameter>,
        gradients: &Gradients,
        (factor, decay): (f64, f32),
        update: impl Fn(f64, f64, &mut f64, &mut f64, &mut f64),
    ) {
        for (name, sums) in &gradients.sums {
            let decay = if learned[name].decay { f64::from(decay) } else { 0.0 };
            let (first, second) = (self.first.get_mut(name).unwrap(), self.second.get_mut(name).unwrap());
            let parameter = self.parameters.get_mut(name).unwrap();
            for (at, sum) in sums.iter().enumerate() {
                let g = f64::from(mean(*sum, COUNT)) * factor;
                update(decay, g, &mut first[at], &mut second[at], &mut parameter[at]);
            }
        }
    }
}

/// limit/norm, which must be below 1.
fn clipping(gradients: &Gradients) -> f64 {
    let elements = gradients.sums.values().flatten();
    let norm = elements.map(|sum| f64::from(mean(*sum, COUNT)).powi(2)).sum::<f64>().sqrt();
    assert!(norm > f64::from(CLIP), "a norm of {norm} is not clipped");
    f64::from(CLIP) / norm
}

/// Trains step by step beside the oracle, which `update` brings forward by a step.
fn follows(model: &Model, update: impl Fn(usize, &Gradients, &BTreeMap<String, Parameter>, &mut Oracle)) {
    let program = model.program().unwrap();
    let state = State::from_seed(&program, SEED);
    let mut oracle = Oracle::new(&state);
    let data = text();
    let mut trainer = trainer(&program, &Reference, &data, state);
    for step in 0..RATES.len() {
        let gradients = trainer.gradients(0..UNITS).unwrap();
        trainer.apply(&gradients).unwrap();
        update(step, &gradients, &program.manifest.parameters, &mut oracle);
        for (name, values) in &trainer.state().parameters {
            for (got, expected) in values.iter().zip(&oracle.parameters[name]) {
                let difference = (f64::from(*got) - expected).abs();
                assert!(difference < 1e-5, "step {step}, {name}: {got} is not {expected}");
            }
        }
    }
}

#[test]
fn sgd_with_momentum_decay_and_clipping_is_its_formula() {
    let [decay, momentum] = SGD;
    follows(&decoder().optimizer(sgd()).rates(&RATES).clip(CLIP), |step, gradients, learned, oracle| {
        let rate = f64::from(RATES[step]);
        let factor = clipping(gradients);
        oracle.each(learned, gradients, (factor, decay), |decay, g, velocity, _, p| {
            *velocity = f64::from(momentum) * *velocity + g + decay * *p;
            *p -= rate * *velocity;
        });
    });
}

#[test]
fn adam_with_decay_and_clipping_is_its_formula() {
    let [beta1, beta2, _, epsilon] = ADAM.map(f64::from);
    follows(&decoder().optimizer(adam()).rates(&RATES).clip(CLIP), |step, gradients, learned, oracle| {
        let rate = f64::from(RATES[step]);
        let [correction1, correction2] = [beta1, beta2].map(|beta| 1.0 - beta.powi(step as i32 + 1));
        oracle.each(learned, gradients, (clipping(gradients), ADAM[2]), |decay, g, m, v, p| {
            *m = beta1 * *m + (1.0 - beta1) * g;
            *v = beta2 * *v + (1.0 - beta2) * g * g;
            let direction = (*m / correction1) / ((*v / correction2).sqrt() + epsilon);
            *p -= rate * (direction + decay * *p);
        });
    });
}

#[test]
fn without_a_limit_nothing_is_clipped_and_without_decay_nothing_decays() {
    let [_, momentum] = SGD;
    let mut model = decoder().optimizer(sgd()).rates(&RATES);
    model.manifest.parameters.values_mut().for_each(|parameter| parameter.decay = false);
    follows(&model, |step, gradients, learned, oracle| {
        oracle.each(learned, gradients, (1.0, 1e9), |decay, g, velocity, _, p| {
            assert_eq!(decay, 0.0);
            *velocity = f64::from(momentum) * *velocity + g;
            *p -= f64::from(RATES[step]) * *velocity;
        });
    });
}
