//! Who speaks when a referendum has passed: one origin for each track, so that a vote on a small thing can't do a big
//! one.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::traits::{EnsureOrigin, OriginTrait};
use scale_info::TypeInfo;

/// The track of root, which has no origin here.
pub const ROOT: u16 = 0;
/// See [`DaoOrigin::Upgrade`].
pub const UPGRADE: u16 = 1;
/// See [`DaoOrigin::Parameters`].
pub const PARAMETERS: u16 = 2;
/// See [`DaoOrigin::Policy`].
pub const POLICY: u16 = 3;
/// See [`DaoOrigin::Appeals`].
pub const APPEALS: u16 = 4;
/// See [`DaoOrigin::Curator`].
pub const CURATOR: u16 = 5;
/// See [`DaoOrigin::SmallSpender`].
pub const SMALL_SPENDER: u16 = 6;
/// See [`DaoOrigin::BigSpender`].
pub const BIG_SPENDER: u16 = 7;
/// See [`DaoOrigin::EmergencyStop`].
pub const EMERGENCY_STOP: u16 = 8;
/// See [`DaoOrigin::ReferendumAdmin`].
pub const REFERENDUM_ADMIN: u16 = 9;
/// See [`DaoOrigin::Fellows`]; not a track of token holders.
pub const FELLOWS: u16 = 100;

/// Who speaks. The number of each is that of its track.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum DaoOrigin {
    /// Dispatches, as root, what the fellowship has whitelisted: upgrades that can't wait.
    #[codec(index = 1)]
    Upgrade,
    /// Sets parameters.
    #[codec(index = 2)]
    Parameters,
    /// Changes policies of verification.
    #[codec(index = 3)]
    Policy,
    /// Decides appeals against slashes.
    #[codec(index = 4)]
    Appeals,
    /// Lists, warns of and delists.
    #[codec(index = 5)]
    Curator,
    /// Spends a little of the treasury.
    #[codec(index = 6)]
    SmallSpender,
    /// Spends much of the treasury.
    #[codec(index = 7)]
    BigSpender,
    /// Stops the market, or single calls, for a time.
    #[codec(index = 8)]
    EmergencyStop,
    /// Cancels and kills referenda.
    #[codec(index = 9)]
    ReferendumAdmin,
    /// A vote of the technical fellowship: it can whitelist, and nothing else.
    #[codec(index = 100)]
    Fellows,
}

impl DaoOrigin {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Upgrade,
        Self::Parameters,
        Self::Policy,
        Self::Appeals,
        Self::Curator,
        Self::SmallSpender,
        Self::BigSpender,
        Self::EmergencyStop,
        Self::ReferendumAdmin,
        Self::Fellows,
    ];

    /// The number of its track.
    pub fn track(&self) -> u16 {
        match self {
            Self::Upgrade => UPGRADE,
            Self::Parameters => PARAMETERS,
            Self::Policy => POLICY,
            Self::Appeals => APPEALS,
            Self::Curator => CURATOR,
            Self::SmallSpender => SMALL_SPENDER,
            Self::BigSpender => BIG_SPENDER,
            Self::EmergencyStop => EMERGENCY_STOP,
            Self::ReferendumAdmin => REFERENDUM_ADMIN,
            Self::Fellows => FELLOWS,
        }
    }
}

/// Whether the one who speaks is that of a track.
pub struct EnsureTrack<const TRACK: u16>;

impl<O, const TRACK: u16> EnsureOrigin<O> for EnsureTrack<TRACK>
where
    O: OriginTrait + From<DaoOrigin>,
    for<'a> &'a O::PalletsOrigin: TryInto<&'a DaoOrigin>,
{
    type Success = ();

    fn try_origin(origin: O) -> Result<(), O> {
        let speaks = TryInto::<&DaoOrigin>::try_into(origin.caller())
            .is_ok_and(|speaker: &DaoOrigin| speaker.track() == TRACK);
        if speaks {
            Ok(())
        } else {
            Err(origin)
        }
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn try_successful_origin() -> Result<O, ()> {
        DaoOrigin::ALL.into_iter().find(|speaker| speaker.track() == TRACK).map(O::from).ok_or(())
    }
}
