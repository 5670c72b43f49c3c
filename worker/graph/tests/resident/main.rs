//! Jobs whose passes run in a device's memory give the outputs, the traps and the traces of those that don't.

mod device;
mod faults;
mod jobs;
mod leaves;
#[allow(dead_code, reason = "the tests of training use more of it")]
#[allow(clippy::disallowed_methods, reason = "its angles may be anything")]
#[path = "../training/model.rs"]
mod model;
#[allow(dead_code, reason = "the tests of the trace use more of it")]
#[path = "../trace/programs.rs"]
mod programs;
mod training;
mod traps;

use assay_exec::{Backend, Reference};
use assay_graph::error::Invalid;
use assay_graph::job::{device_memory, run, Generate, Input, Kind, Outcome, Sampling};
use assay_graph::program::Program;
use device::Device;

const SEED: &[u8] = b"seed of the device tests";

fn input(kind: Kind, sequences: &[Vec<u32>]) -> Input {
    let package = Input::pack(kind, &Input::sequences(sequences)).unwrap();
    Input::load("input", &package).unwrap()
}

/// As many units as are asked for: of 11, 18, 1, 8, 15, 22, ... tokens.
fn sequences(count: usize) -> Vec<Vec<u32>> {
    let length = |unit: usize| 1 + (unit * 7 + 10) % 24;
    let ids = |unit: usize| (0..length(unit)).map(|i| ((i * 7 + unit * 5) % 40) as u32).collect();
    (0..count).map(ids).collect()
}

fn prompts() -> Vec<Vec<u32>> {
    vec![vec![3, 1, 4, 1, 5], vec![9], vec![2, 6, 5]]
}

fn generate(tokens: u64, sampling: Sampling, stop: &[u64]) -> Kind {
    Kind::Generate(Generate { sampling, stop: stop.to_vec(), tokens })
}

fn by(program: &Program, input: &Input, backend: &dyn Backend) -> Result<Outcome, Invalid> {
    run(program, input, SEED, backend, 1)
}

/// Devices with all the memory there is, with as little as goes, and with a little more.
fn devices(program: &Program, input: &Input) -> Vec<Device> {
    let least = device_memory(program, input).unwrap();
    [u64::MAX, least + least / 4, least].map(Device::new).into()
}

/// Asserts that devices give what the reference gives, and gives it.
fn agreed(program: &Program, input: &Input) -> Outcome {
    let expected = by(program, input, &Reference).unwrap();
    for device in devices(program, input) {
        let got = by(program, input, &device).unwrap();
        assert_eq!(got.result, expected.result, "{} bytes", device.memory);
        assert_eq!(got.trace, expected.trace, "{} bytes", device.memory);
        assert!(device.runs() > 0, "the device was not asked");
    }
    expected
}
