//! A worker that lies, for demonstrations: builds with debug assertions only.

use assay_graph::job::Outcome;
use tokio::process::Command;

/// Makes a job's process lie.
#[cfg(debug_assertions)]
const LIE: &str = "ASSAY_DEBUG_LIE";

/// Tells a job's process to lie if this one was told to.
#[cfg(debug_assertions)]
pub fn pass_on(command: &mut Command) {
    if let Some(lie) = std::env::var_os(LIE) {
        command.env(LIE, lie);
    }
}

/// Does nothing.
#[cfg(not(debug_assertions))]
pub fn pass_on(_: &mut Command) {}

/// Flips a bit of the outputs, and makes the roots of that, if the process was told to.
#[cfg(debug_assertions)]
pub fn tell(outcome: &mut Outcome) {
    use assay_graph::root::{entries, root, Domain};
    use assay_graph::tensor::Tensor;

    if std::env::var_os(LIE).is_none_or(|lie| lie != "1") {
        return;
    }
    let Ok(outputs) = &mut outcome.result else { return };
    let Some(tensor) = outputs.values_mut().find(|tensor| !tensor.is_empty()) else { return };
    let mut bytes = tensor.bytes();
    bytes[0] ^= 1;
    *tensor = Tensor::from_bytes(tensor.dtype(), &tensor.shape, &bytes);
    outcome.trace.result_root = root(Domain::Result, entries(outputs));
}

/// Does nothing.
#[cfg(not(debug_assertions))]
pub fn tell(_: &mut Outcome) {}
