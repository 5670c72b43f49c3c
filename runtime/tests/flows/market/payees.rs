//! Who is paid beside the seats, and what becomes of what can't be delivered.

use super::{
    answer::Answer,
    books::Bill,
    harness::{on, Market},
    network,
};
use assay_primitives::{ListedVersion, Outcome};
use assay_runtime::{configs::Treasury, AccountId, Balances, Runtime, RuntimeCall, System};
use pallet_assay_escrow::Event;
use pallet_assay_registry::{Call, Kind, Licence, NextListing};
use pallet_assay_verification::Round;
use sp_runtime::{MultiAddress, Perbill};

/// The author lists the program of usual jobs, for a share of one seat's payment.
pub fn list(market: &mut Market<'_>, royalty: Perbill) -> ListedVersion {
    let (listing, spec) = (NextListing::<Runtime>::get(), market.spec());
    let (kind, root, blob) = (Kind::Program, spec.program, spec.program_blob);
    let licence: Licence = b"Apache-2.0".to_vec().try_into().expect("a short licence");
    let list = Call::<Runtime>::list { kind, root, blob, licence, royalty };
    market.submit(&network::account(network::AUTHOR), list).expect("a sound listing");
    ListedVersion { listing, version: 0 }
}

/// The author takes the listing down, and its account is emptied.
fn reap_author(market: &mut Market<'_>, listing: u64) {
    let author = network::account(network::AUTHOR);
    market.submit(&author, Call::<Runtime>::delist { listing }).expect("its own");
    market.submit(&author, Call::<Runtime>::prune { listing, limit: 1 }).expect("delisted");
    reap(market, &author);
}

/// An account is emptied to the last planck.
fn reap(market: &mut Market<'_>, account: &AccountId) {
    let (heir, value) = (network::account("Alice"), Balances::free_balance(account));
    let (source, dest) = (MultiAddress::Id(account.clone()), MultiAddress::Id(heir.clone()));
    let transfer = pallet_balances::Call::force_transfer { source, dest, value };
    market.root(RuntimeCall::Balances(transfer));
    market.books.transfer(account, &heir, value);
    assert!(!System::account_exists(account), "it is reaped");
}

#[test]
fn a_royalty_is_paid_on_top_of_the_seats() {
    on(|market| {
        let truth = Answer::run(1);
        let mut spec = market.spec();
        spec.listing = Some(list(market, Perbill::from_percent(7)));
        let job = market.post_spec(spec);
        market.play_first(job, [&truth, &truth], Some(&truth));
        let terms = market.terms(job);
        assert_eq!(terms.royalty(), 1_470_000_000_003, "7% of a seat's payment, rounded down");
        let bill = Bill::new(job, Outcome::Agreed).pay(&[0, 1, 2], terms.payment());
        market.settled(bill.pay_to(&network::account(network::AUTHOR), terms.royalty()));
    });
}

#[test]
fn the_treasury_gets_what_a_reaped_payee_cannot() {
    on(|market| {
        let truth = Answer::run(1);
        let mut spec = market.spec();
        let listed = list(market, Perbill::from_parts(10_000));
        spec.listing = Some(listed);
        let job = market.post_spec(spec);
        market.seal_first(job, [&truth, &truth], Some(&truth));
        reap_author(market, listed.listing);
        market.show(job, Round::Audit, &[&truth]);
        market.show(job, Round::First, &[&truth, &truth]);

        let (terms, payee) = (market.terms(job), network::account(network::AUTHOR));
        let amount = terms.royalty();
        assert_eq!(amount, 210_000_000, "less than an account can begin with");
        let bill = Bill::new(job, Outcome::Agreed).pay(&[0, 1, 2], terms.payment());
        market.settled(bill.pay_to(&Treasury::get(), amount));
        System::assert_has_event(Event::<Runtime>::Undelivered { job, payee, amount }.into());
    });
}

#[test]
fn what_is_too_little_for_an_empty_treasury_is_burnt() {
    on(|market| {
        reap(market, &Treasury::get());
        let truth = Answer::run(1);
        let mut spec = market.spec();
        spec.price_cap = 1_000;
        let job = market.post_spec(spec);
        market.play_first(job, [&truth, &truth], Some(&truth));
        let terms = market.terms(job);
        assert_eq!((terms.payment(), terms.fee()), (7_000, 280));
        market.settled(Bill::new(job, Outcome::Agreed).pay(&[0, 1, 2], 7_000));
        let payee = Treasury::get();
        assert!(!System::account_exists(&payee));
        market.books.burn(&payee, 140);
        System::assert_has_event(Event::<Runtime>::Undelivered { job, payee, amount: 140 }.into());
    });
}
