//! Decoders of the Llama type at the shapes of real ones, with seeded weights: what comes out of a Hugging Face directory
//! is what a float model that reads the same directory gives, token by token as in one pass, on every path.
#![allow(clippy::disallowed_methods, reason = "the measure is in float64")]

mod float_llama;
mod float_products;

use std::fs;
use std::path::Path;

use assay_exact::{Philox, Precision};
use assay_exec::{Backend, Cpu, Path as CpuPath, Reference};
use assay_graph::canonical::Float;
use assay_graph::forward::Executor;
use assay_graph::import::llama;
use assay_graph::job::{output_bytes, run, Generate, Input, Kind, Sampling};
use assay_graph::program::Program;
use float_llama::FloatLlama;
use half::bf16;
use safetensors::tensor::TensorView;
use safetensors::Dtype;
use serde_json::{json, Value};
use tempfile::TempDir;

/// Of the programs.
const CONTEXT: u64 = 64;
/// Of the prompts that are compared.
const TOKENS: usize = 12;
const SEED: &[u8] = b"llama";

/// A name and a shape.
type Listed = (String, Vec<usize>);

/// A decoder's tensors by the names that they have in files.
fn listed(config: &Value) -> Vec<Listed> {
    let size = |field: &str| config[field].as_u64().unwrap() as usize;
    let (hidden, heads) = (size("hidden_size"), size("num_attention_heads"));
    let dim = config["head_dim"].as_u64().map_or(hidden / heads, |dim| dim as usize);
    let (width, kv_width) = (heads * dim, size("num_key_value_heads") * dim);
    let mut listed: Vec<Listed> = vec![
        ("model.embed_tokens.weight".into(), vec![size("vocab_size"), hidden]),
        ("model.norm.weight".into(), vec![hidden]),
    ];
    if config["tie_word_embeddings"] == false {
        listed.push(("lm_head.weight".into(), vec![size("vocab_size"), hidden]));
    }
    for layer in 0..size("num_hidden_layers") {
        let mut add = |part: &str, shape: &[usize]| {
            listed.push((format!("model.layers.{layer}.{part}"), shape.into()));
        };
        add("input_layernorm.weight", &[hidden]);
        add("post_attention_layernorm.weight", &[hidden]);
        for (part, outputs) in [("q", width), ("k", kv_width), ("v", kv_width)] {
            add(&format!("self_attn.{part}_proj.weight"), &[outputs, hidden]);
            if config["model_type"] == "qwen2" {
                add(&format!("self_attn.{part}_proj.bias"), &[outputs]);
            }
        }
        add("self_attn.o_proj.weight", &[hidden, width]);
        add("mlp.gate_proj.weight", &[size("intermediate_size"), hidden]);
        add("mlp.up_proj.weight", &[size("intermediate_size"), hidden]);
        add("mlp.down_proj.weight", &[hidden, size("intermediate_size")]);
    }
    listed
}

/// Numbers of a tensor in bf16: a norm's factors near one, a matrix that keeps the variance of what it multiplies.
fn values(number: u32, name: &str, shape: &[usize]) -> Vec<u8> {
    let random = Philox::new(*b"seedling", number, 0);
    let count: usize = shape.iter().product();
    let (centre, bound) = match (name.ends_with("norm.weight"), shape) {
        (true, _) => (1.0, 0.5),
        (false, [_, inputs]) => (0.0, (3.0 / *inputs as f32).sqrt()),
        (false, _) => (0.0, 0.5),
    };
    let words = (0..count as u64).step_by(4).flat_map(|at| random.block(at / 4)).take(count);
    let value = |word: u32| centre + ((word >> 8) as f32 / 8_388_608.0 - 1.0) * bound;
    words.flat_map(|word| bf16::from_f32(value(word)).to_le_bytes()).collect()
}

/// A tokenizer that has each id as a word of its own.
fn tokenizer(vocabulary: u64) -> Value {
    let words: serde_json::Map<String, Value> =
        (0..vocabulary).map(|id| (format!("w{id}"), json!(id))).collect();
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
        "pre_tokenizer": { "type": "Whitespace" }, "post_processor": null, "decoder": null,
        "model": { "type": "WordLevel", "vocab": words, "unk_token": "w0" },
    })
}

