//! Chain specifications as JSON files.

use crate::{built_in_code, ChainSpec};
use serde_json::Value;
use std::{fs, path::Path};

/// Reads the specification in a file, and gives it the built-in code where it has none.
pub(crate) fn load(path: &Path) -> Result<ChainSpec, String> {
    let shown = path.display();
    let mut text = fs::read(path).map_err(|error| {
        format!(
            "chain specification {shown}: {error}; name a network (development, local, test, production, local-N, \
             test-N) or a readable file"
        )
    })?;
    let mut json: Value = serde_json::from_slice(&text)
        .map_err(|error| format!("chain specification {shown} is not valid JSON: {error}"))?;
    let has = |pointer| json.pointer(pointer).is_some();
    if !has("/genesis/runtimeGenesis") && !has("/genesis/raw") {
        return Err(format!(
            "chain specification {shown} has neither genesis.runtimeGenesis nor genesis.raw"
        ));
    }
    if let Some(genesis) = json.pointer_mut("/genesis/runtimeGenesis").and_then(Value::as_object_mut) {
        if !genesis.contains_key("code") {
            genesis.insert("code".into(), sp_core::bytes::to_hex(built_in_code()?, false).into());
            text = json.to_string().into_bytes();
        }
    }
    ChainSpec::from_json_bytes(text).map_err(|error| format!("chain specification {shown}: {error}"))
}

/// The plain JSON of a specification, its runtime code left out.
///
/// # Errors
///
/// The specification can't be written as JSON.
pub fn without_code(spec: &ChainSpec) -> Result<String, String> {
    let mut json: Value = serde_json::from_str(&spec.as_json(false)?).map_err(|error| error.to_string())?;
    if let Some(genesis) = json.pointer_mut("/genesis/runtimeGenesis").and_then(Value::as_object_mut) {
        genesis.remove("code");
    }
    let mut text = serde_json::to_string_pretty(&json).map_err(|error| error.to_string())?;
    text.push('\n');
    Ok(text)
}
