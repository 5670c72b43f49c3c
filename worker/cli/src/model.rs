//! Model directories: a program as files, and the tokenizer that makes its token ids.

use crate::error::CliError;
use assay_graph::{
    canonical,
    error::{Invalid, Problem},
    import::{stop_tokens, Tokenizer},
    manifest::{self, Manifest},
    package::Package,
    program::Program,
    tensor::Tensor,
};
use std::{fs, path::Path};

/// What makes a directory one of a model.
const MANIFEST: &str = "manifest.json";
/// The tokenizer's file.
const TOKENIZER: &str = "tokenizer.json";
/// The file that names the tokens behind which a text ends, as the models that are imported have it.
const GENERATION: &str = "generation_config.json";
/// Ids of programs without a tokenizer are bytes.
const BYTES: u64 = 256;

/// What a directory holds.
pub struct Model {
    /// Checked.
    pub program: Program,
    /// Its files.
    pub package: Package,
    /// The tokens behind which a generated text ends, where its job says nothing else.
    pub stop: Vec<u64>,
    tokenizer: Option<Tokenizer>,
    place: String,
}

impl Model {
    /// Reads a directory.
    ///
    /// # Errors
    ///
    /// There is no manifest; a file is missing or not what the manifest says; the tokenizer is not the one that the
    /// manifest names.
    pub fn open(directory: &Path) -> Result<Self, CliError> {
        if !directory.join(MANIFEST).exists() {
            return Err(CliError::NoModel(directory.into()));
        }
        let place = directory.display().to_string();
        let package = Package::read(directory, blobs)?;
        let program = Program::load(&place, &package)?;
        let path = directory.join(TOKENIZER);
        let tokenizer = match &program.manifest.tokenizer {
            None => None,
            Some(expected) => {
                let tokenizer = Tokenizer::open(&path)?;
                if tokenizer.hash() != expected.0 {
                    let problem = Problem::mismatch(hex::encode(expected.0), hex::encode(tokenizer.hash()));
                    let error = problem.at(&path.display().to_string(), "blake3, which the manifest names");
                    return Err(error.into());
                }
                Some(tokenizer)
            }
        };
        Ok(Self { program, package, stop: stop_tokens(directory)?, tokenizer, place })
    }

    /// The ids of a text, at most `max` of them.
    ///
    /// # Errors
    ///
    /// The tokenizer can't read it; there is none, and the model does not take bytes.
    pub fn encode(&self, text: &str, max: u64) -> Result<Vec<u32>, Invalid> {
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        match &self.tokenizer {
            Some(tokenizer) => tokenizer.encode(text, max),
            None if self.program.manifest.vocabulary >= BYTES => {
                Ok(text.bytes().take(max).map(u32::from).collect())
            }
            None => {
                let problem =
                    Problem::mismatch("256 or more: without a tokenizer, ids are bytes", self.vocabulary());
                Err(problem.at(&self.place, "vocabulary"))
            }
        }
    }

    /// A text as the data of a training: ids, or bytes where there is no tokenizer.
    ///
    /// # Errors
    ///
    /// Those of [`Model::encode`].
    pub fn data(&self, text: &str) -> Result<Tensor, Invalid> {
        let ids = self.encode(text, u64::MAX)?;
        let len = [ids.len() as u64];
        Ok(match self.tokenizer {
            Some(_) => Tensor::u32(&len, ids),
            None => Tensor::u8(&len, text.as_bytes().to_vec()),
        })
    }

    /// Most tokens of a unit.
    pub fn context(&self) -> u64 {
        self.program.manifest.context
    }

    fn vocabulary(&self) -> u64 {
        self.program.manifest.vocabulary
    }
}

/// Writes a model directory; `tokenizer` is copied into it.
pub fn write(directory: &Path, package: &Package, tokenizer: Option<&Path>) -> Result<(), CliError> {
    package.write(directory)?;
    if let Some(from) = tokenizer {
        fs::copy(from, directory.join(TOKENIZER)).map_err(CliError::file(from))?;
    }
    Ok(())
}

/// Writes into a model directory behind which tokens a text ends.
pub fn write_stop_tokens(directory: &Path, ids: &[u64]) -> Result<(), CliError> {
    let path = directory.join(GENERATION);
    fs::write(&path, serde_json::json!({ "eos_token_id": ids }).to_string()).map_err(CliError::file(&path))
}

/// The blobs that a program's manifest lists.
pub fn blobs(manifest: &[u8]) -> Result<Vec<manifest::BlobRef>, Invalid> {
    Ok(canonical::read::<Manifest>("program", manifest)?.blobs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_graph::decoder::{Decoder, Recipe};

    fn written() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        let tiny =
            Decoder { layers: 1, width: 8, heads: 1, kv_heads: 1, hidden: 8, vocabulary: 256, context: 16 };
        let package = tiny.training(&Recipe::new(1, 8, 20, 0.01)).unwrap();
        write(directory.path(), &package, None).unwrap();
        directory
    }

    #[test]
    fn a_model_without_a_tokenizer_takes_bytes() {
        let directory = written();
        let model = Model::open(directory.path()).unwrap();
        assert_eq!(model.encode("né", 16).unwrap(), [110, 195, 169]);
        assert_eq!(model.encode("abc", 2).unwrap(), [97, 98]);
        assert_eq!(model.context(), 16);
    }

    #[test]
    fn stop_tokens_are_those_that_were_written() {
        let directory = written();
        assert!(Model::open(directory.path()).unwrap().stop.is_empty());
        write_stop_tokens(directory.path(), &[7, 9]).unwrap();
        assert_eq!(Model::open(directory.path()).unwrap().stop, [7, 9]);
        fs::write(directory.path().join(GENERATION), r#"{"eos_token_id":"end"}"#).unwrap();
        let line = Model::open(directory.path()).map(|_| ()).unwrap_err().to_string();
        assert!(line.contains("generation_config.json: eos_token_id: "), "{line}");
    }

    #[test]
    fn what_is_no_model_directory_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let line = Model::open(directory.path()).map(|_| ()).unwrap_err().to_string();
        assert_eq!(
            line,
            format!("{} is no model directory: `assay model import` makes one", directory.path().display())
        );
    }

    #[test]
    fn a_tokenizer_that_is_not_the_models_is_refused() {
        let directory = written();
        let path = directory.path().join(MANIFEST);
        let text = fs::read_to_string(&path).unwrap();
        let named = format!("\"tokenizer\":\"{}\"", "ab".repeat(32));
        fs::write(&path, text.replace("\"tokenizer\":null", &named)).unwrap();
        let missing = Model::open(directory.path()).map(|_| ()).unwrap_err().to_string();
        assert!(missing.contains("tokenizer.json: contents: No such file"), "{missing}");
        let tokenizer = r#"{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,
            "pre_tokenizer":null,"post_processor":null,"decoder":null,
            "model":{"type":"WordLevel","vocab":{"a":0},"unk_token":"a"}}"#;
        fs::write(directory.path().join(TOKENIZER), tokenizer).unwrap();
        let other = Model::open(directory.path()).map(|_| ()).unwrap_err().to_string();
        assert!(other.contains("blake3, which the manifest names: is "), "{other}");
    }
}
