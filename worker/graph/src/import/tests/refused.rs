//! What cannot be imported, and which file and field the error names.

use std::fs;

use ::safetensors::Dtype;
use serde_json::{json, Value};

use super::model::{refused, safetensors, sharded, tensors, Model, F32, WEIGHTS, WORDS};
use crate::error::Problem;
use crate::import::bert;

const QUERY: &str = "encoder.layer.0.attention.self.query.weight";

#[test]
fn context_of_no_tokens_is_refused() {
    let error = bert(Model::new().write().path(), 0).unwrap_err();
    assert_eq!(error.field, "context");
}

#[test]
fn other_architectures_are_refused() {
    let cases = [
        ("model_type", json!("roberta")),
        ("hidden_act", json!("gelu_new")),
        ("hidden_act", json!("relu")),
        ("hidden_act", json!({ "name": "gelu" })),
        ("position_embedding_type", json!("relative_key")),
        ("is_decoder", json!(true)),
        ("num_attention_heads", json!(3)),
        ("num_attention_heads", json!(0)),
        ("hidden_size", json!(-8)),
        ("num_hidden_layers", json!(1.5)),
        ("layer_norm_eps", json!("small")),
    ];
    for (field, value) in cases {
        let problem = Model::new().set("config.json", field, value).refused("config.json", field);
        assert!(matches!(problem, Problem::Mismatch { .. }), "{field}: {problem}");
    }
}

#[test]
fn missing_settings_are_named() {
    for field in
        ["model_type", "hidden_act", "hidden_size", "vocab_size", "type_vocab_size", "layer_norm_eps"]
    {
        let problem = Model::new().set("config.json", field, Value::Null).refused("config.json", field);
        assert!(matches!(problem, Problem::Missing), "{field}: {problem}");
    }
}

#[test]
fn negative_epsilon_is_refused() {
    let problem =
        Model::new().set("config.json", "layer_norm_eps", json!(-1.0)).refused("program", "LayerNorm");
    assert!(matches!(problem, Problem::Refused(_)));
}

#[test]
fn other_pooling_is_refused() {
    let file = "1_Pooling/config.json";
    for mode in ["cls_token", "max_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken"] {
        let field = format!("pooling_mode_{mode}");
        let problem = Model::new().set(file, &field, json!(true)).refused(file, &field);
        assert!(matches!(problem, Problem::Format(_)), "{field}");
    }
    let none = Model::new().set(file, "pooling_mode_mean_tokens", json!(false));
    assert!(matches!(none.refused(file, "pooling_mode_mean_tokens"), Problem::Format(_)));
    let other = Model::new().set(file, "word_embedding_dimension", json!(16));
    assert!(matches!(other.refused(file, "word_embedding_dimension"), Problem::Mismatch { .. }));
    let mut missing = Model::new();
    missing.settings.remove(file);
    assert!(matches!(missing.refused(file, ""), Problem::Io(_)));
}

#[test]
fn other_modules_are_refused() {
    let dense = json!({ "idx": 2, "path": "2_Dense", "type": "sentence_transformers.models.Dense" });
    let mut model = Model::new();
    model.settings.get_mut("modules.json").unwrap()[2] = dense;
    assert!(matches!(model.refused("modules.json", "modules"), Problem::Mismatch { .. }));
    let mut model = Model::new();
    model.settings.get_mut("modules.json").unwrap()[0]["path"] = json!("0_Transformer");
    assert!(matches!(model.refused("modules.json", "modules"), Problem::Mismatch { .. }));
    model.settings.insert("modules.json", json!({}));
    assert!(matches!(model.refused("modules.json", "modules"), Problem::Format(_)));
}

#[test]
fn tensors_are_checked() {
    let mut missing = Model::new();
    missing.tensors.remove(QUERY);
    assert!(matches!(missing.refused(WEIGHTS, QUERY), Problem::Missing));
    let reshaped = Model::new().change(QUERY, |(shape, _)| *shape = vec![4, 16]);
    assert!(matches!(reshaped.refused(WEIGHTS, QUERY), Problem::Mismatch { .. }));
    for value in [f32::NAN, f32::INFINITY] {
        let not_finite = Model::new().change(QUERY, |(_, values)| values[5] = value);
        assert!(matches!(not_finite.refused(WEIGHTS, QUERY), Problem::NotFinite(5)));
    }
    let integers = Model { written: (Dtype::I32, |x: f32| (x as i32).to_le_bytes().into()), ..Model::new() };
    assert!(matches!(integers.refused(WEIGHTS, "word_embeddings"), Problem::Mismatch { .. }));
}

