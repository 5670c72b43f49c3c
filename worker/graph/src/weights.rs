//! The weights of a program in memory, as operators take them: where a tensor is published in that form, it is the tensor.

use std::borrow::Cow;
use std::collections::BTreeMap;

use assay_exact::{check_finite, Error, Precision, QuantRow, Quantised, Refused};
use assay_exec::Backend;

use crate::error::{Invalid, Problem};
use crate::graph::{Form, Graph, WeightShape};
use crate::manifest::Op;
use crate::tensor::{Data, Tensor, Tensors};

/// The weights that the nodes of a graph use, by name. Floats and digits as they are published are those of the tensors,
/// which it borrows.
#[derive(Clone, Debug)]
pub struct Weights<'a> {
    values: BTreeMap<String, Weight<'a>>,
}

/// One weight.
#[derive(Clone, Debug)]
struct Weight<'a> {
    shape: WeightShape,
    /// Empty if it is stored quantised.
    float: Cow<'a, [f32]>,
    /// As published, or of `float` where a linear node multiplies by it.
    digits: Option<Digits<'a>>,
}

#[derive(Clone, Debug)]
struct Digits<'a> {
    planes: Cow<'a, [i8]>,
    scales: Cow<'a, [f32]>,
    precision: Precision,
}

impl Digits<'static> {
    /// Of a matrix, with one scale per row.
    fn new(values: &[f32], [rows, cols]: [usize; 2], precision: Precision) -> Result<Self, Error> {
        let op = QuantRow::new(rows, cols, precision)?;
        let mut planes = vec![0; precision.digits() * values.len()];
        let mut scales = vec![0.0; rows];
        op.forward(values, &mut planes, &mut scales)?;
        Ok(Self { planes: planes.into(), scales: scales.into(), precision })
    }
}

impl Digits<'_> {
    fn into_owned(self) -> Digits<'static> {
        let (planes, scales) = (self.planes.into_owned(), self.scales.into_owned());
        Digits { planes: planes.into(), scales: scales.into(), precision: self.precision }
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
    let shape = [precision.digits() as u64, rows, cols];
    tensors.insert(name.into(), Tensor::i8(&shape, planes.into_owned()));
    tensors.insert(format!("{name}.scale"), Tensor::f32(&[rows], scales.into_owned()));
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

impl<'a> Weights<'a> {
    /// From tensors that hold them: types, shapes, digits and floats are checked. Quantises the f32 matrices that linear
    /// nodes multiply by, per row, at that node's precision, which is one for each matrix.
    pub fn new(file: &str, graph: &Graph, tensors: &'a Tensors) -> Result<Self, Invalid> {
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

    /// With tensors of their own.
    pub(crate) fn into_owned(self) -> Weights<'static> {
        let owned = |(name, weight): (String, Weight<'_>)| (name, weight.into_owned());
        Weights { values: self.values.into_iter().map(owned).collect() }
    }

    /// The elements of an f32 weight; none if there is no such weight.
    pub fn float(&self, name: &str) -> &[f32] {
        self.values.get(name).map_or(&[], |weight| &weight.float)
    }

    /// Replaces an f32 weight, and quantises it anew where a linear node multiplies by it. Traps at a NaN or an infinity.
    pub fn set_float(&mut self, backend: &dyn Backend, name: &str, values: &[f32]) -> Result<(), Error> {
        let weight = self.values.get_mut(name).ok_or(Refused::Domain("name of a weight"))?;
        if values.len() != weight.float.len() {
            let (expected, got) = (weight.float.len() as u64, values.len() as u64);
            return Err(Refused::Length { what: "values of a weight", expected, got }.into());
        }
        weight.float.to_mut().copy_from_slice(values);
        let (Some(digits), [rows, cols]) = (&mut weight.digits, &weight.shape.shape[..]) else {
            return Ok(check_finite(values)?);
        };
        let op = QuantRow::new(*rows, *cols, digits.precision)?;
        backend.quant_row_forward(&op, values, digits.planes.to_mut(), digits.scales.to_mut())
    }

    /// A matrix that a linear node multiplies by.
    pub(crate) fn matrix(&self, name: &str) -> Result<Quantised<'_>, Refused> {
        let weight = self.values.get(name).ok_or(Refused::Domain("name of a weight"))?;
        weight.view().ok_or(Refused::Domain("form of a weight"))?
    }

    /// The digit planes of [`Weights::matrix`]; none if there is no such matrix.
    pub(crate) fn planes(&self, name: &str) -> &[i8] {
        let digits = self.values.get(name).and_then(|weight| weight.digits.as_ref());
        digits.map_or(&[], |digits| &digits.planes)
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

impl<'a> Weight<'a> {
    fn float(tensors: &'a Tensors, name: &str, shape: &WeightShape) -> Result<Self, Problem> {
        let float = floats(tensors, name, &shape.shape)?.into();
        Ok(Self { shape: shape.clone(), float, digits: None })
    }

    fn quantised(
        tensors: &'a Tensors,
        name: &str,
        shape: &WeightShape,
        precision: Precision,
    ) -> Result<Self, Problem> {
        let [rows, cols] = shape.shape[..] else {
            return Err(Problem::mismatch("a matrix", format!("{:?}", shape.shape)));
        };
        let scales = floats(tensors, &format!("{name}.scale"), &[rows])?;
        let tensor = tensors.get(name).ok_or(Problem::Missing)?;
        let planes = match &tensor.data {
            Data::I8(planes) if planes.len() == precision.digits() * rows * cols => planes.as_slice(),
            _ => {
                let got = format!("{} {:?}", tensor.dtype().name(), tensor.shape);
                return Err(Problem::mismatch(format!("I8 [{}, {rows}, {cols}]", precision.digits()), got));
            }
        };
        Quantised::new(planes, scales, cols, precision)?.check()?;
        let digits = Some(Digits { planes: planes.into(), scales: scales.into(), precision });
        Ok(Self { shape: shape.clone(), float: Cow::default(), digits })
    }

    fn into_owned(self) -> Weight<'static> {
        let float = self.float.into_owned().into();
        Weight { shape: self.shape, float, digits: self.digits.map(Digits::into_owned) }
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
