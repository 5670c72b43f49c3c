//! Computes a settled job again.

use super::{
    end::End,
    result::{ended, servers},
    view::Last,
};
use crate::{
    context::Context,
    error::CliError,
    output::{fields, Hex},
    runner::{self, Report, Task},
    worker::fetch::{FetchError, Keeper, Part, Sources},
};
use assay_blobs::Store;
use assay_chain::market::{Claim, JobSpec};
use assay_primitives::{BlobRef, Digest, JobId};
use serde::Serialize;
use std::{
    fs,
    path::Path,
    sync::{Mutex, PoisonError},
};
use tokio_util::sync::CancellationToken;

/// What is shown of a verification.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    job: JobId,
    is_right: bool,
    result: Option<Hex>,
    trace: Option<Hex>,
    units: u64,
    program: Hex,
    input: Hex,
    #[serde(flatten)]
    last: Last,
}

/// Computes a job again and compares.
pub async fn run(context: &Context, id: JobId, from: Vec<String>) -> Result<(), CliError> {
    let chain = context.chain().await?;
    let end = ended(&chain, id).await?.with_signatures(&chain, id).await?;
    let Some(claim) = end.receipt.claim else {
        let outcome = super::view::outcome(end.receipt.outcome);
        return Err(CliError::Refused(format!("job {id} has nothing to verify: it ended {outcome}")));
    };
    let urls = servers(context, &chain, id, &end, from).await?;
    let data = &context.config.data;
    fs::create_dir_all(data).map_err(CliError::file(data))?;
    let scratch = tempfile::tempdir_in(data).map_err(CliError::file(data))?;
    let fetched = Fetched::default();
    let report = compute(context, &urls, &end.receipt.spec, scratch.path(), &fetched).await;
    fetched.remove(&context.store()?).await?;
    let report = report?;
    if let Some(difference) = difference(&claim, &report) {
        return Err(CliError::Mismatch(format!("job {id} is wrong on the chain: {difference}")));
    }
    let shown = Shown::new(id, &end, &report);
    context.output.value(&shown, || shown.text());
    Ok(())
}

/// Fetches what a job needs, and runs it as a worker would.
async fn compute(
    context: &Context,
    urls: &[String],
    spec: &JobSpec,
    scratch: &Path,
    keeper: &Fetched,
) -> Result<Report, CliError> {
    let worker = &context.config.worker;
    let [program, input, work] = ["program", "input", "work"].map(|name| scratch.join(name));
    let (fetcher, store) = (context.fetcher()?, context.store()?);
    for (part, directory, what) in
        [(Part::Program, &program, "fetching the model"), (Part::Input, &input, "fetching the input")]
    {
        let bar = context.output.bytes(what);
        let most = worker.disk;
        let sources = Sources { fetcher: &fetcher, store: &store, urls, most, progress: &bar, keeper };
        sources.package(part, spec, directory).await?;
    }
    fs::create_dir_all(&work).map_err(CliError::file(&work))?;
    let task = Task {
        program,
        input,
        seed: spec.seed.to_vec(),
        units: spec.units,
        output_bytes: spec.output_bytes,
        work,
        leaves: None,
        backend: worker.backend,
        device: worker.device,
        threads: worker.threads,
        limits: worker.job_limits(spec.machine),
    };
    let _waiting = context.output.spinner(&format!("computing {} units", spec.units));
    Ok(runner::run(&task, &CancellationToken::new()).await?)
}

/// What the store did not have before.
#[derive(Default)]
struct Fetched(Mutex<Vec<Digest>>);

impl Keeper for &Fetched {
    async fn keep(&self, blob: &BlobRef, is_new: bool) -> Result<(), FetchError> {
        if is_new {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(blob.blake3);
        }
        Ok(())
    }
}

