use std::collections::{BTreeMap, BTreeSet};

use assay_exact::{Trap, TrapKind};
use assay_graph::manifest::{Index, Op};
use assay_graph::program::Program;
use assay_graph::root::Hash;
use assay_graph::tensor::Data;
use assay_graph::trace::{
    open, segment_of, segments, Element, Fault, Opening, Passes, Referee, Segment, Value, Verdict,
};
use codec::{Decode, Encode};

use crate::programs::{decoder, encoder, Draft, Random, SMALL};
use crate::runs::{last_bit, run, Lie};

fn kind(op: &Op) -> &'static str {
    match op {
        Op::Add => "add",
        Op::Attention(_) => "attention",
        Op::Embed { index: Index::Ids, .. } => "embed ids",
        Op::Embed { index: Index::Positions, .. } => "embed positions",
        Op::Gelu => "gelu",
        Op::L2Norm { .. } => "l2_norm",
        Op::Last => "last",
        Op::LayerNorm { .. } => "layer_norm",
        Op::Linear { .. } => "linear",
        Op::MeanPool => "mean_pool",
        Op::Mul => "mul",
        Op::RmsNorm { .. } => "rms_norm",
        Op::Rope { .. } => "rope",
        Op::SiluMul => "silu_mul",
        Op::Tanh => "tanh",
    }
}

const KINDS: usize = 15;

/// A program and a unit of it: one pass of the encoder; a prompt and four more passes of the decoder.
fn units() -> [(Program, Passes); 2] {
    let mut random = Random(3);
    let mut ids = |count| random.ids(count, SMALL.vocabulary);
    let encoded = Passes { unit: 6, ids: vec![ids(21)] };
    let decoded = Passes { unit: 2, ids: vec![ids(9), ids(1), ids(1), ids(3), ids(1)] };
    [(encoder(&SMALL), encoded), (decoder(&SMALL), decoded)]
}

fn size(program: &Program, passes: &Passes, value: Value) -> usize {
    let node = &program.graph.nodes[value.node];
    node.rows.count(passes.ids[value.step].len()) * node.cols
}

fn element(passes: &Passes, value: Value, index: usize) -> Element {
    Element { unit: passes.unit, step: value.step as u64, node: value.node as u32, index: index as u64 }
}

fn judge(program: &Program, passes: &Passes, root: &Hash, opening: &Opening) -> Result<Verdict, Fault> {
    Referee { passes }.check(&program.manifest, &program.graph, root, opening)
}

/// Opens an element and has it judged under the segment's own root.
fn open_and_judge(program: &Program, passes: &Passes, segment: &Segment<'_>, at: Element) -> Verdict {
    let opening = open(segment, &program.tensors, at).unwrap();
    judge(program, passes, &segment.root().unwrap(), &opening).unwrap()
}

/// The segment of a node, honestly run.
fn segment_with<'a>(program: &'a Program, passes: &'a Passes, node: &str) -> (Segment<'a>, usize) {
    let node = program.graph.node(node).unwrap();
    (run(program, passes, segment_of(&program.graph, node), None), node)
}

#[test]
fn segments_run_from_one_trace_point_to_the_next() {
    let graph = &encoder(&SMALL).graph;
    let points = ["x0", "x1", "x2"].map(|name| graph.node(name).unwrap() + 1);
    let expected = [0..points[0], points[0]..points[1], points[1]..points[2], points[2]..graph.nodes.len()];
    let segments = segments(graph).unwrap();
    assert_eq!(segments, expected);
    for (number, segment) in segments.into_iter().enumerate() {
        assert!(segment.into_iter().all(|node| segment_of(graph, node) == number));
    }
}

#[test]
fn a_node_that_reads_across_a_trace_point_is_refused() {
    let mut draft = Draft::new(1);
    draft.matrix("table", 4, 4, None);
    draft.node("first", &[], Op::Embed { index: Index::Ids, table: "table".into() });
    draft.node("point", &["first"], Op::Gelu);
    draft.trace("point");
    draft.node("crossing", &["point", "first"], Op::Add);
    draft.node("row", &["crossing"], Op::Last);
    let error = draft.pack("row", 4, 4).map(|_| ()).unwrap_err();
    assert_eq!(error.field, "trace");
    let text = error.problem.to_string();
    assert_eq!(text, "node \"crossing\" reads \"first\" across the trace point \"point\"");
}

