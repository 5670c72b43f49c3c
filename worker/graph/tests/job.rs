//! Jobs of the three kinds, from packages in memory to roots: the same everywhere, and refused where they don't fit.

use assay_exact::Precision;
use std::collections::BTreeSet;

use assay_exec::{Backend, Cpu, Path, Reference};
use assay_graph::canonical::Float;
use assay_graph::decoder::{Decoder, Recipe};
use assay_graph::error::{Invalid, Stop, Trap};
use assay_graph::job::{
    open_step, output_bytes, passes, run, run_keeping, segment, units, Generate, Input, Kind, Outcome,
    Sampling, Train,
};
use assay_graph::manifest::{Node, Op};
use assay_graph::package::Package;
use assay_graph::program::Program;
use assay_graph::root::{entries, Hash};
use assay_graph::tensor::{Data, Tensor, Tensors};
use assay_graph::trace::{chunks, open, segments, Branch, Element, Fault, Referee, Verdict};
use assay_graph::train::step::{self, check_stretch, reports, state_among, state_leaf, state_root, Value};

const SEED: &[u8] = b"seed of the job tests";

fn decoder() -> Decoder {
    Decoder { layers: 2, width: 32, heads: 4, kv_heads: 2, hidden: 48, vocabulary: 256, context: 24 }
}

fn training() -> Program {
    let mut recipe = Recipe::new(3, 12, 8, 0.01);
    recipe.every = 2;
    load(decoder().training(&recipe).expect("a training"))
}

fn load(package: Package) -> Program {
    Program::load("program", &package).expect("a program")
}

fn input(kind: Kind, tensors: &Tensors) -> Input {
    Input::load("input", &Input::pack(kind, tensors).expect("an input")).expect("an input")
}

fn text() -> Tensors {
    let data: Vec<u8> =
        (0..400u32).map(|i| b"the quick brown fox jumps over the lazy dog. "[i as usize % 45]).collect();
    Tensors::from([("data".into(), Tensor::u8(&[400], data))])
}

/// A generating program with the parameters of a short training.
fn generator() -> Program {
    let outcome = outcome(&training(), &input(Kind::Train(Train { from: 0, to: 6 }), &text()));
    let outputs = outcome.result.expect("no trap");
    let parameters = outputs.iter().filter_map(|(name, tensor)| {
        let name = name.strip_prefix("parameter.")?;
        Some((name.to_string(), tensor.as_f32().expect("floats").to_vec()))
    });
    load(decoder().inference(&parameters.collect(), Precision::I15).expect("a program"))
}

fn outcome(program: &Program, input: &Input) -> Outcome {
    run(program, input, SEED, &Reference, 1).expect("an outcome")
}

fn refusal(program: &Program, input: &Input) -> Invalid {
    let refused = run(program, input, SEED, &Reference, 1).expect_err("a refusal");
    assert_eq!(refused.to_string(), units(program, input).expect_err("the same refusal").to_string());
    refused
}

fn backends() -> Vec<Box<dyn Backend>> {
    let mut backends: Vec<Box<dyn Backend>> = vec![Box::new(Reference)];
    for threads in [1, 2] {
        for path in [Path::Scalar, Path::best()] {
            backends.push(Box::new(Cpu::new(path, threads).expect("threads")));
        }
    }
    backends
}

fn prompts() -> Tensors {
    Input::sequences(&[b"the qui".map(u32::from).to_vec(), vec![7], b"lazy dog".map(u32::from).to_vec()])
}

fn generate(tokens: u64, sampling: Sampling, stop: &[u64]) -> Kind {
    Kind::Generate(Generate { sampling, stop: stop.to_vec(), tokens })
}

/// Draws from all tokens.
fn sample(inverse_temperature: f32) -> Sampling {
    Sampling::Sample { inverse_temperature: Float::new(inverse_temperature), top_k: None, top_p: None }
}

/// Draws from some, at a temperature that is high for this model.
fn kept(top_k: Option<u64>, top_p: Option<f32>) -> Sampling {
    Sampling::Sample { inverse_temperature: Float::new(0.25), top_k, top_p: top_p.map(Float::new) }
}

fn ids(outcome: &Outcome) -> Vec<Vec<u32>> {
    let outputs = outcome.result.as_ref().expect("no trap");
    let mut ids = outputs["ids"].as_u32().expect("ids");
    let mut sequences = Vec::new();
    for length in outputs["lengths"].as_u32().expect("lengths") {
        let (sequence, rest) = ids.split_at(*length as usize);
        sequences.push(sequence.to_vec());
        ids = rest;
    }
    sequences
}

