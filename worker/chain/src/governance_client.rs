//! What can be asked of a chain's governance.

use crate::{chain::Chain, client::ChainClient, ChainError};
use assay_runtime::{
    bonds::SlashId,
    governance::{
        Appeal, AppealView, Body, Bounty, BountyTerms, Noted, Referendum, Rewards, Spend, Standing, Terms,
        Track, Treasury, Voting,
    },
    market::Refusal,
    AccountId, Hash, RuntimeCall,
};
use codec::Encode;
use std::future::Future;

/// What is voted on, by whom, and what becomes of it. `at` and errors are those of [`ChainClient`].
pub trait GovernanceClient: ChainClient {
    /// Every track: those of the holders by number, then that of the fellowship.
    fn tracks(&self, at: Hash) -> impl Future<Output = Result<Vec<Track>, ChainError>> + Send;

    /// What votes cost and how long they lock, and what governance has set.
    fn terms(&self, at: Hash) -> impl Future<Output = Result<Terms, ChainError>> + Send;

    /// What is stopped, what is to come, and who is a fellow.
    fn standing(&self, at: Hash) -> impl Future<Output = Result<Standing, ChainError>> + Send;

    /// The referenda of a body, newest first: those before a number, at most `limit` and 1,000.
    fn referenda(
        &self,
        at: Hash,
        body: Body,
        before: Option<u32>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<(u32, Referendum)>, ChainError>> + Send;

    /// A referendum, `None` if there is none of that number.
    fn referendum(
        &self,
        at: Hash,
        body: Body,
        index: u32,
    ) -> impl Future<Output = Result<Option<Referendum>, ChainError>> + Send;

    /// What an account votes with.
    fn votes(
        &self,
        at: Hash,
        who: &AccountId,
    ) -> impl Future<Output = Result<Vec<Voting>, ChainError>> + Send;

    /// What is noted under a hash, or asked for.
    fn preimage(
        &self,
        at: Hash,
        hash: Hash,
    ) -> impl Future<Output = Result<Option<Noted>, ChainError>> + Send;

    /// What would come of a call if a track made it now; [`ChainError::Refused`] where it would be refused.
    fn rehearse(
        &self,
        at: Hash,
        track: u16,
        call: &RuntimeCall,
    ) -> impl Future<Output = Result<(), ChainError>> + Send;

    /// What the treasury has.
    fn treasury(&self, at: Hash) -> impl Future<Output = Result<Treasury, ChainError>> + Send;

    /// The treasury's spends after a number, oldest first, at most `limit` and 1,000.
    fn spends(
        &self,
        at: Hash,
        after: Option<u32>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<(u32, Spend)>, ChainError>> + Send;

    /// What bounties take.
    fn bounty_terms(&self, at: Hash) -> impl Future<Output = Result<BountyTerms, ChainError>> + Send;

    /// Bounties after a number, oldest first, at most `limit` and 1,000.
    fn bounties(
        &self,
        at: Hash,
        after: Option<u32>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<(u32, Bounty)>, ChainError>> + Send;

    /// What a validator has earned and nobody has claimed.
    fn rewards(
        &self,
        at: Hash,
        validator: &AccountId,
    ) -> impl Future<Output = Result<Rewards, ChainError>> + Send;

    /// The appeals after one, in no order, at most `limit` and 1,000.
    fn appeals(
        &self,
        at: Hash,
        after: Option<SlashId>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<(SlashId, Appeal)>, ChainError>> + Send;

    /// The appeal against a slash, and what one would take.
    fn appeal(&self, at: Hash, slash: SlashId)
        -> impl Future<Output = Result<AppealView, ChainError>> + Send;
}

impl GovernanceClient for Chain {
    async fn tracks(&self, at: Hash) -> Result<Vec<Track>, ChainError> {
        self.ask("GovernanceApi_tracks", (), at).await
    }

    async fn terms(&self, at: Hash) -> Result<Terms, ChainError> {
        self.ask("GovernanceApi_terms", (), at).await
    }

    async fn standing(&self, at: Hash) -> Result<Standing, ChainError> {
        self.ask("GovernanceApi_standing", (), at).await
    }

    async fn referenda(
        &self,
        at: Hash,
        body: Body,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<(u32, Referendum)>, ChainError> {
        self.ask("GovernanceApi_referenda", (body, before, limit), at).await
    }

    async fn referendum(&self, at: Hash, body: Body, index: u32) -> Result<Option<Referendum>, ChainError> {
        self.ask("GovernanceApi_referendum", (body, index), at).await
    }

    async fn votes(&self, at: Hash, who: &AccountId) -> Result<Vec<Voting>, ChainError> {
        self.ask("GovernanceApi_votes", who, at).await
    }

    async fn preimage(&self, at: Hash, hash: Hash) -> Result<Option<Noted>, ChainError> {
        self.ask("GovernanceApi_preimage", hash, at).await
    }

    async fn rehearse(&self, at: Hash, track: u16, call: &RuntimeCall) -> Result<(), ChainError> {
        let rehearsed: Result<(), Refusal> =
            self.ask("GovernanceApi_rehearse", (track, call.encode()), at).await?;
        Ok(rehearsed?)
    }

    async fn treasury(&self, at: Hash) -> Result<Treasury, ChainError> {
        self.ask("GovernanceApi_treasury", (), at).await
    }

    async fn spends(
        &self,
        at: Hash,
        after: Option<u32>,
        limit: u32,
    ) -> Result<Vec<(u32, Spend)>, ChainError> {
        self.ask("GovernanceApi_spends", (after, limit), at).await
    }

    async fn bounty_terms(&self, at: Hash) -> Result<BountyTerms, ChainError> {
        self.ask("GovernanceApi_bounty_terms", (), at).await
    }

    async fn bounties(
        &self,
        at: Hash,
        after: Option<u32>,
        limit: u32,
    ) -> Result<Vec<(u32, Bounty)>, ChainError> {
        self.ask("GovernanceApi_bounties", (after, limit), at).await
    }

    async fn rewards(&self, at: Hash, validator: &AccountId) -> Result<Rewards, ChainError> {
        self.ask("GovernanceApi_rewards", validator, at).await
    }

    async fn appeals(
        &self,
        at: Hash,
        after: Option<SlashId>,
        limit: u32,
    ) -> Result<Vec<(SlashId, Appeal)>, ChainError> {
        self.ask("GovernanceApi_appeals", (after, limit), at).await
    }

    async fn appeal(&self, at: Hash, slash: SlashId) -> Result<AppealView, ChainError> {
        self.ask("GovernanceApi_appeal", slash, at).await
    }
}
