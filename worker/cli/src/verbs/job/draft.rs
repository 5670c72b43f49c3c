//! Jobs as people ask for them, made into what the chain and the workers are told.

use crate::{amount::Amount, error::CliError, model::Model, verbs::provider};
use assay_graph::{
    canonical::Float,
    job::{self, Input},
    package::Package,
    safetensors,
    tensor::Tensors,
};
use assay_primitives::{
    Balance, BlobRef, Digest, Endpoint, JobClass, JobSpec, ListedVersion, Machine, MarketBlock,
};
use clap::Subcommand;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The reports of a training, which another one does not read.
const LOSSES: &str = "losses";

/// What is to be computed.
#[derive(Debug, Subcommand)]
pub enum Kind {
    /// A vector for each line of a text
    #[command(after_help = "Examples:
  assay job estimate embed ./minilm sentences.txt
  assay --key me.json job submit embed ./minilm sentences.txt")]
    Embed(Embed),
    /// Steps of a training on a text
    #[command(after_help = "Examples:
  assay job estimate train ./training book.txt --steps 100
  assay --key me.json job submit train ./training book.txt --steps 100
  assay --key me.json job submit train ./training book.txt --steps 200 --checkpoint checkpoint.safetensors")]
    Train(Train),
    /// Text after prompts
    #[command(after_help = "Examples:
  assay job estimate generate ./writer --prompt 'The licence' --tokens 100
  assay --key me.json job submit generate ./writer --prompt 'The licence' --tokens 100
  assay --key me.json job submit generate ./tinyllama --prompts questions.txt --temperature 0.7 --top-k 40 --top-p 0.9")]
    Generate(Generate),
}

/// A vector for each line of a text.
#[derive(clap::Args, Debug)]
pub struct Embed {
    /// Model directory
    model: PathBuf,
    /// Text in UTF-8; each line that is not empty gets a vector
    text: PathBuf,
    #[command(flatten)]
    terms: Terms,
}

/// Steps of a training.
#[derive(clap::Args, Debug)]
pub struct Train {
    /// Model directory
    model: PathBuf,
    /// Text in UTF-8
    text: PathBuf,
    /// The step to end with (default: all that the model's table of learning rates has)
    #[arg(long)]
    steps: Option<u64>,
    /// Result of an earlier training to go on from
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    #[command(flatten)]
    terms: Terms,
}

/// Text after prompts.
#[derive(clap::Args, Debug)]
pub struct Generate {
    /// Model directory
    model: PathBuf,
    /// What to go on from; give it several times for several texts
    #[arg(long, required_unless_present = "prompts")]
    prompt: Vec<String>,
    /// File with a prompt on each line
    #[arg(long, value_name = "FILE")]
    prompts: Option<PathBuf>,
    /// Tokens after each prompt
    #[arg(long, default_value = "64")]
    tokens: u64,
    /// Draw tokens, the more freely the higher (default: always the most likely one)
    #[arg(long)]
    temperature: Option<f32>,
    /// Draw from so many tokens only, the most likely ones
    #[arg(long, value_name = "COUNT", requires = "temperature")]
    top_k: Option<u64>,
    /// Draw from the most likely tokens only that have this share of the probability together, above 0 and at most 1
    #[arg(long, value_name = "SHARE", requires = "temperature")]
    top_p: Option<f32>,
    /// Token that ends a text; give it several times for several (default: those that the model names)
    #[arg(long, value_name = "ID")]
    stop: Vec<u64>,
    #[command(flatten)]
    terms: Terms,
}

/// On which terms.
#[derive(clap::Args, Clone, Debug)]
pub struct Terms {
    /// What it runs on, by its numbers (see `provider list`)
    #[arg(long, value_name = "HARDWARE:MEMORY", default_value = "0:0", value_parser = provider::machine)]
    pub machine: Machine,
    /// The most that a compute unit may cost in one seat, in ASY (default: twice the price of now)
    #[arg(long, value_name = "AMOUNT")]
    pub cap: Option<Amount>,
    /// Blocks that seats may take longer than they need at least to begin, before the job ends
    #[arg(long, value_name = "BLOCKS", default_value = "100")]
    pub patience: MarketBlock,
    /// Seed of its random numbers (default: a random one)
    #[arg(long, value_name = "0xHEX", value_parser = seed)]
    pub seed: Option<Digest>,
    /// Listing whose owner gets a royalty
    #[arg(long, value_name = "LISTING:VERSION", value_parser = listing)]
    pub listing: Option<ListedVersion>,
    /// Where workers fetch model and input (default: blobs.public_url of the configuration)
    #[arg(long, value_name = "URL", value_parser = provider::endpoint)]
    pub source: Option<Endpoint>,
}

