//! What is refused before anything is computed, and by which words.

use std::fmt::Display;

use assay_exact::{Precision, Refused};
use assay_exec::{Backend, Reference};
use assay_graph::canonical::Float;
use assay_graph::error::Invalid;
use assay_graph::manifest::{Init, Manifest, Op, Optimizer, Training};
use assay_graph::program::Program;
use assay_graph::tensor::{Tensor, Tensors};
use assay_graph::train::{check_data, run, Gradients, State, Trainer};

use crate::model::{adam, decoder, double, three_users, Model, SEED, STEPS, TOKENS, UNITS, VOCABULARY};
use crate::{text, trainer};

/// The error, which there must be.
fn message<T>(result: Result<T, impl Display>) -> String {
    match result {
        Ok(_) => panic!("not refused"),
        Err(error) => error.to_string(),
    }
}

fn start(model: &Model) -> Result<(), Invalid> {
    let program = model.program()?;
    Trainer::new(&program, &Reference, SEED, &text(), State::from_seed(&program, SEED)).map(drop)
}

fn assert_refused(change: impl FnOnce(&mut Model), expected: &[&str]) {
    let mut model = decoder();
    start(&model).unwrap();
    change(&mut model);
    let message = message(start(&model));
    for part in expected {
        assert!(message.contains(part), "{message:?} does not say {part:?}");
    }
}

#[test]
fn a_parameter_that_no_gradient_reaches() {
    let init = Init::Constant(Float::new(0.0));
    assert_refused(|model| model.learn("idle", &[8], init, true), &["\"idle\"", "is not used"]);
    // Used, but by no node that leads to the output.
    assert_refused(
        |model| {
            model.learn("idle", &[8, 8], init, true);
            let mut nodes = model.manifest.graph.iter();
            let mut behind = nodes.find(|node| node.name == "seen.out").unwrap().clone();
            behind.name = "behind".into();
            if let Op::Linear { weight, .. } = &mut behind.op {
                *weight = "idle".into();
            }
            model.manifest.graph.push(behind);
        },
        &["\"idle\"", "is not used"],
    );
    assert_refused(
        |model| {
            model.tensors.remove("rope.cos");
            model.learn("rope.cos", &[8, 2], init, false);
        },
        &["\"rope.cos\"", "table of angles"],
    );
    assert_refused(
        |model| {
            for (name, parameter) in std::mem::take(&mut model.manifest.parameters) {
                let elements: u64 = parameter.shape.iter().product();
                let zeros = Tensor::f32(&parameter.shape, vec![0.0; elements as usize]);
                model.tensors.insert(name, zeros);
            }
        },
        &["parameters: is missing"],
    );
}

#[test]
fn lengths_and_sums_out_of_bounds() {
    assert_refused(
        |model| model.training().units = 1 << 22,
        &["training, units", "addends of a fixed-point sum is 25165824, above the limit 4194304"],
    );
    // As large as a manifest's numbers can be.
    let most = (1 << 53) - 1;
    assert_refused(|model| model.training().units = most, &["training, units", "above the limit 4194304"]);
    assert_refused(|model| model.training().tokens = most, &["training, tokens", "above the limit 8"]);
    // Losses would fit, but not a table's sums: it is scattered into once for the tokens and once for the labels.
    assert_refused(
        |model| model.training().units = (1 << 21) / TOKENS + 1,
        &["parameters \"embed\"", "above the limit 4194304"],
    );
    assert_refused(|model| model.training().units = 0, &["training, units", "at least 1"]);
    assert_refused(|model| model.training().tokens = 0, &["training, tokens", "at least 1"]);
    assert_refused(|model| model.training().tokens = 9, &["training, tokens", "9 is above the limit 8"]);
    assert_refused(|model| model.training().every = 0, &["training, every", "at least 1"]);
}

#[test]
fn an_axis_too_long_for_a_backward_product() {
    let mut model = double();
    let classes = 131_072;
    model.manifest.vocabulary = classes;
    for parameter in model.manifest.parameters.values_mut() {
        parameter.shape = vec![classes, 8];
    }
    let message = message(model.program());
    assert!(message.contains("is 131072, above the limit 131071"), "{message:?}");
}

