//! Seats reveal.

use crate::{pallet::*, CaseOf, Phase, SeatOf, Stage, WeightInfo};
use assay_primitives::{commitment, inline_root, Claim, Digest, InlineOutput, JobId};
use assay_rules::{
    draw::leaves,
    trace::{self, Opening},
};
use frame_support::{dispatch::DispatchResultWithPostInfo, ensure, traits::Get, weights::Weight};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::traits::Zero;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_reveal(
        signer: &T::AccountId,
        job: JobId,
        index: u8,
        (claim, salt): (Claim, Digest),
        output: Option<InlineOutput>,
        opening: Option<Opening>,
    ) -> DispatchResultWithPostInfo {
        let mut case = Self::case_of(job)?;
        let seat = Self::seat_for(signer, &case, index)?;
        let committed = Self::sealed(seat)?;
        let until = case.reveals_until().ok_or(Error::<T>::RevealsNotOpen)?;
        ensure!(Self::now() < until, Error::<T>::TooLate);
        let revealed = Self::commitment_of(job, &case, index, &seat.owner, &claim, &salt);
        ensure!(revealed == committed, Error::<T>::WrongCommitment);
        Self::check_output(&claim, output.as_ref())?;
        Self::check_opening(&case, index, &claim, opening.as_ref())?;
        let owner = seat.owner.clone();

        let taken = Self::reveal_weight(output.as_ref(), opening.as_ref());
        case.set_stage(index, Stage::Revealed(claim));
        if let Some(output) = output {
            case.keep_output(index, output);
        }
        Self::deposit_event(Event::Revealed { job, seat: index, owner, claim });
        if case.seats.iter().any(|seat| matches!(seat.stage, Stage::Committed(_))) {
            Self::keep(job, case);
            return Ok(Some(taken).into());
        }
        let closed = Self::close_reveals(job, case);
        // Where the job goes on, a draw of fresh seats has become due.
        let disputed = if Cases::<T>::contains_key(job) { T::WeightInfo::deadline() } else { Weight::zero() };
        // The case is written once, by what becomes of it.
        let taken = taken.saturating_sub(T::DbWeight::get().writes(1));
        Ok(Some(taken.saturating_add(closed).saturating_add(disputed)).into())
    }

    /// What a call to reveal takes beside what the last one does: the end of the job, or a dispute.
    pub(crate) fn reveal_weight(output: Option<&InlineOutput>, opening: Option<&Opening>) -> Weight {
        let levels = |shown: &Opening| u64::BITS.saturating_sub(shown.count.leading_zeros());
        let opened = opening.map_or(Weight::zero(), |shown| T::WeightInfo::opening(levels(shown)));
        let put = output.map_or(Weight::zero(), |_| T::WeightInfo::output());
        T::WeightInfo::reveal().saturating_add(put).saturating_add(opened)
    }

    /// What a seat has committed to and not revealed.
    fn sealed(seat: &SeatOf<T>) -> Result<Digest, Error<T>> {
        match seat.stage {
            Stage::Committed(commitment) => Ok(commitment),
            Stage::Assigned => Err(Error::<T>::NotCommitted),
            Stage::Revealed(_) => Err(Error::<T>::AlreadyRevealed),
            Stage::Declined | Stage::Replaced | Stage::Missed | Stage::Withheld => {
                Err(Error::<T>::SeatClosed)
            }
        }
    }

    fn commitment_of(
        job: JobId,
        case: &CaseOf<T>,
        index: u8,
        owner: &T::AccountId,
        claim: &Claim,
        salt: &Digest,
    ) -> Digest {
        let genesis: Digest = frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero()).into();
        commitment(&genesis, job, &case.order.spec, index.into(), owner, claim, salt)
    }

    pub(crate) fn check_output(claim: &Claim, output: Option<&InlineOutput>) -> Result<(), Error<T>> {
        let Some(output) = output else { return Ok(()) };
        let named = claim.result();
        ensure!(named.is_some() && inline_root(output) == named, Error::<T>::WrongOutput);
        Ok(())
    }

    /// By the time of the fresh round the claims of the first are public, and so is the trace's root: only who has run
    /// the job knows its leaves.
    fn check_opening(
        case: &CaseOf<T>,
        index: u8,
        claim: &Claim,
        opening: Option<&Opening>,
    ) -> Result<(), Error<T>> {
        let (Phase::Opening { leaves: seed, .. }, Claim::Computed { result, trace }) = (case.phase, claim)
        else {
            ensure!(opening.is_none(), Error::<T>::OpeningNotAsked);
            return Ok(());
        };
        let opening = opening.ok_or(Error::<T>::OpeningMissing)?;
        let indices = leaves(&seed, index, opening.count);
        ensure!(trace::check(opening, &indices, trace, result), Error::<T>::WrongOpening);
        Ok(())
    }
}
