use crate::{mock::*, Error, Event, Pending, Subject, WeightInfo};
use assay_primitives::{FaultKind, Role};
use frame_support::assert_ok;
use sp_runtime::Perbill;
use sp_staking::offence::{OffenceDetails, OnOffenceHandler};

#[test]
fn offence_is_an_equivocation_with_its_first_reporter() {
    run(|| {
        elect(1, 0, 1_000);
        let details = OffenceDetails { offender: (1, ()), reporters: vec![7, 8] };
        Slashing::on_offence(&[details], &[percent(20)], 0);
        let slash = waiting(0);
        assert_eq!((slash.kind, slash.amount, slash.reporter), (FaultKind::Equivocation, 200, Some(7)));
    });
}

#[test]
fn offence_without_a_reporter_has_none() {
    run(|| {
        elect(1, 0, 1_000);
        let details = OffenceDetails { offender: (1, ()), reporters: vec![] };
        Slashing::on_offence(&[details], &[percent(20)], 0);
        assert_eq!(waiting(0).reporter, None);
    });
}

#[test]
fn one_of_four_is_charged_with_the_cap() {
    run(|| {
        elect(1, 0, 1_000);
        let of_consensus = Perbill::from_parts(562_500_000);
        offend(&[(1, 7)], of_consensus, 0);
        let slash = waiting(0);
        assert_eq!(slash.amount, 500);
        assert_eq!(slash.subject, Subject::Session { session: 0, era: 0, fraction: percent(50) });
        assert_eq!(Slashing::equivocation_fraction(1, 4), percent(50));
        // Disabling goes by the offence, not by its price.
        assert_eq!(Offenders::get(), [(1, 0, of_consensus)]);
    });
}

#[test]
fn second_offender_of_a_slot_raises_the_first_ones_slash() {
    run(|| {
        for validator in 1..=2 {
            elect(validator, 0, 1_000);
        }
        offend(&[(1, 7)], percent(4), 0);
        advance_to(3);
        offend(&[(1, 7), (2, 8)], percent(16), 0);

        assert!(!Pending::<Test>::contains_key(0));
        let raised = waiting(1);
        assert_eq!((raised.owner, raised.amount, raised.reporter, raised.due), (1, 160, Some(7), 23));
        assert_eq!((waiting(2).owner, waiting(2).amount), (2, 160));
        assert_eq!(Offenders::get().len(), 3);
        advance_to(23);
        assert_eq!((bonded(1, Role::Validator), bonded(2, Role::Validator)), (840, 840));
    });
}

#[test]
fn cancelled_slash_stays_cancelled_when_another_offender_of_its_slot_is_found() {
    run(|| {
        for validator in 1..=2 {
            elect(validator, 0, 1_000);
        }
        offend(&[(1, 7)], percent(4), 0);
        assert_ok!(Slashing::cancel(RuntimeOrigin::root(), 0));
        Offenders::set(Vec::new());
        offend(&[(1, 7), (2, 8)], percent(16), 0);

        assert_eq!((accused(1, Role::Validator), accused(2, Role::Validator)), (0, 1));
        // Nor is it disabled again.
        assert_eq!(Offenders::get(), [(2, 0, percent(16))]);
        advance_to(60);
        assert_eq!((bonded(1, Role::Validator), bonded(2, Role::Validator)), (1_000, 840));
    });
}

#[test]
fn cancelled_increase_does_not_come_back_and_a_new_offence_costs_what_is_missing_to_it() {
    run(|| {
        for validator in 1..=2 {
            elect(validator, 0, 1_000);
        }
        offend(&[(1, 7)], percent(10), 0);
        advance_to(21);
        offend(&[(1, 7)], percent(30), 0);
        assert_ok!(Slashing::cancel(RuntimeOrigin::root(), 1));
        offend(&[(1, 7), (2, 8)], percent(40), 0);
        assert_eq!(accused(1, Role::Validator), 0);

        offend(&[(2, 8), (1, 7)], percent(40), 0);
        assert_eq!((waiting(3).owner, waiting(3).amount), (1, 300));
        advance_to(60);
        assert_eq!(bonded(1, Role::Validator), 600);
    });
}

#[test]
fn slash_cancelled_in_one_era_forgives_nothing_in_another() {
    run(|| {
        for era in 0..=1 {
            elect(1, era, 1_000);
        }
        elect(2, 1, 1_000);
        offend(&[(1, 7)], percent(4), 0);
        assert_ok!(Slashing::cancel(RuntimeOrigin::root(), 0));
        offend(&[(1, 7)], percent(4), 1);
        offend(&[(1, 7), (2, 8)], percent(16), 1);
        assert_eq!((waiting(2).owner, waiting(2).amount), (1, 160));
    });
}

#[test]
fn offender_that_cannot_be_charged_is_named_and_disabled_all_the_same() {
    run(|| {
        elect(2, 0, 1_000);
        offend(&[(1, 7)], percent(20), 0);
        let error = Error::<Test>::NotAtStake.into();
        assert_eq!(last_event(), Event::NotCharged { validator: 1, session: 0, error });
        assert_eq!(Offenders::get(), [(1, 0, percent(20))]);

        // One that can't be charged keeps nobody else from it.
        offend(&[(1, 7), (2, 7)], percent(20), 0);
        assert_eq!(waiting(0).owner, 2);
    });
}

#[test]
fn weight_of_offences_grows_with_the_offenders() {
    run(|| {
        let details = |validator| OffenceDetails { offender: (validator, ()), reporters: vec![] };
        let three = [details(1), details(2), details(3)];
        let weight = Slashing::on_offence(&three, &[percent(1); 3], 0);
        assert_eq!(weight, <() as WeightInfo>::on_offence(3));
        assert_eq!(Slashing::on_offence(&[], &[], 0), <() as WeightInfo>::on_offence(0));
    });
}

#[test]
fn offence_of_an_earlier_session_counts_in_its_own_era() {
    run(|| {
        set_sessions_per_era(2);
        elect(1, 0, 1_000);
        expose(1, 1, 4_000);
        offend(&[(1, 7)], percent(10), 2);
        offend(&[(1, 7)], percent(10), 1);
        assert_eq!((waiting(0).amount, waiting(1).amount), (400, 100));
        assert_ok!(Slashing::cancel(RuntimeOrigin::root(), 0));
        assert_eq!(waiting(1).amount, 100);
    });
}
