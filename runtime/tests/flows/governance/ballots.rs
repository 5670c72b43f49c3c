//! What voters do, and what they have.

use crate::chain::Chain;
use assay_runtime::{
    configs::VotingBalance, token::ASY, AccountId, Balance, BlockNumber, OriginCaller, Runtime, RuntimeCall,
    RuntimeOrigin,
};
use codec::Encode;
use frame_support::traits::{fungible::Inspect, schedule::DispatchTime, Bounded};
use frame_system::RawOrigin;
use pallet_conviction_voting::{AccountVote, Call as Voting, Conviction, TallyOf, Vote};
use pallet_referenda::{
    Call as Referenda, ReferendumCount, ReferendumInfo, ReferendumInfoFor, ReferendumStatusOf,
};
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave, Eve};
use sp_runtime::{
    traits::{BlakeTwo256, Dispatchable},
    transaction_validity::InvalidTransaction,
    DispatchResult,
};

/// A million ASY. Each account begins with 125 of them.
pub const MILLION: Balance = 1_000_000 * ASY;
/// More than any referendum with the ayes of half of all tokens takes from its submission to its enactment.
pub const LONG: u32 = 12;

/// A call, or how to find it.
pub type Proposal = Bounded<RuntimeCall, BlakeTwo256>;

/// A call that only root may make.
pub fn freeze() -> RuntimeCall {
    RuntimeCall::Clock(pallet_clock::Call::set_frozen { frozen: true })
}

/// A call that anyone may make.
pub fn remark() -> RuntimeCall {
    RuntimeCall::System(frame_system::Call::remark { remark: vec![] })
}

/// A call as its own proposal.
pub fn inline(call: &RuntimeCall) -> Proposal {
    Bounded::Inline(call.encode().try_into().expect("a short call"))
}

/// What comes of a call that an origin makes now.
pub fn by(origin: impl Into<OriginCaller>, call: impl Into<RuntimeCall>) -> DispatchResult {
    let outcome = call.into().dispatch(RuntimeOrigin::from(origin.into()));
    outcome.map(drop).map_err(|refused| refused.error)
}

/// Who does what root's track has voted for.
pub fn root() -> OriginCaller {
    RawOrigin::Root.into()
}

/// What comes of a transaction, in the open block, or in the next one where that has no room since sessions change in it.
pub fn submit(chain: &mut Chain, signer: Sr25519Keyring, call: impl Into<RuntimeCall>) -> DispatchResult {
    let call = call.into();
    loop {
        match chain.submit(signer, call.clone()) {
            Ok(outcome) => return outcome,
            Err(invalid) => {
                assert_eq!(invalid, InvalidTransaction::ExhaustsResources.into(), "{call:?}");
                chain.close();
                chain.open();
            }
        }
    }
}

/// A transaction that succeeds.
pub fn done(chain: &mut Chain, signer: Sr25519Keyring, call: impl Into<RuntimeCall>) {
    let call = call.into();
    assert_eq!(submit(chain, signer, call.clone()), Ok(()), "{call:?}");
}

/// Submits a referendum; gives its number.
pub fn propose(
    chain: &mut Chain,
    signer: Sr25519Keyring,
    origin: impl Into<OriginCaller>,
    call: &RuntimeCall,
) -> u32 {
    propose_bounded(chain, signer, origin, inline(call))
}

/// Submits a referendum on what may be a preimage; gives its number.
fn propose_bounded(
    chain: &mut Chain,
    signer: Sr25519Keyring,
    origin: impl Into<OriginCaller>,
    proposal: Proposal,
) -> u32 {
    let index = ReferendumCount::<Runtime>::get();
    let (proposal_origin, enactment_moment) = (Box::new(origin.into()), DispatchTime::After(0));
    done(chain, signer, Referenda::<Runtime>::submit { proposal_origin, proposal, enactment_moment });
    index
}

/// Places the deposit for a decision.
pub fn place_deposit(chain: &mut Chain, signer: Sr25519Keyring, index: u32) {
    done(chain, signer, Referenda::<Runtime>::place_decision_deposit { index });
}

/// A vote.
pub fn ballot(aye: bool, conviction: Conviction, balance: Balance) -> AccountVote<Balance> {
    AccountVote::Standard { vote: Vote { aye, conviction }, balance }
}

/// An aye without conviction.
pub fn aye(balance: Balance) -> AccountVote<Balance> {
    ballot(true, Conviction::None, balance)
}

pub fn vote(
    chain: &mut Chain,
    signer: Sr25519Keyring,
    poll_index: u32,
    vote: AccountVote<Balance>,
) -> DispatchResult {
    submit(chain, signer, Voting::<Runtime>::vote { poll_index, vote })
}

/// A referendum with its deposit for which half of all tokens and more vote; gives its number.
pub fn vote_on(chain: &mut Chain, origin: impl Into<OriginCaller>, proposal: Proposal) -> u32 {
    let index = propose_bounded(chain, Alice, origin, proposal);
    place_deposit(chain, Alice, index);
    for voter in [Alice, Bob, Charlie, Dave, Eve] {
        assert_eq!(vote(chain, voter, index, aye(110 * MILLION)), Ok(()), "{voter:?}");
    }
    index
}

/// Takes a vote back, and its lock.
pub fn take_back(chain: &mut Chain, signer: Sr25519Keyring, track: u16, index: u32) {
    done(chain, signer, Voting::<Runtime>::remove_vote { class: Some(track), index });
    unlock(chain, signer, track);
}

/// Lets go of what is locked for no vote any more.
pub fn unlock(chain: &mut Chain, signer: Sr25519Keyring, class: u16) {
    let target = signer.to_account_id().into();
    done(chain, signer, Voting::<Runtime>::unlock { class, target });
}

/// A referendum that goes on; `None` if it has ended.
pub fn ongoing(index: u32) -> Option<ReferendumStatusOf<Runtime, ()>> {
    match ReferendumInfoFor::<Runtime>::get(index) {
        Some(ReferendumInfo::Ongoing(status)) => Some(status),
        _ => None,
    }
}

/// The votes on a referendum that goes on.
pub fn tally(index: u32) -> TallyOf<Runtime> {
    ongoing(index).expect("it goes on").tally
}

/// The block in which a referendum was approved.
pub fn approval(index: u32) -> Option<BlockNumber> {
    match ReferendumInfoFor::<Runtime>::get(index) {
        Some(ReferendumInfo::Approved(at, ..)) => Some(at),
        _ => None,
    }
}

pub fn is_rejected(index: u32) -> bool {
    matches!(ReferendumInfoFor::<Runtime>::get(index), Some(ReferendumInfo::Rejected(..)))
}

/// What an account can vote with.
pub fn votes_of(who: Sr25519Keyring) -> Balance {
    let who: AccountId = who.to_account_id();
    <VotingBalance as Inspect<AccountId>>::total_balance(&who)
}
