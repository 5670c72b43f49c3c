//! The operator graph of a manifest, checked: every reference resolved, every shape agreed, every bound of the contract
//! held for the longest unit.

mod places;
mod shapes;

use std::collections::{BTreeMap, HashMap};

use assay_exact::{Mask, Precision, MAX_DEPTH, VERSION};

use crate::error::{Invalid, Problem};
use crate::graph::places::Places;
use crate::manifest::{Manifest, Op, MAX_NAME, MAX_TENSORS};
use crate::tensor::{elements, Dtype};

/// Most elements of a tensor: 4 TiB of floats.
const MAX_ELEMENTS: u64 = 1 << 40;

/// How many rows a node's value has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// One for each token of the pass.
    Tokens,
    /// One.
    One,
}

impl Rows {
    /// The number of rows in a pass over `tokens` tokens.
    pub fn count(self, tokens: usize) -> usize {
        match self {
            Self::Tokens => tokens,
            Self::One => 1,
        }
    }
}

/// A node whose operands are resolved.
#[derive(Clone, Debug)]
pub struct Node {
    /// As in the manifest.
    pub name: String,
    /// As in the manifest.
    pub op: Op,
    /// Indices of earlier nodes.
    pub inputs: Vec<usize>,
    /// Rows of its value.
    pub rows: Rows,
    /// Columns of its value.
    pub cols: usize,
}

/// How a weight is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One f32 tensor of that name.
    Float,
    /// An i8 tensor of that name, `[digits, rows, columns]`, lowest digit first, and the f32 tensor `{name}.scale`, `[rows]`.
    Quantised(Precision),
}

/// A weight as operators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightShape {
    /// A vector's length, or a matrix' rows and columns.
    pub shape: Vec<usize>,
    /// How it is stored.
    pub form: Form,
}

/// The graph of a program.
#[derive(Clone, Debug)]
pub struct Graph {
    /// In the order in which they run.
    pub nodes: Vec<Node>,
    /// The node whose value is the result.
    pub output: usize,
    /// The nodes whose values the trace commits to.
    pub trace: Vec<usize>,
    /// Where the values of a pass lie.
    pub(crate) places: Places,
    /// All weights that nodes use, by name.
    pub weights: BTreeMap<String, WeightShape>,
    /// Most tokens of a unit.
    pub context: usize,
    /// Token ids are below it.
    pub vocabulary: usize,
}

impl Graph {
    /// Checks the graph of a manifest; `file` is for the error.
    pub fn new(file: &str, manifest: &Manifest) -> Result<Self, Invalid> {
        check_header(manifest).map_err(|(field, problem)| problem.at(file, field))?;
        let mut graph = Self {
            nodes: Vec::with_capacity(manifest.graph.len()),
            output: 0,
            trace: Vec::new(),
            places: Places::default(),
            weights: BTreeMap::new(),
            context: manifest.context as usize,
            vocabulary: manifest.vocabulary as usize,
        };
        let mut names = HashMap::new();
        for node in &manifest.graph {
            let place = |field: &str| format!("graph node {:?}{field}", node.name);
            check_name(&node.name).map_err(|problem| problem.at(file, place("")))?;
            let inputs = node.inputs.iter().map(|name| find(&names, name)).collect::<Result<Vec<_>, _>>();
            let inputs = inputs.map_err(|problem| problem.at(file, place(", inputs")))?;
            let checked = shapes::node(manifest, &mut graph, &node.op, &inputs);
            let (rows, cols) = checked.map_err(|(field, problem)| problem.at(file, place(&field)))?;
            if names.insert(node.name.clone(), graph.nodes.len()).is_some() {
                return Err(Problem::Duplicate.at(file, place("")));
            }
            let (name, op) = (node.name.clone(), node.op.clone());
            graph.nodes.push(Node { name, op, inputs, rows, cols });
        }
        graph.output = find(&names, &manifest.output).map_err(|problem| problem.at(file, "output"))?;
        graph.check_output(manifest).map_err(|problem| problem.at(file, "output"))?;
        graph.set_trace(manifest, &names).map_err(|problem| problem.at(file, "trace"))?;
        graph
            .check_precisions()
            .map_err(|(node, problem)| problem.at(file, format!("graph node {node:?}, weight")))?;
        graph.set_places();
        Ok(graph)
    }