#[test]
fn elements_of_every_operator_are_computed_anew_from_their_openings_alone() {
    let (mut random, mut kinds) = (Random(5), BTreeSet::new());
    for (program, passes) in units() {
        for (number, nodes) in segments(&program.graph).unwrap().into_iter().enumerate() {
            let segment = run(&program, &passes, number, None);
            let root = segment.root().unwrap();
            let values =
                (0..passes.ids.len()).flat_map(|step| nodes.clone().map(move |node| Value { step, node }));
            for value in values {
                let op = &program.graph.nodes[value.node].op;
                let size = size(&program, &passes, value);
                for index in [0, size - 1, random.below(size), random.below(size), random.below(size)] {
                    let at = element(&passes, value, index);
                    let opening = open(&segment, &program.tensors, at).unwrap();
                    let sent = Opening::decode(&mut opening.encode().as_slice()).unwrap();
                    assert_eq!(sent, opening);
                    let verdict = judge(&program, &passes, &root, &sent);
                    assert_eq!(verdict, Ok(Verdict::Agrees), "{}: {at:?}", kind(op));
                }
                kinds.insert(kind(op));
            }
        }
    }
    assert_eq!(kinds.len(), KINDS, "{kinds:?}");
}

#[test]
fn an_attention_element_recomputes_its_softmax_row_from_opened_leaves() {
    for (program, passes) in units() {
        let (segment, node) = segment_with(&program, &passes, "attention1");
        for step in 0..passes.ids.len() {
            let value = Value { step, node };
            for index in 0..size(&program, &passes, value) {
                let verdict = open_and_judge(&program, &passes, &segment, element(&passes, value, index));
                assert_eq!(verdict, Verdict::Agrees, "pass {step}, element {index}");
            }
        }
    }
}

#[test]
fn the_smallest_lie_about_any_operator_is_found() {
    let mut random = Random(8);
    for (program, passes) in units() {
        for node in 0..program.graph.nodes.len() {
            let value = Value { step: passes.ids.len() - 1, node };
            let index = random.below(size(&program, &passes, value));
            let lie = Lie { value, index, change: last_bit };
            let segment = run(&program, &passes, segment_of(&program.graph, node), Some(lie));
            let name = &program.graph.nodes[node].name;
            match open_and_judge(&program, &passes, &segment, element(&passes, value, index)) {
                Verdict::Differs { claimed, computed } => {
                    assert_eq!(claimed.to_bits(), computed.to_bits() ^ 1, "{name}");
                }
                verdict => panic!("{name}: {verdict:?}"),
            }
        }
    }
}

#[test]
fn what_follows_from_a_lie_differs_too() {
    let [(program, passes), _] = units();
    let input = Value { step: 0, node: program.graph.node("up1").unwrap() };
    let lie = Lie { value: input, index: 5, change: |x| x + 1.0 };
    let segment = run(&program, &passes, segment_of(&program.graph, input.node), Some(lie));
    let gelu = Value { node: program.graph.node("gelu1").unwrap(), ..input };
    let verdict = |index| open_and_judge(&program, &passes, &segment, element(&passes, gelu, index));
    assert!(matches!(verdict(5), Verdict::Differs { .. }));
    assert_eq!(verdict(6), Verdict::Agrees);
}

#[test]
fn an_operand_that_is_no_number_traps() {
    let [(program, passes), _] = units();
    let input = Value { step: 0, node: program.graph.node("residual1").unwrap() };
    let lie = Lie { value: input, index: 50, change: |_| f32::INFINITY };
    let segment = run(&program, &passes, segment_of(&program.graph, input.node), Some(lie));
    let norm = Value { node: program.graph.node("norm1").unwrap(), ..input };
    let verdict = open_and_judge(&program, &passes, &segment, element(&passes, norm, 48));
    assert_eq!(verdict, Verdict::Traps(Trap { kind: TrapKind::Infinite, index: 2 }));
}

