//! Machines whose clocks are wrong.

use crate::harness::{Network, Start};
use assay_chain::market::Outcome;
use serde_json::Value;

const HOURS: i64 = 5 * 3_600;
/// Longer than anything is kept for.
const YEARS: i64 = 10 * 365 * 24 * 3_600;

#[tokio::test(flavor = "multi_thread")]
async fn workers_whose_clocks_are_hours_off_and_then_jump_by_years_commit_reveal_and_are_paid() {
    let mut network = Network::start(5).await;
    network.hold_content();
    let job = network.post(&[]);
    let [ahead, behind] = network.drawn(job).await;
    for (name, seconds) in [(ahead, HOURS), (behind, -HOURS)] {
        network.kill(name);
        network.start_worker(name, Start::Clock(seconds));
    }
    network.release_content();
    for (name, seconds) in [(ahead, YEARS), (behind, -YEARS)] {
        network.commits(job, name).await;
        network.kill(name);
        network.start_worker(name, Start::Clock(seconds));
    }

    assert_eq!(network.ends(job).await.outcome, Outcome::Agreed);
    for name in [ahead, behind] {
        network.logs(name, "result published").await;
    }
    network.verify(job);
    let this_year = year(&network, network.all_but(&[ahead, behind])[0]);
    let years = [ahead, behind].map(|name| year(&network, name) - this_year);
    assert!(years[0] >= 9 && years[1] <= -9, "the clocks are not wrong: {years:?}");
    let audit = network.audit().await;
    assert!(audit.faults.is_empty(), "{:?}", audit.faults);
    let paid = audit.paid(job);
    assert_eq!(paid.len(), 3);
    for name in [ahead, behind] {
        assert!(paid.contains(&name), "{name} was right, and is not among {paid:?}");
        assert_eq!(audit.commits_of(job, name).len(), 1);
    }
}

/// The year in which a worker has logged something last, as it believes.
fn year(network: &Network, name: &str) -> i32 {
    let log = network.provider(name).worker.log();
    let year = log.lines().rev().find_map(|line| {
        let event: Value = serde_json::from_str(line).ok()?;
        event["timestamp"].as_str()?.get(..4)?.parse().ok()
    });
    year.unwrap_or_else(|| panic!("{name} logs without time"))
}
