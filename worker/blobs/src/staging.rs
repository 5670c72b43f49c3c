//! Files on their way into the store.
//!
//! Nothing is written under a blob's name: a file is filled in the staging directory, made durable, and renamed. What
//! a crash leaves lies in staging. A download's part stays there to be gone on with; the rest is swept away.

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use assay_primitives::Digest;
use bytes::Bytes;
use tempfile::TempPath;
use tokio::io::AsyncReadExt;

use crate::error::BlobError;
use crate::progress::Progress;
use crate::tree::{Tree, GROUP};

/// How long what nobody works on is kept: a download may be gone on with until then.
const KEEP: Duration = Duration::from_secs(24 * 60 * 60);

/// How often a download looks whether another one of the same blob is done.
const WAIT: Duration = Duration::from_millis(100);

/// A file on its way into the store. Locked as long as it is in use, so that no two tasks or processes write one file.
pub(crate) struct Staged {
    file: Arc<File>,
    path: PathBuf,
    /// Deletes the file unless it has been renamed by then.
    _temporary: Option<TempPath>,
}

impl Staged {
    /// A new file in `directory`, gone when dropped.
    pub(crate) fn new(directory: &Path) -> Result<Self, BlobError> {
        let failed = |source| BlobError::file("create a file in", directory, source);
        let mut builder = tempfile::Builder::new();
        // As any file of this user: what is copied out of the store has to be readable by others.
        builder.prefix(".put-").permissions(Permissions::from_mode(0o666));
        let (file, temporary) = builder.tempfile_in(directory).map_err(failed)?.into_parts();
        lock(&file).map_err(failed)?;
        Ok(Self { file: Arc::new(file), path: temporary.to_path_buf(), _temporary: Some(temporary) })
    }

    /// A copy of a file, in `directory`, and the hashes of its groups. It is read once, and never in memory as a whole.
    pub(crate) async fn copy(
        path: &Path,
        directory: &Path,
        progress: &dyn Progress,
    ) -> Result<(Self, Tree), BlobError> {
        let failed = |source| BlobError::file("read", path, source);
        let mut file = tokio::fs::File::open(path).await.map_err(failed)?;
        progress.start(file.metadata().await.map_err(failed)?.len());
        let staged = Self::new(directory)?;
        let (mut tree, mut offset) = (Tree::default(), 0);
        loop {
            let mut group = Vec::with_capacity(GROUP as usize);
            let read = (&mut file).take(GROUP).read_to_end(&mut group).await.map_err(failed)? as u64;
            if read == 0 {
                return Ok((staged, tree));
            }
            tree.push(&group);
            staged.write(offset, group.into()).await?;
            offset += read;
            progress.add(read);
        }
    }

