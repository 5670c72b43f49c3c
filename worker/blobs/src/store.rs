//! Where blobs lie.

use std::fmt;
use std::fs;
use std::io::{self, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use assay_primitives::{BlobRef, Digest};
use bytes::Bytes;
use futures::future::ready;
use futures::stream::{BoxStream, StreamExt, TryStreamExt};
use object_store::buffered::BufWriter;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{GetOptions, GetResultPayload, ObjectMeta, ObjectStore, ObjectStoreExt};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::io::ReaderStream;

use crate::error::BlobError;
use crate::progress::{copy, Progress};
use crate::staging::{blocking, sweep, Staged};
use crate::tree::{Tree, GROUP};

/// Bytes that are read from a file at a time.
const READ: usize = 256 << 10;

/// The subdirectory of files that are not whole yet.
const STAGING: &str = "staging";

/// What an object is.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// The bytes of a blob, by their BLAKE3.
    Blob,
    /// The chaining values of a blob's groups, by the blob's BLAKE3. None where one group is the whole.
    Groups,
    /// The file of a result, by the result's root.
    Result,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Blob => "blobs",
            Self::Groups => "groups",
            Self::Result => "results",
        })
    }
}

fn key(kind: Kind, id: &Digest) -> Key {
    Key::from(format!("{kind}/{}", hex::encode(id)))
}

/// A store of blobs and results. Clones are the same store; several processes may use one directory.
#[derive(Clone, Debug)]
pub struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    location: String,
    objects: Arc<dyn ObjectStore>,
    /// The store's directory, if it is one: whole files are renamed into it. Elsewhere they are uploaded.
    root: Option<PathBuf>,
    staging: PathBuf,
    /// Staging of a store that has no directory, deleted with it.
    _scratch: Option<TempDir>,
}

impl Store {
    /// Opens the store at a directory, which is created if need be, or at `s3://bucket/prefix` with the feature `s3`.
    /// Keys and endpoint of S3 come from the usual environment variables (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT`, ...).
    ///
    /// # Errors
    ///
    /// [`Location`](BlobError::Location), [`NoS3`](BlobError::NoS3), [`File`](BlobError::File),
    /// [`Store`](BlobError::Store).
    pub fn open(location: &str) -> Result<Self, BlobError> {
        match location.split_once("://") {
            None if !location.is_empty() => Self::directory(location),
            Some(("s3", bucket)) if !bucket.is_empty() => Self::bucket(location, bucket),
            _ => Err(BlobError::Location(location.to_owned())),
        }
    }

    fn directory(location: &str) -> Result<Self, BlobError> {
        let failed = |source| BlobError::file("open the blob store at", Path::new(location), source);
        fs::create_dir_all(location).map_err(failed)?;
        let root = fs::canonicalize(location).map_err(failed)?;
        let staging = root.join(STAGING);
        for kind in [Kind::Blob, Kind::Groups, Kind::Result] {
            fs::create_dir_all(root.join(kind.to_string())).map_err(failed)?;
        }
        fs::create_dir_all(&staging).map_err(failed)?;
        sweep(&staging)?;
        let objects = LocalFileSystem::new_with_prefix(&root).map_err(|source| unusable(location, source))?;
        Ok(Self(Arc::new(Inner {
            location: location.to_owned(),
            objects: Arc::new(objects),
            root: Some(root),
            staging,
            _scratch: None,
        })))
    }

    #[cfg(feature = "s3")]
    fn bucket(location: &str, bucket: &str) -> Result<Self, BlobError> {
        let (bucket, prefix) = bucket.split_once('/').unwrap_or((bucket, ""));
        let builder = object_store::aws::AmazonS3Builder::from_env().with_bucket_name(bucket);
        let s3 = builder.build().map_err(|source| unusable(location, source))?;
        Self::remote(location, Arc::new(object_store::prefix::PrefixStore::new(s3, prefix)))
    }

    #[cfg(not(feature = "s3"))]
    fn bucket(_location: &str, _bucket: &str) -> Result<Self, BlobError> {
        Err(BlobError::NoS3)
    }

    /// A store that files are uploaded to.
    #[cfg(any(test, feature = "s3"))]
    fn remote(location: &str, objects: Arc<dyn ObjectStore>) -> Result<Self, BlobError> {
        let scratch = tempfile::Builder::new().prefix("assay-blobs-").tempdir();
        let scratch = scratch
            .map_err(|source| BlobError::file("create a directory in", &std::env::temp_dir(), source))?;
        Ok(Self(Arc::new(Inner {
            location: location.to_owned(),
            objects,
            root: None,
            staging: scratch.path().to_owned(),
            _scratch: Some(scratch),
        })))
    }

