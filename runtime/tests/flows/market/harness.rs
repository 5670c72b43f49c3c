//! A market in memory: providers, a requester, jobs, and books that are checked after each test.

use super::{
    answer::Answer,
    books::{Bill, Books},
    invariants, network,
    terms::Terms,
};
use crate::chain::{self, Chain};
use assay_primitives::{
    commitment, Balance, BlobRef, Conduct, Digest, Escrow, FaultKind, JobClass, JobId, JobSpec, Machine,
    MarketBlock, Policy, Role,
};
use assay_rules::{price::PriceRule, trace::Opening};
use assay_runtime::{configs::Treasury, genesis, AccountId, Runtime, RuntimeCall, System};
use pallet_assay_jobs::{NextJob, ReceiptOf};
use pallet_assay_providers::{Call as ProvidersCall, Description, MachineEntry, Pools, Provider, Providers};
use pallet_assay_verification::{Call, CaseOf, Cases, Phase, Place, Policies, Round, Stage};
use sp_core::sr25519::Pair;
use sp_runtime::{
    traits::BlockNumberProvider, transaction_validity::InvalidTransaction, DispatchError, DispatchResult,
    MultiAddress, Perbill,
};
use std::collections::{BTreeMap, BTreeSet};

/// How long no draw waits, in blocks.
const LONGEST_DRAW: u32 = 20;
/// How long after its post a usual job may wait for its first commit.
const PATIENCE: MarketBlock = 200;

/// The market that a test drives.
pub struct Market<'a> {
    chain: &'a mut Chain,
    in_block: bool,
    signers: BTreeMap<AccountId, Pair>,
    terms: BTreeMap<JobId, Terms>,
    unsettled: BTreeSet<JobId>,
    pub books: Books,
}