impl Fetched {
    /// Removes it: nothing else would.
    async fn remove(self, store: &Store) -> Result<(), CliError> {
        for blake3 in self.0.into_inner().unwrap_or_else(PoisonError::into_inner) {
            store.remove(&blake3).await?;
        }
        Ok(())
    }
}

/// How a claim on the chain differs from what was computed here, if it does.
fn difference(claim: &Claim, report: &Report) -> Option<String> {
    let root = |digest: &[u8; 32]| Hex(*digest).to_string();
    match (claim, report) {
        (Claim::Computed { result, .. }, Report::Computed { result: computed, .. }) if result != computed => {
            Some(format!("it has result {}, computed here is {}", root(result), root(computed)))
        }
        (Claim::Computed { trace, .. }, Report::Computed { trace: computed, .. }) if trace != computed => {
            Some(format!("it has trace {}, computed here is {}", root(trace), root(computed)))
        }
        (Claim::Computed { .. }, Report::Computed { .. }) => None,
        (Claim::Misdeclared { units }, Report::Misdeclared { units: computed }) if units == computed => None,
        (Claim::Misdeclared { units }, Report::Misdeclared { units: computed }) => {
            Some(format!("it claims {units} compute units, counted here are {computed}"))
        }
        (Claim::Computed { .. }, Report::Misdeclared { units }) => {
            Some(format!("it has a result, and its compute units were misdeclared: they are {units}"))
        }
        (Claim::Misdeclared { units }, Report::Computed { .. }) => {
            Some(format!("it claims {units} compute units, and those declared are right"))
        }
    }
}

impl Shown {
    fn new(job: JobId, end: &End, report: &Report) -> Self {
        let spec = &end.receipt.spec;
        let (result, trace) = match report {
            Report::Computed { result, trace, .. } => (Some(Hex(*result)), Some(Hex(*trace))),
            Report::Misdeclared { .. } => (None, None),
        };
        let (program, input) = (Hex(spec.program), Hex(spec.input));
        Self { job, is_right: true, result, trace, units: spec.units, program, input, last: Last::new(end) }
    }

    fn text(&self) -> String {
        let result =
            self.result.map_or("none: its compute units were misdeclared".into(), |root| root.to_string());
        let head = fields(&[
            ("job", format!("{}: the chain is right", self.job)),
            ("result", result),
            ("program", self.program.to_string()),
            ("input", self.input.to_string()),
        ]);
        head + &self.last.text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_fetched_is_removed_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path().to_str().unwrap()).unwrap();
        let old = store.put("old".into()).await.unwrap();
        let new = store.put("new".into()).await.unwrap();
        let fetched = Fetched::default();
        (&fetched).keep(&old, false).await.unwrap();
        (&fetched).keep(&new, true).await.unwrap();
        fetched.remove(&store).await.unwrap();
        assert_eq!(store.list().await.unwrap(), [old]);
    }

    #[test]
    fn equal_claims_are_right_and_all_others_told_apart() {
        let claim = Claim::Computed { result: [1; 32], trace: [2; 32] };
        let computed = |result, trace| Report::Computed {
            result: [result; 32],
            trace: [trace; 32],
            leaves: 1,
            file: [0; 32],
        };
        let misdeclared = |units| Report::Misdeclared { units };
        assert_eq!(difference(&claim, &computed(1, 2)), None);
        assert_eq!(difference(&Claim::Misdeclared { units: 3 }, &misdeclared(3)), None);
        for (claim, report, word) in [
            (claim, computed(3, 2), "result 0x0101"),
            (claim, computed(1, 3), "trace 0x0202"),
            (claim, misdeclared(5), "they are 5"),
            (Claim::Misdeclared { units: 3 }, misdeclared(4), "claims 3 compute units, counted here are 4"),
            (Claim::Misdeclared { units: 3 }, computed(1, 2), "those declared are right"),
        ] {
            let difference = difference(&claim, &report).unwrap();
            assert!(difference.contains(word), "{difference}");
        }
    }
}
