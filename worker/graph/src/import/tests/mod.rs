//! Small models that can be imported, and all that cannot.

mod accepted;
mod llama;
mod model;
mod refused;
mod tokens;
