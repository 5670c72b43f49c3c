//! Trainings that stay in a device's memory: parameters, what the optimizer keeps of them, sums of gradients, and of
//! one unit at a time all values and their gradients.
//!
//! For each unit its tokens and labels go there and the losses come back; the loss is summed by the host. Where the
//! trace has the state's root, the hashes of its vectors come back; the state itself does in the end.
//!
//! **Traps.** Calls have the numbers of the program's operators, so the lowest that the device reports is the first. One
//! of a unit is found by the host, which runs that unit with the state before the step; one of the update from what the
//! operator takes, or where that is gone has written.

mod arena;
mod layout;
mod memory;
mod tape;
mod update;

use assay_exact::{mean, Refused};
use assay_exec::resident::{Block, Call, DeviceFault, Operator, Part, Resident, Source, Target, Update};

use crate::error::{Invalid, Problem, Stop, Trap};
use crate::program::Program;
use crate::resident::{download, hashes};
use crate::root::Hash;
use crate::train::plan::Plan;
use crate::train::state::{Moments, State};
use crate::train::{check_run, refused, update as host, Trainer, PROGRAM};
use layout::Layout;
use tape::Tape;

/// A training on a device.
pub(crate) struct Session<'d> {
    layout: Layout,
    /// Of a unit, behind its forward pass.
    backward: Vec<Call<'static>>,
    block: Box<dyn Block + 'd>,
}

/// A step as a device is asked for it.
struct Planned {
    layout: Layout,
    backward: Vec<Call<'static>>,
    /// Bytes of the block.
    block: u64,
    /// Bytes that calls take beside it.
    beside: u64,
}

impl Planned {
    fn new(program: &Program, plan: &Plan, update: &host::Update) -> Result<Self, Refused> {
        let layout = Layout::new(&program.graph, plan, update);
        let (backward, end) = Tape::record(&program.graph, plan, &layout)?;
        let (block, beside) = (end.max(layout.update_end), memory::beside(&program.graph, plan, &layout)?);
        Ok(Self { layout, backward, block, beside })
    }

    /// Bytes of the device's memory that it takes.
    fn bytes(&self) -> u64 {
        self.block.saturating_add(self.beside)
    }
}

/// Bytes of a device's memory that a training takes.
pub(crate) fn memory(program: &Program) -> Result<u64, Invalid> {
    let plan = Plan::new(PROGRAM, &program.manifest, &program.graph)?;
    let update = host::Update::new(PROGRAM, &program.manifest, &program.graph)?;
    Ok(Planned::new(program, &plan, &update).map_err(refused)?.bytes())
}

/// The training on the device of its backend, if that has one. Else why there is not room enough, if that is why.
pub(crate) fn start<'a>(trainer: &Trainer<'a>) -> Result<Result<Session<'a>, Option<String>>, Invalid> {
    let backend = trainer.backend;
    let Some(device) = backend.resident() else { return Ok(Err(None)) };
    match Session::start(device, trainer) {
        Ok(session) => Ok(Ok(session)),
        Err(fault @ DeviceFault::Memory { .. }) => Ok(Err(Some(fault.to_string()))),
        Err(fault) => Err(Problem::from(fault).at("backend", backend.name())),
    }
}

/// What a device says, at its place.
fn device_fault(trainer: &Trainer<'_>, fault: DeviceFault) -> Stop {
    Problem::from(fault).at("backend", trainer.backend.name()).into()
}

impl<'d> Session<'d> {
    /// Takes memory of a device, and brings the training's state there.
    fn start(device: &'d dyn Resident, trainer: &Trainer<'_>) -> Result<Self, DeviceFault> {
        let planned = Planned::new(trainer.program, &trainer.plan, &trainer.update)?;
        let (needed, free) = (planned.bytes(), device.free()?);
        if needed > free {
            return Err(DeviceFault::Memory { needed, free });
        }
        let block = device.block(planned.block)?;
        let mut session = Self { layout: planned.layout, backward: planned.backward, block };
        session.take(trainer)?;
        Ok(session)
    }

    /// Takes weights, what the optimizer keeps, and positions there.
    fn take(&mut self, trainer: &Trainer<'_>) -> Result<(), DeviceFault> {
        let Self { layout, block, .. } = self;
        for (name, region) in &layout.floats {
            block.upload(region.start(), Source::F32(trainer.weights.float(name)))?;
        }
        for (name, digits) in &layout.digits {
            let scales = trainer.weights.matrix(name)?.scales();
            block.upload(digits.planes.start(), Source::I8(trainer.weights.planes(name)))?;
            block.upload(digits.scales.start(), Source::F32(scales))?;
        }
        let kept: Vec<Vec<&Vec<f32>>> = match &trainer.state.moments {
            Moments::Adam { first, second, .. } => {
                first.values().zip(second.values()).map(|(first, second)| vec![first, second]).collect()
            }
            Moments::Sgd { velocity } => velocity.values().map(|velocity| vec![velocity]).collect(),
        };
        for (parameter, kept) in layout.parameters.iter().zip(kept) {
            for (region, values) in parameter.moments.iter().zip(kept) {
                block.upload(region.start(), Source::F32(values))?;
            }
        }
        block.upload(layout.bounds.start(), Source::U32(&[0, trainer.plan.tokens as u32]))?;
        block.upload(layout.positions.start(), Source::U32(&trainer.plan.positions))
    }

