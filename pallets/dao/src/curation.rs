//! Curation: what is listed, warned of, delisted, and why.

use crate::{pallet::*, Note, Standing};
use assay_primitives::{Curated, Digest, Subject};
use frame_support::{dispatch::DispatchResult, ensure};
use sp_runtime::traits::BlockNumberProvider;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_curate(subject: Subject, standing: Standing, reason: Digest) -> DispatchResult {
        let before = Self::standing_of(subject);
        ensure!(before != standing, Error::<T>::SameStanding);
        ensure!(T::Curated::exists(subject), Error::<T>::NoSuchSubject);
        if standing == Standing::Delisted {
            T::Curated::close(subject, reason)?;
        } else if before == Standing::Delisted {
            T::Curated::open(subject)?;
        }
        if standing == Standing::Listed {
            Notes::<T>::remove(subject);
        } else {
            let since = T::Clock::current_block_number();
            Notes::<T>::insert(subject, Note { standing, reason, since });
        }
        Self::deposit_event(Event::Curated { subject, standing, reason });
        Ok(())
    }

    /// What curation says of a thing.
    pub fn standing_of(subject: Subject) -> Standing {
        Notes::<T>::get(subject).map_or(Standing::Listed, |note| note.standing)
    }
}
