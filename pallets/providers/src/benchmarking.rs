//! Benchmarks of providers, in trees as large as can be.
//!
//! What a provider costs depends on the nodes between its leaf and the root, and on nothing else in the tree. So only
//! those of providers that a benchmark touches are put into storage, each with all the entries that it can have; a tree
//! that is there as a whole would cost the same and take minutes to fill.

use super::*;
use alloc::vec;
use assay_primitives::{Conduct, Endpoint, JobId, MarketBlock, OnBond, Sortition};
use assay_rules::price::PriceRule;
use frame_benchmarking::v2::*;
use frame_support::{
    traits::{EnsureOrigin, Get},
    weights::WeightMeter,
};
use frame_system::RawOrigin;
use sp_runtime::{traits::BlockNumberProvider, Perbill, SaturatedConversion};

/// What has to be there before somebody can be a provider.
pub trait BenchmarkHelper<AccountId> {
    /// Sets the active bond of an account as a provider, in planck; more than the minimum, if not zero.
    fn bond(owner: &AccountId, amount: Balance);

    /// Gives a provider a worker, by which its signs of life are signed.
    fn worker(owner: &AccountId) -> AccountId;
}

/// How many providers a benchmark moves at most.
const MOVED: u32 = 32;

/// Leaves of the tree that providers come to: room for all that are moved.
const LEAVES_BEFORE: u32 = MAX_LEAVES - MOVED;

/// A bond above any minimum.
const BOND: Balance = 1_000_000_000_000_000;

const FROM: Machine = Machine { hardware: 201, memory: 1 };
const TO: Machine = Machine { hardware: 202, memory: 1 };

fn entry() -> MachineEntry {
    let price = PriceRule {
        floor: 1_000,
        ceiling: 1_000_000,
        low: Perbill::from_percent(40),
        high: Perbill::from_percent(60),
        step: Perbill::from_percent(1),
    };
    MachineEntry { description: Description::truncate_from(alloc::vec![b'x'; 64]), price, enabled: true }
}

fn governance<T: Config>() -> Result<T::RuntimeOrigin, BenchmarkError> {
    T::GovernanceOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)
}

fn member<T: Config>(machine: Machine, slot: u32) -> T::AccountId {
    account("member", slot, machine.hardware.into())
}

/// Leaves so far from each other that their ways meet at the root only, and that of the last leaves too.
fn spread(index: u32) -> u32 {
    index.saturating_mul(8_000)
}

/// Two machines, each with a crowd: of one the providers that are moved, and those that take their places.
fn crowds<T: Config>() {
    Params::<T>::put(Parameters::default());
    for machine in [FROM, TO] {
        Pallet::<T>::do_set_machine(machine, entry()).expect("there is room on the list");
    }
    let from = (0..=MOVED).map(spread).chain(LEAVES_BEFORE..MAX_LEAVES);
    crowd::fill::<T>(FROM, MAX_LEAVES, BOND, from, |slot| member::<T>(FROM, slot));
    let last = LEAVES_BEFORE.saturating_sub(1);
    crowd::fill::<T>(TO, LEAVES_BEFORE, BOND, [last], |slot| member::<T>(TO, slot));
    // The first change that is asked for ends a page, and that page goes with it.
    let full = vec![member::<T>(TO, last); PAGE.saturating_sub(1).saturated_into()];
    Queue::<T>::insert(0, BoundedVec::truncate_from(full));
    QueueEnds::<T>::put((u64::from(PAGE).saturating_sub(1), u64::from(PAGE).saturating_sub(1)));
}

/// Somebody with a bond.
fn bonded<T: Config>() -> T::AccountId {
    let owner: T::AccountId = account("owner", 0, 0);
    T::BenchmarkHelper::bond(&owner, BOND);
    owner
}

/// A provider amid a crowd, with a bond.
fn provider<T: Config>() -> T::AccountId {
    crowds::<T>();
    let owner = member::<T>(FROM, spread(MOVED / 2));
    T::BenchmarkHelper::bond(&owner, BOND);
    owner
}

fn mutate<T: Config>(owner: &T::AccountId, change: impl FnOnce(&mut Provider)) {
    let before = Providers::<T>::get(owner).expect("it is a provider");
    let mut after = before.clone();
    change(&mut after);
    Pallet::<T>::keep(owner, &before, after);
}

