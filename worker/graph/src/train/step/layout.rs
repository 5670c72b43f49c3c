//! Where the values of a step lie in its tree: those of each unit, in the order in which they are computed, then those of
//! the update. A value's point is its place in this list, of its unit or of the update.

use std::collections::BTreeMap;

use crate::error::{Invalid, Trap};
use crate::graph::{Graph, Node};
use crate::manifest::{Manifest, Op, Optimizer, Training};
use crate::root::Entry;
use crate::tensor::{elements, Dtype};
use crate::trace::fault::Fault;
use crate::trace::tree::{leaf_size, Place, LEAF};
use crate::train::plan::{training, weights, Plan};
use crate::train::state::{FIRST, PARAMETER, POWERS, SECOND, STEP, VELOCITY};
use crate::train::step::{Element, StateTensor, Value};
use crate::train::PROGRAM;

/// A value in the tree.
#[derive(Debug)]
struct Slot {
    value: Value,
    dtype: Dtype,
    shape: Vec<u64>,
    /// Its first leaf, counted from its unit's, or from the update's.
    first: u64,
}

impl Slot {
    fn bytes(&self) -> u64 {
        bytes(self.dtype, &self.shape)
    }
}

/// One that no memory could hold is none that a run could have: its size only must not wrap.
fn bytes(dtype: Dtype, shape: &[u64]) -> u64 {
    elements(shape).unwrap_or(u64::MAX).saturating_mul(dtype.size() as u64)
}

/// Values one after another.
#[derive(Debug, Default)]
struct Slots {
    slots: Vec<Slot>,
    leaves: u64,
}

impl Slots {
    fn push(&mut self, value: Value, dtype: Dtype, shape: Vec<u64>) {
        let slot = Slot { value, dtype, shape, first: self.leaves };
        self.leaves = self.leaves.saturating_add(slot.bytes().div_ceil(LEAF as u64));
        self.slots.push(slot);
    }

    fn floats(&mut self, value: Value, shape: impl Into<Vec<u64>>) {
        self.push(value, Dtype::F32, shape.into());
    }

    /// An i64 is eight bytes: files have no such type.
    fn sums(&mut self, value: Value, elements: u64) {
        self.push(value, Dtype::U8, vec![elements, 8]);
    }
}

/// A tensor of the state.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub tensor: StateTensor,
    pub dtype: Dtype,
    pub shape: Vec<u64>,
}

/// A leaf's place in the list: of a unit ([`Trap::NO_UNIT`] of the update), a point and a number in the value.
pub(super) type LeafOf = (u64, usize, u64);

/// The values of a step of a program.
#[derive(Debug)]
pub(super) struct Layout<'a> {
    pub manifest: &'a Manifest,
    pub graph: &'a Graph,
    pub training: &'a Training,
    pub plan: Plan,
    unit: Slots,
    update: Slots,
    points: BTreeMap<Value, usize>,
    /// The tensors of the state, by name.
    pub state: BTreeMap<String, Held>,
}

impl<'a> Layout<'a> {
    pub fn new(manifest: &'a Manifest, graph: &'a Graph) -> Result<Self, Invalid> {
        let (plan, training) = (Plan::new(PROGRAM, manifest, graph)?, training(PROGRAM, manifest)?);
        let (unit, update) = (unit(manifest, graph, &plan), update(manifest, training));
        let points = [&unit, &update].into_iter().flat_map(|slots| slots.slots.iter().enumerate());
        let points = points.map(|(point, slot)| (slot.value, point)).collect();
        let state = state(manifest, training);
        Ok(Self { manifest, graph, training, plan, unit, update, points, state })
    }

