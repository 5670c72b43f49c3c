//! Traps: the same for every split, at the operator that the program's numbering says.

use assay_exec::{Cpu, Path, Reference};
use assay_graph::canonical::Float;
use assay_graph::error::{Stop, Trap};
use assay_graph::manifest::{Op, Optimizer};
use assay_graph::program::Program;
use assay_graph::train::{run, shard, State};

use crate::model::{adam, data, decoder, double, normalised, product, start, windows, SEED, UNITS, WIDTH};
use crate::{text, trainer, SHARDS};

const INFINITE: u8 = 1;
const BOUND: u8 = 2;

/// The trap that a training of `steps` steps ends in, the same for every number of shards.
fn trap(program: &Program, data: &[u32], state: &State, steps: u64) -> Trap {
    let cpu = Cpu::new(Path::best(), 2).unwrap();
    let stop = |shards: usize| {
        let mut reference = trainer(program, &Reference, data, state.clone());
        let mut fast = trainer(program, &cpu, data, state.clone());
        [&mut reference, &mut fast].map(|trainer| match run(trainer, steps, shards, &mut |_, _| {}) {
            Err(Stop::Trap(trap)) => trap,
            Err(Stop::Invalid(invalid)) => panic!("{invalid}"),
            Ok(losses) => panic!("no trap, but {losses:?}"),
        })
    };
    let traps: Vec<Trap> = SHARDS.into_iter().flat_map(stop).collect();
    assert!(traps.windows(2).all(|pair| pair[0] == pair[1]), "{traps:?}");
    traps[0]
}

/// `double` with a row of the embedding that overflows when it is doubled.
fn overflowing() -> (Program, State) {
    let program = double().program().unwrap();
    let mut state = State::from_seed(&program, SEED);
    let width = WIDTH as usize;
    state.parameters.get_mut("embed").unwrap()[10 * width..11 * width].fill(3e38);
    (program, state)
}

#[test]
fn the_trap_of_the_lowest_unit_wins() {
    let (program, state) = overflowing();
    let mut data = data(10_000, 10);
    for (unit, token) in [(2, 3), (4, 0)] {
        let at = start(data.len(), 0, unit) + token;
        data[at] = 10;
    }
    let units: Vec<usize> = windows(&data, 0, UNITS)
        .iter()
        .enumerate()
        .filter_map(|(unit, (ids, _))| ids.contains(&10).then_some(unit))
        .collect();
    assert_eq!(units, [2, 4]);
    let expected = Trap { step: 0, unit: 2, operator: 1, index: 3 * WIDTH, kind: INFINITE };
    assert_eq!(trap(&program, &data, &state, 1), expected);

    // Shards that know nothing of each other: the least of their traps.
    let trainer = trainer(&program, &Reference, &data, state);
    for shards in SHARDS.map(|shards| shards as u64) {
        let stops = (0..shards).filter_map(|index| trainer.gradients(shard(UNITS, shards, index)).err());
        let traps = stops.map(|stop| match stop {
            Stop::Trap(trap) => trap,
            Stop::Invalid(invalid) => panic!("{invalid}"),
        });
        assert_eq!(traps.min(), Some(expected), "{shards} shards");
    }
}

#[test]
fn a_huge_learning_rate_ends_in_the_same_trap_for_every_split() {
    for model in [decoder(), decoder().optimizer(adam()).clip(0.5)] {
        let program = model.rates(&[0.05, 3e38, 0.05, 0.05]).program().unwrap();
        let trap = trap(&program, &text(), &State::from_seed(&program, SEED), 4);
        assert!((1..=2).contains(&trap.step) && trap.kind <= INFINITE, "{trap:?}");
    }
}

#[test]
fn the_backward_form_of_a_node_is_numbered_from_the_end() {
    let program = double().program().unwrap();
    let mut state = State::from_seed(&program, SEED);
    // Even probabilities: the sum of p·x over the unit is 6·6,000/11, above the limit of 1,024.
    state.parameters.get_mut("embed").unwrap().fill(3000.0);
    state.parameters.get_mut("head").unwrap().fill(0.0);
    let nodes = program.graph.nodes.len() as u32;
    let operator = 2 * nodes - program.graph.output as u32;
    let expected = Trap { step: 0, unit: 0, operator, index: 0, kind: BOUND };
    assert_eq!(trap(&program, &text(), &state, 1), expected);
}