#[test]
fn an_f32_weight_at_two_precisions() {
    let mut model = three_users();
    model.program().unwrap();
    let bias = None;
    model.manifest.graph[2].op = Op::Linear { bias, precision: Precision::I8, weight: "a".into() };
    model.manifest.parameters.remove("b");
    let message = message(model.program());
    assert!(message.contains("graph node \"k\"") && message.contains("two precisions"), "{message:?}");
}

#[test]
fn constants_out_of_their_domain() {
    let set = |change: fn(&mut Manifest)| move |model: &mut Model| change(&mut model.manifest);
    let training = |change: fn(&mut Training)| move |model: &mut Model| change(model.training());
    for limit in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        assert_refused(
            |model| model.training().clip = Some(Float::new(limit)),
            &["training, clip", "limit of ClipNorm"],
        );
    }
    assert_refused(
        training(|training| {
            let (decay, momentum) = (Float::new(-0.1), Float::new(0.9));
            training.optimizer = Optimizer::Sgd { decay, momentum };
        }),
        &["training, optimizer", "decay of SgdStep"],
    );
    assert_refused(
        training(|training| {
            let [beta1, beta2, decay, epsilon] = [1.0, 0.9, 0.0, 1e-8].map(Float::new);
            training.optimizer = Optimizer::Adam { beta1, beta2, decay, epsilon };
        }),
        &["training, optimizer", "beta of AdamStep"],
    );
    assert_refused(
        set(|manifest| {
            let gamma = manifest.parameters.get_mut("norm1.gamma").unwrap();
            gamma.init = Init::Constant(Float::new(f32::NAN));
        }),
        &["\"norm1.gamma\"", "not finite"],
    );
    assert_refused(
        set(|manifest| {
            let embed = manifest.parameters.get_mut("embed").unwrap();
            embed.init = Init::Uniform(Float::new(f32::INFINITY));
        }),
        &["\"embed\"", "not finite"],
    );
}

#[test]
fn rates_and_fixed_tensors() {
    let put = |name: &'static str, tensor: Tensor| {
        move |model: &mut Model| {
            model.tensors.insert(name.into(), tensor);
        }
    };
    assert_refused(put("rates", Tensor::f32(&[2], vec![0.1, -0.1])), &["\"rates\"", "rate 1"]);
    assert_refused(put("rates", Tensor::f32(&[2], vec![f32::INFINITY, 0.1])), &["rates"]);
    assert_refused(put("rates", Tensor::f32(&[1, 2], vec![0.1, 0.1])), &["\"rates\"", "expected [2]"]);
    assert_refused(put("rates", Tensor::u32(&[2], vec![0, 1])), &["\"rates\"", "expected F32"]);
    assert_refused(|model| model.training().rates = "none".into(), &["\"none\"", "is missing"]);
    let mut angles = vec![0.5; 16];
    angles[3] = f32::NAN;
    assert_refused(put("rope.cos", Tensor::f32(&[8, 2], angles)), &["rope.cos", "not a finite number"]);
}

#[test]
fn a_program_that_is_not_a_training() {
    let mut program = decoder().program().unwrap();
    let state = State::from_seed(&program, SEED);
    program.manifest.training = None;
    let message = message(Trainer::new(&program, &Reference, SEED, &text(), state));
    assert!(message.contains("training: is missing"), "{message:?}");
}

#[test]
fn data_too_short_or_out_of_the_vocabulary() {
    let program = double().program().unwrap();
    let with = |data: &[u32]| {
        Trainer::new(&program, &Reference, SEED, data, State::from_seed(&program, SEED)).map(drop)
    };
    with(&[0; TOKENS as usize + 1]).unwrap();
    assert!(message(with(&[0; TOKENS as usize])).contains("more than the 6 tokens of a unit"));
    assert!(message(with(&[])).contains("more than the 6 tokens of a unit"));
    let mut data = text();
    data[150] = VOCABULARY as u32;
    assert_eq!(message(with(&data)), "input: tensor \"data\", id 150: 11 is above the limit 10");
}

