//! What a job would cost.

use super::draft::{Draft, Kind, Terms};
use crate::{
    amount::Amount,
    context::Context,
    error::CliError,
    machine,
    output::{fields, size},
};
use assay_chain::{
    market::{Estimate, JobSpec},
    Balance, Chain, ChainClient, Hash, JobLimits,
};
use assay_primitives::{JobClass, Machine, MarketBlock};
use assay_rules::policy::least_price;
use serde::Serialize;

/// What a job's process takes of its machine's memory beside the job: the program, stacks, what the allocator reserves.
const BESIDE: u64 = 1 << 30;

/// How much more than now a unit may cost where nobody says: the price moves by a percent in a period.
const HEADROOM: Balance = 2;

/// A job as it would be posted, and what it would cost.
pub struct Priced {
    /// With its deadline.
    pub spec: JobSpec,
    /// As the chain tells.
    pub estimate: Estimate,
}

/// Asks the chain what a draft would cost.
///
/// # Errors
///
/// The chain would refuse it, or does not know the machine.
pub async fn price(chain: &Chain, at: Hash, draft: &Draft) -> Result<Priced, CliError> {
    check_size(draft.units, draft.output_bytes, &chain.job_limits(at).await?)?;
    let Terms { machine, patience, seed, .. } = draft.terms;
    check_memory(draft.memory, machine)?;
    let cap = price_cap(chain, at, draft).await?;
    let seed = match seed {
        Some(seed) => seed,
        None => random()?,
    };
    let mut spec = draft.spec(cap, seed);
    let estimate = chain.estimate(at, &spec).await?;
    spec.deadline = estimate.earliest_deadline.saturating_add(patience);
    Ok(Priced { spec, estimate })
}

/// The most that a unit may cost in one seat, in planck: what the requester says, or by the price of now.
async fn price_cap(chain: &Chain, at: Hash, draft: &Draft) -> Result<Balance, CliError> {
    let Terms { machine, cap, .. } = draft.terms;
    let (_, policy) = chain
        .policy(at, JobClass::ExactV1)
        .await?
        .ok_or_else(|| CliError::Refused("the chain has no policy for jobs of exact-v1".into()))?;
    // A small job costs what a seat is paid at least.
    let least = least_price(draft.units, &policy);
    if let Some(cap) = cap {
        check_cap(cap, Amount(least))?;
        return Ok(cap.0);
    }
    let machines = chain.machines(at).await?;
    let state = machines.into_iter().find(|state| state.machine == machine).ok_or_else(|| {
        let name = machine::number(machine);
        CliError::Refused(format!("there is no machine {name}: `assay provider list` shows them"))
    })?;
    Ok(state.liquidity.price.max(least).saturating_mul(HEADROOM))
}

/// Refuses a cap at which a seat would be paid less than the policy asks, by the cap that it takes.
fn check_cap(cap: Amount, least: Amount) -> Result<(), CliError> {
    if cap < least {
        return Err(CliError::Refused(format!(
            "--cap is {cap} for a unit, and a seat of a job of this size is paid {least} for it at least: raise it"
        )));
    }
    Ok(())
}

/// Refuses what is over the chain's caps by the number that it would have to be under: the chain names only the rule.
fn check_size(units: u64, output_bytes: u64, limits: &JobLimits) -> Result<(), CliError> {
    let JobLimits { max_units, max_output_bytes, .. } = *limits;
    if units > max_units {
        return Err(CliError::Refused(format!(
            "the job has {units} compute units, and the chain takes {max_units} at most: split it"
        )));
    }
    if output_bytes > max_output_bytes {
        return Err(CliError::Refused(format!(
            "the results may have {output_bytes} bytes, and the chain takes {max_output_bytes} at most: split the job"
        )));
    }
    Ok(())
}

/// Refuses a job that the workers of a machine would refuse. What a machine is that has no meaning here, they know.
fn check_memory(memory: u64, machine: Machine) -> Result<(), CliError> {
    let Some(most) = machine.job_memory().map(|bytes| bytes.saturating_sub(BESIDE)) else { return Ok(()) };
    if memory > most {
        let (memory, most, name) = (size(memory), size(most), machine::number(machine));
        return Err(CliError::Refused(format!(
            "the job takes {memory} of memory, and machine {name} has {most} for it: choose a larger one by \
             --machine (see `assay provider list`), or split the job"
        )));
    }
    Ok(())
}

