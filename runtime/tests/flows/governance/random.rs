//! Votes, delegations, locks, transfers, bonds, escrow, vesting and deposits together, in random order on the whole
//! chain. After each of them nobody votes with more than it has, escrow apart; what is locked is there; and each tally is
//! what its voters have, once. The seed is fixed; `ASSAY_OPERATIONS` asks for four times as many operations as it makes.

use super::ballots::{inline, ongoing, remark, root, votes_of, MILLION};
use crate::chain::{self, transfer, Chain};
use assay_primitives::{
    mock::{operations, Random},
    Escrow as EscrowOf, JobId, Role, Settlement,
};
use assay_runtime::{
    configs::Tracks, genesis, token::ASY, AccountId, Balance, Balances, Escrow, OriginCaller, Runtime,
    RuntimeCall,
};
use frame_support::traits::schedule::DispatchTime;
use pallet_assay_dao::{DaoOrigin, CURATOR, EMERGENCY_STOP, ROOT, SMALL_SPENDER};
use pallet_assay_staking::Call as Staking;
use pallet_conviction_voting::{
    AccountVote, Call as Voting, ClassLocksFor, Conviction, Vote, Voting as Doing, VotingFor,
};
use pallet_referenda::{Call as Referenda, ReferendumCount, TracksInfo};
use pallet_vesting::{Call as Vesting, VestingInfo};
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave, Eve, Ferdie, One, Two};
use sp_runtime::{
    traits::BlockNumberProvider,
    transaction_validity::{InvalidTransaction, TransactionValidityError},
    DispatchResult, MultiAddress,
};
use std::collections::BTreeMap;

const SEED: u64 = 9;
const PEOPLE: [Sr25519Keyring; 8] = [Alice, Bob, Charlie, Dave, Eve, Ferdie, One, Two];
/// Tracks that are voted on here.
const TRACKS: [u16; 4] = [ROOT, CURATOR, SMALL_SPENDER, EMERGENCY_STOP];
/// The lock of votes.
const LOCK: [u8; 8] = *b"pyconvot";
const ROLE: Role = Role::Provider;
/// The most referenda, and escrows, that are open at once.
const MOST: usize = 12;
/// One more than a block has at most.
const A_BLOCK: u64 = 9;
/// Operations after which what has changed is committed.
const COMMITTED_EVERY: u32 = 50;

const CALLS: &[&str] = &[
    "propose",
    "deposit",
    "refund",
    "vote",
    "take back",
    "take back another's",
    "delegate",
    "undelegate",
    "unlock",
    "transfer",
    "transfer all",
    "bond",
    "bond extra",
    "unbond",
    "withdraw",
    "escrow",
    "settle",
    "give to vest",
    "vest",
];

/// What came of a call; `None` where there was nothing to call, or no transaction.
type Outcome = Option<DispatchResult>;

/// An account in one class: what it votes with, and for whom.
struct Part {
    who: AccountId,
    class: u16,
    doing: pallet_conviction_voting::VotingOf<Runtime>,
}

struct World {
    chain: Chain,
    random: Random,
    done: u32,
    calls: BTreeMap<&'static str, (u32, u32)>,
    /// The referenda that go on, and their tracks.
    open: Vec<(u32, u16)>,
    /// The escrows that are open, and what is in them.
    escrows: BTreeMap<JobId, Balance>,
    jobs: JobId,
}

/// Choices.
impl World {
    fn somebody(&mut self) -> Sr25519Keyring {
        self.random.pick(&PEOPLE).expect("there are people")
    }

    fn track(&mut self) -> u16 {
        self.random.pick(&TRACKS).expect("there are tracks")
    }

    /// A part of an amount, now and then more than all of it.
    fn part(&mut self, of: Balance) -> Balance {
        of / 100 * Balance::from(self.random.below(111))
    }

    fn conviction(&mut self) -> Conviction {
        let all = [Conviction::None, Conviction::None, Conviction::Locked1x, Conviction::Locked2x];
        self.random.pick(&all).expect("there are some")
    }

    fn referendum(&mut self) -> Option<(u32, u16)> {
        self.open.retain(|(index, _)| ongoing(*index).is_some());
        let open = self.open.clone();
        self.random.pick(&open)
    }
}

/// Referenda and votes.
impl World {
    fn submit(&mut self, who: Sr25519Keyring, call: impl Into<RuntimeCall>) -> Outcome {
        match self.chain.submit(who, call.into()) {
            Ok(outcome) => Some(outcome),
            // No room where sessions change, or all that the account has is locked.
            Err(TransactionValidityError::Invalid(
                InvalidTransaction::ExhaustsResources | InvalidTransaction::Payment,
            )) => None,
            Err(invalid) => panic!("{invalid:?}"),
        }
    }

