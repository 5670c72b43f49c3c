//! Running a unit while a segment looks on, honestly or not.

use assay_exec::Reference;
use assay_graph::forward::{Executor, Watch};
use assay_graph::program::Program;
use assay_graph::trace::{Passes, Segment, Value};

/// Changes one element of a value on its way into the segment, but not in the run itself.
#[derive(Clone, Copy)]
pub struct Lie {
    pub value: Value,
    pub index: usize,
    pub change: fn(f32) -> f32,
}

/// The smallest lie there is.
pub fn last_bit(x: f32) -> f32 {
    f32::from_bits(x.to_bits() ^ 1)
}

struct Witness<'s, 'a> {
    segment: &'s mut Segment<'a>,
    step: usize,
    lie: Option<Lie>,
}

impl Watch for Witness<'_, '_> {
    fn value(&mut self, node: usize, value: &[f32]) {
        let mut value = value.to_vec();
        if let Some(lie) = self.lie.filter(|lie| lie.value == Value { step: self.step, node }) {
            value[lie.index] = (lie.change)(value[lie.index]);
        }
        self.segment.value(node, &value);
    }
}

/// Runs all passes by the reference; gives segment `number`.
pub fn run<'a>(program: &'a Program, passes: &'a Passes, number: usize, lie: Option<Lie>) -> Segment<'a> {
    let weights = program.weights().unwrap();
    let executor = Executor { graph: &program.graph, weights: &weights, backend: &Reference };
    let mut unit = executor.unit(program.graph.context).unwrap();
    let mut segment = Segment::new(&program.graph, passes, number).unwrap();
    for (step, ids) in passes.ids.iter().enumerate() {
        segment.pass(step);
        let mut witness = Witness { segment: &mut segment, step, lie };
        executor.run(&mut unit, ids, &mut witness).unwrap();
    }
    segment
}
