//! The mocks of the market keep what the traits promise.

use assay_primitives::{
    mock::{self, market},
    Candidate, Chance, Conduct, Escrow, JobClass, ListedVersion, Listings, Machine, OnBond, Order, Outcome,
    PendingDraws, Policy, ProviderBond, Role, Royalty, Settlement, Sortition, Verification, Workers,
};
use market::{
    MockChance, MockEscrow, MockListings, MockOnBond, MockPendingDraws, MockSortition, MockVerification,
    MockWorkers, ESCROW_IS_OPEN, HAS_SEAT, NOTHING_TO_HOLD, NOT_LISTED, NO_ORDER, NO_ROOM, OTHER_ROOT,
};
use sp_runtime::{DispatchError, Perbill};

const SMALL: Machine = Machine { hardware: 0, memory: 0 };
const LARGE: Machine = Machine { hardware: 0, memory: 1 };
const REFUSED: DispatchError = DispatchError::Other("refused");

fn policy() -> Policy {
    Policy {
        audit: Perbill::one(),
        collateral: 10,
        draw_blocks: 2,
        commit_blocks: 20,
        units_per_block: 1,
        reveal_blocks: 40,
        no_show: Perbill::from_percent(10),
        wrong: Perbill::one(),
        withheld: Perbill::one(),
        requester_bond: Perbill::from_percent(5),
        fee: Perbill::from_percent(2),
        min_payment: 1,
    }
}

fn order() -> Order<u64> {
    Order {
        requester: 9,
        spec: [1; 32],
        class: JobClass::ExactV1,
        machine: SMALL,
        units: 5,
        price_cap: 7,
        deadline: 100,
        policy: policy(),
    }
}

fn holders(machine: Machine) -> Vec<u64> {
    let tickets = 0..<MockSortition as Sortition<u64>>::weight(machine);
    tickets.filter_map(|ticket| MockSortition::holder(machine, ticket)).map(|holder| holder.owner).collect()
}

#[test]
fn tickets_go_to_providers_of_the_machine_by_weight() {
    mock::reset();
    market::set_provider(2, SMALL, 1, 50, 1);
    market::set_provider(1, SMALL, 3, 40, 1);
    market::set_provider(3, LARGE, 4, 0, 1);
    mock::set_bond(2, Role::Provider, 30);
    assert_eq!(holders(SMALL), [1, 1, 1, 2]);
    assert_eq!(holders(LARGE), [3, 3, 3, 3]);
    assert_eq!(MockSortition::holder(SMALL, 3), Some(Candidate { owner: 2, reserve: 50, stake: 30 }));
    assert_eq!(MockSortition::holder(SMALL, 4), None);
    market::set_stake(2, 20);
    assert_eq!(MockSortition::holder(SMALL, 3).map(|candidate| candidate.stake), Some(20));
    mock::reset();
    assert_eq!(<MockSortition as Sortition<u64>>::total_in_play(), 0);
}

/// Weight, weight in play and how many have one.
fn liquidity(machine: Machine) -> (u64, u64, u32) {
    (
        <MockSortition as Sortition<u64>>::weight(machine),
        <MockSortition as Sortition<u64>>::in_play(machine),
        <MockSortition as Sortition<u64>>::drawable(machine),
    )
}

#[test]
fn provider_that_is_full_is_in_play_and_one_that_is_out_is_not() {
    mock::reset();
    for (owner, machine) in [(1, SMALL), (2, SMALL), (3, SMALL), (4, LARGE)] {
        market::set_provider(owner, machine, owner, 0, 1);
    }
    assert_eq!((liquidity(SMALL), liquidity(LARGE)), ((6, 6, 3), (4, 4, 1)));
    assert_eq!(MockSortition::seat(&1, 7), Ok(()));
    assert_eq!(MockSortition::seat(&2, 7), Ok(()));
    assert_eq!(liquidity(SMALL), (3, 6, 1));
    MockSortition::unseat(&2, 7, Conduct::NoShow);
    assert_eq!(liquidity(SMALL), (3, 4, 1));
    assert_eq!(<MockSortition as Sortition<u64>>::total_in_play(), 8);
}

#[test]
fn machines_are_those_that_were_set_and_have_a_price() {
    mock::reset();
    let exists = <MockSortition as Sortition<u64>>::exists;
    let price = <MockSortition as Sortition<u64>>::price;
    assert!(!exists(SMALL));
    market::set_machine(SMALL);
    market::set_provider(1, LARGE, 1, 0, 1);
    assert!(exists(SMALL) && exists(LARGE));
    market::set_price(SMALL, 25);
    assert_eq!((price(SMALL), price(LARGE)), (25, market::DEFAULT_PRICE));
}

#[test]
fn provider_without_room_holds_no_ticket_until_a_seat_is_back() {
    mock::reset();
    market::set_provider(1, SMALL, 3, 0, 1);
    assert_eq!(MockSortition::seat(&1, 7), Ok(()));
    assert_eq!(MockSortition::seat(&1, 7), Err(HAS_SEAT));
    assert_eq!(MockSortition::seat(&1, 8), Err(NO_ROOM));
    assert_eq!(MockSortition::seat(&2, 7), Err(NO_ROOM));
    assert_eq!((market::seats(1), holders(SMALL)), (vec![7], vec![]));

    MockSortition::unseat(&1, 8, Conduct::Right);
    MockSortition::unseat(&1, 7, Conduct::Right);
    MockSortition::unseat(&1, 7, Conduct::Right);
    assert_eq!(market::conducts(), [(1, 7, Conduct::Right)]);
    assert_eq!(holders(SMALL), [1, 1, 1]);
}

