//! A model of one layer, as a directory.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ::safetensors::tensor::TensorView;
use ::safetensors::Dtype;
use assay_exact::Philox;
use half::{bf16, f16};
use serde_json::{json, Value};
use tempfile::TempDir;

use crate::error::Problem;
use crate::import::bert;
use crate::package::Package;

pub type Floats = BTreeMap<String, (Vec<usize>, Vec<f32>)>;
/// How floats of a file are written.
pub type Written = (Dtype, fn(f32) -> Vec<u8>);

pub const F32: Written = (Dtype::F32, |x: f32| x.to_le_bytes().into());
pub const F16: Written = (Dtype::F16, |x: f32| f16::from_f32(x).to_le_bytes().into());
pub const BF16: Written = (Dtype::BF16, |x: f32| bf16::from_f32(x).to_le_bytes().into());

pub const WORDS: u64 = 12;
pub const POSITIONS: u64 = 10;
pub const WEIGHTS: &str = "model.safetensors";

/// A model's directory before it is written: one layer, 8 columns, 2 heads.
pub struct Model {
    /// JSON files by path.
    pub settings: BTreeMap<&'static str, Value>,
    pub tensors: Floats,
    pub written: Written,
}

impl Model {
    pub fn new() -> Self {
        let config = json!({
            "model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute",
            "num_hidden_layers": 1, "hidden_size": 8, "num_attention_heads": 2, "intermediate_size": 16,
            "vocab_size": WORDS, "max_position_embeddings": POSITIONS, "type_vocab_size": 2,
            "layer_norm_eps": 1e-12, "torch_dtype": "float32",
        });
        let modules = json!([
            { "idx": 0, "path": "", "type": "sentence_transformers.models.Transformer" },
            { "idx": 1, "path": "1_Pooling", "type": "sentence_transformers.models.Pooling" },
            { "idx": 2, "path": "2_Normalize", "type": "sentence_transformers.models.Normalize" },
        ]);
        let pooling = json!({
            "word_embedding_dimension": 8, "pooling_mode_cls_token": false, "pooling_mode_mean_tokens": true,
            "pooling_mode_max_tokens": false, "pooling_mode_mean_sqrt_len_tokens": false,
        });
        let settings = BTreeMap::from([
            ("config.json", config),
            ("modules.json", modules),
            ("1_Pooling/config.json", pooling),
            ("tokenizer.json", tokenizer()),
        ]);
        Self { settings, tensors: tensors(), written: F32 }
    }

    /// Sets a field of a JSON file; null is as if it were not there.
    pub fn set(mut self, file: &str, field: &str, value: Value) -> Self {
        self.settings.get_mut(file).unwrap()[field] = value;
        self
    }

    pub fn change(mut self, tensor: &str, change: impl FnOnce(&mut (Vec<usize>, Vec<f32>))) -> Self {
        change(self.tensors.get_mut(tensor).unwrap());
        self
    }

    pub fn rename(mut self, new: impl Fn(&str) -> String) -> Self {
        self.tensors = self.tensors.into_iter().map(|(name, tensor)| (new(&name), tensor)).collect();
        self
    }

    pub fn write(&self) -> TempDir {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("1_Pooling")).unwrap();
        for (file, value) in &self.settings {
            fs::write(directory.path().join(file), value.to_string()).unwrap();
        }
        fs::write(directory.path().join(WEIGHTS), safetensors(&self.tensors, self.written)).unwrap();
        directory
    }

    pub fn import(&self) -> Package {
        bert(self.write().path(), 8).unwrap()
    }

    /// Asserts that the import is refused for a field of a file, and gives the problem.
    pub fn refused(&self, file: &str, field: &str) -> Problem {
        refused(self.write().path(), file, field)
    }
}

pub fn refused(directory: &Path, file: &str, field: &str) -> Problem {
    let Err(error) = bert(directory, 8) else { panic!("imported, in spite of {field} of {file}") };
    assert!(error.file.ends_with(file) && error.field.contains(field), "{error}");
    error.problem
}

