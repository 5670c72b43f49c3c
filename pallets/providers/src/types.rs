//! What providers, machines and pools are made of.

use alloc::string::String;
use assay_primitives::{Balance, JobId, Machine, MarketBlock};
use assay_rules::{price::PriceRule, reputation};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{pallet_prelude::ConstU32, BoundedVec};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::{Perbill, SaturatedConversion};

/// The most seats that a provider can have at a time.
pub const MAX_CAPACITY: u32 = 64;

/// The most machines on the lists.
pub const MAX_MACHINES: u32 = 64;

/// The most bytes that describe a machine.
pub const MAX_DESCRIPTION: u32 = 64;

/// The jobs that a provider has a seat of.
pub type Seats = BoundedVec<JobId, ConstU32<MAX_CAPACITY>>;

/// What people call a machine, in UTF-8.
pub type Description = BoundedVec<u8, ConstU32<MAX_DESCRIPTION>>;

/// What a provider offers.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Terms {
    /// What it computes on.
    pub machine: Machine,
    /// The least it wants for a unit, in planck.
    pub reserve: Balance,
    /// How many seats it can have at a time; from 1 to [`MAX_CAPACITY`].
    pub capacity: u32,
}

/// Whether a provider may be drawn.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum State {
    /// It may.
    #[codec(index = 0)]
    Active,
    /// It has cheated, and may not.
    #[codec(index = 1)]
    Jailed {
        /// The block of the market clock from which on it may ask for its release.
        until: MarketBlock,
    },
}

/// What waits for the draws that were due before it was asked for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Change {
    /// It offers this from then on; one that was in no tree gets into one.
    #[codec(index = 0)]
    Terms(Terms),
    /// It is drawn no more.
    #[codec(index = 1)]
    Retire,
    /// It has given a sign of life after a no-show.
    #[codec(index = 2)]
    Awake,
    /// It comes out of jail.
    #[codec(index = 3)]
    Release,
    /// Nothing but what it weighs: its bond is another one, or it has a seat less, and so perhaps another score.
    #[codec(index = 4)]
    Weight,
}

/// A change in the queue. Whatever it is for, it also brings what the provider had when it was asked for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Pending {
    /// What changes.
    pub change: Change,
    /// The provider's active bond when the change was asked for, in planck: what counts once it is applied.
    pub bond: Balance,
    /// Its score then: likewise.
    pub score: u32,
    /// Seats that were taken back by then, and are no sooner free than this is applied.
    pub freed: u32,
    /// The block of the chain in which it was asked for.
    pub since: u32,
}

/// A provider.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Provider {
    /// What it offers; where it is in no tree, what it offered last or wants to offer.
    pub terms: Terms,
    /// Its leaf in the tree of its machine.
    pub slot: Option<u32>,
    /// The weight of that leaf.
    pub weight: u64,
    /// What counts of its bond, in planck: as much as was bonded when it last asked for a change or the bond changed,
    /// up to the cap that was in force when that was applied.
    pub stake: Balance,
    /// What counts of its score: as much as it had when the change was asked for that was applied last.
    pub standing: u32,
    /// How well it did so far; from 0 to [`MAX_SCORE`](reputation::MAX_SCORE).
    pub score: u32,
    /// Whether it may be drawn.
    pub state: State,
    /// Whether it has missed a commit and given no sign of life since: it is not drawn.
    pub silent: bool,
    /// The jobs that it has a seat of.
    pub open: Seats,
    /// Seats that were taken back and that no change in the queue gives free.
    pub freed: u32,
    /// What it has asked for and what is not in force yet.
    pub pending: Option<Pending>,
    /// What it has not asked for: another weight that waits.
    pub weighing: Option<Pending>,
}

impl Provider {
    /// One that is in no tree.
    pub(crate) fn new(terms: Terms) -> Self {
        Self {
            terms,
            slot: None,
            weight: 0,
            stake: 0,
            standing: 0,
            score: 0,
            state: State::Active,
            silent: false,
            open: Seats::new(),
            freed: 0,
            pending: None,
            weighing: None,
        }
    }

    /// How many seats it has.
    pub fn seats(&self) -> u32 {
        self.open.len().saturated_into()
    }