    /// Stores a blob, whole or not at all.
    ///
    /// # Errors
    ///
    /// [`Empty`](BlobError::Empty), [`File`](BlobError::File), [`Store`](BlobError::Store).
    pub async fn put(&self, bytes: Bytes) -> Result<BlobRef, BlobError> {
        self.put_with(bytes, &()).await
    }

    /// The same, for somebody who watches: a transfer into staging, and where that is not the store's, one from there.
    ///
    /// # Errors
    ///
    /// Those of [`put`](Self::put).
    pub async fn put_with(&self, bytes: Bytes, progress: &dyn Progress) -> Result<BlobRef, BlobError> {
        progress.start(bytes.len() as u64);
        let hashed = bytes.clone();
        let tree = blocking(move || {
            let mut tree = Tree::default();
            hashed.chunks(GROUP as usize).for_each(|group| tree.push(group));
            tree
        });
        let (blob, groups) = tree.await.finish().ok_or(BlobError::Empty)?;
        if !self.has(&blob).await? {
            let (staged, mut rest, mut offset) = (self.staged()?, bytes, 0);
            while !rest.is_empty() {
                let group = rest.split_to(rest.len().min(GROUP as usize));
                let len = group.len() as u64;
                staged.write(offset, group).await?;
                offset += len;
                progress.add(len);
            }
            self.adopt(staged, &blob, groups, progress).await?;
        }
        Ok(blob)
    }

    /// Stores a file as a blob, whole or not at all. It is read once, and never in memory as a whole.
    ///
    /// # Errors
    ///
    /// [`Empty`](BlobError::Empty), [`File`](BlobError::File), [`Store`](BlobError::Store).
    pub async fn put_file(&self, path: &Path, progress: &dyn Progress) -> Result<BlobRef, BlobError> {
        let (staged, tree) = Staged::copy(path, self.staging(), progress).await?;
        let (blob, groups) = tree.finish().ok_or(BlobError::Empty)?;
        if !self.has(&blob).await? {
            self.adopt(staged, &blob, groups, progress).await?;
        }
        Ok(blob)
    }

    /// How many bytes a blob has, if it is here.
    ///
    /// # Errors
    ///
    /// [`Store`](BlobError::Store).
    pub async fn size(&self, id: &Digest) -> Result<Option<u64>, BlobError> {
        self.len(Kind::Blob, id).await
    }

    /// The bytes of a blob, which are those that its name stands for.
    ///
    /// # Errors
    ///
    /// [`Missing`](BlobError::Missing), [`WrongSize`](BlobError::WrongSize), [`Damaged`](BlobError::Damaged),
    /// [`Store`](BlobError::Store).
    pub async fn read(&self, blob: &BlobRef) -> Result<Bytes, BlobError> {
        self.check_size(blob).await?;
        let got = self.0.objects.get(&key(Kind::Blob, &blob.blake3)).await;
        let got = got.map_err(|source| self.failed(source))?;
        let bytes = got.bytes().await.map_err(|source| self.failed(source))?;
        let hashed = bytes.clone();
        if blocking(move || *blake3::hash(&hashed).as_bytes()).await != blob.blake3 {
            return Err(BlobError::Damaged(blob.blake3));
        }
        Ok(bytes)
    }

    /// Copies a blob to a file, verified; the file is there whole or not at all. Replaces what is at `path`.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read), [`File`](BlobError::File).
    pub async fn copy_to(
        &self,
        blob: &BlobRef,
        path: &Path,
        progress: &dyn Progress,
    ) -> Result<(), BlobError> {
        self.check_size(blob).await?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let staged = Staged::new(parent.unwrap_or(Path::new(".")))?;
        let mut stream = self.stream(Kind::Blob, &blob.blake3, 0..blob.size).await?;
        progress.start(blob.size);
        let (mut hasher, mut offset) = (blake3::Hasher::new(), 0);
        while let Some(bytes) = stream.next().await {
            let bytes =
                bytes.map_err(|source| BlobError::file("read", Path::new(&self.0.location), source))?;
            let len = bytes.len() as u64;
            hasher.update(&bytes);
            staged.write(offset, bytes).await?;
            offset += len;
            progress.add(len);
        }
        if *hasher.finalize().as_bytes() != blob.blake3 {
            return Err(BlobError::Damaged(blob.blake3));
        }
        staged.finish(blob.size, path).await
    }

