//! Trainings that stay in a device's memory.

use assay_exec::resident::DeviceFault;
use assay_exec::{Backend, Reference};
use assay_graph::canonical::Float;
use assay_graph::error::{Invalid, Problem, Trap};
use assay_graph::job::{device_memory, run, Input, Kind, Outcome, Train};
use assay_graph::manifest::{Op, Optimizer};
use assay_graph::program::Program;
use assay_graph::tensor::{Tensor, Tensors};
use assay_graph::train::State;

use crate::device::Device;
use crate::model::{
    adam, data, decoder, double, encoder, normalised, product, start, three_users, windows, Model, SEED,
    STEPS, TOKENS, UNITS, VOCABULARY, WIDTH,
};

const INFINITE: u8 = 1;
const BOUND: u8 = 2;

fn by(program: &Program, input: &Input, backend: &dyn Backend) -> Result<Outcome, Invalid> {
    run(program, input, SEED, backend, 1)
}

/// Steps `from..to` on data, from the tensors of a state unless from the seed.
fn training(data: &[u32], from: u64, to: u64, state: Tensors) -> Input {
    let mut tensors = state;
    tensors.insert("data".into(), Tensor::u32(&[data.len() as u64], data.to_vec()));
    let package = Input::pack(Kind::Train(Train { from, to }), &tensors).unwrap();
    Input::load("input", &package).unwrap()
}

fn text() -> Vec<u32> {
    data(200, VOCABULARY as u32)
}

/// All steps from the seed on.
fn whole(steps: u64) -> Input {
    training(&text(), 0, steps, Tensors::new())
}

/// Asserts that a device with as much memory as there is and one with just enough give what the reference gives, and
/// gives it. `runs` are the lists of calls that this takes, if that is known.
fn agreed(program: &Program, input: &Input, runs: Option<usize>) -> Outcome {
    let expected = by(program, input, &Reference).unwrap();
    for memory in [u64::MAX, device_memory(program, input).unwrap()] {
        let device = Device::new(memory);
        let got = by(program, input, &device).unwrap();
        assert_eq!(got.result, expected.result, "{memory} bytes");
        assert_eq!(got.trace, expected.trace, "{memory} bytes");
        assert_eq!(got.unfit, None);
        assert!(device.runs() > 0, "the device was not asked");
        assert!(runs.is_none_or(|runs| runs == device.runs()), "{} lists of calls", device.runs());
    }
    expected
}

fn every(mut model: Model, steps: u64) -> Program {
    model.training().every = steps;
    model.program().unwrap()
}

#[test]
fn every_state_is_that_of_the_host() {
    let mut fixed: Vec<Model> = ["gamma", "beta"]
        .iter()
        .map(|name| {
            let mut model = normalised();
            model.fix(name);
            model
        })
        .collect();
    fixed.extend([decoder(), encoder(), three_users(), double(), normalised()]);
    fixed.push(decoder().optimizer(adam()));
    for model in fixed {
        // For each step: sums are cleared, each unit, the update, and but for the last one the state is hashed.
        let runs = STEPS * (1 + UNITS + 1 + 1) - 1;
        let outcome = agreed(&model.program().unwrap(), &whole(STEPS), Some(runs as usize));
        assert_eq!((outcome.result.is_ok(), outcome.trace.leaves), (true, STEPS - 1));
    }
}

#[test]
fn clipping_asks_once_more_a_step_and_each_root_of_the_trace_once_more() {
    let model = decoder().optimizer(adam()).clip(0.5);
    for steps in [1, 2, 3] {
        let roots = (STEPS - 1) / steps;
        let runs = STEPS * (1 + UNITS + 2) + roots;
        let outcome = agreed(&every(model.clone(), steps), &whole(STEPS), Some(runs as usize));
        assert_eq!((outcome.result.is_ok(), outcome.trace.leaves), (true, roots));
    }
}