/// Writes a model in so many files.
fn write(config: &Value, shards: usize) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let put = |file: &str, bytes: &[u8]| fs::write(directory.path().join(file), bytes).unwrap();
    put("config.json", config.to_string().as_bytes());
    put("tokenizer.json", tokenizer(config["vocab_size"].as_u64().unwrap()).to_string().as_bytes());
    let listed = listed(config);
    let mut map = serde_json::Map::new();
    for (shard, part) in listed.chunks(listed.len().div_ceil(shards)).enumerate() {
        let file = match shards {
            1 => String::from("model.safetensors"),
            _ => format!("model-{shard}.safetensors"),
        };
        let number = |name: &String| listed.iter().position(|(other, _)| other == name).unwrap() as u32;
        let data: Vec<Vec<u8>> = part.iter().map(|(name, shape)| values(number(name), name, shape)).collect();
        let views = part.iter().zip(&data).map(|((name, shape), data)| {
            (name.as_str(), TensorView::new(Dtype::BF16, shape.clone(), data).unwrap())
        });
        put(&file, &safetensors::serialize(views, None).unwrap());
        map.extend(part.iter().map(|(name, _)| (name.clone(), json!(file))));
    }
    if shards > 1 {
        put("model.safetensors.index.json", json!({ "weight_map": map }).to_string().as_bytes());
    }
    directory
}

/// SmolLM-135M with 4 of its 30 layers: 42 million parameters, a tied head, heads by threes.
fn smol() -> Value {
    json!({
        "model_type": "llama", "hidden_act": "silu", "num_hidden_layers": 4, "hidden_size": 576,
        "num_attention_heads": 9, "num_key_value_heads": 3, "intermediate_size": 1536, "vocab_size": 49152,
        "max_position_embeddings": 2048, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "rope_scaling": null,
        "tie_word_embeddings": true,
    })
}

/// A layer of Llama-3.2-1B with its slowed rotation, and a part of its vocabulary: 69 million parameters.
fn llama3() -> Value {
    json!({
        "model_type": "llama", "hidden_act": "silu", "num_hidden_layers": 1, "hidden_size": 2048, "head_dim": 64,
        "num_attention_heads": 32, "num_key_value_heads": 8, "intermediate_size": 8192, "vocab_size": 4096,
        "max_position_embeddings": 131072, "rms_norm_eps": 1e-5, "rope_theta": 500000.0,
        "rope_scaling": {
            "rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192,
        },
        "tie_word_embeddings": true,
    })
}

/// Two layers of Qwen2.5-0.5B with a part of its vocabulary and a head of its own: 37 million parameters, biases.
fn qwen2() -> Value {
    json!({
        "model_type": "qwen2", "hidden_act": "silu", "num_hidden_layers": 2, "hidden_size": 896,
        "num_attention_heads": 14, "num_key_value_heads": 2, "intermediate_size": 4864, "vocab_size": 4096,
        "max_position_embeddings": 32768, "rms_norm_eps": 1e-6, "rope_theta": 1000000.0, "rope_scaling": null,
        "tie_word_embeddings": false,
    })
}

/// A small one, for what is done many times.
fn tiny() -> Value {
    json!({
        "model_type": "llama", "hidden_act": "silu", "num_hidden_layers": 2, "hidden_size": 48,
        "num_attention_heads": 6, "num_key_value_heads": 2, "intermediate_size": 96, "vocab_size": 300,
        "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "rope_scaling": null,
        "tie_word_embeddings": true,
    })
}

fn import(directory: &Path, precision: Precision) -> Program {
    Program::load("llama", &llama(directory, CONTEXT, precision).unwrap()).unwrap()
}

fn prompt(config: &Value, length: usize) -> Vec<u32> {
    let vocabulary = config["vocab_size"].as_u64().unwrap() as u32;
    let random = Philox::new(*b"prompted", 0, 0);
    (0..length as u64).map(|i| random.word(i) % vocabulary).collect()
}

/// ‖a − b‖/‖b‖.
fn distance(a: &[f32], b: &[f32]) -> f64 {
    let square = |x: f64| x * x;
    let difference: f64 = a.iter().zip(b).map(|(a, b)| square(f64::from(*a) - f64::from(*b))).sum();
    (difference / b.iter().map(|b| square(f64::from(*b))).sum::<f64>()).sqrt()
}

fn bits(x: &[f32]) -> Vec<u32> {
    x.iter().map(|x| x.to_bits()).collect()
}

/// Logits after each token of a prompt: the first tokens in one pass, then one by one.
fn logits(executor: &Executor<'_>, ids: &[u32], first: usize) -> Vec<Vec<f32>> {
    let mut unit = executor.unit(ids.len()).unwrap();
    let (prefill, decode) = ids.split_at(first);
    let mut rows = vec![executor.run(&mut unit, prefill, &mut ()).unwrap()];
    rows.extend(decode.iter().map(|id| executor.run(&mut unit, &[*id], &mut ()).unwrap()));
    rows
}