fn seed(text: &str) -> Result<Digest, String> {
    let mut seed = Digest::default();
    let hex = text.strip_prefix("0x").unwrap_or(text);
    match hex::decode_to_slice(hex, &mut seed) {
        Ok(()) => Ok(seed),
        Err(_) => Err("a seed is 0x and 64 hexadecimal digits".into()),
    }
}

fn listing(text: &str) -> Result<ListedVersion, String> {
    let numbers = text.split_once(':').and_then(|(listing, version)| {
        Some(ListedVersion { listing: listing.parse().ok()?, version: version.parse().ok()? })
    });
    numbers.ok_or_else(|| "a listing and its version are two numbers, as in 3:0".into())
}

/// A job with everything that it says of itself.
pub struct Draft {
    /// The program's files.
    pub program: Package,
    /// The input's files.
    pub input: Package,
    /// On which terms.
    pub terms: Terms,
    /// Compute units of 10⁹ multiply-adds.
    pub units: u64,
    /// Most bytes of the outputs.
    pub output_bytes: u64,
    /// Most bytes of memory that it takes, with program and input.
    pub memory: u64,
    roots: (Digest, Digest),
}

impl Draft {
    /// Reads model and content, and makes the input.
    ///
    /// # Errors
    ///
    /// A file is missing or wrong; the model is not for this kind of job, or a text does not fit it.
    pub fn new(kind: &Kind) -> Result<Self, CliError> {
        match kind {
            Kind::Embed(embed) => {
                let model = Model::open(&embed.model)?;
                let texts = lines(&embed.text)?;
                let tensors = sequences(&model, &texts, model.context())?;
                Self::pack(model, job::Kind::Embed, &tensors, &embed.terms)
            }
            Kind::Train(train) => {
                let model = Model::open(&train.model)?;
                let (kind, tensors) = training(&model, train)?;
                Self::pack(model, kind, &tensors, &train.terms)
            }
            Kind::Generate(generate) => {
                let model = Model::open(&generate.model)?;
                let (kind, tensors) = generation(&model, generate)?;
                Self::pack(model, kind, &tensors, &generate.terms)
            }
        }
    }

    fn pack(model: Model, kind: job::Kind, tensors: &Tensors, terms: &Terms) -> Result<Self, CliError> {
        let package = Input::pack(kind, tensors)?;
        let input = Input::load("input", &package)?;
        let program = &model.program;
        Ok(Self {
            units: job::units(program, &input)?,
            output_bytes: job::output_bytes(program, &input)?,
            memory: job::memory(program, &input)?.saturating_add(job::blob_bytes(program, &input)),
            roots: (program.root, input.root),
            program: model.package,
            input: package,
            terms: terms.clone(),
        })
    }

    /// What the chain is told; the deadline is still open.
    pub fn spec(&self, price_cap: Balance, seed: Digest) -> JobSpec {
        let (program, input) = self.roots;
        JobSpec {
            class: JobClass::ExactV1,
            program,
            program_blob: reference(&self.program),
            input,
            input_blob: reference(&self.input),
            output_bytes: self.output_bytes,
            seed,
            units: self.units,
            machine: self.terms.machine,
            price_cap,
            deadline: 0,
            listing: self.terms.listing,
        }
    }
}

fn reference(package: &Package) -> BlobRef {
    let manifest = &package.manifest;
    BlobRef { blake3: *blake3::hash(manifest).as_bytes(), size: manifest.len() as u64 }
}

fn read(path: &Path) -> Result<String, CliError> {
    fs::read_to_string(path).map_err(CliError::file(path))
}

fn lines(path: &Path) -> Result<Vec<String>, CliError> {
    let text = read(path)?;
    let lines: Vec<_> =
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(String::from).collect();
    match lines.is_empty() {
        true => Err(CliError::Usage(format!("{} has no text in it", path.display()))),
        false => Ok(lines),
    }
}

fn sequences(model: &Model, texts: &[String], max: u64) -> Result<Tensors, CliError> {
    let sequences: Result<Vec<_>, _> = texts.iter().map(|text| model.encode(text, max)).collect();
    Ok(Input::sequences(&sequences?))
}