    fn propose(&mut self) -> Outcome {
        self.referendum();
        if self.open.len() >= MOST {
            return None;
        }
        let (who, track, index) = (self.somebody(), self.track(), ReferendumCount::<Runtime>::get());
        let outcome = self.submit(
            who,
            Referenda::<Runtime>::submit {
                proposal_origin: Box::new(origin(track)),
                proposal: inline(&remark()),
                enactment_moment: DispatchTime::After(0),
            },
        )?;
        if outcome.is_ok() {
            self.open.push((index, track));
        }
        Some(outcome)
    }

    fn deposit(&mut self) -> Outcome {
        let ((index, _), who) = (self.referendum()?, self.somebody());
        self.submit(who, Referenda::<Runtime>::place_decision_deposit { index })
    }

    fn refund(&mut self) -> Outcome {
        let index = self.random.below(u64::from(ReferendumCount::<Runtime>::get().max(1))) as u32;
        let who = self.somebody();
        if self.random.once_in(2) {
            self.submit(who, Referenda::<Runtime>::refund_submission_deposit { index })
        } else {
            self.submit(who, Referenda::<Runtime>::refund_decision_deposit { index })
        }
    }

    fn vote(&mut self) -> Outcome {
        let ((poll_index, _), who) = (self.referendum()?, self.somebody());
        let balance = self.part(votes_of(who));
        let vote = match self.random.below(5) {
            0 => AccountVote::Split { aye: balance / 3, nay: balance - balance / 3 },
            1 => AccountVote::SplitAbstain { aye: balance / 4, nay: balance / 4, abstain: balance / 2 },
            _ => {
                let (aye, conviction) = (!self.random.once_in(3), self.conviction());
                AccountVote::Standard { vote: Vote { aye, conviction }, balance }
            }
        };
        self.submit(who, Voting::<Runtime>::vote { poll_index, vote })
    }

    /// Takes back a vote on any referendum, ended or not, of somebody who has voted.
    fn take_back(&mut self, by_another: bool) -> Outcome {
        let (who, class) = (self.somebody(), self.track());
        let Doing::Casting(casting) = VotingFor::<Runtime>::get(who.to_account_id(), class) else {
            return None;
        };
        let (index, _) = self.random.pick(&casting.votes)?;
        if by_another {
            let (another, target) = (self.somebody(), who.to_account_id().into());
            return self.submit(another, Voting::<Runtime>::remove_other_vote { target, class, index });
        }
        self.submit(who, Voting::<Runtime>::remove_vote { class: Some(class), index })
    }

    fn delegate(&mut self) -> Outcome {
        let (who, class, to) = (self.somebody(), self.track(), self.somebody().to_account_id().into());
        let (conviction, balance) = (self.conviction(), self.part(votes_of(who)));
        self.submit(who, Voting::<Runtime>::delegate { class, to, conviction, balance })
    }

    fn undelegate(&mut self) -> Outcome {
        let (who, class) = (self.somebody(), self.track());
        self.submit(who, Voting::<Runtime>::undelegate { class })
    }

    fn unlock(&mut self) -> Outcome {
        let (who, class, target) = (self.somebody(), self.track(), self.somebody().to_account_id().into());
        self.submit(who, Voting::<Runtime>::unlock { class, target })
    }
}

fn origin(track: u16) -> OriginCaller {
    let speaker = DaoOrigin::ALL.into_iter().find(|speaker| speaker.track() == track);
    speaker.map_or_else(root, OriginCaller::Dao)
}

/// Money.
impl World {
    fn transfer(&mut self) -> Outcome {
        let (from, to) = (self.somebody(), self.somebody());
        let value = self.part(chain::free(from));
        self.submit(from, transfer(to, value))
    }

    fn transfer_all(&mut self) -> Outcome {
        let (from, to) = (self.somebody(), self.somebody());
        let dest = MultiAddress::Id(to.to_account_id());
        let keep_alive = true;
        self.submit(from, pallet_balances::Call::<Runtime>::transfer_all { dest, keep_alive })
    }

    fn bond(&mut self) -> (&'static str, Outcome) {
        let (who, role) = (self.somebody(), ROLE);
        let amount = self.part(chain::free(who));
        match self.random.below(4) {
            0 => ("bond", self.submit(who, Staking::<Runtime>::bond { role, amount })),
            1 => ("bond extra", self.submit(who, Staking::<Runtime>::bond_extra { role, amount })),
            2 => {
                let ledger = pallet_assay_staking::Ledgers::<Runtime>::get(who.to_account_id());
                let active = ledger.map_or(0, |ledger| ledger.provider.active);
                let amount = if self.random.once_in(2) { active } else { self.part(active) };
                ("unbond", self.submit(who, Staking::<Runtime>::unbond { role, amount }))
            }
            _ => ("withdraw", self.submit(who, Staking::<Runtime>::withdraw { role })),
        }
    }

