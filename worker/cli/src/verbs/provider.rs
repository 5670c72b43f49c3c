//! `assay provider`: what one offers to compute, and on which terms.

use super::sent;
use crate::{
    amount::Amount,
    calls,
    context::Context,
    error::CliError,
    keys,
    machine::{has_gpu, hold, hold_gpu, memory, number},
    output::{fields, table},
    runner::{gpu, DeviceChoice},
};
use assay_chain::{
    market::{Change, MachineState, Provider, State},
    AccountId, BlockNumber, Chain, ChainClient, RuntimeCall,
};
use assay_primitives::{Endpoint, JobId, Machine};
use clap::Subcommand;
use pallet_assay_providers::{Terms, MAX_CAPACITY};
use serde::Serialize;
use sp_core::crypto::Ss58Codec;

/// What to do as a provider.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Offer to compute; names the worker's account, pays it for its fees, and says where results are served
    #[command(after_help = "Example:
  assay --key owner.json stake bond 5000 --role provider
  assay --key owner.json provider register --worker 5FHneW46… --endow 10 --endpoint http://worker.example:9630")]
    Register {
        #[command(flatten)]
        offer: Offer,
        #[command(flatten)]
        hired: Hired,
    },
    /// Change what is offered; waits for draws that are due
    #[command(
        after_help = "Example:\n  assay --key owner.json provider update --capacity 4 --reserve 0.000002"
    )]
    Update {
        /// What to compute on, by its numbers (see `provider list`)
        #[arg(long, value_name = "HARDWARE:MEMORY", value_parser = machine)]
        machine: Option<Machine>,
        /// Offer it however much memory there is here, as where the worker runs on another machine
        #[arg(long, requires = "machine")]
        any_memory: bool,
        /// The least that a compute unit of 10⁹ multiply-adds has to pay, in ASY
        #[arg(long, value_name = "AMOUNT")]
        reserve: Option<Amount>,
        /// Seats at a time
        #[arg(long, value_name = "SEATS", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_CAPACITY)))]
        capacity: Option<u32>,
        /// Where results are served to others
        #[arg(long, value_name = "URL", value_parser = endpoint)]
        endpoint: Option<Endpoint>,
        #[command(flatten)]
        hired: Hired,
        /// Name another worker although seats are open: what the last one has committed to is lost, with what it locks
        #[arg(long, requires = "worker")]
        lose_seats: bool,
    },
    /// Offer nothing any more
    #[command(after_help = "Example:\n  assay --key owner.json provider retire")]
    Retire,
    /// Leave jail once the term is over
    #[command(after_help = "Example:\n  assay --key owner.json provider release")]
    Release,
    /// Show a provider
    #[command(after_help = "Example:\n  assay --key owner.json provider status")]
    Status {
        /// Whose (default: that of the key)
        #[arg(long, value_parser = keys::address)]
        account: Option<AccountId>,
    },
    /// Show the machines that jobs can ask for: prices, providers, seats
    #[command(after_help = "Example:\n  assay provider list")]
    List,
}

/// Who computes for a provider.
#[derive(clap::Args, Debug)]
struct Hired {
    /// Account that the worker signs with (at first the owner's own, which then has to be on the worker's machine)
    #[arg(long, value_name = "ADDRESS", value_parser = keys::address)]
    worker: Option<AccountId>,
    /// What the worker's account is paid for its fees, in ASY
    #[arg(long, value_name = "AMOUNT", default_value = "10", requires = "worker")]
    endow: Amount,
}

impl Hired {
    /// Names the worker, if there is one, and pays it.
    fn calls(self) -> Vec<RuntimeCall> {
        let Self { worker: Some(worker), endow } = self else { return Vec::new() };
        let mut all = vec![calls::set_worker(worker.clone())];
        if endow.0 > 0 {
            all.push(calls::transfer(worker, endow.0));
        }
        all
    }
}

