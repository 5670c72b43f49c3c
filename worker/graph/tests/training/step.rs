//! Every value of a step, opened and judged by the reference alone.

use std::collections::{BTreeMap, BTreeSet};

use assay_exact::{Philox, Trap as Numeric, TrapKind};
use assay_exec::Reference;
use assay_graph::canonical::Digest;
use assay_graph::decoder::{Decoder, Recipe};
use assay_graph::error::Trap;
use assay_graph::manifest::{Optimizer, TensorRef};
use assay_graph::program::Program;
use assay_graph::root::{entries, Entry};
use assay_graph::tensor::{Data, Dtype, Tensor, Tensors};
use assay_graph::trace::{chunks, Fault, LEAF};
use assay_graph::train::step::{values, Claim, Element, Opening, Referee, StateTensor, Value, Verdict};
use assay_graph::train::{self, State};
use codec::{Decode, Encode};

use crate::model::{adam, data, decoder, double, three_users, SEED};
use crate::{models, text, trainer};

/// Of which most values have several leaves.
const DECODER: Decoder =
    Decoder { layers: 1, width: 32, heads: 4, kv_heads: 2, hidden: 48, vocabulary: 256, context: 24 };
/// What a decoder of 434,816 parameters has; the numbers of the crate's README.
const WIDE: Decoder =
    Decoder { layers: 2, width: 128, heads: 4, kv_heads: 2, hidden: 352, vocabulary: 256, context: 64 };

/// Elements of a step, opened.
struct Opened<'p> {
    program: &'p Program,
    data: TensorRef,
    claim: Claim,
    openings: Vec<Opening>,
    before: Tensors,
    after: Tensors,
}

fn open<'p>(program: &'p Program, ids: &[u32], step: u64, elements: &[Element]) -> Opened<'p> {
    let tensor = Tensor::u32(&[ids.len() as u64], ids.to_vec());
    let mut trainer = trainer(program, &Reference, ids, State::from_seed(program, SEED));
    train::run(&mut trainer, step, 1, &mut |_, _| {}).unwrap();
    let before = trainer.state().tensors(program);
    let (claim, openings) = trainer.open(&tensor, elements).unwrap();
    let after = trainer.state().tensors(program);
    let (blake3, shape) = (Digest(tensor.hash()), tensor.shape.clone());
    let data = TensorRef { blake3, blob: 0, dtype: Dtype::U32, shape };
    Opened { program, data, claim, openings, before, after }
}

impl Opened<'_> {
    fn referee(&self) -> Referee<'_> {
        let Program { manifest, graph, .. } = self.program;
        Referee { manifest, graph, data: &self.data, seed: SEED }
    }

    fn judge(&self, opening: &Opening) -> Result<Verdict, Fault> {
        self.referee().check(&self.claim, opening)
    }

    /// The tensor of a state, by its name in a checkpoint.
    fn name(&self, tensor: StateTensor) -> String {
        let manifest = &self.program.manifest;
        let parameter = |number: u32| manifest.parameters.keys().nth(number as usize).unwrap();
        let is_adam = matches!(manifest.training.as_ref().unwrap().optimizer, Optimizer::Adam { .. });
        match tensor {
            StateTensor::Parameter(number) => format!("parameter.{}", parameter(number)),
            StateTensor::Moment { parameter: number, number: moment } => {
                let prefix = if is_adam { ["first", "second"][moment as usize] } else { "velocity" };
                format!("{prefix}.{}", parameter(number))
            }
            StateTensor::Powers => "powers".into(),
            StateTensor::Step => "step".into(),
        }
    }

    /// A state with another last bit of an element; its tensors' entries, and the chunk that it lies in.
    fn lying_state(&self, state: &Tensors, element: &Element, tensor: StateTensor) -> (Vec<Entry>, Opening) {
        let (name, index) = (self.name(tensor), element.index as usize);
        let mut state = state.clone();
        let changed = state.get_mut(&name).unwrap();
        match &mut changed.data {
            Data::F32(values) => values[index] = f32::from_bits(values[index].to_bits() ^ 1),
            Data::U32(values) => values[index] ^= 1,
            data => panic!("{data:?}"),
        }
        let chunk = chunks::prove(&changed.bytes(), &[(4 * index / LEAF) as u64]).unwrap();
        let mut opening = self.openings.iter().find(|opening| opening.element == *element).unwrap().clone();
        *opening.tensors.last_mut().unwrap() = chunk;
        (entries(&state), opening)
    }

    /// What a provider would show whose element has another last bit.
    fn lie(&self, opening: &Opening) -> (Claim, Opening) {
        let (element, mut claim) = (&opening.element, self.claim.clone());
        match element.value {
            Value::Before(tensor) => {
                let (entries, lying) = self.lying_state(&self.before, element, tensor);
                claim.before = entries;
                (claim, lying)
            }
            Value::After(tensor) => {
                let (entries, lying) = self.lying_state(&self.after, element, tensor);
                claim.after = entries;
                (claim, lying)
            }
            value => {
                // What an element is computed from comes before it in the tree.
                let mut lying = opening.clone();
                let at = element.index as usize * value.element_size() % LEAF;
                lying.values.leaves.last_mut().unwrap()[at] ^= 1;
                claim.root = self.referee().root(&claim, &lying).unwrap();
                (claim, lying)
            }
        }
    }
}

