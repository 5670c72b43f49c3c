//! The weights of a program in memory, as operators take them.

use std::collections::BTreeMap;

use assay_exact::{check_finite, Error, Precision, QuantRow, Quantised, Refused};

use crate::error::{Invalid, Problem};
use crate::graph::{Form, Graph, WeightShape};
use crate::manifest::Op;
use crate::tensor::{Data, Tensor, Tensors};

/// The weights that the nodes of a graph use, by name.
#[derive(Clone, Debug)]
pub struct Weights {
    values: BTreeMap<String, Weight>,
}

/// One weight.
#[derive(Clone, Debug)]
struct Weight {
    shape: WeightShape,
    /// Empty if it is stored quantised.
    float: Vec<f32>,
    /// As published, or of `float` where a linear node multiplies by it.
    digits: Option<Digits>,
}

#[derive(Clone, Debug)]
struct Digits {
    planes: Vec<i8>,
    scales: Vec<f32>,
    precision: Precision,
}

impl Digits {
    /// Of a matrix, with one scale per row.
    fn new(values: &[f32], [rows, cols]: [usize; 2], precision: Precision) -> Result<Self, Error> {
        let op = QuantRow::new(rows, cols, precision)?;
        let mut planes = vec![0; precision.digits() * values.len()];
        let mut scales = vec![0.0; rows];
        op.forward(values, &mut planes, &mut scales)?;
        Ok(Self { planes, scales, precision })
    }
}

/// Adds a matrix to a program's tensors, quantised with one scale per row, as a linear node or a table takes it.
pub(crate) fn publish(
    tensors: &mut Tensors,
    name: &str,
    values: &[f32],
    [rows, cols]: [u64; 2],
    precision: Precision,
) -> Result<(), Problem> {
    let Digits { planes, scales, .. } = Digits::new(values, [rows as usize, cols as usize], precision)?;
    tensors.insert(name.into(), Tensor::i8(&[precision.digits() as u64, rows, cols], planes));
    tensors.insert(format!("{name}.scale"), Tensor::f32(&[rows], scales));
    Ok(())
}

/// A table of rows.
#[derive(Clone, Copy, Debug)]
pub enum Table<'a> {
    /// In f32.
    Float(&'a [f32]),
    /// Quantised per row.
    Quantised(Quantised<'a>),
}

impl Weights {
    /// From tensors that hold them: types, shapes, digits and floats are checked. Quantises the f32 matrices that linear
    /// nodes multiply by, per row, at that node's precision, which is one for each matrix.
    pub fn new(file: &str, graph: &Graph, tensors: &Tensors) -> Result<Self, Invalid> {
        let mut values = BTreeMap::new();
        for (name, shape) in &graph.weights {
            let place = |problem: Problem| problem.at(file, format!("tensor {name:?}"));
            let weight = match shape.form {
                Form::Float => Weight::float(tensors, name, shape),
                Form::Quantised(precision) => Weight::quantised(tensors, name, shape, precision),
            };
            values.insert(name.clone(), weight.map_err(place)?);
        }
        let mut weights = Self { values };
        for node in &graph.nodes {
            let Op::Linear { precision, weight: name, .. } = &node.op else { continue };
            let place = |problem: Problem| problem.at(file, format!("graph node {:?}, weight", node.name));
            let weight = weights.values.get_mut(name).ok_or_else(|| place(Problem::Missing))?;
            weight.multiplied_at(*precision).map_err(place)?;
        }
        Ok(weights)
    }

    /// The elements of an f32 weight; none if there is no such weight.
    pub fn float(&self, name: &str) -> &[f32] {
        self.values.get(name).map_or(&[], |weight| &weight.float)
    }

    /// Replaces an f32 weight, and quantises it anew where a linear node multiplies by it. Traps at a NaN or an infinity.
    pub fn set_float(&mut self, name: &str, values: &[f32]) -> Result<(), Error> {
        let weight = self.values.get_mut(name).ok_or(Refused::Domain("name of a weight"))?;
        if values.len() != weight.float.len() {
            let (expected, got) = (weight.float.len() as u64, values.len() as u64);
            return Err(Refused::Length { what: "values of a weight", expected, got }.into());
        }
        check_finite(values)?;
        weight.float.copy_from_slice(values);
        match weight.digits.take() {
            Some(digits) => weight.quantise(digits.precision),
            None => Ok(()),
        }
    }

    /// A matrix that a linear node multiplies by.
    pub(crate) fn matrix(&self, name: &str) -> Result<Quantised<'_>, Refused> {
        let weight = self.values.get(name).ok_or(Refused::Domain("name of a weight"))?;
        weight.view().ok_or(Refused::Domain("form of a weight"))?
    }

    /// A table that rows are taken from.
    pub(crate) fn table(&self, name: &str) -> Result<Table<'_>, Refused> {
        let weight = self.values.get(name).ok_or(Refused::Domain("name of a weight"))?;
        match weight.shape.form {
            Form::Float => Ok(Table::Float(&weight.float)),
            Form::Quantised(_) => {
                weight.view().ok_or(Refused::Domain("form of a weight"))?.map(Table::Quantised)
            }
        }
    }

    /// Rows of a matrix or a table.
    pub(crate) fn rows(&self, name: &str) -> usize {
        self.values.get(name).map_or(0, |weight| weight.shape.shape[0])
    }
}