    /// A node by its name.
    pub fn node(&self, name: &str) -> Option<usize> {
        self.nodes.iter().position(|node| node.name == name)
    }

    /// Whether a unit can be continued token by token: no token depends on a later one.
    pub fn is_causal(&self) -> bool {
        self.nodes.iter().all(|node| match &node.op {
            Op::Attention(attention) => attention.mask == Mask::Causal,
            Op::MeanPool => false,
            _ => true,
        })
    }

    fn check_output(&self, manifest: &Manifest) -> Result<(), Problem> {
        let output = &self.nodes[self.output];
        if manifest.training.is_none() {
            return match output.rows {
                Rows::One => Ok(()),
                Rows::Tokens => Err(Problem::mismatch("one row", "a row for each token")),
            };
        }
        if !matches!(&output.op, Op::Linear { bias: None, .. }) || output.rows != Rows::Tokens {
            return Err(Problem::mismatch(
                "a linear node without bias, a row for each token",
                "another node",
            ));
        }
        if output.cols != self.vocabulary {
            return Err(Problem::mismatch(format!("{} columns", self.vocabulary), output.cols));
        }
        Ok(())
    }

    /// An f32 matrix is quantised once, so all that multiply by it do so at one precision.
    fn check_precisions(&self) -> Result<(), (&String, Problem)> {
        let mut precisions = BTreeMap::new();
        for node in &self.nodes {
            let Op::Linear { precision, weight, .. } = &node.op else { continue };
            let float = self.weights.get(weight).is_some_and(|weight| weight.form == Form::Float);
            if float && *precisions.entry(weight).or_insert(*precision) != *precision {
                return Err((&node.name, Problem::Format("is multiplied at two precisions".into())));
            }
        }
        Ok(())
    }

    fn set_places(&mut self) {
        let mut last_use: Vec<usize> = (0..self.nodes.len()).collect();
        for (at, node) in self.nodes.iter().enumerate() {
            for input in &node.inputs {
                last_use[*input] = at;
            }
        }
        last_use[self.output] = usize::MAX;
        self.places = Places::new(&self.nodes, &last_use);
    }

    fn set_trace(&mut self, manifest: &Manifest, names: &HashMap<String, usize>) -> Result<(), Problem> {
        for name in &manifest.trace {
            let node = find(names, name)?;
            if node == self.output {
                return Err(Problem::Format(format!("{name:?} is the output, which the result root covers")));
            }
            if self.trace.last().is_some_and(|last| *last >= node) {
                return Err(Problem::Format(format!("{name:?} is not in program order")));
            }
            self.trace.push(node);
        }
        let needed = manifest.training.is_none();
        match self.trace.is_empty() {
            true if needed => Err(Problem::Format("names no node beside the output".into())),
            false if !needed => Err(Problem::Format("a training commits to its state, not to nodes".into())),
            _ => Ok(()),
        }
    }
}

fn find(names: &HashMap<String, usize>, name: &String) -> Result<usize, Problem> {
    names.get(name).copied().ok_or_else(|| Problem::Unknown(name.clone()))
}

/// Names are of letters, digits, `.`, `_`, `-` and `/`.
pub(crate) fn check_name(name: &str) -> Result<(), Problem> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte);
    Problem::limit(MAX_NAME, name.len() as u64)?;
    if name.is_empty() || !name.bytes().all(allowed) {
        return Err(Problem::Format("is not a name of letters, digits, '.', '_', '-' and '/'".into()));
    }
    Ok(())
}

