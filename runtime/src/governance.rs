//! What a client asks to learn what is voted on and what becomes of it: tracks, referenda, votes and the locks they
//! leave, preimages, the treasury, bounties, validators' rewards, appeals, brakes, what governance has set.
//!
//! It puts together what stock pallets keep piece by piece, from one block, in types that a client can decode without
//! knowing the runtime. The pallets that calls of governance are made with are passed on, so that clients make these
//! from the very types of this runtime.

mod bounties;
mod money;
mod referenda;
mod rewards;
mod standing;
mod votes;

pub use bounties::{Bounty, BountyTerms};
pub use frame_system;
pub(crate) use money::appeals;
pub use money::{AppealView, Payment, Spend, Treasury};
pub use pallet_assay_dao::{self, DaoOrigin, Ruling};
pub use pallet_assay_rewards;
pub use pallet_assay_slashing;
pub use pallet_assay_staking::StakingParams;
pub use pallet_bounties::{self, BountyStatus};
pub use pallet_conviction_voting::{self, AccountVote, Conviction, Vote};
pub use pallet_preimage;
pub use pallet_ranked_collective;
pub use pallet_referenda::{self, Curve};
pub use pallet_safe_mode;
pub use pallet_treasury;
pub use pallet_tx_pause;
pub use pallet_whitelist;
pub use referenda::{Deposit, Ended, Ongoing, Outcome, Proposal, Referendum, Tally};
pub use rewards::{Reward, Rewards};
pub use standing::{Noted, Pause, Settings, Standing, Terms};
pub use votes::{Ballot, Delegation, Doing, Lock, Voting};

use crate::{
    configs::{FellowshipTracks, Tracks},
    market::Refusal,
    AccountId, Balance, BlockNumber, Hash, OriginCaller, Runtime, RuntimeCall, RuntimeOrigin,
};
use alloc::{string::String, vec::Vec};
use assay_primitives::SlashId;
use codec::{Decode, DecodeLimit, Encode};
use frame_support::{dispatch::GetDispatchInfo, storage::with_transaction, MAX_EXTRINSIC_DEPTH};
use frame_system::RawOrigin;
use pallet_assay_dao::{FELLOWS, ROOT};
use pallet_referenda::{DecidingCount, Instance1, TrackQueue, TracksInfo};
use pallet_whitelist::{Call as Whitelist, WhitelistedCall};
use scale_info::TypeInfo;
use sp_runtime::{
    traits::{BlakeTwo256, Dispatchable, Hash as _},
    DispatchError, SaturatedConversion, TransactionOutcome,
};

/// The most items of a list that one answer has.
pub const MAX_ITEMS: u32 = 1_000;

/// An appeal against a slash.
pub type Appeal = pallet_assay_dao::AppealOf<Runtime>;

/// Who votes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Encode, Decode, TypeInfo)]
pub enum Body {
    /// Everybody, with tokens.
    #[codec(index = 0)]
    Holders,
    /// The technical fellowship, with a vote each. It can whitelist, and nothing else.
    #[codec(index = 1)]
    Fellowship,
}

impl Body {
    /// Who votes on a track. No two bodies have tracks of the same number.
    pub fn of(track: u16) -> Self {
        match track {
            FELLOWS => Self::Fellowship,
            _ => Self::Holders,
        }
    }
}

/// What a vote takes, by what it can do. Times are in blocks.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct Track {
    /// Its number.
    pub id: u16,
    /// What it is called.
    pub name: String,
    /// How many referenda it decides at once.
    pub places: u32,
    /// How many it decides now.
    pub deciding: u32,
    /// How many wait for a place.
    pub queued: u32,
    /// What it takes to have a referendum decided, in planck.
    pub deposit: Balance,
    /// The least time from submission to decision.
    pub prepare: BlockNumber,
    /// The longest that a decision takes, confirmation apart.
    pub decision: BlockNumber,
    /// For how long a referendum has to pass before it is approved.
    pub confirm: BlockNumber,
    /// The least time from approval to enactment.
    pub enactment: BlockNumber,
    /// The least share of ayes, with their conviction, by how much of the decision's time is over.
    pub approval: Curve,
    /// The least share of all votes that there can be that are ayes, without conviction, likewise.
    pub support: Curve,
}

impl Track {
    /// Every track: those of the holders by number, then that of the fellowship.
    pub(crate) fn all() -> Vec<Self> {
        let holders = Tracks::tracks().map(|track| {
            let queue = TrackQueue::<Runtime>::get(track.id).len();
            Self::new(&track, DecidingCount::<Runtime>::get(track.id), queue)
        });
        let fellows = FellowshipTracks::tracks().map(|track| {
            let queue = TrackQueue::<Runtime, Instance1>::get(track.id).len();
            Self::new(&track, DecidingCount::<Runtime, Instance1>::get(track.id), queue)
        });
        holders.chain(fellows).collect()
    }