#[test]
fn data_and_rates_that_do_not_do_for_a_range_of_steps() {
    let program = double().program().unwrap();
    let refusal = |data: &[u32], from, to| message(check_data("data.bin", &program, data, from, to));
    for (from, to) in [(0, 0), (0, STEPS), (3, STEPS), (STEPS, STEPS)] {
        check_data("data.bin", &program, &text(), from, to).unwrap();
    }
    assert!(refusal(&text(), 0, STEPS + 1).contains("has learning rates for 5 steps, none for step 5"));
    assert!(refusal(&text(), 0, u64::MAX).contains("has learning rates for 5 steps"));
    assert!(refusal(&text(), STEPS + 1, STEPS + 1).contains("has learning rates for 5 steps"));
    assert!(refusal(&text(), 3, 2).contains("at least 3"));
    assert!(refusal(&[0; TOKENS as usize], 0, 1).starts_with("data.bin: tensor \"data\", length: is 6"));
    assert!(refusal(&[9, 10, 11, 12, 0, 0, 0], 0, 1).starts_with("data.bin: tensor \"data\", id 2: "));
}

/// The reference on a thread with another arithmetic.
struct Flushing;

impl Backend for Flushing {
    fn name(&self) -> String {
        "flushing".into()
    }

    fn check_float_mode(&self) -> Result<(), Refused> {
        Err(Refused::Domain("mode of the thread"))
    }
}

#[test]
fn a_thread_with_another_arithmetic() {
    let program = double().program().unwrap();
    let data = text();
    let start = || State::from_seed(&program, SEED);
    let gradients = trainer(&program, &Reference, &data, start()).gradients(0..UNITS).unwrap();
    let mut flushing = trainer(&program, &Flushing, &data, start());
    let expected = "program: graph: mode of the thread is out of its domain";
    assert_eq!(message(flushing.gradients(0..0)), expected);
    assert_eq!(message(flushing.apply(&gradients)), expected);
    assert_eq!(flushing.state(), &start());
}

fn checkpoint(program: &Program, change: impl FnOnce(&mut Tensors)) -> Result<State, Invalid> {
    let mut tensors = State::from_seed(program, SEED).tensors(program);
    change(&mut tensors);
    State::from_tensors("checkpoint", program, &tensors)
}

#[test]
fn a_checkpoint_that_is_not_of_this_training() {
    let program = double().optimizer(adam()).program().unwrap();
    checkpoint(&program, |_| {}).unwrap();
    let refusal = |name: &str, tensor: Option<Tensor>| {
        let changed = checkpoint(&program, |tensors| match tensor {
            Some(tensor) => drop(tensors.insert(name.into(), tensor)),
            None => drop(tensors.remove(name)),
        });
        message(changed)
    };
    let len = 11 * 8;
    let mut values = vec![0.0; len];
    values[17] = f32::NAN;
    for name in ["parameter.embed", "first.head", "second.embed"] {
        let place = format!("checkpoint: tensor {name:?}: ");
        let refusal = |tensor: Option<Tensor>| refusal(name, tensor);
        assert_eq!(refusal(None), format!("{place}is missing"));
        let nan = Tensor::f32(&[11, 8], values.clone());
        assert_eq!(refusal(Some(nan)), format!("{place}element 17 is not a finite number"));
        let turned = Tensor::f32(&[8, 11], vec![0.0; len]);
        assert_eq!(refusal(Some(turned)), format!("{place}is [8, 11], expected [11, 8]"));
        let integers = Tensor::u32(&[11, 8], vec![0; len]);
        assert_eq!(refusal(Some(integers)), format!("{place}is U32, expected F32"));
    }
    for (name, tensor) in [
        ("parameter.tail", Tensor::f32(&[1], vec![0.0])),
        ("velocity.embed", Tensor::f32(&[11, 8], vec![0.0; len])),
        ("extra", Tensor::f32(&[1], vec![0.0])),
    ] {
        let expected = format!("checkpoint: tensor {name:?}: is not of this training's state");
        assert_eq!(refusal(name, Some(tensor)), expected);
    }
    assert!(refusal("powers", None).contains("\"powers\": is missing"));
    let powers = Tensor::f32(&[2], vec![1.0, f32::NEG_INFINITY]);
    assert!(refusal("powers", Some(powers)).contains("\"powers\": element 1"));
    assert!(refusal("step", None).contains("\"step\": is missing"));
    assert!(refusal("step", Some(Tensor::f32(&[1], vec![0.0]))).contains("expected U32"));
    let step = Tensor::u32(&[1], vec![STEPS as u32 + 1]);
    assert!(refusal("step", Some(step)).contains("\"step\": 6 is above the limit 5"));
}

