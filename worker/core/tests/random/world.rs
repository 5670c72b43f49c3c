//! A chain that reorganises and whose finality lags, machines that fail: what is lost, and that an able worker loses
//! nothing.

use std::collections::VecDeque;

use assay_core::{Action, Call, Event, Now, Phase, Seal, Seat, Seen, Stage, Standing};
use proptest::prelude::*;

use crate::seeded;

const SEAL: Seal = Seal { commitment: [7; 32], computed: true };
const COMMIT_BY: u32 = 40;
const REVEAL_BLOCKS: u32 = 20;
const LEAVES: [u8; 32] = [9; 32];
/// Blocks in which a worker that begins anew can reveal: it fetches, runs, opens leaves, and waits for half of them.
const TIME_TO_COMPUTE: u32 = 12;

/// A block of the one job there is.
#[derive(Clone, Copy, Debug)]
struct Block {
    stage: Stage,
    missed: bool,
    phase: Phase,
    ended: Option<bool>,
}

/// What chance does to a tick.
#[derive(Clone, Copy, Debug)]
struct Tick {
    /// So many blocks are replaced.
    reorg: usize,
    /// So many more blocks become final.
    finalised: usize,
    /// Whether tasks and transactions that end now fail.
    fails: bool,
    /// Whether the task under way goes on.
    slow: bool,
    /// Whether the worker starts again before it, without its database.
    loses: bool,
}

struct World {
    fresh: bool,
    blocks: Vec<Block>,
    last_final: usize,
    pool: Vec<Call>,
    tasks: VecDeque<Action>,
    seat: Seat,
}

impl World {
    fn new(fresh: bool) -> Self {
        let first = Block { stage: Stage::Assigned, missed: false, phase: Phase::Sealing, ended: None };
        Self {
            fresh,
            blocks: vec![first],
            last_final: 0,
            pool: Vec::new(),
            tasks: VecDeque::new(),
            seat: Seat::new(),
        }
    }

    fn tell(&mut self, event: Event) {
        for action in self.seat.step(event) {
            match action {
                Action::Commit(_) => self.pool.push(Call::Commit),
                Action::Reveal { .. } => self.pool.push(Call::Reveal),
                Action::Decline => self.pool.push(Call::Decline),
                Action::Stop | Action::Clean { .. } => self.tasks.clear(),
                task => self.tasks.push_back(task),
            }
        }
    }

    fn lose_database(&mut self) {
        self.seat = Seat::new();
        self.tasks.clear();
    }

    /// Whether a worker that begins anew can still be in time.
    fn has_time(&self) -> bool {
        match self.best().phase {
            Phase::Sealing => true,
            Phase::Revealing { until, .. } => self.blocks.len() as u32 + TIME_TO_COMPUTE <= until,
        }
    }

    fn standing(block: &Block) -> Standing {
        match block.ended {
            Some(won) => Standing::Ended { won },
            None if block.missed => Standing::Absent,
            None => Standing::Seated(Seen { stage: block.stage, phase: block.phase, commit_by: COMMIT_BY }),
        }
    }

    fn tick(&mut self, tick: Tick) {
        if tick.loses {
            self.lose_database();
        }
        let keep = self.blocks.len().saturating_sub(tick.reorg).max(self.last_final + 1);
        self.blocks.truncate(keep);
        let included = self.author();
        let height = self.blocks.len() - 1;
        // A reorganisation shows itself by a block that is not lower than the one before.
        let now = Now { block: height as u32, clock: height as u32 };
        for call in included {
            let block = now.block;
            self.tell(if tick.fails { Event::NotSent(call) } else { Event::Included { call, block } });
        }
        let standing = Self::standing(&self.blocks[height]);
        self.tell(Event::Best { now, standing });
        if tick.finalised > 0 {
            self.last_final = (self.last_final + tick.finalised).min(height);
            let standing = Self::standing(&self.blocks[self.last_final]);
            self.tell(Event::Final { standing });
        }
        if !tick.slow {
            self.end_task(tick.fails);
        }
    }

    /// Makes the next block; gives the transactions in it.
    fn author(&mut self) -> Vec<Call> {
        let mut block = *self.blocks.last().expect("a first block");
        let clock = self.blocks.len() as u32;
        let calls = std::mem::take(&mut self.pool);
        for call in &calls {
            block.stage = match (call, block.stage, block.phase) {
                (Call::Commit, Stage::Assigned, _) if clock < COMMIT_BY && !block.missed => {
                    Stage::Committed(SEAL.commitment)
                }
                (Call::Decline, Stage::Assigned, _) if clock < COMMIT_BY && !block.missed => Stage::Declined,
                (Call::Reveal, Stage::Committed(_), Phase::Revealing { until, .. }) if clock < until => {
                    Stage::Revealed
                }
                (_, stage, _) => stage,
            };
        }
        block.missed |= block.stage == Stage::Assigned && clock >= COMMIT_BY;
        match block.phase {
            Phase::Sealing if matches!(block.stage, Stage::Committed(_)) => {
                let leaves = self.fresh.then_some(LEAVES);
                block.phase = Phase::Revealing { until: clock + REVEAL_BLOCKS, leaves };
            }
            Phase::Revealing { until, .. } if until <= clock => {
                block.ended = Some(block.stage == Stage::Revealed);
            }
            Phase::Sealing if (block.missed || block.stage == Stage::Declined) && clock > COMMIT_BY => {
                block.ended = Some(false);
            }
            _ => (),
        }
        self.blocks.push(block);
        calls
    }