/// Every way to change one thing in an opening.
fn changed(opening: &Opening) -> BTreeMap<String, Opening> {
    let mut all = BTreeMap::new();
    let mut change = |name: String, change: &dyn Fn(&mut Opening)| {
        let mut changed = opening.clone();
        change(&mut changed);
        all.insert(name, changed);
    };
    for at in 0..opening.values.leaves.len() {
        change(format!("values: leaf {at} flipped"), &|opening| opening.values.leaves[at][0] ^= 1);
        change(format!("values: leaf {at} missing"), &|opening| drop(opening.values.leaves.remove(at)));
        change(format!("values: leaf {at} longer"), &|opening| opening.values.leaves[at].push(0));
        change(format!("values: leaf {at} shorter"), &|opening| {
            opening.values.leaves[at].pop();
        });
        change(format!("values: leaf {at} twice"), &|opening| {
            let leaf = opening.values.leaves[at].clone();
            opening.values.leaves.insert(at, leaf);
        });
    }
    for at in 0..opening.values.proof.siblings.len() {
        change(format!("values: node {at} flipped"), &|opening| opening.values.proof.siblings[at][9] ^= 128);
    }
    change("values: a node more".into(), &|opening| opening.values.proof.siblings.push([0; 32]));
    for tensor in 0..opening.tensors.len() {
        change(format!("tensor {tensor}: flipped"), &|opening| opening.tensors[tensor].leaves[0][0] ^= 1);
        change(format!("tensor {tensor}: missing"), &|opening| drop(opening.tensors.remove(tensor)));
        change(format!("tensor {tensor}: no leaf"), &|opening| drop(opening.tensors[tensor].leaves.pop()));
        change(format!("tensor {tensor}: shorter"), &|opening| {
            opening.tensors[tensor].leaves[0].pop();
        });
        change(format!("tensor {tensor}: a node more"), &|opening| {
            opening.tensors[tensor].proof.siblings.push([0; 32]);
        });
    }
    change("another tensor".into(), &|opening| opening.tensors.push(opening.values.clone()));
    all
}

#[test]
fn an_opening_that_misses_a_leaf_or_brings_another_is_refused() {
    let [(program, passes), _] = units();
    for name in ["attention1", "up1", "norm1", "gelu1"] {
        let (segment, node) = segment_with(&program, &passes, name);
        let root = segment.root().unwrap();
        let at = element(&passes, Value { step: 0, node }, 500);
        let opening = open(&segment, &program.tensors, at).unwrap();
        assert_eq!(judge(&program, &passes, &root, &opening), Ok(Verdict::Agrees));
        for (what, changed) in changed(&opening) {
            let fault = judge(&program, &passes, &root, &changed).unwrap_err();
            let expected = match what.split(' ').next_back() {
                Some("missing" | "twice" | "leaf" | "tensor") => matches!(fault, Fault::Leaves { .. }),
                Some("longer" | "shorter") if what.starts_with("values") => {
                    matches!(fault, Fault::Size { .. })
                }
                _ => matches!(fault, Fault::Proof(_)),
            };
            assert!(expected, "{name}: {what}: {fault}");
        }
        let elsewhere = Opening { element: Element { index: 0, ..at }, ..opening.clone() };
        let fault = judge(&program, &passes, &root, &elsewhere).unwrap_err();
        assert!(
            matches!(fault, Fault::Proof(_) | Fault::Leaves { .. } | Fault::Size { .. }),
            "{name}: {fault}"
        );
        let other_root = judge(&program, &passes, &[0; 32], &opening);
        assert_eq!(other_root, Err(Fault::Proof("segment".into())));
    }
}

