//! The update of the parameters at the end of a step.

use std::collections::BTreeMap;

use assay_exact::{AdamMoments, AdamStep, ClipNorm, Error, Refused, SgdStep};
use assay_exec::Backend;

use crate::error::{Invalid, Problem};
use crate::forward::Halt;
use crate::graph::Graph;
use crate::manifest::{Manifest, Optimizer};
use crate::train::plan::training;
use crate::train::state::{Moments, State};
use crate::train::step::{Value, Watch};

/// What turns the sums of a step into new parameters.
#[derive(Clone, Debug)]
pub(super) struct Update {
    pub(super) clip: Option<ClipNorm>,
    pub(super) rule: Rule,
    /// Whether each parameter decays, in the order of names.
    pub(super) decays: Vec<bool>,
    /// The number of the update's first operator.
    first: usize,
}

/// What the optimizer does with a parameter, and with one that does not decay.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rule {
    Adam { decaying: AdamStep, plain: AdamStep },
    Sgd { decay: f32, momentum: f32 },
}

/// The stages of an update, each an operator for every parameter: of p parameters and n nodes, operator
/// 2·n + 1 + stage·p + i is a stage for parameter i in the order of names.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stage {
    /// From sums to gradients.
    Mean = 0,
    /// Square norms.
    Square = 1,
    /// Clipping; the joint norm is part of that of the first parameter.
    Scale = 2,
    /// The optimizer.
    Step = 3,
}

impl Update {
    /// Of a program; `file` is for the error.
    pub(super) fn new(file: &str, manifest: &Manifest, graph: &Graph) -> Result<Self, Invalid> {
        let training = training(file, manifest)?;
        let place =
            |field: &str, refused: Refused| Problem::from(refused).at(file, format!("training, {field}"));
        let clip = training.clip.map(|limit| ClipNorm::new(limit.get())).transpose();
        let clip = clip.map_err(|refused| place("clip", refused))?;
        let rule = match training.optimizer {
            Optimizer::Adam { beta1, beta2, decay, epsilon } => {
                let adam = |decay| AdamStep::new(beta1.get(), beta2.get(), epsilon.get(), decay);
                let steps = adam(decay.get()).and_then(|decaying| Ok((decaying, adam(0.0)?)));
                let (decaying, plain) = steps.map_err(|refused| place("optimizer", refused))?;
                Rule::Adam { decaying, plain }
            }
            Optimizer::Sgd { decay, momentum } => {
                let (decay, momentum) = (decay.get(), momentum.get());
                SgdStep::new(1, momentum, decay).map_err(|refused| place("optimizer", refused))?;
                Rule::Sgd { decay, momentum }
            }
        };
        let decays = manifest.parameters.values().map(|parameter| parameter.decay).collect();
        Ok(Self { clip, rule, decays, first: 2 * graph.nodes.len() + 1 })
    }

    /// The number of a stage's operator for a parameter.
    pub(super) fn operator(&self, stage: Stage, parameter: usize) -> usize {
        self.first + stage as usize * self.decays.len() + parameter
    }

    /// Puts an error at a stage's operator for a parameter.
    pub(super) fn halt(&self, stage: Stage, parameter: usize) -> impl Fn(Error) -> Halt {
        Halt::of(self.operator(stage, parameter))
    }

    /// Updates parameters and moments by the sums over `tokens` tokens. After a halt they are of no use.
    pub(super) fn apply(
        &self,
        backend: &dyn Backend,
        sums: &BTreeMap<String, Vec<i64>>,
        tokens: u32,
        rate: f32,
        state: &mut State,
        watch: &mut dyn Watch,
    ) -> Result<(), Halt> {
        let mut gradients = Vec::with_capacity(sums.len());
        for (at, sums) in sums.values().enumerate() {
            let mut gradient = vec![0.0; sums.len()];
            backend.means(sums, tokens, &mut gradient).map_err(self.halt(Stage::Mean, at))?;
            watch.floats(Value::Mean(at as u32), &gradient);
            gradients.push(gradient);
        }
        self.clip(backend, &mut gradients, watch)?;
        self.step(backend, &gradients, rate, state)
    }

    fn clip(
        &self,
        backend: &dyn Backend,
        gradients: &mut [Vec<f32>],
        watch: &mut dyn Watch,
    ) -> Result<(), Halt> {
        let Some(clip) = &self.clip else { return Ok(()) };
        let mut squares = Vec::with_capacity(gradients.len());
        for (at, gradient) in gradients.iter().enumerate() {
            squares.push(backend.clip_norm_square(gradient).map_err(self.halt(Stage::Square, at))?);
        }
        watch.floats(Value::Squares, &squares);
        let factor = clip.factor(squares.into_iter()).map_err(self.halt(Stage::Scale, 0))?;
        watch.floats(Value::Factor, &[factor]);
        for (at, gradient) in gradients.iter_mut().enumerate() {
            backend.clip_norm_apply(factor, gradient).map_err(self.halt(Stage::Scale, at))?;
            watch.floats(Value::Clipped(at as u32), gradient);
        }
        Ok(())
    }

    fn step(
        &self,
        backend: &dyn Backend,
        gradients: &[Vec<f32>],
        rate: f32,
        state: &mut State,
    ) -> Result<(), Halt> {
        let parameters = state.parameters.values_mut().zip(gradients).zip(&self.decays).enumerate();
        match (self.rule, &mut state.moments) {
            (Rule::Adam { decaying, plain }, Moments::Adam { first, second, powers }) => {
                *powers = plain.advance(*powers);
                let moments = first.values_mut().zip(second.values_mut());
                for ((at, ((parameter, gradient), decays)), (first, second)) in parameters.zip(moments) {
                    let op = if *decays { &decaying } else { &plain };
                    let mut moments = AdamMoments { first, second };
                    let done =
                        backend.adam_step_forward(op, rate, *powers, gradient, &mut moments, parameter);
                    done.map_err(self.halt(Stage::Step, at))?;
                }
                Ok(())
            }
            (Rule::Sgd { decay, momentum }, Moments::Sgd { velocity }) => {
                for ((at, ((parameter, gradient), decays)), velocity) in parameters.zip(velocity.values_mut())
                {
                    let decay = if *decays { decay } else { 0.0 };
                    let op = SgdStep::new(gradient.len(), momentum, decay)?;
                    let done = backend.sgd_step_forward(&op, rate, gradient, velocity, parameter);
                    done.map_err(self.halt(Stage::Step, at))?;
                }
                Ok(())
            }
            _ => Err(Refused::Domain("moments of another optimizer").into()),
        }
    }
}
