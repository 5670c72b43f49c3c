//! Benchmarks of verification, over the providers, bonds and verdicts that the runtime has.

use super::*;
use crate::{seat::Tally, verdict::Ending};
use alloc::{vec, vec::Vec};
use assay_primitives::{
    commitment, inline_root, Chance, Claim, Conduct, Digest, InlineOutput, JobClass, JobId, Machine, Order,
    Policy, Sortition, Verification,
};
use assay_rules::{
    draw::leaves,
    policy::MAX_DRAW_BLOCKS,
    trace::{check, Leaf, Opening, LEAF_BYTES, MAX_SIBLINGS},
};
use codec::Encode;
use frame_benchmarking::v2::*;
use frame_support::{traits::EnsureOrigin, weights::WeightMeter};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use sp_runtime::{traits::Zero, Perbill, SaturatedConversion};

/// What has to be there before seats can be drawn.
pub trait BenchmarkHelper<AccountId> {
    /// A machine that is on the lists.
    fn machine() -> Machine;

    /// A provider that can be drawn for it at a price of a planck, with a bond of 10⁶ planck at least and room for so
    /// many seats; another one for each index up to 63, whose way through the tree meets the others' at the root.
    fn provider(index: u32, room: u32) -> AccountId;

    /// Gives a provider a worker, by which most calls are signed.
    fn worker(owner: &AccountId) -> AccountId;

    /// Gives each block after one, up to another one, its VRF.
    fn set_vrfs(after: u32, until: u32);

    /// Makes a job of no listing, under way and with its escrow, that a verdict can end.
    fn job(job: JobId, requester: &AccountId);
}

const JOB: JobId = 0;
const SPEC: Digest = [7; 32];
const SALT: Digest = [3; 32];
const CLAIM: Claim = Claim::Computed { result: [1; 32], trace: [2; 32] };

/// No job is audited, so that the lot opens the reveals.
fn benchmark_policy() -> Policy {
    Policy {
        audit: Perbill::from_parts(1),
        collateral: 10,
        draw_blocks: 2,
        commit_blocks: 100,
        units_per_block: 10,
        reveal_blocks: 100,
        no_show: Perbill::from_percent(10),
        wrong: Perbill::one(),
        withheld: Perbill::one(),
        requester_bond: Perbill::from_percent(5),
        fee: Perbill::from_percent(2),
        min_payment: 1,
    }
}

/// A job that any of 32 providers can be drawn for, each with room for so many seats.
fn order_with_room<T: Config>(policy: Policy, room: u32) -> Order<T::AccountId> {
    (0..32).for_each(|index| {
        T::BenchmarkHelper::provider(index, room);
    });
    let requester: T::AccountId = account("requester", 0, 0);
    T::BenchmarkHelper::job(JOB, &requester);
    Order {
        requester,
        spec: SPEC,
        class: JobClass::ExactV1,
        machine: T::BenchmarkHelper::machine(),
        units: 10,
        price_cap: 100,
        deadline: Pallet::<T>::now().saturating_add(10_000),
        policy,
    }
}

/// The same where a seat leaves a provider no room.
fn new_order<T: Config>(policy: Policy) -> Order<T::AccountId> {
    order_with_room::<T>(policy, 1)
}

/// Runs the draw that is due.
fn run_draw<T: Config>() {
    let due: u32 = frame_system::Pallet::<T>::block_number().saturated_into();
    T::BenchmarkHelper::set_vrfs(due, due.saturating_add(benchmark_policy().draw_blocks));
    Pallet::<T>::work_draw(Pallet::<T>::now()).expect("a draw is due and its seed is there");
}

/// A job whose first seats are drawn.
fn drawn_job<T: Config>() {
    Pallet::<T>::open(JOB, new_order::<T>(benchmark_policy())).expect("the job is taken in");
    run_draw::<T>();
}

fn owner<T: Config>(index: u8) -> T::AccountId {
    Cases::<T>::get(JOB).and_then(|case| case.seat(index).map(|seat| seat.owner.clone())).expect("a seat")
}

