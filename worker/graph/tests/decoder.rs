//! The decoder defined in code: trained on a real text beside a float trainer, generating from its checkpoint, and the
//! same bytes however the work is split.
#![allow(clippy::disallowed_methods, reason = "a usual float trainer is the yardstick")]

mod float_decoder;

use std::time::Instant;

use assay_exact::{means, ArgMax, Philox, Precision};
use assay_exec::{Backend, Cpu, Path, Reference};
use assay_graph::decoder::{Decoder, Recipe};
use assay_graph::error::{Invalid, Problem};
use assay_graph::forward::Executor;
use assay_graph::program::Program;
use assay_graph::root::key;
use assay_graph::safetensors;
use assay_graph::train::{shard, Gradients, State, Trainer};
use float_decoder::{Adam, FloatDecoder, Parameters, Sequence};

/// What is trained beside float: 434,816 parameters.
const DECODER: Decoder =
    Decoder { layers: 2, width: 128, heads: 4, kv_heads: 2, hidden: 352, vocabulary: 256, context: 64 };
const UNITS: u64 = 8;
const TOKENS: usize = 64;
const STEPS: u64 = 200;
const RATE: f32 = 3e-3;
/// What the mean loss of the last steps must come below.
const LEARNT: f64 = 2.3;
/// How many last steps that is.
const LAST: usize = 20;
/// The first steps, whose gradients are compared.
const FIRST: u64 = 3;

/// What is trained in many ways.
const TINY: Decoder =
    Decoder { layers: 2, width: 32, heads: 4, kv_heads: 2, hidden: 48, vocabulary: 256, context: 24 };
const TINY_STEPS: u64 = 12;

const SEED: &[u8] = b"decoder";

/// Bytes of texts that every Debian machine has.
fn text() -> Vec<u32> {
    let read = |name: &str| {
        let path = format!("/usr/share/common-licenses/{name}");
        std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    ["GPL-3", "GPL-2", "LGPL-2.1"].into_iter().flat_map(read).map(u32::from).collect()
}

fn training(decoder: &Decoder, recipe: &Recipe) -> Program {
    Program::load("training", &decoder.training(recipe).unwrap()).unwrap()
}

/// The sequences of a step, as the format of programs says.
fn sequences(data: &[u32], step: u64) -> Vec<Sequence<'_>> {
    let order = Philox::new(key(SEED), 0xFFFF_FFFF, step as u32);
    let sequence = |unit| {
        let start = (order.draw(unit) % (data.len() - TOKENS) as u64) as usize;
        (&data[start..start + TOKENS], &data[start + 1..start + 1 + TOKENS])
    };
    (0..UNITS).map(sequence).collect()
}

/// Both trainings.
struct Trained {
    exact: Vec<f64>,
    float: Vec<f64>,
    /// Step, parameter, and the cosine of its gradient to the float one at the same parameters.
    cosines: Vec<(u64, String, f64)>,
    /// What the exact one learnt.
    parameters: Parameters,
}

fn train() -> Trained {
    let (data, cpu) = (text(), Cpu::new(Path::best(), 0).unwrap());
    let program = training(&DECODER, &Recipe::new(UNITS, TOKENS as u64, STEPS, RATE));
    let rates = program.tensors["rates"].as_f32().unwrap();
    let state = State::from_seed(&program, SEED);
    let (float, mut weights) = (FloatDecoder::new(&DECODER), state.parameters.clone());
    let mut adam = Adam::new(&weights);
    let mut trainer = Trainer::new(&program, &cpu, SEED, &data, state).unwrap();
    let (mut exact_losses, mut float_losses, mut cosines) = (Vec::new(), Vec::new(), Vec::new());
    let mut seconds = [0.0; 2];
    for (step, rate) in (0..STEPS).zip(rates) {
        let sequences = sequences(&data, step);
        let start = Instant::now();
        let sums = trainer.gradients(0..UNITS).unwrap();
        if step < FIRST {
            let (_, expected) = float.gradients(&trainer.state().parameters, &sequences);
            cosines.extend(compared(step, &sums, &expected));
        }
        exact_losses.push(f64::from(trainer.apply(&sums).unwrap()));
        seconds[0] += start.elapsed().as_secs_f64();
        let start = Instant::now();
        let (loss, gradients) = float.gradients(&weights, &sequences);
        adam.step(*rate, &mut weights, &gradients);
        float_losses.push(loss);
        seconds[1] += start.elapsed().as_secs_f64();
    }
    println!("{STEPS} steps on {}: {:.0} s, float {:.0} s", cpu.name(), seconds[0], seconds[1]);
    let parameters = trainer.state().parameters.clone();
    Trained { exact: exact_losses, float: float_losses, cosines, parameters }
}