#[test]
fn roots_are_the_same_on_every_backend_and_for_any_number_of_shards() {
    let (training, generator) = (training(), generator());
    let train = input(Kind::Train(Train { from: 0, to: 4 }), &text());
    let generate = input(generate(6, kept(Some(100), Some(0.75)), &[]), &prompts());
    let expected = (outcome(&training, &train).trace.root(), outcome(&generator, &generate).trace.root());
    for (backend, shards) in backends().iter().zip([1, 2, 3, 5, 7]) {
        let trained = run(&training, &train, SEED, backend.as_ref(), shards).expect("an outcome");
        let generated = run(&generator, &generate, SEED, backend.as_ref(), shards).expect("an outcome");
        assert_eq!((trained.trace.root(), generated.trace.root()), expected, "{}", backend.name());
    }
}

#[test]
fn another_seed_input_or_program_gives_other_roots() {
    let program = training();
    let first = input(Kind::Train(Train { from: 0, to: 4 }), &text());
    let longer = input(Kind::Train(Train { from: 0, to: 5 }), &text());
    let base = outcome(&program, &first);
    let other_seed = run(&program, &first, b"another", &Reference, 1).expect("an outcome");
    assert_ne!(base.result_root(), other_seed.result_root());
    assert_ne!(base.result_root(), outcome(&program, &longer).result_root());
    assert_ne!(first.root, longer.root);
    assert_ne!(program.root, generator().root);
}

#[test]
fn a_training_goes_on_from_its_checkpoint_as_if_it_had_never_stopped() {
    let program = training();
    let whole = outcome(&program, &input(Kind::Train(Train { from: 0, to: 8 }), &text()));
    let half = outcome(&program, &input(Kind::Train(Train { from: 0, to: 4 }), &text()));
    let mut checkpoint = half.result.expect("no trap");
    checkpoint.append(&mut text());
    let rest = outcome(&program, &input(Kind::Train(Train { from: 4, to: 8 }), &checkpoint));
    let (mut whole, mut rest) = (whole.result.expect("no trap"), rest.result.expect("no trap"));
    let all = whole.remove("losses").expect("losses");
    let last = rest.remove("losses").expect("losses");
    assert_eq!(whole, rest);
    assert_eq!(all.as_f32().expect("floats")[4..], *last.as_f32().expect("floats"));
}

#[test]
fn a_prompt_is_continued_the_same_alone_and_among_others() {
    let program = generator();
    let all = ids(&outcome(&program, &input(generate(9, Sampling::Greedy, &[]), &prompts())));
    assert_eq!(all.iter().map(Vec::len).collect::<Vec<_>>(), [9, 9, 9]);
    let alone = Input::sequences(&[b"lazy dog".map(u32::from).to_vec()]);
    assert_eq!(ids(&outcome(&program, &input(generate(9, Sampling::Greedy, &[]), &alone)))[0], all[2]);
    let prefix = ids(&outcome(&program, &input(generate(4, Sampling::Greedy, &[]), &alone)));
    assert_eq!(prefix[0], all[2][..4], "fewer tokens are the first of more");
}

#[test]
fn generation_stops_behind_the_stop_token() {
    let program = generator();
    let free = ids(&outcome(&program, &input(generate(9, Sampling::Greedy, &[]), &prompts())));
    let stop = free[0][2];
    let stopped =
        ids(&outcome(&program, &input(generate(9, Sampling::Greedy, &[999, stop.into()]), &prompts())));
    for (free, stopped) in free.iter().zip(&stopped) {
        let end = free.iter().position(|id| *id == stop).map_or(free.len(), |at| at + 1);
        assert_eq!(stopped[..], free[..end]);
    }
}

#[test]
fn sampling_depends_on_the_seed_and_a_cold_sample_is_greedy() {
    let program = generator();
    let job = |inverse: f32| generate(9, sample(inverse), &[]);
    let warm = input(job(0.5), &prompts());
    let other = run(&program, &warm, b"another", &Reference, 1).expect("an outcome");
    assert_ne!(ids(&outcome(&program, &warm)), ids(&other));
    let greedy = ids(&outcome(&program, &input(generate(9, Sampling::Greedy, &[]), &prompts())));
    assert_eq!(ids(&outcome(&program, &input(job(1.0e6), &prompts()))), greedy);
}

