//! Decoders that cannot be imported, and which file and field the error names.

use assay_exact::Precision;
use serde_json::{json, Value};

use super::model::{refused, Llama, CONFIG};
use crate::error::Problem;
use crate::import::llama;
use crate::import::tests::model::WEIGHTS;

const QUERY: &str = "model.layers.1.self_attn.q_proj.weight";

#[test]
fn other_architectures_are_refused() {
    for (field, value) in [
        ("model_type", json!("gemma")),
        ("model_type", json!(7)),
        ("hidden_act", json!("gelu")),
        ("num_key_value_heads", json!(3)),
        ("num_key_value_heads", json!(0)),
        ("num_key_value_heads", json!(8)),
        ("num_attention_heads", json!(3)),
        ("num_attention_heads", json!(0)),
        ("head_dim", json!(3)),
        ("num_hidden_layers", json!(-1)),
        ("hidden_size", json!("8")),
        ("rms_norm_eps", json!("small")),
        ("attention_bias", json!("no")),
        ("partial_rotary_factor", json!(0.5)),
        ("tie_word_embeddings", json!(1)),
        ("rope_theta", json!(0.5)),
        ("rope_scaling", json!("yarn")),
    ] {
        let model = Llama::new().set("num_key_value_heads", json!(1)).set(field, value.clone());
        let problem = model.refused(CONFIG, field);
        assert!(matches!(problem, Problem::Mismatch { .. }), "{field} {value}: {problem}");
    }
}

#[test]
fn heads_that_overflow_are_refused_at_their_limit() {
    let huge = Llama::new().set("head_dim", json!(1u64 << 62));
    let problem = huge.refused(CONFIG, "head_dim");
    assert!(matches!(problem, Problem::Limit { limit, .. } if limit == u64::MAX / 4), "{problem}");
    // One that does not overflow is not what the file has.
    let large = Llama::new().set("head_dim", json!(1u64 << 40));
    assert!(matches!(large.refused(WEIGHTS, "q_proj"), Problem::Mismatch { .. }));
}

#[test]
fn an_odd_share_of_columns_is_refused() {
    let model = Llama::new().set("num_attention_heads", json!(8)).set("num_key_value_heads", json!(8));
    assert!(matches!(model.refused(CONFIG, "hidden_size"), Problem::Mismatch { .. }));
}

#[test]
fn missing_settings_are_named() {
    for field in [
        "model_type",
        "hidden_act",
        "num_hidden_layers",
        "hidden_size",
        "num_attention_heads",
        "intermediate_size",
        "vocab_size",
        "max_position_embeddings",
        "rms_norm_eps",
    ] {
        let problem = Llama::new().set(field, Value::Null).refused(CONFIG, field);
        assert!(matches!(problem, Problem::Missing), "{field}: {problem}");
    }
}

#[test]
fn windows_shorter_than_the_context_are_refused() {
    let mistral = Llama::new().set("model_type", json!("mistral")).set("sliding_window", json!(7));
    let problem = mistral.refused(CONFIG, "sliding_window");
    assert!(problem.to_string().contains("at least 8"), "{problem}");
    let qwen = Llama::new().set("model_type", json!("qwen2")).set("use_sliding_window", json!(true));
    assert!(matches!(qwen.refused(CONFIG, "use_sliding_window"), Problem::Mismatch { .. }));
}

#[test]
fn models_that_are_quantised_already_are_refused() {
    let model = Llama::new().set("quantization_config", json!({ "bits": 4 }));
    assert!(matches!(model.refused(CONFIG, "quantization_config"), Problem::Format(_)));
}

#[test]
fn tensors_are_checked() {
    let mut missing = Llama::new();
    missing.tensors.remove(QUERY);
    assert!(matches!(missing.refused(WEIGHTS, QUERY), Problem::Missing));
    let mut reshaped = Llama::new();
    reshaped.add(QUERY, &[4, 16]);
    assert!(matches!(reshaped.refused(WEIGHTS, QUERY), Problem::Mismatch { .. }));
    let mut not_finite = Llama::new();
    not_finite.tensors.get_mut(QUERY).unwrap().1[5] = f32::NAN;
    assert!(matches!(not_finite.refused(WEIGHTS, QUERY), Problem::NotFinite(5)));
    let mut headless = Llama::new();
    headless.tensors.remove("lm_head.weight");
    assert!(matches!(headless.refused(WEIGHTS, "lm_head.weight"), Problem::Missing));
    let biased = Llama::new().set("attention_bias", json!(true));
    assert!(matches!(biased.refused(WEIGHTS, "model.layers.0.self_attn.q_proj.bias"), Problem::Missing));
}

#[test]
fn a_model_with_more_in_it_is_refused() {
    for name in [
        "model.layers.0.self_attn.q_norm.weight",
        "model.layers.0.self_attn.q_proj.bias",
        "model.layers.2.mlp.up_proj.weight",
        "model.layers.0.self_attn.q_proj.weight.scale",
    ] {
        let mut model = Llama::new();
        model.add(name, &[8]);
        assert!(matches!(model.refused(WEIGHTS, name), Problem::Format(_)), "{name}");
    }
}

#[test]
fn tokenizers_with_more_ids_than_the_model_are_refused() {
    let problem = Llama::new().set("vocab_size", json!(11)).refused("tokenizer.json", "vocabulary");
    assert!(matches!(problem, Problem::Limit { limit: 11, got: 12 }), "{problem}");
}

#[test]
fn a_context_of_no_tokens_is_refused() {
    let error = llama(Llama::new().write().path(), 0, Precision::I8).unwrap_err();
    assert_eq!(error.field, "context");
}

#[test]
fn rotations_that_are_not_known_are_refused() {
    let llama3 = |field: &str, value: Value| {
        let mut scaling = json!({
            "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192,
        });
        scaling[field] = value;
        scaling
    };
    let yarn = |field: &str, value: Value| json!({ "type": "yarn", "factor": 4.0, field: value });
    for (scaling, field) in [
        (json!({ "rope_type": "longrope", "factor": 2.0 }), "rope_type"),
        (json!({ "type": "su" }), "type"),
        (json!({ "type": "linear", "factor": 0.5 }), "factor"),
        (llama3("factor", json!("8")), "factor"),
        (llama3("low_freq_factor", json!(0.0)), "low_freq_factor"),
        (llama3("high_freq_factor", json!(1.0)), "high_freq_factor"),
        (llama3("original_max_position_embeddings", json!(0)), "original_max_position_embeddings"),
        (yarn("beta_slow", json!(33)), "beta_slow"),
        (yarn("beta_fast", json!(0)), "beta_fast"),
        (yarn("attention_factor", json!(-1)), "attention_factor"),
        (yarn("truncate", json!(false)), "truncate"),
    ] {
        let model = Llama::new().set("rope_scaling", scaling.clone());
        let problem = model.refused(CONFIG, &format!("rope_scaling, {field}"));
        assert!(matches!(problem, Problem::Mismatch { .. }), "{scaling}: {problem}");
    }
    let part = json!({ "rope_type": "default", "partial_rotary_factor": 0.5 });
    let part = Llama::new().set("rope_parameters", part);
    let problem = part.refused(CONFIG, "rope_parameters, partial_rotary_factor");
    assert!(matches!(problem, Problem::Mismatch { .. }), "{problem}");
    let missing = Llama::new().set("rope_parameters", json!({ "rope_type": "linear" }));
    assert!(matches!(refused(missing.write().path(), CONFIG, "rope_parameters, factor"), Problem::Missing));
}