    fn end_task(&mut self, fails: bool) {
        let Some(task) = self.tasks.pop_front() else { return };
        let event = match (task, fails) {
            (Action::Fetch, false) => Event::Fetched,
            (Action::Fetch, true) => Event::FetchFailed,
            (Action::Run, false) => Event::Sealed(SEAL),
            (Action::Run, true) => Event::RunFailed,
            (Action::Open { leaves }, false) => Event::Opened { leaves },
            (Action::Open { leaves }, true) => Event::OpenFailed { leaves },
            (Action::Publish, false) => Event::Published,
            (Action::Publish, true) => Event::PublishFailed,
            (other, _) => panic!("{other:?} is no task"),
        };
        self.tell(event);
    }

    fn best(&self) -> Block {
        *self.blocks.last().expect("a first block")
    }
}

const STEADY: Tick = Tick { reorg: 0, finalised: 1, fails: false, slow: false, loses: false };

fn tick() -> impl Strategy<Value = Tick> {
    let [fails, slow, loses, reorg] = [0.2, 0.4, 0.05, 0.3].map(prop::bool::weighted);
    (0..4_usize, 0..3_usize, fails, slow, loses, reorg).prop_map(
        |(depth, finalised, fails, slow, loses, reorg)| Tick {
            reorg: if reorg { depth } else { 0 },
            finalised,
            fails,
            slow,
            loses,
        },
    )
}

#[test]
fn on_a_steady_chain_a_seat_commits_reveals_and_shows_its_result() {
    for fresh in [false, true] {
        let mut world = World::new(fresh);
        let ticks = (0..200).take_while(|_| {
            world.tick(STEADY);
            !world.seat.is_gone()
        });
        assert!(ticks.count() < 199, "it never ended");
        assert_eq!(world.best().stage, Stage::Revealed);
    }
}

#[test]
fn a_database_that_is_lost_costs_nothing_as_long_as_there_is_time_to_compute_again() {
    for (fresh, lost_after) in [false, true].into_iter().flat_map(|fresh| (0..8).map(move |at| (fresh, at))) {
        let mut world = World::new(fresh);
        (0..lost_after).for_each(|_| world.tick(STEADY));
        world.lose_database();
        (0..200).for_each(|_| world.tick(STEADY));
        assert_eq!(world.best().stage, Stage::Revealed, "lost after {lost_after}");
    }
}

#[test]
fn without_finality_a_seat_reveals_once_half_of_the_time_is_over() {
    let mut world = World::new(false);
    let mut revealed = None;
    for at in 0..60 {
        world.tick(Tick { finalised: 0, ..STEADY });
        if world.best().stage == Stage::Revealed {
            revealed = revealed.or(Some(at));
        }
    }
    let opened = world.blocks.iter().position(|block| block.phase != Phase::Sealing).expect("reveals");
    let revealed = revealed.expect("a reveal");
    assert!(revealed >= opened + REVEAL_BLOCKS as usize / 2 - 2, "{opened} {revealed}");
    assert!(revealed < opened + REVEAL_BLOCKS as usize - 2, "{opened} {revealed}");
}

#[test]
fn a_seat_whose_input_never_comes_is_given_back_and_not_missed() {
    let mut world = World::new(false);
    for _ in 0..60 {
        world.tick(Tick { slow: true, ..STEADY });
    }
    assert_eq!(world.best().stage, Stage::Declined);
    assert!(world.blocks.iter().all(|block| !block.missed));
}

proptest! {
    #![proptest_config(seeded(4_000))]

    /// After any trouble, once the chain is steady again, the seat comes to an end.
    #[test]
    fn trouble_ends(fresh in any::<bool>(), ticks in proptest::collection::vec(tick(), 0..80)) {
        let mut world = World::new(fresh);
        for tick in ticks {
            world.tick(tick);
        }
        for _ in 0..600 {
            if world.seat.is_gone() {
                break;
            }
            world.tick(STEADY);
        }
        prop_assert!(world.seat.is_gone());
    }

    /// Reorganisations, late finality and a database that is lost in time, with tasks that end within some blocks, cost
    /// nothing.
    #[test]
    fn an_able_worker_never_misses_or_withholds(
        fresh in any::<bool>(),
        ticks in proptest::collection::vec(tick(), 0..80),
        lost_after in 0..80_usize,
    ) {
        let mut world = World::new(fresh);
        for (at, tick) in ticks.into_iter().enumerate() {
            let loses = at == lost_after && world.has_time();
            world.tick(Tick { fails: false, slow: false, loses, ..tick });
        }
        for _ in 0..200 {
            world.tick(STEADY);
        }
        prop_assert_eq!(world.best().stage, Stage::Revealed);
        prop_assert!(world.blocks.iter().all(|block| !block.missed));
    }
}