/// Runs `test` on a new market in which each job is audited, then checks its books.
pub fn on(test: impl FnOnce(&mut Market<'_>)) {
    under(network::policy(), test)
}

/// Runs `test` on a new market with this policy, then checks its books.
pub fn under(policy: Policy, test: impl FnOnce(&mut Market<'_>)) {
    chain::on_genesis(chain::without_issues(genesis::TEST), |chain| {
        let mut market = Market::found(chain, policy);
        test(&mut market);
        market.finish();
    })
}

/// The salt of a seat's commitment.
fn salt(seat: u8) -> Digest {
    [seat | 128; 32]
}

/// The beginning and the end.
impl<'a> Market<'a> {
    fn found(chain: &'a mut Chain, policy: Policy) -> Self {
        let pairs = network::names().map(network::pair);
        let mut market = Self {
            chain,
            in_block: false,
            signers: pairs.map(|pair| (sp_core::Pair::public(&pair).into(), pair)).collect(),
            terms: BTreeMap::new(),
            unsettled: BTreeSet::new(),
            books: Books::default(),
        };
        market.set_policy(policy);
        market.open_machine(network::MACHINE);
        market.endow();
        for name in network::PROVIDERS {
            market.enlist(name, network::MACHINE, network::CAPACITY, network::BOND);
        }
        market.apply_changes();
        let leaves = Pools::<Runtime>::get(network::MACHINE).map(|pool| pool.leaves);
        assert_eq!(leaves, Some(network::PROVIDERS.len() as u32), "all can be drawn");
        market.books = Books::begin();
        market
    }

    /// Accounts without money at genesis get some of Alice's.
    fn endow(&mut self) {
        let alice = network::account("Alice");
        for account in network::names().map(network::account) {
            if !System::account_exists(&account) {
                let (dest, value) = (MultiAddress::Id(account), network::ENDOWMENT);
                let transfer = pallet_balances::Call::transfer_keep_alive { dest, value };
                self.submit(&alice, RuntimeCall::Balances(transfer)).expect("Alice has as much");
            }
        }
    }

    /// All jobs have ended as the test said. Waits for slashes, and checks that nothing is left and nothing is missing.
    fn finish(&mut self) {
        self.close();
        assert!(self.unsettled.is_empty(), "the test says how each job ended");
        let window = pallet_assay_slashing::Params::<Runtime>::get().window;
        for _ in 0..=window {
            if pallet_assay_slashing::Pending::<Runtime>::iter_keys().next().is_some() {
                self.pass(1);
            }
        }
        invariants::check_nothing_is_left();
        self.books.check();
    }
}

/// Blocks and transactions.
impl Market<'_> {
    /// Opens a block, unless one is open.
    pub fn open(&mut self) {
        if !self.in_block {
            self.chain.open();
            self.in_block = true;
        }
    }

    /// Closes the block, if one is open.
    pub fn close(&mut self) {
        if self.in_block {
            self.chain.close();
            self.in_block = false;
            self.books.note(self.clock());
            invariants::check();
            invariants::check_locks();
        }
    }

    /// Makes blocks without transactions.
    pub fn pass(&mut self, blocks: u32) {
        self.close();
        for _ in 0..blocks {
            self.open();
            self.close();
        }
    }

    /// The block of the market clock.
    pub fn clock(&self) -> MarketBlock {
        pallet_clock::MarketClock::<Runtime>::current_block_number()
    }

    /// A transaction, in the open block or a new one: the next one where sessions change in it, which the stock session
    /// pallet declares to fill the block.
    pub fn submit(&mut self, signer: &AccountId, call: impl Into<RuntimeCall>) -> DispatchResult {
        self.open();
        let pair = self.signers.get(signer).expect("an account of this network").clone();
        let call = call.into();
        self.chain.submit(pair.clone(), call.clone()).unwrap_or_else(|invalid| {
            assert_eq!(invalid, InvalidTransaction::ExhaustsResources.into(), "the transaction is valid");
            self.pass(1);
            self.open();
            self.chain.submit(pair, call).expect("the transaction is valid")
        })
    }

    /// A transaction that is refused.
    pub fn refused(
        &mut self,
        signer: &AccountId,
        call: impl Into<RuntimeCall>,
        error: impl Into<DispatchError>,
    ) {
        assert_eq!(self.submit(signer, call), Err(error.into()));
    }

    /// A call by root.
    pub fn root(&mut self, call: impl Into<RuntimeCall>) {
        self.open();
        self.chain.root(call.into());
    }

    /// From now on jobs are posted under this policy.
    pub fn set_policy(&mut self, policy: Policy) {
        let class = JobClass::ExactV1;
        self.root(Call::<Runtime>::set_policy { class, policy });
        assert_eq!(Policies::<Runtime>::get(class).map(|(_, set)| set), Some(policy));
    }
}

/// Providers.
impl Market<'_> {
    /// Puts a machine on the lists whose price never moves.
    pub fn open_machine(&mut self, machine: Machine) {
        let percent = Perbill::from_percent;
        let (floor, ceiling) = (network::PRICE, network::PRICE);
        let price = PriceRule { floor, ceiling, low: percent(40), high: percent(60), step: percent(1) };
        let description: Description = b"a machine of tests".to_vec().try_into().expect("a short text");
        let entry = MachineEntry { description, price, enabled: true };
        self.root(ProvidersCall::<Runtime>::set_machine { machine, entry });
    }

    /// An account bonds and offers a machine, for whatever it costs.
    pub fn enlist(&mut self, name: &str, machine: Machine, capacity: u32, bond: Balance) {
        let owner = network::account(name);
        let bond = pallet_assay_staking::Call::<Runtime>::bond { role: Role::Provider, amount: bond };
        self.submit(&owner, bond).expect("it has as much");
        let register = ProvidersCall::<Runtime>::register { machine, reserve: 0, capacity };
        self.submit(&owner, register).expect("sound terms");
    }

    /// Makes as many blocks as it takes until changes of providers are applied, where no draw is due.
    pub fn apply_changes(&mut self) {
        let delay = pallet_assay_providers::Params::<Runtime>::get().change_delay;
        self.pass(delay + 1);
    }

    /// Who has, or had, a seat.
    pub fn owner(&self, job: JobId, seat: u8) -> AccountId {
        self.books.owner(job, seat)
    }

    /// What is known of the provider of a seat.
    pub fn provider(&self, job: JobId, seat: u8) -> Provider {
        Providers::<Runtime>::get(self.owner(job, seat)).expect("nobody retires here")
    }
}