impl Weight {
    fn float(tensors: &Tensors, name: &str, shape: &WeightShape) -> Result<Self, Problem> {
        let float = floats(tensors, name, &shape.shape)?.to_vec();
        Ok(Self { shape: shape.clone(), float, digits: None })
    }

    fn quantised(
        tensors: &Tensors,
        name: &str,
        shape: &WeightShape,
        precision: Precision,
    ) -> Result<Self, Problem> {
        let [rows, cols] = shape.shape[..] else {
            return Err(Problem::mismatch("a matrix", format!("{:?}", shape.shape)));
        };
        let scales = floats(tensors, &format!("{name}.scale"), &[rows])?.to_vec();
        let tensor = tensors.get(name).ok_or(Problem::Missing)?;
        let planes = match &tensor.data {
            Data::I8(planes) if planes.len() == precision.digits() * rows * cols => planes.clone(),
            _ => {
                let got = format!("{} {:?}", tensor.dtype().name(), tensor.shape);
                return Err(Problem::mismatch(format!("I8 [{}, {rows}, {cols}]", precision.digits()), got));
            }
        };
        Quantised::new(&planes, &scales, cols, precision)?.check()?;
        let digits = Some(Digits { planes, scales, precision });
        Ok(Self { shape: shape.clone(), float: Vec::new(), digits })
    }

    /// Sees to it that there are digits for a linear node.
    fn multiplied_at(&mut self, precision: Precision) -> Result<(), Problem> {
        if self.digits.is_some() {
            return Ok(());
        }
        Ok(self.quantise(precision)?)
    }

    fn quantise(&mut self, precision: Precision) -> Result<(), Error> {
        let [rows, cols] = self.shape.shape[..] else {
            return Err(Refused::Domain("shape of a weight").into());
        };
        self.digits = Some(Digits::new(&self.float, [rows, cols], precision)?);
        Ok(())
    }

    fn view(&self) -> Option<Result<Quantised<'_>, Refused>> {
        let digits = self.digits.as_ref()?;
        let cols = *self.shape.shape.get(1)?;
        Some(Quantised::new(&digits.planes, &digits.scales, cols, digits.precision))
    }
}

/// The elements of an f32 tensor of a shape, all finite.
pub(crate) fn floats<'a>(tensors: &'a Tensors, name: &str, shape: &[usize]) -> Result<&'a [f32], Problem> {
    let tensor = tensors.get(name).ok_or_else(|| Problem::Unknown(format!("tensor {name:?}")))?;
    let values = tensor.as_f32()?;
    if tensor.shape.iter().copied().ne(shape.iter().map(|size| *size as u64)) {
        return Err(Problem::mismatch(format!("{shape:?}"), format!("{:?}", tensor.shape)));
    }
    check_finite(values).map_err(|trap| Problem::NotFinite(trap.index))?;
    Ok(values)
}