/// Seats of so many jobs, from 0 on.
fn fill_seats<T: Config>(owner: &T::AccountId, seats: u32) {
    mutate::<T>(owner, |provider| {
        provider.terms.capacity = MAX_CAPACITY;
        provider.open = Seats::truncate_from((0..JobId::from(seats)).collect());
    });
}

/// Lets the time of all that waits come.
fn wait<T: Config>() {
    let delay = Params::<T>::get().change_delay.saturating_add(1);
    let now: u32 = frame_system::Pallet::<T>::block_number().saturated_into();
    frame_system::Pallet::<T>::set_block_number(now.saturating_add(delay).into());
}

/// A provider whose move to another machine is ready, and whose bond has changed since it asked for it.
fn ready<T: Config>(slot: u32) {
    let owner = member::<T>(FROM, slot);
    T::BenchmarkHelper::bond(&owner, BOND);
    Pallet::<T>::do_update(&owner, Terms { machine: TO, reserve: 1, capacity: MAX_CAPACITY })
        .expect("there is room");
    T::BenchmarkHelper::bond(&owner, BOND.saturating_mul(2));
}

/// A provider that was full has room again and another score, which is ready; and its bond has changed since.
fn behind<T: Config>(slot: u32) {
    let owner = member::<T>(FROM, slot);
    T::BenchmarkHelper::bond(&owner, BOND);
    fill_seats::<T>(&owner, MAX_CAPACITY);
    <Pallet<T> as Sortition<T::AccountId>>::unseat(&owner, 0, Conduct::Right);
    T::BenchmarkHelper::bond(&owner, BOND.saturating_mul(2));
}

#[benchmarks]
mod benches {
    use super::*;

    #[benchmark]
    fn register() {
        crowds::<T>();
        let owner = bonded::<T>();

        #[extrinsic_call]
        _(RawOrigin::Signed(owner.clone()), TO, 1_000_000, MAX_CAPACITY);

        assert!(Providers::<T>::contains_key(&owner));
    }

    #[benchmark]
    fn update() {
        let owner = provider::<T>();
        fill_seats::<T>(&owner, MAX_CAPACITY);

        #[extrinsic_call]
        _(RawOrigin::Signed(owner.clone()), TO, 1_000_000, MAX_CAPACITY);

        assert!(Providers::<T>::get(&owner).is_some_and(|provider| provider.pending.is_some()));
    }

    #[benchmark]
    fn heartbeat() {
        let owner = provider::<T>();
        fill_seats::<T>(&owner, MAX_CAPACITY);
        mutate::<T>(&owner, |provider| provider.silent = true);
        let worker = T::BenchmarkHelper::worker(&owner);

        #[extrinsic_call]
        _(RawOrigin::Signed(worker), owner.clone());

        assert!(Providers::<T>::get(&owner).is_some_and(|provider| provider.pending.is_some()));
    }

    #[benchmark]
    fn retire() {
        let owner = provider::<T>();
        fill_seats::<T>(&owner, MAX_CAPACITY);

        #[extrinsic_call]
        _(RawOrigin::Signed(owner.clone()));

        assert!(Providers::<T>::get(&owner).is_some_and(|provider| provider.pending.is_some()));
    }

    #[benchmark]
    fn set_endpoint() {
        let owner = provider::<T>();
        let longest = [b"http://".to_vec(), vec![b'a'; 121]].concat();
        let endpoint = Endpoint::truncate_from(longest);

        #[extrinsic_call]
        _(RawOrigin::Signed(owner.clone()), Some(endpoint.clone()));

        assert_eq!(Endpoints::<T>::get(&owner), Some(endpoint));
    }

    #[benchmark]
    fn release() {
        let owner = provider::<T>();
        fill_seats::<T>(&owner, MAX_CAPACITY);
        mutate::<T>(&owner, |provider| provider.state = State::Jailed { until: MarketBlock::MIN });

        #[extrinsic_call]
        _(RawOrigin::Signed(owner.clone()));

        assert!(Providers::<T>::get(&owner).is_some_and(|provider| provider.pending.is_some()));
    }