/// Of every value the first element, the last and one between: of the first unit and the last.
fn all(program: &Program, step: u64) -> Vec<Element> {
    let units = program.manifest.training.as_ref().unwrap().units;
    let random = Philox::new(*b"elements", 0, step as u32);
    let mut elements = Vec::new();
    for (value, size) in values(program).unwrap() {
        let units = if value.is_of_unit() { vec![0, units - 1] } else { vec![Trap::NO_UNIT] };
        if matches!(value, Value::Before(_)) && step > 0 {
            continue;
        }
        for unit in units {
            let between = random.block(elements.len() as u64)[0];
            let indices = BTreeSet::from([0, u64::from(between) % size, size - 1]);
            elements.extend(indices.into_iter().map(|index| Element { step, unit, value, index }));
        }
    }
    elements
}

fn programs() -> Vec<Program> {
    let [full, fixed] = models();
    let models = [full, fixed, decoder(), double().optimizer(adam()), three_users().clip(0.01)];
    models.iter().map(|model| model.program().unwrap()).collect()
}

fn training(decoder: &Decoder, units: u64, tokens: u64) -> Program {
    Program::load("program", &decoder.training(&Recipe::new(units, tokens, 8, 0.01)).unwrap()).unwrap()
}

/// The operator of the node that a value belongs to, if its backward form is what computes it.
fn backward(program: &Program, value: Value) -> Option<String> {
    let (Value::InputGradient { node, .. } | Value::WeightSum { node, .. }) = value else { return None };
    let op = format!("{:?}", program.graph.nodes[node as usize].op);
    op.split(|c: char| !c.is_alphanumeric()).next().map(str::to_string)
}

#[test]
fn every_value_of_a_step_is_judged_by_the_reference_from_its_opening_alone() {
    let mut operators = BTreeSet::new();
    for program in programs() {
        for step in [0, 2] {
            let opened = open(&program, &text(), step, &all(&program, step));
            for opening in &opened.openings {
                let sent = Opening::decode(&mut opening.encode().as_slice()).unwrap();
                assert_eq!(&sent, opening);
                assert_eq!(opened.judge(&sent), Ok(Verdict::Agrees), "{:?}", opening.element);
                operators.extend(backward(&program, opening.element.value));
            }
            assert_eq!(Claim::decode(&mut opened.claim.encode().as_slice()), Ok(opened.claim.clone()));
        }
    }
    let expected = [
        "Add",
        "Attention",
        "Embed",
        "Gelu",
        "L2Norm",
        "LayerNorm",
        "Linear",
        "Mul",
        "RmsNorm",
        "Rope",
        "SiluMul",
        "Tanh",
    ];
    assert!(operators.iter().map(String::as_str).eq(expected), "{operators:?}");
}