/// What is offered at first.
#[derive(clap::Args, Debug)]
struct Offer {
    /// What to compute on, by its numbers (see `provider list`)
    #[arg(long, value_name = "HARDWARE:MEMORY", default_value = "0:0", value_parser = machine)]
    machine: Machine,
    /// Offer it however much memory there is here, as where the worker runs on another machine
    #[arg(long)]
    any_memory: bool,
    /// The least that a compute unit of 10⁹ multiply-adds has to pay, in ASY
    #[arg(long, value_name = "AMOUNT", default_value = "0")]
    reserve: Amount,
    /// Seats at a time
    #[arg(long, value_name = "SEATS", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_CAPACITY)))]
    capacity: u32,
    /// Where results are served to others (default: blobs.public_url of the configuration)
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    endpoint: Option<Endpoint>,
}

/// Reads a machine as `HARDWARE:MEMORY`.
pub fn machine(text: &str) -> Result<Machine, String> {
    let numbers = text.split_once(':').and_then(|(hardware, memory)| {
        Some(Machine { hardware: hardware.parse().ok()?, memory: memory.parse().ok()? })
    });
    numbers.ok_or_else(|| "a machine has two numbers, as in 0:1; `assay provider list` shows them".into())
}

/// Reads the address of a blob server, as the chain keeps it.
pub fn endpoint(text: &str) -> Result<Endpoint, String> {
    if !text.starts_with("http://") && !text.starts_with("https://") {
        return Err("a blob server's address begins with http:// or https://".into());
    }
    let text = text.trim_end_matches('/');
    let too_long = |bytes: Vec<u8>| format!("the address has {} bytes, and the chain takes 128", bytes.len());
    Endpoint::try_from(text.as_bytes().to_vec()).map_err(too_long)
}

/// Runs the verb.
pub async fn run(args: Args, context: &Context) -> Result<(), CliError> {
    match args.verb {
        Verb::Register { offer, hired } => register(context, offer, hired).await,
        Verb::Update { machine, any_memory, reserve, capacity, endpoint, hired, lose_seats } => {
            if let Some(machine) = machine {
                check(machine, any_memory, context.config.worker.device)?;
            }
            if let (Some(worker), false) = (&hired.worker, lose_seats) {
                check_seats(context, worker).await?;
            }
            let beside = hired.calls().into_iter().chain(endpoint.map(calls::set_endpoint)).collect();
            update(context, machine, reserve, capacity, beside).await
        }
        Verb::Retire => {
            let done = "no seats come any more once the change is applied; open ones have to be finished";
            sent::send(context, calls::retire(), done).await
        }
        Verb::Release => {
            let done = "out of jail: seats come again once the change is applied";
            sent::send(context, calls::release(), done).await
        }
        Verb::Status { account } => status(context, account).await,
        Verb::List => list(context).await,
    }
}

/// Refuses what this machine can't keep. How many jobs the worker takes at a time, `worker check` knows.
fn check(machine: Machine, any_memory: bool, device: DeviceChoice) -> Result<(), CliError> {
    if any_memory {
        return Ok(());
    }
    let instead = "pass --any-memory if the worker runs on another machine";
    hold(machine, 1, memory()?, instead)?;
    if !has_gpu(machine) {
        return Ok(());
    }
    hold_gpu(machine, 1, gpu::chosen(&device).map(|found| found.memory()), instead)
}

/// One transaction: a provider without a worker that can pay its fees would only miss its seats.
async fn register(context: &Context, offer: Offer, hired: Hired) -> Result<(), CliError> {
    let Offer { machine, any_memory, reserve, capacity, endpoint } = offer;
    check(machine, any_memory, context.config.worker.device)?;
    let endpoint = match (endpoint, &context.config.blobs.public_url) {
        (Some(endpoint), _) => Some(endpoint),
        (None, Some(url)) => Some(self::endpoint(url).map_err(CliError::Usage)?),
        (None, None) => None,
    };
    let mut all = vec![calls::register(Terms { machine, reserve: reserve.0, capacity })];
    all.extend(hired.calls());
    all.extend(endpoint.map(calls::set_endpoint));
    let done = "registered: seats come once the change is applied, a few blocks from now";
    sent::send(context, calls::all(all), done).await
}