/// The worker of a seat's provider: whose it is takes one read more than if the provider signs itself.
fn worker<T: Config>(index: u8) -> T::AccountId {
    T::BenchmarkHelper::worker(&owner::<T>(index))
}

fn sealed<T: Config>(index: u8, claim: &Claim) -> Digest {
    let genesis: Digest = frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero()).into();
    commitment(&genesis, JOB, &SPEC, index.into(), &owner::<T>(index), claim, &SALT)
}

fn commit_seat<T: Config>(index: u8, claim: &Claim) {
    let signer = RawOrigin::Signed(owner::<T>(index));
    Pallet::<T>::commit(signer.into(), JOB, index, SPEC, sealed::<T>(index, claim))
        .expect("the seat is assigned");
}

/// As many outputs as there can be in a file that is shown: each is hashed.
fn longest_output() -> InlineOutput {
    let outputs: Vec<(Vec<u8>, u8, Vec<u64>, Vec<u8>)> =
        (0..51_u8).map(|name| (vec![name], 0, vec![], vec![])).collect();
    outputs.encode().try_into().expect("256 bytes")
}

/// A case, not stored, in which so many providers have a place. They have room for another one: who can't be drawn any
/// more loses weight by it.
fn seated_case<T: Config>(seats: u32, stage: Stage) -> CaseOf<T> {
    let mut case = CaseOf::<T>::new(order_with_room::<T>(benchmark_policy(), 2));
    case.price = 1;
    case.add_slots(Round::First, 1, 0);
    for number in 0..seats {
        let seed = [number.saturated_into(); 32];
        let index = case.next_seat();
        Pallet::<T>::fill(JOB, &mut case, 0, &seed, &mut Tally::default());
        case.set_stage(index, stage);
    }
    assert_eq!(u32::from(case.next_seat()), seats);
    case
}

#[benchmarks]
mod benches {
    use super::*;

    #[benchmark]
    fn set_policy() -> Result<(), BenchmarkError> {
        let origin = T::PolicyOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
        let policy = Policy { audit: Perbill::one(), ..benchmark_policy() };

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, JobClass::ExactV1, policy);

