//! Gets a job's program and input: manifests by the references of the specification, then the blobs that they list.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::iter::once;
use std::path::Path;

use assay_blobs::{BlobError, Fetcher, Progress, Store};
use assay_graph::canonical::{self, MAX_BYTES};
use assay_graph::error::Invalid;
use assay_graph::job::JobManifest;
use assay_graph::manifest::{self, Manifest, TensorRef};
use assay_graph::root::{manifest_entry, root, Domain, Entry};
use assay_primitives::{BlobRef, Digest, JobSpec};
use assay_store::StoreError;
use tokio::fs;

use super::cache::Full;

/// The file of a manifest in a package's directory.
pub const MANIFEST: &str = "manifest.json";

/// Why a package is not here.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// It may be had later.
    #[error(transparent)]
    Blob(BlobError),
    /// A file of this machine can't be written.
    #[error("the job's files can't be written: {0}: check the disk of the data directory")]
    File(#[from] io::Error),
    /// The database can't be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Open jobs need all the space for content; later there may be some.
    #[error(transparent)]
    Full(#[from] Full),
    /// What is there is not what the job says, or more than this worker takes: fetching again would not help.
    #[error("{0}")]
    Unfit(String),
}

impl From<BlobError> for FetchError {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::Empty | BlobError::WrongSize { .. } | BlobError::TooLarge { .. } => {
                Self::Unfit(error.to_string())
            }
            passing => Self::Blob(passing),
        }
    }
}

impl From<Invalid> for FetchError {
    fn from(invalid: Invalid) -> Self {
        Self::Unfit(invalid.to_string())
    }
}

/// What a job says of one of its packages.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// What is run.
    Program,
    /// What it is run on.
    Input,
}

/// What a manifest lists.
struct Listed {
    blobs: Vec<manifest::BlobRef>,
    tensors: BTreeMap<String, TensorRef>,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Program => "program",
            Self::Input => "input",
        }
    }

    /// Root of the package, and reference to its manifest.
    fn of(self, spec: &JobSpec) -> (Digest, BlobRef) {
        match self {
            Self::Program => (spec.program, spec.program_blob),
            Self::Input => (spec.input, spec.input_blob),
        }
    }

    fn read(self, bytes: &[u8]) -> Result<Listed, Invalid> {
        Ok(match self {
            Self::Program => {
                let Manifest { blobs, tensors, .. } = canonical::read(self.name(), bytes)?;
                Listed { blobs, tensors }
            }
            Self::Input => {
                let JobManifest { blobs, tensors, .. } = canonical::read(self.name(), bytes)?;
                Listed { blobs, tensors }
            }
        })
    }

    /// The root of the package, from its manifest alone: the manifest has the hashes of its tensors.
    fn root(self, bytes: &[u8], tensors: &BTreeMap<String, TensorRef>) -> Digest {
        let domain = match self {
            Self::Program => Domain::Program,
            Self::Input => Domain::Input,
        };
        let entry = |(name, tensor): (&String, &TensorRef)| Entry {
            name: name.clone(),
            dtype: tensor.dtype as u8,
            shape: tensor.shape.clone(),
            blake3: tensor.blake3.0,
        };
        root(domain, once(manifest_entry(bytes)).chain(tensors.iter().map(entry)).collect())
    }
}

/// Hears of each blob before it is used: what is fetched must not stay for ever, whatever happens after that.
pub trait Keeper: Send + Sync {
    /// A blob is to be used, and has to be fetched first if it is new.
    ///
    /// # Errors
    ///
    /// It can't be noted, or there is no room for it; then it is not fetched.
    fn keep(&self, blob: &BlobRef, is_new: bool) -> impl Future<Output = Result<(), FetchError>> + Send;
}

/// Where packages come from.
pub struct Sources<'a, K> {
    /// What fetches blobs.
    pub fetcher: &'a Fetcher,
    /// Where they are then.
    pub store: &'a Store,
    /// Servers that may have them.
    pub urls: &'a [String],
    /// The most bytes of a package.
    pub most: u64,
    /// Hears how far it is.
    pub progress: &'a dyn Progress,
    /// Hears of each blob first.
    pub keeper: K,
}