#[test]
fn values_of_several_leaves_are_judged_too() {
    let program = training(&DECODER, 3, 12);
    let opened = open(&program, &data(400, 256), 1, &all(&program, 1));
    for opening in &opened.openings {
        assert_eq!(opened.judge(opening), Ok(Verdict::Agrees), "{:?}", opening.element);
    }
}

#[test]
fn the_smallest_lie_about_any_value_is_found() {
    for program in programs() {
        let opened = open(&program, &text(), 0, &all(&program, 0));
        for opening in &opened.openings {
            let (claim, lying) = opened.lie(opening);
            assert_ne!(claim, opened.claim);
            match opened.referee().check(&claim, &lying) {
                Ok(Verdict::Differs { claimed, mut computed }) => {
                    computed[0] ^= 1;
                    assert_eq!(claimed, computed, "{:?}", opening.element);
                }
                // Its tensor is what ties a claim to its step.
                Err(Fault::Step(0)) if opening.element.value == Value::Before(StateTensor::Step) => {}
                verdict => panic!("{:?}: {verdict:?}", opening.element),
            }
        }
    }
}

#[test]
fn what_follows_from_a_lie_differs_too_or_traps() {
    let program = decoder().program().unwrap();
    let node = program.graph.node("l").unwrap() as u32;
    let at = |value, index| Element { step: 0, unit: 1, value, index };
    let gradient = at(Value::InputGradient { node: node + 1, input: 0 }, 9);
    let opened = open(&program, &text(), 0, &[gradient]);
    // Of the leaves of a Gelu's backward form the first is x's, then dy's, then its own.
    let mut lying = opened.openings[0].clone();
    assert_eq!(lying.values.leaves.len(), 3);
    let mut verdict = |word: [u8; 4]| {
        lying.values.leaves[0][36..40].copy_from_slice(&word);
        let root = opened.referee().root(&opened.claim, &lying).unwrap();
        opened.referee().check(&Claim { root, ..opened.claim.clone() }, &lying).unwrap()
    };
    assert!(matches!(verdict(100f32.to_le_bytes()), Verdict::Differs { .. }));
    let trap = Numeric { kind: TrapKind::Infinite, index: 0 };
    assert_eq!(verdict(f32::INFINITY.to_le_bytes()), Verdict::Traps(trap));
}

#[test]
fn an_opening_of_another_element_step_or_unit_is_refused() {
    let program = training(&DECODER, 3, 12);
    let sizes = values(&program).unwrap();
    let firsts = sizes.iter().filter(|(value, size)| {
        !matches!(value, Value::Before(_)) && *size as usize * value.element_size() > LEAF
    });
    let firsts: Vec<(Element, u64)> = firsts
        .map(|(value, size)| {
            let unit = if value.is_of_unit() { 0 } else { Trap::NO_UNIT };
            (Element { step: 1, unit, value: *value, index: 0 }, *size)
        })
        .collect();
    assert!(firsts.len() > 50, "{}", firsts.len());
    let elements: Vec<Element> = firsts.iter().map(|(element, _)| *element).collect();
    let opened = open(&program, &data(400, 256), 1, &elements);
    for ((element, size), opening) in firsts.iter().zip(&opened.openings) {
        let forge = |element: Element| opened.judge(&Opening { element, ..opening.clone() });
        assert!(forge(Element { index: size - 1, ..*element }).is_err(), "{element:?}");
        for outside in [
            Element { index: *size, ..*element },
            Element { index: u64::MAX, ..*element },
            Element { step: 0, ..*element },
            Element { step: 2, ..*element },
            Element { unit: 3, ..*element },
        ] {
            assert_eq!(forge(outside), Err(Fault::Outside(outside)));
        }
        if element.value.is_of_unit() {
            assert!(forge(Element { unit: 1, ..*element }).is_err(), "{element:?}");
            let nowhere = Element { unit: Trap::NO_UNIT, ..*element };
            assert_eq!(forge(nowhere), Err(Fault::Outside(nowhere)));
        }
        let absent = Value::Node(u32::MAX);
        assert_eq!(forge(Element { value: absent, ..*element }), Err(Fault::Value(absent)));
        // Under a claim of another step with the same states and the same root.
        let claim = Claim { step: 2, ..opened.claim.clone() };
        let moved = Opening { element: Element { step: 2, ..*element }, ..opening.clone() };
        assert_eq!(opened.referee().check(&claim, &moved), Err(Fault::Step(2)), "{element:?}");
    }
    // Of step 0 the state before follows from the seed; of no other.
    let start = Element { step: 1, unit: Trap::NO_UNIT, value: Value::Before(StateTensor::Step), index: 0 };
    let forged = Opening { element: start, ..opened.openings[0].clone() };
    assert_eq!(opened.judge(&forged), Err(Fault::Outside(start)));
}

