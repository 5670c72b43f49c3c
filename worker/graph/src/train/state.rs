//! What a training has come to: parameters, what the optimizer keeps of them, and the steps done.

use std::collections::BTreeMap;
use std::iter;

use assay_exact::{check_finite, AdamPowers, Philox};

use crate::error::{Invalid, Problem};
use crate::manifest::{Init, Optimizer, Parameter};
use crate::program::Program;
use crate::root::{entries, key, root, Domain, Entry, Hash};
use crate::tensor::{elements, hash_floats, Dtype, Tensor, Tensors};
use crate::train::plan::field;
use crate::train::rates;

/// Prefix of a parameter's tensor.
pub(super) const PARAMETER: &str = "parameter";
/// Prefix of the first moment's.
pub(super) const FIRST: &str = "first";
/// Prefix of the second moment's.
pub(super) const SECOND: &str = "second";
/// Prefix of the velocity's.
pub(super) const VELOCITY: &str = "velocity";
/// The decays to the power of the steps.
pub(super) const POWERS: &str = "powers";
/// The steps done.
pub(super) const STEP: &str = "step";
/// The losses, which a training's outputs have and its state does not.
const LOSSES: &str = "losses";

/// Vectors by the parameter's name, so in the order of names.
type Vectors = BTreeMap<String, Vec<f32>>;

/// The state of a training between two steps. As tensors it is a checkpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Steps done: the number of the next one.
    pub step: u64,
    /// What is learned.
    pub parameters: BTreeMap<String, Vec<f32>>,
    pub(super) moments: Moments,
}

/// What an optimizer keeps of each parameter.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Moments {
    Adam { first: Vectors, second: Vectors, powers: AdamPowers },
    Sgd { velocity: Vectors },
}

impl State {
    /// Before step 0: parameters as the program says, drawn by the job's seed; moments zero.
    pub fn from_seed(program: &Program, seed: &[u8]) -> Self {
        let key = key(seed);
        let parameters = program.manifest.parameters.iter().enumerate();
        let parameters = parameters.map(|(number, (name, parameter))| {
            (name.clone(), initial(parameter, &Philox::new(key, number as u32, 0)))
        });
        let parameters: Vectors = parameters.collect();
        let zeros = || -> Vectors {
            parameters.iter().map(|(name, values)| (name.clone(), vec![0.0; values.len()])).collect()
        };
        let moments = match is_adam(program) {
            true => Moments::Adam { first: zeros(), second: zeros(), powers: AdamPowers::START },
            false => Moments::Sgd { velocity: zeros() },
        };
        Self { step: 0, parameters, moments }
    }

    /// From the tensors of a checkpoint: those of [`State::tensors`], each of its type and shape and finite. `losses`
    /// may be among them. `file` is for the error.
    pub fn from_tensors(file: &str, program: &Program, tensors: &Tensors) -> Result<Self, Invalid> {
        let checkpoint = Checkpoint { file, program, tensors };
        if let Some(name) = tensors.keys().find(|name| !checkpoint.knows(name)) {
            let problem = Problem::Format("is not of this training's state".into());
            return Err(problem.at(file, tensor_field(name)));
        }
        let parameters = checkpoint.vectors(PARAMETER)?;
        let moments = match is_adam(program) {
            true => {
                let powers = checkpoint.floats(POWERS, &[2])?;
                let powers = AdamPowers { beta1: powers[0], beta2: powers[1] };
                let (first, second) = (checkpoint.vectors(FIRST)?, checkpoint.vectors(SECOND)?);
                Moments::Adam { first, second, powers }
            }
            false => Moments::Sgd { velocity: checkpoint.vectors(VELOCITY)? },
        };
        Ok(Self { step: checkpoint.step()?, parameters, moments })
    }

    /// The tensors of a checkpoint: `parameter.{name}`, of Adam `first.{name}`, `second.{name}` and `powers`, of SGD
    /// `velocity.{name}`, and `step`.
    pub fn tensors(&self, program: &Program) -> Tensors {
        let mut tensors = self.scalars();
        tensors.extend(
            self.vectors()
                .map(|(prefix, name, values)| (tensor_name(prefix, name), tensor(program, name, values))),
        );
        tensors
    }

    /// What a training's trace commits to.
    pub fn root(&self, program: &Program) -> Hash {
        let hashes: Vec<Hash> = self.vectors().map(|(_, _, values)| hash_floats(values)).collect();
        self.root_of(program, &hashes)
    }

    /// The root of a state with this one's tensors of no parameter, and with vectors of these hashes: parameters, and
    /// then each thing that the optimizer keeps of them, in the order of names.
    pub(super) fn root_of(&self, program: &Program, hashes: &[Hash]) -> Hash {
        debug_assert_eq!(hashes.len(), self.vectors().count());
        let mut entries = entries(&self.scalars());
        entries.extend(self.vectors().zip(hashes).map(|((prefix, name, values), blake3)| Entry {
            name: tensor_name(prefix, name),
            dtype: Dtype::F32 as u8,
            shape: shape(program, name, values),
            blake3: *blake3,
        }));
        root(Domain::State, entries)
    }

