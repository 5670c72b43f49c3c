//! Memory that a thread keeps for the next thing of the same kind: to take it anew, and to fill it with zeros, takes a
//! tenth of a short product.

use std::cell::Cell;
use std::thread::LocalKey;

/// What was kept, with anything in it; nothing the first time, and while another thing of the thread has it.
pub(crate) fn take<T>(spare: &'static LocalKey<Cell<Vec<T>>>) -> Vec<T> {
    spare.take()
}

/// Keeps memory, or what is there if that is more.
pub(crate) fn keep<T>(spare: &'static LocalKey<Cell<Vec<T>>>, memory: Vec<T>) {
    let there = spare.take();
    spare.set(if there.capacity() > memory.capacity() { there } else { memory });
}
