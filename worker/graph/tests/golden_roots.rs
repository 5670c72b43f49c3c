//! The golden roots by the contract's own code. Tests of other backends take the cases too.

#[path = "golden_roots/cases.rs"]
mod cases;

use assay_exec::Reference;
use assay_graph::job::{run, Input};
use assay_graph::program::Program;
use assay_graph::root::Hash;

fn compute(program: &Program, input: &Input, seed: &[u8]) -> [Hash; 2] {
    let outcome = run(program, input, seed, &Reference, 1).unwrap();
    [outcome.result_root(), outcome.trace.root()]
}
