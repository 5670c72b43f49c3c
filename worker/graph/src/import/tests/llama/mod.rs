//! Decoders of the Llama type.

mod accepted;
mod model;
mod refused;
mod rotation;
