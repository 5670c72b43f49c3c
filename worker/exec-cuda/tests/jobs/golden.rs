//! The golden roots, by every path of products of a device.

use assay_graph::golden::{cases, SEED};
use assay_graph::job::{run, Input};
use assay_graph::program::Program;

use crate::operators::on_each_path;

#[test]
fn every_path_has_the_golden_roots() {
    for case in cases().unwrap() {
        let program = Program::load("program", &case.program).unwrap();
        let input = Input::load("input", &case.input).unwrap();
        on_each_path(|cuda| {
            let outcome = run(&program, &input, SEED, cuda, 1).unwrap();
            let roots = [outcome.result_root(), outcome.trace.root()].map(hex::encode);
            assert_eq!(roots, [case.result_root, case.trace_root], "{} by {}", case.name, cuda.path());
            assert_eq!(cuda.fault(), None, "{} by {}", case.name, cuda.path());
        });
    }
}