/// Compares prefill and decode with the float model, and each with a pass over all tokens up to there.
fn follows_float(name: &str, config: &Value, shards: usize) {
    let directory = write(config, shards);
    let ids = prompt(config, TOKENS);
    let float = FloatLlama::open(directory.path()).logits(&ids);
    let cpu = Cpu::new(CpuPath::best(), 0).unwrap();
    let half = TOKENS / 2;
    for (precision, bound) in [(Precision::I15, 2e-3), (Precision::I8, 1e-1)] {
        let program = import(directory.path(), precision);
        let weights = program.weights().unwrap();
        let executor = Executor { graph: &program.graph, weights: &weights, backend: &cpu };
        let rows = logits(&executor, &ids, half);
        let worst = rows.iter().zip(&float[half - 1..]).map(|(row, float)| distance(row, float));
        let worst = worst.fold(0.0, f64::max);
        println!("{name}, {precision:?}: at most {worst:.5} from float");
        assert!(worst < bound, "{name}, {precision:?}: {worst} from float");
        for (end, row) in (half..).zip(&rows) {
            let whole = logits(&executor, &ids[..end], end);
            assert_eq!(bits(&whole[0]), bits(row), "{name}, {precision:?}: {end} tokens");
        }
    }
}

#[test]
fn a_decoder_of_135_million_parameters_follows_float() {
    follows_float("SmolLM-135M", &smol(), 1);
}

#[test]
fn a_decoder_in_shards_with_a_slowed_rotation_follows_float() {
    follows_float("Llama-3.2-1B", &llama3(), 3);
}

#[test]
fn a_decoder_with_biases_and_a_head_of_its_own_follows_float() {
    follows_float("Qwen2.5-0.5B", &qwen2(), 2);
}

#[test]
fn every_path_gives_the_bytes_of_the_reference() {
    let config = tiny();
    let directory = write(&config, 1);
    let ids = prompt(&config, 20);
    for precision in [Precision::I8, Precision::I15] {
        let program = import(directory.path(), precision);
        let weights = program.weights().unwrap();
        let by = |backend: &dyn Backend| {
            let executor = Executor { graph: &program.graph, weights: &weights, backend };
            logits(&executor, &ids, 13).iter().map(|row| bits(row)).collect::<Vec<_>>()
        };
        let expected = by(&Reference);
        for path in CpuPath::ALL.into_iter().filter(|path| path.is_available()) {
            for threads in [1, 2] {
                let cpu = Cpu::new(path, threads).unwrap();
                assert_eq!(by(&cpu), expected, "{precision:?}, {}", cpu.name());
            }
        }
    }
}

#[test]
fn a_batch_of_prompts_is_generated_as_each_alone_and_on_every_path() {
    let config = tiny();
    let directory = write(&config, 1);
    let program = import(directory.path(), Precision::I8);
    let prompts: Vec<Vec<u32>> = [3, 1, 17, 8].map(|length| prompt(&config, length)).into();
    let sample = |top_k, top_p: Option<f32>| Sampling::Sample {
        inverse_temperature: Float::new(0.8),
        top_k,
        top_p: top_p.map(Float::new),
    };
    let job = |sampling, prompts: &[Vec<u32>]| {
        let kind = Kind::Generate(Generate { sampling, stop: vec![5, 6], tokens: 12 });
        Input::load("input", &Input::pack(kind, &Input::sequences(prompts)).unwrap()).unwrap()
    };
    let drawn = [sample(None, None), sample(Some(20), None), sample(Some(50), Some(0.9))];
    for sampling in std::iter::once(Sampling::Greedy).chain(drawn) {
        let input = job(sampling, &prompts);
        let expected = run(&program, &input, SEED, &Reference, 1).unwrap();
        let outputs = expected.result.as_ref().unwrap();
        let lengths = outputs["lengths"].as_u32().unwrap();
        assert!(lengths.iter().all(|length| (1..=12).contains(length)), "{lengths:?}");
        let bytes: usize = outputs.values().map(|tensor| tensor.bytes().len()).sum();
        assert!(bytes as u64 <= output_bytes(&program, &input).unwrap());
        for path in CpuPath::ALL.into_iter().filter(|path| path.is_available()) {
            let again = run(&program, &input, SEED, &Cpu::new(path, 2).unwrap(), 1).unwrap();
            assert_eq!(again.trace.root(), expected.trace.root(), "{sampling:?}, {path}");
        }
        // The first prompt draws the same alone: the draw's counter is its place in the job.
        let alone = run(&program, &job(sampling, &prompts[..1]), SEED, &Reference, 1).unwrap();
        let alone = alone.result.unwrap();
        let (all, one) = (outputs["ids"].as_u32().unwrap(), alone["ids"].as_u32().unwrap());
        assert_eq!(all[..lengths[0] as usize], *one);
    }
}
