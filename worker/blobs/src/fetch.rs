//! Getting blobs from servers that need not be trusted.

use std::sync::Arc;
use std::time::Duration;

use assay_primitives::{BlobRef, Digest};
use bytes::Bytes;
use reqwest::redirect::Policy;
use reqwest::Client;

use crate::address::Resolver;
use crate::error::BlobError;
use crate::progress::Progress;
use crate::source::{Source, SourceError, Tried};
use crate::staging::Staged;
use crate::store::Store;
use crate::tree::{Groups, GROUP};

/// What may be fetched, and from where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchRules {
    /// Addresses that are not public may be asked: those of this machine and of its network.
    pub allow_private: bool,
    /// The most bytes of a blob.
    pub max_size: u64,
    /// How long a server may take to answer, and for each MiB.
    pub timeout: Duration,
}

/// Fetches blobs into a store.
#[derive(Clone, Debug)]
pub struct Fetcher {
    store: Store,
    rules: FetchRules,
    /// Or why there is none.
    client: Result<Client, String>,
}

/// A blob on its way.
struct Download {
    blob: BlobRef,
    staged: Staged,
    /// Known once a server gave them.
    groups: Option<Arc<Groups>>,
    /// How many groups are there, verified.
    done: u64,
}

/// Why a server gave no more.
enum Stop {
    /// It was the server: another one may do better.
    Source(SourceError),
    /// It was this machine: no other server helps.
    Own(BlobError),
}

impl From<SourceError> for Stop {
    fn from(error: SourceError) -> Self {
        Self::Source(error)
    }
}

impl From<BlobError> for Stop {
    fn from(error: BlobError) -> Self {
        Self::Own(error)
    }
}

impl Fetcher {
    /// Fetches into `store` by `rules`.
    pub fn new(store: Store, rules: FetchRules) -> Self {
        let client = Client::builder()
            .user_agent(concat!("assay/", env!("CARGO_PKG_VERSION")))
            // A redirect or a proxy would lead to an address that nobody has checked.
            .redirect(Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(Resolver { allow_private: rules.allow_private }))
            .connect_timeout(rules.timeout)
            .build();
        Self { store, rules, client: client.map_err(|error| error.to_string()) }
    }

    /// Fetches a blob into the store, if it is not there. Servers are tried in turn, again and again as long as that
    /// gets a group more; one that lies is not tried again. What is verified is kept when all fail, for a day.
    ///
    /// # Errors
    ///
    /// [`Empty`](BlobError::Empty), [`TooLarge`](BlobError::TooLarge), [`WrongSize`](BlobError::WrongSize),
    /// [`NoSource`](BlobError::NoSource), [`Unavailable`](BlobError::Unavailable), which names each server and what was
    /// wrong with it, [`File`](BlobError::File), [`Store`](BlobError::Store), [`Client`](BlobError::Client).
    pub async fn fetch(
        &self,
        blob: &BlobRef,
        sources: &[String],
        progress: &dyn Progress,
    ) -> Result<(), BlobError> {
        self.check(blob)?;
        if self.is_there(blob).await? {
            return Ok(());
        }
        if sources.is_empty() {
            return Err(BlobError::NoSource(blob.blake3));
        }
        let staged = Staged::part(self.store.staging(), &blob.blake3).await?;
        // Whoever had the part before has finished it.
        if self.is_there(blob).await? {
            return staged.discard();
        }
        progress.start(blob.size);
        let mut download = Download { blob: *blob, staged, groups: None, done: 0 };
        let groups = self.try_all(&mut download, sources, progress).await?;
        self.store.adopt(download.staged, blob, groups.encoded(), &()).await
    }

