//! Whole jobs: their result root and trace root by the device are those by the CPU. The small ones run on what takes a
//! device's place too. A real model is that of ASSAY_GPU_MODEL, a directory that `assay model import` has made.

mod golden;

use assay_exact::Precision;
use assay_exec::{Backend, Cpu, Path};
use assay_graph::canonical::Float;
use assay_graph::decoder::{Decoder, Recipe};
use assay_graph::job::{device_memory, run, Generate, Input, Kind, Sampling, Train};
use assay_graph::program::Program;
use assay_graph::tensor::{Tensor, Tensors};
use assay_graph::train::State;

use crate::backend::{Cuda, Placement};
use crate::device::GemmPath;
use crate::host;
use crate::operators::on_each_path;
use crate::resident::RESERVE;

const SEED: &[u8] = b"seed of the jobs on a device";
/// Dimensions that are no multiples of a tile.
const TINY: Decoder =
    Decoder { layers: 1, width: 40, heads: 4, kv_heads: 2, hidden: 56, vocabulary: 256, context: 24 };

/// Result root and trace root.
fn roots(program: &Program, input: &Input, backend: &dyn Backend) -> [String; 2] {
    let outcome = run(program, input, SEED, backend, 1).unwrap();
    assert!(outcome.result.is_ok(), "{:?}", outcome.result.err());
    [outcome.result_root(), outcome.trace.root()].map(hex::encode)
}

fn agree(what: &str, program: &Program, input: &Input) {
    let expected = roots(program, input, &Cpu::new(Path::best(), 0).unwrap());
    on_each_path(|cuda| {
        assert_eq!(roots(program, input, cuda), expected, "{what} by {}", cuda.path());
        assert_eq!(cuda.fault(), None, "{what} by {}", cuda.path());
    });
}

/// A training from the seed to its last step.
fn training(decoder: Decoder, recipe: &Recipe) -> (Program, Input) {
    let program = Program::load("program", &decoder.training(recipe).unwrap()).unwrap();
    let text = (0..4_000u32).map(|at| (at * at % 251) as u8).collect();
    let data = Tensors::from([("data".into(), Tensor::u8(&[4_000], text))]);
    let job = Kind::Train(Train { from: 0, to: recipe.steps });
    (program, Input::load("input", &Input::pack(job, &data).unwrap()).unwrap())
}

fn train(decoder: Decoder, recipe: &Recipe) {
    let (program, input) = training(decoder, recipe);
    agree("a training", &program, &input);
}

/// A generation by two prompts of different lengths.
fn generation(decoder: Decoder, precision: Precision, tokens: u64) -> (Program, Input) {
    continuation(decoder, precision, tokens, &[vec![1, 2, 3, 250, 0], vec![7]], Vec::new())
}

/// Prompts that are continued until one of the tokens `stop`.
fn continuation(
    decoder: Decoder,
    precision: Precision,
    tokens: u64,
    prompts: &[Vec<u32>],
    stop: Vec<u64>,
) -> (Program, Input) {
    let training = decoder.training(&Recipe::new(1, 8, 1, 0.01)).unwrap();
    let state = State::from_seed(&Program::load("training", &training).unwrap(), SEED);
    let program = decoder.inference(&state.parameters, precision).unwrap();
    let program = Program::load("program", &program).unwrap();
    let sampling = Sampling::Sample { inverse_temperature: Float::new(1.5), top_k: Some(40), top_p: None };
    let job = Kind::Generate(Generate { sampling, stop, tokens });
    let prompts = Input::sequences(prompts);
    (program, Input::load("input", &Input::pack(job, &prompts).unwrap()).unwrap())
}

fn write(decoder: Decoder, precision: Precision, tokens: u64) {
    let (program, input) = generation(decoder, precision, tokens);
    agree("a generation", &program, &input);
}

#[test]
fn a_training_has_the_roots_that_it_has_on_the_cpu() {
    train(TINY, &Recipe { every: 1, ..Recipe::new(2, 8, 2, 0.01) });
}

#[test]
fn a_training_that_traps_has_the_trap_that_it_has_on_the_cpu() {
    // The first update makes parameters as large as a float can be, or larger.
    for clip in [None, Some(1.0)] {
        let recipe = Recipe { every: 1, clip, ..Recipe::new(2, 8, 3, 3e38) };
        let (program, input) = training(TINY, &recipe);
        let expected = run(&program, &input, SEED, &Cpu::new(Path::best(), 0).unwrap(), 1).unwrap();
        assert!(expected.result.is_err(), "no trap");
        on_each_path(|cuda| {
            let got = run(&program, &input, SEED, cuda, 1).unwrap();
            assert_eq!((&got.result, &got.trace), (&expected.result, &expected.trace), "by {}", cuda.path());
            assert_eq!((got.unfit, cuda.fault()), (None, None), "by {}", cuda.path());
        });
    }
}

