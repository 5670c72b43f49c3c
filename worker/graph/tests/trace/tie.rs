use std::collections::BTreeSet;

use assay_exec::Reference;
use assay_graph::job::{self, Generate, Input, Kind, Sampling};
use assay_graph::program::Program;
use assay_graph::root::Hash;
use assay_graph::tensor::Data;
use assay_graph::trace::{pass_leaves, segments, Fault, Passes, Seam, Segment, Tie, Trace, Value};
use codec::{Decode, Encode};

use crate::programs::{decoder, Random, SMALL};
use crate::runs::{last_bit, run, Lie};

const TOKENS: usize = 3;

/// A generation of three tokens for each of three prompts.
struct Run {
    program: Program,
    units: Vec<Passes>,
    trace: Trace,
}

fn input(prompts: &[Vec<u32>]) -> Input {
    let kind = Kind::Generate(Generate { sampling: Sampling::Greedy, stop: vec![], tokens: TOKENS as u64 });
    Input::load("input", &Input::pack(kind, &Input::sequences(prompts)).unwrap()).unwrap()
}

fn prompts() -> Vec<Vec<u32>> {
    let mut random = Random(13);
    [9, 4, 12].map(|count| random.ids(count, SMALL.vocabulary)).into()
}

/// A prompt, and the tokens chosen after it but the last, which is in no pass.
fn passes(unit: usize, prompt: &[u32], chosen: &[u32]) -> Passes {
    let next = chosen[..TOKENS - 1].iter().map(|id| vec![*id]);
    Passes { unit: unit as u64, ids: [prompt.to_vec()].into_iter().chain(next).collect() }
}

/// Runs the job with a program, and keeps what ties are made from.
fn generate(program: Program) -> Run {
    let prompts = prompts();
    let outcome = job::run_keeping(&program, &input(&prompts), b"", &Reference, 1, BTreeSet::new()).unwrap();
    let outputs = outcome.result.unwrap();
    let chosen = outputs["ids"].as_u32().unwrap().chunks(TOKENS);
    let units = prompts.iter().zip(chosen).enumerate();
    let units = units.map(|(unit, (prompt, chosen))| passes(unit, prompt, chosen)).collect();
    Run { program, units, trace: outcome.trace }
}

fn generation() -> Run {
    generate(decoder(&SMALL))
}

impl Run {
    /// Leaves of the trace before a pass of a unit.
    fn before(&self, unit: usize, step: usize) -> u64 {
        let places = (0..TOKENS).flat_map(|step| (0..self.units.len()).map(move |unit| (step, unit)));
        let earlier = places.filter(|place| *place < (step, unit));
        earlier.map(|(step, unit)| pass_leaves(&self.program.graph, self.units[unit].ids[step].len())).sum()
    }

    fn seam(&self, unit: usize, segment: usize, step: usize) -> Seam<'_> {
        let before = self.before(unit, step);
        Seam { graph: &self.program.graph, passes: &self.units[unit], segment, step, before }
    }

    fn segments(&self) -> usize {
        segments(&self.program.graph).unwrap().len()
    }

    fn check(&self, seam: &Seam<'_>, segment_root: &Hash, tie: &Tie) -> Result<(), Fault> {
        seam.check(&self.trace.root(), &self.trace.result_root, segment_root, tie)
    }

    /// Ties a segment and checks the tie against the segment's own root.
    fn tie_and_check(&self, seam: &Seam<'_>, segment: &Segment<'_>) -> Result<(), Fault> {
        let tie = seam.tie(&self.trace, segment)?;
        self.check(seam, &segment.root()?, &tie)
    }
}

fn not_in(tree: &str) -> Result<(), Fault> {
    Err(Fault::Proof(tree.into()))
}

