//! The golden roots, by every path of products of a device.

#[path = "../../../graph/tests/golden_roots/cases.rs"]
mod cases;

use std::cell::RefCell;

use assay_graph::job::{run, Input};
use assay_graph::program::Program;
use assay_graph::root::Hash;

use crate::operators::on_each_path;

fn compute(program: &Program, input: &Input, seed: &[u8]) -> [Hash; 2] {
    let roots = RefCell::new(Vec::new());
    on_each_path(|cuda| {
        let outcome = run(program, input, seed, cuda, 1).unwrap();
        roots.borrow_mut().push([outcome.result_root(), outcome.trace.root()]);
        assert_eq!(cuda.fault(), None);
    });
    let roots = roots.into_inner();
    assert!(roots.iter().all(|others| *others == roots[0]), "the paths of products give other roots");
    roots[0]
}
