//! How long to wait before something is tried again.

use crate::facts::Block;

/// The longest pause is 2 to this, in blocks.
const LONGEST: u32 = 5;

/// Tries, and the block before which there is no other one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pause {
    failures: u32,
    until: Block,
}

impl Pause {
    /// Whether it may be tried in this block.
    pub fn is_over(&self, block: Block) -> bool {
        self.until <= block
    }

    /// The first block in which it may.
    pub fn until(&self) -> Block {
        self.until
    }

    /// How often it failed.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Waits for a block.
    pub fn wait(&mut self, until: Block) {
        self.until = until;
    }

    /// It failed: waits twice as long as the last time.
    pub fn fail(&mut self, block: Block) {
        self.failures = self.failures.saturating_add(1);
        self.until = block.saturating_add(1 << self.failures.min(LONGEST));
    }

    /// It failed, and so many blocks are left for it: waits for half of them at most.
    pub fn fail_within(&mut self, block: Block, left: Block) {
        self.fail(block);
        self.until = self.until.min(block.saturating_add((left / 2).max(1)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_thirty_two_blocks() {
        let mut pause = Pause::default();
        assert!(pause.is_over(0));
        let mut waited = Vec::new();
        for _ in 0..7 {
            pause.fail(100);
            waited.push(pause.until() - 100);
        }
        assert_eq!(waited, [2, 4, 8, 16, 32, 32, 32]);
        assert!(!pause.is_over(131));
        assert!(pause.is_over(132));
    }

    #[test]
    fn pauses_leave_half_of_the_time() {
        let mut pause = Pause::default();
        (0..6).for_each(|_| pause.fail(100));
        pause.fail_within(100, 20);
        assert_eq!(pause.until(), 110);
        pause.fail_within(119, 1);
        assert_eq!(pause.until(), 120);
        pause.fail_within(120, 0);
        assert_eq!(pause.until(), 121);
    }
}
