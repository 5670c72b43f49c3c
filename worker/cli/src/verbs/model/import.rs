//! Makes model directories.

use super::Shown;
use crate::{
    context::Context,
    error::CliError,
    model::{self, Model},
    output::Bar,
};
use assay_exact::Precision;
use assay_graph::{
    decoder::{Decoder, Recipe},
    import::{bert, llama, stop_tokens, Family},
    package::Package,
    safetensors,
};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// What names a decoder instead of a directory.
const DECODER: &str = "decoder:";
/// What a checkpoint calls its parameters.
const PARAMETER: &str = "parameter.";
/// Tokens of a text where nothing else is asked for: as sentences are cut for encoders.
const ENCODER_TOKENS: u64 = 256;
/// The same of a decoder, prompt and answer together.
const DECODER_TOKENS: u64 = 2_048;

/// What to make a model of.
#[derive(clap::Args, Debug)]
pub struct Import {
    /// Hugging Face directory of a BERT encoder or of a decoder of the Llama type, decoder:small or decoder:tiny
    source: String,
    /// Model directory to write
    directory: PathBuf,
    /// Of a directory: most tokens of a text, with a decoder's answer (default: 256 of an encoder, 2048 of a decoder)
    #[arg(long, value_name = "TOKENS")]
    max_tokens: Option<u64>,
    /// Of a decoder's directory: what weights, activations and cache are rounded to, i8 or the slower i15
    #[arg(long, default_value = "i8", value_parser = precision)]
    precision: Precision,
    /// Of a decoder: makes it generate with what a training has learnt, whose result this is
    #[arg(long, value_name = "FILE", conflicts_with_all = ["steps", "units", "tokens", "rate"])]
    checkpoint: Option<PathBuf>,
    /// Of a decoder to be trained: steps of its table of learning rates
    #[arg(long, default_value = "200")]
    steps: u64,
    /// Of a decoder to be trained: texts of a step
    #[arg(long, default_value = "8")]
    units: u64,
    /// Of a decoder to be trained: tokens of a text
    #[arg(long, default_value = "64")]
    tokens: u64,
    /// Of a decoder to be trained: the highest learning rate
    #[arg(long, default_value = "0.003")]
    rate: f32,
}

/// Makes it, and shows what came of it.
pub fn run(import: Import, context: &Context) -> Result<(), CliError> {
    let working = context.output.spinner("importing");
    match import.source.strip_prefix(DECODER) {
        Some(preset) => {
            let decoder = decoder(preset)?;
            let package = match &import.checkpoint {
                Some(checkpoint) => generating(&decoder, checkpoint)?,
                None => {
                    decoder.training(&Recipe::new(import.units, import.tokens, import.steps, import.rate))?
                }
            };
            model::write(&import.directory, &package, None)?;
        }
        None => of_directory(&import, &working)?,
    }
    working.say("importing: checking what was written");
    let shown = Shown::of(&Model::open(&import.directory)?);
    drop(working);
    context.output.value(&shown, || shown.text());
    Ok(())
}

fn precision(text: &str) -> Result<Precision, String> {
    match text {
        "i8" => Ok(Precision::I8),
        "i15" => Ok(Precision::I15),
        _ => Err("a decoder is imported at i8 or i15".into()),
    }
}

/// Makes a model of one that others trained.
fn of_directory(import: &Import, working: &Bar) -> Result<(), CliError> {
    let source = Path::new(&import.source);
    if !source.join("config.json").exists() {
        return Err(CliError::Usage(format!(
            "{} is no directory of a model, which has config.json: name one as Hugging Face has it, or decoder:small",
            source.display()
        )));
    }
    working.say("importing: quantising the tensors");
    let tokenizer = source.join("tokenizer.json");
    match Family::of(source)? {
        Family::Encoder => {
            let package = bert(source, import.max_tokens.unwrap_or(ENCODER_TOKENS))?;
            working.say("importing: writing the model");
            model::write(&import.directory, &package, Some(&tokenizer))
        }
        Family::Decoder => {
            let tokens = import.max_tokens.unwrap_or(DECODER_TOKENS);
            let stop = stop_tokens(source)?;
            let package = llama(source, tokens, import.precision)?;
            working.say("importing: writing the model");
            model::write(&import.directory, &package, Some(&tokenizer))?;
            model::write_stop_tokens(&import.directory, &stop)
        }
    }
}

fn decoder(preset: &str) -> Result<Decoder, CliError> {
    match preset {
        "small" => Ok(Decoder::small()),
        "tiny" => {
            Ok(Decoder { layers: 2, width: 64, heads: 2, kv_heads: 1, hidden: 176, ..Decoder::small() })
        }
        _ => {
            let problem =
                format!("there is no decoder {preset:?}: the presets are decoder:small and decoder:tiny");
            Err(CliError::Usage(problem))
        }
    }
}

/// The program that generates with the parameters of a checkpoint. It keeps their 15 bits: a model this small has none
/// to lose.
fn generating(decoder: &Decoder, checkpoint: &Path) -> Result<Package, CliError> {
    let bytes = fs::read(checkpoint).map_err(CliError::file(checkpoint))?;
    let place = checkpoint.display().to_string();
    let mut parameters = BTreeMap::new();
    for (name, tensor) in safetensors::read(&place, &bytes)? {
        if let Some(name) = name.strip_prefix(PARAMETER) {
            let values = tensor.as_f32().map_err(|problem| problem.at(&place, format!("tensor {name:?}")))?;
            parameters.insert(name.to_string(), values.to_vec());
        }
    }
    Ok(decoder.inference(&parameters, Precision::I15)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Output;

    #[test]
    fn presets_are_decoders_that_can_be_trained() {
        for preset in ["tiny", "small"] {
            assert!(decoder(preset).unwrap().parameter_count().unwrap() > 50_000, "{preset}");
        }
        let line = decoder("huge").unwrap_err();
        assert!(line.to_string().contains("decoder:tiny"), "{line}");
        assert_eq!(line.exit_code(), 2);
    }

    #[test]
    fn precisions_are_named() {
        assert_eq!([precision("i8"), precision("i15")], [Ok(Precision::I8), Ok(Precision::I15)]);
        assert!(precision("i22").unwrap_err().contains("i8 or i15"));
    }

    #[test]
    fn a_directory_of_another_kind_of_model_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("config.json"), r#"{"model_type":"t5"}"#).unwrap();
        let import = Import {
            source: directory.path().display().to_string(),
            directory: directory.path().join("model"),
            max_tokens: None,
            precision: Precision::I8,
            checkpoint: None,
            steps: 1,
            units: 1,
            tokens: 1,
            rate: 0.1,
        };
        let line = of_directory(&import, &Output::new(true).spinner("")).unwrap_err().line();
        assert!(line.contains("config.json: model_type: is \"t5\", expected \"bert\""), "{line}");
        assert!(!import.directory.exists());
    }

    #[test]
    fn what_is_no_checkpoint_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("checkpoint.safetensors");
        fs::write(&path, safetensors::write(&BTreeMap::new())).unwrap();
        let line = generating(&decoder("tiny").unwrap(), &path).unwrap_err().line();
        assert!(line.starts_with("decoder: embed: is missing"), "{line}");
        fs::write(&path, "no tensors").unwrap();
        assert!(generating(&Decoder::small(), &path).unwrap_err().line().contains("checkpoint.safetensors"));
    }
}
