//! A pool of threads, and work cut into pieces.

use assay_exact::{check_finite, Error, Trap};
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

use crate::float_mode;

/// Pieces per thread: enough that a slow thread does not hold up the others for long.
const PIECES: usize = 4;
/// Least elements of an elementwise piece: below that, handing it over costs more than the work.
const LEAST_ELEMENTS: usize = 4096;

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
        self.pool.broadcast(|_| work());
    }

    /// Whether the calling thread computes by itself: it is the only one, or one of those that [`Team::each`] keeps busy.
    fn is_alone(&self) -> bool {
        self.threads() == 1 || self.pool.current_thread_index().is_some()
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
