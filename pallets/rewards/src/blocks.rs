//! Blocks are counted for their authors.

use crate::{pallet::*, Share, WeightInfo, PAGE_SIZE};
use frame_support::{defensive, traits::Get, weights::Weight};

impl<T: Config> Pallet<T> {
    /// Ends the era if another one has begun, and counts this block. Gives what that takes, the end of the block included.
    pub(crate) fn begin_block() -> Weight {
        let mut weight = T::WeightInfo::count_block();
        let era = T::Era::get();
        if Running::<T>::get().era != era {
            Self::end_era(era);
            weight = weight.saturating_add(T::WeightInfo::end_era());
        }
        if let Some((place, author)) = T::Author::get() {
            Self::count(place, &author);
            Author::<T>::put(author);
        }
        weight
    }

    fn count(place: u32, author: &T::AccountId) {
        let page = place.checked_div(PAGE_SIZE).filter(|page| *page < T::MaxPages::get());
        let mut running = Running::<T>::get();
        if page.is_some_and(|page| Self::count_on_page(running.era, page, author)) {
            // A share of an era's blocks is at most their sum: neither reaches the end of its range before the other.
            running.blocks = running.blocks.saturating_add(1);
            Running::<T>::put(running);
        } else {
            defensive!("an era's set has a place for each of its authors");
        }
    }

    /// Whether there was room on the page.
    fn count_on_page(era: u32, page: u32, author: &T::AccountId) -> bool {
        Pages::<T>::mutate(era, page, |shares| {
            match shares.iter_mut().find(|share| share.validator == *author) {
                Some(share) => {
                    share.blocks = share.blocks.saturating_add(1);
                    true
                }
                None => shares.try_push(Share { validator: author.clone(), blocks: 1 }).is_ok(),
            }
        })
    }
}
