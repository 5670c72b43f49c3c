//! `assay keys`: make, show and import keys.

use crate::{
    context::Context,
    error::CliError,
    keys::{self, KeySource},
    output::{fields, Hex},
};
use assay_chain::{AccountId, Pair};
use clap::Subcommand;
use serde::Serialize;
use sp_core::{crypto::Ss58Codec, Pair as _};
use std::path::{Path, PathBuf};

/// What to do with keys.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a new key, and show the phrase that brings it back
    #[command(after_help = "Example:\n  assay keys generate owner.json")]
    Generate {
        /// Key file to write; it must not be there
        file: PathBuf,
        /// What wallets call it
        #[arg(long, default_value = "assay")]
        name: String,
        /// File with the password (default: ASSAY_PASSWORD, else it is asked for)
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Show whose key a file holds
    #[command(after_help = "Example:\n  assay keys inspect owner.json")]
    Inspect {
        /// Key file
        file: PathBuf,
        /// Also try its password
        #[arg(long)]
        unlock: bool,
        /// File with the password (default: ASSAY_PASSWORD, else it is asked for)
        #[arg(long, value_name = "FILE", requires = "unlock")]
        password_file: Option<PathBuf>,
    },
    /// Write a key file from a phrase or secret URI, which is asked for, or in ASSAY_KEY_URI
    #[command(after_help = "Example:\n  assay keys import owner.json")]
    Import {
        /// Key file to write; it must not be there
        file: PathBuf,
        /// What wallets call it
        #[arg(long, default_value = "assay")]
        name: String,
        /// File with the password (default: ASSAY_PASSWORD, else it is asked for)
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
}

/// What is shown of a key.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    address: AccountId,
    public_key: Hex,
    #[serde(skip_serializing_if = "Option::is_none")]
    phrase: Option<String>,
}

impl Shown {
    fn new(address: AccountId, phrase: Option<String>) -> Self {
        Self { public_key: Hex(*address.as_ref()), address, phrase }
    }

    fn text(&self) -> String {
        let address = self.address.to_ss58check();
        let mut rows = vec![("address", address), ("public key", self.public_key.to_string())];
        if let Some(phrase) = &self.phrase {
            rows.push(("phrase", phrase.clone()));
            rows.push(("", "Write the phrase down and keep it apart: it brings the key back.".into()));
        }
        fields(&rows)
    }
}

/// Runs the verb.
pub async fn run(args: Args, context: &Context) -> Result<(), CliError> {
    let shown = match args.verb {
        Verb::Generate { file, name, password_file } => generate(&file, &name, password_file.as_deref())?,
        Verb::Inspect { file, unlock: false, .. } => Shown::new(keys::account(&file)?, None),
        Verb::Inspect { file, unlock: true, password_file } => {
            let pair = keys::load(&KeySource::File { path: file, password: password_file })?;
            Shown::new(keys::file::account(&pair), None)
        }
        Verb::Import { file, name, password_file } => {
            let pair = imported(context)?;
            keys::write(&file, &pair, &name, password_file.as_deref())?;
            Shown::new(keys::file::account(&pair), None)
        }
    };
    context.output.value(&shown, || shown.text());
    Ok(())
}

fn generate(file: &Path, name: &str, password: Option<&Path>) -> Result<Shown, CliError> {
    let (pair, phrase, _) = Pair::generate_with_phrase(None);
    keys::write(file, &pair, name, password)?;
    Ok(Shown::new(keys::file::account(&pair), Some(phrase)))
}

/// The key of the environment, or of the phrase that is asked for.
fn imported(context: &Context) -> Result<Pair, CliError> {
    match &context.config.key {
        Some(source @ KeySource::Uri(_)) => keys::load(source),
        _ => {
            let uri = keys::ask("phrase or secret URI", "set ASSAY_KEY_URI")?;
            Ok(keys::from_uri(uri.expose().trim(), "what was typed")?)
        }
    }
}
