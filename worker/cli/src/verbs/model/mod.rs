//! `assay model`: what jobs run.

mod import;
mod listed;

use crate::{
    context::Context,
    error::CliError,
    keys,
    model::Model,
    output::{fields, size, Hex},
    percent,
};
use assay_chain::AccountId;
use assay_graph::manifest::{Manifest, Op};
use assay_primitives::{BlobRef, ListingId};
use clap::Subcommand;
use serde::Serialize;
use sp_runtime::Perbill;
use std::path::{Path, PathBuf};

/// What to do with models.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a model directory of a BERT encoder, of a decoder of the Llama type, or of a small decoder to be trained or to
    /// generate
    #[command(after_help = "Examples:
  assay model import ./all-MiniLM-L6-v2 ./minilm
  assay model import ./TinyLlama-1.1B-Chat-v1.0 ./tinyllama --max-tokens 1024
  assay model import decoder:small ./training --steps 200
  assay model import decoder:small ./writer --checkpoint checkpoint.safetensors")]
    Import(import::Import),
    /// Put a model into the blob store, and with --licence also on the chain's list
    #[command(after_help = "Examples:
  assay model publish ./minilm
  assay --key author.json model publish ./minilm --licence Apache-2.0 --royalty 2.5%")]
    Publish {
        /// Model directory
        directory: PathBuf,
        /// SPDX expression of its licence: lists it
        #[arg(long, value_name = "SPDX")]
        licence: Option<String>,
        /// Adds it to a listing as its newest version
        #[arg(long, value_name = "LISTING", conflicts_with = "licence")]
        listing: Option<ListingId>,
        /// Share of one seat's payment for each use, at most 30%
        #[arg(long, value_name = "PERCENT", default_value = "0", value_parser = percent::read)]
        royalty: Perbill,
    },
    /// Show a model directory, or a listing by its number
    #[command(after_help = "Examples:\n  assay model show ./minilm\n  assay model show 3")]
    Show {
        /// Model directory, or number of a listing
        model: String,
    },
    /// Show listings on the chain
    #[command(after_help = "Example:\n  assay model list --from 0 --count 50")]
    List {
        /// The first number to look at
        #[arg(long, default_value = "0")]
        from: ListingId,
        /// How many numbers to look at
        #[arg(long, default_value = "100", value_parser = clap::value_parser!(u64).range(1..=1000))]
        count: u64,
        /// Only those of one owner
        #[arg(long, value_parser = keys::address)]
        owner: Option<AccountId>,
    },
}

/// Runs the verb.
pub async fn run(args: Args, context: &Context) -> Result<(), CliError> {
    match args.verb {
        Verb::Import(import) => import::run(import, context),
        Verb::Publish { directory, licence, listing, royalty } => {
            listed::publish(context, &directory, licence, listing, royalty).await
        }
        Verb::Show { model } => match model.parse::<ListingId>() {
            Ok(id) if !Path::new(&model).exists() => listed::show(context, id).await,
            _ => show(context, Path::new(&model)),
        },
        Verb::List { from, count, owner } => listed::list(context, from, count, owner).await,
    }
}

fn show(context: &Context, directory: &Path) -> Result<(), CliError> {
    let shown = Shown::of(&Model::open(directory)?);
    context.output.value(&shown, || shown.text());
    Ok(())
}

/// What is shown of a model.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    /// What the chain knows it by.
    root: Hex,
    blob: Blob,
    what: &'static str,
    nodes: usize,
    elements: u64,
    context: u64,
    vocabulary: u64,
    bytes: u64,
    tokenizer: Option<Hex>,
}

/// Where content is.
#[derive(Clone, Copy, Serialize)]
pub struct Blob {
    /// BLAKE3 of its bytes.
    pub blake3: Hex,
    /// How many.
    pub size: u64,
}

impl From<BlobRef> for Blob {
    fn from(blob: BlobRef) -> Self {
        Self { blake3: Hex(blob.blake3), size: blob.size }
    }
}

impl Shown {
    fn of(model: &Model) -> Self {
        let manifest = &model.program.manifest;
        let bytes = &model.package.manifest;
        Self {
            root: Hex(model.program.root),
            blob: Blob { blake3: Hex(*blake3::hash(bytes).as_bytes()), size: bytes.len() as u64 },
            what: kind(manifest),
            nodes: manifest.graph.len(),
            elements: elements(manifest),
            context: manifest.context,
            vocabulary: manifest.vocabulary,
            bytes: bytes.len() as u64 + manifest.blobs.iter().map(|blob| blob.size).sum::<u64>(),
            tokenizer: manifest.tokenizer.map(|hash| Hex(hash.0)),
        }
    }

    fn text(&self) -> String {
        fields(&[
            ("root", self.root.to_string()),
            ("manifest", format!("{}, {} bytes", self.blob.blake3, self.blob.size)),
            ("what it is", self.what.into()),
            ("elements", format!("{} in {} nodes", self.elements, self.nodes)),
            ("context", format!("{} tokens of {}", self.context, self.vocabulary)),
            ("tokenizer", self.tokenizer.map_or("none: ids are bytes".into(), |hash| hash.to_string())),
            ("size", size(self.bytes)),
        ])
    }
}

fn kind(manifest: &Manifest) -> &'static str {
    let is_causal = manifest.graph.iter().any(|node| matches!(node.op, Op::Last));
    match (&manifest.training, is_causal) {
        (Some(_), _) => "training: for `job submit train`",
        (None, true) => "decoder: for `job submit generate`",
        (None, false) => "encoder: for `job submit embed`",
    }
}

/// Elements of what is learnt, or of all tensors: a quantised matrix counts once, however many digits it is kept in.
fn elements(manifest: &Manifest) -> u64 {
    let product = |shape: &[u64]| shape.iter().product::<u64>();
    if manifest.training.is_some() {
        return manifest.parameters.values().map(|parameter| product(&parameter.shape)).sum();
    }
    let tensors = manifest.tensors.iter().filter(|(name, _)| !name.ends_with(".scale"));
    let count = |shape: &[u64]| match shape {
        [_digits, rows, columns] => rows * columns,
        shape => product(shape),
    };
    tensors.map(|(_, tensor)| count(&tensor.shape)).sum()
}
