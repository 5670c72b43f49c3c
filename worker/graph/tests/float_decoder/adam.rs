//! Adam with decoupled decay behind a clipped norm.

use super::matrix::dot;
use super::Parameters;

const BETA1: f32 = 0.9;
const BETA2: f32 = 0.95;
const EPSILON: f32 = 1e-8;
const DECAY: f32 = 0.1;
const CLIP: f64 = 1.0;

/// The moments of every parameter.
pub struct Adam {
    first: Parameters,
    second: Parameters,
    step: i32,
}

impl Adam {
    pub fn new(weights: &Parameters) -> Self {
        let zeros: Parameters =
            weights.iter().map(|(name, weight)| (name.clone(), vec![0.0; weight.len()])).collect();
        Self { first: zeros.clone(), second: zeros, step: 0 }
    }

    /// Takes one step. Vectors, which are the norms' factors, do not decay.
    pub fn step(&mut self, rate: f32, weights: &mut Parameters, gradients: &Parameters) {
        self.step += 1;
        let norm = gradients.values().map(|g| dot(g, g)).sum::<f64>().sqrt();
        let factor = if norm > CLIP { (CLIP / norm) as f32 } else { 1.0 };
        let [correction1, correction2] =
            [BETA1, BETA2].map(|beta| (1.0 - f64::from(beta).powi(self.step)) as f32);
        for (name, weights) in weights {
            let decay = if name.ends_with("norm") { 0.0 } else { DECAY };
            let moments =
                self.first.get_mut(name).unwrap().iter_mut().zip(self.second.get_mut(name).unwrap());
            for ((weight, gradient), (m, v)) in weights.iter_mut().zip(&gradients[name]).zip(moments) {
                let g = factor * gradient;
                *m = BETA1 * *m + (1.0 - BETA1) * g;
                *v = BETA2 * *v + (1.0 - BETA2) * g * g;
                let direction = (*m / correction1) / ((*v / correction2).sqrt() + EPSILON);
                *weight -= rate * (direction + decay * *weight);
            }
        }
    }
}
