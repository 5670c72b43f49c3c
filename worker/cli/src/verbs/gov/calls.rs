//! The transactions of governance, and the calls that it votes on; those that set parameters are made in
//! [`settings`](super::settings).

use crate::error::CliError;
use assay_chain::{
    governance::{
        self,
        frame_system::{self, Call as System},
        pallet_assay_dao::{self, Call as Dao},
        pallet_bounties::{self, Call as Bounties},
        pallet_conviction_voting::Call as Voting,
        pallet_preimage::Call as Preimage,
        pallet_ranked_collective::Call as Fellowship,
        pallet_referenda::{self, Call as Referenda},
        pallet_safe_mode::Call as SafeMode,
        pallet_treasury::Call as Treasury,
        pallet_tx_pause::Call as TxPause,
        pallet_whitelist::Call as Whitelist,
        AccountVote, Body, Conviction, Ruling,
    },
    AccountId, Balance, Hash, RuntimeCall, RuntimeEvent,
};
use assay_primitives::{Digest, JobClass, MarketBlock, Policy, SlashId, Subject};
use assay_runtime::Address;
use codec::DecodeLimit;
use frame_support::{
    traits::{schedule::DispatchTime, Bounded},
    MAX_EXTRINSIC_DEPTH,
};
pub use pallet_assay_dao::{
    Standing, APPEALS, BIG_SPENDER, CURATOR, EMERGENCY_STOP, FELLOWS, PARAMETERS, POLICY, REFERENDUM_ADMIN,
    ROOT, SMALL_SPENDER, UPGRADE,
};
use pallet_utility::Call as Utility;
use sp_runtime::traits::{BlakeTwo256, Hash as _};

/// The highest rank that a fellow can have: the higher the rank that a removal allows for, the heavier it is.
const HIGHEST_RANK: u16 = 9;

/// Hash of bytes, as the chain names calls and code.
pub fn hash(bytes: &[u8]) -> Hash {
    BlakeTwo256::hash(bytes)
}

/// A call as the chain keeps it; `None` where it is no call of this chain.
pub fn decode(bytes: &[u8]) -> Option<RuntimeCall> {
    RuntimeCall::decode_all_with_depth_limit(MAX_EXTRINSIC_DEPTH, &mut &bytes[..]).ok()
}

/// A short call is kept with its referendum, a long one is referred to.
fn bounded(bytes: &[u8]) -> Bounded<RuntimeCall, BlakeTwo256> {
    match bytes.to_vec().try_into() {
        Ok(inline) => Bounded::Inline(inline),
        Err(_) => Bounded::Lookup { hash: hash(bytes), len: u32::try_from(bytes.len()).unwrap_or(u32::MAX) },
    }
}

/// Whether a call has to be noted before a referendum can refer to it.
pub fn needs_preimage(bytes: &[u8]) -> bool {
    bounded(bytes).lookup_needed()
}

/// Submits a referendum that makes an encoded call `after` blocks from its approval, or as soon as its track allows.
pub fn submit(track: u16, bytes: &[u8], after: u32) -> Result<RuntimeCall, CliError> {
    let origin = governance::origin(track).ok_or_else(|| {
        CliError::Refused(format!("there is no track {track}: `assay gov tracks` shows them"))
    })?;
    let (proposal_origin, proposal) = (Box::new(origin), bounded(bytes));
    let enactment_moment = DispatchTime::After(after);
    Ok(match Body::of(track) {
        Body::Holders => {
            RuntimeCall::Referenda(Referenda::submit { proposal_origin, proposal, enactment_moment })
        }
        Body::Fellowship => RuntimeCall::FellowshipReferenda(Referenda::submit {
            proposal_origin,
            proposal,
            enactment_moment,
        }),
    })
}

/// The referendum that a transaction submitted.
pub fn submitted(events: &[RuntimeEvent]) -> Option<u32> {
    events.iter().find_map(|event| match event {
        RuntimeEvent::Referenda(pallet_referenda::Event::Submitted { index, .. })
        | RuntimeEvent::FellowshipReferenda(pallet_referenda::Event::Submitted { index, .. }) => Some(*index),
        _ => None,
    })
}

