use crate::{mock::*, SlashOf, SlashesOf, MAX_PAGE};
use assay_primitives::SlashId;
use frame_support::assert_ok;

fn numbers(found: &[(SlashId, SlashOf<Test>)]) -> Vec<SlashId> {
    found.iter().map(|(id, _)| *id).collect()
}

#[test]
fn pending_slashes_of_an_owner_are_found_in_both_roles() {
    run(|| {
        elect(1, 0, 1_000);
        let locks = [seat(1, 100), seat(2, 100)];
        assert_ok!(equivocate(1, 0, percent(10), None));
        for lock in locks {
            assert_ok!(fail_seat(lock, 50));
        }
        assert_eq!(Slashing::pending(1), [(0, waiting(0)), (1, waiting(1))]);
        assert_eq!(numbers(&Slashing::pending(2)), [2]);
        assert!(Slashing::pending(3).is_empty());

        assert_ok!(Slashing::cancel(RuntimeOrigin::root(), 0));
        assert_eq!(numbers(&Slashing::pending(1)), [1]);
        advance_to(21);
        assert!(Slashing::pending(1).is_empty() && Slashing::pending(2).is_empty());
    });
}

#[test]
fn invariants_catch_a_list_of_an_owner_that_is_wrong() {
    run(|| {
        assert_ok!(fail_seat(seat(1, 100), 50));
        SlashesOf::<Test>::insert(2, 0, ());
        assert!(Slashing::do_try_state().is_err());
        SlashesOf::<Test>::remove(1, 0);
        assert!(Slashing::do_try_state().is_err());
        SlashesOf::<Test>::remove(2, 0);
        SlashesOf::<Test>::insert(1, 0, ());
    });
}

#[test]
fn pending_slashes_are_paged_in_the_order_in_which_they_get_ready() {
    run(|| {
        for provider in 1..=5 {
            assert_ok!(fail_seat(seat(provider, 100), 100));
        }
        assert_ok!(Slashing::suspend(RuntimeOrigin::root(), 1, 100));
        // A record in between is not a slash.
        elect(9, 0, 1_000);
        Slashing::queue_record(77, 9, 0);

        assert_eq!(numbers(&Slashing::pending_by_due(None, 10)), [0, 2, 3, 4, 1]);
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = Slashing::pending_by_due(after, 2);
            let Some((id, slash)) = page.last() else { break };
            after = Some((slash.ready(), *id));
            seen.extend(numbers(&page));
        }
        assert_eq!(seen, [0, 2, 3, 4, 1]);
        assert!(Slashing::pending_by_due(None, 0).is_empty());
    });
}

#[test]
fn page_has_a_limit_of_its_own() {
    run(|| {
        for provider in 1..=u64::from(MAX_PAGE) + 1 {
            assert_ok!(fail_seat(seat(provider, 100), 100));
        }
        assert_eq!(Slashing::pending_by_due(None, u32::MAX).len(), 1_000);
    });
}