/// Jobs.
impl Market<'_> {
    /// A usual job, posted now.
    pub fn spec(&self) -> JobSpec {
        JobSpec {
            class: JobClass::ExactV1,
            program: [1; 32],
            program_blob: BlobRef { blake3: [2; 32], size: 1_000 },
            input: [3; 32],
            input_blob: BlobRef { blake3: [4; 32], size: 1_000 },
            output_bytes: 64,
            seed: [5; 32],
            units: network::UNITS,
            machine: network::MACHINE,
            price_cap: network::CAP,
            deadline: self.clock() + PATIENCE,
            listing: None,
        }
    }

    /// Posts a usual job.
    pub fn post(&mut self) -> JobId {
        self.post_spec(self.spec())
    }

    /// Posts a job.
    pub fn post_spec(&mut self, spec: JobSpec) -> JobId {
        let job = NextJob::<Runtime>::get();
        self.submit(&self.requester(), post_call(spec)).expect("a sound specification");
        let listed = spec.listing.and_then(|listed| {
            pallet_assay_registry::Versions::<Runtime>::get(listed.listing, listed.version)
        });
        let royalty = listed.map_or(Perbill::zero(), |version| version.royalty);
        let (_, policy) = Policies::<Runtime>::get(spec.class).expect("there is a policy");
        let terms = Terms::new(&spec, network::PRICE, policy, royalty);
        assert_eq!(<assay_runtime::Escrow as Escrow<AccountId>>::held(job), terms.hold(), "what is on hold");
        self.terms.insert(job, terms);
        self.unsettled.insert(job);
        job
    }

    /// Who posts jobs.
    pub fn requester(&self) -> AccountId {
        network::account(network::REQUESTER)
    }

    /// The terms of a job that was posted.
    pub fn terms(&self, job: JobId) -> Terms {
        self.terms[&job]
    }

    /// A job that is being verified.
    pub fn case(&self, job: JobId) -> CaseOf<Runtime> {
        Cases::<Runtime>::get(job).expect("the job is being verified")
    }

    /// Where it is.
    pub fn phase(&self, job: JobId) -> Phase {
        self.case(job).phase
    }

    /// How far each of its seats has come.
    pub fn stages(&self, job: JobId) -> Vec<Stage> {
        self.case(job).seats.iter().map(|seat| seat.stage).collect()
    }

    /// The job has ended by this bill. Gives its receipt.
    pub fn settled(&mut self, bill: Bill) -> ReceiptOf<Runtime> {
        self.close();
        assert!(self.unsettled.remove(&bill.job), "a job that was posted, and ends once");
        let receipt = assay_runtime::Jobs::receipt(bill.job).expect("the job has ended");
        let (terms, paid) = (self.terms(bill.job), bill.paid());
        let lost = if bill.bond_lost { terms.bond() - paid } else { 0 };
        let treasury = terms.fee() / 2;
        let burnt = terms.fee() - treasury + lost + bill.forfeit;
        let refunded = terms.hold() - paid - burnt - treasury;
        assert_eq!(receipt.outcome, bill.outcome);
        let legs = (receipt.paid, receipt.burnt, receipt.treasury, receipt.refunded);
        assert_eq!(legs, (paid, burnt, treasury, refunded), "paid, burnt, to the treasury, refunded");
        self.books.settle(&bill, &self.requester(), (Treasury::get(), treasury), burnt);
        receipt
    }

    /// Each of these seats should lose what the fault costs.
    pub fn slashed(&mut self, job: JobId, seats: &[u8], kind: FaultKind) {
        let amount = self.terms(job).cost(kind);
        for seat in seats {
            self.books.charge(self.owner(job, *seat), kind, amount);
        }
    }

    /// What each seat has left a job with.
    pub fn conducts(&mut self, job: JobId) -> Vec<Conduct> {
        self.close();
        self.books.conducts(job)
    }
}

/// A call that posts a job.
pub fn post_call(spec: JobSpec) -> pallet_assay_jobs::Call<Runtime> {
    pallet_assay_jobs::Call::post { spec: Box::new(spec), source: None }
}

