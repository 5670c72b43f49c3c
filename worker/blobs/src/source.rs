//! A server that is asked for a blob, and is not trusted.

use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use assay_primitives::{BlobRef, Digest};
use bytes::Bytes;
use reqwest::header::RANGE;
use reqwest::{Client, StatusCode, Url};

use crate::address::{is_public, Private};
use crate::fetch::FetchRules;
use crate::progress::Progress;
use crate::tree::{Groups, GROUP};

/// Why a server was left.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The URL can't be used.
    #[error("is not a URL such as http://host:9630: {0}")]
    Url(&'static str),
    /// It is not on the public internet, and such addresses are not allowed.
    #[error("{0} is not a public address: set blobs.allow_private to fetch from it")]
    Private(IpAddr),
    /// No answer came.
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    /// It wants the request to go elsewhere.
    #[error("redirects, which is not followed")]
    Redirects,
    /// It does not have the blob.
    #[error("does not have it")]
    Missing,
    /// It answers with an error.
    #[error("answers with status {0}")]
    Status(u16),
    /// It sends the whole where a range was asked for.
    #[error("cannot go on in the middle of a blob")]
    NoRanges,
    /// It took longer for an answer or for a MiB.
    #[error("is too slow: nothing, or less than 1 MiB, in {0:?}")]
    Slow(Duration),
    /// The connection ended early.
    #[error("stopped in the middle: {0}")]
    Stopped(String),
    /// A lie: it has another number of bytes than the blob.
    #[error("lies: announces {actual} bytes where there are {expected}")]
    Size {
        /// What it announces.
        actual: u64,
        /// What there is.
        expected: u64,
    },
    /// A lie: the groups are not those of the blob.
    #[error("lies: its chaining values are not the blob's")]
    Groups,
    /// A lie: the bytes of a group are not the blob's.
    #[error("lies: MiB {0} is not the blob's")]
    Group(u64),
    /// A result has more bytes than the job allows.
    #[error("sends more than the {0} bytes that a result may have")]
    TooLong(u64),
}

impl SourceError {
    /// Whether the server gave something else than it was asked for, which no retry mends.
    pub fn is_lie(&self) -> bool {
        matches!(self, Self::Size { .. } | Self::Groups | Self::Group(_) | Self::TooLong(_))
    }
}

/// A server that was tried in vain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// Its URL.
    pub at: String,
    /// Why it was left.
    pub why: SourceError,
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Quoted: the URL may come from the chain, with characters that do things to a terminal.
        write!(f, "{:?} {}", self.at, self.why)
    }
}

/// A server.
pub(crate) struct Source<'a> {
    client: &'a Client,
    base: Url,
    timeout: Duration,
}

impl<'a> Source<'a> {
    /// The server at a URL, if the rules let it be asked.
    pub(crate) fn new(client: &'a Client, at: &str, rules: &FetchRules) -> Result<Self, SourceError> {
        let base = parse(at)?;
        // An address in the URL itself is not resolved, so the resolver does not see it.
        let host = base.host_str().unwrap_or_default().trim_matches(['[', ']']);
        match host.parse::<IpAddr>() {
            Ok(address) if !rules.allow_private && !is_public(address) => Err(SourceError::Private(address)),
            _ => Ok(Self { client, base, timeout: rules.timeout }),
        }
    }

    /// The groups of a blob. Where one group is the whole the server is not asked.
    pub(crate) async fn groups(&self, blob: &BlobRef) -> Result<Groups, SourceError> {
        let expected = Groups::encoded_len(blob.size);
        let mut encoded = Vec::new();
        if expected > 0 {
            let mut body = self.get(&["blobs", &hex::encode(blob.blake3), "groups"], 0).await?;
            body.announces(expected)?;
            while (encoded.len() as u64) < expected {
                let part = body.exactly(GROUP.min(expected - encoded.len() as u64)).await?;
                encoded.extend_from_slice(&part);
            }
        }
        Groups::checked(*blob, &encoded).ok_or(SourceError::Groups)
    }

    /// The bytes of a blob from `offset` on.
    pub(crate) async fn blob(&self, blob: &BlobRef, offset: u64) -> Result<Body, SourceError> {
        let body = self.get(&["blobs", &hex::encode(blob.blake3)], offset).await?;
        body.announces(blob.size - offset)?;
        Ok(body)
    }

    /// The file of a result, of at most `max_size` bytes.
    pub(crate) async fn result(
        &self,
        root: &Digest,
        max_size: u64,
        progress: &dyn Progress,
    ) -> Result<Bytes, SourceError> {
        let mut body = self.get(&["results", &hex::encode(root)], 0).await?;
        let too_long = SourceError::TooLong(max_size);
        let announced = body.response.content_length();
        if announced.is_some_and(|announced| announced > max_size) {
            return Err(too_long);
        }
        progress.start(announced.unwrap_or_default());
        let mut result = Vec::new();
        loop {
            let part = body.next(GROUP).await?;
            if part.is_empty() {
                return Ok(result.into());
            }
            progress.add(part.len() as u64);
            result.extend_from_slice(&part);
            if result.len() as u64 > max_size {
                return Err(too_long);
            }
        }
    }

