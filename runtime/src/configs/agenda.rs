//! What referenda and the scheduler give each other: alarms that always find a place, for enactments one in a later block
//! where a block is full, and calls that are not nested too deep to be read.

use crate::*;
use alloc::borrow::Cow;
use codec::{Decode, DecodeLimit, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::marker::PhantomData;
use frame_support::{
    dispatch::{DispatchResult, GetDispatchInfo},
    traits::{
        schedule::{
            v3::{Anon, Named, TaskName},
            DispatchTime, Period, Priority,
        },
        Bounded, Get, QueryPreimage, StorePreimage,
    },
    weights::Weight,
    MAX_EXTRINSIC_DEPTH,
};
use frame_system::RawOrigin;
use pallet_assay_dao::{Alarms, Ring};
use pallet_scheduler::{Agenda, TaskAddress};
use scale_info::TypeInfo;
use sp_runtime::{
    traits::{Convert, Dispatchable, Identity},
    DispatchError, SaturatedConversion,
};

/// How much later a task may come, in blocks.
const LATER: [BlockNumber; 9] = [0, 1, 2, 4, 8, 16, 32, 64, 128];

type BoundedCall = Bounded<RuntimeCall, BlakeTwo256>;
/// A block, and a place in it.
type Address = TaskAddress<BlockNumber>;

/// A call of root's that has a referendum or a track come to its next step.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Alarm(BoundedCall);

impl Alarm {
    /// `None` for what is no call of this runtime, which referenda do not schedule.
    fn call(&self) -> Option<RuntimeCall> {
        ShallowPreimages::peek(&self.0).ok().map(|(call, _)| call)
    }

    /// The longest one, for benchmarks.
    #[cfg(feature = "runtime-benchmarks")]
    pub fn longest() -> Self {
        Self(Bounded::Inline(frame_support::traits::BoundedInline::truncate_from(alloc::vec![0; 128])))
    }
}

impl Ring for Alarm {
    fn weight(&self) -> Weight {
        self.call().map_or(Weight::zero(), |call| call.get_dispatch_info().call_weight)
    }

    fn ring(self) {
        if let Some(call) = self.call() {
            // A referendum that has ended has nothing to do.
            let _ = call.dispatch(RuntimeOrigin::root());
        }
    }
}

/// What schedules for referenda: alarms with governance's own, where none is ever without a place, and the enactment of what
/// was approved with the scheduler. Referenda try once: what finds no room is lost.
///
/// They name an enactment by the referendum's number alone, and of two tasks with one name the scheduler refuses the second:
/// a referendum that was approved would never be enacted. So `N` gives each instance of the pallet names of its own.
pub struct Agendas<N = Identity>(PhantomData<N>);

impl<N> Agendas<N> {
    /// Schedules in the first block that has room.
    fn place<Placed>(
        when: DispatchTime<BlockNumber>,
        schedule: impl FnOnce(DispatchTime<BlockNumber>) -> Result<Placed, DispatchError>,
    ) -> Result<Placed, DispatchError> {
        let most = <Runtime as pallet_scheduler::Config>::MaxScheduledPerBlock::get();
        let has_room = |block: &BlockNumber| {
            let tasks = Agenda::<Runtime>::get(block).iter().flatten().count();
            tasks.saturated_into::<u32>() < most
        };
        let first = block_of(when);
        let mut blocks = LATER.into_iter().map(|later| first.saturating_add(later));
        let block = blocks.find(has_room).ok_or(DispatchError::Exhausted)?;
        schedule(DispatchTime::At(block))
    }
}

/// The block that is meant, as the scheduler counts.
fn block_of(when: DispatchTime<BlockNumber>) -> BlockNumber {
    match when {
        DispatchTime::At(block) => block,
        DispatchTime::After(blocks) => System::block_number().saturating_add(blocks).saturating_add(1),
    }
}

impl<N> Anon<BlockNumber, RuntimeCall, OriginCaller> for Agendas<N> {
    type Address = Address;
    type Hasher = BlakeTwo256;

    /// Only short calls of root's, made once: referenda have no others without a name.
    fn schedule(
        when: DispatchTime<BlockNumber>,
        periodic: Option<Period<BlockNumber>>,
        _: Priority,
        origin: OriginCaller,
        call: BoundedCall,
    ) -> Result<Address, DispatchError> {
        let by_root = matches!(origin, OriginCaller::system(RawOrigin::Root));
        if !by_root || periodic.is_some() || !matches!(call, Bounded::Inline(_)) {
            return Err(DispatchError::Unavailable);
        }
        Ok(Dao::set_alarm(block_of(when), Alarm(call)))
    }

    fn cancel(address: Address) -> DispatchResult {
        Dao::cancel_alarm(address).map(drop).ok_or(DispatchError::Unavailable)
    }

    fn reschedule(address: Address, when: DispatchTime<BlockNumber>) -> Result<Address, DispatchError> {
        let alarm = Dao::cancel_alarm(address).ok_or(DispatchError::Unavailable)?;
        Ok(Dao::set_alarm(block_of(when), alarm))
    }

    fn next_dispatch_time(address: Address) -> Result<BlockNumber, DispatchError> {
        let (at, place) = address;
        Alarms::<Runtime>::contains_key(at, place).then_some(at).ok_or(DispatchError::Unavailable)
    }
}

impl<N> Named<BlockNumber, RuntimeCall, OriginCaller> for Agendas<N>
where
    N: Convert<TaskName, TaskName>,
{
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
        Self::place(when, |when| {
            <Scheduler as Named<BlockNumber, RuntimeCall, OriginCaller>>::schedule_named(
                N::convert(name),
                when,
                periodic,
                priority,
                origin,
                call,
            )
        })
    }

    fn cancel_named(name: TaskName) -> DispatchResult {
        <Scheduler as Named<BlockNumber, RuntimeCall, OriginCaller>>::cancel_named(N::convert(name))
    }

    fn reschedule_named(name: TaskName, when: DispatchTime<BlockNumber>) -> Result<Address, DispatchError> {
        <Scheduler as Named<BlockNumber, RuntimeCall, OriginCaller>>::reschedule_named(N::convert(name), when)
    }

    fn next_dispatch_time(name: TaskName) -> Result<BlockNumber, DispatchError> {
        <Scheduler as Named<BlockNumber, RuntimeCall, OriginCaller>>::next_dispatch_time(N::convert(name))
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
