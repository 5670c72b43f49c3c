use crate::{mock::*, Event, MachineEntry};
use assay_primitives::Conduct;
use assay_rules::price::PriceRule;
use frame_support::assert_ok;
use sp_runtime::Perbill;

/// Both machines cost as much, between far-away bounds.
fn start_at(price: u128) {
    let at = |floor, ceiling| MachineEntry { price: PriceRule { floor, ceiling, ..rule() }, ..entry() };
    for machine in [CPU, GPU] {
        assert_ok!(set_machine(machine, at(price, price)));
        assert_ok!(set_machine(machine, at(1, 1_000_000_000)));
    }
}

fn prices_moved() -> Vec<(u128, u128, Perbill)> {
    events()
        .into_iter()
        .filter_map(|event| match event {
            Event::PriceMoved { machine, from, to, utilisation } if machine == CPU => {
                Some((from, to, utilisation))
            }
            _ => None,
        })
        .collect()
}

#[test]
fn price_rises_by_a_step_after_a_busy_period() {
    run(|| {
        start_at(10_000);
        provide(1, 3);
        assert_ok!(seat(1, 7));
        assert_ok!(seat(1, 8));
        // Blocks in which the machine has its turn: every second one.
        advance(62 - DELAY);
        let (from, to, utilisation) = prices_moved()[0];
        assert_eq!((from, to, price(CPU)), (10_000, 10_100, 10_100));
        assert_eq!(utilisation, Perbill::one());
        // Nobody is on the other one, which is not used.
        assert_eq!(price(GPU), 9_900);
    });
}

#[test]
fn price_stays_while_utilisation_is_in_the_band() {
    run(|| {
        start_at(10_000);
        provide(1, 3);
        assert_ok!(seat(1, 7));
        advance(200);
        assert_eq!((price(CPU), prices_moved()), (10_000, vec![]));
    });
}

#[test]
fn utilisation_is_weighted_by_time() {
    run(|| {
        start_at(10_000);
        provide(1, 3);
        advance(62);
        let before = price(CPU);
        // Of sixty blocks two seats are busy for twenty-eight: under a half, over two fifths.
        assert_ok!(seat(1, 7));
        assert_ok!(seat(1, 8));
        advance(28);
        unseat(1, 7, Conduct::Right);
        unseat(1, 8, Conduct::Right);
        advance(32);
        assert_eq!(price(CPU), before);
        advance(62);
        assert_eq!(price(CPU), before - before / 100);
    });
}

#[test]
fn price_moves_once_a_period_however_many_blocks_there_are() {
    run(|| {
        start_at(10_000);
        provide(1, 3);
        assert_ok!(seat(1, 7));
        assert_ok!(seat(1, 8));
        // Blocks of the chain in which the market clock stands still move nothing.
        for _ in 0..500 {
            let now = Now::get();
            advance(1);
            Now::set(now);
        }
        assert_eq!(price(CPU), 10_000);
        advance(600);
        assert_eq!(prices_moved().len(), 10);
    });
}

#[test]
fn price_stays_between_floor_and_ceiling() {
    run(|| {
        let bounds = PriceRule { floor: 10_000, ceiling: 10_150, ..rule() };
        assert_ok!(set_machine(CPU, MachineEntry { price: bounds, ..entry() }));
        provide(1, 3);
        assert_ok!(seat(1, 7));
        assert_ok!(seat(1, 8));
        advance(400);
        assert_eq!(price(CPU), 10_150);
        unseat(1, 7, Conduct::Right);
        unseat(1, 8, Conduct::Right);
        advance(400);
        assert_eq!(price(CPU), 10_000);
    });
}

#[test]
fn capacity_out_of_play_does_not_lower_utilisation() {
    run(|| {
        start_at(10_000);
        provide(1, 3);
        provide_on(2, 3, CPU, 64);
        assert_ok!(seat(2, 1));
        unseat(2, 1, Conduct::NoShow);
        advance(62);
        assert_ok!(seat(1, 7));
        assert_ok!(seat(1, 8));
        let before = price(CPU);
        advance(120);
        assert!(price(CPU) > before);
    });
}