#[test]
fn a_loss_over_the_limit_traps_behind_the_nodes() {
    let program = double().program().unwrap();
    let mut state = State::from_seed(&program, SEED);
    // Only class 10 has a logit: it is far above those of the labels, which are all below 10.
    state.parameters.get_mut("embed").unwrap().fill(100.0);
    let head = state.parameters.get_mut("head").unwrap();
    let class = head.len() - WIDTH as usize;
    head[..class].fill(0.0);
    head[class..].fill(1.0);
    let operator = program.graph.nodes.len() as u32;
    let expected = Trap { step: 0, unit: 0, operator, index: 0, kind: BOUND };
    assert_eq!(trap(&program, &data(200, 10), &state, 1), expected);
}

/// A state whose embedding is all `embedding` and whose head is zero but for `weight` in the row of token 1.
fn only_token_1(program: &Program, embedding: f32, weight: f32) -> State {
    let mut state = State::from_seed(program, SEED);
    state.parameters.get_mut("embed").unwrap().fill(embedding);
    let head = state.parameters.get_mut("head").unwrap();
    head.fill(0.0);
    head[WIDTH as usize..2 * WIDTH as usize].fill(weight);
    state
}

#[test]
fn a_norm_traps_on_the_gradients_of_scale_and_shift_if_one_is_learned() {
    let data = [1; 200];
    // Rows of zeros: the scale's gradient is 0. The shift's is 6·1,000·10/11 a unit, above the limit of 1,024.
    let cases: [&[&str]; 3] = [&[], &["gamma"], &["beta"]];
    for fixed in cases {
        let mut model = normalised();
        fixed.iter().for_each(|name| model.fix(name));
        let program = model.program().unwrap();
        let operator = 2 * program.graph.nodes.len() as u32 - 1;
        let expected = Trap { step: 0, unit: 0, operator, index: 0, kind: BOUND };
        assert_eq!(trap(&program, &data, &only_token_1(&program, 0.0, -1000.0), 1), expected, "{fixed:?}");
    }
    let mut model = normalised();
    ["beta", "gamma"].iter().for_each(|name| model.fix(name));
    let program = model.program().unwrap();
    let state = only_token_1(&program, 0.0, -1000.0);
    run(&mut trainer(&program, &Reference, &data, state), 1, 1, &mut |_, _| {}).unwrap();
}

#[test]
fn a_product_traps_on_the_gradient_of_a_factor_that_no_parameter_is_reached_from() {
    for op in [Op::Mul, Op::SiluMul] {
        let program = product(op).program().unwrap();
        // The values are 2 and their gradients 10; 10·1e38 is the other factor's.
        let state = only_token_1(&program, 1e38, -10.0);
        let operator = 2 * program.graph.nodes.len() as u32 - 2;
        let expected = Trap { step: 0, unit: 0, operator, index: 0, kind: INFINITE };
        assert_eq!(trap(&program, &[1; 200], &state, 1), expected);
    }
}

#[test]
fn the_update_comes_after_all_units() {
    let (decay, rate) = (1e30, 1e10);
    let optimizer = Optimizer::Sgd { decay: Float::new(decay), momentum: Float::new(0.0) };
    let program = double().optimizer(optimizer).rates(&[rate]).program().unwrap();
    let state = State::from_seed(&program, SEED);
    let embed = &state.parameters["embed"];
    let index = embed.iter().position(|p| !(rate * (decay * p)).is_finite()).unwrap() as u64;
    // Of two parameters the first in name order, at the last of four stages.
    let operator = 2 * program.graph.nodes.len() as u32 + 1 + 3 * 2;
    let expected = Trap { step: 0, unit: Trap::NO_UNIT, operator, index, kind: INFINITE };
    assert_eq!(trap(&program, &text(), &state, 1), expected);
}