fn random() -> Result<[u8; 32], CliError> {
    let mut bytes = [0; 32];
    getrandom::getrandom(&mut bytes)
        .map_err(|error| CliError::Usage(format!("no random seed ({error}): pass --seed")))?;
    Ok(bytes)
}

/// Shows what a job would cost.
pub async fn run(context: &Context, kind: &Kind) -> Result<(), CliError> {
    let draft = Draft::new(kind)?;
    let chain = context.chain().await?;
    let priced = price(&chain, chain.tip().await?.best.hash, &draft).await?;
    let shown = Shown::new(&draft, &priced);
    context.output.value(&shown, || shown.text());
    Ok(())
}

/// What is shown of an estimate.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    units: u64,
    output_bytes: u64,
    memory: u64,
    /// Of a unit in one seat.
    price: Amount,
    cap: Amount,
    /// What one seat would be paid.
    seat: Amount,
    /// The most that it can cost.
    hold: Amount,
    fee: Amount,
    bond: Amount,
    royalty: Amount,
    /// Parts per billion of the network that can compute it.
    share: u32,
    deadline: MarketBlock,
}

impl Shown {
    fn new(draft: &Draft, priced: &Priced) -> Self {
        let cost = &priced.estimate.cost;
        Self {
            units: draft.units,
            output_bytes: draft.output_bytes,
            memory: draft.memory,
            price: Amount(cost.price),
            cap: Amount(priced.spec.price_cap),
            seat: Amount(cost.seat),
            hold: Amount(cost.total),
            fee: Amount(cost.hold.fee),
            bond: Amount(cost.hold.bond),
            royalty: Amount(cost.hold.royalty),
            share: cost.share.deconstruct(),
            deadline: priced.spec.deadline,
        }
    }

    fn text(&self) -> String {
        let share = format!("{:.1}% of the network", f64::from(self.share) / 1e7);
        fields(&[
            ("compute units", format!("{} (10⁹ multiply-adds each)", self.units)),
            ("price of a unit", format!("{} now, {} at most", self.price, self.cap)),
            ("paid to each seat", self.seat.to_string()),
            ("put on hold", format!("{}; what is not needed comes back", self.hold)),
            ("of that, the fee", self.fee.to_string()),
            ("results", format!("at most {}", size(self.output_bytes))),
            ("memory", size(self.memory)),
            ("can be done by", share),
            ("deadline", format!("market block {}", self.deadline)),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_takes_more_memory_than_its_machine_has_is_refused() {
        let small = Machine { hardware: 0, memory: 0 };
        assert!(check_memory(7 << 30, small).is_ok());
        let error = check_memory((7 << 30) + 1, small).unwrap_err();
        assert_eq!(error.exit_code(), 4);
        let words = "machine 0:0 has 7.00 GiB for it: choose a larger one by --machine";
        assert!(error.line().contains(words), "{error}");
        assert!(check_memory(31 << 30, Machine { hardware: 0, memory: 1 }).is_ok());
        assert!(check_memory(u64::MAX, Machine { hardware: 9, memory: 9 }).is_ok());
    }

    #[test]
    fn a_cap_below_what_a_seat_is_paid_at_least_is_refused_by_that() {
        assert!(check_cap(Amount(5), Amount(5)).is_ok());
        let error = check_cap(Amount(4), Amount(5)).unwrap_err();
        assert_eq!(error.exit_code(), 4);
        let words = "a seat of a job of this size is paid 0.000000000005 ASY for it at least";
        assert!(error.line().starts_with("--cap is 0.000000000004 ASY for a unit, "), "{error}");
        assert!(error.line().contains(words), "{error}");
    }

    #[test]
    fn a_job_over_the_caps_is_refused_by_field_and_limit() {
        let limits = JobLimits { retention: 1, max_units: 100, max_output_bytes: 4_096 };
        assert!(check_size(100, 4_096, &limits).is_ok());
        for (units, bytes, words) in [
            (101, 1, "has 101 compute units, and the chain takes 100 at most"),
            (1, 4_097, "may have 4097 bytes, and the chain takes 4096 at most"),
        ] {
            let error = check_size(units, bytes, &limits).unwrap_err();
            assert_eq!(error.exit_code(), 4);
            assert!(error.line().contains(words), "{error}");
        }
    }
}
