//! Prefill, decode and embeddings, as jobs run them: from the start of a pass to that of the next, so with all that the host
//! does between two of them, and without bringing the weights to the device.

use assay_exec::{Cpu, Path};
use assay_graph::decoder::{Decoder, Recipe};
use assay_graph::job::{run, Generate, Input, Kind, Sampling, Train};
use assay_graph::program::Program;
use assay_graph::tensor::{Tensor, Tensors};

use super::seeded::{self, SHAPE_1B, SHAPE_8B};
use super::watched::{passes, Watched};
use super::{device, median, tell, SEED};
use crate::backend::{Cuda, Placement};
use crate::device::GemmPath;
use crate::host;

const PROMPTS: [usize; 2] = [2_048, 8_192];
/// Jobs that a median is of. Each brings the weights to the device again.
const JOBS: usize = 3;
/// Tokens of a prompt before a decode.
const BEFORE: usize = 512;
/// Passes of a decode; the first ones are launched and recorded.
const DECODED: u64 = 64;
/// Those at the end, which are measured.
const STEADY: usize = 32;
/// Tokens of a sentence, and sentences: several times what one pass takes.
const SENTENCE: usize = 128;
const SENTENCES: usize = 1_536;

/// The likeliest tokens behind prompts of one length.
fn generation(decoder: &Decoder, prompts: usize, len: usize, tokens: u64) -> Input {
    let id = |prompt: usize, at: usize| ((prompt * 104_729 + at * 7_919) as u64 % decoder.vocabulary) as u32;
    let prompts: Vec<Vec<u32>> =
        (0..prompts).map(|prompt| (0..len).map(|at| id(prompt, at)).collect()).collect();
    let job = Kind::Generate(Generate { sampling: Sampling::Greedy, stop: Vec::new(), tokens });
    Input::load("input", &Input::pack(job, &Input::sequences(&prompts)).unwrap()).unwrap()
}

/// How much longer something takes with its trace than without, in percent.
fn tell_overhead(name: &str, traced: f64, untraced: f64) {
    tell(&format!("trace/{name}"), 100.0 * (traced / untraced - 1.0), "%", "ours<=5");
}

/// Seconds of the first pass of a generation: from nothing to what the second token is computed from.
fn prefill_seconds(cuda: &Cuda, program: &Program, input: &Input) -> f64 {
    median((0..JOBS).map(|_| passes(cuda, program, input)[0]).collect())
}

fn prefill(shape: &str, decoder: Decoder) {
    let (cuda, mut program) = (device(), seeded::program(decoder));
    let trace = program.graph.trace.clone();
    for len in PROMPTS {
        let input = generation(&decoder, 1, len, 2);
        // The first one loads kernels.
        passes(&cuda, &program, &input);
        let traced = prefill_seconds(&cuda, &program, &input);
        tell(&format!("prefill/{shape}/{len}"), len as f64 / traced, "tokens/s", "ratio>=1.0");
        program.graph.trace.clear();
        tell_overhead(&format!("prefill/{shape}/{len}"), traced, prefill_seconds(&cuda, &program, &input));
        program.graph.trace.clone_from(&trace);
    }
}

fn decode(shape: &str, decoder: Decoder) {
    let (cuda, program) = (device(), seeded::program(decoder));
    for (batch, goal) in [(1, "ratio>=1.3"), (32, "ratio>=1.0")] {
        let input = generation(&decoder, batch, BEFORE, DECODED);
        let all = passes(&cuda, &program, &input);
        let step = median(all[all.len() - STEADY..].to_vec());
        tell(&format!("decode/{shape}/{batch}"), batch as f64 / step, "tokens/s", goal);
    }
}

#[test]
#[ignore = "scripts/gpu-check --bench runs it, on a GPU"]
fn prefill_1b() {
    prefill("1B", SHAPE_1B);
}

#[test]
#[ignore = "scripts/gpu-check --bench runs it, on a GPU"]
fn prefill_8b() {
    prefill("8B", SHAPE_8B);
}

