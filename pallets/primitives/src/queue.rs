//! Queues in pages: places that come or go together share a key.

use core::ops::Range;
use sp_runtime::SaturatedConversion;

/// Places of a page.
pub const PAGE: u32 = 64;

/// The page of a place, and where it is there: [`PAGE`] places make a page.
pub fn page_of(place: u64) -> (u64, usize) {
    (place >> 6, (place & 63).saturated_into())
}

/// Whether a queue of these places has such a page: one of its places is among them, and it has all up to the last of
/// them, those included that were worked off.
pub fn has_page(queue: &Range<u64>, page: u64, entries: usize) -> bool {
    let begin = page.saturating_mul(PAGE.into());
    let end = begin.saturating_add(PAGE.into());
    let due = queue.end.min(end).saturating_sub(begin);
    queue.start < end && begin < queue.end && entries.saturated_into::<u64>() == due
}
