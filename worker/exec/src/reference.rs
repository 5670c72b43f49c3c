//! The plainest backend.

use crate::backend::Backend;

/// The scalar reference itself, on the calling thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reference;

impl Backend for Reference {
    fn name(&self) -> String {
        "reference".into()
    }
}