    /// All values with the number of their elements: of a unit, of the update, of the state.
    pub fn values(&self) -> impl Iterator<Item = (Value, u64)> + '_ {
        let slots = self.unit.slots.iter().chain(&self.update.slots);
        let tree = slots.map(|slot| (slot.value, slot.bytes() / slot.value.element_size() as u64));
        let state = self.state.values().flat_map(|held| {
            let size = elements(&held.shape).unwrap_or(u64::MAX);
            [Value::Before(held.tensor), Value::After(held.tensor)].map(|value| (value, size))
        });
        tree.chain(state)
    }

    fn slots(&self, unit: u64) -> &Slots {
        if unit == Trap::NO_UNIT {
            &self.update
        } else {
            &self.unit
        }
    }

    /// The value at a point, and its bytes.
    pub fn at(&self, unit: u64, point: usize) -> Option<(Value, u64)> {
        let slot = self.slots(unit).slots.get(point)?;
        Some((slot.value, slot.bytes()))
    }

    pub fn point(&self, value: Value) -> Result<usize, Fault> {
        self.points.get(&value).copied().ok_or(Fault::Value(value))
    }

    fn slot(&self, value: Value) -> Result<&Slot, Fault> {
        let slots = if value.is_of_unit() { &self.unit } else { &self.update };
        slots.slots.get(self.point(value)?).ok_or(Fault::Value(value))
    }

    /// The sizes of a value's axes; of sums the last is 8, the bytes of one.
    pub fn shape(&self, value: Value) -> Result<&[u64], Fault> {
        Ok(&self.slot(value)?.shape)
    }

    /// Elements of a value of the tree.
    pub fn elements(&self, value: Value) -> Result<usize, Fault> {
        Ok(self.slot(value)?.bytes() as usize / value.element_size())
    }

    /// How many leaves the tree has.
    pub fn count(&self) -> u64 {
        self.unit.leaves.saturating_mul(self.plan.units).saturating_add(self.update.leaves)
    }

    /// The index of a leaf in the tree.
    pub fn index(&self, (unit, point, number): LeafOf) -> u64 {
        let before = self.unit.leaves.saturating_mul(unit.min(self.plan.units));
        let first = self.slots(unit).slots.get(point).map_or(u64::MAX, |slot| slot.first);
        before.saturating_add(first).saturating_add(number)
    }

    /// Where a leaf lies, and its bytes.
    pub fn place(&self, step: u64, (unit, point, number): LeafOf) -> Option<(Place, u64)> {
        let slot = self.slots(unit).slots.get(point)?;
        let offset = number.saturating_mul(LEAF as u64);
        let (dtype, shape) = (slot.dtype as u8, slot.shape.clone());
        let place = Place { step, unit, point: point as u32, offset, dtype, shape };
        Some((place, leaf_size(number, slot.bytes())))
    }

    /// The name of a tensor of the state, and what it is.
    pub fn held(&self, tensor: StateTensor) -> Result<(&str, &Held), Fault> {
        let found = self.state.iter().find(|(_, held)| held.tensor == tensor);
        found.map(|(name, held)| (name.as_str(), held)).ok_or(Fault::Value(Value::After(tensor)))
    }

    /// The name of a parameter.
    pub fn parameter(&self, number: u32) -> Result<&str, Fault> {
        let name = self.manifest.parameters.keys().nth(number as usize);
        name.map(String::as_str).ok_or(Fault::Value(Value::Mean(number)))
    }

    /// Refuses an element that the step has not.
    pub fn locate(&self, element: &Element, step: u64) -> Result<(), Fault> {
        let value = element.value;
        let size = match value {
            Value::Before(tensor) | Value::After(tensor) => elements(&self.held(tensor)?.1.shape),
            _ => Some(self.elements(value)? as u64),
        };
        let unit = match value.is_of_unit() {
            true => element.unit < self.plan.units,
            false => element.unit == Trap::NO_UNIT,
        };
        let start = !matches!(value, Value::Before(_)) || step == 0;
        if !(unit && start && element.step == step) || size.is_none_or(|size| element.index >= size) {
            return Err(Fault::Outside(*element));
        }
        Ok(())
    }

    /// Refuses entries that are not those of a state; `what` is for the error.
    pub fn check_state(&self, what: &'static str, entries: &[Entry]) -> Result<(), Fault> {
        let expected = self.state.iter().map(|(name, held)| (name, held.dtype as u8, &held.shape));
        match entries.iter().map(|entry| (&entry.name, entry.dtype, &entry.shape)).eq(expected) {
            true => Ok(()),
            false => Err(Fault::State(what)),
        }
    }

    /// The weight `number` of a node.
    pub fn weight(&self, node: u32, number: u32) -> Option<&str> {
        weights(&self.graph.nodes.get(node as usize)?.op).nth(number as usize)
    }

    /// The uses of a weight in a unit, in the order in which they add to its sums.
    pub fn uses(&self, weight: &str) -> Vec<Value> {
        let adds = |value: &Value| match value {
            Value::WeightSum { node, number } => self.weight(*node, *number) == Some(weight),
            _ => false,
        };
        self.unit.slots.iter().map(|slot| slot.value).filter(adds).collect()
    }
}