#[test]
fn every_segment_of_a_job_is_tied_to_its_trace_in_every_pass() {
    let job = generation();
    for unit in 0..job.units.len() {
        for number in 0..job.segments() {
            let segment = run(&job.program, &job.units[unit], number, None);
            let root = segment.root().unwrap();
            for step in 0..TOKENS {
                let seam = job.seam(unit, number, step);
                let tie = seam.tie(&job.trace, &segment).unwrap();
                let sent = Tie::decode(&mut tie.encode().as_slice()).unwrap();
                assert_eq!(sent, tie);
                assert_eq!(
                    job.check(&seam, &root, &sent),
                    Ok(()),
                    "unit {unit}, segment {number}, pass {step}"
                );
            }
        }
    }
}

#[test]
fn a_tie_has_the_points_on_both_sides_of_its_segment() {
    let job = generation();
    // A row of 192 bytes in leaves of 1,024: 12 tokens have 3 leaves, one token has one.
    for (number, points) in [(0, 1), (1, 2), (2, 1)] {
        let segment = run(&job.program, &job.units[2], number, None);
        let hashes = |step| job.seam(2, number, step).tie(&job.trace, &segment).unwrap().hashes.len();
        assert_eq!([0, 1, 2].map(hashes), [3 * points, points, points]);
    }
}

#[test]
fn passes_make_the_leaves_of_the_trace() {
    let job = generation();
    assert_eq!(job.before(0, TOKENS), job.trace.leaves);
}

#[test]
fn a_segment_run_with_other_weights_is_not_tied() {
    let job = generation();
    let mut program = decoder(&SMALL);
    match &mut program.tensors.get_mut("tokens").unwrap().data {
        Data::F32(values) => values.iter_mut().for_each(|x| *x += 0.125),
        data => panic!("{data:?}"),
    }
    let other = generate(program);
    for number in 0..job.segments() {
        let honest = run(&job.program, &job.units[1], number, None);
        let foreign = run(&other.program, &other.units[1], number, None);
        let foreign_root = foreign.root().unwrap();
        let seam = job.seam(1, number, 0);
        assert_eq!(job.tie_and_check(&seam, &honest), Ok(()));
        assert_eq!(job.tie_and_check(&seam, &foreign), not_in("trace"));
        let tie = seam.tie(&job.trace, &honest).unwrap();
        assert_eq!(job.check(&seam, &foreign_root, &tie), not_in("segment"));
        let tie = seam.tie(&other.trace, &foreign).unwrap();
        assert_eq!(other.check(&seam, &foreign_root, &tie), Ok(()));
        assert_eq!(job.check(&seam, &foreign_root, &tie), not_in("trace"));
    }
}

#[test]
fn a_lie_about_a_point_unties_its_pass_and_one_inside_does_not() {
    let job = generation();
    let passes = &job.units[0];
    let lied = |name: &str, number| {
        let value = Value { step: 1, node: job.program.graph.node(name).unwrap() };
        run(&job.program, passes, number, Some(Lie { value, index: 7, change: last_bit }))
    };
    for (name, number, verdict) in [
        ("x1", 0, not_in("trace")),
        ("x1", 1, not_in("trace")),
        ("x2", 1, not_in("trace")),
        ("x2", 2, not_in("trace")),
        ("norm1", 0, Ok(())),
        ("norm2", 1, Ok(())),
        ("logits", 2, Ok(())),
    ] {
        let segment = lied(name, number);
        let honest = run(&job.program, passes, number, None);
        assert_ne!(segment.root(), honest.root());
        assert_eq!(job.tie_and_check(&job.seam(0, number, 0), &segment), Ok(()), "{name}, pass 0");
        assert_eq!(job.tie_and_check(&job.seam(0, number, 1), &segment), verdict, "{name}, pass 1");
    }
}

