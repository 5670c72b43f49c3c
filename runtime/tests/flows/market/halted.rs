//! Safe-mode, in each phase of a job: the market clock stands still, nobody misses anything, and jobs under way come to
//! their end.

use super::{
    answer::Answer,
    books::Bill,
    harness::{on, post_call, Market},
};
use assay_primitives::{
    Conduct::{Cheated, Declined, Right},
    FaultKind, Outcome,
};
use assay_runtime::{Runtime, RuntimeCall};
use frame_support::assert_noop;
use frame_system::RawOrigin;
use pallet_assay_verification::{Phase, Round, Stage};
use pallet_safe_mode::Call as SafeModeCall;
use pallet_tx_pause::Call as TxPauseCall;
use sp_runtime::traits::Dispatchable;

/// Longer than any seat has to commit or to reveal.
const LONG: u32 = 9;

fn enter(market: &mut Market<'_>) {
    market.root(SafeModeCall::<Runtime>::force_enter {});
    market.close();
}

fn leave(market: &mut Market<'_>) {
    market.root(SafeModeCall::<Runtime>::force_exit {});
    market.close();
}

/// Safe-mode for longer than any window.
fn stand_still(market: &mut Market<'_>) {
    enter(market);
    let clock = market.clock();
    market.pass(LONG);
    leave(market);
    assert_eq!(market.clock(), clock);
}

#[test]
fn nobody_misses_in_the_first_round() {
    on(|market| {
        let truth = Answer::run(1);
        let job = market.post();
        stand_still(market);
        assert_eq!(market.stages(job), [Stage::Assigned; 2], "draws go on");
        stand_still(market);
        market.commit(job, 0, &truth);
        stand_still(market);
        market.commit(job, 1, &truth);
        assert!(matches!(market.phase(job), Phase::Lot { .. }));
        stand_still(market);
        assert_eq!(market.phase(job), Phase::Committing(Round::Audit));
        stand_still(market);
        market.commit(job, 2, &truth);
        assert!(matches!(market.phase(job), Phase::Revealing { .. }));
        stand_still(market);
        market.reveal(job, 0, &truth);
        stand_still(market);
        market.reveal(job, 1, &truth);
        market.reveal(job, 2, &truth);

        let payment = market.terms(job).payment();
        market.settled(Bill::new(job, Outcome::Agreed).pay(&[0, 1, 2], payment));
        assert_eq!(market.conducts(job), [Right; 3]);
    });
}

#[test]
fn nobody_misses_in_the_fresh_round() {
    on(|market| {
        let (truth, lie) = (Answer::run(1), Answer::run(2));
        let job = market.post();
        market.play_first(job, [&truth, &lie], Some(&truth));
        stand_still(market);
        assert_eq!(market.stages(job)[3..], [Stage::Assigned; 2]);
        stand_still(market);
        market.commit(job, 3, &truth);
        market.commit(job, 4, &truth);
        assert!(matches!(market.phase(job), Phase::Leaves { .. }));
        stand_still(market);
        assert!(matches!(market.phase(job), Phase::Opening { .. }));
        stand_still(market);
        market.show(job, Round::Fresh, &[&truth, &truth]);

        let payment = market.terms(job).payment();
        market.settled(Bill::new(job, Outcome::Decided).pay(&[0, 2, 3, 4], payment));
        market.slashed(job, &[1], FaultKind::WrongResult);
        assert_eq!(market.conducts(job), [Right, Cheated, Right, Right, Right]);
    });
}

#[test]
fn a_job_under_way_comes_to_its_end_and_no_other_begins() {
    on(|market| {
        let (truth, lie) = (Answer::run(1), Answer::run(2));
        let job = market.post();
        enter(market);
        let clock = market.clock();
        let filtered = || frame_system::Error::<Runtime>::CallFiltered;
        let cancel = pallet_assay_jobs::Call::<Runtime>::cancel { id: job };
        market.refused(&market.requester(), post_call(market.spec()), filtered());
        market.refused(&market.requester(), cancel, filtered());

        market.draw(job);
        market.decline(job, 0);
        market.draw(job);
        assert_eq!(market.sitting(job, Round::First), [2, 1]);
        market.play_first(job, [&truth, &lie], Some(&truth));
        market.play_fresh(job, &[&truth, &truth]);
        let payment = market.terms(job).payment();
        market.settled(Bill::new(job, Outcome::Decided).pay(&[2, 3, 4, 5], payment));
        market.slashed(job, &[1], FaultKind::WrongResult);
        assert_eq!(market.conducts(job), [Declined, Cheated, Right, Right, Right, Right]);
        assert_eq!(market.clock(), clock);
        leave(market);
    });
}

#[test]
fn what_jobs_under_way_live_on_cannot_be_paused() {
    on(|market| {
        market.open();
        for call in ["commit", "decline", "reveal", "advance"] {
            let [pallet, call] = ["Verification", call].map(|name| name.as_bytes().to_vec());
            let full_name = (pallet.try_into().expect("short"), call.try_into().expect("short"));
            let pause = RuntimeCall::TxPause(TxPauseCall::pause { full_name });
            let refused = pallet_tx_pause::Error::<Runtime>::Unpausable;
            assert_noop!(pause.dispatch(RawOrigin::Root.into()), refused);
        }
    });
}
