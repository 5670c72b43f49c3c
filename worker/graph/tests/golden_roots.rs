//! The golden roots by the contract's own code. Tests of other backends take the cases too.

use assay_exec::Reference;
use assay_graph::golden::{cases, SEED};
use assay_graph::job::{run, Input};
use assay_graph::program::Program;

#[test]
fn every_kind_of_job_has_its_golden_roots() {
    for case in cases().unwrap() {
        let program = Program::load("program", &case.program).unwrap();
        let input = Input::load("input", &case.input).unwrap();
        let outcome = run(&program, &input, SEED, &Reference, 1).unwrap();
        let roots = [program.root, input.root, outcome.result_root(), outcome.trace.root()].map(hex::encode);
        let expected = [case.program_root, case.input_root, case.result_root, case.trace_root];
        assert_eq!(roots, expected, "{}", case.name);
    }
}
