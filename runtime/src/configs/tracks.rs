//! The tracks of referenda: what a vote takes, by how much it can do. Periods are those of production, in blocks of
//! three seconds; genesis says how many times shorter they are elsewhere.

use crate::*;
use alloc::borrow::Cow;
use frame_system::RawOrigin;
use pallet_assay_dao::{
    DaoOrigin, APPEALS, BIG_SPENDER, CURATOR, EMERGENCY_STOP, FELLOWS, PARAMETERS, POLICY, REFERENDUM_ADMIN,
    ROOT, SMALL_SPENDER, UPGRADE,
};
use pallet_referenda::{Curve, Track, TrackInfo, TracksInfo};
use sp_runtime::{str_array, Perbill};

const MINUTE: u32 = 20;
/// Blocks of an hour.
pub const HOUR: u32 = 60 * MINUTE;
/// Blocks of a day.
pub const DAY: u32 = 24 * HOUR;

/// A threshold that falls evenly from the first day of the decision to the last, in percent.
struct Fall {
    from: u32,
    to: u32,
}

impl Fall {
    fn curve(&self) -> Curve {
        Curve::LinearDecreasing {
            length: Perbill::one(),
            floor: Perbill::from_percent(self.to),
            ceil: Perbill::from_percent(self.from),
        }
    }
}

/// What a track takes; times in blocks of production.
struct Terms {
    id: u16,
    name: &'static str,
    /// How many are decided at once.
    decided: u32,
    /// What it takes to have it decided, in whole ASY.
    deposit: Balance,
    prepare: u32,
    decision: u32,
    confirm: u32,
    enactment: u32,
    /// Ayes, of all votes with their conviction.
    approval: Fall,
    /// Ayes without conviction, of all tokens that can vote.
    support: Fall,
}

const MAJORITY: Fall = Fall { from: 100, to: 50 };
const TWO_THIRDS: Fall = Fall { from: 100, to: 66 };

/// The tracks of token holders, by number.
static TRACKS: [Terms; 10] = [
    Terms {
        id: ROOT,
        name: "root",
        decided: 1,
        deposit: 100_000,
        prepare: 2 * HOUR,
        decision: 28 * DAY,
        confirm: DAY,
        enactment: DAY,
        approval: MAJORITY,
        support: Fall { from: 50, to: 10 },
    },
    Terms {
        id: UPGRADE,
        name: "whitelisted_upgrade",
        decided: 10,
        deposit: 10_000,
        prepare: 30 * MINUTE,
        decision: 14 * DAY,
        confirm: HOUR,
        enactment: 10 * MINUTE,
        approval: MAJORITY,
        support: Fall { from: 20, to: 5 },
    },
    Terms {
        id: PARAMETERS,
        name: "parameters",
        decided: 5,
        deposit: 10_000,
        prepare: HOUR,
        decision: 14 * DAY,
        confirm: 12 * HOUR,
        enactment: DAY,
        approval: MAJORITY,
        support: Fall { from: 50, to: 5 },
    },
    Terms {
        id: POLICY,
        name: "verification_policy",
        decided: 5,
        deposit: 10_000,
        prepare: HOUR,
        decision: 14 * DAY,
        confirm: 12 * HOUR,
        enactment: HOUR,
        approval: MAJORITY,
        support: Fall { from: 50, to: 5 },
    },
    // Decided within the longest suspension of a slash.
    Terms {
        id: APPEALS,
        name: "slash_appeals",
        decided: 50,
        deposit: 100,
        prepare: 30 * MINUTE,
        decision: 7 * DAY,
        confirm: 6 * HOUR,
        enactment: 10 * MINUTE,
        approval: MAJORITY,
        support: Fall { from: 25, to: 2 },
    },
    Terms {
        id: CURATOR,
        name: "curator",
        decided: 20,
        deposit: 1_000,
        prepare: HOUR,
        decision: 14 * DAY,
        confirm: 6 * HOUR,
        enactment: HOUR,
        approval: MAJORITY,
        support: Fall { from: 25, to: 2 },
    },
    Terms {
        id: SMALL_SPENDER,
        name: "small_spender",
        decided: 20,
        deposit: 500,
        prepare: HOUR,
        decision: 14 * DAY,
        confirm: 12 * HOUR,
        enactment: DAY,
        approval: MAJORITY,
        support: Fall { from: 25, to: 2 },
    },
    Terms {
        id: BIG_SPENDER,
        name: "big_spender",
        decided: 5,
        deposit: 20_000,
        prepare: 4 * HOUR,
        decision: 28 * DAY,
        confirm: 2 * DAY,
        enactment: DAY,
        approval: MAJORITY,
        support: Fall { from: 50, to: 10 },
    },
    // Quick, and so only with many ayes.
    Terms {
        id: EMERGENCY_STOP,
        name: "emergency_stop",
        decided: 5,
        deposit: 10_000,
        prepare: MINUTE,
        decision: 3 * DAY,
        confirm: 10 * MINUTE,
        enactment: MINUTE,
        approval: TWO_THIRDS,
        support: Fall { from: 20, to: 10 },
    },
    Terms {
        id: REFERENDUM_ADMIN,
        name: "referendum_admin",
        decided: 20,
        deposit: 5_000,
        prepare: HOUR,
        decision: 7 * DAY,
        confirm: 3 * HOUR,
        enactment: 10 * MINUTE,
        approval: TWO_THIRDS,
        support: Fall { from: 25, to: 5 },
    },
];