#[test]
fn a_generation_has_the_roots_that_it_has_on_the_cpu() {
    for precision in [Precision::I8, Precision::I15] {
        write(TINY, precision, 5);
    }
}

// By this machine's processor alone, so scripts/gpu-check has to pass it by.
#[test]
fn one_recording_serves_a_whole_decode() {
    let (program, input) = generation(TINY, Precision::I8, 6);
    let (gpu, host) = host::gpu(GemmPath::Dp4a);
    let cuda = Cuda::on(gpu, Cpu::new(Path::Scalar, 1).unwrap(), Placement::Device);
    let expected = roots(&program, &input, &Cpu::new(Path::best(), 0).unwrap());
    assert_eq!(roots(&program, &input, &cuda), expected);
    // The prompts' pass, one that is launched, and four that start what was recorded.
    assert_eq!((host.replays(), cuda.fault()), (4, None));
}

/// Sequences of one token to three.
fn short(count: u32) -> Vec<Vec<u32>> {
    (0..count).map(|unit| (0..=unit % 3).map(|at| (unit * 7 + at) % 256).collect()).collect()
}

// By this machine's processor alone, as above.
#[test]
fn one_recording_joins_the_leaves_of_every_step_where_they_begin() {
    // Two trace points of a leaf each: 540 leaves a step, which is no number of whole subtrees.
    let (program, input) = continuation(TINY, Precision::I8, 5, &short(270), Vec::new());
    let (gpu, host) = host::gpu(GemmPath::Dp4a);
    let cuda = Cuda::on(gpu, Cpu::new(Path::Scalar, 1).unwrap(), Placement::Device);
    let expected = roots(&program, &input, &Cpu::new(Path::best(), 0).unwrap());
    assert_eq!(roots(&program, &input, &cuda), expected);
    assert_eq!((host.replays(), cuda.fault()), (3, None));
}

#[test]
fn a_pass_whose_leaves_are_joined_has_the_roots_that_it_has_on_the_cpu() {
    let (program, _) = generation(TINY, Precision::I8, 1);
    // Units of several lengths, with one leaf to four for each of two trace points: some 600 leaves in one pass.
    let units: Vec<Vec<u32>> = (0..120).map(|unit| vec![unit; 1 + unit as usize * 7 % 24]).collect();
    let input = Input::pack(Kind::Embed, &Input::sequences(&units)).unwrap();
    agree("leaves of many units", &program, &Input::load("input", &input).unwrap());
}

// By this machine's processor alone, as above.
#[test]
fn recordings_are_made_anew_where_a_sequence_ends() {
    let cpu = Cpu::new(Path::best(), 0).unwrap();
    let prompts = [vec![1, 2, 3, 250, 0], vec![7], vec![9, 9], vec![200, 4, 4, 4]];
    let tokens = 8;
    let lengths = |input: &Input, program: &Program| -> (Vec<u32>, Vec<u32>) {
        let outputs = run(program, input, SEED, &cpu, 1).unwrap().result.unwrap();
        let words = |name: &str| outputs[name].as_u32().unwrap().to_vec();
        (words("ids"), words("lengths"))
    };
    for precision in [Precision::I8, Precision::I15] {
        let (program, free) = continuation(TINY, precision, tokens, &prompts, Vec::new());
        // The fourth token of the second sequence ends it, or it ends before; the others go on, unless they meet it
        // too.
        let stop = lengths(&free, &program).0[tokens as usize + 3];
        let (program, input) = continuation(TINY, precision, tokens, &prompts, vec![stop.into()]);
        let (_, lengths) = lengths(&input, &program);
        assert!(lengths.iter().any(|length| *length != lengths[1]), "all end at once");
        // Of steps that the same sequences take one is launched, and the others start what was recorded.
        let going = |step: u32| lengths.iter().filter(|length| **length > step).count();
        let steps = *lengths.iter().max().unwrap();
        let replays = (2..steps).filter(|step| going(*step) == going(step - 1)).count();
        let (gpu, host) = host::gpu(GemmPath::Dp4a);
        let cuda = Cuda::on(gpu, Cpu::new(Path::Scalar, 1).unwrap(), Placement::Device);
        assert_eq!(roots(&program, &input, &cuda), roots(&program, &input, &cpu));
        assert_eq!((host.replays(), cuda.fault()), (replays, None), "{lengths:?}");
    }
}