/// Elements whose openings have tokens, leaves and tensors.
fn telling(program: &Program) -> Vec<Element> {
    let head = program.graph.output as u32;
    let of_unit = |value| Element { step: 1, unit: 1, value, index: 300 };
    vec![
        of_unit(Value::InputGradient { node: head, input: 0 }),
        of_unit(Value::WeightSum { node: head, number: 0 }),
        of_unit(Value::Node(0)),
        Element { step: 1, unit: Trap::NO_UNIT, value: Value::After(StateTensor::Parameter(0)), index: 300 },
    ]
}

#[test]
fn an_opening_with_one_thing_changed_is_refused() {
    let program = training(&DECODER, 3, 12);
    let opened = open(&program, &data(400, 256), 1, &telling(&program));
    let done = Element { step: 1, unit: Trap::NO_UNIT, value: Value::After(StateTensor::Step), index: 0 };
    let mut done = open(&program, &data(400, 256), 1, &[done]);
    assert_eq!(done.judge(&done.openings[0]), Ok(Verdict::Agrees));
    done.openings[0].values.proof.siblings.push([0; 32]);
    let fault = done.judge(&done.openings[0]).unwrap_err();
    assert!(matches!(fault, Fault::Leaves { .. }), "it takes no leaf of the step: {fault}");
    for opening in &opened.openings {
        let refused = |change: &dyn Fn(&mut Opening)| {
            let mut changed = opening.clone();
            change(&mut changed);
            opened.judge(&changed).unwrap_err()
        };
        for at in 0..opening.values.leaves.len() {
            let fault = refused(&|opening| opening.values.leaves[at][0] ^= 1);
            assert_eq!(fault, Fault::Proof("step".into()));
            let fault = refused(&|opening| opening.values.leaves[at].push(0));
            assert!(matches!(fault, Fault::Size { .. }), "{fault}");
            let fault = refused(&|opening| drop(opening.values.leaves.remove(at)));
            assert!(matches!(fault, Fault::Leaves { .. }), "{fault}");
        }
        let fault = refused(&|opening| opening.values.proof.siblings.push([0; 32]));
        assert_eq!(fault, Fault::Proof("step".into()));
        for at in 0..opening.tensors.len() {
            let fault = refused(&|opening| opening.tensors[at].leaves[0][0] ^= 1);
            assert!(matches!(fault, Fault::Proof(_)), "{fault}");
            let fault = refused(&|opening| opening.tensors[at].proof.siblings.push([0; 32]));
            assert!(matches!(fault, Fault::Proof(_)), "{fault}");
            let fault = refused(&|opening| drop(opening.tensors[at].leaves.pop()));
            assert!(matches!(fault, Fault::Leaves { .. }), "{fault}");
            let fault = refused(&|opening| drop(opening.tensors.remove(at)));
            assert!(matches!(fault, Fault::Leaves { .. }), "{fault}");
        }
        let fault = refused(&|opening| opening.tokens.leaves.push(vec![0; LEAF]));
        assert!(matches!(fault, Fault::Leaves { .. }), "{fault}");
        let fault = refused(&|opening| opening.tokens.proof.siblings.push([0; 32]));
        assert!(matches!(fault, Fault::Leaves { .. } | Fault::Proof(_)), "{fault}");
        if !opening.tokens.leaves.is_empty() {
            let fault = refused(&|opening| opening.tokens.leaves[0][0] ^= 1);
            assert_eq!(fault, Fault::Proof("data".into()));
        }
    }
}

