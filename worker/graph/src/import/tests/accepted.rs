//! What an import makes of a model, and the forms that a model may have.

use std::fs;

use assay_exact::Precision;
use half::{bf16, f16};
use serde_json::json;

use super::model::{sharded, Model, Written, BF16, F16, POSITIONS, WORDS};
use crate::error::Problem;
use crate::import::bert;
use crate::manifest::Op;
use crate::program::Program;

#[test]
fn nodes_and_trace_are_those_of_the_encoder() {
    let program = Program::load("program", &Model::new().import()).unwrap();
    let names = |nodes: &[usize]| -> Vec<&str> {
        nodes.iter().map(|node| program.graph.nodes[*node].name.as_str()).collect()
    };
    assert_eq!(program.graph.nodes.len(), 4 + 12 + 2);
    assert_eq!(names(&program.graph.trace), ["embeddings.LayerNorm", "encoder.layer.0.output.LayerNorm"]);
    assert_eq!(names(&[program.graph.output]), ["normalize"]);
    assert_eq!((program.manifest.context, program.manifest.vocabulary), (8, WORDS));
    let attention = program.graph.nodes.iter().find_map(|node| match &node.op {
        Op::Attention(attention) => Some(attention),
        _ => None,
    });
    let attention = attention.unwrap();
    assert_eq!((attention.heads, attention.scale.get(), attention.weights), (2, 0.5, Precision::I8));
}

#[test]
fn context_is_no_longer_than_the_table_of_positions() {
    let package = bert(Model::new().write().path(), 4096).unwrap();
    assert_eq!(Program::load("program", &package).unwrap().manifest.context, POSITIONS);
}

#[test]
fn long_contexts_get_wider_softmax_weights() {
    let model = Model::new().set("config.json", "max_position_embeddings", json!(513));
    let model = model.change("embeddings.position_embeddings.weight", |(shape, values)| {
        shape[0] = 513;
        values.resize(513 * 8, 0.25);
    });
    for (context, expected) in [(512, Precision::I8), (513, Precision::I15)] {
        let package = bert(model.write().path(), context).unwrap();
        let program = Program::load("program", &package).unwrap();
        let is_expected = |op: &Op| matches!(op, Op::Attention(attention) if attention.weights == expected);
        assert!(program.graph.nodes.iter().any(|node| is_expected(&node.op)), "context {context}");
    }
}

#[test]
fn epsilon_is_rounded_once_to_binary64_and_once_to_binary32() {
    // Halfway between two of binary32: a reader that is wrong in the last bit of binary64 gives the upper one.
    let package = Model::new().set("config.json", "layer_norm_eps", json!(1.3979796221974539e-5)).import();
    let program = Program::load("program", &package).unwrap();
    let epsilons = program.graph.nodes.iter().filter_map(|node| match &node.op {
        Op::LayerNorm { epsilon, .. } => Some(epsilon.get().to_bits()),
        _ => None,
    });
    assert_eq!(epsilons.collect::<Vec<_>>(), [0x376a_8ac4; 3]);
}

#[test]
fn halves_give_the_program_of_the_same_numbers_in_f32() {
    type Widen = fn(f32) -> f32;
    let widened: [(Written, Widen); 2] =
        [(F16, |x| f16::from_f32(x).to_f32()), (BF16, |x| bf16::from_f32(x).to_f32())];
    let mut programs = vec![Model::new().import()];
    for (written, widen) in widened {
        let halves = Model { written, ..Model::new() }.import();
        let mut floats = Model::new();
        floats.tensors.values_mut().flat_map(|(_, values)| values).for_each(|x| *x = widen(*x));
        assert!(floats.import() == halves);
        programs.push(halves);
    }
    assert!(programs[0] != programs[1] && programs[1] != programs[2]);
}

#[test]
fn tensors_may_have_the_names_of_a_larger_or_older_model() {
    let expected = Model::new().import();
    let mut larger = Model::new().rename(|name| format!("bert.{name}"));
    larger.tensors.insert("cls.predictions.bias".into(), (vec![1], vec![0.0]));
    assert!(larger.import() == expected);
    let older = Model::new().rename(|name| {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
    });
    assert!(older.import() == expected);
}

#[test]
fn manifest_names_the_tokenizer() {
    let directory = Model::new().write();
    let bytes = fs::read(directory.path().join("tokenizer.json")).unwrap();
    let program = Program::load("program", &bert(directory.path(), 8).unwrap()).unwrap();
    assert_eq!(program.manifest.tokenizer.unwrap().0, *blake3::hash(&bytes).as_bytes());
}

#[test]
fn shards_give_the_same_program_as_one_file() {
    assert!(bert(sharded("1.safetensors").path(), 8).unwrap() == Model::new().import());
}

#[test]
fn without_a_list_of_modules_embeddings_keep_their_length() {
    let mut model = Model::new();
    model.settings.remove("modules.json");
    let program = Program::load("program", &model.import()).unwrap();
    assert_eq!(program.graph.nodes[program.graph.output].op, Op::MeanPool);
    model.settings.remove("1_Pooling/config.json");
    assert!(bert(model.write().path(), 8).is_ok());
}

#[test]
fn newer_files_name_the_kind_of_pooling() {
    let mut model = Model::new();
    model.settings.insert("1_Pooling/config.json", json!({ "pooling_mode": "mean" }));
    assert!(model.import() == Model::new().import());
    model.settings.insert("1_Pooling/config.json", json!({ "pooling_mode": "lasttoken" }));
    assert!(matches!(model.refused("1_Pooling/config.json", "pooling_mode"), Problem::Format(_)));
}
