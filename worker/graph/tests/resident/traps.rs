//! Jobs that end in a trap.

use assay_exact::{Mask, Precision};
use assay_exec::Reference;
use assay_graph::canonical::Float;
use assay_graph::error::Trap;
use assay_graph::job::{Input, Kind, Outcome, Sampling};
use assay_graph::manifest::{Attention, Index, Node, Op};
use assay_graph::program::Program;
use assay_graph::tensor::Data;

use crate::programs::{decoder, encoder, Draft, SMALL};
use crate::{agreed, by, generate, input, prompts, sequences};

const WIDTH: usize = 16;
pub const VOCABULARY: usize = 40;

fn trap(outcome: &Outcome) -> Trap {
    *outcome.result.as_ref().expect_err("a trap")
}

#[test]
fn the_first_unit_that_traps_decides_and_the_points_before_are_recorded() {
    for program in [encoder(&SMALL), decoder(&SMALL)] {
        for bad in [&[0][..], &[4], &[10], &[5, 8]] {
            let mut units = sequences(11);
            for unit in bad {
                let end = units[*unit].len() - 1;
                units[*unit][end] = VOCABULARY as u32;
            }
            let outcome = agreed(&program, &input(Kind::Embed, &units));
            let index = units[bad[0]].len() as u64 - 1;
            let expected = Trap { step: 0, unit: bad[0] as u64, operator: 0, index, kind: 2 };
            assert_eq!(trap(&outcome), expected);
            assert_eq!(outcome.trace.leaves > 0, bad[0] > 0);
        }
    }
}

/// A decoder whose attention takes the embeddings themselves as values, so that large ones reach it.
fn mixer() -> Program {
    let mut draft = Draft::new(5);
    draft.matrix("table", VOCABULARY, WIDTH, None);
    draft.matrix("head", VOCABULARY, WIDTH, Some(Precision::I8));
    draft.node("x", &[], Op::Embed { index: Index::Ids, table: "table".into() });
    draft.trace("x");
    draft.node("q", &["x"], Op::Tanh);
    let attention = Attention {
        heads: 2,
        keys: Precision::I15,
        kv_heads: 2,
        mask: Mask::Causal,
        scale: Float::new(0.5),
        values: Precision::I15,
        weights: Precision::I15,
    };
    draft.node("mix", &["q", "q", "x"], Op::Attention(attention));
    draft.node("sum", &["x", "mix"], Op::Add);
    draft.node("last", &["sum"], Op::Last);
    draft.node(
        "logits",
        &["last"],
        Op::Linear { bias: None, precision: Precision::I8, weight: "head".into() },
    );
    Program::load("mixer", &draft.pack("logits", 24, VOCABULARY).unwrap()).unwrap()
}

/// The program with another embedding of one token.
pub fn planted(program: &Program, token: u32, x: f32) -> Program {
    let mut tensors = program.tensors.clone();
    let Data::F32(table) = &mut tensors.get_mut("table").unwrap().data else { panic!("a table of floats") };
    let width = table.len() / VOCABULARY;
    table[token as usize * width..][..width].fill(x);
    Program::load("planted", &Program::pack(program.manifest.clone(), &tensors).unwrap()).unwrap()
}

/// A token that a generation chooses before its last step, and that no prompt has.
fn chosen(program: &Program, job: &Input) -> u32 {
    let outputs = by(program, job, &Reference).unwrap().result.unwrap();
    let ids = outputs["ids"].as_u32().unwrap();
    let fresh = |id: &&u32| !prompts().concat().contains(id);
    *ids.chunks(9).flat_map(|ids| &ids[..8]).find(fresh).expect("a token that is not in the prompts")
}

#[test]
fn what_overflows_in_a_later_pass_traps_there() {
    let program = mixer();
    let inverse_temperature = Float::new(0.1);
    let sampling = Sampling::Sample { inverse_temperature, top_k: None, top_p: None };
    let job = input(generate(9, sampling, &[]), &prompts());
    let token = chosen(&program, &job);
    let node = |name: &str| program.graph.node(name).unwrap() as u32;
    // In attention, products with values of that size leave the range of f32.
    let outcome = agreed(&planted(&program, token, 1e35), &job);
    let trap = trap(&outcome);
    assert!(trap.step > 0, "{trap:?}");
    assert_eq!((trap.operator, trap.kind), (node("mix"), 1));
    assert!(outcome.trace.leaves > 3, "points of the passes before, and of this one");
}

#[test]
fn a_node_that_traps_comes_behind_the_points_before_it() {
    let mut manifest = mixer().manifest;
    let twice = Node { inputs: vec!["x".into(), "x".into()], name: "twice".into(), op: Op::Add };
    manifest.graph.insert(1, twice);
    let program = mixer();
    let program = Program::load("t", &Program::pack(manifest, &program.tensors).unwrap()).unwrap();
    let outcome = agreed(&planted(&program, 4, 3e38), &input(Kind::Embed, &prompts()));
    assert_eq!(trap(&outcome), Trap { step: 0, unit: 0, operator: 1, index: 2 * WIDTH as u64, kind: 1 });
    assert_eq!(outcome.trace.leaves, 1, "the point before the trap");
}

#[test]
fn a_choice_that_traps_comes_before_the_passes_of_later_units() {
    // The last token of the first prompt and of the third has large logits; one of the third overflows in attention.
    let program = planted(&planted(&mixer(), 5, 100.0), 6, 1e35);
    let inverse_temperature = Float::new(f32::MAX);
    let sampling = Sampling::Sample { inverse_temperature, top_k: None, top_p: None };
    let outcome = agreed(&program, &input(generate(2, sampling, &[]), &prompts()));
    let Trap { step, unit, operator, kind, .. } = trap(&outcome);
    assert_eq!((step, unit, operator, kind), (0, 0, program.graph.nodes.len() as u32, 1));
    assert_eq!(outcome.trace.leaves, 1, "the point of the first unit's pass");
    // Without it the third unit's pass decides, behind the points of the others.
    let outcome = agreed(&program, &input(generate(2, Sampling::Greedy, &[]), &prompts()));
    let Trap { step, unit, operator, .. } = trap(&outcome);
    assert_eq!((step, unit, operator), (0, 2, program.graph.node("mix").unwrap() as u32));
    assert_eq!(outcome.trace.leaves, 3);
}