    /// Checks that the bytes here are those that the name stands for, group by group.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read), [`File`](BlobError::File).
    pub async fn verify(&self, blob: &BlobRef) -> Result<(), BlobError> {
        self.check_size(blob).await?;
        if blob.size == 0 {
            return Err(BlobError::Damaged(blob.blake3));
        }
        let mut stream = self.stream(Kind::Blob, &blob.blake3, 0..blob.size).await?;
        let mut hasher = blake3::Hasher::new();
        while let Some(bytes) = stream.next().await {
            let bytes =
                bytes.map_err(|source| BlobError::file("read", Path::new(&self.0.location), source))?;
            hasher.update(&bytes);
        }
        match *hasher.finalize().as_bytes() == blob.blake3 {
            true => Ok(()),
            false => Err(BlobError::Damaged(blob.blake3)),
        }
    }

    /// Forgets a blob, if it is here.
    ///
    /// # Errors
    ///
    /// [`Store`](BlobError::Store).
    pub async fn remove(&self, id: &Digest) -> Result<(), BlobError> {
        // In this order, so that a blob that is here always has its groups.
        self.delete(Kind::Blob, id).await?;
        self.delete(Kind::Groups, id).await
    }

    /// All blobs, in no order.
    ///
    /// # Errors
    ///
    /// [`Store`](BlobError::Store).
    pub async fn list(&self) -> Result<Vec<BlobRef>, BlobError> {
        let objects = self.0.objects.list(Some(&Key::from(Kind::Blob.to_string())));
        let found = objects.try_filter_map(|object| ready(Ok(blob_of(&object))));
        found.try_collect::<Vec<_>>().await.map_err(|source| self.failed(source))
    }

    /// Publishes the file of a result under its root: a requester knows nothing else of it. The root is not checked.
    ///
    /// # Errors
    ///
    /// [`Empty`](BlobError::Empty), [`File`](BlobError::File), [`Store`](BlobError::Store).
    pub async fn put_result(&self, root: &Digest, bytes: Bytes) -> Result<(), BlobError> {
        if bytes.is_empty() {
            return Err(BlobError::Empty);
        }
        self.write(&key(Kind::Result, root), bytes).await
    }

    /// The same of a file, which is read once, and never in memory as a whole. It must have this BLAKE3.
    ///
    /// # Errors
    ///
    /// [`Empty`](BlobError::Empty), [`Changed`](BlobError::Changed), [`File`](BlobError::File),
    /// [`Store`](BlobError::Store).
    pub async fn put_result_file(
        &self,
        root: &Digest,
        path: &Path,
        blake3: &Digest,
    ) -> Result<(), BlobError> {
        let (staged, tree) = Staged::copy(path, self.staging(), &()).await?;
        let (file, _) = tree.finish().ok_or(BlobError::Empty)?;
        if file.blake3 != *blake3 {
            return Err(BlobError::Changed(path.to_owned()));
        }
        self.place(staged, file.size, &key(Kind::Result, root), &()).await
    }

    /// The file of a result, if it is here. Whoever reads it checks the root.
    ///
    /// # Errors
    ///
    /// [`Store`](BlobError::Store).
    pub async fn result(&self, root: &Digest) -> Result<Option<Bytes>, BlobError> {
        self.bytes(Kind::Result, root).await
    }

    /// How many bytes the file of a result has, if it is here.
    ///
    /// # Errors
    ///
    /// [`Store`](BlobError::Store).
    pub async fn result_size(&self, root: &Digest) -> Result<Option<u64>, BlobError> {
        self.len(Kind::Result, root).await
    }

    /// Forgets a result, if it is here.
    ///
    /// # Errors
    ///
    /// [`Store`](BlobError::Store).
    pub async fn remove_result(&self, root: &Digest) -> Result<(), BlobError> {
        self.delete(Kind::Result, root).await
    }

    /// Whether a blob is here, as far as its name and size tell.
    ///
    /// # Errors
    ///
    /// [`Store`](BlobError::Store).
    pub async fn has(&self, blob: &BlobRef) -> Result<bool, BlobError> {
        Ok(self.size(&blob.blake3).await? == Some(blob.size))
    }

    /// Where files on their way into this store lie.
    pub(crate) fn staging(&self) -> &Path {
        &self.0.staging
    }

    /// How many bytes an object has, if it is here.
    pub(crate) async fn len(&self, kind: Kind, id: &Digest) -> Result<Option<u64>, BlobError> {
        let head = self.0.objects.head(&key(kind, id)).await;
        Ok(self.found(head)?.map(|meta| meta.size))
    }