    /// As a job does when it is posted.
    fn escrow(&mut self) -> Outcome {
        if self.escrows.len() >= MOST {
            return None;
        }
        let (who, job) = (self.somebody(), self.jobs);
        let amount = self.part(chain::free(who));
        let expires = pallet_clock::MarketClock::<Runtime>::current_block_number() + 1_000_000;
        let outcome = <Escrow as EscrowOf<AccountId>>::open(job, &who.to_account_id(), amount, expires);
        if outcome.is_ok() {
            self.jobs += 1;
            self.escrows.insert(job, amount);
        }
        Some(outcome)
    }

    /// As a job does when it ends: providers, who may be the requester's own, get a part, the rest goes back.
    fn settle(&mut self) -> Outcome {
        let jobs: Vec<JobId> = self.escrows.keys().copied().collect();
        let job = self.random.pick(&jobs)?;
        let amount = self.escrows.remove(&job)?;
        let payouts = vec![
            (self.somebody().to_account_id(), amount / 100 * Balance::from(self.random.below(51))),
            (self.somebody().to_account_id(), amount / 100 * Balance::from(self.random.below(49))),
        ];
        let settlement = Settlement { payouts, burnt: amount / 100, treasury: 0 };
        <Escrow as EscrowOf<AccountId>>::settle(job, settlement);
        Some(Ok(()))
    }

    fn give_to_vest(&mut self) -> Outcome {
        let (from, to) = (self.somebody(), self.somebody());
        let target = MultiAddress::Id(to.to_account_id());
        let schedule = VestingInfo::new(1_000 * ASY, 10 * ASY, self.random.below(2_000) as u32);
        self.submit(from, Vesting::<Runtime>::vested_transfer { target, schedule })
    }

    fn vest(&mut self) -> Outcome {
        let who = self.somebody();
        self.submit(who, Vesting::<Runtime>::vest {})
    }
}

/// What must hold after each operation.
impl World {
    fn parts() -> Vec<Part> {
        let classes = <Tracks as TracksInfo<Balance, u32>>::track_ids().collect::<Vec<_>>();
        let people =
            PEOPLE.iter().flat_map(|who| classes.iter().map(move |class| (who.to_account_id(), *class)));
        let part = |(who, class): (AccountId, u16)| {
            let doing = VotingFor::<Runtime>::get(&who, class);
            Part { who, class, doing }
        };
        people.map(part).collect()
    }

    fn check(&mut self) {
        self.open.retain(|(index, _)| ongoing(*index).is_some());
        let parts = Self::parts();
        for who in PEOPLE {
            self.check_account(who, &parts);
        }
        for (index, class) in &self.open {
            check_tally(*index, *class, &parts);
        }
    }

    fn check_account(&self, who: Sr25519Keyring, parts: &[Part]) {
        let account = who.to_account_id();
        let own: Vec<&Part> = parts.iter().filter(|part| part.who == account).collect();
        let used = own.iter().map(|part| self.used(part)).max().unwrap_or_default();
        let has = votes_of(who);
        assert!(used <= has, "{who:?} votes with {used} and has {has}");

        let classes = ClassLocksFor::<Runtime>::get(&account);
        let locked = classes.iter().map(|(_, amount)| *amount).max().unwrap_or_default();
        assert!(used <= locked, "{who:?} votes with {used}, of which {locked} is locked");
        assert!(locked <= has, "{locked} is locked of the {has} that {who:?} has");
        let escrowed = Escrow::total(account.clone());
        let expected = if locked == 0 { 0 } else { locked + escrowed };
        let locks = Balances::locks(&account);
        let lock = locks.iter().find(|lock| lock.id == LOCK).map_or(0, |lock| lock.amount);
        assert_eq!(lock, expected, "the lock of {who:?}, with {escrowed} in escrow");

        for part in own {
            let received = match &part.doing {
                Doing::Casting(casting) => casting.delegations,
                Doing::Delegating(delegating) => delegating.delegations,
            };
            let given = parts.iter().filter_map(|giver| match &giver.doing {
                Doing::Delegating(delegating)
                    if delegating.target == account && giver.class == part.class =>
                {
                    Some(delegating.balance)
                }
                _ => None,
            });
            assert_eq!(received.capital, given.sum::<Balance>(), "what {who:?} votes for others with");
        }
    }

    /// What an account votes with in a class, by itself or by somebody else.
    fn used(&self, part: &Part) -> Balance {
        match &part.doing {
            Doing::Casting(casting) => {
                let goes_on = |index: &u32| self.open.iter().any(|(open, _)| open == index);
                let ongoing = casting.votes.iter().filter(|(index, _)| goes_on(index));
                ongoing.map(|(_, vote)| vote.balance()).max().unwrap_or_default()
            }
            Doing::Delegating(delegating) => delegating.balance,
        }
    }
}