#[test]
fn weights_of_another_program_are_refused() {
    let [(program, passes), _] = units();
    let (segment, node) = segment_with(&program, &passes, "up1");
    let at = element(&passes, Value { step: 0, node }, 3);
    let mut tensors = program.tensors.clone();
    match &mut tensors.get_mut("up1.weight").unwrap().data {
        Data::I8(planes) => planes[3 * SMALL.width] ^= 1,
        data => panic!("{data:?}"),
    }
    let opening = open(&segment, &tensors, at).unwrap();
    let root = segment.root().unwrap();
    assert_eq!(judge(&program, &passes, &root, &opening), Err(Fault::Proof("up1.weight".into())));

    tensors.remove("up1.bias");
    let unpublished = Fault::Unpublished("up1.bias".into());
    assert_eq!(open(&segment, &tensors, at), Err(unpublished.clone()));
    let opening = open(&segment, &program.tensors, at).unwrap();
    let mut manifest = program.manifest.clone();
    manifest.tensors.remove("up1.bias");
    let verdict = Referee { passes: &passes }.check(&manifest, &program.graph, &root, &opening);
    assert_eq!(verdict, Err(unpublished));
}

#[test]
fn elements_outside_of_the_segment_are_refused() {
    let [(program, passes), _] = units();
    let (segment, node) = segment_with(&program, &passes, "up1");
    let root = segment.root().unwrap();
    let at = element(&passes, Value { step: 0, node }, 3);
    let size = size(&program, &passes, Value { step: 0, node }) as u64;
    let boundary = program.graph.node("x0").unwrap() as u32;
    let opening = open(&segment, &program.tensors, at).unwrap();
    for absent in [
        Element { unit: 0, ..at },
        Element { step: 1, ..at },
        Element { step: u64::MAX, ..at },
        Element { index: size, ..at },
        Element { index: u64::MAX, ..at },
        Element { node: u32::MAX, ..at },
    ] {
        assert_eq!(open(&segment, &program.tensors, absent), Err(Fault::Absent(absent)));
        let forged = Opening { element: absent, ..opening.clone() };
        assert_eq!(judge(&program, &passes, &root, &forged), Err(Fault::Absent(absent)));
    }
    let earlier = Element { node: boundary, ..at };
    assert_eq!(open(&segment, &program.tensors, earlier), Err(Fault::Absent(earlier)));
}

#[test]
fn passes_that_the_program_has_no_room_for_are_refused() {
    let [(program, _), _] = units();
    let segment = |ids: &[usize]| {
        let passes = Passes { unit: 0, ids: ids.iter().map(|count| vec![0; *count]).collect() };
        Segment::new(&program.graph, &passes, 0).map(|_| ()).unwrap_err()
    };
    let limit = SMALL.context as u64;
    assert_eq!(segment(&[]), Fault::Passes { limit, got: 0 });
    assert_eq!(segment(&[4, 0]), Fault::Passes { limit, got: 4 });
    assert_eq!(segment(&[20, 5]), Fault::Passes { limit, got: 25 });
    let passes = Passes { unit: 0, ids: vec![vec![0; 24]] };
    assert_eq!(Segment::new(&program.graph, &passes, 4).map(|_| ()), Err(Fault::Segment(4)));
}

#[test]
fn a_token_beyond_the_vocabulary_is_refused() {
    let [(program, passes), _] = units();
    let (segment, node) = segment_with(&program, &passes, "word");
    let at = element(&passes, Value { step: 0, node }, 2 * SMALL.width);
    let opening = open(&segment, &program.tensors, at).unwrap();
    let mut other = passes.clone();
    other.ids[0][2] = SMALL.vocabulary as u32;
    let verdict = judge(&program, &other, &segment.root().unwrap(), &opening);
    assert_eq!(verdict, Err(Fault::Token(SMALL.vocabulary as u32)));
}

#[test]
fn a_segment_that_has_not_seen_its_run_has_no_root() {
    let [_, (program, passes)] = units();
    let segment = Segment::new(&program.graph, &passes, 1).unwrap();
    let node = program.graph.node("x1").unwrap() as u64;
    assert_eq!(segment.root(), Err(Fault::Unseen { step: 0, node }));
}

#[test]
fn the_root_of_a_segment_does_not_depend_on_other_segments() {
    let [_, (program, passes)] = units();
    let value = Value { step: 0, node: program.graph.node("norm1").unwrap() };
    let lie = Lie { value, index: 0, change: last_bit };
    for number in 0..3 {
        let (honest, lied) =
            (run(&program, &passes, number, None), run(&program, &passes, number, Some(lie)));
        assert_eq!(honest.root().unwrap() == lied.root().unwrap(), number != 0);
    }
}
