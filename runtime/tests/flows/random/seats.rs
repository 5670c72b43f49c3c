//! What providers do in their seats: most compute, some lie, hide, sleep or decline; of some jobs, all do the same.

use super::World;
use crate::market::answer::Answer;
use assay_primitives::{commitment, mock::Random, Digest, JobId};
use assay_runtime::{AccountId, Runtime, System};
use pallet_assay_staking::Ledgers;
use pallet_assay_verification::{Call, CaseOf, Cases, Phase, Seat, Stage};

/// What liars say who lie together.
const LIE: u8 = 255;

/// What the provider of a seat is up to.
enum Mood {
    /// It commits, and reveals.
    Answers(Answer),
    /// It commits, and does not reveal.
    Hides(Answer),
    /// It can't get the input, or says so.
    Declines,
    /// It does nothing.
    Sleeps,
}

/// The same whenever it is asked: so nobody has to remember what a seat has sealed.
fn mood(job: JobId, seat: u8) -> Mood {
    let truth = Answer::run((job % 100) as u8);
    match (job % 20, Random(job * 256 + JobId::from(seat)).below(30)) {
        // Nobody gets the input, nobody shows up, no two find the same, the units are others.
        (0, _) => Mood::Declines,
        (1, _) => Mood::Sleeps,
        (2, _) => Mood::Answers(Answer::run(100 + seat)),
        (3, _) => Mood::Answers(Answer::Misdeclared { units: 1_000 }),
        (_, 0 | 1) => Mood::Answers(Answer::run(LIE)),
        (_, 2) => Mood::Hides(truth),
        (_, 3) => Mood::Sleeps,
        (_, 4) => Mood::Declines,
        _ => Mood::Answers(truth),
    }
}

fn salt(seat: u8) -> Digest {
    [seat | 128; 32]
}

fn commit(job: JobId, case: &CaseOf<Runtime>, seat: u8, owner: &AccountId, answer: &Answer) -> Call<Runtime> {
    let (genesis, spec) = (System::block_hash(0), case.order.spec);
    let (claim, salt) = (answer.claim(), salt(seat));
    let commitment = commitment(genesis.as_fixed_bytes(), job, &spec, seat.into(), owner, &claim, &salt);
    Call::commit { job, seat, spec, commitment }
}

fn reveal(job: JobId, case: &CaseOf<Runtime>, seat: u8, answer: &Answer) -> Call<Runtime> {
    let opening = match case.phase {
        Phase::Opening { leaves, .. } => answer.opening(&leaves, seat),
        _ => None,
    };
    let (claim, salt) = (answer.claim(), salt(seat));
    Call::reveal { job, seat, claim, salt, output: None, opening }
}

impl World {
    /// Of the seats that have something to do, each does it with an even chance.
    pub fn seats_act(&mut self) {
        let mut seats = Vec::new();
        for (job, case) in Cases::<Runtime>::iter() {
            let may_act = |seat: &Seat<AccountId>| match seat.stage {
                Stage::Assigned => true,
                Stage::Committed(_) => case.reveals_until().is_some(),
                _ => false,
            };
            seats.extend(case.seats_where(may_act).into_iter().map(|seat| (job, seat)));
        }
        for (job, seat) in seats {
            if self.random.once_in(2) {
                self.act(job, seat);
            }
        }
    }

    fn act(&mut self, job: JobId, index: u8) {
        // Another seat may have ended the job in this block.
        let Some(case) = Cases::<Runtime>::get(job) else { return };
        let Some(Seat { owner, stage, .. }) = case.seat(index) else { return };
        let (name, call) = match (stage, mood(job, index)) {
            (Stage::Assigned, Mood::Answers(answer) | Mood::Hides(answer)) => {
                ("commit", commit(job, &case, index, owner, &answer))
            }
            (Stage::Assigned, Mood::Declines) => {
                ("decline", Call::decline { job, seat: index, spec: case.order.spec })
            }
            (Stage::Committed(_), Mood::Answers(answer)) if case.reveals_until().is_some() => {
                ("reveal", reveal(job, &case, index, &answer))
            }
            _ => return,
        };
        let signer = self.hand_of(owner);
        let outcome = self.submit(&signer, call);
        self.note(name, outcome);
    }

    /// Who signs for an owner: itself, or as often its worker, if it has one.
    pub fn hand_of(&mut self, owner: &AccountId) -> AccountId {
        let worker = Ledgers::<Runtime>::get(owner).and_then(|ledger| ledger.worker);
        let itself = self.random.once_in(2);
        worker.filter(|_| !itself).unwrap_or_else(|| owner.clone())
    }
}
