//! Who is told how far a transfer is.

use std::io;

use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::tree::GROUP;

/// Told of a transfer's progress; [`()`](unit) ignores it.
pub trait Progress: Send + Sync {
    /// A transfer of `total` bytes begins.
    fn start(&self, total: u64);

    /// `bytes` more are done, those of an earlier attempt included.
    fn add(&self, bytes: u64);
}

impl Progress for () {
    fn start(&self, _total: u64) {}

    fn add(&self, _bytes: u64) {}
}

/// Copies a file to where it is uploaded.
pub(crate) async fn copy(
    file: &mut File,
    writer: &mut (impl AsyncWrite + Unpin),
    progress: &dyn Progress,
) -> io::Result<()> {
    progress.start(file.metadata().await?.len());
    let mut part = vec![0; GROUP as usize];
    loop {
        let read = file.read(&mut part).await?;
        if read == 0 {
            return Ok(());
        }
        writer.write_all(&part[..read]).await?;
        progress.add(read as u64);
    }
}
