//! The simulation of ten years: its sums agree, and it says what the README says.

#[path = "../examples/economy/model.rs"]
mod model;

use model::{play, Demand, Month, ASY, DEMANDS, GENESIS, YEARS};

const SEED: u64 = 2_026;

fn last(demand: Demand) -> Month {
    *play(demand, SEED).last().expect("there are ten years")
}

#[test]
fn money_is_what_was_issued_less_what_was_burnt() {
    for demand in DEMANDS {
        let months = play(demand, SEED);
        assert_eq!(months.len() as u32, YEARS * 12);
        for month in months {
            let issued = GENESIS + month.validators + month.treasury;
            // Fees of the treasury and of authors were there before.
            assert_eq!(month.issuance, issued - month.burnt, "{}", demand.name);
        }
    }
}

#[test]
fn same_seed_gives_the_same_years_and_another_one_others() {
    let demand = DEMANDS[1];
    assert_eq!(play(demand, 7), play(demand, 7));
    assert_ne!(play(demand, 7), play(demand, 8));
}

#[test]
fn no_year_issues_more_than_three_hundredths() {
    for demand in DEMANDS {
        let months = play(demand, SEED);
        let issued = |month: &Month| (month.validators + month.treasury) as f64;
        for year in months.windows(13) {
            let rate = (issued(&year[12]) - issued(&year[0])) / year[0].issuance as f64;
            // Of what there is in the course of the year, not at its beginning.
            assert!(rate > 0.03 && rate < 0.030_5, "{demand:?}: {rate}");
        }
    }
}

#[test]
fn money_grows_as_the_readme_says_and_validators_get_more_than_is_burnt() {
    let [low, middling, high] = DEMANDS.map(last);
    assert!([low, middling, high].iter().all(|month| month.validators > month.burnt));
    // In tenths of a percent: 33% and 11%.
    let growth = |month: Month| (month.issuance - GENESIS) * 1_000 / GENESIS;
    assert!((325..335).contains(&growth(low)), "{}", growth(low));
    assert!((105..115).contains(&growth(high)), "{}", growth(high));
}

#[test]
fn who_uses_more_burns_more() {
    let [low, middling, high] = DEMANDS.map(last);
    assert!(low.burnt < middling.burnt && middling.burnt < high.burnt);
    assert!(low.issuance > middling.issuance && middling.issuance > high.issuance);
    assert!(low.treasury_fees < middling.treasury_fees && middling.treasury_fees < high.treasury_fees);
}

#[test]
fn prices_keep_machines_from_being_busier_than_the_band() {
    let [low, middling, high] = DEMANDS.map(last);
    let percent = |month: Month| month.utilisation.deconstruct() / 10_000_000;
    assert_eq!(low.price, 1_000_000, "below the band it stays at the floor");
    assert!(middling.price < 2_000_000, "{}", middling.price);
    assert!(high.price > 2_000_000, "{}", high.price);
    assert!(percent(low) < 20);
    assert!([middling, high].into_iter().all(|month| (20..=40).contains(&percent(month))));
    assert!(high.spent > 5_000_000_000 * ASY);
}