    #[benchmark]
    fn reweigh() {
        let owner = provider::<T>();
        fill_seats::<T>(&owner, MAX_CAPACITY);
        Params::<T>::mutate(|params| params.max_bond = MIN_BOND_CAP);
        let caller: T::AccountId = whitelisted_caller();

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), owner.clone());

        assert!(Providers::<T>::get(&owner).is_some_and(|provider| provider.weighing.is_some()));
    }

    #[benchmark]
    fn apply(n: Linear<1, 32>) {
        crowds::<T>();
        (1..=n).for_each(|index| ready::<T>(spread(index)));
        wait::<T>();
        let caller: T::AccountId = whitelisted_caller();

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), n);

        assert_eq!(Pools::<T>::get(TO).map(|pool| pool.leaves), Some(LEAVES_BEFORE.saturating_add(n)));
    }

    #[benchmark]
    fn set_machine() -> Result<(), BenchmarkError> {
        let origin = governance::<T>()?;

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, TO, entry());

        assert!(Machines::<T>::contains_key(TO));
        Ok(())
    }

    #[benchmark]
    fn close_machine() -> Result<(), BenchmarkError> {
        let origin = governance::<T>()?;
        Pallet::<T>::do_set_machine(TO, entry())?;

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, TO);

        assert!(Machines::<T>::get(TO).is_some_and(|entry| !entry.enabled));
        Ok(())
    }

    #[benchmark]
    fn remove_machine() -> Result<(), BenchmarkError> {
        let origin = governance::<T>()?;
        Pallet::<T>::do_set_machine(TO, entry())?;

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, TO);

        assert!(!Machines::<T>::contains_key(TO));
        Ok(())
    }

    #[benchmark]
    fn set_params() -> Result<(), BenchmarkError> {
        let origin = governance::<T>()?;
        let change_delay = T::DrawBlocks::get().saturating_add(1);
        let params = Parameters { change_delay, ..Parameters::default() };

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, params);

        assert_eq!(Params::<T>::get(), params);
        Ok(())
    }

    /// A price moves, and the head of the queue is not ready.
    #[benchmark]
    fn tick_base() {
        let owner = provider::<T>();
        MachineList::<T>::put(BoundedVec::truncate_from(alloc::vec![FROM]));
        mutate::<T>(&owner, |provider| provider.silent = true);
        Pallet::<T>::do_heartbeat(&owner, &owner).expect("it is silent");
        Pools::<T>::mutate_extant(FROM, |pool| pool.price = 10_000);
        T::Clock::set_block_number(Parameters::default().price_blocks.saturating_mul(2));
        let mut meter = WeightMeter::new();

        #[block]
        {
            Pallet::<T>::tick(&mut meter);
        }

        assert_eq!(Pools::<T>::get(FROM).map(|pool| pool.price), Some(9_900));
        assert_eq!(meter.consumed(), T::WeightInfo::tick_base());
    }

    #[benchmark]
    fn tick_change() {
        crowds::<T>();
        ready::<T>(spread(1));
        wait::<T>();

        #[block]
        {
            Pallet::<T>::apply_first();
        }

        let moved = Providers::<T>::get(member::<T>(FROM, spread(1))).expect("it has moved");
        // The bond has changed since, and waits.
        assert!(moved.terms.machine == TO && moved.weighing.is_some());
    }

    #[benchmark]
    fn tick_reweigh(n: Linear<1, 32>) {
        crowds::<T>();
        (1..=n).for_each(|index| behind::<T>(spread(index)));
        wait::<T>();

        #[block]
        {
            for _ in 0..n {
                Pallet::<T>::apply_first();
            }
        }

        let weighed = Providers::<T>::get(member::<T>(FROM, spread(n))).expect("it is a provider");
        assert!(weighed.weight > 0 && weighed.standing == 1 && weighed.weighing.is_some());
    }

    #[benchmark]
    fn bond_changed() {
        let owner = provider::<T>();
        fill_seats::<T>(&owner, MAX_CAPACITY);
        mutate::<T>(&owner, |provider| provider.stake = 1);

        #[block]
        {
            <Pallet<T> as OnBond<T::AccountId>>::bond_changed(&owner);
        }

        assert!(Providers::<T>::get(&owner).is_some_and(|provider| provider.weighing.is_some()));
    }

    impl_benchmark_test_suite!(Pallet, mock::chain(), mock::Test);
}