fn training(model: &Model, train: &Train) -> Result<(job::Kind, Tensors), CliError> {
    let mut tensors = match &train.checkpoint {
        None => Tensors::new(),
        Some(path) => {
            let bytes = fs::read(path).map_err(CliError::file(path))?;
            safetensors::read(&path.display().to_string(), &bytes)?
        }
    };
    tensors.remove(LOSSES);
    let done = tensors.get("step").and_then(|step| step.as_u32().ok()?.first().copied());
    let rates = model.program.manifest.training.as_ref().and_then(|training| {
        let rates = model.program.manifest.tensors.get(&training.rates)?;
        rates.shape.first().copied()
    });
    tensors.insert("data".into(), model.data(&read(&train.text)?)?);
    // Of a model that is no training, the check of the whole job tells.
    let to = train.steps.or(rates).unwrap_or_default();
    Ok((job::Kind::Train(job::Train { from: done.unwrap_or(0).into(), to }), tensors))
}

fn generation(model: &Model, generate: &Generate) -> Result<(job::Kind, Tensors), CliError> {
    let mut prompts = generate.prompt.clone();
    if let Some(path) = &generate.prompts {
        prompts.extend(lines(path)?);
    }
    let sampling = sampling(generate)?;
    let (context, tokens) = (model.context(), generate.tokens);
    let room = context.saturating_sub(tokens);
    if tokens == 0 || room == 0 {
        let most = context.saturating_sub(1);
        return Err(CliError::Usage(format!(
            "--tokens is {tokens}, expected 1 to {most}: prompt and answer share the model's context of {context}"
        )));
    }
    let stop = if generate.stop.is_empty() { &model.stop } else { &generate.stop };
    let kind = job::Generate { sampling, stop: stop.clone(), tokens };
    Ok((job::Kind::Generate(kind), sequences(model, &prompts, room)?))
}