/// Has a referendum decided, for a deposit.
pub fn place_deposit(body: Body, index: u32) -> RuntimeCall {
    match body {
        Body::Holders => RuntimeCall::Referenda(Referenda::place_decision_deposit { index }),
        Body::Fellowship => RuntimeCall::FellowshipReferenda(Referenda::place_decision_deposit { index }),
    }
}

/// Gives the deposit for a referendum's decision back to whoever made it.
pub fn refund_decision(body: Body, index: u32) -> RuntimeCall {
    match body {
        Body::Holders => RuntimeCall::Referenda(Referenda::refund_decision_deposit { index }),
        Body::Fellowship => RuntimeCall::FellowshipReferenda(Referenda::refund_decision_deposit { index }),
    }
}

/// Gives the deposit for a referendum's submission back to whoever made it.
pub fn refund_submission(body: Body, index: u32) -> RuntimeCall {
    match body {
        Body::Holders => RuntimeCall::Referenda(Referenda::refund_submission_deposit { index }),
        Body::Fellowship => RuntimeCall::FellowshipReferenda(Referenda::refund_submission_deposit { index }),
    }
}

/// Ends a referendum; deposits come back.
pub fn cancel(body: Body, index: u32) -> RuntimeCall {
    match body {
        Body::Holders => RuntimeCall::Referenda(Referenda::cancel { index }),
        Body::Fellowship => RuntimeCall::FellowshipReferenda(Referenda::cancel { index }),
    }
}

/// Ends a referendum; deposits are lost.
pub fn kill(body: Body, index: u32) -> RuntimeCall {
    match body {
        Body::Holders => RuntimeCall::Referenda(Referenda::kill { index }),
        Body::Fellowship => RuntimeCall::FellowshipReferenda(Referenda::kill { index }),
    }
}

/// Votes with tokens.
pub fn vote(index: u32, vote: AccountVote<Balance>) -> RuntimeCall {
    RuntimeCall::ConvictionVoting(Voting::vote { poll_index: index, vote })
}

/// Votes as a fellow.
pub fn vote_as_fellow(index: u32, aye: bool) -> RuntimeCall {
    RuntimeCall::Fellowship(Fellowship::vote { poll: index, aye })
}

/// Takes a vote back. The track is needed where the referendum is over.
pub fn remove_vote(track: Option<u16>, index: u32) -> RuntimeCall {
    RuntimeCall::ConvictionVoting(Voting::remove_vote { class: track, index })
}

/// Has somebody else vote on a track.
pub fn delegate(track: u16, to: AccountId, conviction: Conviction, balance: Balance) -> RuntimeCall {
    RuntimeCall::ConvictionVoting(Voting::delegate { class: track, to: Address::Id(to), conviction, balance })
}

/// Votes oneself again on a track.
pub fn undelegate(track: u16) -> RuntimeCall {
    RuntimeCall::ConvictionVoting(Voting::undelegate { class: track })
}

/// Frees what is locked on a track for no reason any more.
pub fn unlock(track: u16, who: AccountId) -> RuntimeCall {
    RuntimeCall::ConvictionVoting(Voting::unlock { class: track, target: Address::Id(who) })
}

/// Keeps bytes on the chain, for a deposit.
pub fn note(bytes: Vec<u8>) -> RuntimeCall {
    RuntimeCall::Preimage(Preimage::note_preimage { bytes })
}

/// Gives the deposit for bytes back, which the chain keeps only while it needs them.
pub fn unnote(hash: Hash) -> RuntimeCall {
    RuntimeCall::Preimage(Preimage::unnote_preimage { hash })
}

/// Appeals against a slash.
pub fn appeal(slash: SlashId, evidence: Digest) -> RuntimeCall {
    RuntimeCall::Dao(Dao::appeal { slash, evidence })
}

