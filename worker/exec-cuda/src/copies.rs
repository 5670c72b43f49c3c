//! Long copies between the host's slices and a machine's memory: by chunks of page-locked memory, in a queue of their own.
//!
//! A device reads and writes memory that is page-locked by itself, several times as fast as any other, and while it has one
//! chunk the host fills or reads the next. Copies run behind all work that was started before them, and what is started
//! after them behind the copies; nothing else orders the two queues.

use std::collections::VecDeque;
use std::sync::Mutex;

use crate::error::Fault;
use crate::gpu::{locked, Chunks, Machine, Queue};

/// Whose turn it is, of the chunks: a copy begins where the one before ended, so that it need not wait for that one's last
/// chunk. One copy at a time.
#[derive(Debug, Default)]
pub(crate) struct Copies {
    next: Mutex<usize>,
}

impl Copies {
    /// Starts a copy to the machine's memory; what it needs of `from` is taken when this returns.
    pub(crate) fn upload(&self, machine: &dyn Machine, from: &[u8], to: u64) -> Result<(), Fault> {
        let Some(chunks) = machine.chunks(from.len()) else { return machine.upload(from, to) };
        let mut next = locked(&self.next);
        machine.order(Queue::Work, Queue::Copies)?;
        let mut end = to;
        for piece in from.chunks(chunks.bytes) {
            let chunk = turn(&mut next, chunks);
            machine.free(chunk)?;
            machine.send(chunk, piece, end)?;
            end += piece.len() as u64;
        }
        machine.order(Queue::Copies, Queue::Work)
    }

    /// Waits for all that was started, and copies from the machine's memory.
    pub(crate) fn download(&self, machine: &dyn Machine, from: u64, to: &mut [u8]) -> Result<(), Fault> {
        let Some(chunks) = machine.chunks(to.len()) else { return machine.download(from, to) };
        let mut next = locked(&self.next);
        machine.order(Queue::Work, Queue::Copies)?;
        let (mut end, mut flying) = (from, VecDeque::with_capacity(chunks.count));
        for piece in to.chunks_mut(chunks.bytes) {
            let chunk = turn(&mut next, chunks);
            if flying.len() < chunks.count {
                machine.free(chunk)?;
            } else if let Some((chunk, piece)) = flying.pop_front() {
                // The chunk that was fetched first is the one whose turn it is.
                land(machine, chunk, piece)?;
            }
            machine.fetch(chunk, end, piece.len())?;
            end += piece.len() as u64;
            flying.push_back((chunk, piece));
        }
        flying.into_iter().try_for_each(|(chunk, piece)| land(machine, chunk, piece))
    }
}

/// The next chunk.
fn turn(next: &mut usize, chunks: Chunks) -> usize {
    let chunk = *next % chunks.count;
    *next = chunk + 1;
    chunk
}

/// Reads what was fetched, when it is there.
fn land(machine: &dyn Machine, chunk: usize, to: &mut [u8]) -> Result<(), Fault> {
    machine.free(chunk)?;
    machine.read(chunk, to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::GemmPath;
    use crate::host::{self, Host, CHUNKS};

    fn numbers(len: usize) -> Vec<u8> {
        (0..len).map(|at| (at * 131 % 251) as u8).collect()
    }

    /// Up, a kernel's work, and down again; gives what came down.
    fn there_and_back(host: &Host) -> Result<Vec<u8>, Fault> {
        let copies = Copies::default();
        let sent = numbers(5 * CHUNKS.bytes - 3);
        let address = host.take(sent.len())?;
        copies.upload(host, &sent, address)?;
        host.fill(address, 7, 2)?;
        let mut back = vec![0; sent.len()];
        copies.download(host, address, &mut back)?;
        Ok(back)
    }

    #[test]
    fn every_order_and_wait_of_a_copy_is_needed() {
        let mut expected = numbers(5 * CHUNKS.bytes - 3);
        expected[..2].fill(7);
        let host = Host::start();
        assert_eq!(there_and_back(&host), Ok(expected));
        // Up: an order, a wait for each piece, an order. Down: an order, a wait for each chunk before its first piece, and
        // one for each piece.
        let asked = host.ordered();
        assert_eq!(asked, 1 + 5 + 1 + 1 + 3 + 5);
        let left_out = |number: &usize| {
            let host = Host::start();
            host.leave_out(*number);
            there_and_back(&host)
        };
        // Of a chunk that was never used nothing has to be over.
        let needless: Vec<usize> = (0..asked).filter(|number| left_out(number).is_ok()).collect();
        assert_eq!(needless, [1, 2, 3]);
    }

    #[test]
    fn what_is_copied_by_chunks_is_what_is_copied_without() {
        let most = CHUNKS.bytes / 8;
        for has_chunks in [true, false] {
            let (gpu, host) = host::gpu(GemmPath::Dp4a);
            host.have_chunks(has_chunks);
            for len in [0, 1, most, most + 1, CHUNKS.bytes, CHUNKS.bytes + 1, 4 * CHUNKS.bytes + 5] {
                let (before, sent) = (host.sent(), numbers(len));
                let held = gpu.scratch::<u8>(len).unwrap();
                gpu.upload(&sent, held.span()).unwrap();
                let mut back = vec![0; len];
                gpu.download(held.span(), &mut back).unwrap();
                assert_eq!(back, sent, "{len} bytes");
                let pieces = if has_chunks && len > most { len.div_ceil(CHUNKS.bytes) } else { 0 };
                assert_eq!(host.sent() - before, pieces, "{len} bytes");
            }
        }
    }
}
