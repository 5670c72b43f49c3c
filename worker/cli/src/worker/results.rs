//! Bounds what is kept for requesters: results make room for newer ones, those that were published first go first.

use std::collections::VecDeque;

use assay_primitives::Digest;

/// A result has more bytes than all results together may have.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the result has {bytes} bytes, and all that are kept may have {most}: raise worker.results")]
pub struct TooLarge {
    /// Bytes of the result.
    bytes: u64,
    /// The most that are kept.
    most: u64,
}

/// The results that are kept, with their bytes; the one that was published last at the end.
#[derive(Debug)]
pub struct Results {
    most: u64,
    kept: VecDeque<(Digest, u64)>,
}

impl Results {
    /// With so many bytes at most, and results that were published before, in their order.
    pub fn new(most: u64, kept: Vec<(Digest, u64)>) -> Self {
        Self { most, kept: kept.into() }
    }

    /// Makes room for a result; gives those that have to be removed for that.
    ///
    /// # Errors
    ///
    /// It would not fit if it were the only one.
    pub fn claim(&mut self, root: Digest, bytes: u64) -> Result<Vec<Digest>, TooLarge> {
        if bytes > self.most {
            return Err(TooLarge { bytes, most: self.most });
        }
        self.forget(&root);
        self.kept.push_back((root, bytes));
        let mut removed = Vec::new();
        while self.bytes() > self.most {
            let Some((oldest, _)) = self.kept.pop_front() else { break };
            removed.push(oldest);
        }
        Ok(removed)
    }

    /// A result is not kept any more.
    pub fn forget(&mut self, root: &Digest) {
        self.kept.retain(|(kept, _)| kept != root);
    }

    fn bytes(&self) -> u64 {
        self.kept.iter().map(|(_, bytes)| *bytes).fold(0, u64::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Digest = [1; 32];
    const B: Digest = [2; 32];
    const C: Digest = [3; 32];

    #[test]
    fn those_published_first_make_room() {
        let mut results = Results::new(100, vec![(A, 40), (B, 40)]);
        assert_eq!(results.claim(C, 20), Ok(vec![]));
        assert_eq!(results.claim([4; 32], 30), Ok(vec![A]));
        assert_eq!(results.claim([5; 32], 100), Ok(vec![B, C, [4; 32]]), "the new one stays");
    }

    #[test]
    fn a_result_that_is_published_again_counts_once_and_is_the_youngest() {
        let mut results = Results::new(100, vec![(A, 40), (B, 40)]);
        assert_eq!(results.claim(A, 40), Ok(vec![]));
        assert_eq!(results.claim(C, 60), Ok(vec![B]));
    }

    #[test]
    fn what_is_not_kept_any_more_takes_no_room() {
        let mut results = Results::new(100, vec![(A, 40), (B, 40)]);
        results.forget(&A);
        assert_eq!(results.claim(C, 60), Ok(vec![]));
    }

    #[test]
    fn a_result_larger_than_all_may_be_removes_nothing() {
        let mut results = Results::new(100, vec![(A, 40)]);
        assert_eq!(results.claim(B, 101), Err(TooLarge { bytes: 101, most: 100 }));
        assert_eq!(results.claim(B, 60), Ok(vec![]), "the first one is still there");
    }

    #[test]
    fn a_bound_that_was_lowered_holds_from_the_next_result_on() {
        let mut results = Results::new(50, vec![(A, 40), (B, 40)]);
        assert_eq!(results.claim(C, 10), Ok(vec![A]));
    }
}