/// Draws, seats, rounds.
impl Market<'_> {
    /// Makes blocks until no draw of the job is due.
    pub fn draw(&mut self, job: JobId) {
        self.close();
        for _ in 0..LONGEST_DRAW {
            if !Cases::<Runtime>::get(job).is_some_and(|case| case.awaits_draw()) {
                return;
            }
            self.pass(1);
        }
        panic!("a draw of job {job} does not run");
    }

    /// Makes blocks until what ends next by itself in a job has ended: a time to commit, to reveal, the job's own.
    pub fn lapse(&mut self, job: JobId) {
        self.close();
        let end = self.case(job).next_deadline().expect("something ends by itself");
        // The clock stands still in blocks where sessions end.
        for _ in 0..2 * (end - self.clock()) {
            if self.clock() < end {
                self.pass(1);
            }
        }
        assert_eq!(self.clock(), end, "the clock goes");
    }

    /// The seats that sit in a round, slot by slot.
    pub fn sitting(&self, job: JobId, round: Round) -> Vec<u8> {
        let seat = |place| match place {
            Place::Taken { seat } => seat,
            Place::Vacant { .. } => panic!("a slot of job {job} is vacant"),
        };
        let case = self.case(job);
        case.slots.iter().filter(|slot| slot.round == round).map(|slot| seat(slot.place)).collect()
    }

    /// What commits a seat to an answer.
    pub fn commit_call(&self, job: JobId, seat: u8, answer: &Answer) -> Call<Runtime> {
        let (genesis, case) = (System::block_hash(0), self.case(job));
        let (spec, owner) = (case.order.spec, &case.seats[usize::from(seat)].owner);
        let (claim, salt) = (answer.claim(), salt(seat));
        let commitment = commitment(genesis.as_fixed_bytes(), job, &spec, seat.into(), owner, &claim, &salt);
        Call::commit { job, seat, spec, commitment }
    }

    /// What reveals a seat's answer, with leaves of its trace where they were drawn.
    pub fn reveal_call(&self, job: JobId, seat: u8, answer: &Answer) -> Call<Runtime> {
        let opening = match self.phase(job) {
            Phase::Opening { leaves, .. } => answer.opening(&leaves, seat),
            _ => None,
        };
        reveal_with(job, seat, answer, opening)
    }

    /// A seat commits.
    pub fn commit(&mut self, job: JobId, seat: u8, answer: &Answer) {
        let call = self.commit_call(job, seat, answer);
        self.submit(&self.owner(job, seat), call).expect("the seat has to commit");
    }

    /// A seat reveals.
    pub fn reveal(&mut self, job: JobId, seat: u8, answer: &Answer) {
        let call = self.reveal_call(job, seat, answer);
        self.submit(&self.owner(job, seat), call).expect("the seat has to reveal");
    }

    /// A seat declines.
    pub fn decline(&mut self, job: JobId, seat: u8) {
        let spec = self.case(job).order.spec;
        self.submit(&self.owner(job, seat), Call::<Runtime>::decline { job, seat, spec })
            .expect("the seat may decline");
    }

    /// Waits for the draw, then the seats of a round commit, slot by slot.
    pub fn seal(&mut self, job: JobId, round: Round, answers: &[&Answer]) {
        self.draw(job);
        let seats = self.sitting(job, round);
        assert_eq!(seats.len(), answers.len(), "seats of {round:?}");
        for (seat, answer) in seats.into_iter().zip(answers) {
            self.commit(job, seat, answer);
        }
    }

    /// Waits for the draw, then the seats of a round reveal, slot by slot.
    pub fn show(&mut self, job: JobId, round: Round, answers: &[&Answer]) {
        self.draw(job);
        let seats = self.sitting(job, round);
        assert_eq!(seats.len(), answers.len(), "seats of {round:?}");
        for (seat, answer) in seats.into_iter().zip(answers) {
            self.reveal(job, seat, answer);
        }
    }

    /// The first seats commit, and the audit's if the lot falls on one.
    pub fn seal_first(&mut self, job: JobId, first: [&Answer; 2], audit: Option<&Answer>) {
        self.seal(job, Round::First, &first);
        self.draw(job);
        assert_eq!(self.case(job).audited, audit.is_some(), "whether the lot fell on an audit");
        if let Some(audit) = audit {
            self.seal(job, Round::Audit, &[audit]);
        }
    }

    /// The first seats, and the audit's if the lot falls on one, commit and reveal.
    pub fn play_first(&mut self, job: JobId, first: [&Answer; 2], audit: Option<&Answer>) {
        self.seal_first(job, first, audit);
        // The last of them ends the round.
        let audit: Vec<(u8, &Answer)> = self.sitting(job, Round::Audit).into_iter().zip(audit).collect();
        self.show(job, Round::First, &first);
        for (seat, answer) in audit {
            self.reveal(job, seat, answer);
        }
    }

    /// The fresh seats commit and reveal.
    pub fn play_fresh(&mut self, job: JobId, answers: &[&Answer]) {
        self.seal(job, Round::Fresh, answers);
        self.show(job, Round::Fresh, answers);
    }
}

/// What reveals a seat's answer, with these leaves of its trace.
pub fn reveal_with(job: JobId, seat: u8, answer: &Answer, opening: Option<Opening>) -> Call<Runtime> {
    let (claim, salt, output) = (answer.claim(), salt(seat), answer.output());
    Call::reveal { job, seat, claim, salt, output, opening }
}