/// How many gradients of inputs the backward form of a node gives.
fn found(graph: &Graph, plan: &Plan, at: usize) -> u32 {
    let node = &graph.nodes[at];
    match &node.op {
        Op::Linear { .. } | Op::LayerNorm { .. } | Op::RmsNorm { .. } => {
            u32::from(plan.active[node.inputs[0]])
        }
        _ => node.inputs.len() as u32,
    }
}

fn statistics(op: &Op) -> u32 {
    match op {
        Op::LayerNorm { .. } => 2,
        Op::RmsNorm { .. } | Op::L2Norm { .. } => 1,
        _ => 0,
    }
}

/// The values of a unit.
fn unit(manifest: &Manifest, graph: &Graph, plan: &Plan) -> Slots {
    let mut slots = Slots::default();
    let shape = |node: &Node| [node.rows.count(plan.tokens) as u64, node.cols as u64];
    for (at, node) in (0u32..).zip(&graph.nodes) {
        slots.floats(Value::Node(at), shape(node));
        for number in 0..statistics(&node.op) {
            slots.floats(Value::Statistic { node: at, number }, [shape(node)[0]]);
        }
    }
    slots.floats(Value::Losses, [plan.tokens as u64]);
    slots.sums(Value::LossSum, 1);
    slots.floats(Value::Probabilities, shape(&graph.nodes[graph.output]));
    for at in (0..=graph.output).rev().filter(|at| plan.active[*at]) {
        let node = &graph.nodes[at];
        if at != graph.output {
            slots.floats(Value::Gradient(at as u32), shape(node));
        }
        for (number, weight) in (0u32..).zip(weights(&node.op)) {
            if let Some(parameter) = manifest.parameters.get(weight) {
                let size = elements(&parameter.shape).unwrap_or(u64::MAX);
                slots.sums(Value::WeightSum { node: at as u32, number }, size);
            }
        }
        for input in 0..found(graph, plan, at) {
            let shape = shape(&graph.nodes[node.inputs[input as usize]]);
            slots.floats(Value::InputGradient { node: at as u32, input }, shape);
        }
    }
    slots
}

/// The values of the update.
fn update(manifest: &Manifest, training: &Training) -> Slots {
    let mut slots = Slots::default();
    let parameters = || (0u32..).zip(manifest.parameters.values());
    slots.floats(Value::Loss, [1]);
    for (number, parameter) in parameters() {
        slots.floats(Value::Mean(number), parameter.shape.as_slice());
    }
    if training.clip.is_some() {
        slots.floats(Value::Squares, [manifest.parameters.len() as u64]);
        slots.floats(Value::Factor, [1]);
        for (number, parameter) in parameters() {
            slots.floats(Value::Clipped(number), parameter.shape.as_slice());
        }
    }
    slots
}

fn state(manifest: &Manifest, training: &Training) -> BTreeMap<String, Held> {
    let mut state = BTreeMap::new();
    let adam = matches!(training.optimizer, Optimizer::Adam { .. });
    let moments: &[&str] = if adam { &[FIRST, SECOND] } else { &[VELOCITY] };
    for (number, (name, parameter)) in (0u32..).zip(&manifest.parameters) {
        let mut hold = |prefix: &str, tensor| {
            let held = Held { tensor, dtype: Dtype::F32, shape: parameter.shape.clone() };
            state.insert(format!("{prefix}.{name}"), held);
        };
        hold(PARAMETER, StateTensor::Parameter(number));
        for (moment, prefix) in (0u32..).zip(moments.iter().copied()) {
            hold(prefix, StateTensor::Moment { parameter: number, number: moment });
        }
    }
    let held = |tensor, dtype, size| Held { tensor, dtype, shape: vec![size] };
    state.insert(STEP.into(), held(StateTensor::Step, Dtype::U32, 1));
    if adam {
        state.insert(POWERS.into(), held(StateTensor::Powers, Dtype::F32, 2));
    }
    state
}
