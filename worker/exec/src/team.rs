//! A pool of threads, and work cut into pieces.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::LocalKey;
use std::{hint, thread, vec};

use assay_exact::{check_finite, Error, Trap};
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder, Yield};

use crate::float_mode;
use crate::processors::Processors;

/// Pieces per thread: enough that a slow thread does not hold up the others for long.
const PIECES: usize = 4;
/// Least elements of an elementwise piece: below that, handing it over costs more than the work.
const LEAST_ELEMENTS: usize = 4096;
/// How often a thread that waits looks before it offers its processor to others: a tenth of a millisecond, longer than
/// what lies between two operators of a pass.
const LOOKS: u32 = 1_000;

thread_local! {
    /// Whether this thread computes by itself what it calls.
    static ALONE: Cell<bool> = const { Cell::new(false) };
    /// Whether this thread leads others.
    static LEADS: Cell<bool> = const { Cell::new(false) };
}

/// Sets a flag of the thread until it is dropped.
struct Flag {
    flag: &'static LocalKey<Cell<bool>>,
    before: bool,
}

impl Flag {
    fn set(flag: &'static LocalKey<Cell<bool>>) -> Self {
        Self { flag, before: flag.replace(true) }
    }
}

impl Drop for Flag {
    fn drop(&mut self) {
        self.flag.set(self.before);
    }
}

/// Tells those who stand by that it is over, even if the work panics.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Threads of a backend.
#[derive(Debug)]
pub(crate) struct Team {
    pool: ThreadPool,
}

impl Team {
    /// `threads` 0 means one per processor.
    pub(crate) fn new(threads: usize) -> Result<Self, ThreadPoolBuildError> {
        let builder = ThreadPoolBuilder::new().num_threads(threads);
        Ok(Self { pool: builder.thread_name(|i| format!("exec-{i}")).build()? })
    }

    /// Keeps each thread on a processor of its own, where there are as many of either.
    pub(crate) fn pin(&self) {
        let processors = Processors::allowed();
        if self.threads() == processors.count() {
            self.pool.broadcast(|thread| processors.keep(thread.index()));
        }
    }

    pub(crate) fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// Does `work` once on each thread. What it computes by this team, the thread does by itself.
    pub(crate) fn each(&self, work: &(dyn Fn() + Sync)) {
        self.pool.broadcast(|_| {
            let _alone = Flag::set(&ALONE);
            work();
        });
    }

    /// Does `work` on one thread. The others stand by for the pieces that it cuts: to wake them for each operator would
    /// take longer than many an operator.
    pub(crate) fn lead(&self, work: &mut (dyn FnMut() + Send)) {
        if self.is_alone() || self.pool.current_thread_index().is_some() {
            return work();
        }
        let over = &AtomicBool::new(false);
        self.pool.scope(|scope| {
            let _over = Over(over);
            let _leads = Flag::set(&LEADS);
            scope.spawn_broadcast(move |_, _| {
                // A thread that leads meets this, too: its own, and that of another caller, who may meet this one's.
                if !LEADS.get() {
                    stand_by(over);
                }
            });
            work();
        });
    }

    /// Does `work` for each number below `count`, on all threads.
    pub(crate) fn spread(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
        let done = self.hand_out((0..count).collect(), &|| Ok(()), &|number| {
            work(number);
            Ok(())
        });
        debug_assert_eq!(done, Ok(()), "work that can't fail");
    }

    /// Whether the calling thread computes by itself: it is the only one, or one of those that [`Team::each`] keeps busy.
    fn is_alone(&self) -> bool {
        self.threads() == 1 || ALONE.get()
    }

    /// How many pieces keep all threads busy.
    pub(crate) fn pieces(&self) -> usize {
        if self.is_alone() {
            1
        } else {
            self.threads() * PIECES
        }
    }

    /// How many of `count` equal jobs make a piece.
    pub(crate) fn share(&self, count: usize) -> usize {
        count.div_ceil(self.pieces()).max(1)
    }

    /// How many of `count` elements make a piece.
    pub(crate) fn elements(&self, count: usize) -> usize {
        self.share(count).max(LEAST_ELEMENTS)
    }

