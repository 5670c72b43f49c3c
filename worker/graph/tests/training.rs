//! Training of small programs: gradients against f64, the same bytes for every split and backend, checkpoints,
//! optimizers, traps, steps opened, and what is refused.
#![allow(clippy::disallowed_methods, reason = "f64 functions serve as the oracle")]

#[path = "training/gradients.rs"]
mod gradients;
#[path = "training/model.rs"]
mod model;
#[path = "training/optimizer.rs"]
mod optimizer;
#[path = "training/oracle.rs"]
mod oracle;
#[path = "training/refused.rs"]
mod refused;
#[path = "training/step.rs"]
mod step;
#[path = "training/stretch.rs"]
mod stretch;
#[path = "training/traps.rs"]
mod traps;

use std::sync::atomic::{AtomicBool, Ordering};

use assay_exact::{Philox, Refused};
use assay_exec::{Backend, Cpu, Path, Reference};
use assay_graph::error::Stop;
use assay_graph::manifest::Init;
use assay_graph::program::Program;
use assay_graph::root::{entries, key, root, Domain, Hash};
use assay_graph::safetensors;
use assay_graph::tensor::Tensor;
use assay_graph::train::{self, State, Trainer};

use model::{adam, data, decoder, encoder, Model, SEED, STEPS, UNITS, VOCABULARY};

/// More shards than units, too.
const SHARDS: [usize; 4] = [1, 2, 3, 7];

fn text() -> Vec<u32> {
    data(200, VOCABULARY as u32)
}

fn trainer<'a>(program: &'a Program, backend: &'a dyn Backend, data: &'a [u32], state: State) -> Trainer<'a> {
    match Trainer::new(program, backend, SEED, data, state) {
        Ok(trainer) => trainer,
        Err(invalid) => panic!("{invalid}"),
    }
}

/// The roots of all states from the seed to the last step, and the bits of the losses.
fn history(program: &Program, backend: &dyn Backend, shards: usize) -> (Vec<Hash>, Vec<u32>) {
    let data = text();
    let mut trainer = trainer(program, backend, &data, State::from_seed(program, SEED));
    let mut roots = vec![trainer.state().root(program)];
    let mut record = |done: u64, state: &State| {
        assert_eq!((done, roots.len() as u64), (state.step, state.step));
        roots.push(state.root(program));
    };
    let losses = train::run(&mut trainer, STEPS, shards, &mut record).unwrap();
    (roots, losses.iter().map(|loss| loss.to_bits()).collect())
}

fn models() -> [Model; 2] {
    [decoder().optimizer(adam()).clip(0.5), encoder()]
}

#[test]
fn every_split_and_every_backend_gives_the_same_bytes() {
    let paths = Path::ALL.into_iter().filter(|path| path.is_available());
    let cpus: Vec<Cpu> =
        paths.flat_map(|path| [1, 2].map(|threads| Cpu::new(path, threads).unwrap())).collect();
    for model in models() {
        let program = model.program().unwrap();
        let expected = history(&program, &Reference, 1);
        assert!(expected.0.windows(2).all(|roots| roots[0] != roots[1]));
        assert_eq!(expected.1.len() as u64, STEPS);
        for shards in SHARDS {
            assert!(history(&program, &Reference, shards) == expected, "reference, {shards} shards");
            for cpu in &cpus {
                assert!(history(&program, cpu, shards) == expected, "{}, {shards} shards", cpu.name());
            }
        }
    }
}

#[test]
fn training_lowers_the_loss() {
    let program = decoder().optimizer(adam()).rates(&[0.03; 40]).program().unwrap();
    // A text that can be learned: ids go up by one.
    let data: Vec<u32> = (0..200).map(|at| at % VOCABULARY as u32).collect();
    let mut trainer = trainer(&program, &Reference, &data, State::from_seed(&program, SEED));
    let losses = train::run(&mut trainer, 40, 1, &mut |_, _| {}).unwrap();
    assert!(losses[39] < 0.6 * losses[0], "{losses:?}");
}

#[test]
fn shards_merge_in_any_order() {
    let program = decoder().program().unwrap();
    let data = text();
    let start = || trainer(&program, &Reference, &data, State::from_seed(&program, SEED));
    let (mut whole, mut split) = (start(), start());
    let loss = whole.apply(&whole.gradients(0..UNITS).unwrap()).unwrap();
    let mut merged = split.gradients(3..UNITS).unwrap();
    merged.merge(split.gradients(0..1).unwrap());
    merged.merge(split.gradients(1..1).unwrap());
    merged.merge(split.gradients(1..3).unwrap());
    assert_eq!(split.apply(&merged).unwrap().to_bits(), loss.to_bits());
    assert_eq!(split.state(), whole.state());
}