    /// Trains until `to` steps are done, as [`crate::train::run`] does. `record` gets the state's root after those
    /// numbers of steps for which `is_traced` holds. Only in the end does the trainer get the state, without the
    /// weights made of it.
    pub fn run(
        mut self,
        trainer: &mut Trainer<'_>,
        to: u64,
        is_traced: &dyn Fn(u64) -> bool,
        record: &mut dyn FnMut(u64, Hash),
    ) -> Result<Vec<f32>, Stop> {
        check_run(trainer, to, 1)?;
        let parts = [Part { first: 0, tokens: trainer.plan.tokens, start: 0, slot: 0, capacity: 0 }];
        let mut unit = self.layout.forward(&trainer.program.graph, &parts).map_err(refused)?;
        unit.extend_from_slice(&self.backward);
        let mut losses = Vec::new();
        while trainer.state.step < to {
            losses.push(self.step(trainer, &unit)?);
            let done = trainer.state.step;
            if is_traced(done) {
                record(done, self.root(trainer)?);
            }
        }
        self.bring(trainer)?;
        Ok(losses)
    }

    /// The root of the state, whose vectors are hashed where they lie.
    fn root(&mut self, trainer: &Trainer<'_>) -> Result<Hash, Stop> {
        let words = self.ask(trainer, |block, layout| {
            if let Some(node) = block.run(&layout.digests())? {
                return Err(DeviceFault::Disagreement { node });
            }
            let mut words = vec![0; layout.hashes.len()];
            block.download(layout.hashes.start(), Target::U32(&mut words))?;
            Ok(words)
        })?;
        Ok(trainer.state.root_of(trainer.program, &hashes(&words)))
    }

    /// One step; gives its mean loss.
    fn step(&mut self, trainer: &mut Trainer<'_>, unit: &[Call<'_>]) -> Result<f32, Stop> {
        let rate = trainer.begin()?;
        let clear = Operator::Update(Update::Clear { sums: self.layout.sums });
        self.ask(trainer, |block, _| block.run(&[Call { node: 0, operator: clear }]))?;
        let mut sum = 0;
        for number in 0..trainer.plan.units {
            self.unit(trainer, number, unit, &mut sum)?;
        }
        self.update(trainer, rate)?;
        trainer.state.step += 1;
        Ok(mean(sum, trainer.plan.count))
    }

    /// Adds one unit of the next step: its losses to `loss`.
    fn unit(
        &mut self,
        trainer: &mut Trainer<'_>,
        number: u64,
        calls: &[Call<'_>],
        loss: &mut i64,
    ) -> Result<(), Stop> {
        let [ids, labels] = trainer.window(number);
        let (reported, losses) = self.ask(trainer, |block, layout| {
            block.upload(layout.ids.start(), Source::U32(ids))?;
            block.upload(layout.labels.start(), Source::U32(labels))?;
            Ok((block.run(calls)?, download(block, layout.losses)?))
        })?;
        let fixed = trainer.plan.loss;
        let is_over = losses.iter().enumerate().any(|(at, x)| fixed.add(loss, *x, at).is_err());
        // The loss is summed behind the nodes, and before their backward forms.
        let summed = is_over.then_some(trainer.program.graph.nodes.len() as u32);
        match reported.into_iter().chain(summed).min() {
            None => Ok(()),
            Some(node) => Err(self.trap_of_unit(trainer, number, node)),
        }
    }

    /// The trap of a unit at the operator that the device reported: from the state before the step, by the host.
    fn trap_of_unit(&mut self, trainer: &mut Trainer<'_>, number: u64, node: u32) -> Stop {
        if let Err(stop) = self.bring(trainer) {
            return stop;
        }
        if let Err(halt) = trainer.make_weights() {
            return trainer.stop(halt, Trap::NO_UNIT);
        }
        match trainer.gradients(number..number + 1) {
            Err(Stop::Trap(trap)) if trap.operator == node => Stop::Trap(trap),
            Err(Stop::Invalid(invalid)) => invalid.into(),
            Ok(_) | Err(Stop::Trap(_)) => device_fault(trainer, DeviceFault::Disagreement { node }),
        }
    }

    /// Brings parameters, and what the optimizer keeps, back to the trainer.
    fn bring(&mut self, trainer: &mut Trainer<'_>) -> Result<(), Stop> {
        let brought = self.bring_state(&mut trainer.state);
        brought.map_err(|fault| device_fault(trainer, fault))
    }

    fn bring_state(&mut self, state: &mut State) -> Result<(), DeviceFault> {
        let Self { layout, block, .. } = self;
        let mut kept: Vec<Vec<&mut Vec<f32>>> = match &mut state.moments {
            Moments::Adam { first, second, .. } => first
                .values_mut()
                .zip(second.values_mut())
                .map(|(first, second)| vec![first, second])
                .collect(),
            Moments::Sgd { velocity } => velocity.values_mut().map(|velocity| vec![velocity]).collect(),
        };
        let values = state.parameters.values_mut().zip(&mut kept);
        for (parameter, (values, kept)) in layout.parameters.iter().zip(values) {
            *values = download(block.as_mut(), parameter.values)?;
            for (region, values) in parameter.moments.iter().zip(kept) {
                **values = download(block.as_mut(), *region)?;
            }
        }
        Ok(())
    }

    /// Has the device do something; puts what it says at its place.
    fn ask<T>(
        &mut self,
        trainer: &Trainer<'_>,
        work: impl FnOnce(&mut dyn Block, &Layout) -> Result<T, DeviceFault>,
    ) -> Result<T, Stop> {
        work(self.block.as_mut(), &self.layout).map_err(|fault| device_fault(trainer, fault))
    }
}
