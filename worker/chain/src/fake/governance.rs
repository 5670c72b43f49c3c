//! What a chain of a test says of its governance.

use super::FakeChain;
use crate::{governance_client::GovernanceClient, ChainError};
use assay_runtime::{
    bonds::SlashId,
    governance::{
        Appeal, AppealView, Body, Bounty, BountyTerms, Noted, Referendum, Rewards, Spend, Standing, Terms,
        Track, Treasury, Voting,
    },
    market::Refusal,
    AccountId, Hash, RuntimeCall,
};
use std::collections::BTreeMap;

/// The state of governance in a block. Empty until a test fills it.
#[derive(Clone, Debug, Default)]
pub struct Governance {
    /// Tracks.
    pub tracks: Vec<Track>,
    /// What votes cost, and what governance has set.
    pub terms: Option<Terms>,
    /// What is stopped and what is to come.
    pub standing: Standing,
    /// Referenda, by who votes on them.
    pub referenda: BTreeMap<(Body, u32), Referendum>,
    /// What accounts vote with.
    pub votes: BTreeMap<AccountId, Vec<Voting>>,
    /// Preimages.
    pub preimages: BTreeMap<Hash, Noted>,
    /// Why calls would be refused, by track.
    pub refusals: BTreeMap<u16, Refusal>,
    /// The treasury.
    pub treasury: Option<Treasury>,
    /// Its spends.
    pub spends: BTreeMap<u32, Spend>,
    /// What bounties take.
    pub bounty_terms: Option<BountyTerms>,
    /// Bounties.
    pub bounties: BTreeMap<u32, Bounty>,
    /// What validators can claim.
    pub rewards: BTreeMap<AccountId, Rewards>,
    /// Appeals, and what they would take.
    pub appeals: BTreeMap<SlashId, AppealView>,
}

fn unfilled(what: &str) -> ChainError {
    ChainError::Api(format!("the test gives no {what}"))
}

impl GovernanceClient for FakeChain {
    async fn tracks(&self, at: Hash) -> Result<Vec<Track>, ChainError> {
        self.read(at, |world| world.governance.tracks.clone())
    }

    async fn terms(&self, at: Hash) -> Result<Terms, ChainError> {
        self.read(at, |world| world.governance.terms.clone())?.ok_or_else(|| unfilled("terms"))
    }

    async fn standing(&self, at: Hash) -> Result<Standing, ChainError> {
        self.read(at, |world| world.governance.standing.clone())
    }

    async fn referenda(
        &self,
        at: Hash,
        body: Body,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<(u32, Referendum)>, ChainError> {
        self.read(at, |world| {
            let end = before.unwrap_or(u32::MAX);
            let found = world.governance.referenda.range((body, 0)..(body, end)).rev();
            found.take(limit as usize).map(|((_, index), found)| (*index, found.clone())).collect()
        })
    }

    async fn referendum(&self, at: Hash, body: Body, index: u32) -> Result<Option<Referendum>, ChainError> {
        self.read(at, |world| world.governance.referenda.get(&(body, index)).cloned())
    }

    async fn votes(&self, at: Hash, who: &AccountId) -> Result<Vec<Voting>, ChainError> {
        self.read(at, |world| world.governance.votes.get(who).cloned().unwrap_or_default())
    }

    async fn preimage(&self, at: Hash, hash: Hash) -> Result<Option<Noted>, ChainError> {
        self.read(at, |world| world.governance.preimages.get(&hash).cloned())
    }

    async fn rehearse(&self, at: Hash, track: u16, _: &RuntimeCall) -> Result<(), ChainError> {
        let refusal = self.read(at, |world| world.governance.refusals.get(&track).cloned())?;
        refusal.map_or(Ok(()), |refusal| Err(refusal.into()))
    }

    async fn treasury(&self, at: Hash) -> Result<Treasury, ChainError> {
        self.read(at, |world| world.governance.treasury.clone())?.ok_or_else(|| unfilled("treasury"))
    }

    async fn spends(
        &self,
        at: Hash,
        after: Option<u32>,
        limit: u32,
    ) -> Result<Vec<(u32, Spend)>, ChainError> {
        self.read(at, |world| {
            let spends = world.governance.spends.iter();
            let rest = spends.filter(|(id, _)| after.is_none_or(|after| **id > after));
            rest.take(limit as usize).map(|(id, spend)| (*id, spend.clone())).collect()
        })
    }

    async fn bounty_terms(&self, at: Hash) -> Result<BountyTerms, ChainError> {
        self.read(at, |world| world.governance.bounty_terms)?.ok_or_else(|| unfilled("terms of bounties"))
    }

    async fn bounties(
        &self,
        at: Hash,
        after: Option<u32>,
        limit: u32,
    ) -> Result<Vec<(u32, Bounty)>, ChainError> {
        self.read(at, |world| {
            let bounties = world.governance.bounties.iter();
            let rest = bounties.filter(|(id, _)| after.is_none_or(|after| **id > after));
            rest.take(limit as usize).map(|(id, bounty)| (*id, bounty.clone())).collect()
        })
    }

    async fn rewards(&self, at: Hash, validator: &AccountId) -> Result<Rewards, ChainError> {
        self.read(at, |world| world.governance.rewards.get(validator).cloned().unwrap_or_default())
    }

    async fn appeals(
        &self,
        at: Hash,
        after: Option<SlashId>,
        limit: u32,
    ) -> Result<Vec<(SlashId, Appeal)>, ChainError> {
        self.read(at, |world| {
            let views = world.governance.appeals.iter();
            let made = views.filter_map(|(id, view)| Some((*id, view.appeal.clone()?)));
            made.filter(|(id, _)| after.is_none_or(|after| *id > after)).take(limit as usize).collect()
        })
    }

    async fn appeal(&self, at: Hash, slash: SlashId) -> Result<AppealView, ChainError> {
        let view = self.read(at, |world| world.governance.appeals.get(&slash).cloned())?;
        Ok(view.unwrap_or(AppealView { appeal: None, deposit: None }))
    }
}