/// Asks for other terms, where there are some, and makes the calls beside that.
async fn update(
    context: &Context,
    machine: Option<Machine>,
    reserve: Option<Amount>,
    capacity: Option<u32>,
    beside: Vec<RuntimeCall>,
) -> Result<(), CliError> {
    let owner = context.account(None)?;
    let chain = context.chain().await?;
    let mut all = Vec::new();
    if machine.is_some() || reserve.is_some() || capacity.is_some() {
        let old = registered(&chain, &owner).await?.terms;
        all.push(calls::update(Terms {
            machine: machine.unwrap_or(old.machine),
            reserve: reserve.map_or(old.reserve, |reserve| reserve.0),
            capacity: capacity.unwrap_or(old.capacity),
        }));
    }
    all.extend(beside);
    if all.is_empty() {
        let problem = "nothing to change: name --machine, --reserve, --capacity, --endpoint or --worker";
        return Err(CliError::Usage(problem.into()));
    }
    let done = "asked for: in force once the change is applied";
    sent::send_to(context, &chain, calls::all(all), done).await
}

/// Refuses another worker while there are seats: what one key has committed to, no other can reveal.
async fn check_seats(context: &Context, worker: &AccountId) -> Result<(), CliError> {
    let owner = context.account(None)?;
    let chain = context.chain().await?;
    let at = chain.tip().await?.best.hash;
    let seats = chain.provider(at, &owner).await?.map_or(0, |provider| provider.open.len());
    let named = chain.ledger(at, &owner).await?.and_then(|ledger| ledger.worker);
    if seats == 0 || named.as_ref() == Some(worker) {
        return Ok(());
    }
    Err(CliError::Refused(format!(
        "open seats: {seats}, and another worker can't reveal what this one has committed to: first end them by \
         `assay worker drain --wait` where the worker runs, or pass --lose-seats"
    )))
}

async fn registered(chain: &Chain, owner: &AccountId) -> Result<Provider, CliError> {
    let at = chain.tip().await?.best.hash;
    chain.provider(at, owner).await?.ok_or_else(|| unknown(owner))
}

fn unknown(owner: &AccountId) -> CliError {
    let owner = owner.to_ss58check();
    CliError::Refused(format!("{owner} is no provider: `assay provider register` makes it one"))
}

async fn status(context: &Context, account: Option<AccountId>) -> Result<(), CliError> {
    let account = context.account(account)?;
    let chain = context.chain().await?;
    let at = chain.tip().await?.best.hash;
    // A worker's key tells of the provider it works for.
    let owner = chain.owner_of(at, &account).await?.unwrap_or(account);
    let provider = registered(&chain, &owner).await?;
    let ledger = chain.ledger(at, &owner).await?;
    let (worker, available) = match ledger {
        Some(ledger) => (ledger.worker, ledger.available),
        None => (None, 0),
    };
    let fees = match &worker {
        Some(worker) => Some(Amount(chain.account(at, worker).await?.free)),
        None => None,
    };
    let endpoint = chain.endpoint(at, &owner).await?;
    let shown = Shown { endpoint, ..Shown::new(owner, provider, worker, fees, Amount(available)) };
    context.output.value(&shown, || shown.text());
    Ok(())
}

/// What is shown of a provider.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    owner: AccountId,
    worker: Option<AccountId>,
    /// What the worker has for fees.
    worker_free: Option<Amount>,
    /// Where results are served.
    endpoint: Option<String>,
    machine: String,
    reserve: Amount,
    capacity: u32,
    /// Seats come while it is in play and has room.
    is_in_play: bool,
    is_silent: bool,
    jailed_until: Option<BlockNumber>,
    score: u32,
    stake: Amount,
    available: Amount,
    jobs: Vec<JobId>,
    pending: Option<&'static str>,
}

impl Shown {
    fn new(
        owner: AccountId,
        provider: Provider,
        worker: Option<AccountId>,
        worker_free: Option<Amount>,
        available: Amount,
    ) -> Self {
        Self {
            owner,
            worker,
            worker_free,
            endpoint: None,
            machine: number(provider.terms.machine),
            reserve: Amount(provider.terms.reserve),
            capacity: provider.terms.capacity,
            is_in_play: provider.in_play(),
            is_silent: provider.silent,
            jailed_until: match provider.state {
                State::Active => None,
                State::Jailed { until } => Some(until),
            },
            score: provider.score,
            stake: Amount(provider.stake),
            available,
            jobs: provider.open.to_vec(),
            pending: provider.pending.map(|pending| change(pending.change)),
        }
    }

