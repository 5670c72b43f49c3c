//! What referenda and the scheduler give each other: a place in a later block where a block is full, and calls that are
//! not nested too deep to be read.

use crate::*;
use alloc::borrow::Cow;
use codec::{Decode, DecodeLimit};
use frame_support::{
    dispatch::DispatchResult,
    traits::{
        schedule::{
            v3::{Anon, Named, TaskName},
            DispatchTime, Period, Priority,
        },
        Bounded, Get, QueryPreimage, StorePreimage,
    },
    MAX_EXTRINSIC_DEPTH,
};
use pallet_scheduler::{Agenda, TaskAddress};
use sp_runtime::{DispatchError, SaturatedConversion};

/// How much later a task may come, in blocks.
const LATER: [BlockNumber; 9] = [0, 1, 2, 4, 8, 16, 32, 64, 128];
/// Places of a block that are kept for tasks with names: enactments, which have taken a vote.
const KEPT: u32 = 10;

type BoundedCall = Bounded<RuntimeCall, BlakeTwo256>;
type Address = TaskAddress<BlockNumber>;

/// The scheduler, for referenda. They try once, and what finds no room is lost: the enactment of what was approved, or
/// the place of what has ended on its track. And anybody fills a block with the alarms of proposals.
pub struct Agendas;

impl Agendas {
    /// Schedules in the first block that has less than so many tasks.
    fn place<Placed>(
        when: DispatchTime<BlockNumber>,
        most: u32,
        schedule: impl FnOnce(DispatchTime<BlockNumber>) -> Result<Placed, DispatchError>,
    ) -> Result<Placed, DispatchError> {
        let first = match when {
            DispatchTime::At(block) => block,
            DispatchTime::After(blocks) => System::block_number().saturating_add(blocks).saturating_add(1),
        };
        let has_room = |block: &BlockNumber| {
            let tasks = Agenda::<Runtime>::get(block).iter().flatten().count();
            tasks.saturated_into::<u32>() < most
        };
        let mut blocks = LATER.into_iter().map(|later| first.saturating_add(later));
        let block = blocks.find(has_room).ok_or(DispatchError::Exhausted)?;
        schedule(DispatchTime::At(block))
    }
}

fn most_tasks() -> u32 {
    <Runtime as pallet_scheduler::Config>::MaxScheduledPerBlock::get()
}

impl Anon<BlockNumber, RuntimeCall, OriginCaller> for Agendas {
    type Address = Address;
    type Hasher = BlakeTwo256;

    fn schedule(
        when: DispatchTime<BlockNumber>,
        periodic: Option<Period<BlockNumber>>,
        priority: Priority,
        origin: OriginCaller,
        call: BoundedCall,
    ) -> Result<Address, DispatchError> {
        Self::place(when, most_tasks().saturating_sub(KEPT), |when| {
            <Scheduler as Anon<BlockNumber, RuntimeCall, OriginCaller>>::schedule(
                when, periodic, priority, origin, call,
            )
        })
    }

    fn cancel(address: Address) -> DispatchResult {
        <Scheduler as Anon<BlockNumber, RuntimeCall, OriginCaller>>::cancel(address)
    }

    fn reschedule(address: Address, when: DispatchTime<BlockNumber>) -> Result<Address, DispatchError> {
        <Scheduler as Anon<BlockNumber, RuntimeCall, OriginCaller>>::reschedule(address, when)
    }

    fn next_dispatch_time(address: Address) -> Result<BlockNumber, DispatchError> {
        <Scheduler as Anon<BlockNumber, RuntimeCall, OriginCaller>>::next_dispatch_time(address)
    }
}

impl Named<BlockNumber, RuntimeCall, OriginCaller> for Agendas {
    type Address = Address;
    type Hasher = BlakeTwo256;

    fn schedule_named(
        name: TaskName,
        when: DispatchTime<BlockNumber>,
        periodic: Option<Period<BlockNumber>>,
        priority: Priority,
        origin: OriginCaller,
        call: BoundedCall,
    ) -> Result<Address, DispatchError> {
        Self::place(when, most_tasks(), |when| {
            <Scheduler as Named<BlockNumber, RuntimeCall, OriginCaller>>::schedule_named(
                name, when, periodic, priority, origin, call,
            )
        })
    }

    fn cancel_named(name: TaskName) -> DispatchResult {
        <Scheduler as Named<BlockNumber, RuntimeCall, OriginCaller>>::cancel_named(name)
    }

    fn reschedule_named(name: TaskName, when: DispatchTime<BlockNumber>) -> Result<Address, DispatchError> {
        <Scheduler as Named<BlockNumber, RuntimeCall, OriginCaller>>::reschedule_named(name, when)
    }

    fn next_dispatch_time(name: TaskName) -> Result<BlockNumber, DispatchError> {
        <Scheduler as Named<BlockNumber, RuntimeCall, OriginCaller>>::next_dispatch_time(name)
    }
}

/// Preimages as the scheduler reads them: calls no deeper than transactions have them. The stock way has no bound, and
/// is gone where every block begins: what overflows the stack there would stop the chain for good.
pub struct ShallowPreimages;

impl QueryPreimage for ShallowPreimages {
    type H = BlakeTwo256;

    fn len(hash: &Hash) -> Option<u32> {
        <Preimage as QueryPreimage>::len(hash)
    }

    fn fetch(hash: &Hash, len: Option<u32>) -> Result<Cow<'static, [u8]>, DispatchError> {
        <Preimage as QueryPreimage>::fetch(hash, len)
    }

    fn is_requested(hash: &Hash) -> bool {
        <Preimage as QueryPreimage>::is_requested(hash)
    }

    fn request(hash: &Hash) {
        <Preimage as QueryPreimage>::request(hash);
    }

    fn unrequest(hash: &Hash) {
        <Preimage as QueryPreimage>::unrequest(hash);
    }

    fn peek<T: Decode>(bounded: &Bounded<T, BlakeTwo256>) -> Result<(T, Option<u32>), DispatchError> {
        let bytes = match bounded {
            Bounded::Inline(bytes) => Cow::Owned(bytes.to_vec()),
            Bounded::Lookup { hash, len } => Self::fetch(hash, Some(*len))?,
            Bounded::Legacy { hash, .. } => Self::fetch(hash, None)?,
        };
        let looked_up = bounded.lookup_needed().then(|| bytes.len().saturated_into());
        let value = T::decode_with_depth_limit(MAX_EXTRINSIC_DEPTH, &mut &bytes[..])
            .map_err(|_| DispatchError::Corruption)?;
        Ok((value, looked_up))
    }
}

impl StorePreimage for ShallowPreimages {
    const MAX_LENGTH: usize = <Preimage as StorePreimage>::MAX_LENGTH;

    fn note(bytes: Cow<'_, [u8]>) -> Result<Hash, DispatchError> {
        <Preimage as StorePreimage>::note(bytes)
    }

    fn unnote(hash: &Hash) {
        <Preimage as StorePreimage>::unnote(hash);
    }
}