/// Forgets the appeal against a slash that is over.
pub fn close_appeal(slash: SlashId) -> RuntimeCall {
    RuntimeCall::Dao(Dao::close { slash })
}

/// Decides an appeal.
pub fn decide(slash: SlashId, ruling: Ruling) -> RuntimeCall {
    RuntimeCall::Dao(Dao::decide { slash, ruling })
}

/// Announces a policy.
pub fn change_policy(policy: Policy, delay: MarketBlock) -> RuntimeCall {
    RuntimeCall::Dao(Dao::change_policy { class: JobClass::ExactV1, policy, delay })
}

/// Takes back a policy that was announced.
pub fn withdraw_policy() -> RuntimeCall {
    RuntimeCall::Dao(Dao::withdraw_policy { class: JobClass::ExactV1 })
}

/// Lists, warns of, or delists something.
pub fn curate(subject: Subject, standing: Standing, reason: Digest) -> RuntimeCall {
    RuntimeCall::Dao(Dao::curate { subject, standing, reason })
}

/// How many spends, approvals of bounties and stops are in a call: of these, tracks other than root make one in a
/// referendum. A batch may stop at the second one, and count as made.
pub fn once_each(call: &RuntimeCall) -> usize {
    match call {
        RuntimeCall::Utility(
            Utility::batch { calls } | Utility::batch_all { calls } | Utility::force_batch { calls },
        ) => calls.iter().map(once_each).sum(),
        RuntimeCall::Treasury(Treasury::spend { .. } | Treasury::spend_local { .. })
        | RuntimeCall::Bounties(
            Bounties::approve_bounty { .. }
            | Bounties::approve_bounty_with_curator { .. }
            | Bounties::propose_curator { .. },
        )
        | RuntimeCall::SafeMode(SafeMode::force_enter {} | SafeMode::force_extend {}) => 1,
        _ => 0,
    }
}

/// Approves a spend of the treasury, which somebody has to pay out from a block on.
pub fn spend(to: AccountId, amount: Balance, from: Option<u32>) -> RuntimeCall {
    RuntimeCall::Treasury(Treasury::spend {
        asset_kind: Box::new(()),
        amount,
        beneficiary: Box::new(to),
        valid_from: from,
    })
}

/// Takes back a spend that is not paid out.
pub fn void_spend(index: u32) -> RuntimeCall {
    RuntimeCall::Treasury(Treasury::void_spend { index })
}

/// Pays a spend out.
pub fn pay_out(index: u32) -> RuntimeCall {
    RuntimeCall::Treasury(Treasury::payout { index })
}

/// Forgets a spend that was paid out, or that nobody has asked for in time.
pub fn clear_spend(index: u32) -> RuntimeCall {
    RuntimeCall::Treasury(Treasury::check_status { index })
}

/// Proposes a bounty, for a deposit.
pub fn propose_bounty(value: Balance, description: String) -> RuntimeCall {
    RuntimeCall::Bounties(Bounties::propose_bounty { value, description: description.into_bytes() })
}

/// The bounty that a transaction proposed.
pub fn proposed_bounty(events: &[RuntimeEvent]) -> Option<u32> {
    events.iter().find_map(|event| match event {
        RuntimeEvent::Bounties(pallet_bounties::Event::BountyProposed { index }) => Some(*index),
        _ => None,
    })
}

/// Has a bounty funded.
pub fn approve_bounty(bounty_id: u32) -> RuntimeCall {
    RuntimeCall::Bounties(Bounties::approve_bounty { bounty_id })
}

/// Has a bounty funded, and names who looks after it.
pub fn approve_bounty_with_curator(bounty_id: u32, curator: AccountId, fee: Balance) -> RuntimeCall {
    let curator = Address::Id(curator);
    RuntimeCall::Bounties(Bounties::approve_bounty_with_curator { bounty_id, curator, fee })
}