    fn text(&self) -> String {
        let seats = format!("{} of {}", self.jobs.len(), self.capacity);
        let worker = match (&self.worker, self.worker_free) {
            (Some(worker), Some(free)) => format!("{}, {free} for fees", worker.to_ss58check()),
            _ => "the owner itself".into(),
        };
        fields(&[
            ("provider", self.owner.to_ss58check()),
            ("state", self.state()),
            ("worker", worker),
            ("endpoint", self.endpoint.clone().unwrap_or_else(|| "none: nobody finds its results".into())),
            ("machine", self.machine.clone()),
            ("reserve", format!("{} a unit", self.reserve)),
            ("seats", seats),
            ("score", self.score.to_string()),
            ("stake", format!("{}, {} can still be locked", self.stake, self.available)),
            ("waiting", self.pending.unwrap_or("nothing").into()),
        ])
    }

    fn state(&self) -> String {
        match self.jailed_until {
            Some(until) => format!("jailed until market block {until}: then `assay provider release`"),
            None if self.is_silent => {
                "silent after a missed seat: the worker's next sign of life ends it".into()
            }
            None if self.is_in_play => "in play".into(),
            None => "not in play".into(),
        }
    }
}

fn change(change: Change) -> &'static str {
    match change {
        Change::Terms(_) => "other terms",
        Change::Retire => "retirement",
        Change::Awake => "a sign of life",
        Change::Release => "release from jail",
        Change::Weight => "another weight",
    }
}

async fn list(context: &Context) -> Result<(), CliError> {
    let chain = context.chain().await?;
    let machines = chain.machines(chain.tip().await?.best.hash).await?;
    let rows: Vec<_> = machines.into_iter().map(Offered::from).collect();
    context.output.list("machines", &rows, || {
        let header = ["machine", "what it is", "price of a unit", "providers", "seats taken"];
        table(&header, &rows.iter().map(Offered::row).collect::<Vec<_>>())
    });
    Ok(())
}

/// What is shown of a machine.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Offered {
    machine: String,
    description: String,
    /// Bytes of memory that a job may take.
    job_memory: Option<u64>,
    enabled: bool,
    price: Amount,
    providers: u32,
    capacity: u64,
    busy: u64,
}

impl From<MachineState> for Offered {
    fn from(state: MachineState) -> Self {
        let MachineState { machine, entry, liquidity } = state;
        Self {
            machine: number(machine),
            description: String::from_utf8_lossy(&entry.description).into_owned(),
            job_memory: machine.job_memory(),
            enabled: entry.enabled,
            price: Amount(liquidity.price),
            providers: liquidity.providers,
            capacity: liquidity.capacity,
            busy: liquidity.busy,
        }
    }
}

impl Offered {
    fn row(&self) -> Vec<String> {
        let closed = if self.enabled { "" } else { " (closed)" };
        vec![
            self.machine.clone(),
            format!("{}{closed}", self.description),
            self.price.to_string(),
            self.providers.to_string(),
            format!("{} of {}", self.busy, self.capacity),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_are_two_numbers() {
        assert_eq!(machine("1:2"), Ok(Machine { hardware: 1, memory: 2 }));
        for text in ["", "1", "1:", "1:256", "gpu:80"] {
            assert!(machine(text).unwrap_err().contains("as in 0:1"), "{text}");
        }
    }

    #[test]
    fn a_worker_is_named_and_paid() {
        let named = |worker: Option<AccountId>, endow| -> Vec<String> {
            Hired { worker, endow: Amount(endow) }.calls().iter().map(calls::name).collect()
        };
        let worker = Some(AccountId::from([1; 32]));
        assert_eq!(named(worker.clone(), 5), ["Staking.set_worker", "Balances.transfer_keep_alive"]);
        assert_eq!(named(worker, 0), ["Staking.set_worker"]);
        assert!(named(None, 5).is_empty(), "nobody is paid");
    }

    #[test]
    fn endpoints_are_web_addresses_that_fit() {
        assert_eq!(endpoint("http://10.0.0.1:9630/").unwrap().to_vec(), b"http://10.0.0.1:9630");
        assert!(endpoint("ftp://example").unwrap_err().contains("http://"));
        assert!(endpoint(&format!("https://{}", "x".repeat(121))).unwrap_err().contains("129 bytes"));
    }
}
