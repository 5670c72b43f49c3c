//! What every verb has at hand: configuration, output, and what can be made of them.

use crate::{
    calls,
    config::Config,
    error::CliError,
    keys::{self, KeyError, KeySource},
    output::Output,
};
use assay_blobs::{FetchRules, Fetcher, Store};
use assay_chain::{AccountId, Chain, Included, Pair, RuntimeCall, Submitter, Wait};
use std::time::Duration;

/// A server that says nothing for so long is left.
const FETCH_TIMEOUT: Duration = Duration::from_secs(30);

/// What every verb has at hand.
pub struct Context {
    /// File, environment and flags.
    pub config: Config,
    /// Where results go.
    pub output: Output,
}

impl Context {
    /// The chain, by the first node that answers.
    pub async fn chain(&self) -> Result<Chain, CliError> {
        let _waiting = self.output.spinner("asking for a node");
        Ok(Chain::connect(&self.config.nodes).await?)
    }

    /// The key that signs.
    pub fn pair(&self) -> Result<Pair, CliError> {
        keys::load(self.config.key.as_ref().ok_or(KeyError::Missing)?)
    }

    /// The account that is asked about: the one given, or that of the key, for which no password is needed.
    pub fn account(&self, given: Option<AccountId>) -> Result<AccountId, CliError> {
        match (given, &self.config.key) {
            (Some(account), _) => Ok(account),
            (None, Some(KeySource::File { path, .. })) => Ok(keys::account(path)?),
            (None, Some(source)) => Ok(keys::file::account(&keys::load(source)?)),
            (None, None) => Err(KeyError::Missing.into()),
        }
    }

    /// The blobs of this machine.
    pub fn store(&self) -> Result<Store, CliError> {
        Ok(Store::open(&self.config.blobs.store)?)
    }

    /// What fetches blobs of other machines.
    pub fn fetcher(&self) -> Result<Fetcher, CliError> {
        let blobs = &self.config.blobs;
        let rules = FetchRules {
            allow_private: blobs.allow_private,
            max_size: blobs.max_size,
            timeout: FETCH_TIMEOUT,
        };
        Ok(Fetcher::new(self.store()?, rules))
    }

    /// Sends a transaction, and waits until its block is final.
    pub async fn send(&self, chain: &Chain, call: RuntimeCall) -> Result<Included, CliError> {
        let waiting = self.output.spinner("signing");
        let submitter = Submitter::new(chain.clone(), self.pair()?);
        waiting.say(format!("{}: waiting until its block is final", calls::name(&call)));
        Ok(submitter.send(call, Wait::Final).await?)
    }
}
