//! Fetches the result of a job.

use super::{
    end::{self, End},
    no_job,
    outputs::{Format, Outputs},
};
use crate::{
    context::Context,
    error::CliError,
    output::{fields, Hex},
};
use assay_blobs::BlobError;
use assay_chain::{
    market::{Claim, Job, JobSpec},
    Chain, ChainClient,
};
use assay_graph::{canonical, import::Tokenizer, manifest::Manifest};
use assay_primitives::{Digest, JobId};
use serde::Serialize;
use std::{fs, path::Path};

/// What is shown of a result.
#[derive(Serialize)]
struct Shown {
    job: JobId,
    root: Hex,
    /// What it is, in words.
    summary: String,
    /// The file that was written.
    file: Option<String>,
    /// What it is, in full, where no file was asked for.
    outputs: Option<serde_json::Value>,
}

/// Fetches a result, checks its root and writes or shows it.
pub async fn run(
    context: &Context,
    id: JobId,
    out: Option<&Path>,
    from: Vec<String>,
    tokenizer: Option<&Path>,
) -> Result<(), CliError> {
    let format = out.map(Format::of).transpose()?;
    let tokenizer = tokenizer.map(Tokenizer::open).transpose()?;
    let chain = context.chain().await?;
    let end = ended(&chain, id).await?;
    let root = match end.receipt.claim {
        Some(Claim::Computed { result, .. }) => result,
        Some(Claim::Misdeclared { units }) => {
            return Err(CliError::Refused(format!(
                "job {id} was not computed: it has {units} compute units"
            )));
        }
        None => {
            let outcome = super::view::outcome(end.receipt.outcome);
            return Err(CliError::Refused(format!("job {id} has no result: it ended {outcome}")));
        }
    };
    let spec = &end.receipt.spec;
    let servers = servers(context, &chain, id, &end, from).await?;
    if let Some(tokenizer) = &tokenizer {
        check_tokenizer(context, spec, &servers, tokenizer).await?;
    }
    let inline = end.receipt.output.as_ref().and_then(|bytes| Outputs::read_inline(bytes, &root));
    let mut outputs = match inline {
        Some(outputs) => outputs,
        None => fetch(context, spec, &root, &servers).await?,
    };
    if let Some(tokenizer) = &tokenizer {
        outputs.decode(tokenizer)?;
    }
    if let (Some(path), Some(format)) = (out, format) {
        fs::write(path, outputs.write(format)?).map_err(CliError::file(path))?;
    }
    let shown = Shown {
        job: id,
        root: Hex(root),
        summary: outputs.summary(),
        file: out.map(|path| path.display().to_string()),
        outputs: out.is_none().then(|| outputs.json()),
    };
    context.output.value(&shown, || shown.text(&outputs));
    Ok(())
}

/// How a job ended; an error while it has not.
pub async fn ended(chain: &Chain, id: JobId) -> Result<End, CliError> {
    let block = chain.tip().await?.best;
    match chain.job(block.hash, id).await? {
        None => Err(no_job(id)),
        Some(Job::Open(_)) => Err(CliError::Refused(format!(
            "job {id} is not settled yet: `assay job watch {id}` waits for it"
        ))),
        Some(Job::Ended(receipt)) => end::of(chain, id, block, *receipt).await,
    }
}

/// Who may have a job's content and result: those that were named, those of the chain, those of the configuration.
pub async fn servers(
    context: &Context,
    chain: &Chain,
    id: JobId,
    end: &End,
    named: Vec<String>,
) -> Result<Vec<String>, CliError> {
    let mut all = named;
    match &end.before {
        Some(before) => all.extend(before.sources.clone()),
        None => all.extend(chain.sources(chain.tip().await?.best.hash, id).await?),
    }
    all.extend(context.config.blobs.peers.clone());
    let mut seen = std::collections::HashSet::new();
    all.retain(|url| seen.insert(url.clone()));
    Ok(all)
}

/// Refuses a tokenizer that is not that of a job's model, as far as the model's manifest can be had.
async fn check_tokenizer(
    context: &Context,
    spec: &JobSpec,
    servers: &[String],
    tokenizer: &Tokenizer,
) -> Result<(), CliError> {
    let (store, blob) = (context.store()?, spec.program_blob);
    let is_new = !store.has(&blob).await?;
    match context.fetcher()?.fetch(&blob, servers, &()).await {
        Err(error @ (BlobError::Unavailable { .. } | BlobError::NoSource(_))) => {
            context.output.note(&format!("whether the tokenizer is the model's can't be checked: {error}"));
            return Ok(());
        }
        fetched => fetched?,
    }
    let bytes = store.read(&blob).await?;
    if is_new {
        store.remove(&blob.blake3).await?;
    }
    let manifest: Manifest = canonical::read("program", &bytes)?;
    is_the_models(manifest.tokenizer.map(|hash| hash.0), tokenizer.hash())
}

fn is_the_models(expected: Option<Digest>, found: Digest) -> Result<(), CliError> {
    match expected {
        Some(expected) if expected == found => Ok(()),
        Some(expected) => Err(CliError::Usage(format!(
            "--tokenizer has BLAKE3 0x{}, and the model names 0x{}: take the tokenizer.json of the model's directory",
            hex::encode(found),
            hex::encode(expected)
        ))),
        None => Err(CliError::Usage(
            "--tokenizer is not for this job: its model has none, and its texts are shown without".into(),
        )),
    }
}

/// Asks one server after the other: what one gives is only taken if it is of the root on the chain.
async fn fetch(
    context: &Context,
    spec: &JobSpec,
    root: &Digest,
    servers: &[String],
) -> Result<Outputs, CliError> {
    let bar = context.output.bytes("fetching the result");
    let fetcher = context.fetcher()?;
    // The outputs' own bytes are bounded by the job, the header before them by the format.
    let most = spec.output_bytes.saturating_add(canonical::MAX_BYTES);
    let mut tried = Vec::new();
    for server in servers {
        match fetcher.fetch_result(root, most, std::slice::from_ref(server), &bar).await {
            Ok(bytes) => match Outputs::read(&bytes, root) {
                Ok(outputs) => return Ok(outputs),
                Err(problem) => tried.push(format!("{server:?} gave something else ({problem})")),
            },
            Err(error) => tried.push(error.to_string()),
        }
    }
    let tried = if tried.is_empty() { "no server is known".into() } else { tried.join("; ") };
    Err(CliError::Unavailable(format!(
        "nobody gave the result 0x{}: {tried}; try --from URL",
        hex::encode(root)
    )))
}

impl Shown {
    fn text(&self, outputs: &Outputs) -> String {
        let mut rows = vec![("job", self.job.to_string()), ("root", self.root.to_string())];
        rows.push(("result", self.summary.clone()));
        match &self.file {
            Some(file) => {
                rows.push(("written to", file.clone()));
                fields(&rows)
            }
            None => format!("{}\n{}", fields(&rows), outputs.text()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tokenizer_of_another_model_is_refused() {
        assert!(is_the_models(Some([1; 32]), [1; 32]).is_ok());
        for (expected, words) in [
            (Some([2; 32]), "--tokenizer has BLAKE3 0x0101"),
            (None, "--tokenizer is not for this job: its model has none"),
        ] {
            let error = is_the_models(expected, [1; 32]).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.line().contains(words), "{error}");
        }
    }
}
