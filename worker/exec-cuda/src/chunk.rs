//! Page-locked memory of the host, which a device reads and writes by itself.

use std::num::NonZero;
use std::sync::{Arc, Mutex};
use std::thread::{self, Builder};

use cudarc::driver::result::{self, DriverError};
use cudarc::driver::{CudaContext, CudaEvent, CudaStream, PinnedHostSlice};

use crate::gpu::{locked, Chunks};

/// What a driver takes, the first time that a long copy asks: one to fill or to read while another flies.
pub(crate) const CHUNKS: Chunks = Chunks { count: 2, bytes: 32 << 20 };

/// The most threads that fill or read a chunk, and the bytes that one of them has at a time.
const THREADS: usize = 8;
const PART: usize = 1 << 20;

/// A chunk, and when its last copy is over.
#[derive(Debug)]
pub(crate) struct Chunk {
    over: CudaEvent,
    memory: PinnedHostSlice<u8>,
}

impl Chunk {
    /// All chunks, or none where one is not to be had.
    pub(crate) fn all(context: &Arc<CudaContext>) -> Vec<Mutex<Self>> {
        let chunks = (0..CHUNKS.count).map(|_| Self::new(context).map(Mutex::new));
        chunks.collect::<Result<_, _>>().unwrap_or_default()
    }

    fn new(context: &Arc<CudaContext>) -> Result<Self, DriverError> {
        // SAFETY: plain bytes, which are written before they are read.
        let memory = unsafe { context.alloc_pinned_with_flags(CHUNKS.bytes, 0)? };
        Ok(Self { over: context.new_event(None)?, memory })
    }

    /// Waits until the last copy is over.
    pub(crate) fn free(&self) -> Result<(), DriverError> {
        self.over.synchronize()
    }

    /// Fills it, and starts a copy to the device's memory at `to`. It is free before.
    pub(crate) fn send(&mut self, from: &[u8], to: u64, stream: &CudaStream) -> Result<(), DriverError> {
        let filled = &mut self.memory.as_mut_slice()?[..from.len()];
        fill(filled, from);
        // SAFETY: the stretch lies in memory of this context and has as many bytes; the chunk is left alone until the
        // copy is over.
        unsafe { result::memcpy_htod_async(to, filled, stream.cu_stream())? };
        self.over.record(stream)
    }

    /// Starts a copy of the device's memory at `from`. It is free before.
    pub(crate) fn fetch(&mut self, from: u64, bytes: usize, stream: &CudaStream) -> Result<(), DriverError> {
        let memory = &mut self.memory.as_mut_slice()?[..bytes];
        // SAFETY: as in `send`.
        unsafe { result::memcpy_dtoh_async(memory, from, stream.cu_stream())? };
        self.over.record(stream)
    }

    /// Reads what was fetched. It is free before.
    pub(crate) fn read(&self, to: &mut [u8]) -> Result<(), DriverError> {
        let len = to.len();
        fill(to, &self.memory.as_slice()?[..len]);
        Ok(())
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        // A device that was lost copies nothing any more.
        let _ = self.free();
    }
}

/// Copies by several threads: one alone moves fewer bytes than a device takes.
fn fill(to: &mut [u8], from: &[u8]) {
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(THREADS);
    let threads = threads.min(from.len().div_ceil(PART));
    let parts = Mutex::new(to.chunks_mut(PART).zip(from.chunks(PART)));
    let next = || locked(&parts).next();
    let work = || {
        while let Some((to, from)) = next() {
            to.copy_from_slice(from);
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            // Where there is no thread to be had the others do its part.
            let _ = Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_threads_fill_every_part() {
        for len in [0, 1, PART - 1, PART + 1, 3 * PART, 9 * PART + 7] {
            let from: Vec<u8> = (0..len).map(|at| (at * 131 % 251) as u8).collect();
            let mut to = vec![0xFF; len];
            fill(&mut to, &from);
            assert!(to == from, "{len} bytes");
        }
    }
}
