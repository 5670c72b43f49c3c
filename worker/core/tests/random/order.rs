//! Any events in any order, those that no chain and no machine would give included.

use assay_core::{Action, Call, Event, Now, Phase, Seal, Seat, Seen, Stage, Standing};
use proptest::prelude::*;

use crate::seeded;

/// What happens to a worker.
#[derive(Clone, Copy, Debug)]
enum Op {
    Event(Event),
    /// It starts again with what is stored.
    Restart,
    /// It starts again with nothing: its database is lost.
    Lose,
}

/// Few values, so that they meet.
fn digest() -> impl Strategy<Value = [u8; 32]> {
    (1..4_u8).prop_map(|byte| [byte; 32])
}

fn phase() -> impl Strategy<Value = Phase> {
    prop_oneof![
        Just(Phase::Sealing),
        (5..30_u32, proptest::option::of(digest()))
            .prop_map(|(until, leaves)| Phase::Revealing { until, leaves }),
    ]
}

fn stage() -> impl Strategy<Value = Stage> {
    prop_oneof![
        3 => Just(Stage::Assigned),
        4 => digest().prop_map(Stage::Committed),
        1 => Just(Stage::Revealed),
        1 => Just(Stage::Declined),
    ]
}

fn standing() -> impl Strategy<Value = Standing> {
    let seen = (stage(), phase(), 0..30_u32)
        .prop_map(|(stage, phase, commit_by)| Standing::Seated(Seen { stage, phase, commit_by }));
    prop_oneof![
        16 => seen,
        1 => Just(Standing::Absent),
        1 => any::<bool>().prop_map(|won| Standing::Ended { won }),
    ]
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![Just(Call::Commit), Just(Call::Reveal), Just(Call::Decline)]
}

fn event() -> impl Strategy<Value = Event> {
    let now = (0..40_u32, 0..30_u32).prop_map(|(block, clock)| Now { block, clock });
    let seal = (digest(), prop::bool::weighted(0.8))
        .prop_map(|(commitment, computed)| Event::Sealed(Seal { commitment, computed }));
    prop_oneof![
        12 => (now, standing()).prop_map(|(now, standing)| Event::Best { now, standing }),
        2 => standing().prop_map(|standing| Event::Final { standing }),
        4 => Just(Event::Fetched),
        1 => Just(Event::FetchFailed),
        1 => Just(Event::Unfit),
        4 => seal,
        1 => Just(Event::RunFailed),
        3 => digest().prop_map(|leaves| Event::Opened { leaves }),
        1 => digest().prop_map(|leaves| Event::OpenFailed { leaves }),
        3 => (call(), 0..40_u32).prop_map(|(call, block)| Event::Included { call, block }),
        2 => call().prop_map(Event::NotSent),
        1 => Just(Event::Published),
        1 => Just(Event::PublishFailed),
    ]
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![40 => event().prop_map(Op::Event), 1 => Just(Op::Restart), 1 => Just(Op::Lose)];
    proptest::collection::vec(op, 1..120)
}

/// What an onlooker knows.
#[derive(Default)]
struct Watch {
    best: Option<(Now, Standing)>,
    last_final: Option<Standing>,
    /// What the job gives: the salt follows from the key, so it is the same whenever the job is computed.
    given: Option<Seal>,
    /// What the store keeps.
    seal: Option<Seal>,
    committed: Option<[u8; 32]>,
    declined: bool,
    /// Reveals, and when they were seen first.
    reveals: Option<(Phase, u32)>,
    opening: Option<[u8; 32]>,
    opened: Option<[u8; 32]>,
    running: bool,
    sending: Option<Call>,
    publishing: bool,
    gone: bool,
}

impl Watch {
    /// An event as it can be: a job that is computed again gives what it gave before.
    fn possible(&self, event: Event) -> Event {
        match (event, self.given) {
            (Event::Sealed(_), Some(given)) if self.running => Event::Sealed(given),
            _ => event,
        }
    }

    fn hear(&mut self, event: &Event) {
        match *event {
            Event::Best { now, standing } => {
                self.best = Some((now, standing));
                if let Standing::Seated(Seen { phase: phase @ Phase::Revealing { .. }, .. }) = standing {
                    if self.reveals.is_none_or(|(seen, _)| seen != phase) {
                        self.reveals = Some((phase, now.clock));
                    }
                }
            }
            Event::Final { standing } => self.last_final = Some(standing),
            Event::Sealed(seal) if self.running => {
                self.given = Some(seal);
                self.seal = Some(seal);
            }
            Event::Opened { leaves } if self.opening == Some(leaves) => self.opened = Some(leaves),
            Event::Included { call, .. } | Event::NotSent(call) if self.sending == Some(call) => {
                self.sending = None;
            }
            Event::Published | Event::PublishFailed => self.publishing = false,
            _ => (),
        }
        if matches!(event, Event::Sealed(_) | Event::RunFailed | Event::Unfit) {
            self.running = false;
        }
    }