    /// How many seats count as taken: those that it has, and those that were taken back and are not free yet.
    pub fn taken(&self) -> u32 {
        let waiting = [&self.pending, &self.weighing].into_iter().flatten().map(|pending| pending.freed);
        waiting.fold(self.seats().saturating_add(self.freed), u32::saturating_add)
    }

    /// Whether it has no room for another seat.
    pub fn is_full(&self) -> bool {
        self.taken() >= self.terms.capacity
    }

    /// Whether it is drawn whenever it has room.
    pub fn in_play(&self) -> bool {
        self.slot.is_some() && !self.silent && self.state == State::Active
    }

    /// What its leaf has to weigh whenever it has room.
    pub fn weight_in_play(&self) -> u64 {
        if self.in_play() {
            // The stake is under the cap already.
            reputation::weight(self.stake, Balance::MAX, self.standing)
        } else {
            0
        }
    }

    /// What its leaf has to weigh.
    pub fn due_weight(&self) -> u64 {
        if self.is_full() {
            0
        } else {
            self.weight_in_play()
        }
    }

    /// Whether nothing is left to remember of it.
    pub(crate) fn is_over(&self) -> bool {
        let waits = self.pending.is_some() || self.weighing.is_some();
        self.slot.is_none() && !waits && self.open.is_empty() && self.state == State::Active
    }

    /// Takes the change that has waited longest out.
    pub(crate) fn take_oldest(&mut self) -> Option<Pending> {
        let since = |waiting: &Option<Pending>| waiting.as_ref().map_or(u32::MAX, |pending| pending.since);
        if since(&self.pending) <= since(&self.weighing) {
            self.pending.take()
        } else {
            self.weighing.take()
        }
    }

    /// Lets a change of a kind that waits come to nothing.
    pub(crate) fn void(&mut self, change: Change) {
        if let Some(pending) = self.pending.as_mut().filter(|pending| pending.change == change) {
            pending.change = Change::Weight;
        }
    }

    /// What it is to the pools: of the machine whose tree it is in, and of one that it is on its way to.
    pub(crate) fn shares(&self) -> [Option<(Machine, Share)>; 2] {
        let share = Share {
            capacity: if self.in_play() { self.terms.capacity } else { 0 },
            busy: self.seats(),
            in_play: self.weight_in_play(),
            drawable: u32::from(self.weight > 0),
        };
        let here = self.slot.map(|_| (self.terms.machine, share));
        let there = match self.pending.as_ref().map(|pending| pending.change) {
            Some(Change::Terms(terms)) => Some(terms.machine),
            _ => None,
        };
        let stays = here.map(|(machine, _)| machine);
        [here, there.filter(|machine| stays != Some(*machine)).map(|machine| (machine, Share::default()))]
    }
}

/// What a member is to its pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Its capacity, in seats, while it is in play.
    pub capacity: u32,
    /// The seats that it has.
    pub busy: u32,
    /// What it weighs whenever it has room.
    pub in_play: u64,
    /// Whether it can be drawn now: one, or none.
    pub drawable: u32,
}

/// A machine on the lists.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct MachineEntry {
    /// What it is, for people.
    pub description: Description,
    /// How its price moves.
    pub price: PriceRule,
    /// Whether jobs can be posted for it and providers can come to it.
    pub enabled: bool,
}

/// What all providers of a machine are together.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Pool {
    /// What a unit costs, in planck.
    pub price: Balance,
    /// Providers that are in the tree or on their way into it.
    pub members: u32,
    /// Leaves of the tree.
    pub leaves: u32,
    /// Seats that those in play can have at a time.
    pub capacity: u64,
    /// Seats that those in the tree have.
    pub busy: u64,
    /// Sum of what those in play weigh whenever they have room.
    pub in_play: u64,
    /// How many can be drawn now.
    pub drawable: u32,
    /// Sum of `capacity` over the blocks of the running period, up to `since`.
    pub capacity_blocks: u128,
    /// Sum of `busy` over the same blocks.
    pub busy_blocks: u128,
    /// The block of the market clock up to which the sums go.
    pub since: MarketBlock,
    /// The block of the market clock in which the running period of the price began.
    pub period: MarketBlock,
}

impl Pool {
    /// One that nobody is in.
    pub(crate) fn new(price: Balance, now: MarketBlock) -> Self {
        Self {
            price,
            members: 0,
            leaves: 0,
            capacity: 0,
            busy: 0,
            in_play: 0,
            drawable: 0,
            capacity_blocks: 0,
            busy_blocks: 0,
            since: now,
            period: now,
        }
    }

