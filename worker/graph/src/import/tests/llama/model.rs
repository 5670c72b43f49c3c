//! A decoder of two layers, as a directory.

use std::fs;
use std::path::Path;

use assay_exact::{Philox, Precision};
use serde_json::{json, Value};
use tempfile::TempDir;

use crate::error::Problem;
use crate::import::llama;
use crate::import::tests::model::{safetensors, tokenizer, Floats, Written, F32, WEIGHTS, WORDS};
use crate::package::Package;
use crate::program::Program;

pub const POSITIONS: u64 = 10;
pub const CONFIG: &str = "config.json";
const INDEX: &str = "model.safetensors.index.json";

/// A model's directory before it is written: two layers, 8 columns, 4 heads of 2 that read 2 key-value heads.
pub struct Llama {
    pub config: Value,
    pub tensors: Floats,
    pub written: Written,
}

impl Llama {
    pub fn new() -> Self {
        let config = json!({
            "model_type": "llama", "hidden_act": "silu", "num_hidden_layers": 2, "hidden_size": 8,
            "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 12, "vocab_size": WORDS,
            "max_position_embeddings": POSITIONS, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
            "rope_scaling": null, "attention_bias": false, "mlp_bias": false, "tie_word_embeddings": false,
        });
        let mut model = Self { config, tensors: Floats::new(), written: F32 };
        model.add("model.embed_tokens.weight", &[WORDS as usize, 8]);
        model.add("model.norm.weight", &[8]);
        model.add("lm_head.weight", &[WORDS as usize, 8]);
        let parts: [(&str, &[usize]); 9] = [
            ("input_layernorm", &[8]),
            ("self_attn.q_proj", &[8, 8]),
            ("self_attn.k_proj", &[4, 8]),
            ("self_attn.v_proj", &[4, 8]),
            ("self_attn.o_proj", &[8, 8]),
            ("post_attention_layernorm", &[8]),
            ("mlp.gate_proj", &[12, 8]),
            ("mlp.up_proj", &[12, 8]),
            ("mlp.down_proj", &[8, 12]),
        ];
        for layer in 0..2 {
            for (part, shape) in parts {
                model.add(&format!("model.layers.{layer}.{part}.weight"), shape);
            }
        }
        model
    }

    /// Adds a tensor of random numbers.
    pub fn add(&mut self, name: &str, shape: &[usize]) {
        let random = Philox::new(*b"decoders", self.tensors.len() as u32, 0);
        let values = (0..shape.iter().product::<usize>() as u64).map(|i| random.symmetric(i, 1.0)).collect();
        self.tensors.insert(name.into(), (shape.into(), values));
    }

    /// Sets a field of the settings; null is as if it were not there.
    pub fn set(mut self, field: &str, value: Value) -> Self {
        self.config[field] = value;
        self
    }

    /// Adds a bias to some parts of each layer.
    pub fn with_biases(mut self, parts: &[(&str, usize)]) -> Self {
        for layer in 0..2 {
            for (part, len) in parts {
                self.add(&format!("model.layers.{layer}.{part}.bias"), &[*len]);
            }
        }
        self
    }

    fn write_settings(&self) -> TempDir {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(CONFIG), self.config.to_string()).unwrap();
        fs::write(directory.path().join("tokenizer.json"), tokenizer().to_string()).unwrap();
        directory
    }

    pub fn write(&self) -> TempDir {
        let directory = self.write_settings();
        fs::write(directory.path().join(WEIGHTS), safetensors(&self.tensors, self.written)).unwrap();
        directory
    }

    /// In three files, tensor after tensor in turn.
    pub fn write_sharded(&self) -> TempDir {
        let directory = self.write_settings();
        let mut shards = [Floats::new(), Floats::new(), Floats::new()];
        let mut map = serde_json::Map::new();
        for (at, (name, tensor)) in self.tensors.iter().enumerate() {
            shards[at % 3].insert(name.clone(), tensor.clone());
            map.insert(name.clone(), json!(format!("{}.safetensors", at % 3)));
        }
        for (at, shard) in shards.iter().enumerate() {
            let path = directory.path().join(format!("{at}.safetensors"));
            fs::write(path, safetensors(shard, self.written)).unwrap();
        }
        let index = json!({ "metadata": {}, "weight_map": map });
        fs::write(directory.path().join(INDEX), index.to_string()).unwrap();
        directory
    }

    pub fn import(&self) -> Package {
        llama(self.write().path(), 8, Precision::I8).unwrap()
    }

    pub fn program(&self) -> Program {
        Program::load("program", &self.import()).unwrap()
    }

    /// Asserts that the import is refused for a field of a file, and gives the problem.
    pub fn refused(&self, file: &str, field: &str) -> Problem {
        refused(self.write().path(), file, field)
    }
}

pub fn refused(directory: &Path, file: &str, field: &str) -> Problem {
    let Err(error) = llama(directory, 8, Precision::I8) else {
        panic!("imported, in spite of {field} of {file}")
    };
    assert!(error.file.ends_with(file) && error.field.contains(field), "{error}");
    error.problem
}
