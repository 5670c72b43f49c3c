//! Programs from models that others trained, and token ids from text.
//!
//! What is read is a directory as Hugging Face's tools write it: `config.json`, `tokenizer.json`, and `model.safetensors`
//! or its shards with `model.safetensors.index.json`; beside them, of a model for sentences, `modules.json` and
//! `1_Pooling/config.json`. All of it belongs to the requester; a program that comes out of it is checked like any other.

mod bert;
mod checkpoint;
mod config;
mod settings;
#[cfg(test)]
mod tests;
mod tokenizer;

pub use bert::bert;
pub use tokenizer::Tokenizer;