#[test]
fn sums_that_overflow_are_refused() {
    let table = "embeddings.position_embeddings.weight";
    let model = Model::new()
        .change(table, |(_, values)| values[9] = f32::MAX)
        .change("embeddings.token_type_embeddings.weight", |(_, values)| values[1] = f32::MAX);
    assert!(matches!(model.refused(WEIGHTS, table), Problem::NotFinite(9)));
}

#[test]
fn damaged_files_are_refused() {
    let whole = safetensors(&tensors(), F32);
    let header = 8 + u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
    for length in [0, 7, 8, header - 1, header, whole.len() - 1] {
        let directory = Model::new().write();
        fs::write(directory.path().join(WEIGHTS), &whole[..length]).unwrap();
        refused(directory.path(), WEIGHTS, "");
    }
    let directory = Model::new().write();
    fs::write(directory.path().join(WEIGHTS), u64::MAX.to_le_bytes()).unwrap();
    assert!(matches!(refused(directory.path(), WEIGHTS, ""), Problem::Limit { .. }));
}

#[test]
fn lying_offsets_are_refused() {
    let header = |query: [usize; 2]| {
        json!({ "a": { "dtype": "F32", "shape": [2], "data_offsets": [0, 8] },
                QUERY: { "dtype": "F32", "shape": [2], "data_offsets": query } })
    };
    for query in [[0, 8], [8, 12], [8, 1 << 40], [16, 8], [12, 20]] {
        let header = header(query).to_string();
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend([0; 16]);
        let directory = Model::new().write();
        fs::write(directory.path().join(WEIGHTS), bytes).unwrap();
        let problem = refused(directory.path(), WEIGHTS, "data_offsets");
        assert!(
            matches!(problem, Problem::Mismatch { .. } | Problem::Truncated { .. }),
            "{query:?}: {problem}"
        );
    }
}

#[test]
fn settings_that_are_too_large_or_no_objects_are_refused() {
    let directory = Model::new().write();
    let file = fs::File::create(directory.path().join("config.json")).unwrap();
    file.set_len((16 << 20) + 1).unwrap();
    assert!(matches!(refused(directory.path(), "config.json", "size"), Problem::Limit { .. }));
    for text in ["[]", "{", "\u{0}"] {
        fs::write(directory.path().join("config.json"), text).unwrap();
        assert!(matches!(refused(directory.path(), "config.json", "contents"), Problem::Format(_)));
    }
    fs::remove_file(directory.path().join("config.json")).unwrap();
    assert!(matches!(refused(directory.path(), "config.json", ""), Problem::Io(_)));
}

#[test]
fn tokenizer_with_more_ids_than_the_model_is_refused() {
    let mut model = Model::new();
    model.settings.get_mut("tokenizer.json").unwrap()["model"]["vocab"]["g"] = json!(WORDS);
    let problem = model.refused("tokenizer.json", "vocabulary");
    assert!(matches!(problem, Problem::Limit { limit: WORDS, got } if got == WORDS + 1));
}

#[test]
fn index_names_shards_of_its_own_directory_only() {
    for shard in ["../1.safetensors", "/tmp/1.safetensors", "..", ""] {
        let problem = refused(sharded(shard).path(), "index.json", "weight_map");
        assert!(matches!(problem, Problem::Mismatch { .. }), "{shard:?}");
    }
    let problem = refused(sharded("3.safetensors").path(), "3.safetensors", "");
    assert!(matches!(problem, Problem::Io(_)));
    // The second one is there, without the tensors that the index promises.
    let problem = refused(sharded("2.safetensors").path(), "2.safetensors", "word_embeddings");
    assert!(matches!(problem, Problem::Missing));
}
