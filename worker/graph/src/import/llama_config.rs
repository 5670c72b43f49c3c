//! What a decoder's settings say of it, and whether it is one that we can import.

use std::path::Path;

use super::rope::Rotation;
use super::settings::Settings;
use crate::error::{Invalid, Problem};

/// The dimensions of a decoder of the Llama type.
pub(super) struct LlamaConfig {
    pub(super) layers: u64,
    pub(super) hidden: u64,
    /// Query heads.
    pub(super) heads: u64,
    /// Key-value heads, a divisor of `heads`.
    pub(super) kv_heads: u64,
    /// Columns of a head, an even number.
    pub(super) dim: u64,
    pub(super) intermediate: u64,
    pub(super) vocabulary: u64,
    /// Most tokens of a unit: those asked for, or those that the model was made for.
    pub(super) context: u64,
    /// ε of every normalisation.
    pub(super) epsilon: f32,
    /// Whether the head is the table of words.
    pub(super) is_tied: bool,
    pub(super) biases: Biases,
    pub(super) rotation: Rotation,
}

/// Which matrices have a bias.
pub(super) struct Biases {
    /// Of queries, keys and values.
    pub(super) qkv: bool,
    /// Behind attention.
    pub(super) output: bool,
    /// Of the feed-forward.
    pub(super) mlp: bool,
}

impl LlamaConfig {
    pub(super) fn read(directory: &Path, max_tokens: u64) -> Result<Self, Invalid> {
        let settings = Settings::read(&directory.join("config.json"))?;
        settings.expect("hidden_act", "silu")?;
        let positions = settings.size("max_position_embeddings")?;
        let context = max_tokens.min(positions);
        let biases = biases(&settings, context)?;
        if settings.get("quantization_config").is_some() {
            let problem = Problem::Format("only floats can be imported: they are quantised here".into());
            return Err(settings.invalid("quantization_config", problem));
        }
        let (heads, kv_heads, dim) = heads(&settings)?;
        Ok(Self {
            layers: settings.size("num_hidden_layers")?,
            hidden: settings.size("hidden_size")?,
            heads,
            kv_heads,
            dim,
            intermediate: settings.size("intermediate_size")?,
            vocabulary: settings.size("vocab_size")?,
            context,
            epsilon: settings.float("rms_norm_eps")?,
            is_tied: settings.flag("tie_word_embeddings")?,
            biases,
            rotation: Rotation::read(&settings, positions)?,
        })
    }
}

/// What sets the families of this type apart: their biases, and whether a token sees all those before it.
fn biases(settings: &Settings, context: u64) -> Result<Biases, Invalid> {
    match settings.text("model_type")? {
        "llama" => {
            let attention = settings.flag("attention_bias")?;
            Ok(Biases { qkv: attention, output: attention, mlp: settings.flag("mlp_bias")? })
        }
        "mistral" => {
            if settings.get("sliding_window").is_some() && settings.size("sliding_window")? < context {
                let problem = Problem::mismatch(
                    format!("at least {context}, the context: import it with fewer tokens"),
                    settings.size("sliding_window")?,
                );
                return Err(settings.invalid("sliding_window", problem));
            }
            Ok(Biases { qkv: false, output: false, mlp: false })
        }
        "qwen2" => {
            if settings.flag("use_sliding_window")? {
                return Err(settings.invalid("use_sliding_window", Problem::mismatch(false, true)));
            }
            Ok(Biases { qkv: true, output: false, mlp: false })
        }
        other => {
            let known = "\"llama\", \"mistral\" or \"qwen2\"";
            Err(settings.invalid("model_type", Problem::mismatch(known, format!("{other:?}"))))
        }
    }
}

/// Query heads, key-value heads, and the columns of one.
fn heads(settings: &Settings) -> Result<(u64, u64, u64), Invalid> {
    let or = |field: &str, other: u64| match settings.get(field) {
        Some(_) => settings.size(field),
        None => Ok(other),
    };
    let (hidden, heads) = (settings.size("hidden_size")?, settings.size("num_attention_heads")?);
    let kv_heads = or("num_key_value_heads", heads)?;
    if !heads.is_multiple_of(kv_heads) {
        let problem = Problem::mismatch(format!("a divisor of num_attention_heads {heads}"), kv_heads);
        return Err(settings.invalid("num_key_value_heads", problem));
    }
    let is_named = settings.get("head_dim").is_some();
    if !is_named && !hidden.is_multiple_of(heads) {
        let problem = Problem::mismatch(format!("a divisor of hidden_size {hidden}"), heads);
        return Err(settings.invalid("num_attention_heads", problem));
    }
    let dim = or("head_dim", hidden / heads)?;
    let place = if is_named { "head_dim" } else { "hidden_size" };
    if !dim.is_multiple_of(2) {
        let problem = Problem::mismatch("heads of an even number of columns", format!("heads of {dim}"));
        return Err(settings.invalid(place, problem));
    }
    match heads.checked_mul(dim) {
        Some(_) => Ok((heads, kv_heads, dim)),
        None => Err(settings.invalid(place, Problem::Limit { limit: u64::MAX / heads, got: dim })),
    }
}
