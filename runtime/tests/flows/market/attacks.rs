//! Attempts to profit, or to keep others from what is theirs, each of which fails on the whole chain too.

use super::{
    answer::Answer,
    books::Bill,
    harness::{on, post_call, Market},
    network, payees,
};
use assay_primitives::{
    Balance,
    Conduct::{NoShow, Right},
    FaultKind, JobId, Outcome, Role,
};
use assay_runtime::{configs::VotingBalance, AccountId, Balances, Runtime};
use frame_support::traits::{fungible::Inspect, LockableCurrency, WithdrawReasons};
use pallet_assay_escrow::Error;
use pallet_assay_providers::Providers;
use pallet_assay_staking::{Call, Ledger, Ledgers};
use pallet_assay_verification::Round;
use sp_runtime::Perbill;

/// The two that have the first seats.
fn drawn(market: &Market<'_>, job: JobId) -> [AccountId; 2] {
    [0, 1].map(|seat| market.owner(job, seat))
}

fn ledger(owner: &AccountId) -> Ledger<Runtime> {
    Ledgers::<Runtime>::get(owner).expect("something is bonded")
}

/// Who will be drawn where nobody does anything about it.
fn foreseen() -> [AccountId; 2] {
    let mut owners = None;
    on(|market| {
        let truth = Answer::run(1);
        let job = market.post();
        market.draw(job);
        owners = Some(drawn(market, job));
        market.play_first(job, [&truth, &truth], Some(&truth));
        let payment = market.terms(job).payment();
        market.settled(Bill::new(job, Outcome::Agreed).pay(&[0, 1, 2], payment));
    });
    owners.expect("the seats were drawn")
}

/// Blocks, slots and VRFs are those of the chain in which the draw was foreseen: so whoever unbonds to veto it knows it
/// as well as anybody can.
#[test]
fn who_unbonds_to_veto_a_draw_gets_the_seat_and_pays_for_leaving_it() {
    let owners = foreseen();
    on(|market| {
        let truth = Answer::run(1);
        let job = market.post();
        market.close();
        for owner in &owners {
            let (role, amount) = (Role::Provider, network::BOND);
            market.submit(owner, Call::<Runtime>::unbond { role, amount }).expect("it is bonded");
        }
        market.draw(job);
        assert_eq!(drawn(market, job), owners, "the draw is the same");
        let locked = market.terms(job).lock();
        for owner in &owners {
            let ledger = ledger(owner);
            let bond = (ledger.provider.active, ledger.provider.total(), ledger.locked);
            assert_eq!(bond, (0, network::BOND, locked), "what is on its way out stands for the seat");
        }

        // Having left, it has only made room for others, and pays for it out of what is on its way out.
        market.lapse(job);
        market.seal(job, Round::First, &[&truth, &truth]);
        market.seal(job, Round::Audit, &[&truth]);
        market.show(job, Round::Audit, &[&truth]);
        market.show(job, Round::First, &[&truth, &truth]);
        let payment = market.terms(job).payment();
        market.settled(Bill::new(job, Outcome::Agreed).pay(&[2, 3, 4], payment));
        market.slashed(job, &[0, 1], FaultKind::NoShow);
        assert_eq!(market.conducts(job), [NoShow, NoShow, Right, Right, Right]);
    });
}

/// Locks what an account has, as votes do.
fn vote_with(voter: &AccountId, amount: Balance) {
    VotingBalance::set_lock(*b"a ballot", voter, amount, WithdrawReasons::all());
}

#[test]
fn a_voter_escrows_nothing_that_it_votes_with() {
    on(|market| {
        let truth = Answer::run(1);
        let (voter, spec) = (market.requester(), market.spec());
        let job = market.post();
        let hold = market.terms(job).hold();
        let total = <Balances as Inspect<AccountId>>::total_balance(&voter);
        // It has room for this job, and for all of another one but a planck. Fees only make that less.
        vote_with(&voter, total - 2 * hold + 1);
        market.refused(&voter, post_call(spec), Error::<Runtime>::Frozen);
        // What is in escrow already pays, whatever it votes with now.
        vote_with(&voter, total);
        market.play_first(job, [&truth, &truth], Some(&truth));
        let payment = market.terms(job).payment();
        market.settled(Bill::new(job, Outcome::Agreed).pay(&[0, 1, 2], payment));
    });
}

/// All that these accounts have, on hold and free.
fn wealth(of: &[AccountId]) -> Balance {
    of.iter().map(<Balances as Inspect<AccountId>>::total_balance).sum()
}

/// Whoever is drawn is the requester's, and so is the listing: all payments come back, and the fee does not.
#[test]
fn one_hand_that_asks_answers_and_lists_buys_its_reputation_with_fees() {
    on(|market| {
        let truth = Answer::run(1);
        let providers = network::PROVIDERS.map(network::account);
        let author = network::account(network::AUTHOR);
        let hand = [&providers[..], &[market.requester(), author.clone()]].concat();
        let mut spec = market.spec();
        spec.listing = Some(payees::list(market, Perbill::from_percent(30)));
        let (before, mut fees) = (wealth(&hand), 0);
        for _ in 0..2 {
            let job = market.post_spec(spec);
            market.play_first(job, [&truth, &truth], Some(&truth));
            let terms = market.terms(job);
            let bill = Bill::new(job, Outcome::Agreed).pay(&[0, 1, 2], terms.payment());
            market.settled(bill.pay_to(&author, terms.royalty()));
            fees += terms.fee();
            market.apply_changes();
        }
        let score = |owner: &AccountId| Providers::<Runtime>::get(owner).map_or(0, |provider| provider.score);
        assert_eq!(providers.iter().map(score).sum::<u32>(), 6, "a point for each seat");
        assert!(fees > 0 && wealth(&hand) + fees <= before, "and each job has cost its fee");
    });
}