impl<K: Keeper> Sources<'_, K> {
    /// Gets a package into a directory, as `Package::write` would write it. What is there already stays.
    ///
    /// # Errors
    ///
    /// Those of [`FetchError`].
    pub async fn package(&self, part: Part, spec: &JobSpec, directory: &Path) -> Result<(), FetchError> {
        let (expected, reference) = part.of(spec);
        check_size(part, "manifest", reference.size, MAX_BYTES)?;
        self.blob(&reference).await?;
        let bytes = match self.store.read(&reference).await {
            Ok(bytes) => bytes,
            Err(error) => {
                self.mend(&reference, error).await?;
                self.store.read(&reference).await?
            }
        };
        let listed = part.read(&bytes)?;
        if part.root(&bytes, &listed.tensors) != expected {
            let name = part.name();
            return Err(FetchError::Unfit(format!(
                "{name}: its manifest is not that of the root in the job"
            )));
        }
        let size = listed.blobs.iter().fold(reference.size, |sum, blob| sum.saturating_add(blob.size));
        check_size(part, "package", size, self.most)?;
        let manifest = directory.join(MANIFEST);
        if fs::read(&manifest).await.is_ok_and(|written| written == bytes) {
            return Ok(());
        }
        fs::create_dir_all(directory).await?;
        for listed in &listed.blobs {
            let blob = BlobRef { blake3: listed.blake3.0, size: listed.size };
            self.blob(&blob).await?;
            let path = directory.join(format!("{}.safetensors", hex::encode(blob.blake3)));
            if let Err(error) = self.store.copy_to(&blob, &path, &()).await {
                self.mend(&blob, error).await?;
                self.store.copy_to(&blob, &path, &()).await?;
            }
        }
        // Last: where there is a manifest, its blobs are there.
        fs::write(&manifest, &bytes).await?;
        Ok(())
    }

    async fn blob(&self, blob: &BlobRef) -> Result<(), FetchError> {
        let is_new = match self.store.size(&blob.blake3).await? {
            None => true,
            Some(actual) if actual == blob.size => false,
            Some(actual) => self.discard_damaged(blob, actual).await?,
        };
        self.keeper.keep(blob, is_new).await?;
        if is_new {
            self.fetcher.fetch(blob, self.urls, self.progress).await?;
        }
        Ok(())
    }
}

