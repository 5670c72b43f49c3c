//! Posting a job.

use crate::{pallet::*, Job, Record, WeightInfo};
use assay_primitives::{
    is_endpoint, Balance, Endpoint, Escrow, JobId, JobSpec, Listings, MarketBlock, Order, Policy, Royalty,
    Sortition, Verification,
};
use assay_rules::{
    policy::longest_life,
    settlement::{self, Hold},
};
use frame_support::{dispatch::DispatchResultWithPostInfo, ensure, weights::Weight};
use sp_runtime::{traits::BlockNumberProvider, DispatchError};

/// On what terms a job would be posted now.
pub(crate) struct Terms<AccountId> {
    /// The version of the policy.
    pub version: u32,
    /// The policy.
    pub policy: Policy,
    /// Who gets a royalty.
    pub royalty: Option<Royalty<AccountId>>,
    /// What is put on hold.
    pub hold: Hold,
    /// Its total, in planck.
    pub total: Balance,
    /// The last block before anyone may end the escrow.
    pub expires: MarketBlock,
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_post(
        requester: T::AccountId,
        spec: JobSpec,
        source: Option<Endpoint>,
    ) -> DispatchResultWithPostInfo {
        ensure!(source.as_ref().is_none_or(|url| is_endpoint(url)), Error::<T>::BadSource);
        let Terms { version, policy, royalty, hold, total, expires } = Self::terms(&spec)?;
        let taken = Self::post_weight(&spec, source.as_ref())
            .saturating_add(T::Escrow::locks_weight(Some(&requester)));
        let id = NextJob::<T>::get();
        let next = id.checked_add(1).ok_or(Error::<T>::NoNumberLeft)?;
        let order = Self::order(&requester, &spec, policy);
        let spec_hash = order.spec;
        T::Verification::open(id, order)?;
        T::Escrow::open(id, &requester, total, expires)?;

        NextJob::<T>::put(next);
        JobsOf::<T>::insert(&requester, Self::place(id), ());
        PolicyJobs::<T>::mutate(spec.class, version, |jobs| {
            *jobs = Some(jobs.unwrap_or_default().saturating_add(1));
        });
        let posted = T::Clock::current_block_number();
        let job = Job { requester, spec, policy: version, royalty, hold, posted, expires };
        Jobs::<T>::insert(id, Record::Open(job.clone()));
        if let Some(source) = &source {
            Sources::<T>::insert(id, source);
        }
        Self::deposit_event(Event::Posted { id, job, spec_hash, source });
        Ok(Some(taken).into())
    }

    /// The terms that a specification would get, if it is sound.
    pub(crate) fn terms(spec: &JobSpec) -> Result<Terms<T::AccountId>, DispatchError> {
        Self::check_spec(spec)?;
        let (version, policy) = T::Verification::policy(spec.class).ok_or(Error::<T>::NoPolicy)?;
        let royalty = spec
            .listing
            .map(|listed| T::Listings::royalty(listed, &spec.program, &spec.input))
            .transpose()?;
        let share = royalty.as_ref().map(|royalty| royalty.share);
        let hold =
            settlement::hold(spec.units, spec.price_cap, &policy, share).ok_or(Error::<T>::AmountOverflow)?;
        let total = hold.total().ok_or(Error::<T>::AmountOverflow)?;
        // A job whose last seat commits at the deadline lives on for its other phases. Only a deadline near the end of
        // the clock's numbers saturates.
        let expires = spec.deadline.saturating_add(longest_life(spec.units, &policy));
        Ok(Terms { version, policy, royalty, hold, total, expires })
    }

    fn check_spec(spec: &JobSpec) -> Result<(), Error<T>> {
        let params = Params::<T>::get();
        ensure!(spec.units > 0, Error::<T>::NoUnits);
        ensure!(spec.units <= params.max_units, Error::<T>::TooManyUnits);
        ensure!(spec.price_cap > 0, Error::<T>::NoPrice);
        ensure!(spec.program_blob.size > 0, Error::<T>::EmptyProgram);
        ensure!(spec.input_blob.size > 0, Error::<T>::EmptyInput);
        ensure!(spec.output_bytes > 0, Error::<T>::NoOutput);
        ensure!(spec.output_bytes <= params.max_output_bytes, Error::<T>::OutputTooLarge);
        ensure!(T::Providers::exists(spec.machine), Error::<T>::UnknownMachine);
        Ok(())
    }

    fn order(requester: &T::AccountId, spec: &JobSpec, policy: Policy) -> Order<T::AccountId> {
        Order {
            requester: requester.clone(),
            spec: spec.hash(),
            class: spec.class,
            machine: spec.machine,
            units: spec.units,
            price_cap: spec.price_cap,
            deadline: spec.deadline,
            policy,
        }
    }

    /// The most that a post takes: it may be that of an account whose locks follow its escrow.
    pub(crate) fn most_post_weight(spec: &JobSpec, source: Option<&Endpoint>) -> Weight {
        Self::post_weight(spec, source).saturating_add(T::Escrow::locks_weight(None))
    }

    /// What a post takes where no locks follow: more if it names a listing, or a source.
    fn post_weight(spec: &JobSpec, source: Option<&Endpoint>) -> Weight {
        let listed = spec.listing.map_or(Weight::zero(), |_| T::WeightInfo::listed());
        let served = source.map_or(Weight::zero(), |_| T::WeightInfo::source());
        T::WeightInfo::post().saturating_add(listed).saturating_add(served)
    }

    /// The place of a job among its requester's.
    pub(crate) fn place(id: JobId) -> [u8; 8] {
        id.to_be_bytes()
    }
}