#[test]
fn what_is_drawn_is_one_of_the_tokens_that_are_kept() {
    let program = generator();
    let of = |sampling| ids(&outcome(&program, &input(generate(9, sampling, &[]), &prompts())));
    let (greedy, free) = (of(Sampling::Greedy), of(kept(None, None)));
    assert_ne!(free, greedy);
    assert_eq!(of(kept(Some(1), None)), greedy);
    assert_eq!(of(kept(None, Some(1e-6))), greedy);
    assert_eq!(of(kept(Some(256), Some(1.0))), free);
    assert_eq!(of(kept(Some(u64::from(u32::MAX)), None)), free);
    let few = of(kept(Some(3), None));
    assert!(few != greedy && few != free, "three tokens are more than one and fewer than all");
    assert_eq!(of(kept(Some(3), Some(1.0))), few);
}

#[test]
fn an_id_out_of_range_is_a_trap_and_the_lowest_step_and_unit_decide() {
    let mut decoder = decoder();
    decoder.vocabulary = 200;
    let mut recipe = Recipe::new(1, 4, 8, 0.01);
    recipe.every = 2;
    let program = load(decoder.training(&recipe).expect("a training"));
    let data = Tensors::from([("data".into(), Tensor::u8(&[40], vec![199; 40]))]);
    let trained = outcome(&program, &input(Kind::Train(Train { from: 0, to: 4 }), &data));
    let parameters = trained.result.expect("no trap").into_iter().filter_map(|(name, tensor)| {
        Some((name.strip_prefix("parameter.")?.to_string(), tensor.as_f32().expect("floats").to_vec()))
    });
    let program = load(decoder.inference(&parameters.collect(), Precision::I8).expect("a program"));
    let bad = Input::sequences(&[vec![1, 2], vec![3, 200, 4], vec![255]]);
    let job = input(generate(3, Sampling::Greedy, &[]), &bad);
    let roots: Vec<_> = backends()
        .iter()
        .map(|backend| {
            let outcome = run(&program, &job, SEED, backend.as_ref(), 1).expect("an outcome");
            assert_eq!(outcome.result, Err(Trap { step: 0, unit: 1, operator: 0, index: 1, kind: 2 }));
            assert!(outcome.trace.leaves > 0, "the points before the trap");
            outcome.trace.root()
        })
        .collect();
    assert!(roots.iter().all(|root| *root == roots[0]));
}

/// Which run, too: they must not take the room of the output.
#[test]
fn nodes_behind_the_output_change_nothing_of_it() {
    let program = generator();
    let mut manifest = program.manifest.clone();
    for (name, input) in [("behind.0", manifest.output.clone()), ("behind.1", "behind.0".into())] {
        manifest.graph.push(Node { inputs: vec![input], name: name.into(), op: Op::Tanh });
    }
    let longer = load(Program::pack(manifest, &program.tensors).expect("a program"));
    let job = input(Kind::Embed, &prompts());
    let [expected, got] = [&program, &longer].map(|program| outcome(program, &job).result.expect("no trap"));
    assert_eq!(got, expected);
}

#[test]
fn what_a_job_gives_is_bounded_before_it_runs() {
    let (training, generator) = (training(), generator());
    for (program, input) in [
        (&training, input(Kind::Train(Train { from: 0, to: 8 }), &text())),
        (&generator, input(generate(3, Sampling::Greedy, &[]), &prompts())),
    ] {
        let outputs = outcome(program, &input).result.expect("no trap");
        let bytes: usize = outputs.values().map(|tensor| tensor.bytes().len()).sum();
        assert!(bytes as u64 <= output_bytes(program, &input).expect("a bound"));
    }
}

#[test]
fn an_input_without_a_unit_or_with_a_name_that_is_none_is_refused() {
    let empty =
        Input::pack(generate(2, Sampling::Greedy, &[]), &Input::sequences(&[])).expect_err("a refusal");
    assert!(empty.to_string().contains("\"ids\""), "{empty}");
    let unnamed = Tensors::from([(String::new(), Tensor::u8(&[1], vec![0]))]);
    let unnamed = Input::pack(Kind::Embed, &unnamed).expect_err("a refusal");
    assert!(unnamed.to_string().contains("is not a name"), "{unnamed}");
}