fn compared(step: u64, sums: &Gradients, expected: &Parameters) -> Vec<(u64, String, f64)> {
    let compare = |(name, sums): (&String, &Vec<i64>)| {
        let mut gradient = vec![f32::NAN; sums.len()];
        means(sums, (UNITS * TOKENS as u64) as u32, &mut gradient).unwrap();
        (step, name.clone(), cosine(&gradient, &expected[name]))
    };
    sums.sums.iter().map(compare).collect()
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// ‖a − b‖/‖b‖.
fn distance(a: &[f32], b: &[f32]) -> f64 {
    let square = |x: f64| x * x;
    let difference: f64 = a.iter().zip(b).map(|(a, b)| square(f64::from(*a) - f64::from(*b))).sum();
    (difference / b.iter().map(|b| square(f64::from(*b))).sum::<f64>()).sqrt()
}

fn bits(x: &[f32]) -> Vec<u32> {
    x.iter().map(|x| x.to_bits()).collect()
}

// One test, since each runs in a process of its own and the training takes a minute.
#[test]
fn a_decoder_learns_what_a_float_trainer_does_and_generates() {
    let trained = train();
    the_loss_is_that_of_a_float_trainer(&trained);
    gradients_are_those_of_a_float_trainer(&trained);
    a_checkpoint_generates_token_by_token_what_one_pass_gives(&trained.parameters);
}

fn the_loss_is_that_of_a_float_trainer(Trained { exact, float, .. }: &Trained) {
    for (step, (exact, float)) in exact.iter().zip(float).enumerate().step_by(20) {
        println!("step {step}: loss {exact:.4}, float {float:.4}");
    }
    let mean = |losses: &[f64]| losses[losses.len() - LAST..].iter().sum::<f64>() / LAST as f64;
    let (last, float_last) = (mean(exact), mean(float));
    let difference = (last - float_last).abs() / float_last;
    println!("last {LAST} steps: loss {last:.4}, float {float_last:.4}, {:.3}% apart", 100.0 * difference);
    assert!((exact[0] - 256f64.ln()).abs() < 0.1, "the first loss is {}", exact[0]);
    assert!(difference < 0.005, "{last} against {float_last}");
    assert!(last < LEARNT, "{last}");
}

fn gradients_are_those_of_a_float_trainer(Trained { cosines, parameters, .. }: &Trained) {
    let (step, name, worst) = cosines.iter().min_by(|a, b| a.2.total_cmp(&b.2)).unwrap();
    println!("{} gradients, the worst cosine 1 - {:.1e}: {name}, step {step}", cosines.len(), 1.0 - worst);
    assert_eq!(cosines.len() as u64, FIRST * parameters.len() as u64);
    for (step, name, cosine) in cosines {
        assert!(*cosine >= 0.9999, "{name} at step {step}: {cosine}");
    }
}

/// Continues a prompt greedily; gives all tokens, and the logits after the prompt and after each later token but one.
fn generate(executor: &Executor<'_>, prompt: &[u32], length: usize) -> (Vec<u32>, Vec<Vec<f32>>) {
    let mut unit = executor.unit(length).unwrap();
    let (mut tokens, mut next, mut rows) = (prompt.to_vec(), prompt.to_vec(), Vec::new());
    while tokens.len() < length {
        let logits = executor.run(&mut unit, &next, &mut ()).unwrap();
        let mut best = [0];
        ArgMax::new(1, logits.len()).unwrap().forward(&logits, &mut best).unwrap();
        tokens.push(best[0]);
        next = best.to_vec();
        rows.push(logits);
    }
    (tokens, rows)
}

fn a_checkpoint_generates_token_by_token_what_one_pass_gives(parameters: &Parameters) {
    let cpu = Cpu::new(Path::best(), 0).unwrap();
    let prompt: Vec<u32> = b"  You may convey".iter().map(|byte| u32::from(*byte)).collect();
    for (precision, bound) in [(Precision::I15, 1e-3), (Precision::I8, 3e-2)] {
        let package = DECODER.inference(parameters, precision).unwrap();
        let program = Program::load("generation", &package).unwrap();
        let weights = program.weights().unwrap();
        let executor = Executor { graph: &program.graph, weights: &weights, backend: &cpu };
        let reference = Executor { backend: &Reference, ..executor };
        let (tokens, rows) = generate(&executor, &prompt, TOKENS);
        for (n, row) in (prompt.len()..).zip(&rows) {
            for executor in [&executor, &reference] {
                let mut unit = executor.unit(n).unwrap();
                let whole = executor.run(&mut unit, &tokens[..n], &mut ()).unwrap();
                assert_eq!(bits(&whole), bits(row), "{precision:?}: logits after {n} tokens");
            }
            let float = FloatDecoder::new(&DECODER).logits(parameters, &tokens[..n]);
            let distance = distance(row, &float);
            assert!(distance < bound, "{precision:?}: {distance} from float after {n} tokens");
        }
        let bytes: Vec<u8> = tokens.iter().map(|token| *token as u8).collect();
        println!("{precision:?}: {:?}", String::from_utf8_lossy(&bytes));
        let written = &bytes[prompt.len()..];
        assert!(written.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()));
        assert!(written.iter().any(u8::is_ascii_alphabetic));
    }
}

