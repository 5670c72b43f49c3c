//! `assay blob`: store, fetch and serve content.

use crate::{context::Context, error::CliError, output::size, verbs::model::Blob};
use assay_blobs::{serve, BlobRef};
use clap::Subcommand;
use serde::Serialize;
use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    str::FromStr,
};
use tokio::{
    net::TcpListener,
    signal::unix::{signal, SignalKind},
};

/// Where blobs are served if nothing else is said: on this machine only.
const LISTEN: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 9630);

/// What to do with content.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Store files; whoever serves the store gives them to anyone
    #[command(after_help = "Example:\n  assay blob put weights.safetensors")]
    Put {
        /// Files to store
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Get a blob from the store, or fetch it; every MiB is verified as it comes
    #[command(after_help = "Example:\n  assay blob get \
        af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262:1048576 weights.safetensors \\\n    \
        --from http://blobs.example.org:9630")]
    Get {
        /// Which: its BLAKE3, a colon, its bytes, as `put` shows it
        #[arg(value_name = "BLAKE3:SIZE")]
        blob: Wanted,
        /// File to write
        file: PathBuf,
        /// Blob server to ask before those of the configuration
        #[arg(long, value_name = "URL")]
        from: Vec<String>,
    },
    /// Serve the store to anyone, until interrupted
    #[command(after_help = "Example:\n  assay blob serve --listen 0.0.0.0:9630")]
    Serve {
        /// Address and port (default: blobs.listen of the configuration, else 127.0.0.1:9630)
        #[arg(long, value_name = "ADDRESS")]
        listen: Option<SocketAddr>,
    },
}

/// A blob as it is asked for on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wanted(BlobRef);

impl FromStr for Wanted {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (hash, bytes) =
            text.split_once(':').ok_or("it has no colon: give BLAKE3:SIZE, as `blob put` shows it")?;
        let mut blake3 = [0; 32];
        let digits = hash.strip_prefix("0x").unwrap_or(hash);
        hex::decode_to_slice(digits, &mut blake3).map_err(|_| "a BLAKE3 hash has 64 hexadecimal digits")?;
        let size = bytes.parse().map_err(|_| "the size after the colon is no number of bytes")?;
        Ok(Self(BlobRef { blake3, size }))
    }
}

/// What is shown of a file that was stored.
#[derive(Serialize)]
struct Stored {
    file: PathBuf,
    blob: Blob,
}

/// What is shown of a blob that was got.
#[derive(Serialize)]
struct Got {
    blob: Blob,
    file: PathBuf,
}

/// What is shown of a server.
#[derive(Serialize)]
struct Serving {
    url: String,
    store: String,
}

/// Runs the verb.
pub async fn run(args: Args, context: &Context) -> Result<(), CliError> {
    match args.verb {
        Verb::Put { files } => put(&files, context).await,
        Verb::Get { blob, file, from } => get(blob.0, &file, from, context).await,
        Verb::Serve { listen } => serve_store(listen, context).await,
    }
}

async fn put(files: &[PathBuf], context: &Context) -> Result<(), CliError> {
    let store = context.store()?;
    let mut stored = Vec::new();
    for file in files {
        let bar = context.output.bytes(&file.display().to_string());
        stored.push((file, store.put_file(file, &bar).await?));
    }
    let shown: Vec<_> =
        stored.iter().map(|(file, blob)| Stored { file: file.to_path_buf(), blob: (*blob).into() }).collect();
    let line = |(file, blob): &(&PathBuf, BlobRef)| format!("{}  {}\n", name(blob), file.display());
    context.output.list("blobs", &shown, || stored.iter().map(line).collect());
    Ok(())
}

async fn get(blob: BlobRef, file: &Path, from: Vec<String>, context: &Context) -> Result<(), CliError> {
    let peers = context.config.blobs.peers.iter().cloned();
    let sources: Vec<String> = from.into_iter().chain(peers).collect();
    {
        let bar = context.output.bytes("fetching");
        context.fetcher()?.fetch(&blob, &sources, &bar).await?;
    }
    let bar = context.output.bytes("copying");
    context.store()?.copy_to(&blob, file, &bar).await?;
    drop(bar);
    let got = Got { blob: blob.into(), file: file.to_owned() };
    context.output.value(&got, || format!("{}: {}, verified", file.display(), size(blob.size)));
    Ok(())
}

async fn serve_store(listen: Option<SocketAddr>, context: &Context) -> Result<(), CliError> {
    let store = context.store()?;
    let address = listen.or(context.config.blobs.listen).unwrap_or(LISTEN.into());
    let failed = |error: io::Error| {
        CliError::Usage(format!("cannot listen on {address}: {error}: choose another one with --listen"))
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let url = format!("http://{}", listener.local_addr().map_err(failed)?);
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let serving = Serving { url, store: context.config.blobs.store.clone() };
    let text = || format!("serving {} on {}: Ctrl-C stops it", serving.store, serving.url);
    context.output.value(&serving, text);
    let stopped = async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
    };
    Ok(serve(listener, store, stopped).await?)
}

/// A blob as [`Wanted`] is read.
fn name(blob: &BlobRef) -> String {
    format!("{}:{}", hex::encode(blob.blake3), blob.size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_is_read_as_it_is_shown() {
        let blob = BlobRef { blake3: [0xa5; 32], size: 1234 };
        assert_eq!(name(&blob).parse(), Ok(Wanted(blob)));
        assert_eq!(format!("0x{}", name(&blob)).parse(), Ok(Wanted(blob)));
    }

    #[test]
    fn what_names_no_blob_is_refused_with_a_reason() {
        let hash = "a5".repeat(32);
        for (text, reason) in [
            (hash.clone(), "no colon"),
            (format!("{hash}00:5"), "64 hexadecimal digits"),
            (format!("{}:5", "zz".repeat(32)), "64 hexadecimal digits"),
            (format!("{hash}:"), "no number"),
            (format!("{hash}:-1"), "no number"),
        ] {
            let error = text.parse::<Wanted>().unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