fn sampling(generate: &Generate) -> Result<job::Sampling, CliError> {
    match generate.temperature {
        None => Ok(job::Sampling::Greedy),
        Some(temperature) if temperature > 0.0 && temperature.is_finite() => Ok(job::Sampling::Sample {
            inverse_temperature: Float::new(1.0 / temperature),
            top_k: generate.top_k,
            top_p: generate.top_p.map(Float::new),
        }),
        Some(temperature) => {
            Err(CliError::Usage(format!("--temperature is {temperature}, expected a number above 0")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model;
    use assay_graph::decoder::{Decoder, Recipe};
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(subcommand)]
        kind: Kind,
    }

    fn draft(scratch: &Path, arguments: &[&str]) -> Result<Draft, CliError> {
        let in_scratch = |argument: &&str| match argument.strip_prefix('@') {
            Some(file) => scratch.join(file).display().to_string(),
            None => argument.to_string(),
        };
        let arguments = arguments.iter().map(in_scratch);
        Draft::new(&Line::try_parse_from(std::iter::once("assay".to_string()).chain(arguments)).unwrap().kind)
    }

    /// A directory with a training, the text it is on, and a decoder that has learnt nothing.
    fn scratch() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        let tiny =
            Decoder { layers: 1, width: 8, heads: 1, kv_heads: 1, hidden: 8, vocabulary: 256, context: 16 };
        let training = tiny.training(&Recipe::new(1, 8, 40, 0.01)).unwrap();
        model::write(&directory.path().join("training"), &training, None).unwrap();
        let learnt = assay_graph::program::Program::load("training", &training).unwrap().manifest.parameters;
        let values = |(name, parameter): (&String, &assay_graph::manifest::Parameter)| {
            (name.clone(), vec![0.5; parameter.shape.iter().product::<u64>() as usize])
        };
        let decoder =
            tiny.inference(&learnt.iter().map(values).collect(), assay_exact::Precision::I15).unwrap();
        model::write(&directory.path().join("writer"), &decoder, None).unwrap();
        fs::write(directory.path().join("text"), "the quick brown fox\n\njumps over the lazy dog\n").unwrap();
        directory
    }

    fn input(draft: &Draft) -> Input {
        Input::load("input", &draft.input).unwrap()
    }

    #[test]
    fn a_training_takes_all_steps_or_those_asked_for() {
        let scratch = scratch();
        let all = draft(scratch.path(), &["train", "@training", "@text"]).unwrap();
        assert_eq!(input(&all).manifest.job, job::Kind::Train(job::Train { from: 0, to: 40 }));
        let some = draft(scratch.path(), &["train", "@training", "@text", "--steps", "20"]).unwrap();
        assert_eq!(input(&some).manifest.job, job::Kind::Train(job::Train { from: 0, to: 20 }));
        assert!(some.units <= all.units && some.output_bytes < all.output_bytes);
        let error = draft(scratch.path(), &["train", "@training", "@text", "--steps", "41"]).map(|_| ());
        assert!(error.unwrap_err().line().contains("has learning rates for 40 steps"));
    }

    #[test]
    fn prompts_are_cut_to_what_leaves_room_for_the_answer() {
        let scratch = scratch();
        let arguments = [
            "generate",
            "@writer",
            "--prompt",
            "the quick brown fox",
            "--prompts",
            "@text",
            "--tokens",
            "10",
        ];
        let draft = draft(scratch.path(), &arguments).unwrap();
        let tensors = input(&draft).tensors;
        assert_eq!(tensors["lengths"].as_u32().unwrap(), [6, 6, 6]);
        assert_eq!(tensors["ids"].as_u32().unwrap()[..6], [116, 104, 101, 32, 113, 117]);
    }

    #[test]
    fn tokens_are_chosen_and_texts_end_as_asked_or_as_the_model_says() {
        let scratch = scratch();
        model::write_stop_tokens(&scratch.path().join("writer"), &[3, 5]).unwrap();
        let kind = |more: &[&str]| {
            let arguments = ["generate", "@writer", "--prompt", "x", "--tokens", "2"];
            input(&draft(scratch.path(), &[&arguments[..], more].concat()).unwrap()).manifest.job
        };
        let job = |sampling, stop: &[u64]| {
            job::Kind::Generate(job::Generate { sampling, stop: stop.to_vec(), tokens: 2 })
        };
        assert_eq!(kind(&[]), job(job::Sampling::Greedy, &[3, 5]));
        assert_eq!(kind(&["--stop", "7", "--stop", "8"]), job(job::Sampling::Greedy, &[7, 8]));
        let sampling = |top_k, top_p: Option<f32>| job::Sampling::Sample {
            inverse_temperature: Float::new(2.0),
            top_k,
            top_p: top_p.map(Float::new),
        };
        assert_eq!(kind(&["--temperature", "0.5"]), job(sampling(None, None), &[3, 5]));
        let both = ["--temperature", "0.5", "--top-k", "40", "--top-p", "0.75"];
        assert_eq!(kind(&both), job(sampling(Some(40), Some(0.75)), &[3, 5]));
        let line = ["assay", "generate", "writer", "--prompt", "x", "--top-k", "40"];
        assert!(Line::try_parse_from(line).is_err_and(|error| error.to_string().contains("--temperature")));
        let above =
            ["generate", "@writer", "--prompt", "x", "--tokens", "2", "--temperature", "1", "--top-p", "1.5"];
        let line = draft(scratch.path(), &above).map(|_| ()).unwrap_err().line();
        assert!(line.contains("job generate, top_p"), "{line}");
    }

    #[test]
    fn a_job_that_the_model_is_not_for_is_refused() {
        let scratch = scratch();
        let refused = |arguments: &[&str]| draft(scratch.path(), arguments).map(|_| ()).unwrap_err().line();
        let line = refused(&["embed", "@training", "@text"]);
        assert!(line.contains("input: job: needs a program that is run"), "{line}");
        let line = refused(&["train", "@writer", "@text", "--steps", "20"]);
        assert!(line.contains("input: job: needs a training"), "{line}");
        let line = refused(&["generate", "@writer", "--prompt", "x", "--tokens", "17"]);
        assert!(line.contains("is 17, expected 1 to 15"), "{line}");
        let line = refused(&["generate", "@writer", "--prompt", "x", "--temperature", "0"]);
        assert_eq!(line, "--temperature is 0, expected a number above 0");
        fs::write(scratch.path().join("empty"), "\n \n").unwrap();
        assert!(refused(&["embed", "@writer", "@empty"]).ends_with("empty has no text in it"));
    }

    #[test]
    fn the_specification_says_what_was_made() {
        let scratch = scratch();
        let arguments = ["embed", "@writer", "@text", "--machine", "1:2", "--listing", "3:4"];
        let draft = draft(scratch.path(), &arguments).unwrap();
        let spec = draft.spec(5, [9; 32]);
        assert_eq!(spec.input, input(&draft).root);
        assert_eq!(spec.input_blob, reference(&draft.input));
        assert_eq!((spec.price_cap, spec.seed, spec.units), (5, [9; 32], draft.units));
        assert_eq!((spec.machine.hardware, spec.machine.memory), (1, 2));
        assert_eq!(spec.listing, Some(ListedVersion { listing: 3, version: 4 }));
        // Two texts, a logit for each of 256 ids.
        assert_eq!(spec.output_bytes, 2 * 256 * 4);
    }

    #[test]
    fn seeds_and_listings_are_checked() {
        assert_eq!(seed(&format!("0x{}", "ab".repeat(32))), Ok([0xab; 32]));
        assert!(seed("0x12").unwrap_err().contains("64 hexadecimal digits"));
        assert!(listing("3").unwrap_err().contains("as in 3:0"));
    }
}