/// A tally is the sum of what each of its voters has given, and what others have given to those: all of it there, and each
/// token once.
fn check_tally(index: u32, class: u16, parts: &[Part]) {
    let (mut ayes, mut nays, mut support, mut turnout) = (0, 0, 0, 0);
    for part in parts.iter().filter(|part| part.class == class) {
        let Doing::Casting(casting) = &part.doing else { continue };
        let Some((_, vote)) = casting.votes.iter().find(|(poll, _)| *poll == index) else { continue };
        turnout += vote.balance();
        match *vote {
            AccountVote::Standard { vote, balance } => {
                let (own, given) = (vote.conviction.votes(balance), casting.delegations);
                turnout += given.capital;
                if vote.aye {
                    ayes += own.votes + given.votes;
                    support += balance + given.capital;
                } else {
                    nays += own.votes + given.votes;
                }
            }
            AccountVote::Split { aye, nay } => {
                ayes += aye / 10;
                nays += nay / 10;
                support += aye;
            }
            AccountVote::SplitAbstain { aye, nay, abstain } => {
                ayes += aye / 10;
                nays += nay / 10;
                support += aye + abstain;
            }
        }
    }
    let tally = super::ballots::tally(index);
    assert_eq!((tally.ayes, tally.nays, tally.support), (ayes, nays, support), "referendum {index}");
    let all = Balances::total_issuance();
    assert!(turnout <= all, "{turnout} have voted on referendum {index}, and there are {all}");
}

/// What happens in a block.
impl World {
    fn operate(&mut self) -> (&'static str, Outcome) {
        match self.random.below(100) {
            0..=5 => ("propose", self.propose()),
            6..=9 => ("deposit", self.deposit()),
            10..=11 => ("refund", self.refund()),
            12..=31 => ("vote", self.vote()),
            32..=37 => ("take back", self.take_back(false)),
            38..=39 => ("take back another's", self.take_back(true)),
            40..=45 => ("delegate", self.delegate()),
            46..=49 => ("undelegate", self.undelegate()),
            50..=57 => ("unlock", self.unlock()),
            58..=67 => ("transfer", self.transfer()),
            68..=71 => ("transfer all", self.transfer_all()),
            72..=79 => self.bond(),
            80..=88 => ("escrow", self.escrow()),
            89..=95 => ("settle", self.settle()),
            96..=97 => ("give to vest", self.give_to_vest()),
            _ => ("vest", self.vest()),
        }
    }

    /// Goes on until so many more operations were done or refused.
    fn go_on(&mut self, operations: u32) {
        let until = self.done + operations;
        while self.done < until {
            self.chain.open();
            for _ in 0..self.random.below(A_BLOCK) {
                let (name, outcome) = self.operate();
                let Some(outcome) = outcome else { continue };
                self.done += 1;
                let (done, refused) = self.calls.entry(name).or_default();
                *(if outcome.is_ok() { done } else { refused }) += 1;
                self.check();
            }
            self.chain.close();
        }
    }

    /// All jobs end. Then the invariants of every pallet hold, too.
    fn end(&mut self) {
        self.chain.open();
        while self.settle().is_some() {
            self.check();
        }
        self.chain.close();
        chain::check();
        assert!(
            PEOPLE.into_iter().map(votes_of).sum::<Balance>() > 100 * MILLION,
            "they have something left"
        );
    }

    fn check_coverage(&self, operations: u32) {
        println!("{} operations: {:#?}", self.done, self.calls);
        for name in CALLS {
            let (done, _) = self.calls.get(name).copied().unwrap_or_default();
            assert!(done > operations / 2_000, "'{name}' was done {done} times");
        }
        let refused = |name: &str| self.calls.get(name).map_or(0, |(_, refused)| *refused);
        for name in ["vote", "delegate", "transfer", "escrow"] {
            assert!(refused(name) > operations / 2_000, "'{name}' never met a limit");
        }
    }
}

#[test]
fn nobody_votes_with_what_it_has_not_and_no_token_votes_twice() {
    let operations = operations() / 4;
    let preset = genesis::preset(genesis::TEST).expect("the preset exists");
    let (mut state, chain) = chain::found(preset);
    let mut world = World {
        chain,
        random: Random(SEED),
        done: 0,
        calls: BTreeMap::new(),
        open: vec![],
        escrows: BTreeMap::new(),
        jobs: 1_000_000,
    };
    while world.done < operations {
        state.commit_all().expect("no transaction is open");
        state.execute_with(|| world.go_on(COMMITTED_EVERY));
    }
    state.commit_all().expect("no transaction is open");
    state.execute_with(|| world.end());
    world.check_coverage(operations);
}
