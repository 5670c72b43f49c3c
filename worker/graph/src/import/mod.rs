//! Programs from models that others trained, token ids from text, and text from token ids.
//!
//! What is read is a directory as Hugging Face's tools write it: `config.json`, `tokenizer.json`, and `model.safetensors`
//! or its shards with `model.safetensors.index.json`; beside them, of a model for sentences, `modules.json` and
//! `1_Pooling/config.json`, of one that generates, `generation_config.json`. All of it belongs to the requester; a program
//! that comes out of it is checked like any other.

mod bert;
mod builder;
mod checkpoint;
mod config;
mod family;
mod llama;
mod llama_config;
mod rope;
mod settings;
#[cfg(test)]
mod tests;
mod tokenizer;

pub use bert::bert;
pub use family::{stop_tokens, Family};
pub use llama::llama;
pub use tokenizer::Tokenizer;