#[test]
fn provider_that_cheated_or_did_not_show_up_holds_no_ticket() {
    mock::reset();
    for (owner, conduct) in
        [(1, Conduct::Cheated), (2, Conduct::NoShow), (3, Conduct::Declined), (4, Conduct::Neutral)]
    {
        market::set_provider(owner, SMALL, 1, 0, 2);
        assert_eq!(MockSortition::seat(&owner, 7), Ok(()));
        MockSortition::unseat(&owner, 7, conduct);
    }
    assert_eq!(holders(SMALL), [3, 4]);
    assert_eq!((market::is_jailed(1), market::is_jailed(2)), (true, false));
    market::set_provider(1, SMALL, 1, 0, 2);
    market::set_provider(2, SMALL, 1, 0, 2);
    assert_eq!(holders(SMALL), [1, 2, 3, 4]);
}

#[test]
fn seeds_are_there_once_scripted_or_once_their_last_vrf_is() {
    mock::reset();
    assert_eq!(MockChance::seed_after(5, 2), None);
    market::set_last_vrf(7);
    let seed = MockChance::seed_after(5, 2);
    assert!(seed.is_some());
    assert_ne!(seed, MockChance::seed_after(4, 2));
    assert_eq!((MockChance::seed_after(6, 2), MockChance::seed_after(5, 0)), (None, None));
    market::set_seed(6, 2, [8; 32]);
    assert_eq!(MockChance::seed_after(6, 2), Some([8; 32]));
}

#[test]
fn pending_draws_workers_and_bonds_are_as_scripted() {
    mock::reset();
    market::set_oldest_draw(Some(4));
    assert_eq!(MockPendingDraws::oldest(), Some(4));
    market::act_for(11, 1);
    assert!(MockWorkers::acts_for(&11, &1) && MockWorkers::acts_for(&1, &1));
    assert!(!MockWorkers::acts_for(&1, &11) && !MockWorkers::acts_for(&11, &2));
    MockOnBond::bond_changed(&1);
    assert_eq!(market::bond_changes(), [1]);
    mock::set_bond(1, Role::Provider, 30);
    assert_eq!(<mock::MockBonds as ProviderBond<u64>>::active(&1), 30);
    mock::reset();
    assert_eq!((MockPendingDraws::oldest(), market::bond_changes()), (None, vec![]));
    assert!(!MockWorkers::acts_for(&11, &1));
}

#[test]
fn escrow_holds_once_for_a_job_until_it_is_settled() {
    mock::reset();
    let settlement = Settlement { payouts: vec![(2, 30)], burnt: 1, treasury: 2 };
    assert_eq!(MockEscrow::open(7, &1, 0, 50), Err(NOTHING_TO_HOLD));
    assert_eq!(MockEscrow::open(7, &1, 40, 50), Ok(()));
    assert_eq!(MockEscrow::open(7, &1, 40, 50), Err(ESCROW_IS_OPEN));
    let open = market::OpenEscrow { requester: 1, amount: 40, expires: 50 };
    assert_eq!((market::held(7), market::escrow(7)), (40, Some(open)));
    MockEscrow::settle(7, settlement.clone());
    assert_eq!(market::held(7), 0);
    assert_eq!(market::settlements(), [(7, settlement)]);
    market::refuse_escrow(Some(REFUSED));
    assert_eq!(MockEscrow::open(8, &1, 40, 50), Err(REFUSED));
}

#[test]
fn listing_is_of_one_of_the_roots_until_it_is_delisted() {
    mock::reset();
    let version = ListedVersion { listing: 3, version: 1 };
    let royalty = Royalty { owner: 5, share: Perbill::from_percent(10) };
    let (root, other) = ([1; 32], [2; 32]);
    assert_eq!(MockListings::royalty(version, &root, &other), Err(NOT_LISTED));
    market::list(version, royalty, root);
    assert_eq!(MockListings::royalty(version, &root, &other), Ok(royalty));
    assert_eq!(MockListings::royalty(version, &other, &root), Ok(royalty));
    assert_eq!(MockListings::royalty(version, &other, &other), Err(OTHER_ROOT));
    market::delist(version);
    assert_eq!(MockListings::royalty(version, &root, &other), Err(NOT_LISTED));
}

#[test]
fn cancelled_job_is_told_once_to_who_listens() {
    mock::reset();
    type Recorded = MockVerification;
    assert_eq!(<Recorded as Verification<u64>>::policy(JobClass::ExactV1), None);
    market::set_policy(JobClass::ExactV1, 2, policy());
    assert_eq!(<Recorded as Verification<u64>>::policy(JobClass::ExactV1), Some((2, policy())));

    market::refuse_orders(Some(REFUSED));
    assert_eq!(Recorded::open(7, order()), Err(REFUSED));
    market::refuse_orders(None);
    assert_eq!(Recorded::open(7, order()), Ok(()));
    assert_eq!(market::orders(), [(7, order())]);

    let cancel = <Recorded as Verification<u64>>::cancel;
    assert_eq!(cancel(8), Err(NO_ORDER));
    market::refuse_cancels(Some(REFUSED));
    assert_eq!(cancel(7), Err(REFUSED));
    market::refuse_cancels(None);
    assert_eq!(cancel(7), Ok(()));
    assert_eq!(cancel(7), Err(NO_ORDER));
    assert_eq!(market::cancelled(), [7]);
    let verdicts = market::verdicts();
    let [(7, verdict)] = verdicts.as_slice() else { panic!("one verdict, of that job") };
    assert_eq!((verdict.outcome, verdict.paid.is_empty()), (Outcome::Cancelled, true));
}
