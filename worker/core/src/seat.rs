//! A seat from its draw to its end.

use assay_primitives::{Digest, MarketBlock};

use crate::facts::{Action, Block, Call, Event, Now, Phase, Seal, Seen, Stage, Standing};
use crate::pause::Pause;

/// Fetches that fail before the seat is given back.
const MAX_FETCHES: u32 = 4;
/// Runs that fail before it is.
const MAX_RUNS: u32 = 2;
/// Attempts to show a result before that is given up.
const MAX_PUBLISHES: u32 = 10;
/// With so many blocks left a seat that has nothing to commit is given back: to miss costs a slash.
const LAST_BLOCKS: MarketBlock = 3;

/// How far the work for a seat is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    /// Nothing is here.
    New,
    Fetching,
    Running,
    Sealed(Seal),
    /// There is nothing to commit to and never will be.
    Unable,
}

/// Leaves of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Leaves {
    seed: Digest,
    task: Task,
}

/// Something that is done beside the seat's work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Task {
    #[default]
    Due,
    Running,
    Done,
}

/// How far a seat is, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Progress {
    /// It waits to be worked on.
    Waiting,
    /// Program and input are being fetched.
    Fetching,
    /// It runs, or waits for its turn to.
    Running,
    /// The claim is sealed, and the commit on its way.
    Sealed,
    /// It has committed.
    Committed,
    /// It reveals.
    Revealing,
    /// It has revealed, and waits for the verdict.
    Revealed,
    /// It is, or is being, given back.
    Declined,
    /// It has committed to something that this worker did not seal, nor computes again: it can't reveal.
    Foreign,
    /// It is no seat any more on the best chain, or its job has ended there.
    Over,
}

impl Progress {
    /// All of them, in order.
    pub const ALL: [Self; 10] = [
        Self::Waiting,
        Self::Fetching,
        Self::Running,
        Self::Sealed,
        Self::Committed,
        Self::Revealing,
        Self::Revealed,
        Self::Declined,
        Self::Foreign,
        Self::Over,
    ];

    /// In lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Fetching => "fetching",
            Self::Running => "running",
            Self::Sealed => "sealed",
            Self::Committed => "committed",
            Self::Revealing => "revealing",
            Self::Revealed => "revealed",
            Self::Declined => "declined",
            Self::Foreign => "foreign",
            Self::Over => "over",
        }
    }
}

/// A seat: what is known of it, what was done for it, what goes on.
#[derive(Clone, Debug)]
pub struct Seat {
    best: Option<(Now, Standing)>,
    last_final: Option<Standing>,
    work: Work,
    /// Since the last fetch or run that failed.
    work_pause: Pause,
    runs_failed: u32,
    leaves: Option<Leaves>,
    leaves_pause: Pause,
    sending: Option<Call>,
    send_pause: Pause,
    /// The reveals seen last, and when they were seen first.
    reveals: Option<(Phase, MarketBlock)>,
    publish: Task,
    publish_pause: Pause,
    gone: bool,
}

impl Seat {
    /// A seat that was just drawn, or of which nothing was sealed before a restart.
    pub fn new() -> Self {
        Self::of(Work::New)
    }

    /// A seat for which this was sealed before a restart.
    pub fn resumed(seal: Seal) -> Self {
        Self::of(Work::Sealed(seal))
    }

    /// A seat that is given back: the worker takes no work any more.
    pub fn unwanted() -> Self {
        Self::of(Work::Unable)
    }

    fn of(work: Work) -> Self {
        Self {
            best: None,
            last_final: None,
            work,
            work_pause: Pause::default(),
            runs_failed: 0,
            leaves: None,
            leaves_pause: Pause::default(),
            sending: None,
            send_pause: Pause::default(),
            reveals: None,
            publish: Task::Due,
            publish_pause: Pause::default(),
            gone: false,
        }
    }

    /// Whether there is nothing left to do, for ever.
    pub fn is_gone(&self) -> bool {
        self.gone
    }

    /// Whether the worker may still have to do something: not for a seat that was given back, or whose commitment is not
    /// its own.
    pub fn has_work(&self) -> bool {
        let declined = |seen: Seen| seen.stage == Stage::Declined;
        let given_back = matches!(self.best, Some((_, Standing::Seated(seen))) if declined(seen));
        !self.gone && !given_back && self.progress() != Progress::Foreign
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        let seen = match self.best {
            Some((_, Standing::Seated(seen))) => seen,
            None => return Progress::Waiting,
            Some((_, Standing::Absent | Standing::Ended { .. })) => return Progress::Over,
        };
        match (seen.stage, self.work) {
            (Stage::Revealed, _) => Progress::Revealed,
            (Stage::Declined, _) | (Stage::Assigned, Work::Unable) => Progress::Declined,
            (_, Work::New) => Progress::Waiting,
            (_, Work::Fetching) => Progress::Fetching,
            (_, Work::Running) => Progress::Running,
            (Stage::Assigned, Work::Sealed(_)) => Progress::Sealed,
            (Stage::Committed(digest), _) if self.seal(&digest).is_none() => Progress::Foreign,
            (Stage::Committed(_), _) if seen.phase == Phase::Sealing => Progress::Committed,
            (Stage::Committed(_), _) => Progress::Revealing,
        }
    }