/// Names who looks after a bounty that is funded.
pub fn propose_curator(bounty_id: u32, curator: AccountId, fee: Balance) -> RuntimeCall {
    RuntimeCall::Bounties(Bounties::propose_curator { bounty_id, curator: Address::Id(curator), fee })
}

/// Takes a bounty from its curator.
pub fn unassign_curator(bounty_id: u32) -> RuntimeCall {
    RuntimeCall::Bounties(Bounties::unassign_curator { bounty_id })
}

/// Looks after a bounty, for a deposit.
pub fn accept_curator(bounty_id: u32) -> RuntimeCall {
    RuntimeCall::Bounties(Bounties::accept_curator { bounty_id })
}

/// Says whose a bounty is.
pub fn award_bounty(bounty_id: u32, to: AccountId) -> RuntimeCall {
    RuntimeCall::Bounties(Bounties::award_bounty { bounty_id, beneficiary: Address::Id(to) })
}

/// Pays a bounty that was awarded.
pub fn claim_bounty(bounty_id: u32) -> RuntimeCall {
    RuntimeCall::Bounties(Bounties::claim_bounty { bounty_id })
}

/// Says that a bounty is looked after.
pub fn extend_bounty(bounty_id: u32) -> RuntimeCall {
    RuntimeCall::Bounties(Bounties::extend_bounty_expiry { bounty_id, remark: Vec::new() })
}

/// Ends a bounty: what it has goes back to the treasury.
pub fn close_bounty(bounty_id: u32) -> RuntimeCall {
    RuntimeCall::Bounties(Bounties::close_bounty { bounty_id })
}

/// Lets anyone put code of this hash in place of the runtime's.
pub fn authorize_upgrade(code_hash: Hash) -> RuntimeCall {
    RuntimeCall::System(System::authorize_upgrade { code_hash })
}

/// Puts approved code in place of the runtime's.
pub fn apply_upgrade(code: Vec<u8>) -> RuntimeCall {
    RuntimeCall::System(System::apply_authorized_upgrade { code })
}

/// Whether a transaction has put code in place: a wrong version is no error of the call.
pub fn is_upgraded(events: &[RuntimeEvent]) -> bool {
    events.iter().any(|event| matches!(event, RuntimeEvent::System(frame_system::Event::CodeUpdated { .. })))
}

/// Lets holders make a call of this hash faster.
pub fn whitelist(call_hash: Hash) -> RuntimeCall {
    RuntimeCall::Whitelist(Whitelist::whitelist_call { call_hash })
}

/// Makes a call, as root, that the fellowship has whitelisted.
pub fn dispatch_whitelisted(call: RuntimeCall) -> RuntimeCall {
    RuntimeCall::Whitelist(Whitelist::dispatch_whitelisted_call_with_preimage { call: Box::new(call) })
}

/// Makes an account a fellow.
pub fn add_fellow(who: AccountId) -> RuntimeCall {
    RuntimeCall::Fellowship(Fellowship::add_member { who: Address::Id(who) })
}

/// Makes a fellow none.
pub fn remove_fellow(who: AccountId) -> RuntimeCall {
    RuntimeCall::Fellowship(Fellowship::remove_member { who: Address::Id(who), min_rank: HIGHEST_RANK })
}

/// Stops the market.
pub fn stop() -> RuntimeCall {
    RuntimeCall::SafeMode(SafeMode::force_enter {})
}

/// Keeps the market stopped for longer.
pub fn extend_stop() -> RuntimeCall {
    RuntimeCall::SafeMode(SafeMode::force_extend {})
}

/// Ends a stop.
pub fn end_stop() -> RuntimeCall {
    RuntimeCall::SafeMode(SafeMode::force_exit {})
}

/// Pauses a call for a number of blocks.
pub fn pause(name: &CallName, blocks: u32) -> Result<RuntimeCall, CliError> {
    let parts = name.0.clone().try_into().ok().zip(name.1.clone().try_into().ok());
    let call = parts.ok_or_else(|| name.too_long())?;
    Ok(RuntimeCall::Dao(Dao::pause { call, blocks }))
}