    fn new(track: &pallet_referenda::Track<u16, Balance, BlockNumber>, deciding: u32, queued: usize) -> Self {
        let info = &track.info;
        Self {
            id: track.id,
            name: String::from_utf8_lossy(&info.name).trim_end_matches('\0').into(),
            places: info.max_deciding,
            deciding,
            queued: queued.saturated_into(),
            deposit: info.decision_deposit,
            prepare: info.prepare_period,
            decision: info.decision_period,
            confirm: info.confirm_period,
            enactment: info.min_enactment_period,
            approval: info.min_approval.clone(),
            support: info.min_support.clone(),
        }
    }
}

/// Who speaks when a referendum on a track has passed; `None` where there is no such track.
pub fn origin(track: u16) -> Option<OriginCaller> {
    if track == ROOT {
        return Some(OriginCaller::system(RawOrigin::Root));
    }
    DaoOrigin::ALL.into_iter().find(|speaker| speaker.track() == track).map(OriginCaller::Dao)
}

/// What would come of a call if a track made it now; nothing does. A call that the scheduler would never find room for is
/// refused as exhausting a block, and one that waits for the fellowship as not whitelisted.
pub(crate) fn rehearse(track: u16, call: &[u8]) -> Result<(), Refusal> {
    let call = RuntimeCall::decode_all_with_depth_limit(MAX_EXTRINSIC_DEPTH, &mut &call[..])
        .map_err(|_| unnumbered("Undecodable"))?;
    let most = <Runtime as pallet_scheduler::Config>::MaximumWeight::get();
    if call.get_dispatch_info().call_weight.any_gt(most) {
        return Err(unnumbered("Exhausted"));
    }
    let origin = origin(track).ok_or_else(|| unnumbered("BadOrigin"))?;
    if is_put_off(&call) {
        return Err(DispatchError::from(pallet_whitelist::Error::<Runtime>::CallIsNotWhitelisted).into());
    }
    with_transaction(|| {
        let result = call.dispatch(RuntimeOrigin::from(origin));
        TransactionOutcome::Rollback(result.map(|_| ()).map_err(|failed| match failed.error {
            DispatchError::BadOrigin => unnumbered("BadOrigin"),
            error => error.into(),
        }))
    })
}

/// Whether a call makes one that is not whitelisted: it succeeds, and the one in it is not made.
fn is_put_off(call: &RuntimeCall) -> bool {
    let RuntimeCall::Whitelist(Whitelist::dispatch_whitelisted_call_with_preimage { call }) = call else {
        return false;
    };
    !WhitelistedCall::<Runtime>::contains_key(BlakeTwo256::hash_of(call))
}

/// A refusal that belongs to no pallet.
fn unnumbered(error: &str) -> Refusal {
    Refusal { pallet: None, error: error.into() }
}

sp_api::decl_runtime_apis! {
    /// What is voted on, by whom, and what becomes of it.
    pub trait GovernanceApi {
        /// Every track: those of the holders by number, then that of the fellowship.
        fn tracks() -> Vec<Track>;

        /// What votes cost and how long they lock, and what governance has set.
        fn terms() -> Terms;

        /// What is stopped, what is to come, and who is a fellow.
        fn standing() -> Standing;

        /// The referenda of a body, newest first: those before a number, at most `limit` and 1,000. To go on, give the
        /// number of the last one. Calls above 1 KiB are left out.
        fn referenda(body: Body, before: Option<u32>, limit: u32) -> Vec<(u32, Referendum)>;

        /// A referendum, `None` if there is none of that number. A call above 256 KiB is left out.
        fn referendum(body: Body, index: u32) -> Option<Referendum>;

        /// What an account votes with, on every track where it has voted, delegates or is locked.
        fn votes(who: AccountId) -> Vec<Voting>;

        /// What is noted under a hash, or asked for. Bytes above 256 KiB are left out.
        fn preimage(hash: Hash) -> Option<Noted>;

        /// What would come of an encoded call if a track made it now: nothing, or why it would be refused.
        fn rehearse(track: u16, call: Vec<u8>) -> Result<(), Refusal>;

        /// What the treasury has.
        fn treasury() -> Treasury;

        /// Its spends that were approved and are not processed, oldest first: those after a number, at most `limit` and
        /// 1,000, among the next 10,000 numbers.
        fn spends(after: Option<u32>, limit: u32) -> Vec<(u32, Spend)>;

        /// What bounties take.
        fn bounty_terms() -> BountyTerms;

        /// Bounties that are proposed and not claimed, oldest first: those after a number, at most `limit` and 1,000,
        /// among the next 10,000 numbers.
        fn bounties(after: Option<u32>, limit: u32) -> Vec<(u32, Bounty)>;

        /// What a validator has earned and nobody has claimed.
        fn rewards(validator: AccountId) -> Rewards;

        /// The appeals against slashes that are not over or not closed, in no order: those after one, at most `limit`
        /// and 1,000. To go on, give the number of the last one.
        fn appeals(after: Option<SlashId>, limit: u32) -> Vec<(SlashId, Appeal)>;

        /// The appeal against a slash, and what one would take.
        fn appeal(slash: SlashId) -> AppealView;
    }
}
