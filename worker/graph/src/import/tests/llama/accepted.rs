//! What an import makes of a decoder, and the forms that one may have.

use std::fs;

use assay_exact::{Mask, Precision};
use serde_json::json;

use super::model::{Llama, POSITIONS};
use crate::import::tests::model::{BF16, WORDS};
use crate::import::{llama, stop_tokens, Family};
use crate::manifest::{Attention, Op};
use crate::program::Program;

fn attention(program: &Program) -> &Attention {
    let found = program.graph.nodes.iter().find_map(|node| match &node.op {
        Op::Attention(attention) => Some(attention),
        _ => None,
    });
    found.unwrap()
}

fn names(program: &Program, nodes: &[usize]) -> Vec<String> {
    nodes.iter().map(|node| program.graph.nodes[*node].name.clone()).collect()
}

#[test]
fn nodes_and_trace_are_those_of_the_decoder() {
    let program = Llama::new().program();
    assert_eq!(program.graph.nodes.len(), 1 + 2 * 15 + 3);
    let points = ["model.embed_tokens", "model.layers.0.mlp.sum", "model.layers.1.mlp.sum"];
    assert_eq!(names(&program, &program.graph.trace), points);
    assert_eq!(names(&program, &[program.graph.output]), ["lm_head"]);
    assert_eq!((program.manifest.context, program.manifest.vocabulary), (8, WORDS));
    assert!(program.graph.is_causal());
    let attention = attention(&program);
    assert_eq!((attention.heads, attention.kv_heads, attention.mask), (4, 2, Mask::Causal));
    assert_eq!(attention.scale.get(), 1.0 / 2f32.sqrt());
    let precisions = (attention.keys, attention.values, attention.weights);
    assert_eq!(precisions, (Precision::I8, Precision::I8, Precision::I15));
}

#[test]
fn a_program_has_the_precision_that_is_asked_for() {
    let package = llama(Llama::new().write().path(), 8, Precision::I15).unwrap();
    let program = Program::load("program", &package).unwrap();
    assert_eq!((attention(&program).keys, attention(&program).values), (Precision::I15, Precision::I15));
    assert_eq!(program.manifest.tensors["lm_head.weight"].shape, [2, WORDS, 8]);
}

#[test]
fn the_tables_of_angles_are_those_of_the_settings() {
    let slowed = Llama::new().set("rope_scaling", json!({ "type": "linear", "factor": 2.0 })).program();
    let plain = Llama::new().program();
    for name in ["rope.cos", "rope.sin"] {
        let table = |program: &Program| program.tensors[name].as_f32().unwrap().to_vec();
        let (slow, fast) = (table(&slowed), table(&plain));
        // A head has one pair.
        let even: Vec<f32> = slow.iter().step_by(2).copied().collect();
        assert_eq!(even[..], fast[..4]);
        assert_ne!(slow, fast);
    }
}

#[test]
fn the_context_is_no_longer_than_that_of_the_model() {
    let package = llama(Llama::new().write().path(), u64::MAX, Precision::I8).unwrap();
    let program = Program::load("program", &package).unwrap();
    assert_eq!(program.manifest.context, POSITIONS);
    assert_eq!(program.manifest.tensors["rope.cos"].shape, [POSITIONS, 1]);
}

#[test]
fn shards_and_halves_give_the_program_of_one_file() {
    let model = Llama::new();
    let sharded = llama(model.write_sharded().path(), 8, Precision::I8).unwrap();
    assert!(sharded == model.import());
    let halves = Llama { written: BF16, ..Llama::new() };
    let sharded = llama(halves.write_sharded().path(), 8, Precision::I8).unwrap();
    assert!(sharded == halves.import() && sharded != model.import());
}

#[test]
fn a_tied_head_is_the_table_of_words() {
    let tied = |keeps_copy: bool| {
        let mut model = Llama::new().set("tie_word_embeddings", json!(true));
        if !keeps_copy {
            model.tensors.remove("lm_head.weight");
        }
        model.import()
    };
    assert!(tied(true) == tied(false));
    let program = Program::load("program", &tied(false)).unwrap();
    assert!(!program.manifest.tensors.contains_key("lm_head.weight"));
    match &program.graph.nodes[program.graph.output].op {
        Op::Linear { weight, .. } => assert_eq!(weight, "model.embed_tokens.weight"),
        op => panic!("{op:?}"),
    }
}