#[test]
fn a_claim_of_other_states_values_or_data_is_refused() {
    let program = training(&DECODER, 3, 12);
    let opened = open(&program, &data(400, 256), 1, &telling(&program));
    let head = &opened.openings[0];
    let refused = |change: &dyn Fn(&mut Claim)| {
        let mut claim = opened.claim.clone();
        change(&mut claim);
        opened.referee().check(&claim, head).unwrap_err()
    };
    assert_eq!(refused(&|claim| claim.root[0] ^= 1), Fault::Proof("step".into()));
    assert_eq!(refused(&|claim| drop(claim.before.pop())), Fault::State("the state before"));
    assert_eq!(refused(&|claim| claim.after[0].shape[0] += 1), Fault::State("the state after"));
    assert_eq!(refused(&|claim| claim.after.swap(0, 1)), Fault::State("the state after"));
    let weight = |claim: &mut Claim| {
        let entry = claim.before.iter_mut().find(|entry| entry.name == "parameter.head").unwrap();
        entry.blake3[0] ^= 1;
    };
    assert_eq!(refused(&weight), Fault::Proof("parameter.head".into()));

    let judge =
        |data: &TensorRef, seed: &[u8]| Referee { data, seed, ..opened.referee() }.check(&opened.claim, head);
    assert_eq!(judge(&opened.data, SEED), Ok(Verdict::Agrees));
    // By another seed the unit has other tokens.
    let other = |seed: &[u8]| judge(&opened.data, seed) != Ok(Verdict::Agrees);
    assert!(other(b"another") || other(b"a third"));
    let other = TensorRef { blake3: Digest([0; 32]), ..opened.data.clone() };
    assert_eq!(judge(&other, SEED), Err(Fault::Proof("data".into())));
    let floats = TensorRef { dtype: Dtype::F32, ..opened.data.clone() };
    assert_eq!(judge(&floats, SEED), Err(Fault::Data));
    let short = TensorRef { shape: vec![12], ..opened.data.clone() };
    assert_eq!(judge(&short, SEED), Err(Fault::Data));

    let ids = data(400, 256);
    let mut trainer = trainer(&program, &Reference, &ids, State::from_seed(&program, SEED));
    let short = Tensor::u32(&[3], vec![0; 3]);
    assert!(trainer.open(&short, &[]).is_ok(), "nothing of the data is opened");
    let error = trainer.open(&short, &telling(&program)).unwrap_err();
    assert!(error.to_string().contains("no ids of more than a unit"), "{error}");
}

/// These elements take nothing of the step's tree, which a liar could have made of any step.
#[test]
fn a_claim_of_another_step_than_that_of_its_state_is_refused() {
    let program = training(&DECODER, 3, 12);
    let after = |tensor| Element { step: 1, unit: Trap::NO_UNIT, value: Value::After(tensor), index: 0 };
    let elements = [after(StateTensor::Step), after(StateTensor::Powers)];
    let opened = open(&program, &data(400, 256), 1, &elements);
    for opening in &opened.openings {
        assert_eq!(opened.judge(opening), Ok(Verdict::Agrees), "{:?}", opening.element);
        for step in [0, 2, (1 << 32) + 1, (1 << 62) + 1, u64::MAX] {
            let claim = Claim { step, ..opened.claim.clone() };
            let moved = Opening { element: Element { step, ..opening.element }, ..opening.clone() };
            assert_eq!(opened.referee().check(&claim, &moved), Err(Fault::Step(step)));
        }
    }
}

/// Most bytes of leaves of a tree of so many: each with a length of two bytes, a node of every level; two counts.
fn most(leaves: usize, tree: usize) -> usize {
    leaves * (LEAF + 2 + 32 * tree.next_power_of_two().trailing_zeros() as usize) + 8
}