/// The one track of the fellowship, whose members have a vote each.
static FELLOWSHIP_TRACKS: [Terms; 1] = [Terms {
    id: FELLOWS,
    name: "fellows",
    decided: 10,
    deposit: 10,
    prepare: MINUTE,
    decision: 7 * DAY,
    confirm: 30 * MINUTE,
    enactment: MINUTE,
    approval: TWO_THIRDS,
    support: Fall { from: 60, to: 30 },
}];

impl Terms {
    fn track(&self) -> Track<u16, Balance, BlockNumber> {
        Track {
            id: self.id,
            info: TrackInfo {
                name: str_array(self.name),
                max_deciding: self.decided,
                decision_deposit: self.deposit * token::ASY,
                prepare_period: Dao::shortened(self.prepare),
                decision_period: Dao::shortened(self.decision),
                confirm_period: Dao::shortened(self.confirm),
                min_enactment_period: Dao::shortened(self.enactment),
                min_approval: self.approval.curve(),
                min_support: self.support.curve(),
            },
        }
    }
}

/// Whether tracks are in the order that the stock pallet takes for granted. It asks before there is a chain whose genesis
/// says what periods are divided by.
fn check_order(tracks: &[Terms]) -> Result<(), &'static str> {
    let in_order = tracks.is_sorted_by(|one, next| one.id < next.id);
    in_order.then_some(()).ok_or("tracks are not in the order of their numbers")
}

/// The tracks of token holders.
pub struct Tracks;

impl TracksInfo<Balance, BlockNumber> for Tracks {
    type Id = u16;
    type RuntimeOrigin = OriginCaller;

    fn check_integrity() -> Result<(), &'static str> {
        check_order(&TRACKS)
    }

    fn tracks() -> impl Iterator<Item = Cow<'static, Track<Self::Id, Balance, BlockNumber>>> {
        TRACKS.iter().map(|terms| Cow::Owned(terms.track()))
    }

    fn track_for(origin: &OriginCaller) -> Result<u16, ()> {
        match origin {
            OriginCaller::system(RawOrigin::Root) => Ok(ROOT),
            OriginCaller::Dao(speaker) if *speaker != DaoOrigin::Fellows => Ok(speaker.track()),
            _ => Err(()),
        }
    }
}

/// The tracks of the technical fellowship: it can do nothing but whitelist.
pub struct FellowshipTracks;

impl TracksInfo<Balance, BlockNumber> for FellowshipTracks {
    type Id = u16;
    type RuntimeOrigin = OriginCaller;

    fn check_integrity() -> Result<(), &'static str> {
        check_order(&FELLOWSHIP_TRACKS)
    }

    fn tracks() -> impl Iterator<Item = Cow<'static, Track<Self::Id, Balance, BlockNumber>>> {
        FELLOWSHIP_TRACKS.iter().map(|terms| Cow::Owned(terms.track()))
    }

    fn track_for(origin: &OriginCaller) -> Result<u16, ()> {
        match origin {
            OriginCaller::Dao(DaoOrigin::Fellows) => Ok(FELLOWS),
            _ => Err(()),
        }
    }
}