#[test]
fn an_element_of_a_job_is_opened_and_judged() {
    let program = generator();
    let job = input(generate(4, Sampling::Greedy, &[]), &prompts());
    let outputs = outcome(&program, &job).result.expect("no trap");
    let passes = passes(&program, &job, &outputs, 2).expect("the passes of a unit");
    assert_eq!(passes.ids.iter().map(Vec::len).collect::<Vec<_>>(), [8, 1, 1, 1]);
    for number in 0..segments(&program.graph).expect("segments").len() {
        let segment = segment(&program, &passes, number, &Reference).expect("a segment");
        let node = segments(&program.graph).expect("segments")[number].end - 1;
        let opening =
            open(&segment, &program.tensors, Element { unit: 2, step: 3, node: node as u32, index: 7 });
        let opening = opening.expect("an opening");
        let verdict = Referee { passes: &passes }.check(
            &program.manifest,
            &program.graph,
            &segment.root().expect("a root"),
            &opening,
        );
        assert_eq!(verdict, Ok(Verdict::Agrees), "segment {number}");
    }
}

/// Elements of the first unit backward, of the update and of the state after, opened in some steps of a job and judged;
/// what is claimed of these steps.
fn judged(program: &Program, input: &Input, steps: std::ops::Range<u64>) -> Vec<step::Claim> {
    let judge = |number: u64| {
        let head = program.graph.output as u32;
        let at = |unit, value| step::Element { step: number, unit, value, index: 40 };
        let elements = [
            at(0, Value::InputGradient { node: head, input: 0 }),
            at(2, Value::WeightSum { node: head, number: 0 }),
            at(Trap::NO_UNIT, Value::Clipped(1)),
            at(Trap::NO_UNIT, Value::After(step::StateTensor::Parameter(1))),
        ];
        let backend = Cpu::new(Path::best(), 2).expect("threads");
        let (claim, openings) = open_step(program, input, SEED, &backend, number, &elements).expect("a step");
        let Program { manifest, graph, .. } = program;
        let referee = step::Referee { manifest, graph, data: &input.manifest.tensors["data"], seed: SEED };
        for opening in &openings {
            let verdict = referee.check(&claim, opening);
            assert_eq!(verdict, Ok(step::Verdict::Agrees), "{:?}", opening.element);
        }
        assert_eq!(openings.len(), elements.len());
        claim
    };
    steps.map(judge).collect()
}

#[test]
fn elements_of_a_trainings_steps_are_opened_from_one_state_in_its_trace_to_the_next() {
    let program = training();
    let job = input(Kind::Train(Train { from: 0, to: 6 }), &text());
    let leaves = BTreeSet::from([0, 1]);
    let outcome = run_keeping(&program, &job, SEED, &Reference, 1, leaves).expect("an outcome");
    let (trace, outputs) = (outcome.trace, outcome.result.expect("no trap"));
    let state = |done: u64| -> Hash {
        let index = state_leaf(0, 6, 2, done).expect("a leaf");
        let leaf = trace.open(index).expect("a kept leaf");
        let root = |index, done| state_root(&leaf, index, done, &trace.root(), &trace.result_root);
        assert_eq!(root(index, done + 1), Err(Fault::Proof(format!("state after {} steps", done + 1))));
        assert_eq!(root(index ^ 1, done), Err(Fault::Proof(format!("state after {done} steps"))));
        root(index, done).expect("a state")
    };
    let last = state_among(&program, &entries(&outputs)).expect("a state");
    let claims = judged(&program, &job, 0..6);
    assert_eq!(check_stretch(&claims[..2], 0..2, &claims[0].before_root(), &state(2)), Ok(()));
    assert_eq!(check_stretch(&claims[2..4], 2..4, &state(2), &state(4)), Ok(()));
    assert_eq!(check_stretch(&claims[4..], 4..6, &state(4), &last), Ok(()));
    assert!(check_stretch(&claims[2..4], 2..4, &state(2), &last).is_err());
}