#[test]
fn openings_stay_below_the_bounds_that_their_shapes_give() {
    let program = training(&WIDE, 8, 64);
    let graph = &program.graph;
    let node = |name: &str| graph.node(name).unwrap() as u32;
    let leaves = |value: Value, size: u64| (size as usize * value.element_size()).div_ceil(LEAF);
    let tree: usize = values(&program)
        .unwrap()
        .into_iter()
        .filter(|(value, _)| !matches!(value, Value::Before(_) | Value::After(_)))
        .map(|(value, size)| if value.is_of_unit() { 8 * leaves(value, size) } else { leaves(value, size) })
        .sum();
    let (tokens, rates) = (64, 1);
    // Chunks of a matrix of 128 columns, and of one of 352.
    let (narrow, wide) = (|rows: usize| rows.div_ceil(2), |rows: usize| (4 * 352 * rows).div_ceil(LEAF));
    let up = node("layer.1.feed_forward.up");
    let mix = node("layer.1.attention.mix");
    let norm = node("layer.1.attention.norm");
    let embed = program.manifest.parameters.keys().position(|name| name == "embed").unwrap() as u32;
    let bounds = [
        // Two rows of 352 lie in up to three leaves; the weight's column in each of its chunks.
        ("dx of a product with 352 outputs", Value::InputGradient { node: up, input: 0 }, {
            most(4, tree) + most(narrow(352), narrow(352))
        }),
        ("dW of that product", Value::WeightSum { node: up, number: 0 }, {
            most(wide(tokens) + narrow(tokens) + 2, tree)
        }),
        ("dx of a norm row of 128", Value::InputGradient { node: norm, input: 0 }, {
            most(4, tree) + most(1, 1)
        }),
        ("dγ of that norm", Value::WeightSum { node: norm, number: 0 }, {
            most(2 * narrow(tokens) + 3, tree)
        }),
        ("dq of an attention of 64 tokens", Value::InputGradient { node: mix, input: 0 }, {
            // Gradient, queries and output of 128 columns; keys and values of 64.
            most(3 * narrow(tokens) + 2 * tokens.div_ceil(4) + 1, tree)
        }),
        ("a token's loss over 256 classes", Value::Losses, most(2, tree) + most(2, 400 / 256 + 1)),
        ("a parameter after Adam", Value::After(StateTensor::Parameter(embed)), {
            most(1, tree) + 4 * most(1, narrow(256)) + 2 * most(1, rates)
        }),
        ("the square norm of 32,768 gradients", Value::Squares, most(narrow(256) + 1, tree)),
    ];
    let sizes: BTreeMap<Value, u64> = values(&program).unwrap().into_iter().collect();
    let elements = bounds.iter().flat_map(|(_, value, _)| {
        let (value, size) = (*value, sizes[value]);
        let unit = if value.is_of_unit() { 7 } else { Trap::NO_UNIT };
        let parameter = u64::from(embed);
        let indices = if value == Value::Squares { [parameter; 3] } else { [0, size / 2, size - 1] };
        indices.map(|index| Element { step: 0, unit, value, index })
    });
    let opened = open(&program, &data(400, 256), 0, &elements.collect::<Vec<_>>());
    let claim = &opened.claim;
    assert_eq!((claim.before.len(), claim.encode().len(), tree), (65, 9_878, 64_557), "as the README says");
    for ((what, _, bound), openings) in bounds.into_iter().zip(opened.openings.chunks(3)) {
        let mut largest = 0;
        for opening in openings {
            assert_eq!(opened.judge(opening), Ok(Verdict::Agrees), "{what}");
            largest = largest.max(opening.encode().len());
        }
        // The element, and the number of tensors.
        let bound = bound + 40;
        println!("{what}: an opening has up to {largest} bytes; its shapes allow {bound}");
        assert!(largest <= bound, "{what}: {largest} bytes, above {bound}");
    }
}