/// The reference, on a thread that flushes denormals while it leads.
#[derive(Default)]
struct Flushing {
    leads: AtomicBool,
}

impl Backend for Flushing {
    fn name(&self) -> String {
        "flushing".into()
    }

    fn check_float_mode(&self) -> Result<(), Refused> {
        match self.leads.load(Ordering::Relaxed) {
            true => Err(Refused::Domain("floating-point mode")),
            false => Ok(()),
        }
    }

    fn lead(&self, work: &mut (dyn FnMut() + Send)) {
        self.leads.store(true, Ordering::Relaxed);
        work();
        self.leads.store(false, Ordering::Relaxed);
    }
}

#[test]
fn the_thread_that_updates_is_asked_for_its_floating_point_mode() {
    let (program, data, flushing) = (decoder().program().unwrap(), text(), Flushing::default());
    let state = || State::from_seed(&program, SEED);
    let gradients = trainer(&program, &Reference, &data, state()).gradients(0..UNITS).unwrap();
    let mut late = trainer(&program, &flushing, &data, state());
    assert!(matches!(late.apply(&gradients), Err(Stop::Invalid(_))));
    assert_eq!(late.state(), &state());
}

#[test]
fn shards_are_as_even_as_they_can_be() {
    for (units, shards) in [(5, 1), (5, 2), (5, 3), (5, 7), (1 << 22, 3), (u64::MAX, 2)] {
        let ranges: Vec<_> = (0..shards).map(|index| train::shard(units, shards, index)).collect();
        assert_eq!((ranges[0].start, ranges[ranges.len() - 1].end), (0, units));
        assert!(ranges.windows(2).all(|pair| pair[0].end == pair[1].start));
        let sizes = || ranges.iter().map(|range| range.end - range.start);
        assert!(sizes().max().unwrap() - sizes().min().unwrap() <= 1, "{ranges:?}");
    }
}

#[test]
fn a_training_goes_on_from_a_checkpoint_as_if_it_had_not_stopped() {
    for model in models() {
        let program = model.program().unwrap();
        let (roots, losses) = history(&program, &Reference, 1);
        let data = text();
        let mut first = trainer(&program, &Reference, &data, State::from_seed(&program, SEED));
        let mut got = train::run(&mut first, 2, 2, &mut |_, _| {}).unwrap();
        let mut tensors = first.state().tensors(&program);
        // As a job's outputs are: with its losses.
        tensors.insert("losses".into(), Tensor::f32(&[2], got.clone()));
        let file = safetensors::write(&tensors);

        let tensors = safetensors::read("checkpoint", &file).unwrap();
        let state = State::from_tensors("checkpoint", &program, &tensors).unwrap();
        assert_eq!(&state, first.state());
        let mut second = trainer(&program, &Reference, &data, state);
        got.extend(train::run(&mut second, STEPS, 3, &mut |_, _| {}).unwrap());
        assert_eq!(second.state().root(&program), roots[STEPS as usize]);
        assert_eq!(got.iter().map(|loss| loss.to_bits()).collect::<Vec<_>>(), losses);
    }
}

#[test]
fn a_start_from_a_seed_is_drawn_by_philox_in_the_order_of_names() {
    let program = decoder().program().unwrap();
    let state = State::from_seed(&program, SEED);
    let key = key(SEED);
    for (number, (name, values)) in state.parameters.iter().enumerate() {
        let stream = Philox::new(key, number as u32, 0);
        match program.manifest.parameters[name].init {
            Init::Constant(value) => {
                assert!(values.iter().all(|x| *x == value.get()), "{name}");
            }
            Init::Uniform(bound) => {
                let drawn = (0..values.len() as u64).map(|i| stream.symmetric(i, bound.get()));
                assert!(drawn.eq(values.iter().copied()), "{name}");
            }
        }
    }
    assert_eq!(state.step, 0);
    assert_ne!(state.root(&program), State::from_seed(&program, b"another job").root(&program));
}

#[test]
fn the_root_of_a_state_is_that_of_its_tensors() {
    let (data, backend) = (text(), Reference);
    for program in models().map(|model| model.program().unwrap()) {
        let mut trainer = trainer(&program, &backend, &data, State::from_seed(&program, SEED));
        train::run(&mut trainer, 2, 1, &mut |_, state| {
            assert_eq!(state.root(&program), root(Domain::State, entries(&state.tensors(&program))));
        })
        .unwrap();
    }
}
