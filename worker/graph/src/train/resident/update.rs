//! The update of the parameters at the end of a step, on a device: [`crate::train::update`], operator for operator.

use assay_exact::{check_finite, ClipNorm, Error, Refused, SgdStep};
use assay_exec::resident::{Block, Call, DeviceFault, Operator, Source, Update};

use super::layout::Parameter;
use super::Session;
use crate::error::{Stop, Trap};
use crate::forward::Halt;
use crate::resident::download;
use crate::train::state::Moments;
use crate::train::update::{Rule, Stage};
use crate::train::Trainer;

impl Session<'_> {
    /// Turns the sums of a step into the next parameters.
    pub(super) fn update(&mut self, trainer: &mut Trainer<'_>, rate: f32) -> Result<(), Stop> {
        let mut calls = self.means(trainer);
        if trainer.update.clip.is_some() {
            calls.extend(self.each(trainer, Stage::Square, |at, parameter| Update::Square {
                g: parameter.gradient,
                square: self.layout.squares.range(at..at + 1),
            }));
            self.run_update(trainer, &calls)?;
            self.bring_factor(trainer)?;
            let factor = self.layout.factor;
            calls = self.each(trainer, Stage::Scale, |_, Parameter { gradient, .. }| Update::Clip {
                factor,
                g: *gradient,
            });
        }
        calls.extend(self.steps(trainer, rate)?);
        self.run_update(trainer, &calls)
    }

    /// A stage's call for each parameter.
    fn each(
        &self,
        trainer: &Trainer<'_>,
        stage: Stage,
        update: impl Fn(usize, &Parameter) -> Update,
    ) -> Vec<Call<'static>> {
        let call = |(at, parameter): (usize, &Parameter)| Call {
            node: trainer.update.operator(stage, at) as u32,
            operator: Operator::Update(update(at, parameter)),
        };
        self.layout.parameters.iter().enumerate().map(call).collect()
    }

    fn means(&self, trainer: &Trainer<'_>) -> Vec<Call<'static>> {
        let count = trainer.plan.count;
        self.each(trainer, Stage::Mean, |_, Parameter { sums, gradient, .. }| Update::Means {
            sums: *sums,
            count,
            g: *gradient,
        })
    }

    /// The factor of all gradients, from their square norms.
    fn bring_factor(&mut self, trainer: &Trainer<'_>) -> Result<(), Stop> {
        let Some(clip) = &trainer.update.clip else { return Ok(()) };
        let squares = self.ask(trainer, |block, layout| download(block, layout.squares))?;
        let factor = clip.factor(squares.into_iter());
        let factor = factor.map_err(|trap| stop(trainer, Stage::Scale, 0, trap))?;
        self.ask(trainer, |block, layout| block.upload(layout.factor.start(), Source::F32(&[factor])))
    }

    /// The optimizer, and what linear nodes multiply by from then on.
    fn steps(&self, trainer: &mut Trainer<'_>, rate: f32) -> Result<Vec<Call<'static>>, Stop> {
        let (rule, mut constants) = (trainer.update.rule, None);
        if let (Rule::Adam { plain, .. }, Moments::Adam { powers, .. }) = (rule, &mut trainer.state.moments) {
            *powers = plain.advance(*powers);
            constants = Some(*powers);
        }
        let mut calls = Vec::with_capacity(2 * self.layout.parameters.len());
        for (at, (parameter, decays)) in self.layout.parameters.iter().zip(&trainer.update.decays).enumerate()
        {
            let node = trainer.update.operator(Stage::Step, at) as u32;
            let (g, values) = (parameter.gradient, parameter.values);
            let update = match (rule, parameter.moments.as_slice(), constants) {
                (Rule::Adam { decaying, plain }, [first, second], Some(powers)) => {
                    let (op, first, second) = (if *decays { decaying } else { plain }, *first, *second);
                    Update::Adam { op, rate, powers, g, first, second, parameter: values }
                }
                (Rule::Sgd { decay, momentum }, [velocity], None) => {
                    let op = SgdStep::new(g.len(), momentum, if *decays { decay } else { 0.0 });
                    let op = op.map_err(super::refused)?;
                    Update::Sgd { op, rate, g, velocity: *velocity, parameter: values }
                }
                _ => return Err(super::refused(Refused::Domain("moments of another optimizer")).into()),
            };
            calls.push(Call { node, operator: Operator::Update(update) });
            if let Some(to) = parameter.digits {
                calls.push(Call { node, operator: Operator::Update(Update::Quantise { x: values, to }) });
            }
        }
        Ok(calls)
    }

    /// Runs some of the update's calls, or finds the trap that they meet.
    fn run_update(&mut self, trainer: &Trainer<'_>, calls: &[Call<'_>]) -> Result<(), Stop> {
        match self.ask(trainer, |block, _| block.run(calls))? {
            None => Ok(()),
            Some(node) => Err(self.trap_of_update(trainer, node)),
        }
    }

    /// The trap at an operator of the update that the device reported.
    fn trap_of_update(&mut self, trainer: &Trainer<'_>, node: u32) -> Stop {
        for (stage, at) in [Stage::Square, Stage::Step]
            .into_iter()
            .flat_map(|stage| (0..trainer.update.decays.len()).map(move |at| (stage, at)))
        {
            if trainer.update.operator(stage, at) != node as usize {
                continue;
            }
            return match self.ask(trainer, |block, layout| reason(block, &layout.parameters[at], stage)) {
                Ok(Err(error)) => stop(trainer, stage, at, error),
                Ok(Ok(())) => super::device_fault(trainer, DeviceFault::Disagreement { node }),
                Err(stop) => stop,
            };
        }
        // Means of sums are finite, and what is multiplied by at most 1 stays so.
        super::device_fault(trainer, DeviceFault::Disagreement { node })
    }
}

/// What is wrong with a parameter at a stage; nothing before it is.
fn reason(
    block: &mut dyn Block,
    parameter: &Parameter,
    stage: Stage,
) -> Result<Result<(), Error>, DeviceFault> {
    if let Stage::Square = stage {
        return Ok(ClipNorm::square(&download(block, parameter.gradient)?).map(|_| ()));
    }
    // Of an optimizer's outputs as the reference has them: what it keeps, then the parameter.
    for region in parameter.moments.iter().chain([&parameter.values]) {
        if let Err(trap) = check_finite(&download(block, *region)?) {
            return Ok(Err(trap.into()));
        }
    }
    Ok(Ok(()))
}

/// An error of the update at its place.
fn stop(trainer: &Trainer<'_>, stage: Stage, at: usize, error: Error) -> Stop {
    let halt: Halt = trainer.update.halt(stage, at)(error);
    trainer.stop(halt, Trap::NO_UNIT)
}