    /// Does `work` on every piece. A refusal goes before traps; of several traps the one with the lowest
    /// index is given, which is the operator's where all pieces look at the same operand.
    pub(crate) fn run<P: Send>(
        &self,
        pieces: Vec<P>,
        work: impl Fn(P) -> Result<(), Error> + Sync,
    ) -> Result<(), Error> {
        self.hand_out(pieces, &|| Ok(float_mode::check()?), &work)
    }

    /// Does `work` on every piece, on threads that are `ready`: each of them is asked once.
    fn hand_out<P: Send>(
        &self,
        pieces: Vec<P>,
        ready: &(impl Fn() -> Result<(), Error> + Sync),
        work: &(impl Fn(P) -> Result<(), Error> + Sync),
    ) -> Result<(), Error> {
        if pieces.len() <= 1 || self.is_alone() {
            ready()?;
            return pieces.into_iter().map(work).fold(Ok(()), first);
        }
        let helpers = self.threads().min(pieces.len()) - 1;
        let pieces = Pieces::new(pieces);
        self.pool.scope(|scope| {
            for _ in 0..helpers {
                scope.spawn(|_| pieces.work(ready, work));
            }
            pieces.work(ready, work);
            pieces.wait();
        });
        pieces.into_result()
    }

    /// [`check_finite`] by all threads.
    pub(crate) fn check_finite(&self, x: &[f32]) -> Result<(), Error> {
        let per = self.elements(x.len());
        let pieces: Vec<_> = x.chunks(per).enumerate().collect();
        self.run(pieces, |(i, x)| check_finite(x).map_err(|trap| shifted(trap, i * per)))
    }
}

/// Pieces of one operator. A thread that has done one takes the next: whoever comes late holds up nobody.
struct Pieces<P> {
    waiting: Mutex<vec::IntoIter<P>>,
    /// Those that are not done.
    open: AtomicUsize,
    result: Mutex<Result<(), Error>>,
}

impl<P> Pieces<P> {
    fn new(pieces: Vec<P>) -> Self {
        let open = AtomicUsize::new(pieces.len());
        Self { waiting: Mutex::new(pieces.into_iter()), open, result: Mutex::new(Ok(())) }
    }

    fn take(&self) -> Option<P> {
        lock(&self.waiting).next()
    }

    /// Does pieces until none waits. A thread that is not ready refuses those that it takes.
    fn work(&self, ready: &impl Fn() -> Result<(), Error>, work: &impl Fn(P) -> Result<(), Error>) {
        let (ready, mut result) = (ready(), Ok(()));
        while let Some(piece) = self.take() {
            let _done = Done(&self.open);
            result = first(result, ready.and_then(|()| work(piece)));
        }
        let mut all = lock(&self.result);
        *all = first(*all, result);
    }

    /// Waits until all are done, awake: the pool's own way to wait puts a thread to sleep after some microseconds, and to
    /// wake it takes longer than many an operator.
    fn wait(&self) {
        let mut pause = Pause::default();
        while self.open.load(Ordering::Acquire) > 0 {
            pause.wait();
        }
    }

    fn into_result(self) -> Result<(), Error> {
        self.result.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts a piece as done, even if its work panics.
struct Done<'a>(&'a AtomicUsize);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}

/// A thread that panicked is reported by the pool.
fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a thread does between two looks for what it waits for.
#[derive(Default)]
struct Pause {
    looks: u32,
}

impl Pause {
    fn wait(&mut self) {
        if self.looks < LOOKS {
            self.looks += 1;
            hint::spin_loop();
        } else {
            thread::yield_now();
        }
    }
}

/// Computes pieces of others until it is over.
fn stand_by(over: &AtomicBool) {
    let mut pause = Pause::default();
    while !over.load(Ordering::Acquire) {
        if rayon::yield_now() == Some(Yield::Executed) {
            pause = Pause::default();
        } else {
            pause.wait();
        }
    }
}

/// A piece's trap, at its index in the whole operand.
pub(crate) fn shifted(trap: Trap, start: usize) -> Error {
    Error::Trap(Trap { index: trap.index + start as u64, ..trap })
}