#[test]
#[ignore = "scripts/gpu-check --bench runs it, on a GPU"]
fn decode_1b() {
    decode("1B", SHAPE_1B);
}

#[test]
#[ignore = "scripts/gpu-check --bench runs it, on a GPU"]
fn decode_8b() {
    decode("8B", SHAPE_8B);
}

/// Seconds of a sentence, in passes over as many as one takes.
fn sentence_seconds(cuda: &Cuda, program: &Program, input: &Input) -> f64 {
    let seconds = passes(cuda, program, input);
    // All passes take as many, but for the last.
    let together = SENTENCES.div_ceil(seconds.len() + 1);
    median(seconds) / together as f64
}

#[test]
#[ignore = "scripts/gpu-check --bench runs it, on a GPU, and has the model"]
fn minilm() {
    let directory = std::env::var_os("ASSAY_GPU_MODEL").expect("ASSAY_GPU_MODEL names the model's directory");
    let mut program = Program::open("program", directory.as_ref()).unwrap();
    let id = |sentence: usize, at: usize| 1_000 + ((sentence * 7_919 + at * 131) % 20_000) as u32;
    let sentences: Vec<Vec<u32>> =
        (0..SENTENCES).map(|sentence| (0..SENTENCE).map(|at| id(sentence, at)).collect()).collect();
    let input = Input::pack(Kind::Embed, &Input::sequences(&sentences)).unwrap();
    let (cuda, input) = (device(), Input::load("input", &input).unwrap());
    // The first one loads kernels and raises the clock.
    passes(&cuda, &program, &input);
    let traced = sentence_seconds(&cuda, &program, &input);
    tell("minilm/128", 1.0 / traced, "sentences/s", "ratio>=1.0");
    program.graph.trace.clear();
    tell_overhead("minilm/128", traced, sentence_seconds(&cuda, &program, &input));
}

const TINY: Decoder =
    Decoder { layers: 2, width: 32, heads: 4, kv_heads: 2, hidden: 48, vocabulary: 64, context: 24 };

/// This machine's processor as a device.
fn host_device() -> Cuda {
    let (gpu, _) = host::gpu(GemmPath::Dp4a);
    Cuda::on(gpu, Cpu::new(Path::Scalar, 1).unwrap(), Placement::Device)
}

// By this machine's processor alone: scripts/gpu-check names the measures that it runs.
#[test]
fn a_watched_device_runs_a_seeded_decoder_as_the_processor_does() {
    let (mut program, input, cuda) = (seeded::program(TINY), generation(&TINY, 2, 5, 4), host_device());
    let expected = run(&program, &input, SEED, &Cpu::new(Path::best(), 0).unwrap(), 1).unwrap();
    let got = run(&program, &input, SEED, &Watched::new(&cuda), 1).unwrap();
    assert!(expected.result.is_ok(), "{:?}", expected.result.err());
    assert_eq!((got.result_root(), got.trace.root()), (expected.result_root(), expected.trace.root()));
    // The prompts' pass and three more, of which the last one's end is not seen.
    assert_eq!(passes(&cuda, &program, &input).len(), 3);
    program.graph.trace.clear();
    let untraced = run(&program, &input, SEED, &cuda, 1).unwrap();
    assert_eq!((untraced.result_root(), untraced.trace.leaves), (expected.result_root(), 0));
    assert_eq!(cuda.fault(), None);
}

// As above.
#[test]
fn each_step_of_a_watched_training_is_noted_once() {
    // Two units, whose gradients are clipped: a step is five lists of calls.
    let recipe = Recipe { every: 1, ..Recipe::new(2, 8, 3, 0.01) };
    let program = Program::load("training", &TINY.training(&recipe).unwrap()).unwrap();
    let data = Tensors::from([("data".into(), Tensor::u32(&[40], (0..40).collect()))]);
    let input = Input::pack(Kind::Train(Train { from: 0, to: recipe.steps }), &data).unwrap();
    let (cuda, input) = (host_device(), Input::load("input", &input).unwrap());
    assert_eq!(passes(&cuda, &program, &input).len(), 2);
    assert_eq!(cuda.fault(), None);
}
