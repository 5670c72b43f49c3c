use crate::{mock::*, Author, Pages, Progress, Share, PAGE_SIZE};
use frame_support::weights::Weight;

fn blocks_of(era: u32, page: u32) -> Vec<(u64, u32)> {
    let shares = Pages::<Test>::get(era, page).into_iter();
    shares.map(|Share { validator, blocks }| (validator, blocks)).collect()
}

#[test]
fn blocks_are_counted_for_their_authors() {
    run(|| {
        [2, 1, 2].into_iter().for_each(|author| block(Some(author)));
        assert_eq!(blocks_of(0, 0), [(2, 2), (1, 1)]);
        assert_eq!(Rewards::running(), Progress { era: 0, blocks: 3, oldest: 0 });
    });
}

#[test]
fn block_without_an_author_is_counted_for_nobody() {
    run(|| {
        block(None);
        assert_eq!(Rewards::running(), Progress::default());
    });
}

#[test]
fn validators_are_counted_on_pages_of_their_places() {
    run(|| {
        let size = u64::from(PAGE_SIZE);
        [size, size + 1, 3 * size].into_iter().for_each(|author| block(Some(author)));
        assert_eq!(blocks_of(0, 0), [(size, 1)]);
        assert_eq!(blocks_of(0, 1), [(size + 1, 1)]);
        assert_eq!(blocks_of(0, 2), [(3 * size, 1)]);
    });
}

#[test]
fn author_is_known_while_its_block_is_open_only() {
    run(|| {
        open(Some(4));
        assert_eq!(Author::<Test>::get(), Some(4));
        close();
        assert_eq!(Author::<Test>::get(), None);
    });
}

#[test]
fn first_block_of_an_era_counts_for_it() {
    run(|| {
        block(Some(1));
        RunningEra::set(1);
        block(Some(2));
        assert_eq!((blocks_of(0, 0), blocks_of(1, 0)), (vec![(1, 1)], vec![(2, 1)]));
        assert_eq!(Rewards::running(), Progress { era: 1, blocks: 1, oldest: 0 });
    });
}

#[test]
fn block_is_charged_with_the_era_that_it_ends() {
    run(|| {
        assert_eq!(open(Some(1)), Weight::from_parts(3, 0));
        RunningEra::set(1);
        assert_eq!(open(Some(1)), Weight::from_parts(43, 0));
        close();
    });
}

#[test]
#[should_panic(expected = "an era's set has a place for each of its authors")]
fn author_beyond_the_last_page_is_noticed() {
    run(|| block(Some(u64::from(MAX_PAGES * PAGE_SIZE) + 1)));
}