    fn check(&mut self, action: &Action) {
        assert!(!self.gone, "{action:?} after the last action");
        match *action {
            Action::Commit(digest) => {
                assert_eq!(Some(digest), self.seal.map(|seal| seal.commitment), "not what was sealed");
                assert_eq!(*self.committed.get_or_insert(digest), digest, "another commitment");
                assert!(!self.declined, "a commit after a decline");
                assert!(self.is_assigned(), "a commit for a seat that does not wait for one");
                self.send(Call::Commit);
            }
            Action::Decline => {
                assert_eq!(self.committed, None, "a decline after a commit");
                assert!(self.is_assigned(), "what is committed can't be given back");
                self.declined = true;
                self.send(Call::Decline);
            }
            Action::Reveal { leaves } => {
                self.check_reveal(leaves);
                self.send(Call::Reveal);
            }
            Action::Run => {
                assert!(!self.running && self.seal.is_none(), "a run beside another one");
                self.running = true;
            }
            Action::Open { leaves } => self.opening = Some(leaves),
            Action::Publish => {
                assert_eq!(self.last_final, Some(Standing::Ended { won: true }), "shown too early");
                assert!(self.seal.is_some_and(|seal| seal.computed), "nothing to show");
                assert!(!self.publishing);
                self.publishing = true;
            }
            Action::Stop => self.running = false,
            Action::Clean { .. } => self.gone = true,
            Action::Fetch => assert!(self.seal.is_none() && !self.running, "fetched for nothing"),
        }
    }

    fn is_assigned(&self) -> bool {
        matches!(self.best, Some((_, Standing::Seated(Seen { stage: Stage::Assigned, .. }))))
    }

    fn send(&mut self, call: Call) {
        assert_eq!(self.sending, None, "{call:?} beside another transaction");
        self.sending = Some(call);
    }

    fn check_reveal(&self, leaves: Option<[u8; 32]>) {
        let Some((now, Standing::Seated(seen))) = self.best else { panic!("a reveal without a seat") };
        let seal = self.seal.expect("a reveal of nothing");
        assert_eq!(seen.stage, Stage::Committed(seal.commitment));
        let Phase::Revealing { until, leaves: drawn } = seen.phase else { panic!("commits are not closed") };
        assert!(now.clock < until, "too late");
        assert_eq!(leaves, drawn.filter(|_| seal.computed));
        if leaves.is_some() {
            assert_eq!(leaves, self.opened, "leaves that are not ready");
        }
        let closed = matches!(self.last_final, Some(Standing::Seated(last)) if last.phase == seen.phase);
        let (_, since) = self.reveals.expect("seen");
        let half = until.saturating_sub(since).saturating_sub(1) / 2;
        assert!(closed || now.clock >= since + half, "neither final nor half of the time");
    }

    /// What a restart leaves: the store, the chain, and what was sent.
    fn restart(&mut self) {
        let (given, seal, committed) = (self.given, self.seal, self.committed);
        *self = Self { given, seal, committed, ..Self::default() };
    }

    /// What is left without the store. That a commit or a decline was sent is forgotten: the chain takes the first.
    fn lose(&mut self) {
        *self = Self { given: self.given, ..Self::default() };
    }
}

fn run(ops: &[Op]) -> (Seat, Watch) {
    let (mut seat, mut watch) = (Seat::new(), Watch::default());
    for op in ops {
        match op {
            Op::Event(event) => {
                let event = watch.possible(*event);
                watch.hear(&event);
                seat.step(event).iter().for_each(|action| watch.check(action));
            }
            Op::Restart if !watch.gone => {
                watch.restart();
                seat = watch.seal.map_or_else(Seat::new, Seat::resumed);
            }
            Op::Lose if !watch.gone => {
                watch.lose();
                seat = Seat::new();
            }
            Op::Restart | Op::Lose => (),
        }
    }
    (seat, watch)
}

proptest! {
    #![proptest_config(seeded(20_000))]

    /// Never two commitments, no decline beside a commit, no reveal too early, nothing after the end; and without its
    /// database a worker reveals only what it has computed again.
    #[test]
    fn no_order_of_events_breaks_a_rule(ops in ops()) {
        run(&ops);
    }

    /// Whatever has happened before, the final end of the job is the end of the seat.
    #[test]
    fn every_path_ends(ops in ops(), won in any::<bool>(), shown in 0..12_u32) {
        let (mut seat, mut watch) = run(&ops);
        let mut tell = |event: Event| {
            watch.hear(&event);
            let actions = seat.step(event);
            actions.iter().for_each(|action| watch.check(action));
            watch.gone
        };
        let mut gone = tell(Event::Final { standing: Standing::Ended { won } });
        for (block, attempt) in (100..).step_by(40).zip(0..12_u32) {
            if gone {
                break;
            }
            let now = Now { block, clock: block };
            tell(if attempt < shown { Event::PublishFailed } else { Event::Published });
            gone = tell(Event::Best { now, standing: Standing::Ended { won } });
        }
        prop_assert!(gone || watch.gone);
        prop_assert!(seat.is_gone());
    }
}
