//! What is stopped, what is to come, what governance has set, what is noted.

use super::{referenda::MAX_CALL, MAX_ITEMS};
use crate::{
    configs::{PreimageBaseDeposit, PreimageByteDeposit},
    AccountId, Balance, BlockNumber, Dao, Hash, Jobs, Preimage, Providers, Rewards, Runtime, Slashing,
    Staking, System,
};
use alloc::{borrow::Cow, string::String, vec::Vec};
use assay_primitives::JobClass;
use codec::{Decode, Encode};
use frame_support::traits::{Get, QueryPreimage};
use pallet_preimage::{RequestStatus, RequestStatusFor};
use scale_info::TypeInfo;
use sp_runtime::SaturatedConversion;

/// What votes cost and how long they lock, and what governance has set.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct Terms {
    /// What it takes to submit a referendum, in planck.
    pub submission: Balance,
    /// The same for the fellowship.
    pub fellows_submission: Balance,
    /// For how many blocks a vote with conviction of one locks.
    pub lock: BlockNumber,
    /// Deposit of a preimage, in planck.
    pub preimage: Balance,
    /// Deposit of each of its bytes, in planck.
    pub preimage_byte: Balance,
    /// For how many blocks safe-mode is entered, and extended.
    pub stop: BlockNumber,
    /// What governance has set.
    pub settings: Settings,
}

impl Terms {
    pub(crate) fn now() -> Self {
        use pallet_referenda::{Config, Instance1};
        Self {
            submission: <Runtime as Config>::SubmissionDeposit::get(),
            fellows_submission: <Runtime as Config<Instance1>>::SubmissionDeposit::get(),
            lock: <Runtime as pallet_conviction_voting::Config>::VoteLockingPeriod::get(),
            preimage: PreimageBaseDeposit::get(),
            preimage_byte: PreimageByteDeposit::get(),
            stop: <Runtime as pallet_safe_mode::Config>::EnterDuration::get(),
            settings: Settings::now(),
        }
    }
}

/// What governance has set, pallet by pallet.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct Settings {
    /// Of governance itself.
    pub dao: pallet_assay_dao::Parameters,
    /// Of jobs.
    pub jobs: pallet_assay_jobs::Parameters,
    /// Of providers.
    pub providers: pallet_assay_providers::Parameters,
    /// Of slashes.
    pub slashing: pallet_assay_slashing::Parameters<BlockNumber>,
    /// Of bonds.
    pub staking: pallet_assay_staking::StakingParams<Balance, BlockNumber>,
    /// Of new money and fees.
    pub rewards: pallet_assay_rewards::Parameters,
}

impl Settings {
    fn now() -> Self {
        Self {
            dao: Dao::params(),
            jobs: Jobs::params(),
            providers: Providers::params(),
            slashing: Slashing::params(),
            staking: Staking::params(),
            rewards: Rewards::params(),
        }
    }
}

/// What is stopped, what is to come, and who is a fellow.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode, TypeInfo)]
pub struct Standing {
    /// The block after which safe-mode ends, while it is on.
    pub safe_mode: Option<BlockNumber>,
    /// The calls that are paused for a time.
    pub pauses: Vec<Pause>,
    /// The policies that come into force.
    pub policies: Vec<(JobClass, pallet_assay_dao::Change)>,
    /// Hash of the code that anyone may put in place of the runtime's.
    pub upgrade: Option<Hash>,
    /// The fellows, at most 1,000.
    pub fellows: Vec<AccountId>,
}

/// A call that is paused.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct Pause {
    /// Whose call it is.
    pub pallet: String,
    /// What the call is called.
    pub call: String,
    /// The block in which it goes on.
    pub until: BlockNumber,
}

impl Standing {
    pub(crate) fn now() -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let pause = |paused: pallet_assay_dao::PausedOf<Runtime>| Pause {
            pallet: text(&paused.call.0),
            call: text(&paused.call.1),
            until: paused.until,
        };
        let fellows = pallet_ranked_collective::Members::<Runtime>::iter_keys();
        let policies = JobClass::ALL.into_iter();
        Self {
            safe_mode: pallet_safe_mode::EnteredUntil::<Runtime>::get(),
            pauses: Dao::pauses().into_iter().map(pause).collect(),
            policies: policies.filter_map(|class| Some((class, Dao::change(class)?))).collect(),
            upgrade: authorized_upgrade(),
            fellows: fellows.take(MAX_ITEMS.saturated_into()).collect(),
        }
    }
}

/// The fields of the stock authorization are private: the hash of the code, and whether its version is checked.
fn authorized_upgrade() -> Option<Hash> {
    let authorized = System::authorized_upgrade()?.encode();
    <(Hash, bool)>::decode(&mut &authorized[..]).ok().map(|(hash, _)| hash)
}

/// What is noted under a hash, or asked for.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct Noted {
    /// How many bytes, where it is noted.
    pub len: Option<u32>,
    /// The bytes, where they are noted and not too many.
    pub bytes: Option<Vec<u8>>,
    /// Who has a deposit for it.
    pub depositor: Option<AccountId>,
    /// How often the chain needs it.
    pub requests: u32,
}

impl Noted {
    pub(crate) fn of(hash: Hash) -> Option<Self> {
        let (len, depositor, requests) = match RequestStatusFor::<Runtime>::get(hash)? {
            RequestStatus::Unrequested { ticket: (who, _), len } => (Some(len), Some(who), 0),
            RequestStatus::Requested { maybe_ticket, count, maybe_len } => {
                (maybe_len, maybe_ticket.map(|(who, _)| who), count)
            }
        };
        let shown = len.filter(|len| *len <= MAX_CALL);
        let bytes = shown.and_then(|len| <Preimage as QueryPreimage>::fetch(&hash, Some(len)).ok());
        Some(Self { len, bytes: bytes.map(Cow::into_owned), depositor, requests })
    }
}
