//! Jobs that end in outputs.

use std::collections::BTreeSet;

use assay_exact::Precision;
use assay_exec::Reference;
use assay_graph::canonical::Float;
use assay_graph::forward::Executor;
use assay_graph::job::{embeddings, run_keeping, Input, Kind, Outcome, Sampling};
use assay_graph::manifest::{Index, Op};
use assay_graph::program::Program;

use crate::device::Device;
use crate::programs::{decoder, encoder, Draft, SMALL};
use crate::{agreed, by, devices, generate, input, prompts, sequences, SEED};

/// Draws from twelve tokens at most, at a high temperature.
fn sample() -> Sampling {
    let inverse_temperature = Float::new(0.25);
    Sampling::Sample { inverse_temperature, top_k: Some(12), top_p: Some(Float::new(0.9)) }
}

fn programs() -> [Program; 2] {
    [encoder(&SMALL), decoder(&SMALL)]
}

#[test]
fn embeddings_are_the_same_however_many_units_a_pass_joins() {
    for program in programs() {
        for count in [1, 2, 11] {
            let job = input(Kind::Embed, &sequences(count));
            assert!(agreed(&program, &job).result.is_ok());
        }
        let job = input(Kind::Embed, &sequences(11));
        let runs = runs(&program, &job);
        assert_eq!(runs[0], 1, "all units fit into one pass");
        assert!(1 < runs[2] && runs[2] < 11, "{runs:?}: the least memory joins short units");
    }
}

/// How many passes each device takes for a job.
fn runs(program: &Program, job: &Input) -> Vec<usize> {
    let runs = |device: &Device| {
        by(program, job, device).unwrap();
        device.runs()
    };
    devices(program, job).iter().map(runs).collect()
}

#[test]
fn wide_outputs_of_many_units_come_from_the_device_a_few_at_a_time() {
    const COLS: usize = 1 << 16;
    let mut draft = Draft::new(13);
    draft.matrix("table", 40, 16, None);
    draft.matrix("wide", COLS, 16, Some(Precision::I8));
    draft.node("x", &[], Op::Embed { index: Index::Ids, table: "table".into() });
    draft.trace("x");
    draft.node("last", &["x"], Op::Last);
    let op = Op::Linear { bias: None, precision: Precision::I8, weight: "wide".into() };
    draft.node("out", &["last"], op);
    let program = Program::load("wide", &draft.pack("out", 24, 40).unwrap()).unwrap();
    let units: Vec<Vec<u32>> = (0..39).map(|unit| vec![unit, 39 - unit]).collect();
    let job = input(Kind::Embed, &units);
    assert!(agreed(&program, &job).result.is_ok());
    let device = Device::new(u64::MAX);
    by(&program, &job, &device).unwrap();
    assert_eq!((device.runs(), device.largest()), (1, 16 * COLS), "4 MiB of 39 units in one pass");
}

#[test]
fn embeddings_without_a_trace_are_the_same() {
    let (program, units) = (encoder(&SMALL), sequences(5));
    let units: Vec<&[u32]> = units.iter().map(Vec::as_slice).collect();
    let weights = program.weights().unwrap();
    let device = Device::new(u64::MAX);
    let executor = Executor { graph: &program.graph, weights: &weights, backend: &Reference };
    let expected = embeddings(&executor, &units).unwrap();
    assert_eq!(embeddings(&Executor { backend: &device, ..executor }, &units).unwrap(), expected);
    assert_eq!((expected.len(), device.runs()), (5 * SMALL.width, 1));
}

#[test]
fn tokens_are_the_same_with_caches_across_passes() {
    let program = decoder(&SMALL);
    for sampling in [Sampling::Greedy, sample()] {
        let free = agreed(&program, &input(generate(9, sampling, &[]), &prompts()));
        let chosen = ids(&free);
        assert_eq!(chosen.len(), 27);
        // The first sequence stops behind its third token, or before.
        let stop = u64::from(chosen[2]);
        let stopped = agreed(&program, &input(generate(9, sampling, &[999, stop]), &prompts()));
        assert!(ids(&stopped).len() <= 21);
    }
}

fn ids(outcome: &Outcome) -> Vec<u32> {
    outcome.result.as_ref().unwrap()["ids"].as_u32().unwrap().to_vec()
}

#[test]
fn a_step_of_all_prompts_is_one_pass() {
    let program = decoder(&SMALL);
    for sampling in [Sampling::Greedy, sample()] {
        let prompts: Vec<Vec<u32>> = (0..6).map(|prompt| vec![prompt; 5]).collect();
        let runs = runs(&program, &input(generate(7, sampling, &[]), &prompts));
        assert_eq!(runs[0], 7);
        // With the least memory a pass has room for one prompt.
        assert!(runs[2] >= 6 + 6, "{runs:?}");
    }
}

#[test]
fn any_leaf_is_opened_from_a_run_on_a_device() {
    for (program, kind, sequences) in [
        (encoder(&SMALL), Kind::Embed, sequences(4)),
        (decoder(&SMALL), generate(3, Sampling::Greedy, &[]), prompts()),
    ] {
        let job = input(kind, &sequences);
        let committed = by(&program, &job, &Reference).unwrap().trace;
        let leaves: BTreeSet<u64> = (0..committed.leaves).collect();
        assert!(leaves.len() > 3);
        for device in devices(&program, &job) {
            let kept = run_keeping(&program, &job, SEED, &device, 1, leaves.clone()).unwrap().trace;
            let opens = |leaf: &u64| {
                let opening = kept.open(*leaf);
                opening.is_some_and(|it| it.verify(*leaf, &committed.root(), &committed.result_root))
            };
            assert!(leaves.iter().all(opens), "{} bytes", device.memory);
        }
    }
}