    /// Carries the sums up to a block.
    pub(crate) fn accrue(&mut self, now: MarketBlock) {
        let blocks = u128::from(now.saturating_sub(self.since));
        let over = |seats: u64| u128::from(seats).saturating_mul(blocks);
        self.capacity_blocks = self.capacity_blocks.saturating_add(over(self.capacity));
        self.busy_blocks = self.busy_blocks.saturating_add(over(self.busy));
        self.since = now;
    }

    /// Begins a period with another price.
    pub(crate) fn begin_period(&mut self, now: MarketBlock, price: Balance) {
        self.price = price;
        self.capacity_blocks = 0;
        self.busy_blocks = 0;
        self.period = now;
    }

    pub(crate) fn add(&mut self, share: Share) {
        self.members = self.members.saturating_add(1);
        self.capacity = self.capacity.saturating_add(share.capacity.into());
        self.busy = self.busy.saturating_add(share.busy.into());
        self.in_play = self.in_play.saturating_add(share.in_play);
        self.drawable = self.drawable.saturating_add(share.drawable);
    }

    pub(crate) fn take(&mut self, share: Share) {
        self.members = self.members.saturating_sub(1);
        self.capacity = self.capacity.saturating_sub(share.capacity.into());
        self.busy = self.busy.saturating_sub(share.busy.into());
        self.in_play = self.in_play.saturating_sub(share.in_play);
        self.drawable = self.drawable.saturating_sub(share.drawable);
    }
}

/// How much there is to be had on a machine.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Liquidity {
    /// Sum of the weights of those that can be drawn now.
    pub weight: u64,
    /// The same with those that are full, at what they weigh when they have room.
    pub in_play: u64,
    /// Its share of all weight in play.
    pub share: Perbill,
    /// Providers in the tree, drawable or not.
    pub providers: u32,
    /// How many of them can be drawn now.
    pub drawable: u32,
    /// Seats that those in play can have at a time.
    pub capacity: u64,
    /// Seats that are taken.
    pub busy: u64,
    /// What a unit costs, in planck.
    pub price: Balance,
    /// Whether jobs can be posted for it.
    pub enabled: bool,
}

/// What governance may change.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Parameters {
    /// A change is applied when more blocks of the chain than this have passed since it was asked for. More than
    /// [`Config::DrawBlocks`](crate::Config::DrawBlocks).
    pub change_delay: u32,
    /// For how long a price stays, in blocks of the market clock: an hour. At least one; votes may set no less than
    /// [`Config::LeastPricePeriod`](crate::Config::LeastPricePeriod).
    pub price_blocks: MarketBlock,
    /// For how long one that has cheated stays in jail, in blocks of the market clock; at least one.
    pub jail_blocks: MarketBlock,
    /// What counts of a bond at most, in planck; from [`MIN_BOND_CAP`](crate::MIN_BOND_CAP) to
    /// [`MAX_BOND_CAP`](crate::MAX_BOND_CAP), and at least
    /// [`Config::LeastCollateral`](crate::Config::LeastCollateral). Another cap counts for a provider from its next change
    /// on.
    pub max_bond: Balance,
}

impl Default for Parameters {
    /// Those of production, whose blocks take three seconds: seeds of eight blocks, prices that stay for an hour, a
    /// week in jail, bonds of up to a million ASY.
    fn default() -> Self {
        Self {
            change_delay: 9,
            price_blocks: 1_200,
            jail_blocks: 201_600,
            max_bond: 1_000_000_000_000_000_000,
        }
    }
}

/// A machine that is on the lists from genesis on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GenesisMachine {
    /// Hardware class.
    pub hardware: u8,
    /// Memory tier.
    pub memory: u8,
    /// What it is, for people; at most [`MAX_DESCRIPTION`] bytes.
    pub description: String,
    /// How its price moves.
    pub price: PriceRule,
}

/// A provider that is in a tree from genesis on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GenesisProvider<AccountId> {
    /// Who. It has a bond as a provider.
    pub owner: AccountId,
    /// Hardware class.
    pub hardware: u8,
    /// Memory tier.
    pub memory: u8,
    /// The least it wants for a unit, in planck.
    pub reserve: Balance,
    /// How many seats it can have at a time.
    pub capacity: u32,
}