#[test]
fn a_loss_that_a_training_reports_is_that_of_its_step() {
    let program = training();
    let job = input(Kind::Train(Train { from: 0, to: 6 }), &text());
    let outputs = outcome(&program, &job).result.expect("no trap");
    let losses = entries(&outputs).into_iter().find(|entry| entry.name == "losses").expect("an entry");
    let mut chunk = chunks::prove(&outputs["losses"].bytes(), &[0]).expect("a chunk");
    let at = |value| step::Element { step: 3, unit: Trap::NO_UNIT, value, index: 0 };
    let elements = [at(Value::Loss), at(Value::Factor)];
    let (_, openings) = open_step(&program, &job, SEED, &Reference, 3, &elements).expect("a step");
    let report = |opening: &step::Opening, from: u64, chunk: &Branch| reports(opening, from, &losses, chunk);
    assert_eq!(report(&openings[0], 0, &chunk), Ok(true));
    assert_eq!(report(&openings[0], 1, &chunk), Ok(false), "the loss of step 2");
    assert_eq!(report(&openings[0], 4, &chunk), Err(Fault::Outside(elements[0])));
    assert_eq!(report(&openings[1], 0, &chunk), Err(Fault::Outside(elements[1])));
    chunk.leaves[0][12] ^= 1;
    assert_eq!(report(&openings[0], 0, &chunk), Err(Fault::Proof("losses".into())));
}

#[test]
fn a_training_that_goes_on_is_opened_from_its_checkpoint() {
    let program = training();
    let half = outcome(&program, &input(Kind::Train(Train { from: 0, to: 4 }), &text()));
    let mut checkpoint = half.result.expect("no trap");
    checkpoint.append(&mut text());
    let job = input(Kind::Train(Train { from: 4, to: 8 }), &checkpoint);
    let first = state_among(&program, &entries(&job.tensors)).expect("a state");
    let claims = judged(&program, &job, 4..6);
    assert_eq!(claims[0].before_root(), first);
    assert_eq!(check_stretch(&claims, 4..6, &first, &claims[1].after_root()), Ok(()));
    for step in [3, 8] {
        let refused = open_step(&program, &job, SEED, &Reference, step, &[]);
        let Err(Stop::Invalid(invalid)) = refused else { panic!("step {step} is none of the job") };
        assert!(invalid.to_string().contains("a step of 4 to 7"), "{invalid}");
    }
    let prompts = input(generate(2, Sampling::Greedy, &[]), &prompts());
    let refused = open_step(&generator(), &prompts, SEED, &Reference, 0, &[]).map(|_| ()).unwrap_err();
    assert!(refused.to_string().contains("is no training"), "{refused}");
}

#[test]
fn any_leaf_of_a_trace_is_opened_by_running_the_job_again() {
    let (training, generator) = (training(), generator());
    for (program, input) in [
        (&training, input(Kind::Train(Train { from: 0, to: 8 }), &text())),
        (&generator, input(generate(3, Sampling::Greedy, &[]), &prompts())),
    ] {
        let committed = outcome(program, &input).trace;
        let leaves: BTreeSet<u64> = (0..committed.leaves).collect();
        let again =
            run_keeping(program, &input, SEED, &Reference, 2, leaves.clone()).expect("an outcome").trace;
        assert!(leaves.len() >= 3);
        for leaf in leaves {
            let opening = again.open(leaf).expect("a leaf that was asked for");
            assert!(opening.verify(leaf, &committed.root(), &committed.result_root));
            assert!(!opening.verify(leaf + 1, &committed.root(), &committed.result_root));
        }
    }
}

#[test]
fn units_grow_with_the_work_and_are_known_before_it() {
    let large =
        Decoder { layers: 2, width: 128, heads: 4, kv_heads: 2, hidden: 256, vocabulary: 256, context: 64 };
    let mut recipe = Recipe::new(8, 64, 40, 0.01);
    recipe.every = 2;
    let program = load(large.training(&recipe).expect("a training"));
    let train = |to| units(&program, &input(Kind::Train(Train { from: 0, to }), &text())).expect("units");
    let (ten, forty) = (train(10), train(40));
    assert!(ten > 10, "{ten}");
    assert!((4 * ten - 3..=4 * ten).contains(&forty), "{forty} is four times {ten}, rounded up once");
    let small = input(generate(2, Sampling::Greedy, &[]), &prompts());
    assert_eq!(units(&generator(), &small).expect("units"), 1, "never nothing");
}