    /// Hears of an event, and says what is to be done now.
    pub fn step(&mut self, event: Event) -> Vec<Action> {
        if self.gone {
            return Vec::new();
        }
        match event {
            Event::Best { now, standing } => self.see(now, standing),
            Event::Final { standing } => {
                self.last_final = Some(standing);
                if self.is_lost() {
                    return self.leave(false);
                }
            }
            Event::Fetched | Event::FetchFailed | Event::Unfit | Event::Sealed(_) | Event::RunFailed => {
                return self.worked(event);
            }
            Event::Opened { leaves } => self.opened(&leaves, true),
            Event::OpenFailed { leaves } => self.opened(&leaves, false),
            Event::Included { call, block } if self.sending == Some(call) => {
                self.sending = None;
                // The next call starts anew; an older block would show the seat as it was before.
                self.send_pause = Pause::default();
                self.send_pause.wait(block);
            }
            Event::NotSent(call) if self.sending == Some(call) => {
                self.sending = None;
                self.send_pause.fail_within(self.block(), self.time_left());
            }
            Event::Included { .. } | Event::NotSent(_) => (),
            Event::Published if self.publish == Task::Running => self.publish = Task::Done,
            Event::PublishFailed if self.publish == Task::Running => {
                self.publish = Task::Due;
                self.publish_pause.fail(self.block());
            }
            Event::Published | Event::PublishFailed => (),
        }
        self.decide()
    }