    /// The part of a blob that earlier downloads got; empty at first. Waits while another download works on it.
    pub(crate) async fn part(directory: &Path, id: &Digest) -> Result<Self, BlobError> {
        let path = directory.join(hex::encode(id));
        let failed = |source| BlobError::file("open", &path, source);
        loop {
            let mut options = OpenOptions::new();
            let file =
                options.read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
            if !lock(&file).map_err(failed)? {
                tokio::time::sleep(WAIT).await;
            } else if is_at(&file, &path) {
                return Ok(Self { file: Arc::new(file), path, _temporary: None });
            }
            // Else it was renamed or swept between opening and locking.
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes `bytes` at `offset`.
    pub(crate) async fn write(&self, offset: u64, bytes: Bytes) -> Result<(), BlobError> {
        let file = Arc::clone(&self.file);
        let written = blocking(move || file.write_all_at(&bytes, offset)).await;
        written.map_err(|source| BlobError::file("write", &self.path, source))
    }

    /// Up to `len` bytes at `offset`; fewer at the end of the file.
    pub(crate) async fn read(&self, offset: u64, len: u64) -> Result<Vec<u8>, BlobError> {
        let file = Arc::clone(&self.file);
        let read = blocking(move || {
            let there = file.metadata()?.len().saturating_sub(offset).min(len);
            let mut bytes = vec![0; usize::try_from(there).map_err(io::Error::other)?];
            file.read_exact_at(&mut bytes, offset)?;
            Ok(bytes)
        });
        read.await.map_err(|source| BlobError::file("read", &self.path, source))
    }

    /// Cuts the file to `len` bytes, makes it durable, and gives it its name. Replaces what had the name.
    pub(crate) async fn finish(self, len: u64, name: &Path) -> Result<(), BlobError> {
        self.sync(len).await?;
        fs::rename(&self.path, name).map_err(|source| BlobError::file("create", name, source))
    }

    /// Cuts the file to `len` bytes and makes it durable: a crash must not leave a name without content.
    pub(crate) async fn sync(&self, len: u64) -> Result<(), BlobError> {
        let file = Arc::clone(&self.file);
        let synced = blocking(move || file.set_len(len).and_then(|()| file.sync_all())).await;
        synced.map_err(|source| BlobError::file("write", &self.path, source))
    }

    /// Deletes the file: its content is in the store already.
    pub(crate) fn discard(self) -> Result<(), BlobError> {
        fs::remove_file(&self.path).map_err(|source| BlobError::file("delete", &self.path, source))
    }
}

/// Locks a file until it is closed. False if it is locked already.
fn lock(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Whether the open file is still the one that the path leads to.
fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(named)) => (open.dev(), open.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

/// Deletes what has lain for a day and nobody works on.
pub(crate) fn sweep(directory: &Path) -> Result<(), BlobError> {
    let failed = |source| BlobError::file("clean up", directory, source);
    for entry in fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        match remove_left(&path) {
            // Finished by its owner in the meantime.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            done => done.map_err(failed)?,
        }
    }
    Ok(())
}

fn remove_left(path: &Path) -> io::Result<()> {
    let file = File::open(path)?;
    // A time in the future is no age at all.
    let age = file.metadata()?.modified()?.elapsed().unwrap_or_default();
    if age > KEEP && lock(&file)? {
        fs::remove_file(path)?;
    }
    Ok(())
}

/// Runs what blocks where it holds up nothing else.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::time::SystemTime;

    fn age(path: &Path, age: Duration) {
        let file = OpenOptions::new().write(true).open(path).expect("it is there");
        file.set_modified(SystemTime::now() - age).expect("it is ours");
    }

    #[test]
    fn only_what_is_old_and_unused_is_swept() {
        let directory = tempfile::tempdir().expect("a directory");
        let [old, new, used] = ["old", "new", "used"].map(|name| directory.path().join(name));
        for path in [&old, &new, &used] {
            fs::write(path, b"part").expect("it is ours");
        }
        age(&old, KEEP + Duration::from_secs(60));
        age(&used, KEEP + Duration::from_secs(60));
        let user = File::open(&used).expect("it is there");
        user.try_lock().expect("nobody else has it");
        sweep(directory.path()).expect("it can be read");
        assert_eq!([old.exists(), new.exists(), used.exists()], [false, true, true]);
    }

    #[tokio::test]
    async fn a_dropped_file_leaves_nothing() {
        let directory = tempfile::tempdir().expect("a directory");
        let staged = Staged::new(directory.path()).expect("it is ours");
        staged.write(0, Bytes::from_static(b"half")).await.expect("there is space");
        assert!(staged.path().exists());
        drop(staged);
        assert_eq!(fs::read_dir(directory.path()).expect("it is there").count(), 0);
    }

    #[tokio::test]
    async fn a_part_is_lent_to_one_at_a_time() {
        let directory = tempfile::tempdir().expect("a directory");
        let first = Staged::part(directory.path(), &[7; 32]).await.expect("it is ours");
        let mut second = pin!(Staged::part(directory.path(), &[7; 32]));
        assert!(tokio::time::timeout(2 * WAIT, second.as_mut()).await.is_err(), "the first one has it");
        first.finish(0, &directory.path().join("finished")).await.expect("it is ours");
        let second = second.await.expect("it is free");
        second.write(0, Bytes::from_static(b"more")).await.expect("there is space");
        assert_eq!(fs::read(directory.path().join("finished")).expect("it is there"), b"");
    }

    #[test]
    fn a_file_that_was_renamed_is_not_at_its_path() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("part");
        let file = File::create(&path).expect("it is ours");
        assert!(is_at(&file, &path));
        fs::rename(&path, directory.path().join("finished")).expect("it is ours");
        assert!(!is_at(&file, &path), "nothing is there");
        fs::write(&path, b"another").expect("it is ours");
        assert!(!is_at(&file, &path), "another one is there");
    }
}