    async fn get(&self, path: &[&str], offset: u64) -> Result<Body, SourceError> {
        let mut url = self.base.clone();
        let segments = url.path_segments_mut().map_err(|()| SourceError::Url("it has no path"));
        segments?.pop_if_empty().extend(path);
        let mut request = self.client.get(url);
        if offset > 0 {
            request = request.header(RANGE, format!("bytes={offset}-"));
        }
        let answer = tokio::time::timeout(self.timeout, request.send()).await;
        let response =
            answer.map_err(|_| SourceError::Slow(self.timeout))?.map_err(|error| failed(&error))?;
        match response.status() {
            StatusCode::PARTIAL_CONTENT if offset > 0 => {}
            StatusCode::OK if offset == 0 => {}
            StatusCode::OK => return Err(SourceError::NoRanges),
            StatusCode::NOT_FOUND => return Err(SourceError::Missing),
            status if status.is_redirection() => return Err(SourceError::Redirects),
            status => return Err(SourceError::Status(status.as_u16())),
        }
        Ok(Body { response, rest: Bytes::new(), timeout: self.timeout })
    }
}

/// What a server sends, taken part by part.
pub(crate) struct Body {
    response: reqwest::Response,
    /// What came and was not taken yet.
    rest: Bytes,
    timeout: Duration,
}

impl Body {
    /// The next `len` bytes, of at most a group.
    pub(crate) async fn exactly(&mut self, len: u64) -> Result<Bytes, SourceError> {
        let part = self.next(len).await?;
        if part.len() as u64 == len {
            Ok(part)
        } else {
            Err(SourceError::Stopped("fewer bytes came than were asked for".to_owned()))
        }
    }

    /// The next `len` bytes, of at most a group; fewer at the end. Whatever the server does, this ends in time.
    async fn next(&mut self, len: u64) -> Result<Bytes, SourceError> {
        let timeout = self.timeout;
        let part = tokio::time::timeout(timeout, self.fill(len as usize)).await;
        part.map_err(|_| SourceError::Slow(timeout))?
    }

    async fn fill(&mut self, len: usize) -> Result<Bytes, SourceError> {
        let mut part = Vec::with_capacity(len);
        while part.len() < len {
            if self.rest.is_empty() {
                let more = self.response.chunk().await;
                match more.map_err(|error| SourceError::Stopped(cause(&error).to_string()))? {
                    Some(more) => self.rest = more,
                    None => break,
                }
            }
            let taken = self.rest.len().min(len - part.len());
            part.extend_from_slice(&self.rest.split_to(taken));
        }
        Ok(part.into())
    }

    /// Checks the number of bytes that the server announces, if it does.
    fn announces(&self, expected: u64) -> Result<(), SourceError> {
        match self.response.content_length() {
            Some(actual) if actual != expected => Err(SourceError::Size { actual, expected }),
            _ => Ok(()),
        }
    }
}

fn parse(at: &str) -> Result<Url, SourceError> {
    let url = Url::parse(at).map_err(|_| SourceError::Url("it cannot be read"))?;
    if !matches!(url.scheme(), "http" | "https") {
        Err(SourceError::Url("only http and https are spoken"))
    } else if !url.username().is_empty() || url.password().is_some() {
        Err(SourceError::Url("it has a user name"))
    } else if url.query().is_some() || url.fragment().is_some() {
        Err(SourceError::Url("it goes on after the path"))
    } else {
        Ok(url)
    }
}

/// Why a request failed, in the words of what failed first.
fn failed(error: &reqwest::Error) -> SourceError {
    match cause(error).downcast_ref::<Private>() {
        Some(private) => SourceError::Private(private.0),
        None => SourceError::Unreachable(cause(error).to_string()),
    }
}

/// The error at the end of the chain of causes.
fn cause(error: &reqwest::Error) -> &(dyn Error + 'static) {
    let mut last: &(dyn Error + 'static) = error;
    while let Some(deeper) = last.source() {
        last = deeper;
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(at: &str, allow_private: bool) -> Option<SourceError> {
        let rules = FetchRules { allow_private, max_size: 1, timeout: Duration::from_secs(1) };
        Source::new(&Client::new(), at, &rules).err()
    }

    #[test]
    fn urls_of_other_kinds_are_refused() {
        for at in ["", "host:9630", "file:///etc/passwd", "ftp://host", "http://", "http://me@host"] {
            assert!(matches!(refused(at, true), Some(SourceError::Url(_))), "{at}");
        }
        for at in ["http://host/?x=", "http://host/#x", "http://:secret@host"] {
            assert!(matches!(refused(at, true), Some(SourceError::Url(_))), "{at}");
        }
        for at in ["http://host", "https://host:9630/", "http://host/some/path"] {
            assert_eq!(refused(at, false), None, "{at}");
        }
    }

    #[test]
    fn private_addresses_are_refused_however_they_are_written() {
        for (at, address) in [
            ("http://127.0.0.1:9630", "127.0.0.1"),
            ("http://2130706433/", "127.0.0.1"),
            ("http://0x7f.1", "127.0.0.1"),
            ("http://017700000001", "127.0.0.1"),
            ("http://127.1", "127.0.0.1"),
            ("http://169.254.169.254/latest/meta-data", "169.254.169.254"),
            ("http://[::1]:9630", "::1"),
            ("http://[::ffff:10.0.0.1]", "::ffff:10.0.0.1"),
        ] {
            let address = address.parse().expect("an address");
            assert_eq!(refused(at, false), Some(SourceError::Private(address)), "{at}");
            assert_eq!(refused(at, true), None, "{at}");
        }
    }

    #[test]
    fn control_characters_in_a_url_do_not_reach_the_terminal() {
        let tried = Tried { at: "http://\u{1b}[2J".to_owned(), why: SourceError::Missing };
        assert_eq!(tried.to_string(), r#""http://\u{1b}[2J" does not have it"#);
    }
}