/// The result of two pieces together.
fn first(a: Result<(), Error>, b: Result<(), Error>) -> Result<(), Error> {
    match (a, b) {
        (Ok(()), other) | (other, Ok(())) => other,
        (Err(Error::Trap(a)), Err(Error::Trap(b))) => Err(Error::Trap(if b.index < a.index { b } else { a })),
        (refused @ Err(Error::Refused(_)), _) | (_, refused) => refused,
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{catch_unwind, AssertUnwindSafe};
    use std::time::{Duration, Instant};

    use assay_exact::{Refused, TrapKind};

    use super::*;

    const THREADS: [usize; 3] = [1, 2, 7];

    fn trap(index: u64) -> Error {
        Trap { kind: TrapKind::Nan, index }.into()
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn threads_are_pinned_where_each_has_a_processor() {
        let all = Processors::allowed().count();
        for (threads, each) in [(all, 1), (all + 1, all)] {
            let team = Team::new(threads).unwrap();
            team.pin();
            let counts = team.pool.broadcast(|_| Processors::allowed().count());
            assert_eq!(counts, vec![each; threads], "{threads} threads");
        }
        assert_eq!(Processors::allowed().count(), all, "the thread that calls stays free");
    }

    #[test]
    fn every_piece_is_done_once() {
        for threads in THREADS {
            let team = Team::new(threads).unwrap();
            for count in [0, 1, 2, 5, 100] {
                let done: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
                let count_one = |piece: usize| {
                    done[piece].fetch_add(1, Ordering::Relaxed);
                    Ok(())
                };
                let mut result = team.run((0..count).collect(), count_one);
                team.lead(&mut || result = result.and(team.run((0..count).collect(), count_one)));
                assert_eq!(result, Ok(()), "{count} pieces, {threads} threads");
                let done: Vec<usize> = done.into_iter().map(AtomicUsize::into_inner).collect();
                assert_eq!(done, vec![2; count], "{count} pieces, {threads} threads");
            }
        }
    }

    #[test]
    fn the_lowest_trap_is_given_and_a_refusal_before_it() {
        for threads in THREADS {
            let team = Team::new(threads).unwrap();
            let run = |refused: u64| {
                team.run((0..50).collect(), |piece: u64| match piece {
                    piece if piece == refused => Err(Refused::Domain("planted").into()),
                    13 | 14 | 49 => Err(trap(piece)),
                    _ => Ok(()),
                })
            };
            assert_eq!(run(50), Err(trap(13)), "{threads} threads");
            assert_eq!(run(48), Err(Refused::Domain("planted").into()), "{threads} threads");
        }
    }

    #[test]
    fn a_panic_in_a_piece_comes_back_to_the_caller() {
        for threads in THREADS {
            let team = Team::new(threads).unwrap();
            let run = |bad: usize| {
                team.run((0..20).collect(), |piece: usize| {
                    assert_ne!(piece, bad, "planted");
                    Ok(())
                })
            };
            for bad in [0, 1, 19] {
                let run = catch_unwind(AssertUnwindSafe(|| run(bad)));
                assert!(run.is_err(), "piece {bad}, {threads} threads");
            }
            assert_eq!(run(20), Ok(()), "{threads} threads");
        }
    }

    /// Looks for some seconds.
    fn comes(what: impl Fn() -> bool) -> bool {
        let start = Instant::now();
        while !what() {
            if start.elapsed() > Duration::from_secs(20) {
                return false;
            }
            thread::yield_now();
        }
        true
    }

    #[test]
    fn a_thread_that_leads_does_not_stand_by_for_another_that_does() {
        let team = Team::new(2).unwrap();
        let (leaders, through) = (AtomicUsize::new(0), AtomicBool::new(false));
        thread::scope(|scope| {
            let other = scope.spawn(|| {
                let mut in_time = false;
                team.lead(&mut || {
                    leaders.fetch_add(1, Ordering::Release);
                    in_time = comes(|| through.load(Ordering::Acquire));
                });
                in_time
            });
            let mut both = false;
            team.lead(&mut || {
                leaders.fetch_add(1, Ordering::Release);
                both = comes(|| leaders.load(Ordering::Acquire) == 2);
                // What the other one has for those who stand by lies here.
                for _ in 0..100 {
                    rayon::yield_now();
                }
                through.store(true, Ordering::Release);
            });
            assert!(both && other.join().unwrap());
        });
    }
}