/// What does not depend on the graph.
fn check_header(manifest: &Manifest) -> Result<(), (String, Problem)> {
    let field = |name: &'static str| move |problem| (name.to_string(), problem);
    if manifest.version != VERSION {
        return Err(("version".into(), Problem::mismatch(VERSION, &manifest.version)));
    }
    if manifest.context == 0 {
        return Err(("context".into(), Problem::mismatch("at least 1", 0)));
    }
    Problem::limit(MAX_DEPTH as u64, manifest.context).map_err(field("context"))?;
    Problem::limit(u64::from(u32::MAX), manifest.vocabulary).map_err(field("vocabulary"))?;
    Problem::limit(MAX_TENSORS, manifest.graph.len() as u64).map_err(field("graph"))?;
    Problem::limit(MAX_TENSORS, manifest.blobs.len() as u64).map_err(field("blobs"))?;
    Problem::limit(MAX_TENSORS, manifest.tensors.len() as u64).map_err(field("tensors"))?;
    Problem::limit(MAX_TENSORS, manifest.parameters.len() as u64).map_err(field("parameters"))?;
    if manifest.training.is_none() && !manifest.parameters.is_empty() {
        return Err(("parameters".into(), Problem::Format("are there without a training".into())));
    }
    for (name, tensor) in &manifest.tensors {
        let place = |problem| (format!("tensors {name:?}"), problem);
        check_name(name).map_err(place)?;
        check_shape(&tensor.shape).map_err(place)?;
        if tensor.blob >= manifest.blobs.len() as u64 {
            return Err(place(Problem::Unknown(format!("blob {}", tensor.blob))));
        }
    }
    for (name, parameter) in &manifest.parameters {
        let place = |problem| (format!("parameters {name:?}"), problem);
        check_name(name).map_err(place)?;
        check_shape(&parameter.shape).map_err(place)?;
        if manifest.tensors.contains_key(name) {
            return Err(place(Problem::Duplicate));
        }
    }
    Ok(())
}

/// One to three axes, none empty, and a number of bytes that a machine can address.
pub(crate) fn check_shape(shape: &[u64]) -> Result<(), Problem> {
    Problem::limit(3, shape.len() as u64)?;
    match elements(shape) {
        Some(0) => Err(Problem::mismatch("sizes of at least 1", format!("{shape:?}"))),
        Some(elements) => Problem::limit(MAX_ELEMENTS, elements),
        None => Err(Problem::Limit { limit: MAX_ELEMENTS, got: u64::MAX }),
    }
}

/// A weight that the manifest declares, by its name.
fn weight(manifest: &Manifest, name: &str) -> Result<WeightShape, Problem> {
    let sizes = |shape: &[u64]| shape.iter().map(|size| *size as usize).collect();
    if let Some(parameter) = manifest.parameters.get(name) {
        return Ok(WeightShape { shape: sizes(&parameter.shape), form: Form::Float });
    }
    let tensor = manifest.tensors.get(name).ok_or_else(|| Problem::Unknown(format!("tensor {name:?}")))?;
    match tensor.dtype {
        Dtype::F32 => Ok(WeightShape { shape: sizes(&tensor.shape), form: Form::Float }),
        Dtype::I8 => quantised_weight(manifest, name, &tensor.shape),
        other => Err(Problem::mismatch("F32 or I8", other.name())),
    }
}

fn quantised_weight(manifest: &Manifest, name: &str, shape: &[u64]) -> Result<WeightShape, Problem> {
    if manifest.training.is_some() {
        return Err(Problem::Format(format!("tensor {name:?} is quantised; a training has f32 weights")));
    }
    let [digits, rows, cols] = shape else {
        return Err(Problem::mismatch("an i8 tensor of [digits, rows, columns]", format!("{shape:?}")));
    };
    let precision = match digits {
        1 => Precision::I8,
        2 => Precision::I15,
        3 => Precision::I22,
        _ => return Err(Problem::Limit { limit: 3, got: *digits }),
    };
    let scale = format!("{name}.scale");
    let scales = manifest.tensors.get(&scale).ok_or_else(|| Problem::Unknown(format!("tensor {scale:?}")))?;
    if scales.dtype != Dtype::F32 || scales.shape != [*rows] {
        let got = format!("{} {:?}", scales.dtype.name(), scales.shape);
        return Err(Problem::mismatch(format!("tensor {scale:?} as F32 [{rows}]"), got));
    }
    let shape = vec![*rows as usize, *cols as usize];
    Ok(WeightShape { shape, form: Form::Quantised(precision) })
}