    /// What there is of parameters: the prefix of its tensor, the parameter's name and the elements.
    fn vectors(&self) -> impl Iterator<Item = (&'static str, &String, &Vec<f32>)> + '_ {
        let kept = match &self.moments {
            Moments::Adam { first, second, .. } => vec![(FIRST, first), (SECOND, second)],
            Moments::Sgd { velocity } => vec![(VELOCITY, velocity)],
        };
        iter::once((PARAMETER, &self.parameters))
            .chain(kept)
            .flat_map(|(prefix, vectors)| vectors.iter().map(move |(name, values)| (prefix, name, values)))
    }

    /// The tensors of no parameter.
    fn scalars(&self) -> Tensors {
        let mut tensors = Tensors::from([(STEP.into(), Tensor::u32(&[1], vec![self.step as u32]))]);
        if let Moments::Adam { powers, .. } = &self.moments {
            tensors.insert(POWERS.into(), Tensor::f32(&[2], vec![powers.beta1, powers.beta2]));
        }
        tensors
    }

    /// The parameters as tensors of their names: what a program that is run would have in its blobs.
    pub fn weights(&self, program: &Program) -> Tensors {
        let weight = |(name, values): (&String, &Vec<f32>)| (name.clone(), tensor(program, name, values));
        self.parameters.iter().map(weight).collect()
    }

    /// Whether it is a state of this program.
    pub(super) fn check(&self, program: &Program) -> Result<(), Invalid> {
        let expected = &program.manifest.parameters;
        let place = |problem: Problem, name: &str| problem.at("state", field(name));
        let fits = |vectors: &Vectors| -> Result<(), Invalid> {
            if let Some(name) = vectors.keys().find(|name| !expected.contains_key(*name)) {
                return Err(place(Problem::Unknown(format!("parameter {name:?}")), name));
            }
            for (name, parameter) in expected {
                let got = vectors.get(name).ok_or_else(|| place(Problem::Missing, name))?.len() as u64;
                if elements(&parameter.shape) != Some(got) {
                    return Err(place(Problem::mismatch(format!("{:?}", parameter.shape), got), name));
                }
            }
            Ok(())
        };
        fits(&self.parameters)?;
        match (&self.moments, is_adam(program)) {
            (Moments::Adam { first, second, .. }, true) => fits(first).and_then(|()| fits(second)),
            (Moments::Sgd { velocity }, false) => fits(velocity),
            _ => Err(Problem::Format("is of another optimizer".into()).at("state", "moments")),
        }
    }
}

fn is_adam(program: &Program) -> bool {
    let optimizer = program.manifest.training.as_ref().map(|training| training.optimizer);
    matches!(optimizer, Some(Optimizer::Adam { .. }))
}

fn initial(parameter: &Parameter, stream: &Philox) -> Vec<f32> {
    let elements = elements(&parameter.shape).unwrap_or(0);
    match parameter.init {
        Init::Constant(value) => vec![value.get(); elements as usize],
        Init::Uniform(bound) => (0..elements).map(|i| stream.symmetric(i, bound.get())).collect(),
    }
}

/// Something of a parameter, in its shape.
fn tensor(program: &Program, name: &str, values: &[f32]) -> Tensor {
    Tensor::f32(&shape(program, name, values), values.to_vec())
}

fn shape(program: &Program, name: &str, values: &[f32]) -> Vec<u64> {
    let parameter = program.manifest.parameters.get(name);
    parameter.map_or_else(|| vec![values.len() as u64], |parameter| parameter.shape.clone())
}

/// What the tensor of something of a parameter is called.
fn tensor_name(prefix: &str, parameter: &str) -> String {
    format!("{prefix}.{parameter}")
}

fn tensor_field(name: &str) -> String {
    format!("tensor {name:?}")
}

/// Tensors that should be a state.
struct Checkpoint<'a> {
    file: &'a str,
    program: &'a Program,
    tensors: &'a Tensors,
}

impl Checkpoint<'_> {
    /// Whether a state has a tensor of this name, or may.
    fn knows(&self, name: &str) -> bool {
        let adam = is_adam(self.program);
        match name.split_once('.') {
            Some((prefix, parameter)) => {
                let moment = if adam { prefix == FIRST || prefix == SECOND } else { prefix == VELOCITY };
                (prefix == PARAMETER || moment) && self.program.manifest.parameters.contains_key(parameter)
            }
            None => name == STEP || name == LOSSES || (adam && name == POWERS),
        }
    }

    fn tensor(&self, name: &str, shape: &[u64]) -> Result<&Tensor, Invalid> {
        let place = |problem: Problem| problem.at(self.file, tensor_field(name));
        let tensor = self.tensors.get(name).ok_or_else(|| place(Problem::Missing))?;
        if tensor.shape != shape || elements(shape) != Some(tensor.len() as u64) {
            return Err(place(Problem::mismatch(format!("{shape:?}"), format!("{:?}", tensor.shape))));
        }
        Ok(tensor)
    }

    fn floats(&self, name: &str, shape: &[u64]) -> Result<Vec<f32>, Invalid> {
        let place = |problem: Problem| problem.at(self.file, tensor_field(name));
        let values = self.tensor(name, shape)?.as_f32().map_err(place)?;
        check_finite(values).map_err(|trap| place(Problem::NotFinite(trap.index)))?;
        Ok(values.to_vec())
    }

    /// One tensor for each parameter.
    fn vectors(&self, prefix: &str) -> Result<Vectors, Invalid> {
        let parameters = self.program.manifest.parameters.iter();
        let vector = |(name, parameter): (&String, &Parameter)| {
            let values = self.floats(&tensor_name(prefix, name), &parameter.shape);
            values.map(|values| (name.clone(), values))
        };
        parameters.map(vector).collect()
    }

    /// The steps done, no more than the program has.
    fn step(&self) -> Result<u64, Invalid> {
        let place = |problem: Problem| problem.at(self.file, tensor_field(STEP));
        let steps = self.tensor(STEP, &[1])?.as_u32().map_err(place)?;
        let (manifest, tensors) = (&self.program.manifest, &self.program.tensors);
        let (limit, got) = (rates("program", manifest, tensors)?.len() as u64, u64::from(steps[0]));
        Problem::limit(limit, got).map_err(place)?;
        Ok(got)
    }
}