    /// An object as a whole, if it is here.
    pub(crate) async fn bytes(&self, kind: Kind, id: &Digest) -> Result<Option<Bytes>, BlobError> {
        let got = self.0.objects.get(&key(kind, id)).await;
        match self.found(got)? {
            Some(got) => got.bytes().await.map(Some).map_err(|source| self.failed(source)),
            None => Ok(None),
        }
    }

    /// A range of an object's bytes, not empty and not over its end, as they are stored.
    pub(crate) async fn stream(
        &self,
        kind: Kind,
        id: &Digest,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, io::Result<Bytes>>, BlobError> {
        let options = GetOptions::new().with_range(Some(range.clone()));
        let got = self.0.objects.get_opts(&key(kind, id), options).await;
        match got.map_err(|source| self.failed(source))?.payload {
            GetResultPayload::File(mut file, path) => {
                let sought = file.seek(SeekFrom::Start(range.start));
                sought.map_err(|source| BlobError::file("read", &path, source))?;
                let part = tokio::fs::File::from_std(file).take(range.end - range.start);
                Ok(ReaderStream::with_capacity(part, READ).boxed())
            }
            GetResultPayload::Stream(stream) => Ok(stream.map_err(io::Error::other).boxed()),
        }
    }

    /// Takes a file that is whole and verified. The groups come first: a blob that is here always has them.
    pub(crate) async fn adopt(
        &self,
        staged: Staged,
        blob: &BlobRef,
        groups: Bytes,
        progress: &dyn Progress,
    ) -> Result<(), BlobError> {
        if !groups.is_empty() {
            self.write(&key(Kind::Groups, &blob.blake3), groups).await?;
        }
        self.place(staged, blob.size, &key(Kind::Blob, &blob.blake3), progress).await
    }

    fn staged(&self) -> Result<Staged, BlobError> {
        Staged::new(&self.0.staging)
    }

    async fn write(&self, key: &Key, bytes: Bytes) -> Result<(), BlobError> {
        let staged = self.staged()?;
        let len = bytes.len() as u64;
        staged.write(0, bytes).await?;
        self.place(staged, len, key, &()).await
    }

    async fn place(
        &self,
        staged: Staged,
        len: u64,
        key: &Key,
        progress: &dyn Progress,
    ) -> Result<(), BlobError> {
        match &self.0.root {
            Some(root) => staged.finish(len, &root.join(key.as_ref())).await,
            None => {
                staged.sync(len).await?;
                self.upload(staged.path(), key, progress).await?;
                staged.discard()
            }
        }
    }

    /// Uploads a file, in parts where it is large. It is there once all are, or not at all.
    async fn upload(&self, path: &Path, key: &Key, progress: &dyn Progress) -> Result<(), BlobError> {
        let failed = |source| BlobError::file("upload", path, source);
        let mut file = tokio::fs::File::open(path).await.map_err(failed)?;
        let mut writer = BufWriter::new(Arc::clone(&self.0.objects), key.clone());
        if let Err(source) = copy(&mut file, &mut writer, progress).await {
            if let Err(error) = writer.abort().await {
                tracing::warn!(%error, "cannot take back what was uploaded");
            }
            return Err(failed(source));
        }
        writer.shutdown().await.map_err(failed)
    }

    async fn delete(&self, kind: Kind, id: &Digest) -> Result<(), BlobError> {
        let deleted = self.0.objects.delete(&key(kind, id)).await;
        self.found(deleted).map(|_| ())
    }

    async fn check_size(&self, blob: &BlobRef) -> Result<(), BlobError> {
        match self.size(&blob.blake3).await? {
            None => Err(BlobError::Missing(blob.blake3)),
            Some(actual) if actual != blob.size => {
                Err(BlobError::WrongSize { id: blob.blake3, claimed: blob.size, actual })
            }
            Some(_) => Ok(()),
        }
    }

    /// What an operation gave, None if the object is not here.
    fn found<T>(&self, got: object_store::Result<T>) -> Result<Option<T>, BlobError> {
        match got {
            Ok(value) => Ok(Some(value)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(source) => Err(self.failed(source)),
        }
    }

    fn failed(&self, source: object_store::Error) -> BlobError {
        unusable(&self.0.location, source)
    }
}

/// The blob that an object is. None for what somebody else put there.
fn blob_of(object: &ObjectMeta) -> Option<BlobRef> {
    let mut blake3 = [0; 32];
    hex::decode_to_slice(object.location.filename()?, &mut blake3).ok()?;
    Some(BlobRef { blake3, size: object.size })
}

fn unusable(location: &str, source: object_store::Error) -> BlobError {
    BlobError::Store { location: location.to_owned(), source: Box::new(source) }
}

#[cfg(test)]
mod tests;
