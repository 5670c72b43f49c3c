//! Benchmarks of jobs. What escrow, verification, providers and the registry do is measured with it, as the runtime has
//! them.

use super::*;
use alloc::{boxed::Box, vec};
use assay_primitives::{
    is_endpoint, Claim, Endpoint, JobId, JobSpec, Listings, OnVerdict, Outcome, Pay, Verdict, PAGE,
};
use frame_benchmarking::v2::*;
use frame_support::{traits::EnsureOrigin, weights::WeightMeter, BoundedVec};
use frame_system::RawOrigin;
use sp_runtime::traits::BlockNumberProvider;

/// What has to be there before a job can be posted.
pub trait BenchmarkHelper<AccountId> {
    /// The account that calls are signed by, with the money for a job.
    fn requester() -> AccountId;

    /// A job that verification would take in now, of a listing, on a machine with many providers.
    fn spec() -> JobSpec;

    /// Draws all first seats of a job that was just posted. As many as can decline before anybody has committed.
    fn seat(job: JobId);
}

/// The longest source that a job can have.
fn longest_source() -> Endpoint {
    Endpoint::truncate_from([b"http://".to_vec(), vec![b'a'; 121]].concat())
}

/// A job that was just posted, and whose it is.
fn posted<T: Config>() -> (T::AccountId, JobId) {
    let requester = T::BenchmarkHelper::requester();
    let job = NextJob::<T>::get();
    Pallet::<T>::do_post(requester.clone(), T::BenchmarkHelper::spec(), Some(longest_source()))
        .expect("the job is sound");
    (requester, job)
}

/// A verdict that pays two seats.
fn verdict<T: Config>() -> Verdict<T::AccountId> {
    Verdict {
        outcome: Outcome::Agreed,
        claim: Some(Claim::Computed { result: [1; 32], trace: [2; 32] }),
        output: Some(vec![3; 256].try_into().expect("as much as there can be")),
        price: T::BenchmarkHelper::spec().price_cap,
        paid: (0..2).map(|seat| (account("seat", seat, 0), Pay::Half)).collect(),
        audited: true,
        thin: false,
    }
}

/// A receipt whose retention time is over; it ends a page.
fn prunable<T: Config>() -> JobId {
    let (_, job) = posted::<T>();
    let last = u64::from(PAGE).saturating_sub(1);
    EndedQueue::<T>::put(Queue { first: last, next: last });
    let before = vec![job; usize::try_from(last).expect("a page is small")];
    Ended::<T>::insert(0, BoundedVec::truncate_from(before));
    Pallet::<T>::on_verdict(job, verdict::<T>());
    let ended = Pallet::<T>::receipt(job).expect("it has ended").ended;
    T::Clock::set_block_number(ended.saturating_add(Params::<T>::get().retention));
    job
}

#[benchmarks]
mod benches {
    use super::*;

    #[benchmark]
    fn set_params() -> Result<(), BenchmarkError> {
        let origin = T::ParamsOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
        let params = Parameters { retention: 1, max_units: 2, max_output_bytes: 3 };

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, params);

        assert_eq!(Params::<T>::get(), params);
        Ok(())
    }

    #[benchmark]
    fn post() {
        let requester = T::BenchmarkHelper::requester();
        let spec = JobSpec { listing: None, ..T::BenchmarkHelper::spec() };
        let job = NextJob::<T>::get();

        #[extrinsic_call]
        _(RawOrigin::Signed(requester), Box::new(spec), None);

        assert!(Jobs::<T>::contains_key(job));
    }

    #[benchmark]
    fn listed() {
        let spec = T::BenchmarkHelper::spec();
        let version = spec.listing.expect("it names one");
        let royalty;

        #[block]
        {
            royalty = T::Listings::royalty(version, &spec.program, &spec.input);
        }

        assert!(royalty.is_ok());
    }

    #[benchmark]
    fn source() {
        let url = longest_source();
        let sound;

        #[block]
        {
            sound = is_endpoint(&url);
            Sources::<T>::insert(0, &url);
        }

        assert!(sound);
    }

    #[benchmark]
    fn cancel() {
        let (requester, job) = posted::<T>();
        T::BenchmarkHelper::seat(job);

        #[extrinsic_call]
        _(RawOrigin::Signed(requester), job);

        assert!(Pallet::<T>::receipt(job).is_some());
    }

    #[benchmark]
    fn prune() {
        let job = prunable::<T>();
        let caller: T::AccountId = whitelisted_caller();

        #[extrinsic_call]
        _(RawOrigin::Signed(caller), job);

        assert!(!Jobs::<T>::contains_key(job));
    }

    #[benchmark]
    fn sweep_base() {
        let mut meter = WeightMeter::new();

        #[block]
        {
            Pallet::<T>::sweep(&mut meter);
        }

        assert_eq!(meter.consumed(), T::WeightInfo::sweep_base());
    }

    #[benchmark]
    fn sweep_job() {
        let job = prunable::<T>();
        let mut meter = WeightMeter::new();

        #[block]
        {
            Pallet::<T>::sweep(&mut meter);
        }

        assert!(!Jobs::<T>::contains_key(job));
    }

    impl_benchmark_test_suite!(Pallet, mock::chain(), mock::Test);
}