#[test]
fn a_tie_that_was_touched_fails() {
    let job = generation();
    let segment = run(&job.program, &job.units[2], 1, None);
    let (root, seam) = (segment.root().unwrap(), job.seam(2, 1, 0));
    let tie = seam.tie(&job.trace, &segment).unwrap();
    let verdict = |change: &dyn Fn(&mut Tie)| {
        let mut tie = tie.clone();
        change(&mut tie);
        job.check(&seam, &root, &tie)
    };
    let outside = not_in("trace");
    for at in 0..tie.hashes.len() {
        assert_eq!(verdict(&|tie| tie.hashes[at][3] ^= 1), outside);
    }
    for at in 0..tie.trace.siblings.len() {
        assert_eq!(verdict(&|tie| tie.trace.siblings[at][0] ^= 1), outside);
    }
    assert_eq!(verdict(&|tie| tie.trace.siblings.push([0; 32])), outside);
    assert_eq!(verdict(&|tie| tie.leaves += 1), outside);
    assert_eq!(verdict(&|tie| tie.leaves = 0), outside);
    assert_eq!(verdict(&|tie| tie.hashes.swap(0, 3)), outside);
    for at in 0..tie.segment.siblings.len() {
        assert_eq!(verdict(&|tie| tie.segment.siblings[at][0] ^= 1), not_in("segment"));
    }
    assert_eq!(verdict(&|tie| tie.segment.siblings.clear()), not_in("segment"));
    let count = |got| -> Result<(), Fault> {
        Err(Fault::Leaves { of: "leaves of the seam".into(), expected: 6, got })
    };
    assert_eq!(verdict(&|tie| assert!(tie.hashes.pop().is_some())), count(5));
    assert_eq!(verdict(&|tie| tie.hashes.push([0; 32])), count(7));
    assert_eq!(verdict(&|tie| tie.hashes.clear()), count(0));
    assert_eq!(verdict(&|_| ()), Ok(()));

    let (trace_root, result_root) = (job.trace.root(), job.trace.result_root);
    assert_eq!(seam.check(&root, &result_root, &root, &tie), outside);
    assert_eq!(seam.check(&trace_root, &trace_root, &root, &tie), outside);
    assert_eq!(seam.check(&trace_root, &result_root, &trace_root, &tie), not_in("segment"));
}

#[test]
fn a_tie_holds_at_its_own_seam_only() {
    let job = generation();
    let segment = run(&job.program, &job.units[2], 1, None);
    let (root, seam) = (segment.root().unwrap(), job.seam(2, 1, 1));
    let tie = seam.tie(&job.trace, &segment).unwrap();
    assert_eq!(job.check(&seam, &root, &tie), Ok(()));
    for before in [0, seam.before - 1, seam.before + 1, u64::MAX] {
        assert_eq!(job.check(&Seam { before, ..seam }, &root, &tie), not_in("trace"), "{before}");
    }
    assert_eq!(job.check(&job.seam(2, 1, 2), &root, &tie), not_in("trace"));
    assert_eq!(job.check(&job.seam(1, 1, 1), &root, &tie), not_in("trace"));
    assert_eq!(job.check(&Seam { step: 2, ..seam }, &root, &tie), not_in("segment"));
    assert_eq!(job.check(&Seam { step: TOKENS, ..seam }, &root, &tie), Err(Fault::Pass(TOKENS as u64)));
    assert_eq!(job.check(&Seam { segment: 3, ..seam }, &root, &tie), Err(Fault::Segment(3)));
}

#[test]
fn a_trace_ties_only_what_it_has_kept() {
    let job = generation();
    let (segment, seam) = (run(&job.program, &job.units[0], 1, None), job.seam(0, 1, 2));
    let forgetful = job::run(&job.program, &input(&prompts()), b"", &Reference, 1).unwrap().trace;
    assert_eq!(forgetful.root(), job.trace.root());
    assert_eq!(seam.tie(&forgetful, &segment), Err(Fault::Untraced(2)));
    let beyond = Seam { before: job.trace.leaves, ..seam };
    assert_eq!(beyond.tie(&job.trace, &segment), Err(Fault::Untraced(2)));
    let unseen = Segment::new(&job.program.graph, &job.units[0], 1).unwrap();
    assert!(matches!(seam.tie(&job.trace, &unseen), Err(Fault::Unseen { .. })));
}
