//! A pool of threads, and work cut into pieces.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{hint, thread};

use assay_exact::{check_finite, Error, Trap};
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder, Yield};

use crate::float_mode;

/// Pieces per thread: enough that a slow thread does not hold up the others for long.
const PIECES: usize = 4;
/// Least elements of an elementwise piece: below that, handing it over costs more than the work.
const LEAST_ELEMENTS: usize = 4096;
/// How often a thread that stands by looks for pieces before it offers its processor to others: some microseconds.
const LOOKS: u32 = 64;

thread_local! {
    /// Whether this thread computes by itself what it calls.
    static ALONE: Cell<bool> = const { Cell::new(false) };
}

/// Makes the thread one of those that compute by themselves, until it is dropped. Holds what it was before.
struct Alone(bool);

impl Alone {
    fn begin() -> Self {
        Self(ALONE.replace(true))
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        ALONE.set(self.0);
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

    pub(crate) fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// Does `work` once on each thread. What it computes by this team, the thread does by itself.
    pub(crate) fn each(&self, work: &(dyn Fn() + Sync)) {
        self.pool.broadcast(|_| {
            let _alone = Alone::begin();
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
            let leader = self.pool.current_thread_index();
            let _over = Over(over);
            scope.spawn_broadcast(move |_, context| {
                // The leader meets this, too, while it waits for a piece.
                if Some(context.index()) != leader {
                    stand_by(over);
                }
            });
            work();
        });
    }

    /// Does `work` for each number below `count`, on all threads.
    pub(crate) fn spread(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
        if count == 1 || self.is_alone() {
            return (0..count).for_each(work);
        }
        self.pool.install(|| (0..count).into_par_iter().for_each(work));
    }

    /// Whether the calling thread computes by itself: it is the only one, or one of those that [`Team::each`] keeps busy.
    fn is_alone(&self) -> bool {
        self.threads() == 1 || ALONE.get()
    }

    /// How many of `count` equal jobs make a piece.
    pub(crate) fn share(&self, count: usize) -> usize {
        if self.is_alone() {
            return count.max(1);
        }
        count.div_ceil(self.threads() * PIECES).max(1)
    }

    /// How many of `count` elements make a piece.
    pub(crate) fn elements(&self, count: usize) -> usize {
        self.share(count).max(LEAST_ELEMENTS)
    }

    /// Does `work` on every piece. A refusal goes before traps; of several traps the one with the lowest
    /// index is given, which is the operator's where all pieces look at the same operand.
    pub(crate) fn run<P: Send>(
        &self,
        mut pieces: Vec<P>,
        work: impl Fn(P) -> Result<(), Error> + Sync,
    ) -> Result<(), Error> {
        let work = |piece: P| -> Result<(), Error> {
            float_mode::check()?;
            work(piece)
        };
        if pieces.len() == 1 {
            return pieces.pop().map_or(Ok(()), work);
        }
        if self.is_alone() {
            return pieces.into_iter().map(work).reduce(first).unwrap_or(Ok(()));
        }
        let all = || pieces.into_par_iter().map(&work).reduce_with(first).unwrap_or(Ok(()));
        self.pool.install(all)
    }

    /// [`check_finite`] by all threads.
    pub(crate) fn check_finite(&self, x: &[f32]) -> Result<(), Error> {
        let per = self.elements(x.len());
        let pieces: Vec<_> = x.chunks(per).enumerate().collect();
        self.run(pieces, |(i, x)| check_finite(x).map_err(|trap| shifted(trap, i * per)))
    }
}

/// Computes pieces of others until it is over.
fn stand_by(over: &AtomicBool) {
    let mut looks = 0;
    while !over.load(Ordering::Acquire) {
        if rayon::yield_now() == Some(Yield::Executed) {
            looks = 0;
        } else if looks < LOOKS {
            looks += 1;
            hint::spin_loop();
        } else {
            thread::yield_now();
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