#[test]
fn a_state_comes_back_in_the_end_and_for_no_root() {
    for model in [decoder(), decoder().optimizer(adam()).clip(0.5)] {
        let parameters = model.program().unwrap().manifest.parameters.len();
        let brought = [1, 2].map(|steps| {
            let device = Device::new(u64::MAX);
            let outcome = by(&every(model.clone(), steps), &whole(STEPS), &device).unwrap();
            let state = outcome.result.unwrap();
            let floats = |prefix: &str| -> usize {
                let vectors = state.iter().filter(|(name, _)| name.starts_with(prefix));
                vectors.map(|(_, tensor)| tensor.len()).sum()
            };
            let state: usize = ["parameter.", "first.", "second.", "velocity."].map(floats).iter().sum();
            (state, device.brought())
        });
        assert_eq!(brought[0], brought[1]);
        // The rest are losses of tokens and square norms.
        let [(state, floats), _] = brought;
        let beside = STEPS as usize * (UNITS as usize * TOKENS as usize + parameters);
        assert!((state..=state + beside).contains(&floats), "{floats} of {state}");
    }
}

#[test]
fn a_training_goes_on_from_a_checkpoint() {
    let models = [decoder().optimizer(adam()).clip(0.5), encoder()];
    for program in models.into_iter().flat_map(|model| [1, 2].map(|steps| every(model.clone(), steps))) {
        let state = by(&program, &whole(3), &Device::new(u64::MAX)).unwrap().result.unwrap();
        let rest = agreed(&program, &training(&text(), 3, STEPS, state), None).result.unwrap();
        let all = by(&program, &whole(STEPS), &Reference).unwrap().result.unwrap();
        let states = [&rest, &all].map(|outputs| State::from_tensors("outputs", &program, outputs).unwrap());
        assert_eq!(states[0], states[1]);
    }
}

/// The trap of a training that goes on from a state after one step: the seed's, as `edit` makes it.
fn trap(program: &Program, data: &[u32], edit: impl FnOnce(&mut State)) -> Trap {
    let mut state = State::from_seed(program, SEED);
    state.step = 1;
    edit(&mut state);
    let input = training(data, 1, 3, state.tensors(program));
    let outcome = agreed(program, &input, None);
    assert_eq!(outcome.trace.leaves, 0, "the trap is in the first step");
    outcome.result.expect_err("a trap")
}

fn fill(state: &mut State, name: &str, x: f32) {
    state.parameters.get_mut(name).unwrap().fill(x);
}

/// A state whose embedding is all `embedding` and whose head is zero but for `weight` in the row of `token`.
fn only(state: &mut State, embedding: f32, token: usize, weight: f32) {
    fill(state, "embed", embedding);
    fill(state, "head", 0.0);
    let width = WIDTH as usize;
    state.parameters.get_mut("head").unwrap()[token * width..(token + 1) * width].fill(weight);
}

#[test]
fn the_first_unit_that_traps_decides() {
    let program = double().program().unwrap();
    let mut data = data(10_000, 10);
    for (unit, token) in [(2, 3), (4, 0)] {
        let at = start(data.len(), 1, unit) + token;
        data[at] = 10;
    }
    let first = windows(&data, 1, UNITS).iter().enumerate().find_map(|(unit, (ids, _))| {
        ids.iter().position(|id| *id == 10).map(|token| (unit as u64, token as u64))
    });
    let (unit, token) = first.unwrap();
    assert!(unit > 0, "units before it don't trap");
    // A row of the embedding overflows where it is doubled.
    let trap = trap(&program, &data, |state| {
        let width = WIDTH as usize;
        state.parameters.get_mut("embed").unwrap()[10 * width..11 * width].fill(3e38);
    });
    assert_eq!(trap, Trap { step: 1, unit, operator: 1, index: token * WIDTH, kind: INFINITE });
}

#[test]
fn losses_and_gradients_trap_where_the_host_says() {
    let program = double().program().unwrap();
    let nodes = program.graph.nodes.len() as u32;
    // Only class 10 has a logit: it is far above those of the labels, which are all below 10.
    let loss = trap(&program, &data(200, 10), |state| only(state, 100.0, 10, 1.0));
    assert_eq!(loss, Trap { step: 1, unit: 0, operator: nodes, index: 0, kind: BOUND });
    // Even probabilities: the sum of p·x over the unit is above the limit of 1,024.
    let head = trap(&program, &text(), |state| only(state, 3000.0, 0, 0.0));
    let operator = 2 * nodes - program.graph.output as u32;
    assert_eq!(head, Trap { step: 1, unit: 0, operator, index: 0, kind: BOUND });
}

