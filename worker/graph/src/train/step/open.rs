//! Making openings: the step is computed once more.

use std::collections::BTreeSet;

use crate::error::{Problem, Stop};
use crate::root::entries;
use crate::tensor::{Tensor, Tensors};
use crate::trace::chunks;
use crate::trace::fault::Fault;
use crate::trace::{Branch, Proof};
use crate::train::step::layout::Layout;
use crate::train::step::needs::{reads_tokens, Demand, Holder, Tokens};
use crate::train::step::record::{leaves, Record};
use crate::train::step::referee::Window;
use crate::train::step::{Claim, Element, Opening};
use crate::train::{Trainer, PROGRAM};

/// What tensors are taken from.
struct Holders<'a> {
    before: &'a Tensors,
    program: &'a Tensors,
    after: &'a Tensors,
}

/// What an element takes.
struct Wanted {
    element: Element,
    tokens: Branch,
    demand: Demand,
    /// Of the leaves of the tree.
    indices: Vec<u64>,
}

fn stop(fault: Fault) -> Stop {
    Problem::Format(fault.to_string()).at("step", "element").into()
}

fn prove(of: &str, bytes: &[u8], wanted: &[u64]) -> Result<Branch, Fault> {
    chunks::prove(bytes, wanted).ok_or_else(|| Fault::Proof(of.into()))
}

impl Trainer<'_> {
    /// Takes the next step, and opens elements of it. `data` is the tensor that the trainer's data were read from. Beside
    /// what a step takes, memory is taken for 32 bytes of each leaf of the step, for the leaves opened, and for two
    /// states.
    ///
    /// A step that traps has no tree: the trap is the job's result.
    pub fn open(&mut self, data: &Tensor, elements: &[Element]) -> Result<(Claim, Vec<Opening>), Stop> {
        let program = self.program;
        let layout = Layout::new(&program.manifest, &program.graph)?;
        let step = self.state.step;
        let wanted = elements.iter().map(|element| self.wanted(&layout, data, *element));
        let wanted = wanted.collect::<Result<Vec<_>, _>>().map_err(stop)?;
        let indices = wanted.iter().flat_map(|wanted| wanted.indices.iter().copied());
        let indices: BTreeSet<u64> = indices.collect();
        let before = self.state.tensors(program);
        let mut record = Record::new(&layout, step, indices);
        let gradients = self.gradients_seen(0..self.plan.units, &mut record)?;
        self.apply_seen(&gradients, &mut record)?;
        if !record.is_whole() {
            let problem = Problem::Format("computes other values than the layout of a step has".into());
            return Err(problem.at(PROGRAM, "graph").into());
        }
        let after = self.state.tensors(program);
        let holders = Holders { before: &before, program: &program.tensors, after: &after };
        let openings = wanted.into_iter().map(|wanted| wanted.open(&record, &holders));
        let openings = openings.collect::<Result<_, _>>().map_err(stop)?;
        let root = record.tree.root();
        Ok((Claim { step, before: entries(&before), after: entries(&after), root }, openings))
    }

    fn wanted(&self, layout: &Layout<'_>, data: &Tensor, element: Element) -> Result<Wanted, Fault> {
        layout.locate(&element, self.state.step)?;
        if data.len() != self.data.len() {
            return Err(Fault::Data);
        }
        let (mut branch, mut tokens) = (Branch::default(), Tokens::default());
        if reads_tokens(layout, element.value) {
            let (ids, bytes) = (data.len() as u64, data.bytes());
            let window = Window::new(self.key, &element, layout.plan.tokens, data.dtype(), ids)?;
            branch = prove("data", &bytes, &leaves(&window.bytes).collect::<Vec<_>>())?;
            tokens = window.tokens(bytes.get(window.bytes.clone()).ok_or(Fault::Data)?);
        }
        let demand = Demand::new(layout, &element, &tokens)?;
        let indices = demand.values().map(|leaf| layout.index(leaf)).collect();
        Ok(Wanted { element, tokens: branch, demand, indices })
    }
}

impl Wanted {
    fn open(self, record: &Record<'_>, holders: &Holders<'_>) -> Result<Opening, Fault> {
        let lost = || Fault::Proof("step".into());
        let leaf = |index: &u64| record.leaves.get(index).cloned();
        let leaves = self.indices.iter().map(leaf).collect::<Option<_>>().ok_or_else(lost)?;
        let proof = match self.indices.is_empty() {
            true => Proof::default(),
            false => record.tree.prove(&self.indices).ok_or_else(lost)?,
        };
        let branch = |(holder, name, wanted): (Holder, &str, Vec<u64>)| {
            let tensors = match holder {
                Holder::Before => holders.before,
                Holder::Program => holders.program,
                Holder::After => holders.after,
            };
            let tensor = tensors.get(name).ok_or_else(|| Fault::Unpublished(name.into()))?;
            prove(name, &tensor.bytes(), &wanted)
        };
        let tensors = self.demand.tensors().map(branch).collect::<Result<_, _>>()?;
        let values = Branch { leaves, proof };
        Ok(Opening { element: self.element, tokens: self.tokens, values, tensors })
    }
}