/// Trains on, each step cut into shards.
fn go_on(program: &Program, backend: &dyn Backend, state: State, steps: u64, shards: u64) -> State {
    let data = text();
    let mut trainer = Trainer::new(program, backend, SEED, &data, state).unwrap();
    for _ in 0..steps {
        // The last shard first: no order makes a difference.
        let part = |index| trainer.gradients(shard(UNITS, shards, index)).unwrap();
        let merged = (0..shards).rev().map(part).reduce(|mut sum, part| {
            sum.merge(part);
            sum
        });
        trainer.apply(&merged.unwrap()).unwrap();
    }
    trainer.state().clone()
}

fn tiny() -> Program {
    training(&TINY, &Recipe::new(UNITS, TINY.context, TINY_STEPS, 1e-2))
}

#[test]
fn shards_threads_and_paths_change_no_byte() {
    let program = tiny();
    let start = || State::from_seed(&program, SEED);
    let expected = go_on(&program, &Reference, start(), TINY_STEPS, 1);
    assert_ne!(expected.parameters, start().parameters);
    for path in Path::ALL.into_iter().filter(|path| path.is_available()) {
        for threads in [1, 2] {
            let cpu = Cpu::new(path, threads).unwrap();
            for shards in [1, 2, 7] {
                let state = go_on(&program, &cpu, start(), TINY_STEPS, shards);
                let how = format!("{}, {shards} shards", cpu.name());
                assert_eq!(state.root(&program), expected.root(&program), "{how}");
            }
        }
    }
}

#[test]
fn stopping_and_resuming_changes_no_byte() {
    let (program, cpu) = (tiny(), Cpu::new(Path::best(), 0).unwrap());
    let start = || State::from_seed(&program, SEED);
    let whole = go_on(&program, &cpu, start(), TINY_STEPS, 1);
    for stop in [1, 5, TINY_STEPS - 1] {
        let half = go_on(&program, &cpu, start(), stop, 2);
        let checkpoint = safetensors::write(&half.tensors(&program));
        let tensors = safetensors::read("checkpoint", &checkpoint).unwrap();
        let state = State::from_tensors("checkpoint", &program, &tensors).unwrap();
        assert_eq!((state.step, state.root(&program)), (stop, half.root(&program)));
        let end = go_on(&program, &cpu, state, TINY_STEPS - stop, 1);
        assert_eq!(end.root(&program), whole.root(&program), "stopped after {stop} steps");
    }
}