    /// Fetches the file of a result, of at most `max_size` bytes, from the first server that has one. The root is not
    /// checked here: whoever does so names one server at a time, and goes on to the next if it lied.
    ///
    /// # Errors
    ///
    /// [`NoSource`](BlobError::NoSource), [`Unavailable`](BlobError::Unavailable), [`Store`](BlobError::Store),
    /// [`Client`](BlobError::Client).
    pub async fn fetch_result(
        &self,
        root: &Digest,
        max_size: u64,
        sources: &[String],
        progress: &dyn Progress,
    ) -> Result<Bytes, BlobError> {
        if sources.is_empty() {
            return Err(BlobError::NoSource(*root));
        }
        let client = self.client()?;
        let mut tried = Vec::new();
        for at in sources {
            let got = match Source::new(client, at, &self.rules) {
                Ok(source) => source.result(root, max_size, progress).await,
                Err(why) => Err(why),
            };
            match got {
                Ok(result) => return Ok(result),
                Err(why) => tried.push(leave(at, why)),
            }
        }
        Err(BlobError::Unavailable { id: *root, tried })
    }

    fn client(&self) -> Result<&Client, BlobError> {
        self.client.as_ref().map_err(|error| BlobError::Client(error.clone()))
    }

    fn check(&self, blob: &BlobRef) -> Result<(), BlobError> {
        let limit = self.rules.max_size;
        match blob.size {
            0 => Err(BlobError::Empty),
            size if size > limit => Err(BlobError::TooLarge { id: blob.blake3, size, limit }),
            _ => Ok(()),
        }
    }

    async fn is_there(&self, blob: &BlobRef) -> Result<bool, BlobError> {
        match self.store.size(&blob.blake3).await? {
            Some(actual) if actual != blob.size => {
                Err(BlobError::WrongSize { id: blob.blake3, claimed: blob.size, actual })
            }
            there => Ok(there.is_some()),
        }
    }

    /// Goes round the servers until the blob is whole or a round got nothing.
    async fn try_all(
        &self,
        download: &mut Download,
        sources: &[String],
        progress: &dyn Progress,
    ) -> Result<Arc<Groups>, BlobError> {
        let mut left = Vec::new();
        let mut round = sources.to_vec();
        loop {
            let before = download.done;
            let mut failed = Vec::new();
            for at in &round {
                match self.draw(download, at, progress).await {
                    Ok(groups) => return Ok(groups),
                    Err(Stop::Own(error)) => return Err(error),
                    Err(Stop::Source(why)) => failed.push(leave(at, why)),
                }
            }
            let (lied, broke): (Vec<_>, Vec<_>) = failed.into_iter().partition(|tried| tried.why.is_lie());
            left.extend(lied);
            if broke.is_empty() || download.done == before {
                left.extend(broke);
                return Err(BlobError::Unavailable { id: download.blob.blake3, tried: left });
            }
            round = broke.into_iter().map(|tried| tried.at).collect();
        }
    }

    /// Gets what is missing from one server: each group is verified before it is written.
    async fn draw(
        &self,
        download: &mut Download,
        at: &str,
        progress: &dyn Progress,
    ) -> Result<Arc<Groups>, Stop> {
        let source = Source::new(self.client()?, at, &self.rules)?;
        let groups = match &download.groups {
            Some(groups) => Arc::clone(groups),
            None => download.begin(source.groups(&download.blob).await?, progress).await?,
        };
        if download.done == groups.count() {
            return Ok(groups);
        }
        let mut body = source.blob(&download.blob, download.done * GROUP).await?;
        while download.done < groups.count() {
            let range = groups.range(download.done);
            let len = range.end - range.start;
            let group = body.exactly(len).await?;
            if !groups.holds(download.done, &group) {
                return Err(SourceError::Group(download.done).into());
            }
            download.staged.write(range.start, group).await?;
            download.done += 1;
            progress.add(len);
        }
        Ok(groups)
    }
}

impl Download {
    /// Finds how much an earlier download got. It is verified again: a crash may have torn it.
    async fn begin(&mut self, groups: Groups, progress: &dyn Progress) -> Result<Arc<Groups>, BlobError> {
        while self.done < groups.count() {
            let range = groups.range(self.done);
            let len = range.end - range.start;
            if !groups.holds(self.done, &self.staged.read(range.start, len).await?) {
                break;
            }
            self.done += 1;
            progress.add(len);
        }
        Ok(Arc::clone(self.groups.insert(Arc::new(groups))))
    }
}

fn leave(at: &str, why: SourceError) -> Tried {
    tracing::warn!(source = ?at, %why, "left a blob server");
    Tried { at: at.to_owned(), why }
}