impl<K: Keeper> Sources<'_, K> {
    /// Fetches a blob again that is damaged here.
    async fn mend(&self, blob: &BlobRef, error: BlobError) -> Result<(), FetchError> {
        let BlobError::Damaged(_) = error else { return Err(error.into()) };
        tracing::warn!(%error, "it is removed and fetched again");
        self.store.remove(&blob.blake3).await?;
        self.blob(blob).await
    }

    /// Removes a blob that has another size here than in a job, if it is the blob that is wrong: a job must not be able
    /// to have the content of others removed.
    async fn discard_damaged(&self, blob: &BlobRef, actual: u64) -> Result<bool, FetchError> {
        match self.store.verify(&BlobRef { size: actual, ..*blob }).await {
            Ok(()) => {
                let (id, claimed) = (blob.blake3, blob.size);
                Err(BlobError::WrongSize { id, claimed, actual }.into())
            }
            Err(BlobError::Damaged(_)) => {
                self.store.remove(&blob.blake3).await?;
                Ok(true)
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn check_size(part: Part, what: &str, size: u64, most: u64) -> Result<(), FetchError> {
    if size > most {
        let name = part.name();
        let reason = format!("{name}: its {what} has {size} bytes, and {most} are taken: see worker.disk");
        return Err(FetchError::Unfit(reason));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::path::PathBuf;
    use std::sync::Mutex;
    use std::time::Duration;

    use assay_blobs::FetchRules;
    use assay_graph::job::{Input, Kind};
    use assay_primitives::{JobClass, Machine};
    use tempfile::TempDir;

    use super::*;

    #[derive(Default)]
    struct Heard(Mutex<Vec<(BlobRef, bool)>>);

    impl Keeper for &Heard {
        fn keep(&self, blob: &BlobRef, is_new: bool) -> impl Future<Output = Result<(), FetchError>> + Send {
            self.0.lock().expect("no panic").push((*blob, is_new));
            ready(Ok(()))
        }
    }

    /// An input of a job, its two blobs, and a store.
    struct Scene {
        directory: TempDir,
        store: Store,
        spec: JobSpec,
        manifest: BlobRef,
        listed: BlobRef,
        bytes: Vec<u8>,
        heard: Heard,
    }

    impl Scene {
        /// The store has the manifest only.
        async fn new() -> Self {
            let package = Input::pack(Kind::Embed, &Input::sequences(&[vec![1, 2, 3]])).expect("an input");
            let input = Input::load("input", &package).expect("an input");
            let directory = tempfile::tempdir().expect("a directory");
            let store = open(&directory.path().join("store"));
            let manifest = store.put(package.manifest.clone().into()).await.expect("stored");
            let blob = &input.manifest.blobs[0];
            let listed = BlobRef { blake3: blob.blake3.0, size: blob.size };
            let spec = JobSpec {
                class: JobClass::ExactV1,
                program: [0; 32],
                program_blob: manifest,
                input: input.root,
                input_blob: manifest,
                output_bytes: 1,
                seed: [0; 32],
                units: 1,
                machine: Machine { hardware: 0, memory: 0 },
                price_cap: 1,
                deadline: 1,
                listing: None,
            };
            let bytes = package.blobs[0].clone();
            Self { directory, store, spec, manifest, listed, bytes, heard: Heard::default() }
        }

        async fn fetch(&self, urls: &[String]) -> Result<(), FetchError> {
            let rules =
                FetchRules { allow_private: true, max_size: 1 << 20, timeout: Duration::from_secs(5) };
            let fetcher = Fetcher::new(self.store.clone(), rules);
            let (store, keeper) = (&self.store, &self.heard);
            let sources = Sources { fetcher: &fetcher, store, urls, most: 1 << 20, progress: &(), keeper };
            sources.package(Part::Input, &self.spec, &self.directory.path().join("input")).await
        }

        fn heard(&self) -> Vec<(BlobRef, bool)> {
            self.heard.0.lock().expect("no panic").clone()
        }

        /// Where the store has a blob.
        fn file(&self, blob: &BlobRef) -> PathBuf {
            self.directory.path().join("store/blobs").join(hex::encode(blob.blake3))
        }

        /// A server that has all.
        async fn server(&self) -> String {
            let store = open(&self.directory.path().join("server"));
            store.put(self.store.read(&self.manifest).await.expect("it is there")).await.expect("stored");
            store.put(self.bytes.clone().into()).await.expect("stored");
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let url = format!("http://{}", listener.local_addr().expect("an address"));
            tokio::spawn(assay_blobs::serve(listener, store, pending::<()>()));
            url
        }
    }

    fn open(directory: &Path) -> Store {
        Store::open(directory.to_str().expect("text")).expect("a store")
    }

    #[tokio::test]
    async fn a_blob_is_noted_before_it_is_fetched() {
        let scene = Scene::new().await;
        let failed = scene.fetch(&[]).await;
        assert!(matches!(failed, Err(FetchError::Blob(BlobError::NoSource(_)))), "{failed:?}");
        assert_eq!(scene.heard(), [(scene.manifest, false), (scene.listed, true)]);
    }

    #[tokio::test]
    async fn damaged_blobs_are_fetched_again() {
        let scene = Scene::new().await;
        let url = scene.server().await;
        scene.store.put(scene.bytes.clone().into()).await.expect("stored");
        // One with other bytes, one that was cut short.
        std::fs::write(scene.file(&scene.manifest), vec![0; scene.manifest.size as usize]).expect("ours");
        std::fs::write(scene.file(&scene.listed), "short").expect("ours");
        scene.fetch(&[url]).await.expect("both are had again");
        assert_eq!(scene.heard(), [(scene.manifest, false), (scene.manifest, true), (scene.listed, true)]);
        for blob in [scene.manifest, scene.listed] {
            scene.store.verify(&blob).await.expect("it is whole");
        }
    }

    #[tokio::test]
    async fn a_manifest_of_another_root_is_refused_before_its_blobs_are_fetched() {
        let mut scene = Scene::new().await;
        scene.spec.input[31] ^= 1;
        let refused = scene.fetch(&[]).await;
        let says = "input: its manifest is not that of the root in the job";
        assert!(matches!(&refused, Err(FetchError::Unfit(reason)) if reason == says), "{refused:?}");
        assert_eq!(scene.heard(), [(scene.manifest, false)]);
        assert!(!scene.directory.path().join("input").exists());
    }

    #[tokio::test]
    async fn a_job_with_a_wrong_size_removes_nothing() {
        let mut scene = Scene::new().await;
        scene.spec.input_blob.size += 1;
        let failed = scene.fetch(&[]).await;
        assert!(matches!(failed, Err(FetchError::Unfit(_))), "{failed:?}");
        scene.store.verify(&scene.manifest).await.expect("it is still there");
    }
}