#[test]
fn a_definition_gives_one_program() {
    let recipe = Recipe::new(UNITS, 128, 10, RATE);
    let small = Decoder::small();
    assert_eq!(small.parameter_count().unwrap(), 803_968);
    let [a, b] = [&recipe, &recipe].map(|recipe| small.training(recipe).unwrap());
    assert_eq!((&a.manifest, &a.blobs), (&b.manifest, &b.blobs));
    let program = Program::load("training", &a).unwrap();
    let numbers: usize = State::from_seed(&program, SEED).parameters.values().map(Vec::len).sum();
    assert_eq!(numbers, 803_968);
}

/// Where a definition is wrong, and how.
fn refusal<T>(result: Result<T, Invalid>) -> (String, Problem) {
    let invalid = result.err().unwrap();
    (format!("{}: {}", invalid.file, invalid.field), invalid.problem)
}

#[test]
fn sizes_that_do_not_fit_are_refused() {
    let small = Decoder::small();
    for (decoder, field) in [
        (Decoder { layers: 0, ..small }, "layers"),
        (Decoder { layers: 4_096, ..small }, "layers"),
        (Decoder { width: 65_538, ..small }, "width"),
        (Decoder { heads: 0, ..small }, "heads"),
        (Decoder { heads: 3, ..small }, "heads"),
        (Decoder { heads: 128, ..small }, "heads"),
        (Decoder { kv_heads: 3, ..small }, "kv_heads"),
        (Decoder { kv_heads: 8, ..small }, "kv_heads"),
        (Decoder { hidden: 131_072, ..small }, "hidden"),
        (Decoder { vocabulary: 131_072, ..small }, "vocabulary"),
        (Decoder { context: u64::MAX, ..small }, "context"),
    ] {
        let place = format!("decoder: {field}");
        assert_eq!(refusal(decoder.parameter_count()).0, place, "{decoder:?}");
        assert_eq!(refusal(decoder.training(&Recipe::new(1, 1, 1, RATE))).0, place, "{decoder:?}");
        assert_eq!(refusal(decoder.inference(&Parameters::new(), Precision::I8)).0, place, "{decoder:?}");
    }
}

#[test]
fn recipes_that_do_not_fit_are_refused() {
    let recipe = Recipe::new(UNITS, 24, 10, RATE);
    for (recipe, place) in [
        (Recipe { steps: 0, ..recipe }, "decoder: steps"),
        (Recipe { steps: u64::MAX, ..recipe }, "decoder: steps"),
        (Recipe { warm_up: 11, ..recipe }, "decoder: warm_up"),
        (Recipe { rate: f32::NAN, ..recipe }, "decoder: rate"),
        (Recipe { rate: -1e-3, ..recipe }, "decoder: rate"),
        (Recipe { tokens: 25, ..recipe }, "program: training, tokens"),
        (Recipe { units: 0, ..recipe }, "program: training, units"),
        (Recipe { every: 0, ..recipe }, "program: training, every"),
        (Recipe { clip: Some(0.0), ..recipe }, "program: training, clip"),
    ] {
        assert_eq!(refusal(TINY.training(&recipe)).0, place, "{recipe:?}");
    }
}

#[test]
fn parameters_that_are_not_the_decoders_are_refused() {
    let parameters = State::from_seed(&tiny(), SEED).parameters;
    let with = |name: &str, values: Option<Vec<f32>>| {
        let mut parameters = parameters.clone();
        match values {
            Some(values) => parameters.insert(name.into(), values),
            None => parameters.remove(name),
        };
        refusal(TINY.inference(&parameters, Precision::I8))
    };
    assert!(TINY.inference(&parameters, Precision::I8).is_ok());
    let (place, problem) = with("head", None);
    assert!(place == "decoder: head" && matches!(problem, Problem::Missing), "{place}: {problem}");
    let (place, problem) = with("tail", Some(vec![1.0]));
    assert!(place == "decoder: tail" && matches!(problem, Problem::Format(_)), "{place}: {problem}");
    let (place, problem) = with("norm", Some(vec![1.0; 31]));
    assert!(place == "decoder: norm" && matches!(problem, Problem::Mismatch { .. }), "{place}: {problem}");
    let (place, problem) = with("embed", Some([vec![0.0; 8_191], vec![f32::INFINITY]].concat()));
    assert!(place == "decoder: embed" && matches!(problem, Problem::NotFinite(8_191)), "{place}: {problem}");
}