#[test]
fn a_scale_and_a_shift_trap_if_one_is_learned() {
    let cases: [&[&str]; 3] = [&[], &["gamma"], &["beta"]];
    for fixed in cases {
        let mut model = normalised();
        fixed.iter().for_each(|name| model.fix(name));
        let program = model.program().unwrap();
        let trap = trap(&program, &[1; 200], |state| only(state, 0.0, 1, -1000.0));
        let operator = 2 * program.graph.nodes.len() as u32 - 1;
        assert_eq!(trap, Trap { step: 1, unit: 0, operator, index: 0, kind: BOUND }, "{fixed:?}");
    }
}

#[test]
fn a_gradient_that_leads_to_no_parameter_traps_too() {
    for op in [Op::Mul, Op::SiluMul] {
        let program = product(op).program().unwrap();
        let trap = trap(&program, &[1; 200], |state| only(state, 1e38, 1, -10.0));
        let operator = 2 * program.graph.nodes.len() as u32 - 2;
        assert_eq!(trap, Trap { step: 1, unit: 0, operator, index: 0, kind: INFINITE });
    }
}

#[test]
fn an_update_that_overflows_traps_behind_all_units() {
    let (decay, rate) = (1e30, 1e10);
    let optimizer = Optimizer::Sgd { decay: Float::new(decay), momentum: Float::new(0.0) };
    let program = double().optimizer(optimizer).rates(&[0.0, rate, rate]).program().unwrap();
    let embed = State::from_seed(&program, SEED).parameters["embed"].clone();
    let index = embed.iter().position(|p| !(rate * (decay * p)).is_finite()).unwrap() as u64;
    let operator = 2 * program.graph.nodes.len() as u32 + 1 + 3 * 2;
    let trap = trap(&program, &text(), |_| {});
    assert_eq!(trap, Trap { step: 1, unit: Trap::NO_UNIT, operator, index, kind: INFINITE });
}

#[test]
fn a_huge_learning_rate_ends_in_a_trap_behind_the_states_before() {
    for model in [decoder(), decoder().optimizer(adam()).clip(0.5)] {
        let program = model.rates(&[0.05, 3e38, 0.05, 0.05]).program().unwrap();
        let outcome = agreed(&program, &whole(4), None);
        let trap = outcome.result.expect_err("a trap");
        assert!((1..=2).contains(&trap.step) && trap.kind <= INFINITE, "{trap:?}");
        assert_eq!(outcome.trace.leaves, trap.step, "a state for each step before");
    }
}

#[test]
fn a_training_that_does_not_fit_goes_operator_by_operator_and_says_the_figures() {
    let (program, input) = (encoder().program().unwrap(), whole(STEPS));
    let least = device_memory(&program, &input).unwrap();
    let device = Device::new(least - 1);
    let [got, expected] = [&device as &dyn Backend, &Reference].map(|it| by(&program, &input, it).unwrap());
    assert_eq!((got.result, got.trace), (expected.result, expected.trace));
    let unfit = got.unfit.unwrap();
    assert!(unfit.contains(&least.to_string()) && unfit.contains(&(least - 1).to_string()), "{unfit}");
    assert_eq!((device.runs(), expected.unfit), (0, None));
}

fn fault(program: &Program, input: &Input, device: &Device) -> DeviceFault {
    match by(program, input, device).map(|_| ()).unwrap_err().problem {
        Problem::Device(fault) => fault,
        other => panic!("{other}"),
    }
}

#[test]
fn a_device_that_fails_gives_no_result() {
    let (program, input) = (encoder().program().unwrap(), whole(STEPS));
    for list in [0, 3, 1 + UNITS as usize] {
        let fault = fault(&program, &input, &Device::new(u64::MAX).failing_in(list));
        assert!(matches!(fault, DeviceFault::Failed(_)), "{fault}");
    }
}

#[test]
fn a_report_that_the_reference_does_not_share_is_a_fault() {
    let (program, input) = (decoder().clip(0.5).program().unwrap(), whole(STEPS));
    let (nodes, parameters) = (program.graph.nodes.len() as u32, program.manifest.parameters.len() as u32);
    let stage = |stage: u32| 2 * nodes + 1 + stage * parameters + 4;
    for node in [0, nodes - 1, nodes, 2 * nodes - 3, stage(0), stage(1), stage(2), stage(3)] {
        let fault = fault(&program, &input, &Device::new(u64::MAX).lying_at(node));
        assert!(matches!(fault, DeviceFault::Disagreement { node: at } if at == node), "{fault}");
    }
}
