//! What kind of model a directory has, and what it says of the ends of texts.

use std::path::Path;

use serde_json::Value;

use super::settings::Settings;
use crate::error::{Invalid, Problem};

/// Models that can be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// For [`bert`](super::bert()).
    Encoder,
    /// For [`llama`](super::llama()).
    Decoder,
}

impl Family {
    /// By `model_type` of the directory's `config.json`.
    pub fn of(directory: &Path) -> Result<Self, Invalid> {
        let settings = Settings::read(&directory.join("config.json"))?;
        match settings.text("model_type")? {
            "bert" => Ok(Self::Encoder),
            "llama" | "mistral" | "qwen2" => Ok(Self::Decoder),
            other => {
                let known = "\"bert\", \"llama\", \"mistral\" or \"qwen2\"";
                Err(settings.invalid("model_type", Problem::mismatch(known, format!("{other:?}"))))
            }
        }
    }
}

/// The tokens that end a text: `eos_token_id` of `generation_config.json`, else of `config.json`; none without either.
pub fn stop_tokens(directory: &Path) -> Result<Vec<u64>, Invalid> {
    const FIELD: &str = "eos_token_id";
    for file in ["generation_config.json", "config.json"] {
        let path = directory.join(file);
        if !path.exists() {
            continue;
        }
        let settings = Settings::read(&path)?;
        let ids = match settings.get(FIELD) {
            None => continue,
            Some(Value::Array(ids)) => ids.iter().map(Value::as_u64).collect(),
            Some(id) => id.as_u64().map(|id| vec![id]),
        };
        let problem = || Problem::Format("is no id and no list of ids".into());
        return ids.ok_or_else(|| settings.invalid(FIELD, problem()));
    }
    Ok(Vec::new())
}
