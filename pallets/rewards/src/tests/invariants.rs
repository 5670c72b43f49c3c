//! Each invariant fails when it is broken.

use crate::{mock::*, Pages, Pots, Running, Share};

/// Breaks a chain with an era that is over and one that runs, each with blocks of validators 1 and 2.
fn breaks(what: impl FnOnce()) {
    chain().execute_with(|| {
        System::set_block_number(1);
        endow(HOLDER, ISSUANCE);
        era_of(&[1, 2]);
        [1, 2].into_iter().for_each(|author| block(Some(author)));
        check();
        what();
        assert!(Rewards::do_try_state().is_err());
    });
}

fn push(era: u32, page: u32, validator: u64, blocks: u32) {
    Pages::<Test>::try_append(era, page, Share { validator, blocks }).expect("there is room");
}

#[test]
fn page_of_an_era_without_a_pot_is_caught() {
    breaks(|| Pots::<Test>::remove(0));
}

#[test]
fn empty_page_is_caught() {
    breaks(|| Pages::<Test>::insert(0, 1, crate::PageOf::<Test>::default()));
}

#[test]
fn page_out_of_range_is_caught() {
    breaks(|| {
        let page = Pages::<Test>::take(0, 0);
        Pages::<Test>::insert(0, MAX_PAGES, page);
    });
}

#[test]
fn share_of_no_blocks_is_caught() {
    breaks(|| push(0, 0, 3, 0));
}

#[test]
fn validator_that_is_there_twice_is_caught() {
    breaks(|| {
        Pages::<Test>::mutate(0, 0, |shares| shares[1].validator = 1);
    });
}

#[test]
fn block_that_was_not_counted_is_caught() {
    breaks(|| push(1, 0, 3, 1));
}

#[test]
fn block_that_is_nobodys_is_caught() {
    breaks(|| Running::<Test>::mutate(|running| running.blocks += 1));
}

#[test]
fn running_era_that_is_forgotten_is_caught() {
    breaks(|| {
        Pots::<Test>::remove(0);
        Pages::<Test>::remove(0, 0);
        Running::<Test>::mutate(|running| running.oldest = 2);
    });
}

#[test]
fn pot_of_the_running_era_is_caught() {
    breaks(|| Pots::<Test>::insert(1, Pots::<Test>::get(0).expect("era 0 is over")));
}

#[test]
fn pot_of_an_era_that_is_forgotten_is_caught() {
    breaks(|| Running::<Test>::mutate(|running| running.oldest = 1));
}

#[test]
fn pot_of_no_blocks_is_caught() {
    breaks(|| {
        Pages::<Test>::remove(0, 0);
        Pots::<Test>::mutate(0, |pot| pot.as_mut().expect("era 0 is over").blocks = 0);
    });
}

#[test]
fn more_blocks_than_there_were_are_caught() {
    breaks(|| {
        Pots::<Test>::mutate(0, |pot| pot.as_mut().expect("era 0 is over").amount = 0);
        push(0, 0, 3, 1);
    });
}

#[test]
fn pot_that_would_pay_more_than_is_in_it_is_caught() {
    breaks(|| Pots::<Test>::mutate(0, |pot| pot.as_mut().expect("era 0 is over").paid = 1));
}

#[test]
fn parameters_that_break_a_rule_are_caught() {
    breaks(|| crate::Params::<Test>::mutate(|params| params.expiry = 0));
}