#[test]
fn a_state_of_another_program() {
    let (program, other) = (double().program().unwrap(), decoder().program().unwrap());
    let data = text();
    let state = State::from_seed(&other, SEED);
    assert!(message(Trainer::new(&program, &Reference, SEED, &data, state)).starts_with("state: "));
    let state = State::from_seed(&double().optimizer(adam()).program().unwrap(), SEED);
    let message = message(Trainer::new(&program, &Reference, SEED, &data, state));
    assert_eq!(message, "state: moments: is of another optimizer");
}

#[test]
fn a_state_whose_parameters_are_not_numbers() {
    let program = double().program().unwrap();
    let mut state = State::from_seed(&program, SEED);
    state.parameters.get_mut("head").unwrap()[4] = f32::NAN;
    let message = message(Trainer::new(&program, &Reference, SEED, &text(), state));
    assert!(message.contains("\"head\": element 4 is not a finite number"), "{message:?}");
}

#[test]
fn steps_beyond_the_rates() {
    let program = double().program().unwrap();
    let data = text();
    let mut trainer = trainer(&program, &Reference, &data, State::from_seed(&program, SEED));
    let none = |step: u64| format!("has learning rates for 5 steps, none for step {step}");
    assert!(message(run(&mut trainer, STEPS + 1, 1, &mut |_, _| {})).contains(&none(5)));
    assert_eq!(trainer.state().step, 0);
    run(&mut trainer, STEPS, 1, &mut |_, _| {}).unwrap();
    assert!(message(trainer.gradients(0..UNITS)).contains(&none(5)));
    assert!(message(run(&mut trainer, STEPS - 1, 1, &mut |_, _| {})).contains("at least 5"));
    assert!(run(&mut trainer, STEPS, 1, &mut |_, _| {}).unwrap().is_empty());
    assert!(message(run(&mut trainer, STEPS, 0, &mut |_, _| {})).contains("shards"));
}

#[test]
fn gradients_that_are_not_of_one_whole_step() {
    let program = double().program().unwrap();
    let data = text();
    let mut trainer = trainer(&program, &Reference, &data, State::from_seed(&program, SEED));
    assert!(message(trainer.gradients(3..UNITS + 1)).contains("a range within 0..5"));
    let most = trainer.gradients(0..UNITS - 1).unwrap();
    assert!(message(trainer.apply(&most)).contains("gradients: units: is 4"));
    let whole = trainer.gradients(0..UNITS).unwrap();
    let mut twice = whole.clone();
    twice.merge(whole.clone());
    assert!(message(trainer.apply(&twice)).contains("gradients: units: is 10"));
    let mut lacking = whole.clone();
    lacking.sums.remove("head");
    assert!(message(trainer.apply(&lacking)).contains("gradients: sums"));
    let mut longer = whole.clone();
    longer.merge(Gradients { sums: [("head".to_string(), vec![1; 89])].into(), loss: 0, units: 0 });
    assert!(message(trainer.apply(&longer)).contains("gradients: sums"));
    assert_eq!(trainer.state().step, 0);
    trainer.apply(&whole).unwrap();
    assert_eq!(trainer.state().step, 1);
}