#[test]
fn inputs_that_do_not_fit_their_program_are_refused() {
    let (program, training) = (generator(), training());
    let says = |refusal: Invalid, words: &[&str]| {
        let text = refusal.to_string();
        assert!(words.iter().all(|word| text.contains(word)), "{text:?} has not all of {words:?}");
    };
    let greedy = |tokens| generate(tokens, Sampling::Greedy, &[]);
    says(refusal(&training, &input(greedy(2), &prompts())), &["input", "job", "not trained"]);
    says(refusal(&program, &input(Kind::Train(Train { from: 0, to: 4 }), &text())), &["job", "a training"]);
    says(refusal(&program, &input(greedy(0), &prompts())), &["tokens", "1 to 24", "0"]);
    says(refusal(&program, &input(greedy(25), &prompts())), &["tokens", "1 to 24", "25"]);
    says(refusal(&program, &input(greedy(20), &prompts())), &["lengths", "1 to 4", "7"]);
    let nan = generate(2, sample(f32::NAN), &[]);
    says(refusal(&program, &input(nan, &prompts())), &["job generate, inverse_temperature"]);
    let none = generate(2, kept(Some(0), None), &[]);
    says(refusal(&program, &input(none, &prompts())), &["job generate, top_k", "zero"]);
    for p in [0.0, 1.5, f32::NAN] {
        let out_of_range = generate(2, kept(None, Some(p)), &[]);
        says(refusal(&program, &input(out_of_range, &prompts())), &["job generate, top_p"]);
    }
    let stops = generate(2, Sampling::Greedy, &[7; 65]);
    says(refusal(&program, &input(stops, &prompts())), &["job generate, stop", "64", "65"]);
    let mut tensors = prompts();
    tensors.insert("lengths".into(), Tensor::u32(&[2], vec![7, 8]));
    says(refusal(&program, &input(greedy(2), &tensors)), &["lengths", "16", "15"]);
    tensors.insert("lengths".into(), Tensor::u32(&[3], vec![0, 8, 8]));
    says(refusal(&program, &input(greedy(2), &tensors)), &["lengths", "0"]);
    tensors.remove("lengths");
    says(refusal(&program, &input(greedy(2), &tensors)), &["lengths", "missing"]);
    let many = Input::sequences(&vec![vec![7]; (1 << 20) + 1]);
    says(refusal(&program, &input(greedy(2), &many)), &["lengths", "1048577", "the limit 1048576"]);
    let mut tensors = prompts();
    tensors.insert("more".into(), Tensor::u8(&[1], vec![0]));
    says(refusal(&program, &input(greedy(2), &tensors)), &["\"more\"", "not used"]);
    let mut tensors = prompts();
    tensors.insert("ids".into(), Tensor::f32(&[16], vec![0.0; 16]));
    says(refusal(&program, &input(greedy(2), &tensors)), &["\"ids\"", "F32", "U32"]);
}

#[test]
fn trainings_that_cannot_be_run_are_refused() {
    let program = training();
    let job = |from, to| Kind::Train(Train { from, to });
    let refuse = |kind, tensors: &Tensors, words: &[&str]| {
        let refused = refusal(&program, &input(kind, tensors)).to_string();
        assert!(words.iter().all(|word| refused.contains(word)), "{refused:?} has not all of {words:?}");
    };
    refuse(job(4, 4), &text(), &["job train", "multiple of 2", "4 to 4"]);
    refuse(job(5, 4), &text(), &["job train", "5 to 4"]);
    refuse(job(0, 2), &text(), &["job train", "0 to 2"]);
    refuse(job(0, 9), &text(), &["rates", "8 steps"]);
    refuse(job(0, 4), &Tensors::new(), &["\"data\"", "missing"]);
    let floats = Tensors::from([("data".into(), Tensor::f32(&[400], vec![0.0; 400]))]);
    refuse(job(0, 4), &floats, &["\"data\"", "U8"]);
    let short = Tensors::from([("data".into(), Tensor::u8(&[12], vec![0; 12]))]);
    refuse(job(0, 4), &short, &["data", "12"]);
    let mut unused = text();
    unused.insert("step".into(), Tensor::u32(&[1], vec![0]));
    refuse(job(0, 4), &unused, &["\"step\"", "not used"]);
    let done = outcome(&program, &input(job(0, 4), &text())).result.expect("no trap");
    let mut wrong_step = done.clone();
    wrong_step.append(&mut text());
    refuse(job(5, 8), &wrong_step, &["\"step\"", "4", "5"]);
    let mut poisoned = wrong_step.clone();
    let name = "parameter.head".to_string();
    if let Some(Tensor { data: Data::F32(values), .. }) = poisoned.get_mut(&name) {
        values[3] = f32::NAN;
    }
    refuse(job(4, 8), &poisoned, &["parameter.head", "element 3"]);
}