/// Ends a pause.
pub fn resume(name: &CallName) -> Result<RuntimeCall, CliError> {
    let parts = name.0.clone().try_into().ok().zip(name.1.clone().try_into().ok());
    let ident = parts.ok_or_else(|| name.too_long())?;
    Ok(RuntimeCall::TxPause(TxPause::unpause { ident }))
}

/// A call by its pallet and name, as in `Jobs.post`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallName(Vec<u8>, Vec<u8>);

impl CallName {
    /// Reads it.
    pub fn read(text: &str) -> Result<Self, String> {
        match text.split_once('.') {
            Some((pallet, call)) if !pallet.is_empty() && !call.is_empty() => {
                Ok(Self(pallet.into(), call.into()))
            }
            _ => Err(format!("{text:?} names no call: write its pallet and its name, as in Jobs.post")),
        }
    }

    fn too_long(&self) -> CliError {
        CliError::Usage("no call of the chain has so long a name".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use codec::Encode;

    #[test]
    fn short_calls_need_no_preimage_and_long_ones_do() {
        let remark = |len| RuntimeCall::System(System::remark { remark: vec![7; len] }).encode();
        assert!(!needs_preimage(&remark(100)));
        let long = remark(200);
        assert!(needs_preimage(&long));
        let call = submit(ROOT, &long, 0).unwrap();
        let RuntimeCall::Referenda(Referenda::submit { proposal, .. }) = call else { panic!("{call:?}") };
        assert_eq!((proposal.lookup_hash(), proposal.len()), (Some(hash(&long)), Some(long.len() as u32)));
    }

    #[test]
    fn each_track_has_its_origin_and_its_body() {
        for track in [ROOT, UPGRADE, PARAMETERS, POLICY, APPEALS, CURATOR, SMALL_SPENDER, BIG_SPENDER] {
            assert!(matches!(submit(track, &[], 0), Ok(RuntimeCall::Referenda(_))), "{track}");
        }
        assert!(matches!(submit(FELLOWS, &[], 0), Ok(RuntimeCall::FellowshipReferenda(_))));
        assert!(submit(77, &[], 0).unwrap_err().to_string().contains("no track 77"));
    }

    #[test]
    fn a_call_comes_back_from_its_bytes_and_rubbish_does_not() {
        let call = stop();
        assert_eq!(decode(&call.encode()), Some(call.clone()));
        assert_eq!(decode(&[&call.encode()[..], &[0]].concat()), None);
        assert_eq!(decode(&[255]), None);
    }

    #[test]
    fn an_upgrade_that_was_not_made_is_seen() {
        let (code_hash, error) = (Hash::zero(), sp_runtime::DispatchError::BadOrigin);
        let rejected = frame_system::Event::RejectedInvalidAuthorizedUpgrade { code_hash, error };
        let updated = frame_system::Event::CodeUpdated { hash: code_hash };
        assert!(!is_upgraded(&[RuntimeEvent::System(rejected.clone())]));
        assert!(is_upgraded(&[RuntimeEvent::System(rejected), RuntimeEvent::System(updated)]));
    }

    #[test]
    fn calls_to_pause_have_a_pallet_and_a_name() {
        let name = CallName::read("Jobs.post").unwrap();
        let call = pause(&name, 5).unwrap();
        let RuntimeCall::Dao(Dao::pause { call, blocks: 5 }) = call else { panic!("{call:?}") };
        assert_eq!((call.0.to_vec(), call.1.to_vec()), (b"Jobs".to_vec(), b"post".to_vec()));
        for text in ["", "Jobs", ".post", "Jobs."] {
            assert!(CallName::read(text).unwrap_err().contains("as in Jobs.post"), "{text}");
        }
        let long = CallName::read(&format!("Jobs.{}", "x".repeat(1_000))).unwrap();
        assert!(resume(&long).unwrap_err().to_string().contains("so long a name"));
    }
}