        assert!(Policies::<T>::get(JobClass::ExactV1).is_some_and(|(_, set)| set == policy));
        Ok(())
    }

    /// The audit's, which opens the reveals. The case is looked at before these end as it is.
    #[benchmark]
    fn commit() {
        drawn_job::<T>();
        Cases::<T>::mutate(JOB, |case| {
            let case = case.as_mut().expect("it is being verified");
            case.with_slot(0, |slot| slot.round = Round::Audit);
            case.phase = Phase::Committing(Round::Audit);
            case.reminder = Some(0);
        });
        let (signer, commitment) = (worker::<T>(0), sealed::<T>(0, &CLAIM));

        #[extrinsic_call]
        _(RawOrigin::Signed(signer), JOB, 0, SPEC, commitment);

        assert!(Cases::<T>::get(JOB).is_some_and(|case| matches!(case.phase, Phase::Revealing { .. })));
    }

    #[benchmark]
    fn judge(d: Linear<1, 3>) {
        drawn_job::<T>();
        let mut index = 0_u8;
        for _ in 0..d {
            let signer = RawOrigin::Signed(owner::<T>(index));
            Pallet::<T>::decline(signer.into(), JOB, index, SPEC).expect("the seat is assigned");
            index = Cases::<T>::get(JOB).expect("it is being verified").next_seat();
            run_draw::<T>();
        }
        let mut case = Cases::<T>::get(JOB).expect("it is being verified");
        let judged;

        #[block]
        {
            judged = Pallet::<T>::judge_decliners(JOB, &mut case, 0);
        }

        assert_eq!(judged, d);
    }

    /// The lot becomes due.
    #[benchmark]
    fn seal() {
        drawn_job::<T>();
        let mut case = Cases::<T>::get(JOB).expect("it is being verified");
        (0..2).for_each(|index| case.set_stage(index, Stage::Committed(SPEC)));
        let sealed;

        #[block]
        {
            sealed = Pallet::<T>::seal(JOB, &mut case);
        }

        assert!(sealed && matches!(case.phase, Phase::Lot { .. }));
    }

    #[benchmark]
    fn remind() {
        Pallet::<T>::remind(JOB, None, 2);

        #[block]
        {
            Pallet::<T>::remind(JOB, Some(2), 1);
        }

        assert!(Deadlines::<T>::iter_keys().eq([Pallet::<T>::place(1, JOB)]));
    }

    #[benchmark]
    fn decline() {
        drawn_job::<T>();
        let signer = worker::<T>(0);

        #[extrinsic_call]
        _(RawOrigin::Signed(signer), JOB, 0, SPEC);

        assert!(Cases::<T>::get(JOB).is_some_and(|case| case.awaits_draw()));
    }

    /// A result is on the chain already.
    #[benchmark]
    fn reveal() {
        drawn_job::<T>();
        commit_seat::<T>(0, &CLAIM);
        commit_seat::<T>(1, &CLAIM);
        run_draw::<T>();
        Cases::<T>::mutate(JOB, |case| {
            case.as_mut().expect("it is being verified").keep_output(1, longest_output());
        });
        let signer = worker::<T>(0);

        #[extrinsic_call]
        _(RawOrigin::Signed(signer), JOB, 0, CLAIM, SALT, None, None);

        assert!(Cases::<T>::get(JOB).is_some_and(|case| case.seat(0).and_then(Seat::claim) == Some(CLAIM)));
    }

    #[benchmark]
    fn output() {
        let shown = longest_output();
        let result = inline_root(&shown).expect("it is a file of outputs");
        let claim = Claim::Computed { result, trace: [2; 32] };
        let mut case = seated_case::<T>(1, Stage::Revealed(claim));
        let checked;

        #[block]
        {
            checked = Pallet::<T>::check_output(&claim, Some(&shown));
            case.keep_output(0, shown);
        }

        assert!(checked.is_ok() && case.output(result).is_some());
    }

    /// More siblings than there can be are looked at as far as the tree goes, and refused only then.
    #[benchmark]
    fn opening(d: Linear<0, 64>) {
        let count = u64::MAX.checked_shr(64_u32.saturating_sub(d)).unwrap_or(0);
        let indices = leaves(&SALT, 0, count);
        let leaf = Leaf {
            step: 0,
            unit: 0,
            point: 0,
            offset: 0,
            dtype: 0,
            shape: vec![1; 3].try_into().expect("three axes"),
            bytes: vec![7; LEAF_BYTES as usize].try_into().expect("a full leaf"),
        };
        let shown = Opening {
            count,
            leaves: vec![leaf; indices.len()].try_into().expect("eight at most"),
            siblings: vec![SALT; MAX_SIBLINGS as usize].try_into().expect("as many as there can be"),
        };
        let right;

        #[block]
        {
            right = check(&shown, &indices, &SALT, &SALT);
        }

        assert!(!right);
    }

    /// Of the longest seed that there can be, one VRF is missing.
    #[benchmark]
    fn tick_base() {
        let policy = Policy { draw_blocks: MAX_DRAW_BLOCKS, ..benchmark_policy() };
        Pallet::<T>::open(JOB, new_order::<T>(policy)).expect("the job is taken in");
        let due: u32 = frame_system::Pallet::<T>::block_number().saturated_into();
        T::BenchmarkHelper::set_vrfs(due, due.saturating_add(MAX_DRAW_BLOCKS).saturating_sub(1));
        let mut meter = WeightMeter::new();

        #[block]
        {
            Pallet::<T>::tick(&mut meter);
        }

        assert_eq!(meter.consumed(), T::WeightInfo::tick_base());
    }

    #[benchmark]
    fn seed(b: Linear<1, 64>) {
        let due: u32 = frame_system::Pallet::<T>::block_number().saturated_into();
        T::BenchmarkHelper::set_vrfs(due, due.saturating_add(b));
        let chance;

        #[block]
        {
            chance = T::Chance::seed_after(due, b);
        }

        assert!(chance.is_some());
    }

    /// A draw of fresh seats, more of them than there ever are, so that the tickets stand out. A change of a provider
    /// waits that is no older than the draw, which takes a look.
    #[benchmark]
    fn draw(t: Linear<0, 6>) {
        let policy = benchmark_policy();
        let mut case = CaseOf::<T>::new(order_with_room::<T>(policy, 3));
        let busy = T::BenchmarkHelper::provider(0, 3);
        T::Providers::seat(&busy, JobId::MAX).expect("there is room for it");
        T::Providers::unseat(&busy, JobId::MAX, Conduct::Right);
        case.price = 1;
        case.phase = Phase::Committing(Round::Fresh);
        let attempt = Pallet::<T>::make_due(JOB, &mut case, assay_rules::draw::Purpose::Fresh);
        case.add_slots(Round::Fresh, t.saturated_into(), attempt);
        Pallet::<T>::keep(JOB, case);
        let due: u32 = frame_system::Pallet::<T>::block_number().saturated_into();
        T::BenchmarkHelper::set_vrfs(due, due.saturating_add(policy.draw_blocks));
        let now = Pallet::<T>::now();

        #[block]
        {
            Pallet::<T>::work_draw(now);
        }

        assert_eq!(Cases::<T>::get(JOB).map(|case| u32::from(case.next_seat())), Some(t));
    }

    #[benchmark]
    fn fill(n: Linear<0, 6>) {
        let owners: Vec<_> = (0..n).map(|index| T::BenchmarkHelper::provider(index, 1)).collect();

        #[block]
        {
            for owner in &owners {
                T::Providers::seat(owner, JOB).expect("there is room for it");
            }
        }

        assert!(owners.iter().all(|owner| T::Providers::seat(owner, JobId::MAX).is_err()));
    }

    /// The time to reveal is over, and what was revealed differs: fresh seats are to be drawn.
    #[benchmark]
    fn deadline() {
        drawn_job::<T>();
        let now = Pallet::<T>::now();
        let mut case = Cases::<T>::get(JOB).expect("it is being verified");
        case.set_stage(0, Stage::Revealed(CLAIM));
        case.set_stage(1, Stage::Revealed(Claim::Misdeclared { units: 1 }));
        case.first_commit = Some(0);
        case.phase = Phase::Revealing { until: now };
        Pallet::<T>::keep(JOB, case);

        #[block]
        {
            Pallet::<T>::work_deadline(now);
        }

        assert!(Cases::<T>::get(JOB).is_some_and(|case| case.phase == Phase::Committing(Round::Fresh)));
    }

    /// They withhold, which costs most, and takes most: they are in jail from then on.
    #[benchmark]
    fn fail(n: Linear<0, 14>) {
        let mut case = seated_case::<T>(n, Stage::Committed(SPEC));

        #[block]
        {
            for index in 0..case.next_seat() {
                Pallet::<T>::withhold(JOB, &mut case, index);
            }
        }

        assert!(case.seats.iter().all(|seat| seat.stage == Stage::Withheld));
    }

    /// All are right and paid, more of them than there can be, and the result is on the chain.
    #[benchmark]
    fn end(n: Linear<0, 15>) {
        let shown = longest_output();
        let result = inline_root(&shown).expect("it is a file of outputs");
        let truth = Claim::Computed { result, trace: [2; 32] };
        let mut case = seated_case::<T>(n, Stage::Revealed(truth));
        case.keep_output(0, shown);
        Pallet::<T>::keep(JOB, case);
        let case = Cases::<T>::get(JOB).expect("it was kept");

        #[block]
        {
            Pallet::<T>::end(JOB, case, Ending::Decided(truth));
        }

        assert!(!Cases::<T>::contains_key(JOB));
    }

    impl_benchmark_test_suite!(Pallet, mock::chain(), mock::Test);
}