#[test]
fn heads_may_be_of_other_columns_than_their_share() {
    let mut model = Llama::new().set("head_dim", json!(6));
    for layer in 0..2 {
        for (part, shape) in [("q", [24, 8]), ("k", [12, 8]), ("v", [12, 8]), ("o", [8, 24])] {
            model.add(&format!("model.layers.{layer}.self_attn.{part}_proj.weight"), &shape);
        }
    }
    let program = model.program();
    assert_eq!(attention(&program).scale.get(), 1.0 / 6f32.sqrt());
    assert_eq!(program.manifest.tensors["rope.sin"].shape, [8, 3]);
}

#[test]
fn without_key_value_heads_each_head_has_its_own() {
    let mut model = Llama::new().set("num_key_value_heads", json!(null));
    for layer in 0..2 {
        for part in ["k", "v"] {
            model.add(&format!("model.layers.{layer}.self_attn.{part}_proj.weight"), &[8, 8]);
        }
    }
    assert_eq!(attention(&model.program()).kv_heads, 4);
}

#[test]
fn biases_are_those_of_the_family() {
    let qkv = [("self_attn.q_proj", 8), ("self_attn.k_proj", 4), ("self_attn.v_proj", 4)];
    let biases = |model: &Llama| {
        let nodes = model.program().graph.nodes;
        nodes.iter().filter(|node| matches!(&node.op, Op::Linear { bias: Some(_), .. })).count()
    };
    let qwen = Llama::new().with_biases(&qkv).set("model_type", json!("qwen2"));
    assert_eq!(biases(&qwen.set("attention_bias", json!(null))), 6);
    let attention = Llama::new().with_biases(&qkv).with_biases(&[("self_attn.o_proj", 8)]);
    assert_eq!(biases(&attention.set("attention_bias", json!(true))), 8);
    let mlp = [("mlp.gate_proj", 12), ("mlp.up_proj", 12), ("mlp.down_proj", 8)];
    assert_eq!(biases(&Llama::new().with_biases(&mlp).set("mlp_bias", json!(true))), 6);
}

#[test]
fn a_window_as_long_as_the_context_is_none() {
    let mistral = Llama::new().set("model_type", json!("mistral"));
    assert!(mistral.import() == Llama::new().import());
    assert!(mistral.set("sliding_window", json!(8)).import() == Llama::new().import());
}

#[test]
fn angles_that_old_files_hold_are_not_read() {
    let mut old = Llama::new();
    old.add("model.layers.0.self_attn.rotary_emb.inv_freq", &[1]);
    assert!(old.import() == Llama::new().import());
}

#[test]
fn families_are_told_by_their_settings() {
    let family = |name: &str| Family::of(Llama::new().set("model_type", json!(name)).write().path());
    for name in ["llama", "mistral", "qwen2"] {
        assert_eq!(family(name).unwrap(), Family::Decoder);
    }
    assert_eq!(family("bert").unwrap(), Family::Encoder);
    let error = family("t5").unwrap_err();
    assert!(error.file.ends_with("config.json") && error.field == "model_type", "{error}");
}

#[test]
fn texts_end_behind_the_tokens_that_the_settings_name() {
    let model = Llama::new();
    assert_eq!(stop_tokens(model.write().path()).unwrap(), Vec::<u64>::new());
    let directory = model.set("eos_token_id", json!(3)).write();
    assert_eq!(stop_tokens(directory.path()).unwrap(), [3]);
    let path = directory.path().join("generation_config.json");
    fs::write(&path, r#"{"eos_token_id":[5,7]}"#).unwrap();
    assert_eq!(stop_tokens(directory.path()).unwrap(), [5, 7]);
    fs::write(&path, r#"{"temperature":0.6}"#).unwrap();
    assert_eq!(stop_tokens(directory.path()).unwrap(), [3]);
    for wrong in [r#""</s>""#, "-1", "[5,null]", "{}"] {
        fs::write(&path, format!(r#"{{"eos_token_id":{wrong}}}"#)).unwrap();
        let error = stop_tokens(directory.path()).unwrap_err();
        assert!(error.file.ends_with("generation_config.json") && error.field == "eos_token_id", "{error}");
    }
}