// By this machine's processor alone, as above.
#[test]
fn no_more_memory_is_taken_than_is_planned() {
    // Padded rows, splits of the keys, one digit and two.
    let prompts = Input::pack(Kind::Embed, &Input::sequences(&[vec![9; 21], vec![7]])).unwrap();
    let jobs = [Precision::I8, Precision::I15].into_iter().flat_map(|precision| {
        let (program, input) = generation(TINY, precision, 4);
        [(program.clone(), Input::load("input", &prompts).unwrap()), (program, input)]
    });
    for (program, input) in jobs {
        let planned = device_memory(&program, &input).unwrap();
        let (gpu, host) = host::gpu(GemmPath::Mma);
        // What is recorded keeps what it took call by call, where a device's graph has as much as the largest took.
        host.record_nothing();
        let before = host.most_taken();
        host.leave_free(RESERVE + planned);
        let cuda = Cuda::on(gpu, Cpu::new(Path::Scalar, 1).unwrap(), Placement::Device);
        let expected = roots(&program, &input, &Cpu::new(Path::best(), 0).unwrap());
        assert_eq!((roots(&program, &input, &cuda), cuda.fault()), (expected, None));
        let taken = host.most_taken() - before;
        assert!((1..=planned).contains(&taken), "{taken} of {planned}");
        host.leave_free(RESERVE + planned - 1);
        let refused = run(&program, &input, SEED, &cuda, 1).map(|_| ()).unwrap_err();
        assert!(refused.to_string().contains(&planned.to_string()), "{refused}");
    }
}

// By this machine's processor alone, as above.
#[test]
fn no_more_memory_is_taken_by_a_training_than_is_planned() {
    // Vectors that have to be padded, and vectors that have not.
    for tokens in [7, 16] {
        let (program, input) = training(TINY, &Recipe { every: 1, ..Recipe::new(2, tokens, 2, 0.01) });
        let planned = device_memory(&program, &input).unwrap();
        let (gpu, host) = host::gpu(GemmPath::Mma);
        // What is recorded keeps what it took call by call, where a device's graph has as much as the largest took.
        host.record_nothing();
        let before = host.most_taken();
        let cuda = Cuda::on(gpu, Cpu::new(Path::Scalar, 1).unwrap(), Placement::Device);
        let expected = roots(&program, &input, &Cpu::new(Path::best(), 0).unwrap());
        let compute = |free: u64| {
            host.leave_free(free);
            let outcome = run(&program, &input, SEED, &cuda, 1).unwrap();
            let roots = [outcome.result_root(), outcome.trace.root()].map(hex::encode);
            assert_eq!((roots, cuda.fault()), (expected.clone(), None));
            outcome.unfit
        };
        assert_eq!(compute(RESERVE + planned), None);
        let taken = host.most_taken() - before;
        assert!((1..=planned).contains(&taken), "{taken} of {planned}");
        let unfit = compute(RESERVE + planned - 1);
        assert!(unfit.is_some_and(|unfit| unfit.contains(&planned.to_string())));
    }
}

// By this machine's processor alone, as above.
#[test]
fn one_recording_serves_the_units_of_all_steps() {
    let (program, input) = training(TINY, &Recipe { every: 1, ..Recipe::new(4, 8, 2, 0.01) });
    let (gpu, host) = host::gpu(GemmPath::Dp4a);
    let cuda = Cuda::on(gpu, Cpu::new(Path::Scalar, 1).unwrap(), Placement::Device);
    let expected = roots(&program, &input, &Cpu::new(Path::best(), 0).unwrap());
    assert_eq!(roots(&program, &input, &cuda), expected);
    // Of two steps' eight units one is launched, and seven start what was recorded.
    assert_eq!((host.replays(), cuda.fault()), (7, None));
}

#[test]
#[ignore = "scripts/gpu-check runs it, on a GPU"]
fn longer_jobs_have_the_roots_that_they_have_on_the_cpu() {
    train(Decoder::small(), &Recipe { every: 5, ..Recipe::new(4, 64, 20, 0.01) });
    write(Decoder::small(), Precision::I8, 100);
    let (program, input) = continuation(TINY, Precision::I8, 20, &short(270), Vec::new());
    agree("a generation of many sequences", &program, &input);
}

#[test]
#[ignore = "scripts/gpu-check runs it, on a GPU, and has the model"]
fn a_real_model_has_the_roots_that_it_has_on_the_cpu() {
    let directory = std::env::var_os("ASSAY_GPU_MODEL").expect("ASSAY_GPU_MODEL names the model's directory");
    let program = Program::open("program", directory.as_ref()).unwrap();
    // Ids of words, of every length up to 200 tokens.
    let sequences: Vec<Vec<u32>> = [1, 2, 15, 16, 17, 64, 128, 200]
        .map(|len| (0..len).map(|at| 1_000 + at * 131 % 20_000).collect())
        .into();
    let input = Input::pack(Kind::Embed, &Input::sequences(&sequences)).unwrap();
    agree("a real model", &program, &Input::load("input", &input).unwrap());
}