/// As a saved tokenizer is: `[CLS] a b [SEP]`, truncated to 3 tokens and padded to 5.
pub fn tokenizer() -> Value {
    let words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b", "c", "##a", "##b", "d", "e", "f"];
    let vocabulary: BTreeMap<&str, usize> = words.into_iter().zip(0..).collect();
    let special = |name: &str, id: u32| json!({ "id": name, "ids": [id], "tokens": [name] });
    let piece = |name: &str| json!({ "SpecialToken": { "id": name, "type_id": 0 } });
    let text = json!({ "Sequence": { "id": "A", "type_id": 0 } });
    json!({
        "version": "1.0",
        "truncation": { "max_length": 3, "strategy": "LongestFirst", "stride": 0, "direction": "Right" },
        "padding": {
            "strategy": { "Fixed": 5 }, "direction": "Right", "pad_to_multiple_of": null,
            "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]",
        },
        "added_tokens": [],
        "normalizer": null,
        "pre_tokenizer": { "type": "BertPreTokenizer" },
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [piece("[CLS]"), text, piece("[SEP]")],
            "pair": [piece("[CLS]"), text, piece("[SEP]")],
            "special_tokens": { "[CLS]": special("[CLS]", 2), "[SEP]": special("[SEP]", 3) },
        },
        "decoder": null,
        "model": {
            "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocabulary,
        },
    })
}

pub fn tensors() -> Floats {
    let mut shapes: Vec<(String, Vec<usize>)> = vec![
        ("embeddings.word_embeddings.weight".into(), vec![WORDS as usize, 8]),
        ("embeddings.position_embeddings.weight".into(), vec![POSITIONS as usize, 8]),
        ("embeddings.token_type_embeddings.weight".into(), vec![2, 8]),
    ];
    let linear = [
        ("attention.self.query", [8, 8]),
        ("attention.self.key", [8, 8]),
        ("attention.self.value", [8, 8]),
        ("attention.output.dense", [8, 8]),
        ("intermediate.dense", [16, 8]),
        ("output.dense", [8, 16]),
    ];
    for (name, shape) in linear {
        shapes.push((format!("encoder.layer.0.{name}.weight"), shape.into()));
        shapes.push((format!("encoder.layer.0.{name}.bias"), vec![shape[0]]));
    }
    for name in ["embeddings", "encoder.layer.0.attention.output", "encoder.layer.0.output"] {
        shapes.push((format!("{name}.LayerNorm.weight"), vec![8]));
        shapes.push((format!("{name}.LayerNorm.bias"), vec![8]));
    }
    let random = |(number, (name, shape)): (u32, (String, Vec<usize>))| {
        let random = Philox::new(*b"importer", number, 0);
        let elements = shape.iter().product::<usize>() as u64;
        let values: Vec<f32> = (0..elements).map(|i| random.symmetric(i, 1.0)).collect();
        (name, (shape, values))
    };
    (0..).zip(shapes).map(random).collect()
}

pub fn safetensors(tensors: &Floats, (dtype, bytes): Written) -> Vec<u8> {
    let data: Vec<Vec<u8>> =
        tensors.values().map(|(_, values)| values.iter().flat_map(|x| bytes(*x)).collect()).collect();
    let views = tensors.iter().zip(&data).map(|((name, (shape, _)), data)| {
        (name.as_str(), TensorView::new(dtype, shape.clone(), data).unwrap())
    });
    ::safetensors::serialize(views, None).unwrap()
}

/// The model of [`Model::new`] in two files, with `first` as the name of the first one in the index.
pub fn sharded(first: &str) -> TempDir {
    let model = Model::new();
    let directory = model.write();
    fs::remove_file(directory.path().join(WEIGHTS)).unwrap();
    let (embeddings, layers): (Floats, Floats) =
        model.tensors.into_iter().partition(|(name, _)| name.starts_with("embeddings."));
    let mut map = serde_json::Map::new();
    for (file, listed, tensors) in
        [("1.safetensors", first, embeddings), ("2.safetensors", "2.safetensors", layers)]
    {
        fs::write(directory.path().join(file), safetensors(&tensors, F32)).unwrap();
        map.extend(tensors.into_keys().map(|name| (name, json!(listed))));
    }
    let index = json!({ "metadata": { "total_size": 1 }, "weight_map": map });
    fs::write(directory.path().join("model.safetensors.index.json"), index.to_string()).unwrap();
    directory
}
