//! Passes with so many leaves that the device joins them.

use assay_exact::Precision;
use assay_exec::resident::LEAF_FLOATS;
use assay_graph::error::Trap;
use assay_graph::job::{Input, Kind, Sampling};
use assay_graph::manifest::{Index, Op};
use assay_graph::program::Program;

use crate::device::Device;
use crate::programs::Draft;
use crate::traps::{planted, VOCABULARY};
use crate::{agreed, by, devices, generate, input, sequences};

/// Less than 20 leaves for a token, and no whole number of them.
const WIDTH: usize = 5000;

/// Three trace points, each the square of the one before: of a large embedding the third overflows.
fn wide() -> Program {
    let mut draft = Draft::new(17);
    draft.matrix("table", VOCABULARY, WIDTH, None);
    draft.matrix("head", VOCABULARY, WIDTH, Some(Precision::I8));
    draft.node("x", &[], Op::Embed { index: Index::Ids, table: "table".into() });
    draft.trace("x");
    draft.node("square", &["x", "x"], Op::Mul);
    draft.trace("square");
    draft.node("fourth", &["square", "square"], Op::Mul);
    draft.trace("fourth");
    draft.node("last", &["fourth"], Op::Last);
    let op = Op::Linear { bias: None, precision: Precision::I8, weight: "head".into() };
    draft.node("logits", &["last"], op);
    Program::load("wide", &draft.pack("logits", 24, VOCABULARY).unwrap()).unwrap()
}

/// Leaves of some of a unit's points.
fn leaves(points: usize, tokens: usize) -> u64 {
    (points * (tokens * WIDTH).div_ceil(LEAF_FLOATS)) as u64
}

/// How often each device joins leaves in a job.
fn joins(program: &Program, job: &Input) -> Vec<usize> {
    let joins = |device: &Device| {
        by(program, job, device).unwrap();
        device.joins()
    };
    devices(program, job).iter().map(joins).collect()
}

#[test]
fn leaves_are_joined_whatever_units_a_pass_has() {
    // In one pass there is no room for all points until the end; short passes hash them together.
    let (program, units) = (wide(), sequences(120));
    let job = input(Kind::Embed, &units);
    let outcome = agreed(&program, &job);
    let tokens: usize = units.iter().map(Vec::len).sum();
    assert!(3 * 4 * WIDTH * tokens > 64 << 20);
    let expected: u64 = units.iter().map(|ids| leaves(3, ids.len())).sum();
    assert_eq!((outcome.result.is_ok(), outcome.trace.leaves), (true, expected));
    let joins = joins(&program, &job);
    assert_eq!(joins[0], 1, "one pass has all units");
    assert!(joins[2] > 3, "{joins:?}: passes behind others whose leaves fill no subtree");
}

#[test]
fn subtrees_of_a_decode_begin_in_one_pass_and_end_in_another() {
    let program = wide();
    let prompts: Vec<Vec<u32>> =
        (0..30).map(|prompt| (0..=prompt % 3).map(|at| prompt + at).collect()).collect();
    let job = |stop: &[u64]| input(generate(5, Sampling::Greedy, stop), &prompts);
    let outcome = agreed(&program, &job(&[]));
    assert!(!(30 * leaves(3, 1)).is_multiple_of(256), "each step begins elsewhere in a subtree");
    assert_eq!(joins(&program, &job(&[]))[0], 5, "each step");
    // Behind its second token the first sequence ends, and steps have fewer leaves.
    let stop = outcome.result.unwrap()["ids"].as_u32().unwrap()[1];
    let stopped = agreed(&program, &job(&[u64::from(stop)]));
    assert!(stopped.trace.leaves < outcome.trace.leaves);
}

#[test]
fn leaves_before_a_trap_are_joined_as_they_are_without_it() {
    const BAD: u32 = VOCABULARY as u32 - 1;
    let program = planted(&wide(), BAD, 1e15);
    let mut units = sequences(11);
    units.iter_mut().flatten().for_each(|id| *id = (*id).min(BAD - 1));
    // Of 22 tokens.
    units[5][19] = BAD;
    let job = input(Kind::Embed, &units);
    let outcome = agreed(&program, &job);
    let index = 19 * WIDTH as u64;
    assert_eq!(outcome.result, Err(Trap { step: 0, unit: 5, operator: 2, index, kind: 1 }));
    let before: u64 = units[..5].iter().map(|ids| leaves(3, ids.len())).sum();
    assert_eq!(outcome.trace.leaves, before + leaves(2, 22));
    // The pass of all units, those of the longer ones of the five before, and of the one that traps as far as it goes.
    assert!(joins(&program, &job)[0] > 3);
}