    /// What the seat as it is asks for.
    fn decide(&mut self) -> Vec<Action> {
        if let Some(Standing::Ended { won }) = self.last_final {
            return self.end(won);
        }
        match self.best {
            Some((now, Standing::Seated(seen))) => match seen.stage {
                Stage::Assigned => self.assigned(now, &seen),
                Stage::Committed(digest) => self.committed(now, &seen, &digest),
                Stage::Revealed | Stage::Declined => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    fn see(&mut self, now: Now, standing: Standing) {
        self.best = Some((now, standing));
        let Standing::Seated(Seen { phase: phase @ Phase::Revealing { .. }, .. }) = standing else { return };
        if self.reveals.is_none_or(|(seen, _)| seen != phase) {
            self.reveals = Some((phase, now.clock));
        }
    }

    /// Whether the seat is on neither chain. One that the best chain has lost may come back until more is final.
    fn is_lost(&self) -> bool {
        let absent = self.last_final == Some(Standing::Absent);
        absent && matches!(self.best, Some((_, Standing::Absent)))
    }

    /// A fetch or a run has ended.
    fn worked(&mut self, event: Event) -> Vec<Action> {
        match (self.work, event) {
            (Work::Fetching, Event::Fetched) => {
                self.work = Work::Running;
                return vec![Action::Run];
            }
            (Work::Fetching, Event::FetchFailed) if self.has_committed() => {
                // Such a seat can't be given back any more: only a reveal helps.
                self.work_pause.fail_within(self.block(), self.time_left());
                self.work = Work::New;
            }
            (Work::Fetching, Event::FetchFailed) => {
                self.work_pause.fail(self.block());
                let again = self.work_pause.failures() < MAX_FETCHES && self.has_time_to_retry();
                self.work = if again { Work::New } else { Work::Unable };
            }
            (Work::Running, Event::RunFailed) => {
                self.runs_failed += 1;
                self.work = if self.runs_failed < MAX_RUNS { Work::New } else { Work::Unable };
            }
            (Work::Fetching | Work::Running, Event::Unfit) => self.work = Work::Unable,
            (Work::Running, Event::Sealed(seal)) => self.work = Work::Sealed(seal),
            // The end of something that was stopped.
            _ => (),
        }
        self.decide()
    }

    /// Whether the best chain has a commitment of the seat.
    fn has_committed(&self) -> bool {
        matches!(self.best, Some((_, Standing::Seated(Seen { stage: Stage::Committed(_), .. }))))
    }

    /// Whether at least half of the time to commit would be left after the pause.
    fn has_time_to_retry(&self) -> bool {
        match self.best {
            Some((now, Standing::Seated(seen))) => {
                let left = seen.commit_by.saturating_sub(now.clock);
                self.work_pause.until().saturating_sub(now.block) <= left / 2
            }
            _ => true,
        }
    }

    /// Blocks of the clock until what the seat has to do next is too late.
    fn time_left(&self) -> MarketBlock {
        let Some((now, Standing::Seated(seen))) = self.best else { return 0 };
        let end = match (seen.stage, seen.phase) {
            (Stage::Committed(_), Phase::Revealing { until, .. }) => until,
            _ => seen.commit_by,
        };
        end.saturating_sub(now.clock)
    }

    /// The seat has to commit, or to be given back.
    fn assigned(&mut self, now: Now, seen: &Seen) -> Vec<Action> {
        let left = seen.commit_by.saturating_sub(now.clock);
        if left == 0 {
            return Vec::new();
        }
        match self.work {
            Work::Sealed(seal) => self.send(now, Call::Commit, Action::Commit(seal.commitment)),
            Work::Unable => self.send(now, Call::Decline, Action::Decline),
            Work::New | Work::Fetching | Work::Running if left <= LAST_BLOCKS => {
                self.work = Work::Unable;
                let mut actions = vec![Action::Stop];
                actions.extend(self.send(now, Call::Decline, Action::Decline));
                actions
            }
            Work::New => self.begin(now),
            Work::Fetching | Work::Running => Vec::new(),
        }
    }

    /// Starts the work, unless it has failed a moment ago.
    fn begin(&mut self, now: Now) -> Vec<Action> {
        if !self.work_pause.is_over(now.block) {
            return Vec::new();
        }
        self.work = Work::Fetching;
        vec![Action::Fetch]
    }

    /// The seat waits to reveal, or does. Where nothing is sealed, the database is lost: the same job gives the same
    /// commitment again.
    fn committed(&mut self, now: Now, seen: &Seen, digest: &Digest) -> Vec<Action> {
        let is_over = matches!(seen.phase, Phase::Revealing { until, .. } if until <= now.clock);
        if self.work == Work::New && !is_over {
            return self.begin(now);
        }
        let (Some(seal), Phase::Revealing { until, leaves }) = (self.seal(digest), seen.phase) else {
            return Vec::new();
        };
        if until <= now.clock {
            return Vec::new();
        }
        let leaves = leaves.filter(|_| seal.computed);
        if let Some(seed) = leaves {
            match self.prepare(now, seed) {
                Task::Due => return vec![Action::Open { leaves: seed }],
                Task::Running => return Vec::new(),
                Task::Done => (),
            }
        }
        if !self.may_reveal(now, seen.phase, until) {
            return Vec::new();
        }
        self.send(now, Call::Reveal, Action::Reveal { leaves })
    }

    /// Whether the leaves of a seed are ready; `Due` if they are to be made ready from now on.
    fn prepare(&mut self, now: Now, seed: Digest) -> Task {
        let task = match self.leaves {
            Some(leaves) if leaves.seed == seed => leaves.task,
            _ => {
                self.leaves_pause = Pause::default();
                Task::Due
            }
        };
        if task != Task::Due {
            return task;
        }
        let starts = self.leaves_pause.is_over(now.block);
        self.leaves = Some(Leaves { seed, task: if starts { Task::Running } else { Task::Due } });
        if starts {
            Task::Due
        } else {
            Task::Running
        }
    }

    /// Whether it is final that nobody can commit any more, or half of the time since that was seen is over: a chain
    /// whose finality stalls must not make a seat withhold.
    fn may_reveal(&self, now: Now, phase: Phase, until: MarketBlock) -> bool {
        if let Some(Standing::Seated(seen)) = self.last_final {
            if seen.phase == phase {
                return true;
            }
        }
        let since = match self.reveals {
            Some((seen, since)) if seen == phase => since,
            _ => return false,
        };
        // A transaction counts in the block after: of an odd number of blocks the smaller half.
        let half = until.saturating_sub(since).saturating_sub(1) / 2;
        now.clock >= since.saturating_add(half)
    }

    /// Sends a transaction, unless one is on its way or the last one needs time.
    fn send(&mut self, now: Now, call: Call, action: Action) -> Vec<Action> {
        if self.sending.is_some() || !self.send_pause.is_over(now.block) {
            return Vec::new();
        }
        self.sending = Some(call);
        vec![action]
    }

    fn opened(&mut self, seed: &Digest, ready: bool) {
        let running = Leaves { seed: *seed, task: Task::Running };
        if self.leaves != Some(running) {
            return;
        }
        self.leaves = Some(Leaves { task: if ready { Task::Done } else { Task::Due }, ..running });
        if !ready {
            self.leaves_pause.fail_within(self.block(), self.time_left());
        }
    }

    /// The job has ended for good.
    fn end(&mut self, won: bool) -> Vec<Action> {
        let computed = matches!(self.work, Work::Sealed(seal) if seal.computed);
        let given_up = self.publish_pause.failures() >= MAX_PUBLISHES;
        match self.publish {
            _ if !won || !computed || given_up => self.leave(true),
            Task::Done => self.leave(true),
            Task::Due if self.publish_pause.is_over(self.block()) => {
                self.publish = Task::Running;
                vec![Action::Publish]
            }
            Task::Due | Task::Running => Vec::new(),
        }
    }

    fn leave(&mut self, ended: bool) -> Vec<Action> {
        self.gone = true;
        vec![Action::Clean { ended }]
    }

    /// What was sealed here, if the seat has committed to it.
    fn seal(&self, digest: &Digest) -> Option<Seal> {
        match self.work {
            Work::Sealed(seal) if seal.commitment == *digest => Some(seal),
            _ => None,
        }
    }

    /// The number of the best block; 0 before there is one.
    fn block(&self) -> Block {
        self.best.map_or(0, |(now, _)| now.block)
    }
}

impl Default for Seat {
    fn default() -> Self {
        Self::new()
    }
}
