//! What a model's settings say of it, and whether it is one that we can import.

use std::path::Path;

use serde_json::Value;

use super::settings::{read_json, Settings};
use crate::error::{Invalid, Problem};

const POOLING: &str = "1_Pooling";

/// The dimensions of a BERT encoder.
pub(super) struct Config {
    pub(super) layers: u64,
    pub(super) hidden: u64,
    pub(super) heads: u64,
    pub(super) intermediate: u64,
    pub(super) vocabulary: u64,
    /// Rows of the table of positions.
    pub(super) positions: u64,
    /// Rows of the table of token types.
    pub(super) types: u64,
    /// ε of every layer normalisation.
    pub(super) epsilon: f32,
    /// Whether embeddings are made of unit length.
    pub(super) normalized: bool,
}

impl Config {
    pub(super) fn read(directory: &Path) -> Result<Self, Invalid> {
        let settings = Settings::read(&directory.join("config.json"))?;
        settings.expect("model_type", "bert")?;
        // By erf. The others, "gelu_new" among them, approximate it.
        settings.expect("hidden_act", "gelu")?;
        if settings.get("position_embedding_type").is_some() {
            settings.expect("position_embedding_type", "absolute")?;
        }
        if settings.flags().any(|flag| flag == "is_decoder") {
            return Err(settings.invalid("is_decoder", Problem::mismatch("false: an encoder", true)));
        }
        let (hidden, heads) = (settings.size("hidden_size")?, settings.size("num_attention_heads")?);
        if !hidden.is_multiple_of(heads) {
            let problem = Problem::mismatch(format!("a divisor of hidden_size {hidden}"), heads);
            return Err(settings.invalid("num_attention_heads", problem));
        }
        Ok(Self {
            layers: settings.size("num_hidden_layers")?,
            hidden,
            heads,
            intermediate: settings.size("intermediate_size")?,
            vocabulary: settings.size("vocab_size")?,
            positions: settings.size("max_position_embeddings")?,
            types: settings.size("type_vocab_size")?,
            epsilon: settings.float("layer_norm_eps")?,
            normalized: normalized(directory, hidden)?,
        })
    }
}

/// Whether the modules behind the encoder make embeddings of unit length. Without a list of modules it is the mean over the
/// tokens and nothing else.
fn normalized(directory: &Path, hidden: u64) -> Result<bool, Invalid> {
    let path = directory.join("modules.json");
    let pooling = directory.join(POOLING).join("config.json");
    if !path.exists() {
        if pooling.exists() {
            check_pooling(&pooling, hidden)?;
        }
        return Ok(false);
    }
    let modules = read_json(&path)?;
    let invalid = |problem: Problem| problem.at(&path.display().to_string(), "modules");
    let listed = modules.as_array().ok_or_else(|| invalid(Problem::Format("is no JSON array".into())))?;
    let listed: Vec<(&str, &str)> = listed.iter().map(module).collect();
    let normalized = match listed[..] {
        [("Transformer", ""), ("Pooling", POOLING)] => false,
        [("Transformer", ""), ("Pooling", POOLING), ("Normalize", _)] => true,
        _ => {
            let expected = "Transformer in \"\", Pooling in \"1_Pooling\" and, it may be, Normalize";
            return Err(invalid(Problem::mismatch(expected, format!("{listed:?}"))));
        }
    };
    check_pooling(&pooling, hidden)?;
    Ok(normalized)
}

/// Class, without the Python modules that it is in, and path.
fn module(module: &Value) -> (&str, &str) {
    let text = |field: &str| module.get(field).and_then(Value::as_str).unwrap_or("?");
    (text("type").rsplit('.').next().unwrap_or("?"), text("path"))
}

/// Refuses anything but the mean over the tokens.
fn check_pooling(path: &Path, hidden: u64) -> Result<(), Invalid> {
    let settings = Settings::read(path)?;
    let refused = |field: &str| {
        let text = "only the mean over the tokens can be imported";
        settings.invalid(field, Problem::Format(text.into()))
    };
    let other = |flag: &&str| flag.starts_with("pooling_mode_") && *flag != "pooling_mode_mean_tokens";
    if let Some(flag) = settings.flags().find(other) {
        return Err(refused(flag));
    }
    // A name in newer files, flags in older ones.
    match settings.get("pooling_mode") {
        Some(mode) if *mode == "mean" => {}
        Some(_) => return Err(refused("pooling_mode")),
        None if settings.flags().any(|flag| flag == "pooling_mode_mean_tokens") => {}
        None => return Err(refused("pooling_mode_mean_tokens")),
    }
    match settings.get("word_embedding_dimension") {
        Some(dimension) if dimension.as_u64() != Some(hidden) => {
            let problem = Problem::mismatch(format!("hidden_size {hidden}"), dimension);
            Err(settings.invalid("word_embedding_dimension", problem))
        }
        _ => Ok(()),
    }
}
